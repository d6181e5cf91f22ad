"""Pages and pictures that whole runs make, each from a few numbers: what they say and draw."""

import re
from dataclasses import replace

import numpy as np
import pytest

from assaymark.core.audit import Audit
from assaymark.core.comparison import Figure
from assaymark.core.dial import Dialled, Notch
from assaymark.core.measurement import Measurement
from assaymark.core.privacy import Charge, PrivacyGuarantee
from assaymark.core.rights import Rights
from assaymark.release.drawing.attack import _height
from assaymark.release.drawing.chain import chain_line_words, draw_chain
from assaymark.release.drawing.field import Field, names
from assaymark.release.drawing.gaps import by_outcome, draw_gap, gap_reach, gap_words
from assaymark.release.drawing.groups import draw_group
from assaymark.release.drawing.learning import (
    CurvePoint,
    FamilyLine,
    LearningPicture,
    draw_family,
    draw_learning,
)
from assaymark.release.drawing.marks import interval, scale_of
from assaymark.release.drawing.timeline import draw_timeline
from assaymark.release.pages.claims import _spread
from assaymark.release.pages.dial import render_dial
from assaymark.release.pages.dial_words import dialled_answer, most_recognised
from assaymark.release.pages.privacy_words import privacy_limits, privacy_lines
from assaymark.release.pages.report_content import ChainLine, GapLine, GroupLevel
from assaymark.release.pages.since import LookedAt, SinceContent, render_since
from assaymark.release.pages.watch import WatchContent, render_watch
from assaymark.release.review import review_text


def figure(value=0.5, half=0.1, reason="", *, bare=False):
    ends = (None, None) if bare or value is None else (value - half, value + half)
    return Figure(value=value, low=ends[0], high=ends[1], reason=reason)


def notch(name, closeness, isolated, *, within=True, reason=""):
    return Notch(
        name=name,
        words="fewer splits",
        parameters={} if name == "loose" else {"trees": 10, "smooth": True},
        closeness=closeness,
        anyone=isolated,
        isolated=isolated,
        anyone_auc=figure(),
        isolated_auc=figure(),
        fit_seconds=1.0,
        within=within,
        reason=reason,
    )


def dialled(*notches, chosen=None, ceiling=0.95):
    return Dialled(
        name="stays",
        made_at="2026-11-25",
        at_most=0.02,
        people=500,
        worlds=32,
        repeats=3,
        told_by="boosted trees",
        ceiling=figure(ceiling, 0.01),
        notches=notches,
        chosen=chosen,
        notices=("a notice",),
        report=None,
    )


SAFE = notch("safe", figure(0.7), figure(0.011, 0.004))
LOOSE = notch("loose", figure(0.9), figure(0.03, 0.01), within=False)
FAILED = notch(
    "failed", figure(None, reason="no fit"), figure(None, reason="no fit"), reason="no fit"
)


def test_a_dial_says_which_setting_holds_and_draws_those_with_figures():
    page = render_dial(dialled(SAFE, LOOSE, FAILED, chosen="safe")).decode()
    assert "The dial can go to &#39;safe&#39;, setting 1 of 3 from the safest" in page
    assert "fewer splits" in page
    assert "the next setting, &#39;loose&#39;, would score 0.90" in page
    assert page.count('class="spot') == 2
    assert "trees = 10, smooth = true" in page
    assert "as shipped" in page


def test_a_dial_at_its_end_without_any_setting_or_without_figures_says_so():
    assert dialled_answer(dialled(SAFE, chosen="safe")).sentence.endswith("closest there is.")
    none = dialled_answer(dialled(FAILED, LOOSE))
    assert none.tone == "bad"
    assert "loose: 3\N{NO-BREAK SPACE}% (2" in none.sentence
    assert "narrower" in dialled_answer(dialled(FAILED)).sentence
    page = render_dial(dialled(FAILED, notch("bare", figure(None), figure(bare=True)))).decode()
    assert "<circle" not in page
    assert "no fit" in page


def test_a_setting_is_drawn_where_the_attack_that_finds_most_puts_it():
    assert most_recognised(SAFE) is SAFE.isolated
    assert most_recognised(SAFE.model_copy(update={"anyone": figure(0.05, 0.01)})).value == 0.05
    assert most_recognised(SAFE.model_copy(update={"anyone": figure(bare=True)})) is SAFE.isolated


