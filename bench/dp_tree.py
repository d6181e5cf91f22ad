"""A private sibling of tree_chain, beside both private generators, on Adult.

    python bench/dp_tree.py --data FOLDER [--seeds N] [--epsilon E ...]

Each column is drawn from a tree of those before it. Trees grow level by level: in every leaf the
exponential mechanism chooses the column and the place to split at (an ordered column below or above
a class; one category or the others) whose two sides differ most in the column to be drawn, in L1.
A person is in one leaf of a level, so that a level costs as much as one choice, and all leaves'
noisy counts as much as one table. Leaves are made better as the adaptive generator's tables are.
Depth follows from the budget: the deepest of 1 to 6 whose leaves' noise is below a quarter of the
rows. Single columns are bought as by the others. Results go to bench/results/dp.json.
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import polars as pl
from dp import RESULTS, tables, trained
from dp_tables import Table, adult

from assaymark.core.dataset import Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.streams import Streams
from assaymark.evaluate.yardstick import closeness, teller
from assaymark.generate.dp import ground as dp_ground
from assaymark.generate.dp.denoise import beyond_noise
from assaymark.generate.dp.discrete_gaussian import Noise
from assaymark.generate.dp.exponential import choose
from assaymark.generate.dp.ground import Terms
from assaymark.generate.dp.vault import Vault

SHARE = 0.3  # of a column's rho for choosing splits
SENSITIVITY = 3.0  # of a split's score: one row moves its own cell, its side and its class


class TreeVault(Vault):
    """A vault that knows at which leaf each row is, and can split leaves."""

    def plant(self):
        """Put all rows into one leaf."""
        self.leaf = np.zeros(len(next(iter(self._Vault__codes.values()))), dtype=np.int64)
        self.leaves = 1

    def split(self, own, size, asked, rho):
        """Split every leaf in two, privately; return the column and the classes that go left."""
        self._Vault__pay(f"splits of {own}", "exponential", rho)
        codes, mine = self._Vault__codes, self._Vault__codes[own]
        scores, splits = [], []
        for name, (classes, ordered) in asked.items():
            there = (mine >= 0) & (codes[name] >= 0)
            at = ((self.leaf * classes + codes[name]) * size + mine)[there]
            counts = np.bincount(at, minlength=self.leaves * classes * size)
            counts = counts.reshape(self.leaves, classes, size)
            left = np.cumsum(counts, axis=1)[:, :-1] if ordered else counts
            whole = counts.sum(axis=1, keepdims=True)
            part = left.sum(axis=2, keepdims=True) / np.maximum(whole.sum(axis=2, keepdims=True), 1)
            scores.append(np.abs(left - whole * part).sum(axis=2))
            sides = np.tri(classes, dtype=bool)[:-1] if ordered else np.eye(classes, dtype=bool)
            splits += [(name, side) for side in sides]
        score = np.concatenate(scores, axis=1)
        noise = Noise()
        chosen = [splits[choose(s, SENSITIVITY * self.cap, rho, noise)] for s in score]
        goes = np.zeros(len(self.leaf), dtype=np.int64)
        for leaf, (name, side) in enumerate(chosen):
            here = self.leaf == leaf
            goes[here] = ~side[np.maximum(codes[name][here], 0)]
        self.leaf, self.leaves = self.leaf * 2 + goes, self.leaves * 2
        return chosen

    def leaf_counts(self, own, size, rho):
        """Return noisy counts of the column's classes at each leaf."""
        self._Vault__codes["(leaf)"] = self.leaf.astype(np.int32)
        return self.count(("(leaf)", own), (self.leaves, size), rho)


