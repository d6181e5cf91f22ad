"""How good and how fast the generators are, and how much a simple attack learns.

    python bench/generator_quality.py [--quick] [--table FILE ...] [--rows N ...] [--seeds N]

Without --table it uses the hospital encounters that ship with the package and their careful
recipe; other tables get the recipe that `assaymark init` proposes. For each table, number of
training rows and generator it prints: CPU seconds to fit and to sample as many rows; the score
1 - |2 AUC - 1| of a gradient-boosted two-sample test against rows that the generator did not see
(five folds, out of fold), mean over seeds with a 95 % t interval, beside the ceiling (train
against the same rows); and the AUC of a distance attack (nearest synthetic row) that tells train
from unseen rows, 0.5 being a guess. Raw results go to bench/results/generator_quality.json, which
also lets an interrupted run go on.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import polars as pl
from scipy import stats

from assaymark.core.dataset import Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.recipe import parse_recipe
from assaymark.core.streams import Streams
from assaymark.flow.source import prepare
from assaymark.generate import generators
from assaymark.source.profile import profile
from assaymark.source.read import read_table
from assaymark.source.recipe_text import recipe_text

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "src/assaymark/data/diabetes130.parquet"
RESULTS = Path(__file__).parent / "results/generator_quality.json"
SPLIT = "\n[split]\ntrain = 0.5\ndevelopment = 0.48\nconfirmation = 0.01\nreference = 0.01\n"
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
            "protect": 1,
        },
    ),
}
MOST = 12_000


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
    n = min(rows, train.n, holdout.n)
    rng = np.random.default_rng(seed)
    return tuple(_some(d, n, rng) for d in (train, holdout))


def _some(data: Dataset, n: int, rng: np.random.Generator) -> Dataset:
    """Take whole persons, in random order, until there are ``n`` rows."""
    if data.persons is None:
        return data.take(rng.permutation(data.n)[:n])
    place = rng.permutation(int(data.persons.max()) + 1)[data.persons]
    return data.take(np.argsort(place, kind="stable")[:n])


def numbers(*parts: Dataset) -> tuple[list[np.ndarray], list[bool]]:
    """Return each part as numbers, categories as codes (the 250 most frequent), missing NaN."""
    columns, unordered = [], []
    both = pl.concat([p.frame for p in parts])
    for c in parts[0].schema.columns:
        s = both[c.name]
        unordered.append(not c.kind.ordered)
        if c.kind.ordered:
            columns.append(s.to_physical().cast(pl.Float64).to_numpy())
            continue
        top = s.cast(pl.String).drop_nulls().value_counts(sort=True)[c.name].to_list()
        code = {v: float(min(i, 250)) for i, v in enumerate(top)}
        columns.append(np.array([code.get(v, np.nan) for v in s.cast(pl.String)], dtype=float))
    ends = np.cumsum([p.n for p in parts])[:-1]
    return np.split(np.column_stack(columns).astype(float), ends), unordered


def score(a: Dataset, b: Dataset, seed: int) -> float:
    """Return 1 - |2 AUC - 1|: 1 cannot be told apart, 0 told apart with certainty."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    rng = np.random.default_rng(seed)
    n = min(a.n, b.n, MOST)
    (x, z), unordered = numbers(*(d.take(rng.permutation(d.n)[:n]) for d in (a, b)))
    model = HistGradientBoostingClassifier(categorical_features=unordered, random_state=seed)
    y = np.repeat([0, 1], n)
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    p = cross_val_predict(model, np.vstack([x, z]), y, cv=folds, method="predict_proba")[:, 1]
    return float(1 - abs(2 * roc_auc_score(y, p) - 1))


def attack(train: Dataset, holdout: Dataset, made: Dataset) -> float:
    """Return the AUC with which the distance to the nearest synthetic row tells train rows."""
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
    return float(roc_auc_score(np.repeat([1, 0], n), -distance))


def measure(path: Path, rows: int, seed: int, which: str) -> dict[str, float]:
    """Fit, sample and judge once."""
    name, parameters = GENERATORS[which]
    train, holdout = parts_of(path, rows, seed)
    source = PrivateSource(_rows=train, record=lambda *_: None)
    begin = time.process_time()
    model = generators.build(name, parameters).fit(source, Streams.from_seed(seed))
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
        "score": score(made, holdout, seed),
        "ceiling": score(train, holdout, seed),
        "attack_auc": attack(train, holdout, made),
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
    parser.add_argument("--quick", action="store_true", help="2,500 rows and two seeds")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    sizes, seeds = ([2500], 2) if args.quick else (args.rows, args.seeds)
    done = {} if args.fresh or not args.out.exists() else json.loads(args.out.read_text())
    head = ("table", "rows x columns", "generator", "fit s", "sample s", "rows/s", "score")
    print(" | ".join((*head, "ceiling", "attack AUC")))
    for path in args.table:
        for rows in sizes:
            for which in GENERATORS:
                found = []
                for seed in range(seeds):
                    key = f"{path.stem} {rows} {which} {seed}"
                    if key not in done:
                        done[key] = measure(path.resolve(), rows, seed, which)
                        args.out.parent.mkdir(parents=True, exist_ok=True)
                        args.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
                    found.append(done[key])
                mean = {k: float(np.mean([f[k] for f in found])) for k in found[0]}
                print(
                    f"{path.stem} | {mean['rows']:,.0f} x {mean['columns']:.0f} | {which} | "
                    f"{mean['fit_s']:.2f} | {mean['sample_s']:.2f} | {mean['rows_per_s']:,.0f} | "
                    f"{interval([f['score'] for f in found])} | {mean['ceiling']:.3f} | "
                    f"{interval([f['attack_auc'] for f in found])}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
