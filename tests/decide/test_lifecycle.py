import pytest

from assaymark.decide.lifecycle import TRANSITIONS, Status, check_transition
from assaymark.errors import IntegrityError


def test_every_status_has_its_transitions_and_can_be_reached():
    assert set(TRANSITIONS) == set(Status)
    reached = {Status.DRAFT}.union(*TRANSITIONS.values())
    assert reached == set(Status)


def test_nothing_leaves_withdrawn():
    with pytest.raises(IntegrityError, match="it is final"):
        check_transition(Status.WITHDRAWN, Status.RELEASED)


def test_no_release_without_a_decision():
    for status in (Status.DRAFT, Status.CANDIDATE, Status.EVALUATED):
        with pytest.raises(IntegrityError):
            check_transition(status, Status.RELEASED)
