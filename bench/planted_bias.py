"""Plant bias and impossible records, and count how often the gate catches each.

    python bench/planted_bias.py --n 10000 --seeds 100

The population has two sexes of equal size, four regions, an age, a height, a diagnosis code and
an outcome that differs between the sexes. Train, holdout and synthetic rows are ``n`` each.
``fresh`` draws the synthetic rows from the population. Each plant spoils a fresh sample in one way:
a region of a fifth of the people is gone (its rows are replaced by others), the women's outcome is
higher by 0.2 standard deviations, 0.5 % of the rows are men with a code of childbirth, or heights
are in millimetres instead of metres. CAUGHT is a FAIL on the rule that names the failure, under the
shipped policy `controlled`: alone, and under Holm's adjustment over the whole gate, the rules that
were not measured here being taken as kept. A fresh sample must PASS; INCONCLUSIVE is a miss on
either side, and so is a rule without a verdict. Resumes.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import polars as pl

from assaymark.core.case import Case
from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.evidence import Evidence
from assaymark.core.measurement import Measurement
from assaymark.core.plausibility import CodesExcluded, Implied, InRange
from assaymark.core.questions import Questions
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.decide.gate import judge
from assaymark.decide.policy import Policy, parse_policy, profile_bytes
from assaymark.evaluate.statistics import clopper_pearson
from assaymark.flow.evaluate.measure import measure

OUT = Path(__file__).parent / "results" / "planted_bias.json"
METRICS = ("outcome_gap", "representation", "plausibility", "group_fidelity")
PLANTS = {
    "subgroup dropped": "groups-present",
    "outcome of a subgroup shifted 0.2 SD": "no-new-gap",
    "impossible records at 0.5 %": "no-impossible-records",
    "unit changed (x1000)": "no-impossible-records",
}
SCHEMA = Schema(
    columns=(
        Column(name="sex", kind=Kind.CATEGORY, roles=(Role.PROTECTED,)),
        Column(name="region", kind=Kind.CATEGORY, roles=(Role.PROTECTED,)),
        Column(name="age", kind=Kind.INTEGER),
        Column(name="height_m", kind=Kind.DECIMAL),
        Column(name="code", kind=Kind.CATEGORY),
        Column(name="retired", kind=Kind.BOOLEAN),
        Column(name="outcome", kind=Kind.DECIMAL, roles=(Role.TARGET,)),
    )
)
QUESTIONS = Questions(
    plausibility=(
        CodesExcluded(
            kind="codes",
            name="no childbirth of men",
            when="sex == 'm'",
            columns=("code",),
            codes=("630-679",),
        ),
        InRange(kind="range", name="height", column="height_m", low=0.3, high=2.8, unit="metres"),
        Implied(
            kind="implies",
            name="hardly anybody retired under 40",
            severity="soft",
            when="age < 40",
            then="retired == false",
        ),
    )
)


def population(n: int, rng: np.random.Generator) -> pl.DataFrame:
    """Draw ``n`` people."""
    woman = rng.random(n) < 0.5
    age = rng.integers(18, 95, n)
    birth = woman & (age < 50) & (rng.random(n) < 0.08)
    code = np.where(birth, "650", rng.choice(["250", "401", "428", "715"], n))
    retired = rng.random(n) < np.where(age < 40, 0.01, np.where(age < 62, 0.1, 0.9))
    outcome = 0.4 * woman + 0.02 * (age - 55) + rng.normal(size=n)
    columns = {
        "sex": np.where(woman, "f", "m"),
        "region": rng.choice(["north", "south", "east", "west"], n, p=[0.4, 0.3, 0.2, 0.1]),
        "age": age,
        "height_m": np.round(rng.normal(np.where(woman, 1.64, 1.77), 0.07), 2),
        "code": code,
        "retired": retired,
        "outcome": outcome,
    }
    return pl.DataFrame(columns, schema={c.name: POLARS_TYPES[c.kind] for c in SCHEMA.columns})


def spoilt(frame: pl.DataFrame, plant: str, rng: np.random.Generator) -> pl.DataFrame:
    """Plant one failure in synthetic rows."""
    n = frame.height
    if plant == "subgroup dropped":
        kept = np.flatnonzero((frame["region"] != "east").to_numpy())
        return frame[np.sort(rng.choice(kept, n))]
    if plant == "outcome of a subgroup shifted 0.2 SD":
        more = 0.2 * float(frame["outcome"].to_numpy().std())
        shift = pl.when(pl.col("sex") == "f").then(more).otherwise(0.0)
        return frame.with_columns(pl.col("outcome") + shift)
    if plant == "impossible records at 0.5 %":
        chosen = pl.Series(np.isin(np.arange(n), rng.choice(n, n // 200, replace=False)))
        return frame.with_columns(
            pl.when(chosen).then(pl.lit("m")).otherwise("sex").alias("sex"),
            pl.when(chosen).then(pl.lit("650")).otherwise("code").alias("code"),
        )
    if plant == "unit changed (x1000)":
        return frame.with_columns(pl.col("height_m") * 1000)
    return frame


def case_of(n: int, seed: int, plant: str) -> Case:
    """Draw train, holdout and synthetic rows, ``n`` each."""
    rng = np.random.default_rng([seed, n])
    train, holdout = (Dataset(schema=SCHEMA, frame=population(n, rng)) for _ in range(2))
    made = Dataset(schema=SCHEMA, frame=spoilt(population(n, rng), plant, rng))
    return Case(
        schema=SCHEMA,
        train=train,
        holdout=holdout,
        reference=None,
        synthetics=(made,),
        threat=threat_of(Profile.CONTROLLED),
        questions=QUESTIONS,
    )


def run(n: int, seed: int, plant: str) -> dict[str, object]:
    """Measure and judge one simulated candidate, each rule alone and in the whole gate."""
    start, policy = time.process_time(), parse_policy(profile_bytes(Profile.CONTROLLED))
    measured = measure(case_of(n, seed, plant), Streams.from_seed(seed), only=METRICS)
    own = {m.metric for m in measured}
    rules = [r for r in policy.rule if r.metric in own]
    kept = [
        Measurement(metric=r.metric, subject=r.subject, value=0.0, low=0.0, high=0.0, n=10**6)
        for r in policy.rule
        if r.metric not in own
    ]
    others = {(m.metric, m.subject): m for m in kept}.values()
    alone: dict[str, str] = {}
    for r in rules:
        one = policy.model_copy(update={"rule": (r,)})
        alone |= said(one, measured, {r.id})
    whole = said(policy, [*measured, *others], {r.id for r in rules})
    return {"alone": alone, "whole": whole, "cpu": round(time.process_time() - start, 2)}


def said(policy: Policy, measured: list[Measurement], rules: set[str]) -> dict[str, str]:
    """Return the worst verdict of each of ``rules``; "none" where there is nothing to judge."""
    evidence = Evidence.of(measured, candidate="0" * 64, stage="development", suite="bench")
    order = ("FAIL", "NOT_RUN", "INCONCLUSIVE", "PASS", "none")
    verdicts = dict.fromkeys(sorted(rules), "none")
    for v in judge(policy, evidence, ["analytics"], candidate="0" * 64).verdicts:
        if v.rule.id in rules:
            verdicts[v.rule.id] = min(verdicts[v.rule.id], v.verdict.value, key=order.index)
    return verdicts


def rate(hits: int, n: int) -> str:
    """Write a rate with its exact interval."""
    found = clopper_pearson(hits, n)
    return f"{hits}/{n} = {found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def show(name: str, runs: list[dict]) -> None:
    """Print what each rule said, and the rate that is asked of it."""
    print(f"\n{name}: {len(runs)} seeds, {np.mean([r['cpu'] for r in runs]):.2f} CPU s each")
    names = next((r for p, r in PLANTS.items() if name.startswith(p)), "")
    for how in ("alone", "whole"):
        for rule in runs[0][how]:
            found = [r[how][rule] for r in runs]
            counts = {v: found.count(v) for v in sorted(set(found))}
            wanted = "FAIL" if rule == names else "PASS"
            print(
                f"  {how:6s} {rule:32s} {wanted} {rate(found.count(wanted), len(found))}  {counts}"
            )


def main() -> None:
    """Run what is not there yet, save after every tenth seed, and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, nargs="+", default=[10_000])
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="five seeds")
    parser.add_argument("--plant", choices=("fresh", *PLANTS), nargs="+")
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    done = json.loads(wanted.out.read_text()) if wanted.out.exists() else {}
    seeds = 5 if wanted.quick else wanted.seeds
    for n in wanted.n:
        for plant in wanted.plant or ("fresh", *PLANTS):
            name = f"{plant}, n={n}"
            runs = done.setdefault(name, {})
            for seed in range(seeds):
                if str(seed) not in runs:
                    runs[str(seed)] = run(n, seed, plant)
                    if seed % 10 == 9 or seed == seeds - 1:
                        wanted.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
            show(name, list(runs.values()))


if __name__ == "__main__":
    main()
