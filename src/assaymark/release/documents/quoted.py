"""Quoted: what a page quotes, read back and held against the statements; and what it typed."""

from __future__ import annotations

import re
from contextlib import suppress
from html.parser import HTMLParser
from typing import TYPE_CHECKING, NamedTuple

from assaymark.errors import IntegrityError
from assaymark.release.documents.graph import STYLES, Graph

if TYPE_CHECKING:
    from assaymark.release.documents.graph import Files

__all__ = [
    "Quoted",
    "check_linked",
    "check_pages",
    "check_quoted",
    "linked_of",
    "quotes_of",
    "typed_in",
    "typed_of",
    "unlinked",
]

_UNREAD = frozenset({"style", "script", "cite", "code", "title"})
_LINK = re.compile(r"\[((?:[^\[\]\\]|\\.)*)\]\(([^()\s#]+#/[^()\s]*)\)")


class Quoted(NamedTuple):
    """One quote of a page: where it is said to come from, how it is shown, and the text."""

    source: str
    style: str
    text: str


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.quotes: list[Quoted] = []
        self.rest: list[str] = []
        self._open: list[str] = []
        self._said: list[str] | None = None
        self._where = ("", "")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _UNREAD:
            self._open.append(tag)
        if "data-source" in given:
            self._where = (given["data-source"] or "", given.get("data-as") or "plain")
            self._said = []

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        if tag == "a" and self._said is not None:
            self.quotes.append(Quoted(*self._where, "".join(self._said)))
            self._said = None

    def handle_data(self, data: str) -> None:
        if self._said is not None:
            self._said.append(data)
        elif not self._open:
            self.rest.append(data)


def quotes_of(page: bytes) -> tuple[Quoted, ...]:
    """Return every quote of an HTML page, in order."""
    return tuple(_read(page).quotes)


def typed_of(page: bytes) -> tuple[str, ...]:
    """Return what an HTML page says with digits that is no quote, nor the citation of a law."""
    return tuple(t.strip() for t in _read(page).rest if re.search(r"\d", t))


def linked_of(card: str) -> tuple[tuple[str, str], ...]:
    """Return the quotes of a card in Markdown: text without escapes, and source."""
    return tuple((re.sub(r"\\(.)", r"\1", t), s) for t, s in _LINK.findall(card))


def check_quoted(page: bytes, graph: Graph) -> int:
    """Return how many quotes a page has, all of which say what the statements say.

    Raises
    ------
    IntegrityError
        When one says something else than its statement, or names a place that is not there.
    """
    found = quotes_of(page)
    for source, style, text in found:
        value = graph.value(source)
        if style not in STYLES or value is None or STYLES[style](value) != text:
            raise IntegrityError(f"{text!r} is not what {source} says")
    return len(found)


def check_linked(card: str, graph: Graph) -> int:
    """Return how many links a card has to statements, all of which say what they say there.

    Raises
    ------
    IntegrityError
        When one says something else than its statement, or names a place that is not there.
    """
    found = linked_of(card)
    for text, source in found:
        value = graph.value(source)
        if value is None or text not in _shown(value):
            raise IntegrityError(f"{text!r} is not what {source} says")
    return len(found)


def check_pages(files: Files) -> int:
    """Return how many numbers and words of a release's pages say what its statements say.

    Raises
    ------
    IntegrityError
        When a page says something else; releases of before have pages without quotes.
    """
    graph = Graph.of(files)
    pages = [p for p in files if p.endswith(".html") and p != "report.html"]
    card = files["card.md"].decode("utf-8", "replace") if "card.md" in files else ""
    return sum(check_quoted(files[p], graph) for p in pages) + check_linked(card, graph)


def typed_in(card: str) -> tuple[str, ...]:
    """Return the lines of a card that say a number which is no link, digest or command."""
    rest = re.sub(r"`[^`\n]*`", "", _LINK.sub("", card)).splitlines()
    return tuple(line for line in rest if re.search(r"\d", line))


def unlinked(card: str) -> str:
    """Return a card without its links to statements, for reading in a terminal."""
    return _LINK.sub(r"\1", card)


def _shown(value: object) -> set[str]:
    """Return every way in which a value may be shown."""
    found = set()
    for style in STYLES.values():
        with suppress(ValueError, TypeError, AttributeError, KeyError):
            found.add(style(value))
    return found


def _read(page: bytes) -> _Reader:
    reader = _Reader()
    reader.feed(page.decode("utf-8"))
    reader.close()
    return reader
