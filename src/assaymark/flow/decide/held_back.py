"""Held back: what keeps rows that a policy approves from being released."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.decide.affecting import lacking_for_rights
from assaymark.flow.generate.generator import unapproved
from assaymark.flow.source.rights import blocked

if TYPE_CHECKING:
    from assaymark.core.dataset import Dataset
    from assaymark.flow.decide.verdicts import Decision
    from assaymark.flow.job import Job
    from assaymark.store.workspace import Workspace

__all__ = ["held_back"]


def held_back(
    workspace: Workspace, job: Job, decision: Decision, rows: Dataset, *, reviewed: bool
) -> tuple[str, ...]:
    """Say what is missing, and what to do: rights, people, an approved generator, fairness.

    Nothing is asked for where no use is approved; ``reviewed`` says that a second person is
    registered.
    """
    approved = [u for u, s in decision.uses.items() if s == "approved"]
    if not approved:
        return ()
    rights, names = job.recipe.source.rights, rows.schema.names
    said = [*blocked(rights, job.policy, ("approved",), names, reviewed=reviewed)]
    said += [job.changed] if job.changed else []
    said += [s for s in (unapproved(workspace, job.recipe.generate),) if s and reviewed]
    if job.recipe.use.affects_rights:
        verdicts = [v for stage in decision.stages for v in stage.judgement.verdicts]
        waived = any(v.verdict == "WAIVED" for v in verdicts)
        said += lacking_for_rights(job.policy, approved, verdicts, reviewed=reviewed, waived=waived)
    return tuple(said)
