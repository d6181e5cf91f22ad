"""Tokens: the words, numbers and signs that a condition is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["WORDS", "Token", "arithmetic", "bare_name", "named", "tokens_of", "unquoted"]

WORDS = frozenset(["and", "or", "not", "in", "is", "between", "missing", "null", "true", "false"])
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'(?:[^']|'')*'|"(?:[^"]|"")*")
    |(?P<quoted>`(?:[^`]|``)+`)
    |(?P<date>\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)?)
    |(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
    |(?P<sign><=|>=|==|!=|<>|=|<|>|\(|\)|,)
    |(?P<operation>\*\*|//|[-+*/%])
    |(?P<word>[^\W\d]\w*(?:\.[^\W\d]\w*)*))""",
    re.VERBOSE,
)
_COMPARED = {"<=", ">=", "==", "!=", "<>", "=", "<", ">"}


@dataclass(frozen=True, slots=True)
class Token:
    """One of them: its kind, its text and where it begins; ``"other"`` is what cannot be read."""

    kind: str
    text: str
    at: int

    @property
    def compares(self) -> bool:
        """Whether it is a sign between two sides."""
        return self.kind == "sign" and self.text in _COMPARED

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these words, in whatever case."""
        return self.kind == "word" and self.text.lower() in words


def tokens_of(text: str) -> list[Token]:
    """Return the tokens of a text and one of kind ``"end"``; what follows ``"other"`` is not read.

    Never raises: who reads them says what was expected.
    """
    tokens: list[Token] = []
    at, text = 0, text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            return [*tokens, Token("other", text[at], at)]
        kind = str(found.lastgroup)
        tokens.append(Token(kind, found.group(kind), found.start(kind)))
        at = found.end()
    return [*tokens, Token("end", "", len(text))]


def unquoted(text: str) -> str:
    """Return what stands in quotes of one of the three kinds; those within are doubled."""
    mark = text[0]
    return text[1:-1].replace(mark * 2, mark)


def named(column: str) -> str:
    """Return how a condition names a column: in back quotes, where its name is not one word."""
    plain = re.fullmatch(r"[^\W\d]\w*", column) and column.lower() not in WORDS
    return column if plain else f"`{column.replace('`', '``')}`"


def bare_name(text: str, columns: Iterable[str]) -> str:
    """Return how to write the column whose name of several words, or signs, ``text`` begins with.

    Nothing where it begins with none.
    """
    found = [c for c in columns if named(c) != c and text.startswith(c)]
    return f" (`{max(found, key=len)}` stands in back quotes)" if found else ""


def arithmetic(tokens: list[Token], first: int) -> tuple[int, int] | None:
    """Return where the sign and the end of a comparison are, if there is arithmetic in it.

    It begins at ``first`` and ends at a word that joins conditions, or at a parenthesis or comma
    that is not its own.
    """
    depth, sign, worked, at = 0, -1, False, first
    while tokens[at].kind not in {"end", "other"}:
        token = tokens[at]
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "sign" else 0
        if depth < 0 or (depth == 0 and (token.is_word("and", "or") or token.text == ",")):
            break
        if depth == 0 and token.compares:
            if sign >= 0:
                return None
            sign = at
        worked |= token.kind == "operation" or _applied(tokens, at)
        at += 1
    return (sign, at) if worked and first < sign < at - 1 else None


def _applied(tokens: list[Token], at: int) -> bool:
    """Whether a function is called here, or a number with a sign follows what it is added to."""
    token, after = tokens[at], tokens[at + 1]
    if token.kind == "word" and token.text.lower() not in WORDS:
        if after.text == "(" and after.kind == "sign":
            return True
    elif token.kind not in {"number", "quoted"} and token.text != ")":
        return False
    return after.kind == "number" and after.text[0] in "+-"
