"""How often people are known again, and strangers taken for them, by the prints of their tables.

    python bench/accounts.py --adult adult.parquet [--quick] [--seeds N]

Two real tables: Adult (UCI; no person key, 10,000 rows a table) and the encounters of patients with
diabetes that ship with assaymark (a person key, 10,000 persons, some with several rows). Each
seed deals the persons anew. One table is charged; another is made of it as somebody might who hopes
for a new budget, or of other people. Printed: in how many of the seeds they were taken for the same
people, with the ends of an exact 95 % interval, and by which evidence. Then persons only, by hashes
of their own (no table): sources of up to a million persons, where a sketch cannot hold everybody.
Results go to bench/results/accounts.json.
"""

import argparse
import json
import time
from collections import Counter
from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl
from scipy import stats

from assaymark.core.recipe import ColumnSpec
from assaymark.core.schema import Role
from assaymark.source.load import load
from assaymark.source.prints import PERSONS, SHARED, compared, prints_of
from assaymark.source.profile import profile
from assaymark.source.sketch import Sketch

RESULTS = Path(__file__).parent / "results" / "accounts.json"
KEY = bytes(32)
N = 10_000


def prints(frame: pl.DataFrame, who: str | None):
    columns = {who: ColumnSpec(roles=(Role.PERSON_KEY,))} if who in frame.columns else {}
    return prints_of(load(frame, profile(frame, columns).schema), KEY)


def mixed(one: pl.DataFrame, other: pl.DataFrame, who: str, share: float) -> pl.DataFrame:
    """Return ``other`` with so many of its persons replaced by persons of ``one``."""
    n = round(share * N)
    ours, theirs = (f[who].unique(maintain_order=True) for f in (one, other))
    return pl.concat(
        [
            one.filter(pl.col(who).is_in(ours[:n].implode())),
            other.filter(pl.col(who).is_in(theirs[: N - n].implode())),
        ]
    )


def cases(one: pl.DataFrame, other: pl.DataFrame, who: str, *, keyed: bool):
    """Yield what is done, the table it makes, and whether its people are those of ``one``."""
    telling = sorted((c for c in one.columns if c != who), key=lambda c: -one[c].n_unique())
    yield (
        "renamed and shuffled",
        one.rename({c: f"x{c}" for c in one.columns if c != who}).sample(
            fraction=1, shuffle=True, seed=1
        ),
        True,
    )
    for share in (0.5, 0.1, 0.01):
        kept = one[who].unique(maintain_order=True)[: round(share * N)]
        yield f"{share:.0%} of the persons", one.filter(pl.col(who).is_in(kept.implode())), True
    yield "merged with as many others", pl.concat([one, other]), True
    for share in (0.5, 0.2, 0.05, 0.01):
        yield f"{share:.0%} are the same persons", mixed(one, other, who, share), True
    yield "two telling columns left out", one.drop(telling[:2]), True
    rounded = [c for c in telling if one[c].dtype.is_numeric()][:1]
    yield "a number made coarser", one.with_columns((pl.col(c) // 100) for c in rounded), True
    if keyed:
        yield "another key", one.with_columns(pl.col(who).cast(pl.String) + "x"), True
        yield "no key", one.drop(who), True
    yield "others", other, False
    yield "others, ten times fewer", other.head(N // 10), False


def of_table(frame: pl.DataFrame, who: str, keyed: bool, name: str, seeds: int) -> dict:
    found: dict[str, Counter] = {}
    rng = np.random.default_rng(11)
    strangers = []
    for _ in range(seeds):
        people = rng.permutation(frame[who].unique().to_numpy())
        sides = [
            frame.filter(pl.col(who).is_in(pl.Series(people[i * N : (i + 1) * N]).implode()))
            for i in (0, 1)
        ]
        known = prints(sides[0] if keyed else sides[0].drop(who), who)
        strangers.append(known.strangers)
        for what, changed, _ in cases(*sides, who, keyed=keyed):
            made = prints(changed if keyed else changed.drop(who), who)
            found.setdefault(what, Counter())[compared(known, made).by or "others"] += 1
    print(f"{name}, {seeds} seeds; strangers share {np.mean(strangers):.2f} of the values")
    for what, by in found.items():
        hits = seeds - by["others"]
        ends = stats.binomtest(hits, seeds).proportion_ci(method="exact")
        said = ", ".join(f"{k} {v}" for k, v in by.items())
        print(f"  {what:32} {hits}/{seeds} [{ends.low:.2f}, {ends.high:.2f}]  {said}", flush=True)
    return {what: dict(by) for what, by in found.items()}


def of_hashes(seeds: int) -> dict:
    """Persons only: a table of ``m`` that shares ``s`` with a source of ``n``."""
    rng = np.random.default_rng(12)
    found = {}
    print(f"Persons by keys alone, sketches of {PERSONS:,}; known again in share of {seeds} seeds")
    for n, m in ((200_000, 1_000), (1_000_000, 1_000), (1_000_000, 100_000), (1_000_000, 100)):
        for share in (0.0, 0.02, 0.05, 0.2, 1.0):
            hits = 0
            for _ in range(seeds):
                top = np.iinfo(np.uint64).max
                big = rng.integers(0, top, n, dtype=np.uint64)
                own = rng.integers(0, top, m - round(share * m), dtype=np.uint64)
                small = np.concatenate([big[: round(share * m)], own])
                one, other = Sketch.of(big, PERSONS), Sketch.of(small, PERSONS)
                shared, whole = one.shared(other), one.whole and other.whole
                hits += shared >= SHARED or (whole and shared > 0)
            found[f"{n} {m} {share}"] = hits
            print(f"  {n:>9,} persons, {m:>7,} of whom {share:4.0%} are among them: {hits}/{seeds}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--adult", type=Path, default=Path("../shared/data/adult.parquet"))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    seeds = 3 if args.quick else args.seeds
    adult = pl.read_parquet(args.adult).with_row_index("row").with_columns(pl.col("row") + 10**6)
    encounters = pl.read_parquet(files("assaymark.data") / "diabetes130.parquet")
    begun = time.process_time()
    known = prints(adult.drop("row"), None)
    print(f"Adult, {adult.height:,} rows: {time.process_time() - begun:.1f} CPU s, {known.id}")
    low = ["row", "workclass", "education", "marital_status", "occupation", "race", "sex"]
    low = [c for c in low if c in adult.columns]
    out = {
        "adult": of_table(adult, "row", False, "Adult", seeds),
        "adult without fnlwgt": of_table(
            adult.drop("fnlwgt"), "row", False, "Adult without fnlwgt", seeds
        ),
        "adult, low": of_table(
            adult.select(low), "row", False, f"Adult, {len(low) - 1} columns", seeds
        ),
        "diabetes": of_table(encounters, "patient_nbr", True, "Encounters, by person", seeds),
        "hashes": of_hashes(seeds),
    }
    if not args.quick:
        RESULTS.write_text(json.dumps(out, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
