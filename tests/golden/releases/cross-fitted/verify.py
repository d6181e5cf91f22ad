"""Check this release with Python and `cryptography` alone, offline: python verify.py FOLDER.

The same steps as `assaymark verify`, as far as one file can take them; it says what it left out.
Options: --trust FINGERPRINT (repeat), --today YYYY-MM-DD, --json. Ends with 4 if anything fails.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from decimal import Decimal
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


MOST = 64 << 20
FORMATS = {
    *("manifest", "release", "decision", "provenance", "evidence", "entry", "history"),
    *("roles", "approval", "waiver", "threat", "generator", "lot"),
    *("withdrawal", "finding", "answer", "observation"),
}
Plain = dict[str, Any]


class Broken(Exception):  # noqa: N818
    """Something does not hold."""


def need(holds: object, said: str) -> None:
    """Raise what is said, unless it holds."""
    if not holds:
        raise Broken(said)


def sha256(raw: bytes) -> str:
    """Return the SHA-256, hex."""
    return hashlib.sha256(raw).hexdigest()


def canonical(value: object) -> bytes:
    """Return JSON as RFC 8785 has it."""
    return spelt(value).encode()


def spelt(value: Any) -> str:  # noqa: ANN401
    """Return a value in its one spelling: keys in the order of UTF-16, numbers as JavaScript's."""
    if isinstance(value, dict):
        order = sorted(value, key=lambda k: k.encode("utf-16-be"))
        return "{" + ",".join(f"{spelt(k)}:{spelt(value[k])}" for k in order) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelt, value)) + "]"
    if not isinstance(value, float):
        return json.dumps(value, ensure_ascii=False)
    need(math.isfinite(value), "a number that is none")
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    if 1e-6 <= abs(value) < 1e-4:
        return format(Decimal(repr(value)), "f")
    mantissa, e, power = repr(value).partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(power):+d}" if e else mantissa


