"""The dial: settings in a fixed order, the closest that holds, and what ends it at once."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import assaymark
from assaymark.core.comparison import Figure
from assaymark.core.dial import Dialled, Notch
from assaymark.core.recipe import parse_recipe
from assaymark.errors import InputError
from assaymark.flow.evaluate.dial import Dialling, dial, with_parameters
from assaymark.flow.evaluate.entrants import read_entrants
from assaymark.flow.status import entries_of
from assaymark.generate import generators
from assaymark.generate.notches import NOTCHES
from assaymark.release.pages.dial import render_dial
from assaymark.release.pages.dial_words import dialled_answer

WS = Path("ws")


def notch(name, high, closeness=0.8, **parameters):
    share = Figure(value=high - 0.004, low=high - 0.008, high=high)
    half = Figure(value=0.52, low=0.51, high=0.53)
    return Notch(
        name=name,
        words=f"pools of {name}",
        parameters=parameters,
        closeness=Figure(value=closeness, low=closeness - 0.02, high=closeness + 0.02),
        anyone=share,
        isolated=share,
        anyone_auc=half,
        isolated_auc=half,
        fit_seconds=1.0,
        within=high <= 0.02,
        reason="",
    )


def dialled(chosen, *notches):
    return Dialled(
        name="stays",
        made_at="2026-01-01 00:00 UTC",
        at_most=0.02,
        people=1_000,
        worlds=40,
        repeats=3,
        told_by="xgboost",
        ceiling=Figure(value=0.99),
        notches=notches,
        chosen=chosen,
        notices=("Know <this>.",),
        report=None,
    )


def test_every_setting_is_one_of_the_default_generator_and_has_its_own_name():
    assert len({n.name for n in NOTCHES}) == len(NOTCHES) >= 4
    for setting in NOTCHES:
        generators.build("tree_chain", setting.parameters)
    assert {} in [n.parameters for n in NOTCHES]


@pytest.mark.slow
def test_a_recipe_is_dialled_on_train_and_development_alone(folder):
    rng = np.random.default_rng(0)
    pl.DataFrame(rng.normal(size=(400, 2)).round(3), schema=["a", "b"]).write_csv("people.csv")
    assaymark.init("people.csv", ".", force=True)
    text = Path("recipe.toml").read_text()
    Path("recipe.toml").write_text(text.replace('"auto"', "false"))
    how = Dialling(
        workspace=WS, at_most=0.9, worlds=16, repeats=1, rows=200, seed=1, report=Path("dial.html")
    )
    heard = []
    found = dial(read_entrants([Path("recipe.toml")]), how, lambda *said: heard.append(said[1]))
    assert any(h.endswith(f"attacked, fit {how.worlds} of {how.worlds + 1}") for h in heard)
    assert [n.name for n in found.notches] == [n.name for n in NOTCHES]
    assert found.chosen == NOTCHES[-1].name  # 90 % are never recognised
    assert all(0 <= n.isolated.low <= n.isolated.value <= n.isolated.high for n in found.notches)
    assert all(n.closeness.value > 0 and n.fit_seconds > 0 for n in found.notches)
    looks = [e for e in entries_of(WS) if e["kind"] == "source.opened"]
    assert {p for e in looks for p in e["body"]["parts"]} == {"train", "development"}
    assert json.loads(found.model_dump_json())["schema_id"] == "assaymark/dial/v0"
    again = with_parameters(Path("recipe.toml").read_text(), found)
    assert parse_recipe(again.encode()).generate.parameters == NOTCHES[-1].parameters
    assert b"<script" not in Path("dial.html").read_bytes()


def test_the_walk_ends_at_the_first_setting_that_does_not_hold():
    from assaymark.flow.evaluate.dial import _chosen

    assert _chosen([notch("a", 0.012), notch("b", 0.015), notch("c", 0.03)]) == "b"
    assert _chosen([notch("a", 0.012), notch("b", 0.03), notch("c", 0.012)]) == "a"
    assert _chosen([notch("a", 0.03), notch("b", 0.012)]) is None


def test_the_answer_and_the_page_name_the_choice_and_what_it_costs():
    found = dialled("b", notch("a", 0.012, 0.7), notch("b", 0.018, k=50), notch("c", 0.03, 0.9))
    said = dialled_answer(found)
    assert "'b'" in said.headline
    assert "the next setting, 'c', would score 0.90" in said.sentence
    page = render_dial(found).decode()
    assert "k = 50" in page
    assert "Know &lt;this&gt;." in page
    assert page.count('class="spot ') == 3
    assert page == render_dial(found).decode()
    none = dialled(None, notch("a", 0.03))
    assert dialled_answer(none).headline.startswith("No setting")
    assert "2.6" in dialled_answer(none).sentence


def test_the_chosen_parameters_are_added_to_a_recipe_that_has_none():
    text = 'name = "x"\n[source]\npath = "x.csv"\n[generate]\nrows = 5\n'
    found = dialled("b", notch("a", 0.01), notch("b", 0.012, k=50, effects=False))
    recipe = parse_recipe(with_parameters(text, found).encode())
    assert recipe.generate.parameters == {"k": 50, "effects": False}
    assert recipe.generate.rows == 5
    assert with_parameters(text, dialled("a", notch("a", 0.01))) == text
    with pytest.raises(InputError, match="k = 50, effects = false"):
        with_parameters(with_parameters(text, found), found)
    with pytest.raises(InputError, match="no setting of the dial holds"):
        with_parameters(text, dialled(None, notch("a", 0.03)))


@pytest.mark.parametrize("bad", [{"at_most": 0.01}, {"at_most": 1.5}, {"worlds": 3}, {"people": 0}])
def test_a_dial_that_cannot_be_measured_is_refused(bad):
    with pytest.raises(InputError, match="Hint"):
        Dialling(**bad).check()


def test_only_the_default_generator_has_a_dial(folder):
    text = Path("recipe.toml").read_text()
    Path("recipe.toml").write_text(f'{text}\n[generate]\ngenerator = "independent"\n')
    with pytest.raises(InputError, match="compare --shadow"):
        dial(read_entrants([Path("recipe.toml")]), Dialling(workspace=WS, report=None))


def test_parameters_are_added_to_a_recipe_that_only_mentions_them_and_to_no_other():
    found = dialled("b", notch("a", 0.012), notch("b", 0.018, k=50))
    plain = '[generate]\ngenerator = "tree_chain"  # [generate.parameters] would go here\n'
    assert "\n[generate.parameters]\nk = 50\n" in with_parameters(plain, found)
    with pytest.raises(InputError, match=r"parameters of its own.*\n.*\n.*k = 50"):
        with_parameters(plain + "[generate.parameters]\nk = 10\n", found)
