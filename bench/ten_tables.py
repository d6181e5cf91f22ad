"""Does chance leave clean rows of some thousand people open, or hide copies of isolated people?

    python bench/ten_tables.py [--seeds 40]

Customers with three numbers and eight categories, 7,000 in all, in the default shares of a split
(3,500 in train, 1,400 held out, 700 in the reference), and one table, or ten, of 3,500 rows.
*Fresh* are other people of the same kind; *tree_chain* is the default generator, fitted to train;
*leak* is fresh with the 25 most isolated people of train among the rows of one table, *moved* the
same people with each number moved by 3 % of its standard deviation. Prints how often the rules
`isolated-people-not-copied` (600) and `most-isolated-not-copied` (150; policy `controlled`), each
by itself and before Holm's adjustment, PASS, stay open and FAIL, with exact 95 % intervals, and
the hits. Raw counts go to bench/results/ten_tables.json, from which an interrupted run goes on.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from rare_tier import rate
from zoo_worlds import table

from assaymark.core.case import Case
from assaymark.core.dataset import Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.evaluate.controls import hits_difference
from assaymark.evaluate.isolation import most_isolated, scene_of
from assaymark.evaluate.privacy.copies import _hit
from assaymark.generate.tree_chain import TreeChain

RESULTS = Path(__file__).parent / "results/ten_tables.json"
LEAKED, ROWS, TABLES = 25, 3_500, (1, 10)
TIERS = {"records:isolated": (600, 0.01), "records:most_isolated": (150, 0.04)}
NUMBERS = "months", "charge", "total"


def customers(n: int, rng: np.random.Generator) -> Dataset:
    """Draw customers of a telephone company: two numbers and their product, eight categories."""
    months = np.clip(rng.gamma(1.2, 27, n), 0, 72).round()
    contract = rng.choice(3, n, p=[0.55, 0.21, 0.24])
    line = rng.choice(3, n, p=[0.34, 0.44, 0.22])
    extras = rng.random((4, n)) < 0.4
    charge = np.array([45, 75, 20])[line] + 6 * extras.sum(axis=0) + rng.normal(0, 6, n)
    risk = -1.2 + 1.1 * (contract == 0) - 0.04 * months + 0.8 * (line == 1)
    columns = {
        "months": months.astype(np.int64),
        "charge": charge.round(2),
        "total": (charge * months * (1 + rng.normal(0, 0.03, n))).round(2),
        "contract": np.array(["month", "year", "two years"])[contract],
        "line": np.array(["dsl", "fibre", "none"])[line],
        **{f"extra_{i}": np.where(e, "yes", "no") for i, e in enumerate(extras)},
        "pays_by": rng.choice(
            ["cheque", "transfer", "card", "mail"], n, p=[0.34, 0.22, 0.22, 0.22]
        ),
        "left": np.where(rng.random(n) < 1 / (1 + np.exp(-risk)), "yes", "no"),
    }
    return table(columns, target="left")


def with_rows(made: tuple[Dataset, ...], rows: pl.DataFrame) -> tuple[Dataset, ...]:
    """Return the tables, the first of which starts with these rows."""
    frame = pl.concat([rows, made[0].frame[rows.height :]])
    return (replace(made[0], frame=frame), *made[1:])


def measured(seed: int, tables: int) -> dict[str, dict[str, list[int]]]:
    """Return hits and people, of members and of controls, by what was made and whom."""
    rng = np.random.default_rng(seed)
    train, holdout, reference = (customers(n, rng) for n in (ROWS, 1_400, 700))
    fresh = tuple(customers(ROWS, rng) for _ in range(tables))
    case = Case(
        schema=train.schema,
        train=train,
        holdout=holdout,
        reference=reference,
        synthetics=fresh,
        threat=threat_of(Profile.CONTROLLED),
    )
    alone = np.argsort(-scene_of(case).members.isolation, kind="stable")[:LEAKED]
    own = train.take(alone).frame
    moved = own.with_columns(
        (pl.col(c) + 0.03 * float(train.frame[c].std())).cast(own[c].dtype) for c in NUMBERS
    )
    source = PrivateSource(_rows=train, record=lambda *_: None)
    model = TreeChain().fit(source, Streams.from_seed(seed))
    streams = Streams.from_seed(seed + 1000)
    drawn = tuple(model.sample(range(ROWS), streams.child("table", i)) for i in range(tables))
    made = {
        "fresh": fresh,
        "tree_chain": drawn,
        "leak": with_rows(fresh, own),
        "moved": with_rows(fresh, moved),
    }
    found = {}
    for name, rows in made.items():
        scene = scene_of(replace(case, synthetics=rows))
        found[name] = {}
        for subject, (people, _) in TIERS.items():
            hits = [
                _hit(p, scene, subject) for p in most_isolated(scene.members, scene.unseen, people)
            ]
            found[name][subject] = [int(x) for h in hits for x in (h.sum(), len(h))]
    return found


def verdict(counts: list[int], limit: float) -> str:
    """Return what a rule says of hits and people of members, then of controls."""
    sides = [np.arange(n) < hits for hits, n in (counts[:2], counts[2:])]
    found = hits_difference(*sides)
    return "PASS" if found.high <= limit else "FAIL" if found.low > limit else "open"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    done = json.loads(args.out.read_text()) if args.out.exists() else {}
    for seed in range(args.seeds):
        for tables in TABLES:
            key = f"{tables} {seed}"
            if key not in done:
                done[key] = measured(seed, tables)
                args.out.write_text(json.dumps(done, sort_keys=True) + "\n")
    print("tables | made | people | PASS | open | FAIL | hits: members, others")
    for tables in TABLES:
        here = [v for k, v in done.items() if k.startswith(f"{tables} ")]
        for name in here[0]:
            for subject, (people, limit) in TIERS.items():
                counts = [h[name][subject] for h in here]
                said = [verdict(c, limit) for c in counts]
                rates = [rate(said.count(v), len(said)) for v in ("PASS", "open", "FAIL")]
                hits = ", ".join(f"{np.mean([c[i] for c in counts]):.1f}" for i in (0, 2))
                print(" | ".join([str(tables), name, str(people), *rates, hits]))


if __name__ == "__main__":
    main()
