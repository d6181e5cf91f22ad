"""Statement: what is attested about which bytes.

References
----------
in-toto Attestation Framework, Statement v1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rfc8785

from assaymark.core.document import other_format
from assaymark.core.plain import read_plain
from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.core.document import Document

__all__ = ["KINDS", "Statement", "read_statement", "statement"]

_TYPE = "https://in-toto.io/Statement/v1"
KINDS = {
    "provenance": "https://assaymark.dev/provenance/v0",
    "decision": "https://assaymark.dev/decision/v0",
    "release": "https://assaymark.dev/release/v0",
    "roles": "https://assaymark.dev/roles/v0",
    "withdrawal": "https://assaymark.dev/withdrawal/v0",
    "finding": "https://assaymark.dev/finding/v0",
    "answer": "https://assaymark.dev/answer/v0",
    "observation": "https://assaymark.dev/observation/v0",
    "generator": "https://assaymark.dev/generator/v0",
    "lot": "https://assaymark.dev/lot/v0",
    "destruction": "https://assaymark.dev/destruction/v0",
    "waiver": "https://assaymark.dev/waiver/v0",
    "approval": "https://assaymark.dev/approval/v0",
    "separation": "https://assaymark.dev/separation/v0",
}
Statement = dict[str, Any]


def statement(kind: str, subjects: Mapping[str, str], predicate: Document) -> bytes:
    """Return the canonical bytes of a statement about ``subjects`` (name to SHA-256)."""
    return rfc8785.dumps(
        {
            "_type": _TYPE,
            "subject": [{"name": n, "digest": {"sha256": d}} for n, d in sorted(subjects.items())],
            "predicateType": KINDS[kind],
            "predicate": predicate.plain(),
        }
    )


def read_statement(raw: bytes, kind: str) -> tuple[dict[str, str], bytes]:
    """Return subjects (name to SHA-256) and the predicate's canonical bytes.

    Raises
    ------
    IntegrityError
        When the bytes are no canonical statement of this kind.
    """
    try:
        plain = read_plain(raw, f"the {kind} statement")
        subjects = {s["name"]: s["digest"]["sha256"] for s in plain["subject"]}
        found = plain["predicateType"]
        same = plain["_type"] == _TYPE and found == KINDS[kind]
        predicate = rfc8785.dumps(plain["predicate"])
        canonical = rfc8785.dumps(plain)
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"not a {kind} statement: {error}") from error
    other = other_format(found, KINDS[kind])
    if other:
        raise IntegrityError(f"a {kind} statement {other}")
    if not same or canonical != raw or len(subjects) != len(plain["subject"]):
        raise IntegrityError(f"not a canonical {kind} statement")
    return subjects, predicate
