"""DP model: columns drawn one after the other by shares that were paid for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.dataset import Dataset
from assaymark.core.privacy import PrivacyGuarantee
from assaymark.generate.chain.chain import Chain
from assaymark.generate.chain.wanted import sampled
from assaymark.generate.coding.encoding import Encoding
from assaymark.generate.dp.network import branched
from assaymark.generate.trees.classes import Cut
from assaymark.generate.trees.link import alone, link_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from assaymark.core.conditions import Given
    from assaymark.core.measurement import Json
    from assaymark.core.streams import Streams
    from assaymark.generate.dp.ground import Ground
    from assaymark.generate.dp.network import Drawn
    from assaymark.generate.trees.link import Link

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

__all__ = ["DpMarginalsModel", "model_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
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
    unlisted
        Columns in which values were not found, with the share of rows, in words with noise.
    """

    LATER: ClassVar = ("unlisted",)

    encoding: Encoding
    order: tuple[int, ...]
    links: tuple[Link, ...]
    rows: int
    lost: str
    guarantee: str
    holds_records: bool = False
    unlisted: tuple[str, ...] = ()

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
            "values_not_found": list(self.unlisted),
            "columns": self.encoding.summary(),
        }

    def sample(self, rows: range, streams: Streams, given: Given | None = None) -> Dataset:
        """Return these rows; see :class:`assaymark.core.protocols.Model`."""
        frame = sampled(self._chain(), rows, streams, given, model=self)
        return Dataset(schema=self.encoding.schema, frame=frame)

    def _chain(self) -> Chain:
        return Chain(
            links=self.links,
            codings=tuple(self.encoding.codings[i] for i in self.order),
            absent=(None,) * len(self.links),
            names=self.encoding.schema.names,
        )


def model_of(
    ground: Ground, drawn: Sequence[Drawn], guarantee: PrivacyGuarantee
) -> DpMarginalsModel:
    """Return the model that draws the columns in this order by these shares."""
    names = ground.vault.schema.names
    order = tuple(d.name for d in drawn)
    return DpMarginalsModel(
        encoding=Encoding(
            schema=ground.vault.schema, codings=tuple(x.coding for x in ground.learnt)
        ),
        order=tuple(names.index(n) for n in order),
        links=tuple(_link(d, order, ground.cuts, ground.mass[d.name]) for d in drawn),
        rows=max(1, round(ground.rows)),
        lost=ground.lost,
        guarantee=guarantee.canonical().decode(),
        unlisted=ground.unlisted,
    )


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
