"""Simulate cross-fitting: do pooled intervals cover, and what does the gate say of small tables?

    python bench/crossfit.py --what coverage verdicts

Coverage: people of bench/policy_simulation.py, five folds, four recipes. ``fresh`` draws new
people, ``leaky`` copies a tenth of its rows from train, ``shifted`` calls a fifth of the women men,
``independent`` is the fitted baseline. The truth is known where it can be (fresh: AUC 0.5, excess
0, distance 0; shifted: distance 0.1; independent: the distance of its people to the population,
known in each simulation); else it is the mean over all simulations. Verdicts: the shipped policy
``controlled`` on ``tree_chain``, cross-fitted, and split 50/20/20/10 as larger tables are. Resumes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
from policy_simulation import SCHEMA, population, rate, worst

from assaymark.core.case import Case
from assaymark.core.dataset import Dataset
from assaymark.core.evidence import Evidence
from assaymark.core.recipe import GenerateSpec, SplitSpec
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.decide.gate import judge
from assaymark.decide.policy import USES, parse_policy, profile_bytes
from assaymark.evaluate import metrics
from assaymark.evaluate.contest import auc, excess
from assaymark.evaluate.isolation import scene_of
from assaymark.evaluate.pooling import pool_intervals
from assaymark.evaluate.statistics import Interval
from assaymark.flow.evaluate.crossfit import CrossFit, pooled_over, refit_case
from assaymark.flow.evaluate.measure import measure
from assaymark.flow.generate.fit import fit
from assaymark.source.folds import FOLDS, Folds, deal
from assaymark.source.split import split

OUT = Path(__file__).parent / "results" / "crossfit.json"
THREAT = threat_of(Profile.CONTROLLED)
RECIPES = ("fresh", "leaky", "shifted", "independent")
KEY = b"bench"


def made_by(recipe: str, train: Dataset, rng: np.random.Generator, streams: Streams) -> Dataset:
    """Return as many synthetic rows as ``train`` has."""
    if recipe == "independent":
        model = fit(GenerateSpec(generator=recipe), train, streams, unrecorded)
        return model.sample(range(train.n), streams)
    frame = population(train.n, rng).frame
    if recipe == "leaky":
        copied = rng.choice(train.n, train.n // 10, replace=False)
        frame = pl.concat([train.frame[copied], frame[len(copied) :]])
    if recipe == "shifted":
        turned = pl.Series(rng.random(train.n) < 0.2)
        frame = frame.with_columns(sex=pl.when(turned).then(pl.lit("m")).otherwise("sex"))
    return Dataset(schema=SCHEMA, frame=frame)


def unrecorded(who: str, why: str) -> None:
    """Keep no ledger."""


def covered(recipe: str, n: int, seed: int) -> dict[str, list[list[float]]]:
    """Return the folds' intervals of each figure, with its truth in this simulation behind them."""
    rng = np.random.default_rng([seed, n, RECIPES.index(recipe)])
    people = population(n, rng)
    folds = deal(people, SplitSpec(), KEY, basis=people)
    found: dict[str, list[list[float]]] = {}
    for fold in range(FOLDS):
        train, holdout = folds.others(fold), folds.held_out(fold)
        case = case_of(train, holdout, made_by(recipe, train, rng, stream(seed, fold)))
        scene = scene_of(case)
        scores = scene.members.score, scene.controls.score
        women = float((train.frame["sex"] == "f").mean())
        known = {"fresh": 0.0, "leaky": 0.0, "shifted": 0.1, "independent": abs(women - 0.5)}
        fair = recipe == "fresh"
        for name, interval, truth in (
            ("membership.auc", auc(*scores), 0.5 if fair else np.nan),
            ("membership.excess_tpr", excess(*scores), 0.0 if fair else np.nan),
            ("one_way.distance", distance(case), known[recipe]),
        ):
            found.setdefault(name, []).append([*map(float, interval), float(truth)])
    return found


def case_of(train: Dataset, holdout: Dataset, made: Dataset) -> Case:
    """Put together what one refit is judged on."""
    return Case(
        schema=SCHEMA,
        train=train,
        holdout=holdout,
        reference=None,
        synthetics=(made,),
        threat=THREAT,
    )


def distance(case: Case) -> Interval:
    """Return the one-way distance of the column ``sex``."""
    other = [name for name in SCHEMA.names if name != "sex"]
    train, holdout, made = (d.drop(*other) for d in (case.train, case.holdout, case.synthetic))
    slim = Case(
        schema=train.schema,
        train=train,
        holdout=holdout,
        reference=None,
        synthetics=(made,),
        threat=THREAT,
    )
    m = next(iter(metrics.build("one_way").measure(slim, stream(0, 0))))
    return Interval(m.value, m.low, m.high)


def stream(seed: int, fold: int) -> Streams:
    """Return the streams of one refit."""
    return Streams.from_seed(seed).child("bench", fold)


def coverage(n: int, recipe: str, seeds: int) -> dict[str, object]:
    """Simulate one cell and return, for each figure, how often the pooled interval covers."""
    runs = [covered(recipe, n, seed) for seed in range(seeds)]
    return {name: counted([np.array(r[name]) for r in runs]) for name in runs[0]}


