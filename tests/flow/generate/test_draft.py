import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import assaymark
from assaymark.errors import DataError, InputError, NotApprovedError, RecipeError
from assaymark.flow.generate.draft import MARK, draft, write_draft
from assaymark.flow.generate.fit import read_parameters
from assaymark.flow.generate.impute import impute


def write(source="stays.csv", out=None, **how):
    given = {"rows": None, "generator": "tree_chain", "seed": 1, **how}
    return write_draft(Path(source), None if out is None else Path(out), **given)


def test_a_table_of_three_rows_says_that_its_columns_come_out_empty():
    made = draft(pl.DataFrame({"age": [1, 2, 3], "sex": ["F", "M", "F"]}), seed=1)
    assert any("Came out empty: 'age', 'sex'" in n for n in made.notices)


def test_of_one_row_none_is_made_and_it_is_said_why_and_what_to_do():
    with pytest.raises(DataError, match=r"of one person.*\n\nHint: .*two persons; of less than"):
        draft(pl.DataFrame({"age": [1], "sex": ["F"]}), seed=1)


@pytest.mark.parametrize("rows", [0, -1, 2.5, True, "5"])
def test_what_is_no_number_of_rows_is_refused(rows, stays):
    with pytest.raises(InputError, match="is no number of rows"):
        assaymark.generate(stays(100), rows=rows)


def test_which_values_do_not_come_out_is_said_also_of_a_draft_of_few_rows():
    table = pl.DataFrame({"town": ["A", "B"] * 60 + [f"t{i}" for i in range(80)]})
    made = draft(table, rows=10, seed=1)
    assert any("'town' in about 40 %" in n for n in made.notices)


def test_a_draft_needs_nothing_but_a_file_and_is_marked_as_ungated(folder):
    made = write()
    assert made.n == 900
    assert "ungated" in made.rows
    assert Path("stays.synthetic-ungated.csv.UNGATED.txt").read_text() == f"{MARK}\n"
    assert pl.read_csv(made.rows).columns == ["age", "sex", "days", "ill"]
    page = Path(made.report).read_bytes()
    assert b"ngated" in page
    assert len(page) < 2_000_000
    assert any("patient" in n for n in made.notices)


def test_parquet_carries_the_mark_inside(folder):
    made = write(out="rows.parquet", rows=50)
    assert pl.read_parquet_metadata("rows.parquet")["assaymark"] == MARK
    assert made.n == 50


def test_a_draft_never_writes_over_its_source_and_knows_its_formats(folder):
    before = Path("stays.csv").read_bytes()
    with pytest.raises(InputError, match="the source itself"):
        write(out="stays.csv")
    with pytest.raises(InputError, match=r"\.csv or \.parquet"):
        write(out="rows.xlsx")
    assert Path("stays.csv").read_bytes() == before


def test_the_same_seed_gives_the_same_rows_and_none_gives_others(stays):
    table = stays(300)
    one, two = (draft(table, seed=5).frame for _ in range(2))
    assert one.equals(two)
    assert not draft(table).frame.equals(one)


def test_suspected_identifiers_and_text_never_reach_the_output(stays):
    table = stays(300).with_columns(
        email=pl.format("u{}@example.org", pl.int_range(pl.len())),
        note=pl.format(
            "Seen on day {} with a long story of pains and other words.", pl.int_range(pl.len())
        ),
    )
    made = draft(table, seed=1)
    assert not {"email", "note", "patient"} & set(made.frame.columns)
    assert any("email" in n for n in made.notices)
    assert any("note" in n for n in made.notices)


def test_a_table_of_identifiers_only_is_an_error():
    table = pl.DataFrame({"email": [f"u{i}@example.org" for i in range(100)]})
    with pytest.raises(DataError, match="identifier"):
        draft(table)


@pytest.mark.parametrize(
    "table",
    [
        pl.DataFrame({"x": [1.5]}),
        pl.DataFrame({"x": pl.Series([], dtype=pl.Int64)}),
        pl.DataFrame(),
    ],
)
def test_tables_that_cannot_be_used_say_so(table):
    with pytest.raises(DataError, match="Hint"):
        draft(table)


