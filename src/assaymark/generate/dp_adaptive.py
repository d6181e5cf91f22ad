"""DP adaptive: noisy counts where the model is furthest off, round by round, under a proof."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from assaymark.core.registry import component
from assaymark.core.zcdp import epsilon_of
from assaymark.errors import InputError
from assaymark.generate.dp.ground import Terms
from assaymark.generate.dp.model import model_of
from assaymark.generate.dp.rounds import Limits, rounds

if TYPE_CHECKING:
    from assaymark.core.conditions import Given
    from assaymark.core.dataset import Dataset
    from assaymark.core.measurement import Json
    from assaymark.core.privacy import PrivacyGuarantee
    from assaymark.core.private_source import PrivateSource
    from assaymark.core.streams import Streams
    from assaymark.generate.dp.ground import Ground
    from assaymark.generate.dp.model import DpMarginalsModel

__all__ = ["DpAdaptive"]

_CELLS = (2**12, 2**24)
_EACH = 24  # bytes of a cell of the model, with what draws it


@component
class DpAdaptive:
    """Draw columns from many tables of two and three, chosen round by round: private as well.

    Slower than ``dp_marginals`` by some ten seconds, and closer to the rows at the same budget:
    each round pays for the table where the model is furthest off, by more than noise would
    explain, and the model takes over what stands out from the noise. What a limit kept from being
    spent is said.

    Attributes
    ----------
    epsilon, delta
        The budget. Delta must be well below one in the number of persons; it is held against the
        noisy count.
    unit
        ``"person"``: all rows of a person are hidden together; ``"row"``: one row is.
    cap
        Rows of a person that are used at most, drawn at random.
    bounds
        Lowest and highest value, and the step if it is not 1, of numbers and dates, as known
        without the rows; what is outside is moved in. Others are bought.
    categories
        All categories of a column, as known without the rows. Others are bought.
    classes
        Parts into which an ordered column is cut where it meets others.
    columns
        Columns that are counted together, 2 to 4.
    cells
        Cells of the model at most: what would make it larger is not asked.
    seconds
        Processor seconds that the rounds may take; fewer tables get more each where they run short.
    declared
        Columns whose kind was declared, for the list of assumptions.

    References
    ----------
    McKenna, Mullins, Sheldon & Miklau (2022), AIM: an adaptive and iterative mechanism for
    differentially private synthetic data; Gavish & Donoho (2017), Optimal shrinkage of singular
    values.
    """

    epsilon: float = 1.0
    delta: float = 1e-6
    unit: Literal["person", "row"] = "person"
    cap: int = 1
    bounds: dict[str, tuple[float | str, ...]] = field(default_factory=dict)
    categories: dict[str, tuple[str, ...]] = field(default_factory=dict)
    classes: int = 32
    columns: int = 3
    cells: int = 2**18
    seconds: float = 60.0
    declared: tuple[str, ...] = ()

    def fit(self, source: PrivateSource, streams: Streams) -> DpAdaptiveModel:
        """Spend the budget on counts; the noise is the operating system's, not the streams'."""
        self._check()
        terms = Terms(
            epsilon=self.epsilon,
            delta=self.delta,
            unit=self.unit,
            cap=self.cap,
            bounds=self.bounds,
            categories=self.categories,
            classes=self.classes,
            declared=self.declared,
        )
        ground = terms.ground(source)
        limits = Limits(columns=self.columns, cells=self.cells, seconds=self.seconds)
        budget = ground.rows, ground.left
        known = ground.shares, ground.listed
        found = rounds(ground.vault, known, budget, limits, streams.generator())
        guarantee = terms.guarantee(ground.vault, ground.rho)
        return DpAdaptiveModel(
            network=model_of(ground, found.drawn, guarantee),
            tables=found.rounds,
            unspent=self._unspent(ground),
        )

    def _unspent(self, ground: Ground) -> str:
        spent, rho = ground.vault.account.spent, ground.rho
        if spent >= rho * (1 - 1e-6):
            return ""
        why = (
            f"a limit of {self.seconds:g} seconds, {self.cells:,} cells or {self.columns} columns "
            "a table was met"
        )
        if sum(len(s) > 1 for s in ground.shares.values()) < 2:
            why = "no two columns have values that stand out from noise"
        least = epsilon_of(spent, self.delta)
        return (
            f"{1 - spent / rho:.0%} of the budget was not spent, since {why}: what was spent comes "
            f"to epsilon {least:.3g}"
        )

    def _check(self) -> None:
        if not 2 <= self.columns <= 4:
            raise InputError(f"columns is {self.columns}\n\nHint: 2, 3 or 4 are counted together")
        if not self.seconds > 0:
            raise InputError(f"seconds is {self.seconds}\n\nHint: a positive number, such as 60")
        if not _CELLS[0] <= self.cells <= _CELLS[1]:
            raise InputError(
                f"cells is {self.cells:,}: a model of so many would take about "
                f"{self.cells * _EACH / 2**20:,.1f} MiB\n\nHint: from {_CELLS[0]:,} to "
                f"{_CELLS[1]:,}; 262,144 are enough for most tables. Fewer classes need fewer"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DpAdaptiveModel:
    """A fitted model.

    Attributes
    ----------
    network
        What draws the rows.
    tables
        How many tables were counted.
    unspent
        What was not spent of the budget and why; empty where all was.
    """

    network: DpMarginalsModel
    tables: int
    unspent: str
    holds_records: bool = False

    @property
    def privacy(self) -> PrivacyGuarantee:
        """What it proves."""
        return self.network.privacy

    @property
    def rows(self) -> int:
        """The noisy number of rows, which may be told."""
        return self.network.rows

    @property
    def summary(self) -> dict[str, Json]:
        """What was fitted; all of it follows from what was paid for."""
        return {**self.network.summary, "tables": self.tables, "unspent": self.unspent}

    def sample(self, rows: range, streams: Streams, given: Given | None = None) -> Dataset:
        """Return these rows; see :class:`assaymark.core.protocols.Model`."""
        return self.network.sample(rows, streams, given)
