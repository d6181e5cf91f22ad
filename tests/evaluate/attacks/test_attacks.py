"""Every attack on membership: known answers, planted copies, brute force beside fast code."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.streams import Streams
from assaymark.evaluate.attacks import attacks
from assaymark.evaluate.ground import ground_of
from assaymark.evaluate.statistics import auc_of

DISTANT = sorted(set(attacks.names()) - {"classifier", "neighbourhood"})


@pytest.fixture(scope="module")
def parts(population):
    return [population(n, s) for n, s in ((600, 1), (500, 2), (300, 3), (600, 4))]


@pytest.fixture(scope="module")
def given_away(parts, make_case):
    """Half of train is among the synthetic rows."""
    train, holdout, reference, fresh = parts
    frame = pl.concat([train.frame[:300], fresh.frame[:300]])
    made = Dataset(schema=train.schema, frame=frame)
    return ground_of(make_case(train, holdout, made, reference=reference))


@pytest.fixture(scope="module")
def clean(parts, make_case):
    train, holdout, reference, fresh = parts
    return ground_of(make_case(train, holdout, fresh, reference=reference))


def area(scores):
    labels = np.repeat([True, False], [len(scores.members), len(scores.controls)])
    return auc_of(np.concatenate([scores.members, scores.controls]), labels).value


def scored(name, ground, seed=1, **parameters):
    return attacks.build(name, parameters).score(ground, Streams.from_seed(seed))


@pytest.mark.parametrize("name", attacks.names())
def test_every_attack_tells_members_of_a_generator_that_gives_half_of_them_away(name, given_away):
    assert area(scored(name, given_away)) > 0.55


@pytest.mark.parametrize("name", DISTANT)
def test_whoever_is_copied_stands_out(name, given_away):
    """300 of 600 members are copied, and scored apart from the others."""
    found = scored(name, given_away)
    copied = found._replace(members=found.members[:300])
    assert area(copied) > area(found) + 0.04


@pytest.mark.parametrize("name", attacks.names())
def test_no_attack_tells_members_where_the_rows_are_fresh(name, clean):
    """The standard error of these AUCs is .0175; five of them are allowed for five attacks."""
    assert abs(area(scored(name, clean)) - 0.5) < 0.06


@pytest.mark.parametrize("name", attacks.names())
def test_the_same_stream_gives_the_same_scores(name, clean):
    first, second = scored(name, clean, seed=3), scored(name, clean, seed=3)
    np.testing.assert_array_equal(first.members, second.members)
    np.testing.assert_array_equal(first.controls, second.controls)


@pytest.mark.parametrize("name", attacks.names())
def test_scores_are_numbers_one_for_each_record(name, clean):
    found = scored(name, clean)
    assert found.members.shape == (clean.members.records.n,)
    assert found.controls.shape == (clean.controls.records.n,)
    assert np.isfinite(found.members).all()
    assert np.isfinite(found.controls).all()


@pytest.mark.parametrize("name", [n for n in attacks.names() if n != "classifier"])
def test_a_copy_planted_in_the_rows_scores_as_said(name, parts, make_case):
    """One record is put among the synthetic rows; ``copied`` foretold its score without that."""
    train, holdout, reference, fresh = parts
    frame = pl.concat([fresh.frame, train.frame[7:8]])
    made = Dataset(schema=train.schema, frame=frame)
    before = ground_of(make_case(train, holdout, fresh, reference=reference))
    foretold = scored(name, before).copied[7]
    after = scored(name, ground_of(make_case(train, holdout, made, reference=reference)))
    assert after.members[7] == pytest.approx(foretold, abs=1e-3)


def test_density_ratio_agrees_with_brute_force(clean):
    found = scored("density_ratio", clean)
    x, h = clean.members.points[11].astype(float), clean.bandwidth

    def density(rows):
        squared = np.square(rows.astype(float) - x).sum(axis=1)
        return np.exp(-squared / (2 * h * h)).mean()

    expected = np.log(density(clean.made)) - np.log(density(clean.background))
    assert found.members[11] == pytest.approx(expected, abs=1e-2)


def test_gen_lra_agrees_with_estimates_fitted_anew(clean):
    """The density at each synthetic row with and without the record, the constant left out."""
    found = scored("gen_lra", clean)
    small = clean.__class__(
        **{f: getattr(clean, f) for f in clean.__slots__ if f != "made"}, made=clean.made[:100]
    )
    scores = scored("gen_lra", small).controls
    likeliest = int(scores.argmax())
    x = clean.controls.points[likeliest].astype(float)
    h, n = clean.bandwidth, len(clean.background)

    def density(rows, among):
        squared = np.square(rows[:, None, :].astype(float) - among[None].astype(float)).sum(axis=2)
        return np.exp(-squared / (2 * h * h)).mean(axis=1)

    without = density(clean.made[:100], clean.background)
    joined = np.vstack([clean.background, x[None]])
    expected = np.log(density(clean.made[:100], joined)) - np.log(without) + np.log((n + 1) / n)
    assert scores[likeliest] == pytest.approx(expected.sum(), rel=1e-2)
    assert np.isfinite(found.controls).all()


def test_a_person_with_many_rows_has_the_highest_score_of_any(population, make_case):
    train, holdout = population(300, 1, visits=3), population(300, 2, visits=3)
    ground = ground_of(make_case(train, holdout, population(300, 3)))
    score = np.arange(ground.members.records.n, dtype=float)
    best = ground.members.of_persons(score)
    assert ground.members.n == 100
    np.testing.assert_array_equal(best, np.arange(2, 300, 3))
