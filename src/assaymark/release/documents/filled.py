"""Filled: a pack's questions answered from the statements of one release; pure."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from assaymark.release.documents.pack import PLACE
from assaymark.release.pages.report_rules import badness
from assaymark.release.pages.report_words import BADGES, ORDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from assaymark.release.documents.graph import Graph, Quote
    from assaymark.release.documents.pack import Answer, Pack, Question
    from assaymark.release.pages.report_content import VerdictLine
    from assaymark.release.pages.report_words import Badge

__all__ = [
    "Cell",
    "Filled",
    "Line",
    "Part",
    "Row",
    "Status",
    "deciding",
    "fill",
    "quoted",
    "row_of",
]

Status = Literal["EVIDENCED", "PARTIAL", "NOT EVIDENCED", "NOT APPLICABLE"]
State = Literal["held", "open", "failed", "absent"]
Line = tuple["str | Quote", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measurement as it answers a question: the worst of what a rule judged, and its limit.

    ``value`` is ``None`` where there is a ``reason`` instead. ``more`` says that the rule judged
    other subjects too, none of them worse.
    """

    title: Quote | None
    subject: Quote | None
    value: Quote | None
    low: Quote | None
    high: Quote | None
    n: Quote | None
    smallest: Quote | None
    reason: Quote | None
    direction: str
    allowed: Quote | None
    badge: Badge
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One question with its status and what it rests on."""

    id: str
    asks: str
    citation: str
    status: Status
    reason: str
    lines: tuple[Line, ...]
    fields: tuple[tuple[str, Quote], ...]
    rows: tuple[Row, ...]

    @property
    def quotes(self) -> tuple[Quote, ...]:
        """Every quote that the cell rests on, each once."""
        said = [p for line in self.lines for p in line if not isinstance(p, str)]
        said += [q for _, q in self.fields]
        for r in self.rows:
            said += [q for q in (r.value, r.reason, r.allowed) if q is not None]
        return tuple(dict.fromkeys(said))

    @property
    def statements(self) -> tuple[tuple[str, str], ...]:
        """Path and digest of the statements that the cell rests on."""
        return tuple(dict.fromkeys((q.path, q.digest) for q in self.quotes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One section as filled."""

    title: str
    citation: str
    lines: tuple[Line, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A pack as filled from one release."""

    pack: Pack
    parts: tuple[Part, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All cells in order."""
        return tuple(c for p in self.parts for c in p.cells)


def fill(pack: Pack, graph: Graph, judged: Sequence[VerdictLine]) -> Filled:
    """Answer every question of a pack from the statements of a release, and from nothing else.

    ``judged`` are the verdicts of the evidence by the policy, as anybody can compute them again.
    """
    last, by_words = deciding(graph, judged), pack.kind == "datasheet"
    return Filled(
        pack=pack,
        parts=tuple(
            Part(
                title=s.title,
                citation=s.citation,
                lines=tuple(_lines(s.words, "", graph)),
                cells=tuple(_cell(q, graph, last, by_words=by_words) for q in s.question),
            )
            for s in pack.section
        ),
    )


def deciding(graph: Graph, judged: Iterable[VerdictLine]) -> tuple[VerdictLine, ...]:
    """Return the verdicts of the last stage for the uses that were approved."""
    approved = {u for u, s in (graph.value("decision:/uses") or {}).items() if s == "approved"}
    return tuple(
        v for v in judged if f"evidence/{v.stage}.json" == graph.stage and v.use in approved
    )


def _cell(q: Question, graph: Graph, judged: Sequence[VerdictLine], *, by_words: bool) -> Cell:
    every = graph.value(q.each) if q.each else None
    prefixes = [f"{q.each}/{i}" for i in range(len(every or ()))] if q.each else [""]
    lines = tuple(line for p in prefixes for line in _lines(q.words, p, graph))
    states: list[State] = []
    fields: list[tuple[str, Quote]] = []
    rows: list[Row] = []
    for answer in q.evidence:
        if answer.metric or answer.rule:
            found = _found(answer, judged)
            states.append(_state(found))
            rows += [row_of(lines_of, graph) for lines_of in _by_rule(found)]
        else:
            quotes = tuple(_said(answer, graph))
            states.append("held" if quotes else "absent")
            fields += [(answer.says, quote) for quote in quotes]
    if by_words and any(not isinstance(p, str) for line in lines for p in line):
        states.append("held")
    status, reason = _status(q, states, graph)
    return Cell(
        id=q.id,
        asks=q.asks,
        citation=q.citation,
        status=status,
        reason=reason,
        lines=lines,
        fields=tuple(fields),
        rows=tuple(rows),
    )


def _status(q: Question, states: Sequence[State], graph: Graph) -> tuple[Status, str]:
    apart = q.not_applicable
    if apart is not None and graph.value(apart.field) == apart.equals:
        return "NOT APPLICABLE", apart.reason
    if "failed" in states:
        return "NOT EVIDENCED", "what was measured speaks against it"
    if not states or set(states) == {"absent"}:
        return "NOT EVIDENCED", q.missing
    if set(states) == {"held"} and not q.partial:
        return "EVIDENCED", ""
    left = "" if "absent" not in states else q.missing or "a part of the evidence is missing"
    unproven = "a part of it is measured and not proven" if "open" in states else ""
    return "PARTIAL", "; ".join(s for s in (q.partial, unproven, left) if s)


def _found(answer: Answer, judged: Sequence[VerdictLine]) -> list[VerdictLine]:
    return [
        v
        for v in judged
        if answer.metric in {"", v.measurement.metric}
        and answer.rule in {"", v.rule}
        and fnmatchcase(v.measurement.subject, answer.subject)
    ]


def _state(found: Sequence[VerdictLine]) -> State:
    verdicts = {v.verdict for v in found}
    if "FAIL" in verdicts:
        return "failed"
    if not verdicts - {"NOT_RUN", "STALE"}:
        return "absent"
    return "held" if verdicts == {"PASS"} else "open"


def _by_rule(found: Iterable[VerdictLine]) -> list[list[VerdictLine]]:
    by_rule: dict[str, list[VerdictLine]] = {}
    for v in found:
        by_rule.setdefault(v.rule, []).append(v)
    return list(by_rule.values())


def row_of(lines: Sequence[VerdictLine], graph: Graph) -> Row:
    """Return the worst of the verdicts of one rule, every number quoted."""
    worst = min(lines, key=lambda v: (ORDER.index(v.verdict), -badness(v)))
    at, rule = graph.measurement(worst.measurement, worst.stage), graph.rule(worst.rule)
    missing = not at
    return Row(
        title=graph.quote(f"{rule}/title"),
        subject=None if missing else graph.quote(f"{at}/subject", "subject"),
        value=None if missing else graph.quote(f"{at}/value", "figure"),
        low=None if missing else graph.quote(f"{at}/low", "figure"),
        high=None if missing else graph.quote(f"{at}/high", "figure"),
        n=None if missing else graph.quote(f"{at}/n"),
        smallest=None if missing else graph.quote(f"{at}/limit_of_detection", "figure"),
        reason=None if missing else graph.quote(f"{at}/reason"),
        direction={"at_most": "at most", "at_least": "at least"}.get(worst.direction, "within ±"),
        allowed=graph.quote(f"{rule}/threshold", "figure"),
        badge=BADGES[worst.verdict],
        more=len({v.measurement.subject for v in lines}) > 1,
    )


def _said(answer: Answer, graph: Graph) -> Iterator[Quote]:
    if answer.field:
        quote = graph.quote(answer.field, answer.style)
        if quote is not None:
            yield quote
        return
    for path in graph.names(r"approvals/\d+\.dsse\.json"):
        role, outcome = (graph.value(f"{path}#/predicate/{f}") for f in ("role", "outcome"))
        quote = graph.quote(f"{path}#/predicate/made_at", "time")
        if (role, outcome) == (answer.approval, "approve") and quote is not None:
            yield quote


def quoted(text: str, graph: Graph, prefix: str = "") -> Line | None:
    """Return a text with its quotes, or ``None`` where a statement says nothing there."""
    parts: list[str | Quote] = []
    end = 0
    for place in PLACE.finditer(text):
        reference, style = place.group(1), place.group(2) or "plain"
        if reference.startswith("./"):
            reference = prefix + reference.removeprefix(".")
        quote = graph.quote(reference, style)
        if quote is None:
            return None
        parts += [text[end : place.start()], quote]
        end = place.end()
    return (*(p for p in (*parts, text[end:]) if p != ""),)


def _lines(words: Iterable[str], prefix: str, graph: Graph) -> Iterator[Line]:
    for text in words:
        line = quoted(text, graph, prefix)
        if line is not None:
            yield line