def read_json(raw: bytes, what: str) -> Any:  # noqa: ANN401
    """Return the value of JSON of a format that is known here."""

    def once(pairs: list[tuple[str, Any]]) -> Plain:
        need(len(dict(pairs)) == len(pairs), f"{what} has a key twice")
        return dict(pairs)

    need(len(raw) <= MOST, f"{what} has more than {MOST >> 20} MB")
    try:
        found = json.loads(raw, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise Broken(f"{what} is not JSON that can be read: {error}") from error
    schema = found.get("schema_id") if isinstance(found, dict) else None
    known = schema is None or schema in {f"assaymark/{f}/v0" for f in FORMATS}
    need(known, f"{what} is in the format {schema!r}, which this file does not know")
    return found


def b64(text: str) -> bytes:
    """Return the bytes behind base64 in its one canonical spelling."""
    raw = base64.b64decode(text, validate=True)
    need(raw and base64.b64encode(raw).decode() == text, "base64 in another spelling")
    return raw


def check_signature(public: bytes, signature: bytes, signed: bytes, who: str) -> None:
    """Raise unless the signature is that of the key over these bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    except (InvalidSignature, ValueError) as error:
        raise Broken(f"the signature of {who} does not match") from error


def envelope(raw: bytes, keys: dict[str, bytes], kind: str, what: str) -> tuple[Plain, Plain, Any]:
    """Return subjects, predicate and signers of a DSSE envelope, every signature checked."""
    plain = read_json(raw, what)
    need(
        (json.dumps(plain, indent=1, ensure_ascii=False) + "\n").encode() == raw, f"{what}: layout"
    )
    need(set(plain) == {"payload", "payloadType", "signatures"}, f"{what} is no envelope")
    payload, typed = b64(plain["payload"]), plain["payloadType"].encode()
    signed = b"DSSEv1 %d %b %d %b" % (len(typed), typed, len(payload), payload)
    signers = [s["keyid"] for s in plain["signatures"]]
    need(
        signers and len(set(signers)) == len(signers), f"{what} is not signed, or twice by one key"
    )
    for s in plain["signatures"]:
        need(s["keyid"] in keys, f"{what} is signed by a key that is not known, {s['keyid'][:16]}")
        check_signature(keys[s["keyid"]], b64(s["sig"]), signed, f"{what} by {s['keyid'][:16]}")
    said = read_json(payload, what)
    expected = f"https://assaymark.dev/{kind}/v0"
    need(said["predicateType"] == expected, f"{what} is a {said['predicateType']!r}")
    read_json(json.dumps(said["predicate"]).encode(), what)
    subjects = {s["name"]: s["digest"]["sha256"] for s in said["subject"]}
    return subjects, said["predicate"], signers


def included(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> None:
    """Raise unless the path leads from a leaf to the root (RFC 9162, 2.1.3.2)."""
    need(0 <= index < size, f"no entry {index} in a ledger of {size}")
    fn, sn, node = index, size - 1, leaf
    for p in path:
        need(sn and len(p) == 32, "the inclusion proof is too long")
        if fn & 1 or fn == sn:
            node = hashlib.sha256(b"\x01" + p + node).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + p).digest()
        fn, sn = fn >> 1, sn >> 1
    need(not sn and node == root, "the inclusion proof does not lead to the root")


IntegrityError = LeakError = Broken

"""Plain: JSON from strangers, read with limits."""


import json
from typing import Any



MOST = 64 << 20
"""How many bytes of JSON are read."""


def read_plain(raw: bytes, what: str) -> Any:  # noqa: ANN401
    """Return the value of JSON bytes; ``what`` names them in messages.

    Raises
    ------
    IntegrityError
        When they are too many, no JSON, nested too deeply, have a key twice, or hold NaN.
    """
    if len(raw) > MOST:
        raise IntegrityError(
            f"{what} has {len(raw) >> 20} MB of JSON, and {MOST >> 20} MB is the most that is read"
        )
    try:
        return json.loads(raw, object_pairs_hook=_once, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        said = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise IntegrityError(f"{what} is not JSON that can be read: {said}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _refused(name: str) -> None:
    raise ValueError(f"{name} is no number")
"""Leak: something that must not leave with a release, where it is and what to do about it."""


from dataclasses import dataclass


REMEDIES = {
    "file kind": "leave the file out; a release holds only the kinds of file that it is made of",
    "model weights": "leave the model out; the release carries its digest, the issuer its file",
    "seed": "leave the seed out; whoever knows it can repeat the random draws",
    "exact count": "give the band (`about 25,000`) in place of the count",
    "bare hash": "use a keyed commitment (HMAC); what is private can be found by trying",
    "row index": "drop the index column; it says which real row came where",
    "pandas metadata": "write the file without pandas, as `assaymark run` does",
    "parquet metadata": "write the file without metadata of its own",
    "parquet statistics": "write the file with `statistics=False`",
    "file time": "leave the time out, or round it to a second",
    "embedded path": "leave the path out; it names people, machines and folders",
    "person ids": "leave the list out; who was in which part of the split is sealed",
    "free text": "give the column the role `text`, so that it is left out, or group its values",
    "small cell": "leave out what rests on fewer than ten people, or pool it",
}


@dataclass(frozen=True, slots=True)
class Leak:
    """Something that must not leave: which rule found it, where, and what it is."""

    rule: str
    path: str
    what: str

    @property
    def remedy(self) -> str:
        """What to do."""
        return REMEDIES[self.rule]

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}: {self.what}"
"""Contained: the files of a release by path, whole where they are small, in parts where not."""


from typing import TYPE_CHECKING, Protocol




class Contained(Protocol):
    """The files of a release; ``[path]`` reads a whole file, for all but the rows."""

    def __getitem__(self, path: str, /) -> bytes: ...

    def __iter__(self) -> Iterator[str]: ...

    def __contains__(self, path: object, /) -> bool: ...

    def __len__(self) -> int: ...

    def digest(self, path: str) -> str:
        """Return the SHA-256 of a file, hex."""
        ...

    def size(self, path: str) -> int:
        """Return how many bytes a file has."""
        ...

    def part(self, path: str, start: int, length: int) -> bytes:
        """Return some bytes of a file."""
        ...


class Held(dict[str, bytes]):
    """Files of a release that are in memory."""

    def digest(self, path: str) -> str:
        """Return the SHA-256 of a file, hex."""
        return sha256(self[path])

    def size(self, path: str) -> int:
        """Return how many bytes a file has."""
        return len(self[path])

    def part(self, path: str, start: int, length: int) -> bytes:
        """Return some bytes of a file."""
        return self[path][start : start + length]


def held(files: Mapping[str, bytes] | Contained) -> Contained:
    """Return files in the form that the verifier reads."""
    return Held(files) if isinstance(files, dict) else files  # type: ignore[return-value]
"""Parquet footer: what the metadata at the end of a Parquet file says, without a Parquet library.

References
----------
Apache Thrift compact protocol; parquet-format, ``parquet.thrift`` (FileMetaData).
"""


import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias



_MAGIC = b"PAR1"
_MOST = 256 << 20
_DEEP = 20
_Value: TypeAlias = "bool | int | float | bytes | list[_Value] | dict[int, _Value]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """What a footer says: column names, key and value metadata, and what else is kept.

    ``statistics`` are the columns that have minima, maxima or counts of distinct values;
    ``unaccounted`` is how many bytes of the file belong to no column.
    """

    columns: tuple[str, ...]
    rows: int
    metadata: tuple[tuple[str, str], ...]
    created_by: str
    statistics: tuple[str, ...]
    elsewhere: tuple[str, ...]
    unaccounted: int


def read_footer(files: Contained, path: str) -> Footer:
    """Return the footer of a Parquet file.

    Raises
    ------
    IntegrityError
        When the file is no Parquet file, or its footer cannot be read.
    """
    size = files.size(path)
    tail = files.part(path, max(0, size - 8), 8)
    length = int.from_bytes(tail[:4], "little") if len(tail) == 8 else 0
    if tail[4:] != _MAGIC or files.part(path, 0, 4) != _MAGIC or not 0 < length <= size - 12:
        raise IntegrityError(f"{path} is not a Parquet file")
    if length > _MOST:
        raise IntegrityError(f"the footer of {path} has {length >> 20} MB")
    try:
        plain = _Compact(files.part(path, size - 8 - length, length)).struct()
        return _footer(plain, size - 12 - length)
    except (IndexError, KeyError, TypeError, ValueError, struct.error) as error:
        raise IntegrityError(f"the footer of {path} cannot be read") from error


def _footer(plain: dict[int, _Value], body: int) -> Footer:
    chunks = [_map(c) for group in _list(plain[4]) for c in _list(_map(group)[1])]
    return Footer(
        columns=tuple(_text(_map(e)[4]) for e in _list(plain[2])[1:]),
        rows=_int(plain[3]),
        metadata=tuple(
            (_text(_map(kv)[1]), _text(_map(kv).get(2, b""))) for kv in _list(plain.get(5, []))
        ),
        created_by=_text(plain.get(6, b"")),
        statistics=tuple(dict.fromkeys(_name(c) for c in chunks if _counted(c))),
        elsewhere=tuple(_text(c[1]) for c in chunks if 1 in c),
        unaccounted=body - sum(map(_taken, chunks)),
    )


def _name(chunk: dict[int, _Value]) -> str:
    return ".".join(_text(p) for p in _list(_map(chunk[3])[3]))


def _counted(chunk: dict[int, _Value]) -> bool:
    said = _map(_map(chunk[3]).get(12, {}))
    return bool({1, 2, 4, 5, 6} & set(said)) or 6 in chunk


def _taken(chunk: dict[int, _Value]) -> int:
    about = _map(chunk[3])
    kept = (about[7], chunk.get(5, 0), chunk.get(7, 0), about.get(15, 0))
    return sum(_int(n) for n in kept)


class _Compact:
    """A reader of the Thrift compact protocol that knows structure, not names."""

    def __init__(self, raw: bytes) -> None:
        self._raw, self._at = raw, 0

    def struct(self, depth: int = 0) -> dict[int, _Value]:
        if depth > _DEEP:
            raise ValueError("nested too deeply")
        found: dict[int, _Value] = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._signed()
            found[field] = self._value(head & 15, depth)
        return found

    def _value(self, kind: int, depth: int) -> _Value:
        if kind in {1, 2, 3}:
            return self._byte() if kind == 3 else kind == 1
        if kind in {4, 5, 6}:
            return self._signed()
        if kind == 7:
            return float(struct.unpack("<d", self._take(8))[0])
        if kind == 8:
            return self._take(self._number())
        if kind in {9, 10}:
            return self._several(depth)
        if kind == 12:
            return self.struct(depth + 1)
        raise ValueError(f"type {kind}")

    def _several(self, depth: int) -> _Value:
        head = self._byte()
        n = head >> 4 if head >> 4 < 15 else self._number()
        if n > len(self._raw):
            raise ValueError("a list longer than the file")
        kind = head & 15
        if kind in {1, 2}:
            return [self._byte() == 1 for _ in range(n)]
        return [self._value(kind, depth + 1) for _ in range(n)]

    def _byte(self) -> int:
        found = self._raw[self._at]
        self._at += 1
        return found

    def _take(self, n: int) -> bytes:
        found = self._raw[self._at : self._at + n]
        if len(found) < n:
            raise IndexError("the footer ends early")
        self._at += n
        return found

    def _number(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
        return value | byte << shift

    def _signed(self) -> int:
        n = self._number()
        return n >> 1 ^ -(n & 1)


def _map(value: _Value) -> dict[int, _Value]:
    if not isinstance(value, dict):
        raise TypeError("not a structure")
    return value


def _list(value: _Value) -> list[_Value]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _int(value: _Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("not a number")
    return value


def _text(value: _Value) -> str:
    if not isinstance(value, bytes):
        raise TypeError("not a text")
    return value.decode("utf-8", "replace")
"""Boundary words: what gives something away in any text of a release, whatever its format."""


import html
import re
from typing import TYPE_CHECKING



_NAME = r"[^\s\"'<>|*?,;:)(\]\[}{\\/\x00]+"
_PATH = re.compile(
    rf"(?<![\w./-])(?:~|/(?:home|Users|root)/{_NAME}|/(?:tmp|mnt|var|work|srv|data|opt|etc|nfs|"
    r"scratch|projects?|media|Volumes|private|gpfs|lustre|dbfs|workspace|app|content|kaggle|"
    rf"export|usr|shared|cluster|lake|storage)/{_NAME})(?:/{_NAME})+"
    rf"|(?<![\w./-])/(?:home|Users|root)/{_NAME}"
    r"|(?<![\w./-])/(?:tmp|mnt|srv|data|opt|nfs|scratch|media|export|lake)/[\w-]+\.\w{2,8}\b"
    r"|(?<![A-Za-z])[A-Za-z]:\\{1,2}[\w -]+\.\w{2,8}\b"
    rf"|(?<![A-Za-z])[A-Za-z]:(?:\\{{1,2}}|/)(?!/){_NAME}(?: {_NAME})*(?:\\{{1,2}}|/){_NAME}"
    rf"|(?<!\\)\\{{2,4}}{_NAME}\\{{1,2}}{_NAME}"
    rf"|file:[/]+{_NAME}|%(?:USERPROFILE|HOMEPATH|APPDATA)%"
    rf"|\b(?:s3a?|gs|hdfs|abfss?|wasbs?|dbfs|smb|nfs|sftp|jdbc:\w+|postgres(?:ql)?|mysql)://{_NAME}"
)
_SEED = re.compile(
    r"""(?:seed|random_?state|default_rng|rng_?state)\w{0,30}
    (?:["'`*]*\s*(?:[=:(]|=>|:=|\bis\b|\bwas\b|\bof\b|\bset\ to\b)\s*["'`*\[(]*\s*
       (?:0x[0-9a-f]+|\d+|[0-9a-f]{8,})
    |["'`*>|\s-]{0,8}(?:value|number|no\.?)?["'`*>|\s:=-]{0,4}(?<![\w.])\d+)""",
    re.VERBOSE,
)
_BEFORE = re.compile(r"[\w.]*\Z")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_COUNT = re.compile(
    r"(?:(?:rows|records|persons|people|patients|individuals|subjects|participants|size|number|n)"
    r"\s+(?:of|in|from)\s+(?:the\s+)?(?:source|training(?: data| set)?|train|holdout|real data|"
    r"original data|cohort)(?:\s+\w+)?\s*[:=]|"
    r"(?:source|train|training|holdout|original|cohort)[ _-](?:rows|records|persons|people|"
    r"patients|size|count|n)\s*[\"'`*]*\s*[:=])\s*[\"'`*]*(?P<n>\d[\d,. ]*)",
)
_TIMED = re.compile(
    r"(?:modified|created|mtime|ctime|atime|generated|written|saved|started|ended|made|at|time)"
    r"\W{0,12}\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}:\d{2}[.,]\d+",
)
_FRACTION = re.compile(r"\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}:\d{2}[.,]\d+")
_FILE_TIME = re.compile(
    r"\b(?:st_)?[mca]time(?:_ns)?\b\W{0,4}\d{4}|(?:last[ _-]?modified|file[ _-]?time)\W{1,6}"
    r"(?:\w{3}, )?\d",
)
_LISTED = re.compile(
    r"\b(?:holdout|train(?:ing)?|test|member|non-?member|person|patient|subject|row)s?[ _-]"
    r"?(?:ids?|indices|index|numbers|keys|rows|members)\b[\"'`*]*\s*[:=]?\s*\[?\(?\s*"
    r"(?:[\"'`]?[A-Za-z]{0,4}[-_]?\d+[\"'`]?\s*[,;]\s*){2,}",
)
_SMALL = re.compile(r"(?<![\w.])n\s*=\s*[1-9]\b(?![\d.,]*\d)(?!, and the rule needs)")
_MANY = r"(?:\d{1,3}(?:,\d{3})+|\d{3,})"
_SPOKEN = re.compile(
    rf"(?<!about )(?<![\d.,])(?![1-9]\d?[0,]*0\s){_MANY}\s+(?:rows|records|persons|people|patients|"
    r"individuals|subjects|participants)\s+(?:(?:were|are|was)\s+)?(?:in|of|from)\s+(?:the\s+)?"
    r"(?:source|training|train|holdout|real|original|cohort)\b"
    r"|\b(?:source|training (?:data|set)|holdout|cohort)\s+(?:has|had|have|holds|contains|"
    rf"contained|of)\s+(?:exactly\s+)?{_MANY}\s",
)
_BLOB = re.compile(
    r"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{4000,}"
    r"|(?:gASV|gAOV|gANj|UEsDB|iUhERg|k05VTVB)[A-Za-z0-9+/]{40,})"
)
_RULES = (
    ("exact count", (_COUNT, _SPOKEN)),
    ("person ids", (_LISTED,)),
    ("small cell", (_SMALL,)),
)
_DIGIT = re.compile(r"\d")
_SMALL_LETTERS = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_QUOTES = "\u201d\u2019\u00bb\u2026.`"
_TAG = re.compile(r"<[^>]{1,2000}>")
_ATTRIBUTE = re.compile(
    r"\s((?!(?:d|points|class|style|fill|stroke|transform|viewBox|[xyr]\d?|c[xy]|width|height)=)"
    r"[a-z][\w:-]*=(?:\"[^\"]*\"|'[^']*'))"
)
_STYLE = re.compile(r"(?is)<style\b.*?</style>")


def words_of(
    path: str, text: str, names: Collection[str], own: Callable[[str], bool]
) -> Iterator[Leak]:
    """Yield what ``text`` gives away.

    ``names`` are the columns of the rows; ``own`` says whether something stands in the rows, and
    is therefore no secret.
    """
    shown = _shown(text) if path.endswith(".html") else text
    yield from _paths(path, shown, own)
    low = _lower(shown)
    yield from _seeds(path, shown, low, names)
    timed = (_FILE_TIME, _TIMED if _drawn(path) else _FRACTION)
    for rule, patterns in (*_RULES, ("file time", timed)):
        found = (m for p in patterns for m in p.finditer(low) if not _banded(rule, low, m))
        said = (shown[m.start() : m.end()] for m in found)
        leak = next((s for s in said if not (_named(s, names) or own(s))), None)
        if leak:
            yield Leak(rule, path, repr(leak[:60]))
    if _BLOB.search(text):
        yield Leak("model weights", path, "a block of encoded binary data")


def _lower(text: str) -> str:
    """Return the text in lower case, letter for letter."""
    lower = text.lower()
    return lower if len(lower) == len(text) else text.translate(_SMALL_LETTERS)


def _shown(page: str) -> str:
    """Return the text of a page, with its comments and what its attributes say."""
    plain = _STYLE.sub(" ", page).replace("<!--", " ").replace("-->", " ")
    said = " ".join(m[1] for m in _ATTRIBUTE.finditer(plain))
    return html.unescape(f"{_TAG.sub(' ', plain)} {said}")


def _named(found: str, names: Collection[str]) -> bool:
    """Whether what was found is a value of a column that is called like a leak."""
    return _letters(found) in {_letters(name) for name in names}


def _letters(text: str) -> str:
    return "".join(c for c in _DIGIT.split(text.lower(), maxsplit=1)[0] if c.isalpha())


def _banded(rule: str, text: str, found: re.Match[str]) -> bool:
    """Whether a count is the start of a range."""
    return rule == "exact count" and text[found.end() : found.end() + 8].lstrip().startswith("to ")


def path_in(text: str, own: Callable[[str], bool] = lambda _: False) -> str:
    """Return the first path of a file system in ``text`` that is not in the rows; empty if none."""
    found = (m.group().rstrip(_QUOTES) for m in _PATH.finditer(text))
    return next((name[:60] for name in found if not own(name)), "")


def seedy(word: str) -> bool:
    """Whether a word names the start of a random stream."""
    lower = word.lower()
    return lower.startswith(("seed", "rng", "prng")) or (lower.endswith("seed") and len(lower) <= 8)


def _seeds(path: str, text: str, low: str, names: Collection[str]) -> Iterator[Leak]:
    for found in _SEED.finditer(low):
        before = text[max(0, found.start() - 40) : found.start()]
        said = text[found.start() : found.end()]
        start = _BEFORE.search(before)
        key = (start.group() if start else "") + re.split(r"\W", said, maxsplit=1)[0]
        known = before.lower().endswith("public ") or key.lower() in names
        random = any(seedy(w) for w in _WORD.findall(key)) or "random" in key.lower()
        if random and not known:
            yield Leak("seed", path, repr(said[:60]))
            return


def _paths(path: str, text: str, own: Callable[[str], bool]) -> Iterator[Leak]:
    found = path_in(text, own)
    if found:
        yield Leak("embedded path", path, repr(found))


def _drawn(path: str) -> bool:
    """Whether a file shows values of the rows, which may be times themselves."""
    return path.endswith((".html", ".md", "sketch.json"))
"""Boundary fields: what gives something away in a document of keys and values."""


import json
import re
from typing import TYPE_CHECKING, Any



_KEY_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SEEDS = {"entropy", "salt", "nonce", "philox", "mersenne"}
_SEED_KEYS = {"random_state", "bit_generator", "spawn_key", "generator_state", "random_root"}
_OF_SOURCE = {
    *("source", "train", "training", "holdout", "reference", "real", "original", "population"),
    *("cohort", "dataset", "input", "raw", "confirmation", "development", "validation"),
}
_PEOPLE = {"persons", "people", "patients", "subjects", "individuals", "participants", "members"}
_COUNTED = {"rows", "records", "n", "count", "size", "number", "total", "length", "len", "height"}
_TIMES = {"mtime", "ctime", "atime", "modified", "btime", "birthtime", "timestamp", "epoch"}
_TIME_KEYS = {"created", "file_time", "created_at", "last_modified", "date_modified"}
_LISTS = {
    *("ids", "indices", "index", "idx", "members", "membership", "assignment", "assignments"),
    *("mask", "holdout", "train", "fold", "folds", "split", "persons", "patients", "subjects"),
    *("people", "keys", "mrn", "mrns", "nonmembers", "rows", "records", "positions", "excluded"),
}
_WEIGHTS = {
    *("weights", "weight", "coef", "coefs", "coefficients", "state", "dict", "tensor", "tensors"),
    *("embedding", "embeddings", "covariance", "parameters", "leaves", "nodes", "layers"),
}
_NS = {
    *("n", "count", "cell", "frequency", "freq", "cases", "n_people", "n_persons", "n_rows"),
    *("n_records", "n_patients", "persons", "people", "patients", "records", "support"),
}
_SAID = {
    *("value", "metric", "rate", "share", "mean", "auc", "estimate", "proportion", "percent"),
    *("group", "subject", "level", "category", "stratum", "risk"),
}
_BAND = re.compile(r"about ([\d,]+)|fewer than \d+|[\d,]+ to [\d,]+|")
_DIGITS = re.compile(r"\D*\d[\d,. _']*\D*")
_FEWEST = 10
_MODEL_SIZE = 50


def fields_of(path: str, value: Any, names: Collection[str]) -> Iterator[Leak]:  # noqa: ANN401
    """Yield what the fields of a document give away; ``names`` are the columns of the rows."""
    if isinstance(value, list):
        for inner in value:
            yield from fields_of(path, inner, names)
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            yield from fields_of(path, json.loads(value), names)
        except (ValueError, RecursionError):
            return
    if not isinstance(value, dict):
        return
    by_column = bool(value) and {str(k).lower() for k in value} <= set(names)
    for key, inner in value.items():
        if not by_column:
            yield from _field(path, str(key), inner)
        yield from fields_of(path, inner, names)
    yield from _cell(path, value)


def _field(path: str, key: str, inner: object) -> Iterator[Leak]:
    words = {w.lower() for w in _KEY_PART.findall(key)}
    plain = "_".join(w.lower() for w in _KEY_PART.findall(key))
    given = inner not in (None, "", [], {}) and not isinstance(inner, bool)
    if (
        given
        and (words & _SEEDS or any(map(seedy, words)) or plain in _SEED_KEYS)
        and _drawn_from(inner)
    ):
        yield Leak("seed", path, f"{key!r} is given")
    if _counts(words) and _exact(inner):
        yield Leak("exact count", path, f"{key!r} is a number, not a band")
    if given and (words & _TIMES or plain in _TIME_KEYS):
        yield Leak("file time", path, f"{key!r} is given")
    if words & _LISTS and _listing(inner):
        yield Leak("person ids", path, f"{key!r} lists some")
    if words & _WEIGHTS and _matrix(inner):
        yield Leak("model weights", path, f"{key!r} holds numbers of a model")


def _drawn_from(value: object) -> bool:
    return not isinstance(value, str) or any(c.isdigit() for c in value)


def _counts(words: set[str]) -> bool:
    people, counted = words & _PEOPLE, words & _COUNTED
    some = bool(people and counted) or words in ({p} for p in _PEOPLE)
    return some or bool(words & _OF_SOURCE and (people or counted))


def _exact(value: object) -> bool:
    """Whether a value is a count that is no band; a band has two digits that are not nought."""
    if isinstance(value, int | float):
        return not isinstance(value, bool)
    if not isinstance(value, str) or not _DIGITS.fullmatch(value):
        return False
    band = _BAND.fullmatch(value)
    shown = band[1].replace(",", "") if band and band[1] else ""
    return not band or len(shown.rstrip("0")) > 2


def _listing(value: object) -> bool:
    if isinstance(value, dict):
        return len(value) > 1 and all(isinstance(v, int | str) for v in value.values())
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(v, int | str) for v in value)
        and len({str(v) for v in value}) > len(value) / 2
        and any(isinstance(v, int) or any(c.isdigit() for c in v) for v in value)
    )


def _matrix(value: object) -> bool:
    return sum(1 for _ in _numbers(value)) >= _MODEL_SIZE


def _numbers(value: object) -> Iterator[float]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield value
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _numbers(inner)


def _cell(path: str, value: dict[str, Any]) -> Iterator[Leak]:
    if not _SAID & {str(k).lower() for k in value} or value.get("value", True) is None:
        return
    for key, n in value.items():
        plain = "_".join(w.lower() for w in _KEY_PART.findall(str(key)))
        whole = n.isdigit() if isinstance(n, str) else isinstance(n, float) and n.is_integer()
        number = int(n) if whole else n
        small = isinstance(number, int) and not isinstance(number, bool) and 0 < number < _FEWEST
        if plain in _NS and small:
            name = value.get("metric", "a number")
            yield Leak("small cell", path, f"{name} rests on {number} people")
"""Boundary hashes: digests of what is not in the release, which can be found by trying."""


import base64
import binascii
import re
from typing import TYPE_CHECKING, Any



_HEX = re.compile(
    r"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{128}|[0-9a-fA-F]{96}|[0-9a-fA-F]{64}|[0-9a-fA-F]{56}"
    r"|[0-9a-fA-F]{40}|[0-9a-fA-F]{32})(?![0-9a-fA-F])"
    r"|(?<![0-9a-fA-F:])(?:[0-9a-fA-F]{2}:){15,31}[0-9a-fA-F]{2}(?![0-9a-fA-F:])"
)
_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/=])(?:sha256-)?([A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}==)(?!=)"
)
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
        if not {coded, _as_hex(coded)} & known and not own(coded):
            yield Leak("bare hash", path, f"{coded[:16]} is of nothing in the release")


