"""Claims and plausibility rules in a recipe: read strictly, carried whole, digest stable."""

from __future__ import annotations

import pytest

from assaymark.core.questions import Questions
from assaymark.core.recipe import parse_recipe
from assaymark.errors import AssaymarkError, RecipeError

PLAIN = b"""
name = "x"
[source]
path = "x.csv"
"""
CLAIM = b"""
[[claim]]
kind = "mean"
name = "mean age"
column = "age"
"""
RULE = b"""
[[plausibility]]
kind = "rule"
name = "adults"
rule = "age >= 18"
"""


def test_a_recipe_without_questions_keeps_its_bytes() -> None:
    recipe = parse_recipe(PLAIN)
    assert not recipe.questions
    assert "claim" not in recipe.plain()
    assert "plausibility" not in recipe.plain()


def test_questions_are_read_and_have_a_digest_of_their_own() -> None:
    recipe = parse_recipe(PLAIN + CLAIM + RULE)
    assert [c.name for c in recipe.questions.claim] == ["mean age"]
    assert [p.rule for p in recipe.questions.plausibility] == ["age >= 18"]
    assert recipe.questions.digest() != Questions().digest()


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (CLAIM + CLAIM, "mean age"),
        (CLAIM.replace(b"mean", b"meen", 1), "meen"),
        (CLAIM.replace(b"column", b"colum"), "colum"),
        (RULE.replace(b'kind = "rule"\n', b""), "kind"),
    ],
)
def test_wrong_questions_are_refused_by_name(extra: bytes, said: str) -> None:
    with pytest.raises(AssaymarkError, match=said):
        parse_recipe(PLAIN + extra)


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(RecipeError, match="adults"):
        parse_recipe(PLAIN + RULE + RULE)


def test_a_correction_says_who_and_why() -> None:
    table = b"""
[[correction]]
group = "sex=f"
outcome = "ill=yes"
change = -0.05
why = "past referrals were biased"
who = "ethics board"
"""
    recipe = parse_recipe(PLAIN + table)
    assert recipe.questions.correction[0].change == -0.05
    assert recipe.questions.digest() != Questions().digest()
    with pytest.raises(AssaymarkError, match="wy"):
        parse_recipe(PLAIN + table.replace(b"why", b"wy"))
    with pytest.raises(AssaymarkError, match="who"):
        parse_recipe(PLAIN + table.replace(b'who = "ethics board"', b""))
