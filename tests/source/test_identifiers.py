import tomllib

import polars as pl
import pytest

from assaymark.core.recipe import ColumnSpec
from assaymark.core.schema import Role
from assaymark.errors import DataError
from assaymark.source.identifiers import check_identifiers
from assaymark.source.profile import profile

MAIL = 'e "mail"'


def checked(dropped=frozenset(), **roles):
    frame = pl.DataFrame(
        {
            MAIL: [f"a{i}@b.org" for i in range(60)],
            "record_id": [5 * i for i in range(60)],
            "x": [i % 7 for i in range(60)],
        }
    )
    names = {"mail": MAIL, "id": "record_id", "x": "x"}
    declared = {names[k]: ColumnSpec(roles=(r,)) for k, r in roles.items()}
    return check_identifiers(profile(frame, declared), declared, dropped)


def test_a_suspected_identifier_is_refused_with_the_lines_to_add():
    with pytest.raises(DataError) as caught:
        checked()
    text = str(caught.value)
    assert "values look like an e-mail address" in text
    toml = tomllib.loads(text[text.index("[columns]") :])
    assert toml == {"columns": {MAIL: "direct_identifier", "record_id": "direct_identifier"}}


def test_dropped_or_declared_identifiers_pass_in_silence():
    assert checked({MAIL, "record_id"}) == ()
    assert checked(mail=Role.DIRECT_IDENTIFIER, id=Role.PERSON_KEY) == ()
    assert checked({MAIL}, id=Role.DIRECT_IDENTIFIER) == ()


def test_another_role_passes_with_a_loud_warning():
    (warning,) = checked({MAIL}, id=Role.OTHER)
    assert warning.startswith("Column 'record_id' looks like a direct identifier")
    assert "can be in the output" in warning


def test_one_open_question_is_enough_to_refuse():
    with pytest.raises(DataError, match="'record_id'"):
        checked({MAIL}, x=Role.TARGET)


def test_a_declared_kind_alone_settles_nothing():
    frame = pl.DataFrame({"mail": [f"a{i}@b.org" for i in range(60)]})
    declared = {"mail": ColumnSpec(missing=("none",))}
    with pytest.raises(DataError, match="'mail'"):
        check_identifiers(profile(frame, declared), declared, set())
