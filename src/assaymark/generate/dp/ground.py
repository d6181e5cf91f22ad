"""DP ground: what is paid for before columns are put together: rows, values, how often each."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from assaymark.core.privacy import PrivacyGuarantee
from assaymark.core.schema import Kind
from assaymark.core.zcdp import epsilon_of, rho_of
from assaymark.errors import DataError, InputError
from assaymark.generate.dp.account import Account
from assaymark.generate.dp.column import bought_bounds, learnt_levels, learnt_numbers
from assaymark.generate.dp.discrete_gaussian import MOST_SIGMA
from assaymark.generate.dp.domain import levels_of, span_of
from assaymark.generate.dp.project import nonnegative
from assaymark.generate.dp.vault import Vault
from assaymark.generate.dp.words import COVERS, MECHANISM, NOT_COVERED, assumptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from assaymark.core.private_source import PrivateSource
    from assaymark.core.schema import Column, Schema
    from assaymark.generate.dp.column import Learnt

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["Ground", "Terms"]

_ROWS, _ALONE = 0.02, 0.28  # shares of rho: row count, columns
_FOUND = 0.25  # share of delta for finding categories that were not listed
_MOST_CLASSES = 64
_CLASSES = (4, 64)  # by rule
_POOLED = 3.0  # standard deviations of noise below which a category is put with others
_OFFERED = 20
_SHARE = 1e-3
_TOLD = 0.005  # share of the rows from which values that were not found are told of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """A vault, and what was bought of each column by itself.

    Attributes
    ----------
    rho
        The whole budget, and in ``left`` what is not spent of it.
    rows
        The noisy number of rows, at least 1.
    lost
        What the cap on rows per person left out, in words; empty without persons.
    learnt
        Each column's coding and noise.
    mass, cuts, shares
        By column: rows behind each code, the class of each code, and the share of each class.
    listed
        By column: which part of each class's rows is in the counts, in (0, 1]. The others hold
        values that were not found, and were dealt out among those that were.
    unlisted
        Columns with such values, and the share of rows, in words.
    """

    vault: Vault
    rho: float
    left: float
    rows: float
    lost: str
    learnt: tuple[Learnt, ...]
    mass: Mapping[str, Floats]
    cuts: Mapping[str, Codes]
    shares: Mapping[str, Floats]
    listed: Mapping[str, Floats]
    unlisted: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The budget, whom it protects, and what is known without the rows.

    Attributes are those of :class:`assaymark.generate.dp_marginals.DpMarginals`.
    """

    epsilon: float
    delta: float
    unit: Literal["person", "row"]
    cap: int
    bounds: Mapping[str, tuple[float | str, ...]] = field(default_factory=dict)
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    classes: int | None = None
    declared: tuple[str, ...] = ()

    def ground(self, source: PrivateSource) -> Ground:
        """Put the rows into a vault, and buy the number of rows and each column by itself.

        Raises
        ------
        InputError
            When delta is more than one in the noisy number of rows, or terms fit no column.
        DataError
            When the table has a column that is not generated from counts, or none.
        """
        self.check(source.schema)
        unlisted = self._unlisted(source.schema)
        beside = self.delta * _FOUND if unlisted else 0.0
        rho = rho_of(self.epsilon, self.delta - beside)
        vault = Vault(source, Account(rho, beside), cap=self.cap)
        shared = self.unit == "person" and vault.by_person
        rows = float(vault.count((), (), rho * _ROWS / (1 + shared)).counts)
        lost = _lost(vault, rows, rho * _ROWS / 2) if shared else ""
        if rows > 0 and self.delta * rows > 1:
            raise InputError(
                f"delta is {self.delta:g}, more than one in the (noisy) number of rows: it would "
                "allow to publish a row\n\nHint: set delta to a tenth of one in the rows or less; "
                "the looks up to here were charged"
            )
        rows = max(rows, 1.0)
        learnt = self._learnt(vault, rho * _ALONE, beside / max(1, len(unlisted)))
        by_name = dict(zip(vault.schema.names, learnt, strict=True))
        mass = {n: nonnegative(x.mass, rows) for n, x in by_name.items()}
        left = rho - vault.account.spent  # a column that needs fewer levels leaves some
        parts = self.classes or _classes(rows, vault.cap, left / max(1, len(learnt) - 1))
        cuts = {n: _cut(x, mass[n], rows, parts) for n, x in by_name.items()}
        for name, cut in cuts.items():
            vault.merge(name, name, cut)
        return Ground(
            vault=vault,
            rho=rho,
            left=left,
            rows=rows,
            lost=lost,
            learnt=tuple(learnt),
            mass=mass,
            cuts=cuts,
            shares={n: np.bincount(cuts[n], mass[n]) / rows for n in by_name},
            listed={n: _listed(x, mass[n], cuts[n]) for n, x in by_name.items()},
            unlisted=tuple(
                f"{n} (about {_lacking(x, rows) / rows:.0%} of the rows)"
                for n, x in by_name.items()
                if _lacking(x, rows) >= _TOLD * rows
            ),
        )

    def check(self, schema: Schema) -> None:
        """Raise where terms fit no column, or noise is wider than can be drawn; looks at no row.

        Raises
        ------
        InputError
            When what is declared fits no column, or with the epsilon that would do.
        DataError
            When the table has a column that is not generated from counts, or none.
        """
        self._check(schema)
        delta = self.delta * (1 - _FOUND * bool(self._unlisted(schema)))
        rho = rho_of(self.epsilon, delta)
        least = rho * min(_ROWS / 2, _ALONE / max(1, sum(map(self._levels, schema.columns))))
        sigma = self.cap / math.sqrt(2 * least)
        if sigma > MOST_SIGMA:
            enough = epsilon_of(rho * (sigma / MOST_SIGMA) ** 2, delta)
            raise InputError(
                f"epsilon {self.epsilon:g} for {len(schema.columns)} columns and at most "
                f"{self.cap:,} of a person's rows takes noise of {sigma:,.0f} rows in a count, and "
                f"{MOST_SIGMA:,} at most can be drawn; nothing was charged\n\nHint: epsilon "
                f"{math.ceil(enough * 1e3) / 1e3:g} or more, fewer of a person's rows, or fewer "
                "columns"
            )

    def guarantee(self, vault: Vault, rho: float) -> PrivacyGuarantee:
        """Return what the charges prove."""
        account = vault.account
        beside = sum(float(c.delta) for c in account.charges)
        return PrivacyGuarantee(
            unit="person" if self.unit == "person" else "row",
            neighbours="add-remove",
            rows_per_person=self.cap,
            epsilon=repr(max(self.epsilon, epsilon_of(account.spent, self.delta - beside))),
            delta=repr(self.delta),
            rho=repr(rho),
            mechanism=MECHANISM,
            charges=account.charges,
            covers=COVERS,
            not_covered=NOT_COVERED,
            assumptions=assumptions(vault.schema, self.declared),
        )

    def _learnt(self, vault: Vault, rho: float, delta: float) -> list[Learnt]:
        """Count each column by itself; a level of a histogram costs as much as a column."""
        shares = [self._levels(c) for c in vault.schema.columns]
        each = rho / sum(shares)
        out = []
        for column, levels in zip(vault.schema.columns, shares, strict=True):
            if not column.kind.ordered:
                listed = self.categories.get(column.name)
                out.append(learnt_levels(vault, column, listed, (each * levels, delta)))
                continue
            if column.name in self.bounds:
                span = span_of(column, self.bounds[column.name])
                out.append(learnt_numbers(vault, column, span, each * levels))
                continue
            span = bought_bounds(vault, column, each)
            out.append(learnt_numbers(vault, column, span, each * (levels - 1)))
        return out

    def _levels(self, column: Column) -> int:
        if not column.kind.ordered:
            return 1 + (column.kind is Kind.CATEGORY and column.name not in self.categories)
        if column.name in self.bounds:
            return len(levels_of(span_of(column, self.bounds[column.name]).points))
        return 4

    def _unlisted(self, schema: Schema) -> list[str]:
        return [
            c.name
            for c in schema.columns
            if c.kind is Kind.CATEGORY and c.name not in self.categories
        ]

    def _check(self, schema: Schema) -> None:
        if not schema.columns:
            raise DataError("cannot fit a generator to a table of 0 columns")
        for column in schema.columns:
            if column.kind is Kind.TEXT:
                raise DataError(
                    f"column {column.name!r} is free text, which is not generated from a table\n\n"
                    "Hint: drop it with a [[transform]] of kind 'drop'"
                )
        for what, named, fits in (
            ("bounds", self.bounds, True),
            ("categories", self.categories, False),
        ):
            for name in named:
                kind = schema.column(name).kind
                if kind.ordered is not fits or kind is Kind.BOOLEAN:
                    raise InputError(
                        f"column {name!r} is {kind.value}, which takes no {what}\n\nHint: bounds "
                        "are for numbers and dates, categories for categories"
                    )
        empty = [name for name, listed in self.categories.items() if not listed]
        if empty:
            raise InputError(
                f"no category is listed for column {empty[0]!r}\n\nHint: list them all, or leave "
                "the column out of [privacy.categories]: its categories are bought then"
            )
        if self.cap < 1 or not 2 <= (self.classes or 2) <= _MOST_CLASSES:
            raise InputError(
                f"cap is {self.cap}, classes {self.classes}\n\nHint: cap is 1 or more, classes "
                f"from 2 to {_MOST_CLASSES}"
            )


