"""Card: a short Markdown description of a release; every number links to its statement."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assaymark.release.documents.graph import Graph
from assaymark.release.drawing.marks import figure, percent
from assaymark.release.pages.report_rules import rule_blocks, told_apart
from assaymark.release.pages.report_words import (
    SEVERITIES,
    answer,
    listed,
    must_know,
    spoken_subject,
    spoken_use,
    together,
    use_card,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assaymark.core.measurement import Measurement
    from assaymark.release.pages.report_content import ReportContent, TransformLine, VerdictLine

__all__ = ["account_of", "card", "escaped"]

_CODE = re.compile("(`[^`|\n\r]+`)")
_IN_CODE = str.maketrans({"\n": " ", "\r": " "})
_ESCAPED = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]<>|#"} | {"\n": " ", "\r": " "})
_PLACES = {
    "Source": ("provenance:/title", "provenance:/name"),
    "Owner": ("provenance:/rights/owner",),
    "Licence or basis": ("provenance:/rights/licence", "provenance:/rights/basis"),
    "Rows of the source": ("provenance:/source_rows",),
    "Persons of the source": ("provenance:/source_persons",),
    "Unit of privacy": ("provenance:/unit",),
    "Source commitment (keyed)": ("provenance:/source_commitment",),
    "Split commitment (keyed)": ("provenance:/split_commitment",),
    "Candidate digest": ("provenance:/candidate",),
    "Policy digest": ("decision:/policy",),
    "Attempts for these persons": ("provenance:/attempts",),
}
"""Where each line of how it was made is said; short values stand in many places by chance."""
_NOWHERE = Graph(plain={}, digests={})


def card(content: ReportContent, graph: Graph = _NOWHERE) -> str:
    """Return the data card of a release as Markdown: same content, same text.

    What a statement of ``graph`` says is a link to it, ``PATH#/pointer``; it is one only where
    the statement says exactly what the card says.

    Raises
    ------
    ValueError
        When the content is not of a release: refused rows and drafts have no card.
    """
    if content.mode != "release":
        raise ValueError(f"only a release has a card, this content is a {content.mode}")
    made = _Card(content, graph)
    parts = [
        f"# {made.placed(content.title, 'provenance:/title', 'provenance:/name')}",
        f"Synthetic data. {made.said(answer(content).headline)} "
        f"Made {made.at(content.made_at, 'decision:/made_at', 'time')} by assaymark.",
        _section("Uses", made.uses()),
        _section("Know this before you use it", made.items(must_know(content))),
        _section("What was measured", made.rules()),
        _section("Groups", made.groups()),
        _section("Threat model", made.threat()),
        _section("How it was made", made.how()),
        _section("Limits", made.items(content.limits)),
        _section("Attribution", made.items(content.attribution)),
        _section("How to verify", made.verify()),
    ]
    return "\n\n".join(p for p in parts if p) + "\n"


def account_of(content: ReportContent) -> tuple[str, ...]:
    """Return the sentences of a card with numbers that only the run itself can vouch for.

    They go into the signed provenance, so that the card has a statement to link them to.
    """
    said = [
        *(r for u in content.uses for r in use_card(content, u).reasons),
        *must_know(content),
        *content.limits,
        *(value for _, value in content.provenance),
        *(s.result for s in content.stages),
        *(_shares(g.name, g.real, g.synthetic) for group in content.groups for g in group.levels),
    ]
    if content.threat is not None:
        said.append(together(content.threat))
    return tuple(dict.fromkeys(t for t in said if re.search(r"\d", t)))


def escaped(text: str) -> str:
    """Escape what Markdown or HTML would read as markup; code between backquotes stays code."""
    parts = _CODE.split(text)
    return "".join(part.translate(_IN_CODE if i % 2 else _ESCAPED) for i, part in enumerate(parts))


def _section(title: str, lines: Iterable[str]) -> str:
    body = "\n".join(lines)
    return f"## {title}\n\n{body}" if body else ""


def _shares(name: str, real: float | None, synthetic: float | None) -> str:
    return f"{name} real {percent(real)}, synthetic {percent(synthetic)}"


class _Card:
    """The sections of one card, each a list of lines."""

    def __init__(self, content: ReportContent, graph: Graph) -> None:
        self.content, self.graph = content, graph
        self._known = graph.texts()

    def at(self, text: str, reference: str, style: str = "plain") -> str:
        """Return a text as a link, if the statement says the same there."""
        quote = self.graph.quote(reference, style) if reference else None
        if quote is None or quote.text != text:
            return escaped(text)
        return f"[{text.translate(_ESCAPED)}]({quote.source})"

    def said(self, text: str) -> str:
        """Return a sentence as a link to where a statement says it word by word."""
        return self.at(text, self._known.get(text, ""))

    def placed(self, text: str, *references: str) -> str:
        """Return a value as a link to the first of these places, or to what the run vouches for."""
        account = self.graph.value("provenance:/account") or []
        if text in account:
            references = (*references, f"provenance:/account/{account.index(text)}")
        whole = {r for r in references if isinstance(self.graph.value(r), int)}
        linked = (self.at(text, r, "digits" if r in whole else "plain") for r in references)
        return next((found for found in linked if found != escaped(text)), escaped(text))

    def items(self, sentences: Iterable[str]) -> list[str]:
        return [f"- {self.said(s)}" for s in sentences]

    def uses(self) -> list[str]:
        lines = []
        for use in self.content.uses:
            said = use_card(self.content, use)
            words = [escaped(said.sentence), *(self.said(r) for r in said.reasons)]
            if said.next_action:
                words.append(f"Next: {self.said(said.next_action)}")
            lines.append(f"- **{escaped(said.use)}**: {' '.join(words)}")
        return lines

    def rules(self) -> list[str]:
        told = told_apart(self.content)
        if not told:
            return []
        name = self.content.policy_name or "the policy"
        lines = [
            f"Judged by {self.placed(name, 'policy:/name')}. What did not pass "
            "comes first; of each rule the worst is shown, apart for uses that it says different "
            "things of:",
            "",
            "| Rule | Verdict | For | Worst | Measured | Allowed | n |",
            "|---|---|---|---|---|---|---|",
        ]
        for t in told:
            m, rule = t.worst.measurement, self.graph.rule(t.worst.rule)
            at = self.graph.measurement(m, t.worst.stage)
            kind = "" if t.worst.severity == "block" else f" ({SEVERITIES[t.worst.severity]})"
            cells = [
                self.at(t.worst.title, f"{rule}/title"),
                f"{t.badge.word}{kind}",
                escaped(listed([spoken_use(u) for u in t.uses])),
                self.at(spoken_subject(m.subject), f"{at}/subject", "subject"),
                self._measured(m, at),
                self._allowed(t.worst, rule),
                self.at(str(m.n), f"{at}/n", "digits"),
            ]
            lines.append(f"| {' | '.join(cells)} |")
        return lines

    def _measured(self, m: Measurement, at: str) -> str:
        if m.value is None:
            return self.at(m.reason, f"{at}/reason")
        value, low, high = (
            self.at(figure(x), f"{at}/{name}", "figure")
            for name, x in (("value", m.value), ("low", m.low), ("high", m.high))
        )
        return value if m.low is None else f"{value} (between {low} and {high})"

    def _allowed(self, line: VerdictLine, rule: str) -> str:
        at, limit = f"{rule}/threshold", line.threshold
        if line.direction == "within":
            low = self.at(figure(-abs(limit)), at, "minus")
            return f"between {low} and {self.at(figure(abs(limit)), at, 'figure')}"
        return f"{line.direction.replace('_', ' ')} {self.at(figure(limit), at, 'figure')}"

    def groups(self) -> list[str]:
        content = self.content
        judged = {
            spoken_subject(v.measurement.subject): self.graph.measurement(v.measurement, v.stage)
            for v in content.verdicts
            if v.measurement.subject.startswith("group:") and v.verdict != "PASS"
        }
        lines = [
            f"- {self.said(group.title)}: "
            + "; ".join(self.said(_shares(g.name, g.real, g.synthetic)) for g in group.levels)
            for group in content.groups
        ]
        lines += self._unfit()
        if judged:
            names = [self.at(n, f"{judged[n]}/subject", "subject") for n in sorted(judged)]
            lines.append(f"- Not shown to hold for: {listed(names)}")
        return lines

    def _unfit(self) -> list[str]:
        """Say of each use for whose study it is not fit, or not shown to be."""
        content, lines = self.content, []
        known = {
            v.measurement.subject: self.graph.measurement(v.measurement, v.stage)
            for v in content.verdicts
        }
        for use in dict.fromkeys(f.use for f in content.fitness):
            for fitness in ("not fit", "not enough evidence"):
                subjects = [
                    f"group:{f.group}"
                    for f in content.fitness
                    if (f.use, f.fitness) == (use, fitness)
                ]
                names = [
                    self.at(
                        spoken_subject(s), f"{known[s]}/subject" if s in known else "", "subject"
                    )
                    for s in sorted(subjects)
                ]
                if names:
                    lines.append(f"- {escaped(spoken_use(use))}, {fitness} for: {listed(names)}")
        return lines

    def threat(self) -> list[str]:
        threat = self.content.threat
        if threat is None:
            return []
        rung = self.at(threat.rung, "threat:/rung")
        return [
            f"- Profile: {escaped(threat.profile.value)}, rung {rung}",
            f"- Recipients: {self.placed(threat.recipient, 'threat:/recipient')}",
            f"- The attacker knows: {self.placed(threat.knowledge, 'threat:/knowledge')}",
            f"- Tried: {escaped(listed(threat.goals))}",
            f"- {self.said(together(threat))}",
            f"- Not covered: {self.placed(threat.not_covered, 'threat:/not_covered')}",
            f"- Accepted: {self.placed(threat.residual_risk, 'threat:/residual_risk')}",
            *[f"- {line}" for line in self._planted()],
        ]

    def _planted(self) -> list[str]:
        """Say of each attack which leak, planted to prove it, was the smallest that it caught."""
        lines = []
        for b in rule_blocks(self.content):
            at = self.graph.measurement(b.worst.measurement, b.worst.stage)
            smallest = b.worst.measurement.limit_of_detection
            if b.line.detect is not None:
                title = self.at(b.line.title, f"{self.graph.rule(b.line.rule)}/title")
                caught = "none"
                if smallest is not None:
                    caught = self.at(figure(smallest), f"{at}/limit_of_detection", "figure")
                lines.append(f"{title}: smallest planted leak caught {caught}")
        return lines

    def _made(self, label: str, value: str) -> str:
        """Return a line of how it was made, linked; where labels come from is a whole sentence."""
        if label == "Labels":
            return self.said(value)
        return self.placed(value, *_PLACES.get(label, ()))

    def how(self) -> list[str]:
        content = self.content
        lines = [f"- {escaped(label)}: {self._made(label, v)}" for label, v in content.provenance]
        if content.rows is not None:
            rows = self.at(str(content.rows), "provenance:/rows", "digits")
            tables = self.graph.value("provenance:/replicates") or 1
            n = self.at(str(tables), "provenance:/replicates", "digits")
            each = f"{n} tables of {rows} rows each" if tables > 1 else rows
            lines.append(f"- Synthetic rows: {each}")
        lines += [
            f"- Changed before the fit: {self._change(t, f'provenance:/transformations/{i}')}"
            for i, t in enumerate(content.transformations)
        ]
        lines += [f"- {escaped(s.name)}: {self.placed(s.result)}" for s in content.stages]
        if content.attempts:
            n = self.at(str(len(content.attempts)), "provenance:/attempts", "digits")
            lines.append(f"- Attempts for the same people: {n}")
        return lines

    def _change(self, t: TransformLine, at: str) -> str:
        kind, colon, parameters = t.what.partition(": ")
        what = f"{escaped(kind + colon)}{self.at(parameters, f'{at}/parameters')}"
        names = self.at(", ".join(t.columns), f"{at}/columns", "comma")
        return f"{what} ({names})" + (f": {self.at(t.why, f'{at}/why')}" if t.why else "")

    def verify(self) -> list[str]:
        content = self.content
        lines = ["Offline, in this folder:", "", f"    {content.verify_command}", ""]
        if content.candidate:
            lines.append(f"- Digest of the rows: `{content.candidate}`")
        if content.policy_digest:
            lines.append(f"- Digest of the policy: `{content.policy_digest}`")
        if self.graph.digests:
            lines += [
                "",
                "Numbers and words above link to the statement that says them, and to the place "
                "in it: of an envelope, into its payload. `SHA-256` of these files:",
                "",
                *[f"- {escaped(p)}: `{d}`" for p, d in sorted(self.graph.digests.items())],
            ]
        return lines