@pytest.mark.parametrize(
    "table",
    [
        pl.DataFrame({"x": [1, 2]}),
        pl.DataFrame({"x": [1] * 30, "y": [None] * 30, "z": ["a", "b", "c"] * 10}),
        pl.DataFrame({"big": [2**62 + i for i in range(40)], "x": [1, 2] * 20}),
        pl.DataFrame({"x": [float("inf"), -1.0, float("nan"), 2.0] * 10}),
        pl.DataFrame({"day": ["1582-10-15", "1600-01-01", "2024-02-29", None] * 10}),
        pl.DataFrame({"mixed": ["1", "2", "three", ""] * 20, "n": [1.0, 2.0] * 40}),
        pl.DataFrame({"many": [f"c{i % 10_000}" for i in range(12_000)], "x": [1, 2] * 6_000}),
    ],
    ids=[
        "two rows",
        "constant and empty",
        "wide",
        "infinite",
        "old dates",
        "mixed",
        "10,000 levels",
    ],
)
def test_odd_tables_are_drafted(table):
    made = draft(table, seed=1, rows=20)
    assert made.frame.height == 20
    assert set(made.frame.columns) <= set(table.columns)


def test_rows_come_back_as_the_kind_of_table_that_was_given(stays):
    table = (
        stays(200)
        .drop("patient")
        .with_columns(
            day=pl.date(2024, 1, 1) + pl.duration(days=pl.col("days")),
            maybe=pl.when(pl.col("age") > 40).then(pl.col("days")),
        )
    )
    polars = assaymark.generate(table, seed=1, rows=10).rows
    arrow = assaymark.generate(table.to_arrow(), seed=1, rows=10).rows
    pandas = assaymark.generate(table.to_pandas(), seed=1, rows=10).rows
    assert isinstance(polars, pl.DataFrame)
    assert isinstance(arrow, pa.Table)
    assert isinstance(pandas, pd.DataFrame)
    assert pl.from_arrow(arrow).equals(polars)
    assert list(pandas.columns) == polars.columns
    assert pandas["age"].tolist() == polars["age"].to_list()
    assert np.issubdtype(pandas["day"].dtype, np.datetime64)
    assert "pandas" in sys.modules


def test_no_draft_is_made_of_a_model_that_holds_records(folder):
    with pytest.raises(NotApprovedError, match="not even as a draft"):
        write(generator="bootstrap", out="rows.csv")
    assert not Path("rows.csv").exists()


def test_a_draft_takes_parameters_and_says_which(folder):
    made = write(out="rows.csv", rows=60, parameters={"k": 50, "quality": "high"})
    page = Path(made.report).read_text()
    assert "tree_chain (k = 50, quality = high)" in page
    with pytest.raises(RecipeError, match="its parameters are classes"):
        write(out="rows.csv", parameters={"quality": "higher"})


def test_parameters_are_read_as_toml_or_as_words():
    given = ["k=50", " quality = high ", "honest=false", 'order="schema"', "shrink=1e-1"]
    assert read_parameters(given) == {
        "k": 50,
        "quality": "high",
        "honest": False,
        "order": "schema",
        "shrink": 0.1,
    }


@pytest.mark.parametrize(
    ("given", "what"),
    [(["k"], "NAME=VALUE"), (["=3"], "NAME=VALUE"), (["k="], "NAME=VALUE"), (["k=1"] * 2, "twice")],
)
def test_a_parameter_that_cannot_be_read_says_what_is_valid(given, what):
    with pytest.raises(InputError, match=what):
        read_parameters(given)


def test_categories_that_gave_way_are_told_with_their_share():
    rng = np.random.default_rng(0)
    readings = [f"{a}/{b}" for a, b in rng.integers(60, 180, (2000, 2))]
    rare = np.where(rng.random(2000) < 0.6, readings, "120/80").tolist()
    made = draft(pl.DataFrame({"pressure": rare, "sex": rng.choice(["f", "m"], 2000)}), seed=1)
    (told,) = [n for n in made.notices if "took their place" in n]
    assert "'pressure' in about 60 % of the rows" in told
    assert "'sex'" not in told


