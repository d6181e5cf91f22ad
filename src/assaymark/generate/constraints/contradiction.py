"""Contradiction: a smallest set of demands that no row can satisfy, found before a fit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from assaymark.core.arithmetic import Arithmetic
from assaymark.core.conditions import outer
from assaymark.core.schema import Kind
from assaymark.core.value_sets import Allowed, Levels, everything
from assaymark.core.where import Both, Either, Node, Test, Versus
from assaymark.errors import RecipeError
from assaymark.generate.constraints.solvable import solvable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assaymark.core.dataset import Dataset
    from assaymark.generate.constraints.demands import Demands

__all__ = ["check_together", "contradiction", "domains_of"]

_MANY = "{} constraints contradict each other"
_MOST_LEVELS = 50
_MOST_STEPS = 400


class _TooManyError(Exception):
    """A search that was given up: nothing is known."""


def check_together(demands: Demands, data: Dataset) -> None:
    """Refuse demands that no row can satisfy together, and name the fewest that cannot.

    Raises
    ------
    RecipeError
        When it can be shown before anything is fitted.
    """
    if demands.hold(data.frame).any():
        return
    conditions = [(d.text, d.node) for d in demands.conditions]
    known = conditions + [(d.text, d.implied) for d in demands.tests if d.implied is not None]
    kinds = {column.name: column.kind for column in data.schema.columns}
    found = contradiction([node for _, node in known], domains_of(data), kinds)
    if found:
        texts = [repr(known[i][0]) for i in found]
        what = "a constraint contradicts itself" if len(texts) == 1 else _MANY.format(len(texts))
        raise RecipeError(
            f"{what}: {' and '.join(filter(None, (', '.join(texts[:-1]), texts[-1])))}; no row can "
            "satisfy what they say, with the values that the source has\n\n"
            "Hint: drop one, or say in one rule what should hold"
        )


def domains_of(data: Dataset) -> dict[str, Allowed]:
    """Return what each column can be at all: missing only where it is so in ``data``.

    A category of few levels has those of ``data``, as the rows of a model have.
    """
    found = {}
    for column in data.schema.columns:
        seen = data.frame[column.name]
        values = everything(column)
        if column.kind is Kind.CATEGORY and seen.n_unique() <= _MOST_LEVELS:
            values = Levels(frozenset(seen.drop_nulls().unique().to_list()))
        found[column.name] = Allowed(values, missing=seen.null_count() > 0)
    return found


def contradiction(
    nodes: Sequence[Node], domains: Mapping[str, Allowed], kinds: Mapping[str, Kind]
) -> tuple[int, ...]:
    """Return which of ``nodes`` contradict each other, such that without any of them they do not.

    Empty where there is a way to satisfy all of them, or the search for one was given up: then
    nothing is said. Ranges, sets of values, order, sums with factors and "or" are looked through;
    products and functions are taken to be anything.
    """
    if _possible(nodes, domains, kinds):
        return ()
    needed = list(range(len(nodes)))
    for i in tuple(needed):
        fewer = [n for n in needed if n != i]
        if not _possible([nodes[n] for n in fewer], domains, kinds):
            needed = fewer
    return tuple(needed)


def _possible(
    nodes: Sequence[Node], domains: Mapping[str, Allowed], kinds: Mapping[str, Kind]
) -> bool:
    state = _State(domains=dict(domains), facts=(), open=())
    try:
        return _search(state, tuple(nodes), kinds, [0])
    except _TooManyError:
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What is left of each column, which comparisons hold, and which "or" are not decided."""

    domains: Mapping[str, Allowed]
    facts: tuple[Versus | Arithmetic, ...]
    open: tuple[Either, ...]


def _search(
    state: _State, added: tuple[Node, ...], kinds: Mapping[str, Kind], steps: list[int]
) -> bool:
    steps[0] += 1
    if steps[0] > _MOST_STEPS:
        raise _TooManyError
    narrowed = _narrowed(state, added)
    if narrowed is None or not solvable(narrowed.domains, narrowed.facts, kinds):
        return False
    if not narrowed.open:
        return True
    first = min(narrowed.open, key=lambda e: len(e.parts))
    rest = replace(narrowed, open=tuple(e for e in narrowed.open if e is not first))
    return any(_search(rest, (part,), kinds, steps) for part in first.parts)


def _narrowed(state: _State, added: tuple[Node, ...]) -> _State | None:
    """Return the state after ``added``, and after each "or" of which one part is left."""
    domains, facts, either = dict(state.domains), list(state.facts), list(state.open)
    left = list(added)
    while left:
        node = left.pop()
        if isinstance(node, Both):
            left += node.parts
        elif isinstance(node, Either):
            either.append(node)
        else:
            for column, allowed in _asked(node, domains).items():
                domains[column] = domains[column].intersect(allowed)
                if domains[column].empty:
                    return None
            if not isinstance(node, Test):
                facts.append(node)
        if not left:
            decided = [_decided(e, domains) for e in either]
            if any(not e.parts for e in decided):
                return None
            left = list(chain.from_iterable(e.parts for e in decided if len(e.parts) == 1))
            either = [e for e in decided if len(e.parts) > 1]
    return _State(domains=domains, facts=tuple(facts), open=tuple(either))


def _asked(node: Test | Versus | Arithmetic, domains: Mapping[str, Allowed]) -> dict[str, Allowed]:
    """Return what a node asks of single columns: a comparison, that none of its own is missing.

    Products and functions ask nothing: ``is_missing`` may be among them.
    """
    if isinstance(node, Test):
        return {node.column: node.yes}
    if isinstance(node, Arithmetic) and node.rest is None:
        return {}
    columns = node.columns if isinstance(node, Arithmetic) else (node.left, node.right)
    return {c: Allowed(domains[c].values) for c in columns}


def _decided(either: Either, domains: Mapping[str, Allowed]) -> Either:
    """Return an "or" without the parts that what is left of the columns rules out."""
    return Either(tuple(part for part in either.parts if _fits(part, domains)))


def _fits(node: Node, domains: Mapping[str, Allowed]) -> bool:
    if isinstance(node, Versus | Arithmetic):
        return not any(a.empty for a in _asked(node, domains).values())
    asked = outer(node)
    return asked is not None and not any(
        domains[c].intersect(allowed).empty for c, allowed in asked.items()
    )
