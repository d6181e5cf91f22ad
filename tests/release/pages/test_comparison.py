"""The page of a comparison: what it answers in words, and that it draws what it says."""

from __future__ import annotations

import re

import pytest

from assaymark.core.comparison import Attack, Comparison, Contender, Figure, Hygiene
from assaymark.release.drawing.plane import draw_plane
from assaymark.release.pages.comparison import render_comparison
from assaymark.release.pages.comparison_words import (
    compared_answer,
    level_with_best,
    sorted_contenders,
)


def figure(value, wide=0.01):
    return Figure(value=value, low=value - wide, high=value + wide)


def attack(excess, verdict):
    return Attack(
        metric="membership.excess_tpr",
        subject="records:isolated",
        title="Members recognised",
        figure=figure(excess, 0.02),
        chance=0.0,
        n=400,
        rule="isolated-people-stay-hidden",
        verdict=verdict,
    )


def contender(name, score, excess=0.0, held="held", best=0.85, **more):
    verdict = {"held": "PASS", "leaks": "FAIL"}.get(held, "INCONCLUSIVE")
    found = attack(excess, verdict)
    plain = {
        "name": name,
        "generator": "tree_chain",
        "parameters": {},
        "columns": 14,
        "closeness": figure(score),
        "behind": figure(best - score),
        "utility": figure(0.9),
        "utility_loss": figure(0.02),
        "worst": found,
        "attacks": (found,),
        "held": held,
        "fit_seconds": 1.7,
        "rows_per_second": 812_345.0,
        "holds_records": False,
        "reason": "",
    }
    return Contender(**(plain | more))


def compared(*contenders):
    return Comparison(
        name="stays",
        made_at="2026-01-01 00:00 UTC",
        profile="controlled",
        policy="controlled",
        target="ill",
        score="AUC",
        ceiling=figure(0.98),
        real_utility=figure(0.92),
        repeats=5,
        rows_told_apart=4000,
        told_by="scikit-learn",
        hygiene=Hygiene(
            train_rows=5000,
            holdout_rows=4000,
            train_doubles=3,
            holdout_doubles=2,
            shared_rows=1,
            share_by_chance=0.001,
            shared_persons=0,
            limit=0.02,
            words="Of 4,000 holdout rows 1 has an equal in train.",
        ),
        contenders=contenders,
        notices=("Take `assaymark run` next.",),
        report=None,
    )


def test_the_first_words_name_the_closest_the_leaky_and_the_cost():
    found = compared(
        contender("far", 0.3),
        contender("near", 0.85),
        contender("copies", 0.97, 0.9, "leaks", holds_records=True),
    )
    answer = compared_answer(found)
    assert (
        answer.headline
        == "near is closest to the real rows, and every attack stays within the policy’s limits"
    )
    assert "near scores 0.85" in answer.sentence
    assert "the real rows that it was fitted to score 0.98" in answer.sentence
    assert "further off: far 0.30" in answer.sentence.replace("Further", "further")
    assert "Caught leaking: copies" in answer.sentence
    assert "1.7 s with near" in answer.sentence
    assert [c.name for c in sorted_contenders(found)] == ["near", "far", "copies"]
    first = contender("near", 0.85, behind=Figure(value=0.0, low=0.0, high=0.0))
    assert not level_with_best(first)
    assert answer.tone == "good"


def test_a_leak_is_never_hidden_behind_a_good_score():
    some = compared_answer(compared(contender("near", 0.85, 0.4, "leaks"), contender("far", 0.3)))
    assert some.headline.startswith("near is closest to the real rows, and it leaks;")
    assert some.headline.endswith("far is closest")
    every = compared_answer(compared(contender("near", 0.85, 0.4, "leaks")))
    assert (every.headline, every.tone) == ("near is closest to the real rows, and it leaks", "bad")
    both = compared(contender("near", 0.85, 0.4, "leaks"), contender("far", 0.3, 0.4, "leaks"))
    assert compared_answer(both).headline.startswith("Every recipe leaks; near is closest")
    few = compared_answer(compared(contender("near", 0.85, 0.1, "not shown")))
    assert few.headline.endswith("whether it leaks is not proven on so few people")
    assert few.tone == "open"


def test_a_difference_that_may_be_chance_is_called_so():
    twin = contender("twin", 0.845, behind=Figure(value=0.005, low=-0.01, high=0.02))
    said = compared_answer(compared(contender("near", 0.85), twin)).sentence
    assert "The difference to twin may be chance" in said
    head = compared_answer(compared(contender("near", 0.85), twin)).headline
    assert head.startswith("near came closest to the real rows, which may be chance, and every")


def test_what_failed_is_shown_with_its_reason_and_nothing_is_made_up():
    none = Figure.missing("the network did not train")
    broken = contender(
        "deep", 0, closeness=none, behind=none, utility=none, utility_loss=none, worst=None,
        attacks=(), held="not measured", fit_seconds=None, rows_per_second=None,
        reason="the network did not train",
    )  # fmt: skip
    page = render_comparison(compared(broken, contender("near", 0.85))).decode()
    assert "No figures: the network did not train." in page
    alone = compared(broken)
    assert compared_answer(alone).headline == "No recipe has a figure"
    assert b"No figures" in render_comparison(alone)


def test_the_page_runs_nothing_escapes_names_and_is_the_same_twice():
    found = compared(contender("<script>alert(1)</script>", 0.85))
    page = render_comparison(found)
    assert page == render_comparison(found)
    assert b"<script" not in page
    assert b"&lt;script&gt;" in page
    assert not re.findall(rb'(?:src|href)="(?!#)', page)
    assert b"default-src 'none'" in page


@pytest.mark.parametrize("excess", [-0.02, 0.0, 0.05, 0.9])
def test_in_the_plane_more_leak_is_right_and_more_closeness_is_up(excess):
    found = compared(contender("a", 0.85, excess), contender("b", 0.4, excess + 0.05, "leaks"))
    drawn = str(draw_plane(found))
    spots = re.findall(r'<circle cx="([\d.]+)%" cy="([\d.]+)" r="[\d.]+" class="spot (\w+)"', drawn)
    (ax, ay, held), (bx, by, leaks) = spots
    assert (held, leaks) == ("held", "leaks")
    assert float(ax) < float(bx)
    assert float(ay) < float(by)
    assert "a: closeness 0.850 (0.840 to 0.860)" in drawn
