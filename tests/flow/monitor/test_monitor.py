"""Batches are held against a release and its source; what changed is named, signed and told."""

import json
import re
import shutil
import subprocess
import sys
import threading
from datetime import UTC, datetime
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import polars as pl
import pytest
from typer.testing import CliRunner

import assaymark
from assaymark.cli.app import app, main
from assaymark.errors import (
    DataError,
    InputError,
    IntegrityError,
    NotApprovedError,
    UnknownNameError,
)
from assaymark.flow.job import Options, read_job
from assaymark.flow.monitor.batches import Watching, monitor, reference_of
from assaymark.flow.monitor.performance import Forecast
from assaymark.flow.monitor.since import since
from assaymark.flow.monitor.timeline import append_look, read_looks
from assaymark.flow.monitor.watch import watched
from assaymark.flow.run import run
from assaymark.monitor.sketch import Sketch


@pytest.fixture(scope="module")
def made(tmp_path_factory, split_in_two):
    folder = tmp_path_factory.mktemp("monitor")
    split_in_two(folder)
    job = read_job(folder / "recipe.toml", uses=["analytics"])
    outcome = run(job, Options(workspace=folder / "ws", seed=3))
    assert outcome.release
    return folder


@pytest.fixture
def release(made, tmp_path):
    """Return the release in a copy of its workspace."""
    shutil.copytree(made, tmp_path / "desk")
    return next((tmp_path / "desk/ws/releases").iterdir())


@pytest.fixture
def batches(stays):
    """Return a maker of real batches, changed or not, of the release's columns."""

    def make(seed, change=""):
        rows = stays(600, seed=seed).drop("patient")
        if change == "age":
            rows = rows.with_columns(pl.col("age") + 15)
        return rows

    return make


def test_quiet_batches_raise_no_alarm_and_a_change_is_named(release, batches, tmp_path):
    how = Watching(state=tmp_path / "line.jsonl", against="source")
    for seed in range(20, 25):
        found = monitor(release, batches(seed), threshold=0.1, watching=how)
        assert (found.watched.says, found.watched.alarms) == ("no change seen", ())
    for seed in range(30, 34):
        found = monitor(release, batches(seed, "age"), threshold=0.1, watching=how)
    assert found.watched.looks == 9
    first = found.watched.alarms[0]
    assert first.subject == "column:age"
    assert first.since in {5, 6, 7}
    looks = read_looks(tmp_path / "line.jsonl")
    assert [float(look.evidence) for look in looks] == list(found.watched.evidence)
    old = [look.model_copy(update={"evidence": ""}) for look in looks]
    released, reference = reference_of(release, "source")
    again = watched(reference, old, tolerance=0.0, layout=released)
    assert again == watched(reference, looks, tolerance=0.0, layout=released) == found.watched


def test_a_release_is_held_against_another_and_a_folder_is_read(release, batches, tmp_path):
    (tmp_path / "day").mkdir()
    for i, seed in enumerate((40, 41)):
        batches(seed).write_parquet(tmp_path / f"day/{i}.parquet")
    runner = CliRunner()
    done = runner.invoke(app, ["monitor", str(release), "--batch", str(tmp_path / "day"), "--json"])
    assert json.loads(done.stdout)["n"] == 1200
    same = runner.invoke(app, ["monitor", str(release), "--batch", str(release), "--json"])
    assert json.loads(same.stdout)["watched"]["says"] == "no change seen"
    (tmp_path / "none").mkdir()
    refused = runner.invoke(app, ["monitor", str(release), "--batch", str(tmp_path / "none")])
    assert isinstance(refused.exception, DataError)


def test_columns_that_are_gone_new_or_retyped_are_named(release, batches):
    rows = batches(1).drop("sex").with_columns(age=pl.lit("old"), extra=pl.lit(1))
    odd = monitor(release, rows, threshold=0.1).watched.odd
    assert set(odd) == {
        "column:age holds values of another type",
        "column:sex is not there",
        "column:extra is new",
    }


