"""Shadow: members recognised by an attacker who fits the same generator many times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.contest import ALARMS, curve, operating_points, planted
from assaymark.evaluate.controls import (
    detection,
    difference,
    fair,
    null_line,
    shift_of,
    why_no_attack,
)
from assaymark.evaluate.isolation import FEWEST, sides_of
from assaymark.evaluate.siege import (
    LOW_ALARMS,
    SUBJECTS,
    leak_of,
    mean_over_worlds,
    scores_in,
    siege_of,
)
from assaymark.evaluate.statistics import Interval
from assaymark.evaluate.worlds import Practice, Worlds, likelihood, worlds_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

__all__ = ["Shadow"]

EXCESS, RECIPE_AUC, RECIPE_TPR = "shadow.excess_tpr", "shadow.recipe_auc", "shadow.recipe_tpr"
_FEWEST = 8
_WHOM = {"table": "Anyone", "records:isolated": "The most isolated"}


@component
class Shadow:
    """Members recognised by an attacker who fits the generator many times on data of their own.

    Each fit is to as many people as train has, or to fewer where the pool has fewer, a random half
    of those attacked among them. From what the synthetic rows then show around a person, with and
    without them, follows a likelihood ratio for the released rows. 400 random and the 400 most
    isolated members are attacked, against controls as isolated. The threshold for 5 % false alarms
    comes from the fits; nobody who is reported on is used for it. ``recipe_auc`` and
    ``recipe_tpr`` (at 1 % false alarms) attack each fit with the help of the others, so that they
    speak about the recipe rather than about these rows. Run where the threat model has an attacker
    who can refit (rung K3), and where the generator can be fitted again. A person with many rows is
    attacked by the most isolated one.

    Attributes
    ----------
    worlds
        How many times the generator is fitted; more is a stronger attack and takes longer.

    References
    ----------
    Stadler, Oprisanu & Troncoso (2022), Synthetic data: anonymisation groundhog day.
    Carlini et al. (2022), Membership inference attacks from first principles, arXiv:2112.03570.
    """

    worlds: int = 64

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=EXCESS,
            title="Members recognised by refitting the generator",
            unit="share of people",
            better="lower",
            pitfalls="A generator that repeats nobody in practice teaches this attack nothing, so "
            "that it would not notice a copy made by hand: the attacks on copies do. It "
            "needs a generator that can be fitted again.",
            meaning="Share of train people called members by an attack that refits the "
            "generator, less the share of others called so, at about 5 % false alarms.",
        ),
        Quantity(
            name=RECIPE_AUC,
            title="Telling members of a fit from others by refitting",
            unit="AUC",
            better="lower",
            pitfalls="Speaks about the recipe on data of this kind and size, not about the rows "
            "that are released.",
            meaning="Chance that the attack ranks a person inside a fit of this recipe above the "
            "others, over many fits; 0.5 is a coin toss.",
        ),
        Quantity(
            name=RECIPE_TPR,
            title="Members of a fit recognised at 1 % false alarms",
            unit="share of people",
            better="lower",
            pitfalls="Speaks about the recipe on data of this kind and size, not about the rows "
            "that are released.",
            meaning="Share of the people inside a fit of this recipe who are recognised where 1 % "
            "of the others are; 0.01 is no leak.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the excess on the released rows and the leak of the recipe, twice each."""
        reason = why_no_attack(case) or _why_not(case)
        if not reason and self.worlds < _FEWEST:
            reason = f"{self.worlds} fits teach this attack nothing; it needs {_FEWEST} at least"
        if reason:
            for name in (EXCESS, RECIPE_AUC, RECIPE_TPR):
                for subject in SUBJECTS:
                    yield Measurement.missing(name, reason, subject)
            return
        battle = _battle(case, self.worlds, streams)
        for subject, chosen in battle.subjects.items():
            inside = battle.member & chosen
            outside = ~battle.member & chosen
            if min(inside.sum(), outside.sum()) < FEWEST:
                few = f"only {outside.sum()} people of the holdout are as isolated as the members"
                for name in (EXCESS, RECIPE_AUC, RECIPE_TPR):
                    yield Measurement.missing(name, few, subject, n=int(outside.sum()))
                continue
            yield _excess(case, battle, subject, (inside, outside), streams.child(subject))
            yield from _recipe(battle, subject, chosen)


