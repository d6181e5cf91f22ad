"""Imputers: how near are filled cells to those that were taken out, beside simple ways to fill?

    python bench/imputers.py [--quick] [--seeds N] [--rows N] [--share P] [TABLE.parquet ...]

A share of all cells of a table's rows is taken out at random, and filled from what is left of the
same rows: by `assaymark impute`; by the mode and the median; by a random cell of the column; and
by scikit-learn's IterativeImputer (Bayesian ridge on numbers and codes of levels, each rounded to
a value that is there), drawn from its posterior and not. For each it prints, over the cells that
were taken out: how often a category is the one that was there; the mean absolute error of numbers
in standard deviations; the distance (total variation, tenths of numbers) between the filled cells
of a column and those that were there; the mean distance over all two-way tables between filled and
whole rows; and seconds. A cell that `impute` leaves empty counts as wrong, and as a level of its
own; in how many it does so is a figure of its own. Errors are least where everything is filled
with its best guess, distances where each cell is a draw. Means over seeds; results in
bench/results/imputers.json.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import polars as pl
from conditional import two_way
from generator_quality import SHIPPED

from assaymark.flow.generate.impute import Filling, impute_often
from assaymark.flow.source.usable import usable_part
from assaymark.source.profile import profile
from assaymark.source.read import read_table

RESULTS = Path(__file__).parent / "results/imputers.json"


def codes_of(frame: pl.DataFrame) -> tuple[np.ndarray, list[list | None]]:
    """Return numbers and codes of levels, NaN where missing, and the levels of each column."""
    columns, levels = [], []
    for s in frame:
        if s.dtype in (pl.String, pl.Boolean):
            known = s.drop_nulls().value_counts(sort=True)[s.name].to_list()
            place = {v: i for i, v in enumerate(known)}
            columns.append([np.nan if v is None else place[v] for v in s])
            levels.append(known)
        else:
            columns.append(s.to_physical().cast(pl.Float64).fill_null(np.nan).to_numpy())
            levels.append(None)
    return np.array(columns, dtype=float).T, levels


def put_back(frame: pl.DataFrame, filled: np.ndarray, levels: list) -> pl.DataFrame:
    """Return the frame with its gaps filled, each with the nearest value that is there."""
    out = {}
    for j, s in enumerate(frame):
        if levels[j] is not None:
            at = np.clip(np.rint(filled[:, j]), 0, len(levels[j]) - 1).astype(int)
            made = pl.Series([levels[j][k] for k in at], dtype=s.dtype)
        else:
            known = np.unique(s.drop_nulls().to_physical().to_numpy())
            at = np.searchsorted((known[1:] + known[:-1]) / 2, filled[:, j])
            made = pl.Series(known[at]).cast(s.to_physical().dtype).cast(s.dtype)
        out[s.name] = s.scatter(s.is_null().arg_true(), made.filter(s.is_null()))
    return frame.with_columns(**out)


def iteratively(frame: pl.DataFrame, seed: int, *, drawn: bool) -> pl.DataFrame:
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    values, levels = codes_of(frame)
    low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    high = np.maximum(high, low + 1e-9)
    how = IterativeImputer(
        random_state=seed, sample_posterior=drawn, max_iter=10, min_value=low, max_value=high, tol=0
    )
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return put_back(frame, how.fit_transform(values), levels)


def most(frame: pl.DataFrame) -> pl.DataFrame:
    values, levels = codes_of(frame)
    best = [0.0 if k is not None else np.nanmedian(values[:, j]) for j, k in enumerate(levels)]
    return put_back(frame, np.where(np.isnan(values), best, values), levels)


def any_cell(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    rng, out = np.random.default_rng(seed), {}
    for s in frame:
        holes, known = s.is_null().arg_true(), s.drop_nulls()
        out[s.name] = s.scatter(holes, known[rng.integers(0, len(known), len(holes))])
    return frame.with_columns(**out)


def distance(one: pl.Series, other: pl.Series) -> float:
    """Return the total variation between two columns, numbers cut at tenths of the second."""
    if one.dtype not in (pl.String, pl.Boolean):
        edges = np.unique(np.quantile(other.drop_nulls().to_physical(), np.linspace(0.1, 0.9, 9)))
        one, other = (
            pl.Series(np.searchsorted(edges, s.to_physical().cast(pl.Float64).fill_null(np.nan)))
            for s in (one, other)
        )
    shares = [dict(s.value_counts(normalize=True).iter_rows()) for s in (one, other)]
    keys = shares[0].keys() | shares[1].keys()
    return sum(abs(shares[0].get(k, 0) - shares[1].get(k, 0)) for k in keys) / 2


def judged(made: pl.DataFrame, whole: pl.DataFrame, taken: dict[str, pl.Series]) -> dict:
    same, off, apart, empty, n = [], [], [], 0, 0
    for c in whole.columns:
        gone = taken[c] & whole[c].is_not_null()
        new, old = made[c].filter(gone), whole[c].filter(gone)
        if not len(new):
            continue
        empty, n = empty + new.null_count(), n + len(new)
        apart.append(distance(new, old))
        if new.dtype in (pl.String, pl.Boolean):
            same.append((new == old).fill_null(value=False).mean())
        else:
            a, b = (
                s.to_physical().cast(pl.Float64).fill_null(np.nan).to_numpy() for s in (new, old)
            )
            spread = whole[c].drop_nulls().to_physical().cast(pl.Float64).std() or 1.0
            off.append(np.nanmean(np.abs(a - b)) / spread)
    there = [pl.when(pl.lit(whole[c].is_not_null())).then(pl.col(c)) for c in whole.columns]
    return {
        "same": float(np.mean(same)) if same else float("nan"),
        "off": float(np.mean(off)) if off else float("nan"),
        "apart": float(np.mean(apart)),
        "tables": float(two_way(made.select(there), whole)),
        "empty": empty / n,
    }


def measure(path: Path, seed: int, rows: int, share: float) -> dict:
    frame = read_table(path)
    rng = np.random.default_rng(seed)
    frame = frame[np.sort(rng.permutation(frame.height)[:rows])]
    whole = usable_part(frame, profile(frame, {}))[0].frame
    whole = whole.select(c for c in whole.columns if whole[c].null_count() < 0.9 * whole.height)
    taken = {c: pl.Series(rng.random(whole.height) < share) for c in whole.columns}
    gone = whole.with_columns(**{c: pl.when(~t).then(pl.col(c)) for c, t in taken.items()})
    ways = {
        "impute": lambda: impute_often(gone, Filling(seed=seed))[0].frame,
        "mode, median": lambda: most(gone),
        "any cell": lambda: any_cell(gone, seed),
        "IterativeImputer": lambda: iteratively(gone, seed, drawn=False),
        "IterativeImputer, drawn": lambda: iteratively(gone, seed, drawn=True),
    }
    found = {}
    for name, way in ways.items():
        begin = time.perf_counter()
        made = way()
        found[name] = {"seconds": time.perf_counter() - begin, **judged(made, whole, taken)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tables", type=Path, nargs="*", default=[SHIPPED])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--share", type=float, default=0.2, help="of the cells are taken out")
    parser.add_argument("--quick", action="store_true", help="one seed, few rows")
    args = parser.parse_args()
    if args.quick:
        args.seeds, args.rows = 1, 500
    done = json.loads(RESULTS.read_text()) if RESULTS.exists() and not args.quick else {}
    head = "category same | numbers off | columns apart | two-way tables | empty | seconds"
    print(f"| table | filled by | {head} |\n|---|---|---|---|---|---|---|---|")
    for path in args.tables:
        runs = []
        for seed in range(args.seeds):
            key = f"{path.stem} {seed}, {args.rows} rows, {args.share} taken out"
            if key not in done:
                done[key] = measure(path.resolve(), seed, args.rows, args.share)
                if not args.quick:
                    RESULTS.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
            runs.append(done[key])
        for way in runs[0]:
            mean = {k: np.mean([r[way][k] for r in runs]) for k in runs[0][way]}
            print(
                f"| {path.stem} | {way} | {100 * mean['same']:.0f} % | {mean['off']:.2f} | "
                f"{mean['apart']:.3f} | {mean['tables']:.3f} | {100 * mean['empty']:.1f} % | "
                f"{mean['seconds']:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
