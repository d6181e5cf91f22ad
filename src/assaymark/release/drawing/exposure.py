"""Pictures of what attacks gain: beyond chance, by size of a planted leak, by group of people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from assaymark.release.drawing.marks import element, percent, picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from assaymark.release.pages.report_content import (
        AttackPicture,
        ControlLine,
        ExposureLine,
        SecretLine,
    )

__all__ = [
    "draw_exposed",
    "draw_gain",
    "draw_power",
    "exposed_reach",
    "gain_words",
    "limit_words",
    "loss_words",
    "most_exposed",
    "power_words",
    "reach_of",
    "secret_words",
]

_MIDDLE = 11
_LEAST = 0.1
_SIZES = (0.001, 0.01, 0.1, 1.0)
_WIDTH, _HEIGHT, _LEFT, _TOP = 230, 120, 44, 10


def reach_of(attacks: Sequence[AttackPicture]) -> float:
    """Return how far from chance the common axis of all attacks reaches on either side."""
    ends = [abs(x - a.chance) for a in attacks for x in (a.low, a.high) if x is not None]
    return min(1.0, max([_LEAST, *ends]))


def exposed_reach(lines: Sequence[ExposureLine]) -> float:
    """Return how far from no excess the axis of an attack's groups reaches on either side."""
    return min(1.0, max([_LEAST, *(abs(x) for line in lines for x in (line.low, line.high))]))


def most_exposed(
    attacks: Sequence[AttackPicture],
) -> list[tuple[str, AttackPicture, ExposureLine, int]]:
    """Return for each group the attack that is surest to hit it more, and how many looked at it.

    Groups that stand out in any attack come first, then by how far theirs is from no excess.
    """
    lines = [(line, attack) for attack in attacks for line in attack.exposed]
    found = []
    for group in dict.fromkeys(line.group for line, _ in lines):
        own = [(line, attack) for line, attack in lines if line.group == group]
        worst, attack = max(own, key=lambda pair: (pair[0].exposed, pair[0].low))
        found.append((group, attack, worst, len(own)))
    return sorted(found, key=lambda f: (not f[2].exposed, -f[2].low))


def secret_words(line: SecretLine) -> str:
    """Say how often a secret is guessed, of people of train and of people never seen."""
    if line.guessed:
        guessed, right = (f"{100 * x:.0f}" for x in (line.guessed, line.recall))
        ours = (
            f"Of 100 people of train {guessed} are guessed about, {right} of them rightly: "
            f"{_rates(line.precision, line.recall)}."
        )
    else:
        ours = "No guess is made about people of train."
    if line.guessed_of_unseen:
        return f"{ours} Never seen: {_rates(line.precision_of_unseen, line.recall_of_unseen)}."
    return f"{ours} Never seen: no guess is made."


def loss_words(line: SecretLine) -> str:
    """Say the anonymity loss, which is no loss where strangers fare worse."""
    return f"{line.loss:.2f}".replace("-0.00", "0.00").replace("-", "\u2212")


def _rates(precision: float, recall: float) -> str:
    whole = [percent(round(x, 2)) for x in (precision, recall)]
    return f"precision {whole[0]}, recall {whole[1]}"


def gain_words(attack: AttackPicture) -> str:
    """Say how much better than chance the attack is, and how sure that is."""
    if attack.value is None or attack.low is None or attack.high is None:
        return "not measured"
    gain, low, high = (100 * (x - attack.chance) for x in (attack.value, attack.low, attack.high))
    return f"{_points(gain)} ({_points(low)} to {_points(high)})"


def limit_words(attack: AttackPicture) -> str:
    """Say the smallest leak that the attack was shown to catch, in points beyond chance."""
    limit = attack.limit_of_detection
    return "not shown" if limit is None else _points(100 * (limit - attack.chance))


