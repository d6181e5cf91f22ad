"""Shadow: leaky generators are found out by refitting, harmless ones are not."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.evaluate import metrics
from assaymark.evaluate.worlds import Worlds, likelihood, pool_of

SUBJECTS = ("table", "records:isolated")


def measured(case, worlds=16, seed=1):
    attack = metrics.build("shadow", {"worlds": worlds})
    return {(m.metric, m.subject): m for m in attack.measure(case, Streams.from_seed(seed))}


@pytest.fixture(scope="module")
def parts(population):
    return [population(n, s) for n, s in ((800, 1), (700, 2), (300, 3), (800, 4))]


def refit_by_copying(rows, n, streams):
    """Release a random sample of the rows it was given: half of them."""
    chosen = streams.generator().permutation(rows.n)[: rows.n // 2]
    return Dataset(schema=rows.schema, frame=rows.frame[np.resize(chosen, n)])


def opened(case, refit):
    return replace(case, threat=threat_of(Profile.OPEN), refit=refit)


def test_a_generator_that_copies_half_of_its_people_fails_by_far(parts, make_case):
    """Every other member is in the rows: about half are recognised at 5 % false alarms."""
    train, holdout, reference, _ = parts
    made = refit_by_copying(train, 800, Streams.from_seed(5))
    case = opened(make_case(train, holdout, made, reference=reference), refit_by_copying)
    found = measured(case)
    for subject in SUBJECTS:
        assert found["shadow.excess_tpr", subject].low > 0.3
        assert found["shadow.recipe_auc", subject].low > 0.65
        assert found["shadow.recipe_tpr", subject].low > 0.3
        assert found["shadow.excess_tpr", subject].details["role_swap"][1] > 0.1


def test_a_generator_that_ignores_its_people_is_not_accused(parts, make_case, population):
    train, holdout, reference, fresh = parts

    def refit(rows, n, streams):
        return Dataset(schema=rows.schema, frame=population(n, streams.integer()).frame)

    found = measured(opened(make_case(train, holdout, fresh, reference=reference), refit))
    for subject in SUBJECTS:
        assert found["shadow.excess_tpr", subject].low <= 0
        assert found["shadow.recipe_auc", subject].low <= 0.505
        assert found["shadow.recipe_auc", subject].high < 0.55


@pytest.mark.parametrize("profile", [Profile.CONTROLLED, Profile.ENCLAVE])
def test_where_nobody_can_refit_there_is_a_reason(profile, parts, make_case):
    train, holdout, reference, fresh = parts
    case = replace(
        make_case(train, holdout, fresh, reference=reference),
        threat=threat_of(profile),
        refit=refit_by_copying,
    )
    assert all("does not refit" in m.reason for m in measured(case).values())


def test_rows_of_another_tool_cannot_be_refitted_and_say_so(parts, make_case):
    train, holdout, reference, fresh = parts
    case = replace(
        make_case(train, holdout, fresh, reference=reference), threat=threat_of(Profile.OPEN)
    )
    found = measured(case)
    assert {s for _, s in found} == set(SUBJECTS)
    assert all("cannot be fitted again" in m.reason for m in found.values())


def test_the_likelihood_ratio_of_one_sign_is_that_of_two_normals():
    """One sign, mean 2 inside and 0 outside for everybody, spread 1: the ratio is 2 x - 2."""
    rng = np.random.default_rng(0)
    inside = np.stack([rng.permutation(np.arange(200) < 100) for _ in range(500)], axis=1)
    seen = (2.0 * inside + rng.standard_normal(inside.shape))[:, :, None]
    x = np.linspace(-2, 4, 500)
    found = likelihood(Worlds(inside=inside, seen=seen), x[:, None])
    assert np.abs(found - (2 * x - 2)).mean() < 0.35
    assert np.corrcoef(found, 2 * x - 2)[0, 1] > 0.99


def test_a_pool_keeps_people_of_two_tables_apart(table):
    first = table({"x": [1, 2, 3]}, persons=np.array([5, 5, 9]), x="integer")
    second = table({"x": [4, 5]}, x="integer")
    pool = pool_of(first, second)
    assert pool.persons.tolist() == [0, 0, 1, 2, 3]
    assert pool.frame["x"].to_list() == [1, 2, 3, 4, 5]


def test_a_leak_of_the_recipe_is_the_same_whichever_fit_is_attacked(parts, make_case):
    """The figure of the recipe has a narrow interval, for it has many fits to look at."""
    train, holdout, reference, _ = parts
    made = refit_by_copying(train, 800, Streams.from_seed(5))
    case = opened(make_case(train, holdout, made, reference=reference), refit_by_copying)
    m = measured(case, worlds=12)["shadow.recipe_auc", "table"]
    assert m.n == 12
    assert m.high - m.low < 0.06


@pytest.mark.parametrize("worlds", [0, 3, 7])
def test_too_few_fits_are_a_reason_and_no_crash(worlds, parts, make_case):
    train, holdout, reference, fresh = parts
    case = opened(make_case(train, holdout, fresh, reference=reference), refit_by_copying)
    found = measured(case, worlds=worlds)
    assert len(found) == 6
    assert all(m.value is None and "needs 8" in m.reason for m in found.values())


def test_a_train_table_of_frames_is_not_changed(parts, make_case):
    train, holdout, reference, fresh = parts
    before = train.frame.clone()
    measured(opened(make_case(train, holdout, fresh, reference=reference), refit_by_copying), 4)
    assert pl.DataFrame.equals(before, train.frame)