def test_a_renamed_column_is_recognised_by_its_values(release, batches):
    rows = batches(2).rename({"age": "years"}).with_columns(spare=pl.lit(3))
    found = monitor(release, rows, threshold=0.1).watched
    assert "column:years is new, with values like those of age" in found.odd
    assert "column:spare is new" in found.odd
    assert found.alarms == ()


def test_a_column_that_one_batch_lacked_says_nothing_later(release, batches, tmp_path):
    """Whoever forgot a column did not see the world move: it is told at once, and only then."""
    how = Watching(state=tmp_path / "line.jsonl", against="source")
    monitor(release, batches(20), threshold=0.1, watching=how)
    odd = monitor(release, batches(21).drop("age"), threshold=0.1, watching=how).watched
    assert (odd.says, odd.odd, odd.alarms) == ("changed", ("column:age is not there",), ())
    again = monitor(release, batches(22), threshold=0.1, watching=how).watched
    assert (again.says, again.alarms) == ("no change seen", ())


def test_another_unit_is_named(release, batches):
    months = batches(3).with_columns(pl.col("age") * 12)
    found = monitor(release, months, threshold=0.1)
    assert found.watched.alarms[0].subject == "column:age"
    said = next(line.what for line in found.lines if line.column == "age")
    assert re.fullmatch(r"the middle value is about 1[123] times what it was: another unit\?", said)


def test_a_sketch_of_another_version_is_refused_by_its_version(release):
    raw = (release / "sketch.json").read_bytes()
    with pytest.raises(IntegrityError, match="sketch/v9"):
        Sketch.parse(raw.replace(b"sketch/v0", b"sketch/v9"))


def test_few_rows_say_nothing_and_none_are_refused(release, batches):
    found = monitor(release, batches(1).head(20), threshold=0.1)
    assert found.watched.says == "too few rows to tell"
    assert {line.says for line in found.lines} == {"cannot tell"}
    assert not found.drifted
    with pytest.raises(DataError, match="no rows"):
        monitor(release, batches(1).head(0), threshold=0.1)


def test_batches_come_once_and_in_order(release, batches, tmp_path):
    state = tmp_path / "line.jsonl"
    at = datetime(2026, 5, 2, tzinfo=UTC)
    monitor(release, batches(1), threshold=0.1, watching=Watching(state=state, at=at))
    again = (
        batches(1).sample(fraction=1.0, shuffle=True, seed=1).select("ill", "days", "sex", "age")
    )
    for rows in (batches(1), again):
        with pytest.raises(InputError, match="seen before, as look 1"):
            monitor(release, rows, threshold=0.1, watching=Watching(state=state))
    later = Watching(state=state, at=datetime(2099, 5, 1, tzinfo=UTC))
    with pytest.raises(InputError, match="yet to come"):
        monitor(release, batches(2), threshold=0.1, watching=later)
    earlier = Watching(state=state, at=datetime(2026, 5, 1, tzinfo=UTC))
    with pytest.raises(InputError, match="must come in order"):
        monitor(release, batches(2), threshold=0.1, watching=earlier)
    with pytest.raises(InputError, match="of another reference"):
        monitor(
            release, batches(2), threshold=0.1, watching=Watching(state=state, against="source")
        )
    assert len(read_looks(state)) == 1


def test_a_timeline_keeps_its_tolerance_and_pages_use_it(release, batches, tmp_path):
    state = tmp_path / "line.jsonl"
    wide = Watching(state=state, tolerance=0.5)
    assert monitor(release, batches(1, "age"), threshold=0.1, watching=wide).watched.alarms == ()
    kept = monitor(release, batches(2, "age"), threshold=0.1, watching=Watching(state=state))
    assert (kept.watched.tolerance, kept.watched.alarms) == (0.5, ())
    (looked,) = since(release, timelines=[state]).looked
    assert (looked.found.tolerance, looked.found.says) == (0.5, "no change seen")
    other = Watching(state=state, tolerance=0.01)
    with pytest.raises(InputError, match=r"--tolerance 0.5 so far.*asks for 0\.01"):
        monitor(release, batches(3), threshold=0.1, watching=other)
    assert len(read_looks(state)) == 2


