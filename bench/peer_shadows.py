"""The attack that refits the generator, on ours and on those of other tools, side by side.

    python bench/peer_shadows.py --envs DIR --table FILE ... [--people 2000] [--worlds 16]
        [--tool NAME ...] [--own NAME] [--cap 900]

The attack is the suite's own (`shadow.recipe_auc` and `shadow.recipe_tpr`), and it attacks every
tool in the same worlds: the same people, of whom the same half are inside. A fit has --people
people, or as many as the table allows, which is printed. Tools have their defaults, one thread and
an environment of their own (`generator_peers.py --make`), and make as many rows as train has.
Printed per table, on anyone and on the most isolated people: the AUC, the share of those inside who
are recognised at 1 % false alarms, and ours (--own) less the tool's, world by world, with 95 % t
intervals over worlds. `naive CART` is a tree that is known to leak. Saved after each fit to
bench/results/peer_shadows/TABLE.json, so that a run goes on where it was: what the attack saw of
each person in each world (packed, in thousandths), and once a tool has all its worlds, only how
well the attack did in each; no rows.
"""

from __future__ import annotations

import argparse
import base64
import json
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from generator_peers import OURS, PEERS, theirs
from generator_quality import GENERATORS, SHIPPED, parts_of

from assaymark.core.case import Case
from assaymark.core.private_source import PrivateSource
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.evaluate.isolation import FEWEST
from assaymark.evaluate.siege import (
    SUBJECTS,
    Leak,
    leak_of,
    mean_over_worlds,
    scores_in,
    siege_of,
)
from assaymark.evaluate.worlds import Worlds, halves_of
from assaymark.generate import generators

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from assaymark.core.dataset import Dataset
    from assaymark.evaluate.siege import Siege

RESULTS = Path(__file__).parent / "results/peer_shadows"
OWN = {**OURS, "naive CART": GENERATORS["naive CART"]}
TOOLS = [*(t for t in OURS if t != "assaymark independent"), "mostlyai-engine", "arfpy"]
TOOLS += ["SDV GaussianCopula", "naive CART"]
SIGNS = 4


def siege(path: Path, people: int, seed: int) -> tuple[Siege, int]:
    """Return whom the attack is on, which real people alone decide, and the rows of train."""
    train, holdout = parts_of(path.resolve(), people, seed)
    case = Case(
        schema=train.schema,
        train=train,
        holdout=holdout,
        reference=None,
        synthetics=(train.take(np.arange(1)),),  # a case needs some; not looked at
        threat=threat_of(Profile.OPEN),
        refit=None,
    )
    return siege_of(case, Streams.from_seed(seed + 3000)), train.n


def made_by(
    tool: str, part: Dataset, rows: int, streams: Streams, *, envs: Path, cap: int
) -> tuple[Dataset, dict[str, float]] | str:
    """Return rows by ``tool``, fitted to ``part``, and its cost; or what kept it from ending."""
    if tool not in OWN:
        return theirs(tool, envs, part, streams.integer(), rows=rows, cap=cap)
    name, parameters = OWN[tool]
    source = PrivateSource(_rows=part, record=lambda *_: None)
    model = generators.build(name, parameters).fit(source, streams)
    return model.sample(range(rows), streams.child("sample")), {}


def packed(signs: NDArray[np.float64]) -> str:
    raw = np.round(signs * 1000).astype("<i2").T.tobytes()
    return base64.b64encode(zlib.compress(raw, 9)).decode()


def unpacked(text: str) -> NDArray[np.float64]:
    raw = np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype="<i2")
    return raw.reshape(SIGNS, -1).T / 1000