def _classes(rows: float, cap: int, rho: float) -> int:
    """Return so many classes that a table of two columns is worth its noise.

    A cell of such a table then has as many rows, on average, as its noise's standard deviation;
    ``rho`` is what one table may cost.
    """
    sigma = cap / math.sqrt(2 * rho)
    return int(min(max(math.sqrt(rows / sigma), _CLASSES[0]), _CLASSES[1]))


def _cut(learnt: Learnt, mass: Floats, rows: float, classes: int) -> Codes:
    """Return the class of each code: equal parts of what is ordered, heavy categories."""
    coding, known = learnt.coding, mass
    if coding.ordered:
        known = mass[: len(mass) - coding.missing]
        out = _parts(known, rows / classes)
        return np.append(out, out.max(initial=-1) + 1) if coding.missing else out
    heavy = known >= max(_POOLED * learnt.sigma, np.sort(known)[-_MOST_CLASSES:][0])
    heavy[np.argmax(known)] = True
    out = np.full(len(known), int(heavy.sum()), dtype=np.int32)
    out[heavy] = np.arange(int(heavy.sum()), dtype=np.int32)
    return out


def _lacking(learnt: Learnt, rows: float) -> float:
    """Return the rows that are in no count of a column; 0 where noise explains them."""
    lacking = rows - float(learnt.mass.sum())
    noise = learnt.sigma * math.sqrt(len(learnt.mass))
    return 0.0 if learnt.coding.ordered or lacking <= _POOLED * noise else lacking


