"""Claims: whether what a recipe wants to conclude comes out the same from the synthetic rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from assaymark.core.claim import Quantile, Query, Ranking, Regression, Scenario
from assaymark.core.measurement import NO_SUBJECT, Measurement, Quantity
from assaymark.core.registry import component
from assaymark.evaluate.claims.groups import by_group
from assaymark.evaluate.claims.order import of_order
from assaymark.evaluate.claims.proposal import proposed_claims
from assaymark.evaluate.claims.question import question_of
from assaymark.evaluate.claims.sides import (
    AGREEMENT,
    DIFFERENCE,
    SMALL,
    Asked,
    both,
    compared,
    sides_of,
    sign_agrees,
    spread_of,
)
from assaymark.evaluate.features import why_incomparable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.core.case import Case
    from assaymark.core.claim import ClaimSpec
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams

__all__ = ["Claims"]

_USE = "policy_simulation"
_NO_SIGN = "no claim is about a sign, a decision or an order"


@component
class Claims:
    """Estimate from the synthetic rows less that from the real rows, in margins, for each claim.

    Claims are those that the recipe declares for policy simulation (``uses``); where it declares
    none, means of numbers and the rate of the target are proposed, and said to be proposed. A claim
    holds within one margin. Real rows are train and holdout together: a perfect generator's rows
    have an error of their own and so has every sample of people, and the interval covers both,
    persons counted once; what the fit took over from train is not held in the rows' favour, since
    the interval is about how far the generator is from the population. ``n`` counts the people
    held out among them. Where an interval of the real rows alone is wider than the margin, the real
    data cannot resolve the claim, and no synthetic rows could prove it.

    The margin is the claim's own or, by default, what a sample of 100 persons leaves unsure: one
    standard error of theirs (for a mean 0.1 standard deviations), 1.5 for the effect of a contrast
    (100 persons in the smaller arm), and twice as much for groups of ``by``.
    Groups that are too small for the margin, judged by the real rows, have names of their own
    (``_small``). Agreement is about signs, decisions and orders that the real rows leave in no
    doubt (five standard errors): the share of them that comes out the same.

    A claim that holds says nothing about another one, nor about other tables.

    References
    ----------
    Schuirmann (1987), A comparison of the two one-sided tests procedure.
    Demnati & Rao (2004), Linearization variance estimators for survey data.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(
            name=DIFFERENCE,
            title="Difference of a claim's figure",
            unit="margins of the claim",
            better="zero",
            meaning="Estimate from the synthetic rows less that from the real rows, divided by the "
            "margin that the claim allows; between -1 and 1 the claim holds.",
            pitfalls="Holds for the claims that were declared, with the margins that were "
            "declared. A margin that nobody chose is a proposal.",
        ),
        Quantity(
            name=SMALL,
            title="Difference of a claim's figure (group too small for its margin)",
            unit="margins of the claim",
            better="zero",
            meaning="The same for a group of so few real people that a perfect generator could "
            "not prove it either.",
            pitfalls="Seldom proves anything: ask for a wider margin or merge groups.",
        ),
        Quantity(
            name=AGREEMENT,
            title="Signs, decisions and orders that agree",
            unit="share of those that the real rows leave in no doubt",
            better="higher",
            meaning="Share of signs, decisions or pairs of groups that come out the same; the ends "
            "are the share proven to agree, and the share not proven to disagree.",
            pitfalls="A sign may agree while the size of the effect is halved.",
        ),
    )

    def measure(self, case: Case, streams: Streams) -> Iterator[Measurement]:
        """Yield the figures of each claim, for everybody and by group."""
        reason, holdout = why_incomparable(case), case.holdout
        if reason or holdout is None:
            yield from (Measurement.missing(q.name, reason, "claim:*") for q in self.quantities)
            return
        real = both(case.train, holdout)
        declared = [c for c in case.questions.claim if _USE in c.uses and not _is_foreign(c)]
        claims = declared or list(proposed_claims(real))
        found: list[Measurement] = []
        for spec in claims:
            asked = Asked(
                spec=spec, case=case, real=real, held_out=holdout.n, proposed=not declared
            )
            found += _of(asked, real, streams)
        yield from found
        for quantity in self.quantities:
            if not any(m.metric == quantity.name for m in found):
                none = _NO_SIGN if quantity.name == AGREEMENT else "no group is that small"
                if quantity.name == DIFFERENCE:
                    none = "no claim is declared, and the table has no number and no target"
                    yield Measurement.missing(quantity.name, none, "claim:*")
                else:
                    yield Measurement.missing(quantity.name, none, NO_SUBJECT)


def _is_foreign(spec: ClaimSpec) -> bool:
    return isinstance(spec, Quantile | Regression | Query)


def _of(asked: Asked, real: Dataset, streams: Streams) -> Iterator[Measurement]:
    spec: ClaimSpec = asked.spec
    subject = f"claim:{spec.name}"
    question = question_of(spec, real)
    if isinstance(question, str):
        yield Measurement.missing(DIFFERENCE, question, subject)
        return
    sides = sides_of(asked, question, streams)
    if isinstance(sides, str):
        yield Measurement.missing(DIFFERENCE, sides, subject)
        return
    if isinstance(spec, Ranking):
        yield from of_order(asked, sides)
        return
    for figure in question.figures:
        found = compared(asked, sides, figure)
        if isinstance(spec, Scenario) and not figure.part:
            found = replace(found, details={**found.details, "quantiles": spread_of(sides)})
        yield found
        if figure.sign:
            yield from sign_agrees(asked, sides, figure)
    if spec.by:
        yield from by_group(asked, sides, question.figures[:2])
