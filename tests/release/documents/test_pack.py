"""Regulation packs: one file each, filled from evidence, and never more than evidence."""

from dataclasses import replace

import pytest

from assaymark.core.document import sha256
from assaymark.core.measurement import Measurement
from assaymark.core.people import Approval
from assaymark.errors import RecipeError, UnknownNameError
from assaymark.flow.release.documents import judged_of
from assaymark.release.approved import DECISION, approval_bytes
from assaymark.release.documents.filled import fill
from assaymark.release.documents.graph import Graph
from assaymark.release.documents.pack import pack_called, packs, parse_pack
from assaymark.release.documents.written import pack_page

TINY = """
name = "tiny"
title = "A tiny pack"
about = "For a test."

[[section]]
title = "Only one"
citation = "Nowhere, article 1"

[[section.question]]
id = "recipient"
asks = "The recipient is stated"
citation = "Nowhere, article 1(2)"
words = ["The rows go to {threat:/recipient}.", "Until {decision:/expires}."]
evidence = [{ field = "threat:/recipient", says = "Recipients" }]

[[section.question]]
id = "linked"
asks = "Records were not linked"
evidence = [{ metric = "linkability.excess" }, { field = "decision:/expires" }]
missing = "there is no last day"

[[section.question]]
id = "never"
asks = "A human has looked"
missing = "nobody writes that down"

[[section.question]]
id = "apart"
asks = "The model was attacked"
not_applicable = { field = "threat:/released", equals = "synthetic rows", reason = "none leaves" }
"""


def filled_of(files, text=TINY):
    graph = Graph.of(files)
    return fill(parse_pack(text.encode(), "tiny.toml"), graph, judged_of(files)), graph


def statuses(filled):
    return {c.id: c.status for c in filled.cells}


def bad(metric, **more):
    return Measurement(
        metric=metric, value=0.3, low=0.25, high=0.35, n=2_000, limit_of_detection=0.005, **more
    )


def test_one_more_pack_is_one_more_file(files):
    filled, graph = filled_of(files)
    assert statuses(filled) == {
        "recipient": "EVIDENCED",
        "linked": "PARTIAL",
        "never": "NOT EVIDENCED",
        "apart": "NOT APPLICABLE",
    }
    by_id = {c.id: c for c in filled.cells}
    assert [c.reason for c in filled.cells] == [
        *("", "there is no last day", "nobody writes that down", "none leaves"),
    ]
    assert by_id["recipient"].statements == (("threat.json", graph.digests["threat.json"]),)
    assert len(by_id["recipient"].lines) == 1  # the decision has no last day
    (row,) = by_id["linked"].rows
    assert row.value.source.startswith("evidence/confirmation.json#/measurements/")
    assert (str(row.value), str(row.allowed), row.badge.word) == ("0.0045", "0.015", "Pass")
    page = pack_page(filled, graph).decode()
    assert "Counsel confirms." in page
    assert graph.digests["threat.json"] in page


def test_evidence_that_speaks_against_it_is_no_evidence(made):
    filled, _ = filled_of(made(measurements=(bad("linkability.excess"),)))
    cell = next(c for c in filled.cells if c.id == "linked")
    assert (cell.status, cell.reason) == ("NOT EVIDENCED", "what was measured speaks against it")
    assert cell.rows[0].badge.word == "Fail"


def test_what_is_measured_and_not_proven_is_partial(made):
    m = replace(bad("linkability.excess"), value=0.01, low=-0.02, high=0.04)
    filled, _ = filled_of(made(measurements=(m,)))
    cell = next(c for c in filled.cells if c.id == "linked")
    assert cell.status == "PARTIAL"
    assert cell.reason == "a part of it is measured and not proven; there is no last day"


def test_what_was_not_measured_is_not_evidenced(made):
    lost = Measurement.missing("linkability.excess", "too few people")
    filled, _ = filled_of(made(measurements=(lost,)))
    assert statuses(filled)["linked"] == "NOT EVIDENCED"


def test_only_uses_that_were_approved_count(made):
    files = made(uses={"analytics": "refused", "pretraining": "refused"})
    assert statuses(filled_of(files)[0])["linked"] == "NOT EVIDENCED"


