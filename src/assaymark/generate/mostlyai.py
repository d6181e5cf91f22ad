"""MOSTLY AI: a neural network that draws column after column, in any order (extra ``deep``)."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.core.registry import component
from assaymark.errors import InputError
from assaymark.generate.blocks import BLOCK, checked, in_blocks
from assaymark.generate.coding.encoding import encode
from assaymark.generate.constraints.tried import tried
from assaymark.generate.extras import check_can_fit

if TYPE_CHECKING:
    from assaymark.core.conditions import Given
    from assaymark.core.measurement import Json
    from assaymark.core.private_source import PrivateSource
    from assaymark.core.streams import Streams
    from assaymark.generate.coding.encoding import Encoding

__all__ = ["Mostlyai"]

_FEWEST = 100
_YEARS = (1700, 2250)  # the engine counts nanoseconds from 1970 in 64 bits


@component
class Mostlyai:
    """Train MOSTLY AI's TabularARGN on the processor and draw from it.

    The network sees a table in which no value of fewer than ``protect`` persons is left, made as
    for every other generator here; its own protection of values is on too. It has no weights for
    rows, so that a person's rows are thinned out instead. Columns of one value are not given to
    it. Training takes minutes where trees take seconds; the same seed gives the same model on
    one machine, unless ``minutes`` ends the training.

    Attributes
    ----------
    model
        Size of the network.
    epochs, minutes
        When training ends at the latest; it ends by itself once nothing is gained.
    protect
        Persons who must share a value or stand behind an interval before it may come out.
    weigh
        ``"person"``: one random row of each person; ``"row"``: every row, 10 of a person at most.

    References
    ----------
    Tiwald et al. (2025), TabularARGN, arXiv:2501.12012; package mostlyai-engine, Apache-2.0.
    """

    model: Literal["Small", "Medium", "Large"] = "Medium"
    epochs: float = 100.0
    minutes: float = 60.0
    protect: int = 10
    weigh: Literal["person", "row"] = "person"

    def fit(self, source: PrivateSource, streams: Streams) -> MostlyaiModel:
        """Train the network on a protected copy of the rows."""
        check_can_fit("mostlyai")
        dataset = source.open("mostlyai", "fit")
        encoded = encode(dataset, self.protect, streams, weigh=self.weigh)
        rng = streams.child("rows").generator()
        rows = np.flatnonzero(rng.random(dataset.n) < encoded.weights)
        if self.weigh == "person":
            order = rng.permutation(dataset.n)
            rows = np.sort(order[np.unique(encoded.persons[order], return_index=True)[1]])
        if 0 < len(rows) < _FEWEST:  # the engine puts a tenth aside to see when it has learnt
            rows = np.resize(rows, _FEWEST)
        codes = encoded.codes[:, rows]
        shown = encoded.encoding.decode(codes, rng.random(codes.shape))
        learnt = [c for c in shown.columns if shown[c].n_unique() > 1]
        return MostlyaiModel(
            encoding=encoded.encoding,
            network=self._trained(shown.select(learnt), streams.integer()) if learnt else None,
            shown=shown.head(1),
            recipe=self,
        )

    def _trained(self, shown: pl.DataFrame, seed: int) -> Network:
        engine = _engine()
        columns = tuple(_Column.of(s) for s in shown)
        folder = tempfile.TemporaryDirectory(prefix="assaymark-mostlyai-")
        network = engine.TabularARGN(
            model=f"MOSTLY_AI/{self.model}",
            max_epochs=self.epochs,
            max_training_time=self.minutes,
            tgt_encoding_types={f"c{i}": c.encoding for i, c in enumerate(columns)},
            workspace_dir=folder.name,
            random_state=seed,
            device="cpu",
        )
        given = {f"c{i}": c.given(shown[c.name]) for i, c in enumerate(columns)}
        network.fit(pl.DataFrame(given).to_pandas())
        for part in ("tgt-data", "encoded-data"):  # the rows; the weights are all that is needed
            shutil.rmtree(Path(folder.name) / "OriginalData" / part)
        return Network(engine=network, folder=folder, columns=columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """One column as the engine takes it, and back; ``low`` and ``high`` are what may come out."""

    name: str
    dtype: pl.DataType
    encoding: str
    levels: tuple[str, ...]
    low: Any
    high: Any

    @classmethod
    def of(cls, values: pl.Series) -> _Column:
        """Look at a column's values."""
        known, dtype = values.drop_nulls(), values.dtype
        ordered = dtype.is_numeric() or dtype.is_temporal()
        low: Any = known.min() if ordered else None
        high: Any = known.max() if ordered else None
        encoding = "TABULAR_CATEGORICAL"
        if ordered:
            dated = dtype.is_temporal() and _YEARS[0] <= low.year <= high.year <= _YEARS[1]
            encoding = "TABULAR_DATETIME" if dated else "TABULAR_NUMERIC_AUTO"
        return cls(
            name=values.name,
            dtype=dtype,
            encoding=encoding,
            levels=() if ordered else tuple(known.cast(pl.String).unique().sort()),
            low=low,
            high=high,
        )

    def given(self, values: pl.Series) -> pl.Series:
        """Return what the engine learns from."""
        if self.encoding == "TABULAR_CATEGORICAL":
            return values.cast(pl.String)
        if self.encoding == "TABULAR_DATETIME":
            return values.cast(pl.Datetime("us"))
        return values.to_physical()

    def back(self, made: pl.Series) -> pl.Series:
        """Return what the engine drew in the column's own type, inside what may come out."""
        if self.encoding == "TABULAR_CATEGORICAL":
            text = made.cast(pl.String)
            text = text.set(~text.is_in(list(self.levels)), None)
            return text == "true" if self.dtype == pl.Boolean else text
        if self.encoding != "TABULAR_DATETIME":
            made = made.cast(pl.Float64 if self.dtype.is_float() else pl.Int64)
        return made.cast(self.dtype).clip(self.low, self.high)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """The trained engine, the folder that has its weights, and the columns it knows."""

    engine: Any
    folder: tempfile.TemporaryDirectory[str]
    columns: tuple[_Column, ...]

    def draw(self, rows: int, seed: int) -> dict[str, pl.Series]:
        """Return the columns of so many new rows."""
        _engine().set_random_state(seed)
        made = pl.from_pandas(
            self.engine.sample(n_samples=rows, rare_category_replacement_method="SAMPLE")
        )
        return {c.name: c.back(made[f"c{i}"]) for i, c in enumerate(self.columns)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MostlyaiModel:
    """A trained network; ``shown`` has the one value of columns that it was not given."""

    encoding: Encoding
    network: Network | None
    shown: pl.DataFrame
    recipe: Mostlyai
    privacy: None = None
    holds_records: bool = False

    @property
    def summary(self) -> dict[str, Json]:
        """What was fitted."""
        how = self.recipe
        return {
            "model": how.model,
            "epochs": how.epochs,
            "minutes": how.minutes,
            "protect": how.protect,
            "weigh": how.weigh,
            "columns": self.encoding.summary(),
        }

    def sample(self, rows: range, streams: Streams, given: Given | None = None) -> Dataset:
        """Return these rows; see :class:`assaymark.core.protocols.Model`."""
        if given is not None:
            frame = tried(checked(rows), streams, given, self._block)
            return Dataset(schema=self.encoding.schema, frame=frame)
        return Dataset(schema=self.encoding.schema, frame=in_blocks(rows, streams, self._block))

    def _block(self, rng: np.random.Generator) -> pl.DataFrame:
        seed = int(rng.integers(2**31))
        drawn = {} if self.network is None else self.network.draw(BLOCK, seed)
        return pl.DataFrame(
            {
                s.name: drawn[s.name] if s.name in drawn else s.new_from_index(0, BLOCK)
                for s in self.shown
            }
        )


def _engine() -> Any:  # noqa: ANN401
    """Import the engine, which takes ten seconds and fails beside packages that do not fit it."""
    try:
        return import_module("mostlyai.engine")
    except ImportError as error:
        raise InputError(
            f"the package 'mostlyai-engine' is installed and cannot be imported: {error}\n\n"
            "Hint: it fails beside a torchvision or torchaudio made for another torch; this "
            "generator needs neither: pip uninstall torchvision torchaudio"
        ) from error
