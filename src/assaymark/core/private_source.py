"""PrivateSource: the only door to real rows; it records who opened it and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from assaymark.core.dataset import Dataset
    from assaymark.core.schema import Schema

__all__ = ["PrivateSource"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PrivateSource:
    """Real rows behind a door.

    ``record(who, why)`` is called before each opening. The schema is public: it holds no value
    of any row.
    """

    _rows: Dataset
    record: Callable[[str, str], None]

    @property
    def schema(self) -> Schema:
        """The columns; no row is looked at."""
        return self._rows.schema

    def open(self, who: str, why: str) -> Dataset:
        """Return the rows, after the opening was recorded."""
        self.record(who, why)
        return self._rows
