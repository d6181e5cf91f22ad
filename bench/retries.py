"""Retries do not buy a pass: an adaptive retrier with one-bit feedback against both holdouts.

    python bench/retries.py            # 400 retriers, about three minutes
    python bench/retries.py --quick    # 40

A recipe leaks: a person of train scores higher on the attack than others do, so that the true AUC
is above the .55 that the policy allows. Its maker may turn 60 knobs (seeds, orders, rounding) that
move every person's score at random and repair nothing. After each of 100 tries the maker hears one
bit, passed or not, on the *development* holdout; what passes is remembered, and the last candidates
turn every knob as most of the tries that passed did. The three that did best by this go to the
*confirmation* holdout, other people that no try has touched, as often as it can be opened (and here
even where they did not pass on development, which a run would not allow).

A candidate is judged as the gate does: PASS if the whole 95 % interval of the AUC is at most .55.
False approval: PASS, though the candidate's own true AUC, over all people who could be controls, is
above .55. Members are the same on both holdouts, as they are in a run.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from assaymark.evaluate.contest import auc
from assaymark.evaluate.statistics import clopper_pearson

OUT = Path(__file__).parent / "results" / "retries.json"
LIMIT, KNOBS, TRIES, OPENINGS = 0.55, 60, 100, 3
MEMBERS, CONTROLS = 2_500, 1_000
MOVED = 0.7  # share of the variance of a person's score that the knobs can move


class World:
    """People whose scores depend on the knobs; ``leak`` is the true AUC on average."""

    def __init__(self, leak: float, rng: np.random.Generator) -> None:
        from scipy.special import ndtri

        self.shift = float(np.sqrt(2) * ndtri(leak))
        self.sides = {
            name: (rng.normal(0, np.sqrt(1 - MOVED), n), rng.normal(0, 1, (n, KNOBS)))
            for name, n in (
                ("members", MEMBERS),
                ("development", CONTROLS),
                ("confirmation", CONTROLS),
            )
        }

    def scores(self, side: str, knobs: np.ndarray) -> np.ndarray:
        """Return the scores of one side under these knobs, each +1 or -1."""
        fixed, moved = self.sides[side]
        plain = fixed + moved @ knobs * np.sqrt(MOVED / KNOBS)
        return plain + self.shift if side == "members" else plain

    def passes(self, holdout: str, knobs: np.ndarray) -> bool:
        """Return the one bit that the gate gives."""
        found = auc(self.scores("members", knobs), self.scores(holdout, knobs))
        return found.high <= LIMIT

    def truth(self, knobs: np.ndarray) -> float:
        """Return the AUC against everybody who could be a control: standard normal scores."""
        from scipy.special import ndtr

        return float(ndtr(self.scores("members", knobs)).mean())


def retrier(leak: float, seed: int) -> dict[str, float]:
    """Let one maker try; return what each holdout approved falsely."""
    rng = np.random.default_rng([seed, round(leak * 1e4)])
    world = World(leak, rng)
    tries = rng.choice([-1.0, 1.0], (TRIES, KNOBS))
    bits = np.array([world.passes("development", t) for t in tries])
    passed = tries[bits]
    votes = passed.sum(axis=0) if bits.any() else tries.sum(axis=0) * 0 + rng.choice([-1, 1], KNOBS)
    learnt = np.where(votes == 0, 1.0, np.sign(votes))
    last = [learnt, *(passed[:: max(1, len(passed) // 2)][: OPENINGS - 1])]
    false = [world.truth(k) > LIMIT for k in last]
    on_development = [world.passes("development", k) for k in last]
    confirmed = [world.passes("confirmation", k) for k in last]
    return {
        "bits": int(bits.sum()),
        "first try": bool(bits[0] and world.truth(tries[0]) > LIMIT),
        "development": any(f and d for f, d in zip(false, on_development, strict=True))
        or any(world.truth(k) > LIMIT for k in passed),
        "one opening": bool(false[0] and confirmed[0]),
        "confirmation": any(f and c for f, c in zip(false, confirmed, strict=True)),
    }


def main() -> None:
    """Run all retriers and print the rates of false approval with exact intervals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="40 retriers")
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    n = 40 if wanted.quick else 400
    results: dict[str, dict[str, object]] = {}
    for leak in (0.552, 0.56, 0.58):
        runs = [retrier(leak, seed) for seed in range(n)]
        bits = np.mean([r["bits"] for r in runs])
        print(f"true AUC {leak} on average, {n} retriers, {bits:.1f} of {TRIES} tries pass")
        results[str(leak)] = {"tries that pass": float(bits)}
        for name in ("first try", "development", "one opening", "confirmation"):
            found = clopper_pearson(sum(bool(r[name]) for r in runs), n)
            results[str(leak)][name] = [round(x, 4) for x in found]
            print(f"  approved falsely, {name:14s} {found[0]:.3f} [{found[1]:.3f}, {found[2]:.3f}]")
    if not wanted.quick:
        wanted.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
