"""DP marginals: noisy counts of few columns at a time, under a proof (differential privacy)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from assaymark.core.dataset import Dataset
from assaymark.core.privacy import PrivacyGuarantee
from assaymark.core.registry import component
from assaymark.core.schema import Kind, Role
from assaymark.core.zcdp import epsilon_of, rho_of
from assaymark.errors import DataError, InputError
from assaymark.generate.account import Account
from assaymark.generate.chain import Chain
from assaymark.generate.classes import Cut
from assaymark.generate.dp_column import bought_bounds, learnt_levels, learnt_numbers
from assaymark.generate.dp_domain import levels_of, span_of
from assaymark.generate.dp_network import Plan, branched, network
from assaymark.generate.dp_words import COVERS, MECHANISM, NOT_COVERED, assumptions
from assaymark.generate.encoding import Encoding
from assaymark.generate.link import alone, link_of
from assaymark.generate.project import nonnegative
from assaymark.generate.vault import Vault
from assaymark.generate.wanted import sampled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.core.conditions import Given
    from assaymark.core.measurement import Json
    from assaymark.core.private_source import PrivateSource
    from assaymark.core.schema import Column, Schema
    from assaymark.core.streams import Streams
    from assaymark.generate.dp_column import Learnt
    from assaymark.generate.dp_network import Drawn
    from assaymark.generate.link import Link

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["DpMarginals"]

_ROWS, _ALONE, _CHOICE = 0.02, 0.28, 0.1  # shares of rho: row count, columns, choices
_FOUND = 0.25  # share of delta for finding categories that were not listed
_MOST_CLASSES = 64
_POOLED = 3.0  # standard deviations of noise below which a category is put with others
_OFFERED = 20


@component
class DpMarginals:
    """Draw each column from a few others, by counts with noise: differentially private.

    Everything that depends on a row is bought from the budget: the number of rows, how often each
    value occurs, which values there are where that was not declared, which columns belong
    together, and the counts of these. What is drawn follows from the noisy counts alone, so that
    the guarantee covers the rows drawn, as many as wanted, whatever anybody knows besides.

    Attributes
    ----------
    epsilon, delta
        The budget. Delta must be well below one in the number of persons; it is held against the
        noisy count.
    unit
        ``"person"``: all rows of a person are hidden together; ``"row"``: one row is.
    cap
        Rows of a person that are used at most, drawn at random; one more row costs as much noise
        as it adds to the counts.
    bounds
        Lowest and highest value, and the step if it is not 1, of numbers and dates, as known
        without the rows; what is outside is moved in. Others are bought.
    categories
        All categories of a column, as known without the rows; others are never drawn. Where they
        are not listed, those that very many persons hold are found, for a part of the budget.
    parents
        Columns that a column is drawn from, at most.
    classes
        Parts into which an ordered column is cut where it meets others.
    declared
        Columns whose kind was declared, for the list of assumptions.

    References
    ----------
    Canonne, Kamath & Steinke (2020), The discrete Gaussian for differential privacy; McKenna,
    Miklau & Sheldon (2021), Winning the NIST contest; Zhang et al. (2017), PrivBayes.
    """

    epsilon: float = 1.0
    delta: float = 1e-6
    unit: Literal["person", "row"] = "person"
    cap: int = 1
    bounds: dict[str, tuple[float | str, ...]] = field(default_factory=dict)
    categories: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parents: int = 2
    classes: int = 32
    declared: tuple[str, ...] = ()

    def fit(self, source: PrivateSource, streams: Streams) -> DpMarginalsModel:
        """Spend the budget on counts; the noise is the operating system's, not the streams'."""
        del streams
        schema = source.schema
        self._check(schema)
        unlisted = self._unlisted(schema)
        beside = self.delta * _FOUND if unlisted else 0.0
        rho = rho_of(self.epsilon, self.delta - beside)
        account = Account(rho, beside)
        vault = Vault(source, account, cap=self.cap)
        shared = self.unit == "person" and vault.by_person
        rows = float(vault.count((), (), rho * _ROWS / (1 + shared)).counts)
        lost = _lost(vault, rows, rho * _ROWS / 2) if shared else ""
        if rows > 0 and self.delta * rows > 1:
            raise InputError(
                f"delta is {self.delta:g}, more than one in the (noisy) number of rows: it would "
                "allow to publish a row\n\nHint: set delta to a tenth of one in the rows or less; "
                "the looks up to here were charged"
            )
        learnt = self._learnt(vault, rho * _ALONE, beside / max(1, len(unlisted)))
        return self._model(vault, learnt, max(rows, 1.0), (rho, lost))

    def _model(
        self, vault: Vault, learnt: Sequence[Learnt], rows: float, spent: tuple[float, str]
    ) -> DpMarginalsModel:
        rho, lost = spent
        names = vault.schema.names
        mass = {n: nonnegative(x.mass, rows) for n, x in zip(names, learnt, strict=True)}
        cuts = {n: self._cut(x, mass[n], rows) for n, x in zip(names, learnt, strict=True)}
        for name, cut in cuts.items():
            vault.merge(name, name, cut)
        shares = {n: np.bincount(cuts[n], mass[n]) / rows for n in names}
        target = vault.schema.first(Role.TARGET)
        plan = Plan(
            root=names[0] if target is None else target.name,
            always=target is not None,
            parents=self.parents,
            rows=rows,
            costs=(rho * _CHOICE, rho - rho * (_ROWS + _ALONE + _CHOICE)),
            own={n: x.sigma for n, x in zip(names, learnt, strict=True)},
        )
        drawn = network(vault, shares, plan)
        order = tuple(d.name for d in drawn)
        return DpMarginalsModel(
            encoding=Encoding(schema=vault.schema, codings=tuple(x.coding for x in learnt)),
            order=tuple(names.index(n) for n in order),
            links=tuple(_link(d, order, cuts, mass[d.name]) for d in drawn),
            rows=max(1, round(rows)),
            lost=lost,
            guarantee=self._guarantee(vault, rho).canonical().decode(),
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

    def _cut(self, learnt: Learnt, mass: Floats, rows: float) -> Codes:
        """Return the class of each code: equal parts of what is ordered, heavy categories."""
        coding, known = learnt.coding, mass
        if coding.ordered:
            known = mass[: len(mass) - coding.missing]
            out = _parts(known, rows / self.classes)
            return np.append(out, out.max(initial=-1) + 1) if coding.missing else out
        heavy = known >= max(_POOLED * learnt.sigma, np.sort(known)[-_MOST_CLASSES:][0])
        heavy[np.argmax(known)] = True
        out = np.full(len(known), int(heavy.sum()), dtype=np.int32)
        out[heavy] = np.arange(int(heavy.sum()), dtype=np.int32)
        return out

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
        if self.cap < 1 or self.parents < 1 or not 2 <= self.classes <= _MOST_CLASSES:
            raise InputError(
                f"cap is {self.cap}, parents {self.parents}, classes {self.classes}\n\nHint: cap "
                f"and parents are 1 or more, classes from 2 to {_MOST_CLASSES}"
            )

    def _guarantee(self, vault: Vault, rho: float) -> PrivacyGuarantee:
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DpMarginalsModel:
    """A fitted network.

    Attributes
    ----------
    order
        Places of the columns in the table, in the order they are drawn.
    links
        What the first, second, ... column in that order is drawn from.
    rows
        The noisy number of rows, which may be told.
    lost
        What the cap on rows per person left out, in words with noise; empty without persons.
    guarantee
        The canonical text of the guarantee.
    """

    encoding: Encoding
    order: tuple[int, ...]
    links: tuple[Link, ...]
    rows: int
    lost: str
    guarantee: str
    holds_records: bool = False

    @property
    def privacy(self) -> PrivacyGuarantee:
        """What it proves."""
        return PrivacyGuarantee.parse(self.guarantee)

    @property
    def summary(self) -> dict[str, Json]:
        """What was fitted; all of it follows from what was paid for."""
        names = self.encoding.schema.names
        drawn = [names[i] for i in self.order]
        return {
            "order": list(drawn),
            "drawn_from": {
                name: [drawn[j] for j in link.given]
                for name, link in zip(drawn, self.links, strict=True)
            },
            "rows": self.rows,
            "rows_left_out": self.lost,
            "columns": self.encoding.summary(),
        }

    def sample(self, rows: range, streams: Streams, given: Given | None = None) -> Dataset:
        """Return these rows; see :class:`assaymark.core.protocols.Model`."""
        frame = sampled(self._chain(), rows, streams, given)
        return Dataset(schema=self.encoding.schema, frame=frame)

    def _chain(self) -> Chain:
        return Chain(
            links=self.links,
            codings=tuple(self.encoding.codings[i] for i in self.order),
            absent=(None,) * len(self.links),
            names=self.encoding.schema.names,
        )


def _lost(vault: Vault, used: float, rho: float) -> str:
    """Say which share of the rows the cap left out, with noise."""
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


def _link(drawn: Drawn, order: Sequence[str], cuts: Mapping[str, Codes], mass: Floats) -> Link:
    """Return what draws a column: its parents' classes lead to a leaf with its shares."""
    if len(mass) == 1 or not drawn.parents:
        return alone(np.maximum(mass, mass.max() * 1e-12))
    tree = branched([cuts[p] for p in drawn.parents])
    shares = np.zeros((len(tree.feature), drawn.shares.shape[0]))
    shares[tree.feature < 0] = drawn.shares.T
    cut = Cut(classes=cuts[drawn.name], groups=np.arange(len(drawn.shares), dtype=np.int32))
    inside = np.maximum(mass, max(float(mass.max()), 1.0) * 1e-12)
    given = tuple(order.index(p) for p in drawn.parents)
    return link_of(given, [tree], [shares], cut, inside, None)
