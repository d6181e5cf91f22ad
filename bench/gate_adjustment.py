"""How often does the gate FAIL a rule whose threshold is kept, and how often one that is not?

    python bench/gate_adjustment.py --seeds 4000

Simulated gates of blocking rules, judged by `assaymark.decide.gate` itself. The figures are normal
with a known error, or shares with exact intervals. "On" rules have a true value on the threshold,
which is the worst that a kept threshold can be; "inside" rules lie six errors inside. The figures
of a gate depend on each other as the row says: correlation 0, 0.5 or 0.9 between all of them, pairs
that mirror each other, or triples that sum to nothing. FALSE is any FAIL of a kept threshold: at
most 5 % is asked. The last rows have one rule whose true value is four errors beyond its threshold,
among rules that are inside or on theirs: how often that one FAILs. "Before" is Holm's procedure
over all rules, as the gate had it. Writes `bench/results/gate_adjustment.json`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import NormalDist

import numpy as np

from assaymark.core.evidence import Evidence
from assaymark.core.measurement import Measurement
from assaymark.core.threat import Profile
from assaymark.decide.gate import judge
from assaymark.decide.policy import Policy, Rule
from assaymark.decide.verdict import Verdict
from assaymark.evaluate.statistics import Z, clopper_pearson

OUT = Path(__file__).parent / "results" / "gate_adjustment.json"
THRESHOLD, N, SHARE = 0.1, 500, 0.04
WORLDS = {
    "2 on": (2, 0, "0"),
    "40 on": (40, 0, "0"),
    "40 on, correlation 0.5": (40, 0, "0.5"),
    "40 on, correlation 0.9": (40, 0, "0.9"),
    "40 on, mirrored pairs": (40, 0, "pairs"),
    "39 on, triples that sum to nothing": (39, 0, "triples"),
    "3 on, a triple that sums to nothing": (3, 0, "triples"),
    "1 on, 39 inside": (1, 39, "0"),
    "5 on, 35 inside": (5, 35, "0"),
    "5 on, 35 inside, correlation 0.9": (5, 35, "0.9"),
    "40 on, shares of 500 people": (40, 0, "shares"),
    "1 on, 39 inside, shares of 500 people": (1, 39, "shares"),
    "1 beyond, 39 inside": (0, 39, "0"),
    "1 beyond, 10 on, 29 inside": (10, 29, "0"),
    "1 beyond, 39 on": (39, 0, "0"),
}


def rules(k: int, direction: str, threshold: float) -> Policy:
    """Return a policy of ``k`` blocking rules."""
    plain = {"direction": direction, "threshold": threshold, "uses": ("analytics",)}
    words = dict.fromkeys(("title", "why", "remedy"), "bench")
    made = [
        Rule.model_validate({"id": f"r{i}", "metric": "m.x", "subject": f"s:{i}", **plain, **words})
        for i in range(k)
    ]
    return Policy(name="bench", profile=Profile.CONTROLLED, rule=tuple(made))


def noise(k: int, how: str, rng: np.random.Generator) -> np.ndarray:
    """Draw ``k`` standard normal figures that depend on each other as ``how`` says."""
    if how == "pairs":
        half = rng.normal(size=k // 2)
        return np.ravel(np.column_stack([half, -half]))
    if how == "triples":
        own = rng.normal(size=(k // 3, 3))
        return np.ravel(own - own.mean(axis=1, keepdims=True)) * np.sqrt(1.5)
    r = float(how)
    return np.sqrt(r) * rng.normal() + np.sqrt(1 - r) * rng.normal(size=k)


def drawn(world: str, rng: np.random.Generator) -> list[Measurement]:
    """Draw the measurements of one gate; the rule that is beyond is the last."""
    on, inside, how = WORLDS[world]
    k = on + inside + world.startswith("1 beyond")
    if how == "shares":
        true = np.where(np.arange(k) < on, SHARE, SHARE / 20)
        found = [clopper_pearson(int(h), N) for h in rng.binomial(N, true)]
    else:
        error = 0.02
        true = np.where(np.arange(k) < on, THRESHOLD, THRESHOLD - 6 * error)
        if world.startswith("1 beyond"):
            true[-1] = THRESHOLD + 4 * error
        values = true + error * noise(k, how, rng)
        found = [(v, v - Z * error, v + Z * error) for v in values]
    return [
        Measurement(metric="m.x", subject=f"s:{i}", value=v, low=low, high=high, n=N)
        for i, (v, low, high) in enumerate(found)
    ]


def before(measured: list[Measurement], threshold: float) -> list[bool]:
    """Say which were a FAIL under Holm's procedure over all rules."""
    p = []
    for m in measured:
        value, low, t = m.value, m.low, threshold
        if low >= 0 and threshold == SHARE:
            value, low, t = np.sqrt(value), np.sqrt(low), np.sqrt(t)
        error = (value - low) / Z
        p.append(1.0 if value <= t or error <= 0 else 1 - NormalDist().cdf((value - t) / error))
    failed = [False] * len(p)
    for rank, i in enumerate(np.argsort(p)):
        if p[i] > 0.05 / (len(p) - rank):
            break
        failed[i] = measured[i].low > threshold
    return failed


def run(world: str, seeds: int) -> dict[str, float]:
    """Count over ``seeds`` gates."""
    threshold = SHARE if WORLDS[world][2] == "shares" else THRESHOLD
    count = {"false": 0, "false before": 0, "found": 0, "found before": 0}
    beyond = world.startswith("1 beyond")
    for seed in range(seeds):
        measured = drawn(world, np.random.default_rng([seed, len(world)]))
        direction = "at_most" if threshold == SHARE else "within"
        policy = rules(len(measured), direction, threshold)
        evidence = Evidence.of(measured, candidate="0" * 64, stage="development", suite="bench")
        found = judge(policy, evidence, ["analytics"], candidate="0" * 64).verdicts
        now = [v.verdict is Verdict.FAIL for v in found if v.rule.metric == "m.x"]
        for name, failed in (("", now), (" before", before(measured, threshold))):
            count["false" + name] += int(any(failed[:-1] if beyond else failed))
            count["found" + name] += int(beyond and failed[-1])
    return {"seeds": seeds, **count}


def main() -> None:
    """Run every world and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4_000)
    parser.add_argument("--quick", action="store_true", help="200 gates a row")
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    seeds = 200 if wanted.quick else wanted.seeds
    done = json.loads(wanted.out.read_text()) if wanted.out.exists() else {}
    for world in WORLDS:
        if done.get(world, {}).get("seeds") != seeds:
            done[world] = run(world, seeds)
            wanted.out.write_text(json.dumps(done, indent=1) + "\n")
        row = done[world]
        shown = []
        for name in ("false", "false before", "found", "found before"):
            rate = clopper_pearson(row[name], seeds)
            shown.append(
                f"{name} {100 * rate.value:5.2f} [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"
            )
        print(f"{world:40s} " + "  ".join(shown), flush=True)


if __name__ == "__main__":
    main()
