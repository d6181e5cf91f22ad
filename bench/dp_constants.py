"""Constants of the quick private generator, one changed at a time, on tables it was not made on.

    python bench/dp_constants.py --data FOLDER [--only TABLE ...] [--epsilon E ...] [--seeds N]

They were picked on Adult. Printed for each: mean over all tables of three columns of 1 - total
variation, and AUC on held-out rows of boosted trees trained on synthetic rows. "smooth" makes
tables as the adaptive generator does, by the singular values that stand out from noise, in place
of the nearest table without negative counts. Results go to bench/results/dp.json.
"""

import argparse
import importlib
import json
from pathlib import Path

import numpy as np
from dp import RESULTS, fitted, tables, trained
from dp_tables import TABLES, Table

from assaymark.core.streams import Streams
from assaymark.evaluate.yardstick import teller
from assaymark.generate.dp import ground, network
from assaymark.generate.dp.denoise import beyond_noise
from assaymark.generate.dp.project import fitted as scaled

marginals = importlib.import_module("assaymark.generate.dp_marginals")
CHANGES = {
    "as it is": {},
    "classes 16": {"classes": 16},
    "classes 64": {"classes": 64},
    "parents 1": {"parents": 1},
    "penalty 0.25": {"penalty": 0.25},
    "penalty 1": {"penalty": 1.0},
    "columns 0.15": {"alone": 0.15},
    "columns 0.4": {"alone": 0.4},
    "no target": {"always": False},
    "smooth": {"smooth": True},
}
PLAIN = network.Plan, network._table, ground._ALONE


def smooth(counts, sigma, rows, own, above):
    """Return a table by what stands out from noise beyond independence."""
    flat, (share, noise) = counts.reshape(counts.shape[0], -1), own
    expected = rows * share[:, None] * above
    found = np.maximum(expected + beyond_noise(flat - expected, sigma), 0.02 * expected) / rows
    here, there = 1 / (sigma**2 * flat.shape[1]), 1 / noise**2
    mine = (flat.sum(axis=1) * here + share * rows * there) / (here + there)
    mine = np.maximum(mine, 1e-6 * rows)
    return scaled(found + 1e-15, mine / mine.sum(), above)


def measured(table: Table, epsilon: float, change: dict, seed: int) -> dict:
    """Return the measures of one fit under one change."""
    plan, made_by, alone = PLAIN

    def planned(**said):
        held = {k: change[k] for k in ("penalty", "always") if k in change}
        return plan(**{**said, **held})

    marginals.Plan = planned
    network._table = smooth if change.get("smooth") else made_by
    ground._ALONE = change.get("alone", alone)
    given = {
        "epsilon": epsilon,
        "delta": 1e-5,
        "unit": table.unit,
        "bounds": table.bounds,
        "categories": table.categories,
    } | {k: change[k] for k in ("classes", "parents") if k in change}
    model, _ = fitted("dp_marginals", table.train, given, seed)
    made = model.sample(range(table.train.n), Streams.from_seed(seed))
    return {"tables": tables(made, table.train), "tstr": trained(made, table)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", nargs="+", choices=list(TABLES), default=list(TABLES))
    parser.add_argument("--epsilon", nargs="+", type=float, default=[1.0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    for which in args.only:
        table = TABLES[which](args.data)
        for epsilon in args.epsilon:
            for name, change in CHANGES.items():
                found = []
                for seed in range(args.seeds):
                    done = json.loads(args.out.read_text()) if args.out.exists() else {}
                    key = f"constants {which} {teller()} {epsilon} {name} {seed}"
                    if key not in done:
                        done[key] = measured(table, epsilon, change, seed)
                        args.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
                    found.append(done[key])
                said = {k: round(float(np.mean([f[k] for f in found])), 3) for k in found[0]}
                print(which, epsilon, name, said, flush=True)


if __name__ == "__main__":
    main()
