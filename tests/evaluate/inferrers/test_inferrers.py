"""Every way to guess secrets: right about people whose rows are given away, blind to fresh rows."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.core.streams import Streams
from assaymark.evaluate.dossier import dossier_of, surest
from assaymark.evaluate.inferrers import inferrers

NAMES = inferrers.names()
PLANTED = ("best_row", "knn")


def patients(n, seed, *, secret=None):
    """Three numbers and five categories; the illness has nothing to do with them."""
    rng = np.random.default_rng(seed)
    columns = {f"n{i}": np.round(rng.normal(size=n), 3) for i in range(3)}
    columns |= {f"c{i}": np.array(list("abcd"))[rng.integers(0, 4, n)] for i in range(5)}
    columns["ill"] = np.array(list("xyz"))[rng.integers(0, 3, n)] if secret is None else secret
    names = [Column(name=f"n{i}", kind=Kind.DECIMAL) for i in range(3)]
    names += [Column(name=f"c{i}", kind=Kind.CATEGORY) for i in range(5)]
    names.append(Column(name="ill", kind=Kind.CATEGORY, roles=(Role.SENSITIVE,)))
    return Dataset(schema=Schema(columns=tuple(names)), frame=pl.DataFrame(columns))


def dossier(make_case, made, train=None, n=600):
    case = make_case(patients(n, 1) if train is None else train, patients(n, 2), made)
    return dossier_of(case, Streams.from_seed(1), people=n, rows=4 * n)


def right(found, dossier, name="ill"):
    """Shares of people whose secret is guessed rightly, members and unseen people."""
    j = dossier.names.index(name)
    guess = found[j]
    pairs = ((guess.members, dossier.members), (guess.unseen, dossier.unseen))
    return [
        float(((g.value == guess.classes[s.codes[:, j]]) & np.isfinite(g.sure)).mean())
        for g, s in pairs
    ]


def guessed(name, held, seed=1, **parameters):
    return inferrers.build(name, parameters).guess(held, Streams.from_seed(seed))


@pytest.fixture(scope="module")
def given_away(make_case):
    """The synthetic rows are those of train."""
    return dossier(make_case, patients(600, 1))


@pytest.fixture(scope="module")
def clean(make_case):
    return dossier(make_case, patients(600, 3))


@pytest.mark.parametrize("name", NAMES)
def test_members_who_are_given_away_are_guessed_more_often(name, given_away):
    """A standard error of either share is .019, luck a third."""
    members, unseen = right(guessed(name, given_away), given_away)
    assert members > unseen + 0.1
    assert unseen < 0.45


@pytest.mark.parametrize("name", NAMES)
def test_fresh_rows_tell_nothing_of_an_independent_secret(name, clean):
    members, unseen = right(guessed(name, clean), clean)
    assert abs(members - unseen) < 0.11
    assert members < 0.45


@pytest.mark.parametrize("name", NAMES)
def test_the_same_stream_gives_the_same_guesses(name, clean):
    first, second = guessed(name, clean, seed=3), guessed(name, clean, seed=3)
    for j, one in first.items():
        np.testing.assert_array_equal(one.members.value, second[j].members.value)
        np.testing.assert_array_equal(one.unseen.sure, second[j].unseen.sure)


@pytest.mark.parametrize("name", NAMES)
def test_there_is_a_guess_for_each_likely_secret_and_row(name, clean):
    found = guessed(name, clean)
    assert set(found) == set(clean.likely)
    for j, one in found.items():
        assert one.members.value.shape == one.members.sure.shape == (len(clean.members.who),)
        assert one.unseen.sure.shape == (len(clean.unseen.who),)
        assert not np.isnan(one.members.sure).any()
        assert len(one.classes) == clean.width(j)
        assert one.members.value.max() <= one.classes.max()


@pytest.mark.parametrize("name", PLANTED)
def test_what_a_copy_would_do_is_what_a_copy_does(name, clean, make_case):
    """One person's row is among the others: found as sure and as right as foretold."""
    j = clean.names.index("ill")
    foretold = guessed(name, clean)[j]
    for place in (0, 17, 200):
        person = clean.members.records.frame.select(clean.members.records.schema.names)[place]
        frame = pl.concat([patients(600, 3).frame, person])
        held = dossier(make_case, Dataset(schema=patients(1, 1).schema, frame=frame))
        found = guessed(name, held)[j].members
        truth = held.members.codes[place, j]
        assert (found.value[place] == truth) == np.isfinite(foretold.copied[place])
        assert found.sure[place] == pytest.approx(foretold.copied[place], rel=0.02)


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_that_synthetic_rows_do_not_tell_apart_is_no_error(name, make_case):
    made = patients(50, 3, secret=np.full(50, "x"))
    held = dossier(make_case, made, n=120)
    assert right(guessed(name, held), held)[0] < 0.6


@pytest.mark.parametrize("name", NAMES)
def test_few_synthetic_rows_are_no_error(name, make_case):
    held = dossier(make_case, patients(2, 3), n=80)
    assert set(guessed(name, held)) == set(held.likely)


def test_a_copy_of_three_columns_is_found_by_the_best_row(make_case):
    """A tenth of the rows repeat two numbers and the secret of a member, nothing else."""
    train, fresh = patients(600, 1), patients(600, 3)
    part = fresh.frame[:60].with_columns(train.frame[c][:60] for c in ("n0", "n1", "ill"))
    made = Dataset(schema=train.schema, frame=pl.concat([part, fresh.frame[60:]]))
    held = dossier(make_case, made)
    j = held.names.index("ill")
    found = guessed("best_row", held)[j].members
    assert (found.value[:60] == held.members.codes[:60, j]).mean() > 0.95
    assert np.median(found.sure[:60]) > np.quantile(found.sure[60:], 0.95)


def test_many_counts_solve_for_secrets_that_no_single_count_tells(make_case):
    """Every cell of two columns holds many people; together they point at single people."""
    train = patients(300, 1)
    held = dossier(make_case, train, n=300)
    few = right(guessed("linear_reconstruction", held, questions=1), held)[0]
    many = right(guessed("linear_reconstruction", held, questions=80), held)[0]
    assert many > few + 0.1


def test_parts_of_one_population_have_the_same_secrets(make_case):
    """Refits are pooled secret by secret: chance must not say which columns are asked about."""
    found = {
        dossier_of(
            make_case(*(patients(300, 3 * s + i) for i in range(3))),
            Streams.from_seed(s),
            people=200,
            rows=300,
        ).likely
        for s in range(6)
    }
    assert len(found) == 1


def test_a_guess_is_what_lies_furthest_beyond_luck():
    """Luck .8 and .2: .7 for the common value is less than luck, .3 for the rare one is more."""
    found = surest(np.array([[0.7, 0.3], [1.0, 0.0]]), np.repeat([0, 1], [80, 20]))
    assert found.value.tolist() == [1, 0]
    assert found.sure == pytest.approx([0.1 / 0.8, 0.2 / 0.5])