def test_two_looks_at_once_are_not_lost(release, batches, tmp_path):
    state = tmp_path / "line.jsonl"
    monitor(release, batches(1), threshold=0.1, watching=Watching(state=state))
    before = read_looks(state)
    monitor(release, batches(2), threshold=0.1, watching=Watching(state=state))
    late = read_looks(state)[-1].model_copy(update={"batch": "0" * 64})
    with pytest.raises(InputError, match="in between"):
        append_look(state, before, late)
    assert len(read_looks(state)) == 2


def test_a_look_that_fails_is_not_stored_and_can_be_asked_again(release, batches, tmp_path):
    rows, state = batches(1, "age"), tmp_path / "line.jsonl"
    for wrong in (Forecast(target="nobody"), Forecast(scores="nothing")):
        with pytest.raises(UnknownNameError):
            monitor(release, rows, threshold=0.1, watching=Watching(state=state, forecast=wrong))
        assert not state.exists()
    again = Watching(state=state, forecast=Forecast(target="ill"))
    found = monitor(release, rows, threshold=0.1, watching=again)
    assert found.watched.alarms[0].subject == "column:age"
    assert [look.number for look in read_looks(state)] == [1]


def test_rows_as_the_source_has_them_go_the_steps_of_the_recipe(release, stays, tmp_path):
    raw, recipe = stays(600, seed=20), release.parents[2] / "recipe.toml"
    plain = monitor(release, raw, threshold=0.1)
    assert plain.watched.odd == ()
    assert plain.taken == "read without patient, which the release says it removed"
    assert "patient" not in {line.column for line in plain.lines}
    other = monitor(release, raw.rename({"patient": "who"}), threshold=0.1)
    assert other.watched.odd == ("column:who is new",)
    how = Watching(recipe=recipe, against="source", state=tmp_path / "line.jsonl")
    found = monitor(release, raw, threshold=0.1, watching=how)
    people = raw["patient"].n_unique()
    assert (found.n, found.watched.odd) == (people, ())
    assert found.taken.endswith(f"600 rows of {people} persons, one row of each was drawn")
    with pytest.raises(InputError, match="seen before"):
        monitor(release, raw, threshold=0.1, watching=how)
    recipe.write_text(
        recipe.read_text() + '\n[[transform]]\nkind = "drop"\ncolumns = ["days"]\nwhy = "x"\n'
    )
    with pytest.raises(InputError, match="made by other steps"):
        monitor(release, raw, threshold=0.1, watching=Watching(recipe=recipe))


def test_every_flipped_byte_of_a_timeline_is_found(release, batches, tmp_path):
    state = tmp_path / "line.jsonl"
    for seed in (1, 2):
        monitor(release, batches(seed), threshold=0.1, watching=Watching(state=state))
    raw = state.read_bytes()
    first = raw.splitlines()[0]
    for i in range(0, len(first), 97):
        state.write_bytes(raw[:i] + bytes([raw[i] ^ 1]) + raw[i + 1 :])
        with pytest.raises(IntegrityError):
            read_looks(state)
    for i in range(len(first) + 1, len(raw) - 1, 97):  # no line follows the last
        state.write_bytes(raw[:i] + bytes([raw[i] ^ 1]) + raw[i + 1 :])
        with pytest.raises(IntegrityError):
            read_looks(state)
    state.write_bytes(raw.splitlines(keepends=True)[1])
    with pytest.raises(IntegrityError, match="does not follow"):
        read_looks(state)
    state.write_bytes(raw.replace(b"look/v0", b"look/v9", 1))
    with pytest.raises(IntegrityError, match="look/v9"):
        read_looks(state)


