"""Roles proposed on the developers' tables; skipped where that folder is absent."""

from pathlib import Path

import pytest

from assaymark.core.recipe import parse_recipe
from assaymark.core.schema import Role
from assaymark.flow.source.read import prepare
from assaymark.source.profile import profile
from assaymark.source.read import read_table
from assaymark.source.recipe_text import recipe_text

FOLDER = Path(__file__).parents[2].parent / "shared" / "data"

# the person key (if any), and all that must be left out as direct identifiers
EXPECTED = {
    "adult": (None, set()),
    "compas": (None, set()),
    "credit_default": (None, set()),
    "heart_uci": (None, set()),
    "framingham_teaching": ("RANDID", set()),
    "survival/pbcseq": ("id", set()),
    "survival/rotterdam": (None, {"pid"}),
    "survival/flchain": (None, set()),
    "policy/eusilc_at": (None, {"db030", "rb030"}),
    "policy/sd2011": (None, set()),
    "policy/cps_taxunits_sample": (None, {"RECID"}),
    "nist_acs/ma2019": (None, set()),
    "cdisc_pilot/ae": ("USUBJID", set()),
    "mimic3_demo/admissions": ("subject_id", {"row_id", "hadm_id"}),
    "mimic3_demo/labevents": ("subject_id", {"row_id", "hadm_id"}),
    "omop_gibleed/person": (None, {"person_id", "person_source_value"}),
}


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_keys_and_identifiers_of_real_tables_are_found_and_nothing_else(name):
    file = FOLDER / f"{name}.parquet"
    if not file.exists():
        pytest.skip("the developers' data folder is not here")
    frame = read_table(file)
    found = profile(frame, {})
    keys = [c.name for c in found.schema.with_role(Role.PERSON_KEY)]
    out = {c.name for c in found.schema.with_role(Role.DIRECT_IDENTIFIER)}
    assert (next(iter(keys), None), out) == EXPECTED[name]
    recipe = parse_recipe(recipe_text("real", "real.parquet", found).encode())
    done = prepare(frame, recipe, b"k" * 32)
    assert sum(p.n for p in done.parts.all) == frame.height
