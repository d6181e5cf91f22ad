import pytest

from assaymark.core.claim import CLAIMS
from assaymark.core.claim_check import check_claims
from assaymark.core.recipe import parse_recipe
from assaymark.core.schema import Column, Kind, Schema
from assaymark.errors import InputError, RecipeError, UnknownNameError

SCHEMA = Schema(
    columns=(
        Column(name="age", kind=Kind.INTEGER),
        Column(name="income", kind=Kind.DECIMAL),
        Column(name="region", kind=Kind.CATEGORY),
    )
)
HEAD = 'name = "x"\n[source]\npath = "x.csv"\n'
GOOD = {
    "mean": 'column = "age"\nby = "region"\nmargin = 2.5',
    "share": "condition = \"region == 'north'\"",
    "total": 'column = "income"\nwhere = "age >= 18"',
    "ratio": 'numerator = "income"\ndenominator = "age"',
    "ranking": 'column = "income"\nby = "region"',
    "contrast": 'outcome = "income"\ntreated = "age >= 60"\nadjust = "ols"\ncovariates = ["age"]',
    "tail": 'column = "income"\nquantile = 0.99',
    "scenario": 'before = "0.2 * income"\nafter = "max(0, 0.2 * income - 100)"\nby = "region"',
}


def claims(kind, body):
    text = f'{HEAD}[[claim]]\nname = "one"\nkind = "{kind}"\n{body}\n'
    return parse_recipe(text.encode()).claim


@pytest.mark.parametrize("kind", GOOD)
def test_every_kind_is_read_and_can_be_asked(kind):
    (spec,) = claims(kind, GOOD[kind])
    assert isinstance(spec, CLAIMS[kind])
    check_claims([spec], SCHEMA)


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("means", 'column = "age"', "did you mean 'mean'"),
        ("mean", 'colum = "age"', "did you mean 'column'"),
        ("mean", 'column = "age"\nmargin = -1', "greater than or equal to 0"),
        ("mean", 'column = "age"\nmargin = inf', "finite"),
        ("mean", 'column = "age"\nuses = ["marketing"]', "'policy_simulation'"),
        ("contrast", 'outcome = "income"\ntreated = "age > 1"\nadjust = "ols"', "go together"),
        ("scenario", 'before = "1"', "needs either before and after"),
        ("scenario", 'before = "1"\nafter = "2"\npath = "r.py"', "needs either before and after"),
        ("scenario", 'path = "r.py"\nfunction = "a b"', "the name of a function"),
        ("tail", 'column = "age"\nquantile = 1.5', "less than 1"),
        ("mean", 'column = "age"\n[[claim]]\nname = "one"\nkind = "mean"\ncolumn = "age"', "same"),
    ],
)
def test_claims_that_do_not_hold_together(kind, body, said):
    with pytest.raises(InputError, match=said):
        claims(kind, body)


def test_a_name_cannot_hold_what_separates_subjects():
    with pytest.raises(RecipeError, match="name has no"):
        parse_recipe(f'{HEAD}[[claim]]\nname = "a,b"\nkind = "mean"\ncolumn = "age"\n'.encode())


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("mean", 'column = "agee"', "did you mean 'age'"),
        ("mean", 'column = "region"', "has no mean"),
        ("mean", 'column = "age"\nby = "regio"', "did you mean 'region'"),
        ("mean", 'column = "age"\nwhere = "agee > 1"', "did you mean 'age'"),
        ("mean", 'column = "age"\nwhere = "age >"', "cannot read the condition"),
        ("share", "condition = \"age > 'x'\"", "must give a number"),
        ("ratio", 'numerator = "income"\ndenominator = "regoin"', "did you mean 'region'"),
        (
            "contrast",
            'outcome = "income"\ntreated = "age > 1"\ncontrol = "x > 1"',
            "unknown column",
        ),
        ("scenario", 'before = "incom"\nafter = "1"', "did you mean 'income'"),
        ("scenario", 'before = "income +"\nafter = "1"', "cannot read the formula"),
        ("scenario", 'before = "1"\nafter = "income"\nper = "home"', "unknown column 'home'"),
    ],
)
def test_claims_that_cannot_be_asked_of_the_table(kind, body, said):
    with pytest.raises((RecipeError, UnknownNameError), match=said):
        check_claims(claims(kind, body), SCHEMA)
