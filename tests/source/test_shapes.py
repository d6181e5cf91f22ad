import polars as pl
import pytest

from assaymark.source.shapes import are_identifiers, are_of_two_numbers, identifier_shape, referred

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
        ("Dr. Meyer", "a person's name with a title"),
        ("Dr Eva Meyer", "a person's name with a title"),
        ("Dr Pepper", None),
        ("Sr Software Engineer", None),
    ],
)
def test_uuids_are_identifiers_wherever_they_stand(value, shape):
    assert identifier_shape(pl.Series([value])) == shape


def test_a_title_without_a_dot_is_enough_where_names_are_expected():
    values = pl.Series(["Dr Smith", "Mrs Roe"])
    assert identifier_shape(values, of_names=True) == "a person's name with a title"
    assert identifier_shape(pl.Series(["Sr Engineer"]), of_names=True) is None


def test_no_values_have_no_shape():
    nothing = pl.Series([], dtype=pl.String)
    assert identifier_shape(nothing) is None
    assert not are_identifiers(nothing)
    assert not are_identifiers(pl.Series([], dtype=pl.Int64))


def test_codes_of_two_numbers_are_told_from_those_of_one():
    assert are_of_two_numbers(pl.Series(["01-701-1015", "01-702-3"]))
    assert not are_of_two_numbers(pl.Series(["01-701-1015", "MATH101"]))
    assert not are_of_two_numbers(pl.Series([4010, 5010]))


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
