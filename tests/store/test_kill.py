"""Runs that are killed, fill their disk, meet another one or have their clock set back go on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "kill.py"


def points(out, **wanted):
    options = {"points": 0, "full": 0, "two": 0, "clock": 0, **wanted}
    given = [str(x) for k, v in options.items() for x in (f"--{k}", v)]
    done = subprocess.run(
        [sys.executable, str(BENCH), "--out", str(out), *given],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_text())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["points", "two", "clock"])
def test_nothing_is_lost_and_the_same_run_again_ends_as_if_nothing_had_happened(tmp_path, kind):
    count = 3 if kind == "points" else 1
    found = points(tmp_path / "out.json", **{kind: count})
    runs = found["kill" if kind == "points" else kind]
    late = [n for n, said in runs.items() if said == "not hit: the run had ended"]
    assert [said for n, said in runs.items() if n not in late] == [""] * count


@pytest.mark.slow
def test_a_full_disk_is_said_and_a_larger_one_goes_on(tmp_path):
    (words,) = points(tmp_path / "out.json", full=1)["full"].values()
    if words.startswith("not run"):
        pytest.skip("no file system may be mounted here")
    assert words == ""
