"""What audits prove against the mechanisms of differential privacy, clean and broken on purpose.

    python bench/dp_audit.py [--quick] [--seeds N] [--fresh]

Two worlds: each mechanism is asked many times in a world without and in one with somebody, and an
attacker who knows the mechanism tells which is which. From exact intervals (Clopper and Pearson,
wrong once in 10,000) of how often he is right and wrong follows a lower bound on the privacy loss;
its ratio to what is claimed is printed, the least and the largest over seeds. Above 1 the claim is
refuted. Counts are judged by Gaussian differential privacy (mu = sqrt(2 rho)), choices by pure
epsilon (sqrt(8 rho)), categories found by delta. Broken: noise halved, all rows of a person
counted, sensitivity of choices halved, no threshold, one seed.

Then canaries in whole fits (2,000 rows, 6 columns, 500 canaries, guesses from 50,000 rows of the
model): the bound of one run of Steinke, Nasr & Jagielski (2023) beside the claim, for clean fits,
for fits with a thousandth of the noise, and for rows that are given out as they are.
Then two worlds of whole fits of both generators: 200 persons who are alike, and one more who is
like none of them; 250 fits a world, half of them to learn the attack, half to judge it (intervals
at 5 % here); clean, and with a thousandth of the noise.
Results go to bench/results/dp_audit.json, which lets an interrupted run go on.
"""

import argparse
import json
import math
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from scipy import stats

from assaymark.core.audit import lower_bound
from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.generate import generators
from assaymark.generate.dp.account import Account
from assaymark.generate.dp.canaries import Canaries, Domain, guesses_of
from assaymark.generate.dp.discrete_gaussian import Noise
from assaymark.generate.dp.exponential import choose
from assaymark.generate.dp.vault import Vault
from assaymark.generate.dp_marginals import DpMarginals

RESULTS = Path(__file__).parent / "results" / "dp_audit.json"
WRONG = 1e-4
RHO = 1 / 32
CELLS = 20_000
BOUNDS = {"age": (0, 120), "cost": (0, 1000, 0.5)}
LEVELS = {"ward": tuple("abcdefgh"), "sex": ("f", "m"), "code": tuple(f"c{i}" for i in range(40))}
DOMAIN = Domain(bounds=BOUNDS, categories=LEVELS)
KINDS = {
    "age": Kind.INTEGER,
    "cost": Kind.DECIMAL,
    "ward": Kind.CATEGORY,
    "sex": Kind.CATEGORY,
    "code": Kind.CATEGORY,
    "ill": Kind.BOOLEAN,
}


class Seeded(Noise):
    """The same noise in both worlds."""

    def __init__(self):
        super().__init__(np.random.default_rng(0).bytes)


class Thin(Noise):
    """A thousandth of the noise."""

    def gaussian(self, n, variance):
        return np.rint(
            np.random.default_rng().normal(0, 1e-3 * (variance[0] / variance[1]) ** 0.5, n)
        ).astype(np.int64)


class Halved(Noise):
    """Half the noise."""

    def gaussian(self, n, variance):
        return super().gaussian(n, (variance[0], 4 * variance[1]))


def ends(hits: int, n: int) -> tuple[float, float]:
    low = stats.beta.ppf(WRONG, hits, n - hits + 1) if hits else 0.0
    high = stats.beta.ppf(1 - WRONG, hits + 1, n - hits) if hits < n else 1.0
    return float(low), float(high)


def numbers(values, persons=None):
    schema = Schema(columns=(Column(name="x", kind=Kind.INTEGER),))
    frame = pl.DataFrame({"x": pl.Series("x", list(values), pl.Int64)})
    return Dataset(schema=schema, frame=frame, persons=persons)


def vault_of(data, noise=None, cap=1):
    source = PrivateSource(_rows=data, record=lambda *_: None)
    found = Vault(source, Account(1e6, 0.5), cap=cap, noise=noise)
    found.keep("x", "x", lambda s: s.to_numpy().astype(np.int32))
    return found


def counts(noise=None, rows=1, cap=1, sure=1) -> float:
    """Return mu proved over mu claimed: every cell has one person, with ``rows`` rows, or none."""
    said = []
    for there in (0, 1):
        values = np.repeat(np.arange(CELLS), rows * there)
        data = numbers(values, np.repeat(np.arange(CELLS), rows * there))
        made = noise() if noise else None
        said.append(vault_of(data, made, cap).count(("x",), (CELLS,), RHO * sure).counts)
    best = 0.0
    for threshold in np.arange(-8, 12):
        wrong, right = (int((w >= threshold).sum()) for w in said)
        tpr, fpr = ends(right, CELLS)[0], ends(wrong, CELLS)[1]
        if 0 < tpr < 1 and 0 < fpr < 1:
            best = max(best, stats.norm.ppf(tpr) - stats.norm.ppf(fpr))
    return float(best / math.sqrt(2 * RHO))


