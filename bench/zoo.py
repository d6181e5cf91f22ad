"""The leak zoo: generators that leak in known ways, and clean ones, before the shipped policy.

    python bench/zoo.py --seeds 10

Train 5,000, holdout 5,000, synthetic 5,000 rows of the parametric population of
``policy_simulation.py``, no reference, as a user of ``assaymark evaluate`` has them. Caught means
FAIL on a privacy rule of the policy ``controlled``, Holm's adjustment over the whole gate included;
INCONCLUSIVE is a miss. Clean kinds: how often every blocking privacy rule PASSes, and how often
one FAILs. Resumes; saves after every cell.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from policy_simulation import LEAKS, SCHEMA, population, rate, unusual

from assaymark.core.case import Case
from assaymark.core.dataset import Dataset
from assaymark.core.evidence import Evidence
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.decide.gate import judge
from assaymark.decide.policy import USES, parse_policy, profile_bytes
from assaymark.flow.evaluate import measure

if TYPE_CHECKING:
    from collections.abc import Callable

    Rng = np.random.Generator
    Kind = Callable[[Dataset, pl.DataFrame, Rng], pl.DataFrame]

OUT = Path(__file__).parent / "results" / "zoo.json"
N = 5_000
NUMBERS = [c.name for c in SCHEMA.columns if c.kind.ordered]
NAMES = [c.name for c in SCHEMA.columns]
WORDS = [c for c in NAMES if c not in NUMBERS]


def copies(share: float, change: Callable[[pl.DataFrame, Rng], pl.DataFrame] | None = None) -> Kind:
    """Replace a share of the rows by copies of random train rows, changed or not."""

    def make(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        rows = train.frame[rng.choice(train.n, round(share * fresh.height), replace=False)]
        return over(fresh, rows if change is None else change(rows, rng))

    return make


def outliers(change: Callable[[pl.DataFrame, Rng], pl.DataFrame] | None = None) -> Kind:
    """Replace 25 rows by copies of train's most unusual rows, changed or not."""

    def make(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
        rows = train.frame[unusual(train)]
        return over(fresh, rows if change is None else change(rows, rng))

    return make


def over(fresh: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Put ``rows`` in the place of the first of ``fresh``."""
    return pl.concat([rows.select(fresh.columns), fresh[rows.height :]])


def jittered(rows: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    """Move each number by 3 % of a standard deviation (about 1.5 in this population)."""
    return rows.with_columns(
        pl.col(c) + pl.Series(rng.normal(0, 0.045, rows.height)) for c in NUMBERS
    )


def swapped(rows: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    """Permute one column among the copies."""
    column = str(rng.choice(NAMES))
    return rows.with_columns(rows[column].gather(rng.permutation(rows.height)))


def one_changed(rows: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    """Draw one category of each copy anew."""
    column = str(rng.choice([w for w in WORDS if w.startswith("category")]))
    drawn = np.array(list("abcdefgh"))[rng.integers(0, 8, rows.height)]
    return rows.with_columns(pl.Series(column, drawn))


def attributes_only(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    """Copy four known columns and the target into a tenth of the rows; the rest is fresh."""
    rows = train.frame[rng.choice(train.n, fresh.height // 10, replace=False)]
    kept = ["number_0", "number_1", "category_0", "category_1", "ill"]
    return over(fresh, fresh[: rows.height].with_columns(rows[c] for c in kept))


def one_subgroup(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    """Copy half of the people of a small subgroup."""
    group = train.frame.filter((pl.col("category_0") == "h") | (pl.col("category_1") == "g"))
    return over(fresh, group.sample(fraction=0.5, seed=int(rng.integers(1 << 31))))


def one_person(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    """Repeat one person's row fifty times."""
    return over(fresh, train.frame[np.full(50, rng.integers(train.n))])


def overfit(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    """Draw column after column from the five train rows most like what is drawn so far."""
    from sklearn.neighbors import NearestNeighbors

    codes = np.column_stack(
        [train.frame[c].rank("dense").to_numpy() / train.frame[c].n_unique() for c in NAMES]
    )
    rows = rng.integers(0, train.n, fresh.height)
    parts = {NAMES[0]: train.frame[NAMES[0]].gather(rows)}
    drawn = codes[rows, :1]
    for i, name in enumerate(NAMES[1:], start=1):
        near = NearestNeighbors(n_neighbors=5).fit(codes[:, :i]).kneighbors(drawn)[1]
        picked = near[np.arange(len(near)), rng.integers(0, 5, len(near))]
        parts[name] = train.frame[name].gather(picked)
        drawn = np.column_stack([drawn, codes[picked, i]])
    return pl.DataFrame(parts)


def rare_values(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:  # noqa: ARG001
    """Replay the whole rows of the rarest combination of two categories."""
    pair = ["category_2", "category_3"]
    rare = train.frame.filter(pl.len().over(pair) <= 15)
    return over(fresh, rare.head(fresh.height // 20))


def blended(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    """Five percent of rows: numbers of one train row, categories of another like it."""
    some = rng.choice(train.n, fresh.height // 20, replace=False)
    rows = train.frame[some].with_columns(fresh[w][: len(some)] for w in WORDS[-4:])
    return over(fresh, rows)


def marginals(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    """Each column drawn by itself."""
    n = fresh.height
    return pl.DataFrame({c: train.frame[c].gather(rng.integers(0, train.n, n)) for c in NAMES})


def shipped(train: Dataset, fresh: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    """The default generator."""
    from assaymark.core.recipe import GenerateSpec
    from assaymark.flow.generate import refitter

    seed = Streams.from_seed(int(rng.integers(1 << 31)))
    return refitter(GenerateSpec())(train, fresh.height, seed).frame


LEAKY: dict[str, Kind] = {
    "1 % random copies": copies(0.01),
    "5 % random copies": copies(0.05),
    "25 outliers": outliers(),
    "25 outliers, jittered 3 %": outliers(jittered),
    "5 % copies, jittered 3 %": copies(0.05, jittered),
    "5 % copies, one column permuted": copies(0.05, swapped),
    "5 % copies, one category changed": copies(0.05, one_changed),
    "10 % attributes only": attributes_only,
    "half of a small subgroup": one_subgroup,
    "rare combinations replayed": rare_values,
    "5 % numbers copied, half the categories fresh": blended,
    "overfit chain of neighbours": overfit,
    "one person fifty times": one_person,
}
CLEAN: dict[str, Kind] = {
    "fresh sample": lambda _train, fresh, _rng: fresh,
    "independent marginals": marginals,
    "tree_chain, as shipped": shipped,
}


def run(kind: Kind, seed: int) -> dict[str, object]:
    """Judge one table; return the verdicts of the privacy rules."""
    rng = np.random.default_rng([seed, 77])
    train, holdout, fresh = (population(N, rng) for _ in range(3))
    made = Dataset(schema=SCHEMA, frame=kind(train, fresh.frame, rng))
    case = Case(
        schema=SCHEMA,
        train=train,
        holdout=holdout,
        reference=None,
        synthetics=(made,),
        threat=threat_of(Profile.CONTROLLED),
    )
    policy, start = parse_policy(profile_bytes(Profile.CONTROLLED)), time.process_time()
    measured = measure(case, Streams.from_seed(seed), only=sorted({r.metric for r in policy.rule}))
    evidence = Evidence.of(measured, candidate="0" * 64, stage="given files", suite="zoo")
    verdicts = judge(policy, evidence, USES, candidate="0" * 64).verdicts
    ours = [v for v in verdicts if v.rule.metric.startswith((*LEAKS, "hygiene."))]
    return {
        "FAIL": sorted({v.rule.id for v in ours if v.verdict.value == "FAIL"}),
        "not PASS": sorted({v.rule.id for v in ours if v.verdict.value != "PASS"}),
        "cpu": round(time.process_time() - start, 1),
    }


def main() -> None:
    """Fill the cells that are not there yet, then print the matrix."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--quick", action="store_true", help="two seeds")
    parser.add_argument("--kinds", nargs="+", choices=[*LEAKY, *CLEAN])
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    done: dict[str, dict[str, dict]] = (
        json.loads(wanted.out.read_text()) if wanted.out.exists() else {}
    )
    seeds = 2 if wanted.quick else wanted.seeds
    kinds = {k: v for k, v in {**LEAKY, **CLEAN}.items() if k in (wanted.kinds or [*LEAKY, *CLEAN])}
    for seed in range(seeds):
        for name, kind in kinds.items():
            cells = done.setdefault(name, {})
            if str(seed) not in cells:
                cells[str(seed)] = run(kind, seed)
                wanted.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
    for name, cells in done.items():
        runs = list(cells.values())
        found = Counter(rule for r in runs for rule in r["FAIL"])
        print(f"{name:48s} FAIL {rate(sum(bool(r['FAIL']) for r in runs), len(runs))}", end="  ")
        if name in CLEAN:
            print("all PASS", rate(sum(not r["not PASS"] for r in runs), len(runs)), end="  ")
        print(", ".join(f"{k} {v}" for k, v in found.most_common()))


if __name__ == "__main__":
    main()
