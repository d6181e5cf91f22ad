"""Attacks that are newer than a release are run on the people who were sealed for it."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import assaymark
from assaymark.cli.app import app
from assaymark.core.notice import Observation
from assaymark.errors import InputError, NotApprovedError
from assaymark.evaluate.versions import attack_versions
from assaymark.flow.job import Options, read_job
from assaymark.flow.monitor.reassess import newer_attacks, reassess
from assaymark.flow.release.recall import notices_of, of_workspace
from assaymark.flow.release.verify import verify
from assaymark.flow.run import run
from assaymark.flow.status import entries_of
from assaymark.store.workspace import Workspace

RECIPE = Path("recipe.toml")
COMMAND = ("release", "reassess", "--all", "--every", "--json")
PROBE = '''
from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.registry import component

__all__ = ["Plugin"]

@component
class Plugin:
    """Say what it is told to say."""

    quantities = (
        Quantity(
            name="probe.excess", title="Probe", unit="share of people", better="lower", meaning="m"
        ),
    )

    def measure(self, case, streams):
        yield Measurement(
            metric="probe.excess", subject="table", value={at}, low={low}, high={high},
            confidence=0.95, n=case.holdout.n,
        )
'''
RULE = """
[[rule]]
id = "probe-fails"
metric = "probe.excess"
direction = "at_most"
threshold = 0.1
uses = ["analytics"]
title = "The probe finds nobody"
why = "It must not."
remedy = "Another generator."
"""


@pytest.fixture
def desk(folder, plugin):
    """Return a release that a probe found nobody in, and a way to make that probe another."""
    plugin("metrics", "probe", PROBE.format(at=0.01, low=0.0, high=0.02))
    with (folder / "policy.toml").open("a") as file:
        file.write(RULE)
    outcome = run(read_job(RECIPE, uses=["analytics"]), Options(workspace=Path("ws"), seed=1))
    (site,) = (p for p in sys.path if Path(p, "plugin_probe.py").exists())

    def other(at, low, high):
        Path(site, "plugin_probe.py").write_text(PROBE.format(at=at, low=low, high=high))
        sys.modules.pop("plugin_probe", None)

    return Workspace.open(Path("ws")), Path(outcome.release), other


@pytest.mark.slow
def test_a_newer_attack_that_is_open_or_succeeds_opens_an_advisory(desk):
    workspace, release, other = desk
    assert newer_attacks(workspace, of_workspace(workspace, release.name).made.candidate) == ()
    assert reassess(workspace, release.name, [RECIPE]).told == "nothing newer"
    openings = len([e for e in entries_of(Path("ws")) if e["kind"] == "confirmation.opened"])

    other(0.09, 0.05, 0.13)
    assert reassess(workspace, release.name, []).why.startswith("the real rows are not kept")
    stale = reassess(workspace, release.name, [RECIPE])
    assert stale.standing.startswith("RELEASED; STALE for analytics: the verdict of probe-fails")
    assert verify(release).stale == ("analytics",)
    first = CliRunner().invoke(app, ["verify", str(release)]).output.splitlines()[0]
    assert "analytics (stale)" in first
    with pytest.raises(NotApprovedError, match="no longer approved for analytics"):
        assaymark.load(release, use="analytics")

    other(0.3, 0.25, 0.35)
    found = reassess(workspace, release.name, [RECIPE])
    assert (found.told, found.attacks) == ("advisory", ("probe",))
    (change,) = found.changes
    assert (change.rule, change.before, change.now) == ("probe-fails", "PASS", "FAIL")
    assert found.standing.startswith("DEGRADED: withdrawal is recommended: by a newer attack")
    notices = [n for _, n in notices_of(workspace, of_workspace(workspace, release.name))]
    assert all(isinstance(n, Observation) for n in notices)
    assert [n.watch for n in notices] == ["an-attack-is-open", "an-attack-succeeds"]
    with pytest.raises(NotApprovedError, match="by a newer attack 'probe-fails' is FAIL"):
        assaymark.load(release, use="analytics")
    assert reassess(workspace, release.name, [RECIPE]).told == "nothing newer"
    kinds = [e["kind"] for e in entries_of(Path("ws"))]
    assert kinds.count("confirmation.opened") == openings
    assert {"source.opened", "reassessed"} <= set(kinds)
    away = Path("away") / release.name
    away.parent.mkdir()
    release.rename(away)
    Path("ws/notices").rename(away.with_name(away.name + ".notices"))
    status = next(c for c in verify(away).checks if c.title == "Status")
    assert "withdrawal is recommended" in status.said


@pytest.mark.slow
def test_the_same_attacks_say_the_same_and_what_is_gone_is_said(desk):
    workspace, release, _ = desk
    said = CliRunner().invoke(
        app,
        [
            *[
                "release",
                "reassess",
                "--all",
                "--every",
                "--json",
                "--recipe",
                "recipe.toml",
                "--workspace",
                "ws",
            ]
        ],
        standalone_mode=False,
    )
    (found,) = json.loads(said.stdout)
    assert (said.return_value, found["told"], found["changes"]) == (0, "unchanged", [])
    assert set(found["attacks"]) == set(attack_versions())
    rows = Path("stays.csv").read_text().splitlines(keepends=True)
    Path("stays.csv").write_text("".join(rows[:700]))
    lost = reassess(workspace, release.name, [RECIPE], every=True)
    assert (lost.told, lost.why) == (
        "not possible",
        "no recipe given leads to the table and split that it was made of",
    )
    assert lost.standing == "RELEASED"
    (gone,) = Path("ws/sealed").glob("root-of-*")
    gone.unlink()
    assert "sealed for it is gone" in reassess(workspace, release.name, [RECIPE], every=True).why
    refused = CliRunner().invoke(app, ["release", "reassess", "--workspace", "ws"])
    assert isinstance(refused.exception, InputError)
    assert release.name in str(refused.exception)


def test_a_version_covers_what_an_attack_draws_on(tmp_path):
    versions = attack_versions()
    assert {"membership", "membership_suite", "inference_suite", "copies"} <= set(versions)
    assert len(set(versions.values())) == len(versions)
