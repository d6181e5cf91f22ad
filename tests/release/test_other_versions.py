"""Documents in a version of their format that this reader does not know.

The tables below name every format that is in the code. One that is added without being named here
fails the first test; name it with what reads it, and the others hold it to what a reader is told.
"""

import json
import re
import sqlite3
from pathlib import Path

import polars as pl
import pytest
import rfc8785

import assaymark
from assaymark.core.audit import Audit
from assaymark.core.checkpoint import InclusionProof
from assaymark.core.dataset import Dataset
from assaymark.core.entry import Entry
from assaymark.core.evidence import Evidence
from assaymark.core.generator import GeneratorApproval
from assaymark.core.notice import NOTICES, Admission, Destruction
from assaymark.core.people import Approval, RoleFile
from assaymark.core.privacy import PrivacyGuarantee
from assaymark.core.private_source import PrivateSource
from assaymark.core.recipe import parse_recipe
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.core.separation import Separation
from assaymark.core.streams import Streams
from assaymark.core.threat import ThreatModel
from assaymark.core.waiver import Waiver
from assaymark.decide.policy import parse_policy
from assaymark.errors import AssaymarkError
from assaymark.flow.generate.block_plan import Manifest as Blocks
from assaymark.flow.generate.block_plan import Plan
from assaymark.flow.monitor.timeline import Look
from assaymark.flow.source.sources import RegisteredSource
from assaymark.generate import generators, model_file
from assaymark.monitor.sketch import Sketch
from assaymark.release.alone.pieces import FORMATS, Broken, read_json
from assaymark.release.documents.pack import parse_pack
from assaymark.release.envelope import seal_envelope
from assaymark.release.history import History
from assaymark.release.lots import Lot
from assaymark.release.notices import read_notice
from assaymark.release.predicates import Decided, Manifest, Provenance, Released
from assaymark.release.receipts import read_receipt
from assaymark.release.statement import KINDS, read_statement
from assaymark.source.transform import TransformRecord
from assaymark.store.ledger import Ledger

SOURCE = Path(assaymark.__file__).parent
IN_CODE = re.compile(
    r'"assaymark/([a-z-]+)/v0"|"(https://assaymark\.dev/[a-z]+)/v0"|"(c2sp\.org/[a-z-]+)@v1"'
)
DOCUMENTS = {
    "admission": Admission,
    "approval": Approval,
    "block-plan": Plan,
    "blocks": Blocks,
    "canary-audit": Audit,
    "decision": Decided,
    "destruction": Destruction,
    "entry": Entry,
    "evidence": Evidence,
    "generator": GeneratorApproval,
    "history": History,
    "look": Look,
    "lot": Lot,
    "manifest": Manifest,
    "privacy-guarantee": PrivacyGuarantee,
    "provenance": Provenance,
    "release": Released,
    "roles": RoleFile,
    "separation": Separation,
    "sketch": Sketch,
    "source": RegisteredSource,
    "threat": ThreatModel,
    "transform": TransformRecord,
    "waiver": Waiver,
    **NOTICES,
}
"""Read by ``Document.parse``, most of them as the predicate of a statement."""
TEXTS = {
    "recipe": parse_recipe,
    "policy": parse_policy,
    "pack": lambda raw: parse_pack(raw, "mine"),
}
OTHERS = {"model", "c2sp.org/tlog-proof"}
WRITTEN_ONLY = {"comparison", "description", "dial", "outcome"}
"""What commands print or write for others to read; nothing here reads them back."""


def test_every_format_in_the_code_is_in_these_tables():
    found = set()
    for path in SOURCE.rglob("*.py"):
        for groups in IN_CODE.findall(path.read_text("utf-8")):
            found.add(next(filter(None, groups)))
    statements = {KINDS[k].rpartition("/")[0] for k in KINDS}
    assert found == {*DOCUMENTS, *TEXTS, *OTHERS, *WRITTEN_ONLY, *statements}


