"""Starter: sets of plausibility rules that ship, fitted to the columns of a table."""

from __future__ import annotations

import importlib.resources
import re
import tomllib
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from assaymark.core.plausibility import RuleSpec, Starter
from assaymark.core.tokens import named
from assaymark.errors import RecipeError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from assaymark.core.plausibility import PlausibilitySpec

__all__ = ["SETS", "expanded", "read_set"]

SETS = ("clinical", "persons", "households")
"""The sets that ship."""

_PLACE = re.compile(r"\{(\w+)\}")
_RULE: TypeAdapter[RuleSpec] = TypeAdapter(RuleSpec)


def read_set(name: str) -> dict[str, Any]:
    """Return a set as it is written.

    Raises
    ------
    UnknownNameError
        When no such set ships.
    """
    if name not in SETS:
        raise UnknownNameError("starter set", name, SETS)
    folder = importlib.resources.files("assaymark") / "data" / "plausibility"
    return tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))


def expanded(specs: Iterable[PlausibilitySpec]) -> tuple[RuleSpec, ...]:
    """Return the rules, those of starter sets in place of the sets.

    Raises
    ------
    RecipeError
        When a set, a concept or a rule is unknown, no rule fits the columns given, or two rules
        have one name.
    """
    found: list[RuleSpec] = []
    for spec in specs:
        found += _rules(spec) if isinstance(spec, Starter) else [spec]
    names = [r.name for r in found]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise RecipeError(f"two plausibility rules have the same name: {', '.join(twice)}")
    return tuple(found)


def _rules(spec: Starter) -> list[RuleSpec]:
    whole = read_set(spec.set)
    rows: list[dict[str, Any]] = whole["rule"]
    concepts = sorted({c for row in rows for c in row["needs"]})
    words: dict[str, list[str]] = {**whole.get("words", {})}
    where = f"starter set {spec.set!r}"
    for concept in spec.columns:
        if concept not in concepts:
            raise UnknownNameError("concept", concept, concepts, where)
    for word in spec.words:
        if word not in words:
            raise UnknownNameError("word", word, words, where)
    for name in spec.leave_out:
        if name not in {row["name"] for row in rows}:
            raise UnknownNameError("rule", name, [row["name"] for row in rows], where)
    words |= {k: list(v) for k, v in spec.words.items()}
    made = [
        rule
        for row in rows
        if row["name"] not in spec.leave_out and set(row["needs"]) <= set(spec.columns)
        for rule in _fitted(row, spec, words)
    ]
    if not made:
        raise RecipeError(
            f"no rule of the {where} is about the columns given\n\nHint: its concepts are "
            f"{', '.join(concepts)}"
        )
    return made


def _fitted(
    row: Mapping[str, Any], spec: Starter, words: Mapping[str, list[str]]
) -> Iterator[RuleSpec]:
    """Yield the rule with the table's columns in it, once for each column of a single concept."""
    of = {c: [v] if isinstance(v, str) else list(v) for c, v in spec.columns.items()}
    plain = {k: v for k, v in row.items() if k != "needs"}
    single = [c for c in row["needs"] if f"{{{c}}}" in _texts(plain) and len(of[c]) > 1]
    each = of[single[0]] if single else [""]
    for column in each:
        here = {**of, single[0]: [column]} if single else of
        texts = {c: names[0] for c, names in here.items()}
        filled = {k: _filled(k, v, here, texts, words) for k, v in plain.items()}
        filled["name"] = f"{spec.set}: {row['name']}" + (f" ({column})" if column else "")
        if filled["kind"] == "codes":
            filled["shortened"] = spec.shortened
        try:
            yield _RULE.validate_python(filled, strict=False)
        except ValidationError as error:
            wrong = "; ".join(str(e["msg"]) for e in error.errors())
            raise RecipeError(f"rule {filled['name']!r} does not hold together: {wrong}") from error


def _texts(plain: Mapping[str, Any]) -> str:
    return " ".join(str(v) for k, v in plain.items() if k != "columns")


def _filled(
    key: str,
    value: object,
    of: Mapping[str, list[str]],
    texts: Mapping[str, str],
    words: Mapping[str, list[str]],
) -> object:
    if isinstance(value, list):
        if key == "columns":
            return tuple(c for v in value for c in of.get(v.strip("{}"), [v]))
        return tuple(value)
    if not isinstance(value, str):
        return value
    bare = key in {"column", "by"}

    def put(found: re.Match[str]) -> str:
        name = found.group(1)
        if name in texts:
            return texts[name] if bare else named(texts[name])
        if name in words:
            return ", ".join("'" + w.replace("'", "''") + "'" for w in words[name])
        return found.group(0)

    return _PLACE.sub(put, value)
