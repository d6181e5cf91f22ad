import threading
from functools import partial

import pytest

from assaymark.generate.chain.abreast import Job, abreast


@pytest.mark.parametrize("most", [1, 2])
def test_jobs_are_finished_in_order_and_wait_for_those_before(most):
    finished, seen = [], {}

    def work(number, wait):
        wait()
        seen[number] = list(finished)
        return number

    abreast((Job(partial(work, k), alone=False) for k in range(6)), finished.append, most)
    assert finished == [0, 1, 2, 3, 4, 5]
    assert seen == {k: list(range(k)) for k in range(6)}


def test_two_are_at_work_at_once_and_one_that_is_alone_by_itself():
    both, begun, finished = threading.Barrier(2, timeout=20), [], []

    def together(number, wait):
        both.wait()  # breaks unless the other is at work, too
        return number

    def by_itself(number, wait):
        begun.append(list(finished))
        return number

    jobs = [Job(partial(together, k), alone=False) for k in (0, 1)]
    jobs += [Job(partial(by_itself, 2), alone=True)]
    abreast(iter(jobs), finished.append, 2)
    assert begun == [[0, 1]]
    assert finished == [0, 1, 2]


def test_what_fails_ends_all_and_nobody_waits_for_ever():
    def fails(wait):
        raise ValueError("no")

    def waits(wait):
        wait()

    jobs = [Job(fails, alone=False), Job(waits, alone=False)]
    with pytest.raises(ValueError, match="no"):
        abreast(iter(jobs), print, 2)
