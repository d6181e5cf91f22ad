"""A release's place in the log, and signed statements that are not what they seem."""

import json

import pytest
import rfc8785

from assaymark.core.actor import Actor
from assaymark.core.document import Document
from assaymark.errors import IntegrityError
from assaymark.flow.release.log import logged
from assaymark.release.build import row_files
from assaymark.release.envelope import (
    countersign,
    open_cosigned,
    open_envelope,
    payload_of,
    seal_envelope,
)
from assaymark.release.logged import LOG_ENTRY, LOG_PROOF, STATEMENT, check_logged
from assaymark.release.statement import KINDS, read_statement, statement
from assaymark.store.keys import SigningKey
from assaymark.store.workspace import Workspace


@pytest.fixture
def entered(tmp_path):
    workspace = Workspace.open(tmp_path / "ws")
    key = workspace.key()
    actor = Actor(key=key.fingerprint)
    workspace.ledger.append("run.started", "x", {}, actor)
    entry = workspace.ledger.append(STATEMENT, "a" * 64, {}, actor)
    files = logged(workspace, entry, [])
    named = {"statement": "a" * 64, "signer": key.fingerprint, "public": key.public}
    return files[LOG_ENTRY], files[LOG_PROOF], named


def test_the_entry_of_another_statement_signer_place_or_shape_is_refused(entered):
    entry, proof, named = entered
    found, head = check_logged(entry, proof, **named)
    assert (found.index, head.size) == (1, 2)
    plain = json.loads(entry)
    for change, said in (
        ({"subject": "b" * 64}, "something else"),
        ({"kind": "release"}, "something else"),
        ({"actor": {**plain["actor"], "key": "f" * 64}}, "not the signer"),
        ({"index": 0}, "about entry 1, not 0"),
        ({"time": "2001-01-01T00:00:00+00:00"}, "inclusion proof"),
    ):
        with pytest.raises(IntegrityError, match=said):
            check_logged(rfc8785.dumps({**plain, **change}), proof, **named)
    with pytest.raises(IntegrityError, match="canonical"):
        check_logged(json.dumps(plain, indent=1).encode(), proof, **named)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.pop("subject"), "not a release statement"),
        (lambda s: s.update(subject=3), "not a release statement"),
        (lambda s: s.update(predicateType="https://assaymark.dev/release/v9"), "in the format"),
        (lambda s: s.update(_type="x"), "not a canonical"),
        (lambda s: s.update(predicateType=KINDS["decision"]), "not a canonical"),
        (lambda s: s.update(subject=s["subject"] * 2), "not a canonical"),
    ],
)
def test_a_statement_of_another_kind_or_shape_is_refused(change, said):
    class Predicate(Document):
        a: str

    plain = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "x", "digest": {"sha256": "0" * 64}}],
        "predicateType": KINDS["release"],
        "predicate": {"a": "b"},
    }
    assert read_statement(rfc8785.dumps(plain), "release")[0] == {"x": "0" * 64}
    made = statement("release", {"x": "0" * 64}, Predicate(a="b"))
    assert made == rfc8785.dumps(plain)
    change(plain)
    with pytest.raises(IntegrityError, match=said):
        read_statement(rfc8785.dumps(plain), "release")


def test_one_more_signature_counts_once_and_one_alone_is_asked_for_where_one_is_due():
    one, two = SigningKey.new(), SigningKey.new()
    raw = seal_envelope(b"{}", one.sign, one.fingerprint)
    both = countersign(raw, two.sign, two.fingerprint)
    assert countersign(both, two.sign, two.fingerprint) == both
    keys = {k.fingerprint: k.public for k in (one, two)}
    assert set(open_cosigned(both, keys)[1]) == set(keys)
    with pytest.raises(IntegrityError):
        open_envelope(both, keys)
    assert payload_of(both) == b"{}"
    plain = json.loads(raw)
    for signatures in ([], plain["signatures"] * 2):
        bare = (json.dumps({**plain, "signatures": signatures}, indent=1) + "\n").encode()
        with pytest.raises(IntegrityError):
            open_cosigned(bare, keys)
    with pytest.raises(IntegrityError, match="one canonical layout"):
        open_envelope(json.dumps(plain).encode(), keys)


def test_replicates_are_numbered():
    assert row_files(1, ".csv") == ["data/synthetic.csv"]
    assert row_files(2, ".csv") == ["data/synthetic-1.csv", "data/synthetic-2.csv"]