def fitted(table: Table, epsilon: float):
    """Return the ground, and each column's levels of splits with its shares by leaf."""
    source = PrivateSource(_rows=table.train, record=lambda *_: None)
    terms = Terms(
        epsilon=epsilon,
        delta=1e-5,
        unit=table.unit,
        cap=1,
        bounds=table.bounds,
        categories={c: tuple(v) for c, v in table.categories.items()},
    )
    dp_ground.Vault = TreeVault
    ground = terms.ground(source)
    vault, names = ground.vault, list(ground.shares)
    names.insert(0, names.pop(names.index(table.target)))
    ordered = {c.name: c.kind.ordered for c in table.train.schema.columns}
    each = ground.left / (len(names) - 1)
    out = [(names[0], [], ground.shares[names[0]][None, :])]
    for i, own in enumerate(names[1:], start=1):
        share = ground.shares[own]
        sigma = 1 / math.sqrt(2 * each * (1 - SHARE))
        deep = math.log2(max(ground.rows / 4 / (len(share) * sigma * 0.8), 2))
        depth = int(min(max(deep, 1), 6))
        asked = {n: (len(ground.shares[n]), ordered[n]) for n in names[:i]}
        asked = {n: a for n, a in asked.items() if a[0] > 1}
        vault.plant()
        levels = [vault.split(own, len(share), asked, each * SHARE / depth) for _ in range(depth)]
        counted = vault.leaf_counts(own, len(share), each * (1 - SHARE))
        held = np.maximum(counted.counts.sum(axis=1, keepdims=True), 1.0)
        expected = held * share
        found = expected + beyond_noise(counted.counts - expected, counted.sigma)
        found = np.maximum(found, 0.02 * expected) + 1e-9
        out.append((own, levels, found / found.sum(axis=1, keepdims=True)))
    terms.guarantee(vault, ground.rho).check()
    return ground, out


def drawn(ground, out, n: int, rng) -> Dataset:
    """Return rows drawn column after column."""
    schema = ground.vault.schema
    classes: dict = {}
    series = {}
    codings = dict(zip(schema.names, ground.learnt, strict=True))
    for own, levels, shares in out:
        leaf = np.zeros(n, dtype=np.int64)
        for level in levels:
            goes = np.zeros(n, dtype=np.int64)
            for i, (name, side) in enumerate(level):
                here = leaf == i
                goes[here] = ~side[classes[name][here]]
            leaf = leaf * 2 + goes
        ends = np.cumsum(shares, axis=1)
        ends = (ends / ends[:, -1:] + np.arange(len(shares))[:, None]).ravel()
        size = shares.shape[1]
        at = np.searchsorted(ends, leaf + rng.random(n), "right") - leaf * size
        classes[own] = np.clip(at, 0, size - 1)
        cut, mass = ground.cuts[own], np.maximum(ground.mass[own], 1e-9)
        code = np.zeros(n, dtype=np.int32)
        for k in range(size):
            here = np.flatnonzero(classes[own] == k)
            inside = np.flatnonzero(cut == k)
            chance = mass[inside] / mass[inside].sum()
            code[here] = rng.choice(inside, len(here), p=chance)
        series[own] = codings[own].coding.decode(code, rng.random(n))
    return Dataset(schema=schema, frame=pl.DataFrame({c: series[c] for c in schema.names}))


def measured(table: Table, epsilon: float, seed: int) -> dict:
    begun = time.process_time()
    ground, out = fitted(table, epsilon)
    spent = time.process_time() - begun
    made = drawn(ground, out, table.train.n, np.random.default_rng(seed))
    told = closeness(made, table.holdout, Streams.from_seed(seed), most=10_000)
    return {
        "auc": 0.5 + (1 - told) / 2,
        "tstr": trained(made, table),
        "tables": tables(made, table.train),
        "fit_s": spent,
        "leaves": max(len(s) for _, _, s in out),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--epsilon", nargs="+", type=float, default=[0.1, 1.0, 3.0, 10.0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    table = adult(args.data)
    for epsilon in args.epsilon:
        for seed in range(args.seeds):
            done = json.loads(args.out.read_text()) if args.out.exists() else {}
            key = f"tree adult {teller()} declared {epsilon} {seed}"
            if key not in done:
                done[key] = measured(table, epsilon, seed)
                args.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
            print(epsilon, seed, {k: round(v, 3) for k, v in done[key].items()}, flush=True)


if __name__ == "__main__":
    main()
