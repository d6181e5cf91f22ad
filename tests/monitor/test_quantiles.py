import numpy as np

from assaymark.monitor.quantiles import QUANTILES, quantiles


def test_quantiles_are_those_of_numpy_to_the_last_digit():
    rng = np.random.default_rng(1)
    for n in range(1, 60):
        known = rng.normal(size=n) * 10.0 ** rng.integers(-3, 7)
        expected = tuple(f"{q!r}" for q in np.quantile(known, QUANTILES).tolist())
        assert quantiles(np.append(known, np.nan)) == expected
    assert quantiles(np.array([np.nan])) == ()