def seeded() -> float:
    """Return what is proved where both worlds have the same noise, which cancels."""
    first = vault_of(numbers([]), Seeded()).count(("x",), (CELLS,), RHO).counts
    with_them = vault_of(numbers(np.arange(CELLS)), Seeded()).count(("x",), (CELLS,), RHO).counts
    again = vault_of(numbers([]), Seeded()).count(("x",), (CELLS,), RHO).counts
    tpr = ends(int((with_them != first).sum()), CELLS)[0]
    fpr = ends(int((again != first).sum()), CELLS)[1]
    return float((stats.norm.ppf(tpr) - stats.norm.ppf(fpr)) / math.sqrt(2 * RHO))


def choices(halved: bool, n: int = 800) -> float:
    """Return epsilon proved over claimed: one person moves two scores by 2 each."""
    rho, noise = 0.5, Noise()
    sensitivity = 1.0 if halved else 2.0
    hits = [
        sum(choose(np.array(scores), sensitivity, rho, noise) == 0 for _ in range(n))
        for scores in ((-4.0, 0.0), (-2.0, -2.0))
    ]
    first = math.log(max(ends(hits[1], n)[0], 1e-9) / ends(hits[0], n)[1])
    other = math.log(max(ends(n - hits[0], n)[0], 1e-9) / ends(n - hits[1], n)[1])
    return max(first, other, 0.0) / math.sqrt(8 * rho)


def found(threshold: bool, n: int = 500) -> float:
    """Return delta proved over delta claimed: a category of one person comes out."""
    delta = 0.02
    schema = Schema(columns=(Column(name="x", kind=Kind.CATEGORY),))
    data = Dataset(schema=schema, frame=pl.DataFrame({"x": ["many"] * 300 + ["one"]}))
    source = PrivateSource(_rows=data, record=lambda *_: None)
    hits = sum(
        "one"
        in Vault(source, Account(9.0, 0.9999)).discover("x", 0.05, delta if threshold else 0.6)
        for _ in range(n)
    )
    return ends(hits, n)[0] / delta


def table(rng, n=2_000):
    age = rng.integers(20, 90, n)
    columns = {
        "age": age,
        "cost": np.round(rng.gamma(2, 60, n) * 2).clip(0, 2000) / 2,
        "ward": rng.choice(list("abcdefgh"), n, p=[0.4, 0.3, 0.1, 0.1, 0.04, 0.03, 0.02, 0.01]),
        "sex": rng.choice(["f", "m"], n),
        "code": rng.choice(list(LEVELS["code"]), n, p=np.arange(40, 0, -1) / 820),
        "ill": rng.random(n) < age / 200,
    }
    schema = Schema(columns=tuple(Column(name=c, kind=k) for c, k in KINDS.items()))
    typed = {c: pl.Series(c, columns[c]).cast(POLARS_TYPES[k]) for c, k in KINDS.items()}
    return Dataset(schema=schema, frame=pl.DataFrame(typed))


def fitted(data, epsilon):
    how = DpMarginals(epsilon=epsilon, delta=1e-5, unit="row", bounds=BOUNDS, categories=LEVELS)
    source = PrivateSource(_rows=data, record=lambda *_: None)
    return how.fit(source, Streams.secret())


def canaries(seed: int, epsilon: float, kind: str) -> float:
    """Return the bound of one run over the claim."""
    data = table(np.random.default_rng(seed))
    made = Canaries.flip(data.schema, DOMAIN, 500)
    rows = made.among(data)
    out = rows
    if kind != "copied":
        before = Noise.gaussian
        if kind == "thin":
            Noise.gaussian = Thin.gaussian
        try:
            out = fitted(rows, epsilon).sample(range(50_000), Streams.secret())
        finally:
            Noise.gaussian = before
    guesses, right = guesses_of(out, made, DOMAIN)
    return lower_bound(500, guesses, right, 1e-5) / epsilon


SMALL = {"a": tuple("wxyz"), "b": tuple("wxyz"), "c": tuple("wxyz")}


def small(somebody: bool) -> Dataset:
    """Return 200 persons who are alike, and perhaps one more who is like none of them."""
    rows = [("w", "w", "w")] * 100 + [("x", "x", "x")] * 100 + [("z", "z", "z")] * somebody
    schema = Schema(columns=tuple(Column(name=n, kind=Kind.CATEGORY) for n in SMALL))
    return Dataset(schema=schema, frame=pl.DataFrame(rows, schema=list(SMALL), orient="row"))


