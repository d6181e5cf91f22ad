"""Earlier releases of the same people are attacked together with new rows, and signed with them."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assaymark.core.actor import Actor
from assaymark.core.threat import Profile, threat_of
from assaymark.decide.verdict import UseStatus
from assaymark.flow.job import Options, read_job
from assaymark.flow.release.verify import verify
from assaymark.flow.run import run
from assaymark.flow.status import entries_of
from assaymark.store.workspace import Workspace

LEAKY = '''
from dataclasses import dataclass
from typing import Any
import polars as pl
from assaymark.core.dataset import Dataset
from assaymark.core.registry import component
from assaymark.generate.independent import Independent


@component
class Plugin:
    """Independent columns, and exact copies of some people of train."""

    start: int = 0
    copies: int = 0

    def fit(self, source, streams):
        rows = source.open("leaky", "fit").frame[self.start : self.start + self.copies]
        return Fitted(inner=Independent().fit(source, streams), copied=rows)


@dataclass(frozen=True, kw_only=True)
class Fitted:
    inner: Any
    copied: Any
    privacy = None
    holds_records = False

    @property
    def summary(self):
        return {}

    def sample(self, rows, streams):
        made = self.inner.sample(rows, streams)
        frame = pl.concat([self.copied, made.frame[self.copied.height :]])
        return Dataset(schema=made.schema, frame=frame)
'''


@pytest.fixture
def visits(folder, plugin, monkeypatch):
    """Rows that chance does not repeat, one a person; a tenth of train copied is still allowed."""
    plugin("generators", "leaky", LEAKY)
    rng = np.random.default_rng(5)
    frame = pl.DataFrame(
        {
            "age": rng.integers(18, 90, 1_000),
            "income": np.round(rng.lognormal(3, 1, 1_000), 2),
            "weight": np.round(rng.normal(70, 12, 1_000), 1),
            "ill": np.where(rng.random(1_000) < 0.3, "yes", "no"),
        }
    )
    frame.write_csv("stays.csv")
    policy = Path("policy.toml").read_text()
    head, tail = policy.split('id = "copies.exact_excess"')
    Path("policy.toml").write_text(
        head + 'id = "copies.exact_excess"' + tail.replace("threshold = 1.0", "threshold = 0.15", 1)
    )
    return folder


def released(start, copies, *, columns="", **how):
    recipe = Path("recipe.toml").read_text().split("\n[columns]")[0]
    spec = f'\n[columns]\nill = "target"\n{columns}\n[split]\ncross_fit = false\n'
    spec += '[generate]\ngenerator = "leaky"\n'
    spec += f"parameters = {{ start = {start}, copies = {copies} }}\n"
    Path("now.toml").write_text(recipe + spec)
    job = read_job(Path("now.toml"), policy_path=Path("policy.toml"), uses=["analytics"])
    return run(job, Options(workspace=Path("ws"), **how))


@pytest.mark.slow
def test_evidence_from_before_a_further_release_is_not_used_again(visits):
    """Only the development holdout is looked at here, and one release is entered by hand."""
    first = released(0, 0, confirm=False)
    other = released(0, 0, confirm=False, fresh=True)
    assert (first.earlier, other.earlier) == ((), ())
    workspace = Workspace.open(Path("ws"))
    workspace.ledger.append(
        "release", first.candidate, {"uses": {}, "name": "first"}, Actor(key="k")
    )
    again = released(0, 0, confirm=False)
    assert again.candidate == other.candidate
    assert again.earlier == (first.candidate,)
    evidence = entries_of(Path("ws"), kind="evidence")
    assert [e["body"]["earlier"] for e in evidence] == [[], [], [first.candidate]]
    released(0, 0, confirm=False)
    assert len(entries_of(Path("ws"), kind="evidence")) == 3


def copies_of(outcome):
    return [v.verdict for v in outcome.verdicts if v.metric == "copies.exact_excess"]


@pytest.mark.slow
def test_two_releases_that_pass_alone_fail_together(visits):
    first = released(0, 55)
    assert first.approved
    assert first.earlier == ()
    second = released(55, 55)
    assert second.uses["analytics"] is UseStatus.REFUSED
    assert copies_of(second)[0] == "FAIL"
    assert second.earlier == (first.candidate,)
    page = Path(second.report).read_text()
    assert "1 earlier release of the same people was attacked together" in page
    alone = run_alone(55, 55)
    assert alone.approved
    assert copies_of(alone) == ["PASS", "PASS"]


def run_alone(start, copies):
    """The second candidate in a workspace that knows of no earlier release."""
    Path("ws").rename("elsewhere")
    return released(start, copies)


@pytest.mark.slow
def test_clean_and_clean_stays_approved_and_the_release_says_what_it_was_attacked_with(visits):
    first, second = released(0, 0), released(0, 0, fresh=True)
    assert second.approved
    assert second.earlier == (first.candidate,)
    found = verify(Path(second.release))
    assert found.ok
    (line,) = [c for c in found.checks if c.title == "Earlier releases"]
    assert first.candidate[:16] in line.said
    for stage in ("development", "confirmation"):
        raw = json.loads((Path(second.release) / "evidence" / f"{stage}.json").read_text())
        assert raw["earlier"] == [first.candidate]
    threat = json.loads((Path(second.release) / "threat.json").read_text())
    assert threat["earlier"] == 1
    assert "linkage across releases" not in threat["not_covered"]
    card = (Path(second.release) / "card.md").read_text()
    assert "1 earlier release of the same people was attacked together" in card
    before = len(entries_of(Path("ws"), kind="evidence"))
    again = released(0, 0, confirm=False)
    assert again.candidate == second.candidate
    assert len(entries_of(Path("ws"), kind="evidence")) == before


@pytest.mark.slow
def test_fewer_columns_are_attacked_together_and_more_are_said_to_be_apart(visits):
    wide = released(0, 0)
    narrow = released(0, 0, columns='[[transform]]\nkind = "drop"\ncolumns = ["weight"]')
    assert narrow.earlier == (wide.candidate,)
    again = released(0, 0, fresh=True, confirm=False)
    assert again.earlier == (wide.candidate,)
    said = "1 earlier release of the same people could not be attacked together"
    assert any(n.startswith(said) for n in again.notices)
    assert said in Path(again.report).read_text()


def test_the_threat_model_says_what_stays_outside():
    says = {
        (0, 0): "linkage across releases, attackers who refit",
        (2, 0): "linkage with releases other than the ones that were attacked together, attackers",
        (1, 2): "linkage with 2 earlier releases of other columns, linkage with releases other",
        (0, 1): "linkage with 1 earlier release of other columns or with any other release, att",
    }
    for (earlier, apart), start in says.items():
        threat = threat_of(Profile.CONTROLLED, earlier=earlier, apart=apart)
        assert threat.not_covered.startswith(start)
        assert threat.earlier == earlier
