"""Lots: a further batch of a released generator, its statement, and whether it holds together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from assaymark.core.document import Document, sha256
from assaymark.errors import IntegrityError
from assaymark.release.envelope import key_of, open_envelope, seal_envelope
from assaymark.release.logged import LOG_ENTRY, LOG_PROOF, check_logged
from assaymark.release.predicates import Manifest, Provenance, Released
from assaymark.release.statement import read_statement, statement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["LOT", "LOT_ROWS", "OF_RELEASE", "Lot", "LotCheck", "LotFound", "check_lot", "lot_bytes"]

LOT = "lot.dsse.json"
LOT_ROWS = ("data/synthetic.csv", "data/synthetic.parquet")
OF_RELEASE: Mapping[str, str] = {
    "release/manifest.json": "manifest.json",
    "release/attestations/release.dsse.json": "attestations/release.dsse.json",
    "release/attestations/provenance.dsse.json": "attestations/provenance.dsse.json",
    "release/sketch.json": "sketch.json",
}
"""Files of the release that a lot carries, so as to verify without it, and their names there."""


_SIGNING = frozenset({"manifest.json", "attestations/release.dsse.json"})


Checked = Literal["generator", "constraints", "drift", "copies", "rows"]
CHECKS_OF_LOT: tuple[Checked, ...] = get_args(Checked)


class LotCheck(Document):
    """One check that a lot was accepted by; numbers are decimal strings."""

    name: Checked
    outcome: Literal["ok", "held"]
    said: str
    value: str = ""
    limit: str = ""


class Lot(Document):
    """A further batch of rows from the model that a release was approved with.

    ``release`` is the SHA-256 of the release's manifest, ``model`` that of the model's file.
    ``rows_in_all`` counts the release and every lot of it so far. ``false_alarm`` is the share of
    good lots that the check of drift would hold.
    """

    schema_id: Literal["assaymark/lot/v0"] = "assaymark/lot/v0"
    release: str
    name: str
    number: int
    candidate: str
    model: str
    rows: int
    rows_in_all: int
    uses: tuple[str, ...]
    checks: tuple[LotCheck, ...]
    false_alarm: str
    randomness: str
    expires: str
    software: str
    made_at: str


class LotFound(Document):
    """A lot that holds together, with what the release it belongs to says."""

    signer: str
    public: str
    manifest: str
    files: Manifest
    lot: Lot
    released: Released
    made: Provenance
    logged: str


def lot_bytes(
    lot: Lot, rows: Mapping[str, bytes], sign: Callable[[bytes], bytes], key: str
) -> bytes:
    """Return the signed statement about a lot's rows."""
    subjects = {path: sha256(rows[path]) for path in LOT_ROWS}
    return seal_envelope(statement("lot", subjects, lot), sign, key)


def check_lot(files: Mapping[str, bytes]) -> LotFound:
    """Return what a lot says, if it is of the release that it carries the statements of.

    Raises
    ------
    IntegrityError
        When a file is missing, extra or altered, a signature is of another key, or the model is
        not the approved one.
    """
    keys = [p for p in files if p.startswith("keys/")]
    wanted = {LOT, *LOT_ROWS, *OF_RELEASE, LOG_ENTRY, LOG_PROOF, *keys[:1]}
    if set(files) != wanted or len(keys) != 1:
        odd = sorted(set(files) ^ wanted) or keys
        raise IntegrityError(f"files of a lot that are missing or extra: {', '.join(odd)}")
    signer, public = key_of(keys[0], files[keys[0]])
    payload, _ = open_envelope(files[LOT], {signer: public})
    subjects, predicate = read_statement(payload, "lot")
    if subjects != {path: sha256(files[path]) for path in LOT_ROWS}:
        raise IntegrityError("the lot is about other rows than these")
    lot = Lot.parse(predicate)
    released, made, manifest = _release(files, signer, public)
    digest = sha256(files["release/manifest.json"])
    if (lot.release, lot.candidate) != (digest, made.candidate):
        raise IntegrityError("the lot is of another release than it carries the statements of")
    if not lot.model or lot.model != made.model:
        raise IntegrityError("the lot is of another model than the one that was approved")
    if sorted(c.name for c in lot.checks) != sorted(CHECKS_OF_LOT):
        raise IntegrityError("the lot lacks a check, or has one twice")
    if any(c.outcome != "ok" for c in lot.checks) or not set(lot.uses) <= set(released.approved):
        raise IntegrityError(
            "the lot was held, or is for uses that the release is not approved for"
        )
    if lot.expires != released.expires:
        raise IntegrityError("the lot ends on another day than the release")
    entry, head = check_logged(
        files[LOG_ENTRY],
        files[LOG_PROOF],
        statement=sha256(files[LOT]),
        signer=signer,
        public=public,
    )
    return LotFound(
        signer=signer,
        public=public.hex(),
        manifest=digest,
        files=manifest,
        lot=lot,
        released=released,
        made=made,
        logged=f"entry {entry.index} of {entry.time}, under a checkpoint of {head.size} entries",
    )


def _release(
    files: Mapping[str, bytes], signer: str, public: bytes
) -> tuple[Released, Provenance, Manifest]:
    read = {}
    for kind in ("release", "provenance"):
        raw = files[f"release/attestations/{kind}.dsse.json"]
        read[kind] = read_statement(open_envelope(raw, {signer: public})[0], kind)
    if read["release"][0] != {"manifest.json": sha256(files["release/manifest.json"])}:
        raise IntegrityError("the manifest is not the one that the release signed")
    manifest = Manifest.parse(files["release/manifest.json"])
    listed = {f.path: f.sha256 for f in manifest.files}
    for here, there in OF_RELEASE.items():
        if there not in _SIGNING and listed.get(there) != sha256(files[here]):
            raise IntegrityError(f"{here} is not the one of the release")
    return Released.parse(read["release"][1]), Provenance.parse(read["provenance"][1]), manifest
