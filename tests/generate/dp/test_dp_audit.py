"""Mechanisms that are broken on purpose in the fit, each caught by name, and what canaries find."""

from collections import defaultdict

import numpy as np
import polars as pl
import pytest
from scipy import stats

from assaymark.core.audit import Audit, lower_bound, p_value
from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.privacy_spec import PRIVATE
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.errors import InputError, IntegrityError
from assaymark.evaluate.risk import audit_p_value, audited_epsilon
from assaymark.generate import generators
from assaymark.generate.dp import vault
from assaymark.generate.dp.canaries import GUESSED, Canaries, Domain, guesses_of
from assaymark.generate.dp.discrete_gaussian import Noise
from assaymark.generate.dp_marginals import DpMarginals

BOUNDS = {"age": (0, 120), "cost": (0, 1000, 0.5), "day": ("2020-01-01", "2024-12-31")}
LEVELS = {"ward": tuple("abcdefgh"), "sex": ("f", "m")}
DOMAIN = Domain(bounds=BOUNDS, categories=LEVELS)
KINDS = {
    "age": Kind.INTEGER,
    "cost": Kind.DECIMAL,
    "day": Kind.DATE,
    "ward": Kind.CATEGORY,
    "sex": Kind.CATEGORY,
    "ill": Kind.BOOLEAN,
}


