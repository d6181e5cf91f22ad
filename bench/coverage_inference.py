"""How often do intervals from combined replicates hold the truth? By generator and estimand class.

    python bench/coverage_inference.py --quick               # under five minutes, kept apart
    python bench/coverage_inference.py --seeds 400 --n 1000  # resumes; about 20 minutes
    python bench/coverage_inference.py --seeds 200 --n 10000 # resumes; about an hour
    python bench/coverage_inference.py --report              # tables only
    python bench/coverage_inference.py --certify             # writes the package's coverage.toml

Three worlds whose truth is known: two simulated populations (truth from four million draws), and
persons drawn with replacement from the 20,000 of the shipped diabetes table, which then are the
population. Each simulation draws ``n`` persons, fits the generator once by its defaults, draws ten
tables of ``n`` rows, and estimates as ``assaymark.infer`` does. Kept is, for each estimand, the
distance from the truth in standard errors of one table: for the first table and the mean of ten.

Even seeds set the inflation of the rule, one number for each class of estimands, so that it is
covered at each size; odd seeds give the coverage that the certificates state. Its interval
counts a simulation once.
"""

from __future__ import annotations

import argparse
import importlib.resources
import io
import json
import math
from pathlib import Path

import numpy as np
import polars as pl
from policy_simulation import SCHEMA as PEOPLE
from policy_simulation import population

from assaymark import __version__
from assaymark.core.claim import Mean, Quantile, Regression, Share
from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.core.streams import Streams
from assaymark.errors import DataError
from assaymark.evaluate.analyses.analysis import class_of, fits
from assaymark.evaluate.statistics import quantile_of_t
from assaymark.generate import generators

HERE = Path(__file__).parent
OUT = HERE / "results" / "coverage_inference"
DATA = HERE.parent / "src" / "assaymark" / "data" / "coverage.toml"
M = 10
CLASSES = "mean", "proportion", "quantile", "ols", "logistic", "poisson"
LEVELS = {"mean": "mean", "share": "proportion", "quantile": "quantile"}


def mean(column: str) -> Mean:
    return Mean(kind="mean", name=f"mean {column}", column=column)


def share(condition: str) -> Share:
    return Share(kind="share", name=f"share {condition.replace('==', 'is')}", condition=condition)


def median(column: str) -> Quantile:
    return Quantile(kind="quantile", name=f"median {column}", column=column)


def model(family: str, formula: str) -> Regression:
    return Regression(kind="regression", name=family, formula=formula, family=family)


CLINIC = Schema(
    columns=(
        Column(name="age", kind=Kind.INTEGER),
        Column(name="sex", kind=Kind.CATEGORY),
        Column(name="region", kind=Kind.CATEGORY),
        Column(name="school", kind=Kind.CATEGORY),
        Column(name="bmi", kind=Kind.DECIMAL),
        Column(name="smoker", kind=Kind.BOOLEAN),
        Column(name="income", kind=Kind.DECIMAL),
        Column(name="ill", kind=Kind.CATEGORY, roles=(Role.TARGET,)),
    )
)


def clinic(n: int, rng: np.random.Generator) -> pl.DataFrame:
    """Draw people whose columns follow linear and logistic models of each other."""
    age, man = rng.integers(18, 90, n), rng.random(n) < 0.5
    region = rng.choice(4, n, p=[0.45, 0.3, 0.2, 0.05])
    school = np.clip(np.round(rng.normal(1.2 - 0.01 * (age - 50), 0.9, n)), 0, 3).astype(int)
    smoker = rng.random(n) < 1 / (1 + np.exp(0.9 - 0.5 * man + 0.4 * school - 0.3 * (region == 1)))
    bmi = 25 + 0.03 * (age - 50) + 0.8 * man - 0.6 * school - 0.8 * smoker
    bmi = bmi + rng.gamma(4, 1.8, n) - 7.2
    income = np.exp(
        7 + 0.25 * school + 0.15 * man + 0.1 * (region == 0) + 0.004 * age + rng.normal(0, 0.45, n)
    )
    risk = 3.2 - 0.04 * (age - 50) - 0.8 * smoker - 0.06 * (bmi - 25) + 0.2 * school
    columns = {
        "age": age,
        "sex": np.array(["f", "m"])[man.astype(int)],
        "region": np.array(["east", "isle", "north", "south"])[[0, 2, 3, 1]][region],
        "school": np.array(["1", "2", "3", "4"])[school],
        "bmi": np.round(bmi, 1),
        "smoker": smoker,
        "income": np.round(income, 0),
        "ill": np.where(rng.random(n) < 1 / (1 + np.exp(risk)), "yes", "no"),
    }
    return pl.DataFrame(columns, schema={c.name: POLARS_TYPES[c.kind] for c in CLINIC.columns})


