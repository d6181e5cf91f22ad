"""PrivacyGuarantee: what a mechanism proves, for whom, at what cost, and what it assumes."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

from pydantic import Field

from assaymark.core.audit import Audit
from assaymark.core.document import Document
from assaymark.core.zcdp import epsilon_of
from assaymark.errors import IntegrityError

__all__ = ["Charge", "PrivacyGuarantee"]

_ROUNDING = 1e-9


class Charge(Document):
    """One look at the rows: which mechanism, what for, and what it cost.

    ``rho`` is that of zCDP; ``delta`` is what the mechanism adds to delta by itself, 0 for most.
    """

    what: str
    mechanism: Literal["discrete Gaussian", "exponential", "discrete Gaussian with threshold"]
    rho: str
    delta: str = "0.0"


class PrivacyGuarantee(Document):
    """A differential-privacy guarantee; numbers are decimal strings, to the last bit.

    Attributes
    ----------
    unit
        Whose contribution is hidden: all rows of a person, of which ``rows_per_person`` were used
        at most, or one row.
    neighbours
        Tables that cannot be told apart: one has a unit more than the other.
    rho, charges
        What was spent, in all and look by look; ``epsilon`` follows from ``rho`` and what
        ``delta`` leaves after the charges' own deltas.
    covers, not_covered, assumptions
        What the guarantee is and is not about, and what is taken as known to everybody.
    audit
        What canaries in the fit say against it; ``None`` where there were none.
    """

    LATER: ClassVar[tuple[str, ...]] = ("audit",)

    schema_id: Literal["assaymark/privacy-guarantee/v0"] = "assaymark/privacy-guarantee/v0"
    unit: Literal["person", "row"]
    neighbours: Literal["add-remove", "replace-one"]
    rows_per_person: int = Field(ge=1)
    epsilon: str
    delta: str
    accountant: Literal["zCDP"] = "zCDP"
    rho: str
    mechanism: str
    charges: tuple[Charge, ...] = Field(min_length=1)
    covers: str
    not_covered: tuple[str, ...]
    assumptions: tuple[str, ...]
    audit: Audit | None = None

    def check(self) -> None:
        """Do the accounting again from the charges.

        Raises
        ------
        IntegrityError
            When the charges cost more than is claimed, epsilon does not follow from rho, or its
            own audit refutes it.
        """
        rho, delta = _number(self.rho), _number(self.delta)
        spent = math.fsum(_number(c.rho) for c in self.charges)
        beside = math.fsum(_number(c.delta) for c in self.charges)
        if spent > rho * (1 + _ROUNDING):
            raise IntegrityError(f"the looks cost rho {spent:.6g}, and {rho:.6g} is claimed")
        if not 0 <= beside < delta < 1:
            raise IntegrityError(f"delta {delta:.6g} does not cover {beside:.6g} of the looks")
        found, said = epsilon_of(rho, delta - beside), _number(self.epsilon)
        if found > said * (1 + _ROUNDING):
            raise IntegrityError(
                f"rho {rho:.6g} at delta {delta - beside:.6g} is epsilon {found:.6g}, and "
                f"{said:.6g} is claimed"
            )
        if self.audit is not None:
            self.audit.check(said, delta)

    @property
    def sentence(self) -> str:
        """The claim in one sentence."""
        whose = "row" if self.unit == "row" else "person"
        return (
            f"({_short(self.epsilon)}, {_short(self.delta)})-differential privacy for each "
            f"{whose} of {self.covers}"
        )


def _short(number: str) -> str:
    return f"{float(number):.6g}"


def _number(text: str) -> float:
    try:
        found = float(text)
    except ValueError as error:
        raise IntegrityError(f"{text!r} in the privacy guarantee is not a number") from error
    if not math.isfinite(found) or found < 0:
        raise IntegrityError(f"{text!r} in the privacy guarantee cannot be a cost")
    return found
