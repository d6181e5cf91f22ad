"""Kinds: which rows of a draft are asked for, and the real rows they are compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.core.conditions import Conditions
from assaymark.core.plain import read_toml
from assaymark.errors import ConditionError
from assaymark.flow.generate.values_asked import check_values
from assaymark.generate.constraints.contradiction import check_together
from assaymark.generate.constraints.demands import demands_of
from assaymark.generate.constraints.mixture import Mixture, mixture_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assaymark.core.constraint import ConstraintSpec
    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Schema
    from assaymark.core.streams import Streams

__all__ = ["ALL", "Kinds", "read_shares", "real_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """Which rows are asked for.

    Attributes
    ----------
    where
        What every row must satisfy, such as ``"age >= 40 and sex == 'F'"``; all rows if empty.
    shares
        For one column, the share of each value; see
        :func:`assaymark.generate.constraints.mixture.mixture_of`.
    constraints
        What holds on every row whatever its kind, and on the real ones too.
    """

    where: str = ""
    shares: Mapping[str, Mapping[Any, float]] = field(default_factory=dict)
    constraints: tuple[ConstraintSpec, ...] = ()

    def wanted(self, rows: int, schema: Schema) -> Conditions | Mixture | None:
        """Return what a model is asked for, checked against the columns."""
        given = Conditions.parse(self.where, schema) if self.where else None
        return mixture_of(self.shares, rows, schema, given) if self.shares else given

    def check(self, wanted: Conditions | Mixture | None, data: Dataset) -> None:
        """Refuse, before anything is fitted, kinds that constraints leave no row of.

        Raises
        ------
        RecipeError
            When constraints contradict each other or a condition, or ``data`` breaks one.
        ConditionError
            When a condition asks for values of a category that no row of ``data`` has.
        """
        demands = demands_of(self.constraints, data)
        for given in wanted.parts if isinstance(wanted, Mixture) else (wanted,):
            if isinstance(given, Conditions):
                check_values(given, data)
            check_together(demands.also(given), data)

    def notices(self, real: int) -> list[str]:
        """Return sentences that the reader needs; ``real`` rows of these kinds were fitted to."""
        found = []
        if (self.where or self.shares) and real < _FEW:
            few = f"Fewer than {_FEW} real rows are" if real else "No real row is"
            never = "" if real else ", and may be such as there are none of"
            found.append(
                f"{few} of the kind that was asked for: these rows are what the model makes of "
                f"people who are like that in part{never}."
            )
        if self.where:
            found.append(
                f"Only rows where {self.where}, as the model of all rows has them; "
                f"{'compared with real rows of that kind' if real else _NONE}."
            )
        if self.constraints:
            many = len(self.constraints)
            given = "constraint" if many == 1 else f"{many} constraints"
            found.append(f"Every row keeps to the {given} given.")
        for name, shares in self.shares.items():
            given = ", ".join(f"{value}: {share:g}" for value, share in shares.items())
            found.append(
                f"The shares of {name} were set ({given}) and are not those of the source; within "
                "each of them rows are as the model has them; "
                f"{'compared with real rows in the same shares' if real else _NONE}."
            )
        return found


_FEW = 10
_NONE = "there are no real rows of that kind to compare them with"

ALL = Kinds()
"""All rows, as the model has them."""


def read_shares(given: Sequence[str]) -> dict[str, dict[str, float]]:
    """Read shares written as ``column:value=share``, or in TOML files of ``[column]`` tables.

    Raises
    ------
    ConditionError
        When a text or a file cannot be read.
    """
    shares: dict[str, dict[str, float]] = {}
    for text in given:
        if text.endswith(".toml"):
            for name, values in _from_file(Path(text)).items():
                shares.setdefault(name, {}).update(values)
            continue
        name, _, rest = text.partition(":")
        value, _, share = rest.rpartition("=")
        try:
            shares.setdefault(name.strip(), {})[value.strip()] = float(share)
        except ValueError as error:
            raise ConditionError(
                f"cannot read the share {text!r}\n\nHint: --shares ill:yes=0.5, once for each "
                "value, or --shares FILE.toml with a table [ill] of yes = 0.5"
            ) from error
    return shares


def real_rows(dataset: Dataset, wanted: Conditions | Mixture | None, streams: Streams) -> Dataset:
    """Return the real rows of the kinds that are wanted, as many as there are in those shares."""
    if wanted is None:
        return dataset
    if isinstance(wanted, Conditions):
        return dataset.take(np.flatnonzero(wanted.hold(dataset.frame)))
    held = [np.flatnonzero(part.hold(dataset.frame)) for part in wanted.parts]
    most = min(len(h) / n for h, n in zip(held, wanted.counts, strict=True))
    rng = streams.child("kinds", dataset.n).generator()
    kept = [rng.permutation(h)[: int(most * n)] for h, n in zip(held, wanted.counts, strict=True)]
    return dataset.take(np.sort(np.concatenate(kept)))


def _from_file(path: Path) -> dict[str, dict[str, float]]:
    try:
        plain = read_toml(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConditionError(f"cannot read shares from {str(path)!r}: {error}") from error
    wrong = [name for name, values in plain.items() if not isinstance(values, dict)]
    if wrong:
        raise ConditionError(
            f"{str(path)!r} must hold one table for each column, but {wrong[0]!r} is none"
            "\n\nHint: [ill]  and below it  yes = 0.5"
        )
    return plain
