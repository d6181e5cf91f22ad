"""Whole private fits in two worlds, told apart by an attacker who sees every noisy count.

    python bench/dp_transcript.py [--quick] [--seeds N] [--fits N] [--fresh]

The strongest attacker that the proof speaks of: he knows every row but one person's, knows that
person's values, and reads all noisy counts that a fit buys on its way, not the released rows alone.
For each count he knows what it would be with and without the person; the logarithm of the ratio
of both likelihoods, added up over the fit, is the best he can do with them. A third of the fits of
each world teaches the threshold, the others are judged: the lower bound is the largest rho
(of a grid, steps of a fifth) with which the rates of right and false alarms, at the ends of exact
intervals (Clopper and Pearson, wrong once in 20), could not be; printed is the epsilon that belongs
to it over the epsilon claimed. Above 1 the claim is refuted, which a clean
mechanism may be once in 20.

Tables: 200 persons who are alike and one more who is like none of them; values declared, and
bought (bounds by noisy powers of two: what is claimed then includes them). Broken: half of the
noise; all rows of a person counted (he has ten) at a cap of one. Results go to
bench/results/dp_transcript.json, which lets an interrupted run go on.
"""

import argparse
import json
import math
import time
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from scipy import stats

from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.core.zcdp import delta_of, epsilon_of
from assaymark.generate import generators
from assaymark.generate.dp import ground
from assaymark.generate.dp.discrete_gaussian import Noise
from assaymark.generate.dp.vault import Vault

RESULTS = Path(__file__).parent / "results" / "dp_transcript.json"
DELTA = 1e-5
KINDS = {"a": Kind.CATEGORY, "b": Kind.BOOLEAN, "x": Kind.INTEGER, "y": Kind.INTEGER}
PERSON = {"a": "z", "b": True, "x": 900, "y": -70}
DECLARED = {
    "bounds": {"x": (0, 1000), "y": (-100, 100)},
    "categories": {"a": ("u", "v", "z")},
}


class Halved(Noise):
    """Half the noise."""

    def gaussian(self, n, variance):
        return super().gaussian(n, (variance[0], 4 * variance[1]))


class Watched(Vault):
    """A vault that tells an attacker what each count says of one person."""

    seen = 0.0
    rows = 1
    halved = False

    def __init__(self, source, account, *, cap=1, noise=None):
        noise = Halved() if Watched.halved else noise
        many = cap if Watched.rows == 1 else 1000
        super().__init__(source, account, cap=many, noise=noise)
        self.cap = cap
        Watched.seen = 0.0
        Watched.codes = {}

    def keep(self, name, column, code):
        super().keep(name, column, code)
        values = pl.Series(column, [PERSON[column]]).cast(POLARS_TYPES[KINDS[column]])
        Watched.codes[name] = int(code(values)[0])

    def merge(self, name, of, classes):
        super().merge(name, of, classes)
        at = Watched.codes[of]
        Watched.codes[name] = -1 if at < 0 else int(classes[at])

    def count(self, names, shape, rho):
        found = super().count(names, shape, rho)
        at = tuple(Watched.codes[n] for n in names)
        if min(at, default=0) >= 0:
            exact = self._Vault__table(names, shape)[at]
            without = exact - (Watched.rows if Watched.there else 0)
            m, variance = Watched.rows, found.sigma**2
            Watched.seen += m * (2 * (found.counts[at] - without) - m) / (2 * variance)
        return found


def table(there: bool) -> Dataset:
    """Return 200 persons who are alike, and perhaps one more, with as many rows as he has."""
    half = {"a": "u", "b": False, "x": 10, "y": 5}, {"a": "v", "b": True, "x": 20, "y": 6}
    rows = [half[i % 2] for i in range(200)] + [PERSON] * (Watched.rows * there)
    persons = np.array([*range(200), *([200] * (Watched.rows * there))])
    schema = Schema(columns=tuple(Column(name=n, kind=k) for n, k in KINDS.items()))
    typed = {n: pl.Series(n, [r[n] for r in rows], POLARS_TYPES[k]) for n, k in KINDS.items()}
    return Dataset(schema=schema, frame=pl.DataFrame(typed), persons=persons)