def test_against_the_source_needs_the_workspace(release, batches, tmp_path):
    away = tmp_path / "away" / release.name
    shutil.copytree(release, away)
    with pytest.raises(InputError, match="--workspace"):
        monitor(away, batches(1), threshold=0.1, watching=Watching(against="source"))
    how = Watching(against="source", workspace=release.parents[1])
    assert monitor(away, batches(1), threshold=0.1, watching=how).watched.looks == 1
    (away / "sketch.json").write_bytes(b"{}")
    with pytest.raises(IntegrityError, match="does not verify"):
        monitor(away, batches(1), threshold=0.1)


class _Hook(BaseHTTPRequestHandler):
    heard: ClassVar[list[dict]] = []

    def do_POST(self):
        self.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_an_alarm_is_told_signed_and_heard_at_the_next_load(release, batches, tmp_path):
    batches(50, "age").write_csv(tmp_path / "today.csv")
    server = HTTPServer(("127.0.0.1", 0), _Hook)
    threading.Thread(target=server.handle_request, daemon=True).start()
    names = {n: tmp_path / n for n in ("page.html", "metrics.prom", "line.jsonl", "alarm.eml")}
    said = ["monitor", str(release), "--batch", str(tmp_path / "today.csv"), "--against", "source"]
    said += ["--report", str(names["page.html"]), "--prometheus", str(names["metrics.prom"])]
    said += ["--jsonl", str(names["line.jsonl"]), "--mail", str(names["alarm.eml"])]
    said += ["--webhook", f"http://127.0.0.1:{server.server_port}/", "--degrade"]
    assaymark.load(release, use="analytics")
    done = CliRunner().invoke(app, said, standalone_mode=False)
    server.server_close()
    assert done.return_value == 3
    assert "CHANGED" in done.stdout
    assert _Hook.heard[0]["watched"]["alarms"][0]["subject"] == "column:age"
    assert 'assaymark_monitor_alarm{release="' in names["metrics.prom"].read_text()
    assert json.loads(names["line.jsonl"].read_text())["watched"]["says"] == "changed"
    assert "changed" in str(message_from_bytes(names["alarm.eml"].read_bytes())["Subject"])
    assert "Evidence after each look" in names["page.html"].read_text()
    with pytest.raises(NotApprovedError, match=r"DEGRADED.*column:age"):
        assaymark.load(release, use="analytics")
    again = CliRunner().invoke(app, [*said[:6], "--degrade"])
    assert "DEGRADED already" in again.stderr


def test_a_model_of_the_released_rows_is_estimated_on_the_batch(release, batches, tmp_path):
    batches(60).drop("ill").write_csv(tmp_path / "today.csv")
    said = ["monitor", str(release), "--batch", str(tmp_path / "today.csv"), "--target", "ill"]
    done = CliRunner().invoke(app, said, standalone_mode=False)
    assert "Expected without labels" in done.stdout
    assert "no concept drift" in done.stdout
    found = json.loads(CliRunner().invoke(app, [*said, "--json"]).stdout)["performance"]
    assert [e["name"] for e in found["estimates"]] == ["accuracy", "AUC"]


