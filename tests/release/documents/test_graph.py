"""Quotes: where a value is, how it is shown, and that nothing is quoted where nothing is said."""

import json

import pytest

from assaymark.core.document import sha256
from assaymark.errors import IntegrityError
from assaymark.release.documents.graph import STYLES, Graph, anchor

FILES = {
    "threat.json": json.dumps({"a": {"b/c": [1, {"~d": "x"}]}, "n": 0, "e": ""}).encode(),
    "policy.toml": b'name = "p"\n[[rule]]\nid = "r"\nthreshold = 0.0512345\n',
    "notes.txt": b"not a statement",
}


def test_a_pointer_is_rfc_6901():
    graph = Graph.of(FILES)
    quote = graph.quote("threat:/a/b~1c/1/~0d")
    assert (str(quote), quote.source) == ("x", "threat.json#/a/b~1c/1/~0d")
    assert quote.digest == sha256(FILES["threat.json"])
    assert str(graph.quote("policy.toml#/rule/0/threshold", "figure")) == "0.0512"


@pytest.mark.parametrize(
    "where", ["threat:/e", "threat:/a/x", "threat:/a/b~1c/9", "roles:/persons"]
)
def test_nothing_is_quoted_where_nothing_is_said(where):
    assert Graph.of(FILES).quote(where) is None


def test_nought_is_said():
    assert str(Graph.of(FILES).quote("threat:/n")) == "0"


def test_files_that_are_no_statements_are_left_alone():
    assert set(Graph.of(FILES).digests) == {"threat.json", "policy.toml"}


def test_a_statement_that_cannot_be_read_is_an_integrity_error():
    with pytest.raises(IntegrityError, match=r"threat\.json is not JSON that can be read"):
        Graph.of({"threat.json": b"{"})
    with pytest.raises(IntegrityError, match=r"policy\.toml cannot be read"):
        Graph.of({"policy.toml": b"rule ="})


def test_a_quote_is_escaped_and_names_its_source():
    graph = Graph.of({"threat.json": json.dumps({"a": '<b>"&'}).encode()})
    html = graph.quote("threat:/a").__html__()
    assert "&lt;b&gt;&#34;&amp;</a>" in html
    assert 'data-source="threat.json#/a" data-as="plain"' in html
    assert f'href="#{anchor("threat.json")}"' in html


def test_styles_are_a_format_and_stay_as_they_are():
    shown = {
        "plain": (14000, "14,000"),
        "figure": ("-0.0012345", "−0.00123"),
        "minus": (0.25, "−0.25"),
        "digits": (14000, "14000"),
        "percent": ("0.0123", "1.2\u00a0%"),
        "date": ("2026-11-25T11:07:07+00:00", "2026-11-25"),
        "time": ("2026-11-25T11:07:07+00:00", "2026-11-25 11:07 UTC"),
        "use": ("top_code", "top code"),
        "subject": ("group:sex=f", "sex = f"),
        "list": (["policy_simulation", "b", "c"], "policy simulation, b and c"),
        "names": (["a_b", "c"], "a_b and c"),
        "comma": (["a", "b"], "a, b"),
        "pairs": ({"k": 20, "honest": True, "x": 0.5}, "k = 20, honest = yes, x = 0.5"),
        "count": ([1, 2, 3], "3"),
        "required": ([{"severity": "warn"}, {}, {"severity": "block"}], "2"),
        "approved": ({"a": "approved", "b": "refused"}, "a"),
        "refused": ({"a": "approved", "b": "refused"}, "b"),
        "code": ("0123456789abcdef01", "0123456789abcdef"),
    }
    assert {name: STYLES[name](value) for name, (value, _) in shown.items()} == {
        name: text for name, (_, text) in shown.items()
    }
    assert set(shown) == set(STYLES)


def test_evidence_is_quoted_from_the_stage_that_decides():
    decided = Graph(
        plain={"attestations/decision.dsse.json": {"predicate": {"stages": [{"stage": "late"}]}}},
        digests={},
    )
    assert decided.where("evidence:/suite") == ("evidence/late.json", "/suite")
