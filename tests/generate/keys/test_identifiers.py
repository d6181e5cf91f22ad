from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from assaymark.core.schema import Kind, Role
from assaymark.core.streams import Streams
from assaymark.errors import InputError
from assaymark.generate.keys.identifiers import FreshColumn, Identifiers
from assaymark.generate.keys.pattern import Characters, Constant, Number, Pattern

STREAMS = Streams.from_seed(1)
NUMBER = Pattern(parts=(Number(low=1, high=5000),))
HEX = Pattern(parts=(Characters(alphabet="0123456789abcdef", width=32),))
LONG = Pattern(parts=(Constant(text="A"), Number(low=1, high=10**6, width=6)), share=0.75)
SHORT = Pattern(parts=(Constant(text="A"), Number(low=1, high=10**4, width=4)), share=0.25)


def column(*patterns, kind=Kind.CATEGORY, **given):
    return FreshColumn(name="id", kind=kind, patterns=patterns, **given)


def table(*columns):
    return Identifiers(table="stays", columns=columns, order=("age", "id", "sex"))


@pytest.mark.parametrize("blocks", [1, 2, 7])
def test_blocks_have_the_same_values_however_many_they_are(blocks):
    total = 4000
    made = table(column(NUMBER, kind=Kind.INTEGER, missing=0.1))
    frame = pl.DataFrame({"age": np.arange(total), "sex": ["f"] * total})
    whole = made.joined(frame, range(total), total, STREAMS)
    ends = np.linspace(0, total, blocks + 1).astype(int).tolist()
    parts = [
        made.joined(frame[a:b], range(a, b), total, STREAMS)
        for a, b in reversed(list(pairwise(ends)))
    ]
    assert pl.concat(parts[::-1]).equals(whole)
    assert whole.columns == ["age", "id", "sex"]
    assert whole["id"].dtype == pl.Int64
    present = whole["id"].drop_nulls()
    assert present.n_unique() == present.len()
    assert whole["id"].null_count() == pytest.approx(400, abs=80)  # 4 sigma


def test_every_value_of_a_full_pattern_comes_out_once():
    values = column(NUMBER, kind=Kind.INTEGER).values(range(4999), 4999, STREAMS)
    assert sorted(values.to_list()) == list(range(1, 5000))


def test_more_rows_than_values_make_one_digit_more():
    values = column(NUMBER, kind=Kind.INTEGER).values(range(5000), 5000, STREAMS)
    assert values.n_unique() == 5000
    assert values.max() > 5000


def test_lengths_come_in_their_shares_while_there_is_room():
    values = column(LONG, SHORT).values(range(4000), 4000, STREAMS)
    assert values.n_unique() == 4000
    short = (values.str.len_chars() == 5).sum()
    assert short == pytest.approx(1000, abs=110)  # 4 sigma
    crowded = column(LONG, SHORT).values(range(4000), 20_000, STREAMS)
    assert (crowded.str.len_chars() == 7).all()


def test_values_beyond_62_bits_differ_in_each_place():
    values = column(HEX).values(range(2000), 2000, STREAMS)
    assert values.n_unique() == 2000
    for i in range(32):
        assert values.str.slice(i, 1).n_unique() == 16


def test_another_seed_table_or_column_has_other_values():
    frame = pl.DataFrame({"age": range(300)})

    def made(streams=STREAMS, name="id", of="stays"):
        fresh = FreshColumn(name=name, kind=Kind.CATEGORY, patterns=(HEX,))
        said = Identifiers(table=of, columns=(fresh,), order=(name,))
        return said.joined(frame, range(300), 300, streams)[name]

    ways = [made(), made(Streams.from_seed(2)), made(name="key"), made(of="labs")]
    assert pl.concat(ways[:1] * 2).n_unique() == 300
    assert len({v for w in ways for v in w}) == 1200


def test_the_column_says_that_nothing_can_be_asked_of_it():
    said = column(LONG, SHORT)
    assert said.column.has(Role.DIRECT_IDENTIFIER)
    assert said.words == '"A", 6 digits or "A", 4 digits'


@pytest.mark.parametrize(("rows", "total"), [(range(3), 9), (range(8, 10), 9)])
def test_rows_that_the_frame_does_not_hold_are_refused(rows, total):
    with pytest.raises(InputError, match="beside 2 rows"):
        table(column(HEX)).joined(pl.DataFrame({"age": [1, 2]}), rows, total, STREAMS)