def _as_hex(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).hex()
    except (binascii.Error, ValueError):
        return ""


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
"""Boundary rows: what the files of the rows themselves give away."""


import base64
import binascii
import csv
import io
import re
from functools import lru_cache
from typing import TYPE_CHECKING



_MACHINE = re.compile(r"__index_level_\d+__|__null_dask_index__|unnamed: ?\d+(_level_\d+)?|")
_INDEX = re.compile(
    r"index|idx|level_\d+|(orig(inal)?|source|real|train|holdout)?[_ .-]?(row|record|line|obs)"
    r"[_ .-]?(nr|no|num|number|index|idx|id|names?|pos|position)|row_?names|_?row"
    r"|(orig(inal)?|source|real|train|holdout)[_ .-]?(row|record|line|index|idx|id|pos)s?",
    re.IGNORECASE,
)
_HASHED = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
_SHORTEST = 24
_LONG = 120
_WORDS = 12
_WHOLE = 4 << 20
_SLICES = 16
_SLICE = 64 << 10
_SEARCHED = 32 << 20
_SLACK = 256
_ARROW = "ARROW:schema"


def names_of(files: Contained) -> list[str]:
    """Return the column names of the rows, in lower case."""
    path = next((p for p in sorted(files) if p.startswith("data/") and p.endswith(".csv")), "")
    if not path:
        return []
    head = next(csv.reader(io.StringIO(_decoded(files.part(path, 0, 1 << 20)))), [])
    return [name.strip().lower() for name in head]


def said_in_rows(files: Contained) -> Callable[[str], bool]:
    """Return whether a text stands in the first 32 MB of rows, and is therefore no secret."""
    path = next((p for p in sorted(files) if p.startswith("data/") and p.endswith(".csv")), "")

    @lru_cache(maxsize=1024)
    def said(text: str) -> bool:
        if not path or not text.strip():
            return False
        wanted = {text.encode(), text.replace("\\\\", "\\").encode()}
        step, over = 8 << 20, max(map(len, wanted))
        return any(
            w in files.part(path, start, step + over)
            for start in range(0, min(files.size(path), _SEARCHED), step)
            for w in wanted
        )

    return said


