"""Independent columns: the baseline that every other generator must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from assaymark.core.dataset import Dataset
from assaymark.core.registry import component
from assaymark.generate.blocks import BLOCK, checked, in_blocks
from assaymark.generate.chain.chain import Chain
from assaymark.generate.chain.wanted import wanted
from assaymark.generate.coding.encoding import encode
from assaymark.generate.trees.link import alone

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from assaymark.core.conditions import Given
    from assaymark.core.measurement import Json
    from assaymark.core.private_source import PrivateSource
    from assaymark.core.streams import Streams
    from assaymark.generate.coding.encoding import Encoding

__all__ = ["Independent"]


@component
class Independent:
    """Draw each column from its own distribution, as if columns had nothing to do with another.

    Every one-way figure of the source is kept and every relation is lost.

    Attributes
    ----------
    protect
        Persons who must share a value or stand behind an interval before it may come out.
    weigh
        ``"person"``: each person weighs 1, so that the synthetic rows are as drawn from a random
        person's rows; ``"row"``: each row weighs 1, a person 10 at most, so that the synthetic
        rows are as the table's rows. The same where a person has one row.

    References
    ----------
    The usual floor of synthetic data benchmarks, e.g. McKenna, Miklau & Sheldon (2021), Winning
    the NIST contest.
    """

    protect: int = 10
    weigh: Literal["person", "row"] = "person"

    def fit(self, source: PrivateSource, streams: Streams) -> IndependentModel:
        """Count each column's values."""
        encoded = encode(source.open("independent", "fit"), self.protect, streams, weigh=self.weigh)
        columns = range(len(encoded.codes))
        totals = tuple(_running(encoded.mass(i)) for i in columns)
        return IndependentModel(encoding=encoded.encoding, totals=totals, protect=self.protect)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class IndependentModel:
    """Fitted distributions of single columns; ``totals`` are cumulative shares of the codes."""

    encoding: Encoding
    totals: tuple[NDArray[np.float64], ...]
    protect: int
    privacy: None = None
    holds_records: bool = False

    @property
    def summary(self) -> dict[str, Json]:
        """What was fitted."""
        return {"protect": self.protect, "columns": self.encoding.summary()}

    def sample(self, rows: range, streams: Streams, given: Given | None = None) -> Dataset:
        """Return these rows; see :class:`assaymark.core.protocols.Model`."""
        if given is not None:
            frame = wanted(self._chain(), checked(rows), streams, given, model=self)
            return Dataset(schema=self.encoding.schema, frame=frame)
        return Dataset(schema=self.encoding.schema, frame=in_blocks(rows, streams, self._block))

    def _chain(self) -> Chain:
        links = tuple(alone(np.diff(t, prepend=0.0)) for t in self.totals)
        return Chain(
            links=links,
            codings=self.encoding.codings,
            absent=(None,) * len(links),
            names=self.encoding.schema.names,
        )

    def _block(self, rng: np.random.Generator) -> pl.DataFrame:
        codes = [
            np.minimum(np.searchsorted(t, rng.random(BLOCK), "right"), len(t) - 1)
            for t in self.totals
        ]
        inside = rng.random((len(codes), BLOCK))
        return self.encoding.decode(np.array(codes, dtype=np.int32), inside)


def _running(mass: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.cumsum(mass)
    return np.asarray(total / total[-1], dtype=np.float64)
