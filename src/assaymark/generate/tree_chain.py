"""Tree chain: each column drawn from a tree of the columns before it (the default generator)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from assaymark.core.dataset import Dataset
from assaymark.core.registry import component
from assaymark.generate.blocks import BLOCK, in_blocks
from assaymark.generate.derived import Lookup, find_derived
from assaymark.generate.encoding import encode
from assaymark.generate.honest_tree import Growth, calibrated, grow

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from assaymark.core.measurement import Json
    from assaymark.core.private_source import PrivateSource
    from assaymark.core.streams import Streams
    from assaymark.generate.encoding import Encoded, Encoding
    from assaymark.generate.honest_tree import PoolTree

__all__ = ["TreeChain"]

_REHEARSAL = 20_000
_FINER = 2


@component
class TreeChain:
    """Draw column after column, each from the pools of trees grown on the columns before it.

    A tree's branches are decided by one half of the persons and its pools filled by the other
    half (honest), a pool speaks for at least ``k`` persons, and a value comes out only if
    ``protect`` persons share it or stand behind the interval it is drawn from. A column that
    follows from another, such as a group from a code, is looked up. There is no
    theorem in this: what it leaks is measured by the attacks.

    Attributes
    ----------
    k
        Persons in a pool; smaller is closer to the source and leaks more. 50 held in a shadow
        attack where 5 leaked badly.
    trees
        Trees per column, each on its own halves; a row uses one of them at random.
    honest
        Whether branches and pools come from different persons.
    smooth
        Whether leaves may be finer than k persons, borrowing what they lack from the levels
        above, and pools are calibrated to the one-way distributions.
    protect
        See above; 1 switches the protection off.
    weigh
        ``"person"``: each person weighs 1, so that the synthetic rows are as drawn from a random
        person's rows; ``"row"``: each row weighs 1, a person 10 at most, so that the synthetic
        rows are as the table's rows. The same where a person has one row.
    order
        ``"cardinality"``: columns with few codes first; ``"schema"``: as in the table;
        ``"target_last"``: as cardinality, the declared target last.

    References
    ----------
    Reiter (2005), Using CART to generate partially synthetic public use microdata; Nowok, Raab &
    Dibben (2016), synthpop; Wager & Athey (2018), honest trees.
    """

    k: int = 50
    trees: int = 5
    honest: bool = True
    smooth: bool = True
    protect: int = 10
    weigh: Literal["person", "row"] = "person"
    order: Literal["cardinality", "schema", "target_last"] = "cardinality"

    def fit(self, source: PrivateSource, streams: Streams) -> TreeChainModel:
        """Fit the chain, column after column."""
        dataset = source.open("tree_chain", "fit")
        encoded = encode(dataset, self.protect, streams, weigh=self.weigh)
        derived = find_derived(encoded) if self.smooth else {}
        order = self._ordered(encoded, dataset.target, derived)
        first = np.cumsum(encoded.marginal(order[0]))
        links: list[tuple[PoolTree, ...] | tuple[Lookup]] = []
        rehearsal = _rehearsal(encoded, order[0], streams)
        for place in range(1, len(order) - len(derived)):
            name = dataset.schema.names[order[place]]
            links.append(self._link(encoded, order, rehearsal, streams.child("tree", name)))
            rng = streams.child("rehearse", name).generator()
            rehearsal.append(_drawn(links[-1], rehearsal, rng))
        for column in order[len(order) - len(derived) :]:
            rule = derived[column]
            links.append((replace(rule, source=order.index(rule.source)),))
        return TreeChainModel(
            encoding=encoded.encoding,
            order=order,
            first=first,
            links=tuple(links),
            recipe=self,
        )

    def _ordered(
        self, encoded: Encoded, target: str | None, derived: Mapping[int, Lookup]
    ) -> tuple[int, ...]:
        codings = encoded.encoding.codings
        columns = list(range(len(codings)))
        if self.order != "schema":
            columns.sort(key=lambda i: codings[i].size)
        if self.order == "target_last" and target is not None:
            columns.sort(key=lambda i: codings[i].column.name == target)
        columns.sort(key=lambda i: i in derived)
        return tuple(columns)

    def _link(
        self,
        encoded: Encoded,
        order: tuple[int, ...],
        rehearsal: list[NDArray[np.int32]],
        streams: Streams,
    ) -> tuple[PoolTree, ...]:
        place = len(rehearsal)
        leaf = max(self.k // _FINER, 1) if self.smooth else self.k
        how = Growth(k=self.k, leaf=leaf, honest=self.honest)
        trees = tuple(
            grow(encoded, order[place], order[:place], how, streams.child(m).generator())
            for m in range(self.trees)
        )
        if not self.smooth:
            return trees
        return calibrated(trees, rehearsal, encoded.marginal(order[place]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TreeChainModel:
    """A fitted chain.

    Attributes
    ----------
    order
        Places of the columns in the table, in the order they are drawn.
    first
        Cumulative shares of the first column's codes.
    links
        The trees of the second, third, ... column; a lookup for a column that follows from
        another.
    """

    encoding: Encoding
    order: tuple[int, ...]
    first: NDArray[np.float64]
    links: tuple[tuple[PoolTree, ...] | tuple[Lookup], ...]
    recipe: TreeChain
    privacy: None = None

    @property
    def summary(self) -> dict[str, Json]:
        """What was fitted; no record and no exact count."""
        names = self.encoding.schema.names
        return {
            "order": [names[i] for i in self.order],
            "k": self.recipe.k,
            "trees": self.recipe.trees,
            "honest": self.recipe.honest,
            "smooth": self.recipe.smooth,
            "protect": self.recipe.protect,
            "weigh": self.recipe.weigh,
            "derived": {
                names[at]: names[self.order[link[0].source]]
                for at, link in zip(self.order[1:], self.links, strict=True)
                if isinstance(link[0], Lookup)
            },
            "columns": self.encoding.summary(),
        }

    def sample(self, rows: range, streams: Streams) -> Dataset:
        """Return these rows; see :class:`assaymark.core.protocols.Model`."""
        return Dataset(schema=self.encoding.schema, frame=in_blocks(rows, streams, self._block))

    def _block(self, rng: np.random.Generator) -> pl.DataFrame:
        drawn = [_pick(self.first, rng.random(BLOCK))]
        for trees in self.links:
            drawn.append(_drawn(trees, drawn, rng))
        codes = np.empty((len(self.order), BLOCK), dtype=np.int32)
        codes[list(self.order)] = drawn
        return self.encoding.decode(codes, rng)


def _rehearsal(encoded: Encoded, column: int, streams: Streams) -> list[NDArray[np.int32]]:
    """Start the rows on which the fit watches its own chain, so as to calibrate it."""
    rows = int(np.clip(encoded.codes.shape[1], BLOCK, _REHEARSAL))
    rng = streams.child("rehearse").generator()
    u = (rng.permutation(rows) + rng.random(rows)) / rows
    return [_pick(np.cumsum(encoded.marginal(column)), u)]


def _pick(total: NDArray[np.float64], u: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.minimum(np.searchsorted(total, u, "right"), len(total) - 1).astype(np.int32)


def _drawn(
    trees: tuple[PoolTree, ...] | tuple[Lookup],
    given: list[NDArray[np.int32]],
    rng: np.random.Generator,
) -> NDArray[np.int32]:
    """Draw the next column: each row from one of the trees, chosen at random."""
    if len(trees) == 1:
        return trees[0].draw(given, rng)
    choice = rng.integers(len(trees), size=len(given[0]))
    out = np.empty(len(given[0]), dtype=np.int32)
    for m, tree in enumerate(trees):
        mine = np.flatnonzero(choice == m)
        if len(mine):
            out[mine] = tree.draw([g[mine] for g in given], rng)
    return out