def table(n=800, seed=0, persons=False):
    rng = np.random.default_rng(seed)
    age = rng.integers(20, 90, n)
    columns = {
        "age": age,
        "cost": np.round(rng.gamma(2, 60, n) * 2).clip(0, 2000) / 2,
        "day": np.datetime64("2021-01-01") + rng.integers(0, 300, n),
        "ward": rng.choice(list("abcdefgh"), n, p=[0.4, 0.3, 0.1, 0.1, 0.04, 0.03, 0.02, 0.01]),
        "sex": rng.choice(["f", "m"], n),
        "ill": rng.random(n) < age / 200,
    }
    schema = Schema(columns=tuple(Column(name=c, kind=k) for c, k in KINDS.items()))
    frame = pl.DataFrame(
        {c: pl.Series(c, columns[c]).cast(POLARS_TYPES[k]) for c, k in KINDS.items()}
    )
    return Dataset(schema=schema, frame=frame, persons=np.arange(n) // 2 if persons else None)


def source_of(data, log=None):
    return PrivateSource(_rows=data, record=lambda who, why: (log or []).append(who))


# What each check asks of a generator; run on the real one, and on those that are broken on purpose.


def check_door(kind):
    """Nothing but the vault opens the rows, once."""
    log = []
    data = table()
    source = PrivateSource(_rows=data, record=lambda who, why: log.append(who))
    kind(bounds=BOUNDS, categories=LEVELS).fit(source, Streams.from_seed(1))
    assert log == ["vault"]


def check_row_by_row(kind, monkeypatch):
    """Each value is coded by itself: what others hold must not move it to another bin."""
    plain = vault.Vault.keep

    def keep(self, name, column, code):
        def watched(values):
            whole = code(values)
            for part in (values[: len(values) // 2], values[::-1]):
                expected = whole[: len(part)] if len(part) < len(whole) else whole[::-1]
                assert np.array_equal(code(part), expected), column
            return whole

        plain(self, name, column, watched)

    monkeypatch.setattr(vault.Vault, "keep", keep)
    kind(bounds=BOUNDS, categories=LEVELS).fit(source_of(table()), Streams.from_seed(1))
    kind().fit(source_of(table()), Streams.from_seed(1))


def check_same_looks(kind):
    """Attack: what was looked at, and at what cost, must not tell whether somebody was in."""
    seen = []
    for data in (table(600), table(601)):
        odd = data.frame.with_columns(
            cost=pl.when(pl.int_range(pl.len()) == 600).then(1000.0).otherwise(pl.col("cost"))
        )
        rows = Dataset(schema=data.schema, frame=odd)
        model = kind(bounds=BOUNDS, categories=LEVELS).fit(source_of(rows), Streams.from_seed(1))
        seen.append({(c.mechanism, c.rho) for c in model.privacy.charges})
    assert seen[0] == seen[1]


# Broken on purpose.


class StopsOnRawLoss(DpMarginals):
    """Fits again, for more of the budget, until a loss that is read from the rows is small.

    What is spent is accounted for, the looks that decide when to stop are not.
    """

    def fit(self, source, streams):
        model = None
        for i in range(4):
            step = DpMarginals(
                epsilon=self.epsilon * (1 + i) / 4, bounds=self.bounds, categories=self.categories
            )
            model = step.fit(source, streams)
            rows = source.open("early stopping", "loss").frame
            if rows["cost"].max() >= 1000.0:  # somebody stands out: the loss stays high
                continue
            break
        return model


class BinsFromData(DpMarginals):
    """Cuts numbers at their own quantiles inside the vault, where no look is charged."""

    def fit(self, source, streams):
        true_keep = vault.Vault.keep

        def keep(self, name, column, code):
            def cut(values):
                if values.dtype == pl.Float64 and len(values):
                    edges = np.quantile(values.fill_null(0.0).to_numpy(), np.arange(0.1, 1, 0.1))
                    values = pl.Series(values.name, edges).gather(
                        np.searchsorted(edges[:-1], values.fill_null(0.0).to_numpy())
                    )
                return code(values)

            true_keep(self, name, column, cut)

        vault.Vault.keep, before = keep, vault.Vault.keep
        try:
            return super().fit(source, streams)
        finally:
            vault.Vault.keep = before


@pytest.mark.parametrize("check", [check_door, check_same_looks])
def test_the_generator_passes_every_check(check):
    check(DpMarginals)


def test_the_generator_codes_row_by_row(monkeypatch):
    check_row_by_row(DpMarginals, monkeypatch)


def test_early_stopping_on_raw_loss_is_caught_at_the_door_and_by_its_looks():
    with pytest.raises(AssertionError):
        check_door(StopsOnRawLoss)
    with pytest.raises(AssertionError):
        check_same_looks(StopsOnRawLoss)


def test_bins_from_data_are_caught_since_others_move_a_value(monkeypatch):
    with pytest.raises(AssertionError):
        check_row_by_row(BinsFromData, monkeypatch)


# Canaries.


@pytest.mark.parametrize(
    ("m", "r", "v"), [(1000, 100, 100), (500, 100, 60), (200, 40, 31), (60, 9, 0)]
)
@pytest.mark.parametrize("delta", [0.0, 1e-5])
def test_the_bound_is_the_published_one_without_scipy(m, r, v, delta):
    assert lower_bound(m, r, v, delta) == pytest.approx(
        audited_epsilon(m, r, v, delta=delta), abs=1e-9
    )
    expected = audit_p_value(m, r, v, epsilon=0.7, delta=delta)
    assert p_value(m, r, v, 0.7, delta) == pytest.approx(expected, rel=1e-9)


def test_an_audit_that_was_embellished_or_that_refutes_is_refused():
    said = {"canaries": 1000, "guesses": 100, "right": 95, "commitment": "0" * 64}
    true = lower_bound(1000, 100, 95, 1e-6)
    audit = Audit(**said, lower_bound=repr(true))
    audit.check(8.0, 1e-6)
    assert "cannot confirm" in audit.words("8.0")
    with pytest.raises(IntegrityError, match="refutes"):
        audit.check(1.0, 1e-6)
    with pytest.raises(IntegrityError, match="is said"):
        Audit(**said, lower_bound="0.1").check(8.0, 1e-6)


def test_canaries_are_made_without_a_row_and_join_as_persons_of_their_own():
    data = table(persons=True)
    made = Canaries.flip(data.schema, DOMAIN, 400)
    among = made.among(data)
    assert among.n == data.n + made.inside.sum()
    assert among.n_persons == data.n_persons + made.inside.sum()
    assert abs(made.inside.mean() - 0.5) < 0.13
    assert made.rows.frame["age"].is_between(0, 120).all()
    assert made.rows.frame["day"].dt.year().is_between(2020, 2024).all()
    made.check_revealed(made.commitment)
    with pytest.raises(IntegrityError):
        made.check_revealed("0" * 64)
    other = Canaries.flip(data.schema, DOMAIN, 400)
    assert other.commitment != made.commitment
    with pytest.raises(InputError, match=r"'cost'.*'ward'"):
        Domain(bounds={"age": (0, 120), "day": BOUNDS["day"]}, categories={"sex": "fm"}).check(
            data.schema
        )


def test_rows_that_are_given_out_as_they_are_are_found_out_and_a_clean_fit_is_not():
    data = table(2_000)
    canaries = Canaries.flip(data.schema, DOMAIN, 1_000)
    guesses, right = guesses_of(canaries.among(data), canaries, DOMAIN)
    assert guesses == 1_000 * GUESSED
    assert lower_bound(1_000, guesses, right, 1e-6) > 1.0
    how = {"epsilon": 1.0, "unit": "row", "bounds": BOUNDS, "categories": LEVELS}
    model = generators.build("dp_marginals", how).fit(
        source_of(canaries.among(data)), Streams.from_seed(1)
    )
    guesses, right = guesses_of(model.sample(range(20_000), Streams.from_seed(2)), canaries, DOMAIN)
    assert lower_bound(1_000, guesses, right, 1e-6) < 1.0


# The noise of a whole fit.


def noise_in_the_fit(name, monkeypatch, fits=1, **how):
    """Return the noise that fits added, in standard deviations that their charges pay for.

    By what was counted: single columns by name, tables by how many columns they have.
    """
    seen = defaultdict(list)
    plain = vault.Vault.count

    def count(self, names, shape, rho):
        found = plain(self, names, shape, rho)
        exact = self._Vault__table(names, shape)
        what = names[0] if len(names) == 1 else str(len(names))
        seen[what].append(((found.counts - exact) * np.sqrt(2 * rho) / self.cap).ravel())
        return found

    with monkeypatch.context() as patched:
        patched.setattr(vault.Vault, "count", count)
        for _ in range(fits):
            generators.build(name, {"epsilon": 0.5, **how}).fit(
                source_of(table(persons=True)), Streams.from_seed(1)
            )
    return {what: np.concatenate(noise) for what, noise in seen.items()}


def check_noise_in_the_fit(name, monkeypatch):
    """Hold all noise of a fit against its distribution; 1 in a million false alarms."""
    for how in ({"bounds": BOUNDS, "categories": LEVELS}, {"cap": 2}):
        found = np.concatenate([*noise_in_the_fit(name, monkeypatch, **how).values()])
        low, high = stats.chi2.ppf([5e-7, 1 - 5e-7], len(found))
        assert len(found) > 1_000
        assert low < (found**2).sum() < high * 1.01  # the discrete one is as wide or narrower


class Halved(Noise):
    """Noise of half the deviation that the charges pay for, in everything that is counted."""

    def gaussian(self, n, variance):
        return super().gaussian(n, (variance[0], 4 * variance[1]))


class Shared(Noise):
    """Noise that begins at the same seed for every table."""

    def gaussian(self, n, variance):
        return Noise(np.random.default_rng(0).bytes).gaussian(n, variance)


def check_no_noise_twice(name, monkeypatch):
    """Two fits of the same rows share no noise."""
    known = {"bounds": BOUNDS, "categories": LEVELS}
    made = [np.concatenate([*noise_in_the_fit(name, monkeypatch, **known).values()]) for _ in "ab"]
    n = min(len(m) for m in made)
    alike = (made[0][:n] == made[1][:n]).mean()
    assert alike < 0.5


@pytest.mark.parametrize("name", PRIVATE.values())
def test_the_noise_of_a_whole_fit_is_what_its_charges_pay_for(name, monkeypatch):
    check_noise_in_the_fit(name, monkeypatch)
    check_no_noise_twice(name, monkeypatch)


@pytest.mark.parametrize("name", PRIVATE.values())
def test_noise_halved_in_a_whole_fit_is_caught_by_its_distribution(name, monkeypatch):
    monkeypatch.setattr(vault, "Noise", Halved)
    with pytest.raises(AssertionError):
        check_noise_in_the_fit(name, monkeypatch)


def check_noise_of_each_look(monkeypatch, fits=20):
    """Hold the noise of each column by itself against its distribution; 1 in a million each."""
    known = {"bounds": BOUNDS, "categories": LEVELS}
    for what, noise in noise_in_the_fit("dp_marginals", monkeypatch, fits, **known).items():
        low, high = stats.chi2.ppf([5e-7, 1 - 5e-7], len(noise))
        assert len(noise) >= (60 if what in KINDS else fits), what
        assert low < (noise**2).sum() < high * 1.01, what


def halved_for_one(plain):
    """Half the noise in the counts of one column of six; everything else is right."""

    def count(self, names, shape, rho):
        found = plain(self, names, shape, rho)
        if tuple(names) != ("ill",):
            return found
        exact = self._Vault__table(names, shape)
        return type(found)((found.counts + exact) / 2, found.sigma)

    return count


def test_noise_of_a_wrong_scale_in_one_column_is_caught_by_the_noise_of_each_look(monkeypatch):
    check_noise_of_each_look(monkeypatch)
    monkeypatch.setattr(vault.Vault, "count", halved_for_one(vault.Vault.count))
    check_noise_in_the_fit("dp_marginals", monkeypatch)  # in the sum of all it does not show
    with pytest.raises(AssertionError, match="ill"):  # of 60 looks, 1 in 37 runs would not show it
        check_noise_of_each_look(monkeypatch, fits=40)


@pytest.mark.parametrize("name", PRIVATE.values())
def test_noise_that_is_used_again_by_the_next_fit_is_caught(name, monkeypatch):
    monkeypatch.setattr(vault, "Noise", Shared)
    with pytest.raises(AssertionError):
        check_no_noise_twice(name, monkeypatch)
