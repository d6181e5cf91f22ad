"""Syntax: the tree of a formula's text, columns of any name in it."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import TYPE_CHECKING

from assaymark.core.tokens import unquoted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["Syntax"]

_PART = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)+`|\s+|(?<![\w.])[^\W\d]\w*(?:\.[^\W\d]\w*)*"""
)
_JOINS = frozenset(["and", "or", "not", "in", "is", "if", "else"])
_STAND_IN = re.compile(r"quoted_\d+_")


@dataclass(frozen=True, slots=True)
class Syntax:
    """The tree of a formula, in which words of Python stand in for columns that are none.

    ``stand_ins`` has the column of each such word. Text stands in quotes of either kind, doubled
    within, as in conditions.
    """

    tree: ast.expr
    stand_ins: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, columns: Collection[str]) -> Syntax:
        """Read ``text``, in which the names ``columns`` may stand.

        Raises
        ------
        SyntaxError, ValueError, RecursionError, MemoryError
            When it is no expression.
        """
        found: dict[str, str] = {}

        def put(part: re.Match[str]) -> str:
            word = part[0]
            if word.isspace():
                return " "
            if word[0] in "'\"" and not text[: part.start()][-1:].isidentifier():
                return f"({unquoted(word)!r})"
            if word[0] != "`" and (word[0] in "'\"" or _of_python(word) or word not in columns):
                return word
            name = f"quoted_{len(found)}_"
            found[name] = unquoted(word) if word[0] == "`" else word
            return name

        plain = _PART.sub(put, text)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return cls(ast.parse(plain, mode="eval").body, found)

    def column(self, name: str) -> str:
        """Return the column that a word of the tree stands for."""
        return self.stand_ins.get(name, name)

    def shown(self, node: ast.expr) -> str:
        """Return a part of the tree as it may have been written."""
        return _STAND_IN.sub(lambda m: f"`{self.column(m[0])}`", ast.unparse(node))


def _of_python(word: str) -> bool:
    """Whether a word means in Python what it says; others would be altered or not read."""
    return word in _JOINS or (word.isascii() and word.isidentifier() and not iskeyword(word))
