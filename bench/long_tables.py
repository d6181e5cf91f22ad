"""Are results those of their test? Tables with a row for each result, of few persons.

For each table it draws as many rows as there are, by the default generator as `assaymark generate`
would, and holds them against a fifth of the persons:

- *distance within tests*: Kolmogorov's distance of the numbers of a test from those in train, the
  mean over tests that 200 rows of train and 30 of the holdout have, weighted by rows;
- *never seen*: the share of rows with values together that no row of train has, such as a test and
  a unit; the holdout's own share beside it is what other persons have.

    python bench/long_tables.py --data DIR [--out FILE]

DIR has the tables in Parquet: `cdisc_pilot/lb` and `vs` (R package pharmaversesdtm), `mimic3_demo/
labevents` (PhysioNet), `omop_synthea27/measurement` (OHDSI).
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import ks_2samp

from assaymark.core.dataset import Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.streams import Streams
from assaymark.flow.source.usable import usable_part
from assaymark.generate import generators
from assaymark.source.profile import profile
from assaymark.source.read import read_table
from assaymark.source.split import hold_out

OUT = Path(__file__).parent / "results" / "long_tables.json"
TABLES = {
    "cdisc_pilot/lb": ("LBTESTCD", "LBSTRESN", [("LBTESTCD", "LBSTNRLO", "LBSTNRHI")]),
    "cdisc_pilot/vs": ("VSTESTCD", "VSSTRESN", [("VSTESTCD", "VSSTRESU")]),
    "mimic3_demo/labevents": (
        "itemid",
        "valuenum",
        [("itemid", "valueuom"), ("value", "valuenum")],
    ),
    "omop_synthea27/measurement": (
        "measurement_concept_id",
        "value_as_number",
        [("measurement_concept_id", "unit_concept_id")],
    ),
}
MOST, FEWEST = 200, 30


def numbers_of(data: Dataset, code: str, value: str) -> dict[str, np.ndarray]:
    """Return the numbers of each test."""
    frame = data.frame.select(pl.col(code).cast(pl.String), pl.col(value).cast(pl.Float64))
    grouped = frame.drop_nulls().group_by(code).agg(value)
    return {c: np.array(v) for c, v in grouped.iter_rows()}


def never_seen(train: Dataset, other: Dataset, names: tuple[str, ...]) -> float:
    """Return the share of rows with values together that no row of train has.

    A number as text and the number count as one: what they say may be new, if it is the same.
    """
    rows = other.frame.select(names)
    if names == ("value", "valuenum"):
        said = rows["value"].cast(pl.Float64, strict=False)
        return float((said.is_not_null() & ~said.eq_missing(rows["valuenum"])).mean())
    there = set(train.frame.select(names).unique().rows())
    return float(np.mean([r not in there for r in rows.rows()]))


def measure(path: Path, code: str, value: str, together: list[tuple[str, ...]]) -> dict:
    """Fit, sample and judge once."""
    frame = read_table(path)
    usable, _ = usable_part(frame, profile(frame, {}))
    train, holdout = hold_out(usable, b"bench")
    source = PrivateSource(_rows=train, record=lambda *_: None)
    begin = time.process_time()
    model = generators.build("tree_chain").fit(source, Streams.from_seed(1))
    fitted = time.process_time() - begin
    made = model.sample(range(train.n), Streams.from_seed(2))
    real, ours, others = (numbers_of(d, code, value) for d in (train, made, holdout))
    tests = [t for t in real if len(real[t]) >= MOST and len(others.get(t, ())) >= FEWEST]
    away = [
        [ks_2samp(real[t], x[t]).statistic if len(x.get(t, ())) else 1.0 for t in tests]
        for x in (ours, others)
    ]
    weight = np.array([len(real[t]) for t in tests])
    return {
        "rows": train.n,
        "persons": len(np.unique(train.persons)),
        "tests": len(tests),
        "fit_s": fitted,
        "distance": float(np.average(away[0], weights=weight)),
        "distance_real": float(np.average(away[1], weights=weight)),
        "never": {
            " and ".join(names): [never_seen(train, d, names) for d in (made, holdout)]
            for names in together
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    done = {}
    head = "rows, persons, tests | fit s | distance within tests: made, other persons | never seen"
    print(f"| table | {head} |")
    print("|---|---|---|---|---|")
    for name, asked in TABLES.items():
        r = done[name] = measure(args.data / f"{name}.parquet", *asked)
        args.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
        never = "; ".join(f"{n}: {a:.1%}, {b:.1%}" for n, (a, b) in r["never"].items())
        print(
            f"| {name} | {r['rows']:,}, {r['persons']:,}, {r['tests']} | {r['fit_s']:.1f} | "
            f"{r['distance']:.3f}, {r['distance_real']:.3f} | {never} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
