"""Simulate the shipped policy: how often a perfect generator passes, and a planted leak fails.

    python bench/policy_simulation.py --n 5000 --seeds 200 --scenario fresh

The population is parametric (14 mixed columns that hang together), so nothing but the repository
is needed. ``fresh`` draws the synthetic rows from the population, ``copies`` plants 25 of train's
most unusual rows among 5,000 of them, ``bad`` shuffles every column. The unusual rows are chosen
by standard scores, not by the measure that the attack uses. Resumes; INCONCLUSIVE counts as a
miss on either side.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl

from assaymark.core.case import Case
from assaymark.core.coverage import Certificate, Maker
from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.evidence import Evidence
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.decide.gate import judge
from assaymark.decide.policy import USES, parse_policy, profile_bytes
from assaymark.evaluate.statistics import clopper_pearson
from assaymark.flow.evaluate.measure import measure

OUT = Path(__file__).parent / "results" / "policy_simulation.json"
LEAKS = (
    "copies.",
    "near_copies.",
    "membership.",
    "membership_suite.",
    "singling_out.",
    "linkability.",
    "attribute_inference.",
    "inference_suite.",
)
NUMBERS, CATEGORIES = 6, 6
SCHEMA = Schema(
    columns=(
        *(Column(name=f"number_{i}", kind=Kind.DECIMAL) for i in range(NUMBERS)),
        *(Column(name=f"category_{i}", kind=Kind.CATEGORY) for i in range(CATEGORIES)),
        Column(name="sex", kind=Kind.CATEGORY, roles=(Role.PROTECTED,)),
        Column(name="ill", kind=Kind.CATEGORY, roles=(Role.TARGET,)),
    )
)

MAKER = Maker(generator="fresh sample", software="bench", persons=1)


def certificates() -> tuple[Certificate, ...]:
    """Certify rows of the population itself: 2,000 draws of an estimate and its interval.

    An estimate in units of its error is normal; the rule for one fit allows for a source as well.
    """
    off = np.random.default_rng(0).standard_normal(2_000)
    covered = int((np.abs(off) <= 1.96 * np.sqrt(2)).sum())
    found = clopper_pearson(covered, 2_000)
    return tuple(
        Certificate(
            **{"generator": MAKER.generator, "software": MAKER.software, "estimand": kind},
            **{"rule": "one fit", "persons_from": 1, "persons_to": 1, "replicates": 1},
            **{"simulations": 2_000, "intervals": 2_000, "covered": covered},
            **{"low": found.low, "high": found.high, "bench": "bench/policy_simulation.py"},
        )
        for kind in ("mean", "proportion", "ols", "logistic")
    )


def population(n: int, rng: np.random.Generator) -> Dataset:
    """Draw ``n`` people: four kinds of people, heavy tails, columns that hang together."""
    kind = rng.choice(4, n, p=[0.5, 0.3, 0.15, 0.05])
    centre = np.array([[0, 0, 0], [2, 1, -1], [-1, 3, 1], [4, -3, 3]])[kind]
    numbers = rng.standard_t(4, (n, NUMBERS))
    numbers += np.hstack([centre, np.repeat(centre[:, :1] * 0.5, 3, axis=1)])
    shares = [0.3, 0.2, 0.15, 0.12, 0.1, 0.08, 0.04, 0.01]
    columns: dict[str, object] = {f"number_{i}": numbers[:, i] for i in range(NUMBERS)}
    for i in range(CATEGORIES):
        code = np.where(rng.random(n) < 0.7, (kind + i) % 4, rng.choice(8, n, p=shares))
        columns[f"category_{i}"] = np.array(list("abcdefgh"))[code]
    columns["sex"] = np.array(["f", "m"])[(rng.random(n) < 0.5).astype(int)]
    risk = 1 / (1 + np.exp(1 - 0.5 * numbers[:, 0] - 0.3 * numbers[:, 1]))
    columns["ill"] = np.where(rng.random(n) < risk, "yes", "no")
    frame = pl.DataFrame(columns, schema={c.name: POLARS_TYPES[c.kind] for c in SCHEMA.columns})
    return Dataset(schema=SCHEMA, frame=frame)


def simulated_case(n: int, seed: int, scenario: str) -> Case:
    """Split ``n`` people as the default does (50, 20, 20, 10 %) and make the synthetic rows."""
    rng = np.random.default_rng([seed, n])
    train = population(n // 2, rng)
    holdout, reference = population(n // 5, rng), population(n // 10, rng)
    made = population(max(5_000, n // 2) if scenario == "copies" else n // 2, rng)
    frame = made.frame
    if scenario == "copies":
        frame = pl.concat([train.frame[unusual(train)], frame[25:]])
    if scenario == "bad":
        frame = frame.select(pl.all().map_batches(lambda s: s[rng.permutation(len(s))]))
    return Case(
        schema=SCHEMA,
        train=train,
        holdout=holdout,
        reference=reference,
        synthetics=(Dataset(schema=SCHEMA, frame=frame),),
        threat=threat_of(Profile.CONTROLLED),
        maker=MAKER,
        certificates=certificates(),
    )


def unusual(data: Dataset, count: int = 25) -> np.ndarray:
    """Return the rows with the largest sum of squared scores and rarities of categories."""
    x = data.frame.select(pl.selectors.float()).to_numpy()
    strange = np.square((x - x.mean(axis=0)) / x.std(axis=0)).sum(axis=1)
    for c in data.frame.select(pl.selectors.string()).iter_columns():
        share = c.to_frame().select(pl.len().over(c.name) / data.n).to_series().to_numpy()
        strange -= np.log(share)
    return np.argsort(-strange)[:count]


def run(n: int, seed: int, scenario: str) -> dict[str, object]:
    """Evaluate and judge one simulated candidate."""
    case, start = simulated_case(n, seed, scenario), time.process_time()
    policy = parse_policy(profile_bytes(Profile.CONTROLLED))
    only = sorted({r.metric for r in policy.rule})
    measured = measure(case, Streams.from_seed(seed), only=only)
    evidence = Evidence.of(measured, candidate="0" * 64, stage="development", suite="bench")
    judged = judge(policy, evidence, USES, candidate="0" * 64)
    verdicts: dict[str, list[str]] = {}
    for v in judged.verdicts:
        verdicts.setdefault(v.rule.id, []).append(v.verdict.value)
    leaks = {v.rule.id for v in judged.verdicts if v.rule.metric.startswith(LEAKS)}
    return {
        "rules": {k: worst(v) for k, v in verdicts.items()},
        "uses": {k: v.value for k, v in judged.uses.items()},
        "caught": any("FAIL" in verdicts[k] for k in leaks),
        "cpu": round(time.process_time() - start, 2),
    }


def worst(verdicts: list[str]) -> str:
    """Return one verdict for all subjects of a rule."""
    order = ("FAIL", "STALE", "NOT_RUN", "INCONCLUSIVE", "WAIVED", "PASS")
    return min(verdicts, key=order.index)


def rate(hits: int, n: int) -> str:
    """Write a rate with its exact interval."""
    found = clopper_pearson(hits, n)
    return f"{hits}/{n} = {found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def show(name: str, runs: list[dict]) -> None:
    """Print rates of one scenario."""
    n = len(runs)
    print(f"\n{name}: {n} seeds, {np.mean([r['cpu'] for r in runs]):.1f} CPU s each")
    if "copies" in name:
        print("  FAIL on a rule that names the leak:", rate(sum(r["caught"] for r in runs), n))
    for rule in runs[0]["rules"]:
        count = Counter(r["rules"][rule] for r in runs)
        print(f"  {rule:28s} PASS {rate(count['PASS'], n)}  {dict(count)}")
    for use in USES if "copies" not in name else ():
        print(f"  {use:28s} approved {rate(sum(r['uses'][use] == 'approved' for r in runs), n)}")


def main() -> None:
    """Run what is not there yet, save after every seed, and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, nargs="+", default=[5_000])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="ten seeds at n = 5,000")
    parser.add_argument("--scenario", choices=("fresh", "copies", "bad"), nargs="+")
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    sizes, seeds = ([5_000], 10) if wanted.quick else (wanted.n, wanted.seeds)
    done = json.loads(wanted.out.read_text()) if wanted.out.exists() else {}
    for n in sizes:
        for scenario in wanted.scenario or ("fresh", "copies"):
            runs = done.setdefault(f"{scenario} n={n}", {})
            for seed in range(seeds):
                if str(seed) in runs:
                    continue
                runs[str(seed)] = run(n, seed, scenario)
                wanted.out.parent.mkdir(exist_ok=True)
                wanted.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
            show(f"{scenario} n={n}", list(runs.values()))


if __name__ == "__main__":
    main()
