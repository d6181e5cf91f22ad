import pytest

from assaymark.core.coverage import parse_certificates
from assaymark.core.plain import NESTED, read_plain, read_toml
from assaymark.core.recipe import parse_recipe
from assaymark.core.related import parse_related
from assaymark.decide.policy import parse_policy
from assaymark.errors import IntegrityError, RecipeError
from assaymark.release.documents.pack import parse_pack
from assaymark.release.envelope import seal_envelope
from assaymark.release.notices import is_about
from assaymark.release.receipts import read_receipt

READERS = {
    "recipe": parse_recipe,
    "policy": parse_policy,
    "related tables": parse_related,
    "certificates": parse_certificates,
    "pack": lambda raw: parse_pack(raw, "mine"),
}


def test_as_deep_as_is_read_and_one_deeper():
    # n lists around nothing are n deep
    assert read_plain(b"[" * NESTED + b"]" * NESTED, "x")
    with pytest.raises(IntegrityError, match=f"nested {NESTED + 1} deep"):
        read_plain(b"[" * (NESTED + 1) + b"]" * (NESTED + 1), "x")
    # the table, n - 1 lists
    assert read_toml(b"a = " + b"[" * (NESTED - 1) + b"]" * (NESTED - 1))
    with pytest.raises(ValueError, match="nested"):
        read_toml(b"a = " + b"[" * NESTED + b"]" * NESTED)


@pytest.mark.parametrize("depth", [NESTED, 5_000])
@pytest.mark.parametrize("name", READERS)
def test_toml_that_is_nested_beyond_reading_is_refused(name, depth):
    with pytest.raises(RecipeError, match="nested"):
        READERS[name](b"a = " + b"[" * depth + b"]" * depth)


@pytest.mark.parametrize("read", [is_about, read_receipt])
def test_a_notice_or_receipt_that_is_nested_beyond_reading_is_refused(read):
    payload = b'{"predicate": ' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    with pytest.raises(IntegrityError, match="nested"):
        read(seal_envelope(payload, lambda _: b"x" * 64, "k"))
