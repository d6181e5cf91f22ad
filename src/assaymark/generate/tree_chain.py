"""Tree chain: each column drawn from trees of the columns before it (the default generator)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.core.registry import component
from assaymark.generate.blocks import checked
from assaymark.generate.classes import cut_of
from assaymark.generate.derived import Lookup, find_derived
from assaymark.generate.encoding import encode
from assaymark.generate.forest import Growth, Known, known_of, linked
from assaymark.generate.link import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from assaymark.core.measurement import Json
    from assaymark.core.private_source import PrivateSource
    from assaymark.core.streams import Streams
    from assaymark.generate.encoding import Encoded, Encoding
    from assaymark.generate.link import Link

__all__ = ["TreeChain"]

_CHUNK = 65_536
_PAD = 64  # columns a power of two apart push each other out of the processor's cache


@component
class TreeChain:
    """Draw column after column, each from trees grown on the columns before it.

    The branches of a tree are decided by some of the persons and its pools filled by the others
    (honest); a branch must be worth its parameters; a pool speaks for at least ``k`` persons and
    borrows from the pools above it. What each column by itself says of the next, the trees
    together miss a little of: a correction makes up for it. A value comes out only if ``protect``
    persons share it or stand behind the interval it is drawn from. A column that follows from
    another, such as a group from a code, is looked up. There is no theorem in this: what it
    leaks is measured by the attacks.

    Attributes
    ----------
    k
        Persons in a pool, on either side of a branch too; smaller is closer to the source and
        leaks more.
    trees
        Trees per column, each on its own halves; a row uses one of them at random.
    honest
        Whether branches and pools come from different persons.
    penalty
        How much log-likelihood a branch must add for each parameter that it adds; 1 is Akaike's
        criterion, 0 grows trees as far as ``k`` lets them, which leaks.
    shrink
        Persons' worth of the pool above that is mixed into each pool, and of what was expected
        into each correction.
    effects
        Whether the correction is made; it needs honest trees.
    classes
        Classes of an ordered column that pools tell apart; inside a class, values are drawn
        alike everywhere.
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
    Dibben (2016), synthpop; Wager & Athey (2018), honest trees; Akaike (1974); Agarwal et al.
    (2022), Hierarchical shrinkage.
    """

    k: int = 20
    trees: int = 10
    honest: bool = True
    penalty: float = 0.8
    shrink: float = 5.0
    effects: bool = True
    classes: int = 64
    protect: int = 10
    weigh: Literal["person", "row"] = "person"
    order: Literal["cardinality", "schema", "target_last"] = "cardinality"

    def fit(self, source: PrivateSource, streams: Streams) -> TreeChainModel:
        """Fit the chain, column after column."""
        dataset = source.open("tree_chain", "fit")
        encoded = encode(dataset, self.protect, streams, weigh=self.weigh)
        derived = find_derived(encoded) if self.effects else {}
        order = self._ordered(encoded, dataset.target, derived)
        free = order[: len(order) - len(derived)]
        growth = Growth(
            k=self.k,
            trees=self.trees,
            honest=self.honest,
            penalty=self.penalty,
            shrink=self.shrink,
            effects=self.effects and self.honest,
        )
        known: list[Known] = []
        links: list[Link | Lookup] = []
        for column in free:
            name = dataset.schema.names[column]
            coding, mass = encoded.encoding.codings[column], encoded.mass(column)
            cut = cut_of(coding, mass, self.classes)
            links.append(linked(encoded, column, cut, known, growth, streams.child("tree", name)))
            known.append(known_of(coding, mass, encoded.codes[column]))
        for column in order[len(free) :]:
            rule = derived[column]
            links.append(replace(rule, source=order.index(rule.source)))
        return TreeChainModel(
            encoding=encoded.encoding, order=order, links=tuple(links), recipe=self
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TreeChainModel:
    """A fitted chain.

    Attributes
    ----------
    order
        Places of the columns in the table, in the order they are drawn.
    links
        What the first, second, ... column in that order is drawn from.
    """

    encoding: Encoding
    order: tuple[int, ...]
    links: tuple[Link | Lookup, ...]
    recipe: TreeChain
    privacy: None = None

    @property
    def summary(self) -> dict[str, Json]:
        """What was fitted; no record and no exact count."""
        names = self.encoding.schema.names
        how = self.recipe
        return {
            "order": [names[i] for i in self.order],
            "k": how.k,
            "trees": how.trees,
            "honest": how.honest,
            "penalty": how.penalty,
            "shrink": how.shrink,
            "effects": how.effects,
            "protect": how.protect,
            "weigh": how.weigh,
            "derived": {
                names[at]: names[self.order[link.source]]
                for at, link in zip(self.order, self.links, strict=True)
                if isinstance(link, Lookup)
            },
            "columns": self.encoding.summary(),
        }

    def sample(self, rows: range, streams: Streams) -> Dataset:
        """Return these rows; see :class:`assaymark.core.protocols.Model`."""
        key = streams.child("rows").words()
        starts = range(rows.start, max(checked(rows).stop, rows.start + 1), _CHUNK)
        frames = [self._drawn(range(s, min(s + _CHUNK, rows.stop)), key) for s in starts]
        return Dataset(schema=self.encoding.schema, frame=pl.concat(frames).rechunk())

    def _drawn(self, rows: range, key: tuple[int, int]) -> pl.DataFrame:
        drawn = np.empty((len(self.order), len(rows) + _PAD), dtype=np.int32)
        inside = np.empty(drawn.shape)
        fine = [self.encoding.codings[at].ordered for at in self.order]
        for i, link in enumerate(self.links):
            where = inside[i, : len(rows)] if fine[i] else inside[i, :0]
            place = Place(key=key, row=rows.start, column=i)
            link.draw(drawn[:i, : len(rows)], place, drawn[i, : len(rows)], where)
        back: NDArray[np.int64] = np.argsort(self.order)
        return self.encoding.decode(drawn[back, : len(rows)], inside[back, : len(rows)])
