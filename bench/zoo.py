"""The leak zoo: generators that leak in known ways, and clean ones, before the shipped policy.

    python bench/zoo.py --seeds 10
    python bench/zoo.py --n 1000 25000 --kinds "25 outliers" "fresh sample"

Train, holdout and synthetic rows of ``n`` each, no reference, as a user of ``assaymark evaluate``
has them; most kinds on the parametric population of ``policy_simulation.py``. Caught means FAIL on
a privacy rule of the policy ``controlled``, Holm's adjustment over the whole gate included;
INCONCLUSIVE is a miss. Clean kinds: how often every blocking privacy rule PASSes, and how often
one FAILs. Resumes; saves after every cell.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import zoo_kinds as k
import zoo_others as o
from policy_simulation import LEAKS, population, rate
from zoo_clean import fresh_sample, marginals, private_tree
from zoo_worlds import SHAPES, chains, visits

from assaymark.core.case import Case
from assaymark.core.dataset import Dataset
from assaymark.core.evidence import Evidence
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.decide.gate import judge
from assaymark.decide.policy import USES, parse_policy, profile_bytes
from assaymark.flow.evaluate.measure import measure

if TYPE_CHECKING:
    from collections.abc import Callable

OUT = Path(__file__).parent / "results" / "zoo.json"
N = 5_000


class Entry(NamedTuple):
    """A generator, and the population that its people come from."""

    make: k.Kind
    draw: Callable[[int, k.Rng], Dataset] = population


LEAKY = {
    "1 % random copies": Entry(k.copies(0.01)),
    "5 % random copies": Entry(k.copies(0.05)),
    "25 outliers": Entry(k.outliers(25)),
    "250 outliers": Entry(k.outliers(250)),
    "25 outliers, jittered 3 %": Entry(k.outliers(25, k.jittered(0.03))),
    "1 % copies, jittered 3 %": Entry(k.copies(0.01, k.jittered(0.03))),
    "5 % copies, jittered 3 %": Entry(k.copies(0.05, k.jittered(0.03))),
    "5 % copies, jittered 15 %": Entry(k.copies(0.05, k.jittered(0.15))),
    "1 % copies, one column permuted": Entry(k.copies(0.01, k.swapped)),
    "5 % copies, one column permuted": Entry(k.copies(0.05, k.swapped)),
    "1 % copies, one category changed": Entry(k.copies(0.01, k.one_changed)),
    "5 % copies, one category changed": Entry(k.copies(0.05, k.one_changed)),
    "1 % copies, numbers to tenths": Entry(k.copies(0.01, k.rounded(1))),
    "5 % copies, numbers to tenths": Entry(k.copies(0.05, k.rounded(1))),
    "5 % copies, whole numbers": Entry(k.copies(0.05, k.rounded(0))),
    "1 % copies, shifted by 0.1": Entry(k.copies(0.01, k.shifted(0.1))),
    "5 % copies, shifted by 0.1": Entry(k.copies(0.05, k.shifted(0.1))),
    "5 % copies, shifted by 0.5": Entry(k.copies(0.05, k.shifted(0.5))),
    "5 % copies, a third blank": Entry(k.copies(0.05, k.blanked)),
    "5 % two thirds of the columns copied": Entry(k.copies(0.05, k.columns_kept(2 / 3))),
    "20 % two thirds of the columns copied": Entry(k.copies(0.2, k.columns_kept(2 / 3))),
    "5 % half of the columns copied": Entry(k.copies(0.05, k.columns_kept(0.5))),
    "20 % half of the columns copied": Entry(k.copies(0.2, k.columns_kept(0.5))),
    "5 % numbers copied, half the categories fresh": Entry(k.copies(0.05, k.numbers_kept)),
    "2 % attributes only": Entry(k.attributes_only(0.02)),
    "10 % attributes only": Entry(k.attributes_only(0.1)),
    "5 % spread over two rows": Entry(k.spread_over_two(0.05)),
    "20 % spread over two rows": Entry(k.spread_over_two(0.2)),
    "20 % halves of two people": Entry(k.spread_over_two(0.2, filled=False)),
    "1 % mixed with a neighbour, up to 10 %": Entry(k.interpolated(0.01, 0.1)),
    "5 % mixed with a neighbour, up to 10 %": Entry(k.interpolated(0.05, 0.1)),
    "all mixed with a neighbour, up to 100 %": Entry(k.interpolated(1.0, 1.0)),
    "25 of the rarer class": Entry(k.minority(25)),
    "250 of the rarer class": Entry(k.minority(250)),
    "tenth of a small subgroup": Entry(k.one_subgroup(0.1)),
    "half of a small subgroup": Entry(k.one_subgroup(0.5)),
    "rare combinations replayed": Entry(k.rare_combinations),
    "one person five times": Entry(k.one_person(5)),
    "one person fifty times": Entry(k.one_person(50)),
    "overfit chain of neighbours": Entry(k.overfit),
    "overfit chain, near rows dropped": Entry(k.filtered(k.overfit, 0.05, nudge=False)),
    "overfit chain, half dropped": Entry(k.filtered(k.overfit, 0.5, nudge=False)),
    "5 % copies, nudged away": Entry(k.filtered(k.copies(0.05), 0.05, nudge=True)),
    "5 % copies, nudged far away": Entry(k.filtered(k.copies(0.05), 0.5, nudge=True)),
    **{f"overfit trees, k = {i}": Entry(k.overfit_trees(i)) for i in range(1, 6)},
    "5 % rare stretches of three codes": Entry(o.rare_grams(0.05, 3), chains),
    "20 % rare stretches of three codes": Entry(o.rare_grams(0.2, 3), chains),
    "1 % rare chains of six codes": Entry(o.rare_grams(0.01, 6), chains),
    "5 % rare chains of six codes": Entry(o.rare_grams(0.05, 6), chains),
    "20 % rare chains of six codes": Entry(o.rare_grams(0.2, 6), chains),
    "codes drawn after the last three": Entry(o.gram_model(3), chains),
    "25 people with the rarest codes": Entry(o.rare_values(25), chains),
    "250 people with the rarest codes": Entry(o.rare_values(250), chains),
    "all rows of 1 % of persons": Entry(o.persons(0.01), visits),
    "all rows of 5 % of persons": Entry(o.persons(0.05), visits),
    "one row of 5 % of persons": Entry(o.persons(0.05, 1), visits),
    "5 % of persons, half of the columns in each row": Entry(
        o.scattered_persons(0.05, 0.5), visits
    ),
    "20 % of persons, a third of the columns in each row": Entry(
        o.scattered_persons(0.2, 1 / 3), visits
    ),
}
CLEAN = {
    "fresh sample": Entry(fresh_sample),
    "independent marginals": Entry(marginals),
    "noisy tree, rho = 0.05": Entry(private_tree(0.05)),
    "noisy tree, rho = 0.5": Entry(private_tree(0.5)),
    "tree_chain, as shipped": Entry(k.tree_chain()),
    "fresh chains of codes": Entry(fresh_sample, chains),
    **{f"fresh sample: {name}": Entry(fresh_sample, draw) for name, draw in SHAPES.items()},
}


def run(entry: Entry, seed: int, n: int) -> dict[str, object]:
    """Judge one table; return the privacy rules that FAIL, and why others do not PASS."""
    rng = np.random.default_rng([seed, 77])
    train, holdout, fresh = (entry.draw(n, rng) for _ in range(3))
    made = Dataset(schema=train.schema, frame=entry.make(train, fresh.frame, rng))
    case = Case(
        schema=train.schema,
        train=train,
        holdout=holdout,
        reference=None,
        synthetics=(made,),
        threat=threat_of(Profile.CONTROLLED),
    )
    policy, start = parse_policy(profile_bytes(Profile.CONTROLLED)), time.process_time()
    measured = measure(case, Streams.from_seed(seed), only=sorted({r.metric for r in policy.rule}))
    evidence = Evidence.of(measured, candidate="0" * 64, stage="given files", suite="zoo")
    verdicts = judge(policy, evidence, USES, candidate="0" * 64).verdicts
    ours = [v for v in verdicts if v.rule.metric.startswith((*LEAKS, "hygiene."))]
    return {
        "FAIL": sorted({v.rule.id for v in ours if v.verdict.value == "FAIL"}),
        "not PASS": {v.rule.id: v.reason for v in ours if v.verdict.value != "PASS"},
        "cpu": round(time.process_time() - start, 1),
    }


def main() -> None:
    """Fill the cells that are not there yet, then print the matrix."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--n", type=int, nargs="+", default=[N], help="rows of each table")
    parser.add_argument("--quick", action="store_true", help="two seeds")
    parser.add_argument("--kinds", nargs="+", choices=[*LEAKY, *CLEAN], metavar="KIND")
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    done: dict[str, dict[str, dict]] = (
        json.loads(wanted.out.read_text()) if wanted.out.exists() else {}
    )
    everything = {**LEAKY, **CLEAN}
    for n in wanted.n:
        for seed in range(2 if wanted.quick else wanted.seeds):
            for name in wanted.kinds or everything:
                cells = done.setdefault(f"{name}, n = {n:,}" if n != N else name, {})
                if str(seed) not in cells:
                    cells[str(seed)] = run(everything[name], seed, n)
                    wanted.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
    for name, cells in done.items():
        show(name, list(cells.values()))


def show(name: str, runs: list[dict]) -> None:
    """Print how often a kind was refused, how often passed if it is clean, and by which rules."""
    found = Counter(rule for r in runs for rule in r["FAIL"])
    print(f"{name:52s} FAIL {rate(sum(bool(r['FAIL']) for r in runs), len(runs))}", end="  ")
    if name.partition(", n =")[0] in CLEAN:
        print("all PASS", rate(sum(not r["not PASS"] for r in runs), len(runs)), end="  ")
        found = Counter(rule for r in runs for rule in r["not PASS"])
    print(", ".join(f"{k} {v}" for k, v in found.most_common()))


if __name__ == "__main__":
    main()
