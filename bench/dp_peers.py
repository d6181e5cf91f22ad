"""A peer of the private generators on the same half of Adult, judged by the same measures.

    python bench/dp_peers.py --envs DIR --make        # an environment with dpmm, under DIR/dpmm
    python bench/dp_peers.py --envs DIR --data FOLDER [--model mst] [--epsilon 1]

dpmm 0.1.9 with its own binning (0.1 of epsilon more), bounds and categories declared as to ours;
missing values are a category of their own. Results go to bench/results/dp.json.
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

RUN = """
import json, sys, time
import pandas as pd
from dpmm.pipelines.aim import AIMPipeline
from dpmm.pipelines.mst import MSTPipeline
folder, model, epsilon, domain = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4]
domain = json.loads(domain)
frame = pd.read_csv(folder + "/train.csv", keep_default_na=False)
for c, known in domain.items():
    if "categories" in known:
        frame[c] = pd.Categorical(frame[c].astype(str), categories=known["categories"])
kind = {"mst": MSTPipeline, "aim": AIMPipeline}[model]
pipe = kind(epsilon=epsilon, delta=1e-5, proc_epsilon=0.1, n_jobs=1)
begun = time.process_time()
pipe.fit(frame, domain=domain, random_state=0)
spent = time.process_time() - begun
pipe.generate(n_records=len(frame), random_state=0).to_csv(folder + "/made.csv", index=False)
begun = time.process_time()
pipe.generate(n_records=1_000_000, random_state=0)
print(json.dumps({"fit_s": spent, "million_s": time.process_time() - begun}))
"""
MISSING = "(missing)"


def run(python: Path, data: Path, model: str, epsilon: float, seconds: float) -> dict:
    """Return the measures of one fit."""
    table = adult(data)
    schema = table.train.schema
    domain: dict = {c: {"lower": b[0], "upper": b[1]} for c, b in ADULT.items()}
    domain |= {c: {"categories": [*known, MISSING]} for c, known in table.categories.items()}
    with tempfile.TemporaryDirectory() as folder:
        filled = table.train.frame.with_columns(pl.col(pl.String).fill_null(MISSING))
        filled.write_csv(Path(folder) / "train.csv")
        asked = [python, "-c", RUN, folder, model, str(epsilon), json.dumps(domain)]
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
    parser.add_argument("--model", choices=["mst", "aim"], default="mst")
    parser.add_argument("--epsilon", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=3600.0, help="stop the peer after so long")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    home = args.envs / "dpmm"
    if args.make:
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([home / "bin" / "pip", "install", "-q", "dpmm==0.1.9"], check=True)
        return
    found = run(home / "bin" / "python", args.data, args.model, args.epsilon, args.seconds)
    done = json.loads(args.out.read_text()) if args.out.exists() else {}
    done[f"dpmm {args.model} adult {teller()} {args.epsilon} 0"] = found
    args.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
    print(args.model, {k: round(v, 3) for k, v in found.items()})


if __name__ == "__main__":
    main()
