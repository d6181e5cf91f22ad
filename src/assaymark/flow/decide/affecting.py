"""Affecting: a release for uses that affect people's rights is held to what these need, again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.evidence import Evidence
from assaymark.decide.affecting import lacking_for_rights
from assaymark.decide.gate import judge
from assaymark.decide.policy import parse_policy
from assaymark.errors import IntegrityError

if TYPE_CHECKING:
    from assaymark.release.contained import Contained
    from assaymark.release.predicates import Decided

__all__ = ["check_affecting"]


def check_affecting(decided: Decided, files: Contained) -> str:
    """Return in words that a decision has what a use that affects people's rights needs.

    Raises
    ------
    IntegrityError
        When it has not.
    """
    policy, uses = parse_policy(files["policy.toml"]), list(decided.uses)
    approved = [u for u, s in decided.uses.items() if s == "approved"]
    verdicts = [
        v
        for stage in decided.stages
        for v in judge(
            policy,
            Evidence.parse(files[f"evidence/{stage.stage}.json"]),
            uses,
            candidate=decided.candidate,
            gate=decided.gate,
        ).verdicts
        if v.use in stage.uses
    ]
    wrong = lacking_for_rights(
        policy,
        approved,
        verdicts,
        reviewed=not decided.self_attested,
        waived=bool(decided.waivers),
    )
    if wrong:
        raise IntegrityError("; ".join(wrong))
    return "a second person approved, nothing is waived, and rules that else only warn pass"
