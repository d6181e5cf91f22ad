"""Watch: what a policy makes of what is seen of a release after it was issued."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, get_args

from pydantic import Field, model_validator

from assaymark.core.document import Document
from assaymark.core.notice import Observe, Then

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Against", "Fired", "Seen", "Watch", "fired"]

Against = Literal["source", "released", ""]

_ORDER: tuple[Then, ...] = get_args(Then)
_OF_A_RULE = ("attack_succeeds", "attack_open")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One thing that was seen for certain.

    ``subject`` is as a monitor names it (``column:age``, ``rule:no-exact-copies``), ``size`` how
    large it is in the unit of its kind, ``against`` what it was held against, if anything.
    """

    observe: Observe
    subject: str
    size: float
    words: str
    against: Against = ""


class Watch(Document):
    """What follows from one kind of observation; ``then`` from the mildest on.

    ``stale`` makes the verdicts of ``rules`` STALE, and with them the uses they block;
    ``degraded`` and ``recommend_withdrawal`` end its use until it is issued anew; ``withdrawn``
    withdraws it for good. Of ``column``, ``group`` and ``relation`` the size is by how much a
    share of rows changed; of ``performance`` by how much a model's accuracy or AUC fell for
    certain; of ``collapse`` which part of spread or variety was lost. What an attack has shown
    is by ``subject``: ``rule:ID``, and the rule of that id is the one that becomes STALE.
    """

    id: str
    observe: Observe
    against: Literal["source", "released", "either"] = "either"
    subject: str = "*"
    at_least: float = Field(default=0.0, ge=0.0, allow_inf_nan=False)
    then: Then
    rules: tuple[str, ...] = ()
    title: str
    why: str
    remedy: str
    origin: str = "proposal"

    @model_validator(mode="after")
    def _whole(self) -> Watch:
        if self.then == "stale" and not self.rules and self.observe not in _OF_A_RULE:
            raise ValueError(f"watch {self.id!r}: rules names the verdicts that become STALE")
        if self.then != "stale" and self.rules:
            raise ValueError(f'watch {self.id!r}: rules go with then = "stale" only')
        return self

    def sees(self, seen: Seen) -> bool:
        """Whether this entry is about what was seen."""
        return (
            seen.observe == self.observe
            and self.against in {"either", seen.against or self.against}
            and fnmatchcase(seen.subject, self.subject)
            and seen.size >= self.at_least
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """An entry of a policy, and all that was seen of what it is about."""

    watch: Watch
    seen: tuple[Seen, ...]

    @property
    def verdicts(self) -> tuple[str, ...]:
        """Ids of the rules whose verdicts become STALE."""
        if self.watch.then != "stale":
            return ()
        named = (s.subject.removeprefix("rule:") for s in self.seen)
        return self.watch.rules or tuple(dict.fromkeys(named))


def fired(watches: Sequence[Watch], seen: Iterable[Seen]) -> tuple[Fired, ...]:
    """Return the entries that something was seen of, the gravest first."""
    every = tuple(seen)
    found = [Fired(watch=w, seen=about) for w in watches if (about := tuple(filter(w.sees, every)))]
    return tuple(sorted(found, key=lambda f: -_ORDER.index(f.watch.then)))
