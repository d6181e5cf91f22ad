"""Correction: an inequality that the rows are meant to have less of, as ``[[correction]]`` says."""

from __future__ import annotations

from pydantic import Field

from assaymark.core.document import Document

__all__ = ["Correction"]


class Correction(Document):
    """The gap of a group in an outcome is meant to change, by so much, for a reason.

    ``group`` is ``column=value`` of a protected column, ``outcome`` a column whose mean, or
    ``column=value`` whose share, is meant. ``change`` is by how much the gap between the group and
    everyone else is to grow (below 0: shrink), in the outcome's own unit or as a share. ``why`` and
    ``who`` say why that is right, and who decided it.
    """

    group: str = Field(pattern="^[^=]+=.+$")
    outcome: str = Field(min_length=1)
    change: float = Field(allow_inf_nan=False)
    why: str = Field(min_length=1)
    who: str = Field(min_length=1)
