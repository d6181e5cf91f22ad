"""Do the intervals of claims cover, and does a fresh sample hold each kind of claim by default?

    python bench/claims_coverage.py --seeds 400 [--quick]

2,800 people in train, 1,200 held out and 4,000 fresh rows, weighted, with lognormal incomes: the
least that the default margins are said to need. Every kind of claim, default margins. Covered
means that the interval holds 0, since the population is the same. Resumes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import polars as pl

from assaymark.core.case import Case
from assaymark.core.claim import Contrast, Mean, Ranking, Ratio, Scenario, Share, Tail, Total
from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.questions import Questions
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.evaluate.statistics import clopper_pearson
from assaymark.evaluate.utility.claims import Claims

OUT = Path(__file__).parent / "results" / "claims_coverage.json"
SCHEMA = Schema(
    columns=(
        Column(name="region", kind=Kind.CATEGORY, roles=(Role.PROTECTED,)),
        Column(name="arm", kind=Kind.BOOLEAN),
        Column(name="age", kind=Kind.INTEGER),
        Column(name="income", kind=Kind.DECIMAL),
        Column(name="score", kind=Kind.DECIMAL),
        Column(name="ill", kind=Kind.BOOLEAN, roles=(Role.TARGET,)),
        Column(name="weight", kind=Kind.DECIMAL, roles=(Role.WEIGHT,)),
    )
)
_BY = {"treated": "arm == true", "covariates": ("age", "region")}
CLAIMS = (
    Mean(kind="mean", name="mean", column="income"),
    Share(kind="share", name="share", condition="income < 1000"),
    Total(kind="total", name="total", column="income"),
    Ratio(kind="ratio", name="ratio", numerator="income", denominator="age"),
    Ranking(kind="ranking", name="ranking", column="score", by="region"),
    Contrast(kind="contrast", name="difference", outcome="score", treated="arm == true"),
    Contrast(
        kind="contrast", name="risk ratio", outcome="ill", treated="arm == true", measure="ratio"
    ),
    Contrast(kind="contrast", name="least squares", outcome="score", adjust="ols", **_BY),
    Contrast(kind="contrast", name="logistic", outcome="ill", adjust="logistic", **_BY),
    Contrast(kind="contrast", name="strata", outcome="score", adjust="strata", **_BY),
    Tail(kind="tail", name="tail", column="income"),
    Tail(kind="tail", name="above", column="income", above=8_000),
    Tail(kind="tail", name="quantile ratio", column="income", quantile=0.9, ratio_to=0.1),
    Scenario(
        kind="scenario",
        name="scenario",
        before="where(income < 1500, 300, 0)",
        after="where(income < 1800, 300, 0) - 0.02 * max(0, income - 5000)",
        tolerance=1,
    ),
)


def population(n: int, rng: np.random.Generator) -> Dataset:
    """Draw ``n`` weighted people."""
    region, age = rng.choice(list("abcd"), n, p=[0.4, 0.3, 0.2, 0.1]), rng.integers(18, 90, n)
    arm = rng.random(n) < 0.5
    columns = {
        "region": region,
        "arm": arm,
        "age": age.astype(np.int64),
        "income": rng.lognormal(7 + 0.005 * age, 0.8, n),
        "score": rng.normal(size=n) + 0.8 * arm + 0.01 * age + 0.5 * (region == "b"),
        "ill": rng.random(n) < 1 / (1 + np.exp(2.5 - 0.02 * age - 0.5 * arm)),
        "weight": rng.gamma(4, 0.25, n),
    }
    frame = pl.DataFrame(columns, schema={c.name: POLARS_TYPES[c.kind] for c in SCHEMA.columns})
    return Dataset(schema=SCHEMA, frame=frame)


def run(seed: int) -> dict[str, list[float]]:
    """Return the interval of every claim, in margins."""
    rng = np.random.default_rng([seed, 4_000])
    train, holdout, made = (population(n, rng) for n in (2_800, 1_200, 4_000))
    case = Case(
        schema=SCHEMA,
        train=train,
        holdout=holdout,
        reference=None,
        synthetics=(made,),
        threat=threat_of(Profile.CONTROLLED),
        questions=Questions(claim=CLAIMS),
    )
    return {
        m.subject.removeprefix("claim:"): [round(m.low, 3), round(m.high, 3)]
        for m in Claims().measure(case, Streams.from_seed(seed))
        if m.metric == "claims.difference" and m.low is not None and m.high is not None
    }


def rate(hits: int, n: int) -> str:
    """Write a rate with its exact interval."""
    found = clopper_pearson(hits, n)
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def main() -> None:
    """Run what is not there yet and print coverage and PASS of each claim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=400)
    parser.add_argument("--quick", action="store_true", help="twenty seeds, nothing written")
    args = parser.parse_args()
    done = json.loads(OUT.read_text()) if OUT.exists() and not args.quick else {}
    for seed in range(20 if args.quick else args.seeds):
        if str(seed) not in done:
            done[str(seed)] = run(seed)
            if not args.quick:
                OUT.write_text(json.dumps(done, separators=(",", ":")) + "\n")
    for name in done["0"]:
        ends = [found[name] for found in done.values() if name in found]
        covered = rate(sum(low <= 0 <= high for low, high in ends), len(ends))
        passed = rate(sum(low >= -1 and high <= 1 for low, high in ends), len(ends))
        print(f"{name:22s} covered {covered}   PASS {passed}   of {len(ends)}")


if __name__ == "__main__":
    main()
