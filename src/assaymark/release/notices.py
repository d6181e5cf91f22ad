"""Notices: signed statements about a release that was issued, and who may make which."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from assaymark.core.document import other_format
from assaymark.core.notice import NOTICES, Finding
from assaymark.core.plain import read_plain
from assaymark.errors import IntegrityError
from assaymark.release.envelope import fingerprint_of, open_envelope, payload_of, seal_envelope
from assaymark.release.statement import KINDS, read_statement, statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from assaymark.core.notice import Notice

__all__ = ["is_about", "is_ours", "notice_bytes", "read_notice"]

_OURS = "https://assaymark.dev/"


def is_about(raw: bytes) -> str:
    """Return the manifest of the release that a notice says it is about; nothing is verified."""
    try:
        return str(read_plain(payload_of(raw), "the notice")["predicate"]["release"])
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError("not a withdrawal, a finding, an answer or an observation") from error


def is_ours(raw: bytes, what: str) -> bool:
    """Whether a signed statement, called ``what``, is one of assaymark; nothing is verified.

    Raises
    ------
    IntegrityError
        When it is no signed statement.
    """
    try:
        payload = base64.b64decode(read_plain(raw, what)["payload"], validate=True)
        return str(read_plain(payload, what)["predicateType"]).startswith(_OURS)
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            f"{what} is not a signed statement: put it elsewhere, or get it anew from whom it came"
        ) from error


def notice_bytes(notice: Notice, sign: Callable[[bytes], bytes], key: str) -> bytes:
    """Return a signed notice about one release."""
    subjects = {"manifest.json": notice.release}
    return seal_envelope(statement(_kind(notice), subjects, notice), sign, key)


def read_notice(raw: bytes, *, signer: str, public: bytes) -> Notice:
    """Return a notice; ``signer`` and ``public`` are the key that signed the release.

    Raises
    ------
    IntegrityError
        When anything but a finding is not by who issued the release, or bytes were altered.
    """
    try:
        plain = read_plain(payload_of(raw), "the notice")
        typed = plain["predicateType"]
        other = next(filter(None, (other_format(typed, KINDS[k]) for k in NOTICES)), "")
        if other:
            raise IntegrityError(f"a notice {other}")
        kind = {KINDS[k]: k for k in NOTICES}[typed]
        predicate = json.dumps(plain["predicate"])
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError("not a withdrawal, a finding, an answer or an observation") from error
    notice = NOTICES[kind].parse(predicate)
    keys = {signer: public}
    if isinstance(notice, Finding):
        found = bytes.fromhex(notice.public)
        keys = {fingerprint_of(found): found}
    payload, _ = open_envelope(raw, keys)
    subjects, said = read_statement(payload, kind)
    if subjects != {"manifest.json": notice.release} or said != notice.canonical():
        raise IntegrityError(f"the {kind} is about something else than it says")
    return notice


def _kind(notice: Notice) -> str:
    return next(k for k, made in NOTICES.items() if isinstance(notice, made))