WATCHED = (
    ("age", "stale", 'rules = ["columns"]'),
    ("days", "degraded", ""),
    ("sex", "recommend_withdrawal", ""),
    ("ill", "withdrawn", ""),
)
WATCH = """
[[watch]]
id = "{column}"
observe = "column"
subject = "column:{column}"
against = "source"
at_least = 0.05
then = "{then}"
{more}
title = "People moved"
why = "They did."
remedy = "Fit again."
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory, split_in_two):
    """Return a folder with a release whose policy says what follows from what is seen."""
    folder = tmp_path_factory.mktemp("judged")
    split_in_two(folder)
    with (folder / "policy.toml").open("a") as file:
        for column, then, more in WATCHED:
            file.write(WATCH.format(column=column, then=then, more=more))
    with (folder / "recipe.toml").open("a") as file:
        file.write('\n[[claim]]\nkind = "mean"\nname = "stay"\ncolumn = "days"\n')
    job = read_job(folder / "recipe.toml", uses=["analytics"])
    assert run(job, Options(workspace=folder / "ws", seed=3)).release
    return folder


def acted(release, batches, tmp_path, column, *more):
    rows = batches(50)
    new = pl.lit(rows[column].max()) if column in {"sex", "ill"} else pl.col(column) + 15
    rows.with_columns(new.alias(column)).write_csv(tmp_path / "today.csv")
    said = ["monitor", str(release), "--batch", str(tmp_path / "today.csv"), "--act"]
    said += more
    return CliRunner().invoke(app, [*said, "--against", "source"], standalone_mode=False)


@pytest.mark.parametrize(
    ("column", "status", "said"),
    [
        ("age", "RELEASED", "no longer approved for analytics"),
        ("days", "DEGRADED", "DEGRADED: column:days"),
        ("sex", "DEGRADED", "withdrawal is recommended: column:sex"),
        ("ill", "WITHDRAWN", r"withdrawn \(quality\): column:ill"),
    ],
)
def test_a_policy_says_what_follows_and_consumers_learn(
    judged, batches, tmp_path, column, status, said
):
    shutil.copytree(judged, tmp_path / "desk")
    release = next((tmp_path / "desk/ws/releases").iterdir())
    assaymark.load(release, use="analytics")
    state = release.with_name(f"{release.name}.timeline.jsonl")
    done = acted(release, batches, tmp_path, column, "--state", str(state))
    assert "signed: " in done.stderr
    assert "signed: " not in acted(release, batches, tmp_path, column).stderr
    rests = {"days": "claim stay rests on it", "ill": "the target rests on it"}
    assert rests.get(column, "") in done.stdout
    with pytest.raises(NotApprovedError, match=said):
        assaymark.load(release, use="analytics")
    again = monitor(release, batches(51), threshold=0.1)
    assert release.name in again.note
    assert {line.column for line in again.lines[:2]} == {"days", "ill"}
    shown_on_its_page(release, tmp_path, column, status)
    away = tmp_path / "away" / release.name
    shutil.copytree(release, away)
    shutil.copytree(release.parents[1] / "notices", away.with_name(release.name + ".notices"))
    with pytest.raises(NotApprovedError, match=said):
        assaymark.load(away, use="analytics")


def shown_on_its_page(release, tmp_path, column, status):
    """What was seen is under the card, on a page of its own, and in the workspace's list."""
    page = tmp_path / "since.html"
    shown = CliRunner().invoke(app, ["show", str(release), "--page", str(page)]).stdout
    assert f"Since it was issued: {status}" in shown
    before = shown.partition("\n# ")[0]
    assert f"column:{column}" in before
    assert "Watched" in before
    assert "ne look against the real rows behind it" in page.read_text()
    assert page.read_text().count(f"column:{column}") >= 2
    since = json.loads(CliRunner().invoke(app, ["show", str(release), "--json"]).stdout)["since"]
    assert (since["status"], since["looked"][0]["looks"]) == (status, 1)
    listed = ["show", "--workspace", str(release.parents[1]), "--json"]
    plain = json.loads(CliRunner().invoke(app, listed).stdout)
    assert plain["candidates"][0]["status"] == status
    assert any(f"column:{column}" in n for n in plain["notices"])


def test_a_policy_that_says_nothing_signs_nothing(release, batches, tmp_path):
    done = acted(release, batches, tmp_path, "age")
    assert "says nothing of what is seen later" in done.stderr
    assaymark.load(release, use="analytics")


