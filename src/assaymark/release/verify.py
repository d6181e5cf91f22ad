"""Verify: does a release hold together, from its bytes alone? No I/O, no data-science library."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from assaymark.core.document import sha256
from assaymark.core.evidence import Evidence
from assaymark.core.threat import ThreatModel
from assaymark.errors import IntegrityError
from assaymark.release.approved import APPROVALS, ROLES, check_approved
from assaymark.release.boundary import leaks_of
from assaymark.release.build import MANIFEST, RELEASE
from assaymark.release.envelope import fingerprint_of, open_envelope
from assaymark.release.logged import LOG_ENTRY, LOG_FILES, LOG_PROOF, check_logged
from assaymark.release.predicates import (
    CrossFitDecided,
    Decided,
    Manifest,
    Provenance,
    Released,
)
from assaymark.release.statement import read_statement
from assaymark.release.waived import check_waived

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from assaymark.core.waiver import Waiver
    from assaymark.release.predicates import StageDecided

__all__ = ["Check", "Verification", "verify"]

_NOT_VERIFIED = (
    (
        "Truth of the measurements",
        "they were computed from real rows, which only the holder of the source can look at",
    ),
    ("The person behind the key", "a key proves the same signer, not who that is"),
    (
        "The rest of the ledger",
        "its owner proves with `assaymark ledger prove --since` that it only grew",
    ),
    ("Attacks outside the threat model", "threat.json says what was not covered"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was checked, or that cannot be."""

    title: str
    outcome: Literal["ok", "FAILED", "not checked"]
    said: str = ""


@dataclass(slots=True)
class Verification:
    """All checks, and what the release is approved for if they hold."""

    checks: list[Check] = field(default_factory=list)
    uses: dict[str, str] = field(default_factory=dict)
    signer: str = ""
    self_attested: bool = True

    @property
    def ok(self) -> bool:
        """Whether everything that could be checked holds."""
        return bool(self.checks) and all(c.outcome != "FAILED" for c in self.checks)

    def hold(self, title: str, said: str = "") -> None:
        """Record that something holds."""
        self.checks.append(Check(title=title, outcome="ok", said=said))

    def leave(self, title: str, said: str) -> None:
        """Record that something was not checked, and why."""
        self.checks.append(Check(title=title, outcome="not checked", said=said))


def verify(
    files: Mapping[str, bytes],
    *,
    trusted: Sequence[str],
    rejudge: Callable[[bytes, bytes, Sequence[str], str, Sequence[Waiver]], dict[str, str]],
    needed: Callable[[bytes], Mapping[str, int]] = lambda _: {},
) -> Verification:
    """Check a release given as paths and bytes; stops at the first thing that does not hold.

    ``trusted`` are fingerprints of keys known in another way; where there are none, the check of
    the signer stays open. ``rejudge`` judges evidence by a policy, both as bytes; ``needed`` says
    how many persons of each role a policy asks for.
    """
    found = Verification()
    steps = (_manifest, _signer, _statements, _decision, _people, _log, _boundary)
    state = _State(files=files, trusted=tuple(trusted), rejudge=rejudge, needed=needed)
    for step in steps:
        try:
            step(state, found)
        except IntegrityError as error:
            title = _TITLES[step.__name__]
            found.checks.append(Check(title=title, outcome="FAILED", said=str(error)))
            found.uses = {}
            return found
    for title, why in _NOT_VERIFIED:
        found.leave(title, why)
    return found


_TITLES = {
    "_manifest": "Files",
    "_signer": "Signer",
    "_statements": "Signed statements",
    "_people": "Approvals",
    "_log": "Ledger",
    "_boundary": "Boundary",
    "_decision": "Decision",
}


@dataclass(slots=True)
class _State:
    files: Mapping[str, bytes]
    trusted: tuple[str, ...]
    rejudge: Callable[[bytes, bytes, Sequence[str], str, Sequence[Waiver]], dict[str, str]]
    needed: Callable[[bytes], Mapping[str, int]]
    keys: dict[str, bytes] = field(default_factory=dict)
    manifest: Manifest | None = None
    released: Released | None = None
    provenance: Provenance | None = None
    decided: Decided | None = None
    waivers: tuple[Waiver, ...] = ()


