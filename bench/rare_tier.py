"""How many of the rarest people must be looked at so that chance leaves no clean table open?

    python bench/rare_tier.py [--seeds 40] [--table FILE --recipe FILE]

On the hospital encounters that ship with the package, split anew for each seed: the verdict of
`rare-people-not-copied` (policy `controlled`) by itself, with the 600 and the 900 people rarest
by one value. *Real* puts people whom nobody saw in the place of the synthetic rows, which a perfect
generator would do; *tree_chain* is the default generator; *leak* is the same with rows of the 25
rarest people of train among them. Prints how often the rule PASSes, stays open and FAILs (before
Holm's adjustment, which is milder), with exact 95 % intervals, and the hits. Raw counts go to
bench/results/rare_tier.json, from which an interrupted run goes on.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import polars as pl
from scipy import stats

from assaymark.core.case import Case
from assaymark.core.dataset import Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.recipe import parse_recipe
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.evaluate.controls import hits_difference
from assaymark.evaluate.isolation import rarest, scene_of
from assaymark.evaluate.privacy.copies import _hit
from assaymark.flow.source.read import prepare
from assaymark.generate.tree_chain import TreeChain
from assaymark.source.read import read_table

SHIPPED = Path(__file__).parents[1] / "src/assaymark/data"
RESULTS = Path(__file__).parent / "results/rare_tier.json"
SPLIT = "\n[split]\ntrain = 0.3\ndevelopment = 0.2\nconfirmation = 0.4\nreference = 0.1\n"
SPLIT += "cross_fit = false\n"
TIERS, LEAKED, LIMIT = (600, 900), 25, 0.01


def parts_of(table: Path, recipe: Path, seed: int) -> tuple[Dataset, Dataset, Dataset, Dataset]:
    """Return train, holdout, reference and people whom nobody saw."""
    head, _, tail = recipe.read_text().partition("\n[split]")
    rest = tail.partition("\n[")[2]
    text = head + SPLIT + (f"\n[{rest}" if rest else "")
    parts = prepare(
        read_table(table), parse_recipe(text.encode()), f"rare {seed}".encode().ljust(32)
    ).parts
    return parts.train, parts.development, parts.reference, parts.confirmation


def measured(table: Path, recipe: Path, seed: int) -> dict[str, dict[str, list[int]]]:
    """Return hits and people, of members and of controls, by what was made and tier."""
    train, holdout, reference, others = parts_of(table, recipe, seed)
    source = PrivateSource(_rows=train, record=lambda *_: None)
    model = TreeChain().fit(source, Streams.from_seed(seed))
    drawn = model.sample(range(others.n), Streams.from_seed(seed + 1000))
    found = {}
    leaked = None
    for name in ("real", "tree_chain", "leak"):
        made = {"real": others, "tree_chain": drawn, "leak": leaked}[name]
        case = Case(
            schema=train.schema,
            train=train,
            holdout=holdout,
            reference=reference,
            synthetics=(Dataset(schema=train.schema, frame=made.frame),),
            threat=threat_of(Profile.CONTROLLED),
        )
        scene = scene_of(case)
        if leaked is None:
            rare = np.argsort(scene.members.rarity, kind="stable")[:LEAKED]
            own = train.take(scene.members.record[rare]).frame
            leaked = Dataset(schema=train.schema, frame=pl.concat([own, drawn.frame[LEAKED:]]))
        found[name] = {}
        for tier in TIERS:
            sides = rarest(scene.members, scene.unseen, tier)
            hits = [_hit(p, scene, "records:rare") for p in sides]
            counts = [int(x) for h in hits for x in (h.sum(), len(h))]
            found[name][str(tier)] = counts
    return found


def verdict(counts: list[int]) -> str:
    """Return what the rule says of hits and people of members, then of controls."""
    sides = [np.arange(n) < hits for hits, n in (counts[:2], counts[2:])]
    found = hits_difference(*sides)
    return "PASS" if found.high <= LIMIT else "FAIL" if found.low > LIMIT else "open"


def rate(count: int, of: int) -> str:
    """Return a share with its exact interval."""
    found = stats.binomtest(count, of).proportion_ci()
    return f"{count} of {of} [{100 * found.low:.0f}, {100 * found.high:.0f} %]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--table", type=Path, default=SHIPPED / "diabetes130.parquet")
    parser.add_argument("--recipe", type=Path, default=SHIPPED / "careful.toml")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    done = json.loads(args.out.read_text()) if args.out.exists() else {}
    for seed in range(args.seeds):
        key = f"{args.table.stem} {seed}"
        if key not in done:
            done[key] = measured(args.table, args.recipe, seed)
            args.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
    here = [v for k, v in done.items() if k.rpartition(" ")[0] == args.table.stem]
    print("made | people | PASS | open | FAIL | hits: mean, most")
    for name in here[0]:
        for tier in here[0][name]:
            counts = [h[name][tier] for h in here]
            said = [verdict(c) for c in counts]
            rates = [rate(said.count(v), len(said)) for v in ("PASS", "open", "FAIL")]
            hits = [c[0] for c in counts]
            print(" | ".join([name, tier, *rates, f"{np.mean(hits):.1f}, {max(hits)}"]))


if __name__ == "__main__":
    main()