def test_what_the_evidence_leaves_open_caps_the_answer(files):
    text = TINY.replace('says = "Recipients" }]', 'says = "Recipients" }]\npartial = "ask them"')
    cell = filled_of(files, text)[0].cells[0]
    assert (cell.status, cell.reason) == ("PARTIAL", "ask them")


@pytest.mark.parametrize("name", [n for n in packs() if n != "datasheet"])
def test_a_shipped_pack_is_filled_and_promises_nothing(files, name):
    graph = Graph.of(files)
    filled = fill(pack_called(name), graph, judged_of(files))
    assert {"EVIDENCED", "PARTIAL", "NOT EVIDENCED"} <= set(statuses(filled).values())
    assert all(c.citation for c in filled.cells)
    assert all(c.reason for c in filled.cells if c.status != "EVIDENCED")
    assert all(c.statements for c in filled.cells if c.status in {"EVIDENCED", "PARTIAL"})
    page = pack_page(filled, graph).decode()
    assert "Counsel confirms." in page
    assert not any(w in page.lower() for w in ("compliant", "complies", " safe "))


def test_the_three_risks_are_answered_by_the_attacks_on_them(made):
    for metric, question in (
        ("singling_out.excess", "single-out"),
        ("linkability.excess", "link-records"),
        ("attribute_inference.excess", "infer"),
    ):
        subject = "column:age" if metric.startswith("attribute") else "table"
        files = made(measurements=(bad(metric, subject=subject),))
        graph = Graph.of(files)
        found = statuses(fill(pack_called("anonymity"), graph, judged_of(files)))
        assert found.pop(question) == "NOT EVIDENCED"
        assert found["copies"] == "EVIDENCED"


def test_an_expert_does_not_come_out_of_software(files):
    found = statuses(fill(pack_called("hipaa"), Graph.of(files), judged_of(files)))
    assert found["determination"] == found["expert"] == "NOT EVIDENCED"


def test_an_approval_answers_for_its_role_alone(files, key):
    approval = Approval(
        decision=sha256(files[DECISION]), words="0" * 64, role="privacy", outcome="approve",
        reason="", conflict="none", made_at="2026-11-26T08:00:00+00:00",
    )  # fmt: skip
    for said, outcomes in (
        (approval, ("EVIDENCED", "PARTIAL")),
        (approval.model_copy(update={"role": "domain"}), ("NOT EVIDENCED",) * 2),
        (approval.model_copy(update={"outcome": "reject"}), ("NOT EVIDENCED",) * 2),
    ):
        raw = approval_bytes(said, files, key.sign, key.fingerprint)
        more = {**files, "approvals/1.dsse.json": raw}
        graph, judged = Graph.of(more), judged_of(more)
        found = [
            statuses(fill(pack_called(name), graph, judged))[question]
            for name, question in (("anonymity", "reviewer"), ("hipaa", "expert"))
        ]
        assert tuple(found) == outcomes


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Records were not linked", "At most 3 records were linked", "typed number"),
        ("nobody writes that down", "nobody wrote in 2019", "typed number"),
        ('title = "Only one"', 'title = "Part 1"', "typed number"),
        ("{threat:/recipient}.", "{threat:/recipient|loud}.", "style 'loud'"),
        ("{threat:/recipient}.", "{threat}.", "cannot be read"),
        ('{ metric = "linkability.excess" }', '{ rule = "a", metric = "b" }', "needs one of"),
        ('{ metric = "linkability.excess" }', "{ }", "needs one of"),
        ('says = "Recipients"', 'style = "loud"', "style 'loud'"),
        ('id = "never"', 'id = "linked"', "asked twice"),
        ('about = "For a test."', 'about = "For a test."\nodd = "x"', "odd"),
        ('name = "tiny"', 'name = "Tiny pack"', "name"),
        ('id = "never"', 'id = "No one"', "No one"),
        ("[[section]]", "[section", "not a pack"),
    ],
)
def test_a_pack_that_is_none_is_refused(old, new, said):
    with pytest.raises(RecipeError, match=said):
        parse_pack(TINY.replace(old, new, 1).encode(), "tiny.toml")


def test_an_unknown_pack_is_named_with_those_there_are():
    with pytest.raises(UnknownNameError, match="anonymity"):
        pack_called("hippa")