def draw_gain(attack: AttackPicture, reach: float) -> Markup:
    """Draw the attack's gain with its interval; chance is the line in the middle."""
    marks = [
        element("line", x1="0%", x2="100%", y1=_MIDDLE, y2=_MIDDLE, class_="rail"),
        element("line", x1="50%", x2="50%", y1=2, y2=20, class_="chance"),
    ]
    if attack.value is not None and attack.low is not None and attack.high is not None:
        low, value, high = (
            f"{50 + 48 * max(-1.0, min(1.0, (x - attack.chance) / reach)):.1f}%"
            for x in (attack.low, attack.value, attack.high)
        )
        marks += [
            element("line", x1=low, x2=high, y1=_MIDDLE, y2=_MIDDLE, class_="gap"),
            element("circle", cx=value, cy=_MIDDLE, r=4.5, class_="synth"),
        ]
    words = f"{gain_words(attack)} points beyond chance."
    return picture(attack.title, words, *marks, class_="group", height=22)


def power_words(controls: Sequence[ControlLine]) -> str:
    """Say which kinds of leak were planted, and the smallest of each that never escaped."""
    said = []
    for name, lines in _kinds(controls).items():
        sure = [c.size for c in lines if c.caught == c.of and c.size is not None]
        smallest = f"never escaped from {percent(min(sure))} on" if sure else "escaped at any size"
        said.append(f"{name} {smallest}")
    return "Planted: " + "; ".join(said) + "." if said else "No leak was planted."


def draw_power(controls: Sequence[ControlLine]) -> Markup:
    """Draw how often planted leaks were caught, by their size on a logarithmic axis."""
    frame = element("rect", x=_LEFT, y=_TOP, width=_WIDTH, height=_HEIGHT, class_="frame")
    marks = [frame]
    for size in _SIZES:
        at = _LEFT + _WIDTH * _place(size)
        anchor = "end" if size == _SIZES[-1] else "middle"
        label = percent(size)
        marks.append(element("text", label, x=at, y=_TOP + _HEIGHT + 16, text_anchor=anchor))
    for share in (0.0, 1.0):
        y = _TOP + _HEIGHT * (1 - share) + 4
        marks.append(element("text", percent(share), x=_LEFT - 6, y=y, text_anchor="end"))
    for i, lines in enumerate(_kinds(controls).values()):
        points = [(c.size, c.caught / c.of) for c in lines if c.size and c.of]
        steps = " ".join(
            f"{_LEFT + _WIDTH * _place(s):.1f},{_TOP + _HEIGHT * (1 - y):.1f}"
            for s, y in sorted(points)
        )
        marks.append(
            element("polyline", points=steps, class_=f"line {'planted' if i else 'found'}")
        )
    return picture(
        "Share of planted leaks that were caught, by their size",
        power_words(controls),
        *marks,
        class_="curve power",
        viewBox=f"0 0 {_LEFT + _WIDTH + 14} {_TOP + _HEIGHT + 22}",
    )


def draw_exposed(line: ExposureLine, reach: float) -> Markup:
    """Draw one group's excess with its interval; no excess is the line in the middle."""
    low, value, high = (
        f"{50 + 48 * max(-1.0, min(1.0, x / reach)):.1f}%"
        for x in (line.low, line.value, line.high)
    )
    return picture(
        line.group,
        f"{_points(100 * line.value)} points beyond people never seen.",
        element("line", x1="0%", x2="100%", y1=_MIDDLE, y2=_MIDDLE, class_="rail"),
        element("line", x1="50%", x2="50%", y1=2, y2=20, class_="chance"),
        element("line", x1=low, x2=high, y1=_MIDDLE, y2=_MIDDLE, class_="gap"),
        element("circle", cx=value, cy=_MIDDLE, r=4.5, class_="synth"),
        class_="group",
        height=22,
    )


def _kinds(controls: Sequence[ControlLine]) -> dict[str, list[ControlLine]]:
    found: dict[str, list[ControlLine]] = {}
    for c in controls:
        if c.kind == "planted" and c.size is not None:
            found.setdefault(c.name, []).append(c)
    return found


def _place(size: float) -> float:
    """Return where on the axis from 0.1 % to 100 % a size is, in [0, 1]."""
    return min(1.0, max(0.0, 1 + math.log10(max(size, 1e-3)) / 3))


def _points(x: float) -> str:
    digits = 1 if abs(x) < 10 else 0
    text = f"{x:.{digits}f}"
    return text.replace("-0.0", "0.0").replace("-", "\u2212")