WARD = Schema(
    columns=(
        *(Column(name=c, kind=Kind.CATEGORY) for c in ("race", "gender", "age", "insulin")),
        *(Column(name=c, kind=Kind.INTEGER) for c in ("time_in_hospital", "num_medications")),
        *(Column(name=c, kind=Kind.INTEGER) for c in ("num_lab_procedures", "number_diagnoses")),
        Column(name="number_inpatient", kind=Kind.INTEGER),
        Column(name="back", kind=Kind.CATEGORY, roles=(Role.TARGET,)),
    )
)


def ward() -> pl.DataFrame:
    """Return one stay of each of the 20,000 patients."""
    raw = (importlib.resources.files("assaymark.data") / "diabetes130.parquet").read_bytes()
    frame = pl.read_parquet(io.BytesIO(raw)).unique(
        "patient_nbr", keep="first", maintain_order=True
    )
    frame = frame.with_columns(
        pl.when(pl.col("readmitted") == "NO")
        .then(pl.lit("no"))
        .otherwise(pl.lit("yes"))
        .alias("back")
    )
    return frame.select(pl.col(c.name).cast(POLARS_TYPES[c.kind]) for c in WARD.columns)


WORLDS = {
    "clinic": (
        CLINIC,
        [mean("age"), mean("bmi"), mean("income"), mean("smoker")],
        [share("region == 'isle'"), share("ill == 'yes'"), median("bmi"), median("income")],
        [
            model("ols", "bmi ~ age + sex + smoker + school"),
            model("logistic", "ill ~ age + sex + smoker + bmi"),
        ],
    ),
    "people": (
        PEOPLE,
        [mean("number_0"), mean("number_3"), median("number_1")],
        [share("ill == 'yes'"), share("category_0 == 'b'"), share("category_3 == 'f'")],
        [
            model("ols", "number_1 ~ number_0 + sex + category_0"),
            model("logistic", "ill ~ number_0 + number_1 + sex"),
        ],
    ),
    "ward": (
        WARD,
        [mean("time_in_hospital"), mean("num_medications"), mean("number_inpatient")],
        [share("race == 'Hispanic'"), share("back == 'yes'"), share("insulin == 'Up'")],
        [
            model("ols", "time_in_hospital ~ num_medications + gender + number_diagnoses"),
            model("logistic", "back ~ number_inpatient + time_in_hospital + gender"),
            model("poisson", "time_in_hospital ~ num_medications + gender + number_diagnoses"),
        ],
    ),
}


def asked(world: str) -> list:
    return [a for group in WORLDS[world][1:] for a in group]


def drawn(world: str, n: int, rng: np.random.Generator) -> Dataset:
    """Draw ``n`` persons of a world."""
    if world == "people":
        return population(n, rng)
    if world == "clinic":
        return Dataset(schema=CLINIC, frame=clinic(n, rng))
    everybody = ward()
    return Dataset(schema=WARD, frame=everybody[rng.integers(0, everybody.height, n)])


def truth(world: str) -> dict[str, float]:
    """Return the true values: of the population itself, or of four million draws."""
    kept = OUT / f"truth_{world}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    parts = (
        [Dataset(schema=WARD, frame=ward())]
        if world == "ward"
        else [drawn(world, 200_000, np.random.default_rng([77, i])) for i in range(20)]
    )
    sums = [estimates(world, [part]) for part in parts]
    found = {k: float(np.mean([s[k][0][0] for s in sums])) for k in sums[0]}
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(found, indent=1) + "\n")
    return found


