"""Peers of the private generators on the same half of Adult, judged by the same measures.

    python bench/dp_peers.py --envs DIR --make        # an environment each, under DIR
    python bench/dp_peers.py --envs DIR --data FOLDER [--peer dpmm] [--model mst] [--epsilon 1]

dpmm 0.1.9 with its own binning (0.1 of epsilon more); smartnoise-synth 1.0.8 with 20 bins of the
declared bounds; mostlyai-engine 2.7.3 by DP-SGD, which has no bounds and buys the values that it
protects. Bounds and categories are declared as to ours where a tool takes them; missing values are
a category of their own. Results go to bench/results/dp.json.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from dp import RESULTS, tables, trained
from dp_tables import ADULT, adult, dataset

from assaymark.core.streams import Streams
from assaymark.evaluate.yardstick import closeness, teller

START = """
import json, sys, time
import pandas as pd
folder, model, epsilon, domain = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4]
domain = json.loads(domain)
frame = pd.read_csv(folder + "/train.csv", keep_default_na=False)
begun = time.process_time()
"""
END = """
spent = time.process_time() - begun
made(len(frame)).to_csv(folder + "/made.csv", index=False)
begun = time.process_time()
if sys.argv[5] == "many":
    made(1_000_000)
    more["million_s"] = time.process_time() - begun
print(json.dumps({"fit_s": spent} | more))
"""
FITS = {
    "dpmm": """
from dpmm.pipelines.aim import AIMPipeline
from dpmm.pipelines.mst import MSTPipeline
for c, known in domain.items():
    if "categories" in known:
        frame[c] = pd.Categorical(frame[c].astype(str), categories=known["categories"])
kind = {"mst": MSTPipeline, "aim": AIMPipeline}[model]
pipe = kind(epsilon=epsilon, delta=1e-5, proc_epsilon=0.1, n_jobs=1)
begun = time.process_time()
pipe.fit(frame, domain=domain, random_state=0)
made, more = lambda n: pipe.generate(n_records=n, random_state=0), {}
""",
    "smartnoise-synth": """
from snsynth import Synthesizer
from snsynth.transform import BinTransformer, LabelTransformer
from snsynth.transform.table import TableTransformer
parts = [
    LabelTransformer() if "categories" in domain[c]
    else BinTransformer(bins=20, lower=domain[c]["lower"], upper=domain[c]["upper"])
    for c in frame
]
tool = Synthesizer.create(model, epsilon=epsilon, delta=1e-5)
begun = time.process_time()
tool.fit(frame, transformer=TableTransformer(parts), preprocessor_eps=0.0)
made, more = lambda n: tool.sample(n)[list(domain)], {}
""",
    "mostlyai-engine": """
import os
os.chdir(folder)
from mostlyai import engine
from mostlyai.engine.domain import DifferentialPrivacyConfig
engine.set_random_state(0)
frame = frame[list(domain)]
kinds = {
    c: "TABULAR_CATEGORICAL" if "categories" in domain[c] else "TABULAR_NUMERIC_AUTO" for c in frame
}
begun = time.process_time()
engine.split(tgt_data=frame, workspace_dir="w", tgt_encoding_types=kinds)
private = DifferentialPrivacyConfig(max_epsilon=epsilon, delta=1e-5, value_protection_epsilon=1.0)
engine.analyze(workspace_dir="w", differential_privacy=private)
engine.encode(workspace_dir="w")
engine.train(workspace_dir="w", device="cpu", differential_privacy=private)
told = pd.read_csv("w/ModelStore/model-data/progress-messages.csv")
more = {"said_epsilon": float(told["dp_eps"].dropna().iloc[-1])} if "dp_eps" in told else {}
def made(n):
    engine.generate(workspace_dir="w", sample_size=n, device="cpu")
    return pd.read_parquet("w/SyntheticData")
""",
}
NEEDS = {
    "dpmm": ("dpmm", ["dpmm==0.1.9"]),
    "smartnoise-synth": ("snsynth", ["smartnoise-synth==1.0.8"]),
    "mostlyai-engine": ("mostly", ["torch==2.13.0", "mostlyai-engine==2.7.3"]),
}
MISSING = "(missing)"


def run(python: Path, peer: str, data: Path, how: tuple[str, float, float, str]) -> dict:
    """Return the measures of one fit."""
    model, epsilon, seconds, many = how
    table = adult(data)
    schema = table.train.schema
    domain: dict = {c: {"lower": b[0], "upper": b[1]} for c, b in ADULT.items()}
    domain |= {c: {"categories": [*known, MISSING]} for c, known in table.categories.items()}
    with tempfile.TemporaryDirectory() as folder:
        filled = table.train.frame.with_columns(pl.col(pl.String).fill_null(MISSING))
        filled.write_csv(Path(folder) / "train.csv")
        asked = [
            python,
            "-c",
            START + FITS[peer] + END,
            folder,
            model,
            str(epsilon),
            json.dumps(domain),
            many,
        ]
        begun = time.monotonic()
        try:
            done = subprocess.run(
                asked, capture_output=True, text=True, check=False, timeout=seconds
            )
        except subprocess.TimeoutExpired:
            return {"stopped_after_s": time.monotonic() - begun}
        if done.returncode:
            raise SystemExit(done.stderr[-2000:])
        made = pl.read_csv(Path(folder) / "made.csv", infer_schema=False)
    made = made.select(
        pl.col(c).cast(pl.Float64).round().cast(pl.Int64)
        if c in ADULT
        else pl.when(pl.col(c) != MISSING).then(pl.col(c)).alias(c)
        for c in schema.names
    )
    rows = dataset(made, ADULT, table.target)
    told = closeness(rows, table.holdout, Streams.from_seed(0), most=10_000)
    return json.loads(done.stdout.splitlines()[-1]) | {
        "auc": 0.5 + (1 - told) / 2,
        "tstr": trained(rows, table),
        "tables": tables(rows, table.train),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--envs", type=Path, required=True)
    parser.add_argument("--make", action="store_true", help="make the environment")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--peer", choices=NEEDS, default="dpmm")
    parser.add_argument("--model", choices=["mst", "aim"], default="mst")
    parser.add_argument("--epsilon", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=3600.0, help="stop the peer after so long")
    parser.add_argument("--few", action="store_true", help="do not draw a million rows")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    if args.make:
        for home, packages in NEEDS.values():
            if (args.envs / home).exists():
                continue
            subprocess.run([sys.executable, "-m", "venv", args.envs / home], check=True)
            for package in packages:
                pip = args.envs / home / "bin" / "pip"
                subprocess.run([pip, "install", "-q", package], check=True)
        return
    python = args.envs / NEEDS[args.peer][0] / "bin" / "python"
    found = run(
        python,
        args.peer,
        args.data,
        (args.model, args.epsilon, args.seconds, "few" if args.few else "many"),
    )
    done = json.loads(args.out.read_text()) if args.out.exists() else {}
    model = "" if args.peer == "mostlyai-engine" else f" {args.model}"
    done[f"{args.peer}{model} adult {teller()} {args.epsilon} 0"] = found
    args.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
    print(args.peer, args.model, {k: round(v, 3) for k, v in found.items()})


if __name__ == "__main__":
    main()
