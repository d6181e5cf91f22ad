"""Rows under a condition: are they right, as likely as they should be, and quick to draw?

    python bench/conditional.py [--quick] [--adult FILE] [--seeds N] [--rows N] [--pool N]

The model is fitted to half of a table, without any condition. For each condition it prints: how
many of the model's rows satisfy it; how many of the rows that were drawn under it do (100 % is
asked); CPU seconds for `--rows` such rows, and for as many by rejection, that is by drawing rows
of the same model without condition and throwing others away; and how close they are to the gold
standard, rows that rejection kept: the mean distance (half the sum of differences) over all
two-way tables, beside that of two such sets of rejection's rows, and the score 1 - |2 AUC - 1| of
a gradient-boosted two-sample test. The same two figures against the real rows of the holdout that
satisfy the condition, where there are 200 of these, for both. Means over seeds. Without --adult it
uses the hospital encounters that ship with the package. Raw results go to
bench/results/conditional.json, which also lets an interrupted run go on.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import polars as pl
from generator_quality import SHIPPED, parts_of

from assaymark.core.conditions import Conditions
from assaymark.core.dataset import Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.streams import Streams
from assaymark.evaluate.yardstick import closeness
from assaymark.generate import generators

RESULTS = Path(__file__).parent / "results/conditional.json"
CONDITIONS = {
    "diabetes130": {
        "first, common": "diabetesMed == 'No'",
        "first, rare": "glimepiride == 'Down'",
        "middle, common": "age == '[70-80)'",
        "middle, 3 %": "number_inpatient >= 2",
        "middle, rare": "age == '[0-10)'",
        "last, common": "num_lab_procedures >= 54",
        "last, 3 %": "num_medications >= 34",
        "last, rare": "num_lab_procedures between 84 and 86",
        "several": "gender == 'Female' and readmitted == '<30' and num_medications >= 30",
        "or": "readmitted == '<30' or num_medications >= 34",
    },
    "adult": {
        "first, common": "income == '>50K'",
        "first, rare": "race == 'Other' and income == '>50K'",
        "middle, common": "education in ('Bachelors', 'Masters')",
        "middle, 3 %": "workclass == 'Federal-gov'",
        "middle, rare": "native_country == 'Greece'",
        "last, common": "age >= 48",
        "last, 3 %": "hours_per_week >= 65",
        "last, rare": "age between 81 and 84",
        "several": "sex == 'Female' and income == '>50K' and age < 30",
        "or": "income == '>50K' or age >= 65",
    },
}
LEAST = 200
CHUNK = 250_000


def tables(parts: list[pl.DataFrame]) -> list[np.ndarray]:
    """Return each part's columns as small codes, cut at the deciles of the first part."""
    out = [[] for _ in parts]
    for name in parts[0].columns:
        first = parts[0][name]
        if first.dtype in (pl.String, pl.Boolean):
            top = first.drop_nulls().value_counts(sort=True)[name].head(10).to_list()
            code = {v: i for i, v in enumerate(top)}
            for codes, part in zip(out, parts, strict=True):
                codes.append(np.array([11 if v is None else code.get(v, 10) for v in part[name]]))
            continue
        edges = np.unique(np.quantile(first.drop_nulls().to_physical(), np.linspace(0, 1, 11)))
        for codes, part in zip(out, parts, strict=True):
            at = np.searchsorted(edges[1:-1], part[name].to_physical().fill_null(0), "right")
            codes.append(np.where(part[name].is_null(), 11, at))
    return [np.array(codes) for codes in out]


def two_way(one: pl.DataFrame, two: pl.DataFrame) -> float:
    """Return the mean distance over all two-way tables: 0 the same, 1 nothing in common."""
    a, b = tables([one, two])
    found = []
    for i in range(len(a)):
        for j in range(i + 1, len(a)):
            shares = [np.bincount(x[i] * 12 + x[j], minlength=144) / x.shape[1] for x in (a, b)]
            found.append(np.abs(shares[0] - shares[1]).sum() / 2)
    return float(np.mean(found))


def pooled(model: object, given: dict[str, Conditions], rows: int, pool: int, seed: int) -> dict:
    """Draw ``pool`` rows without condition; keep up to twice ``rows`` for each condition."""
    kept = {name: [] for name in given}
    held = dict.fromkeys(given, 0)
    spent, streams = 0.0, Streams.from_seed(seed + 500)
    for start in range(0, pool, CHUNK):
        begin = time.process_time()
        frame = model.sample(range(start, min(start + CHUNK, pool)), streams).frame
        spent += time.process_time() - begin
        for name, condition in given.items():
            hold = condition.hold(frame)
            if held[name] < 2 * rows:
                kept[name].append(frame.filter(hold))
            held[name] += int(hold.sum())
    return {
        name: (held[name] / pool, spent / pool, pl.concat(kept[name])[: 2 * rows]) for name in given
    }


