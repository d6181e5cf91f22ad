"""Mining: plausibility rules of a table, proposed as text for a recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.recipe import Recipe, SourceSpec, parse_recipe
from assaymark.core.schema import Kind
from assaymark.errors import InputError, RecipeError
from assaymark.source.load import load
from assaymark.source.mining import FEWEST, SUPPORT, proposals_of
from assaymark.source.profile import profile
from assaymark.source.read import read_table
from assaymark.source.recipe_text import toml_string
from assaymark.source.transform import apply

if TYPE_CHECKING:
    from pathlib import Path

    from assaymark.source.mining import Proposal

__all__ = ["mine", "rules_text"]


def mine(
    table: Path, recipe: Path | None = None, *, support: int = SUPPORT
) -> tuple[Proposal, ...]:
    """Return rules that every row of a table keeps; a recipe says what its columns mean.

    Raises
    ------
    InputError
        When the table or the recipe cannot be read, or ``support`` would point at people.
    """
    if support < FEWEST:
        raise InputError(
            f"a rule about fewer than {FEWEST} people may point at one of them\n\nHint: --support "
            f"takes {FEWEST} or more; {SUPPORT} by default"
        )
    told = Recipe(name=table.stem, source=SourceSpec(path=str(table)))
    if recipe is not None:
        try:
            told = parse_recipe(recipe.read_bytes())
        except OSError as error:
            raise RecipeError(f"cannot read {str(recipe)!r}: {error.strerror}") from error
    frame = read_table(table)
    whole = apply(load(frame, profile(frame, told.columns).schema), told.transform).dataset
    text = [c.name for c in whole.schema.columns if c.kind is Kind.TEXT]
    return proposals_of(whole.drop(*text), support=support)


def rules_text(found: tuple[Proposal, ...]) -> str:
    """Return proposals as tables of a recipe, each commented out until somebody accepts it."""
    lines = [
        "## Every real row keeps these rules; nobody said that it must. Take away the # of those",
        '## that hold by nature, and write severity = "hard" where no record may break one.',
    ]
    for p in found:
        plain = {k: v for k, v in p.rule.plain().items() if v not in ("", None)}
        body = [
            f"{k} = {_toml(v)}" for k, v in sorted(plain.items(), key=lambda kv: kv[0] != "kind")
        ]
        lines += ["", f"## {p.words} ({p.people:,} people or more)", "# [[plausibility]]"]
        lines += [f"# {line}" for line in body]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return toml_string(value) if isinstance(value, str) else f"{value}"
