"""The leak zoo before other tools, each in an environment of its own, beside our own gate.

    python bench/zoo_peers.py --envs DIR --make        # make the environments (torch is large)
    python bench/zoo_peers.py --envs DIR --seeds 3     # hours; resumes, saves after every cell

Tables are those of ``zoo.py`` (train, holdout, synthetic of 5,000 rows each). A run of a tool may
take ``--cap`` seconds, then it counts as a time-out, which is a miss. What counts as an alarm:

anonymeter
    Singling out (one and several columns), linkability, inference of three columns, 500 attacks
    each: the lower end of any corrected risk's interval is above 0, intervals at 1 - .05 / 6.
mostlyai-qa, sdmetrics, SynthEval
    They print figures and no rule. So each figure is calibrated in their favour: an alarm is a
    figure that leaks more than in any of the ``--calibrate`` fresh tables. With c tables and f
    figures up to f / (c + 1) false alarms are expected, more than we allow ourselves.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from policy_simulation import population, rate
from zoo import CLEAN, LEAKY, N

KINDS = {name: e.make for name, e in {**LEAKY, **CLEAN}.items() if e.draw is population}
OUT = Path(__file__).parent / "results" / "zoo_peers.json"
OURS = Path(__file__).parent / "results" / "zoo.json"
READ = """
import warnings; warnings.filterwarnings("ignore")
import json, pandas as pd
ori, con, syn = (pd.read_csv(f"{x}.csv") for x in "ths")
columns = list(ori.columns)
words = [c for c in columns if not pd.api.types.is_numeric_dtype(ori[c])]
out = {}
"""
WRITE = """
json.dump({k: float(v) for k, v in out.items()}, open("out.json", "w"))
"""
TOOLS = {
    "anonymeter": """
from anonymeter.evaluators import InferenceEvaluator, LinkabilityEvaluator, SinglingOutEvaluator
level, given = 1 - 0.05 / 6, dict(ori=ori, syn=syn, control=con, n_attacks=500)
for mode in ("univariate", "multivariate"):
    e = SinglingOutEvaluator(**given)
    try:
        e.evaluate(mode=mode)
        out[mode] = e.risk(confidence_level=level).ci[0]
    except RuntimeError:
        out[mode] = 0.0
half = len(columns) // 2
e = LinkabilityEvaluator(**given, aux_cols=(columns[:half], columns[half:]))
e.evaluate(n_jobs=1)
out["linkability"] = e.risk(confidence_level=level).ci[0]
for secret in ("ill", "category_0", "number_0"):
    e = InferenceEvaluator(
        **given, secret=secret, aux_cols=[c for c in columns if c != secret],
        regression=secret == "number_0",
    )
    e.evaluate(n_jobs=1)
    out[secret] = e.risk(confidence_level=level).ci[0]
""",
    "mostlyai-qa": """
from mostlyai import qa
d = qa.report(
    syn_tgt_data=syn, trn_tgt_data=ori, hol_tgt_data=con, max_sample_size_accuracy=100,
    report_path="r.html",
)[1].distances
out["dcr_share"], out["identical"] = d.dcr_share, d.ims_training - d.ims_holdout
out["nndr"] = d.nndr_holdout - d.nndr_training
""",
    "sdmetrics": """
from sdmetrics.single_table import DCRBaselineProtection, DCROverfittingProtection
kinds = {c: {"sdtype": "categorical" if c in words else "numerical"} for c in columns}
some = dict(metadata={"columns": kinds}, table_name="t", num_rows_subsample=1000)
out["overfitting"] = 1 - DCROverfittingProtection.compute_breakdown(ori, syn, con, **some)["score"]
out["baseline"] = 1 - DCRBaselineProtection.compute_breakdown(ori, syn, **some)["score"]
""",
    "syntheval": """
from syntheval import SynthEval
for d in (ori, con, syn):
    d[words] = d[words].astype(object)
s = SynthEval(ori, holdout_dataframe=con, cat_cols=words, verbose=False)
s.evaluate(syn, "ill", None, hit_rate={}, nndr={}, eps_risk={}, mia={})
r = s._raw_results
out["privacy_loss"], out["mia_f1"] = r["eps_risk"]["priv_loss"], r["mia"]["MIA macro F1"]
for metric in ("hit_rate", "nndr"):
    for k, v in r[metric].items():
        if isinstance(v, (int, float)) and "err" not in k and "se" not in k.split():
            out[f"{metric} {k}"] = v if metric == "hit_rate" or "loss" in k else -v
