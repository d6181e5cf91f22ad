import io
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.errors import DataError
from assaymark.source.delimited import read_delimited
from assaymark.source.read import read_frame, read_table


def written(tmp_path: Path, raw: bytes, name: str = "t.csv") -> Path:
    file = tmp_path / name
    file.write_bytes(raw)
    return file


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found(tmp_path, delimiter):
    raw = delimiter.join(["a", "b"]) + "\n" + delimiter.join(["1", "x y"]) + "\n"
    found = read_table(written(tmp_path, raw.encode()))
    assert found.to_dict(as_series=False) == {"a": ["1"], "b": ["x y"]}


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbfa,b\n007,?\n",
        b"a,b\r\n007,?\r\n",
        b"a,b\r007,?\r",
        b"a,b\n007,?",
        b"a,b\n\n007,?\n\n\n",
        b'\n"a",b\n"007",?\n',
        b" a , b \n007,?\n",
    ],
)
def test_text_arrives_as_it_was_written(tmp_path, raw):
    found = read_table(written(tmp_path, raw))
    assert found.to_dict(as_series=False) == {"a": ["007"], "b": ["?"]}


def test_decimal_commas_do_not_fool_the_sniffer(tmp_path):
    found = read_table(written(tmp_path, b"a;b\n1,5;2,5\n1,6;2,7\n"))
    assert found.columns == ["a", "b"]


def test_quoted_separators_quotes_and_lines_are_values(tmp_path):
    found = read_table(written(tmp_path, b'a,b\n"x,1","y ""z"""\n"l1\nl2",w\n'))
    assert found.to_dict(as_series=False) == {"a": ["x,1", "l1\nl2"], "b": ['y "z"', "w"]}


def test_a_quote_inside_a_field_is_a_character(tmp_path):
    found = read_table(written(tmp_path, b'a,b\n5" pipe,1\n6" pipe,2\n'))
    assert found["a"].to_list() == ['5" pipe', '6" pipe']


def test_one_row_and_one_column_are_tables(tmp_path):
    assert read_table(written(tmp_path, b"a,b\n1,2\n")).shape == (1, 2)
    assert read_table(written(tmp_path, b"a\n1\n\n3\n\n")).to_dict(as_series=False) == {
        "a": ["1", None, "3"]
    }


def test_row_numbers_of_a_data_frame_get_a_name(tmp_path):
    file = tmp_path / "t.csv"
    pd.DataFrame({"x": [5.5, 6.5, 7.5]}).to_csv(file)
    assert read_table(file).columns == ["row_number", "x"]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "is empty"),
        (b"  \n\n", "is empty"),
        (b"a,b\n", "header of 2 columns but no rows"),
        (b"a,a,b\n1,2,3\n", "more than once: 'a'"),
        (b"a,,b\n1,2,3\n", "1 of 3 columns have no name: number 2"),
        (b",a\n5,1\n9,2\n", "1 of 2 columns have no name: number 1"),
        (b"a,b\n1,2\n1,2,3\n", "line 3 of 't.csv' has 3 fields, but the header has 2"),
        (b"a,b\n1,2\n1\n", "line 3 of 't.csv' has 1 field, but the header has 2"),
        (b'a,b\n"1\n1",2\n1\n', "line 4 of 't.csv' has 1 field"),
        (b"a,b\ncaf\xe9,2\n", "byte 0xe9 at offset 7 (line 2)"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"a,b\n1,\x00\n", "zero bytes"),
    ],
)
def test_what_is_not_a_table_is_refused_with_the_place(tmp_path, raw, says):
    with pytest.raises(DataError) as caught:
        read_table(written(tmp_path, raw))
    assert says in str(caught.value)
    assert "Hint: " in str(caught.value)


def test_encodings_come_with_the_command_that_mends_them(tmp_path):
    with pytest.raises(DataError, match="iconv -f WINDOWS-1252 -t UTF-8"):
        read_table(written(tmp_path, "a\nMüller\n".encode("cp1252")))