def _manifest(state: _State, found: Verification) -> None:
    for path, raw in state.files.items():
        if path.startswith("keys/"):
            state.keys[_name_of(path)] = _public(path, raw)
    subjects, predicate = read_statement(*_opened(state, RELEASE, "release", found))
    if subjects != {MANIFEST: sha256(_file(state, MANIFEST))}:
        raise IntegrityError("the manifest is not the one that was signed")
    state.manifest = Manifest.parse(_file(state, MANIFEST))
    if state.manifest.canonical() != _file(state, MANIFEST):
        raise IntegrityError("the manifest is not in canonical form")
    state.released = Released.parse(predicate)
    listed = {f.path: f for f in state.manifest.files}
    _same_files(set(listed) | {MANIFEST, RELEASE} | LOG_FILES, set(state.files))
    for path, entry in listed.items():
        raw = state.files[path]
        if sha256(raw) != entry.sha256 or len(raw) != entry.size:
            raise IntegrityError(f"{path} was altered")
    found.hold("Files", f"all {len(state.files)} files are as they were signed, none is extra")


def _same_files(wanted: set[str], there: set[str]) -> None:
    if wanted - there:
        raise IntegrityError(f"files are missing: {', '.join(sorted(wanted - there))}")
    if there - wanted:
        raise IntegrityError(
            f"files that the manifest does not list: {', '.join(sorted(there - wanted))}"
        )


def _signer(state: _State, found: Verification) -> None:
    if len(state.keys) != 1:
        raise IntegrityError(f"the release carries {len(state.keys)} keys, one is expected")
    (found.signer,) = state.keys
    if not state.trusted:
        found.leave("Signer", f"no key was given to compare with; this one is {found.signer}")
    elif found.signer in state.trusted:
        found.hold("Signer", f"{found.signer} is a key that you trust")
    else:
        raise IntegrityError(f"{found.signer} is not among the keys that you trust")


def _statements(state: _State, found: Verification) -> None:
    rows = {p: sha256(raw) for p, raw in state.files.items() if p.endswith(".parquet")}
    for name in ("provenance", "decision"):
        path = f"attestations/{name}.dsse.json"
        subjects, predicate = read_statement(*_opened(state, path, name, found))
        if subjects != rows:
            raise IntegrityError(f"the {name} is about other rows than these")
        if name == "provenance":
            state.provenance = Provenance.parse(predicate)
        else:
            state.decided = Decided.parse(predicate)
    found.hold("Signed statements", "provenance, decision and release are signed by the same key")
    if state.provenance is not None and state.provenance.model:
        found.leave(
            "The fitted model", f"its file stays with the issuer; SHA-256 {state.provenance.model}"
        )


def _people(state: _State, found: Verification) -> None:
    if state.decided is None or state.decided.self_attested:
        if any(p.startswith(APPROVALS) or p == ROLES for p in state.files):
            raise IntegrityError("the decision is self-attested, and the release has approvals")
        if tomllib.loads(_file(state, "policy.toml").decode()).get("require_second_person"):
            raise IntegrityError("self-attested, and the policy requires a second person")
        found.hold("Second person", "self-attested, no second person")
        return
    unsigned = {MANIFEST, RELEASE, *LOG_FILES}
    people, signed = check_approved(
        {p: raw for p, raw in state.files.items() if p not in unsigned},
        author=found.signer,
        needed=state.needed(_file(state, "policy.toml")),
        made_at=state.decided.made_at,
    )
    said = ", ".join(sorted({a.role.replace("_", " ") for _, a in signed}))
    found.hold("Approvals", f"approved as {said}; not by who made it; {len(people.persons)} people")
    found.leave("Root of the role file", "no key of a root person was given to compare with")


def _log(state: _State, found: Verification) -> None:
    entry, head = check_logged(
        _file(state, LOG_ENTRY),
        _file(state, LOG_PROOF),
        statement=sha256(_file(state, RELEASE)),
        signer=found.signer,
        public=state.keys[found.signer],
    )
    found.hold(
        "Ledger", f"entry {entry.index} of {entry.time}, under a checkpoint of {head.size} entries"
    )


