"""Boundary: what must not leave with a release; a linter over its bytes, without I/O."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assaymark.core.document import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Leak", "leaks_of"]

_KINDS = re.compile(
    r"data/[^/]+\.(parquet|csv)|evidence/[a-z-]+\.json|attestations/[a-z]+\.dsse\.json"
    r"|(waivers|approvals)/\d+\.dsse\.json|people/roles\.dsse\.json|keys/[0-9a-f]{64}\.pub"
    r"|log/release\.(json|tlog-proof)|policy\.toml|(threat|sketch|manifest)\.json"
    r"|card\.md|report\.html|review\.txt"
)
_SEEDS = frozenset({"seed", "root_seed", "random_state", "rng", "rng_state", "entropy"})
_COUNTS = frozenset(
    {"source_rows", "source_persons", "train_rows", "holdout_rows", "n_train", "n_holdout"}
)
_IDS = frozenset({"ids", "holdout_ids", "train_ids", "person_ids", "row_ids", "indices", "persons"})
_TIMES = frozenset({"mtime", "ctime", "atime", "modified", "created", "file_time"})
_INDEX = frozenset({"__index_level_0__", "unnamed: 0", "row_nr", "row_index", "rowid", ""})
_PATH = re.compile(
    r"(?<![\w./-])(/(home|Users|root|tmp|mnt|var|work|srv|data|opt)/[\w.-]+/[\w./-]+"
    r"|[A-Za-z]:\\[\w .-]+\\[\w .\\-]+|file://[\w/.-]+)"
)
_FRACTION = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d+")
_SEED_SAID = re.compile(r"(?<!public )\b(seed|random_state)\s*[=:]\s*\d+")
_DIGEST = re.compile(r"(?<![0-9a-f])([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})(?![0-9a-f])")
_SMALL = 10
_LONG = 120
_WORDS = 12
_LOOKED_AT = 5_000


@dataclass(frozen=True, slots=True)
class Leak:
    """Something that must not leave: which rule found it, where, and what it is."""

    rule: str
    path: str
    what: str


def leaks_of(files: Mapping[str, bytes]) -> tuple[Leak, ...]:
    """Return what a release would give away besides its rows and evidence, in a fixed order.

    The linter finds known ways in which releases leak by accident. That it finds nothing is no
    proof that nothing leaks.
    """
    found = [leak for path, raw in sorted(files.items()) for leak in _of_file(path, raw)]
    return (*found, *_digests(files))


def _of_file(path: str, raw: bytes) -> Iterator[Leak]:
    if not _KINDS.fullmatch(path):
        yield Leak("file kind", path, "a release has no file of this kind (models, dumps, notes)")
        return
    if path.endswith(".parquet"):
        yield from _footer(path, raw)
    elif path.endswith(".csv"):
        yield from _table(path, raw)
    elif path.endswith(".json"):
        yield from _document(path, raw)
    else:
        yield from _text(path, raw.decode("utf-8", "replace"))


def _footer(path: str, raw: bytes) -> Iterator[Leak]:
    size = int.from_bytes(raw[-8:-4], "little") if raw[-4:] == b"PAR1" else 0
    footer = raw[-8 - size : -8] if 0 < size <= len(raw) - 8 else b""
    if b"pandas" in footer:
        yield Leak("pandas metadata", path, "the footer carries pandas metadata, with its index")
    words = footer.decode("latin-1")
    yield from _pathlike(path, words)
    for name in _INDEX - {""}:
        if name.encode() in footer.lower():
            yield Leak("row index", path, f"a column is called {name!r}")


def _table(path: str, raw: bytes) -> Iterator[Leak]:
    rows = csv.reader(io.StringIO(raw[: 4 << 20].decode("utf-8", "replace")))
    head = next(rows, [])
    for name in head:
        if name.strip().lower() in _INDEX:
            yield Leak("row index", path, f"a column is called {name!r}")
    texts = set()
    for _, row in zip(range(_LOOKED_AT), rows, strict=False):
        for name, cell in zip(head, row, strict=False):
            if name not in texts and (len(cell) > _LONG or cell.count(" ") >= _WORDS):
                texts.add(name)
                yield Leak("free text", path, f"column {name!r} holds free text")


def _document(path: str, raw: bytes) -> Iterator[Leak]:
    try:
        plain = json.loads(raw)
    except ValueError:
        yield Leak("file kind", path, "not JSON")
        return
    inner = plain
    if path.endswith(".dsse.json"):
        try:
            inner = json.loads(base64.b64decode(plain["payload"]))
        except (ValueError, KeyError, TypeError, binascii.Error):
            yield Leak("file kind", path, "not an envelope")
            return
    yield from _text(path, json.dumps(inner, ensure_ascii=False).replace("\\\\", "\\"))
    yield from _values(path, inner)


def _values(path: str, value: Any) -> Iterator[Leak]:  # noqa: ANN401
    if isinstance(value, list):
        for inner in value:
            yield from _values(path, inner)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        yield from _field(path, str(key).lower(), inner)
        yield from _values(path, inner)
    n = value.get("n")
    if isinstance(n, int) and 0 < n < _SMALL and value.get("value") is not None:
        yield Leak("small cell", path, f"{value.get('metric', 'a number')} rests on {n} people")


def _field(path: str, key: str, inner: object) -> Iterator[Leak]:
    plain = isinstance(inner, int | float) and not isinstance(inner, bool)
    number = plain or (isinstance(inner, str) and inner.strip().isdigit())
    if key in _SEEDS and isinstance(inner, int | float | str) and inner != "":
        yield Leak("seed", path, f"{key!r} is given")
    if key in _COUNTS and number:
        yield Leak("exact count", path, f"{key!r} is a number, not a band")
    if key in _TIMES and inner:
        yield Leak("file time", path, f"{key!r} is given")
    if key in _IDS and isinstance(inner, list) and inner and not isinstance(inner[0], dict):
        yield Leak("person ids", path, f"{key!r} lists {len(inner)} of them")


def _text(path: str, text: str) -> Iterator[Leak]:
    yield from _pathlike(path, text)
    found = _FRACTION.search(text)
    if found:
        yield Leak("file time", path, f"{found.group()} is more exact than a second")
    found = _SEED_SAID.search(text) if not path.endswith(".html") else None
    if found:
        yield Leak("seed", path, f"{found.group()!r}")


def _pathlike(path: str, text: str) -> Iterator[Leak]:
    found = _PATH.search(text)
    if found:
        yield Leak("embedded path", path, f"{found.group()[:60]!r}")


def _digests(files: Mapping[str, bytes]) -> Iterator[Leak]:
    """Yield hashes in signed documents that are of nothing that is here, nor keyed.

    The hash of something private, without a key, can be found by trying.
    """
    known = set(_declared(files)) | set(_hashed(files))
    for path, raw in sorted(files.items()):
        if not path.endswith((".json", ".md", ".txt")) or path.startswith(("log/", "people/")):
            continue
        text = raw.decode("utf-8", "replace")
        if path.endswith(".dsse.json"):
            text = base64.b64decode(json.loads(raw)["payload"]).decode("utf-8", "replace")
        for digest in dict.fromkeys(_DIGEST.findall(text)):
            if digest not in known and not path.startswith("approvals/"):
                yield Leak("bare hash", path, f"{digest[:16]} is of nothing in the release")


def _hashed(files: Mapping[str, bytes]) -> Iterator[str]:
    """Yield the digests of the files; those that a manifest lists are not computed again."""
    listed = json.loads(files.get("manifest.json", b'{"files": []}'))["files"]
    yield from (str(f["sha256"]) for f in listed)
    done = {f["path"] for f in listed}
    yield from (sha256(raw) for path, raw in files.items() if path not in done)


_NAMED = frozenset(
    {
        *("candidate", "source_commitment", "split_commitment", "ledger_root", "policy", "threat"),
        *("evidence", "earlier", "keyid", "id", "public", "signer", "waivers", "decision", "words"),
        *("code", "wheel", "generator", "model", "content"),
        *("root", "key", "subject", "manifest", "suite", "population"),
    }
)


def _declared(files: Mapping[str, bytes]) -> Iterator[str]:
    """Yield digests in the fields whose meaning is public, or whose hash is keyed."""
    for path, raw in files.items():
        if not path.endswith(".json"):
            continue
        plain = json.loads(raw)
        yield from _named(plain)
        if path.endswith(".dsse.json"):
            yield from _named(json.loads(base64.b64decode(plain["payload"])))
    yield from (p.removeprefix("keys/").removesuffix(".pub") for p in files if "keys/" in p)


def _named(value: Any, key: str = "") -> Iterator[str]:  # noqa: ANN401
    if isinstance(value, dict):
        for k, inner in value.items():
            yield from _named(inner, str(k))
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner, key)
    elif isinstance(value, str) and key in _NAMED:
        yield value
