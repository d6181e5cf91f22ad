"""Time and memory at scale: the whole default suite at 250,000 rows, single tasks at 1,000,000.

    python bench/scale.py            # about ten minutes, 24 GiB of memory are plenty
    python bench/scale.py --quick    # a tenth of the rows

The population is the parametric one of ``policy_simulation.py`` (14 columns) and one column more.
Every part runs in a process of its own, so that the peak memory is that part's; making the tables
is not timed. Train, holdout and synthetic rows are as many each.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import time
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
from policy_simulation import SCHEMA, population

from assaymark.core.case import Case
from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.evaluate import metrics
from assaymark.evaluate.binning import bins_of
from assaymark.evaluate.neighbours import nearest, row_keys, space_of

if TYPE_CHECKING:
    from collections.abc import Callable

OUT = Path(__file__).parent / "results" / "scale.json"
WIDE = Schema(columns=(*SCHEMA.columns, Column(name="visits", kind=Kind.INTEGER)))
TARGETS = 20_000
ASKED = {
    "whole default suite": ("250,000 rows", 180.0),
    "nearest neighbours of 20,000": ("1,000,000 rows", 30.0),
    "exact-copy audit": ("1,000,000 rows", 3.0),
    "all two-way tables": ("1,000,000 rows", 2.0),
}


class Spent(NamedTuple):
    """Seconds on the wall, and of all cores."""

    seconds: float
    cpu: float


def now() -> Spent:
    """Return both clocks."""
    return Spent(time.perf_counter(), time.process_time())


def since(begun: Spent) -> Spent:
    """Return what was spent since then."""
    return Spent(*(b - a for a, b in zip(begun, now(), strict=True)))


def table(n: int, seed: int) -> Dataset:
    """Return ``n`` people with 15 columns."""
    rng = np.random.default_rng([seed, n])
    frame = population(n, rng).frame.with_columns(visits=pl.Series(rng.poisson(3, n)))
    return Dataset(schema=WIDE, frame=frame.cast({"visits": pl.Int64}))


def suite(n: int) -> tuple[Spent, dict[str, float]]:
    """Run every metric of the default suite; return the wall time and that of each metric."""
    case = Case(
        schema=WIDE,
        train=table(n, 1),
        holdout=table(n, 2),
        reference=None,
        synthetics=(table(n, 3),),
        threat=threat_of(Profile.CONTROLLED),
    )
    spent = {}
    begun = now()
    for name in metrics.names():
        start = time.perf_counter()
        assert list(metrics.build(name).measure(case, Streams.from_seed(1).child(name)))
        spent[name] = round(time.perf_counter() - start, 1)
    return since(begun), spent


def neighbours(n: int) -> tuple[Spent, dict[str, float]]:
    """Find the exact nearest of ``n`` rows for 20,000 targets."""
    real, made = table(n, 1), table(n, 2)
    begun = now()
    space = space_of([real])
    found = nearest(space.points(made.take(np.arange(min(TARGETS, n)))), space.points(real))
    spent = since(begun)
    return spent, {"median": float(np.median(found))}


def copies(n: int) -> tuple[Spent, dict[str, float]]:
    """Find which synthetic rows repeat a real one."""
    real, made = table(n, 1), table(n, 2)
    made = replace(made, frame=pl.concat([made.frame[: n - 7], real.frame[:7]]))
    begun = now()
    repeated = int(np.isin(row_keys(made), row_keys(real)).sum())
    spent = since(begun)
    assert repeated == 7, repeated
    return spent, {"repeated": repeated}


def tables(n: int) -> tuple[Spent, dict[str, float]]:
    """Count all 105 two-way tables of both sides, coding of the columns included."""
    real, made = table(n, 1), table(n, 2)
    begun = now()
    bins = [bins_of(c, (real,), cells=20, n_holdout=n) for c in WIDE.columns]
    total = 0
    for part in (real, made):
        codes = [b.codes(part).astype(np.int16) for b in bins]
        for i, j in combinations(range(len(bins)), 2):
            width = bins[j].n_cells
            total += np.bincount(codes[i] * width + codes[j]).sum()
    spent = since(begun)
    return spent, {"pairs counted": int(total) // (2 * n)}


def two_way(n: int) -> tuple[Spent, dict[str, float]]:
    """Run the metric ``two_way`` on as many rows: distances with intervals, floor, baseline."""
    case = Case(
        schema=WIDE,
        train=table(1_000, 1),
        holdout=table(n, 2),
        reference=None,
        synthetics=(table(n, 3),),
        threat=threat_of(Profile.CONTROLLED),
    )
    begun = now()
    found = list(metrics.build("two_way").measure(case, Streams.from_seed(1)))
    return since(begun), {"measurements": len(found)}


def run(work: Callable[[int], tuple[Spent, dict[str, float]]], n: int) -> dict[str, object]:
    """Run ``work`` in a process of its own; return seconds, CPU seconds, peak GiB, details."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_inside, (work, n))


def _inside(work: Callable[[int], tuple[Spent, dict[str, float]]], n: int) -> dict[str, object]:
    spent, details = work(n)
    return {
        "rows": n,
        "seconds": round(spent.seconds, 1),
        "cpu": round(spent.cpu, 1),
        "cpu_with_making": round(time.process_time(), 1),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "details": details,
    }


def main() -> None:
    """Run all parts, save after each, print asked beside measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    less = 10 if wanted.quick else 1
    parts: dict[str, tuple[Callable[[int], tuple[Spent, dict[str, float]]], int]] = {
        "exact-copy audit": (copies, 1_000_000),
        "all two-way tables": (tables, 1_000_000),
        "two-way distances, intervals": (two_way, 1_000_000),
        "nearest neighbours of 20,000": (neighbours, 1_000_000),
        "whole default suite": (suite, 250_000),
    }
    results = {}
    for name, (work, n) in parts.items():
        results[name] = run(work, n // less)
        asked = "asked: {}, {:g} s, 4 GiB".format(*ASKED[name]) if name in ASKED else "not asked"
        found = results[name]
        print(
            f"{name:30s} {found['rows']:>9,} rows  {found['seconds']:>6} s  "
            f"{found['cpu']:>6} CPU s  {found['peak_gib']:>5} GiB   {asked}",
            flush=True,
        )
        if name == "whole default suite":
            print("   ", found["details"])
        if not wanted.quick:
            wanted.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
