"""A timeline that several processes write at once."""

import subprocess
import sys

import polars as pl
import pytest

from assaymark.flow.monitor.timeline import Look, read_looks
from assaymark.monitor.sketch import sketch

WRITER = """
import sys
from pathlib import Path

from assaymark.errors import InputError
from assaymark.flow.monitor.timeline import Look, append_look

look = Look.parse(Path(sys.argv[1]).read_bytes())
print("ready", flush=True)
for line in sys.stdin:
    try:
        append_look(Path(line.strip()), [], look)
        print("added", flush=True)
    except InputError as error:
        print(str(error).partition(chr(10))[0], flush=True)
"""


def look(name):
    return Look(
        number=1,
        at="2026-05-02T00:00:00+00:00",
        name=name,
        batch=name * 64,
        release="0" * 64,
        against="released",
        counts=sketch(pl.DataFrame({"x": [1, 2, 3]})),
        previous="",
    ).checked()


@pytest.mark.slow
def test_of_two_processes_that_look_at_once_one_is_written_and_the_other_told(tmp_path):
    writers = []
    for name in "ab":
        (tmp_path / name).write_bytes(look(name).canonical())
        said = [sys.executable, "-c", WRITER, str(tmp_path / name)]
        pipe = subprocess.PIPE
        writers.append(subprocess.Popen(said, stdin=pipe, stdout=pipe, text=True, bufsize=1))
    try:
        assert [w.stdout.readline() for w in writers] == ["ready\n"] * 2
        for i in range(40):
            path = tmp_path / f"{i}.timeline.jsonl"
            for w in writers:
                w.stdin.write(f"{path}\n")
            came = {n: w.stdout.readline().strip() for n, w in zip("ab", writers, strict=True)}
            (winner,) = (n for n, said in came.items() if said == "added")
            (loser,) = {*"ab"} - {winner}
            assert came[loser] == f"another look was added to {str(path)!r} in between"
            assert read_looks(path) == [look(winner)]
            assert not path.with_name(path.name + ".new").exists()
    finally:
        for w in writers:
            w.communicate(timeout=10)