def compared(made: pl.DataFrame, kept: pl.DataFrame, schema: object, seed: int) -> dict:
    """Return how close rows under a condition are to those that rejection kept."""
    n = min(made.height, kept.height // 2)
    one, two = kept[:n], kept[n : 2 * n]
    few = min(n, 1000)
    ours, gold = (Dataset(schema=schema, frame=f[:few]) for f in (made, one))
    return {
        "compared": n,
        "tables": two_way(one, made[:n]),
        "tables, gold": two_way(one, two),
        "score": closeness(ours, gold, Streams.from_seed(seed), most=1_000_000),
        "score, gold": closeness(
            Dataset(schema=schema, frame=two[:few]), gold, Streams.from_seed(seed), most=1_000_000
        ),
    }


def beside_real(made: pl.DataFrame, kept: pl.DataFrame, real: pl.DataFrame, how: tuple) -> dict:
    """Return how close both are to the real rows that satisfy the condition."""
    schema, seed = how
    n = min(made.height, kept.height, real.height)
    if n < LEAST:
        return {"real": real.height}
    real, few = real[:n], min(n, 1000)
    wrapped = [Dataset(schema=schema, frame=f[:few]) for f in (made, kept, real)]
    return {
        "real": n,
        "tables, real": two_way(real, made[:n]),
        "tables, gold, real": two_way(real, kept[:n]),
        "score, real": closeness(wrapped[0], wrapped[2], Streams.from_seed(seed), most=1_000_000),
        "score, gold, real": closeness(
            wrapped[1], wrapped[2], Streams.from_seed(seed), most=1_000_000
        ),
    }


def measure(path: Path, seed: int, rows: int, pool: int) -> dict:
    """Return, for each condition of a table, what was found."""
    train, holdout = parts_of(path, 25_000, seed)
    schema = train.schema
    source = PrivateSource(_rows=train, record=lambda *_: None)
    model = generators.build("tree_chain", {}).fit(source, Streams.from_seed(seed))
    given = {n: Conditions.parse(t, schema) for n, t in CONDITIONS[path.stem].items()}
    model.sample(range(9), Streams.from_seed(seed), next(iter(given.values())))  # compiles
    gold = pooled(model, given, rows, pool, seed)
    found = {}
    for name, condition in given.items():
        begin = time.process_time()
        made = model.sample(range(rows), Streams.from_seed(seed + 1000), condition).frame
        spent = time.process_time() - begin
        share, each, kept = gold[name]
        real = holdout.frame.filter(condition.hold(holdout.frame))
        found[name] = {
            "text": condition.text,
            "share": share,
            "right": float(condition.hold(made).mean()),
            "rows": made.height,
            "cpu_s": spent,
            "rejection_s": rows * each / share if share else None,
            **compared(made, kept, schema, seed),
            **beside_real(made, kept, real, (schema, seed)),
        }
    return found


def shown(name: str, runs: list[dict]) -> str:
    """Return one row of the table."""

    def mean(key: str, form: str) -> str:
        values = [r[key] for r in runs if r.get(key) is not None]
        return f"{np.mean(values):{form}}" if values else ""

    def pair(key: str) -> str:
        what, comma, where = key.partition(",")
        ours, gold = mean(key, ".3f"), mean(f"{what}, gold{comma}{where}", ".3f")
        return f"{ours} ({gold})" if ours else ""

    speed = f"{mean('cpu_s', '.2f')} | {mean('rejection_s', '.2f')}"
    share = 100 * np.mean([r["share"] for r in runs])
    right = 100 * min(r["right"] for r in runs)
    return (
        f"| {name}: `{runs[0]['text']}` | {share:.2f} % | {right:g} % | {speed} | "
        f"{pair('tables')} | {pair('score')} | {pair('tables, real')} | {pair('score, real')} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--adult", type=Path, help="UCI Adult as adult.parquet")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--pool", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="one seed, few rows; under a minute")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    if args.quick:
        args.seeds, args.rows, args.pool = 1, 250, 60_000
        args.out = args.out.with_suffix(".quick.json")
    done = json.loads(args.out.read_text()) if args.out.exists() and not args.quick else {}
    for path in [SHIPPED, *([args.adult] if args.adult else [])]:
        for seed in range(args.seeds):
            key = f"{path.stem} {seed}"
            if key not in done:
                done[key] = measure(path.resolve(), seed, args.rows, args.pool)
                args.out.parent.mkdir(parents=True, exist_ok=True)
                if not args.quick:
                    args.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
        print(f"\n{path.stem}: {args.rows:,} rows; in brackets, two sets of rejection's rows")
        for name in CONDITIONS[path.stem]:
            print(shown(name, [done[f"{path.stem} {s}"][name] for s in range(args.seeds)]))


if __name__ == "__main__":
    main()
