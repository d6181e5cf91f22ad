"""Analysis: the one that is asked of a release, read from what a user gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

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
        asked += [dict(zip(("formula", "family", "event"), model, strict=True))]
        asked[-1]["kind"] = "regression"
    if len(asked) != 1:
        raise InputError(
            f"{len(asked)} analyses are asked for, and one is needed\n\nHint: one of mean, share, "
            "quantile and model"
        )
    (one,) = asked
    asking: TypeAdapter[Analysis] = TypeAdapter(Mean | Share | Quantile | Regression)
    try:
        return asking.validate_python({**one, "name": "asked", "where": where})
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InputError(f"the analysis cannot be read: {said}") from error
