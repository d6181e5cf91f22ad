"""Coverage: how often intervals made from a generator's rows held the truth, where it was known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, JsonValue

from assaymark.core.document import Document
from assaymark.core.plain import read_toml
from assaymark.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ESTIMANDS", "Certificate", "Maker", "certificate_for", "parse_certificates"]

ESTIMANDS = {
    "mean": "means",
    "proportion": "shares",
    "quantile": "quantiles",
    "ols": "linear regression",
    "logistic": "logistic regression",
    "poisson": "Poisson regression",
    "cox": "Cox regression",
}
"""Classes of estimands, and what each is called."""


class Maker(Document):
    """Which generator made rows, by which software, with which parameters beside its defaults.

    ``persons`` are those that it was fitted to.
    """

    generator: str
    software: str
    changed: dict[str, JsonValue] = Field(default_factory=dict)
    persons: int = Field(ge=0)


class Certificate(Document):
    """What a committed bench found for one class of estimands, over worlds whose truth is known.

    It holds for ``generator`` as ``software`` has it, by its defaults, fitted to ``persons_from``
    to ``persons_to`` persons, with at least ``replicates`` tables. ``covered`` of ``intervals``
    nominal 95 % intervals held the truth; ``low`` and ``high`` bound that share, simulations of
    one world counted as one. ``least`` is that share for the single estimate that was covered worst
    at any size, ``least_of`` its world and name: a class is not each of its estimates.
    ``inflation`` belongs to the rule: see :func:`assaymark.evaluate.analyses.combining.combine`.
    """

    generator: str
    software: str
    estimand: str
    rule: Literal["one fit", "refits"]
    inflation: float = Field(default=1.0, ge=1)
    persons_from: int = Field(ge=1)
    persons_to: int = Field(ge=1)
    replicates: int = Field(ge=1)
    simulations: int = Field(ge=1)
    intervals: int = Field(ge=1)
    covered: int = Field(ge=0)
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    least: float | None = Field(default=None, ge=0, le=1)
    least_of: str = ""
    bench: str

    @property
    def coverage(self) -> float:
        """The share of intervals that held the truth."""
        return self.covered / self.intervals

    def about(self, maker: Maker) -> bool:
        """Whether this is about rows that ``maker`` made."""
        return (
            (self.generator, self.software) == (maker.generator, maker.software)
            and not maker.changed
            and self.persons_from <= maker.persons <= self.persons_to
        )


def parse_certificates(raw: bytes) -> tuple[Certificate, ...]:
    """Read ``[[certificate]]`` tables.

    Raises
    ------
    RecipeError
        When the bytes are no such file.
    """
    try:
        plain: Mapping[str, object] = read_toml(raw)
        rows = plain.get("certificate", [])
        if not isinstance(rows, list):
            raise RecipeError("certificates of coverage are [[certificate]] tables")
        return tuple(Certificate.model_validate(row) for row in rows)
    except ValueError as error:
        raise RecipeError(f"certificates of coverage cannot be read: {error}") from error


def certificate_for(
    known: Iterable[Certificate], maker: Maker, estimand: str, replicates: int
) -> Certificate | None:
    """Return the certificate for a class of estimands, that for most replicates; the worst of them.

    ``None`` where no bench looked at this generator, version, class, size and number of tables.
    """
    found = [
        c for c in known if c.about(maker) and c.estimand == estimand and c.replicates <= replicates
    ]
    most = max((c.replicates for c in found), default=0)
    return min((c for c in found if c.replicates == most), key=lambda c: c.low, default=None)
