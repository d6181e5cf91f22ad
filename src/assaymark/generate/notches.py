"""Notches: settings of the default generator between safest and closest."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NOTCHES", "NotchSetting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotchSetting:
    """Parameters of `tree_chain` under a name, and what they mean to its user."""

    name: str
    words: str
    parameters: dict[str, bool | int | float | str]


NOTCHES = (
    NotchSetting(
        name="guarded",
        words="pools of 200 persons, no corrections",
        parameters={
            "k": 200,
            "effects": False,
            "slopes": False,
            "quality": "standard",
            "order": "target_last",
        },
    ),
    NotchSetting(
        name="careful",
        words="pools of 100 persons, small trees in place of each column's own corrections",
        parameters={"k": 100, "effects": False, "quality": "high", "order": "target_last"},
    ),
    NotchSetting(
        name="moderate",
        words="pools of 50 persons, small trees in place of each column's own corrections",
        parameters={"k": 50, "effects": False, "quality": "high", "order": "target_last"},
    ),
    NotchSetting(
        name="standard",
        words="the default, with pools of 20 persons and corrections",
        parameters={},
    ),
    NotchSetting(
        name="close",
        words="pools of 10 persons, branches for little reason",
        parameters={"k": 10, "penalty": 0.5, "shrink": 2.0},
    ),
)
"""Safest first. Each leaks more, and is closer, than the one before it on the tables that it was
measured on (docs/figures.md)."""
