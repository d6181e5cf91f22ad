"""Our generator beside those of other tools, each in an environment of its own, on one split.

    python bench/generator_peers.py --envs DIR --make     # makes the environments (torch is large)
    python bench/generator_peers.py --envs DIR --table FILE ... [--seeds 5] [--rows 5000]
        [--peer NAME ...] [--cap 900]

Each table gets the recipe that `assaymark init` proposes; train and holdout share no person. Every
tool sees the same train rows as a CSV file, with its defaults, one thread, and ``--cap`` seconds;
of one that does not end by then, or fails, it is said so. Printed per table, as means over seeds
with 95 % t intervals: the score 1 - |2 AUC - 1| of boosted trees that tell made rows from holdout
rows; the AUC on holdout rows of boosted trees that learnt the target (its most frequent value, or
its median, against the rest) from made rows; the AUC of the attack that calls train whoever has a
near made row, and the share it recognises at 1 % false alarms; CPU seconds of fitting and sampling.
Below the tables: the paired gain in score over the best other tool, table by table and seed by
seed. Raw results, saved after each run, are in bench/results/generator_peers.json; a run goes on
where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from generator_quality import SHIPPED, attack, interval, learnt, parts_of
from scipy import stats

from assaymark.core.dataset import Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Kind
from assaymark.core.streams import Streams
from assaymark.evaluate.yardstick import closeness
from assaymark.generate import generators
from assaymark.generate.notches import NOTCHES

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESULTS = Path(__file__).parent / "results/generator_peers.json"
READ = """
import warnings; warnings.filterwarnings("ignore")
import json, time
import numpy as np, pandas as pd
told = json.load(open("told.json"))
train = pd.read_csv("train.csv", dtype={c: str for c in told["words"]}, keep_default_na=False,
                    na_values=[""])
n, seed, words = told["rows"], told["seed"], told["words"]
np.random.seed(seed)
start = time.process_time()
"""
WRITE = """
sampled = time.process_time()
made.to_csv("made.csv", index=False)
json.dump({"fit_s": fitted - start, "sample_s": sampled - fitted}, open("out.json", "w"))
"""
_SDV = """
import sdv.single_table, torch
from sdv.metadata import Metadata
torch.manual_seed(seed)
kinds = {c: {"sdtype": "categorical" if c in words else "numerical"} for c in train}
metadata = Metadata.load_from_dict({"tables": {"t": {"columns": kinds}}, "relationships": []})
model = sdv.single_table.%s(metadata)
model.fit({"t": train})
fitted = time.process_time()
made = model.sample(num_rows=n)["t"]
"""
_FILLED = """
for c in train:
    train[c] = train[c].fillna("missing" if c in words else train[c].median())
"""
PEERS = {
    "SDV GaussianCopula": ("sdv", _SDV % "GaussianCopulaSynthesizer"),
    "SDV CTGAN": ("sdv", _SDV % "CTGANSynthesizer"),
    "SDV TVAE": ("sdv", _SDV % "TVAESynthesizer"),
    "mostlyai-engine": (
        "mostly",
        """
from mostlyai import engine
engine.set_random_state(seed)
kinds = {c: "TABULAR_CATEGORICAL" if c in words else "TABULAR_NUMERIC_AUTO" for c in train}
engine.split(tgt_data=train, workspace_dir="w", tgt_encoding_types=kinds)
engine.analyze(workspace_dir="w")
engine.encode(workspace_dir="w")
engine.train(workspace_dir="w", device="cpu")
fitted = time.process_time()
engine.generate(workspace_dir="w", sample_size=n, device="cpu")
made = pd.read_parquet("w/SyntheticData")
""",
    ),
    "arfpy": (
        "arf",
        _FILLED
        + """
from arfpy import arf
for c in words:
    train[c] = train[c].astype("category")
model = arf.arf(x=train, random_state=seed)
model.forde()
fitted = time.process_time()
made = model.forge(n=n)
""",
    ),
    "ForestDiffusion": (
        "fd",
        _FILLED
        + """
from ForestDiffusion import ForestDiffusionModel
codes = {c: sorted(train[c].unique()) for c in words}
x = np.column_stack([train[c].map({v: i for i, v in enumerate(codes[c])}) if c in words
                     else train[c] for c in train]).astype(float)
at = [i for i, c in enumerate(train) if c in words]
model = ForestDiffusionModel(x, n_t=50, duplicate_K=100, cat_indexes=at, n_jobs=1,
                             model="xgboost", seed=seed)
fitted = time.process_time()
z = model.generate(batch_size=n)
made = pd.DataFrame({c: [codes[c][int(v)] for v in z[:, i]] if c in words else z[:, i]
                     for i, c in enumerate(train)})
