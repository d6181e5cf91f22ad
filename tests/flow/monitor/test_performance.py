"""How well a model does without labels is estimated, and it is said when that is not believed."""

import numpy as np
import polars as pl
import pytest

from assaymark.errors import DataError, InputError, UnknownNameError
from assaymark.flow.monitor.performance import (
    Forecast,
    estimate_performance,
    seen_in_performance,
    train,
)
from assaymark.monitor.performance import Calibrator, expected

ASK = Forecast(target="ill", positive="yes")


def people(n, seed, older=0.0, slope=1.2):
    rng = np.random.default_rng(seed)
    age = rng.normal(older, 1, n)
    site = rng.choice(list("ab"), n)
    ill = rng.random(n) < 1 / (1 + np.exp(0.5 - slope * age))
    return pl.DataFrame({"age": age, "site": site, "ill": np.where(ill, "yes", "no")})


@pytest.fixture(scope="module")
def made():
    return train(people(4_000, 0), ASK, np.random.default_rng(1))


@pytest.mark.parametrize("older", [0.0, 0.6])
def test_other_people_who_fare_alike_are_estimated_without_labels(made, older):
    # three seeds, two figures: at 95 % one of six may lie outside
    rng, held = np.random.default_rng(2), []
    for seed in (11, 12, 13):
        found = made.performance(people(1_500, seed, older), rng)
        assert found.believed
        held += [e.low <= e.known <= e.high for e in found.estimates]
    blind = made.performance(people(1_500, seed, older).drop("ill"), rng)
    assert all(e.known is None for e in blind.estimates)
    assert blind.estimates[0].value == found.estimates[0].value
    assert sum(held) >= 5


def test_another_relation_is_not_seen_without_labels_and_is_with_them(made):
    rng = np.random.default_rng(3)
    turned = people(1_500, 21, slope=-1.2)
    blind = made.performance(turned.drop("ill"), rng)
    assert blind.believed
    assert "no concept drift" in blind.assumes
    found = made.performance(turned, rng)
    assert not found.believed
    assert "the relation changed" in found.doubts[0]
    assert found.estimates[0].low > found.estimates[0].known
    assert seen_in_performance(found) == ()


def test_a_fall_for_certain_is_what_a_policy_may_act_on(made):
    # near the threshold the outcome is a coin, so that everybody there is harder
    rng = np.random.default_rng(4)
    hard = people(3_000, 31).filter(pl.col("age").is_between(0.1, 0.7)).drop("ill")
    found = made.performance(hard, rng)
    assert found.believed
    seen = {s.subject: s.size for s in seen_in_performance(found)}
    assert seen["model:accuracy"] > 0.05


def test_it_says_when_it_is_not_to_be_believed(made):
    rng = np.random.default_rng(5)
    few = made.performance(people(100, 41), rng)
    assert (few.believed, few.estimates) == (False, ())
    assert "too few" in few.doubts[0]
    assert "lacks 'site'" in made.performance(people(500, 41).drop("site"), rng).doubts[0]
    far = made.performance(people(500, 41, older=9.0), rng)
    assert "none that the model has seen" in far.doubts[0]
    new = people(500, 41).with_columns(site=pl.lit("z"))
    assert "'site'" in made.performance(new, rng).doubts[0]
    rare = people(2_000, 42).with_columns(ill=pl.Series(["yes"] * 5 + ["no"] * 1_995))
    assert "rarer outcome" in train(rare, ASK, rng).performance(rare, rng).doubts[0]


def test_scores_that_the_batch_brings_are_taken_as_risks(tmp_path):
    rng = np.random.default_rng(6)
    risk = rng.beta(2, 3, 2_000)
    batch = pl.DataFrame({"s": risk, "ill": np.where(rng.random(2_000) < risk, "yes", "no")})
    asked = Forecast(target="ill", positive="yes", scores="s")
    found = estimate_performance(tmp_path, batch, asked)
    assert found.believed
    assert all(e.low <= e.known <= e.high for e in found.estimates)
    wrong = batch.with_columns(s=pl.col("s") ** 3)
    assert not estimate_performance(tmp_path, wrong, asked).believed
    with pytest.raises(DataError, match="between 0 and 1"):
        estimate_performance(tmp_path, batch.with_columns(s=pl.col("s") * 9), asked)
    with pytest.raises(UnknownNameError):
        estimate_performance(tmp_path, batch, Forecast(scores="t"))
    with pytest.raises(InputError, match="--positive"):
        train(people(300, 7), Forecast(target="ill", positive="perhaps"), rng)


def test_expected_figures_are_those_of_the_risks():
    # four people, scores .9 .6 .4 .1 taken as risks: accuracy (.9 + .6 + .6 + .9) / 4 = .75
    scores = np.array([0.9, 0.6, 0.4, 0.1])
    accuracy, _ = expected(scores, None, np.random.default_rng(0))
    assert accuracy.value == pytest.approx(0.75)
    steps = Calibrator(scores=np.array([0.1, 0.2, 0.8, 0.9]), outcomes=np.array([0, 1, 0, 1.0]))
    assert steps.risks(np.array([0.2, 0.8])) == pytest.approx([0.5, 0.5])
