"""Parquet footer: what the metadata at the end of a Parquet file says, without a Parquet library.

References
----------
Apache Thrift compact protocol; parquet-format, ``parquet.thrift`` (FileMetaData).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from assaymark.release.contained import Contained

__all__ = ["Footer", "read_footer"]

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
