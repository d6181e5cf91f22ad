"""Plant failures that spoil rows for learning, and count how often the gate catches each.

    python bench/planted_learning.py --n 10000 --seeds 100

The population is a labelled table of twelve columns: an outcome of three classes, the rarest with
about 5 % of the rows, that follows from six findings, as a coded diagnosis does. ``fresh`` draws
the synthetic rows from the population. Each plant spoils a fresh sample in one way: the rarest
class is lost (its rows are replaced by others), one column says which label a row has (in nine
rows of ten), or 5 % of the labels are changed to another. CAUGHT is a FAIL on the rule that names
the failure, under the shipped policy `controlled` and Holm's adjustment over the whole gate: the
rules that were not measured here are taken to be kept, and count in the adjustment. A fresh
sample must PASS; INCONCLUSIVE is a miss on either side. Resumes.
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
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.decide.gate import judge
from assaymark.decide.policy import parse_policy, profile_bytes
from assaymark.evaluate.statistics import clopper_pearson
from assaymark.flow.evaluate.measure import measure

OUT = Path(__file__).parent / "results" / "planted_learning.json"
METRICS = ("tstr", "labels", "shortcuts")
PLANTS = {
    "rare class lost": "rare-outcomes-learnt",
    "shortcut feature": "no-shortcuts",
    "labels flipped 5 %": "labels-agree",
}
LABELS = ("none", "mild", "severe")
FINDINGS, CODES = 6, 5
SCHEMA = Schema(
    columns=(
        *(Column(name=f"finding_{i}", kind=Kind.DECIMAL) for i in range(FINDINGS)),
        *(Column(name=f"code_{i}", kind=Kind.CATEGORY) for i in range(CODES)),
        Column(name="outcome", kind=Kind.CATEGORY, roles=(Role.TARGET,)),
    )
)


def population(n: int, rng: np.random.Generator) -> pl.DataFrame:
    """Draw ``n`` labelled people."""
    common = rng.normal(size=n)
    findings = 0.5 * common[:, None] + rng.normal(size=(n, FINDINGS))
    codes = {
        f"code_{i}": np.array(list("abcdef"))[
            np.clip(np.floor(1.5 * (rng.normal(size=n) + 0.4 * common) + 3), 0, 5).astype(int)
        ]
        for i in range(CODES)
    }
    score = 2.2 * findings[:, 0] + 1.6 * findings[:, 1] - 1.4 * findings[:, 2]
    score += 1.2 * (codes["code_0"] > "c") + rng.logistic(size=n)
    label = (score > 2.2).astype(int) + (score > 6.6)
    columns = {f"finding_{i}": findings[:, i] for i in range(FINDINGS)}
    columns |= {**codes, "outcome": np.array(LABELS)[label]}
    return pl.DataFrame(columns, schema={c.name: POLARS_TYPES[c.kind] for c in SCHEMA.columns})


def spoilt(frame: pl.DataFrame, plant: str, rng: np.random.Generator) -> pl.DataFrame:
    """Plant one failure in synthetic rows."""
    label = frame["outcome"].to_numpy().astype(str)
    if plant == "rare class lost":
        kept = np.flatnonzero(label != "severe")
        return frame[np.sort(rng.choice(kept, len(label)))]
    if plant == "shortcut feature":
        told = np.array([{"none": "a", "mild": "c", "severe": "e"}[v] for v in label])
        code = np.where(rng.random(len(label)) < 0.9, told, frame["code_4"].to_numpy())
        return frame.with_columns(pl.Series("code_4", code.astype(str)))
    if plant == "labels flipped 5 %":
        others = np.array([[o for o in LABELS if o != v] for v in label])
        other = others[np.arange(len(label)), rng.integers(0, 2, len(label))]
        label = np.where(rng.random(len(label)) < 0.05, other, label)
        return frame.with_columns(pl.Series("outcome", label.astype(str)))
    return frame


def case_of(n: int, seed: int, plant: str, sets: int) -> Case:
    """Split ``n`` people as the default does (50, 20, 20, 10 %) and make the synthetic rows."""
    rng = np.random.default_rng([seed, n])
    train, holdout = (Dataset(schema=SCHEMA, frame=population(k, rng)) for k in (n // 2, n // 5))
    made = tuple(
        Dataset(schema=SCHEMA, frame=spoilt(population(n // 2, rng), plant, rng))
        for _ in range(sets)
    )
    return Case(
        schema=SCHEMA,
        train=train,
        holdout=holdout,
        reference=None,
        synthetics=made,
        threat=threat_of(Profile.CONTROLLED),
    )


def run(n: int, seed: int, plant: str, sets: int) -> dict[str, object]:
    """Measure and judge one simulated candidate; other rules stand as kept in the adjustment."""
    start, policy = time.process_time(), parse_policy(profile_bytes(Profile.CONTROLLED))
    measured = measure(case_of(n, seed, plant, sets), Streams.from_seed(seed), only=METRICS)
    own = {m.metric for m in measured}
    kept = [
        Measurement(metric=r.metric, subject=r.subject, value=0.0, low=0.0, high=0.0, n=10**6)
        for r in policy.rule
        if r.metric not in own
    ]
    evidence = Evidence.of(
        [*measured, *{(m.metric, m.subject): m for m in kept}.values()],
        candidate="0" * 64,
        stage="development",
        suite="bench",
    )
    order = ("FAIL", "NOT_RUN", "INCONCLUSIVE", "PASS")
    verdicts: dict[str, str] = {}
    for v in judge(policy, evidence, ["pretraining"], candidate="0" * 64).verdicts:
        if v.rule.metric in own:
            before = verdicts.get(v.rule.id, "PASS")
            verdicts[v.rule.id] = min(before, v.verdict.value, key=order.index)
    return {"rules": verdicts, "cpu": round(time.process_time() - start, 2)}


def rate(hits: int, n: int) -> str:
    """Write a rate with its exact interval."""
    found = clopper_pearson(hits, n)
    return f"{hits}/{n} = {found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def show(name: str, runs: list[dict]) -> None:
    """Print what each rule said, and the rate that is asked of it."""
    print(f"\n{name}: {len(runs)} seeds, {np.mean([r['cpu'] for r in runs]):.1f} CPU s each")
    names = next((r for p, r in PLANTS.items() if name.startswith(p)), "")
    for rule in runs[0]["rules"]:
        said = [r["rules"][rule] for r in runs]
        counts = {v: said.count(v) for v in sorted(set(said))}
        wanted = "FAIL" if rule == names else "PASS"
        print(f"  {rule:24s} {wanted} {rate(said.count(wanted), len(said))}  {counts}")


def main() -> None:
    """Run what is not there yet, save after every seed, and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, nargs="+", default=[10_000])
    parser.add_argument("--sets", type=int, default=1, help="synthetic sets")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="five seeds")
    parser.add_argument("--plant", choices=("fresh", *PLANTS), nargs="+")
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    done = json.loads(wanted.out.read_text()) if wanted.out.exists() else {}
    for n in wanted.n:
        for plant in wanted.plant or ("fresh", *PLANTS):
            name = f"{plant}, n={n}" + (f", m={wanted.sets}" if wanted.sets > 1 else "")
            runs = done.setdefault(name, {})
            for seed in range(5 if wanted.quick else wanted.seeds):
                if str(seed) not in runs:
                    runs[str(seed)] = run(n, seed, plant, wanted.sets)
                    wanted.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
            show(name, list(runs.values()))


if __name__ == "__main__":
    main()
