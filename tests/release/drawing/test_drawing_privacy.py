"""The picture of a guarantee says what the theorem says, and small groups' cost as measured."""

import itertools
import re

import pytest

from assaymark.core.measurement import Measurement
from assaymark.core.privacy import Charge, PrivacyGuarantee
from assaymark.core.zcdp import epsilon_of, rho_of
from assaymark.flow.report.guaranteed import guaranteed
from assaymark.release.drawing.privacy import ceiling_words, draw_ceiling
from assaymark.release.pages.report import render
from assaymark.release.pages.report_content import ReportContent


def guarantee(epsilon=1.0, delta=1e-6):
    rho = rho_of(epsilon, delta)
    return PrivacyGuarantee(
        unit="person",
        neighbours="add-remove",
        rows_per_person=1,
        epsilon=repr(max(epsilon, epsilon_of(rho, delta))),
        delta=repr(delta),
        rho=repr(rho),
        mechanism="counts",
        charges=(Charge(what="x", mechanism="discrete Gaussian", rho=repr(rho)),),
        covers="the rows",
        not_covered=("the evaluation",),
        assumptions=("names of the columns",),
    )


def group(name, n, value, low, high):
    small = "_small" if n < 500 else ""
    return Measurement(
        metric=f"group_fidelity.mean{small}",
        subject=f"group:race={name}",
        value=value,
        low=low,
        high=high,
        floor=0.01,
        n=n,
    )


MEASURED = (
    group("large", 3000, 0.01, 0.0, 0.02),
    group("tiny", 60, 0.3, 0.2, 0.4),
    Measurement.missing("group_fidelity.mean_small", "fewer than 30 people", "group:race=rare"),
)


@pytest.mark.parametrize(
    ("epsilon", "right", "found"), [(1.0, "73.1", "2.7"), (3.0, "95.3", "20.1")]
)
def test_the_words_are_the_published_ceilings(epsilon, right, found):
    words = ceiling_words(guaranteed(guarantee(epsilon), ()))
    assert right in words
    assert f"{found} %" in words.replace("\u00a0", " ")


def test_the_line_is_above_guessing_and_below_all():
    drawn = str(draw_ceiling(guaranteed(guarantee(), ())))
    line = re.search(r'points="([^"]+)" class="line found"', drawn)[1]
    points = [tuple(map(float, p.split(","))) for p in line.split()]
    assert points[0][1] > points[-1][1]
    shares = [((x - 58) / 240, 1 - (y - 10) / 240) for x, y in points]
    assert all(y >= x - 1e-3 and y <= 1 + 1e-3 for x, y in shares)
    assert all(b[1] >= a[1] - 1e-3 for a, b in itertools.pairwise(shares))


def test_small_groups_come_first_and_few_people_are_not_shown():
    picture = guaranteed(guarantee(), MEASURED)
    assert [g.value is None for g in picture.groups] == [True, False, False]
    assert "tiny" in picture.costly
    even = guaranteed(guarantee(), (MEASURED[0], group("tiny", 60, 0.02, 0.0, 0.1)))
    assert "not shown" in even.costly


def test_a_page_has_the_section_only_where_something_is_proved():
    content = ReportContent(mode="draft", title="x", made_at="", privacy=None)
    assert 'id="privacy"' not in render(content).decode()
    found = guaranteed(guarantee(), MEASURED)
    page = render(ReportContent(mode="draft", title="x", made_at="", privacy=found)).decode()
    assert 'id="privacy"' in page
    assert "not said: fewer than 30 people" in page
    assert guaranteed(None, MEASURED) is None