def refused(read, raw, newer, known):
    """Hold the refusal to what was found, what is known, and what to do, in a line and a hint."""
    with pytest.raises(AssaymarkError) as error:
        read(raw)
    line, _, hint = str(error.value).partition("\n\n")
    assert newer in line
    assert known in line
    assert "\n" not in line
    assert hint.startswith("Hint: use")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_newer_document_is_refused_with_what_to_do(name):
    newer, known = f"assaymark/{name}/v1", f"assaymark/{name}/v0"
    assert DOCUMENTS[name].model_fields["schema_id"].default == known
    raw = json.dumps({"schema_id": newer, "said_in_another_way": 1}).encode()
    refused(DOCUMENTS[name].parse, raw, newer, known)


@pytest.mark.parametrize("name", TEXTS)
def test_a_newer_text_is_refused_before_its_keys_are_found_unknown(name):
    newer, known = f"assaymark/{name}/v1", f"assaymark/{name}/v0"
    raw = f'schema_id = "{newer}"\nsaid_in_another_way = 1\n[[anew]]\nx = 1\n'.encode()
    refused(TEXTS[name], raw, newer, known)


def envelope(kind, version):
    said = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "manifest.json", "digest": {"sha256": "a" * 64}}],
        "predicateType": f"https://assaymark.dev/{kind}/{version}",
        "predicate": {"schema_id": f"assaymark/{kind}/{version}", "release": "a" * 64},
    }
    return rfc8785.dumps(said)


@pytest.mark.parametrize("kind", KINDS)
def test_a_newer_statement_is_refused_with_what_to_do(kind):
    newer = f"https://assaymark.dev/{kind}/v1"
    refused(lambda raw: read_statement(raw, kind), envelope(kind, "v1"), newer, KINDS[kind])


@pytest.mark.parametrize("kind", [*NOTICES, "destruction"])
def test_a_newer_notice_or_receipt_that_was_sent_is_refused_with_what_to_do(kind):
    raw = seal_envelope(envelope(kind, "v1"), lambda _: b"x" * 64, "k")
    read = (
        read_receipt
        if kind == "destruction"
        else lambda sent: read_notice(sent, signer="k", public=b"x" * 32)
    )
    refused(read, raw, f"{kind}/v1", f"{kind}/v0")


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_verify_py_refuses_a_newer_document_with_what_to_do(name):
    assert name in DOCUMENTS
    raw = json.dumps({"schema_id": f"assaymark/{name}/v1"}).encode()
    with pytest.raises(Broken) as error:
        read_json(raw, "x.json")
    assert str(error.value) == (
        f"x.json is in the format 'assaymark/{name}/v1', and this file knows assaymark/{name}/v0: "
        "use the verify.py of a newer release, or a newer assaymark"
    )


def test_a_newer_proof_is_refused_with_what_to_do():
    raw = b"c2sp.org/tlog-proof@v2\nindex 0\n\nx\n1\n"
    refused(InclusionProof.parse, raw, "c2sp.org/tlog-proof@v2", "c2sp.org/tlog-proof@v1")


def test_a_newer_model_file_is_refused_with_what_to_do(monkeypatch):
    schema = Schema(columns=(Column(name="age", kind=Kind.INTEGER, roles=(Role.OTHER,)),))
    rows = Dataset(schema=schema, frame=pl.DataFrame({"age": list(range(20, 60))}))
    source = PrivateSource(_rows=rows, record=lambda *_: None)
    model = generators.build("independent").fit(source, Streams.from_seed(1))
    held = model_file.ModelFile(model=model, generator={"name": "independent"}, salt="00")
    with monkeypatch.context() as later:
        later.setattr(model_file, "FORMAT", "assaymark/model/v1")
        raw = model_file.write_model(held)
    refused(model_file.read_model, raw, "assaymark/model/v1", "assaymark/model/v0")


def test_a_newer_ledger_is_refused_and_an_older_one_is_read(tmp_path):
    Ledger(tmp_path / "ledger.db")
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        db.execute("PRAGMA user_version = 2")
    refused(Ledger, tmp_path / "ledger.db", "format 2", "knows 1")
    with sqlite3.connect(tmp_path / "ledger.db") as db:
        db.execute("PRAGMA user_version = 0")
    assert Ledger(tmp_path / "ledger.db").size == 0
