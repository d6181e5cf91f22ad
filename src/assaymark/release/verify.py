"""Verify: does a release hold together, from its bytes alone? No data-science library."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assaymark.core.document import sha256
from assaymark.core.evidence import Evidence
from assaymark.core.plain import MOST, read_toml
from assaymark.core.threat import ThreatModel
from assaymark.errors import AssaymarkError, IntegrityError
from assaymark.release.approved import APPROVALS, DECISION, ROLES, check_approved
from assaymark.release.boundary.linter import leaks_of
from assaymark.release.build import MANIFEST, RELEASE
from assaymark.release.contained import held
from assaymark.release.groups import check_groups
from assaymark.release.history import HISTORY, check_attempts, check_order, read_history
from assaymark.release.logged import LOG_ENTRY, LOG_FILES, LOG_PROOF, check_logged
from assaymark.release.predicates import (
    CrossFitDecided,
    Decided,
    Manifest,
    Provenance,
    Released,
)
from assaymark.release.reading import Reading, there
from assaymark.release.trusted import is_trusted
from assaymark.release.verification import NOT_VERIFIED, Verification
from assaymark.release.waived import check_waived

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from assaymark.release.contained import Contained
    from assaymark.release.predicates import StageDecided
    from assaymark.release.reading import Policies

__all__ = ["verify"]

_NAMED, _LONG = 5, 120
_PLAIN = re.compile(r"(?!/)(?:(?!\.\.?(?:/|$))[^/\\\x00-\x1f:]+(?:/|$))+(?<!/)")


def verify(
    files: Mapping[str, bytes] | Contained, *, trusted: Sequence[str], policies: Policies
) -> Verification:
    """Check a release given as paths and bytes; stops at the first thing that does not hold.

    ``trusted`` are fingerprints of keys known in another way; where there are none, the check of
    the signer stays open. Whether it has expired or was withdrawn is not a matter of its bytes.
    """
    found = Verification()
    state = Reading(files=held(files), trusted=tuple(trusted), policies=policies)
    for step, title, check in _CHECKS:
        try:
            check(state, found)
        except AssaymarkError as error:
            found.fail(step, title, str(error))
            break
    for title, why in NOT_VERIFIED:
        found.leave(title, why)
    return found


def _manifest(state: Reading, found: Verification) -> None:
    odd = sorted(p for p in state.files if not _PLAIN.fullmatch(p))
    if odd:
        raise IntegrityError(f"{odd[0]!r} is not a path that a release may have")
    if MANIFEST not in state.files:
        raise IntegrityError(
            f"{MANIFEST} is missing: this folder is no release, or not all of one is there"
        )
    state.read_keys()
    raw = state.file(MANIFEST)
    subjects, predicate = state.statement(RELEASE, "release")
    if subjects != {MANIFEST: sha256(raw)}:
        raise IntegrityError("the manifest is not the one that was signed")
    state.manifest = Manifest.parse(raw)
    if state.manifest.canonical() != raw:
        raise IntegrityError("the manifest is not in canonical form")
    state.released = Released.parse(predicate)
    listed = {f.path: f for f in state.manifest.files}
    if len(listed) < len(state.manifest.files):
        raise IntegrityError("the manifest lists a file twice")
    outside = sorted(p for p in listed if not _PLAIN.fullmatch(p))
    if outside:
        raise IntegrityError(f"the manifest lists {outside[0]!r}, which is outside the release")
    _same_files(set(listed) | {MANIFEST, RELEASE} | LOG_FILES, set(state.files))
    for path, entry in listed.items():
        if (size := state.files.size(path)) != entry.size and size > MOST:
            raise IntegrityError(
                f"{path} was altered: it has {size:,} bytes, and had {entry.size:,}"
            )
        state.digests[path] = state.files.digest(path)
        if state.digests[path] != entry.sha256 or size != entry.size:
            raise IntegrityError(f"{path} was altered{_swapped(state, path, listed)}")
    found.hold(2, "Files", f"all {len(state.files)} are as they were signed, none is extra")


def _swapped(state: Reading, path: str, listed: Mapping[str, object]) -> str:
    same = [p for p in listed if getattr(listed[p], "sha256", "") == state.digests[path]]
    return f": it holds what {same[0]} should" if same else ""


def _same_files(wanted: set[str], there: set[str]) -> None:
    if wanted - there:
        raise IntegrityError(f"files are missing: {_names(wanted - there)}")
    if there - wanted:
        raise IntegrityError(f"files that the manifest does not list: {_names(there - wanted)}")


def _names(paths: Collection[str]) -> str:
    """Return some of the names, as they can be shown, and how many more there are."""
    first = [p if p.isprintable() else repr(p) for p in sorted(paths)[:_NAMED]]
    more = f" and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else ""
    return ", ".join(p[:_LONG] for p in first) + more


def _signer(state: Reading, found: Verification) -> None:
    if len(state.keys) != 1:
        raise IntegrityError(f"the release carries {len(state.keys)} keys, one is expected")
    (found.signer,) = state.keys
    if not state.trusted:
        found.hold(1, "Signer", f"one key signs, {found.signer[:16]}")
        found.leave("Signer", f"no key was given to compare with; this one is {found.signer}")
    elif is_trusted(found.signer, state.trusted):
        found.hold(1, "Signer", f"{found.signer} is a key that you trust")
    else:
        raise IntegrityError(f"{found.signer} is not among the keys that you trust")


def _statements(state: Reading, found: Verification) -> None:
    rows = {p: d for p, d in state.digests.items() if p.endswith(".parquet")}
    for name in ("provenance", "decision"):
        path = f"attestations/{name}.dsse.json"
        subjects, predicate = state.statement(path, name)
        if subjects != rows:
            raise IntegrityError(f"the {name} is about other rows than these")
        if name == "provenance":
            state.provenance = Provenance.parse(predicate)
            state.provenance.ancestry.check_size()
        else:
            state.decided = Decided.parse(predicate)
    found.hold(3, "Signed statements", "provenance, decision and release, all by the same key")
    if state.provenance is not None and state.provenance.model:
        found.leave(
            "The fitted model", f"its file stays with the issuer; SHA-256 {state.provenance.model}"
        )


def _people(state: Reading, found: Verification) -> None:
    decided = there(state.decided)
    if decided.self_attested:
        if any(p.startswith(APPROVALS) or p == ROLES for p in state.files):
            raise IntegrityError("the decision is self-attested, and the release has approvals")
        if read_toml(state.file("policy.toml")).get("require_second_person"):
            raise IntegrityError("self-attested, and the policy requires a second person")
        found.hold(1, "Second person", "self-attested, no second person")
        return
    unsigned = {MANIFEST, RELEASE, *LOG_FILES}
    people, signed = check_approved(
        state.files,
        {p: d for p, d in state.digests.items() if p not in unsigned},
        author=found.signer,
        needed=state.policies.needed(state.file("policy.toml")),
        made_at=decided.made_at,
    )
    said = ", ".join(sorted({a.role.replace("_", " ") for _, a in signed}))
    found.hold(
        1,
        "Role file",
        f"{len(people.persons)} people, in force when decided, until {people.expires}",
    )
    found.hold(3, "Approvals", f"approved as {said}; not by who made it")
    found.leave("Root of the role file", "no key of a root person was given to compare with")


def _chain(state: Reading, found: Verification) -> None:
    made, decided, released = (
        there(state.provenance),
        there(state.decided),
        there(state.released),
    )
    digests = [state.digests[p] for p in state.rows()]
    candidate = sha256("\n".join(digests).encode())
    if {made.candidate, decided.candidate} != {candidate}:
        raise IntegrityError("the decision is about other rows than these")
    for path, digest in (("policy.toml", decided.policy), ("threat.json", decided.threat)):
        if sha256(state.file(path)) != digest:
            raise IntegrityError(f"{path} is not the one that was decided by")
    for stage in decided.stages:
        raw = state.file(f"evidence/{stage.stage}.json")
        read = Evidence.parse(raw)
        if sha256(raw) != stage.evidence or read.stage != stage.stage:
            raise IntegrityError(f"the {stage.stage} evidence is not the one decided upon")
        if read.earlier != decided.earlier:
            raise IntegrityError(
                f"the {stage.stage} evidence is about other earlier releases than the decision"
            )
    if decided.expires != released.expires:
        raise IntegrityError("the release ends on another day than the decision says")
    found.hold(4, "Rows", "provenance, evidence, decision and release are about these rows")
    _earlier(state, decided, found)


def _log(state: Reading, found: Verification) -> None:
    state.entry, state.head = check_logged(
        state.file(LOG_ENTRY),
        state.file(LOG_PROOF),
        statement=sha256(state.file(RELEASE)),
        signer=found.signer,
        public=state.keys[found.signer],
    )
    entry, decided = state.entry, there(state.decided)
    state.shown = read_history(state.file(HISTORY), state.head)
    order = check_order(
        state.shown,
        decided=decided,
        decision=state.digests[DECISION],
        approvals=[d for p, d in sorted(state.digests.items()) if p.startswith(APPROVALS)],
        last=entry.index,
    )
    head = state.head.size
    found.hold(
        5, "Ledger", f"entry {entry.index} of {entry.time}, under a checkpoint of {head} entries"
    )
    found.hold(5, "Order", f"entries in order: {order}")


def _verdicts(state: Reading, found: Verification) -> None:
    decided, released = there(state.decided), there(state.released)
    state.waivers = check_waived(state.files, decided, found.signer)
    final: dict[str, str] = {}
    for stage in decided.stages:
        final |= _again(state, stage)
    confirmed = {u for s in decided.stages if s.stage != "development" for u in s.uses}
    for use, status in final.items():
        if status == "approved" and use not in confirmed:
            final[use] = "inconclusive"  # the development holdout approves nothing
    _agree(decided, released, final)
    found.uses, found.self_attested = final, decided.self_attested
    found.hold(6, "Decision", "judging the evidence again by the policy gives the same")
    check_groups(state, decided, final, found)
    for stage in decided.stages:
        _about(stage, found)


def _controls(state: Reading, found: Verification) -> None:
    decided = there(state.decided)
    asked = caught = 0
    for stage in decided.stages:
        raw, uses = state.file(f"evidence/{stage.stage}.json"), tuple(stage.uses)
        a, c = state.policies.controls(state.file("policy.toml"), raw, uses)
        asked, caught = asked + a, caught + c
    if not asked:
        found.lack(7, "Controls", "no rule of this policy asks for a planted leak to be caught")
        return
    found.hold(
        7,
        "Controls",
        f"{caught} of {asked} planted leaks that rules ask for were caught; step 6 "
        "refuses a use for which one was not",
    )


def _attempts(state: Reading, found: Verification) -> None:
    made = there(state.provenance)
    check_attempts(
        state.shown, candidate=made.candidate, attempts=made.attempts, openings=made.openings
    )
    found.hold(
        8,
        "Attempts",
        f"all {made.attempts} at these persons and {made.openings} openings of their sealed part "
        "are in the ledger",
    )


def _budget(state: Reading, found: Verification) -> None:
    privacy = there(state.provenance).privacy
    if privacy is None:
        found.lack(9, "Privacy budget", "no differential privacy is claimed")
        return
    privacy.check()
    looks = len(privacy.charges)
    found.hold(9, "Privacy budget", f"{privacy.sentence}: {looks} looks at the rows add up to it")
    found.leave("Differential privacy", "; ".join((*privacy.not_covered, *privacy.assumptions)))


def _waivers(state: Reading, found: Verification) -> None:
    if not state.waivers:
        found.lack(10, "Waivers", "none")
        return
    rules = ", ".join(w.rule for w in state.waivers)
    until = there(state.decided).expires
    found.hold(10, "Waivers", f"{rules}: signed by who may, until {until}")


def _boundary(state: Reading, found: Verification) -> None:
    card = state.file("card.md").decode("utf-8", "replace")
    decided = there(state.decided)
    for what, digest in (("rows", decided.candidate), ("policy", decided.policy)):
        if digest not in card:
            raise IntegrityError(f"card.md is about another {what}: it lacks {digest[:16]}")
    leaks = leaks_of(state.files)
    if leaks:
        shown = "; ".join(f"{leak} ({leak.remedy})" for leak in leaks[:5])
        more = f"; and {len(leaks) - 5} more" if len(leaks) > 5 else ""
        raise IntegrityError(f"this release gives away what must not leave: {shown}{more}")
    found.hold(12, "Boundary", "the card is about these rows; none of the known accidental leaks")


def _about(stage: StageDecided | CrossFitDecided, found: Verification) -> None:
    if isinstance(stage, CrossFitDecided):
        found.leave(
            "Claims about these exact rows",
            f"cross-fitted: the verdicts are about {stage.about}. {stage.refits} refits were held "
            "against people they had not seen; these rows were fitted to everybody",
        )


def _again(state: Reading, stage: StageDecided | CrossFitDecided) -> dict[str, str]:
    raw, decided = state.file(f"evidence/{stage.stage}.json"), there(state.decided)
    policy, uses = state.file("policy.toml"), tuple(stage.uses)
    again = state.policies.rejudge(
        policy, raw, uses, decided.candidate, state.waivers, decided.gate
    )
    if again != stage.uses:
        raise IntegrityError(
            f"judging the {stage.stage} evidence again gives {again}, not {stage.uses}"
        )
    return again


def _agree(decided: Decided, released: Released, final: dict[str, str]) -> None:
    if decided.uses != final:
        raise IntegrityError(f"the evidence gives {final}, the decision says {decided.uses}")
    approved = {u for u, s in final.items() if s == "approved"}
    if set(released.approved) != approved or set(released.not_approved) != set(final) - approved:
        raise IntegrityError("the release is approved for other uses than the decision says")
    if not approved:
        raise IntegrityError("no use is approved, so this is no release")


def _earlier(state: Reading, decided: Decided, found: Verification) -> None:
    said = ThreatModel.parse(state.file("threat.json")).earlier
    if said != len(decided.earlier):
        raise IntegrityError(
            f"the threat model has {said} earlier releases, the decision {len(decided.earlier)}"
        )
    listed = ", ".join(digest[:16] for digest in decided.earlier) or "none on record"
    together = f"of the same people, attacked together with these rows: {listed}"
    found.hold(4, "Earlier releases", together)


_CHECKS: tuple[tuple[int, str, Callable[[Reading, Verification], None]], ...] = (
    (2, "Files", _manifest),
    (1, "Signer", _signer),
    (3, "Signed statements", _statements),
    (4, "Chain of digests", _chain),
    (6, "Verdicts", _verdicts),
    (3, "Approvals", _people),
    (5, "Ledger", _log),
    (7, "Controls", _controls),
    (8, "Attempts", _attempts),
    (9, "Privacy budget", _budget),
    (10, "Waivers", _waivers),
    (12, "Boundary", _boundary),
)
