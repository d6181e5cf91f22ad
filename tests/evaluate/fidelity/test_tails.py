import numpy as np
import pytest
from scipy.stats import binomtest

from assaymark.core.streams import Streams
from assaymark.evaluate.fidelity.tails import Tails
from assaymark.evaluate.statistics import clopper_pearson

STREAMS = Streams.from_seed(0)
UP, DOWN = "column:x,tail:upper", "column:x,tail:lower"


def by_subject(case):
    return {m.subject: m for m in Tails().measure(case, STREAMS)}


@pytest.fixture
def numbers(table):
    """Make a table of one column of whole numbers."""
    return lambda values: table({"x": [int(x) for x in values]}, x="integer")


def test_half_of_the_outermost_is_missing(numbers, make_case):
    """Of 10,000 real rows 50 lie above 9,949, of 10,000 synthetic ones 25."""
    real, thinned = np.arange(10_000), np.arange(10_000)
    thinned[-25:] = 5_000
    case = make_case(numbers(real[:6_000]), numbers(real[6_000:]), numbers(thinned))
    found = by_subject(case)[UP]
    assert found.value == -0.5
    share = binomtest(25, 75).proportion_ci(method="exact")
    assert found.low == pytest.approx(share.low / (1 - share.low) - 1)
    assert found.high == pytest.approx(share.high / (1 - share.high) - 1)
    assert found.details == {"real_share": 0.005, "synthetic_share": 0.0025}
    assert by_subject(case)[DOWN].value == 0.0


def test_twice_as_many_are_half_too_many(numbers, make_case):
    real, fat = np.arange(10_000), np.arange(10_000)
    fat[5_000:5_050] = 10_000
    case = make_case(numbers(real[:6_000]), numbers(real[6_000:]), numbers(fat))
    assert by_subject(case)[UP].value == pytest.approx(0.5)


def test_a_cut_tail_is_all_gone_and_a_cap_leaves_nothing_beyond_it(make_case, table):
    rng = np.random.default_rng(1)

    def incomes(n):
        return rng.lognormal(7, 1, n)

    real, made = [incomes(5_000), incomes(2_000)], incomes(10_000)
    capped = np.minimum(made, np.quantile(real[0], 0.99))
    for rows in (capped, made[made < np.quantile(real[0], 0.99)]):
        case = make_case(*(table({"x": x}, x="decimal") for x in (*real, rows)))
        found = by_subject(case)
        assert found[UP].value == -1.0
        assert found[UP].low == -1.0
        assert found[UP].high < -0.85
        assert found[DOWN].low < 0 < found[DOWN].high


def test_an_end_that_holds_a_quarter_of_the_rows_has_no_tail(numbers, make_case):
    """Nine rows of ten are zero: only the other end has a tail."""
    rows = numbers(np.repeat([0, *range(1, 101)], [900, *[1] * 100]))
    assert list(by_subject(make_case(rows, rows, rows))) == [UP]


def test_a_value_that_many_share_belongs_to_the_tail_as_a_whole(numbers, make_case):
    """A topmost code that 2 % have is the tail, however deep a tail was wanted."""
    rows = numbers(np.repeat([1, 2, 3], [400, 580, 20]))
    found = by_subject(make_case(rows, rows, rows))
    assert found[UP].details["real_share"] == 0.02
    assert found[UP].value == 0.0


@pytest.mark.parametrize("values", [[4] * 500, [None] * 500])
def test_a_column_without_tails_says_so(table, make_case, values):
    rows = table({"x": values}, x="integer")
    (found,) = Tails().measure(make_case(rows, rows, rows), STREAMS)
    assert found.value is None
    assert "no column has a tail" in found.reason


def test_missing_values_are_beyond_nothing(table, make_case):
    """Half of the rows say nothing: the tail is a share of all rows."""
    rows = table({"x": [*range(5_000), *[None] * 5_000]}, x="integer")
    assert by_subject(make_case(rows, rows, rows))[UP].details["real_share"] == 0.005


def test_rows_of_one_person_count_once(table, make_case):
    """Four equal rows a person make the interval that a quarter of the rows would."""
    one = table({"x": list(range(3_000))}, x="integer")
    four = table({"x": np.repeat(np.arange(3_000), 4)}, np.repeat(np.arange(3_000), 4), x="integer")
    plain, clustered = (by_subject(make_case(rows, rows, rows))[UP] for rows in (one, four))
    assert clustered.high == pytest.approx(plain.high, abs=0.01)


def test_intervals_hold_in_simulation(table, make_case):
    """Exponential samples of one population, 2,000 real and 1,500 made rows: 0 is covered."""
    rng, hits, seeds = np.random.default_rng(7), 0, 400
    for _ in range(seeds):
        parts = [table({"x": rng.exponential(size=n)}, x="decimal") for n in (1_200, 800, 1_500)]
        found = by_subject(make_case(*parts))
        hits += sum(m.low <= 0 <= m.high for m in found.values())
    share = clopper_pearson(hits, 2 * seeds)
    assert share.high > 0.95
    assert share.low > 0.93
