"""Related: rules over tables that belong to each other, held against real and synthetic ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from assaymark.core.case import Case
from assaymark.core.questions import Questions
from assaymark.core.related import parse_related
from assaymark.core.starter import expanded
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.errors import DataError, InputError, RecipeError
from assaymark.evaluate.breaches import check_rules
from assaymark.evaluate.plausibility.plausibility import MARGIN
from assaymark.evaluate.views import view_of
from assaymark.flow.evaluate.measure import measure
from assaymark.source.load import load
from assaymark.source.profile import profile
from assaymark.source.read import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from assaymark.core.dataset import Dataset
    from assaymark.core.measurement import Measurement
    from assaymark.core.plausibility import RuleSpec
    from assaymark.core.recipe import Recipe
    from assaymark.core.related import Related
    from assaymark.core.schema import Schema

__all__ = ["RelatedRule", "hold_against", "passed", "rows_of"]

Finding = Literal[
    "kept",
    "broken",
    "no more than real rows",
    "more than real rows",
    "not shown",
    "real rows alone",
]
_FINE = {"kept", "no more than real rows", "real rows alone"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedRule:
    """What was found of one rule: rates of the rows that it is about, with exact intervals.

    ``real`` is missing, with the reason, where fewer than ten real people break the rule, and
    ``synthetic`` where there are no synthetic tables. ``broken`` counts all synthetic rows.
    """

    rule: RuleSpec
    table: str
    finding: Finding
    broken: int | None
    real: Measurement
    synthetic: Measurement | None

    def plain(self) -> dict[str, object]:
        """Return JSON values."""
        return {
            "table": self.table,
            "rule": self.rule.plain(),
            "finding": self.finding,
            "synthetic_rows_that_break_it": self.broken,
            "real": _plain(self.real),
            "synthetic": None if self.synthetic is None else _plain(self.synthetic),
        }


def hold_against(rules: Path, real: Path, synthetic: Path | None = None) -> list[RelatedRule]:
    """Hold rules over related tables against a folder of real tables and one of synthetic ones.

    What the columns are is learnt from the real tables. A hard rule is ``broken`` by one synthetic
    row. Of a soft rule, synthetic rows that break it may be two in a hundred more than real ones.
    What cannot be shown to hold is ``not shown``.

    Raises
    ------
    InputError
        When the file, a table or a rule cannot be used.
    """
    try:
        related = parse_related(rules.read_bytes())
    except OSError as error:
        raise RecipeError(f"cannot read {str(rules)!r}: {error.strerror}") from error
    if not any(r.plausibility for r in related.recipes.values()):
        raise RecipeError(
            f"{str(rules)!r} has no rule\n\nHint: [[plausibility]], with table, kind and name"
        )
    ours = _tables(related, real, {})
    schemas = {name: table.schema for name, table in ours.items()}
    theirs = None if synthetic is None else _tables(related, synthetic, schemas)
    found: list[RelatedRule] = []
    for name, recipe in related.recipes.items():
        if recipe.plausibility:
            made = () if theirs is None else (view_of(name, theirs, related),)
            found += _held(name, recipe, view_of(name, ours, related), made)
    return found


def _tables(related: Related, folder: Path, schemas: Mapping[str, Schema]) -> dict[str, Dataset]:
    if not folder.is_dir():
        raise InputError(f"{str(folder)!r} is no folder\n\nHint: give a folder with the tables")
    found = {}
    for name, spec in related.tables.items():
        names = [spec.file] if spec.file else [f"{name}.parquet", f"{name}.csv"]
        path = next((folder / n for n in names if (folder / n).is_file()), None)
        if path is None:
            raise InputError(
                f"folder {str(folder)!r} has no {' and no '.join(names)}\n\nHint: file = in "
                f"[table.{name}] says what the file is called"
            )
        frame = read_table(path)
        schema = schemas.get(name) or profile(frame, related.recipes[name].columns).schema
        try:
            found[name] = load(frame, schema)
        except DataError as error:
            raise DataError(f"{path.name} in {str(folder)!r}: {error}") from error
    return found


def _held(
    table: str, recipe: Recipe, real: Dataset, made: tuple[Dataset, ...]
) -> Iterator[RelatedRule]:
    rules = expanded(recipe.plausibility)
    check_rules(rules, real)
    case = Case(
        schema=real.schema,
        train=real.take(np.zeros(0, dtype=np.int64)),
        holdout=real,
        reference=None,
        synthetics=made,
        threat=threat_of(Profile.CONTROLLED),
        questions=Questions(plausibility=rules),
    )
    measured = measure(case, Streams.from_seed(0), only=("plausibility",))
    by = {(m.metric.removeprefix("plausibility."), m.subject): m for m in measured}
    for rule in rules:
        subject = f"rule:{rule.name}"
        hard, excess = by.get(("hard", subject)), by.get(("soft_excess", subject))
        yield RelatedRule(
            rule=rule,
            table=table,
            finding=_finding(rule, hard, excess) if made else "real rows alone",
            broken=None if hard is None or hard.value is None else int(hard.value),
            real=by["real", subject],
            synthetic=by.get(("rate", subject)),
        )


def _finding(rule: RuleSpec, hard: Measurement | None, excess: Measurement | None) -> Finding:
    if rule.severity == "hard":
        if hard is None or hard.value is None:
            return "not shown"
        return "broken" if hard.value else "kept"
    if excess is None or excess.low is None or excess.high is None:
        return "not shown"
    if excess.low > MARGIN:
        return "more than real rows"
    return "no more than real rows" if excess.high <= MARGIN else "not shown"


def _plain(m: Measurement) -> dict[str, object]:
    return {"rate": m.value, "low": m.low, "high": m.high, "n": m.n, "reason": m.reason}


def passed(found: Sequence[RelatedRule]) -> bool:
    """Whether each rule is shown to hold in the synthetic tables, if any were given."""
    return all(f.finding in _FINE for f in found)


def rows_of(found: Sequence[RelatedRule]) -> list[tuple[str, ...]]:
    """Return lines for a terminal: table, rule, severity, both rates, what was found."""
    return [
        (f.table, f.rule.name, f.rule.severity, _rate(f.real), _rate(f.synthetic), f.finding)
        for f in found
    ]


def _rate(m: Measurement | None) -> str:
    if m is None or m.value is None:
        return "-" if m is None else m.reason
    if m.low is None or m.high is None:
        return f"{100 * m.value:.3g} %"
    return f"{100 * m.value:.3g} % [{100 * m.low:.3g}, {100 * m.high:.3g}] of {m.n:,}"
