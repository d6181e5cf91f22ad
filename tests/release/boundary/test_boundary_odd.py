"""Files at the border that no honest release has: cut, nested, encoded, too large."""

import base64
import hashlib
import io
import json
import struct
from contextlib import suppress

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assaymark.errors import IntegrityError
from assaymark.flow.generate.row_files import csv_of, parquet_of
from assaymark.release.boundary.linter import leaks_of
from assaymark.release.boundary.parquet_footer import read_footer
from assaymark.release.boundary.rows import names_of, said_in_rows, table_leaks
from assaymark.release.contained import Held

ROWS = parquet_of(pl.DataFrame({"age": list(range(200)), "sex": ["f", "m"] * 100}))


def rules(files):
    return {leak.rule for leak in leaks_of(files)}


def footer(body, length=None):
    return b"PAR1" + body + struct.pack("<i", len(body) if length is None else length) + b"PAR1"


@given(st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_a_footer_of_any_bytes_is_read_or_refused_and_never_crashes(body):
    files = Held({"data/x.parquet": footer(body)})
    with suppress(IntegrityError):
        read_footer(files, "data/x.parquet")


@given(st.integers(0, 2**31), st.integers(0, 255))
@settings(max_examples=150, deadline=None)
def test_a_byte_of_a_real_footer_may_be_anything(place, byte):
    length = int.from_bytes(ROWS[-8:-4], "little")
    at = len(ROWS) - 8 - place % length - 1
    raw = ROWS[:at] + bytes([byte]) + ROWS[at + 1 :]
    with suppress(IntegrityError):
        read_footer(Held({"x.parquet": raw}), "x.parquet")


@pytest.mark.parametrize(
    "body",
    [
        b"\x1c" * 60,
        b"\x19\xfc\xff\xff\xff\xff\x0f",
        b"\x17" + struct.pack("<d", 1.5) + b"\x00",
        b"\x13\x07\x11\x12\x00",
        b"\x19\x21\x01\x02\x00",
        b"\x1d\x00",
        b"\x18\x7fab",
        b"\x06\x02\x04\x00",
        b"",
    ],
)
def test_structures_that_are_no_footer(body):
    with pytest.raises(IntegrityError):
        read_footer(Held({"x.parquet": footer(body)}), "x.parquet")


def thrift(*fields):
    """Return a structure of (number, kind, bytes) with numbers in order."""
    out, last = b"", 0
    for number, kind, raw in fields:
        out += bytes([(number - last) << 4 | kind]) + raw
        last = number
    return out + b"\x00"


def zigzag(n):
    n, out = n << 1, b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


@pytest.mark.parametrize(
    "fields",
    [
        ((2, 5, zigzag(1)), (3, 6, zigzag(1)), (4, 9, b"\x0c")),
        ((2, 9, b"\x0c"), (3, 8, b"\x01a"), (4, 9, b"\x0c")),
        ((2, 9, b"\x0c"), (3, 1, b""), (4, 9, b"\x0c")),
        ((2, 9, b"\x25\x02\x02"), (3, 6, zigzag(1)), (4, 9, b"\x0c")),
        ((2, 9, b"\x2c\x00" + thrift((4, 5, zigzag(1)))), (3, 6, zigzag(1)), (4, 9, b"\x0c")),
    ],
)
def test_a_footer_whose_fields_are_of_other_kinds(fields):
    with pytest.raises(IntegrityError, match="cannot be read"):
        read_footer(Held({"x.parquet": footer(thrift(*fields))}), "x.parquet")


def test_a_footer_that_says_it_is_huge_is_not_read():
    class Huge(Held):
        def size(self, path):
            return 1 << 40

        def part(self, path, start, length):
            return b"PAR1" if start == 0 else struct.pack("<I", 300 << 20) + b"PAR1"

    with pytest.raises(IntegrityError, match="has 300 MB"):
        read_footer(Huge({"x": b""}), "x")


def test_documents_that_are_none_are_named_and_do_not_stop_the_rest():
    odd = {
        "threat.json": b"\xff\xfe",
        "card.md": b"a\x00b",
        f"keys/{'a' * 64}.pub": b"no key",
        "attestations/decision.dsse.json": b'{"payload": 3}',
        "people/roles.dsse.json": b'{"payload": "*"}',
        "policy.toml": b"= no toml",
        "lay.html": b"/home/ada/x.csv",
    }
    found = leaks_of(odd)
    said = {leak.path: leak.what for leak in found if leak.rule == "file kind"}
    assert said["threat.json"] == "not a text in UTF-8"
    assert "control characters" in said["card.md"]
    assert said[f"keys/{'a' * 64}.pub"] == "not a public key"
    assert said["attestations/decision.dsse.json"] == "not an envelope"
    assert "policy.toml" not in said
    assert "embedded path" in {leak.rule for leak in found}


def test_a_text_that_begins_like_json_and_is_none_is_a_text():
    said = b'{"note": "{no json", "deep": "[[1, {\\"seed\\": 7}]]"}'
    assert "seed" in rules({"threat.json": said})
    assert rules({"threat.json": b'{"note": "{no json"}'}) == set()


def test_what_is_called_like_a_column_is_no_leak():
    rows = {"data/synthetic.csv": b"seed,age\n1,2\n"}
    by_column = b'{"shares": {"seed": 3, "age": 4}}'
    assert "seed" not in rules({**rows, "sketch.json": by_column})
    assert "seed" in rules({**rows, "sketch.json": b'{"shares": {"seed": 3, "other": 4}}'})


def test_a_hash_in_another_alphabet_is_a_hash():
    coded = base64.b64encode(bytes(range(32)))
    assert "bare hash" in rules({"threat.json": b'{"x": "%s"}' % coded})
    assert "bare hash" in rules({"threat.json": b'{"x": "%s"}' % coded.replace(b"/", b"+")})


def test_tables_without_rows_of_odd_quotes_or_very_large():
    empty = Held({"data/synthetic.csv": b""})
    assert list(table_leaks(empty, "data/synthetic.csv")) == []
    assert names_of(Held({})) == []
    assert not said_in_rows(Held({}))("x")
    assert not said_in_rows(empty)(" ")
    wide = b"a\n" + b'"' + b"x" * 200_000 + b"\n"
    assert isinstance(list(table_leaks(Held({"data/x.csv": wide}), "data/x.csv")), list)
    n = 500_000
    frame = pl.DataFrame({"row_id": range(n), "age": [20 + i % 60 for i in range(n)]})
    raw = csv_of(parquet_of(frame))
    assert len(raw) > 4 << 20
    found = list(table_leaks(Held({"data/x.csv": raw}), "data/x.csv"))
    assert [leak.rule for leak in found] == ["row index"]


def test_a_path_in_the_header_or_in_arrows_schema_is_found():
    assert "embedded path" in rules({"data/x.csv": b"/home/ada/x.csv,b\n1,2\n"})
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    schema = pa.schema([pa.field("a", pa.int64(), metadata={"from": "/home/ada/x.csv"})])
    pq.write_table(pa.table({"a": [1, 2]}, schema=schema), out, write_statistics=False)
    assert "embedded path" in rules({"data/x.parquet": out.getvalue()})


def test_a_parquet_file_that_cannot_be_read_is_of_no_kind():
    assert "file kind" in rules({"data/x.parquet": b"PAR1 nothing"})


def parquet_with(old, new):
    """Return a Parquet file of one column with a piece of its footer replaced."""
    raw = parquet_of(pl.DataFrame({"age": [1, 2, 3]}))
    length = int.from_bytes(raw[-8:-4], "little")
    body, end = raw[: -8 - length], raw[-8 - length : -8]
    assert end.count(old) == 1
    end = end.replace(old, new)
    return body + end + struct.pack("<i", len(end)) + b"PAR1"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"Polars (python)", b"/home/ada/ab.py", "in the name of the program that wrote the file"),
        (
            b"\x19\x1c\x19\x1c\x26",
            b"\x19\x1c\x19\x1c\x18\x05x.bin\x16",
            "a column lies in another file, 'x.bin'",
        ),
    ],
)
def test_a_footer_that_names_places_leaks(old, new, said):
    found = leaks_of({"data/synthetic.parquet": parquet_with(old, new)})
    assert ("embedded path", said) in {(leak.rule, leak.what) for leak in found}


