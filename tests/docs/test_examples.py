"""The worked examples are read, and every claim in them can be asked of their tables."""

from pathlib import Path

import numpy as np
import pytest

from assaymark.core.claim import Scenario
from assaymark.core.claim_check import check_claims
from assaymark.core.streams import Streams
from assaymark.evaluate.claims.scenario import Change, changed
from assaymark.flow.source.claims import read_recipe
from assaymark.flow.source.read import prepare
from assaymark.source.read import read_table

RECIPES = sorted((Path(__file__).parents[2] / "docs" / "examples").glob("*/recipe.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.parent.name)
def test_an_example_asks_what_its_table_can_answer(path):
    recipe = read_recipe(path)
    prepared = prepare(read_table(path.parent / recipe.source.path), recipe, b"key")
    train = prepared.parts.train
    check_claims(recipe.claim, train.schema)
    scenarios = [c for c in recipe.claim if isinstance(c, Scenario)]
    assert scenarios
    for spec in scenarios:
        found = changed(spec, train, Streams.from_seed(0))
        assert isinstance(found, Change), found
        assert np.nanmax(np.abs(found.after - found.before)) > 0


def test_there_are_two():
    assert [p.parent.name for p in RECIPES] == ["readmission", "taxunits"]
