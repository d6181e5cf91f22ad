"""Whatever in a recipe names a column: a slip is refused before anything is made of the table."""

import polars as pl
import pytest

from assaymark.core.recipe import parse_recipe
from assaymark.errors import UnknownNameError
from assaymark.flow.source.read import prepare

FRAME = pl.DataFrame(
    {
        "age": [20 + i % 50 for i in range(400)],
        "sex": ["f" if i % 2 else "m" for i in range(400)],
        "ill": ["y" if i % 7 == 0 else "n" for i in range(400)],
        "day": [f"2020-01-{1 + i % 28:02d}" for i in range(400)],
    }
)
HEAD = 'name = "x"\n[source]\npath = "x.csv"\n'
GAP = '[[correction]]\ngroup = "{}=f"\noutcome = "{}=y"\nchange = 0.1\nwhy = "w"\nwho = "me"'
PRIVATE = '[privacy]\nepsilon = 1.0\nunit = "row"\n'
SLIPS = {
    "columns": ("age", '[columns]\n{} = "other"'),
    "drop": ("ill", '[[transform]]\nkind = "drop"\ncolumns = ["{}"]'),
    "group_rare": ("sex", '[[transform]]\nkind = "group_rare"\ncolumns = ["{}"]\nminimum = 5'),
    "generalise": ("sex", '[[transform]]\nkind = "generalise"\ncolumn = "{}"\nprefix = 1'),
    "top_code": ("age", '[[transform]]\nkind = "top_code"\ncolumn = "{}"\nhigh = 60'),
    "bucket_date": ("day", '[[transform]]\nkind = "bucket_date"\ncolumn = "{}"\nto = "month"'),
    "label": ("ill", '[[label]]\ncolumn = "{}"\nhow = "by rule"'),
    "correction, group": ("sex", GAP.format("{}", "ill")),
    "correction, outcome": ("ill", GAP.format("sex", "{}")),
    "bounds": ("age", PRIVATE + "[privacy.bounds]\n{} = [0, 100]"),
    "categories": ("sex", PRIVATE + '[privacy.categories]\n{} = ["f", "m"]'),
}


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_in_the_name_of_a_column_is_refused_with_what_was_meant(name):
    column, text = SLIPS[name]
    prepare(FRAME, parse_recipe((HEAD + text.format(column)).encode()), b"k" * 32)
    wrong = parse_recipe((HEAD + text.format(column + "e")).encode())
    with pytest.raises(UnknownNameError, match=f"did you mean {column!r}"):
        prepare(FRAME, wrong, b"k" * 32)
