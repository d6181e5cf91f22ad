"""Plant failures of utility, one at a time, and count how often a rule that names them says FAIL.

    python bench/planted_utility.py --seeds 100 [--quick] [--only effect_halved]

A table of 10,000 people of a simulated population is split as the default does: 5,000 in train and
2,000 held out. The 10,000 synthetic rows are a fresh sample of the same population (``fresh``) with
one thing wrong. Caught means FAIL by a rule that names it (all block but ``extremes-kept``), after
Holm's adjustment over the whole gate of that use: the rules that are not under test are given the
figures of the policy's fixture "fresh sample", so that the gate has all of its rules. A false alarm
is such a FAIL on ``fresh``; what is not PASS there is a miss. Resumes.

To add a failure: a function from the fresh rows and the rows of train to spoilt rows, and a line in
``PLANTS`` that names the metrics to run, the use, and the rule and subjects that must FAIL.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.case import Case
from assaymark.core.claim import Contrast, Mean, Ranking, Scenario, Tail, Total
from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.evidence import Evidence
from assaymark.core.questions import Questions
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.decide.fixture import fixture_measurements
from assaymark.decide.gate import judge
from assaymark.decide.policy import parse_policy, profile_bytes
from assaymark.decide.verdict import Verdict
from assaymark.evaluate.statistics import clopper_pearson
from assaymark.flow.evaluate.measure import measure

if TYPE_CHECKING:
    from collections.abc import Callable

RESULTS = Path(__file__).parent / "results"
MADE = 10_000
SCHEMA = Schema(
    columns=(
        Column(name="region", kind=Kind.CATEGORY, roles=(Role.PROTECTED,)),
        Column(name="treated", kind=Kind.BOOLEAN),
        Column(name="age", kind=Kind.INTEGER),
        Column(name="income", kind=Kind.DECIMAL),
        Column(name="dose", kind=Kind.DECIMAL),
        Column(name="score", kind=Kind.DECIMAL),
        Column(name="ill", kind=Kind.BOOLEAN, roles=(Role.TARGET,)),
    )
)
CLAIMS = (
    Mean(kind="mean", name="mean income", column="income"),
    Total(kind="total", name="total income", column="income"),
    Mean(kind="mean", name="rate of illness", column="ill", by="region"),
    Contrast(
        kind="contrast",
        name="effect",
        outcome="score",
        treated="treated == true",
        adjust="ols",
        covariates=("dose", "region"),
        margin=0.18,  # less than a quarter of the effect
    ),
    Contrast(
        kind="contrast",
        name="effect of age",
        outcome="ill",
        treated="age >= 54",
        adjust="ols",
        covariates=("region",),
    ),
    Contrast(
        kind="contrast",
        name="dose in the south",
        outcome="score",
        treated="dose >= 0",
        where="region == 'south'",
        margin=0.4,
    ),
    Ranking(kind="ranking", name="regions by score", column="score", by="region"),
    Tail(kind="tail", name="top incomes", column="income", quantile=0.9925, margin=0.0066),
    Scenario(
        kind="scenario",
        name="benefit cut",
        before="where(income < 1500, 300, 0)",
        after="where(income < 1200, 300, 0)",
        by="region",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Plant:
    """What is wrong with the synthetic rows, and the rule that must say so."""

    spoil: Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]
    use: str
    metrics: tuple[str, ...]
    rules: dict[str, str]


def population(n: int, rng: np.random.Generator) -> Dataset:
    """Draw ``n`` people; the treatment does 0.8 standard deviations of the score's noise."""
    region = rng.choice(["north", "south", "east", "west"], n, p=[0.4, 0.3, 0.2, 0.1])
    age, treated, dose = rng.integers(18, 90, n), rng.random(n) < 0.5, rng.normal(size=n)
    shift = np.array([{"north": 0.0, "south": 0.4, "east": 0.8, "west": 1.2}[r] for r in region])
    columns = {
        "region": region,
        "treated": treated,
        "age": age.astype(np.int64),
        "income": rng.lognormal(7 + 0.005 * age, 0.7, n),
        "dose": dose,
        "score": rng.normal(size=n) + 0.8 * treated + 0.6 * dose + shift,
        "ill": rng.random(n) < 1 / (1 + np.exp(2.5 - 0.02 * age - 0.3 * shift)),
    }
    frame = pl.DataFrame(columns, schema={c.name: POLARS_TYPES[c.kind] for c in SCHEMA.columns})
    return Dataset(schema=SCHEMA, frame=frame)


