"""How good and how fast the generators are, and how much a simple attack learns.

    python bench/generator_quality.py [--quick] [--table FILE ...] [--rows N ...] [--seeds N]
        [--worlds N] [--generator NAME ...]

Without --table it uses the hospital encounters that ship with the package and their careful
recipe; other tables get the recipe that `assaymark init` proposes. For each table, number of
training rows and generator it prints: CPU seconds to fit and to sample as many rows; the score
1 - |2 AUC - 1| of a gradient-boosted two-sample test against rows that the generator did not see
(five folds, out of fold), mean over seeds with a 95 % t interval, beside the ceiling (train
against the same rows); the AUC of a distance attack (nearest synthetic row) that tells train from
unseen rows, 0.5 being a guess; and the AUC on those rows of boosted trees that learnt the target
from synthetic rows, and from train, of the same trees as the score, then of trees that learn more
slowly ("-" where there is no target, or the run is older). Raw
results go to bench/results/generator_quality.json, which also lets an interrupted run go on. A
table whose holdout shares rows or persons with train beyond chance ends the bench.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from assaymark.core.case import Case
from assaymark.core.dataset import Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.recipe import parse_recipe
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.evaluate.overlap import check_overlap, overlap_of
from assaymark.evaluate.privacy.shadow import Shadow
from assaymark.evaluate.statistics import auc_of
from assaymark.evaluate.yardstick import boosted, closeness, numbers, teller
from assaymark.flow.source.read import prepare
from assaymark.generate import generators
from assaymark.generate.notches import NOTCHES
from assaymark.source.profile import profile
from assaymark.source.read import read_table
from assaymark.source.recipe_text import recipe_text

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "src/assaymark/data/diabetes130.parquet"
RESULTS = Path(__file__).parent / "results/generator_quality.json"
OVERLAP = 0.02  # share of the holdout in train beyond chance that ends the bench
SPLIT = "\n[split]\ntrain = 0.5\ndevelopment = 0.48\nconfirmation = 0.01\nreference = 0.01\n"
SPLIT += "cross_fit = false\n"
LEARNT = {
    "learnt": "learnt",
    "learnt_real": "real",
    "learnt_patiently": "patiently",
    "learnt_patiently_real": "real",
}
GENERATORS = {
    "independent": ("independent", {}),
    "tree_chain": ("tree_chain", {}),
    "naive CART": (
        "tree_chain",
        {
            "honest": False,
            "k": 5,
            "trees": 1,
            "penalty": 0.0,
            "shrink": 0.0,
            "effects": False,
            "relations": "none",
            "protect": 1,
            "order": "target_last",
        },
    ),
    "no relations": ("tree_chain", {"relations": "none"}),
    "no small trees": ("tree_chain", {"quality": "standard"}),
    "no shelter": ("tree_chain", {"shelter": 0.0}),
    "few codes first": ("tree_chain", {"order": "cardinality"}),
    "target last": ("tree_chain", {"order": "target_last"}),
    "no protection": ("tree_chain", {"protect": 1, "shelter": 0.0}),
    **{n.name: ("tree_chain", n.parameters) for n in NOTCHES if n.parameters},
}


def parts_of(path: Path, rows: int, seed: int) -> tuple[Dataset, Dataset]:
    """Return train and holdout of at most ``rows`` rows each, other persons in each."""
    frame = read_table(path)
    if path == SHIPPED:
        text = (SHIPPED.parent / "careful.toml").read_text()
    else:
        text = recipe_text(path.stem, str(path), profile(frame, {}))
    head, _, tail = text.partition("\n[split]")
    rest = tail.partition("\n[")
    recipe = parse_recipe((head + SPLIT + (f"\n[{rest[2]}" if rest[2] else "")).encode())
    parts = prepare(frame, recipe, f"bench {seed}".encode().ljust(32)).parts
    train, holdout = parts.train, parts.development
    check_overlap(overlap_of(train, holdout, persons=parts.shared_persons), OVERLAP)
    n = min(rows, train.n, holdout.n)
    rng = np.random.default_rng(seed)
    return tuple(_some(d, n, rng) for d in (train, holdout))


def _some(data: Dataset, n: int, rng: np.random.Generator) -> Dataset:
    """Take whole persons, in random order, until there are ``n`` rows."""
    if data.persons is None:
        return data.take(rng.permutation(data.n)[:n])
    place = rng.permutation(int(data.persons.max()) + 1)[data.persons]
    return data.take(np.argsort(place, kind="stable")[:n])


def shadow(generator: object, train: Dataset, holdout: Dataset, seed: int, worlds: int) -> dict:
    """Return what refitting the generator tells of who was in, by `shadow.recipe_*`."""

    def refit(part: Dataset, rows: int, streams: Streams) -> Dataset:
        source = PrivateSource(_rows=part, record=lambda *_: None)
        return generator.fit(source, streams).sample(range(rows), streams.child("sample"))

    case = Case(
        schema=train.schema,
        train=train,
        holdout=holdout,
        reference=None,
        synthetics=(refit(train, train.n, Streams.from_seed(seed)),),
        threat=threat_of(Profile.OPEN),
        refit=refit,
    )
    found = Shadow(worlds=worlds).measure(case, Streams.from_seed(seed + 3000))
    return {
        f"{m.metric} {m.subject}": [m.value, m.low, m.high] for m in found if "recipe" in m.metric
    }


def attack(train: Dataset, holdout: Dataset, made: Dataset, at: float) -> tuple[float, float]:
    """Return how well the distance to the nearest synthetic row tells train rows.

    Its AUC, and the share of train rows recognised at a rate ``at`` of false alarms.
    """
    from sklearn.metrics import roc_auc_score
    from sklearn.neighbors import NearestNeighbors

    n = min(train.n, holdout.n, 3000)
    parts, unordered = numbers(train.take(np.arange(n)), holdout.take(np.arange(n)), made)
    ends = np.cumsum([len(p) for p in parts])[:-1]
    columns = []
    for x, levels in zip(np.vstack(parts).T, unordered, strict=True):
        missing = np.isnan(x)
        columns.append(missing / np.sqrt(2))
        if levels:
            columns += [(x == v) / np.sqrt(2) for v in range(30)]
        else:
            rank = stats.rankdata(np.where(missing, 0, x)) / len(x)
            columns.append(np.where(missing, 0.5, rank))
    a, b, s = np.split(np.column_stack(columns).astype(np.float32), ends)
    near = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(s)
    distance = near.kneighbors(np.vstack([a, b]))[0][:, 0]
    auc = float(roc_auc_score(np.repeat([1, 0], n), -distance))
    return auc, float((distance[:n] < np.quantile(distance[n:], at)).mean())


def patient(
    x: np.ndarray, y: np.ndarray, asked: np.ndarray, unordered: list[bool], seed: int
) -> np.ndarray:
    """Return what :func:`boosted` does, by trees that learn more slowly: 200, five cuts deep.

    The figures that were asked for are of a learner with these settings. Missing is a value.
    """
    most = np.nanmax(np.vstack([x, asked]), axis=0, initial=0) + 1
    x, asked = (np.where(np.isnan(t), most, t) for t in (x, asked))
    return boosted(x, y, asked, unordered, seed, rounds=200, max_depth=5, learning_rate=0.1)


def learnt(made: Dataset, holdout: Dataset, seed: int, learner: Callable = boosted) -> float | None:
    """Return the AUC on holdout rows of boosted trees that learnt the target from ``made``.

    None where the table has no target.
    """
    target = holdout.target
    if target is None:
        return None
    (x, z), unordered = numbers(made, holdout)
    at = holdout.schema.names.index(target)
    kept = [j for j in range(x.shape[1]) if j != at]
    y, asked = x[:, at], z[:, at]
    limit = 0.5 if unordered[at] else float(np.nanmedian(asked))
    y, asked = y > limit, asked > limit
    if y.all() or not y.any():
        return 0.5
    kinds = [unordered[j] for j in kept]
    return float(auc_of(learner(x[:, kept], y, z[:, kept], kinds, seed), asked).value)


def measure(path: Path, rows: int, seed: int, which: str, worlds: int) -> dict:
    """Fit, sample and judge once."""
    name, parameters = GENERATORS[which]
    train, holdout = parts_of(path, rows, seed)
    source = PrivateSource(_rows=train, record=lambda *_: None)
    generator = generators.build(name, parameters)
    generator.fit(  # compiles what is not compiled yet
        PrivateSource(_rows=train.take(np.arange(300)), record=lambda *_: None),
        Streams.from_seed(seed),
    ).sample(range(9), Streams.from_seed(seed))
    begin = time.process_time()
    model = generator.fit(source, Streams.from_seed(seed))
    fitted = time.process_time()
    made = model.sample(range(train.n), Streams.from_seed(seed + 1000))
    sampled = time.process_time()
    many = model.sample(range(100_000), Streams.from_seed(seed + 2000)).n
    return {
        "rows": train.n,
        "columns": len(train.schema.columns),
        "fit_s": fitted - begin,
        "sample_s": sampled - fitted,
        "rows_per_s": many / (time.process_time() - sampled),
        "score": closeness(made, holdout, Streams.from_seed(seed), most=made.n),
        "ceiling": closeness(train, holdout, Streams.from_seed(seed), most=made.n),
        "learnt": learnt(made, holdout, seed),
        "learnt_real": learnt(train, holdout, seed),
        "learnt_patiently": learnt(made, holdout, seed, patient),
        "learnt_patiently_real": learnt(train, holdout, seed, patient),
        "attack_auc": attack(train, holdout, made, at=0.01)[0],
        "shadow": shadow(generator, train, holdout, seed, worlds) if worlds else {},
    }


def interval(values: list[float]) -> str:
    """Return the mean and, from two values on, half its 95 % t interval."""
    if len(values) < 2:
        return f"{values[0]:.3f}"
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return f"{np.mean(values):.3f} +- {half:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--table", nargs="+", type=Path, default=[SHIPPED])
    parser.add_argument("--rows", nargs="+", type=int, default=[2500, 12_000])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--worlds", type=int, default=0, help="refits of the shadow attack")
    parser.add_argument("--generator", nargs="+", choices=list(GENERATORS), default=[*GENERATORS])
    parser.add_argument("--quick", action="store_true", help="2,500 rows and two seeds")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    sizes, seeds = ([2500], 2) if args.quick else (args.rows, args.seeds)
    done = {} if args.fresh or not args.out.exists() else json.loads(args.out.read_text())
    print("told apart by", teller())
    head = ("table", "rows x columns", "generator", "fit s", "sample s", "rows/s", "score")
    print(" | ".join((*head, "ceiling", "attack AUC", *LEARNT.values())))
    for path in args.table:
        for rows in sizes:
            for which in args.generator:
                found = []
                for seed in range(seeds):
                    key = f"{path.stem} {rows} {which} {seed}"
                    if key not in done:
                        done[key] = measure(path.resolve(), rows, seed, which, args.worlds)
                        args.out.parent.mkdir(parents=True, exist_ok=True)
                        args.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
                    found.append(done[key])
                names = [k for k in found[0] if k != "shadow" and "learnt" not in k]
                mean = {k: float(np.mean([f[k] for f in found])) for k in names}
                learning = [[f.get(k) for f in found] for k in LEARNT]
                told = [interval(v) if None not in v else "-" for v in learning]
                print(
                    f"{path.stem} | {mean['rows']:,.0f} x {mean['columns']:.0f} | {which} | "
                    f"{mean['fit_s']:.2f} | {mean['sample_s']:.2f} | {mean['rows_per_s']:,.0f} | "
                    f"{interval([f['score'] for f in found])} | {mean['ceiling']:.3f} | "
                    f"{interval([f['attack_auc'] for f in found])} | {' | '.join(told)}",
                    flush=True,
                )
                for name in sorted(set.intersection(*(set(f["shadow"]) for f in found))):
                    value, low, high = np.mean([f["shadow"][name] for f in found], axis=0)
                    print(f"    {name}: {value:.3f} [{low:.3f}, {high:.3f}]", flush=True)


if __name__ == "__main__":
    main()
