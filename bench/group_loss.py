"""What models lose in each group: coverage of the interval, and how often right rows pass.

    python bench/group_loss.py --seeds 100

A labelled population of eight columns with groups of 50, 40, 25, 10 and 5 % of the people; train
and synthetic rows of 5,000 people each, both drawn from it, 2,000 held out. The expected loss is
then nothing, for every group. Prints, by how many people are on the smaller side of the rarer
class, how often the interval holds 0, and how often it stays below each limit. With ``--plant``,
what makes ill is turned round among the synthetic rows of one group of 40 %: how often its whole
interval is above the limit. Resumes; writes `bench/results/group_loss.json`.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import polars as pl

from assaymark.core.case import Case
from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.evaluate.models.by_group import losses_by_group
from assaymark.evaluate.models.predictors import task_and_test
from assaymark.evaluate.models.rehearsal import rehearse
from assaymark.evaluate.statistics import clopper_pearson

OUT = Path(__file__).parent / "results" / "group_loss.json"
N, HELD, FINDINGS = 5_000, 2_000, 6
LIMITS = (0.08, 0.1, 0.12, 0.15)
SIZES = (10, 30, 50, 100, 200, 400)
SCHEMA = Schema(
    columns=(
        *(Column(name=f"finding_{i}", kind=Kind.DECIMAL) for i in range(FINDINGS)),
        Column(name="sex", kind=Kind.CATEGORY, roles=(Role.PROTECTED,)),
        Column(name="region", kind=Kind.CATEGORY, roles=(Role.PROTECTED,)),
        Column(name="ill", kind=Kind.BOOLEAN, roles=(Role.TARGET,)),
    )
)


def population(n: int, rng: np.random.Generator, *, plant: bool = False) -> Dataset:
    """Draw ``n`` people; with ``plant`` what makes ill in region b is turned round."""
    x = 0.5 * rng.normal(size=(n, 1)) + rng.normal(size=(n, FINDINGS))
    region = rng.choice(list("abcde"), n, p=[0.2, 0.4, 0.25, 0.1, 0.05])
    risk = 1 / (1 + np.exp(1.6 - 0.9 * x[:, 0] - 0.6 * x[:, 1] * x[:, 2] - 0.5 * (x[:, 3] > 0)))
    if plant:
        risk = np.where(region == "b", np.sort(risk)[::-1][risk.argsort().argsort()], risk)
    columns = {f"finding_{i}": x[:, i] for i in range(FINDINGS)}
    columns |= {"sex": rng.choice(["f", "m"], n), "region": region, "ill": rng.random(n) < risk}
    kinds = {c.name: POLARS_TYPES[c.kind] for c in SCHEMA.columns}
    return Dataset(schema=SCHEMA, frame=pl.DataFrame(columns, schema=kinds))


def run(seed: int, *, plant: bool) -> dict[str, object]:
    """Return the loss of every group in one simulated evaluation."""
    start, rng = time.process_time(), np.random.default_rng([seed, N])
    case = Case(
        schema=SCHEMA,
        train=population(N, rng),
        holdout=population(HELD, rng),
        reference=None,
        synthetics=(population(N, rng, plant=plant),),
        threat=threat_of(Profile.CONTROLLED),
    )
    tested = task_and_test(case)
    if isinstance(tested, str):
        raise TypeError(tested)
    task, test = tested
    streams = Streams.from_seed(seed)
    found = rehearse(task, case.train, case.synthetics, test, streams, most=1_500)
    losses = losses_by_group(case, task, test, task.targets(test), found)
    rows = {
        g.group.subject: [round(x, 4) for x in g.loss] + [g.n, g.fewest]
        for g in losses
        if not isinstance(g.loss, str)
    }
    return {"cpu": round(time.process_time() - start, 2), "groups": rows}


def main() -> None:
    """Run what is not there yet and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="five seeds")
    parser.add_argument("--plant", action="store_true")
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    seeds = 5 if wanted.quick else wanted.seeds
    done = json.loads(wanted.out.read_text()) if wanted.out.exists() else {}
    name = "planted" if wanted.plant else "fresh"
    runs = done.setdefault(name, {})
    for seed in range(seeds):
        if str(seed) not in runs:
            runs[str(seed)] = run(seed, plant=wanted.plant)
            if seed % 10 == 9 or seed == seeds - 1:
                wanted.out.write_text(json.dumps(done, sort_keys=True) + "\n")
    print(f"{name}: {len(runs)} seeds, {np.mean([r['cpu'] for r in runs.values()]):.1f} CPU s each")
    if wanted.plant:
        lows = [r["groups"]["group:region=b"][1] for r in runs.values()]
        for limit in LIMITS:
            print(f"  above {limit}: {rate([low > limit for low in lows])}")
        return
    rows = [g for r in runs.values() for g in r["groups"].values()]
    for low, high in zip(SIZES, (*SIZES[1:], 10**9), strict=True):
        own = [g for g in rows if low <= g[4] < high]
        if own:
            shown = "  ".join(f"<{t} {rate([g[2] <= t for g in own])}" for t in LIMITS)
            print(f"  from {low:4d}: covers {rate([g[1] <= 0 <= g[2] for g in own])}  {shown}")


def rate(hits: list[bool]) -> str:
    """Write a rate with its exact interval."""
    found = clopper_pearson(sum(hits), len(hits))
    return f"{sum(hits)}/{len(hits)} [{100 * found.low:.0f}, {100 * found.high:.0f}]"


if __name__ == "__main__":
    main()
