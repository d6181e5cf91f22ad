"""Nothing but paid mechanisms reaches the rows; broken mechanisms, each caught by name."""

import ast
import inspect
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.privacy import Charge
from assaymark.core.privacy_spec import PRIVATE
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.core.zcdp import delta_of
from assaymark.errors import NotApprovedError
from assaymark.generate import generators
from assaymark.generate.dp import vault
from assaymark.generate.dp.account import Account
from assaymark.generate.dp.discrete_gaussian import Noise
from assaymark.generate.dp.vault import How, Vault
from assaymark.generate.dp_marginals import DpMarginals

CODE = Path(vault.__file__).parent
RHO = 0.5


class Silent(Noise):
    """No noise, so that a test sees what a mechanism would have hidden."""

    def gaussian(self, n, variance):
        return np.zeros(n, dtype=np.int64)


def table(persons=None, **columns):
    schema = Schema(columns=tuple(Column(name=n, kind=k) for n, (k, _) in columns.items()))
    frame = pl.DataFrame({n: pl.Series(n, v, POLARS_TYPES[k]) for n, (k, v) in columns.items()})
    return Dataset(schema=schema, frame=frame, persons=persons)


def numbers(values, persons=None):
    return table(persons, x=(Kind.INTEGER, list(values)))


def code(size):
    return lambda s: np.clip(s.fill_null(-1).to_numpy(), -1, size - 1).astype(np.int32)


def opened(data, kind=Vault, rho=1e6, **how):
    source = PrivateSource(_rows=data, record=lambda who, why: None)
    found = kind(source, Account(rho, 0.5), **how)
    for name in data.schema.names:
        found.keep(name, name, code(4))
    return found


# What each check asks of a vault; run on the real one, and on those that are broken on purpose.


def check_noise(kind):
    """Hold the noise of many counts against its distribution; 1 in a million false alarms."""
    found = opened(numbers([0]), kind).count(("x",), (20_000,), RHO)
    expected = 1 / math.sqrt(2 * RHO)
    assert found.sigma == pytest.approx(expected, rel=0.01)
    spread = (found.counts[1:] ** 2).sum() / expected**2
    low, high = stats.chi2.ppf([5e-7, 1 - 5e-7], len(found.counts) - 1)
    assert low < spread < high * 1.01


