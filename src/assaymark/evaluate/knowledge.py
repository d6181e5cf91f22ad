"""Knowledge: which columns an attacker knows of a person (keys), and which are secrets (targets).

What the schema declares comes first. Where it declares nothing, defaults are taken from real
rows alone, so that no choice depends on who was in train.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.core.schema import Role
from assaymark.evaluate.binning import bins_of
from assaymark.evaluate.features import measured_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset

    Codes = NDArray[np.int64]

__all__ = ["CELLS", "Coded", "Known", "coded_columns", "default_keys", "keys_and_targets"]

CELLS = 20
"""Ordered columns are cut into so many cells of equal frequency."""

_KEYS, _TARGETS, _VALUES = 4, 4, 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coded:
    """Codes of one column, not negative, in each of the tables that were asked for, in order."""

    name: str
    tables: tuple[Codes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Names of the key and target columns; whether the schema declared the keys."""

    keys: tuple[str, ...]
    targets: tuple[str, ...]
    declared: bool


def coded_columns(tables: Sequence[Dataset], n_real: int, cells: int = CELLS) -> tuple[Coded, ...]:
    """Return the codes of every measured column, by name; the first ``n_real`` tables are real.

    Ordered columns are cut by the real rows (:func:`bins_of`); each other value has a code of
    its own, also if it is rare or only synthetic; missing is a value.
    """
    coded = []
    for column in sorted(measured_columns(tables[0]), key=lambda c: c.name):
        if column.kind.ordered:
            real = tables[:n_real]
            bins = bins_of(column, real, cells=cells, n_holdout=sum(d.n for d in real))
            codes = [bins.codes(d) for d in tables]
        else:
            pooled = pl.concat([d.frame[column.name].cast(pl.String) for d in tables])
            ranks = pooled.rank("dense").fill_null(0).to_numpy().astype(np.int64)
            codes = np.split(ranks, np.cumsum([d.n for d in tables])[:-1])
        coded.append(Coded(name=column.name, tables=tuple(codes)))
    return tuple(coded)


def keys_and_targets(data: Dataset, coded: Sequence[Coded], n_real: int) -> Known:
    """Return what an attacker knows and wants, of the columns in ``coded``.

    Targets: sensitive and target columns, else the four least certain of 2 to 64 values. Keys:
    quasi-identifiers, or where fewer than two are declared, :func:`default_keys`. Constant columns
    are neither.
    """
    by_name = {c.name: np.concatenate(c.tables[:n_real]) for c in coded}
    able = {name: codes for name, codes in by_name.items() if len(np.unique(codes)) > 1}
    targets = _named(data, able, Role.SENSITIVE, Role.TARGET)
    if not targets:
        doubt = {k: _entropy(v) for k, v in able.items() if len(np.unique(v)) <= _VALUES}
        targets = tuple(sorted(sorted(doubt, key=lambda k: -doubt[k])[:_TARGETS]))
    keys = _named(data, able, Role.QUASI_IDENTIFIER)
    if len(keys) > 1:
        return Known(keys=keys, targets=targets, declared=True)
    first = list(dict.fromkeys((*keys, *_named(data, able, Role.PROTECTED))))
    return Known(keys=default_keys(able, first, targets), targets=targets, declared=False)


def default_keys(
    codes: dict[str, Codes], first: Sequence[str], last: Sequence[str], most: int = _KEYS
) -> tuple[str, ...]:
    """Return up to ``most`` columns by which people can be told apart, where none is declared.

    First those in ``first``: a quasi-identifier, and the protected ones, which can be seen of a
    person (sex, age, origin). Then, one by one, the column that leaves the fewest rows in
    company, columns in ``last`` only if there are too few others. A worst case: an attacker who
    knows what tells most.
    """
    chosen = list(first[:most])
    together = np.zeros(len(next(iter(codes.values()), ())), dtype=np.int64)
    for name in chosen:
        together = _joined(together, codes[name])
    others = sorted(set(codes) - set(chosen) - set(last))
    others += [] if len(chosen) + len(others) > 1 else sorted(set(last) - set(chosen))[1:]
    while len(chosen) < most and others:
        tried = {name: _joined(together, codes[name]) for name in others}
        best = max(others, key=lambda name: (_alone(tried[name]), int(tried[name].max())))
        together = tried[best]
        chosen.append(best)
        others.remove(best)
    return tuple(sorted(chosen))


def _named(data: Dataset, codes: dict[str, Codes], *roles: Role) -> tuple[str, ...]:
    marked = {c.name for c in data.schema.columns if set(roles) & set(c.roles)}
    return tuple(sorted(marked & set(codes)))


def _joined(first: Codes, second: Codes) -> Codes:
    wide = int(second.max(initial=0)) + 1
    codes = np.unique(first * wide + second, return_inverse=True)[1].ravel()
    return np.asarray(codes, dtype=np.int64)


def _alone(codes: Codes) -> int:
    return int((np.bincount(codes) == 1).sum())


def _entropy(codes: Codes) -> float:
    share = np.bincount(codes) / max(len(codes), 1)
    share = share[share > 0]
    return float(-(share * np.log(share)).sum())
