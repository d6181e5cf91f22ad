"""Simulate how often the intervals of gaps, excesses and growths cover the truth.

    python bench/gap_coverage.py --seeds 2000

A group of a third of the people has another outcome than everyone else, in the real and in the
synthetic rows: a number, a rate of 10 %, or a number with several rows a person. Real rows are
``n``, synthetic rows as many. Nominal 95 %; the true values are known by construction. Growth is
counted only where the real gap is beyond doubt, as it is published. Writes its result whole.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Schema
from assaymark.evaluate.gaps import GapSide, growth
from assaymark.evaluate.outcomes import Outcome
from assaymark.evaluate.statistics import clopper_pearson, symmetric

OUT = Path(__file__).parent / "results" / "gap_coverage.json"
REAL, MADE = 0.5, 0.7  # gaps of the number; of the rate 0.1 and 0.14 against 0.1 less


def table(n: int, gap: float, kind: str, rng: np.random.Generator) -> tuple[Dataset, np.ndarray]:
    """Return rows, and which are the group's."""
    who = np.arange(n) if kind != "repeated" else np.sort(rng.integers(0, n // 3, n))
    own = rng.random(n) < 1 / 3
    inside = own[who]
    if kind == "rate":
        y = pl.Series("y", rng.random(n) < np.where(inside, 0.1 + 0.1 * gap, 0.1))
        column = Column(name="y", kind=Kind.BOOLEAN)
    else:
        shared = rng.normal(size=n)[who] if kind == "repeated" else 0.0
        y = pl.Series("y", rng.normal(size=n) + shared + gap * inside)
        column = Column(name="y", kind=Kind.DECIMAL)
    frame = pl.DataFrame([y])
    persons = who.astype(np.int64) if kind == "repeated" else None
    return Dataset(schema=Schema(columns=(column,)), frame=frame, persons=persons), inside


def covered(n: int, kind: str, seed: int) -> tuple[bool, bool | None]:
    """Return whether what was brought in, and the growth, are covered."""
    rng = np.random.default_rng([seed, n])
    gaps = []
    for gap in (REAL, MADE):
        data, inside = table(n, gap, kind, rng)
        level = "true" if kind == "rate" else None
        side = GapSide(Outcome(column=data.schema.columns[0], level=level), [data])
        found = side.gap(inside)
        assert found is not None
        gaps.append(found)
    real, made = gaps
    truth = (MADE - REAL) * (0.1 if kind == "rate" else 1.0)
    error = float(np.hypot(real.error, made.error))
    fewest = min(real.n, real.others, made.n, made.others)
    _, low, high = symmetric(made.value - real.value, error, degrees=fewest - 1)
    grown = growth(real, made, made.error)
    more = None if grown is None else bool(grown.low <= MADE / REAL - 1 <= grown.high)
    return bool(low <= truth <= high), more


def main() -> None:
    """Simulate, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2_000)
    parser.add_argument("--quick", action="store_true", help="100 seeds")
    wanted = parser.parse_args()
    seeds = 100 if wanted.quick else wanted.seeds
    done = {}
    for kind in ("number", "rate", "repeated"):
        for n in (200, 1_000, 5_000):
            runs = [covered(n, kind, s) for s in range(seeds)]
            grown = [g for _, g in runs if g is not None]
            done[f"{kind}, n={n}"] = {
                "introduced": [sum(c for c, _ in runs), seeds],
                "growth": [sum(grown), len(grown)],
            }
            for what, (hits, k) in done[f"{kind}, n={n}"].items():
                found = clopper_pearson(hits, k)
                ends = f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"
                print(f"{kind}, n={n}: {what} {ends} of {k}")
    if not wanted.quick:
        OUT.write_text(json.dumps(done, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