""",
}
NEEDS = {
    "anonymeter": ["anonymeter==1.1.0"],
    "mostlyai-qa": ["torch==2.13.0", "mostlyai-qa==1.10.11"],
    "sdmetrics": ["sdmetrics==0.32.0"],
    "syntheval": ["torch==2.13.0", "syntheval==1.7.3"],
}


def make(envs: Path) -> None:
    """Make an environment for each tool that has none."""
    for name, packages in NEEDS.items():
        if not (envs / name).exists():
            subprocess.run([sys.executable, "-m", "venv", envs / name], check=True)
            for package in packages:  # torch first, so that no other build of it is drawn in
                pip = [envs / name / "bin" / "python", "-m", "pip", "install", "-q", package]
                subprocess.run(pip, check=True)


def figures(tool: str, python: Path, name: str, seed: int, cap: int) -> dict[str, float] | str:
    """Return the figures of ``tool`` on one table of the zoo, or what kept it from ending."""
    rng = np.random.default_rng([seed, 77])
    train, holdout, fresh = (population(N, rng) for _ in range(3))
    made = KINDS[name](train, fresh.frame, rng)
    with tempfile.TemporaryDirectory() as folder:
        for letter, frame in (("t", train.frame), ("h", holdout.frame), ("s", made)):
            frame.write_csv(Path(folder) / f"{letter}.csv")
        code = READ + TOOLS[tool] + WRITE
        try:
            subprocess.run(
                [python, "-c", code], cwd=folder, check=True, capture_output=True, timeout=cap
            )
        except subprocess.TimeoutExpired:
            return f"no answer in {cap} s"
        except subprocess.CalledProcessError as error:
            return error.stderr.decode()[-200:]
        return json.loads((Path(folder) / "out.json").read_text())


def alarm(tool: str, found: object, calibration: list[dict[str, float]]) -> bool:
    """Return whether these figures are an alarm; a tool that did not end raises none."""
    if not isinstance(found, dict):
        return False
    if tool == "anonymeter":
        return any(v > 0 for v in found.values())
    worst = {k: max(c[k] for c in calibration) for k in found}
    return any(v > worst[k] for k, v in found.items())


def show(done: dict[str, dict[str, object]], calibrate: int) -> None:
    """Print the matrix: alarms of the runs that were made, ours from ``zoo.py`` beside them."""
    ours = json.loads(OURS.read_text()) if OURS.exists() else {}
    for name in KINDS:
        cells = [f"{name:48s}"]
        mine = list(ours.get(name, {}).values())
        cells.append(f"ours {sum(bool(r['FAIL']) for r in mine)}/{len(mine)}")
        for tool in TOOLS:
            mark = f"{tool} | fresh sample | "
            fresh = [
                v
                for k, v in done.items()
                if k.startswith(mark) and int(k.removeprefix(mark)) >= 1_000
            ]
            calibration = [v for v in fresh if isinstance(v, dict)][:calibrate]
            runs = [
                v
                for k, v in done.items()
                if k.startswith(f"{tool} | {name} | ") and int(k.rpartition(" ")[2]) < 1_000
            ]
            if calibration or tool == "anonymeter":
                hits = sum(alarm(tool, r, calibration) for r in runs)
                broken = sum(not isinstance(r, dict) for r in runs)
                late = f" ({broken} not ended)" if broken else ""
                cells.append(f"{tool} {rate(hits, len(runs)) if runs else '-'}{late}")
        print("; ".join(cells))


def main() -> None:
    """Make environments, or fill the cells that are not there yet and print the matrix."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--envs", type=Path, required=True)
    parser.add_argument("--make", action="store_true", help="make the environments and end")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--calibrate", type=int, default=10, help="fresh tables for the limits")
    parser.add_argument("--cap", type=int, default=60)
    parser.add_argument("--tools", nargs="+", choices=list(TOOLS), default=list(TOOLS))
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), metavar="KIND")
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    if wanted.make:
        make(wanted.envs)
        return
    done = json.loads(wanted.out.read_text()) if wanted.out.exists() else {}
    wants = [("fresh sample", 1_000 + i) for i in range(wanted.calibrate)]
    wants += [(k, s) for s in range(wanted.seeds) for k in wanted.kinds or KINDS]
    for name, seed in wants:
        for tool in wanted.tools:
            calibrating = seed >= 1_000
            key = f"{tool} | {name} | {seed}"
            if key in done or (calibrating and tool == "anonymeter"):
                continue
            python = wanted.envs / tool / "bin" / "python"
            done[key] = figures(tool, python, name, seed, wanted.cap)
            wanted.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
    show(done, wanted.calibrate)


if __name__ == "__main__":
    main()
