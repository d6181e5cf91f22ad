"""Shadow: what an attacker learns who can refit the generator; not measured yet, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.features import NO_HOLDOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.core.case import Case
    from assaymark.core.streams import Streams

__all__ = ["Shadow"]

EXCESS = "shadow.excess_tpr"


@component
class Shadow:
    """Members recognised by an attacker who fits the generator many times on data of their own.

    No such attack is part of this version: the quantity always comes with a reason, so that a
    policy that asks for it never passes.

    References
    ----------
    Stadler, Oprisanu & Troncoso (2022), Synthetic data: anonymisation groundhog day.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=EXCESS,
            title="Members recognised by refitting the generator",
            unit="share of people",
            better="lower",
            meaning="Share of isolated train people called members by an attack that refits the "
            "generator, less the share of equally isolated others called so.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:  # noqa: ARG002
        """Yield the reason why there is no figure."""
        reason = "the attack that refits the generator is not part of this version"
        if case.holdout is None:
            reason = NO_HOLDOUT
        elif case.refit is None:
            reason = "the generator cannot be fitted again here, so this attack was not run"
        yield Measurement.missing(EXCESS, reason, "records:isolated")
