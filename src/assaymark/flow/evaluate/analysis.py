"""Analysis: the one that is asked of a release, read from what a user gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, get_args

from pydantic import Field, TypeAdapter, ValidationError

from assaymark.core.claim import Mean, Quantile, Regression, Share
from assaymark.errors import InputError

if TYPE_CHECKING:
    from assaymark.evaluate.analyses.analysis import Analysis

__all__ = ["analysis_of"]


def analysis_of(
    *,
    mean: str = "",
    share: str = "",
    quantile: tuple[str, float] | None = None,
    model: tuple[str, str, str] = ("", "ols", ""),
    where: str = "",
) -> Analysis:
    """Return the one analysis that is asked for.

    Raises
    ------
    InputError
        When none is, or several are.
    """
    asked: list[dict[str, object]] = []
    asked += [{"kind": "mean", "column": mean}] if mean else []
    asked += [{"kind": "share", "condition": share}] if share else []
    if quantile is not None:
        asked += [{"kind": "quantile", "column": quantile[0], "quantile": quantile[1]}]
    if model[0]:
        formula, family, event = model
        asked += [{"kind": "regression", "formula": formula, "event": event}]
        asked[-1]["family"] = _family(family)
    if len(asked) != 1:
        raise InputError(
            f"{len(asked)} analyses are asked for, and one is needed\n\nHint: one of mean, share, "
            "quantile and model"
        )
    (one,) = asked
    kinds = Mean | Share | Quantile | Regression
    asking: TypeAdapter[Analysis] = TypeAdapter(Annotated[kinds, Field(discriminator="kind")])
    try:
        return asking.validate_python({**one, "name": "asked", "where": where})
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in error.errors())
        raise InputError(f"the analysis cannot be read: {said}") from error


def _family(said: str) -> str:
    """Return the family of a regression by its own name; ``linear`` is ordinary least squares."""
    known: tuple[str, ...] = get_args(Regression.model_fields["family"].annotation)
    family = "ols" if said == "linear" else said
    if family not in known:
        raise InputError(
            f"there is no family {said!r} of regressions\n\nHint: one of {', '.join(known)}; "
            "linear is ols"
        )
    return family
