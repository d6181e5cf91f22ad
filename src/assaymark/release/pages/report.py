"""Report: one HTML file that a data steward can read, offline, without script or outside file."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from assaymark.release.documents.graph import anchor
from assaymark.release.drawing.attack import attack_words, draw_curve
from assaymark.release.drawing.chain import draw_chain
from assaymark.release.drawing.columns import column_words, draw_column, largest_gap
from assaymark.release.drawing.estimate import draw_coverage, draw_estimate
from assaymark.release.drawing.exposure import (
    draw_exposed,
    draw_gain,
    draw_power,
    exposed_reach,
    gain_words,
    limit_words,
    loss_words,
    most_exposed,
    power_words,
    reach_of,
    secret_words,
)
from assaymark.release.drawing.forest import draw_effect
from assaymark.release.drawing.gaps import by_outcome, draw_gap, gap_reach, signed
from assaymark.release.drawing.groups import draw_group
from assaymark.release.drawing.learning import draw_family, draw_learning
from assaymark.release.drawing.marks import figure, percent, shortened
from assaymark.release.drawing.pairs import STEPS, draw_pairs, shade, shown_columns
from assaymark.release.drawing.privacy import ceiling_words, draw_ceiling
from assaymark.release.pages.analyst import analyst_view
from assaymark.release.pages.claims import claim_blocks
from assaymark.release.pages.fitness_table import fitness_table
from assaymark.release.pages.report_rules import rule_blocks, tally, telling, uses_in_order
from assaymark.release.pages.report_words import (
    BADGES,
    HEADINGS,
    MODES,
    answer,
    listed,
    measured,
    must_know,
    spoken_subject,
    spoken_use,
    together,
    use_card,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assaymark.core.measurement import Measurement
    from assaymark.release.pages.report_content import GroupPicture, ReportContent

__all__ = ["page_of", "render"]

_CODE = re.compile("`([^`]+)`")
_MOST_COLUMNS = 80
_MOST_TABLES = 60
_MOST_MEASUREMENTS = 1500
_MOST_PAIRS = 12
_MOST_UNRULED = 40


def render(content: ReportContent) -> bytes:
    """Return the report as one HTML file in UTF-8: same content, same bytes.

    The file loads nothing, runs nothing (its content security policy allows one style sheet, by
    digest) and escapes every text it is given.
    """
    shown = sorted(content.columns, key=lambda c: -largest_gap(c)[0])[:_MOST_COLUMNS]
    measurements = _appendix(content)
    return page_of(
        "report.html.j2",
        content=content,
        mode=MODES[content.mode],
        headings=HEADINGS[content.mode],
        answer=answer(content),
        uses=[use_card(content, u) for u in content.uses],
        fitness=fitness_table(content.fitness),
        analyst=analyst_view(_with_pictured(content, measurements)),
        must_know=must_know(content),
        next_actions=_next_actions(content),
        blocks=rule_blocks(content),
        tally=tally(content.verdicts),
        unruled=_unruled(content),
        requested=list(uses_in_order(content)),
        columns=shown,
        with_tables=len(content.columns) <= _MOST_TABLES,
        worst_pairs=sorted(content.pairs, key=lambda p: -p.distance)[:_MOST_PAIRS],
        groups=[(g, _top(g)) for g in content.groups],
        gaps=by_outcome(content.gaps),
        exposed=most_exposed(content.attacks),
        claims=claim_blocks(content),
        reach=reach_of(content.attacks),
        untested=_untested(content),
        measurements=measurements[:_MOST_MEASUREMENTS],
        left_out=max(0, len(measurements) - _MOST_MEASUREMENTS),
        quantities=_quantities(content),
        real_parts=sorted({o.part for o in content.opened}),
        opened=_opened(content),
    )


def page_of(template: str, *styles: str, **values: object) -> bytes:
    """Return a page in UTF-8; ``styles`` are further style sheets after that of the report.

    Its content security policy allows the one style sheet, by digest, and nothing else.
    """
    made = _environment()
    sheets = ("report.css.j2", *styles)
    style = "".join(made.get_template(sheet).render() for sheet in sheets)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    page = made.get_template(template).render(
        **values,
        style=Markup(style),  # noqa: S704  # our own files, no outside text in them
        style_digest=digest,
    )
    return page.encode("utf-8")


@cache
def _environment() -> Environment:
    """Return what pages are made with: our templates, text escaped, numbers as people read them."""
    made = Environment(
        loader=PackageLoader("assaymark.release", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "figure": figure,
        "percent": percent,
        "shortened": shortened,
        "measured": measured,
        "spoken_use": spoken_use,
        "spoken_subject": spoken_subject,
        "listed": listed,
        "together": together,
        "whole": lambda n: f"{n:,}",
        "coded": _coded,
        "anchor": anchor,
        "sentence": lambda text: text[:1].upper() + text[1:],
    }
    made.globals |= {
        "badges": BADGES,
        "draw_column": draw_column,
        "column_words": column_words,
        "draw_pairs": draw_pairs,
        "shade": shade,
        "steps": STEPS,
        "shown_columns": shown_columns,
        "draw_group": draw_group,
        "draw_gap": draw_gap,
        "gap_reach": gap_reach,
        "signed": signed,
        "draw_curve": draw_curve,
        "attack_words": attack_words,
        "draw_gain": draw_gain,
        "gain_words": gain_words,
        "limit_words": limit_words,
        "draw_power": draw_power,
        "power_words": power_words,
        "draw_exposed": draw_exposed,
        "exposed_reach": exposed_reach,
        "secret_words": secret_words,
        "loss_words": loss_words,
        "draw_chain": draw_chain,
        "draw_estimate": draw_estimate,
        "draw_coverage": draw_coverage,
        "draw_effect": draw_effect,
        "draw_family": draw_family,
        "draw_learning": draw_learning,
        "draw_ceiling": draw_ceiling,
        "ceiling_words": ceiling_words,
    }
    return made


def _coded(text: str) -> Markup:
    """Escape ``text``, then set what stands between backquotes as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704


