"""Reliance: which columns the claims of a recipe, and its target, rest on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assaymark.core.document import Document
from assaymark.core.schema import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from assaymark.core.claim import ClaimSpec
    from assaymark.core.schema import Schema

__all__ = ["TARGET", "Reliance", "reliances"]

TARGET = "the target"


class Reliance(Document):
    """``by`` what columns are relied on: ``"claim wages"``, or ``"the target"``."""

    by: str
    columns: tuple[str, ...]


def reliances(claims: Iterable[ClaimSpec], schema: Schema) -> tuple[Reliance, ...]:
    """Return what rests on which columns, in the order of the claims, the target last.

    A claim rests on each column that it names, in a condition, a formula, a query or the code of
    a scenario too; that a word there is a column's name is enough.
    """
    target = schema.first(Role.TARGET)
    named = [Reliance(by=f"claim {c.name}", columns=_named(c, schema.names)) for c in claims]
    learnt = [] if target is None else [Reliance(by=TARGET, columns=(target.name,))]
    return (*(r for r in named if r.columns), *learnt)


def _named(claim: ClaimSpec, names: Iterable[str]) -> tuple[str, ...]:
    said = "\n".join(_texts(claim))
    return tuple(n for n in names if re.search(rf"(?<!\w){re.escape(n)}(?!\w)", said))


def _texts(claim: ClaimSpec) -> Iterator[str]:
    for field, value in claim:
        if field in {"name", "kind", "uses", "path", "function", "family", "measure", "adjust"}:
            continue
        yield from (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ()
