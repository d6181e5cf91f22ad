"""Receipts: consumers say that they destroyed what they had, and the issuer sees who has not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from assaymark.core.actor import Actor
from assaymark.core.document import Document
from assaymark.core.notice import Descendant, Destruction, Withdrawal
from assaymark.core.plain import read_plain
from assaymark.errors import InputError, IntegrityError
from assaymark.flow.decide.people import author_of
from assaymark.flow.release.descendants import descendants_of
from assaymark.flow.release.handed import read_handed
from assaymark.flow.release.recall import issued, notices_of, of_workspace, said_in_words
from assaymark.release.envelope import payload_of
from assaymark.release.logged import STATEMENT
from assaymark.release.receipts import read_receipt, receipt_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assaymark.store.keys import SigningKey
    from assaymark.store.workspace import Workspace

__all__ = ["AnswerLine", "RecallState", "destroyed", "recall_of", "take_receipt"]

_RECEIPT = "destruction"
_PREFIX = 12


class AnswerLine(Document):
    """One thing that was made of a withdrawn release, and whether it is said to be destroyed."""

    what: str
    sha256: str
    answer: Literal["destroyed", "no answer"]
    by: str
    at: str
    how: str

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The line as a row of a table."""
        return self.what, self.answer, self.by[:16], self.at, self.how


class RecallState(Document):
    """How far a withdrawal got: who has answered, who has not, and who else wrote."""

    name: str
    withdrawn: str
    instruct: str
    lines: tuple[AnswerLine, ...]
    others: tuple[AnswerLine, ...]

    @property
    def waiting(self) -> int:
        """How many have not answered."""
        return sum(line.answer == "no answer" for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Received:
    key: str
    receipt: Destruction

    def about(self, d: Descendant) -> bool:
        named = {d.name, d.words, *filter(None, (d.sha256,))}
        short = any(len(w) >= _PREFIX and d.sha256.startswith(w) for w in self.receipt.what)
        return (short or bool(named & set(self.receipt.what))) and d.consumer in {"", self.key}


def destroyed(about: Path, key: SigningKey, what: Sequence[str], how: str) -> bytes:
    """Return a signed receipt that ``what`` was destroyed; needs no workspace.

    ``about`` is the folder of the release, or the notice that withdrew it where that is gone;
    ``what`` are names or digests of what was made of it, as in the withdrawal's list.
    """
    manifest, name = _named(about)
    receipt = Destruction(
        release=manifest,
        name=name,
        what=tuple(said_in_words(w, "--what") for w in what),
        how=said_in_words(how, "--how"),
        public=key.public.hex(),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return receipt_bytes(receipt, key.sign, key.fingerprint)


def _named(about: Path) -> tuple[str, str]:
    if about.is_dir():
        release = issued(about)
        return release.manifest, release.folder.name
    raw = read_handed(about, "notice")
    try:
        said = read_plain(payload_of(raw), "the notice")["predicate"]
        notice = Withdrawal.parse(json.dumps(said))
    except (IntegrityError, KeyError, TypeError) as error:
        raise InputError(
            f"{str(about)!r} is neither the folder of a release nor the notice that withdrew it"
        ) from error
    return notice.release, notice.name


def take_receipt(workspace: Workspace, name: str, raw: bytes) -> RecallState:
    """Enter a receipt that a consumer sent, and return how far the recall is."""
    release = of_workspace(workspace, name)
    _, receipt = read_receipt(raw)
    if receipt.release != release.manifest:
        raise InputError(f"this receipt is about {receipt.name}, not about {name}")
    _withdrawal(workspace, name)
    body = {"statement": _RECEIPT, "release": release.manifest}
    digest = workspace.put(raw)
    if not [
        e
        for e in workspace.ledger.entries(kind=STATEMENT, subject=digest)
        if e.body.get("statement") == _RECEIPT
    ]:
        workspace.ledger.append(STATEMENT, digest, body, Actor(key=author_of(workspace)))
    return recall_of(workspace, name)


def recall_of(workspace: Workspace, name: str, given: Sequence[Path] = ()) -> RecallState:
    """Return who answered a withdrawal and who did not; ``given`` as for ``withdraw``.

    Asked are those in the notice, and who is known since. Where an admission named the key of
    the consumer, only that key's receipt counts as an answer.
    """
    release = of_workspace(workspace, name)
    notice = _withdrawal(workspace, name)
    later = descendants_of(workspace, release.manifest, given)
    asked = {d.identity: d for d in (*notice.descendants, *later)}.values()
    received = _received(workspace, release.manifest)
    answers = {d.identity: [r for r in received if r.about(d)] for d in asked}
    used = [id(r) for found in answers.values() for r in found]
    return RecallState(
        name=name,
        withdrawn=notice.made_at,
        instruct=notice.instruct,
        lines=tuple(_line(d, answers[d.identity]) for d in asked),
        others=tuple(
            AnswerLine(
                what=", ".join(r.receipt.what),
                sha256="",
                answer="destroyed",
                by=r.key,
                at=r.receipt.made_at,
                how=r.receipt.how,
            )
            for r in received
            if id(r) not in used
        ),
    )


def _withdrawal(workspace: Workspace, name: str) -> Withdrawal:
    release = of_workspace(workspace, name)
    found = [n for _, n in notices_of(workspace, release) if isinstance(n, Withdrawal)]
    if not found:
        raise InputError(
            f"{name} was not withdrawn\n\nHint: `assaymark release withdraw {name} --reason ... "
            "--why TEXT`"
        )
    return found[0]


def _received(workspace: Workspace, manifest: str) -> list[_Received]:
    found = []
    for e in workspace.ledger.entries(kind=STATEMENT):
        if (e.body.get("statement"), e.body.get("release")) == (_RECEIPT, manifest):
            key, receipt = read_receipt(workspace.get(e.subject))
            found.append(_Received(key=key, receipt=receipt))
    return found


def _line(d: Descendant, found: Sequence[_Received]) -> AnswerLine:
    first = found[0] if found else None
    return AnswerLine(
        what=d.words,
        sha256=d.sha256,
        answer="no answer" if first is None else "destroyed",
        by=d.consumer if first is None else first.key,
        at="" if first is None else first.receipt.made_at,
        how="" if first is None else first.receipt.how,
    )
