"""Small ends: what pages, verifiers and policies say where there is little or nothing to say."""

import datetime
import json
import runpy
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from assaymark.core.comparison import Attack, Figure
from assaymark.core.threat import Profile
from assaymark.decide.policy import parse_policy, profile_bytes
from assaymark.decide.self_test import NOT_ASKED, RuleResult
from assaymark.decide.watch import Fired, Seen
from assaymark.decide.watch_trial import WatchResult
from assaymark.release.alone import printed, steps
from assaymark.release.drawing.forest import Effect, draw_effect
from assaymark.release.drawing.privacy import GroupError, PrivacyPicture
from assaymark.release.pages.comparison_words import leak_words, score_words

GOLDEN = Path(__file__).parents[1] / "golden" / "releases"


def asked(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["verify.py", *map(str, arguments)])
    return printed.main()


def test_the_verifier_ends_with_4_and_prints_words_or_json(monkeypatch, capsys, tmp_path):
    whole = GOLDEN / "whole"
    assert asked(monkeypatch, whole, "--today", "2027-03-01") == 0
    out = capsys.readouterr().out
    assert out.endswith("VERIFIED\n")
    assert "analytics: approved" in out
    assert asked(monkeypatch, GOLDEN / "whole-lot", "--today", "2027-03-01", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["ok"]
    assert any("Drift" in line for line in said["not_verified"])
    assert asked(monkeypatch, whole, "--trust", "0" * 64, "--json") == 4
    assert not json.loads(capsys.readouterr().out)["ok"]
    assert asked(monkeypatch, tmp_path / "nothing") == 4
    assert "NOT VERIFIED: do not use this folder" in capsys.readouterr().out


def test_an_end_and_a_document_that_is_too_large_stop_the_verifier(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(steps, "MOST", 1_000)
    assert asked(monkeypatch, GOLDEN / "whole", "--today", "2027-03-01") == 4
    assert "has more than 0 MB" in capsys.readouterr().out


def test_a_tested_rule_and_a_tested_watch_are_rows_of_a_table():
    outcomes = {"n too small": "INCONCLUSIVE", "value": "PASS", "detect": NOT_ASKED}
    rule = RuleResult(rule="r", severity="block", fixture="f", outcomes=outcomes, problems=())
    assert rule.cells == ("r", "block", "1 of 2", "detect")
    watch = WatchResult(
        watch="w", then="stale", at_limit="stale", below="none", other_kind="none", problems=()
    )
    assert watch.cells == ("w", "stale", "stale", "none", "none")


def test_scores_and_leaks_without_an_interval_or_a_figure():
    bare = Figure(value=0.5, low=None, high=None, reason="")
    assert score_words(bare) == "0.500"
    assert score_words(Figure(value=None, reason="no fit")) == "no fit"
    assert leak_words(None) == "no attack gave a figure"
    found = Attack(
        metric="membership.excess_tpr",
        subject="table",
        title="t",
        figure=Figure(value=None, reason="x"),
        chance=0.0,
        n=0,
        rule="",
        verdict="",
    )
    assert leak_words(found) == "no attack gave a figure"


def test_an_effect_is_drawn_with_no_effect_in_sight_and_without():
    effect = Effect(
        title="t", unit="", real=(0.1, -0.1, 0.3), synthetic=(0.2, 0.0, 0.4), margin=0.1
    )
    assert 'class="zero"' in draw_effect(effect)
    far = replace(effect, real=(5.0, 4.0, 6.0), synthetic=(5.0, 4.5, 5.5))
    assert 'class="zero"' not in draw_effect(far)
    same = replace(effect, real=(1.0, 1.0, 1.0), synthetic=(1.0, 1.0, 1.0), margin=0.0)
    assert "<line" in draw_effect(same)


def test_one_group_alone_shows_no_cost_of_noise():
    picture = PrivacyPicture(
        epsilon=1.0,
        delta=1e-6,
        whose="person",
        looks=1,
        covers="the table",
        promised_not=(),
        assumes=(),
    )
    assert picture.costly == ""
    small = GroupError(group="a", n=100, value=0.3, low=0.2, high=0.4)
    large = GroupError(group="b", n=900, value=0.1, low=0.05, high=0.15)
    assert replace(picture, groups=(small,)).costly == ""
    alike = replace(picture, groups=(small, replace(large, high=0.3))).costly
    assert "is not shown to be further off" in alike
    assert replace(picture, groups=(small, large)).costly not in {"", alike}


@pytest.mark.parametrize("then", ["degraded", "stale"])
def test_only_what_is_stale_names_verdicts(then):
    watch = parse_policy(profile_bytes(Profile.CONTROLLED)).watch[0]
    entry = watch.model_copy(update={"then": then, "rules": ()})
    seen = Seen(observe="attack_open", subject="rule:a", size=1.0, words="w", against="source")
    assert Fired(watch=entry, seen=(seen, seen)).verdicts == (("a",) if then == "stale" else ())


def test_a_verifier_runs_as_the_file_that_it_is(monkeypatch, capsys):
    release = steps.Release(GOLDEN / "whole", [], datetime.date(2027, 3, 1))
    steps.verified(release)
    assert "manifest.json" in release
    assert "manifest" not in release
    monkeypatch.setattr(sys, "argv", ["x", str(GOLDEN / "whole"), "--today", "2027-03-01"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(printed.__file__, run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out.endswith("VERIFIED\n")
