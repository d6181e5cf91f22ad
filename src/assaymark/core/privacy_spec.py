"""PrivacySpec: the recipe's ``[privacy]`` table, and what a recipe under it may ask for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from assaymark.core.document import Document
from assaymark.core.schema import Kind, Role
from assaymark.errors import RecipeError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PRIVATE", "PrivacySpec", "spends", "with_privacy"]

PRIVATE = {"quick": "dp_marginals", "thorough": "dp_adaptive"}
"""The generator that a recipe with ``[privacy]`` gets, by the effort it asks for."""

MOST_DELTA = 1e-3
FEWEST_CANARIES, MOST_CANARIES = 50, 10_000

_OURS = ("epsilon", "delta", "unit", "cap", "bounds", "categories", "declared")
_FREE_LOOKS = {"group_rare": "counts who holds which category"}


class PrivacySpec(Document):
    """Differential privacy: for whom, how much, and what is known without the rows.

    Attributes
    ----------
    epsilon, delta
        What may be spent on this candidate. Delta does not follow from the number of rows, which
        is private itself.
    unit
        The column that says whose row it is, or ``"row"`` where each row is another person.
    rows_per_person
        Rows of a person that are used at most.
    effort
        ``"quick"``, where nothing is said: seconds; ``"thorough"``: up to a minute, and rows that
        are closer to the real ones at the same epsilon.
    budget
        Epsilon that all candidates of the same people may cost together. The lowest that any
        recipe for these people named holds; 10 where none did.
    bounds, categories
        By column: lowest and highest value (and step), or all categories, as known to everybody.
        What is not given is bought from the budget.
    canaries
        Made-up persons that a coin each puts among the real ones, to test the claim; 0 for none.
    """

    LATER: ClassVar = ("effort", "canaries")

    epsilon: float
    delta: float = 1e-6
    unit: str
    rows_per_person: int = Field(default=1, ge=1, le=1000)
    effort: Literal["quick", "thorough"] | None = None
    budget: float | None = None
    bounds: dict[str, tuple[float | str, ...]] = Field(default_factory=dict)
    categories: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    canaries: int = 0

    def check(self) -> None:
        """Raise unless the numbers can be budgets.

        Raises
        ------
        RecipeError
            When epsilon or the budget is not positive and finite, delta not between 0 and 1, or
            there are too few or too many canaries.
        """
        budget = self.epsilon if self.budget is None else self.budget
        for name, value in (("epsilon", self.epsilon), ("budget", budget)):
            if not (math.isfinite(value) and value > 0):
                raise RecipeError(
                    f"[privacy] {name} is {value}, and must be a positive, finite number\n\n"
                    "Hint: epsilon = 1.0 is a common choice"
                )
        if not 0 < self.delta < 1:
            raise RecipeError(
                f"[privacy] delta is {self.delta}, and must lie between 0 and 1\n\nHint: leave it "
                "out for 1e-6, or take a tenth of one in the number of persons, or less"
            )
        if self.delta > MOST_DELTA:
            raise RecipeError(
                f"[privacy] delta is {self.delta:g}: it allows to publish one row in "
                f"{1 / self.delta:.0f}\n\nHint: leave it out for 1e-6, or take a tenth of one in "
                f"the number of persons, or less; {MOST_DELTA:g} at most"
            )
        if self.canaries and not FEWEST_CANARIES <= self.canaries <= MOST_CANARIES:
            raise RecipeError(
                f"[privacy] canaries is {self.canaries}, and must be 0 for none, or between "
                f"{FEWEST_CANARIES} and {MOST_CANARIES:,}\n\nHint: fewer refute nothing; each is a "
                "made-up row among the real ones"
            )
        if self.epsilon > budget:
            raise RecipeError(
                f"[privacy] epsilon is {self.epsilon:g}, more than the whole budget of {budget:g}"
            )


def spends(generator: str) -> bool:
    """Whether a generator of this name spends a privacy budget."""
    return generator.startswith("dp_")


def with_privacy(plain: dict[str, Any]) -> dict[str, Any]:
    """Return a recipe as read, with what its ``[privacy]`` table asks for, if it has one.

    Raises
    ------
    RecipeError
        When the recipe contradicts itself, or asks for something that reads rows for free.
    """
    if "privacy" not in plain:
        named = str(plain.get("generate", {}).get("generator", ""))
        if spends(named):
            raise RecipeError(
                f"generator {named!r} spends a privacy budget, and the recipe gives none\n\n"
                'Hint: [privacy] with epsilon = 1.0 and unit = "row", or the column of the person'
            )
        return plain
    spec = _read(plain["privacy"])
    spec.check()
    out = dict(plain)
    out["columns"] = _columns(plain.get("columns", {}), spec)
    generate = dict(plain.get("generate", {}))
    wanted = generate.setdefault("generator", PRIVATE[spec.effort or "quick"])
    _check_generator(wanted, spec)
    given = dict(generate.get("parameters", {}))
    twice = sorted(set(given) & set(_OURS))
    if twice:
        raise RecipeError(
            f"{', '.join(twice)} of the generator are set by [privacy]\n\nHint: leave them out of "
            "[generate.parameters]"
        )
    if generate.get("constraint"):
        raise RecipeError(
            "the recipe has [privacy] and [[constraint]], and which rows break a constraint is "
            "looked up in the rows without a charge\n\nHint: leave one of them out"
        )
    for step in plain.get("transform", ()):
        if step.get("kind") in _FREE_LOOKS:
            raise RecipeError(
                f"the recipe has [privacy] and a transformation {step['kind']!r}, which "
                f"{_FREE_LOOKS[step['kind']]} without a charge\n\nHint: use 'generalise' with a "
                "map, or list the categories in [privacy.categories]"
            )
    _check_unit(plain, out["columns"], spec)
    declared = tuple(n for n, c in out["columns"].items() if c.get("kind"))
    generate["parameters"] = {
        **given,
        "epsilon": spec.epsilon,
        "delta": spec.delta,
        "unit": "row" if spec.unit == "row" else "person",
        "cap": spec.rows_per_person,
        "bounds": dict(spec.bounds),
        "categories": dict(spec.categories),
        "declared": declared,
    }
    out["generate"] = generate
    return out


def _check_generator(wanted: object, spec: PrivacySpec) -> None:
    known = " or ".join(map(repr, PRIVATE.values()))
    if not spends(str(wanted)):
        raise RecipeError(
            f"the recipe has [privacy] and asks for generator {wanted!r}, which proves nothing"
            f"\n\nHint: leave the generator out, or take {known}; or leave [privacy] out"
        )
    if spec.effort and wanted != PRIVATE[spec.effort]:
        raise RecipeError(
            f"[privacy] effort is {spec.effort!r}, which is generator {PRIVATE[spec.effort]!r}, "
            f"and the recipe asks for {wanted!r}\n\nHint: leave one of them out"
        )


def _read(table: object) -> PrivacySpec:
    if not isinstance(table, dict):
        raise RecipeError("[privacy] must be a table\n\nHint: epsilon = 1.0, unit = 'row'")
    for key in table:
        if key not in PrivacySpec.model_fields:
            raise UnknownNameError("key", key, PrivacySpec.model_fields, "[privacy]")
    lacks = [name for name in ("unit", "epsilon") if name not in table]
    if lacks:
        raise RecipeError(
            f"[privacy] has no {' and no '.join(lacks)}\n\nHint: epsilon = 1.0, and unit = the "
            "column that says whose row it is, or 'row' where each row is another person"
        )
    return PrivacySpec.model_validate(table, strict=False)


def _columns(columns: Mapping[str, Any], spec: PrivacySpec) -> dict[str, Any]:
    """Return the columns with the kinds and the key that [privacy] implies."""
    out = {name: dict(c) for name, c in columns.items()}
    for name in spec.categories:
        out.setdefault(name, {}).setdefault("kind", Kind.CATEGORY.value)
    if spec.unit != "row":
        key = out.setdefault(spec.unit, {})
        if not key.get("roles"):
            key["roles"] = (Role.PERSON_KEY.value,)
    return out


def _check_unit(plain: Mapping[str, Any], columns: Mapping[str, Any], spec: PrivacySpec) -> None:
    keys = [n for n, c in columns.items() if Role.PERSON_KEY.value in (c.get("roles") or ())]
    if spec.unit == "row" and keys:
        raise RecipeError(
            f"[privacy] unit is 'row', and column {keys[0]!r} says whose row it is: a person with "
            f"many rows would be protected row by row only\n\nHint: unit = {keys[0]!r}"
        )
    if spec.unit != "row" and keys != [spec.unit]:
        raise RecipeError(
            f"[privacy] unit is {spec.unit!r}, and the person key is "
            f"{', '.join(map(repr, keys)) or 'not it'}\n\nHint: one column says whose row it is; "
            "give it the role 'person_key' and name it as unit"
        )
    if spec.unit != "row" and plain.get("split", {}).get("unit") == "row":
        raise RecipeError(
            "[privacy] protects persons, and [split] deals out single rows\n\nHint: leave unit "
            "out of [split]"
        )
