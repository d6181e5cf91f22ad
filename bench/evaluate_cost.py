"""CPU time of ``assaymark evaluate`` beside peers' reports on the same three tables, in one run.

    python bench/evaluate_cost.py --table adult.parquet --rows 24000 --anonymeter /path/to/python

With ``--families``, it measures instead what the whole evaluation of utility and bias costs, in
one process, at 25,000 people x 15 columns with one and with ten synthetic tables, and at 250,000
people: asked are 90 s, 8 minutes, and growth that is no faster than that of the rows.

Peers live in environments of their own (``pip install anonymeter``, ``pip install mostlyai-qa``);
name their interpreters to have them run. Without ``--table``, the shipped encounters are used.
Train, holdout and synthetic are three random parts of the table, so that all tools do real work.
"""

from __future__ import annotations

import argparse
import importlib.resources
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

from assaymark.core.case import Case
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.evaluate import metrics

OURS = """
import sys
from assaymark.cli import main
main(["evaluate", "--train", "t.csv", "--holdout", "h.csv", "--synthetic", "s.csv", "--json"])
"""
ANONYMETER = """
import warnings; warnings.filterwarnings("ignore")
import pandas as pd
from anonymeter.evaluators import InferenceEvaluator, LinkabilityEvaluator, SinglingOutEvaluator
ori, con, syn = (pd.read_csv(f"{x}.csv") for x in "ths")
columns = list(ori.columns)
for mode in ("univariate", "multivariate"):
    e = SinglingOutEvaluator(ori=ori, syn=syn, control=con, n_attacks=500)
    try:
        e.evaluate(mode=mode)
        print(mode, e.risk())
    except RuntimeError as error:
        print(mode, error)
half = len(columns) // 2
e = LinkabilityEvaluator(
    ori=ori, syn=syn, control=con, n_attacks=500, aux_cols=(columns[:half], columns[half:])
)
e.evaluate(n_jobs=1)
print("linkability", e.risk())
for secret in columns:
    aux = [c for c in columns if c != secret]
    e = InferenceEvaluator(
        ori=ori, syn=syn, control=con, n_attacks=500, aux_cols=aux, secret=secret,
        regression=pd.api.types.is_numeric_dtype(ori[secret]),
    )
    e.evaluate(n_jobs=1)
    print("inference", secret, e.risk())
"""
MOSTLYAI = """
import pandas as pd
from mostlyai import qa
ori, con, syn = (pd.read_csv(f"{x}.csv") for x in "ths")
print(qa.report(syn_tgt_data=syn, trn_tgt_data=ori, hol_tgt_data=con)[1])
"""


def cpu_of(python: str, code: str, folder: Path) -> tuple[float, int]:
    """Return the CPU seconds of a program with its children, and its exit code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [python, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in {0, 3}:
        print(done.stderr[-800:], file=sys.stderr)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, done.returncode


FAMILIES = ("utility", "fairness")
PARTS = {
    "25,000 people, one table": (25_000, 1),
    "25,000 people, ten tables": (25_000, 10),
    "250,000 people, one table": (250_000, 1),
}


def families(n: int, replicates: int) -> dict[str, object]:
    """Run every metric of utility and bias; return seconds, CPU seconds, peak memory, each."""
    from scale import WIDE, table

    case = Case(
        schema=WIDE,
        train=table(n, 1),
        holdout=table(n, 2),
        reference=None,
        synthetics=tuple(table(n, 3 + m) for m in range(replicates)),
        threat=threat_of(Profile.CONTROLLED),
    )
    spent: dict[str, float] = {}
    begun, cpu = time.perf_counter(), time.process_time()
    for name in metrics.names():
        if metrics.family(name) not in FAMILIES:
            continue
        start = time.process_time()
        assert list(metrics.build(name).measure(case, Streams.from_seed(1).child(name)))
        spent[name] = round(time.process_time() - start, 1)
    return {
        "seconds": round(time.perf_counter() - begun, 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "load": round(os.getloadavg()[0], 1),
        "cpu_s_each": dict(sorted(spent.items(), key=lambda s: -s[1])),
    }


def growth(out: Path | None, less: int) -> None:
    """Measure the families at each size, in a process of its own; save after each."""
    kept = json.loads(out.read_text()) if out and out.exists() else {}
    for name, (n, replicates) in PARTS.items():
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            kept[name] = pool.apply(families, (n // less, replicates))
        print(name, kept[name], flush=True)
        if out:
            out.write_text(json.dumps(kept, indent=1) + "\n")


def main() -> None:
    """Cut the table, run every tool that was named, print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--rows", type=int, default=24_000, help="rows a part, at most")
    parser.add_argument("--anonymeter", help="python with anonymeter")
    parser.add_argument("--mostlyai", help="python with mostlyai-qa")
    parser.add_argument("--families", action="store_true", help="utility and bias alone")
    parser.add_argument("--quick", action="store_true", help="a tenth of the people, families only")
    parser.add_argument("--out", type=Path)
    wanted = parser.parse_args()
    if wanted.families:
        growth(wanted.out, 10 if wanted.quick else 1)
        return
    shipped = importlib.resources.files("assaymark.data") / "diabetes130.parquet"
    frame = pl.read_parquet(wanted.table or str(shipped)).sample(fraction=1, shuffle=True, seed=1)
    rows = min(wanted.rows, frame.height // 2)
    os.environ["OMP_NUM_THREADS"] = "1"
    found: dict[str, object] = {"rows": rows, "columns": frame.width}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frame[:rows].write_csv(folder / "t.csv")
        frame[rows : 2 * rows].write_csv(folder / "h.csv")
        frame[: 2 * rows].sample(rows, seed=2).write_csv(folder / "s.csv")
        tools = [("assaymark", sys.executable, OURS)]
        tools += [("anonymeter", wanted.anonymeter, ANONYMETER)] if wanted.anonymeter else []
        tools += [("mostlyai-qa", wanted.mostlyai, MOSTLYAI)] if wanted.mostlyai else []
        for tool, python, code in tools:
            spent, ended = cpu_of(python, code, folder)
            found[tool] = {"cpu_s": round(spent, 1), "exit": ended}
            print(f"{tool:12s} {spent:7.1f} CPU s  exit {ended}")
    if wanted.out:
        wanted.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