def worlds(seed: int, name: str, epsilon: float, kind: str, fits: int = 250) -> float:
    """Return epsilon proved over claimed by whole fits without and with one person.

    The attacker looks at 20,000 rows of each model for what only that person has: the logarithm of
    the share that has it in all columns, and in each by itself. The first half of the fits teaches
    the weights and the threshold, the second is judged.
    """
    how = generators.build(
        name, {"epsilon": epsilon, "delta": 1e-5, "unit": "row", "categories": SMALL}
    )
    before = Noise.gaussian
    if kind == "thin":
        Noise.gaussian = Thin.gaussian
    try:
        seen = np.array(
            [
                [_strange_rows(how, small(there), seed) for _ in range(fits)]
                for there in (False, True)
            ]
        )
    finally:
        Noise.gaussian = before
    half = fits // 2
    first, last = seen[:, :half], seen[:, half:]
    spread = first.reshape(-1, first.shape[-1]).std(axis=0) + 1e-9
    weights = (first[1].mean(axis=0) - first[0].mean(axis=0)) / spread**2
    taught, judged = first @ weights, last @ weights
    cuts = np.unique(taught)
    gain = [_proved(taught, c, 1e-5) for c in cuts]
    return max(0.0, _proved(judged, cuts[int(np.argmax(gain))], 1e-5)) / epsilon


def _strange_rows(how, data: Dataset, seed: int) -> list[float]:
    source = PrivateSource(_rows=data, record=lambda *_: None)
    made = how.fit(source, Streams.secret()).sample(range(20_000), Streams.from_seed(seed)).frame
    alone = [(made[n].fill_null("") == "z").to_numpy() for n in SMALL]
    return [math.log(x.mean() + 1e-5) for x in (np.logical_and.reduce(alone), *alone)]


def _proved(scores, cut: float, delta: float) -> float:
    """Return the larger of both bounds that follow from errors at a threshold, wrong at 5 %."""
    n = scores.shape[1]
    out, inside = (int((w >= cut).sum()) for w in scores)

    def end(hits: int, upper: bool) -> float:
        if upper:
            return float(stats.beta.ppf(0.975, hits + 1, n - hits)) if hits < n else 1.0
        return float(stats.beta.ppf(0.025, hits, n - hits + 1)) if hits else 0.0

    sides = ((inside, out), (n - out, n - inside))
    return max(
        math.log(max(end(a, False) - delta, 1e-9) / max(end(b, True), 1e-9)) for a, b in sides
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="three seeds")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    args = parser.parse_args()
    seeds = 3 if args.quick else args.seeds
    done = {} if args.fresh or not RESULTS.exists() else json.loads(RESULTS.read_text())
    few = max(3, seeds // 10)
    asked = {
        "counts, clean": (seeds, lambda _: counts()),
        "counts, clean, 3 rows a person, cap 1": (seeds, lambda _: counts(rows=3)),
        "counts, noise halved": (few, lambda _: counts(Halved)),
        "counts, all rows of a person": (few, lambda _: counts(rows=3, cap=3, sure=9)),
        "counts, one seed": (few, lambda _: seeded()),
        "categories found, clean": (seeds, lambda _: found(True)),
        "categories found, no threshold": (few, lambda _: found(False)),
        "canaries, clean, epsilon 1": (seeds, lambda s: canaries(s, 1.0, "clean")),
        "canaries, rows given out, epsilon 1": (few, lambda s: canaries(s, 1.0, "copied")),
        "choices, clean": (2 * few, lambda _: choices(False)),
        "choices, sensitivity halved": (few, lambda _: choices(True)),
        "canaries, no noise, epsilon 1": (few, lambda s: canaries(s, 1.0, "thin")),
        **{
            f"whole fits of {g}, {kind}, epsilon {e:g}": (
                3 if kind == "clean" else 1,
                partial(worlds, name=g, epsilon=e, kind=kind),
            )
            for g in ("dp_marginals", "dp_adaptive")
            for e, kind in ((1.0, "clean"), (1.0, "thin"), (4.0, "clean"))
        },
        "canaries, clean, epsilon 8": (seeds, lambda s: canaries(s, 8.0, "clean")),
    }
    for name, (n, measure) in asked.items():
        ratios = done.get(name, [])
        for seed in range(len(ratios), n):
            ratios.append(round(measure(seed), 4))
            done[name] = ratios
            if not args.quick:
                RESULTS.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
        shown = np.array(ratios[:n])
        print(
            f"{name:40} {n:3} seeds: proved / claimed {shown.min():.2f} to {shown.max():.2f}, "
            f"mean {shown.mean():.2f}; refuted in {int((shown > 1).sum())}",
            flush=True,
        )


if __name__ == "__main__":
    main()
