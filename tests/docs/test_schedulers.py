"""The examples for schedulers do what they say, with the scheduler itself left out."""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import numpy as np
import polars as pl
import pytest

HERE = Path(__file__).parents[2] / "docs/examples/schedulers"
GOLDEN = Path(__file__).parents[1] / "golden/releases"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return a folder with a release, batches of its rows and of others, and `assaymark`."""
    folder = tmp_path_factory.mktemp("scheduled")
    release = next(p for p in sorted(GOLDEN.iterdir()) if (p / "sketch.json").exists())
    shutil.copytree(release, folder / "release")
    rows = pl.read_parquet(next((folder / "release/data").glob("*.parquet")))
    name = next(n for n, t in rows.schema.items() if t.is_numeric())
    drawn = rows.sample(400, with_replacement=True, seed=1)
    drawn.write_parquet(folder / "same.parquet")
    other = drawn.with_columns(pl.Series(name, np.full(400, rows[name].max() * 1000 + 1)))
    other.write_parquet(folder / "other.parquet")
    tool = folder / "bin/assaymark"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m assaymark "$@"\n')
    tool.chmod(0o755)
    return folder


def settings(place, batch, state):
    return {
        **os.environ,
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
        "RELEASE": str(place / "release"),
        "BATCH": str(place / batch),
        "STATE": str(place / state),
    }


@pytest.mark.slow
def test_the_script_is_quiet_on_the_same_rows_tells_of_others_and_fails_on_a_batch_seen_before(
    place,
):
    def call(batch):
        env = settings(place, batch, "a.jsonl")
        return subprocess.run([str(HERE / "watch.sh")], env=env, capture_output=True, text=True)

    quiet = call("same.parquet")
    assert (quiet.returncode, quiet.stdout) == (0, ""), quiet.stderr
    told = call("other.parquet")
    assert (told.returncode, "CHANGED" in told.stdout) == (0, True)
    again = call("other.parquet")
    assert again.returncode == 2
    assert "seen before" in again.stderr
    assert (place / "a.jsonl.eml").exists()
    assert "assaymark_monitor_alarm" in (place / "a.jsonl.prom").read_text()


def test_cron_and_service_call_what_there_is(place):
    lines = (HERE / "crontab").read_text().splitlines()
    names = {line.partition("=")[0] for line in lines if "=" in line and line[0] not in "#0"}
    script = (HERE / "watch.sh").read_text()
    assert {"RELEASE", "BATCH", "STATE", "ACT"} == names
    assert all(f"${n}" in script or f"${{{n}" in script for n in names)
    assert lines[-1].split()[:5] == ["0", "6", "*", "*", "*"]
    unit = ConfigParser(interpolation=None)
    unit.optionxform = str
    unit.read(HERE / "assaymark-watch.service")
    assert unit["Service"]["SuccessExitStatus"] == "3"
    command = shlex.split(unit["Service"]["ExecStart"])
    said = subprocess.run(
        [sys.executable, "-m", "assaymark", command[1], "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "200"},
    ).stdout
    assert all(option in said for option in command if option.startswith("--"))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not there")
def test_systemd_takes_the_service_and_its_timer(place):
    for name in ("assaymark-watch.service", "assaymark-watch.timer"):
        text = (HERE / name).read_text().replace("=assaymark ", f"={place / 'bin/assaymark'} ")
        (place / name).write_text(text)
    units = [str(place / n) for n in ("assaymark-watch.service", "assaymark-watch.timer")]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_dagster_runs_the_check_and_warns_of_other_rows(place):
    pytest.importorskip("dagster")
    folder = place / "dagster"
    folder.mkdir()
    shutil.copy(HERE / "watch_task.py", folder)
    text = (HERE / "dagster_watch.py").read_text().replace(', "--act"', "")
    for name in ("release", "timeline.jsonl"):
        text = text.replace(f"/srv/{name}", str(place / name))
    text = text.replace("/srv/today.csv", str(place / "other.parquet"))
    (folder / "dagster_watch.py").write_text(
        f'{text}\n\nif __name__ == "__main__":\n'
        '    done = defs.resolve_job_def("watch").execute_in_process()\n'
        "    print([c.passed for c in done.get_asset_check_evaluations()])\n"
    )
    done = subprocess.run(
        [sys.executable, "dagster_watch.py"], cwd=folder, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[False]", done.stderr


@pytest.mark.slow
def test_the_task_of_both_python_schedulers_returns_what_was_found(place):
    spec = importlib.util.spec_from_file_location("watch_task", HERE / "watch_task.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    where = [str(place / n) for n in ("release", "other.parquet", "b.jsonl")]
    found = module.look(*where)
    assert found["watched"]["says"] == "changed"
    with pytest.raises(RuntimeError, match="seen before"):
        module.look(*where)
    for name in ("airflow_watch.py", "dagster_watch.py"):
        compile((HERE / name).read_text(), name, "exec")
        assert "from watch_task import look" in (HERE / name).read_text()