def test_a_field_draws_what_is_known():
    field = Field(share=lambda x: x, foot=0.5)
    assert not field.whiskers(figure(bare=True), figure(bare=True), (10.0, 10.0))
    assert len(field.whiskers(figure(), figure(), (10.0, 10.0))) == 2
    more = len(field.frame(figure(0.9), "x")) - len(field.frame(figure(None), "x"))
    assert more == 2


def written(*spots):
    drawn = "".join(names([(name, (x, y), 8.0) for name, x, y in spots]))
    return re.findall(r'y="([\d.]+)" text-anchor="(\w+)" class="name">(\w+)<', drawn)


def test_names_of_spots_that_lie_together_are_written_where_others_are_not():
    one = [("low", 30.0, 106.0), ("high", 30.0, 100.0), ("far", 80.0, 101.0)]
    assert written(*one) == [
        ("93", "start", "high"),
        ("94", "end", "far"),
        ("99", "end", "low"),
    ]
    two = [("moderate", 49.0, 130.0), ("standard", 57.0, 121.0), ("careful", 45.0, 139.0)]
    assert written(*two) == [
        ("114", "start", "standard"),
        ("123", "end", "moderate"),
        ("147", "end", "careful"),
    ]
    edge = [("left", 85.0, 100.0), ("right", 99.0, 102.0)]
    assert written(*edge) == [("93", "end", "left"), ("95", "end", "right")]


def test_of_many_spots_no_name_is_written_over_another_where_there_is_room():
    rng = np.random.default_rng(3)
    for _ in range(200):
        spots = [(f"name{i}", rng.uniform(15, 85), rng.uniform(60, 300)) for i in range(6)]
        found = names([(name, (x, y), 8.0) for name, x, y in spots])
        at = re.findall(r'x="([\d.]+)%" dx="([-\d.]+)" y="([\d.]+)" text-anchor', "".join(found))
        left = [8 * float(x) + float(d) - (40 if float(d) < 0 else 0) for x, d, _ in at]
        over = [
            abs(left[i] - left[j]) < 38 and abs(float(at[i][2]) - float(at[j][2])) < 10
            for i in range(6)
            for j in range(i)
        ]
        assert len(at) == 6
        assert not any(over)


LINE = GapLine(
    outcome="ill",
    rate=True,
    level="judged",
    group="sex=f",
    real=0.1,
    real_low=0.0,
    real_high=0.2,
    synthetic=-0.001,
    introduced=-0.1,
    low=-0.2,
    high=0.0,
    crossing=False,
    stands_out=True,
    n=400,
)


def test_a_gap_is_said_and_drawn_and_crossings_only_where_they_stand_out():
    assert "Real +0.10, synthetic 0.00; brought in −0.10" in gap_words(LINE)
    crossed = replace(LINE, crossing=True)
    quiet = replace(crossed, stands_out=False, outcome="well")
    assert by_outcome([LINE, crossed, quiet]) == [("ill", [LINE], [crossed]), ("well", [], [])]
    assert gap_reach([LINE]) == 0.3
    assert gap_reach([replace(LINE, synthetic=-0.9)]) == 0.9
    assert 'class="synth"' in draw_gap(LINE, 0.05)


def test_learning_is_drawn_with_one_point_and_with_several():
    family = FamilyLine(
        name="trees",
        real=0.8,
        synthetic=0.7,
        low=0.6,
        high=0.75,
        loss=0.1,
        loss_low=0.0,
        loss_high=0.2,
    )
    drawn = LearningPicture(target="ill", score="AUC", families=(family,))
    low, high = drawn.ends
    assert low < 0.6 < 0.8 < high
    assert "After real training 0.8" in draw_family(family, drawn.ends)
    points = [CurvePoint(rows=n, real=0.6, both=0.7) for n in (50, 500, 5_000)]
    for shown in (points, points[:1]):
        svg = draw_learning(shown)
        assert svg.count("<polyline") == 2
        assert f"{shown[-1].rows:,} real rows" in svg
    same = replace(family, synthetic=0.8, low=0.8, high=0.8)
    assert replace(drawn, families=(same,)).ends == pytest.approx((0.72, 0.88))