def test_a_hook_that_nobody_hears_is_an_error(release, batches, tmp_path):
    batches(50, "age").write_csv(tmp_path / "today.csv")
    state = tmp_path / "line.jsonl"
    said = ["monitor", str(release), "--batch", str(tmp_path / "today.csv"), "--degrade"]
    said += ["--state", str(state), "--no-apart"]
    for more in (["--webhook", "file:///etc/passwd"], ["--mail", str(tmp_path / "no/a.eml")]):
        done = CliRunner().invoke(app, [*said, *more])
        assert isinstance(done.exception, InputError)
        assert not state.exists()  # nothing was looked at: it cannot be looked at twice
    deaf = [*said, "--webhook", "http://127.0.0.1:9/"]
    done = CliRunner().invoke(app, deaf, standalone_mode=False)
    assert done.return_value == 2
    assert "error: 'http://127.0.0.1:9/' did not take the alarm" in done.stderr
    assert "CHANGED" in done.stdout
    assert "signed" in done.stderr


def test_all_that_went_wrong_is_in_one_object_with_what_was_found(
    release, batches, tmp_path, capsys
):
    """Away from its workspace nothing can be signed; nobody listens at the port either."""
    away = tmp_path / "away" / release.name
    shutil.copytree(release, away)
    batches(50, "age").write_csv(tmp_path / "today.csv")
    said = ["monitor", str(away), "--batch", str(tmp_path / "today.csv"), "--no-apart", "--json"]
    with pytest.raises(SystemExit) as ended:
        main([*said, "--degrade", "--act", "--webhook", "http://127.0.0.1:9/"])
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert (ended.value.code, found["exit"], found["watched"]["says"]) == (2, 2, "changed")
    assert found["watched"]["alarms"][0]["subject"] == "column:age"
    assert found["error"]["kind"] == "InputError"
    for text in (found["error"]["message"], told.err):
        assert text.count("only the workspace that issued a release can say so") == 2
        assert text.count("did not take the alarm") == 1
    with pytest.raises(SystemExit):
        main(said)
    assert json.loads(capsys.readouterr().out).keys() == found.keys() - {"error", "exit"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
def test_a_full_disk_hides_no_alarm(release, batches, tmp_path):
    batches(50, "age").write_csv(tmp_path / "today.csv")
    said = ["monitor", str(release), "--batch", str(tmp_path / "today.csv"), "--no-apart"]
    said += ["--report", "/dev/full", "--jsonl", "/dev/full"]
    said += ["--mail", str(tmp_path / "alarm.eml")]
    done = CliRunner().invoke(app, said, standalone_mode=False)
    assert done.return_value == 2
    assert "CHANGED" in done.stdout
    assert done.stderr.count("No space left on device") == 2
    (tmp_path / "alarm.eml").unlink()
    with Path("/dev/full").open("wb") as full:  # not even what was found can be printed
        call = [sys.executable, "-m", "assaymark", *said, "--degrade"]
        ended = subprocess.run(call, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode != 0
    assert f"signed: {release.name} is DEGRADED" in ended.stderr
    assert "changed" in str(message_from_bytes((tmp_path / "alarm.eml").read_bytes())["Subject"])


def test_the_folder_of_a_report_is_made_and_no_report_is_a_folder(release, batches, tmp_path):
    batches(50).write_csv(tmp_path / "today.csv")
    said = ["monitor", str(release), "--batch", str(tmp_path / "today.csv"), "--no-apart"]
    page, state = tmp_path / "pages/today.html", tmp_path / "line.jsonl"
    refused = CliRunner().invoke(app, [*said, "--state", str(state), "--report", str(tmp_path)])
    assert "it is a folder" in str(refused.exception)
    assert not state.exists()
    done = CliRunner().invoke(app, [*said, "--report", str(page)])
    assert done.exception is None
    assert "Evidence after each look" in page.read_text()


def test_a_kept_sketch_is_of_people_held_out(made):
    (name,) = (p.name for p in Path(made / "ws/sealed").glob("world-of-*"))
    assert name
