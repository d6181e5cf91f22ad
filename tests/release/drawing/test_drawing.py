"""Pictures put marks where the numbers say, and say the same in words."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assaymark.core.measurement import Measurement
from assaymark.release.drawing.attack import attack_words, draw_curve
from assaymark.release.drawing.columns import column_words, draw_column, largest_gap
from assaymark.release.drawing.exposure import (
    draw_exposed,
    draw_gain,
    draw_power,
    exposed_reach,
    gain_words,
    limit_words,
    loss_words,
    most_exposed,
    power_words,
    reach_of,
    secret_words,
)
from assaymark.release.drawing.groups import draw_group
from assaymark.release.drawing.learning import FamilyLine, GroupScore, LearningPicture
from assaymark.release.drawing.marks import element, figure, interval, percent, scale_of
from assaymark.release.drawing.pairs import STEPS, draw_pairs, shade, shown_columns
from assaymark.release.pages.report import render
from assaymark.release.pages.report_content import (
    AttackPicture,
    ColumnPicture,
    ControlLine,
    ExposureLine,
    GroupLevel,
    PairLine,
    ReportContent,
    SecretLine,
)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0, "0"),
        (None, "none"),
        (0.0310049, "0.031"),
        (0.5, "0.5"),
        (-0.1234, "−0.123"),
        (12345.6, "12,346"),
        (0.000123456, "0.000123"),
        (1e-9, "under 0.000001"),
        (-1e-9, "above −0.000001"),
        (100.0, "100"),
    ],
)
def test_figures_read_as_people_read_them(x, text):
    assert figure(x) == text


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (None, "withheld"),
        (0.0, "0\u00a0%"),
        (1.0, "100\u00a0%"),
        (0.0004, "<\u00a00.1\u00a0%"),
        (0.9996, ">\u00a099.9\u00a0%"),
        (0.123, "12.3\u00a0%"),
        (0.29, "29\u00a0%"),
        (-0.02, "−2\u00a0%"),
        (-0.021, "−2.1\u00a0%"),
    ],
)
def test_shares_keep_the_difference_between_none_and_few(x, text):
    assert percent(x) == text


@given(st.floats(-1e6, 1e6, allow_nan=False))
def test_a_figure_is_within_half_a_per_cent_of_its_number(x):
    text = figure(x).replace("−", "-").replace(",", "")
    if text.startswith(("under", "above")):
        assert abs(x) < 1e-6
    else:
        assert float(text) == pytest.approx(x, rel=0.005, abs=5e-7)


def measurement(value, low, high, **more):
    return Measurement(metric="a.b", value=value, low=low, high=high, n=10, **more)


@pytest.mark.parametrize("direction", ["at_most", "at_least", "within"])
@given(
    values=st.lists(st.floats(-5, 5, allow_nan=False), min_size=3, max_size=3),
    threshold=st.floats(0.01, 3),
)
def test_marks_keep_their_order_and_stay_inside(direction, values, threshold):
    low, value, high = sorted(values)
    scale = scale_of([measurement(value, low, high, floor=0.0)], threshold, direction)
    at = [scale.at(x) for x in (low, value, high)]
    assert all(a <= b for a, b in pairwise(at))
    assert at[0] >= 0
    assert at[-1] <= 100
    left, right = scale.good
    assert 0 <= left <= right <= 100
    if value < threshold - 0.2 and direction == "at_most":
        assert at[1] <= right


def test_a_far_baseline_does_not_squash_the_picture():
    m = measurement(0.03, 0.02, 0.04, baseline=0.9)
    scale = scale_of([m], 0.05, "at_most")
    assert scale.end < 0.1
    assert 'class="base"' not in interval(m, scale, title="t", words="w")


def test_one_constant_value_at_the_threshold_is_drawn():
    for x in (0.0, 1.0):
        scale = scale_of([measurement(x, x, x)], x, "at_most")
        assert 0 <= scale.at(x) <= 100


def test_interval_names_itself():
    m = measurement(0.03, 0.02, 0.04, floor=0.01)
    svg = interval(m, scale_of([m], 0.05, "at_most"), title="<age>", words="Measured 0.03.")
    assert "<title>&lt;age&gt;</title><desc>Measured 0.03.</desc>" in svg
    assert 'class="floor"' in svg


def test_text_and_attributes_are_escaped():
    assert element("text", "<b>&", class_='"x') == '<text class="&#34;x">&lt;b&gt;&amp;</text>'


def column(**more):
    return ColumnPicture(
        **{
            "name": "c",
            "kind": "category",
            "labels": ("a", "b", "c"),
            "real": (0.5, 0.3, None),
            "synthetic": (0.4, 0.35, 0.25),
        }
        | more
    )


def test_the_largest_gap_ignores_withheld_shares():
    assert largest_gap(column()) == (pytest.approx(0.1), 0)
    assert "“a”: real 50\u00a0%, synthetic 40\u00a0%" in column_words(column())
    assert "withheld" in column_words(column())


def test_a_column_without_real_shares_says_so():
    assert column_words(column(real=())) == "Only synthetic shares are shown."
    assert 'class="real"' not in draw_column(column(real=()))


@pytest.mark.parametrize("ordered", [True, False])
def test_bars_are_as_long_as_their_shares(ordered):
    svg = draw_column(column(ordered=ordered))
    size = "height" if ordered else "width"
    found = [float(x) for x in re.findall(rf'<rect[^>]* {size}="([0-9.]+)%?"[^>]*"synth"', svg)]
    assert len(found) == 3
    assert found[2] / found[0] == pytest.approx(0.25 / 0.4, rel=0.01)


@pytest.mark.parametrize("labels", [(), ("only",)])
def test_a_column_of_no_or_one_value_is_drawn(labels):
    for ordered in (True, False):
        draw_column(
            column(
                labels=labels,
                real=(1.0,) * len(labels),
                synthetic=(0.0,) * len(labels),
                ordered=ordered,
            )
        )


def test_shades_follow_the_distance():
    assert [shade(d) for d in (0.0, *(s + 0.001 for s in STEPS))] == list(range(len(STEPS) + 1))


def test_a_pair_is_drawn_below_the_diagonal_whatever_its_order():
    # columns in order of appearance: a, b, c; the pair (c, a) is row 2, column 0; cells of 28
    pairs = [
        PairLine(first="a", second="b", distance=0.01),
        PairLine(first="c", second="a", distance=0.3),
    ]
    svg = draw_pairs(pairs)
    assert 'd="M0 28h27v27h-27z" class="step0"' in svg
    assert 'd="M0 56h27v27h-27z" class="step4"' in svg
    assert "furthest off is c with a, distance 0.3" in svg


def test_too_many_columns_keep_the_worst():
    pairs = [PairLine(first="a", second=f"b{i}", distance=i / 100) for i in range(90)]
    names = shown_columns(pairs)
    assert len(names) == 48
    assert {"a", "b89"} <= set(names)
    assert "b0" not in names


def test_the_curve_is_read_on_the_line_between_its_points():
    attack = AttackPicture(name="m", title="M", curve=((0, 0), (0.02, 0.5), (1, 1)))
    words = attack_words(attack)
    assert "one stranger in 100, it finds 25\u00a0%" in words  # half way from 0 to 0.5
    assert words in draw_curve(attack)
    assert attack_words(AttackPicture(name="m", title="M")) == "No curve was recorded."


def test_the_power_curve_says_what_never_escaped():
    """Copies: all of 1 % caught, 13 of 14 at 0.5 %; halves of records: never all of them."""

    def line(name, size, caught):
        return ControlLine(name=name, kind="planted", caught=caught, of=14, size=size)

    lines = [line("copies", 0.005, 13), line("copies", 0.01, 14), line("halves", 0.5, 12)]
    lines.append(ControlLine(name="null", kind="null", caught=0, of=14))
    said = f"Planted: copies never escaped from {percent(0.01)} on; halves escaped at any size."
    assert power_words(lines) == said
    assert draw_power(lines).count("<polyline") == 2
    assert power_words([]) == "No leak was planted."


def test_a_gain_is_counted_from_chance():
    """An AUC of .55 is five points beyond the coin toss; axis to ten points either side."""
    attack = AttackPicture(
        name="a", title="t", value=0.55, low=0.53, high=0.57, chance=0.5, limit_of_detection=0.52
    )
    assert gain_words(attack) == "5.0 (3.0 to 7.0)"
    assert limit_words(attack) == "2.0"
    assert reach_of([attack]) == 0.1
    assert 'cx="74.0%"' in draw_gain(attack, 0.1)
    none = AttackPicture(name="a", title="t")
    assert (gain_words(none), limit_words(none)) == ("not measured", "not shown")
    assert "<circle" not in draw_gain(none, 0.1)


def test_an_exposed_group_is_drawn_from_no_excess():
    line = ExposureLine(group="sex = f", value=0.05, low=0.0, high=0.3, n=120, exposed=True)
    drawn = draw_exposed(line, 0.1)
    assert 'cx="74.0%"' in drawn
    assert 'x1="50.0%" x2="98.0%"' in drawn


def test_the_axis_of_groups_reaches_as_far_as_their_intervals():
    line = ExposureLine(group="sex = f", value=0.05, low=-0.4, high=0.3, n=120, exposed=False)
    assert exposed_reach([line]) == 0.4
    assert exposed_reach([]) == 0.1


def test_guesses_of_a_secret_are_said_in_words():
    line = SecretLine(
        secret="ill",
        guessed=0.16,
        precision=0.754,
        recall=0.1206,
        guessed_of_unseen=0.0,
        precision_of_unseen=0.0,
        recall_of_unseen=0.0,
        loss=-0.001,
    )
    assert secret_words(line) == (
        "Of 100 people of train 16 are guessed about, 12 of them rightly: "
        "precision 75\u00a0%, recall 12\u00a0%. Never seen: no guess is made."
    )
    both = replace(line, guessed=0.0, guessed_of_unseen=0.1, precision_of_unseen=0.5)
    assert secret_words(both) == (
        "No guess is made about people of train. Never seen: precision 50\u00a0%, recall 0\u00a0%."
    )
    assert loss_words(line) == "0.00"
    assert loss_words(replace(line, loss=-0.25)) == "\u22120.25"


def test_a_withheld_group_has_one_mark():
    assert draw_group(GroupLevel(name="g", real=None, synthetic=0.1), 0.0).count("<circle") == 1
    assert draw_group(GroupLevel(name="g", real=0.2, synthetic=0.1), 0.2).count("<circle") == 2


def exposed_by(title, *lines):
    return AttackPicture(name=title, title=title, value=0.0, low=0.0, high=0.0, exposed=lines)


def line_of(group, low, *, exposed=False):
    return ExposureLine(group=group, value=0.01, low=low, high=0.3, n=120, exposed=exposed)


def test_each_group_is_told_its_surest_attack_and_those_that_stand_out_come_first():
    attacks = (
        exposed_by("copied", line_of("sex=f", 0.02), line_of("sex=m", 0.01)),
        exposed_by("guessed", line_of("sex=f", 0.05), line_of("sex=m", -0.1, exposed=True)),
    )
    found = [(g, a.title, line.low, n) for g, a, line, n in most_exposed(attacks)]
    assert found == [("sex=m", "guessed", -0.1, 2), ("sex=f", "guessed", 0.05, 2)]


def test_the_page_says_which_groups_models_and_attacks_treat_worse():
    family = FamilyLine(
        name="forest", real=0.8, synthetic=0.7, low=0.6, high=0.8, loss=0.1, loss_low=0, loss_high=1
    )
    scored = GroupScore(
        group="sex=f", real=0.81, synthetic=0.74, loss=0.07, low=0.01, high=0.13, n=250
    )
    content = ReportContent(
        mode="draft",
        title="t",
        made_at="now",
        attacks=(exposed_by("copied", line_of("sex=f", 0.02, exposed=True)),),
        learning=LearningPicture(
            target="ill", score="AUC", families=(family,), groups=(scored,), unscored=("sex=x",)
        ),
    )
    page = render(content).decode()
    assert "Do models serve every group as well?" in page
    assert '0.07 <span class="quiet">(0.01 to 0.13)</span>' in page
    assert "Too few people tested to score: sex = x." in page
    assert "Is a group's privacy at more risk?" in page
    assert "(stands out)" in page