def test_an_arrow_schema_that_is_none_is_read_as_it_is():
    raw = io.BytesIO()
    schema = {"ARROW:schema": "written by /home/ada/x.py"}
    pl.DataFrame({"age": [1]}).write_parquet(raw, statistics=False, metadata=schema)
    assert "embedded path" in rules({"data/synthetic.parquet": raw.getvalue()})


HASHED = hashlib.sha256(b"patient 4711").digest()


@pytest.mark.parametrize(
    ("path", "more", "rule"),
    [
        ("card.md", "jax.random.PRNGKey(5)", "seed"),
        ("card.md", "The starting number of the random generator was 42.", "seed"),
        ("card.md", "Startwert des Zufallsgenerators: 12345", "seed"),
        ("card.md", "The training set comprises 13,905 patients.", "exact count"),
        ("card.md", "We trained on 13905 people.", "exact count"),
        ("card.md", "20,017 patients were included in the original table.", "exact count"),
        ("card.md", "Held-out patients: 10012, 10055, 10091", "person ids"),
        ("card.md", "Among 4 patients of the isle the rate was 0.25.", "small cell"),
        ("card.md", "$HOME/data/patients.csv", "embedded path"),
        ("card.md", "from ../../ward7/patients.csv", "embedded path"),
        ("card.md", "postgresql+psycopg2://ada@db01/ehr", "embedded path"),
        ("threat.json", {"x": "file%3A%2F%2F%2Fhome%2Fada%2Fx.csv"}, "embedded path"),
        ("threat.json", {"x": base64.b64encode(HASHED).decode().rstrip("=")}, "bare hash"),
        ("threat.json", {"x": base64.b32encode(HASHED).decode()}, "bare hash"),
        ("threat.json", {"x": base64.b64encode(HASHED[:16]).decode()}, "bare hash"),
        ("threat.json", {"x": base64.b64encode(HASHED[:20]).decode()}, "bare hash"),
        ("threat.json", {"x": "cfbff0d1-9375-5685-968c-48ce8b15ae17"}, "bare hash"),
        ("threat.json", {"digest": list(HASHED)}, "bare hash"),
        ("threat.json", {"source_shape": [27853, 47]}, "exact count"),
        ("threat.json", {"heldOut": ["p1", "p2", "p3"]}, "person ids"),
        ("threat.json", {"split_mask": "01" * 20}, "person ids"),
        ("threat.json", {"holdout": "1-50,77,90-99"}, "person ids"),
        ("threat.json", {"betas": [0.1 * i for i in range(60)]}, "model weights"),
        ("threat.json", {"weights": " ".join(f"{i}.5" for i in range(60))}, "model weights"),
    ],
)
def test_other_spellings_of_the_same_leaks_are_found(path, more, rule):
    raw = more.encode() if isinstance(more, str) else json.dumps(more).encode()
    assert rule in rules({path: raw, "data/x.parquet": ROWS})
