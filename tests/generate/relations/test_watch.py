"""Watch: what is not looked for again is what would be found again."""

import numpy as np
import pytest
from tests.generate.test_tree_chain import table

from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.generate.coding.encoding import encode
from assaymark.generate.relations.anchor_near import Nearness
from assaymark.generate.relations.anchor_sample import Sample
from assaymark.generate.relations.anchors import numbers_of
from assaymark.generate.relations.product_solve import Logs


def columns(n, seed):
    """Two factors, sums and products of columns, one with many zeros, one that often is another."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(2, n))
    found = [50 + 8 * rng.normal(size=2) @ factors + rng.normal(size=n) for _ in range(5)]
    found.append(found[0] - found[1] + rng.normal(0, 0.1, n))
    found.append(found[2] * found[3] / 50 * np.exp(rng.normal(0, 0.02, n)))
    found.append(np.where(rng.random(n) < 0.6, 0.0, found[4] + rng.normal(0, 0.2, n)))
    found.append(np.where(rng.random(n) < 0.3, found[5], 40 + 9 * rng.normal(size=n)))
    values = {f"c{j}": np.round(v, 2) for j, v in enumerate(found)}
    gone = rng.random(n) < 0.1
    return {
        name: (
            Kind.DECIMAL,
            [None if g and name == "c3" else x for g, x in zip(gone, v.tolist(), strict=True)],
        )
        for name, v in values.items()
    }


@pytest.mark.parametrize("n", [60, 900])
@pytest.mark.parametrize("seed", range(3))
def test_answers_are_those_of_a_search_that_forgets(n, seed):
    data = table(**columns(n, seed))
    encoded = encode(data, 10, Streams.from_seed(1))
    sample = Sample.of(numbers_of(data), encoded, 10)
    logs = Logs.of(sample.numbers).plain()
    watching = Nearness.of(sample, logs)
    order = np.random.default_rng(seed).permutation(len(sample.numbers)).tolist()
    for placed in range(1, len(order)):
        earlier, waiting = order[:placed], order[placed:]
        afresh = Nearness.of(sample, logs)
        found = watching.all_near(waiting, earlier)
        assert found == {x: afresh.near(x, earlier) for x in waiting}
    moved = [*order[3:], *order[:3]]  # a total was put last instead
    afresh = Nearness.of(sample, logs)
    found = watching.all_near(moved[4:], moved[:4])
    assert found == {x: afresh.near(x, moved[:4]) for x in moved[4:]}
