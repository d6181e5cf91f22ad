"""How long `verify` takes on a release of 1 GB besides hashing it, and how much memory.

python bench/verify_speed.py [--quick] [--folder FOLDER]

The release is made of random rows, as a run makes one, with a page of the size of a real report,
in a temporary folder. The seconds inside ``hashlib.file_digest`` are taken off those of each run;
medians over three rounds, of the clock (which counts what else runs) and of the processor's time.
Start-up (imports) is in a figure of its own. Writes bench/results/verify_speed.json.
"""

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from assaymark.store.workspace import Workspace

HOME = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "verify_speed.json"
ROUNDS = 3
PEAK = """
status = Path("/proc/self/status").read_text()
peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
"""
HASH = """
import hashlib, sys, time
from pathlib import Path
hashing = hashing_cpu = 0.0
plain = hashlib.file_digest
def timed(file, name):
    global hashing, hashing_cpu
    begun, cpu = time.perf_counter(), time.process_time()
    found = plain(file, name)
    hashing += time.perf_counter() - begun
    hashing_cpu += time.process_time() - cpu
    return found
hashlib.file_digest = timed
"""
ALL = """
begun, cpu = time.perf_counter(), time.process_time()
for path in Path(sys.argv[1]).rglob("*"):
    if path.is_file():
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256").hexdigest()
seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
"""
OURS = """
from assaymark.flow.release.verify import verify
begun, cpu = time.perf_counter(), time.process_time()
found = verify(Path(sys.argv[1]))
seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
assert found.ok, [c for c in found.checks if c.outcome == "FAILED"]
"""
ALONE = """
import datetime, runpy
own = runpy.run_path(sys.argv[1] + "/verify.py")
begun, cpu = time.perf_counter(), time.process_time()
steps = own["verified"](own["Release"](Path(sys.argv[1]), [], datetime.date(2027, 1, 1)))
seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
assert all(s[2] in {"OK", "NOT APPLICABLE"} for s in steps), steps
"""
SAY = "print(seconds, seconds - hashing, cpu - hashing_cpu, peak)"


def once(program, folder):
    begun = time.perf_counter()
    command = [sys.executable, "-c", HASH + program + PEAK + SAY, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    started = time.perf_counter() - begun
    return (*map(float, done.stdout.split()), started)


def rows(n):
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            **{f"number_{i}": np.round(rng.lognormal(3, 1, n), 4) for i in range(6)},
            **{f"count_{i}": rng.integers(0, 10**6, n) for i in range(4)},
            "ward": rng.choice(["north", "south", "east", "isle"], n),
        }
    )


def page():
    """A page of the size of a real report: pictures, tables, words."""
    picture = (
        "<svg><path d='M0,0 " + " ".join(f"L{i},{i * 7 % 90}.25" for i in range(400)) + "'/></svg>"
    )
    line = "<tr><td>Each column keeps its shares</td><td>0.012 (between 0.005 and 0.019)</td></tr>"
    body = "".join(f"<h2>Column {i}</h2>{picture}<table>{line * 20}</table>" for i in range(60))
    return f"<!doctype html><title>r</title><body>{body}</body>".encode()


def release(place, n):
    spec = importlib.util.spec_from_file_location("make", HOME / "tests/golden/make_release.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    return make.release(Workspace.open(Path(place) / "ws"), frame=rows(n), report=page())


def measured(place, n):
    folder = release(place, n)
    size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    once(ALL, folder)
    runs = {name: [] for name in ("hashing", "verify", "verify.py")}
    for _ in range(ROUNDS):
        for name, program in (("hashing", ALL), ("verify", OURS), ("verify.py", ALONE)):
            runs[name].append(once(program, folder))
    found = {"bytes": size, "rounds": ROUNDS}
    for name, taken in runs.items():
        seconds, besides, cpu, peak, started = zip(*taken, strict=True)
        found[name] = {
            "seconds": round(statistics.median(seconds), 3),
            "besides_hashing": round(statistics.median(besides), 3),
            "cpu_besides_hashing": round(statistics.median(cpu), 3),
            "with_start": round(statistics.median(started), 3),
            "peak_mb": round(max(peak)),
        }
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--folder", type=Path, default=None)
    asked = parser.parse_args()
    n = 830_000 if asked.quick else 8_300_000
    with tempfile.TemporaryDirectory(dir=asked.folder) as place:
        found = measured(place, n)
    print(json.dumps(found, indent=1))
    if not asked.quick:
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
