"""Account: what was spent of a privacy budget; nothing is looked at before it is paid for."""

from __future__ import annotations

import math

from assaymark.core.privacy import Charge
from assaymark.errors import NotApprovedError

__all__ = ["Account"]

_ROUNDING = 1e-9


class Account:
    """A budget in zCDP's rho and in delta, and the charges against it.

    The only thing here that changes: by :meth:`spend`, before the look that it pays for.
    """

    def __init__(self, rho: float, delta: float) -> None:
        self.rho, self.delta = rho, delta
        self._charges: list[Charge] = []

    @property
    def charges(self) -> tuple[Charge, ...]:
        """All charges so far, in order."""
        return tuple(self._charges)

    @property
    def spent(self) -> float:
        """The rho spent so far."""
        return math.fsum(float(c.rho) for c in self._charges)

    def spend(self, charge: Charge) -> None:
        """Pay for a look.

        Raises
        ------
        NotApprovedError
            When it costs more than is left; nothing is charged then, and nothing may be looked at.
        """
        rho, delta = float(charge.rho), float(charge.delta)
        beside = math.fsum(float(c.delta) for c in self._charges) + delta
        paid = self.spent + rho
        if not (rho >= 0 and delta >= 0 and math.isfinite(rho)):
            raise NotApprovedError(f"{charge.what} has no cost that can be paid: rho {rho}")
        if paid > self.rho * (1 + _ROUNDING) or beside > self.delta * (1 + _ROUNDING):
            raise NotApprovedError(
                f"{charge.what} costs rho {rho:.4g}, and {max(self.rho - self.spent, 0.0):.4g} of "
                f"{self.rho:.4g} is left: the rows stay closed"
            )
        self._charges.append(charge)
