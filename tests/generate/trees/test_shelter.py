"""Shelter: who stands alone counts for less, each column stays as it was, and rows show it."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.generate import generators
from assaymark.generate.coding.encoding import encode
from assaymark.generate.trees.forest import Growth, linked
from assaymark.generate.trees.known import known_of, target_of
from assaymark.generate.trees.shelter import isolation, sheltered

RNG = np.random.default_rng


def encoded_of(columns, persons=None, protect=1):
    kinds = {True: Kind.CATEGORY, False: Kind.DECIMAL}
    frame = pl.DataFrame(columns)
    schema = Schema(
        columns=tuple(
            Column(name=n, kind=kinds[frame[n].dtype == pl.String]) for n in frame.columns
        )
    )
    data = Dataset(schema=schema, frame=frame, persons=persons)
    return encode(data, protect, Streams.from_seed(3))


def crowd(rng, n=400):
    """Four kinds of people, alike in six columns but for one in ten of each."""
    kind = rng.integers(0, 4, n)
    other = rng.random((6, n)) < 0.1
    codes = np.where(other, rng.integers(0, 4, (6, n)), kind)
    return {f"c{j}": [f"v{x}" for x in row] for j, row in enumerate(codes)}


def test_distances_are_those_of_brute_force():
    rng, n = RNG(0), 60
    kind, x = rng.choice(["a", "b", "c"], n), rng.normal(size=n).round(2)
    persons = rng.integers(0, 25, n)
    found = isolation(encoded_of({"kind": kind, "x": x}, persons), RNG(1))
    weight = 1 / np.bincount(persons)[persons]
    order = np.argsort(x, kind="stable")
    total = np.cumsum(weight[order])
    mass = np.array([weight[x == v].sum() for v in x])
    below = np.array([weight[x < v].sum() for v in x])
    low, middle, high = x[order[np.searchsorted(total, np.array([0.25, 0.5, 0.75]) * total[-1])]]
    score = (x - middle) / ((high - low) / 1.349)
    beyond = np.sign(score) * np.maximum(np.abs(score) - 1, 0)
    line = 255 * (below + mass / 2) / total[-1] + 64 * beyond
    shown = {  # one row speaks for each person as a neighbour
        p: i for i in RNG(1).permutation(n)[::-1] for p in [persons[i]]
    }
    for i in range(n):
        away = sorted(
            np.hypot(line[i] - line[j], 255 * (kind[i] != kind[j]))
            for p, j in shown.items()
            if p != persons[i]
        )
        # cells hold more than one value where they are many: within a cell's width and rounding
        assert found[i] == pytest.approx(np.mean(away[:5]), abs=12), i


def test_who_stands_alone_counts_for_less_and_columns_stay():
    rng = RNG(1)
    columns = crowd(rng)
    for j in range(6):
        columns[f"c{j}"][0] = "v0" if j < 3 else "v3"
    table = encoded_of(columns)
    found = sheltered(table, 0.1, RNG(2))
    assert found.weights[0] < 0.2
    assert np.median(found.weights) == pytest.approx(1, abs=0.1)
    assert found.weights.sum() == pytest.approx(table.weights.sum())
    assert found.weights.max() <= 2.6
    assert (found.due <= table.due).all()
    for j in range(6):
        assert found.mass(j) == pytest.approx(table.mass(j), rel=0.02)


def test_own_rows_are_no_company():
    rng = RNG(2)
    columns = crowd(rng)
    persons = np.arange(400)
    persons[:8] = 0  # the same person eight times, unlike anybody
    for j in range(6):
        columns[f"c{j}"][:8] = 8 * ["v0" if j < 3 else "v3"]
    found = sheltered(encoded_of(columns, persons), 0.1, RNG(3))
    assert found.weights[:8].sum() < 0.3


@pytest.mark.parametrize("n", [1, 5, 6, 40])
def test_few_people_are_no_error(n):
    table = encoded_of({k: v[:n] for k, v in crowd(RNG(4)).items()})
    found = sheltered(table, 0.5, RNG(5))
    assert np.isfinite(found.weights).all()
    assert found.weights.sum() == pytest.approx(n)


def test_nobody_is_alone_in_a_crowd_of_equals():
    empty = pl.Series("c", 100 * [None], dtype=pl.Float64)
    table = encoded_of({"a": 50 * ["x", "y"], "b": 100 * [1.0], "c": empty})
    assert (sheltered(table, 0.1, RNG(6)).weights == 1).all()
    assert sheltered(table, 0.0, RNG(6)) is table


def test_rows_hardly_show_who_stood_alone():
    """Somebody whose halves are of two kinds: how often rows like it come, with and without.

    Without slopes, in which everybody counts alike.
    """
    rng, near = RNG(7), {0.0: [], 0.1: []}
    target = np.array(["v0"] * 3 + ["v3"] * 3)
    schema = Schema(columns=tuple(Column(name=f"c{j}", kind=Kind.CATEGORY) for j in range(6)))
    for seed in range(4):
        frame = pl.DataFrame(crowd(rng))
        alone = pl.DataFrame({f"c{j}": [v] for j, v in enumerate(target)})
        for share, found in near.items():
            rates = []
            for rows in (pl.concat([frame[1:], alone]), frame):
                source = PrivateSource(
                    _rows=Dataset(schema=schema, frame=rows), record=lambda *_: None
                )
                made = generators.build("tree_chain", {"shelter": share, "slopes": False})
                made = made.fit(source, Streams.from_seed(seed))
                cells = made.sample(range(30_000), Streams.from_seed(seed + 50)).frame.to_numpy()
                rates.append(((cells == target).sum(axis=1) >= 5).mean())
            found.append(np.log(rates[0] / rates[1]))
    told, hidden = np.mean(near[0.0]), np.mean(near[0.1])
    assert told > 0.1
    assert hidden < told / 2


def test_people_decide_branches_as_often_as_is_due_and_in_whole():
    rng, n = RNG(8), 3000
    kind = rng.integers(0, 2, n)
    odd = np.arange(n) < 900  # in whom alone b follows from a
    b = np.where(odd, kind, rng.integers(0, 2, n))
    table = encoded_of({"a": [f"v{x}" for x in kind], "b": [f"w{x}" for x in b]})
    how = Growth(k=20, trees=10, honest=True, penalty=6.0, shrink=5.0, effects=False, slopes=False)

    def splits(due):
        encoded = replace(table, due=due)
        coding = encoded.encoding.codings[0]
        known = [known_of(coding, encoded.mass(0), encoded.codes[0], row=0)]
        made = np.zeros((2, 10), np.int32)
        link = linked(
            encoded,
            target_of(encoded, 1, 64),
            known,
            lambda: made,
            how=how,
            streams=Streams.from_seed(1),
        )
        return int((link.nodes[0] >= 0).sum())

    assert splits(np.ones(n)) >= 10  # every tree sees that b goes with a
    assert splits(np.where(odd, 0.0, 1.0)) == 0
