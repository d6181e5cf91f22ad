"""Plausibility: what no record, or hardly any, may be, as ``[[plausibility]]`` of a recipe says."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from assaymark.core.document import Document

__all__ = ["PLAUSIBILITY", "PlausibilitySpec", "RowHolds"]


class _Plausibility(Document):
    """What every rule says: its ``name``, how grave a breach is, and where the rule comes from.

    ``severity`` is ``"hard"`` where no record may break the rule, ``"soft"`` where no more may than
    real records do. ``who``, ``source`` and ``version`` are its provenance.
    """

    name: str = Field(min_length=1, max_length=80)
    severity: Literal["hard", "soft"] = "hard"
    who: str = ""
    source: str = ""
    version: str = ""


class RowHolds(_Plausibility):
    """A condition, as ``generate --where`` takes it, is true of every record."""

    kind: Literal["rule"]
    rule: str


PLAUSIBILITY: dict[str, type[_Plausibility]] = {"rule": RowHolds}

PlausibilitySpec = Annotated[RowHolds, Field(discriminator="kind")]
