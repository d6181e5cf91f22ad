"""Dial: what `dial` prints with ``--json`` and draws as a page; numbers are numbers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from assaymark.core.comparison import Figure, Plain

__all__ = ["Dialled", "Notch"]


class Notch(Plain):
    """One setting: how close its rows are, and how well its fits are attacked by refitting."""

    name: str
    words: str
    parameters: dict[str, bool | int | float | str]
    closeness: Figure = Field(description="1: not told apart from the holdout; 0: always.")
    anyone: Figure = Field(description="Members recognised at 1 % false alarms; 0.01 is chance.")
    isolated: Figure = Field(description="The same of the most isolated people.")
    anyone_auc: Figure = Field(description="Members ranked above others; 0.5 is chance.")
    isolated_auc: Figure
    fit_seconds: float | None
    within: bool = Field(description="Whether both upper ends are within the limit.")
    reason: str = Field(description="Why it has no figures, empty where it has.")


class Dialled(Plain):
    """The settings of a recipe's generator, the safest first, and which was chosen."""

    schema_id: Literal["assaymark/dial/v0"] = "assaymark/dial/v0"
    name: str
    made_at: str
    at_most: float = Field(description="Members recognised at 1 % false alarms, at most.")
    people: int = Field(description="People in each fit that is attacked.")
    worlds: int = Field(description="Fits behind each attack.")
    repeats: int = Field(description="Fits behind closeness and cost.")
    told_by: str
    ceiling: Figure = Field(description="The closeness of train itself to the holdout.")
    notches: tuple[Notch, ...]
    chosen: str | None = Field(description="The closest setting within the limit; null: none is.")
    notices: tuple[str, ...]
    report: str | None