""",
    ),
    "UnmaskingTrees": (
        "ut",
        """
from utrees import UnmaskingTrees
codes = {c: sorted(train[c].dropna().unique()) for c in words}
x = np.column_stack([train[c].map({v: i for i, v in enumerate(codes[c])}) if c in words
                     else train[c] for c in train]).astype(float)
model = UnmaskingTrees(random_state=seed)
model.fit(x, quantize_cols=["categorical" if c in words else "continuous" for c in train])
fitted = time.process_time()
z = model.generate(n_generate=n)
made = pd.DataFrame({c: [codes[c][int(v)] if v == v else None for v in z[:, i]] if c in words
                     else z[:, i] for i, c in enumerate(train)})
""",
    ),
}
NEEDS = {
    "sdv": ["torch==2.13.0", "sdv==2.0.0"],
    "mostly": ["torch==2.13.0", "mostlyai-engine==2.7.3"],
    "arf": ["arfpy==0.1.1", "pandas<3", "numpy<2"],
    "fd": ["ForestDiffusion==1.0.6"],
    "ut": ["utrees", "scikit-learn<1.6"],
}
OURS = {
    "assaymark tree_chain": ("tree_chain", {}),
    "assaymark independent": ("independent", {}),
    **{
        f"assaymark {n.name}": ("tree_chain", n.parameters)
        for n in NOTCHES
        if n.name in {"guarded", "careful", "moderate"}
    },
}


def make(envs: Path) -> None:
    """Make an environment for each tool that has none."""
    for name, packages in NEEDS.items():
        if (envs / name).exists():
            continue
        subprocess.run([sys.executable, "-m", "venv", envs / name], check=True)
        pip = [envs / name / "bin" / "python", "-m", "pip"]
        for package in packages:  # torch first, so that no other build of it is drawn in
            subprocess.run([*pip, "install", "-q", package], check=True)
        if name == "mostly":  # these do not match every build of torch, and are not needed
            subprocess.run([*pip, "uninstall", "-q", "-y", "torchvision", "torchaudio"], check=True)


def theirs(
    peer: str, envs: Path, train: Dataset, seed: int, *, rows: int, cap: int
) -> tuple[Dataset, dict[str, float]] | str:
    """Return ``rows`` rows that ``peer`` made of train, and its cost, or what kept it from it."""
    env, code = PEERS[peer]
    words = [c.name for c in train.schema.columns if not c.kind.ordered]
    numeric = [
        pl.col(c.name).to_physical().cast(pl.Float64)
        for c in train.schema.columns
        if c.kind.ordered
    ]
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        train.frame.with_columns(numeric).write_csv(here / "train.csv")
        told = {"rows": rows, "seed": seed, "words": words}
        (here / "told.json").write_text(json.dumps(told))
        alone = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        try:
            subprocess.run(
                [envs / env / "bin" / "python", "-c", READ + code + WRITE],
                cwd=folder,
                env={**os.environ, **alone},
                check=True,
                capture_output=True,
                timeout=cap,
            )
        except subprocess.TimeoutExpired:
            return f"no answer in {cap} s"
        except subprocess.CalledProcessError as error:
            return (error.stderr.decode().strip().splitlines() or ["no message"])[-1][:200]
        kinds = {n: pl.String if n in words else pl.Float64 for n in train.schema.names}
        made = pl.read_csv(here / "made.csv", schema_overrides=kinds)
        cost = json.loads((here / "out.json").read_text())
    return Dataset(schema=train.schema, frame=_typed(made, train)), cost


def _typed(made: pl.DataFrame, train: Dataset) -> pl.DataFrame:
    """Return the rows with the types of train's; numbers rounded where train's are whole."""
    columns = []
    for c in train.schema.columns:
        at, dtype = pl.col(c.name), train.frame[c.name].dtype
        if (c.kind.ordered and dtype.is_integer()) or c.kind in {Kind.DATE, Kind.DATETIME}:
            at = at.round().cast(pl.Int64)
        columns.append(at.cast(dtype, strict=False))
    return made.select(columns)


def ours(name: str, train: Dataset, seed: int) -> tuple[Dataset, dict[str, float]]:
    """Return what one of our generators made, and its cost; compiled before the clock starts."""
    component, parameters = OURS[name]
    generator = generators.build(component, parameters)
    source = PrivateSource(_rows=train, record=lambda *_: None)
    few = PrivateSource(_rows=train.take(np.arange(min(300, train.n))), record=lambda *_: None)
    generator.fit(few, Streams.from_seed(seed)).sample(range(9), Streams.from_seed(seed))
    begin = time.process_time()
    model = generator.fit(source, Streams.from_seed(seed))
    fitted = time.process_time()
    made = model.sample(range(train.n), Streams.from_seed(seed + 1000))
    return made, {"fit_s": fitted - begin, "sample_s": time.process_time() - fitted}


def judged(made: Dataset, train: Dataset, holdout: Dataset, seed: int) -> dict[str, float | None]:
    """Return how close the rows are, what is learnt from them, and what they give away."""
    found, recognised = attack(train, holdout, made, at=0.01)
    return {
        "score": closeness(made, holdout, Streams.from_seed(seed), most=made.n),
        "learnt": learnt(made, holdout, seed),
        "attack_auc": found,
        "recognised": recognised,
    }


def gains(done: dict[str, dict], ours: str, tables: list[str], seeds: int) -> NDArray[np.float64]:
    """Return our score less the best other tool's, shape ``(tables, seeds)``; NaN if not run."""
    out = np.full((len(tables), seeds), np.nan)
    for i, table in enumerate(tables):
        for seed in range(seeds):
            own = done.get(f"{table}|{ours}|{seed}", {}).get("score")
            rest = [done.get(f"{table}|{p}|{seed}", {}).get("score") for p in PEERS]
            rest = [r for r in rest if r is not None]
            if own is not None and rest:
                out[i, seed] = own - max(rest)
    return out


