from types import SimpleNamespace

from assaymark.release.pages.too_few import more_people


def lines(*reasons):
    return [SimpleNamespace(reason=r) for r in reasons]


def test_more_people_are_asked_for_only_where_nothing_else_is_wrong():
    few = "n = 1269, and the rule needs 1500"
    assert more_people(lines(few, "n = 1000, and the rule needs 1500")).startswith(
        "About 50 % more"
    )
    assert more_people(lines(few, "the planted leak was not caught")) == ""
    assert more_people([]) == ""
