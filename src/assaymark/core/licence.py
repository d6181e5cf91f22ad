"""Licence: an SPDX licence expression, held against the list that SPDX publishes.

References
----------
SPDX 3.0.1, annex B (licence expressions); licence list 3.27.0.
"""

from __future__ import annotations

import difflib
import functools
import re
from importlib.resources import files

from assaymark.errors import InputError

__all__ = ["spdx"]

_TOKEN = re.compile(r"\(|\)|[A-Za-z0-9.:+-]+")
_OWN = re.compile(r"(DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+")
_WORDS = ("AND", "OR", "WITH")
_MOST, _DEEP = 1_000, 50


def spdx(text: str) -> str:
    """Return a licence as SPDX writes it; ``CC BY 4.0`` is read as ``CC-BY-4.0``.

    Identifiers may be joined by AND, OR and WITH; an agreement of your own is
    ``LicenseRef-`` and a name.

    Raises
    ------
    InputError
        When it is no SPDX expression; the message names the nearest identifiers.
    """
    if len(text) > _MOST or text.count("(") > _DEEP:
        raise InputError(
            f"a licence expression has at most {_MOST:,} characters and {_DEEP} parentheses, and "
            f"this has {len(text):,} and {text.count('('):,}"
            "\n\nHint: an agreement of your own is written LicenseRef-NAME"
        )
    known = _listed("licence")
    whole = known.get("-".join(text.split()).lower())
    if whole:
        return whole
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != "".join(text.split()) or not tokens:
        raise _wrong(text, text)
    state = _Reader(text, tokens)
    said = state.expression()
    if state.rest:
        raise _wrong(text, state.rest[0])
    return said


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, text: str, tokens: list[str]) -> None:
        self.text = text
        self.rest = tokens

    def expression(self) -> str:
        said = self._term()
        while self.rest and self.rest[0] in _WORDS[:2]:
            said = f"{said} {self._next()} {self._term()}"
        return said

    def _term(self) -> str:
        token = self._next()
        if token == "(":  # noqa: S105
            inner = self.expression()
            if self._next() != ")":
                raise _wrong(self.text, self.text)
            return f"({inner})"
        said = self._licence(token)
        if self.rest and self.rest[0] == "WITH":
            self._next()
            token = self._next()
            found = _listed("exception").get(token.lower())
            if found is None:
                raise _wrong(self.text, token, "exception")
            said = f"{said} WITH {found}"
        return said

    def _licence(self, token: str) -> str:
        if _OWN.fullmatch(token):
            return token
        plus = "+" if token.endswith("+") else ""
        known = _listed("licence")
        found = known.get(token.lower()) or known.get(token.removesuffix("+").lower())
        if found is None:
            raise _wrong(self.text, token)
        return found + (plus if not found.endswith("+") else "")

    def _next(self) -> str:
        if not self.rest:
            raise _wrong(self.text, self.text)
        return self.rest.pop(0)


@functools.cache
def _listed(kind: str) -> dict[str, str]:
    """Return the identifiers of a kind by their lower-case spelling."""
    text = (files("assaymark") / "data" / "spdx.txt").read_text("utf-8")
    found = {}
    for line in text.splitlines()[1:]:
        what, _, name = line.partition(" ")
        if what == kind or (kind == "licence" and what == "deprecated"):
            found[name.lower()] = name
    return found


def _wrong(text: str, token: str, kind: str = "licence") -> InputError:
    known = _listed(kind)
    near = difflib.get_close_matches(token.lower(), known, n=3, cutoff=0.5)
    meant = f"did you mean {', '.join(known[n] for n in near)}? " if near else ""
    return InputError(
        f"{text!r} is not an SPDX licence expression: {token!r} is not on the list\n\n"
        f"Hint: {meant}an agreement of your own is written LicenseRef-NAME; spdx.org/licenses "
        "lists the rest"
    )
