import json
from pathlib import Path
from typing import Literal

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from assaymark.core.document import Document, decimal
from assaymark.core.evidence import Evidence
from assaymark.core.measurement import Measurement
from assaymark.errors import IntegrityError

VECTORS = Path(__file__).parents[1] / "vectors" / "rfc8785"
numbers = st.floats(-1e6, 1e6, allow_nan=False)


class Note(Document):
    schema_id: Literal["assaymark/note/v0"] = "assaymark/note/v0"
    text: str
    n: int


def test_bytes_do_not_depend_on_the_order_of_keys():
    raw = b'{"text": "a", "n": 1, "schema_id": "assaymark/note/v0"}'
    assert Note.parse(raw).canonical() == Note(text="a", n=1).canonical()


@pytest.mark.parametrize(
    "raw",
    [b"{}", b'{"text":"a","n":1,"x":2}', b'{"text":"a","n":"1"}', b'{"text":"a","n":1.5}', b"["],
)
def test_anything_off_is_an_integrity_error(raw):
    with pytest.raises(IntegrityError):
        Note.parse(raw)


@given(numbers)
def test_a_decimal_is_plain_and_close(x):
    text = decimal(x)
    assert "e" not in text
    assert float(text) == pytest.approx(x, rel=1e-5, abs=1e-11)


@given(numbers, st.floats(0, 10), st.integers(1, 10**6))
def test_evidence_carries_exactly_the_published_numbers(value, width, n):
    m = Measurement(metric="m.x", value=value, low=value - width, high=value + width, n=n)
    evidence = Evidence.of([m], candidate="c", stage="development", suite="s")
    again = Evidence.parse(evidence.canonical())
    assert again == evidence
    assert Evidence.of(again.values(), candidate="c", stage="development", suite="s") == evidence


@pytest.mark.parametrize("path", sorted(VECTORS.joinpath("input").iterdir()), ids=lambda p: p.stem)
def test_canonical_bytes_are_those_of_rfc_8785(path):
    wanted = (VECTORS / "output" / path.name).read_bytes()
    assert rfc8785.dumps(json.loads(path.read_bytes())) == wanted
