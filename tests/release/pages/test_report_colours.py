"""Colours of the report: enough contrast to be read, in both themes."""

from __future__ import annotations

import re

import pytest

from assaymark.release.pages.report import render


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""

    def light(colour):
        full = colour if len(colour) == 7 else "#" + "".join(2 * c for c in colour[1:])
        parts = [int(full[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1])
def test_text_and_marks_stand_out_in_light_and_dark(draft, theme):
    style = re.search("<style>(.*?)</style>", render(draft).decode(), re.DOTALL)[1]
    themes = re.findall(r":root\{(.*?)\}", style, re.DOTALL)
    colours = dict(re.findall(r"--([a-z0-9-]+):(#[0-9a-f]+)", themes[theme]))
    for text in ("ink", "muted", "link", "good", "bad", "open", "waived"):
        for ground in ("page", "paper"):
            assert contrast(colours[text], colours[ground]) >= 4.5
    for tone in ("good", "bad", "open", "waived"):
        assert contrast(colours[tone], colours[f"{tone}-bg"]) >= 4.5
    assert contrast(colours["muted"], colours["soft"]) >= 4.5
    for mark in ("synth", "floor", "planted", "real-line"):  # WCAG 2.2, 1.4.11: 3 for graphics
        assert contrast(colours[mark], colours["paper"]) >= 3
    for mark in ("synth", "ink", "floor"):
        assert contrast(colours[mark], colours["ok"]) >= 3