def unspoilt(frame: pl.DataFrame, _: pl.DataFrame) -> pl.DataFrame:
    """Return the rows as they are."""
    return frame


def effect_halved(frame: pl.DataFrame, _: pl.DataFrame) -> pl.DataFrame:
    """Take half of the treatment's effect away."""
    return frame.with_columns(score=pl.col("score") - 0.4 * pl.col("treated"))


def sign_flipped(frame: pl.DataFrame, _: pl.DataFrame) -> pl.DataFrame:
    """Turn the relation of dose and score round in the south; each column stays as it is."""
    south = pl.col("region") == "south"
    return frame.with_columns(dose=pl.when(south).then(-pl.col("dose")).otherwise("dose"))


def tails_cut(frame: pl.DataFrame, train: pl.DataFrame) -> pl.DataFrame:
    """Cap incomes at the 99th percentile of train, as a generator that clips does."""
    cap = train["income"].quantile(0.99)
    return frame.with_columns(income=pl.col("income").clip(upper_bound=cap))


def unit_changed(frame: pl.DataFrame, _: pl.DataFrame) -> pl.DataFrame:
    """Give incomes in another unit."""
    return frame.with_columns(income=pl.col("income") * 1000)


def group_dropped(frame: pl.DataFrame, _: pl.DataFrame) -> pl.DataFrame:
    """Leave the west out, a tenth of the people."""
    return frame.filter(pl.col("region") != "west")


_CLAIMS = {"use": "policy_simulation", "metrics": ("claims",)}
_TAILS = {"use": "policy_simulation", "metrics": ("tails",)}  # nobody declared a claim on them
PLANTS = {
    "effect_halved": Plant(spoil=effect_halved, rules={"claims-hold": "claim:effect"}, **_CLAIMS),
    "sign_flipped": Plant(
        spoil=sign_flipped,
        rules={"claims-hold": "claim:dose in the south", "signs-agree": "claim:dose in the south"},
        **_CLAIMS,
    ),
    "tails_cut": Plant(spoil=tails_cut, rules={"claims-hold": "claim:top incomes"}, **_CLAIMS),
    "tails_cut_undeclared": Plant(
        spoil=tails_cut, rules={"extremes-kept": "column:income,tail:upper"}, **_TAILS
    ),
    "unit_changed": Plant(
        spoil=unit_changed, rules={"claims-hold": "claim:mean income"}, **_CLAIMS
    ),
    "group_dropped": Plant(
        spoil=group_dropped, rules={"claims-hold": "claim:*:share,group:region=west"}, **_CLAIMS
    ),
    "fresh": Plant(
        spoil=unspoilt,
        rules={"claims-hold": "*", "signs-agree": "*", "claims-of-small-groups": "*"},
        **_CLAIMS,
    ),
    "fresh_tails": Plant(spoil=unspoilt, rules={"extremes-kept": "*"}, **_TAILS),
}


def case_of(seed: int, plant: Plant, made_rows: int) -> Case:
    """Return the tables of one seed, the same people for every plant."""
    rng = np.random.default_rng([seed, 10_000])
    train, holdout, reference, made = (population(n, rng) for n in (5_000, 2_000, 1_000, made_rows))
    return Case(
        schema=SCHEMA,
        train=train,
        holdout=holdout,
        reference=reference,
        synthetics=(replace(made, frame=plant.spoil(made.frame, train.frame)),),
        threat=threat_of(Profile.CONTROLLED),
        questions=Questions(claim=CLAIMS),
    )