def attacked(args: argparse.Namespace, path: Path) -> None:
    """Fit every tool in each world that is not done yet, and print what the attack finds."""
    out = args.out / f"{path.stem}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    done = json.loads(out.read_text()) if out.exists() else {}
    at, rows = siege(path, args.people, args.seed)
    streams = Streams.from_seed(args.seed + 3000).child("worlds")
    key = f"{args.people} {args.worlds} {args.seed}"
    inside, parts = halves_of(at.pool, at.targets, (at.persons, args.worlds), streams)
    sizes = []
    for world, part in enumerate(parts):
        sizes.append(len(np.unique(part.person_codes)))
        for tool in args.tool:
            kept = done.setdefault(f"{key}|{tool}", {"signs": [], "cost": []})
            if "failed" in kept or "found" in kept or len(kept["signs"]) > world:
                continue
            own = streams.child("world", world)
            made = made_by(tool, part, rows, own, envs=args.envs, cap=args.cap)
            if isinstance(made, str):
                kept["failed"] = f"world {world}: {made}"
            else:
                kept["signs"].append(packed(at.watch.signs([made[0]]).seen))
                kept["cost"].append({k: round(v, 2) for k, v in made[1].items()})
            print(path.stem, world, tool, kept.get("failed", made[1]), flush=True)
            out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
    found = {t: done[f"{key}|{t}"] for t in args.tool}
    for kept in found.values():
        if len(kept.get("signs", ())) == args.worlds:
            kept["found"] = {s: [f.tolist() for f in x] for s, x in leaks(at, inside, kept).items()}
            del kept["signs"]
    out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
    print(f"\n{path.stem}: {args.worlds} fits of {np.mean(sizes):.0f} people, {rows} rows of each")
    printed(at, found, args.own)


def leaks(at: Siege, inside: NDArray[np.bool_], kept: dict) -> dict[str, Leak]:
    """Return what the attack finds out about each fit of one tool, by subject."""
    worlds = Worlds(inside=inside, seen=np.stack([unpacked(s) for s in kept["signs"]]))
    score = scores_in(worlds)
    return {s: leak_of(inside[:, at.subjects[s]], score[:, at.subjects[s]]) for s in SUBJECTS}


def printed(at: Siege, found: dict[str, dict], ours: str) -> None:
    good = {
        t: {s: Leak(*map(np.array, x)) for s, x in k["found"].items()}
        for t, k in found.items()
        if "found" in k
    }
    counts = {
        s: [int((at.subjects[s] & m).sum()) for m in (at.member, ~at.member)] for s in SUBJECTS
    }
    for subject in SUBJECTS:
        print(f"\n{subject}: {counts[subject][0]} of train and {counts[subject][1]} others\n")
        if min(counts[subject]) < FEWEST:
            print("too few people")
            continue
        print("| tool | AUC | recognised at 1 % | ours less this: AUC | recognised | fit CPU s |")
        print("|---|---|---|---|---|---|")
        for tool, kept in found.items():
            if tool not in good:
                print(f"| {tool} | {kept.get('failed', 'not run')} | | | | |")
                continue
            leak = good[tool][subject]
            said = [three(leak.aucs), percent(leak.shares), "", "", cost(kept)]
            if tool != ours and ours in good:
                own = good[ours][subject]
                said[2:4] = three(own.aucs - leak.aucs), percent(own.shares - leak.shares)
            print(f"| {tool} | {' | '.join(said)} |")


def three(each: NDArray[np.float64]) -> str:
    value, low, high = mean_over_worlds(each)
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def percent(each: NDArray[np.float64]) -> str:
    value, low, high = (100 * x for x in mean_over_worlds(each))
    return f"{value:.1f} % [{low:.1f}, {high:.1f}]"


def cost(kept: dict) -> str:
    each = [c["fit_s"] for c in kept["cost"] if "fit_s" in c]
    return f"{np.mean(each):.0f}" if each else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--envs", type=Path, required=True)
    parser.add_argument("--table", nargs="+", type=Path, default=[SHIPPED])
    parser.add_argument("--people", type=int, default=2000, help="in each fit")
    parser.add_argument("--worlds", type=int, default=16, help="fits of each tool")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tool", nargs="+", choices=[*OWN, *PEERS], default=TOOLS)
    parser.add_argument("--own", choices=list(OURS), default=next(iter(OURS)), help="compared")
    parser.add_argument("--cap", type=int, default=900, help="seconds that a tool may take")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    for path in args.table:
        attacked(args, path)


if __name__ == "__main__":
    main()
