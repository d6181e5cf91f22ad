"""Fitness: which use is fit for the study of which group of people, by the rules about groups."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from assaymark.decide.verdict import UseStatus, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from assaymark.decide.verdict import RuleVerdict

__all__ = ["Cell", "Fitness", "fitness_of", "group_of", "matrix_of"]

_GROUP = re.compile(r"(?:^|,)group:(.+)$", re.DOTALL)
_WORDS = {
    Verdict.FAIL: "fails",
    Verdict.INCONCLUSIVE: "is not proven",
    Verdict.NOT_RUN: "could not be judged",
}
_LET_THROUGH = {Verdict.PASS, Verdict.WAIVED}


class Fitness(StrEnum):
    """Whether a use is fit for a group."""

    FIT = "fit"
    NOT_FIT = "not fit"
    UNKNOWN = "not enough evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One use for one group, such as ``"race=Other"``, and why it is not fit where it is not."""

    use: str
    group: str
    fitness: Fitness
    why: str = ""


def group_of(subject: str) -> str:
    """Return the group that a measurement's subject ends in, empty where it names none."""
    found = _GROUP.search(subject)
    return "" if found is None or found[1] == "*" else found[1]


def fitness_of(uses: Mapping[str, UseStatus], verdicts: Sequence[RuleVerdict]) -> tuple[Cell, ...]:
    """Return a cell for every use and every group that any of the ``verdicts`` is about.

    ``verdicts`` are those that decided on the status of each use.

    A use that is refused is not fit for anybody. A use that is approved is fit for a group if
    each rule of the use that speaks of the group passes, those that only warn too: a rule that
    does not hold back the rows from everybody may still hold them back from the study of a group.
    A group that no rule of the use speaks of is one about which there is not enough evidence.
    """
    groups = sorted({g for v in verdicts if (g := group_of(v.measurement.subject))})
    spoken: dict[tuple[str, str], list[RuleVerdict]] = {}
    for v in verdicts:
        if v.rule.severity != "info":
            spoken.setdefault((v.use, group_of(v.measurement.subject)), []).append(v)
    return tuple(
        _cell(use, status, group, spoken.get((use, group), []))
        for use, status in uses.items()
        for group in groups
    )


def matrix_of(cells: Iterable[Cell]) -> dict[str, dict[str, str]]:
    """Return the cells as what is signed: use to group to fitness."""
    out: dict[str, dict[str, str]] = {}
    for cell in cells:
        out.setdefault(cell.use, {})[cell.group] = cell.fitness.value
    return out


def _cell(use: str, status: UseStatus, group: str, verdicts: Sequence[RuleVerdict]) -> Cell:
    failed = [v for v in verdicts if v.verdict is Verdict.FAIL]
    unsure = [v for v in verdicts if v.verdict not in _LET_THROUGH]
    if status is UseStatus.REFUSED and not failed:
        found, why = Fitness.NOT_FIT, "the use is refused for everybody"
    elif failed:
        found, why = Fitness.NOT_FIT, _said(failed)
    elif status is UseStatus.INCONCLUSIVE:
        found, why = Fitness.UNKNOWN, "the use is not approved for anybody"
    elif not verdicts:
        found, why = (
            Fitness.UNKNOWN,
            "no rule of the use judged this group, mostly because it has too few people",
        )
    elif unsure:
        found, why = Fitness.UNKNOWN, _said(unsure)
    else:
        found, why = Fitness.FIT, ""
    return Cell(use=use, group=group, fitness=found, why=why)


def _said(verdicts: Sequence[RuleVerdict]) -> str:
    rules = {v.rule.id: f'"{v.rule.title}" {_WORDS.get(v.verdict, v.verdict)}' for v in verdicts}
    return "; ".join(rules.values())
