"""What differential privacy costs: closeness, training, tables and seconds, by epsilon.

    python bench/dp.py --data FOLDER [--quick] [--seeds N] [--epsilon E ...] [--only TABLE ...]

Tables of bench/dp_tables.py: half of the persons to fit to, half held out; end to end from the raw
columns, delta 1e-5, both private generators side by side. Domains are either declared (bounds and
categories from public descriptions) or bought from the budget. Printed for each: AUC of boosted
trees that tell synthetic from held-out rows (xgboost where it is installed, five folds, out of
fold, 10,000 rows a side); AUC on held-out rows of boosted trees trained on synthetic rows; mean
over all tables of three columns of 1 - total variation (numbers in tenths of the fitted rows, the
ten most frequent categories); processor seconds of the fit and of drawing a million rows; peak
memory. Then ("mbi") the mean L1 over all tables of three columns of the 14 columns of mbi's Adult
domain, rebuilt from the same file (delta 1e-9, all rows), beside a bootstrap (floor) and
independent columns, which show that the domain is the one that others have measured on. Results
go to bench/results/dp.json, which lets an interrupted run go on.
"""

import argparse
import itertools
import json
import resource
import time
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from dp_tables import TABLES, Table, dataset

from assaymark.core.dataset import Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.streams import Streams
from assaymark.evaluate.statistics import auc_of
from assaymark.evaluate.yardstick import boosted, closeness, numbers, teller
from assaymark.generate import generators

RESULTS = Path(__file__).parent / "results" / "dp.json"
GENERATORS = ("dp_marginals", "dp_adaptive")
MILLION = ("adult", "nist")
MBI = {  # lowest value, width of a bin, bins
    "age": (17, 1, 85),
    "fnlwgt": (12_285, 14_781, 100),
    "education_num": (1, 1, 16),
    "capital_gain": (0, 1000, 100),
    "capital_loss": (0, 44, 100),
    "hours_per_week": (1, 1, 99),
}


def fitted(name: str, data: Dataset, parameters: dict, seed: int):
    """Return a model and the processor seconds that it took."""
    source = PrivateSource(_rows=data, record=lambda *_: None)
    generator = generators.build(name, parameters)
    begun = time.process_time()
    model = generator.fit(source, Streams.from_seed(seed))
    model.privacy.check()
    return model, time.process_time() - begun


def trained(made: Dataset, table: Table) -> float:
    """Return the AUC on held-out rows of boosted trees trained on ``made``."""
    (x, z), unordered = numbers(made, table.holdout)
    kept = [i for i, n in enumerate(made.schema.names) if n not in {table.target, *table.hidden}]
    label = table.label(made)
    if label.all() or not label.any():
        return 0.5
    chance = boosted(x[:, kept], label, z[:, kept], [unordered[i] for i in kept], 0)
    return float(auc_of(chance, table.label(table.holdout)).value)


def tables(made: Dataset, real: Dataset) -> float:
    """Return the mean of 1 - total variation over all tables of three columns."""
    codes = []
    for c in real.schema.columns:
        s, parts = real.frame[c.name], (real.frame[c.name], made.frame[c.name])
        if c.kind.ordered:
            cuts = np.unique(np.quantile(s.drop_nulls().to_numpy(), np.arange(0.1, 1, 0.1)))
            codes.append(
                [
                    np.where(
                        p.is_null(), 11, np.searchsorted(cuts, p.fill_null(0).to_numpy(), "right")
                    )
                    for p in parts
                ]
            )
        else:
            top = s.drop_nulls().value_counts(sort=True)[c.name].to_list()[:10]
            place = {v: i for i, v in enumerate(top)} | {None: 11}
            codes.append([np.array([place.get(v, 10) for v in p.to_list()]) for p in parts])
    found = []
    for three in itertools.combinations(codes, 3):
        shares = []
        for side in (0, 1):
            at = (three[0][side] * 12 + three[1][side]) * 12 + three[2][side]
            shares.append(np.bincount(at, minlength=12**3) / len(at))
        found.append(1 - np.abs(shares[0] - shares[1]).sum() / 2)
    return float(np.mean(found))


def end_to_end(table: Table, name: str, epsilon: float, domain: str, seed: int, *, many=False):
    """Fit to one half from the raw columns and judge by the other."""
    given: dict = {"epsilon": epsilon, "delta": 1e-5, "unit": table.unit}
    if domain == "declared":
        given |= {"bounds": table.bounds, "categories": table.categories}
    model, spent = fitted(name, table.train, given, seed)
    made = model.sample(range(table.train.n), Streams.from_seed(seed))
    begun = time.process_time()
    if many:
        model.sample(range(1_000_000), Streams.from_seed(seed))
    million = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = closeness(made, table.holdout, Streams.from_seed(seed), most=10_000)
    found = {
        "auc": 0.5 + (1 - told) / 2,
        "tstr": trained(made, table),
        "tables": tables(made, table.train),
        "fit_s": spent,
        "peak_mib": peak,
    }
    return found | ({"million_s": million} if many else {})


