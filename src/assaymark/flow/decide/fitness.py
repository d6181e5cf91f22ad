"""Fitness: whether a release may be used for the study of a group of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.waiver import Waiver
from assaymark.decide.fitness import Fitness
from assaymark.decide.verdict import UseStatus
from assaymark.errors import NotApprovedError, UnknownNameError
from assaymark.flow.decide.verdicts import cells_again, verdicts_again
from assaymark.release.approved import DECISION
from assaymark.release.envelope import payload_of
from assaymark.release.predicates import Decided
from assaymark.release.statement import read_statement
from assaymark.release.waived import WAIVED

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_group", "why_not"]

_MOST = 3
_ADDED_UP = {
    UseStatus.REFUSED.value: "it was refused",
    UseStatus.INCONCLUSIVE.value: "there was not enough evidence",
    UseStatus.APPROVED.value: "its rows passed, and the release was not issued for it",
}


def why_not(folder: Path, use: str) -> str:
    """Say why a release that verifies is not approved for ``use``: nobody asked, or which rules.

    Empty where the release does not say, as a lot, which holds no decision of its own.
    """
    decided = _decided(folder)
    if decided is None:
        return ""
    status = decided.uses.get(use)
    if status is None:
        return "nobody asked for it, so that no rule was held against its rows"
    found = verdicts_again(
        (folder / "policy.toml").read_bytes(),
        _evidence(folder, decided),
        decided.candidate,
        _waivers(folder),
        decided.gate,
    )
    said = {
        v.rule.id: f"{v.rule.title or v.rule.id}: {v.verdict}"
        for v in found
        if v.use == use and v.blocks
    }
    rules = list(said.values())
    more = f"; and {len(rules) - _MOST} more rules" if len(rules) > _MOST else ""
    return "; ".join([_ADDED_UP.get(status, status), *rules[:_MOST]]) + more


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
    decided = _decided(folder)
    if decided is None:
        raise NotApprovedError(f"{folder.name} does not say for which groups it is fit")
    groups = decided.fitness.get(use)
    if not groups:
        raise NotApprovedError(
            f"{folder.name} does not say for which groups it is fit\n\nHint: only groups of "
            "protected columns are judged; declare the column as protected in the recipe"
        )
    group = next((g for g in groups if _spaced(g) == group), group)
    if group not in groups:
        raise UnknownNameError("group", group, groups, "this release (one column each)")
    if groups[group] == Fitness.FIT.value:
        return
    fit = [name for name, found in groups.items() if found == Fitness.FIT.value]
    raise NotApprovedError(
        f"{folder.name} is approved for {use}, but not for the study of {group} "
        f"({groups[group]}): {_why(folder, decided, use, group)}\n\n"
        f"Hint: it is fit for {', '.join(fit) if fit else 'no group'}; without a group, for "
        "figures about everybody"
    )


def _decided(folder: Path) -> Decided | None:
    decision = folder / DECISION
    if not decision.is_file():
        return None
    return Decided.parse(read_statement(payload_of(decision.read_bytes()), "decision")[1])


def _spaced(group: str) -> str:
    """Return a group as pages write it."""
    return group.replace("=", " = ", 1)


def _evidence(folder: Path, decided: Decided) -> list[tuple[bytes, tuple[str, ...]]]:
    return [
        ((folder / f"evidence/{s.stage}.json").read_bytes(), tuple(s.uses)) for s in decided.stages
    ]


def _waivers(folder: Path) -> tuple[Waiver, ...]:
    signed = [p.read_bytes() for p in sorted((folder / WAIVED).glob("*.dsse.json"))]
    return tuple(Waiver.parse(read_statement(payload_of(raw), "waiver")[1]) for raw in signed)


def _why(folder: Path, decided: Decided, use: str, group: str) -> str:
    policy = (folder / "policy.toml").read_bytes()
    evidence, waivers = _evidence(folder, decided), _waivers(folder)
    cells = cells_again(policy, evidence, decided.uses, decided.candidate, waivers, decided.gate)
    return next((c.why for c in cells if (c.use, c.group) == (use, group)), "")
