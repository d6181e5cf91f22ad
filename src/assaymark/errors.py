"""Every error this package raises on purpose.

AssaymarkError                 base of all; an exit code per branch      (exit 1)
├── InputError                 the caller gave something unusable         (exit 2)
│   ├── UnknownNameError       no component, column or key has that name
│   ├── RecipeError            a recipe or policy does not hold together
│   ├── DataError              the table itself cannot be used
│   ├── ConditionError         a condition cannot be read, or not enough rows satisfy it
│   └── WorkspaceError         the workspace cannot be opened or written
├── NotApprovedError           refused or inconclusive, or rights block   (exit 3)
│   └── LeakError              the release would give away what must not leave
└── IntegrityError             bytes, digests, signatures or the ledger disagree (exit 4)

TimeUp                         interrupts a metric; always caught, never shown
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AssaymarkError",
    "ConditionError",
    "DataError",
    "InputError",
    "IntegrityError",
    "LeakError",
    "NotApprovedError",
    "RecipeError",
    "TimeUp",
    "UnknownNameError",
    "WorkspaceError",
]


class AssaymarkError(Exception):
    """Base of all errors raised on purpose; ``exit_code`` is what the command line ends with."""

    exit_code = 1


class InputError(AssaymarkError, ValueError):
    """The caller gave something unusable."""

    exit_code = 2


class UnknownNameError(InputError):
    """Nothing of that kind has that name; the message names the nearest and all valid ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str], where: str = "") -> None:
        self.kind, self.name, self.where = kind, name, where
        valid = sorted(known)
        near = difflib.get_close_matches(name, valid, n=1, cutoff=0.6)
        meant = f"did you mean {near[0]!r}? " if near else ""
        place = f" in {where}" if where else ""
        super().__init__(
            f"unknown {kind} {name!r}{place}\n\nHint: {meant}valid: {', '.join(valid)}"
        )


class RecipeError(InputError):
    """A recipe or policy that does not hold together."""


class DataError(InputError):
    """A table that cannot be used as it is."""


class ConditionError(InputError):
    """A condition on rows that cannot be read, contradicts itself, or is met by too few rows."""


class WorkspaceError(InputError):
    """A workspace that cannot be opened, locked or written."""


class NotApprovedError(AssaymarkError):
    """A use was refused or stayed inconclusive, or rights or approvals block the release."""

    exit_code = 3


class LeakError(NotApprovedError):
    """The files of a release give away what must not leave; nothing was written."""


class IntegrityError(AssaymarkError):
    """Something recorded does not match what is there."""

    exit_code = 4


class TimeUp(BaseException):
    """The time of a metric is up.

    Not an ``Exception``, so that a metric that catches all of these is stopped all the same.
    """
