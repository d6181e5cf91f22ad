"""Act: what was seen of a release after it was issued, and what its policy makes of that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from assaymark.core.document import Document, sha256
from assaymark.core.notice import Observation
from assaymark.decide.policy import parse_policy, profile_bytes
from assaymark.decide.watch import Seen, fired
from assaymark.errors import InputError
from assaymark.flow.release.log import workspace_at
from assaymark.flow.release.recall import (
    enter,
    notices_of,
    of_workspace,
    standing_of,
    time_now,
    withdraw,
)
from assaymark.release.notices import notice_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from assaymark.core.notice import ReasonClass
    from assaymark.decide.policy import Policy
    from assaymark.decide.watch import Against, Fired
    from assaymark.flow.monitor.watch import Watched
    from assaymark.flow.release.issued import Issued
    from assaymark.store.workspace import Workspace

__all__ = ["Acted", "act", "issuer_of", "seen_in"]

_SHOWN = 3
_FINAL = ("WITHDRAWN", "EXPIRED")


class Acted(Document):
    """What was signed, entry by entry of the policy, and where the release stands since."""

    name: str
    signed: tuple[str, ...]
    standing: str
    note: str = ""


def issuer_of(release: Path, workspace: Path | None) -> Workspace:
    """Return the workspace that issued a release: the one given, or that in which it lies.

    Raises
    ------
    InputError
        When it is neither.
    """
    home = release.resolve().parent.parent
    place = workspace or (home if (home / "ledger.db").exists() else None)
    if place is None:
        raise InputError(
            "only the workspace that issued a release can say so\n\nHint: --workspace FOLDER; "
            "anybody else files a finding: `assaymark release challenge`"
        )
    return workspace_at(place)


def seen_in(found: Watched) -> tuple[Seen, ...]:
    """Return what a monitor saw for certain."""
    against: Against = "source" if found.against == "source" else "released"
    return (
        *(Seen(observe="schema", subject=o, size=1.0, words=o, against=against) for o in found.odd),
        *(
            Seen(
                observe=_kind(a.subject),
                subject=a.subject,
                size=abs(a.after - a.before),
                words=f"{a.subject} ({a.what}: {a.before:.3g} to {a.after:.3g})",
                against=against,
            )
            for a in found.alarms
        ),
    )


def _kind(subject: str) -> Literal["column", "group", "relation"]:
    kinds: dict[str, Literal["column", "group", "relation"]] = {
        "pair": "relation",
        "group": "group",
    }
    return kinds.get(subject.partition(":")[0], "column")


def act(
    workspace: Workspace, name: str, seen: Sequence[Seen], method: str, *, shipped: bool = False
) -> Acted:
    """Do what the policy of a release says of what was seen: sign it, and withdraw if it says so.

    What was signed before is not signed again. Only who issued the release can. With ``shipped``,
    a policy that says nothing of what is seen later is read as the shipped one of its profile.

    Raises
    ------
    UnknownNameError
        When the workspace issued no such release.
    """
    release = of_workspace(workspace, name)
    raw = (release.folder / "policy.toml").read_bytes()
    policy = parse_policy(raw)
    if not policy.watch and shipped:
        other = profile_bytes(policy.profile)
        policy = policy.model_copy(update={"watch": parse_policy(other).watch})
        raw = other
    if not policy.watch:
        note = (
            "nothing was signed: the policy of this release says nothing of what is seen later "
            "([[watch]])\n\nHint: without it, `monitor --degrade` signs an alarm, and `release "
            "withdraw` takes back a release"
        )
        said = standing_of(workspace, release).words
        return Acted(name=name, signed=(), standing=said, note=note)
    found = tuple(fired(policy.watch, seen))
    signed = tuple(_signed(workspace, release, policy, sha256(raw), found, method))
    note = "" if found or not seen else "the policy lets that pass"
    return Acted(
        name=name, signed=signed, standing=standing_of(workspace, release).words, note=note
    )


def _signed(
    workspace: Workspace,
    release: Issued,
    policy: Policy,
    digest: str,
    found: Sequence[Fired],
    method: str,
) -> Iterator[str]:
    name, key = release.folder.name, workspace.key()
    for f in found:
        if standing_of(workspace, release).status in _FINAL:
            return
        said = [s.words for s in f.seen]
        more = [f"and {len(said) - _SHOWN} more"] if len(said) > _SHOWN else []
        made = Observation(
            release=release.manifest,
            name=name,
            watch=f.watch.id,
            policy=digest,
            observe=f.watch.observe,
            seen=(*said[:_SHOWN], *more),
            method=method,
            then=f.watch.then,
            verdicts=f.verdicts,
            uses=_uses(policy, f.verdicts, release.released.approved),
            made_at=time_now(),
        )
        if not _is_known(made, workspace, release):
            enter(workspace, name, notice_bytes(made, key.sign, key.fingerprint), "observation")
            yield f"{f.watch.then.replace('_', ' ')} ({f.watch.id}): {f.watch.title}"
        if f.watch.then == "withdrawn":
            withdraw(workspace, name, _reason(f), "; ".join(made.seen))


def _uses(policy: Policy, verdicts: Sequence[str], approved: Sequence[str]) -> tuple[str, ...]:
    blocking = [r for r in policy.rule if r.id in verdicts and r.severity == "block"]
    return tuple(u for u in approved if any(u in r.uses for r in blocking))


def _is_known(made: Observation, workspace: Workspace, release: Issued) -> bool:
    return any(
        isinstance(n, Observation)
        and (n.watch, n.then) == (made.watch, made.then)
        and set(made.verdicts) <= set(n.verdicts)
        for _, n in notices_of(workspace, release)
    )


def _reason(f: Fired) -> ReasonClass:
    return "privacy" if f.watch.observe.startswith("attack") else "quality"