def far(frame: pl.DataFrame, name: str, epsilon: float, target: str | None, seed: int) -> dict:
    """Return the mean L1 over tables of one, two and three columns of mbi's domain."""
    coded, sizes = {}, {}
    for c in frame.columns:
        if c == "education":
            continue
        if c in MBI:
            low, width, sizes[c] = MBI[c]
            at = (frame[c].cast(pl.Int64).to_numpy() - low) // width
            coded[c] = np.clip(at, 0, sizes[c] - 1)
        else:
            levels = sorted(frame[c].drop_nulls().unique().to_list())
            place = {v: i for i, v in enumerate([*levels, *([None] * frame[c].has_nulls())])}
            coded[c], sizes[c] = np.array([place[v] for v in frame[c].to_list()]), len(place)
    rng = np.random.default_rng(seed)
    n = frame.height
    if epsilon == 0:
        at = rng.integers(0, n, n)
        return {
            "floor": l1(coded, {c: v[at] for c, v in coded.items()}, sizes, 3),
            "independent": l1(coded, {c: rng.permutation(v) for c, v in coded.items()}, sizes, 3),
        }
    data = dataset(pl.DataFrame(coded), set(MBI), target)
    known = {c: [str(i) for i in range(k)] for c, k in sizes.items() if c not in MBI}
    given = {
        "epsilon": epsilon,
        "delta": 1e-9,
        "unit": "row",
        "bounds": {c: [0, sizes[c] - 1] for c in MBI},
        "categories": known,
    }
    model, spent = fitted(name, data, given, seed)
    made = model.sample(range(model.rows), Streams.from_seed(seed)).frame.drop_nulls()
    codes = {c: made[c].cast(pl.Int64).to_numpy() for c in sizes}
    return {f"l1_{k}": l1(coded, codes, sizes, k) for k in (1, 2, 3)} | {"fit_s": spent}


def l1(real: dict, made: dict, sizes: dict, k: int) -> float:
    """Return the mean L1 distance over all tables of ``k`` columns, from 0 to 2."""
    found = []
    for names in itertools.combinations(sizes, k):
        shares = []
        for codes in (real, made):
            at = np.zeros(len(codes[names[0]]), dtype=np.int64)
            for c in names:
                at = at * sizes[c] + codes[c]
            cells = int(np.prod([sizes[c] for c in names]))
            shares.append(np.bincount(at, minlength=cells) / len(at))
        found.append(np.abs(shares[0] - shares[1]).sum())
    return float(np.mean(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--epsilon", nargs="+", type=float, default=[0.1, 1.0, 3.0, 10.0])
    parser.add_argument("--only", nargs="+", choices=[*TABLES, "mbi"], default=[*TABLES, "mbi"])
    parser.add_argument("--domain", nargs="+", default=["declared", "bought"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="Adult, epsilon 1 and two fits")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    if args.quick:
        args.epsilon, args.seeds, args.only = [1.0], 2, ["adult"]
    done = {} if args.fresh or not args.out.exists() else json.loads(args.out.read_text())
    print("told apart by", teller())

    def kept(key: str, measure):
        if key not in done:
            done[key] = measure()
            args.out.parent.mkdir(parents=True, exist_ok=True)
            args.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
        return done[key]

    def show(name: str, found: list[dict]) -> None:
        said = []
        for k in found[0]:
            values = [f[k] for f in found]
            said.append(f"{k} {np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})")
        print(f"{name} ({len(found)}): {', '.join(said)}", flush=True)

    for which in (t for t in args.only if t != "mbi"):
        table = TABLES[which](args.data)
        for domain, epsilon, name in itertools.product(args.domain, args.epsilon, GENERATORS):
            if domain == "bought" and which != "adult":
                continue
            found = [
                kept(
                    f"{name} {which} {teller()} {domain} {epsilon} {s}",
                    partial(end_to_end, table, name, epsilon, domain, s, many=which in MILLION),
                )
                for s in range(args.seeds)
            ]
            show(f"{which}, {domain}, epsilon {epsilon:g}, {name}", found)
    if "mbi" not in args.only:
        return
    frame = pl.read_parquet(args.data / "adult.parquet")
    show("mbi domain", [kept("mbi known", lambda: far(frame, "", 0, None, 0))])
    for target, epsilon, name in itertools.product((None, "income"), args.epsilon, GENERATORS):
        found = [
            kept(
                f"{name} mbi {target} {epsilon} {s}",
                partial(far, frame, name, epsilon, target, s),
            )
            for s in range(args.seeds)
        ]
        show(f"mbi domain, target {target}, epsilon {epsilon:g}, {name}", found)


if __name__ == "__main__":
    main()
