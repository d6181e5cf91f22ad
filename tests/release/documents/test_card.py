"""The card is short, and its numbers are those of the content."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from assaymark.core.evidence import Evidence
from assaymark.core.measurement import Measurement
from assaymark.core.threat import Profile, threat_of
from assaymark.errors import IntegrityError
from assaymark.release.documents.card import account_of, card
from assaymark.release.documents.graph import Graph
from assaymark.release.documents.quoted import check_linked, linked_of, typed_in, unlinked
from assaymark.release.drawing.marks import figure
from assaymark.release.pages.report_content import UseLine
from assaymark.release.pages.report_rules import rule_blocks, uses_in_order


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
    assert len(rows) >= len({v.rule for v in release.verdicts})
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


def statement(**predicate):
    body = base64.b64encode(json.dumps({"predicate": predicate}).encode()).decode()
    signatures = [{"keyid": "k", "sig": ""}]
    said = {"payload": body, "payloadType": "application/vnd.in-toto+json"}
    return (json.dumps({**said, "signatures": signatures}, indent=1) + "\n").encode()


def graph_of(content, **changes):
    """Return the statements that a run would sign of a content."""
    known = [v.measurement for v in content.verdicts if v.stage == "confirmation"]
    evidence = json.loads(
        Evidence.of(known, candidate="c", stage="confirmation", suite="s").canonical()
    )
    provenance = {"rows": content.rows, "account": list(account_of(content))} | changes
    return Graph.of(
        {
            "attestations/provenance.dsse.json": statement(**provenance),
            "attestations/decision.dsse.json": statement(made_at=content.made_at),
            "evidence/confirmation.json": json.dumps(evidence).encode(),
        }
    )


def test_a_number_of_the_card_is_a_link_to_the_statement_that_says_it(release):
    content = replace(release, made_at="2026-11-24 02:30 UTC", must_know=("About 51 rows left.",))
    assert "About 51 rows left." in account_of(content)
    graph = graph_of(content)
    text = card(content, graph)
    linked = dict(linked_of(text))
    assert linked["25000"] == "attestations/provenance.dsse.json#/predicate/rows"
    said = linked["About 51 rows left."]
    assert said.startswith("attestations/provenance.dsse.json#/predicate/account/")
    assert check_linked(text, graph) == len(linked_of(text)) > 5
    assert "- attestations/decision.dsse.json: `" in text
    with pytest.raises(IntegrityError, match="'25001' is not what"):
        check_linked(text.replace("[25000]", "[25001]"), graph)
    with pytest.raises(IntegrityError, match="is not what"):
        check_linked(text, graph_of(replace(content, rows=None)))
    assert any("25000" in line for line in typed_in(card(content)))
    assert not any("25000" in line for line in typed_in(text))


def test_a_card_of_little_says_little(release):
    bare = replace(
        release,
        **dict.fromkeys(("verdicts", "attempts", "fitness"), ()),
        threat=None,
        rows=None,
        candidate="",
        policy_digest="",
    )
    text = card(bare)
    for words in ("What was measured", "Threat model", "Synthetic rows", "Attempts", "Digest of"):
        assert words not in text
    assert "together" not in " ".join(account_of(bare))


def test_earlier_releases_waivers_and_a_leak_that_nothing_caught_are_said(release):
    threat = threat_of(Profile.CONTROLLED, earlier=2)
    attack = next(v for v in release.verdicts if v.detect is not None)
    blind = replace(attack, measurement=replace(attack.measurement, limit_of_detection=None))
    waived = replace(attack, rule="waived", verdict="WAIVED", use="analytics", severity="block")
    text = card(replace(release, threat=threat, verdicts=(blind, waived)))
    assert "2 earlier releases of the same people were attacked together" in text
    assert "smallest planted leak caught none" in text
    assert "1 required rule waived." in text
    one = card(replace(release, threat=threat_of(Profile.CONTROLLED, earlier=1)))
    assert "1 earlier release of the same people was attacked together" in one


def test_a_value_links_to_where_it_is_said_not_to_where_the_same_text_stands(release):
    lines = {
        "Rows of the source": ("about 12,000", "source_rows"),
        "Persons of the source": ("about 12,000", "source_persons"),
        "Unit of privacy": ("person", "unit"),
        "Source commitment (keyed)": ("ab" * 32, "source_commitment"),
        "Attempts for these persons": ("1", "attempts"),
        "Openings of the confirmation holdout": ("1 of 3", "account"),
        "Ancestry": ("person", ""),
    }
    content = replace(release, provenance=tuple((k, v) for k, (v, _) in lines.items()))
    signed = {at: value for value, at in lines.values() if at not in {"account", ""}}
    elsewhere = {"ancestry": {"real_fraction": "1"}, "a": {"weigh": "person", "of": "ab" * 32}}
    graph = graph_of(content, **{**elsewhere, **signed, "attempts": 1})
    text = card(content, graph)
    for label, (value, at) in lines.items():
        (line,) = [x for x in text.splitlines() if x.startswith(f"- {label}: ")]
        found = linked_of(line)
        assert [t for t, _ in found] == [value][: bool(at)], label
        assert all(f"#/predicate/{at}" in source for _, source in found), label


def test_a_verdict_is_shown_for_the_use_that_it_is_about(release):
    line = replace(release.verdicts[0], title="A rule", rule="r", severity="warn")
    m = line.measurement
    lines = tuple(
        replace(line, use=use, verdict=v, stage=stage, measurement=replace(m, value=x, reason=""))
        for use, v, stage, x in (
            ("pretraining", "INCONCLUSIVE", "development", 0.02),
            ("analytics", "PASS", "confirmation", 0.01),
            ("policy_simulation", "PASS", "confirmation", 0.01),
        )
    )
    uses = tuple(UseLine(use=u, status="approved") for u in ("analytics", "pretraining"))
    text = card(replace(release, verdicts=lines, uses=uses))
    rows = [r.split(" | ") for r in text.splitlines() if r.startswith("| A rule")]
    assert [r[1:3] for r in rows] == [
        ["Inconclusive (warns, does not block)", "pretraining"],
        ["Pass (warns, does not block)", "analytics and policy simulation"],
    ]
    assert [r[4].split(" ")[0] for r in rows] == ["0.02", "0.01"]


def test_uses_come_in_one_order(release):
    (first, *_), uses = release.verdicts, ("analytics", "pretraining")
    lines = tuple(replace(first, use=use) for use in reversed(uses))
    content = replace(
        release, verdicts=lines, uses=tuple(UseLine(use=u, status="approved") for u in uses)
    )
    assert uses_in_order(content) == rule_blocks(content)[0].uses == uses
    assert uses_in_order(replace(content, uses=())) == uses[::-1]


def test_the_card_counts_every_table(release):
    text = card(release, graph_of(release, replicates=2))
    assert dict(linked_of(text))["2"].endswith("/predicate/replicates")
    assert "- Synthetic rows: 2 tables of 25000 rows each" in unlinked(text)
    assert "- Synthetic rows: 25000\n" in unlinked(card(release, graph_of(release, replicates=1)))
