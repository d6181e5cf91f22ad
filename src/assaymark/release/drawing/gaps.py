"""Picture of one gap: real and synthetic on a common axis, what was brought in marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.release.drawing.marks import element, picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from assaymark.release.pages.report_content import GapLine

__all__ = ["by_outcome", "draw_gap", "gap_reach", "gap_words", "signed"]

_MIDDLE = 11
_LEAST = 0.3


def signed(x: float) -> str:
    """Write a figure with its sign, a minus as printers set it."""
    said = f"{x:+.2f}"
    return "0.00" if said in {"+0.00", "-0.00"} else said.replace("-", "−")


def gap_words(line: GapLine) -> str:
    """Say both gaps and what was brought in."""
    return (
        f"Real {signed(line.real)}, synthetic {signed(line.synthetic)}; brought in "
        f"{signed(line.introduced)} ({signed(line.low)} to {signed(line.high)})."
    )


def gap_reach(lines: Sequence[GapLine]) -> float:
    """Return how far from no gap the common axis reaches on either side."""
    ends = [abs(x) for g in lines for x in (g.real_low, g.real_high, g.synthetic)]
    return max([_LEAST, *ends])


def by_outcome(lines: Sequence[GapLine]) -> list[tuple[str, list[GapLine], list[GapLine]]]:
    """Return each outcome with its groups, and with the crossings that stand out."""
    names = dict.fromkeys(g.outcome for g in lines)
    return [
        (
            name,
            [g for g in lines if g.outcome == name and not g.crossing],
            [g for g in lines if g.outcome == name and g.crossing and g.stands_out],
        )
        for name in names
    ]


def draw_gap(line: GapLine, reach: float) -> Markup:
    """Draw a hollow mark for the real gap with its interval, and a full one for the synthetic."""
    low, real, high, made = (
        f"{50 + 48 * max(-1.0, min(1.0, x / reach)):.1f}%"
        for x in (line.real_low, line.real, line.real_high, line.synthetic)
    )
    marks = [
        element("line", x1="0%", x2="100%", y1=_MIDDLE, y2=_MIDDLE, class_="rail"),
        element("line", x1="50%", x2="50%", y1=2, y2=20, class_="chance"),
        element("line", x1=low, x2=high, y1=_MIDDLE, y2=_MIDDLE, class_="chance"),
        element("line", x1=real, x2=made, y1=_MIDDLE, y2=_MIDDLE, class_="gap"),
        element("circle", cx=made, cy=_MIDDLE, r=4.5, class_="synth"),
        element("circle", cx=real, cy=_MIDDLE, r=5.5, class_="real"),
    ]
    return picture(line.group, gap_words(line), *marks, class_="group", height=22)