def parquet_leaks(files: Contained, path: str) -> Iterator[Leak]:
    """Yield what the metadata of a Parquet file gives away."""
    try:
        footer = read_footer(files, path)
    except IntegrityError as error:
        yield Leak("file kind", path, str(error))
        return
    yield from _metadata(path, footer)
    if footer.statistics:
        some = ", ".join(footer.statistics[:3])
        yield Leak("parquet statistics", path, f"least and greatest values of {some}")
    if footer.elsewhere:
        yield Leak("embedded path", path, f"a column lies in another file, {footer.elsewhere[0]!r}")
    if footer.unaccounted > _SLACK * max(1, len(footer.columns)) * (1 + footer.rows // 1024):
        yield Leak("file kind", path, f"{footer.unaccounted} bytes belong to no column")
    for name in footer.columns:
        if _MACHINE.fullmatch(name.strip().lower()):
            yield Leak("row index", path, f"a column is called {name!r}")


def _metadata(path: str, footer: Footer) -> Iterator[Leak]:
    for key, value in footer.metadata:
        said = _arrow(value) if key == _ARROW else value
        if key == "pandas" or '"index_columns"' in said:
            yield Leak("pandas metadata", path, "the footer carries pandas metadata")
        elif key != _ARROW:
            yield Leak("parquet metadata", path, f"the footer has an entry {key[:40]!r}")
        yield from words_of(path, f"{key}: {said}", (), lambda _: False)
    if path_in(footer.created_by):
        yield Leak("embedded path", path, "in the name of the program that wrote the file")


def table_leaks(files: Contained, path: str) -> Iterator[Leak]:
    """Yield what the columns of a CSV give away: indices, ids of people, and free text."""
    head, rows = _looked_at(files, path)
    found = path_in(",".join(head))
    if found:
        yield Leak("embedded path", path, repr(found))
    for place, name in enumerate(head):
        cells = [row[place] for row in rows if place < len(row) and row[place]]
        if _MACHINE.fullmatch(name.strip().lower()) or _indexed(name, cells):
            yield Leak("row index", path, f"a column is called {name!r}")
        long = [c for c in cells if len(c) >= _SHORTEST]
        hashed = [c for c in long if _HASHED.fullmatch(c)]
        if len(hashed) > len(cells) / 2 and len(set(hashed)) > max(1, len(hashed) / 2):
            yield Leak("bare hash", path, f"column {name!r} holds a hash of its own in each row")
        texts = [c for c in long if len(c) > _LONG or c.count(" ") >= _WORDS]
        if len(set(texts)) > len(texts) / 2:
            yield Leak("free text", path, f"column {name!r} holds free text")


def _indexed(name: str, cells: list[str]) -> bool:
    """Whether a column that is called like an index counts something once each."""
    if not _INDEX.fullmatch(name.strip()):
        return False
    whole = all(c.removesuffix(".0").isdigit() for c in cells)
    return whole and len(set(cells)) == len(cells) > 1


def _looked_at(files: Contained, path: str) -> tuple[list[str], list[list[str]]]:
    """Return the header and rows: all of a small file, stretches all over a large one."""
    size = files.size(path)
    if size <= _WHOLE:
        rows = list(_rows(files.part(path, 0, size)))
        return (rows[0], rows[1:]) if rows else ([], [])
    head, *rows = _rows(files.part(path, 0, _SLICE))
    step = (size - _SLICE) // _SLICES
    for start in range(step, size, step):
        rows += list(_rows(files.part(path, start, _SLICE)))[1:-1]
    return head, [row for row in rows if len(row) == len(head)]


def _rows(raw: bytes) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(_decoded(raw)))
    except csv.Error:
        yield [_decoded(raw[:4096])]


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _arrow(coded: str) -> str:
    try:
        return base64.b64decode(coded, validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return coded
"""Boundary: what must not leave with a release; a linter over its bytes, without I/O."""


import base64
import binascii
import re
import tomllib
from typing import TYPE_CHECKING, Any



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
            return text, tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            return text, None
    return text, None


def _payload(path: str, raw: bytes) -> bytes:
    try:
        return base64.b64decode(read_plain(raw, path)["payload"], validate=True)
    except (KeyError, TypeError, binascii.Error, ValueError) as error:
        raise IntegrityError("not an envelope") from error
"""Alone, budget: the accounting of differential privacy done again, on plain values."""


import math




def least_delta(rho: float, epsilon: float) -> float:
    """Return delta of rho-zCDP at epsilon: Canonne, Kamath & Steinke (2020), proposition 12."""
    low, high = 1 + 1e-9, (epsilon + 1) / (2 * rho) + 2
    for _ in range(200):
        order = (low + high) / 2
        if (2 * order - 1) * rho - epsilon + math.log1p(-1 / order) < 0:
            low = order
        else:
            high = order
    order = (low + high) / 2
    exponent = (order - 1) * (order * rho - epsilon) + order * math.log1p(-1 / order)
    return math.exp(min(exponent - math.log(order - 1), 0.0))


def chance_of(audit: Plain, epsilon: float, delta: float) -> float:
    """Return how likely so many right guesses are: Steinke, Nasr & Jagielski (2023), theorem 5.2.

    At most, were (epsilon, delta) true.
    """
    n, right = audit["guesses"], audit["right"]
    away = math.log1p(math.exp(-epsilon))
    ways = [math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in range(n + 1)]
    each = [math.exp(w - i * away - (n - i) * (epsilon + away)) for i, w in enumerate(ways)]
    worst, total, spread = 0.0, 0.0, float(2 * audit["canaries"] * delta)
    for i in range(1, right + 1):
        total += each[right - i]
        worst = max(worst, total / i)
    return min(1.0, math.fsum(each[right:]) + spread * worst)


def refuted(audit: Plain, delta: float) -> float:
    """Return the largest epsilon that the guesses refute at a level of 5 %, 0 where none."""
    if chance_of(audit, 0.0, delta) >= 0.05:
        return 0.0
    low, high = 0.0, 1.0
    while chance_of(audit, high, delta) < 0.05:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if chance_of(audit, middle, delta) < 0.05 else (low, middle)
    return low


def check_audit(audit: Plain, epsilon: float, delta: float) -> str:
    """Do the audit by canaries again; it must be as said, and must not refute the claim."""
    fits = 0 <= audit["right"] <= audit["guesses"] <= audit["canaries"] <= 10_000_000
    need(fits and audit["guesses"] > 0, "an audit with more guesses than canaries")
    found, said = refuted(audit, delta), float(audit["lower_bound"])
    need(abs(found - said) <= 1e-6 * (1 + found), f"the guesses refute {found:.6g}, not {said:.6g}")
    need(found <= epsilon, f"the audit refutes epsilon {epsilon:.6g}: it is above {found:.6g}")
    return f"; {audit['right']} of {audit['guesses']} guesses at canaries do not refute it"


def check_budget(privacy: Plain) -> str:
    """Add the charges up and compare with the claim; return what holds, in words."""
    rho, delta, epsilon = (float(privacy[n]) for n in ("rho", "delta", "epsilon"))
    costs = [float(c[n]) for c in privacy["charges"] for n in ("rho", "delta")]
    need(all(math.isfinite(x) and x >= 0 for x in (rho, delta, epsilon, *costs)), "no such cost")
    spent = math.fsum(float(c["rho"]) for c in privacy["charges"])
    beside = math.fsum(float(c["delta"]) for c in privacy["charges"])
    need(privacy["charges"] and 0 < spent <= rho * (1 + 1e-9), f"the looks cost rho {spent:.6g}")
    need(beside < delta < 1, "delta does not cover the looks")
    need(privacy["accountant"] == "zCDP", "an accountant that this file does not know")
    found = least_delta(rho, epsilon * (1 + 1e-9))
    need(found <= (delta - beside) * (1 + 1e-9), f"epsilon {epsilon:.6g} does not follow from rho")
    audit = privacy.get("audit")
    return (
        f"({epsilon:.6g}, {delta:.6g})-differential privacy for each {privacy['unit']}: "
        f"{len(privacy['charges'])} looks add up to it"
        f"{check_audit(audit, epsilon, delta) if audit else ''}"
    )
"""Alone, gate: evidence judged by a policy, as `assaymark.decide.gate` does, on plain values."""


import fnmatch
import math
from statistics import NormalDist



_K1 = (
    *("copies.exact_excess", "copies.most_repeated", "near_copies.excess", "singling_out.excess"),
    *("copies.isolated_excess", "linkability.excess", "attribute_inference.excess"),
    "inference_suite.excess",
)
_K2 = (
    *_K1,
    *("membership.auc", "membership.excess_tpr", "membership_suite.auc"),
    "membership_suite.excess_tpr",
)
NO_SUBJECT = "none:to judge"
ATTACKS = {"controlled": _K2, "open": (*_K2, "shadow.excess_tpr"), "enclave": _K1}
"""The attacks that each profile requires, in every version of the gate that is known here."""

GATES = ("1", "2")


def number(text: str | None) -> float | None:
    """Return a published decimal as a number; what is none cannot be judged."""
    if text is None:
        return None
    found = float(text)
    need(math.isfinite(found), f"{text!r} is no number")
    return found


def good(rule: Plain, x: float) -> bool:
    """Whether a point is on the good side of a rule's threshold."""
    t = float(rule["threshold"])
    sides = {"at_most": x <= t, "at_least": x >= t, "within": abs(x) <= t}
    return sides[rule["direction"]]


def ends(m: Plain) -> tuple[float, float]:
    """Return the interval of a measurement; its value where it has none."""
    value = float(m["value"])
    low, high = number(m["low"]), number(m["high"])
    return (value if low is None else low), (value if high is None else high)


def bad(rule: Plain, m: Plain) -> bool:
    """Whether the whole interval is on the wrong side."""
    low, high = ends(m)
    if rule["direction"] == "within":
        return low > float(rule["threshold"]) or high < -float(rule["threshold"])
    return not good(rule, low) and not good(rule, high)


def p_value(rule: Plain, m: Plain) -> float:
    """Return the one-sided p-value of "the threshold is kept"."""
    value, (low, high), way = float(m["value"]), ends(m), rule["direction"]
    if good(rule, value):
        return 1.0
    below = way == "at_least" or (way == "within" and value < 0)
    threshold = -rule["threshold"] if way == "within" and below else float(rule["threshold"])
    end = high if below else low
    if way == "at_most" and min(end, threshold) >= 0:
        end, value, threshold = math.sqrt(end), math.sqrt(value), math.sqrt(threshold)
    half = abs(value - end)
    if half <= 0:
        return 0.0
    z = NormalDist().inv_cdf(0.5 + float(m["confidence"]) / 2)
    return 1 - NormalDist().cdf(abs(value - threshold) / (half / z))


def hypothesis(rule: Plain, m: Plain, gate: str) -> str:
    """Return what a measurement tests: its subject, or for a gap the pair of mirrored intervals."""
    if gate == "1" or rule["direction"] != "within" or m["value"] is None:
        return f"{rule['id']} {m['subject']}"
    low, high = ends(m)
    return f"{rule['id']} {min((low, high), (-high, -low))}"


def holm(rows: list[tuple[Plain, Plain]], gate: str) -> set[str]:
    """Return the hypotheses whose failure survives Holm's weighted procedure.

    From version 2 on, p-values above one half are left out, the others doubled.
    """
    tested, times = {}, 1 if gate == "1" else 2
    for r, m in rows:
        p = 1.0 if m["value"] is None else times * p_value(r, m)
        if m["value"] is not None and p <= 1:
            tested[hypothesis(r, m, gate)] = (p, r["id"], 1 - r.get("confidence", 0.95))
    each: dict[str, int] = {}
    for _, rule, _ in tested.values():
        each[rule] = each.get(rule, 0) + 1
    ranked = sorted((p * each[r], key, r, alpha) for key, (p, r, alpha) in tested.items())
    left, rejected = float(len(each)), set()
    for p, key, rule, alpha in ranked:
        if p > alpha / left:
            break
        rejected.add(key)
        left -= 1 / each[rule]
    return rejected


def proven(rule: Plain, m: Plain) -> bool:
    """Whether a measurement that is not bad is good enough for a PASS."""
    low, high = ends(m)
    limit, asked = number(m["limit_of_detection"]), rule.get("detect")
    return (
        good(rule, low)
        and good(rule, high)
        and float(m["confidence"]) >= rule.get("confidence", 0.95)
        and m["n"] >= rule.get("minimum_n", 0)
        and (asked is None or (limit is not None and limit <= asked))
    )


def verdict(rule: Plain, m: Plain, rejected: set[str], gate: str) -> str:
    """Return PASS, FAIL, INCONCLUSIVE or NOT_RUN."""
    if m["value"] is None:
        return "INCONCLUSIVE" if 0 < m["n"] < rule.get("minimum_n", 0) else "NOT_RUN"
    if bad(rule, m):
        certain = hypothesis(rule, m, gate) in rejected or rule.get("severity", "block") != "block"
        return "FAIL" if certain else "INCONCLUSIVE"
    return "PASS" if proven(rule, m) else "INCONCLUSIVE"


def matching(rule: Plain, measured: list[Plain], required: tuple[str, ...]) -> list[Plain]:
    """Return the measurements that a rule is about, or one that says there is none.

    Nothing where the metric itself says that there is nothing to judge, and no attack requires it.
    """
    own = [m for m in measured if m["metric"] == rule["metric"]]
    found = [
        m
        for m in own
        if m["subject"] != NO_SUBJECT
        and fnmatch.fnmatchcase(m["subject"], rule.get("subject", "*"))
    ]
    alone = len(own) == 1 and own[0]["subject"] == NO_SUBJECT
    if not found and alone and rule["metric"] not in required:
        return []
    return found or [{"value": None, "n": 0, "subject": rule.get("subject", "*")}]


def waived(policy: Plain, rule: Plain, said: str, m: Plain, waivers: list[Plain]) -> bool:
    """Whether a verdict is waived, and may be."""
    attack = rule["metric"] in ATTACKS[policy["profile"]] and said in {"FAIL", "NOT_RUN"}
    never = rule["id"] in policy.get("never_waived", ()) or attack or said == "STALE"
    covered = any(
        w["rule"] == rule["id"] and fnmatch.fnmatchcase(m["subject"], w.get("subject", "*"))
        for w in waivers
    )
    return said != "PASS" and covered and not never


def matching_rows(
    policy: Plain, evidence: Plain, uses: list[str], waivers: list[Plain], gate: str
) -> list[tuple[Plain, Plain, str]]:
    """Return each rule of the uses with a measurement that it is about, and the verdict."""
    need(gate in GATES, f"judged by version {gate!r} of the gate, which this file does not know")
    for m in evidence["measurements"]:
        for key in ("value", "low", "high", "confidence", "limit_of_detection"):
            number(m[key])
    for rule in policy["rule"]:
        for key in ("threshold", "confidence", "detect"):
            need(rule.get(key) is None or math.isfinite(rule[key]), f"{key} is no number")
    if len({w["rule"] for w in waivers}) > policy.get("waivers_at_most", 2):
        waivers = []
    rows = [
        (rule, m)
        for rule in policy["rule"]
        if set(rule["uses"]) & set(uses)
        for m in matching(rule, evidence["measurements"], ATTACKS[policy["profile"]])
    ]
    rejected = holm([(r, m) for r, m in rows if r.get("severity", "block") == "block"], gate)
    said = [(r, m, verdict(r, m, rejected, gate)) for r, m in rows]
    return [(r, m, "WAIVED" if waived(policy, r, v, m, waivers) else v) for r, m, v in said]


def judge(
    policy: Plain, evidence: Plain, uses: list[str], waivers: list[Plain], gate: str
) -> dict[str, str]:
    """Return the status of each use."""
    rows = matching_rows(policy, evidence, uses, waivers, gate)
    blocking, found = [x for x in rows if x[0].get("severity", "block") == "block"], {}
    for use in uses:
        said = [v for r, _, v in blocking if use in r["uses"]]
        asked = {r["metric"] for r, _, _ in blocking if use in r["uses"]}
        said += ["NOT_RUN" for metric in ATTACKS[policy["profile"]] if metric not in asked]
        passed = bool(said) and set(said) <= {"PASS", "WAIVED"}
        found[use] = "refused" if "FAIL" in said else "approved" if passed else "inconclusive"
    return found


def agreed(
    policy: Plain, evidence: dict[str, Plain], decided: Plain, waivers: list[Plain]
) -> dict[str, str]:
    """Return what each use comes to, if the evidence, judged again, gives what was decided."""
    final: dict[str, str] = {}
    confirmed: set[str] = set()
    for s in decided["stages"]:
        read = evidence[s["stage"]]
        need(read["candidate"] == decided["candidate"], f"{s['stage']}: evidence on other rows")
        again = judge(policy, read, list(s["uses"]), waivers, decided.get("gate", "1"))
        need(again == s["uses"], f"judging the {s['stage']} evidence again gives {again}")
        final |= again
        confirmed |= set(s["uses"]) if s["stage"] != "development" else set()
    for use, status in final.items():
        if status == "approved" and use not in confirmed:
            final[use] = "inconclusive"
    need(final == decided["uses"], f"the evidence gives {final}, not {decided['uses']}")
    return final


def caught(policy: Plain, evidence: dict[str, Plain], decided: Plain) -> tuple[int, int]:
    """Return how many planted leaks blocking rules ask for, and how many were caught."""
    limits = []
    for s in decided["stages"]:
        for rule in policy["rule"]:
            asked = rule.get("detect")
            needed = asked is not None and rule.get("severity", "block") == "block"
            if not needed or not set(rule["uses"]) & set(s["uses"]):
                continue
            measured = evidence[s["stage"]]["measurements"]
            for m in matching(rule, measured, ATTACKS[policy["profile"]]):
                limit = number(m.get("limit_of_detection"))
                if m["value"] is not None:
                    limits.append(limit is not None and limit <= asked)
    return len(limits), sum(limits)
"""Alone, people: who approved and who waived, counted as persons, on plain values."""


from typing import TYPE_CHECKING



ROLES, CARD, APPROVED = "people/roles.dsse.json", "card.md", b"\n## Approvals\n\n"
APPROVERS = {"data_owner", "privacy", "domain", "fairness", "release_manager"}
WAIVERS = {"data_owner", "privacy", "release_manager"}


class People:
    """The role file of a release: its keys and whose they are."""

    def __init__(self, raw: bytes, day: str, signer: str) -> None:
        said = read_json(b64(read_json(raw, ROLES)["payload"]), ROLES)["predicate"]
        pairs = [
            (k["id"], bytes.fromhex(k["public"]), p) for p in said["persons"] for k in p["keys"]
        ]
        self.public = {i: public for i, public, _ in pairs}
        self.person = {i: p for i, _, p in pairs}
        fitting = all(sha256(public) == i for i, public in self.public.items())
        once = len(pairs) == len(self.public) and len({p["id"] for p in said["persons"]}) == len(
            said["persons"]
        )
        need(fitting and once, "keys or persons of the role file do not fit")
        need(signer in self.person, "who signed the decision is not in the role file")
        self.maker = self.person[signer]["id"]
        subjects, again, signers = envelope(raw, self.public, "roles", ROLES)
        need(subjects == {"roles": sha256(canonical(again))}, "the role file is about another")
        root = {self.person[k]["id"] for k in signers} & set(said["root"])
        need(len(root) >= said["threshold"], "too few root persons signed the role file")
        need(said["expires"] >= day, "the role file had expired when it was decided")
        self.persons = said["persons"]

    def may(self, key: str, role: str) -> bool:
        """Whether the holder of a key has a role, and is not who made the decision."""
        person = self.person[key]
        return person["id"] != self.maker and role in person["roles"]


def check_people(
    read: Callable[[str], bytes], digests: Plain, decided: Plain, policy: Plain, signer: str
) -> tuple[str, str]:
    """Return what is to be said of the role file and of the approvals, if they are enough."""
    signed = sorted((p for p in digests if p.startswith("approvals/")), key=lambda p: (len(p), p))
    if decided["self_attested"]:
        need(not signed and ROLES not in digests, "self-attested, and yet there are approvals")
        second = policy.get("require_second_person", False)
        need(not second, "self-attested, and the policy requires a second person")
        return "self-attested, no second person", ""
    people = People(read(ROLES), decided["made_at"][:10], signer)
    card = read(CARD)
    cut = card.rfind(APPROVED)
    ready = {p: d for p, d in digests.items() if p not in signed and p != ROLES}
    ready[CARD] = sha256(card[:cut] if cut >= 0 else card)
    said: dict[str, Plain] = {}
    for path in signed:
        subjects, a, signers = envelope(read(path), people.public, "approval", path)
        need(len(signers) == 1 and subjects == ready, f"{path} is about other files than these")
        own = (ready.get("attestations/decision.dsse.json"), ready.get("review.txt"))
        need((a["decision"], a["words"]) == own, f"{path} is about another decision or other words")
        if people.may(signers[0], a["role"]):
            said[people.person[signers[0]]["id"]] = a
    need(all(a["outcome"] == "approve" for a in said.values()), "somebody did not approve")
    slots = [{role} for role, n in policy.get("approvals", {}).items() for _ in range(n)]
    held = [set(p["roles"]) for p in people.persons if p["id"] in said]
    need(filled(slots or [APPROVERS], held), "the approvals are not enough")
    roles = ", ".join(sorted({str(a["role"]) for a in said.values()}))
    return (
        f"role file of {len(people.persons)} people, in force when decided",
        f"approved as {roles}",
    )


def filled(slots: list[set[str]], held: list[set[str]]) -> bool:
    """Whether every slot can be given a person of its own."""
    if not slots:
        return True
    return any(
        roles & slots[0] and filled(slots[1:], held[:i] + held[i + 1 :])
        for i, roles in enumerate(held)
    )


def check_waivers(
    read: Callable[[str], bytes], digests: Plain, decided: Plain, signer: str
) -> list[Plain]:
    """Return the waivers that a decision names, each signed by who may."""
    paths = sorted((p for p in digests if p.startswith("waivers/")), key=lambda p: (len(p), p))
    named = [digests[p] for p in paths] == decided.get("waivers", [])
    need(named, "the waivers are not those that the decision names")
    if not paths:
        return []
    need(not decided["self_attested"], "a decision without a second person has no waivers")
    day, found = decided["made_at"][:10], []
    people = People(read(ROLES), day, signer)
    for path in paths:
        subjects, w, signers = envelope(read(path), people.public, "waiver", path)
        about = (w["candidate"], w["policy"]) == (decided["candidate"], decided["policy"])
        need(about and subjects == {"candidate": w["candidate"]}, f"{path} is about other rows")
        own = (
            signers == [w["signer"]] and w["role"] in WAIVERS and people.may(w["signer"], w["role"])
        )
        need(own, f"{path} is not signed by somebody who may waive")
        until = decided.get("expires", "")
        need(w["expires"] >= day and until and until <= w["expires"], f"{path} had expired")
        found.append(w)
    return found
"""Alone, groups: for which groups a use is fit, and uses that affect people's rights."""


import re



GROUP = re.compile(r"(?:^|,)group:(.+)$", re.DOTALL)
FAIR = ("disparity.", "representation.")


def group_of(subject: str) -> str:
    """Return the group that a subject ends in, empty where it names none."""
    found = GROUP.search(subject)
    return "" if found is None or found[1] == "*" else found[1]


def fitness(status: str, said: list[str]) -> str:
    """Return whether a use with a status is fit for a group with these verdicts."""
    if "FAIL" in said or status == "refused":
        return "not fit"
    fit = status == "approved" and said and set(said) <= {"PASS", "WAIVED"}
    return "fit" if fit else "not enough evidence"


def check_groups(
    policy: Plain, evidence: dict[str, Plain], decided: Plain, waivers: list[Plain]
) -> str:
    """Judge every group again; return in words what was found."""
    if not decided.get("fitness"):
        return ""
    by_use: dict[str, list[tuple[str, str, str]]] = {}
    for s in decided["stages"]:
        gate = decided.get("gate", "1")
        rows = matching_rows(policy, evidence[s["stage"]], list(s["uses"]), waivers, gate)
        for use in s["uses"]:
            by_use[use] = [
                (r.get("severity", "block"), group_of(m["subject"]), said)
                for r, m, said in rows
                if use in r["uses"]
            ]
    groups = sorted({g for rows in by_use.values() for _, g, _ in rows if g})
    again = {
        use: {
            g: fitness(status, [v for sev, of, v in by_use[use] if of == g and sev != "info"])
            for g in groups
        }
        for use, status in decided["uses"].items()
    }
    need(again == decided["fitness"], "the evidence finds other groups fit than the decision says")
    cells = [c for use in again.values() for c in use.values()]
    return ", ".join(f"{cells.count(c)} {c}" for c in dict.fromkeys(cells))


def check_rights(policy: Plain, evidence: dict[str, Plain], decided: Plain) -> str:
    """Hold a decision to what uses need that affect people's rights; return it in words."""
    if not decided.get("affects_rights"):
        return ""
    why = "the use affects people's rights, and"
    need(not decided["self_attested"], f"{why} no second person approved")
    need(not decided.get("waivers"), f"{why} a rule was waived")
    approved = [u for u, status in decided["uses"].items() if status == "approved"]
    for use in approved:
        rules = [r for r in policy["rule"] if use in r["uses"] and r.get("severity") != "info"]
        fair = any(r["metric"].startswith(FAIR) for r in rules)
        need(fair, f"{why} the policy has no rule on disparity or representation for {use}")
    for s in decided["stages"]:
        read, gate = evidence[s["stage"]], decided.get("gate", "1")
        for r, _, said in matching_rows(policy, read, list(decided["uses"]), [], gate):
            weak = r.get("severity") == "warn" and set(r["uses"]) & set(s["uses"]) & set(approved)
            need(not weak or said == "PASS", f"{why} a rule that else only warns is {said}")
    return "uses that affect people's rights have what they need"
"""Alone, governed: ancestry, generator and lineage of a release, on plain values."""


import re
from decimal import Decimal
from typing import TYPE_CHECKING



GENERATOR = "attestations/generator.dsse.json"
APPROVE_GENERATORS = {"ml_owner", "privacy", "release_manager"}
SHARE = re.compile(r"0(\.\d{1,2})?|1")
REAL: Plain = {"depth": 1, "real_fraction": "1", "parents": []}
DEEPEST = 50


def check_ancestry(made: Plain, policy: Plain) -> str:
    """Follow the parents of a release; return depth, real fraction and parents in words."""
    own: Plain = made.get("ancestry", REAL)
    follow(own, [made["candidate"]])
    cap, least = policy.get("max_synthetic_depth"), policy.get("min_real_fraction")
    need(cap is None or own["depth"] <= cap, f"synthetic depth {own['depth']} is beyond the policy")
    enough = least is None or Decimal(own["real_fraction"]) >= Decimal(str(least))
    need(enough, f"real fraction {own['real_fraction']} is below that of the policy")
    of = ", ".join(f"{p['name']} ({p['manifest'][:16]})" for p in own["parents"])
    said = f"synthetic depth {own['depth']}, real fraction {own['real_fraction']}"
    return f"{said}; learnt from {of}" if of else said


def follow(own: Plain, below: list[str]) -> None:
    """Raise where depth or shares do not follow from the parents, or where it is a circle."""
    need(len(below) <= DEEPEST, "an ancestry without an end")
    depth = 1 + max((p["ancestry"]["depth"] for p in own["parents"]), default=0)
    fits = type(own["depth"]) is int and own["depth"] == depth
    need(fits, f"the ancestry says depth {own['depth']}, its parents give {depth}")
    shares = [own["real_fraction"], *(p["share"] for p in own["parents"])]
    need(all(map(SHARE.fullmatch, shares)), "a share of the ancestry is none")
    off = abs(1 - sum((Decimal(s) for s in shares), Decimal(0)))
    need(off <= Decimal("0.01") * len(shares), "shares and real fraction do not add up")
    for p in own["parents"]:
        need(p["candidate"] not in below, f"the ancestry is a circle: {p['name']}")
        follow(p["ancestry"], [*below, p["candidate"]])


def check_generator(read: Callable[[str], bytes], made: Plain, decided: Plain, signer: str) -> str:
    """Return which version of a generator made the rows, and who approved it."""
    version = made.get("generator_version")
    if version is None:
        return ""
    same = (version["name"], version["parameters"]) == (made["generator"], made["parameters"])
    need(same, "the version of the generator is of another one than made the rows")
    said = f"generator {version['name']}, code {version['code'][:16]}"
    if decided["self_attested"]:
        return f"{said}, approved by nobody else"
    people = People(read(ROLES), decided["made_at"][:10], signer)
    subjects, approval, signers = envelope(read(GENERATOR), people.public, "generator", GENERATOR)
    about = {"generator": sha256(canonical(approval["version"]))}
    need(subjects == about and len(signers) == 1, "the approval is about another generator")
    role = approval["role"]
    own = role in APPROVE_GENERATORS and people.may(signers[0], role)
    need(own, "the generator was approved by nobody who may")
    exact = approval["version"] == version and approval["outcome"] == "approve"
    need(exact, "the generator that made the rows is not the one that was approved")
    before = approval["made_at"] <= decided["made_at"]
    need(before, "the generator was approved after the decision")
    return f"{said}, approved as {role}"


def check_lineage(made: Plain, rows: dict[str, str]) -> str:
    """Return in words that declared acts lead from the source to exactly these files."""
    acts = made.get("lineage", [])
    if not acts:
        return ""
    there: dict[str, str] = {}
    for act in acts:
        known = all(i in there for i in act["inputs"]) and act["output"] not in there
        begun = bool(act["inputs"]) != (act["kind"] == "read")
        need(known and begun, f"the lineage is broken at {act['kind']} {act['output']}")
        there[act["output"]] = act.get("content", "")
    ends = {a["output"] for a in acts if a["kind"] in {"sample", "write"}}
    need(ends == set(rows), f"of no declared act, or missing: {sorted(ends ^ set(rows))}")
    for path, digest in rows.items():
        need(there[path] == digest, f"{path} was changed by something that was not declared")
    steps = [f"{t['kind']}: {t['parameters']}" for t in made["transformations"]]
    for kind, field, said in (
        ("read", "content", [made["source_commitment"]]),
        ("split", "content", [made["split_commitment"]]),
        ("transform", "what", steps),
        ("fit", "content", [made.get("model", "")]),
    ):
        found = [a.get(field, "") for a in acts if a["kind"] == kind]
        need(found == said, f"the lineage has another {kind} than the statement")
    return f"{len(acts)} declared acts lead from the source to these files"
"""Alone, notices: what was said of a release after it was issued, replayed from beside it."""


from typing import TYPE_CHECKING



NOTICE_KINDS = ("withdrawal", "finding", "answer", "observation")


def notices_of(folder: Path, manifest: str, keys: dict[str, bytes]) -> list[tuple[str, str, Plain]]:
    """Return kind, digest and content of each notice about a release, in order of time."""
    found = []
    for path in sorted(folder.glob("*.dsse.json")):
        raw, what = path.read_bytes(), path.name
        said = read_json(b64(read_json(raw, what)["payload"]), what)
        if said["predicate"]["release"] != manifest:
            continue
        kind = str(said["predicateType"]).removeprefix("https://assaymark.dev/").removesuffix("/v0")
        need(kind in NOTICE_KINDS, f"{what} is no notice")
        public = bytes.fromhex(said["predicate"]["public"]) if kind == "finding" else b""
        by = {sha256(public): public} if public else keys
        subjects, notice, _ = envelope(raw, by, kind, what)
        need(subjects == {"manifest.json": manifest}, f"{what} is about something else")
        found.append((kind, sha256(raw), notice))
    return sorted(found, key=lambda n: str(n[2]["made_at"]))


def standing_of(folder: Path, manifest: str, keys: dict[str, bytes]) -> str:
    """Return where a release stands; one that was withdrawn does not hold."""
    beside = folder.resolve()
    notices = notices_of(beside.with_name(beside.name + ".notices"), manifest, keys)
    open_, less = [], ""
    for kind, digest, notice in notices:
        if kind == "withdrawal":
            raise Broken(f"WITHDRAWN ({notice['reason']}): {notice['why']}; {notice['instruct']}")
        if kind == "finding" and digest not in open_:
            open_.append(digest)
        if kind == "answer" and notice["finding"] in open_:
            open_.remove(notice["finding"])
            if notice["outcome"] == "upheld":
                less = f"a finding was upheld: {notice['reason']}"
        if kind == "observation" and notice["then"] != "stale":
            less = "; ".join(notice["seen"])
    now = "CONTESTED" if open_ else f"DEGRADED: {less}" if less else "RELEASED"
    return f"{now}; {len(notices)} notices beside it"
"""Alone, log: the ledger's checkpoint, proofs, order and attempts, on plain values."""


import hashlib
from typing import TYPE_CHECKING



LOG = ("log/release.json", "log/release.tlog-proof")
HISTORY = "log/history.json"
SHOWN_KINDS = {
    *("policy.committed", "attempt", "confirmation.opened", "evaluated", "decided", "statement"),
}


def leaf(entry: Plain) -> bytes:
    """Return the hash of an entry as a leaf of the tree."""
    return hashlib.sha256(b"\x00" + canonical(entry)).digest()


def entered(
    read: Callable[[str], bytes], statement: str, signer: str, public: bytes
) -> tuple[int, int, bytes]:
    """Return the place of a statement in the signer's ledger, and the checkpoint it is under."""
    entry = read_json(read(LOG[0]), LOG[0])
    need(canonical(entry) == read(LOG[0]), f"{LOG[0]} is not canonical")
    about = (entry["kind"], entry["subject"], entry["actor"]["key"])
    need(about == ("statement", statement, signer), f"{LOG[0]} is about something else than this")
    proof, _, note = read(LOG[1]).partition(b"\n\n")
    lines = proof.decode("ascii").split("\n")
    need(lines[:2] == ["c2sp.org/tlog-proof@v1", f"index {entry['index']}"], "another proof")
    size, root = checkpoint(note, signer, public)
    included(leaf(entry), entry["index"], size, [b64(x) for x in lines[2:]], root)
    return int(entry["index"]), size, root


def checkpoint(note: bytes, signer: str, public: bytes) -> tuple[int, bytes]:
    """Return size and root of a checkpoint that the signer's own ledger signed."""
    text, gap, signed = note.decode().rpartition("\n\n")
    name = f"assaymark.dev/ledger/{signer}"
    number = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    need(gap and signed.endswith("\n"), f"{LOG[1]} has no checkpoint")
    mine = [x for x in signed[:-1].split("\n") if x.startswith(f"\u2014 {name} ")]
    need(len(mine) == 1, "the checkpoint is not signed by the signer of the release")
    signature = b64(mine[0].rpartition(" ")[2])
    need(signature[:4] == number, "the checkpoint is signed by another key")
    check_signature(public, signature[4:], f"{text}\n".encode(), "the checkpoint")
    origin, size, root = text.split("\n")
    need(origin == name and size.isdigit(), "a checkpoint of another log")
    return int(size), b64(root)


def shown_under(raw: bytes, size: int, root: bytes) -> list[Plain]:
    """Return the entries that a release shows, each under the checkpoint, in order."""
    history = read_json(raw, HISTORY)
    need(canonical(history) == raw, f"{HISTORY} is not canonical")
    entries = [s["entry"] for s in history["entries"]]
    for s in history["entries"]:
        included(leaf(s["entry"]), s["entry"]["index"], size, [b64(x) for x in s["path"]], root)
    places, times = [e["index"] for e in entries], [e["time"] for e in entries]
    need(places == sorted(set(places)), f"{HISTORY} is not in the ledger's order")
    need(times == sorted(times), f"{HISTORY} has an entry dated before the one it follows")
    need({e["kind"] for e in entries} <= SHOWN_KINDS, f"{HISTORY} shows what it should not")
    return entries


def check_order(
    shown: list[Plain], decided: Plain, decision: str, approvals: list[str], last: int
) -> None:
    """Raise unless policy, look, evaluations, decision, approvals and release came in order."""
    candidate = decided["candidate"]

    def place(kind: str, subject: str, **body: str) -> int:
        fits = [
            e["index"]
            for e in shown
            if (e["kind"], e["subject"]) == (kind, subject)
            and all(e["body"].get(k) == v for k, v in body.items())
        ]
        need(fits, f"no entry of kind {kind!r} for {subject[:16]} is shown")
        return int(fits[0])

    policy, made = place("policy.committed", decided["policy"]), place("attempt", candidate)
    judged, looked = place("decided", decision), place("confirmation.opened", candidate)
    need(policy < looked, "the policy was committed to after the sealed people were looked at")
    for s in decided["stages"]:
        seen = place("evaluated", candidate, stage=s["stage"], evidence=s["evidence"])
        first = made if s["stage"] == "development" else max(made, looked)
        need(first < seen < judged, f"the {s['stage']} evaluation is out of order")
    signed = [place("statement", digest) for digest in approvals]
    need(all(judged < i < last for i in (*signed, last - 0.5)), "approvals out of order")


def check_attempts(shown: list[Plain], made: Plain) -> None:
    """Raise unless every attempt and opening that is counted is shown, none twice."""
    for kind, said, field in (
        ("attempt", made["attempts"], "attempt"),
        ("confirmation.opened", made["openings"], "opening"),
    ):
        found = [e for e in shown if e["kind"] == kind]
        numbers = [e["body"][field] for e in found]
        fits = numbers == list(range(1, said + 1)) and len({e["subject"] for e in found}) == said
        need(fits, f"the provenance counts {said} of {kind!r}, the ledger shows {len(found)}")
    tried = [e for e in shown if e["kind"] in {"attempt", "confirmation.opened"}]
    need(len({e["body"]["population"] for e in tried}) <= 1, "attempts of different people")
"""Alone, lots: a lot held against the statements of its release that it carries."""


from typing import TYPE_CHECKING



LOT = "lot.dsse.json"
LOT_ROWS = ("data/synthetic.csv", "data/synthetic.parquet")
LOT_CHECKS = ("generator", "constraints", "drift", "copies", "rows")
OF_RELEASE = {
    f"release/{p}": p
    for p in (
        *("manifest.json", "attestations/release.dsse.json", "sketch.json"),
        "attestations/provenance.dsse.json",
    )
}
LOT_LEFT_OUT = (
    "Drift of the rows from the release, and whether CSV and Parquet hold the same rows",
    "Exact copies and rules of the rows: only who issued the lot can look again",
    "Attacks: a lot inherits those of its release, which is verified by itself",
    "Whether the release was withdrawn: `assaymark release admit`, or ask who issued it",
)


def check_lot(
    read: Callable[[str], bytes], digests: dict[str, str], signer: str, public: bytes
) -> tuple[Plain, str]:
    """Return the lot, and where it is in the ledger.

    ``digests`` are those of all files of the lot.
    """
    wanted = {LOT, *LOT_ROWS, *OF_RELEASE, *LOG, f"keys/{signer}.pub"}
    need(set(digests) == wanted, f"missing or extra: {sorted(set(digests) ^ wanted)}")
    keys = {signer: public}
    subjects, lot, _ = envelope(read(LOT), keys, "lot", LOT)
    need(subjects == {p: digests[p] for p in LOT_ROWS}, "the lot is about other rows than these")
    said = {}
    for kind in ("release", "provenance"):
        path = f"release/attestations/{kind}.dsse.json"
        about, said[kind], _ = envelope(read(path), keys, kind, path)
        fits = kind == "provenance" or about == {"manifest.json": digests["release/manifest.json"]}
        need(fits, "the manifest is not the one that the release signed")
    listed = {
        f["path"]: f["sha256"]
        for f in read_json(read("release/manifest.json"), "release/manifest.json")["files"]
    }
    for path in ("sketch.json", "attestations/provenance.dsse.json"):
        need(
            listed.get(path) == digests[f"release/{path}"], f"release/{path} is of another release"
        )
    released, made = said["release"], said["provenance"]
    own = (lot["release"], lot["candidate"]) == (
        digests["release/manifest.json"],
        made["candidate"],
    )
    need(own, "the lot is of another release than it carries the statements of")
    same = lot["model"] and lot["model"] == made.get("model", "")
    need(same, "the lot is of another model than the one that was approved")
    held = [c["name"] for c in lot["checks"] if c["outcome"] != "ok"]
    whole = sorted(c["name"] for c in lot["checks"]) == sorted(LOT_CHECKS)
    need(whole and not held, f"the lot was held, or lacks a check: {held}")
    need(set(lot["uses"]) <= set(released["approved"]), "the lot is for uses not approved")
    until = released.get("expires", "")
    need(lot["expires"] == until, "the lot ends on another day than the release")
    index, size, _ = entered(read, sha256(read(LOT)), signer, public)
    return lot, f"entry {index} under a checkpoint of {size} entries"
"""Alone, steps: the twelve steps over a release's folder, and the table of them."""


import argparse
import datetime
import hashlib
import json
import re
import stat
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING



STEPS = (
    *("People and keys", "Files", "Signatures", "Chain of digests", "Ledger", "Verdicts"),
    *("Controls", "Attempts", "Privacy budget", "Waivers", "Status", "Documents and boundary"),
)
LEFT_OUT = (
    "Whether CSV and Parquet hold the same rows, which takes a reader of Parquet",
    "Whether each number of card, datasheet and lay page is that of its statement",
    "The form of each document, field by field",
    "That nothing leaks: no known accidental leak was found, which is no proof of privacy",
    "Notices that did not arrive: ask who issued the release",
    "Truth of the measurements: only the holder of the source can repeat them",
    "The person behind the key, unless you know its fingerprint in another way (--trust)",
    "The rest of the ledger, and attempts that were never entered in it",
    "Attacks outside the threat model in threat.json",
)
LEFT_OF_LOT = (*LOT_LEFT_OUT, *LEFT_OUT[5:8])
MANIFEST, RELEASE = "manifest.json", "attestations/release.dsse.json"
DECISION = "attestations/decision.dsse.json"
PLAIN = re.compile(r"(?!/)(?:(?!\.\.?(?:/|$))[^/:\\]+(?:/|$))+(?<!/)")


class Release:
    """A release's folder, and what the steps have read of it."""

    def __init__(self, folder: Path, trusted: list[str], today: datetime.date) -> None:
        self.folder, self.trusted, self.today = folder, trusted, today
        self.said: dict[int, list[tuple[str, str]]] = {}
        self.paths: dict[str, Path] = {}
        self.digests: dict[str, str] = {}
        self.keys: dict[str, bytes] = {}
        self.uses: dict[str, str] = {}
        self.is_lot = (folder / LOT).is_file()
        self.signer = ""

    def note(self, step: int, said: str, outcome: str = "OK") -> None:
        self.said.setdefault(step, []).append((outcome, said))

    def raw(self, path: str) -> bytes:
        need(path in self.paths, f"{path} is missing")
        need(self.paths[path].stat().st_size <= MOST, f"{path} has more than {MOST >> 20} MB")
        return self.paths[path].read_bytes()

    def several(self, start: str) -> list[str]:
        return sorted((p for p in self.paths if p.startswith(start)), key=lambda p: (len(p), p))

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __contains__(self, path: object) -> bool:
        return path in self.paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, path: str) -> bytes:
        return self.raw(path)

    def size(self, path: str) -> int:
        return self.paths[path].stat().st_size

    def part(self, path: str, start: int, length: int) -> bytes:
        with self.paths[path].open("rb") as file:
            file.seek(start)
            return file.read(length)

    def digest(self, path: str) -> str:
        if path not in self.digests:
            with self.paths[path].open("rb") as file:
                self.digests[path] = hashlib.file_digest(file, "sha256").hexdigest()
        return self.digests[path]

    def find(self) -> None:
        for path in sorted(self.folder.rglob("*")):
            name, kind = path.relative_to(self.folder).as_posix(), path.lstat().st_mode
            need(not stat.S_ISLNK(kind), f"{name} is a link")
            need(stat.S_ISDIR(kind) or stat.S_ISREG(kind), f"{name} is a device or a pipe")
            need(not stat.S_ISDIR(kind) or any(path.iterdir()), f"{name} is an empty folder")
            need(
                PLAIN.fullmatch(name) and min(name) >= " ",
                f"{name!r} is not a path that a release may have",
            )
            if stat.S_ISREG(kind):
                self.paths[name] = path
        for name in self.several("keys/"):
            public = bytes.fromhex(self.raw(name).decode("ascii").removesuffix("\n"))
            need(name == f"keys/{sha256(public)}.pub", f"{name} is not the key that its name says")
            self.keys[sha256(public)] = public
        need(len(self.keys) == 1, f"the release carries {len(self.keys)} keys, one is expected")
        self.signer = next(iter(self.keys))

    def files(self) -> None:
        self.find()
        raw = self.raw(MANIFEST)
        subjects, self.released = self.statement("release")
        need(subjects == {MANIFEST: sha256(raw)}, "the manifest is not the one that was signed")
        listed = {f["path"]: f for f in read_json(raw, MANIFEST)["files"]}
        need(all(map(PLAIN.fullmatch, listed)), "the manifest lists a path outside the release")
        wanted = {*listed, MANIFEST, RELEASE, *LOG, HISTORY}
        need(not wanted - set(self.paths), f"missing: {sorted(wanted - set(self.paths))}")
        need(not set(self.paths) - wanted, f"not listed: {sorted(set(self.paths) - wanted)}")
        for name, entry in listed.items():
            fits = (self.digest(name), self.size(name)) == (entry["sha256"], entry["size"])
            need(fits, f"{name} was altered")
        self.listed = dict(self.digests)
        self.note(2, f"all {len(self.paths)} are as they were signed, none is extra")

    def statement(self, name: str) -> tuple[Plain, Plain]:
        path = f"attestations/{name}.dsse.json"
        subjects, predicate, signers = envelope(self.raw(path), self.keys, name, path)
        need(signers == [self.signer], f"{path} is signed by another key")
        return subjects, predicate

    def key(self) -> None:
        said = f"one key signs, {self.signer[:16]}"
        need(not self.trusted or self.signer in self.trusted, f"{self.signer} is not trusted")
        self.note(1, said + (", which you trust" if self.trusted else ""))

    def statements(self) -> None:
        rows = {p: d for p, d in self.digests.items() if p.endswith(".parquet")}
        about, self.made = self.statement("provenance")
        judged, self.decided = self.statement("decision")
        need(about == rows and judged == rows, "provenance or decision is about other rows")
        self.note(3, "provenance, decision and release, all by the same key")

    def chain(self) -> None:
        paths = [p for p in self.several("data/") if p.endswith(".parquet")]
        candidate = sha256("\n".join(self.digests[p] for p in paths).encode())
        need(
            {self.made["candidate"], self.decided["candidate"]} == {candidate},
            "the decision is about other rows than these",
        )
        for path, name in (("policy.toml", "policy"), ("threat.json", "threat")):
            need(self.digests[path] == self.decided[name], f"{path} is not the one decided by")
        earlier = self.decided["earlier"]
        self.evidence = {}
        for s in self.decided["stages"]:
            path = f"evidence/{s['stage']}.json"
            need(self.digests.get(path) == s["evidence"], f"{path} is not the one decided upon")
            read = read_json(self.raw(path), path)
            need(read["stage"] == s["stage"], f"{path} is of another stage")
            need(read.get("earlier", []) == earlier, f"{path} is about other earlier releases")
            self.evidence[s["stage"]] = read
        threat = read_json(self.raw("threat.json"), "threat.json")
        need(threat["earlier"] == len(earlier), "the threat model has other earlier releases")
        ends = self.released.get("expires", "") == self.decided.get("expires", "")
        need(ends, "the release ends on another day than the decision says")
        self.attacks = threat["attacks"]
        self.note(4, "provenance, evidence, decision and release are about these rows")

    def people(self) -> None:
        said, approved = check_people(
            self.raw, self.listed, self.decided, self.policy(), self.signer
        )
        self.note(1, said)
        if approved:
            self.note(3, approved)

    def verdicts(self) -> None:
        self.waivers = check_waivers(self.raw, self.listed, self.decided, self.signer)
        uses = agreed(self.policy(), self.evidence, self.decided, self.waivers)
        approved = {u for u, status in uses.items() if status == "approved"}
        fits = set(self.released["approved"]) == approved
        fits = fits and set(self.released["not_approved"]) == set(uses) - approved
        need(fits and approved, "the release is approved for other uses than the decision says")
        self.uses = uses
        self.note(6, "judging the evidence again by the policy gives the same")
        groups = check_groups(self.policy(), self.evidence, self.decided, self.waivers)
        self.note(6, f"of each use and group, judged again: {groups}" if groups else "no groups")

    def controls(self) -> None:
        asked, found = caught(self.policy(), self.evidence, self.decided)
        if asked:
            self.note(7, f"{found} of {asked} planted leaks that rules ask for were caught")
        else:
            self.note(7, "no rule asks for a planted leak to be caught", "NOT APPLICABLE")

    def policy(self) -> Plain:
        return tomllib.loads(self.raw("policy.toml").decode())

    def log(self) -> None:
        public = self.keys[self.signer]
        index, size, root = entered(self.raw, sha256(self.raw(RELEASE)), self.signer, public)
        self.shown = shown_under(self.raw(HISTORY), size, root)
        approvals = [self.digests[p] for p in self.several("approvals/")]
        check_order(self.shown, self.decided, self.digests[DECISION], approvals, index)
        self.note(5, f"entry {index} under a checkpoint of {size} entries, order kept")

    def attempts(self) -> None:
        check_attempts(self.shown, self.made)
        self.note(8, f"all {self.made['attempts']} attempts that are counted are in the ledger")

    def budget(self) -> None:
        privacy = self.made.get("privacy")
        said = check_budget(privacy) if privacy else "no differential privacy is claimed"
        self.note(9, said, "OK" if privacy else "NOT APPLICABLE")
        rules = ", ".join(w["rule"] for w in self.waivers)
        self.note(10, rules or "none", "OK" if rules else "NOT APPLICABLE")

    def boundary(self) -> None:
        card = self.raw("card.md").decode("utf-8", "replace")
        about = self.decided["candidate"] in card and self.decided["policy"] in card
        need(about, "card.md is about other rows or another policy")
        leaks = leaks_of(self)
        need(not leaks, "; ".join(map(str, leaks[:5])))
        self.note(12, "the card is about these rows; none of the known accidental leaks")
        self.note(
            12, "whether CSV and Parquet agree, and the numbers of documents: not checked here"
        )

    def governed(self) -> None:
        rows = {p: d for p, d in self.listed.items() if p.startswith("data/")}
        for said in (
            check_ancestry(self.made, self.policy()),
            check_generator(self.raw, self.made, self.decided, self.signer),
            check_lineage(self.made, rows),
            check_rights(self.policy(), self.evidence, self.decided),
        ):
            if said:
                self.note(4, said)

    def status(self) -> None:
        self.expiry(self.released.get("expires", ""))
        self.note(11, standing_of(self.folder, self.digest(MANIFEST), self.keys))

    def expiry(self, until: str) -> None:
        need(not until or until >= self.today.isoformat(), f"EXPIRED: it expired on {until}")
        self.note(11, f"until {until}" if until else "without an end")

    def lot(self) -> None:
        self.find()
        found = {path: self.digest(path) for path in self.paths}
        lot, logged = check_lot(self.raw, found, self.signer, self.keys[self.signer])
        self.note(2, f"all {len(found)} are as they were signed, none is extra")
        self.note(3, "lot, release and provenance, all by the same key")
        self.note(4, f"lot {lot['number']}, from the model that the release was approved with")
        self.note(5, logged)
        for step in (6, 12):
            self.note(step, "not checked here: `assaymark verify`", "NOT CHECKED")
        for step in (7, 8, 9, 10):
            self.note(step, "that of its release", "NOT APPLICABLE")
        self.until, self.uses = lot["expires"], dict.fromkeys(lot["uses"], "approved")

    def lot_status(self) -> None:
        self.expiry(self.until)