def verdicts_of(seed: int, plant: Plant, made_rows: int) -> dict[str, dict[str, str]]:
    """Return the verdict on each subject of each rule that is judged by what was measured."""
    policy = parse_policy(profile_bytes(Profile.CONTROLLED))
    measured = measure(case_of(seed, plant, made_rows), Streams.from_seed(seed), only=plant.metrics)
    stands_in = next(
        v for k, v in fixture_measurements(policy.fixture).items() if k == "fresh sample"
    )
    ran = {m.metric for m in measured}
    every = (*measured, *(m for m in stands_in if m.metric not in ran))
    evidence = Evidence.of(every, candidate="c", stage="development", suite="bench")
    found: dict[str, dict[str, str]] = {}
    for v in judge(policy, evidence, [plant.use], candidate="c").verdicts:
        if v.rule.metric in ran:
            found.setdefault(v.rule.id, {})[v.measurement.subject] = v.verdict.value
    return found


def outcome_of(name: str, seed: int, made_rows: int = MADE) -> bool | dict[str, list[str]]:
    """Return whether a plant was caught; of fresh rows, what did not PASS by rule."""
    plant = PLANTS[name]
    found = verdicts_of(seed, plant, made_rows)
    if plant.spoil is unspoilt:
        return {
            rule: sorted(f"{v} {s}" for s, v in found.get(rule, {}).items() if v != Verdict.PASS)
            for rule in plant.rules
        }
    return all(
        any(
            verdict == Verdict.FAIL and fnmatchcase(subject, named)
            for subject, verdict in found.get(rule, {}).items()
        )
        for rule, named in plant.rules.items()
    )


def summary(done: dict[str, dict[str, bool | dict[str, list[str]]]]) -> dict[str, object]:
    """Return rates with exact intervals from what came of all seeds."""
    out: dict[str, object] = {}
    for name, seeds in done.items():
        if PLANTS[name].spoil is not unspoilt:
            out[name] = rate(sum(map(bool, seeds.values())), len(seeds))
            continue
        for rule in PLANTS[name].rules:
            open_ = [found[rule] for found in seeds.values() if isinstance(found, dict)]
            out[f"fresh: {rule} PASS"] = rate(sum(not o for o in open_), len(open_))
            failed = sum(any(line.startswith("FAIL") for line in o) for o in open_)
            out[f"fresh: {rule} FAIL"] = rate(failed, len(open_))
    return out


def rate(hits: int, n: int) -> dict[str, float]:
    """Return a share with its exact interval."""
    low_high = clopper_pearson(hits, n)
    return {"hits": hits, "of": n, "low": round(low_high.low, 3), "high": round(low_high.high, 3)}


def main() -> None:
    """Run what is not there yet and write what there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="ten seeds, nothing written")
    parser.add_argument("--made", type=int, default=MADE, help="synthetic rows")
    parser.add_argument("--only", choices=PLANTS, action="append")
    args = parser.parse_args()
    name_of_file = "planted_utility" + ("" if args.made == MADE else f"_{args.made}")
    out = RESULTS / f"{name_of_file}.json"
    done = json.loads(out.read_text())["outcomes"] if out.exists() and not args.quick else {}
    for seed in range(10 if args.quick else args.seeds):
        for name in args.only or PLANTS:
            seeds = done.setdefault(name, {})
            if str(seed) not in seeds:
                seeds[str(seed)] = outcome_of(name, seed, args.made)
        if not args.quick:
            out.write_text(json.dumps({"summary": summary(done), "outcomes": done}) + "\n")
    print(json.dumps(summary(done), indent=1))


if __name__ == "__main__":
    main()
