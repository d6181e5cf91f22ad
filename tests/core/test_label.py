"""Where labels come from, as a recipe says it."""

from __future__ import annotations

import pytest

from assaymark.core.label import LabelSpec
from assaymark.core.recipe import parse_recipe
from assaymark.errors import AssaymarkError

PLAIN = b"""
name = "x"
[source]
path = "x.csv"
"""
LABELLED = (
    PLAIN
    + b"""
[[label]]
column = "ill"
how = "clinical coding"
measured_error = 0.04
reference = "audit of 500 charts, 2023"
"""
)


def test_where_labels_come_from_is_declared_with_their_measured_error() -> None:
    (label,) = parse_recipe(LABELLED).label
    assert label.words == (
        "Labels in 'ill' come from clinical coding; 4 % of them were found wrong "
        "(audit of 500 charts, 2023)."
    )
    assert label.source().measured_error == "0.04"
    assert "not measured" in LabelSpec(column="ill", how="two readers").words


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (LABELLED.replace(b"how", b"who"), "'who'"),
        (LABELLED.replace(b"0.04", b"1.4"), "less than or equal to 1"),
        (b"label = 3\n" + PLAIN, "list of tables"),
    ],
)
def test_a_label_that_does_not_hold_together_is_refused(wrong: bytes, said: str) -> None:
    with pytest.raises(AssaymarkError, match=said):
        parse_recipe(wrong)


def test_a_recipe_without_labels_keeps_its_bytes() -> None:
    assert "label" not in parse_recipe(PLAIN).plain()
