"""A release says for the study of which people it is fit, and is refused for the others."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import assaymark
from assaymark.cli.app import app
from assaymark.errors import InputError, NotApprovedError, UnknownNameError
from assaymark.flow.decide.fitness import why_not
from assaymark.flow.job import Options, read_job
from assaymark.flow.run import run

GOLDEN = Path(__file__).parents[2] / "golden/releases"

RULES = """
[[rule]]
id = "women-and-men"
metric = "representation.log_disparity_small"
subject = "group:sex=%s"
direction = "within"
threshold = %s
uses = ["analytics"]
severity = "warn"
title = "Women and men are there"
why = "Who is missing cannot be studied."
remedy = "More rows."
"""
BLOCKING = """
[[rule]]
id = "men-few"
metric = "representation.log_disparity_small"
subject = "group:sex=m"
direction = "at_most"
threshold = -5.0
uses = ["pretraining"]
severity = "block"
title = "Hardly any men are there"
why = "So that one use is refused."
remedy = "Fewer men."
"""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory, split_in_two):
    folder = tmp_path_factory.mktemp("fitness")
    split_in_two(folder)
    policy = folder / "policy.toml"
    strict = RULES.replace("women-and-men", "strictly").replace("Women and men", "All women")
    strict %= ("f", 0.0001)
    policy.write_text(policy.read_text() + RULES % ("m", 5.0) + strict + BLOCKING)
    job = read_job(folder / "recipe.toml", uses=["analytics", "pretraining"])
    found = run(job, Options(workspace=folder / "ws", seed=1))
    assert found.release
    return found


def test_the_outcome_has_a_cell_for_each_use_and_group(outcome):
    assert outcome.fitness["analytics"] == {"sex=f": "not enough evidence", "sex=m": "fit"}
    assert outcome.fitness["pretraining"] == {"sex=f": "not fit", "sex=m": "not fit"}


def test_rows_are_loaded_for_the_study_of_a_group_only_where_they_are_fit(outcome):
    rows = assaymark.load(outcome.release, use="analytics", group="sex=m")
    assert set(rows["sex"].unique()) == {"f", "m"}
    said = r'(?s)of sex=f.*"All women are there" is not proven.*sex=m'
    with pytest.raises(NotApprovedError, match=said):
        assaymark.load(outcome.release, use="analytics", group="sex=f")
    with pytest.raises(UnknownNameError, match="sex=m"):
        assaymark.load(outcome.release, use="analytics", group="sex=w")
    assert assaymark.load(outcome.release, use="analytics").height == rows.height
    assert assaymark.load(outcome.release, use="analytics", group="sex = m").height == rows.height


def test_a_use_that_is_not_approved_is_refused_with_the_reason(outcome):
    with pytest.raises(
        NotApprovedError, match=r"refused; Hardly any men are there: FAIL.*\n\nHint"
    ):
        assaymark.load(outcome.release, use="pretraining")
    with pytest.raises(NotApprovedError, match="nobody asked for it"):
        assaymark.load(outcome.release, use="policy_simulation")
    for wrong in ({"use": None}, {"use": "analytics", "group": ["sex=m"]}):
        with pytest.raises(InputError, match="is not a name"):
            assaymark.load(outcome.release, **wrong)


def test_a_rule_that_was_waived_is_not_why_a_use_was_refused():
    # its one-way-distance is open, and somebody waived it: nothing else stood in the way
    said = "its rows passed, and the release was not issued for it"
    assert why_not(GOLDEN / "reviewed", "analytics") == said


def test_the_command_admits_for_a_group_and_records_it(outcome):
    said = ["release", "admit", outcome.release, "--use", "analytics", "--group"]
    done = CliRunner().invoke(app, [*said, "sex=m", "--json"])
    assert json.loads(done.stdout)["group"] == "sex=m"
    assert "group" in json.loads(done.stdout)["checked"]
    refused = CliRunner().invoke(app, [*said, "sex=f"])
    assert isinstance(refused.exception, NotApprovedError)


def test_verification_judges_the_groups_again(outcome):
    found = assaymark.verify(outcome.release)
    assert found.ok
    assert any(c.title == "Groups" and "1 fit" in c.said for c in found.checks)


def test_the_report_shows_who_the_rows_are_fit_for(outcome):
    page = Path(outcome.report).read_text()
    assert "For the study of which people" in page
    assert "Not enough evidence" in page
    card = (Path(outcome.release) / "card.md").read_text()
    assert "- analytics, not enough evidence for: [sex = f](evidence/confirmation.json" in card
    (line,) = (x for x in card.splitlines() if x.startswith("- analytics, not enough"))
    assert "sex = m]" not in line


def test_questions_asked_after_the_sealed_look_release_nothing(outcome, tmp_path):
    whole = Path(outcome.release).parents[2]
    shutil.copytree(whole, tmp_path / "again")
    recipe = tmp_path / "again/recipe.toml"
    claim = '\n[[claim]]\nkind = "mean"\nname = "age"\ncolumn = "age"\n'
    first = recipe.read_text()
    recipe.write_text(first + claim)
    options = Options(workspace=tmp_path / "again/ws", seed=1)
    late = run(read_job(recipe, uses=["analytics"]), options)
    assert late.uses["analytics"].value == "approved"
    assert late.release is None
    assert any("first asked after the sealed" in b for b in late.blocked)
    recipe.write_text(first.replace('name = "stays"', 'name = "other"'))
    renamed = run(read_job(recipe, uses=["analytics"]), options)
    assert any("'other' without claims" in b and "under its name" in b for b in renamed.blocked)
    assert renamed.release is None
    recipe.write_text(first)
    assert run(read_job(recipe, uses=["analytics"]), options).release
