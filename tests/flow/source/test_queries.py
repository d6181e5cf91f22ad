"""Queries to real rows are counted: what the account says is what the components were given."""

import json
from pathlib import Path

import pytest

from assaymark.flow.job import Options, read_job
from assaymark.flow.release.verify import verify
from assaymark.flow.run import run
from assaymark.flow.status import entries_of

WS = Path("ws")
OPTIONS = Options(workspace=WS)

SPY = """
import os
from typing import ClassVar
from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component


@component
class Plugin:
    \"\"\"Write down how many rows of each part it was given, and fail where it is told to.\"\"\"

    quantities: ClassVar = (
        Quantity(name="spy.rows", title="Rows", unit="rows", better="zero", meaning="Rows."),
    )

    def measure(self, case, streams):
        with open(os.environ["SPY"], "a") as file:
            file.write(f"{case.train.n} {case.holdout.n} {case.reference.n}\\n")
        if os.environ.get("SPY_STOPS"):
            raise KeyboardInterrupt
        yield Measurement(metric="spy.rows", value=1.0, n=10)
"""


@pytest.fixture
def spy(folder, plugin, monkeypatch):
    plugin("metrics", "spy", SPY)
    monkeypatch.setenv("SPY", str(folder / "spied.txt"))
    with Path("recipe.toml").open("a") as file:
        file.write("\n[generate]\nreplicates = 1\n")
    return folder / "spied.txt"


def opened(who):
    """Return the parts that ``who`` was given, in order, by the ledger."""
    bodies = [e["body"] for e in entries_of(WS, kind="source.opened")]
    return [tuple(b["parts"]) for b in bodies if b["who"] == who]


def test_the_ledger_the_evidence_and_the_report_count_what_a_metric_was_given(spy):
    outcome = run(read_job(Path("recipe.toml")), OPTIONS)
    assert len(spy.read_text().splitlines()) == 2
    stages = ("development", "confirmation")
    assert opened("spy") == [("train", stage, "reference") for stage in stages]
    assert opened("tree_chain") == [("train",)]
    assert opened("report") == [("train",)]
    for stage in stages:
        raw = json.loads((Path(outcome.release) / "evidence" / f"{stage}.json").read_text())
        mine = [o for o in raw["opened"] if o["who"] == "spy"]
        parts = sorted({"train", stage, "reference"})
        assert mine == [{"who": "spy", "part": part, "times": 1} for part in parts]
    assert verify(Path(outcome.release)).ok
    page = Path(outcome.report).read_text()
    row = '<tr><th scope="row">spy</th>'
    cells = page[page.index(row) + len(row) :].split("</tr>")[0]
    assert [c.split("<")[0] for c in cells.split('"number">')[1:]] == ["1", "1", "2", "2"]
    ledger = [p for e in entries_of(WS, kind="source.opened") for p in e["body"]["parts"]]
    said = ", ".join(f"{p} {ledger.count(p)}" for p in sorted(set(ledger)))
    assert f"<td>{said}</td>" in page


def test_numbers_and_verdicts_that_were_told_add_up_and_the_same_again_costs_nothing(spy):
    first = run(read_job(Path("recipe.toml")), OPTIONS)
    evidence = [
        json.loads((Path(first.release) / "evidence" / f"{s}.json").read_text())["measurements"]
        for s in ("development", "confirmation")
    ]
    numbers = [sum(m["value"] is not None for m in found) for found in evidence]
    told = sum(v.stage == "confirmation" for v in first.verdicts)
    says = [
        f"<td>{numbers[0]:,}, all open to be read</td>",
        f"<td>{told:,} verdicts, and {numbers[1]:,} numbers about released rows</td>",
        "<td>1 of 3</td>",
    ]
    again = run(read_job(Path("recipe.toml")), OPTIONS)
    for outcome in (first, again):
        page = Path(outcome.report).read_text()
        assert [s for s in says if s not in page] == []
    assert len(opened("spy")) == 2
    assert len(opened("report")) == 2


def test_a_run_that_is_stopped_has_opened_the_rows_all_the_same(spy, monkeypatch):
    monkeypatch.setenv("SPY_STOPS", "1")
    with pytest.raises(KeyboardInterrupt):
        run(read_job(Path("recipe.toml")), OPTIONS)
    assert opened("spy") == [("train", "development", "reference")]
    assert entries_of(WS, kind="evidence") == []
    monkeypatch.delenv("SPY_STOPS")
    run(read_job(Path("recipe.toml")), OPTIONS)
    assert len(opened("spy")) == len(spy.read_text().splitlines()) == 3