def estimates(world: str, tables: list[Dataset]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return estimates and variances, one a table, by class and name."""
    found = {}
    for analysis in asked(world):
        kind = class_of(analysis, tables[0].schema)
        try:
            got = fits(analysis, tables)
        except DataError:
            continue  # a category is absent from a table: no estimate, and none is counted
        for i, name in enumerate(got[0].names):
            values = np.array([f.values[i] for f in got])
            found[f"{kind}|{name}"] = values, np.array([f.covariance[i, i] for f in got])
    return found


def simulate(world: str, n: int, seed: int, generator: str) -> dict[str, list[float]]:
    """Return, for each estimand, how far one table and the mean of ten are from the truth."""
    rng, streams = np.random.default_rng([seed, n]), Streams.from_seed(seed)
    source = PrivateSource(_rows=drawn(world, n, rng), record=lambda *_: None)
    fitted = generators.build(generator).fit(source, streams.child("fit"))
    tables = [fitted.sample(range(n), streams.child("sample", j)) for j in range(M)]
    right, found = truth(world), {}
    for name, (q, v) in estimates(world, tables).items():
        one, ten = (q[0] - right[name]) / math.sqrt(v[0]), q.mean() - right[name]
        found[name] = [round(float(one), 2), round(float(ten / math.sqrt(v.mean())), 2)]
    return found


def place(generator: str, world: str, n: int, quick: bool) -> Path:
    return OUT / f"{'quick_' if quick else ''}{generator}_{world}_{n}.json"


def run(generator: str, worlds: list[str], sizes: list[int], seeds: int, quick: bool) -> None:
    for n in sizes:
        for world in worlds:
            path = place(generator, world, n, quick)
            kept = json.loads(path.read_text()) if path.exists() else {}
            for seed in range(seeds):
                if str(seed) not in kept:
                    kept[str(seed)] = simulate(world, n, seed, generator)
                    if seed % 20 == 19 or seed == seeds - 1:
                        lines = ",\n".join(f'"{k}": {json.dumps(v)}' for k, v in kept.items())
                        path.write_text(f"{{\n{lines}\n}}\n")
            print(f"{generator} {world} n={n}: {len(kept)} simulations", flush=True)


def loaded(generator: str, quick: bool) -> dict[tuple[str, int], dict]:
    found = {}
    for path in sorted(OUT.glob(f"{'quick_' if quick else ''}{generator}_*.json")):
        world, n = path.stem.removeprefix("quick_").removeprefix(f"{generator}_").rsplit("_", 1)
        found[world, int(n)] = json.loads(path.read_text())
    return found


def held(z: float, m: int, n: int, inflation: float) -> bool:
    return abs(z) <= quantile_of_t(n - 1) * math.sqrt(inflation + 1 / m)


def shares(
    runs: dict, kinds: tuple[str, ...], m: int, n: int, inflation: float, odd: int
) -> tuple[list[float], dict[str, list[bool]], int, int]:
    """Return the covered share of each simulation, hits by estimand, and how many in all."""
    each, names, hits, total = [], {}, 0, 0
    for seed, found in runs.items():
        if int(seed) % 2 != odd:
            continue
        here = []
        for name, (one, ten) in found.items():
            if name.split("|")[0] in kinds:
                here.append(held(one if m == 1 else ten, m, n, inflation))
                names.setdefault(name, []).append(here[-1])
        if here:
            each.append(float(np.mean(here)))
            hits, total = hits + sum(here), total + len(here)
    return each, names, hits, total


def inflation_of(everything: dict, kind: str) -> float:
    """Return the least inflation at which a class covers 95 % at each size, on even seeds."""
    for step in range(31):
        inflation = 1 + step / 20
        found: dict[tuple[int, int], list[int]] = {}
        for (_, n), runs in everything.items():
            for m in (1, M):
                hits, total = shares(runs, (kind,), m, n, inflation, 0)[2:]
                kept = found.setdefault((n, m), [0, 0])
                kept[0], kept[1] = kept[0] + hits, kept[1] + total
        if all(hits >= 0.95 * total for hits, total in found.values()):
            return inflation
    return 2.5


def table(generator: str, quick: bool) -> list[dict]:
    everything = loaded(generator, quick)
    factors = {kind: inflation_of(everything, kind) for kind in CLASSES}
    print(f"{generator}: inflation, set on even seeds, {factors}")
    rows = []
    for n in sorted({n for _, n in everything}):
        for kind, inflation in factors.items():
            for m in (1, M):
                each, hits, total, names = [], 0, 0, {}
                for (world, size), runs in everything.items():
                    if size == n:
                        found = shares(runs, (kind,), m, n, inflation, 1)
                        each += found[0]
                        names |= {f"{world} {k.split('|')[1]}": v for k, v in found[1].items()}
                        hits, total = hits + found[2], total + found[3]
                if not each:
                    continue
                half = 1.96 * max(float(np.std(each, ddof=1)), 0.02) / math.sqrt(len(each))
                worst = min(names, key=lambda k: np.mean(names[k]))
                rows.append(
                    {
                        **{"n": n, "estimand": kind, "replicates": m, "inflation": inflation},
                        **{"simulations": len(each), "intervals": total, "covered": hits},
                        "low": round(max(0.0, hits / total - half), 4),
                        "high": round(min(1.0, hits / total + half), 4),
                        "worst": f"{worst} {np.mean(names[worst]):.3f}",
                    }
                )
                r = rows[-1]
                print(
                    f"  n={n:6d} {kind:11s} m={m:2d} {hits}/{total} = {hits / total:.3f} "
                    f"[{r['low']:.3f}, {r['high']:.3f}]  least: {r['worst']}"
                )
    return rows


def _share(worst: str) -> float:
    return float(worst.rpartition(" ")[2])


def certify(generator: str, rows: list[dict]) -> None:
    """Write one certificate for each class and number of tables: the worst of the sizes."""
    sizes = sorted({r["n"] for r in rows})
    out = ["# Written by bench/coverage_inference.py --certify; see docs/analytics.md."]
    for kind in dict.fromkeys(r["estimand"] for r in rows):
        for m in (1, M):
            found = [r for r in rows if (r["estimand"], r["replicates"]) == (kind, m)]
            r = min(found, key=lambda r: r["low"])
            name, _, share = min((x["worst"] for x in found), key=_share).rpartition(" ")
            out += [
                "\n[[certificate]]",
                f'generator = "{generator}"',
                f'software = "assaymark {__version__}"',
                f'estimand = "{kind}"',
                'rule = "one fit"',
                f"inflation = {r['inflation']}",
                f"persons_from = {sizes[0] * 9 // 10}  # {sizes[0]:,}, as far as counts are told",
                f"persons_to = {sizes[-1] * 11 // 10}  # {sizes[-1]:,}, as far as counts are told",
                *(f"{k} = {r[k]}" for k in ("replicates", "simulations", "intervals", "covered")),
                f"low = {r['low']}",
                f"high = {r['high']}",
                f"least = {float(share)}",
                f'least_of = "{name}"',
                'bench = "bench/coverage_inference.py"',
            ]
    DATA.write_text("\n".join(out) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--generator", default="tree_chain")
    parser.add_argument("--world", nargs="*", default=list(WORLDS))
    parser.add_argument("--n", nargs="*", type=int, default=[1000, 10000])
    parser.add_argument("--seeds", type=int, default=200)
    for flag in ("--quick", "--report", "--certify"):
        parser.add_argument(flag, action="store_true")
    a = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    if a.quick:
        a.n, a.seeds = [1000], 40
    if not (a.report or a.certify):
        run(a.generator, a.world, a.n, a.seeds, a.quick)
    rows = table(a.generator, a.quick)
    if a.certify:
        certify(a.generator, rows)


if __name__ == "__main__":
    main()
