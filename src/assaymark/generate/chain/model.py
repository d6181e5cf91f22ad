"""Tree chain model: a fitted chain of columns, what it says of itself, and rows drawn from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.core.dataset import Dataset
from assaymark.generate.chain.chain import Chain
from assaymark.generate.chain.dependencies import dependencies
from assaymark.generate.chain.imputed import imputed, imputed_often
from assaymark.generate.chain.wanted import sampled
from assaymark.generate.relations.anchored import Anchored, Gap, Sum
from assaymark.generate.relations.dated import Dated
from assaymark.generate.relations.derived import Lookup
from assaymark.generate.relations.one_of import OneOf
from assaymark.generate.relations.read_off import ReadOff
from assaymark.generate.relations.rounded import Rounded
from assaymark.generate.relations.same_as import Same
from assaymark.generate.relations.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from assaymark.core.conditions import Given
    from assaymark.core.measurement import Json
    from assaymark.core.streams import Streams
    from assaymark.generate.chain.chain import Part
    from assaymark.generate.chain.imputed import Because
    from assaymark.generate.coding.encoding import Encoding
    from assaymark.generate.relations.derived import Absent
    from assaymark.generate.tree_chain import TreeChain

__all__ = ["TreeChainModel"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class TreeChainModel:
    """A fitted chain.

    Attributes
    ----------
    order
        Places of the columns in the table, in the order they are drawn.
    links
        What the first, second, ... column in that order is drawn from.
    absent
        Why the first, second, ... column is missing.
    gaps
        What else columns are drawn from, after the columns.
    """

    encoding: Encoding
    order: tuple[int, ...]
    links: tuple[Part, ...]
    absent: tuple[Absent | None, ...]
    gaps: tuple[Gap, ...]
    recipe: TreeChain
    privacy: None = None
    holds_records: bool = False

    @property
    def summary(self) -> dict[str, Json]:
        """What was fitted; no record and no exact count."""
        names = self.encoding.schema.names
        drawn = [names[i] for i in self.order]
        how = self.recipe
        same: dict[str, Json] = {
            names[at]: names[self.order[link.source]]
            for at, link in zip(self.order, self.links, strict=True)
            if isinstance(link, Same)
        }
        dated: dict[str, Json] = {
            names[self.order[p.column]]: f"{p.unit}({names[at]})"
            for at, link in zip(self.order, self.links, strict=True)
            for p in (link.parts if isinstance(link, Dated) else ())
        }
        dated |= {
            names[at]: f"{link.unit}({drawn[link.source]})"
            for at, link in zip(self.order, self.links, strict=True)
            if isinstance(link, ReadOff)
        }
        one_of: dict[str, Json] = {
            names[at]: [drawn[j] for j, _ in link.flag.others]
            for at, link in zip(self.order, self.links, strict=True)
            if isinstance(link, OneOf)
        }
        rounded: dict[str, Json] = {
            names[at]: drawn[link.decimals.source]
            for at, link in zip(self.order, self.links, strict=True)
            if isinstance(link, Rounded)
        }
        texts: dict[str, Json] = {
            names[at]: link.anchors[0].words(drawn)
            for at, link in zip(self.order, self.links, strict=True)
            if isinstance(link, Wording)
        }
        return {
            "order": list(drawn),
            "k": how.k,
            "trees": how.trees,
            "honest": how.honest,
            "penalty": how.penalty,
            "shrink": how.shrink,
            "effects": how.effects,
            "slopes": how.slopes,
            "shelter": how.shelter,
            "protect": how.protect,
            "weigh": how.weigh,
            **({} if how.quality == "standard" else {"quality": how.quality}),
            "derived": {
                names[at]: names[self.order[link.source]]
                if isinstance(link, Lookup)
                else link.anchors[0].words(drawn)
                for at, link in zip(self.order, self.links, strict=True)
                if isinstance(link, Lookup | Sum | Wording)
            },
            "missing_because": {
                names[at]: names[self.order[rule.source]]
                for at, rule in zip(self.order, self.absent, strict=True)
                if rule is not None
            },
            "near": {
                names[at]: [a.words(drawn) for a in link.anchors]
                for at, link in zip(self.order, self.links, strict=True)
                if isinstance(link, Anchored)
            },
            **({"same_as": same} if same else {}),
            **({"dated": dated} if dated else {}),
            **({"one_of": one_of} if one_of else {}),
            **({"rounded": rounded} if rounded else {}),
            **({"written_out": texts} if texts else {}),
            "dependencies": dependencies(names, self.order, self.links, self.gaps),
            "columns": self.encoding.summary(),
        }

    def sample(self, rows: range, streams: Streams, given: Given | None = None) -> Dataset:
        """Return these rows; see :class:`assaymark.core.protocols.Model`."""
        frame = sampled(self._chain(), rows, streams, given, model=self)
        return Dataset(schema=self.encoding.schema, frame=frame)

    def impute(self, data: Dataset, streams: Streams, first: int = 0) -> Dataset:
        """Fill the missing cells of given rows; ``first`` is the number of the first of them.

        See :func:`assaymark.generate.chain.imputed.imputed`; it needs a model with no other
        relations than those of codes. Rows that are filled are real rows still.
        """
        key = streams.child("impute").words()
        frame = imputed(self._chain(), data.frame, key, first)
        return Dataset(schema=data.schema, frame=frame, persons=data.persons)

    def impute_often(
        self, data: Dataset, streams: Streams, because: Sequence[Because], draws: int
    ) -> list[pl.DataFrame]:
        """Fill the missing cells several times; see :func:`imputed_often`."""
        key = streams.child("impute").words()
        return imputed_often(self._chain(), data.frame, (key, 0), because, draws)

    def _chain(self) -> Chain:
        return Chain(
            links=self.links,
            codings=tuple(self.encoding.codings[i] for i in self.order),
            absent=self.absent,
            names=self.encoding.schema.names,
            gaps=self.gaps,
        )
