"""Performance without labels: does the interval hold what the labels of the batch would give?

    python bench/performance.py [--quick] [--seeds 100]

Six columns, an outcome of about a third by a logistic relation with an interaction. Released rows:
5,000 of the population (a perfect generator), or of a logistic model fitted to 5,000 without the
interaction. Batches of 2,000: the same people, older people (shifts of 0.5 and 1 standard
deviation), and older people whose relation to the outcome changed. Counted: intervals that hold
the true accuracy and AUC of the trained model on the batch; estimates said not to be believed,
without and with labels in the batch.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import polars as pl

from assaymark.flow.monitor.performance import Forecast, train

OUT = Path(__file__).parent / "results" / "performance.json"
RELEASED, BATCH = 5_000, 2_000
CASES = {
    "same people": (0.0, 0.0),
    "older by 0.5 SD": (0.5, 0.0),
    "older by 1 SD": (1.0, 0.0),
    "older by 0.5 SD, another relation": (0.5, 1.0),
}


def people(
    n: int, rng: np.random.Generator, older: float = 0.0, other: float = 0.0, *, crossed=1.0
):
    """Draw rows; ``other`` turns the effect of treatment round by that much."""
    age = rng.normal(older, 1, n)
    sick = rng.normal(0.4 * age, 1, n)
    treated = rng.random(n) < 1 / (1 + np.exp(-0.5 * sick))
    site = rng.choice(list("abcd"), n, p=[0.4, 0.3, 0.2, 0.1])
    effect = (0.8 - 1.8 * other) * treated * crossed * np.where(age > 0, 1.0, 0.2)
    line = -1.0 + 0.9 * age + 0.7 * sick - effect + 0.4 * (site == "d")
    ill = rng.random(n) < 1 / (1 + np.exp(-line))
    return pl.DataFrame(
        {"age": age, "sick": sick, "treated": treated, "site": site, "noise": rng.normal(size=n)}
    ).with_columns(ill=pl.Series(np.where(ill, "yes", "no")))


def one(seed: int, kind: str) -> dict[str, object]:
    """Estimate for each batch, without labels and with them; return what held."""
    rng = np.random.default_rng([seed, *kind.encode()])
    released = people(RELEASED, rng, crossed=1.0 if kind == "perfect" else 0.0)
    found: dict[str, object] = {}
    made = train(released, Forecast(target="ill", positive="yes"), rng)
    for case, (older, other) in CASES.items():
        batch = people(BATCH, rng, older, other)
        seen = made.performance(batch, rng)
        blind = not [d for d in seen.doubts if not d.startswith("labels")]
        found[case] = {
            "held": [int(e.low <= e.known <= e.high) for e in seen.estimates],
            "error": [round(e.value - e.known, 4) for e in seen.estimates],
            "believed": [int(blind), int(seen.believed)],
        }
    return found


def main() -> None:
    """Run what is not there yet, and print the rates."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--quick", action="store_true")
    ask.add_argument("--seeds", type=int, default=100)
    ask.add_argument("--out", type=Path, default=OUT)
    asked = ask.parse_args()
    done = json.loads(asked.out.read_text()) if asked.out.exists() else {}
    for seed in range(3 if asked.quick else asked.seeds):
        for kind in ("perfect", "without the interaction"):
            runs = done.setdefault(kind, {})
            if str(seed) not in runs:
                runs[str(seed)] = one(seed, kind)
                if not asked.quick:
                    asked.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
    for kind, runs in done.items():
        for case in CASES:
            rows = [r[case] for r in runs.values()]
            held, believed = (np.mean([r[k] for r in rows], axis=0) for k in ("held", "believed"))
            error = np.abs([r["error"] for r in rows]).mean(axis=0)
            print(
                f"{kind}, {case}, {len(rows)} seeds: accuracy {held[0]:.2f}, AUC {held[1]:.2f}; "
                f"mean error {error[0]:.3f}, {error[1]:.3f}; believed {believed[0]:.2f} without "
                f"labels, {believed[1]:.2f} with"
            )


if __name__ == "__main__":
    main()
