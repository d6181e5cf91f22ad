"""Do the attacks' intervals cover the truth where nothing leaks? Is a fresh sample accused?

    python bench/attack_coverage.py --seeds 400     # about six CPU seconds a seed; resumes
    python bench/attack_coverage.py --quick         # ten seeds

Fresh rows of the population of ``policy_simulation.py``, 5,000 people in all: the generator never
saw anyone, so that every excess is 0 and every AUC .5. Printed for each quantity and subject: how
often the 95 % interval holds that value, and how often it lies wholly above it. Under a leak the
truth is known for planted copies only; those intervals are held in ``tests/evaluate``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from policy_simulation import rate, simulated_case

from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.flow.evaluate.measure import measure

OUT = Path(__file__).parent / "results" / "attack_coverage.json"
METRICS = sorted(
    {m.partition(".")[0] for m in threat_of(Profile.CONTROLLED).attacks}
    | {"disclosure", "unique_combinations"}
)


def run(seed: int) -> dict[str, list[float]]:
    """Return the interval and the null value of everything measured on one fresh sample."""
    found = measure(simulated_case(5_000, seed, "fresh"), Streams.from_seed(seed), only=METRICS)
    return {
        f"{m.metric} {m.subject}": [m.low, m.high, 0.5 if m.metric.endswith(".auc") else 0.0]
        for m in found
        if m.low is not None and m.high is not None and m.metric.endswith(("auc", "tpr", "excess"))
    }


def main() -> None:
    """Run what is not there yet, save after every seed, print coverage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=400)
    parser.add_argument("--quick", action="store_true", help="ten seeds")
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    covered: dict[str, list[int]] = {}
    done: dict[str, dict] = json.loads(wanted.out.read_text()) if wanted.out.exists() else {}
    covered = done.get("covered", {})
    start = int(done.get("seeds", 0))
    for seed in range(start, 10 if wanted.quick else wanted.seeds):
        for name, (low, high, nothing) in run(seed).items():
            cell = covered.setdefault(name, [0, 0, 0])
            cell[0] += low <= nothing <= high
            cell[1] += low > nothing
            cell[2] += 1
        wanted.out.write_text(json.dumps({"seeds": seed + 1, "covered": covered}, indent=0) + "\n")
    for name, (inside, above, n) in sorted(covered.items()):
        print(f"{name:70s} covered {rate(inside, n)}  accused {rate(above, n)}")


if __name__ == "__main__":
    main()