def test_missing_files_folders_and_suffixes_are_named(tmp_path):
    written(tmp_path, b"a\n1\n", "here.csv")
    with pytest.raises(DataError, match=r"there is no file .*\n\nHint: the folder holds here.csv"):
        read_table(tmp_path / "not.csv")
    with pytest.raises(DataError, match="there is no folder"):
        read_table(tmp_path / "no" / "not.csv")
    with pytest.raises(DataError, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(DataError, match=r"ends in '\.xlsx'"):
        read_table(written(tmp_path, b"x", "t.xlsx"))
    with pytest.raises(DataError, match="not a Parquet file"):
        read_table(written(tmp_path, b"PAR1 nonsense", "t.parquet"))


def test_parquet_comes_in_canonical_types(tmp_path):
    file = tmp_path / "t.parquet"
    pl.DataFrame(
        {
            "i": pl.Series([1, 2], dtype=pl.Int8),
            "wide": pl.Series([2**64 - 1, 1], dtype=pl.UInt64),
            "f": pl.Series([0.1, None], dtype=pl.Float32),
            "c": pl.Series(["x", "y"], dtype=pl.Categorical),
            "zone": pl.Series(["2024-07-01T12:00"] * 2).str.to_datetime(
                time_unit="ms", time_zone="Europe/Vienna"
            ),
            "gone": pl.Series([None, None]),
        }
    ).write_parquet(file)
    found = read_table(file)
    assert found["i"].to_list() == [1, 2]
    assert found["wide"].to_list() == ["18446744073709551615", "1"]
    assert found["f"].to_list() == [0.1, None]
    assert found["c"].to_list() == ["x", "y"]
    assert str(found["zone"][0]) == "2024-07-01 10:00:00"
    assert set(found.dtypes) == {pl.Int64, pl.String, pl.Float64, pl.Datetime("us")}


def test_numbers_of_32_bits_in_64_are_the_decimals_that_they_say():
    said = [0.1, 158.1, -2.5714285, 12.0, 0.0]
    narrow = np.array(said, dtype=np.float32).astype(np.float64)
    printed = [float(f"{v:.15g}") for v in narrow]  # as R writes them
    wide = [0.1, 158.1, 1 / 3, 12.0, 0.0]
    large = [0.5, 2.0**24 + 2]
    assert read_frame({"x": narrow.tolist()})["x"].to_list() == said
    assert read_frame({"x": printed})["x"].to_list() == said
    assert read_frame({"x": [*narrow.tolist(), None]})["x"].to_list() == [*said, None]
    for values in (wide, large, [1.0, 16777217.0], [float("nan"), 0.1]):
        assert read_frame({"x": values})["x"].equals(pl.Series("x", values))


def test_nested_columns_are_refused_by_name():
    with pytest.raises(DataError, match="column 'l' holds List"):
        read_frame(pl.DataFrame({"l": [[1], [2]]}))


def test_frames_of_every_make_are_the_same_frame():
    plain = {"n": [1, 2, None], "x": [0.5, None, 2.0], "s": ["a", None, "c"]}
    expected = pl.DataFrame(plain)
    pandas = pd.DataFrame(
        {"n": pd.array(plain["n"], dtype="Int64"), "x": plain["x"], "s": plain["s"]},
        index=[9, 8, 7],
    )
    for table in (expected, expected.lazy(), pandas, pa.table(plain), plain):
        assert read_frame(table).equals(expected), type(table)


def test_pandas_types_keep_their_values():
    frame = pd.DataFrame(
        {
            "when": pd.to_datetime(["2024-01-01 10:00", None]),
            "zone": pd.to_datetime(["2024-07-01 12:00", None]).tz_localize("Europe/Vienna"),
            "cat": pd.Categorical(["x", None]),
            "mixed": [1, "a"],
            "yes": [True, False],
            "small": np.array([1, 2], dtype="uint8"),
            "maybe": pd.array([True, None], dtype="boolean"),
            "whole": pd.array([1, None], dtype="Int64"),
        }
    )
    found = read_frame(frame)
    assert found["when"].dt.to_string("%H:%M").to_list() == ["10:00", None]
    assert found["zone"].dt.to_string("%H:%M").to_list() == ["10:00", None]
    assert found["cat"].to_list() == ["x", None]
    assert found["mixed"].to_list() == ["1", "a"]
    assert found["yes"].to_list() == [True, False]
    assert found["small"].to_list() == [1, 2]
    assert found["maybe"].to_list() == [True, None]
    assert found["whole"].to_list() == [1, None]


def test_repeated_pandas_columns_and_empty_frames_are_refused():
    with pytest.raises(DataError, match="more than once: 'a'"):
        read_frame(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(DataError, match="no rows"):
        read_frame(pl.DataFrame({"a": []}))
    with pytest.raises(DataError, match="no columns"):
        read_frame(pl.DataFrame())
    with pytest.raises(DataError, match="a list is not a table"):
        read_frame([1, 2])


cell = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), max_size=6)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.tuples(cell, cell), min_size=1, max_size=6), sep=st.sampled_from(",;\t|"))
def test_any_text_survives_a_csv(rows, sep):
    import csv

    out = io.StringIO()
    writer = csv.writer(out, delimiter=sep, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("left", "right"), *rows])
    found = read_delimited(out.getvalue().encode(), "t.csv")
    expected = [tuple(v or None for v in row) for row in rows]
    assert [tuple(v or None for v in row) for row in found.rows()] == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("s3://bucket/visits.csv", r"'s3://bucket/visits\.csv' is an address.*source sample s3://"),
        ("postgresql://me:secret@host/db", r"'postgresql://me:\*\*\*@host/db' is an address"),
        (Path("memory://visits.parquet"), r"'memory://visits\.parquet' is an address"),
    ],
)
def test_an_address_is_told_from_a_path_and_no_password_is_shown(given, said):
    with pytest.raises(DataError, match=f"(?s){said}") as refused:
        read_table(given)
    assert "secret" not in str(refused.value)
