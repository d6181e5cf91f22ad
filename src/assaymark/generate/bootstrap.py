"""Bootstrap: the source's own rows, drawn again; a leak on purpose, to see attacks find one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from assaymark.core.dataset import Dataset
from assaymark.core.registry import component
from assaymark.generate.blocks import BLOCK, checked, in_blocks
from assaymark.generate.coding.encoding import encode
from assaymark.generate.constraints.tried import tried

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from assaymark.core.conditions import Given
    from assaymark.core.measurement import Json
    from assaymark.core.private_source import PrivateSource
    from assaymark.core.streams import Streams
    from assaymark.generate.coding.encoding import Encoding

__all__ = ["Bootstrap"]


@component
class Bootstrap:
    """Draw rows of the source with replacement: as close to real as can be, and all leak.

    It shows in a comparison what an attack finds where there is all to be found. Its model holds
    records, so that no release and no draft is ever made of it.

    Attributes
    ----------
    protect
        Persons who must share a value or stand behind an interval before it may come out; 1
        gives the rows as they are, more gives rows in which rare values are blurred.
    weigh
        ``"person"``: each person weighs 1, so that the synthetic rows are as drawn from a random
        person's rows; ``"row"``: each row weighs 1, a person 10 at most, so that the synthetic
        rows are as the table's rows. The same where a person has one row.

    References
    ----------
    Efron (1979), Bootstrap methods: another look at the jackknife.
    """

    protect: int = 1
    weigh: Literal["person", "row"] = "person"

    def fit(self, source: PrivateSource, streams: Streams) -> BootstrapModel:
        """Keep every row."""
        encoded = encode(source.open("bootstrap", "fit"), self.protect, streams, weigh=self.weigh)
        total = np.cumsum(encoded.weights)
        return BootstrapModel(
            encoding=encoded.encoding,
            codes=encoded.codes,
            total=total / total[-1],
            protect=self.protect,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BootstrapModel:
    """The rows themselves as ``codes``, shape ``(columns, n)``, and their shares, cumulative."""

    encoding: Encoding
    codes: NDArray[np.int32]
    total: NDArray[np.float64]
    protect: int
    privacy: None = None
    holds_records: bool = True

    @property
    def summary(self) -> dict[str, Json]:
        """What was fitted."""
        return {"protect": self.protect, "columns": self.encoding.summary()}

    def sample(self, rows: range, streams: Streams, given: Given | None = None) -> Dataset:
        """Return these rows; see :class:`assaymark.core.protocols.Model`."""
        if given is not None:
            frame = tried(checked(rows), streams, given, self._block)
            return Dataset(schema=self.encoding.schema, frame=frame)
        return Dataset(schema=self.encoding.schema, frame=in_blocks(rows, streams, self._block))

    def _block(self, rng: np.random.Generator) -> pl.DataFrame:
        at = np.minimum(
            np.searchsorted(self.total, rng.random(BLOCK), "right"), len(self.total) - 1
        )
        codes = self.codes[:, at]
        return self.encoding.decode(codes, rng.random(codes.shape))
