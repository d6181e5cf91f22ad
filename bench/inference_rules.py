"""How often do the rules on estimates pass fresh rows, and catch a planted difference?

    python bench/inference_rules.py              # 200 seeds each, about fifteen minutes
    python bench/inference_rules.py --seeds 20   # quick

People of ``policy_simulation.py``: train half, holdout a fifth; fresh rows of the population as
one or ten replicates; and two plants in them: one column shifted by half a standard deviation,
and the column that the outcome follows most shuffled. At 3,000 and 7,500 the holdout has as many
people as the rules ask for at least (600; 1,500 for the first regression). Policy ``controlled``;
each rule alone, so that Holm's adjustment does not help or hinder. Writes
``bench/results/inference_rules.json``.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from policy_simulation import SCHEMA, population, rate, simulated_case, worst

from assaymark.core.dataset import Dataset
from assaymark.core.evidence import Evidence
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile
from assaymark.decide.gate import judge
from assaymark.decide.policy import parse_policy, profile_bytes
from assaymark.evaluate.utility.inference import Inference

OUT = Path(__file__).parent / "results" / "inference_rules.json"
RULES = ("estimates-hold", "intervals-hold", "regressions-come-out", "regression-intervals-hold")
POLICY = parse_policy(profile_bytes(Profile.CONTROLLED))


def planted(rows: Dataset, kind: str, rng: np.random.Generator) -> Dataset:
    frame = rows.frame
    if kind == "shifted":
        frame = frame.with_columns(pl.col("number_0") + 0.5 * frame["number_0"].std())
    if kind == "shuffled":
        frame = frame.with_columns(frame["number_0"].gather(rng.permutation(frame.height)))
    return Dataset(schema=SCHEMA, frame=frame)


def run(n: int, m: int, kind: str, seed: int) -> dict[str, str]:
    case, rng = simulated_case(n, seed, "fresh"), np.random.default_rng([seed, n, 1])
    tables = (case.synthetic, *(population(n // 2, rng) for _ in range(m - 1)))
    case = replace(case, synthetics=tuple(planted(t, kind, rng) for t in tables))
    found = tuple(x.rounded() for x in Inference().measure(case, Streams.from_seed(seed)))
    evidence = Evidence.of(found, candidate="0" * 64, stage="development", suite="bench")
    said: dict[str, str] = {}
    for name in RULES:
        alone = POLICY.model_copy(update={"rule": tuple(r for r in POLICY.rule if r.id == name)})
        verdicts = judge(alone, evidence, ["analytics"], candidate="0" * 64).verdicts
        said[name] = worst([v.verdict.value for v in verdicts if v.rule.id == name])
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    a = parser.parse_args()
    done = json.loads(OUT.read_text()) if OUT.exists() else {}
    for n, m, kind in (
        *((3_000, 1, "fresh"), (7_500, 1, "fresh"), (10_000, 1, "fresh"), (10_000, 10, "fresh")),
        *((10_000, 1, "shifted"), (10_000, 1, "shuffled")),
    ):
        runs = done.setdefault(f"{kind} n={n} m={m}", {})
        for seed in range(a.seeds):
            if str(seed) not in runs:
                runs[str(seed)] = run(n, m, kind, seed)
        OUT.write_text(json.dumps(done, sort_keys=True).replace('}, "', '},\n"') + "\n")
        print(f"\n{kind} n={n} m={m}")
        for rule in RULES:
            verdicts = [r[rule] for r in runs.values()]
            wanted = "PASS" if kind == "fresh" else "FAIL"
            print(f"  {rule:26s} {wanted} {rate(verdicts.count(wanted), len(verdicts))}")


if __name__ == "__main__":
    main()
