"""What models lose is told group by group: predictions are given, so that the answers are known."""

import numpy as np
import pytest

from assaymark.core.measurement import NO_SUBJECT
from assaymark.core.schema import Role
from assaymark.evaluate.models.by_group import losses_by_group, of_groups
from assaymark.evaluate.models.families import FAMILIES
from assaymark.evaluate.models.predictors import task_and_test
from assaymark.evaluate.models.rehearsal import Rehearsal


@pytest.fixture
def people(table):
    def make(seed, *, n=2_000, number=False, protected=True):
        rng = np.random.default_rng(seed)
        group = rng.choice(["a", "b", "few"], n, p=[0.55, 0.445, 0.005])
        y = rng.normal(size=n).tolist() if number else (rng.random(n) < 0.3).tolist()
        roles = {"y": [Role.TARGET], **({"group": [Role.PROTECTED]} if protected else {})}
        return table(
            {"x": rng.normal(size=n), "group": group, "y": y},
            roles=roles,
            x="decimal",
            group="category",
            y="decimal" if number else "boolean",
        )

    return make


def found_in(make_case, parts, *, wrong=""):
    """Let models know the target but for noise; synthetic ones guess in group ``wrong``."""
    case = make_case(*parts)
    task, test = task_and_test(case)
    targets, rng = task.targets(test), np.random.default_rng(0)
    lost = (test.frame["group"] == wrong).to_numpy()

    def side(spoilt):
        known = np.where(spoilt, 0.0, targets)
        risks = [known + rng.normal(0, 0.7, len(known)) for _ in range(3)]
        if task.regression:
            return {f: tuple(r[:, None] for r in risks) for f in FAMILIES}
        return {f: tuple(np.column_stack([-r, r, 0 * r]) for r in risks) for f in FAMILIES}

    rehearsal = Rehearsal(
        real=side(False & lost), made=side(lost), models=(), parameters={}, rows=10
    )
    return case, task, test, targets, rehearsal


@pytest.mark.parametrize("number", [False, True])
def test_a_group_that_models_serve_worse_is_named_and_the_others_are_not(people, make_case, number):
    parts = [people(s, number=number) for s in (1, 2, 3)]
    losses = losses_by_group(*found_in(make_case, parts, wrong="b"))
    found = {g.group.subject: g for g in losses}
    spoilt, kept = found["group:group=b"], found["group:group=a"]
    assert kept.loss.low < 0 < kept.loss.high < 0.1
    # real: a risk with noise of .7 ranks .84; synthetic: it guesses, .5, or errs by the variance
    wanted = 1.0 if number else 0.34
    assert spoilt.loss.low < wanted < spoilt.loss.high
    assert spoilt.loss.value == pytest.approx(spoilt.real - spoilt.made)
    assert spoilt.loss.low > 0.1


def test_large_and_small_groups_have_names_of_their_own_and_counts_are_rounded(people, make_case):
    measured = list(of_groups(*found_in(make_case, [people(s) for s in (1, 2, 3)])))
    assert [(m.metric, m.subject) for m in measured[:2]] == [
        ("tstr.group_loss", "group:group=a"),
        ("tstr.group_loss", "group:group=b"),
    ]
    (few,) = measured[2:]
    assert few.metric == "tstr.group_loss_small"
    assert "10 test rows" in few.reason
    assert all(m.n % 10 == 0 for m in measured)
    assert 0.8 < measured[0].details["real"] < 0.9


def test_without_protected_columns_there_is_nothing_to_judge(people, make_case):
    parts = [people(s, protected=False) for s in (1, 2, 3)]
    measured = list(of_groups(*found_in(make_case, parts)))
    assert {m.subject for m in measured} == {NO_SUBJECT}
    assert all("no protected column" in m.reason for m in measured)