def printed(done: dict[str, dict], tables: list[str], seeds: int) -> None:
    """Print a table of means for each table, and the paired gains."""
    for table in tables:
        head = ("tool", "score", "learnt from it", "attack AUC, at 1 %", "fit s", "sample s")
        print(f"\n{table}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
        for tool in ["real rows", *OURS, *PEERS]:
            runs = [done.get(f"{table}|{tool}|{seed}") for seed in range(seeds)]
            runs = [r for r in runs if r is not None]
            good = [r for r in runs if "score" in r]
            if not good:
                print(f"| {tool} | {runs[0]['failed'] if runs else 'not run'} | | | | |")
                continue
            said = {
                k: "no target" if good[0][k] is None else interval([r[k] for r in good])
                for k in ("score", "learnt", "attack_auc")
            }
            mean = {
                k: np.mean([r.get(k, np.nan) for r in good])
                for k in ("recognised", "fit_s", "sample_s")
            }
            print(
                f"| {tool} ({len(good)} of {len(runs)}) | {said['score']} | {said['learnt']} | "
                f"{said['attack_auc']}, {mean['recognised']:.1%} | {mean['fit_s']:.1f} | "
                f"{mean['sample_s']:.2f} |"
            )
    print("\nOur score less that of the best other tool on the same rows:")
    for own in OURS:
        gained = gains(done, own, tables, seeds)
        for table, row in zip(tables, gained, strict=True):
            if np.isfinite(row).any():
                print(f"  {own}, {table}: {interval(row[np.isfinite(row)].tolist())}")
        each = np.array([np.nanmean(r) for r in gained if np.isfinite(r).any()])
        if len(each) > 1:
            low = each.mean() - stats.t.ppf(0.975, len(each) - 1) * stats.sem(each)
            print(f"  {own}, over tables: {each.mean():.3f}, 95 % interval from {low:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--envs", type=Path, required=True)
    parser.add_argument("--make", action="store_true", help="make the environments and end")
    parser.add_argument("--table", nargs="+", type=Path, default=[SHIPPED])
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--peer", nargs="+", choices=list(PEERS), default=[*PEERS])
    parser.add_argument("--cap", type=int, default=900, help="seconds that a tool may take")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    if args.make:
        make(args.envs)
        return
    done = json.loads(args.out.read_text()) if args.out.exists() else {}
    names = [f"{p.stem} {args.rows}" for p in args.table]
    for seed in range(args.seeds):
        for path, name in zip(args.table, names, strict=True):
            todo = [t for t in ["real rows", *OURS, *args.peer] if f"{name}|{t}|{seed}" not in done]
            if not todo:
                continue
            train, holdout = parts_of(path.resolve(), args.rows, seed)
            for tool in todo:
                if tool == "real rows":
                    found = train, {"fit_s": 0.0, "sample_s": 0.0}
                elif tool in OURS:
                    found = ours(tool, train, seed)
                elif f"{name}|{tool}|0" in done and "failed" in done[f"{name}|{tool}|0"]:
                    found = done[f"{name}|{tool}|0"]["failed"]
                else:
                    found = theirs(tool, args.envs, train, seed, rows=train.n, cap=args.cap)
                done[f"{name}|{tool}|{seed}"] = (
                    {"failed": found}
                    if isinstance(found, str)
                    else {**judged(found[0], train, holdout, seed), **found[1]}
                )
                print(name, tool, seed, done[f"{name}|{tool}|{seed}"], flush=True)
                args.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
    printed(done, names, args.seeds)


if __name__ == "__main__":
    main()