def test_a_timeline_draws_each_look_and_of_many_only_the_alarms():
    few = draw_timeline([-9.0, 0.5, 8.0], ["2026-01-01", "2026-01-02", "2026-01-03"])
    assert few.count("<circle") == 3
    assert "2 at or over the line" in few
    many = draw_timeline([-1.0] * 80 + [1.0], ["2026-01-01"] * 81)
    assert many.count("<circle") == 1
    assert draw_timeline([0.0], ["2026-01-01"]).count("2026-01-01") == 1
    day = draw_timeline([0.0] * 3, [f"2026-01-01T0{h}:30:00+00:00" for h in range(3)])
    assert all(f">2026-01-01 0{h}:30<" in day for h in range(3))


WATCHED = WatchContent(
    title="stays",
    says="no change seen",
    against="source",
    looks=1,
    rows=500,
    tolerance=0.05,
    false_alarm=0.05,
    odd=(),
    alarms=(),
    evidence=(-1.0,),
    times=("2026-01-01",),
    columns=(("age", "a", "b", "c", "d", ""),),
    summary="well",
)


def test_a_monitor_says_what_changed_that_nothing_did_or_that_rows_are_too_few():
    page = render_watch(WATCHED).decode()
    assert "No change was seen" in page
    assert "by up to 5%" in page
    assert "Columns that claims rest on" not in page
    assert "are not looked for" not in render_watch(replace(WATCHED, tolerance=0.0)).decode()
    relied = replace(WATCHED, columns=(*WATCHED.columns, ("sex", "a", "b", "c", "d", "a claim")))
    assert "Columns that claims rest on" in render_watch(relied).decode()
    few = replace(WATCHED, says="too few", looks=3, against="release", columns=())
    assert "Too few rows to tell" in render_watch(few).decode()
    alarm = ("column:age", "share", 0.1, 0.3, 50, 2, "a claim")
    one = replace(WATCHED, alarms=(alarm,))
    assert ">age changed<" in render_watch(one).decode()
    two = replace(WATCHED, alarms=(alarm, ("column:sex", *alarm[1:])))
    assert ">age and sex changed<" in render_watch(two).decode()
    assert "4 things changed" in render_watch(replace(WATCHED, alarms=4 * (alarm,))).decode()
    assert "2 things changed" in render_watch(replace(one, odd=("a new column",))).decode()


def test_what_became_of_a_release_is_the_headline():
    def page(status="RELEASED", standing="RELEASED", alarmed=False, evidence=(1.0,)):
        looked = LookedAt(
            words="by rows", alarmed=alarmed, evidence=evidence, times=("2026-01-01",)
        )
        content = SinceContent(
            title="stays", status=status, standing=standing, said=(), looked=(looked,)
        )
        return render_since(content).decode()

    assert "WITHDRAWN: not to be used now" in page("WITHDRAWN", "WITHDRAWN: leaks")
    assert "not for every use" in page(standing="RELEASED; STALE for analytics: drift")
    assert "with a change seen" in page(alarmed=True)
    assert "Nothing that was said" in page(evidence=())


def test_a_person_is_shown_terms_and_uses_before_signing(release, draft):
    rights = Rights(owner="the hospital", licence="CC0-1.0")
    words = review_text(release, rights, "d" * 64)
    assert "Terms:" not in words
    assert f"decision {'d' * 64}" in words
    assert "Attacker knows" in words
    bound = rights.model_copy(update={"prohibited": ("insurance",), "expires": ""})
    assert "until no date; never for insurance" in review_text(release, bound, "d")
    ends = rights.model_copy(update={"expires": "2030-01-01"})
    assert "Terms: until 2030-01-01\n" in review_text(release, ends, "d")
    assert "Attacker knows" not in review_text(replace(draft, threat=None), rights, "d")
    odd = review_text(replace(release, title="a\x1b[2Jb"), rights, "d")
    assert "\x1b" not in odd


def guarantee(**changes):
    return PrivacyGuarantee(
        **{
            "unit": "person",
            "neighbours": "add-remove",
            "rows_per_person": 2,
            "epsilon": "1.0",
            "delta": "1e-06",
            "rho": "0.01",
            "mechanism": "marginals",
            "charges": (Charge(what="one", mechanism="discrete Gaussian", rho="0.01"),),
            "covers": "the table",
            "not_covered": ("what is public",),
            "assumptions": ("the columns",),
            **changes,
        }
    )


