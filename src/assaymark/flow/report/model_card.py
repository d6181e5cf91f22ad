"""Model card: how a fitted generator draws each column, from what it says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.release.pages.report_content import ChainLine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.core.measurement import Json

__all__ = ["chain_of", "chain_words"]


def chain_of(summary: Mapping[str, Json]) -> tuple[ChainLine, ...]:
    """Return a line for each column, in the order they are drawn where there is one."""
    columns, told = _object(summary.get("columns")), _object(summary.get("dependencies"))
    derived = _object(summary.get("derived"))
    lines = []
    for name in told or columns:
        coded, link = _object(columns.get(name)), _object(told.get(name))
        sources = _object(link.get("from"))
        pools, codes = link.get("pools"), coded.get("codes")
        formula = str(link.get("formula", derived.get(name, "")))
        hidden = str(coded.get("hidden_values", "0"))
        lines.append(
            ChainLine(
                column=name,
                drawn_from=tuple((s, x) for s, x in sources.items() if isinstance(x, float)),
                pools=pools if isinstance(pools, int | float) else None,
                codes=codes if isinstance(codes, int) else 0,
                missing=coded.get("missing") is True,
                hidden="" if hidden == "0" else hidden,
                derived=name in derived or "formula" in link,
                formula="" if formula in sources else formula,
                near=_names(link.get("near")),
                same=_names(link.get("same")),
                often=link.get("often") is True,
                told=tuple((n, str(u)) for n, u in _object(link.get("told")).items()),
                empty=coded.get("empty") is True,
            )
        )
    return tuple(lines)


def chain_words(
    generator: str, summary: Mapping[str, Json], seconds: tuple[float, float] | None
) -> str:
    """Say in a few sentences what stands behind a value, and what the model cost."""
    said = [f"Generator {generator}."]
    k, protect = summary.get("k"), summary.get("protect")
    if _number(k):
        said.append(f"A pool speaks for at least {k} persons.")
    if _number(protect) and protect != 1:
        said.append(
            f"A value comes out only if {protect} persons share it or stand behind the interval "
            "it is drawn from."
        )
    if protect == 1:
        said.append("Rare values are not held back (protect = 1).")
    shelter = summary.get("shelter")
    if isinstance(shelter, int | float) and shelter > 0 and summary.get("honest"):
        said.append(
            f"The {shelter:.0%} of the people who stand most alone count for less, so that rows "
            "say less of them."
        )
    if seconds is not None:
        fitted, drawn = seconds
        said.append(f"The fit took {fitted:.2g} processor seconds, the rows {drawn:.2g}.")
    return " ".join(said)


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _names(value: Json) -> tuple[str, ...]:
    return tuple(str(n) for n in value) if isinstance(value, list) else ()


def _number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
