"""Libraries calculate with one thread inside, and with as many as before outside."""

import os
import subprocess
import sys

import sklearn.ensemble  # noqa: F401 - loads a library of each kind
from threadpoolctl import ThreadpoolController, threadpool_limits

from assaymark.evaluate.threads import one_thread_each


def threads(kind=None):
    found = ThreadpoolController().info()
    return {p["num_threads"] for p in found if kind in {None, p["user_api"]}}


def test_every_library_or_those_of_one_kind_use_one_thread_and_then_as_many_as_before():
    with threadpool_limits(3):
        for _ in range(2):
            with one_thread_each():
                assert threads() == {1}
            with one_thread_each("blas"):
                assert threads("blas") == {1}
                assert threads("openmp") == {3}
            assert threads() == {3}


LATE = """
import numpy
from threadpoolctl import ThreadpoolController
from assaymark.evaluate.threads import one_thread_each
def openmp():
    return [p["num_threads"] for p in ThreadpoolController().info() if p["user_api"] == "openmp"]
with one_thread_each():
    print(openmp())
import sklearn.ensemble
print(openmp()[0] > 1)
with one_thread_each():
    print(set(openmp()))
"""


def test_a_library_that_was_loaded_after_the_first_look_is_limited_too():
    done = subprocess.run(
        [sys.executable, "-c", LATE],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "3"},
    )
    assert done.stdout.splitlines() == ["[]", "True", "{1}"]
