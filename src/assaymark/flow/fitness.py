"""Fitness: whether a release may be used for the study of a group of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.decide.fitness import Fitness
from assaymark.errors import NotApprovedError, UnknownNameError
from assaymark.flow.decide import cells_again
from assaymark.release.approved import DECISION
from assaymark.release.envelope import payload_of
from assaymark.release.predicates import Decided
from assaymark.release.statement import read_statement

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_group"]


def check_group(folder: Path, use: str, group: str) -> None:
    """Refuse a release that is not fit for ``use`` in the study of ``group``, and say why.

    ``folder`` holds a release that verifies and is approved for the use; ``group`` is named as in
    its report, ``column=value``.

    Raises
    ------
    NotApprovedError
        When it is not fit for the group, or does not say for which groups it is.
    UnknownNameError
        When it knows no such group.
    """
    decision = folder / DECISION
    if not decision.is_file():
        raise NotApprovedError(f"{folder.name} does not say for which groups it is fit")
    decided = Decided.parse(read_statement(payload_of(decision.read_bytes()), "decision")[1])
    groups = decided.fitness.get(use)
    if not groups:
        raise NotApprovedError(
            f"{folder.name} does not say for which groups it is fit\n\nHint: only groups of "
            "protected columns are judged; declare the column as protected in the recipe"
        )
    if group not in groups:
        raise UnknownNameError("group", group, groups)
    if groups[group] == Fitness.FIT.value:
        return
    fit = [name for name, found in groups.items() if found == Fitness.FIT.value]
    raise NotApprovedError(
        f"{folder.name} is approved for {use}, but not for the study of {group} "
        f"({groups[group]}): {_why(folder, decided, use, group)}\n\n"
        f"Hint: it is fit for {', '.join(fit) if fit else 'no group'}; without a group, for "
        "figures about everybody"
    )


def _why(folder: Path, decided: Decided, use: str, group: str) -> str:
    evidence = [
        ((folder / f"evidence/{s.stage}.json").read_bytes(), tuple(s.uses)) for s in decided.stages
    ]
    policy = (folder / "policy.toml").read_bytes()
    cells = cells_again(policy, evidence, decided.uses, decided.candidate, gate=decided.gate)
    return next((c.why for c in cells if (c.use, c.group) == (use, group)), "")
