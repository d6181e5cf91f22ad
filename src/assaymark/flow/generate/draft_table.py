"""Draft table: ungated rows of a table that is given, as a table of its kind."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assaymark.flow.generate.constraints import read_constraints
from assaymark.flow.generate.draft import draft
from assaymark.flow.generate.frames import as_given
from assaymark.flow.generate.impute import Filling, impute_often
from assaymark.flow.generate.in_place import in_memory, lost_in_words, with_filled
from assaymark.flow.generate.kinds import Kinds
from assaymark.source.read import read_frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from assaymark.core.measurement import Measurement

__all__ = ["DraftTable", "generate", "impute"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DraftTable:
    """Ungated synthetic rows: held against no policy.

    ``rows`` is a table of the kind that was given; ``report`` is the HTML page.
    """

    rows: Any
    measurements: tuple[Measurement, ...]
    notices: tuple[str, ...]
    report: bytes


def generate(  # noqa: PLR0913
    table: Any,  # noqa: ANN401
    *,
    rows: int | None = None,
    generator: str = "tree_chain",
    parameters: Mapping[str, Any] | None = None,
    seed: int | None = None,
    where: str = "",
    shares: Mapping[str, Mapping[Any, float]] | None = None,
    constraints: str | Path | Mapping[str, Any] | Sequence[str | Path | Mapping[str, Any]] = (),
    keep: Sequence[str] = (),
    identifiers: bool = True,
) -> DraftTable:
    """Return an ungated draft of ``table``, a pandas, polars or Arrow table or a path.

    ``parameters`` are the generator's, such as ``{"quality": "high"}``. ``where`` is what every
    row must satisfy, such as ``"age >= 40 and sex == 'F'"``; ``shares``
    sets the shares of one column's values, such as ``{"ill": {"yes": 0.5, "no": 0.5}}``.
    ``constraints`` hold on every row: rules such as ``"came <= left"``, tables as a recipe has
    them, or TOML files of these. In the columns ``keep``, words such as NA are values; else they
    are read as missing.
    Keys of the table's own making have fresh values of the same pattern; ``identifiers=False``
    leaves them out.

    Raises
    ------
    DataError
        When the table cannot be used; the message says why and what to do.
    ConditionError
        When the condition or the shares cannot be read, or not all rows can be had.
    RecipeError
        When constraints cannot be read, contradict each other, or are broken by the table.
    """
    made = draft(
        read_frame(table),
        rows=rows,
        generator=generator,
        parameters=parameters,
        seed=seed,
        kinds=Kinds(where=where, shares=shares or {}, constraints=read_constraints(constraints)),
        keep=keep,
        identifiers=identifiers,
    )
    return DraftTable(
        rows=as_given(made.frame, table),
        measurements=made.measurements,
        notices=made.notices,
        report=made.page,
    )


def impute(
    table: Any,  # noqa: ANN401
    *,
    keep: Sequence[str] = (),
    anyway: Sequence[str] = (),
    constraints: Sequence[str | Path | Mapping[str, Any]] = (),
    imputations: int | None = None,
    seed: int | None = None,
) -> Any:  # noqa: ANN401
    """Return ``table`` with its missing cells filled, each drawn given the row's known cells.

    What follows exactly from cells that are there gets that value; what another column says must
    be missing stays so, but in the columns ``anyway``; sums, orders and other rules that the table
    keeps to, and ``constraints`` as for :func:`generate`, hold. With ``imputations`` a list of so
    many tables comes back, each filled by other draws.

    What comes back is the table itself, with other values in the filled cells only: types, time
    zones, index and order stay, and a value that a column's type cannot hold is left out with a
    warning. (A path or a mapping of columns comes back as a polars frame.)

    The result is real rows with guesses in their gaps, not synthetic data. Columns that look
    like identifiers, and free text, stay as they are. In the columns ``keep``, words such as NA
    are values; else they are missing, and filled.
    """
    how = Filling(
        keep=keep,
        anyway=anyway,
        constraints=read_constraints(constraints),
        imputations=1 if imputations is None else imputations,
        seed=seed,
    )
    table = in_memory(table)
    made, lost = zip(
        *(with_filled(table, m) for m in impute_often(read_frame(table), how)), strict=True
    )
    for said in lost_in_words(lost[0]):
        warnings.warn(said, stacklevel=2)
    return made[0] if imputations is None else list(made)
