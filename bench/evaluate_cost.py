"""CPU time of ``assaymark evaluate`` beside peers' reports on the same three tables, in one run.

    python bench/evaluate_cost.py --table adult.parquet --rows 24000 --anonymeter /path/to/python

Peers live in environments of their own (``pip install anonymeter``, ``pip install mostlyai-qa``);
name their interpreters to have them run. Without ``--table``, the shipped encounters are used.
Train, holdout and synthetic are three random parts of the table, so that all tools do real work.
"""

from __future__ import annotations

import argparse
import importlib.resources
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl

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


def main() -> None:
    """Cut the table, run every tool that was named, print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--rows", type=int, default=24_000, help="rows a part, at most")
    parser.add_argument("--anonymeter", help="python with anonymeter")
    parser.add_argument("--mostlyai", help="python with mostlyai-qa")
    parser.add_argument("--out", type=Path)
    wanted = parser.parse_args()
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
