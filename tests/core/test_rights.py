from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assaymark.core.licence import spdx
from assaymark.core.recipe import parse_recipe
from assaymark.core.rights import DUO, USES, OdrlRule, Rights, combined, narrowed
from assaymark.errors import InputError, RecipeError, UnknownNameError

TODAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CC BY 4.0", "CC-BY-4.0"),
        ("cc-by-4.0", "CC-BY-4.0"),
        ("MIT OR Apache-2.0", "MIT OR Apache-2.0"),
        ("(mit AND CC0-1.0) OR LicenseRef-DUA-7", "(MIT AND CC0-1.0) OR LicenseRef-DUA-7"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("Apache-1.1+", "Apache-1.1+"),
        ("GPL-2.0+", "GPL-2.0+"),
        ("DocumentRef-a:LicenseRef-b", "DocumentRef-a:LicenseRef-b"),
    ],
)
def test_licences_are_read_as_spdx_writes_them(text, said):
    assert spdx(text) == said


@pytest.mark.parametrize(
    "text",
    [
        *("", "free", "CC-BY-9", "MIT OR", "(MIT", "MIT)", "MIT MIT", "AND", "MIT WITH", "数据"),
        *("a,b", "MIT WITH MIT", "LicenseRef-", "(MIT OR GPL-2.0-only"),
    ],
)
def test_what_is_no_spdx_licence_is_refused_with_the_nearest(text):
    with pytest.raises(InputError, match="not an SPDX licence"):
        spdx(text)


@pytest.mark.parametrize("text", ["(" * 400 + "MIT" + ")" * 400, "MIT OR " * 200 + "MIT"])
def test_an_expression_without_end_is_refused(text):
    with pytest.raises(InputError, match="at most 1,000 characters and 50 parentheses"):
        spdx(text)


def test_the_nearest_licences_are_named():
    with pytest.raises(InputError, match=r"did you mean CC-BY-4\.0"):
        spdx("CC-BY-4")


RECIPE = 'name = "x"\n[source]\npath = "x.csv"\n[source.rights]\n'


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ('purposes = ["analytics"]\nprohibited = ["analytics"]', "strike one"),
        ('duo = ["DUO:0000004", "DUO:0000042"]', "no restriction"),
        ('duo = ["DUO:0000025"]', "time limit"),
        (
            'odrl = [{rule = "prohibition", action = "sell"}, {rule = "duty", action = "sell"}]',
            "sel",
        ),
        ('expires = "next year"', "not a date"),
        ('expires = "20301231"', "not a date"),
        (
            'odrl = [{rule = "prohibition", action = "use"}, {rule = "permission", '
            'action = "derive"}]',
            "prohibits every use",
        ),
        (
            'duo = ["DUO:0000046"]\nodrl = [{rule = "permission", action = "sell"}]',
            "rules out profit",
        ),
        (
            'odrl = [{rule = "prohibition", action = "commercialize"}, {rule = "permission", '
            'action = "sell"}]',
            "to commercialize",
        ),
        ('odrl = [{rule = "prohibition", action = "eat"}]', "hold together"),
    ],
)
def test_terms_that_contradict_or_cannot_be_read_are_named(terms, said):
    with pytest.raises(RecipeError, match=said):
        parse_recipe((RECIPE + terms).encode())


@pytest.mark.parametrize("terms", ['prohibited = ["selling"]', 'duo = ["DUO:1"]', "ownr = 'x'"])
def test_unknown_terms_name_the_valid_ones(terms):
    with pytest.raises(UnknownNameError, match="valid"):
        parse_recipe((RECIPE + terms).encode())


def test_a_toml_date_is_a_date_and_terms_end_on_it():
    rights = parse_recipe((RECIPE + "expires = 2026-11-25").encode()).source.rights
    assert rights.ended(TODAY) == ""
    assert "after 2026-11-25" in rights.ended(date(2026, 11, 26))
    assert "kept" in Rights(retention="2026-01-01").ended(TODAY)


def test_recipes_without_the_new_terms_keep_their_bytes():
    assert set(Rights(owner="o").plain()) == {
        "owner",
        "licence",
        "basis",
        "purposes",
        "attribution",
    }


def test_uses_are_ruled_out_by_purposes_prohibitions_and_a_reservation():
    assert "allow analytics" in Rights(purposes=("analytics",)).allows("pretraining")
    assert "prohibit" in Rights(prohibited=("analytics",)).allows("analytics")
    assert "mining" in Rights(tdm_reserved=True).allows("pretraining")
    assert Rights(tdm_reserved=True, purposes=("pretraining",)).allows("pretraining") == ""


few = st.lists(st.sampled_from(USES), unique=True, max_size=3).map(tuple)
terms = st.builds(
    Rights,
    owner=st.sampled_from(["", "a", "b"]),
    licence=st.sampled_from(["", "MIT", "CC0-1.0"]),
    purposes=few,
    prohibited=few,
    tdm_reserved=st.booleans(),
    duo=st.lists(st.sampled_from(sorted(DUO)), unique=True, max_size=2).map(tuple),
    odrl=st.lists(
        st.builds(
            OdrlRule,
            rule=st.sampled_from(["permission", "prohibition", "duty"]),
            action=st.sampled_from(["use", "derive", "distribute"]),
        ),
        max_size=3,
    ).map(tuple),
    ip_columns=st.lists(st.sampled_from("xyz"), max_size=2).map(tuple),
    expires=st.sampled_from(["", "2026-01-01", "2030-01-01"]),
    retention=st.sampled_from(["", "2026-02-01", "2031-01-01"]),
)


@given(terms, terms)
def test_the_most_restrictive_term_wins_when_terms_meet(one, other):
    for met in (combined(one, other), narrowed(one, other)):
        for use in USES:
            if one.allows(use) or other.allows(use):
                refused = met.allows(use)
                reserved = use in met.purposes and "mining" in one.allows(use) + other.allows(use)
                assert refused or reserved
        assert met.banned == one.banned | other.banned
        for day in (date(2026, 1, 15), TODAY, date(2030, 6, 1)):
            assert bool(met.ended(day)) == bool(one.ended(day) or other.ended(day))
        assert set(met.ip_columns) == set(one.ip_columns) | set(other.ip_columns)
    met = combined(one, other)
    assert bool(met.owner) == bool(one.owner and other.owner)
    licensed = (one.licence or one.basis) and (other.licence or other.basis)
    assert bool(met.licence or met.basis) == bool(licensed)


def test_two_licences_both_hold():
    met = combined(Rights(owner="a", licence="MIT"), Rights(owner="b", licence="CC0-1.0"))
    assert spdx(met.licence) == "MIT AND CC0-1.0"
    assert met.owner == "a; b"
    assert narrowed(Rights(owner="a"), Rights(owner="b")).owner == "a"