def _why_not(case: Case) -> str:
    if case.threat.rung != "K3":
        return (
            f"the attacker of profile {case.threat.profile.value!r} does not refit the generator "
            f"(rung {case.threat.rung})"
        )
    return "" if case.refit else "the generator cannot be fitted again here"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Battle:
    """Targets and their scores: on the released rows, were they copied, and in each world."""

    member: Bools
    subjects: dict[str, Bools]
    score: Floats
    copied: Floats
    swapped: Floats
    worlds: Worlds
    in_worlds: Floats


def _battle(case: Case, number: int, streams: Streams) -> _Battle:
    assert case.refit is not None  # noqa: S101
    refit, rows = case.refit, sum(s.n for s in case.exposed)
    siege = siege_of(case, streams)

    def make(part: Dataset, own: Streams) -> Dataset:
        return refit(part, rows, own)

    worlds = worlds_of(
        siege.pool,
        siege.targets,
        siege.watch,
        Practice(siege.persons, number, make),
        streams.child("worlds"),
    )
    signs = siege.watch.signs(case.exposed)
    holdout = sides_of(case)[0]
    swapped = siege.watch.signs([make(holdout, streams.child("swapped"))]).seen
    return _Battle(
        member=siege.member,
        subjects=siege.subjects,
        score=likelihood(worlds, signs.seen),
        copied=likelihood(worlds, signs.copied),
        swapped=likelihood(worlds, swapped),
        worlds=worlds,
        in_worlds=scores_in(worlds),
    )


def _excess(
    case: Case, battle: _Battle, subject: str, sides: tuple[Bools, Bools], streams: Streams
) -> Measurement:
    inside, outside = sides
    chosen = inside | outside
    apart = battle.in_worlds[:, chosen][~battle.worlds.inside[:, chosen]]
    threshold = float(np.quantile(apart, 1 - ALARMS, method="higher"))

    def attack(members: Floats, controls: Floats) -> Interval:
        hits, alarms = (int((x > threshold).sum()) for x in (members, controls))
        return difference(hits, len(members), alarms, len(controls))

    members, controls = battle.score[inside], battle.score[outside]
    copied = battle.copied[inside]

    def caught(size: float, rng: np.random.Generator) -> bool:
        return attack(planted(members, copied, size, rng), controls).low > 0

    found = attack(members, controls)
    proof = detection(caught, streams.child("plants").generator())
    rng = streams.child("null").generator()
    half = rng.permutation(controls)
    swapped = attack(battle.swapped[outside], battle.swapped[inside])
    measured = Measurement(
        metric=EXCESS,
        subject=subject,
        value=found.value,
        low=found.low,
        high=found.high,
        n=len(members),
        baseline=0.0,
        limit_of_detection=proof.smallest,
        details={
            "title": f"Does refitting the generator tell who was in? {_WHOM[subject]}",
            "meaning": f"The attacker fitted the generator {len(battle.in_worlds)} times with and "
            "without each person; the planted curve has copies of a tenth of the people.",
            "curve": curve(members, controls),
            "planted_curve": curve(planted(members, copied, 0.1, rng), controls),
            "null_curve": curve(half[: len(half) // 2], half[len(half) // 2 :]),
            "operating_points": operating_points(members, controls),
            "role_swap": list(swapped),
            "controls": [*proof.lines, null_line(attack, controls, 0.0, rng)],
        },
    )
    return fair(measured, shift_of(case))


def _recipe(battle: _Battle, subject: str, chosen: Bools) -> Iterator[Measurement]:
    """Yield what the attack finds out about each fit with the help of all others."""
    leak = leak_of(battle.worlds.inside[:, chosen], battle.in_worlds[:, chosen])
    chance = ((RECIPE_AUC, leak.aucs, 0.5), (RECIPE_TPR, leak.shares, LOW_ALARMS))
    for name, each, nothing in chance:
        found = mean_over_worlds(each)
        yield Measurement(
            metric=name,
            subject=subject,
            value=found.value,
            low=max(found.low, 0.0),
            high=min(found.high, 1.0),
            n=len(each),
            baseline=nothing,
        )