def counted(runs: list[np.ndarray]) -> dict[str, float]:
    """Count pooled intervals that hold the truth, and those of the folds by themselves."""
    every = np.array(runs)
    truth = every[:, :, 3].mean(axis=1)
    if np.isnan(truth).any():
        truth = np.full(len(runs), every[:, :, 0].mean())
    borders = [0.5] if every[:, :, 0].mean() > 0.4 else [0.0]
    pooled = np.array([pool_intervals([Interval(*f[:3]) for f in r], borders) for r in runs])
    single = (every[:, :, 1] <= truth[:, None]) & (truth[:, None] <= every[:, :, 2])
    ratio = every[:, :, 0].mean(axis=1).var() / every[:, :, 0].var(axis=0).mean()
    return {
        "covered": int(((pooled[:, 1] <= truth) & (truth <= pooled[:, 2])).sum()),
        "above": int((pooled[:, 1] > truth).sum()),
        "below": int((pooled[:, 2] < truth).sum()),
        "of": len(runs),
        "truth": round(float(truth.mean()), 4),
        "one_fold_covers": round(float(single.mean()), 4),
        "width": round(float((pooled[:, 2] - pooled[:, 1]).mean()), 4),
        "width_of_one_fold": round(float((every[:, :, 2] - every[:, :, 1]).mean()), 4),
        "correlation": round(float((FOLDS * ratio - 1) / (FOLDS - 1)), 3),
    }


def verdicts(how: str, n: int, seed: int) -> dict[str, object]:
    """Judge ``tree_chain`` on ``n`` people, cross-fitted or split."""
    start = time.process_time()
    people = population(n, np.random.default_rng([seed, n, 99]))
    key = f"bench {seed}".encode()
    policy = parse_policy(profile_bytes(Profile.CONTROLLED))
    only = sorted({r.metric for r in policy.rule})
    if how == "cross-fit":
        folds = deal(people, SplitSpec(), key, basis=people)
        measured = pooled_over([of_fold(folds, i, seed, only) for i in range(FOLDS)], n)
    else:
        parts = split(people, SplitSpec(), key, basis=people)
        streams = Streams.from_seed(seed)
        model = fit(GenerateSpec(), parts.train, streams, unrecorded)
        case = Case(
            schema=SCHEMA,
            train=parts.train,
            holdout=parts.development,
            reference=parts.reference,
            synthetics=(model.sample(range(parts.train.n), streams),),
            threat=THREAT,
        )
        measured = measure(case, streams, only=only)
    stage = "cross-fit" if how == "cross-fit" else "development"
    evidence = Evidence.of(measured, candidate="0" * 64, stage=stage, suite="bench")
    judged = judge(policy, evidence, USES, candidate="0" * 64)
    rules: dict[str, list[str]] = {}
    for v in judged.verdicts:
        rules.setdefault(v.rule.id, []).append(v.verdict.value)
    return {
        "rules": {k: worst(v) for k, v in rules.items()},
        "uses": {k: v.value for k, v in judged.uses.items()},
        "cpu": round(time.process_time() - start, 1),
    }


def of_fold(folds: Folds, fold: int, seed: int, only: list[str]) -> tuple:
    """Measure one refit."""
    asked = CrossFit(
        spec=GenerateSpec(),
        folds=folds,
        synthetics=(folds.train,),  # as many rows as people
        threat=THREAT,
        record=unrecorded,
    )
    streams = stream(seed, fold)
    return measure(refit_case(asked, fold, streams), streams, only=only)


def show_coverage(cells: dict[str, dict[str, dict[str, float]]]) -> None:
    """Print one row for each cell and figure."""
    for cell, figures in cells.items():
        for name, c in figures.items():
            print(
                f"{cell:22s} {name:22s} truth {c['truth']:6.3f}  "
                f"pooled {rate(c['covered'], c['of'])}  one fold {c['one_fold_covers']:.3f}  "
                f"width {c['width']:.3f} of {c['width_of_one_fold']:.3f}  "
                f"correlation {c['correlation']:+.2f}"
            )


def show_verdicts(cells: dict[str, dict[str, dict]]) -> None:
    """Print for each cell and rule how often it passed, stayed open and failed."""
    for cell, runs in cells.items():
        found = list(runs.values())
        print(f"\n{cell}: {len(found)} seeds, {np.mean([r['cpu'] for r in found]):.0f} CPU s each")
        for rule in found[0]["rules"]:
            print(f"  {rule:28s} {dict(Counter(r['rules'][rule] for r in found))}")
        for use in USES:
            print(f"  {use:28s} {dict(Counter(r['uses'][use] for r in found))}")


def main() -> None:
    """Run what is not there yet, save after every cell or seed, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--what", choices=("coverage", "verdicts"), nargs="+")
    parser.add_argument("--n", type=int, nargs="+", default=[300, 1_000])
    parser.add_argument("--sims", type=int, default=100, help="simulations of a coverage cell")
    parser.add_argument("--seeds", type=int, default=6, help="tables judged by the gate")
    parser.add_argument("--quick", action="store_true", help="30 simulations and 1 seed, n = 300")
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    sizes, sims, seeds = wanted.n, wanted.sims, wanted.seeds
    if wanted.quick:
        sizes, sims, seeds = [300], 30, 1
    done = json.loads(wanted.out.read_text()) if wanted.out.exists() else {}
    cells, judged = done.setdefault("coverage", {}), done.setdefault("verdicts", {})
    what = wanted.what or ("coverage", "verdicts")
    for n in sizes if "coverage" in what else ():
        for recipe in RECIPES:
            if f"{recipe} n={n}" not in cells:
                cells[f"{recipe} n={n}"] = coverage(n, recipe, sims)
                save(wanted.out, done)
    for n in sizes if "verdicts" in what else ():
        for how in ("cross-fit", "three-way"):
            runs = judged.setdefault(f"{how} n={n}", {})
            for seed in range(seeds):
                if str(seed) not in runs:
                    runs[str(seed)] = verdicts(how, n, seed)
                    save(wanted.out, done)
    show_coverage(cells)
    show_verdicts(judged)


def save(out: Path, done: dict[str, object]) -> None:
    """Write all results."""
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