def transcripts(how, there: bool, fits: int) -> list[float]:
    """Return what the attacker adds up in each of ``fits`` fits of one world."""
    Watched.there, data, seen = there, table(there), []
    for _ in range(fits):
        how.fit(PrivateSource(_rows=data, record=lambda *_: None), Streams.secret())
        seen.append(Watched.seen)
    return seen


def proved_rho(right: tuple[int, int], wrong: tuple[int, int]) -> float:
    """Return the largest rho, of a grid, with which these alarms could not be; nought if none."""

    def end(hits, n, upper):
        if upper:
            return float(stats.beta.ppf(0.975, hits + 1, n - hits)) if hits < n else 1.0
        return float(stats.beta.ppf(0.025, hits, n - hits + 1)) if hits else 0.0

    pairs = [
        (end(*right, False), end(*wrong, True)),
        (end(wrong[1] - wrong[0], wrong[1], False), end(right[1] - right[0], right[1], True)),
    ]

    best = 0.0
    for rho, epsilons, deltas in curves():
        if any((t > np.exp(epsilons) * f + deltas).any() for t, f in pairs):
            best = rho
    return best


@cache
def curves() -> list[tuple[float, np.ndarray, np.ndarray]]:
    """Return what each rho allows: delta by epsilon."""
    out = []
    for rho in np.geomspace(1e-4, 60, 70).tolist():
        epsilons = np.linspace(0, rho + 6 * math.sqrt(rho), 25)
        out.append((rho, epsilons, np.array([delta_of(rho, e) for e in epsilons])))
    return out


def audited(name: str, epsilon: float, domain: str, kind: str, fits: int) -> dict:
    """Return epsilon proved over claimed, and the seconds it took."""
    Watched.halved = kind == "noise halved"
    Watched.rows = 10 if kind == "all rows of a person" else 1
    given = {"epsilon": epsilon, "delta": DELTA, "unit": "person"}
    given |= DECLARED if domain == "declared" else {"categories": DECLARED["categories"]}
    how = generators.build(name, given)
    before, ground.Vault = ground.Vault, Watched
    begun = time.process_time()
    try:
        worlds = [np.array(transcripts(how, there, fits)) for there in (False, True)]
    finally:
        ground.Vault = before
    learnt = fits // 3
    cuts = np.quantile(np.concatenate([w[:learnt] for w in worlds]), np.arange(0.05, 1, 0.05))

    def at(cut, part):
        out, inside = (int((w[part] >= cut).sum()) for w in worlds)
        n = len(worlds[0][part])
        return proved_rho((inside, n), (out, n))

    best = max(cuts, key=lambda cut: at(cut, slice(0, learnt)))
    rho = at(best, slice(learnt, None))
    proved = epsilon_of(rho, DELTA) if rho else 0.0
    return {"ratio": proved / epsilon, "cpu_s": time.process_time() - begun}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--fits", type=int, default=150, help="fits of each world")
    parser.add_argument("--quick", action="store_true", help="two seeds, 90 fits of each world")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    args = parser.parse_args()
    seeds, fits = (2, 90) if args.quick else (args.seeds, args.fits)
    done = {} if args.fresh or not RESULTS.exists() else json.loads(RESULTS.read_text())
    few = max(2, seeds // 4)
    for name in ("dp_marginals", "dp_adaptive"):
        for domain, kind, epsilon, n in (
            ("declared", "clean", 1.0, seeds),
            ("declared", "clean", 8.0, seeds),
            ("bought", "clean", 8.0, seeds),
            ("declared", "noise halved", 1.0, few),
            ("declared", "noise halved", 8.0, few),
            ("bought", "noise halved", 8.0, few),
            ("declared", "all rows of a person", 1.0, few),
        ):
            found = []
            for seed in range(n):
                key = f"{name} {domain} {kind} {epsilon:g} {fits} {seed}"
                if key not in done:
                    done[key] = audited(name, epsilon, domain, kind, fits)
                    if not args.quick:
                        RESULTS.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
                found.append(done[key]["ratio"])
            said = f"{name}, {domain}, {kind}, epsilon {epsilon:g}"
            print(
                f"{said:62} {n:3} seeds: proved / claimed {min(found):.2f} to {max(found):.2f}, "
                f"mean {np.mean(found):.2f}; refuted in {sum(r > 1 for r in found)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
