"""Governed: ancestry, generator, lineage and people's rights of a release, held up again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.decide.policy import parse_policy
from assaymark.errors import IntegrityError
from assaymark.flow.decide.affecting import check_affecting
from assaymark.flow.decide.descent import check_descent
from assaymark.release.envelope import payload_of
from assaymark.release.generator import check_generator, check_made
from assaymark.release.predicates import Decided, Provenance
from assaymark.release.statement import read_statement

if TYPE_CHECKING:
    from assaymark.release.contained import Contained
    from assaymark.release.verification import Verification

__all__ = ["check_governed"]


def check_governed(files: Contained, found: Verification) -> None:
    """Check what a policy and a statement ask for besides rules, signatures and digests."""
    made = Provenance.parse(_predicate(files, "provenance"))
    decided = Decided.parse(_predicate(files, "decision"))
    policy = parse_policy(files["policy.toml"])
    try:
        found.hold(4, "Ancestry", check_descent(made, policy))
        for title, said in (
            ("Generator", check_generator(files, made, decided, found.signer)),
            ("Lineage", check_made(files, made)),
        ):
            if said:
                found.hold(4, title, said)
        if decided.affects_rights:
            found.hold(6, "Rights of people", check_affecting(decided, files))
    except IntegrityError as error:
        found.fail(4, "Governance", str(error))


def _predicate(files: Contained, kind: str) -> bytes:
    return read_statement(payload_of(files[f"attestations/{kind}.dsse.json"]), kind)[1]