def _listed(learnt: Learnt, mass: Floats, classes: Codes) -> Floats:
    """Return the part of each class's rows that counts hold."""
    if not _lacking(learnt, float(mass.sum())):
        return np.ones(int(classes.max(initial=0)) + 1)
    held, there = np.bincount(classes, np.clip(learnt.mass, 0.0, mass)), np.bincount(classes, mass)
    return np.maximum(np.divide(held, there, out=np.ones_like(there), where=there > 0), _SHARE)


def _lost(vault: Vault, used: float, rho: float) -> str:
    """Say which share of the rows the cap left out, with noise; not where that is all noise."""
    if _OFFERED / math.sqrt(2 * rho) > min(MOST_SIGMA, used):
        return "an unknown share of the rows (at this epsilon noise would hide it)"
    offered = float(vault.offered(_OFFERED, rho).counts[0])
    share = min(max(1 - used / max(offered, 1.0), 0.0), 1.0)
    return f"about {share:.0%} of the rows (with noise, {_OFFERED} of a person counted at most)"


def _parts(mass: Floats, each: float) -> Codes:
    """Cut codes in order into parts of about ``each``; a heavier code is one by itself."""
    out = np.zeros(len(mass), dtype=np.int32)
    part, held = 0, 0.0
    for i, m in enumerate(mass):
        if held > 0 and held + m > 1.3 * each:
            part, held = part + 1, 0.0
        out[i] = min(part, _MOST_CLASSES - 2)
        held += float(m)
    return out
