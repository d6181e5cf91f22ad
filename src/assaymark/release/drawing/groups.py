"""Picture of one group: a figure in the real and in the synthetic rows, joined by a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.release.drawing.marks import element, percent, picture

if TYPE_CHECKING:
    from markupsafe import Markup

    from assaymark.release.pages.report_content import GroupLevel

__all__ = ["draw_group", "group_words"]

_MIDDLE = 11
_EDGE = 6.0


def group_words(level: GroupLevel) -> str:
    """Say both figures of a group."""
    return f"Real {percent(level.real)}, synthetic {percent(level.synthetic)}."


def draw_group(level: GroupLevel, top: float) -> Markup:
    """Draw a hollow mark for real and a full one for synthetic on an axis from 0 to ``top``."""
    marks = [element("line", x1="0%", x2="100%", y1=_MIDDLE, y2=_MIDDLE, class_="rail")]
    real = None if level.real is None else _at(level.real, top)
    synthetic = None if level.synthetic is None else _at(level.synthetic, top)
    if real is not None and synthetic is not None:
        ends = {"x1": f"{real:.1f}%", "x2": f"{synthetic:.1f}%"}
        marks.append(element("line", y1=_MIDDLE, y2=_MIDDLE, class_="gap", **ends))
    if synthetic is not None:
        marks.append(element("circle", cx=f"{synthetic:.1f}%", cy=_MIDDLE, r=4.5, class_="synth"))
    if real is not None:
        marks.append(element("circle", cx=f"{real:.1f}%", cy=_MIDDLE, r=5.5, class_="real"))
    return picture(level.name, group_words(level), *marks, class_="group", height=22)


def _at(x: float, top: float) -> float:
    return _EDGE + (100 - 2 * _EDGE) * min(1.0, max(0.0, x / top if top > 0 else 0.0))
