"""A guarantee holds together, or is refused: its charges must add up to what it claims."""

import pytest

from assaymark.core.privacy import Charge, PrivacyGuarantee
from assaymark.core.zcdp import epsilon_of, rho_of
from assaymark.errors import IntegrityError
from assaymark.release.alone.budget import check_budget
from assaymark.release.alone.pieces import Broken

RHO = rho_of(1.0, 0.75e-6)


def guarantee(**changed):
    charges = (
        Charge(what="counts of a", mechanism="discrete Gaussian", rho=repr(RHO / 2)),
        Charge(what="choice", mechanism="exponential", rho=repr(RHO / 4)),
        Charge(
            what="categories of b",
            mechanism="discrete Gaussian with threshold",
            rho=repr(RHO / 4),
            delta=repr(0.25e-6),
        ),
    )
    plain = {
        "unit": "person",
        "neighbours": "add-remove",
        "rows_per_person": 2,
        "epsilon": repr(epsilon_of(RHO, 0.75e-6)),
        "delta": "1e-06",
        "rho": repr(RHO),
        "mechanism": "noise",
        "charges": charges,
        "covers": "these rows",
        "not_covered": ("the rest",),
        "assumptions": (),
    }
    return PrivacyGuarantee.model_validate({**plain, **changed})


def test_what_adds_up_holds_and_is_said_in_a_sentence():
    found = guarantee()
    found.check()
    assert found.sentence == "(1, 1e-06)-differential privacy for each person of these rows"
    assert PrivacyGuarantee.parse(found.canonical()) == found
    assert check_budget(found.plain()).startswith("(1, 1e-06)-differential privacy")


WRONG = {
    "a smaller epsilon": {"epsilon": "0.99"},
    "a smaller delta": {"delta": "2.6e-07"},
    "a delta below what the looks took": {"delta": "2e-07"},
    "a smaller rho": {"rho": repr(RHO * 0.9)},
    "epsilon from a larger rho": {"rho": repr(RHO * 1.5), "epsilon": "1.0"},
    "a cost that is no number": {"rho": "free"},
    "a negative cost": {"charges": (Charge(what="x", mechanism="exponential", rho="-1"),)},
    "not a number": {"epsilon": "nan"},
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_add_up_is_refused_by_both_verifiers(case):
    found = guarantee(**WRONG[case])
    with pytest.raises(IntegrityError):
        found.check()
    with pytest.raises((Broken, ValueError)):
        check_budget(found.plain())