def test_a_guarantee_is_said_for_persons_and_for_rows_with_its_audit():
    assert privacy_lines(None) == ()
    assert len(privacy_lines(guarantee())) == 2
    audit = Audit(canaries=9, guesses=4, right=2, lower_bound="0.1", commitment="e" * 64)
    assert privacy_lines(guarantee(audit=audit))[2][0] == "Audit"
    assert "nothing here is a theorem" in privacy_limits(None)[0]
    assert "At most 2 rows of a person" in privacy_limits(guarantee())[0]
    by_row = privacy_limits(guarantee(unit="row", rows_per_person=1))[0]
    assert "whether one row was in" in by_row
    assert "of a person were used" not in by_row


def test_a_chain_says_what_a_column_is_drawn_from():
    line = ChainLine(column="age")
    assert chain_line_words(line) == "its own shares"
    assert chain_line_words(replace(line, empty=True)) == "nothing: no value may come out"
    assert chain_line_words(replace(line, near=("sex",))) == "near sex"
    given = replace(line, drawn_from=(("sex", 0.5),))
    assert chain_line_words(given) == "sex 50\N{NO-BREAK SPACE}%"
    assert chain_line_words(replace(given, derived=True)) == "follows from sex"
    total = replace(given, derived=True, formula="0.17 * minutes")
    assert chain_line_words(total) == "is 0.17 * minutes"


def test_a_chain_is_drawn_with_an_arc_for_each_strong_tie():
    lines = (
        ChainLine(column="sex", codes=2),
        ChainLine(column="age", codes=9, missing=True, drawn_from=(("sex", 0.5), ("gone", 0.4))),
        ChainLine(column="old", codes=2, drawn_from=(("age", 0.0),), derived=True, pools=3.0),
        ChainLine(column="stay", codes=7, pools=12.5, drawn_from=(("age", 0.05),), near=("old",)),
        ChainLine(column="none", empty=True, hidden="2 held back"),
    )
    drawn = str(draw_chain(lines))
    assert (drawn.count('class="arc"'), drawn.count('class="arc derived"')) == (1, 2)
    assert "8 and missing" in drawn
    assert "2 held back" in drawn
    assert ">12.5<" in drawn
    assert ">3<" not in drawn
    assert "none: nothing: no value may come out." in drawn
    assert "arc" not in str(draw_chain(()))


def test_pictures_of_one_number_draw_what_there_is():
    m = Measurement(metric="a.b", value=0.1, low=0.0, high=0.2, n=9, baseline=0.05, floor=0.01)
    scale = scale_of([m], 0.2, "at_most")
    whole = interval(m, scale, title="t", words="w").count("<line")
    bare = replace(m, low=None, high=None, baseline=9.0, floor=None)
    assert interval(bare, scale, title="t", words="w").count("<line") == whole - 2
    missing = Measurement.missing("a.b", "no")
    assert "<circle" not in interval(missing, scale, title="t", words="w")
    level = GroupLevel(name="f", real=0.5, synthetic=None)
    assert draw_group(level, 1.0).count("<circle") == 1
    assert draw_group(replace(level, real=None, synthetic=0.5), 1.0).count("<circle") == 1
    assert draw_group(replace(level, synthetic=0.4), 1.0).count('class="gap"') == 1
    assert _height([], 0.5) is None
    assert _height([(0.0, 1.0)], 0.0) == 1.0
    assert _height([(0.0, 0.0), (0.0, 1.0), (1.0, 2.0)], 0.5) == 1.5


@pytest.mark.parametrize(
    "line",
    [
        "no list",
        {"quantile": "half", "real": [1, 0, 2], "synthetic": [1, 0, 2]},
        {"quantile": 0.5, "real": [1, 0], "synthetic": [1, 0, 2]},
        {"quantile": 0.5, "real": [1, 0, "x"], "synthetic": [1, 0, 2]},
    ],
)
def test_what_is_no_spread_of_effects_is_left_out(line):
    m = Measurement(metric="a.b", value=0.1, n=9, details={"quantiles": [line]})
    assert list(_spread([m])) == []
    good = {"quantile": 0.5, "real": [1, 0, 2], "synthetic": [1, 0, 2]}
    assert len(list(_spread([replace(m, details={"quantiles": [good]})]))) == 1
