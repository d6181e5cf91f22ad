"""Time limits: a metric that does not end gives a reason, its rules block, all else goes on."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from assaymark.core.streams import Streams
from assaymark.core.time_limit import why_unlimited, within
from assaymark.errors import InputError, TimeUp
from assaymark.flow.evaluate.measure import measure
from assaymark.flow.job import Options, read_job
from assaymark.flow.run import run
from assaymark.flow.status import entries_of

SLEEPY = '''
import os
import time
from typing import ClassVar
import numpy as np
from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component


def slept():
    time.sleep(float(os.environ.get("SLEEP", 60)))


def stubborn():
    while True:
        try:
            time.sleep(60)
        except Exception:
            pass


def worse_than_stubborn():
    try:
        time.sleep(60)
    except BaseException:
        time.sleep(60)


def busy():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 8))
    while True:
        LogisticRegression().fit(x, x[:, 0] > 0)
        np.linalg.svd(x)


def threads():
    from assaymark.evaluate.blocks import in_blocks

    def one(part):
        time.sleep(0.02)
        return np.zeros(1)

    in_blocks(20_000, 1, one)


@component
class Plugin:
    """Say one thing at once, and another one much later."""

    quantities: ClassVar = tuple(
        Quantity(name=f"sleepy.{n}", title=n, unit="u", better="lower", meaning=n)
        for n in ("early", "late")
    )

    def measure(self, case, streams):
        yield Measurement(metric="sleepy.early", value=0.0, n=10)
        globals()[os.environ.get("HOW", "slept")]()
        yield Measurement(metric="sleepy.late", value=0.0, n=10)
'''
QUICK = '''
from typing import ClassVar
from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component


@component
class Plugin:
    """Say one thing at once."""

    quantities: ClassVar = (
        Quantity(name="zquick.now", title="n", unit="u", better="lower", meaning="n"),
    )

    def measure(self, case, streams):
        yield Measurement(metric="zquick.now", value=3.0, n=10)
'''
RULE = """
[[rule]]
id = "sleepy"
metric = "sleepy.early"
direction = "at_most"
threshold = 1.0
uses = ["analytics"]
title = "Sleepy"
why = "A test."
remedy = "Wake up."
"""


@pytest.fixture
def sleepy(plugin, monkeypatch):
    plugin("metrics", "sleepy", SLEEPY)
    plugin("metrics", "zquick", QUICK)
    return monkeypatch


@pytest.fixture(scope="module")
def case(population, make_case):
    return make_case(population(400, 1), population(400, 2), population(400, 3))


@pytest.mark.parametrize("how", ["slept", "stubborn", "worse_than_stubborn", "busy", "threads"])
def test_a_metric_that_does_not_end_gives_a_reason_for_each_quantity(how, sleepy, case):
    sleepy.setenv("HOW", how)
    begun = time.monotonic()
    found = measure(case, Streams.from_seed(1), only=["sleepy", "zquick"], time_limit=0.5)
    assert time.monotonic() - begun < 15
    assert {(m.metric, m.subject, m.reason) for m in found if m.metric.startswith("sleepy")} == {
        (f"sleepy.{n}", "*", "sleepy did not end within 0.5 s") for n in ("early", "late")
    }
    assert [m.value for m in found if m.metric == "zquick.now"] == [3.0]


def test_one_that_ends_in_time_is_measured_and_no_alarm_follows(sleepy, case):
    sleepy.setenv("SLEEP", "0.01")
    found = measure(case, Streams.from_seed(1), only=["sleepy"], time_limit=0.5)
    assert [m.value for m in found] == [0.0, 0.0]
    time.sleep(0.6)


def test_an_alarm_in_the_collector_or_a_finalizer_is_not_lost():
    def slow(*_):
        until = time.monotonic() + 0.3
        while time.monotonic() < until:
            pass

    class Slow:
        def __del__(self):
            slow()

    def finalized():
        Slow()
        time.sleep(60)

    def collected():
        gc.callbacks.append(slow)
        try:
            gc.collect()
        finally:
            gc.callbacks.remove(slow)
        time.sleep(60)

    for work in (collected, finalized):
        begun = time.monotonic()
        with pytest.raises(TimeUp):
            within(0.1, work)
        assert time.monotonic() - begun < 1.9  # before a lost one would be tried again


def test_the_handler_and_the_timer_from_before_are_there_again():
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(time.monotonic()))
    try:
        begun = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 0.4)
        with pytest.raises(TimeUp):
            within(0.1, lambda: time.sleep(30))
        assert rung == []
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 0.3
        assert within(5.0, lambda: 7) == 7
        while not rung and time.monotonic() - begun < 10:
            time.sleep(0.01)
        assert rung[0] - begun >= 0.39
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_off_the_main_thread_there_is_no_limit_and_that_is_said():
    said = []
    work = threading.Thread(
        target=lambda: said.extend([within(0.01, lambda: time.sleep(0.1) or 7), why_unlimited()])
    )
    work.start()
    work.join()
    assert said[0] == 7
    assert "main thread only" in said[1]
    assert why_unlimited() == ""


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_what_is_no_limit_is_an_error(seconds, case):
    with pytest.raises(InputError, match="above 0"):
        measure(case, Streams.from_seed(1), time_limit=seconds)


@pytest.mark.slow
def test_its_rules_block_and_only_more_time_tries_again(folder, sleepy):
    with Path("policy.toml").open("a") as file:
        file.write(RULE)
    job = read_job(Path("recipe.toml"), uses=["analytics"])

    def judged(time_limit):
        outcome = run(job, Options(workspace=Path("ws"), confirm=False, time_limit=time_limit))
        return next((v.verdict, v.value) for v in outcome.verdicts if v.rule == "sleepy")

    def evidence():
        return [e["body"]["late"] for e in entries_of(Path("ws"), kind="evidence")]

    sleepy.setenv("SLEEP", "120")
    assert judged(4.0) == ("NOT_RUN", None)
    assert evidence() == [4.0]
    sleepy.setenv("SLEEP", "0")
    assert judged(4.0) == ("NOT_RUN", None)
    assert evidence() == [4.0]
    assert judged(300.0) == ("PASS", 0.0)
    assert judged(4.0) == ("PASS", 0.0)
    assert evidence() == [4.0, None]


def test_an_interrupt_within_the_limit_ends_with_130(folder, sleepy, stays):
    every = stays(900).drop("patient")
    for name, rows in (("t", every[:400]), ("h", every[400:700]), ("s", every[700:])):
        rows.write_csv(f"{name}.csv")
    files = ["--train", "t.csv", "--holdout", "h.csv", "--synthetic", "s.csv"]
    command = [sys.executable, "-m", "assaymark", "evaluate", *files, "--only", "sleepy"]
    path = os.pathsep.join(p for p in sys.path if p)
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.PIPE, text=True
    )
    seen = ""
    while "evaluate" not in seen and process.poll() is None:
        seen += process.stderr.readline()
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, seen + said