CHECKS = (
    (2, Release.files),
    (1, Release.key),
    (3, Release.statements),
    (4, Release.chain),
    (6, Release.verdicts),
    (3, Release.people),
    (5, Release.log),
    (7, Release.controls),
    (8, Release.attempts),
    (9, Release.budget),
    (12, Release.boundary),
    (4, Release.governed),
    (11, Release.status),
)
OF_LOT = ((2, Release.lot), (1, Release.key), (11, Release.lot_status))


def verified(release: Release) -> list[tuple[int, str, str, str]]:
    """Return number, title, outcome and words of each step."""
    for step, check in OF_LOT if release.is_lot else CHECKS:
        try:
            check(release)
        except (Broken, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            why = str(error) if isinstance(error, Broken) else f"cannot be read: {error!r}"
            release.said[step] = [("FAILED", why)]
            release.uses = {}
            break
    table = []
    for n, title in enumerate(STEPS, 1):
        said = release.said.get(n, [("NOT RUN", "a step before failed")])
        table.append((n, title, said[0][0], "; ".join(words for _, words in said)))
    return table


def main() -> int:
    """Print the table; return 4 where anything does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default=Path(__file__).parent, type=Path)
    parser.add_argument("--trust", action="append", default=[])
    parser.add_argument("--today", type=datetime.date.fromisoformat)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    today = asked.today or datetime.datetime.now(datetime.UTC).date()
    release = Release(asked.folder, asked.trust, today)
    table = verified(release)
    holds = all(outcome not in {"FAILED", "NOT RUN"} for _, _, outcome, _ in table)
    left = LEFT_OF_LOT if release.is_lot else LEFT_OUT
    if asked.json:
        steps = [dict(zip(("number", "title", "outcome", "said"), s, strict=True)) for s in table]
        said = {"ok": holds, "uses": release.uses, "steps": steps, "not_verified": left}
        sys.stdout.write(json.dumps(said, indent=1) + "\n")
    else:
        lines = [f"  {n:>2}  {title:<23} {out:<15} {said}" for n, title, out, said in table]
        lines += ["", "Not verified:", *(f"  {said}" for said in left), ""]
        lines += [f"  {use}: {status}" for use, status in release.uses.items()]
        lines += ["", "VERIFIED" if holds else "NOT VERIFIED: do not use this folder"]
        sys.stdout.write("\n".join(lines) + "\n")
    return 0 if holds else 4


if __name__ == "__main__":
    sys.exit(main())
