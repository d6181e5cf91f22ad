import numpy as np

from assaymark.core.streams import Streams
from assaymark.evaluate.fidelity.two_way import TwoWay

STREAMS = Streams.from_seed(0)


def shuffled(data, seed=0):
    rng = np.random.default_rng(seed)
    frame = data.frame.select([data.frame[n][rng.permutation(data.n)] for n in data.schema.names])
    return type(data)(schema=data.schema, frame=frame)


def test_lost_relation_is_seen_and_equals_the_baseline(table, make_case):
    """x = y always; shuffled, three in four cells are wrong: distance 3/4 for four values."""

    def rows(seed):
        x = np.random.default_rng(seed).integers(0, 4, 4000)
        return table({"x": x, "y": x}, x="integer", y="integer")

    case = make_case(rows(1), rows(2), shuffled(rows(3)))
    pair, mean = TwoWay().measure(case, STREAMS)
    assert pair.subject == "pair:x,y"
    for m in (pair, mean):
        assert abs(m.value - 0.75) < 0.02
        assert abs(m.baseline - 0.75) < 0.02
        assert m.floor < 0.02
        assert m.low > 0.7


def test_same_population_is_far_better_than_the_baseline(population, make_case):
    case = make_case(population(3000, 1), population(3000, 2), population(3000, 3))
    *pairs, mean = TwoWay().measure(case, STREAMS)
    assert len(pairs) == 7 * 6 // 2
    assert mean.low == 0.0
    assert mean.high < 0.05
    assert mean.baseline > mean.value


def test_wide_tables_are_sampled(population, make_case):
    case = make_case(population(300, 1), population(300, 2), population(300, 3))
    found = list(TwoWay(most_pairs=5).measure(case, STREAMS))
    assert len(found) == 6
    assert found[-1].details["pairs"] == 5


def test_too_few_rows_for_any_cell_is_a_reason(population, make_case):
    few = population(3)
    found = list(TwoWay().measure(make_case(few, few, few), STREAMS))
    assert all(m.value is None for m in found)
    assert "5 expected rows" in found[-1].reason
