"""Copies: whether synthetic rows repeat people of train more often than people never seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.controls import (
    SHIFT_AT_MOST,
    SIZES,
    detection,
    fair,
    hits_difference,
    null_line,
    possible,
    shift_of,
    why_no_attack,
)
from assaymark.evaluate.exposure import Called, exposure_of, together
from assaymark.evaluate.isolation import FEWEST, most_isolated, rarest, scene_of, sides_of
from assaymark.evaluate.neighbours import row_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.measurement import Json
    from assaymark.core.streams import Streams
    from assaymark.evaluate.isolation import Scene
    from assaymark.evaluate.people import People

    Bools = NDArray[np.bool_]

__all__ = ["Copies"]

EXACT, ISOLATED = "copies.exact_excess", "copies.isolated_excess"
REPEATED = "copies.most_repeated"
_MOST, _RARE = "records:most_isolated", "records:rare"
_TIERS = {
    "records:isolated": 600,
    _MOST: 150,
    _RARE: 600,
}
_SIZES = (0.002, 0.003, 0.004, 0.005, 0.006, 0.008, *SIZES)
_WHOM = {
    "table": "Anyone, exactly",
    "records:isolated": "The most isolated, exactly or nearly",
    _MOST: "The very most isolated, exactly or nearly",
    _RARE: "The rarest by one value, exactly or nearly",
}


@component
class Copies:
    """Shares of train people with a copy among the synthetic rows, less those of unseen people.

    Unseen are holdout and reference together. Exact: a *distinctive* record, repeated in every
    measured column, as a share of all people. A record is distinctive if no other real person
    has an equal one and it is as far from others as it takes for chance to repeat at most 0.1 %
    of such records; two halves of the real people, one playing the synthetic rows, say how far.
    So a table of few values, whose rows repeat by nature, accuses nobody. Isolated: the 600 and
    the 150 most isolated people, counting those with a distinctive record and a synthetic row
    nearer than a fraction of the mean distance to their five nearest other people: half of what
    the closest 1 % of isolated people have when one half of the real people is held against the
    other, and at most one half; for the 600, and where several tables are released, also at most
    what chance brings to one isolated person in 10,000. Controls are isolated as much. Rare: the
    same, and exact copies, of the 600 people rarest by one value (see
    :mod:`assaymark.evaluate.rarity`), who need not be far from others where all columns count
    alike, against people as rare; what is near is then learnt from rare people.

    Plants are exact copies of people with a distinctive record. A copy with one changed category,
    or one that is spread over several rows, escapes; near_copies looks for both.

    References
    ----------
    Meehan, Chaudhuri & Dasgupta (2020), A non-parametric test to detect data-copying.
    Newcombe (1998), Interval estimation for the difference between independent proportions.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=EXACT,
            title="People copied exactly",
            unit="share of people",
            better="lower",
            pitfalls="Sees copies that are exact in every column only: near_copies looks for the "
            "others. People whose record repeats by nature give nothing away by a copy "
            "and are not counted.",
            meaning="Share of train people whose unlike-any-other record is repeated exactly, "
            "less the same share of people who were not in train; 0 is no leak.",
        ),
        Quantity(
            name=ISOLATED,
            title="Isolated and rare people copied",
            unit="share of people",
            better="lower",
            pitfalls="Looks at the few hundred people most isolated, or rarest by one value, "
            "only, and at copies of whole records; somebody with a rare combination of common "
            "values may not be among them.",
            meaning="Share of isolated or rare train people with a copy or near copy, less the "
            "same share of equally isolated or rare people who were not in train; 0 is no leak.",
        ),
        Quantity(
            name=REPEATED,
            title="Most often repeated person",
            unit="rows",
            better="lower",
            meaning="How many synthetic rows repeat the one train person whose unlike-any-other "
            "record is repeated most often; chance hardly repeats such a record once.",
            pitfalls="Counts exact repeats of the most isolated record of each person; repeats "
            "with small changes are not counted here, near_copies sees that there is one.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the excess of exact copies, then that of isolated and of rare people."""
        reason = why_no_attack(case)
        if reason:
            yield Measurement.missing(EXACT, reason)
            yield Measurement.missing(REPEATED, reason)
            for subject in _TIERS:
                yield Measurement.missing(ISOLATED, reason, subject)
            return
        scene = scene_of(case)
        members, unseen = scene.members, scene.unseen
        copied = (members.copied, unseen.copied)
        exact = _excess(case, streams, EXACT, "table", copied, members.distinctive)
        yield replace(exact, details={**exact.details, **_groups(case, scene)})
        yield _repeated(case, members)
        for subject, wanted in _TIERS.items():
            chosen = rarest if subject == _RARE else most_isolated
            lonely, controls = chosen(members, unseen, wanted)
            hits, alarms = (_hit(p, scene, subject) for p in (lonely, controls))
            if min(lonely.n, controls.n) < FEWEST:
                few = f"only {controls.n} people of the holdout are as unlike others as the members"
                missing = Measurement.missing(ISOLATED, few, subject, n=controls.n)
                yield replace(missing, details=_tally(case, hits, alarms, lonely.distinctive))
                continue
            yield _excess(case, streams, ISOLATED, subject, (hits, alarms), lonely.distinctive)


def _hit(people: People, scene: Scene, subject: str) -> Bools:
    """Return whose most isolated record is copied or nearly so; of the rare also any record."""
    chance = scene.chance
    share = {_RARE: chance.near_rare, _MOST: chance.near_most}.get(subject, chance.near)
    near = people.distinctive & (people.synthetic <= share * people.isolation)
    return near | people.copied if subject == _RARE else near


def _excess(
    case: Case,
    streams: Streams,
    metric: str,
    subject: str,
    copied: tuple[Bools, Bools],
    plantable: Bools,
) -> Measurement:
    """Return the excess of copies, with plants of exact copies of ``plantable`` members."""
    hits, alarms = copied
    n, able = len(hits), np.flatnonzero(plantable)

    def caught(size: float, rng: np.random.Generator) -> bool:
        wanted = max(1, round(size * n))
        planted = hits.copy()
        planted[rng.choice(able, min(wanted, len(able)), replace=False)] = True
        return hits_difference(planted, alarms).low > 0

    found = hits_difference(hits, alarms)
    sizes = [s for s in _SIZES if max(1, round(s * n)) <= len(able)]  # no more than there are
    proof = detection(caught, streams.child(metric, subject).generator(), sizes)
    measured = Measurement(
        metric=metric,
        subject=subject,
        value=found.value,
        low=found.low,
        high=found.high,
        n=n,
        baseline=0.0,
        limit_of_detection=possible(proof, len(able) / n, _SIZES),
        details={
            "title": f"Are people copied? {_WHOM[subject]}",
            "meaning": "Copies of training people among the released rows, less what chance "
            "gives people the generator never saw.",
            **_tally(case, hits, alarms, plantable),
            "controls": [
                *proof.lines,
                null_line(
                    hits_difference, alarms, 0.0, streams.child(metric, subject, "null").generator()
                ),
            ],
        },
    )
    return fair(measured, shift_of(case))


def _tally(case: Case, hits: Bools, alarms: Bools, plantable: Bools) -> dict[str, Json]:
    """Return counts that can be added up over refits, and whether the holdout is a fair control."""
    return {
        "fair": shift_of(case).high <= SHIFT_AT_MOST,
        "copied": int(hits.sum()),
        "people": len(hits),
        "copied_of_unseen": int(alarms.sum()),
        "unseen": len(alarms),
        "plantable": int(plantable.sum()),
    }


def _groups(case: Case, scene: Scene) -> dict[str, Json]:
    """Return how exposed each protected group is to copies, and what a hit is."""
    holdout, reference, _ = sides_of(case)
    records = (
        holdout.take(scene.controls.record),
        reference.take(scene.unseen.record[scene.controls.n :]),
    )
    alarms = np.split(scene.unseen.copied, [scene.controls.n])
    unseen = together(*(Called(r, a) for r, a in zip(records, alarms, strict=True)))
    members = Called(case.train.take(scene.members.record), scene.members.copied)
    return {"groups": exposure_of(case, members, unseen), "hit": "copied exactly"}


def _repeated(case: Case, members: People) -> Measurement:
    """Return the largest number of synthetic rows that repeat one distinctive record."""
    own = row_keys(case.train)[members.record[members.distinctive]]
    made, times = np.unique(np.concatenate([row_keys(s) for s in case.exposed]), return_counts=True)
    most = int(times[np.isin(made, own)].max(initial=0))
    return Measurement(metric=REPEATED, value=float(most), n=members.n)