def _decision(state: _State, found: Verification) -> None:
    made, decided, released = state.provenance, state.decided, state.released
    if made is None or decided is None or released is None:
        raise IntegrityError("a statement is missing")
    digests = [sha256(state.files[p]) for p in _rows_in_order(state)]
    candidate = sha256("\n".join(digests).encode())
    if {made.candidate, decided.candidate} != {candidate}:
        raise IntegrityError("the decision is about other rows than these")
    for path, digest in (("policy.toml", decided.policy), ("threat.json", decided.threat)):
        if sha256(_file(state, path)) != digest:
            raise IntegrityError(f"{path} is not the one that was decided by")
    found.hold("Rows", "the decision is about exactly these rows")
    _waivers(state, decided, released, found)
    final: dict[str, str] = {}
    for stage in decided.stages:
        final |= _again(state, stage, candidate)
    confirmed = {u for s in decided.stages if s.stage != "development" for u in s.uses}
    for use, status in final.items():
        if status == "approved" and use not in confirmed:
            final[use] = "inconclusive"  # the development holdout approves nothing
    _agree(decided, released, final)
    _earlier(state, decided, found)
    found.uses, found.self_attested = final, decided.self_attested
    found.hold("Decision", "judging the evidence again by the policy gives the same")
    for stage in decided.stages:
        _about(stage, found)


def _boundary(state: _State, found: Verification) -> None:
    leaks = leaks_of(state.files)
    if not leaks:
        found.hold("Boundary", "none of the known accidental leaks; no proof that there is none")
    for leak in leaks[:5]:
        found.leave("Boundary", f"look at {leak.path}: {leak.rule}: {leak.what}")


def _waivers(state: _State, decided: Decided, released: Released, found: Verification) -> None:
    if decided.expires != released.expires:
        raise IntegrityError("the release ends on another day than the decision says")
    state.waivers = check_waived(state.files, decided, found.signer)
    if state.waivers:
        rules = ", ".join(w.rule for w in state.waivers)
        found.hold("Waivers", f"{rules}: signed by who may, until {decided.expires}")


def _about(stage: StageDecided | CrossFitDecided, found: Verification) -> None:
    if isinstance(stage, CrossFitDecided):
        found.leave(
            "Claims about these exact rows",
            f"cross-fitted: the verdicts are about {stage.about}. {stage.refits} refits were held "
            "against people they had not seen; these rows were fitted to everybody",
        )


def _again(state: _State, stage: StageDecided | CrossFitDecided, candidate: str) -> dict[str, str]:
    raw = _file(state, f"evidence/{stage.stage}.json")
    if sha256(raw) != stage.evidence or Evidence.parse(raw).stage != stage.stage:
        raise IntegrityError(f"the {stage.stage} evidence is not the one decided upon")
    if state.decided is None or Evidence.parse(raw).earlier != state.decided.earlier:
        raise IntegrityError(
            f"the {stage.stage} evidence is about other earlier releases than the decision"
        )
    policy, uses = _file(state, "policy.toml"), tuple(stage.uses)
    again = state.rejudge(policy, raw, uses, candidate, state.waivers)
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


def _earlier(state: _State, decided: Decided, found: Verification) -> None:
    said = ThreatModel.parse(_file(state, "threat.json")).earlier
    if said != len(decided.earlier):
        raise IntegrityError(
            f"the threat model has {said} earlier releases, the decision {len(decided.earlier)}"
        )
    listed = ", ".join(digest[:16] for digest in decided.earlier) or "none on record"
    together = f"of the same people, attacked together with these rows: {listed}"
    found.hold("Earlier releases", together)


def _rows_in_order(state: _State) -> list[str]:
    names = [p for p in state.files if p.startswith("data/") and p.endswith(".parquet")]
    return sorted(names, key=lambda p: (len(p), p))


def _opened(state: _State, path: str, kind: str, found: Verification) -> tuple[bytes, str]:
    payload, signer = open_envelope(_file(state, path), state.keys)
    if found.signer and signer != found.signer:
        raise IntegrityError(f"{path} is signed by another key")
    return payload, kind


def _file(state: _State, path: str) -> bytes:
    if path not in state.files:
        raise IntegrityError(f"{path} is missing")
    return state.files[path]


def _name_of(path: str) -> str:
    return path.removeprefix("keys/").removesuffix(".pub")


def _public(path: str, raw: bytes) -> bytes:
    try:
        public = bytes.fromhex(raw.decode("ascii").removesuffix("\n"))
    except ValueError as error:
        raise IntegrityError(f"{path} is not a public key") from error
    if len(public) != 32 or fingerprint_of(public) != _name_of(path):
        raise IntegrityError(f"{path} is not the key that its name says")
    return public
