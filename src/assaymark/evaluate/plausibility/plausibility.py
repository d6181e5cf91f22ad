"""Plausibility: synthetic records that cannot exist, or that exist too often."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import NO_SUBJECT, Measurement, Quantity
from assaymark.core.registry import component
from assaymark.errors import InputError
from assaymark.evaluate.breaches import breaches_of
from assaymark.evaluate.features import NO_HOLDOUT
from assaymark.evaluate.groups import banded, groups_of
from assaymark.evaluate.statistics import Z, clopper_pearson, mean_variance, persons_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.measurement import Json
    from assaymark.core.plausibility import RuleSpec
    from assaymark.core.streams import Streams
    from assaymark.evaluate.groups import Group

__all__ = ["Plausibility"]

HARD, RATE = "plausibility.hard", "plausibility.rate"
EXCESS, REAL, GROUP = "plausibility.soft_excess", "plausibility.real", "plausibility.group_rate"
MARGIN = 0.02
_MISSED, _FEWEST, _MEMBERS = 0.04, 10, 30
_UNDECLARED = "the recipe declares no {} plausibility rule"
_FEW = "so few rows cannot show that no more than two in a hundred break any soft rule besides"


@component
class Plausibility:
    """Records that break the rules of the recipe: impossible ones, and improbable ones.

    A rule that is ``hard`` is broken by no record: all rows of all replicates are looked at, and
    counted, which leaves nothing unsure about them; the exact upper end of the rate is what more
    rows of the same kind may have. For a ``soft`` rule the rate among synthetic rows is held
    against that among real ones (train and holdout, persons counted once), since real records
    break rules too. It is judged where rows that are right would be shown to be within two in a
    hundred for all soft rules at once in 96 of 100 evaluations. Rows are looked at by another path
    than the one that keeps a generator from drawing them.

    Rates are of the rows that a rule is about. Real rates below ten people are withheld. Nothing
    is looked for that nobody declared.

    References
    ----------
    Clopper & Pearson (1934), The use of confidence or fiducial limits.
    Agresti & Caffo (2000), Simple and effective confidence intervals for proportions and
    differences of proportions.
    """

    single: ClassVar[bool] = True
    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=HARD,
            title="Records that cannot exist",
            unit="rows",
            better="lower",
            meaning="How many of all synthetic rows break a rule that no record may break.",
        ),
        Quantity(
            name=RATE,
            title="Share of synthetic rows that break a rule",
            unit="share of rows",
            better="lower",
            meaning="Share of the synthetic rows that the rule is about and that break it.",
            gate=False,
            why_not="real rows break rules too: judge the count of impossible rows or the excess",
        ),
        Quantity(
            name=EXCESS,
            title="Improbable records beyond those of the real rows",
            unit="difference of shares",
            better="lower",
            meaning="Share of synthetic rows that break the rule, less that of the real rows.",
        ),
        Quantity(
            name=REAL,
            title="Share of real rows that break a rule",
            unit="share of rows",
            better="lower",
            meaning="Share of the real rows that the rule is about and that break it.",
            gate=False,
            why_not="it says nothing of synthetic rows",
        ),
        Quantity(
            name=GROUP,
            title="Share of a group's synthetic rows that break a rule",
            unit="share of rows",
            better="lower",
            meaning="Share of the synthetic rows of a protected group that break the rule.",
            gate=False,
            why_not="groups are looked at after the fact: judge the rule over everybody",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:  # noqa: ARG002
        """Yield counts, rates and excess for each rule, real rates only for a table alone."""
        rules = case.questions.plausibility
        found: list[_Seen] = []
        for rule in rules:
            try:
                found.append(_seen(rule, case))
            except InputError as error:
                said = str(error).partition("\n")[0]
                name = HARD if rule.severity == "hard" else EXCESS
                yield Measurement.missing(name, said, f"rule:{rule.name}")
        for seen in found:
            yield from _real(seen)
            if case.synthetics:
                yield from _made(seen)
        yield from _excesses([s for s in found if s.rule.severity == "soft"], case)
        yield from _by_group([s for s in found if s.hits], case)
        for name, severity in ((HARD, "hard"), (EXCESS, "soft"), (RATE, ""), (REAL, "")):
            if not any(not severity or r.severity == severity for r in rules):
                said = _UNDECLARED.format(severity).replace("no  ", "no ")
                yield Measurement.missing(name, said, NO_SUBJECT)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seen:
    """One rule on both sides: who breaks it, of the rows that it is about."""

    rule: RuleSpec
    real: tuple[NDArray[np.bool_], ...]
    real_about: tuple[NDArray[np.bool_], ...]
    real_persons: int
    real_breakers: int
    made: tuple[NDArray[np.bool_], ...]
    made_about: tuple[NDArray[np.bool_], ...]

    @property
    def subject(self) -> str:
        return f"rule:{self.rule.name}"

    @property
    def hits(self) -> int:
        return sum(int(m.sum()) for m in self.made)

    @property
    def n(self) -> int:
        return sum(int(m.sum()) for m in self.made_about)

    @property
    def real_rate(self) -> float:
        about = sum(int(r.sum()) for r in self.real_about)
        return sum(int(r.sum()) for r in self.real) / about if about else 0.0

    @property
    def shown(self) -> float | None:
        """The real rate, where it points at nobody."""
        return self.real_rate if self.real_breakers == 0 or self.real_breakers >= _FEWEST else None

    @property
    def details(self) -> dict[str, Json]:
        rule = self.rule
        return {
            "rule": rule.name,
            "kind": rule.kind,
            "severity": rule.severity,
            "who": rule.who,
            "source": rule.source,
            "version": rule.version,
            "real_rate": None if self.shown is None else round(self.shown, 4),
        }


def _real_parts(case: Case) -> list[Dataset]:
    return [d for d in (case.train, case.holdout) if d is not None]


def _seen(rule: RuleSpec, case: Case) -> _Seen:
    parts = _real_parts(case)
    real = [breaches_of(rule, d) for d in parts]
    made = [breaches_of(rule, d) for d in case.synthetics]
    return _Seen(
        rule=rule,
        real=tuple(b.broken for b in real),
        real_about=tuple(b.about for b in real),
        real_persons=sum(_people(d, b.about) for d, b in zip(parts, real, strict=True)),
        real_breakers=sum(_people(d, b.broken) for d, b in zip(parts, real, strict=True)),
        made=tuple(b.broken for b in made),
        made_about=tuple(b.about for b in made),
    )


def _people(data: Dataset, rows: NDArray[np.bool_]) -> int:
    return persons_in(None if data.persons is None else data.persons[rows], int(rows.sum()))


def _real(seen: _Seen) -> Iterator[Measurement]:
    if not seen.real_persons:
        yield Measurement.missing(REAL, "the rule is about no real row", seen.subject)
        return
    if seen.shown is None:
        said = f"fewer than {_FEWEST} real people break it, and how many is not shown"
        yield Measurement.missing(REAL, said, seen.subject, n=banded(seen.real_persons))
        return
    hits = round(seen.real_rate * seen.real_persons)
    value, low, high = clopper_pearson(hits, seen.real_persons)
    yield Measurement(
        metric=REAL,
        subject=seen.subject,
        value=value,
        low=low,
        high=high,
        n=max(banded(seen.real_persons), 1),
        details=seen.details,
    )


def _made(seen: _Seen) -> Iterator[Measurement]:
    rows = sum(len(m) for m in seen.made)
    if not rows:
        names = (RATE, HARD) if seen.rule.severity == "hard" else (RATE,)
        yield from (
            Measurement.missing(n, "there are no synthetic rows", seen.subject) for n in names
        )
        return
    rate = clopper_pearson(seen.hits, seen.n)
    if seen.rule.severity == "hard":
        details = {**seen.details, "rate": round(rate.value, 6), "rate_high": round(rate.high, 6)}
        yield Measurement(
            metric=HARD, subject=seen.subject, value=float(seen.hits), n=rows, details=details
        )
    if not seen.n:
        yield Measurement.missing(RATE, "the rule is about no synthetic row", seen.subject)
        return
    yield Measurement(
        metric=RATE,
        subject=seen.subject,
        value=rate.value,
        low=rate.low,
        high=rate.high,
        n=seen.n,
        floor=seen.shown,
        details=seen.details,
    )


def _excesses(soft: Sequence[_Seen], case: Case) -> Iterator[Measurement]:
    """Yield the excess of the soft rules that can be judged, and say so where none can."""
    if not soft or not case.synthetics:
        return
    if case.holdout is None:
        yield Measurement.missing(EXCESS, NO_HOLDOUT, "rule:*")
        return
    ideal = sorted((_error(s, case, ideal=True), i) for i, s in enumerate(soft))
    judged: set[int] = set()
    for k in range(len(ideal), 0, -1):
        reach = Z + NormalDist().inv_cdf(1 - _MISSED / k)
        if reach * ideal[k - 1][0] <= MARGIN:
            judged = {i for _, i in ideal[:k]}
            break
    for i in sorted(judged):
        seen = soft[i]
        if not seen.n:
            reason = "the rule is about no synthetic row"
            yield Measurement.missing(EXCESS, reason, seen.subject)
            continue
        value = seen.hits / seen.n - seen.real_rate
        wide = Z * _error(seen, case, ideal=False)
        yield Measurement(
            metric=EXCESS,
            subject=seen.subject,
            value=value,
            low=value - wide,
            high=value + wide,
            n=max(banded(seen.real_persons), 1),
            floor=0.0,
            details=seen.details,
        )
    if not judged:
        yield Measurement.missing(EXCESS, _FEW, NO_SUBJECT)


def _error(seen: _Seen, case: Case, *, ideal: bool) -> float:
    """Return the error of an excess; ``ideal``, had the synthetic rows the real rate.

    Ideally the real rate is as high as it may be by one error more, so that a rule is not judged
    because few real rows happened to break it. One row that breaks the rule and one that does not
    are added on either side.
    """
    n, share = seen.real_persons, seen.real_rate
    near = (share * n + 1) / (n + 2)
    real = near * (1 - near) / (n + 2)
    parts = _real_parts(case)
    if any(d.persons is not None for d in parts) and n > 1:
        about = sum(int(a.sum()) for a in seen.real_about)
        clustered = 0.0
        for d, b, a in zip(parts, seen.real, seen.real_about, strict=True):
            own = np.where(a, b - share, 0.0)[a]
            persons = None if d.persons is None else d.persons[a]
            if len(own) > 1:
                clustered += mean_variance(own, persons) * (len(own) / about) ** 2
        real = max(real, clustered) if math.isfinite(clustered) else real
    rows = sum(len(m) for m in seen.made)
    m = seen.n
    if ideal:
        told = sum(len(a) for a in seen.real_about)
        m = round(rows * sum(int(a.sum()) for a in seen.real_about) / told) if told else 0
    rate = min(share + math.sqrt(real), 0.5) if ideal else seen.hits / max(m, 1)
    theirs = (rate * m + 1) / (m + 2)
    return math.sqrt(real + theirs * (1 - theirs) / (m + 2))


def _by_group(broken: Sequence[_Seen], case: Case) -> Iterator[Measurement]:
    """Yield the rate among each protected group's synthetic rows of each rule that is broken."""
    groups = [g for g in groups_of(case) if broken and _members(g, case) >= _MEMBERS]
    for group in groups:
        inside = [group.holds(d) for d in case.synthetics]
        for seen in broken:
            pairs = list(zip(seen.made, seen.made_about, inside, strict=True))
            n = sum(int((a & i).sum()) for _, a, i in pairs)
            if n:
                hits = sum(int((b & i).sum()) for b, _, i in pairs)
                value, low, high = clopper_pearson(hits, n)
                yield Measurement(
                    metric=GROUP,
                    subject=f"{seen.subject},{group.subject}",
                    value=value,
                    low=low,
                    high=high,
                    n=n,
                    details={"rule": seen.rule.name, "group": group.subject.removeprefix("group:")},
                )


def _members(group: Group, case: Case) -> int:
    return sum(group.persons(d) for d in _real_parts(case))
