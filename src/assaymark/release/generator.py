"""Generator: the signed approval of the version that made the rows of a release."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from assaymark.core.generator import GeneratorApproval
from assaymark.core.lineage import check_lineage
from assaymark.core.plain import read_plain
from assaymark.errors import IntegrityError
from assaymark.release.approved import ROLES, read_roles
from assaymark.release.envelope import open_envelope, payload_of, seal_envelope
from assaymark.release.statement import read_statement, statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from assaymark.core.people import RoleFile
    from assaymark.release.contained import Contained
    from assaymark.release.predicates import Decided, Provenance

__all__ = ["GENERATOR", "check_generator", "check_made", "generator_bytes", "read_generator"]

GENERATOR = "attestations/generator.dsse.json"


def generator_bytes(approval: GeneratorApproval, sign: Callable[[bytes], bytes], key: str) -> bytes:
    """Return a signed approval of a version of a generator."""
    subjects = {"generator": approval.version.digest()}
    return seal_envelope(statement("generator", subjects, approval), sign, key)


def read_generator(raw: bytes, people: RoleFile | None) -> tuple[str, GeneratorApproval]:
    """Return who signed an approval and what it says; without ``people``, only what it says."""
    if people is None:
        plain = read_plain(payload_of(raw), "the approval")["predicate"]
        return "", GeneratorApproval.parse(json.dumps(plain))
    payload, key = open_envelope(raw, people.public_keys)
    subjects, predicate = read_statement(payload, "generator")
    approval = GeneratorApproval.parse(predicate)
    if subjects != {"generator": approval.version.digest()}:
        raise IntegrityError("the approval is about another generator than it says")
    return key, approval


def check_generator(files: Contained, made: Provenance, decided: Decided, author: str) -> str:
    """Return in words which version of a generator made the rows, and who approved it.

    Raises
    ------
    IntegrityError
        When people are registered and nobody who may approved exactly this version before.
    """
    version = made.generator_version
    if version is None:
        return ""
    if (version.name, version.parameters) != (made.generator, made.parameters):
        raise IntegrityError("the version of the generator is of another one than made the rows")
    said = f"{version.name}, {version.packages[0].name} {version.packages[0].version}, code "
    said += version.code[:16]
    if decided.self_attested:
        return f"{said}; approved by nobody else: self-attested"
    if GENERATOR not in files:
        raise IntegrityError("nobody approved the generator")
    people = read_roles(files[ROLES])
    key, approval = read_generator(files[GENERATOR], people)
    approval.check(people, author=author, key=key)
    if approval.version != version or approval.outcome != "approve":
        raise IntegrityError("the generator that made the rows is not the one that was approved")
    if approval.made_at > decided.made_at:
        raise IntegrityError("the generator was approved after the decision")
    return f"{said}; approved as {approval.role.replace('_', ' ')}"


def check_made(files: Contained, made: Provenance) -> str:
    """Return in words that declared acts lead from the source to exactly the released rows.

    Raises
    ------
    IntegrityError
        When they do not, or contradict the rest of the statement.
    """
    if not made.lineage:
        return ""
    rows = {path: files.digest(path) for path in files if path.startswith("data/")}
    check_lineage(made.lineage, rows)
    of = {
        k: [a for a in made.lineage if a.kind == k] for k in ("read", "transform", "split", "fit")
    }
    commitments = ([a.content for a in of["read"]], [a.content for a in of["split"]])
    if commitments != ([made.source_commitment], [made.split_commitment]):
        raise IntegrityError("the lineage begins at another source than the statement says")
    if [a.what for a in of["transform"]] != [
        f"{t.kind}: {t.parameters}" for t in made.transformations
    ]:
        raise IntegrityError("the lineage has other transformations than the statement")
    if [a.content for a in of["fit"]] != [made.model]:
        raise IntegrityError("the lineage is of another model than the statement")
    return f"{len(made.lineage)} declared acts lead from the source to these files, and no other"
