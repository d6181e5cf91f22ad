"""Claims: the code of scenarios, read from beside the recipe and bound to what is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.claim import Quantile, Query, Regression, Scenario
from assaymark.core.claim_check import check_claims
from assaymark.core.dataset import POLARS_TYPES
from assaymark.core.recipe import parse_recipe
from assaymark.errors import InputError, RecipeError
from assaymark.evaluate.analyses.analysis import check_analysis
from assaymark.evaluate.analyses.sql import check_query

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assaymark.core.claim import ClaimSpec
    from assaymark.core.recipe import Recipe
    from assaymark.core.schema import Schema

__all__ = ["check_asked", "read_recipe", "with_code"]

_LONGEST = 200_000


def check_asked(claims: Sequence[ClaimSpec], schema: Schema) -> None:
    """Refuse a claim that cannot be asked of a table with this schema, before anything is made.

    Raises
    ------
    InputError
        When it names what the table lacks, or cannot be read; the message names the claim.
    """
    check_claims(claims, schema)
    empty = pl.DataFrame(schema={c.name: POLARS_TYPES[c.kind] for c in schema.columns})
    for spec in claims:
        try:
            if isinstance(spec, Quantile | Regression):
                check_analysis(spec, schema)
            elif isinstance(spec, Query):
                check_query(spec.sql, empty)
        except InputError as error:
            raise RecipeError(f"claim {spec.name!r}: {error}") from error


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in a file, with the code that its scenarios name.

    Raises
    ------
    RecipeError
        When the file cannot be read or is no valid recipe.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RecipeError(f"cannot read {str(path)!r}: {error.strerror}") from error
    return with_code(parse_recipe(raw), path.parent)


def with_code(recipe: Recipe, folder: Path) -> Recipe:
    """Return the recipe with the text of the files that its scenarios name.

    The text is part of the questions, whose digest evidence is kept under: evidence about other
    code is measured anew.

    Raises
    ------
    RecipeError
        When a file cannot be read, is no Python, or is not beside or below the recipe.
    """
    if not any(isinstance(c, Scenario) and c.path for c in recipe.claim):
        return recipe
    return recipe.model_copy(
        update={"claim": tuple(_with_code(spec, folder) for spec in recipe.claim)}
    )


def _with_code(spec: ClaimSpec, folder: Path) -> ClaimSpec:
    if not isinstance(spec, Scenario) or not spec.path or spec.code:
        return spec
    path, where = folder / spec.path, f"claim {spec.name!r}"
    if not path.resolve().is_relative_to(folder.resolve()):
        raise RecipeError(
            f"{where}: {spec.path!r} is not in the folder of the recipe\n\nHint: put the file "
            "beside the recipe, so that they are handed on together"
        )
    try:
        code = path.read_text("utf-8")
        compile(code, spec.path, "exec")
    except OSError as error:
        raise RecipeError(
            f"{where}: cannot read {spec.path!r}: {error.strerror}\n\nHint: path is relative to "
            "the recipe"
        ) from error
    except (SyntaxError, ValueError) as error:
        raise RecipeError(f"{where}: {spec.path!r} is no Python: {error}") from error
    if len(code) > _LONGEST:
        raise RecipeError(f"{where}: {spec.path!r} has more than {_LONGEST:,} characters")
    return spec.model_copy(update={"code": code})
