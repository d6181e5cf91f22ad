import polars as pl
import pytest

from assaymark.source.shapes import are_identifiers, identifier_shape, referred

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (UUID, "a UUID"),
        (f"Patient/{UUID}", "a reference to a UUID"),
        (f"urn:uuid:{UUID}", "a reference to a UUID"),
        (f"Location?identifier=http://x|{UUID}", "a reference to a UUID"),
        (f"see {UUID} for more", None),
        ("Ward 7", None),
    ],
)
def test_uuids_are_identifiers_wherever_they_stand(value, shape):
    assert identifier_shape(pl.Series([value])) == shape


def test_a_reference_says_what_it_refers_to():
    assert referred(pl.Series(["RelatedPerson/1", "RelatedPerson/x2"])) == {"related", "person"}
    assert referred(pl.Series(["Patient/1", "Group/2"])) == frozenset()
    assert referred(pl.Series(["in/out"])) == frozenset()
    assert referred(pl.Series([12])) == frozenset()


@pytest.mark.parametrize("values", [["P01"], ["01-701-1015"], ["A77-x4"], ["4711"], [4711]])
def test_numbers_of_four_digits_and_codes_are_identifiers(values):
    assert are_identifiers(pl.Series(values))


@pytest.mark.parametrize("values", [["yes"], ["18-25"], ["12 mg"], ["type 2"], [12], [4711, 3]])
def test_words_bands_amounts_and_small_numbers_are_none(values):
    assert not are_identifiers(pl.Series(values))
