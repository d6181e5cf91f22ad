"""Lay: what was tested, and how it went, in words for the people whose records were used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.release.documents.filled import deciding, row_of
from assaymark.release.pages.report_words import ORDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.release.documents.filled import Line
    from assaymark.release.documents.graph import Graph, Quote
    from assaymark.release.pages.report_content import VerdictLine

__all__ = ["Lay", "Tested", "lay"]

_TESTS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "Is anybody's record copied into the made-up rows?",
        ("copies.exact_excess", "near_copies.excess", "copies.isolated_excess"),
        ("copies.most_repeated",),
    ),
    ("Can the rows be used to point at one person?", ("singling_out.excess",), ()),
    ("Can the rows help to join two parts of a person's record?", ("linkability.excess",), ()),
    (
        "Can the rows be used to guess a private fact about a person?",
        ("attribute_inference.excess", "inference_suite.excess"),
        (),
    ),
    (
        "Can anybody find out that a person's record was used?",
        ("membership.excess_tpr", "membership_suite.excess_tpr"),
        ("membership.auc", "membership_suite.auc"),
    ),
    (
        "Can they find out if they build the same program again?",
        ("shadow.excess_tpr",),
        (),
    ),
)
_ATTACKS = {metric for _, shares, _ in _TESTS for metric in shares}
_WORDS = {
    "PASS": ("✓", "Passed", "good"),
    "WAIVED": ("!", "Let through without proof", "waived"),
    "INCONCLUSIVE": ("?", "Not clear", "open"),
    "NOT_RUN": ("–", "Not tested", "open"),
    "STALE": ("–", "Not tested", "open"),
    "FAIL": ("✕", "Failed", "bad"),
}
_USES = {
    "analytics": "counting and comparing groups of people",
    "pretraining": "training computer programs",
    "policy_simulation": "trying out plans and rules before they are made",
}
_COPIES = ("exact_excess", "near_copies.excess", "isolated_excess")
_GROUPS = ("representation.log_disparity", "representation.log_disparity_small")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """One question, how the tests of it went, and the worst figure; empty where there is none."""

    asked: str
    mark: str
    word: str
    tone: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lay:
    """What the page says beside its fixed words."""

    approved: tuple[str, ...]
    refused: tuple[str, ...]
    tests: tuple[Tested, ...]
    untested: tuple[str, ...]
    unshown: tuple[Quote, ...]
    alone: bool
    planted: bool
    rebuilt: bool
    tables: bool


def lay(graph: Graph, judged: Sequence[VerdictLine]) -> Lay:
    """Gather what a lay reader is told from the statements and verdicts of a release."""
    last = deciding(graph, judged)
    asked = [(q, _tested(q, shares, others, last, graph)) for q, shares, others in _TESTS]
    uses = graph.value("decision:/uses") or {}
    unshown = [
        graph.quote(f"{graph.measurement(v.measurement, v.stage)}/subject", "subject")
        for v in last
        if v.measurement.metric in _GROUPS and v.verdict != "PASS"
    ]
    return Lay(
        approved=tuple(_USES.get(u, u) for u, s in uses.items() if s == "approved"),
        refused=tuple(_USES.get(u, u) for u, s in uses.items() if s != "approved"),
        tests=tuple(t for _, t in asked if t is not None),
        untested=tuple(q for q, t in asked if t is None),
        unshown=tuple({str(q): q for q in unshown if q is not None}.values()),
        planted=any(v.measurement.metric in _ATTACKS and v.detect is not None for v in last),
        alone=bool(graph.value("decision:/self_attested")),
        tables=(graph.value("provenance:/replicates") or 1) > 1,
        rebuilt=graph.value("threat:/rung") == "K3",
    )


def _tested(
    asked: str,
    shares: tuple[str, ...],
    others: tuple[str, ...],
    judged: Sequence[VerdictLine],
    graph: Graph,
) -> Tested | None:
    found = [v for v in judged if v.measurement.metric in {*shares, *others}]
    if not found:
        return None
    worst = min(found, key=lambda v: ORDER.index(v.verdict)).verdict
    measured = [
        v for v in found if v.measurement.metric in shares and v.measurement.low is not None
    ]
    mark, word, tone = _WORDS[worst]
    lines = tuple(_figures(measured, graph)) if measured else ()
    return Tested(asked=asked, mark=mark, word=word, tone=tone, lines=lines)


def _figures(measured: Sequence[VerdictLine], graph: Graph) -> list[Line]:
    """Say the figure that comes closest to its limit, or goes beyond."""
    worst = max(measured, key=lambda v: (v.measurement.high or 0.0) / v.threshold)
    row = row_of([worst], graph)
    value, high, limit = (
        None if q is None else graph.quote(q.source, "percent")
        for q in (row.value, row.high, row.allowed)
    )
    if value is None or high is None or limit is None or row.n is None:
        return []
    copied = worst.measurement.metric.endswith(_COPIES)
    said: Line = ("The best attack beat luck for ", value, " of the people it was tried on.")
    if copied:
        said = ("More than luck would give, ", value, " of the people are copied.")
    if (worst.measurement.value or 0.0) <= 0:
        what = "There are no more copies" if copied else "The best attack did no better"
        said = (f"{what} than luck would give (", value, ").")
    lines: list[Line] = [
        (*said, " It may be as much as ", high, ". Up to ", limit, " was allowed."),
        ("That is from the hardest of these tests, tried on ", row.n, " people."),
    ]
    smallest = None if row.smallest is None else graph.quote(row.smallest.source, "percent")
    if smallest is not None:
        lines.append(
            (
                "The smallest hidden leak that it found: ",
                smallest,
                ".",
            )
        )
    return lines
