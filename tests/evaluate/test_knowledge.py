import numpy as np
import pytest

from assaymark.core.schema import Role
from assaymark.evaluate.knowledge import coded_columns, default_keys, keys_and_targets

QUASI, SECRET, SEEN = (Role.QUASI_IDENTIFIER,), (Role.SENSITIVE,), (Role.PROTECTED,)


@pytest.fixture
def people(table):
    rng = np.random.default_rng(0)

    def make(roles=None):
        columns = {
            "sex": rng.choice(["f", "m"], 200).tolist(),
            "town": rng.choice(list("abcdefghij"), 200).tolist(),
            "age": rng.integers(18, 90, 200).tolist(),
            "ill": rng.choice(["no", "yes"], 200).tolist(),
            "same": ["s"] * 200,
        }
        kinds = dict.fromkeys(columns, "category") | {"age": "integer"}
        return table(columns, roles=roles, **kinds)

    return make


def known(data):
    return keys_and_targets(data, coded_columns([data, data], 1), 1)


def test_declared_roles_come_first(people):
    found = known(people({"age": QUASI, "town": QUASI, "ill": SECRET}))
    assert found.keys == ("age", "town")
    assert found.targets == ("ill",)
    assert found.declared


def test_without_roles_the_key_tells_people_apart_and_spares_the_target(people):
    found = known(people({"ill": SECRET, "sex": SEEN}))
    assert found.keys == ("age", "sex", "town")
    assert not found.declared


def test_a_constant_column_is_neither(people):
    found = known(people())
    assert "same" not in {*found.keys, *found.targets}
    assert len(found.keys) >= 2


def test_the_most_telling_columns_are_taken():
    """The second tells all six apart together with the first; the third nobody."""
    codes = {
        "first": np.array([0, 0, 1, 1, 2, 2]),
        "second": np.array([0, 1, 0, 1, 0, 1]),
        "third": np.array([0, 0, 0, 0, 0, 1]),
    }
    assert default_keys(codes, ["first"], [], most=2) == ("first", "second")


def test_codes_are_exact_and_numbers_cut_by_real_rows_alone(table):
    real = table({"c": ["a", "b", None], "x": [1, 2, 3]}, c="category", x="integer")
    made = table({"c": ["z", "a", None], "x": [3, 99, None]}, c="category", x="integer")
    category, number = coded_columns([real, made], 1)
    assert category.tables[0].tolist()[0] == category.tables[1].tolist()[1]
    assert category.tables[0].tolist()[2] == category.tables[1].tolist()[2]
    assert category.tables[1][0] not in category.tables[0]
    assert number.tables[1][0] == number.tables[0][2]
    assert number.tables[1][1] not in number.tables[0]  # 99 is new among three values
    assert number.tables[1][2] not in number.tables[0]
