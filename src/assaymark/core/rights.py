"""Rights: what the owner of a source allows, and what holds where several terms meet."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

from pydantic import field_validator

from assaymark.core.document import Document
from assaymark.errors import RecipeError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DUO", "USES", "OdrlRule", "Rights", "combined", "narrowed"]

USES = ("policy_simulation", "analytics", "pretraining")
DUO = {
    "DUO:0000004": "no restriction",
    "DUO:0000006": "health, medical or biomedical research",
    "DUO:0000007": "research of one disease",
    "DUO:0000011": "population origins or ancestry research only",
    "DUO:0000012": "research specific restrictions",
    "DUO:0000015": "no general methods research",
    "DUO:0000016": "genetic studies only",
    "DUO:0000018": "not for profit, non commercial use only",
    "DUO:0000019": "results must be published",
    "DUO:0000020": "collaboration with the source's investigators",
    "DUO:0000021": "approval of an ethics committee",
    "DUO:0000022": "geographical restriction",
    "DUO:0000024": "publication moratorium",
    "DUO:0000025": "time limit on use",
    "DUO:0000026": "approved users only",
    "DUO:0000027": "approved project only",
    "DUO:0000028": "approved institutions only",
    "DUO:0000029": "derived data returned to the source",
    "DUO:0000042": "general research use",
    "DUO:0000043": "clinical care use",
    "DUO:0000044": "no population origins or ancestry research",
    "DUO:0000045": "not for profit organisations only",
    "DUO:0000046": "non commercial use only",
}
"""Terms of the Data Use Ontology, by their codes."""

_NO_LIMIT, _TIME_LIMIT = "DUO:0000004", "DUO:0000025"
_NOT_FOR_PROFIT = ("DUO:0000018", "DUO:0000046")
_PROFIT = {"sell", "commercialize"}
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_T = TypeVar("_T")


class OdrlRule(Document):
    """One rule of an ODRL policy; every action here is about the source and what it yields."""

    rule: Literal["permission", "prohibition", "duty"]
    action: Literal[
        "use",
        "read",
        "derive",
        "distribute",
        "modify",
        "aggregate",
        "anonymize",
        "reproduce",
        "sell",
        "commercialize",
        "attribute",
        "inform",
        "delete",
    ]


class Rights(Document):
    """What the owner says may be done with the source; needed for a release, never for a draft.

    ``licence`` is an SPDX expression; ``basis`` the law, consent or contract. ``purposes`` are the
    uses that are allowed (empty: all that are not ``prohibited``). ``expires`` is the last day of
    use, ``retention`` the last day on which the source may be kept, as ISO dates. ``tdm_reserved``
    says that text and data mining was reserved: no pretraining unless it is among the purposes.
    """

    LATER: ClassVar[tuple[str, ...]] = (
        "prohibited",
        "consent",
        "duo",
        "odrl",
        "tdm_reserved",
        "ip_columns",
        "retention",
        "expires",
        "contact",
    )

    owner: str = ""
    licence: str = ""
    basis: str = ""
    purposes: tuple[str, ...] = ()
    attribution: str = ""
    prohibited: tuple[str, ...] = ()
    consent: str = ""
    duo: tuple[str, ...] = ()
    odrl: tuple[OdrlRule, ...] = ()
    tdm_reserved: bool = False
    ip_columns: tuple[str, ...] = ()
    retention: str = ""
    expires: str = ""
    contact: str = ""

    @field_validator("retention", "expires", mode="before")
    @classmethod
    def _dates(cls, value: object) -> object:
        return value.isoformat() if type(value) is date else value

    def check(self) -> None:
        """Refuse terms that nobody knows, or that contradict each other.

        Raises
        ------
        RecipeError
            When two terms cannot both hold; UnknownNameError where one has no known name.
        """
        where = "[source.rights]"
        for name in ("purposes", "prohibited"):
            for use in getattr(self, name):
                if use not in USES:
                    raise UnknownNameError(
                        "purpose" if name == "purposes" else "prohibited purpose", use, USES, where
                    )
        for code in self.duo:
            if code not in DUO:
                raise UnknownNameError("DUO term", code, DUO, where)
        for name in ("retention", "expires"):
            _day(getattr(self, name), name)
        said = next(self._contradictions(), None)
        if said:
            raise RecipeError(f"the terms in {where} contradict each other: {said}")

    def _contradictions(self) -> Iterator[str]:
        both = sorted(set(self.purposes) & set(self.prohibited))
        if both:
            yield f"{both[0]} is among purposes and among prohibited\n\nHint: strike one of the two"
        if _NO_LIMIT in self.duo and (self.purposes or self.prohibited or len(self.duo) > 1):
            yield f"{_NO_LIMIT} says no restriction, and others are given\n\nHint: strike it"
        if _TIME_LIMIT in self.duo and not self.expires:
            yield f'{_TIME_LIMIT} says a time limit\n\nHint: give it as expires = "2030-12-31"'
        said = {r: {o.action for o in self.odrl if o.rule == r} for r in ("permission", "duty")}
        banned = {o.action for o in self.odrl if o.rule == "prohibition"}
        clash = sorted(banned & (said["permission"] | said["duty"]))
        if clash:
            yield f"ODRL action {clash[0]!r} is prohibited and allowed\n\nHint: strike one"
        if "use" in banned and said["permission"]:
            allowed = min(said["permission"])
            yield f"ODRL prohibits every use, and allows to {allowed}\n\nHint: strike one"
        free = next((code for code in _NOT_FOR_PROFIT if code in self.duo), "")
        if free and said["permission"] & _PROFIT:
            yield f"{free} rules out profit, and ODRL allows to sell\n\nHint: strike one"
        if "commercialize" in banned and "sell" in said["permission"]:
            yield "ODRL prohibits to commercialize, and allows to sell\n\nHint: strike one"

    @property
    def banned(self) -> frozenset[str]:
        """The ODRL actions that are prohibited."""
        return frozenset(o.action for o in self.odrl if o.rule == "prohibition")

    def allows(self, use: str) -> str:
        """Return why ``use`` is not allowed, or nothing where it is."""
        if self.purposes and use not in self.purposes:
            return f"the source's rights allow {', '.join(self.purposes)}, not {use}"
        if use in self.prohibited:
            return f"the source's rights prohibit {use}"
        if use == "pretraining" and self.tdm_reserved and use not in self.purposes:
            return "text and data mining is reserved, which rules out pretraining"
        return ""

    def ended(self, today: date) -> str:
        """Return which of the dates has passed, in words, or nothing."""
        for name, said in (("expires", "may not be used"), ("retention", "may not be kept")):
            day = getattr(self, name)
            if day and date.fromisoformat(day) < today:
                return f"the source {said} after {day}"
        return ""


def _day(text: str, name: str) -> None:
    if text and not _ISO.fullmatch(text):
        raise _no_day(text, name)
    try:
        if text:
            date.fromisoformat(text)
    except ValueError as error:
        raise _no_day(text, name) from error


def _no_day(text: str, name: str) -> RecipeError:
    return RecipeError(
        f'{name} in [source.rights] is {text!r}, not a date\n\nHint: {name} = "2030-12-31"'
    )


def narrowed(registered: Rights, said: Rights) -> Rights:
    """Return the terms of one source that was registered, and that a recipe speaks of too.

    A recipe may add terms and narrow them, never take one away.
    """
    texts = {n: getattr(registered, n) or getattr(said, n) for n in _TEXTS}
    return Rights.model_validate({**texts, **_narrow(registered, said)})


def combined(one: Rights, other: Rights) -> Rights:
    """Return the terms of rows that come from two sources: the most restrictive of each.

    An owner, or a licence or basis, that is missing for one source is missing for both.
    """
    texts = {n: _joined(getattr(one, n), getattr(other, n), "; ") for n in _TEXTS}
    if not (one.owner and other.owner):
        texts["owner"] = ""
    if not all(r.licence or r.basis for r in (one, other)):
        texts |= {"licence": "", "basis": ""}
    else:
        texts["licence"] = _joined(one.licence, other.licence, " AND ")
    return Rights.model_validate({**texts, **_narrow(one, other)})


_TEXTS = ("owner", "licence", "basis", "attribution", "consent", "contact")


def _narrow(one: Rights, other: Rights) -> dict[str, object]:
    purposes = one.purposes or other.purposes
    if one.purposes and other.purposes:
        purposes = tuple(p for p in one.purposes if p in other.purposes)
    nothing = bool(one.purposes and other.purposes and not purposes)
    prohibited = USES if nothing else _union(one.prohibited, other.prohibited)
    duo = _union(one.duo, other.duo)
    allowed = tuple(p for p in purposes if p not in prohibited)
    if purposes and not allowed:
        prohibited = USES
    banned = set(one.banned | other.banned)
    if banned & {"commercialize"} or set(duo) & set(_NOT_FOR_PROFIT):
        banned |= _PROFIT
    rules = () if "use" in banned else _union(one.odrl, other.odrl)
    rules = _union(rules, tuple(r for r in (*one.odrl, *other.odrl) if r.rule == "prohibition"))
    return {
        "purposes": allowed,
        "prohibited": prohibited,
        "duo": tuple(d for d in duo if d != _NO_LIMIT) if len(duo) > 1 else duo,
        "odrl": tuple(r for r in rules if r.rule == "prohibition" or r.action not in banned),
        "tdm_reserved": one.tdm_reserved or other.tdm_reserved,
        "ip_columns": _union(one.ip_columns, other.ip_columns),
        "retention": _earliest(one.retention, other.retention),
        "expires": _earliest(one.expires, other.expires),
    }


def _union(one: tuple[_T, ...], other: tuple[_T, ...]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _earliest(*days: str) -> str:
    return min((d for d in days if d), default="")


def _joined(one: str, other: str, between: str) -> str:
    return between.join(dict.fromkeys(t for t in (one, other) if t))
