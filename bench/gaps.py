"""Filled gaps: are rows whose missing cells were filled like rows that never had gaps?

    python bench/gaps.py [--quick] [--adult FILE] [--seeds N] [--rows N] [--share P]

A share of the cells of holdout rows is taken out at random, and filled by a model of the train
rows: by `impute`, and, to compare, by draws from each column's own distribution. For each it
prints: the mean distance over all two-way tables to other real rows; the score 1 - |2 AUC - 1| of
a gradient-boosted two-sample test against these; how often a filled cell of a category or boolean
is the one that was taken out; and rows a CPU second. The first line is the same of the rows
before any cell was taken out. Cells that the source lacks are not looked at. Means over seeds;
results in bench/results/gaps.json.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import polars as pl
from conditional import two_way
from generator_quality import SHIPPED, parts_of

from assaymark.core.dataset import Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.streams import Streams
from assaymark.evaluate.yardstick import closeness
from assaymark.generate import generators

RESULTS = Path(__file__).parent / "results/gaps.json"


def independently(data: Dataset, train: Dataset, rng: np.random.Generator) -> Dataset:
    """Fill each gap with a value of a random train row."""
    columns = {}
    for name in data.schema.names:
        known = train.frame[name].drop_nulls()
        holes = data.frame[name].is_null().arg_true()
        drawn = known[rng.integers(0, len(known), len(holes))]
        columns[name] = data.frame[name].scatter(holes, drawn)
    return Dataset(schema=data.schema, frame=data.frame.with_columns(**columns))


def gaps_of(data: Dataset, like: Dataset) -> Dataset:
    """Return ``data`` without the cells that ``like`` never had."""
    columns = {
        n: pl.when(pl.lit(like.frame[n].is_not_null())).then(pl.col(n)) for n in data.schema.names
    }
    return Dataset(schema=data.schema, frame=data.frame.with_columns(**columns))


def measure(path: Path, seed: int, rows: int, share: float) -> dict:
    """Return what was found for each way of filling."""
    train, holdout = parts_of(path, 12_000, seed)
    rows = min(rows, holdout.n // 2)
    whole = Dataset(schema=train.schema, frame=holdout.frame[:rows])
    other = Dataset(schema=train.schema, frame=holdout.frame[rows : 2 * rows])
    rng = np.random.default_rng(seed)
    taken = {n: pl.Series(rng.random(rows) < share) for n in whole.schema.names}
    frame = whole.frame.with_columns(
        **{n: pl.when(~pl.lit(t)).then(pl.col(n)) for n, t in taken.items()}
    )
    gone = Dataset(schema=train.schema, frame=frame)
    source = PrivateSource(_rows=train, record=lambda *_: None)
    parameters = {"relations": "codes"}
    model = generators.build("tree_chain", parameters).fit(source, Streams.from_seed(seed))
    model.impute(gone.take(np.arange(2)), Streams.from_seed(seed))  # compiles
    begin = time.process_time()
    filled = model.impute(gone, Streams.from_seed(seed))
    spent = time.process_time() - begin
    found = {}
    ways = {"no gaps": whole, "impute": filled, "independent": independently(gone, train, rng)}
    for name, full in ways.items():
        data = gaps_of(full, whole)
        same = [
            (data.frame[c.name].filter(t) == whole.frame[c.name].filter(t)).mean()
            for (c, t) in zip(train.schema.columns, taken.values(), strict=True)
            if not c.kind.ordered
        ]
        found[name] = {
            "tables": two_way(other.frame, data.frame),
            "score": closeness(data, other, Streams.from_seed(seed), most=1_000_000),
            "same": float(np.mean([s for s in same if s is not None])),
        }
    found["impute"]["rows_per_s"] = rows / spent
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--adult", type=Path, help="UCI Adult as adult.parquet")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--share", type=float, default=0.2, help="of the cells are taken out")
    parser.add_argument("--quick", action="store_true", help="one seed, few rows")
    args = parser.parse_args()
    if args.quick:
        args.seeds, args.rows = 1, 500
    done = json.loads(RESULTS.read_text()) if RESULTS.exists() and not args.quick else {}
    print("| table | filled by | two-way tables | score | same category | rows a CPU second |")
    for path in [SHIPPED, *([args.adult] if args.adult else [])]:
        runs = []
        for seed in range(args.seeds):
            key = f"{path.stem} {seed}"
            if key not in done:
                done[key] = measure(path.resolve(), seed, args.rows, args.share)
                if not args.quick:
                    RESULTS.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
            runs.append(done[key])
        for way in runs[0]:
            mean = {k: np.mean([r[way][k] for r in runs]) for k in runs[0][way]}
            speed = f"{mean['rows_per_s']:,.0f}" if "rows_per_s" in mean else ""
            print(
                f"| {path.stem} | {way} | {mean['tables']:.3f} | {mean['score']:.3f} | "
                f"{100 * mean['same']:.0f} % | {speed} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
