"""Boundary hashes: digests of what is not in the release, which can be found by trying."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from assaymark.core.document import sha256
from assaymark.release.boundary.leak import Leak

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from assaymark.release.contained import Contained

__all__ = ["hashes_of"]

_HEX = re.compile(
    r"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{128}|[0-9a-fA-F]{96}|[0-9a-fA-F]{64}|[0-9a-fA-F]{56}"
    r"|[0-9a-fA-F]{40}|[0-9a-fA-F]{32})(?![0-9a-fA-F])"
    r"|(?<![0-9a-fA-F:])(?:[0-9a-fA-F]{2}:){15,31}[0-9a-fA-F]{2}(?![0-9a-fA-F:])"
)
_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/=])(?:sha256-)?([A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}==)(?!=)"
)
_OTHER = re.compile(
    r"(?<![A-Za-z0-9+/=])(?:[A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{27}=)(?![=\w])"
    r"|(?<![\w+/=-])[\w+/-]{43}(?![\w+/=-])|(?<![\w=])[A-Z2-7]{52}(?:====)?(?![\w=])"
    r"|(?<![\w-])[0-9a-f]{8}-[0-9a-f]{4}-[35][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![\w-])",
    re.ASCII,
)
"""MD5 and SHA-1 in base64, SHA-256 without padding or in base32, UUIDs that hash a name."""
_UNPADDED, _UUID = 43, 36
_INLINE = re.compile(r"(?s)<(?:style|script)\b[^>]*>(.*?)</(?:style|script)>")
_NAMED: tuple[tuple[str, frozenset[str]], ...] = (
    (
        r"attestations/provenance\.dsse\.json",
        frozenset(
            {
                *("candidate", "source_commitment", "split_commitment", "ledger_root", "model"),
                *("manifest", "signer", "public", "content", "code", "wheel", "commitment"),
            }
        ),
    ),
    (
        r"attestations/generator\.dsse\.json",
        frozenset({"code", "wheel", "sha256"}),
    ),
    (
        r"attestations/decision\.dsse\.json",
        frozenset({"candidate", "policy", "threat", "evidence", "earlier", "waivers"}),
    ),
    (r"waivers/\d+\.dsse\.json", frozenset({"candidate", "policy", "signer"})),
    (r"approvals/\d+\.dsse\.json", frozenset({"decision", "words", "sha256"})),
    (r"people/roles\.dsse\.json", frozenset({"id", "public", "sha256"})),
    (r"evidence/[a-z-]+\.json", frozenset({"candidate", "suite", "earlier"})),
    (
        r"log/[\w.-]+\.json",
        frozenset({"key", "subject", "manifest", "policy", "candidate", "evidence", "decision"}),
    ),
)
"""Where a digest stands whose meaning is public, or which is keyed."""


def hashes_of(
    files: Contained,
    read: Mapping[str, tuple[str, Any]],
    own: Callable[[str], bool],
) -> Iterator[Leak]:
    """Yield hashes that are of nothing in the release, nor keyed, nor values of its rows.

    ``read`` has the text and the parsed value of every document.
    """
    known = {files.digest(path) for path in files}
    for path, (_, value) in read.items():
        for pattern, names in _NAMED:
            if re.fullmatch(pattern, path):
                known.update(_digests_in(value, names))
    known.update(p.removeprefix("keys/").removesuffix(".pub") for p in files if "keys/" in p)
    known.update(f"{digest[:n]}" for digest in tuple(known) for n in (32, 40))
    for path, (text, value) in read.items():
        if path.endswith((".pub", ".tlog-proof")):
            continue
        if path.startswith("log/"):
            known |= set(_digests_in(value, frozenset({"path"})))
        styles = {sha256(m[1].encode()) for m in _INLINE.finditer(text)}
        said = text if value is None else _flat(value)
        yield from _unknown(path, said, known | styles, own)


def _unknown(path: str, text: str, known: set[str], own: Callable[[str], bool]) -> Iterator[Leak]:
    for digest in dict.fromkeys(m.group() for m in _HEX.finditer(text)):
        if digest.lower().replace(":", "") not in known and not own(digest):
            yield Leak("bare hash", path, f"{digest[:16]} is of nothing in the release")
    for coded in dict.fromkeys(m[1] for m in _BASE64.finditer(text)):
        if not {coded, base64.b64decode(coded).hex()} & known and not own(coded):
            yield Leak("bare hash", path, f"{coded[:16]} is of nothing in the release")
    for word in dict.fromkeys(m.group() for m in _OTHER.finditer(text)):
        if _by_chance(word) and _hex_of(word) not in known and not own(word):
            yield Leak("bare hash", path, f"{word[:16]} is of nothing in the release")


def _by_chance(word: str) -> bool:
    """Whether letters and digits are mixed as chance mixes them, and words do not."""
    digits, upper = sum(c.isdigit() for c in word), sum(c.isupper() for c in word)
    lower = sum(c.islower() for c in word)
    if len(word) == _UNPADDED:
        one = not ({"-", "_"} & set(word) and {"+", "/"} & set(word))
        return one and digits >= 2 and min(upper, lower) >= 6
    return digits >= 2 and (word.isupper() or len(word) == _UUID or min(upper, lower) > 0)


def _hex_of(word: str) -> str:
    try:
        return base64.urlsafe_b64decode(word + "=").hex() if len(word) == _UNPADDED else word
    except ValueError:
        return word


def _flat(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, dict):
        return "\n".join(f"{k}\n{_flat(v)}" for k, v in value.items())
    if isinstance(value, list):
        return "\n".join(map(_flat, value))
    return str(value)


def _digests_in(value: Any, names: frozenset[str], key: str = "") -> Iterator[str]:  # noqa: ANN401
    if isinstance(value, dict):
        for k, inner in value.items():
            yield from _digests_in(inner, names, str(k))
    elif isinstance(value, list):
        for inner in value:
            yield from _digests_in(inner, names, key)
    elif isinstance(value, str) and key in names:
        yield value
