import numpy as np
import pytest

from assaymark.generate.relations.ranks import correlation, correlations, ranked, summed


@pytest.mark.parametrize("n", [0, 1, 7, 8, 129, 1000, 5999])
def test_sums_are_those_of_numpy_to_the_bit(n):
    values = np.random.default_rng(n).normal(size=n)
    assert summed(values) == values.sum()


def test_correlations_with_many_columns_are_those_with_each():
    rng = np.random.default_rng(1)
    columns = np.stack([ranked(rng.normal(size=777)) for _ in range(5)])
    out = np.empty(3)
    correlations(columns[0], columns, np.array([4, 0, 2]), out)
    assert out.tolist() == [correlation(columns[0], columns[j]) for j in (4, 0, 2)]