def _next_actions(content: ReportContent) -> tuple[str, ...]:
    """Return the given actions, or else the remedies of required rules that did not pass."""
    if content.next_actions:
        return content.next_actions
    open_rules = [
        v for v in content.verdicts if v.severity == "block" and v.verdict not in {"PASS", "WAIVED"}
    ]
    return tuple(dict.fromkeys(v.remedy for v in open_rules if v.remedy))


def _untested(content: ReportContent) -> list[tuple[str, str]]:
    """Return which attacks gave no figure, title and reason, each pair once.

    A quantity whose pitfalls are written down is an attack's; other figures stand elsewhere.
    """
    known = {q.name: q.title for q in content.quantities if q.pitfalls}
    every = [*(v.measurement for v in content.verdicts), *content.measurements]
    missing = [m for m in every if m.value is None and m.metric in known]
    return list(dict.fromkeys((known[m.metric], m.reason) for m in missing))


def _top(group: GroupPicture) -> float:
    shares = [x for level in group.levels for x in (level.real, level.synthetic) if x is not None]
    return max(shares, default=1.0)


def _unruled(content: ReportContent) -> list[dict[str, object]]:
    """Return what was measured and no rule judges, one entry a metric, but for columns and pairs.

    Metrics of the whole table come first; the others have one row a group, model or attack.
    """
    known = {q.name: q for q in content.quantities}
    by_metric: dict[str, list[Measurement]] = {}
    for m in content.measurements:
        if not m.subject.startswith(("column:", "pair:", "none:")):
            by_metric.setdefault(m.metric, []).append(m)
    found: list[dict[str, object]] = [
        {
            "title": known[metric].title if metric in known else metric,
            "meaning": known[metric].meaning if metric in known else "",
            "rows": rows[:_MOST_UNRULED],
            "telling": telling(rows[0]),
            "whole": [m.subject for m in rows] == ["table"],
        }
        for metric, rows in by_metric.items()
    ]
    return sorted(found, key=lambda entry: not entry["whole"])


def _appendix(content: ReportContent) -> list[Measurement]:
    """Return every measurement once, judged ones first."""
    found: dict[tuple[str, str], Measurement] = {}
    for m in [*(v.measurement for v in content.verdicts), *content.measurements]:
        found.setdefault((m.metric, m.subject), m)
    return list(found.values())


def _with_pictured(content: ReportContent, found: Iterable[Measurement]) -> list[Measurement]:
    """Return measurements, those without a figure as they were pictured: sealed ones are not."""
    pictured = {(m.metric, m.subject): m for m in content.pictured}
    return [m if m.value is not None else pictured.get((m.metric, m.subject), m) for m in found]


def _opened(content: ReportContent) -> dict[str, dict[str, int]]:
    """Return how often each component was given each part of the real rows."""
    found: dict[str, dict[str, int]] = {}
    for o in content.opened:
        found.setdefault(o.who, {})[o.part] = o.times
    return found


def _quantities(content: ReportContent) -> list[tuple[str, str, str]]:
    """Return (full name, title, meaning) of every quantity in the report, by name."""
    known = {q.name: q for q in content.quantities}
    known |= {v.quantity.name: v.quantity for v in content.verdicts if v.quantity is not None}
    return [(q.name, q.title, q.meaning) for _, q in sorted(known.items())]
