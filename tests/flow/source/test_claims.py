"""Claims from a recipe on disk to a verdict on given files; code is bound to what is asked."""

import numpy as np
import polars as pl
import pytest

import assaymark
from assaymark.errors import RecipeError, UnknownNameError
from assaymark.flow.job import read_job
from assaymark.flow.source.claims import read_recipe
from assaymark.flow.source.read import prepare

RECIPE = """
name = "taxes"
[source]
path = "train.csv"
[[claim]]
name = "flat rate"
kind = "scenario"
path = "reform.py"
function = "reform"
[[claim]]
name = "mean income"
kind = "mean"
column = "income"
"""
CODE = """
import polars as pl
def reform(frame, rng):
    return frame.select(before=0.2 * pl.col("income"), after=0.18 * pl.col("income"))
"""


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(1)
    for name, n in (("train", 3000), ("holdout", 2000), ("synthetic", 4000)):
        income = rng.gamma(3, 900, n).round(2)
        pl.DataFrame({"income": income, "age": rng.integers(18, 80, n)}).write_csv(
            tmp_path / f"{name}.csv"
        )
    (tmp_path / "recipe.toml").write_text(RECIPE)
    (tmp_path / "reform.py").write_text(CODE)
    return tmp_path


def evaluated(folder):
    return assaymark.evaluate(
        folder / "train.csv",
        folder / "synthetic.csv",
        holdout=folder / "holdout.csv",
        recipe=folder / "recipe.toml",
        uses=["policy_simulation"],
        only=["claims"],
        seed=1,
        report=folder / "report.html",
    )


def test_a_function_beside_the_recipe_is_run_and_judged(folder):
    found = {(r.rule, r.subject): r for r in evaluated(folder).verdicts}
    assert found["claims-hold", "claim:flat rate"].verdict == "PASS"
    assert found["claims-hold", "claim:mean income"].verdict == "PASS"
    assert found["signs-agree", "claim:flat rate"].verdict == "PASS"


def test_other_code_is_another_question(folder):
    before = read_recipe(folder / "recipe.toml").questions.digest()
    (folder / "reform.py").write_text(CODE.replace("0.18", "0.19"))
    assert read_recipe(folder / "recipe.toml").questions.digest() != before


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("gone.py", None, "cannot read 'gone.py'"),
        ("reform.py", "def reform(:", "is no Python"),
        ("../reform.py", None, "not in the folder of the recipe"),
    ],
)
def test_code_that_cannot_be_read(folder, path, text, said):
    (folder / "recipe.toml").write_text(RECIPE.replace("reform.py", path))
    if text is not None:
        (folder / path).write_text(text)
    with pytest.raises(RecipeError, match=said):
        read_recipe(folder / "recipe.toml")


def test_a_claim_about_an_unknown_column_is_refused_before_anything_is_measured(folder):
    (folder / "recipe.toml").write_text(RECIPE.replace('column = "income"', 'column = "incom"'))
    with pytest.raises(UnknownNameError, match="did you mean 'income'"):
        evaluated(folder)
    with pytest.raises(UnknownNameError, match="did you mean 'income'"):
        assaymark.run(folder / "recipe.toml", workspace=folder / "w")


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ('name = "a, b"\nkind = "mean"\ncolumn = "age"', "'a, b' name: a claim's name has no ,"),
        ('name = "a"\nkind = "mean"\ncolumn = "age"\nmargin = -1', "'a' margin: must be greater"),
        ('kind = "mean"\ncolumn = "age"', r"number 1 name: Field required"),
    ],
)
def test_what_is_wrong_with_a_claim_is_said_by_its_name(folder, claim, said):
    (folder / "recipe.toml").write_text(
        f'name = "x"\n[source]\npath = "train.csv"\n[[claim]]\n{claim}\n'
    )
    with pytest.raises(RecipeError, match=said):
        read_recipe(folder / "recipe.toml")


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ('kind = "regression"\nformula = "income ~ agee"', "claim 'a': unknown column 'agee'"),
        ('kind = "regression"\nformula = "income ~ open(1)"', "claim 'a'.*calls what it may not"),
        ('kind = "query"\nsql = "SELEC 1"', "claim 'a': .*cannot be read: Parser Error"),
        ('kind = "query"\nsql = "SELECT avg(agee) FROM data"', '(?s)"agee" not found.*age'),
        ('kind = "query"\nsql = "DROP TABLE data"', "claim 'a': a query is one SELECT"),
    ],
)
def test_an_analysis_that_cannot_be_asked_is_refused_before_anything_is_made(folder, claim, said):
    (folder / "recipe.toml").write_text(
        f'name = "x"\n[source]\npath = "train.csv"\n[[claim]]\nname = "a"\n{claim}\n'
    )
    with pytest.raises(RecipeError, match=said):
        assaymark.run(folder / "recipe.toml", workspace=folder / "w")


@pytest.mark.parametrize(
    "claim",
    [
        'kind = "mean"\ncolumn = "incme"',
        'kind = "ranking"\ncolumn = "age"\nby = "incme"',
        'kind = "quantile"\ncolumn = "incme"',
    ],
)
def test_a_claim_on_a_column_that_is_not_there_is_told_before_a_run_begins(folder, claim):
    recipe = folder / "recipe.toml"
    recipe.write_text(f'{RECIPE}[[claim]]\nname = "late"\n{claim}\n')
    with pytest.raises(UnknownNameError, match="'incme' in claim 'late'\n\nHint: did you mean"):
        read_job(recipe)


@pytest.mark.parametrize(
    ("claim", "place"),
    [
        ('kind = "mean"\ncolumn = "income"\nwhere = "incme > 3"', "condition"),
        ('kind = "scenario"\nbefore = "incme"\nafter = "0"', "formula"),
    ],
)
def test_of_a_name_within_a_claim_it_is_said_in_which(folder, claim, place):
    recipe = folder / "recipe.toml"
    recipe.write_text(f'{RECIPE}[[claim]]\nname = "late"\n{claim}\n')
    with pytest.raises(UnknownNameError, match=f"'incme' in the {place} of claim 'late'\n"):
        evaluated(folder)


def test_of_two_targets_it_is_said_which_is_predicted(folder):
    recipe = folder / "recipe.toml"
    columns = '[columns]\nage = "target"\nincome = "target"\n'
    recipe.write_text(RECIPE.replace("[[claim]]", f"{columns}[[claim]]", 1))
    job = read_job(recipe)
    notices = prepare(job.frame, job.recipe, b"k" * 32).notices
    (said,) = [n for n in notices if "declared targets" in n]
    assert said.startswith("'income', 'age' are declared targets: 'income' is what models are to")
