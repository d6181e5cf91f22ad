"""Boundary rows: what the files of the rows themselves give away."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from assaymark.errors import IntegrityError
from assaymark.release.boundary.leak import Leak
from assaymark.release.boundary.parquet_footer import read_footer
from assaymark.release.boundary.words import path_in, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from assaymark.release.boundary.parquet_footer import Footer
    from assaymark.release.contained import Contained

__all__ = ["names_of", "parquet_leaks", "said_in_rows", "table_leaks"]

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
