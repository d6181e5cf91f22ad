"""Boundary: what must not leave with a release; a linter over its bytes, without I/O."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

from assaymark.core.plain import read_plain, read_toml
from assaymark.errors import IntegrityError, LeakError
from assaymark.release.boundary.fields import fields_of
from assaymark.release.boundary.hashes import hashes_of
from assaymark.release.boundary.leak import Leak
from assaymark.release.boundary.rows import names_of, parquet_leaks, said_in_rows, table_leaks
from assaymark.release.boundary.words import words_of
from assaymark.release.contained import held

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.release.contained import Contained

__all__ = ["KINDS", "Leak", "check_boundary", "leaks_of"]

KINDS = (
    r"data/[^/]+\.(parquet|csv)",
    r"evidence/[a-z-]+\.json",
    r"attestations/[a-z]+\.dsse\.json",
    r"(waivers|approvals)/\d+\.dsse\.json",
    r"people/roles\.dsse\.json",
    r"keys/[0-9a-f]{64}\.pub",
    r"log/[a-z-]+\.(json|tlog-proof)",
    r"policy\.toml",
    r"(threat|sketch|manifest|croissant)\.json",
    r"(card|datasheet|lay)\.md",
    r"(report|datasheet|lay|patients)\.html",
    r"(documents|dossiers)/[a-z0-9-]+\.(md|html|json|txt)",
    r"review\.txt",
    r"verify\.py",
)
"""What the files of a release are called; whoever adds one to releases adds its kind here."""

_KINDS = re.compile("|".join(KINDS))
_MODEL = (
    b"\x80\x02",
    b"\x80\x03",
    b"\x80\x04",
    b"\x80\x05",
    b"PK\x03\x04",
    b"\x89HDF",
    b"\x93NUMPY",
)
_KEY = re.compile(r"[0-9a-f]{64}\n?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SHOWN = 10


def leaks_of(files: Mapping[str, bytes] | Contained) -> tuple[Leak, ...]:
    """Return what a release would give away besides its rows and evidence, in a fixed order.

    The linter finds known ways in which releases leak by accident. That it finds nothing is no
    proof that nothing leaks.
    """
    inside = held(files)
    names, own = names_of(inside), said_in_rows(inside)
    found: list[Leak] = []
    read: dict[str, tuple[str, Any]] = {}
    for path in sorted(inside):
        if not _KINDS.fullmatch(path):
            found.append(_stranger(inside, path))
        elif path.endswith(".parquet"):
            found += parquet_leaks(inside, path)
        elif path.endswith(".csv"):
            found += table_leaks(inside, path)
        else:
            try:
                read[path] = text, value = _contents(path, inside[path])
            except IntegrityError as error:
                found.append(Leak("file kind", path, str(error)))
                continue
            found += words_of(path, text, names, own)
            found += fields_of(path, value, names)
    return (*dict.fromkeys(found), *hashes_of(inside, read, own))


def check_boundary(files: Mapping[str, bytes] | Contained) -> None:
    """Raise where something in the files must not leave.

    Raises
    ------
    LeakError
        Says what leaks, where, and what to do about it.
    """
    leaks = leaks_of(files)
    if not leaks:
        return
    shown = "\n".join(f"  {leak}\n    {leak.remedy}" for leak in leaks[:_SHOWN])
    more = f"\n  and {len(leaks) - _SHOWN} more" if len(leaks) > _SHOWN else ""
    raise LeakError(
        f"this release would give away what must not leave; nothing was released:\n{shown}{more}"
        "\n\nHint: remove what is named and run again; docs/govern.md says what is looked for"
    )


def _stranger(files: Contained, path: str) -> Leak:
    if files.part(path, 0, 8).startswith(_MODEL):
        return Leak("file kind", path, "a pickle, an archive or a file of arrays")
    return Leak("file kind", path, "a release has no file of this kind (models, dumps, notes)")


def _contents(path: str, raw: bytes) -> tuple[str, Any]:
    """Return the text of a document and what is in it; an envelope's payload for an envelope."""
    if path.endswith(".dsse.json"):
        raw = _payload(path, raw)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise IntegrityError("not a text in UTF-8") from error
    if _CONTROL.search(text):
        raise IntegrityError("not a text: it holds control characters")
    if path.endswith(".pub") and not _KEY.fullmatch(text):
        raise IntegrityError("not a public key")
    if path.endswith(".json"):
        return text, read_plain(raw, path)
    if path.endswith(".toml"):
        try:
            return text, read_toml(raw)
        except ValueError:
            return text, None
    return text, None


def _payload(path: str, raw: bytes) -> bytes:
    try:
        return base64.b64decode(read_plain(raw, path)["payload"], validate=True)
    except (KeyError, TypeError, binascii.Error, ValueError) as error:
        raise IntegrityError("not an envelope") from error