def test_pools_of_more_persons_than_there_are_are_told():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"age": rng.integers(20, 90, 600), "sex": rng.choice(["f", "m"], 600)})
    told = [n for n in draft(frame, seed=1, parameters={"k": 5000}).notices if "k = 5,000" in n]
    assert len(told) == 1
    assert not [n for n in draft(frame, seed=1).notices if "Pools" in n]


def test_texts_that_are_written_from_a_number_are_told():
    rng = np.random.default_rng(0)
    number = rng.integers(100, 180, 1500)
    text = [str(v) if i % 10 else "NEG" for i, v in enumerate(number.tolist())]
    value = [float(v) if i % 10 else None for i, v in enumerate(number.tolist())]
    frame = pl.DataFrame({"said": text, "value": value, "sex": rng.choice(["f", "m"], 1500)})
    notices = draft(frame, seed=1).notices
    assert "Written out as text where it is a number: 'said' from 'value'." in notices


FULL = """
import resource, sys
from pathlib import Path
from assaymark.flow.generate import draft
from assaymark.errors import InputError
def full(stage, said, share=None):
    if stage == "evaluate":
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    draft.write_draft(
        Path("stays.csv"), Path(sys.argv[1]), rows=900, generator="independent", seed=1,
        progress=full,
    )
except InputError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_a_full_disk_leaves_what_was_there_and_nothing_half_written(folder, name):
    Path(name).write_text("what was there before")
    before = sorted(p.name for p in Path().iterdir())
    script = [sys.executable, "-c", FULL, name]
    said = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    assert "nothing was written, and what was there before is whole" in said
    assert "Hint: make room (for 0." in said
    assert sorted(p.name for p in Path().iterdir()) == before
    assert Path(name).read_text() == "what was there before"


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_fitted(folder):
    Path("file").write_text("x")
    Path("rows.csv").mkdir()
    with pytest.raises(InputError, match=r"cannot write 'file/rows\.csv'"):
        write(out="file/rows.csv", generator="no generator that can be fitted")
    with pytest.raises(InputError, match=r"'s3://bucket/rows\.csv': it is an address"):
        write(out="s3://bucket/rows.csv", generator="no generator that can be fitted")
    assert not Path("s3:").exists()
    with pytest.raises(InputError, match="there is a folder of that name"):
        write(out="rows.csv", generator="no generator that can be fitted")


def test_constraints_and_a_condition_hold_together(folder):
    table = pl.read_csv("stays.csv").with_columns(until=pl.col("age") + pl.col("days"))
    Path("more.toml").write_text('[[constraint]]\nkind = "range"\ncolumn = "age"\nlow = 1\n')
    given = ["until - age >= 0", Path("more.toml"), {"kind": "pattern", "column": "sex", **KEEP}]
    made = assaymark.generate(table, rows=300, seed=1, where="age >= 40", constraints=given)
    assert made.rows.filter(pl.col("age") >= 40, pl.col("until") >= pl.col("age")).height == 300
    assert made.rows["sex"].unique().to_list() == ["f"]
    assert "Every row keeps to the 3 constraints given." in made.notices


KEEP = {"pattern": "f", "on_source": "keep"}


@pytest.mark.parametrize(
    ("constraints", "where", "said"),
    [
        (["until < age"], "", "the source itself breaks a constraint in 736 of 736 rows"),
        (["age <= until", "until >= 0"], "until < age - 2", "2 constraints contradict each other"),
        (["age <= untl"], "", "which is no column either"),
        (["nothing.toml"], "", "cannot read constraints from 'nothing.toml': No such file"),
        (["empty.toml"], "", "has no constraints; it has name"),
        (["flat.toml"], "", "its `constraint` is no list of tables"),
        ([{"kind": "rnge"}], "", "did you mean 'range'"),
        ([{"kind": "range", "colmn": "age"}], "", "did you mean 'column'"),
    ],
)
def test_constraints_that_cannot_be_are_refused_before_a_fit(folder, constraints, where, said):
    table = pl.read_csv("stays.csv").with_columns(until=pl.col("age") + pl.col("days"))
    Path("empty.toml").write_text('name = "x"\n')
    Path("flat.toml").write_text('[constraint]\nkind = "range"\n')
    with pytest.raises(InputError, match=said):
        assaymark.generate(table, seed=1, where=where, constraints=constraints)


def test_words_that_are_read_as_missing_are_said_and_can_be_kept(stays):
    table = stays(600).with_columns(
        land=pl.Series(["NA", "DE", "FR", None] * 150), note=pl.Series(["x", "null", "?"] * 200)
    )
    made = draft(table, seed=1)
    said = next(n for n in made.notices if n.startswith("Read as missing: "))
    assert "'NA' in land (about 150)" in said
    assert "'null' in note (about 200)" in said
    assert "generate --keep COLUMN" in said
    assert set(made.frame["land"]) == {"DE", "FR", None}
    kept = assaymark.generate(table, seed=1, keep=["land", "note"])
    assert set(kept.rows["land"]) == {"NA", "DE", "FR", None}
    assert set(kept.rows["note"]) == {"x", "null", "?"}
    assert not any("Read as missing" in n for n in kept.notices)
    with pytest.raises(InputError, match=r"(?s)unknown column 'lnd' in --keep.*'land'"):
        draft(table, keep=["lnd"])


def test_a_table_that_says_nothing_of_missing_has_no_such_notice(stays):
    assert not any("Read as missing" in n for n in draft(stays(300), seed=1).notices)


def moments(n=200):
    start = datetime(2024, 3, 1, tzinfo=UTC)
    hours = np.random.default_rng(0).integers(0, 4000, n)
    return pl.DataFrame(
        {"seen": [start + timedelta(hours=int(h)) for h in hours], "ward": ["a", "b"] * (n // 2)}
    )


def test_rows_come_back_in_the_time_zone_of_the_frame(tmp_path):
    zoned = moments().with_columns(pl.col("seen").dt.convert_time_zone("Europe/Berlin"))
    made = assaymark.generate(zoned, seed=1).rows
    assert made.schema["seen"] == pl.Datetime("us", "Europe/Berlin")
    plain = assaymark.generate(
        moments().with_columns(pl.col("seen").dt.replace_time_zone(None)), seed=1
    ).rows
    assert made["seen"].dt.convert_time_zone("UTC").dt.replace_time_zone(None).equals(plain["seen"])
    pandas = assaymark.generate(zoned.to_pandas(), seed=1).rows
    assert str(pandas["seen"].dtype) == "datetime64[us, Europe/Berlin]"
    assert pl.Series(pandas["seen"].dt.tz_convert("UTC").dt.tz_localize(None)).equals(plain["seen"])
    arrow = assaymark.generate(zoned.to_arrow(), seed=1).rows
    assert arrow.schema.field("seen").type.tz == "Europe/Berlin"
    zoned.write_parquet(tmp_path / "t.parquet")
    out = tmp_path / "rows.parquet"
    write(tmp_path / "t.parquet", out)
    assert pl.read_parquet_schema(out)["seen"] == pl.Datetime("us", "Europe/Berlin")


def test_offsets_of_a_text_file_are_said(tmp_path):
    text = moments().with_columns(pl.col("seen").dt.strftime("%Y-%m-%dT%H:%M:%S+02:00"))
    text.write_csv(tmp_path / "t.csv")
    made = write(tmp_path / "t.csv", tmp_path / "rows.csv")
    said = "Column 'seen': times have an offset from UTC (+02:00) and are read as UTC"
    assert f"{said}; made rows are in UTC, without an offset." in made.notices
    gap = text.with_columns(seen=pl.when(pl.int_range(pl.len()) > 5).then("seen"))
    notices = impute(gap, seed=1).notices
    assert f"{said}." in notices
