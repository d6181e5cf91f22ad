import pytest

from assaymark.core.measurement import NO_SUBJECT, Measurement
from assaymark.release.drawing.estimate import draw_coverage, draw_estimate
from assaymark.release.pages.analyst import analyst_view
from assaymark.release.pages.report import _environment


def m(metric, subject, value, low=None, high=None, baseline=None):
    return Measurement(
        metric=metric, subject=subject, value=value, low=low, high=high, n=9, baseline=baseline
    )


MEASURED = (
    m("inference.difference", "estimand:mean age", 0.1, -0.2, 0.4),
    m("inference.overlap", "estimand:mean age", 0.9, 0.5, 1.0, 0.72),
    m("inference.difference", "estimand:proportion <b>", -1.4, -1.8, -1.0),
    m("inference.model_difference", "estimand:ill ~ age,term:age", 0.5, -0.5, 5.0),
    Measurement.missing("inference.difference", "too few", "estimand:mean y"),
    Measurement.missing("inference.model_coverage", "none", NO_SUBJECT),
    m("inference.coverage", "estimand:mean", 0.95, 0.93, 0.97),
    Measurement.missing("inference.coverage", "no bench", "estimand:ols"),
    m("queries.relative_error", "columns:1", 0.06, baseline=0.05),
)


def test_estimates_furthest_off_come_first_and_missing_ones_are_told():
    view = analyst_view(MEASURED)
    assert [x.name for x in view.shown] == [
        "share of the most frequent value of <b>",
        "age in ill ~ age",
        "mean of age",
    ]
    assert view.shown[2].overlap.value == 0.9
    assert view.missing == (("mean of y", "too few"),)
    assert [k for k, _ in view.coverage] == ["means", "linear regression"]
    assert analyst_view(MEASURED[6:]) is None


def test_page_escapes_names_and_says_what_is_not_certified():
    page = _environment().get_template("inference.html.j2").render(analyst=analyst_view(MEASURED))
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "Not certified: no bench" in page
    assert "Counts by 1 column are off by" in page


@pytest.mark.parametrize("draw", [draw_estimate, draw_coverage])
def test_pictures_stay_inside(draw):
    drawn = draw(m("x.y", "s", 9.0, -9.0, 99.0))
    assert "95" in drawn
    assert all(
        -1 <= float(x) <= 101 for x in __import__("re").findall(r'c?x[12]?="([-\d.]+)%"', drawn)
    )
