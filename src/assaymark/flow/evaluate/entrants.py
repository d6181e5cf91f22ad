"""Entrants: the recipes that are to be compared, and that they speak of the same persons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.core.recipe import ColumnSpec, GenerateSpec, parse_recipe
from assaymark.core.schema import Role
from assaymark.errors import InputError, RecipeError, UnknownNameError
from assaymark.flow.generate.fit import build
from assaymark.flow.source.read import prepare
from assaymark.source.profile import profile
from assaymark.source.read import read_table
from assaymark.source.recipe_text import recipe_text
from assaymark.source.split import Split

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

    from assaymark.core.recipe import Recipe
    from assaymark.flow.source.read import Prepared

__all__ = ["DEFAULT", "Entrant", "Entrants", "entrants_of", "prepared_alike", "read_entrants"]

DEFAULT = ("tree_chain", "gaussian_copula", "independent", "bootstrap")
"""What a table is compared with where no generator is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """One recipe under the name it is shown by."""

    name: str
    recipe: Recipe


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entrants:
    """What is compared, the table it is all about, and what it is called."""

    name: str
    frame: pl.DataFrame
    every: tuple[Entrant, ...]


def read_entrants(
    paths: Sequence[Path], names: Sequence[str] = (), *, target: str | None = None
) -> Entrants:
    """Read recipes of one table, or one table and the generators that ``names`` has.

    All generators are built before anything is read, so that a missing package ends it at once.

    Raises
    ------
    InputError
        When recipes and tables are mixed, or options are given that only a table takes.
    RecipeError
        When recipes name different tables.
    """
    recipes = [p for p in paths if p.suffix.lower() == ".toml"]
    if recipes and len(recipes) < len(paths):
        raise InputError("compare takes recipes, or one table, and not both")
    if recipes and (names or target):
        raise InputError(
            "--generators and --target go with a table; a recipe names its own"
            "\n\nHint: one recipe for each generator, or give the table"
        )
    if recipes:
        return _of_recipes(recipes)
    if len(paths) != 1:
        raise InputError(f"compare takes one table, and {len(paths)} were given")
    wanted = tuple(dict.fromkeys(names)) or DEFAULT
    for generator in wanted:
        build(GenerateSpec(generator=generator))
    return entrants_of(read_table(paths[0]), wanted, name=paths[0].stem, target=target)


def entrants_of(
    frame: pl.DataFrame, names: Sequence[str], *, name: str, target: str | None = None
) -> Entrants:
    """Return one recipe for each generator, as `init` proposes it for the table.

    Raises
    ------
    UnknownNameError
        When the table has no column ``target``.
    """
    if target is not None and target not in frame.columns:
        raise UnknownNameError("column", target, frame.columns, f"table {name!r}")
    base = parse_recipe(recipe_text(name, "", profile(frame, {})).encode())
    if target is not None:
        base = base.model_copy(update={"columns": _aimed(base.columns, target)})
    every = tuple(
        Entrant(
            name=generator,
            recipe=base.model_copy(update={"generate": GenerateSpec(generator=generator)}),
        )
        for generator in names
    )
    return Entrants(name=name, frame=frame, every=every)


def prepared_alike(entrants: Entrants, key: bytes) -> tuple[Prepared, ...]:
    """Prepare the table as each recipe says; the same persons are in train and in holdout.

    Tables of any size are split here, also those that a run would cross-fit: the confirmation
    part is then left alone like any other.

    Raises
    ------
    RecipeError
        When the recipes do not split the table alike.
    """
    found = []
    for entrant in entrants.every:
        split = entrant.recipe.split.model_copy(update={"cross_fit": False})
        recipe = entrant.recipe.model_copy(update={"split": split})
        found.append(prepare(entrants.frame, recipe, key))
    odd = [
        entrant.name
        for entrant, prepared in zip(entrants.every, found, strict=True)
        if prepared.parts.commitment != found[0].parts.commitment
    ]
    if odd:
        raise RecipeError(
            f"recipe {odd[0]!r} does not split the table as {entrants.every[0].name!r} does, so "
            "that they would be held against different people\n\nHint: give both the same "
            "[split] and the same person_key"
        )
    assert all(isinstance(p.parts, Split) for p in found)  # noqa: S101
    return tuple(found)


def _of_recipes(paths: Sequence[Path]) -> Entrants:
    read = []
    for path in paths:
        try:
            read.append(parse_recipe(path.read_bytes()))
        except OSError as error:
            raise RecipeError(f"cannot read the recipe {str(path)!r}: {error.strerror}") from error
    for recipe in read:
        build(recipe.generate)
    sources = {(p.parent / r.source.path).resolve() for p, r in zip(paths, read, strict=True)}
    if len(sources) > 1:
        raise RecipeError(
            f"the recipes name {len(sources)} tables: {', '.join(sorted(s.name for s in sources))}"
            "\n\nHint: what is compared must be made of the same table"
        )
    names = _names([r.name for r in read], [r.generate.generator for r in read], paths)
    every = tuple(Entrant(name=n, recipe=r) for n, r in zip(names, read, strict=True))
    title = read[0].source.title or sources.copy().pop().stem
    return Entrants(name=title, frame=read_table(sources.pop()), every=every)


def _names(own: list[str], generators_: list[str], paths: Sequence[Path]) -> list[str]:
    """Return names that tell the recipes apart: their own, their generators, or their files."""
    files = [p.stem for p in paths]
    for names in (own, generators_, files):
        if len(set(names)) == len(names):
            return names
    return [f"{i + 1} {name}" for i, name in enumerate(files)]


def _aimed(columns: dict[str, ColumnSpec], target: str) -> dict[str, ColumnSpec]:
    """Return the columns with ``target`` for the one target."""
    found = {}
    for name, spec in columns.items():
        roles: tuple[Role, ...] = tuple(r for r in spec.roles if r is not Role.TARGET)
        if name == target:
            kept: tuple[Role, ...] = tuple(r for r in roles if r is not Role.OTHER)
            roles = (*kept, Role.TARGET)
        found[name] = spec.model_copy(update={"roles": roles or (Role.OTHER,)})
    return found