def check_sensitivity(kind, cap=3):
    """Take away one person with many rows: no count may move further than the noise hides."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        persons = np.repeat(np.arange(12), rng.integers(1, 40, 12))
        values = rng.integers(0, 4, len(persons))
        left = persons != rng.integers(0, 12)
        one, other = (
            opened(numbers(values[w], persons[w]), kind, cap=cap, noise=Silent()).count(
                ("x",), (4,), RHO
            )
            for w in (np.ones(len(persons), dtype=bool), left)
        )
        moved = math.dist(one.counts, other.counts)
        assert one.sigma == other.sigma
        # with several rows to choose from, others' rows are drawn anew: as many of each person
        totals = one.counts.sum() - other.counts.sum()
        assert totals <= cap
        if (np.bincount(persons) <= cap).all():
            assert moved**2 / (2 * one.sigma**2) <= RHO * 1.0001
        assert totals**2 / (2 * one.sigma**2) <= RHO * 1.0001


def check_fresh(kind):
    """Count the same twice: noise that cancels was used twice."""
    made = [opened(numbers([0, 1, 2]), kind).count(("x",), (500,), RHO) for _ in range(2)]
    assert not np.array_equal(made[0].counts, made[1].counts)


def check_two_worlds(kind, n=150_000):
    """Attack: tell a count of 1 from one of 0, as often as an optimal attacker can.

    At every threshold the rate of right alarms, less e^epsilon that of false ones, is at most
    delta; both are taken at the end of an exact interval that is wrong once in 10^8 (Clopper and
    Pearson), so that few false alarms are not taken for none.
    """
    worlds = [
        opened(numbers([0] * m), kind).count(("x",), (n + 1,), RHO).counts[1:] + m for m in (0, 1)
    ]
    for epsilon in (0.5, 2.0, 4.0, 6.0):
        delta = delta_of(RHO, epsilon)
        for threshold in np.arange(-4, 6):
            wrong, right = (int((w >= threshold).sum()) for w in worlds)
            fpr = stats.beta.ppf(1 - 1e-8, wrong + 1, n - wrong) if wrong < n else 1.0
            tpr = stats.beta.ppf(1e-8, right, n - right + 1) if right else 0.0
            assert tpr - math.exp(epsilon) * fpr <= delta


def check_domain(kind):
    """Attack: a value that one person has must not be seen in what may come out."""
    plain = table(
        group=(Kind.CATEGORY, ["a", "b"] * 300), x=(Kind.INTEGER, [1, 2, 3, 4, 5, 6] * 100)
    )
    odd = table(
        group=(Kind.CATEGORY, ["a", "b"] * 300 + ["only one"]),
        x=(Kind.INTEGER, [1, 2, 3, 4, 5, 6] * 100 + [900_000]),
    )
    seen = []
    for data in (plain, odd):
        source = PrivateSource(_rows=data, record=lambda who, why: None)
        model = kind(epsilon=5.0).fit(source, Streams.from_seed(1))
        group, x = model.encoding.codings
        seen.append((set(group.levels), bool(x.grid.value(x.first[-1:] + x.points[-1:]) > 1000)))
    assert seen[0] == seen[1] == ({"a", "b"}, False)


# Broken on purpose.


class HalvedNoise(Vault):
    """Noise of half the deviation that the charge pays for."""

    def count(self, names, shape, rho):
        found = super().count(names, shape, rho)
        half = Noise().gaussian(found.counts.size, (1, 4)).reshape(shape)
        exact = opened(numbers([0]), noise=Silent()).count(names, shape, rho).counts
        return type(found)(exact + half, found.sigma)


class WrongSensitivity(Vault):
    """All rows of a person are counted, whatever the cap."""

    def __init__(self, source, account, *, cap=1, noise=None):
        super().__init__(source, account, cap=1000, noise=noise)
        self.cap = cap


class ReusedSeed(Vault):
    """The noise of every vault begins at the same seed."""

    def __init__(self, source, account, *, cap=1, noise=None):
        rng = np.random.default_rng(0)
        super().__init__(source, account, cap=cap, noise=Noise(rng.bytes))


class DomainFromData(DpMarginals):
    """Categories and bounds are read from the rows without a charge."""

    def fit(self, source, streams):
        frame = source.open("free look", "which values there are").frame
        ends = (int(frame["x"].min()), int(frame["x"].max()))
        levels = tuple(sorted(frame["group"].unique().to_list()))
        whole = DpMarginals(
            epsilon=self.epsilon, bounds={"x": ends}, categories={"group": levels}
        ).fit(source, streams)
        assert whole.privacy  # it claims what it does not keep
        return whole


CHECKS = (check_noise, check_sensitivity, check_fresh, check_two_worlds)


@pytest.mark.parametrize("check", CHECKS)
def test_the_vault_passes_every_check(check):
    check(Vault)


def test_halved_noise_is_caught_by_its_distribution_and_by_the_attack():
    with pytest.raises(AssertionError):
        check_noise(HalvedNoise)
    with pytest.raises(AssertionError):
        check_two_worlds(HalvedNoise)


def test_wrong_sensitivity_is_caught_on_neighbouring_tables():
    with pytest.raises(AssertionError):
        check_sensitivity(WrongSensitivity)


def test_a_reused_seed_is_caught():
    with pytest.raises(AssertionError):
        check_fresh(ReusedSeed)


def test_a_domain_from_data_is_caught_by_one_persons_value():
    check_domain(DpMarginals)
    with pytest.raises(AssertionError):
        check_domain(DomainFromData)


def test_a_look_after_the_budget_is_spent_is_refused_and_not_charged():
    found = opened(numbers([0, 1, 2]), rho=0.1)
    found.count(("x",), (4,), 0.1)
    shares = {"x": np.full(4, 0.25)}
    for look in (
        lambda: found.count(("x",), (4,), 0.01),
        lambda: found.choose("a table", [("x",)], shares, How(rho=0.01, penalty=0.0)),
        lambda: found.prefer(
            "a table", [("x",)], lambda names: shares["x"], How(rho=0.01, penalty=0)
        ),
        lambda: found.discover("x", 0.01, 1e-6),
        lambda: found.offered(20, 0.01),
    ):
        with pytest.raises(NotApprovedError, match="stay closed"):
            look()
    assert found.account.spent == pytest.approx(0.1)
    for rho in ("nan", "-1", "inf"):
        with pytest.raises(NotApprovedError):
            found.account.spend(Charge(what="x", mechanism="exponential", rho=rho))


def test_every_mechanism_pays_before_anything_else():
    tree = ast.parse(inspect.getsource(vault))
    (kind,) = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Vault"]
    public = [m for m in kind.body if isinstance(m, ast.FunctionDef) and not m.name.startswith("_")]
    giving = [m for m in public if ast.unparse(m.returns) != "None"]
    assert {m.name for m in public} - {m.name for m in giving} == {"keep", "merge"}
    assert {m.name for m in giving} == {"count", "choose", "prefer", "discover", "offered"}
    for method in giving:
        first = method.body[1]  # after the docstring
        assert ast.unparse(first).startswith("self.__pay("), method.name


def test_nothing_but_the_vault_opens_the_rows():
    private = {p for p in CODE.glob("*.py") if p.name != "vault.py"} | {
        CODE.parent / f"{name}.py" for name in PRIVATE.values()
    }
    assert len(private) > 15
    assert ".open(" in (CODE / "vault.py").read_text()
    for path in CODE.parent.rglob("*.py"):
        text = path.read_text()
        assert "_Vault__" not in text, path
        if path in private:
            assert ".open(" not in text, path
            assert "_rows" not in text.replace("_ROWS", ""), path
    data = table(x=(Kind.INTEGER, [1, 2, 3] * 50), y=(Kind.BOOLEAN, [True, False, True] * 50))
    for name in PRIVATE.values():
        log = []
        source = PrivateSource(_rows=data, record=lambda who, why, log=log: log.append(who))
        generators.build(name, {"bounds": {"x": [0, 9]}}).fit(source, Streams.from_seed(1))
        assert log == ["vault"]


@pytest.mark.parametrize("name", PRIVATE.values())
def test_a_fit_reads_no_row_but_by_methods_that_pay(name, monkeypatch):
    """Every look at the counts within the vault is made by a mechanism that has just paid."""
    looks, paid = [], []
    plain_table, plain_pay = Vault._Vault__table, Vault._Vault__pay

    def seen(self, names, shape):
        looks.append((len(paid), inspect.stack()[1].function))
        return plain_table(self, names, shape)

    def pays(self, what, *cost):
        paid.append(what)
        return plain_pay(self, what, *cost)

    monkeypatch.setattr(Vault, "_Vault__table", seen)
    monkeypatch.setattr(Vault, "_Vault__pay", pays)
    x = np.arange(300) % 4
    data = table(x=(Kind.INTEGER, x.tolist()), y=(Kind.BOOLEAN, (x > 1).tolist()))
    source = PrivateSource(_rows=data, record=lambda who, why: None)
    model = generators.build(name, {"bounds": {"x": [0, 9]}}).fit(source, Streams.from_seed(1))
    assert {by for _, by in looks} <= {"count", "__away", "__off"}
    assert all(after > 0 for after, _ in looks)
    assert [c.what for c in model.privacy.charges] == paid


def test_a_score_moves_by_no_more_than_its_sensitivity_when_a_row_is_added():
    rng = np.random.default_rng(3)
    shares = {n: rng.dirichlet(np.ones(4)) for n in "ab"}
    how = How(rho=RHO, penalty=0.0)
    for _ in range(200):
        a, b = rng.integers(0, 4, (2, 30)).tolist()
        scores = []
        for m in (29, 30):
            found = opened(table(a=(Kind.INTEGER, a[:m]), b=(Kind.INTEGER, b[:m])))
            assert found.choose("one", [("a", "b")], shares, how) == 0
            scores.append(found._Vault__away(("a", "b"), shares))
        assert abs(scores[0] - scores[1]) <= 2.0 + 1e-9


def test_a_preference_moves_by_no_more_than_its_sensitivity_when_a_person_comes():
    # a person with many rows: as many as the cap are used, each of which changes one cell by 1
    rng = np.random.default_rng(4)
    for cap in (1, 3):
        for _ in range(100):
            persons = np.repeat(np.arange(8), rng.integers(1, cap + 1, 8))
            a, b = rng.integers(0, 4, (2, len(persons)))
            expected = rng.uniform(0, 9, (4, 4))
            scores = []
            for w in (np.ones(len(persons), dtype=bool), persons != 3):
                data = table(persons[w], a=(Kind.INTEGER, a[w]), b=(Kind.INTEGER, b[w]))
                scores.append(opened(data, cap=cap)._Vault__off(("a", "b"), expected, 0.7))
            assert abs(scores[0] - scores[1]) <= cap + 1e-9


def test_a_preference_is_drawn_as_the_exponential_mechanism_says():
    # scores by hand: 12 rows at (0, 0), expected 12 and 0: distances 0 and 12
    data = numbers([0] * 12)
    wanted = {"near": np.array([12.0, 0, 0, 0]), "far": np.zeros(4)}
    how = How(rho=0.005, penalty=0.0)  # a rate of sqrt(8 * 0.005) = 0.2
    found = opened(data)
    found.keep("near", "x", code(4))
    found.keep("far", "x", code(4))
    asked = [("near",), ("far",)]
    drawn = [found.prefer("one", asked, lambda n: wanted[n[0]], how) for _ in range(600)]
    chance = 1 / (1 + math.exp(-0.2 * 12 / 2))
    assert stats.binomtest(sum(drawn), 600, chance).pvalue > 1e-6


def check_choice_of_parents(kind):
    """Draw one choice often: as often as the exponential mechanism says; 1 in a million."""
    # by hand: 12 rows at (0, 0). A column that is always 0 is as expected: distance 0; one that
    # is expected to be even is 9 + 3 + 3 + 3 = 18 rows away; a row moves that by 2 at most
    found = opened(numbers([0] * 12), kind)
    for name in ("sure", "even", "parent"):
        found.keep(name, "x", code(4))
    first = np.array([1.0, 0, 0, 0])
    shares = {"sure": first, "even": np.full(4, 0.25), "parent": first}
    asked, how = [("sure", "parent"), ("even", "parent")], How(rho=0.005, penalty=0.0)
    drawn = [found.choose("one", asked, shares, how) for _ in range(600)]
    chance = 1 / (1 + math.exp(-0.2 * 18 / (2 * 2)))
    assert stats.binomtest(sum(drawn), 600, chance).pvalue > 1e-6


class BestOfAll(Vault):
    """A choice without noise: the best is always taken."""

    def choose(self, what, asked, shares, how):
        return super().choose(what, asked, shares, How(rho=1e3, penalty=how.penalty))


def test_a_choice_without_noise_is_caught_by_how_often_it_is_made():
    check_choice_of_parents(Vault)
    with pytest.raises(AssertionError):
        check_choice_of_parents(BestOfAll)


class HalvedSensitivity(Vault):
    """Choices as sure as if one person could change a score by half as much."""

    def prefer(self, what, asked, expected, how):
        sure = How(rho=min(how.rho * 16, 1e5), penalty=how.penalty)
        return super().prefer(what, asked, expected, sure)


def check_choice(kind, n=500):
    """Attack: tell by the table chosen whether one more person is in; 1 in 10^8 false alarms."""
    rho, seen = 0.5, []
    for m in (0, 1):
        found = opened(numbers([0] * m), kind)
        for name in ("near", "far"):
            found.keep(name, "x", code(1))
        asked, how = [("near",), ("far",)], How(rho=rho, penalty=0.0)
        drawn = [
            found.prefer("one", asked, lambda names: np.full(1, names == ("near",), float), how)
            for _ in range(n)
        ]
        seen.append(sum(drawn))
    # nobody is nearer to nought, somebody to one: the odds of "far" move by exp(rate) at most
    fpr = stats.beta.ppf(1 - 1e-8, seen[0] + 1, n - seen[0]) if seen[0] < n else 1.0
    tpr = stats.beta.ppf(1e-8, seen[1], n - seen[1] + 1) if seen[1] else 0.0
    assert tpr <= math.exp(math.sqrt(8 * rho)) * fpr


def test_a_choice_that_is_too_sure_is_caught_by_an_attack_on_the_choice():
    check_choice(Vault)
    with pytest.raises(AssertionError):
        check_choice(HalvedSensitivity)


def test_rows_beyond_the_cap_are_left_out_at_random_person_by_person():
    persons = np.array([0] * 400 + [1, 2, 3])
    data = numbers([0, 1] * 200 + [2, 2, 2], persons)
    drawn = [opened(data, noise=Silent()).count(("x",), (4,), RHO).counts for _ in range(200)]
    assert all(c.sum() == 4 and c[2] == 3 for c in drawn)
    ones = sum(c[1] for c in drawn)
    assert stats.binomtest(int(ones), 200, 0.5).pvalue > 1e-6
    assert opened(data, noise=Silent()).offered(20, RHO).counts == [23.0]


class NoThreshold(Vault):
    """Finds every category that noise leaves above nought."""

    def discover(self, column, rho, delta):
        return super().discover(column, rho, min(delta * 25, 0.5))


def check_found(kind, n=400):
    """Attack: a category that one person has comes out at most as often as delta says."""
    data = table(x=(Kind.CATEGORY, ["many"] * 300 + ["one"]))
    source = PrivateSource(_rows=data, record=lambda who, why: None)
    found = [kind(source, Account(9.0, 0.9)).discover("x", 0.05, 0.02) for _ in range(n)]
    assert all("many" in f for f in found)
    assert sum("one" in f for f in found) <= stats.binom.ppf(1 - 1e-6, n, 0.02)


def test_a_category_of_one_person_is_found_at_most_as_often_as_delta_says():
    check_found(Vault)


def test_categories_without_a_threshold_are_caught_by_the_one_that_one_person_has():
    with pytest.raises(AssertionError):
        check_found(NoThreshold)


class Raised(Noise):
    """Noise whose threshold, in effect, does not stand above what one person's rows can reach."""

    def gaussian(self, n, variance):
        return super().gaussian(n, variance) + CAP + 1


CAP = 3


def check_capped(noise):
    """Attack: a category that one person has in all of their rows, where there is little noise."""
    persons = np.array([*range(300), 300, 300, 300])
    data = table(persons, x=(Kind.CATEGORY, ["many"] * 300 + ["one"] * 3))
    source = PrivateSource(_rows=data, record=lambda who, why: None)
    vaults = [Vault(source, Account(1e6, 0.5), cap=CAP, noise=noise) for _ in range(20)]
    found = [v.discover("x", 400.0, 1e-6) for v in vaults]
    assert all(f.keys() == {"many"} for f in found)


def test_a_category_that_one_person_fills_the_cap_with_is_not_found():
    check_capped(Noise())


def test_a_threshold_below_one_persons_rows_is_caught_where_there_is_little_noise():
    with pytest.raises(AssertionError):
        check_capped(Raised())
