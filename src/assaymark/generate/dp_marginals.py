"""DP marginals: noisy counts of few columns at a time, under a proof (differential privacy)."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal

from assaymark.core.registry import component
from assaymark.core.schema import Role
from assaymark.errors import InputError
from assaymark.generate.dp.ground import Terms
from assaymark.generate.dp.model import model_of
from assaymark.generate.dp.network import Plan, network

if TYPE_CHECKING:
    from assaymark.core.private_source import PrivateSource
    from assaymark.core.streams import Streams
    from assaymark.generate.dp.model import DpMarginalsModel

__all__ = ["DpMarginals"]

_CHOICE = 0.1  # share of rho for choosing what belongs together


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
        Parts into which an ordered column is cut where it meets others. Where none is given, as
        many as make a cell of a table of two columns worth its noise.
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
    classes: int | None = None
    declared: tuple[str, ...] = ()

    def fit(self, source: PrivateSource, streams: Streams) -> DpMarginalsModel:
        """Spend the budget on counts; the noise is the operating system's, not the streams'."""
        del streams
        if self.parents < 1:
            raise InputError(f"parents is {self.parents}\n\nHint: parents is 1 or more")
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
        vault, schema = ground.vault, source.schema
        target = schema.first(Role.TARGET)
        plan = Plan(
            root=schema.names[0] if target is None else target.name,
            always=target is not None,
            parents=self.parents,
            rows=ground.rows,
            costs=(ground.rho * _CHOICE, ground.left - ground.rho * _CHOICE),
            own={n: x.sigma for n, x in zip(schema.names, ground.learnt, strict=True)},
        )
        drawn = network(vault, ground.shares, plan)
        return model_of(ground, drawn, terms.guarantee(vault, ground.rho))
