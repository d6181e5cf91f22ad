"""The card is short, and its numbers are those of the content."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assaymark.core.measurement import Measurement
from assaymark.release.card import card
from assaymark.release.drawing import figure
from assaymark.release.report_content import UseLine


def test_the_card_names_uses_policy_threat_limits_attribution_and_verification(release):
    text = card(release)
    for words in (
        "# Diabetes hospital encounters, 25,000 patients",
        "Passed policy “controlled” for analytics under threat model “controlled”.",
        "Not proven either way",
        "Self-attested, no second person",
        "Not covered: linkage across releases",
        "Strack et al. (2014)",
        "    assaymark verify .",
        "Digest of the rows: `" + "a7" * 32,
        "Not shown to hold for: race = Asian",
    ):
        assert words in text


def test_every_measured_number_in_the_card_is_in_the_content(release):
    rows = [r for r in card(release).splitlines() if r.startswith("| ")][1:]
    known = {v.title: v for v in release.verdicts}
    assert len(rows) == len({v.rule for v in release.verdicts})
    for row in rows:
        title, _, _, _, value, _, n = (c.strip() for c in row.strip("|").split(" | "))
        lines = [v for v in release.verdicts if v.title == title]
        assert title in known
        said = {
            f"{figure(v.measurement.value)} (between {figure(v.measurement.low)} and "
            f"{figure(v.measurement.high)})"
            if v.measurement.value is not None
            else v.measurement.reason
            for v in lines
        }
        assert value in said
        assert int(n) in {v.measurement.n for v in lines}


def test_the_worst_subject_of_a_rule_is_the_one_shown(release):
    m = Measurement(metric="a.b", subject="column:a", value=0.01, low=0.0, high=0.02, n=10)
    lines = tuple(
        replace(release.verdicts[0], measurement=replace(m, subject=f"column:{c}", value=x))
        for c, x in (("a", 0.01), ("worst", 0.019), ("c", 0.0))
    )
    assert "| worst | 0.019 (between 0 and 0.02) |" in card(replace(release, verdicts=lines))


def test_names_cannot_break_out_of_the_markdown(release):
    bad = "a | b\n# heading <script> [x](http://example.org)"
    text = card(replace(release, title=bad, uses=(UseLine(use=bad, status="approved"),)))
    assert "\n# heading" not in text
    assert "<script>" not in text
    assert "[x](" not in text


def test_commands_stay_code(release):
    text = card(replace(release, must_know=("Run `assaymark_x verify` *now*.",)))
    assert "Run `assaymark_x verify` \\*now\\*." in text


def test_only_a_release_has_a_card(refusal, draft):
    for content in (refusal, draft):
        with pytest.raises(ValueError, match="only a release has a card"):
            card(content)


def test_no_forbidden_promise(release):
    assert not any(w in card(release).lower() for w in ("anonymous", "compliant", "safe "))
