"""The table that was given comes back: only filled cells are other, in the types of the table."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_series_equal

import assaymark
from assaymark.flow.generate.impute import Filling, impute_often, write_imputed

N = 240
TZ = "Europe/Berlin"


def holes(values, i=0):
    return [None if (k * 7 + i) % 5 == 0 else v for k, v in enumerate(values)]


def typed():
    rng = np.random.default_rng(0)
    at = [
        datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=int(m))
        for m in rng.integers(0, 9**6, N)
    ]
    naive = [t.replace(tzinfo=None) for t in at]
    hour = rng.integers(6, 12, N).tolist()
    level = rng.choice(["lo", "hi"], N).tolist()
    size = rng.choice([10, 20, 50], N).astype(str).tolist()
    price = [Decimal(int(c)) / 100 for c in rng.integers(100, 9999, N)]
    columns = {
        "zoned": (at, pl.Datetime("us", TZ)),
        "ns": (naive, pl.Datetime("ns")),
        "ms": (naive, pl.Datetime("ms")),
        "took": ([timedelta(hours=h) for h in hour], pl.Duration("ms")),
        "clock": ([time(h, 30) for h in hour], pl.Time),
        "f32": (rng.normal(0, 1, N).tolist(), pl.Float32),
        "small": (rng.integers(0, 250, N).tolist(), pl.UInt8),
        "wide": (rng.integers(0, 250, N).tolist(), pl.UInt64),
        "level": (level, pl.Enum(["lo", "mid", "hi"])),
        "size": (size, pl.Enum(["10", "20", "50"])),
        "word": (level, pl.Categorical),
        "price": (price, pl.Decimal(10, 2)),
        "flag": ([v == "lo" for v in level], pl.Boolean),
        "day": ([t.date() for t in at], pl.Date),
        "x": (rng.normal(0, 1, N).tolist(), pl.Float64),
    }
    made = {c: pl.Series(c, holes(v, i), dtype=t) for i, (c, (v, t)) in enumerate(columns.items())}
    return pl.DataFrame({**made, "whole": range(N)})


def test_a_polars_frame_keeps_its_types_and_all_cells_that_are_there():
    table = typed()
    before = table.clone()
    made = assaymark.impute(table, seed=1)
    assert table.equals(before)
    assert made.schema == table.schema
    assert made.null_count().sum_horizontal().item() == 0
    for c in table.columns:
        there = table[c].is_not_null()
        assert_series_equal(made[c].filter(there), table[c].filter(there), check_exact=True)
    assert set(made["size"].cast(pl.String)) == {"10", "20", "50"}
    assert made.equals(assaymark.impute(table.lazy(), seed=1))


def test_infinite_values_stay():
    x = [float("inf"), -float("inf"), *np.random.default_rng(0).normal(0, 1, N - 2)]
    for kind, values in (
        (pl.Float64, x),
        (pl.Float32, x),
        (pl.Float64, [round(v, 0) if abs(v) < 9 else v for v in x]),
    ):
        values = holes(values, 1)
        table = pl.DataFrame({"x": pl.Series(values, dtype=kind), "y": holes(range(N))})
        for made in (
            assaymark.impute(table, seed=1),
            pl.DataFrame(assaymark.impute(table.to_pandas(), seed=1)),
        ):
            assert made["x"].is_infinite().sum() == table["x"].is_infinite().sum() > 0
            there = table["x"].is_not_null()
            assert made["x"].filter(there).equals(table["x"].filter(there))


def test_a_parquet_path_and_file_keep_all_types(tmp_path):
    table = typed()
    table.write_parquet(tmp_path / "t.parquet")
    made = assaymark.impute(tmp_path / "t.parquet", seed=1)
    assert made.equals(assaymark.impute(table, seed=1))
    write_imputed(tmp_path / "t.parquet", tmp_path / "f.parquet", Filling(seed=1))
    written = pl.read_parquet(tmp_path / "f.parquet")
    assert written.schema == table.schema
    assert written.equals(made)


def given_to_pandas():
    table = typed()
    zoned = pd.Series(table["zoned"].to_list()).dt.tz_convert(TZ)
    frame = pd.DataFrame(
        {
            "zoned": zoned,
            "s": pd.Series(table["ms"].to_list(), dtype="datetime64[s]"),
            "took": pd.Series(table["took"].to_list(), dtype="timedelta64[ns]"),
            "f32": table["f32"].to_numpy(),
            "small": pd.array(table["small"].to_list(), dtype="UInt8"),
            "float": pd.array(table["x"].to_list(), dtype="Float64"),
            "flag": pd.array(table["flag"].to_list(), dtype="boolean"),
            "word": pd.array(table["word"].to_list(), dtype="string"),
            "plain": pd.Series(table["word"].to_list(), dtype=object),
            "level": pd.Categorical(table["level"].to_list(), ["hi", "mid", "lo"], ordered=True),
            "size": pd.Categorical([None if v is None else int(v) for v in table["size"]]),
            "clock": pd.Series(table["clock"].to_list(), dtype=object),
            "price": pd.Series(table["price"].to_list(), dtype=object),
            "day": pd.Series(table["day"].to_list(), dtype=object),
            "moments": pd.Series(table["zoned"].to_list(), dtype=object),
            "sparse": pd.arrays.SparseArray(table["x"].to_numpy()),
            "arrow": pd.array(table["small"].to_list(), dtype="int16[pyarrow]"),
            "moment": pd.array(
                table["zoned"].to_list(), dtype=pd.ArrowDtype(pa.timestamp("ms", TZ))
            ),
            "whole": np.arange(N, dtype=np.int16),
        }
    )
    frame.index = pd.MultiIndex.from_arrays([[0] * N, [f"r{i // 2}" for i in range(N)]])
    frame.columns.name = "columns"
    return frame


def test_a_pandas_frame_keeps_dtypes_index_and_all_cells_that_are_there():
    table = given_to_pandas()
    before = table.copy(deep=True)
    made = assaymark.impute(table, seed=1)
    pd.testing.assert_frame_equal(table, before)
    assert made.dtypes.equals(table.dtypes)
    assert made.index.identical(table.index)
    assert made.columns.identical(table.columns)
    assert made.notna().all().all()
    for c in table.columns:
        there = table[c].notna().to_numpy()
        pd.testing.assert_series_equal(made[c][there], table[c][there], check_exact=True)
        kinds = {type(v) for v in table[c][there]}
        assert {type(v) for v in made[c]} == kinds
    assert np.shares_memory(made["whole"].to_numpy(), table["whole"].to_numpy())


def test_an_arrow_table_keeps_its_schema_and_all_cells_that_are_there():
    table = typed()
    words = pa.array(table["word"].to_list(), pa.string()).dictionary_encode()
    numbers = pa.array([None if v is None else int(v) for v in table["size"]], pa.int16())
    columns = {
        "zoned": pa.array(table["zoned"].to_list(), pa.timestamp("s", TZ)),
        "took": pa.array(table["took"].to_list(), pa.duration("s")),
        "clock": pa.array(table["clock"].to_list(), pa.time32("s")),
        "f32": pa.array(table["f32"].to_list(), pa.float32()),
        "small": pa.array(table["small"].to_list(), pa.uint8()),
        "word": words.cast(pa.dictionary(pa.int8(), pa.string())),
        "number": numbers.dictionary_encode(),
        "text": pa.array(table["word"].to_list(), pa.string()),
        "view": pa.array(table["word"].to_list(), pa.string_view()),
        "price": pa.array(table["price"].to_list(), pa.decimal128(12, 3)),
        "day": pa.array(table["day"].to_list(), pa.date32()),
        "whole": pa.array(range(N), pa.int32()),
    }
    batch = pa.RecordBatch.from_pydict(columns)
    schema = batch.schema.with_metadata({"about": "this"})
    batch = batch.replace_schema_metadata({"about": "this"})
    for given in (batch, pa.Table.from_batches([batch.slice(0, 100), batch.slice(100)])):
        made = assaymark.impute(given, seed=1)
        assert type(made) is type(given)
        assert made.schema.equals(schema, check_metadata=True)
        assert made.column("whole").equals(given.column("whole"))
        for c in columns:
            one, other = given.column(c).to_pylist(), made.column(c).to_pylist()
            assert None not in other
            assert [o for v, o in zip(one, other, strict=True) if v is not None] == [
                v for v in one if v is not None
            ]


def test_a_column_without_a_filled_cell_is_the_very_same():
    table = pl.DataFrame(
        {"none": pl.Series([None] * N, dtype=pl.Float32), "x": holes([1, 5] * (N // 2))}
    )
    table = table.with_columns(t=pl.Series([time(1)] * N), e=pl.lit("a").cast(pl.Enum(["a"])))
    made = assaymark.impute(table, seed=1)
    assert made.drop("x").equals(table.drop("x"))
    assert made.schema == table.schema
    assert made["x"].null_count() == 0


def test_what_a_type_cannot_hold_stays_empty_and_it_is_said():
    rng = np.random.default_rng(0)
    days = [date(2020, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 3000, 400)]
    table = pd.DataFrame(
        {"day": pd.Categorical([d if i % 3 else None for i, d in enumerate(days)]), "y": range(400)}
    )
    with pytest.warns(UserWarning, match=r"cannot hold what was drawn: day \(\d+\)"):
        made = assaymark.impute(table, seed=1)
    assert made["day"].dtype == table["day"].dtype
    assert made["day"].isna().any()


@pytest.mark.parametrize(
    ("form", "like"),
    [
        ("%d.%m.%Y", r"\d\d\.\d\d\.20\d\d"),
        ("%-d.%-m.%Y", r"[1-9]\d?\.[1-9]\d?\.20\d\d"),
        ("%m/%d/%Y", r"\d\d/\d\d/20\d\d"),
        ("%d %b %Y", r"\d\d [A-Z][a-z]{2} 20\d\d"),
        ("%Y-%m-%dT%H:%MZ", r"20\d\d-\d\d-\d\dT\d\d:\d\dZ"),
        ("%Y-%m-%d %H:%M:00 -0230", r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d -0230"),
        ("%d.%m.%Y %H:%M", r"\d\d\.\d\d\.20\d\d \d\d:\d\d"),
    ],
)
def test_dates_in_text_are_filled_as_the_others_are_written(form, like):
    rng = np.random.default_rng(0)
    at = datetime(2020, 1, 1, tzinfo=ZoneInfo("UTC"))
    days = pl.Series([at + timedelta(minutes=int(m)) for m in rng.integers(0, 9**6, N)])
    table = pl.DataFrame({"day": holes(days.dt.strftime(form)), "y": range(N)})
    made = assaymark.impute(table, seed=1)
    there = table["day"].is_not_null()
    assert made["day"].filter(there).equals(table["day"].filter(there))
    assert made["day"].str.contains(f"^{like}$").all()


@pytest.mark.parametrize(
    ("words", "like"),
    [
        (lambda v: f"{v:.2f}".replace(".", ","), r"\d+(,\d+)?"),
        (lambda v: f"${v * 100:,.2f}", r"\$\d{1,3}(,\d{3})*(\.\d+)?"),
        (lambda v: f"{v:.1f} %", r"\d+(\.\d+)? %"),
    ],
)
def test_numbers_in_text_are_filled_as_the_others_are_written(words, like):
    values = np.random.default_rng(0).random(N) * 100 + 1
    table = pl.DataFrame({"x": holes([words(v) for v in values]), "y": range(N)})
    made = assaymark.impute(table, seed=1)
    there = table["x"].is_not_null()
    assert made["x"].filter(there).equals(table["x"].filter(there))
    assert made["x"].str.contains(f"^{like}$").all()


def test_levels_of_few_rows_are_filled_and_do_not_empty_other_cells():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 60, 400)
    a, b = rng.integers(0, 50, (2, 400))
    table = pl.DataFrame(
        {
            "diagnosis": holes([f"D{g}" for g in group], 0),
            "chapter": holes([f"C{g % 6}" for g in group], 1),
            "a": holes(a.tolist(), 2),
            "b": holes(b.tolist(), 3),
            "sum": holes((a + b).tolist(), 4),
        }
    )
    made = impute_often(table, Filling(seed=1))[0]
    assert made.frame.null_count().sum_horizontal().item() <= 3
    assert made.frame["diagnosis"].null_count() == 0
    assert set(made.frame["diagnosis"]) == set(table["diagnosis"].drop_nulls())
    assert made.frame.filter(pl.col("a") + pl.col("b") != pl.col("sum")).height == 0


def test_a_table_of_few_rows_is_filled_from_what_is_there():
    table = pl.DataFrame({"a": [1, None, 3], "b": ["x", "y", None]})
    made = assaymark.impute(table, seed=1)
    assert made["a"][1] in {1, 3}
    assert made["b"][2] in {"x", "y"}
