"""Model collapse: five generations of made rows, and what the policy would have stopped.

    python bench/collapse.py [--quick] [--seeds 3] [--rows 4000]

Encounters of the demo, the shipped recipe's transformations and default generator. Generation 1 is
fitted to real rows, each later one to the rows of the one before (replaced), or to the real rows
and those of all before (accumulated). Each is held against generation 1 as `release generations`
does, and against the real rows. The shipped policies let a release be of depth 2 at most, and make
it DEGRADED where a tenth of any kind of variety is lost for certain. As many quiet comparisons: two
samples of generation 1's own model. Resumes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.core.recipe import parse_recipe
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile
from assaymark.decide.policy import parse_policy, profile_bytes
from assaymark.flow.generate.fit import fit
from assaymark.flow.source.read import prepare
from assaymark.monitor.collapse import variety
from assaymark.source.read import read_table

HERE = Path(__file__).parent
DATA = HERE.parent / "src/assaymark/data"
OUT = HERE / "results" / "collapse.json"
GENERATIONS = 5
POLICY = parse_policy(profile_bytes(Profile.CONTROLLED))
LIMIT = next(w.at_least for w in POLICY.watch if w.observe == "collapse")


def losses(first: pl.DataFrame, now: pl.DataFrame) -> dict[str, object]:
    """Return what is lost for certain, and the middle of what is left, by measure."""
    found = variety(first, now)
    kinds = sorted({v.measure for v in found})
    worst = max(found, key=lambda v: v.lost)
    return {
        "lost": sum(v.lost > 0 for v in found),
        "of": len(found),
        "worst": [worst.column, worst.measure, round(worst.lost, 3)] if worst.lost else None,
        "left": {
            k: round(float(np.median([v.ratio for v in found if v.measure == k])), 3) for k in kinds
        },
        "stopped": worst.lost >= LIMIT,
    }


def lineage(real: Dataset, spec: object, seed: int, how: str, n: int) -> list[dict[str, object]]:
    """Make five generations; return what each lost since the first, and since the real rows."""
    streams = Streams.from_seed(seed)
    seen, first, found = real, None, []
    for g in range(1, GENERATIONS + 1):
        child = streams.child(how, g)
        model = fit(spec, seen, child.child("fit"), lambda *_: None)
        made = model.sample(range(n), child.child("sample", 0))
        if first is None:
            first = made.frame
            again = model.sample(range(n), child.child("sample", 1)).frame
            quiet = losses(first, again)
        frame = made.frame if how == "replaced" else pl.concat([seen.frame, made.frame])
        seen = Dataset(schema=made.schema, frame=frame)
        since = quiet if g == 1 else losses(first, made.frame)
        found.append(
            {
                "generation": g,
                "since the first": since,
                "since real": losses(real.frame, made.frame),
                "stopped by depth": bool(
                    POLICY.max_synthetic_depth and g > POLICY.max_synthetic_depth
                ),
            }
        )
        print(how, seed, json.dumps(found[-1]), flush=True)
    return found


def main() -> None:
    """Run what is not there yet."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--quick", action="store_true")
    ask.add_argument("--seeds", type=int, default=3)
    ask.add_argument("--rows", type=int, default=4_000)
    ask.add_argument("--out", type=Path, default=OUT)
    asked = ask.parse_args()
    done = json.loads(asked.out.read_text()) if asked.out.exists() else {}
    recipe = parse_recipe((DATA / "careful.toml").read_bytes())
    parts = prepare(read_table(DATA / "diabetes130.parquet"), recipe, bytes([7]) * 32).parts
    n = 500 if asked.quick else asked.rows
    real = parts.train.one_row_each(np.random.default_rng(0))
    real = real.take(np.random.default_rng(1).permutation(real.n)[:n])
    real = Dataset(schema=real.schema, frame=real.frame)
    for seed in range(1 if asked.quick else asked.seeds):
        for how in ("replaced", "accumulated"):
            key = f"{how} {seed}, {n} rows"
            if key not in done:
                done[key] = lineage(real, recipe.generate, seed, how, n)
                if not asked.quick:
                    asked.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
