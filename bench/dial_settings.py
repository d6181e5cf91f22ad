"""What settings of the default generator between safest and closest give: closeness against leak.

    python bench/dial_settings.py --table FILE [--people 2000] [--seeds 5] [--worlds 16]
        [--setting NAME ...]

For each setting it prints the score of `generator_quality.py` on --people train rows, mean over
seeds with a 95 % t interval, and what the attack of `peer_shadows.py` finds out about the most
isolated people by refitting: AUC, and share recognised at 1 % false alarms. Those of the dial were
chosen among these (docs/adr/0039-small-trees-instead.md). Nothing is saved; six minutes on Adult.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from generator_quality import SHIPPED, interval, parts_of
from peer_shadows import leaks, packed, percent, siege, three

from assaymark.core.private_source import PrivateSource
from assaymark.core.streams import Streams
from assaymark.evaluate.worlds import halves_of
from assaymark.evaluate.yardstick import closeness
from assaymark.generate import generators

_BOTH = {"quality": "standard"}
_PLAIN = {"effects": False, "quality": "standard"}
_SMALL = {"effects": False, "quality": "high"}
_SETTINGS = {
    "pools of 20, effects": _BOTH,
    "pools of 200, effects": {**_BOTH, "k": 200},
    "half of the people sheltered": {**_BOTH, "shelter": 0.5},
    **{f"pools of {k}, no effects": {**_PLAIN, "k": k} for k in (20, 100, 200)},
    **{f"pools of {k}, small trees": {**_SMALL, "k": k} for k in (20, 50, 100, 200)},
}
# as the default was when these were tried, and as the dial's settings without effects are
SETTINGS = {name: {**how, "order": "target_last"} for name, how in _SETTINGS.items()}


def scores(path: Path, people: int, seeds: int, parameters: dict) -> list[float]:
    """Return the score of one setting's rows, seed by seed."""
    found = []
    for seed in range(seeds):
        train, holdout = parts_of(path, people, seed)
        source = PrivateSource(_rows=train, record=lambda *_: None)
        model = generators.build("tree_chain", parameters).fit(source, Streams.from_seed(seed))
        made = model.sample(range(train.n), Streams.from_seed(seed + 1000))
        found.append(closeness(made, holdout, Streams.from_seed(seed), most=made.n))
    return found


def attacked(path: Path, people: int, worlds: int, settings: list[str]) -> dict[str, list[str]]:
    """Return what refitting tells of the most isolated, by setting, in the same worlds."""
    at, rows = siege(path, people, 0)
    streams = Streams.from_seed(3000).child("worlds")
    inside, parts = halves_of(at.pool, at.targets, (at.persons, worlds), streams)
    signs: dict[str, list[str]] = {name: [] for name in settings}
    for world, part in enumerate(parts):
        own = streams.child("world", world)
        source = PrivateSource(_rows=part, record=lambda *_: None)
        for name in settings:
            model = generators.build("tree_chain", SETTINGS[name]).fit(source, own)
            made = model.sample(range(rows), own.child("sample"))
            signs[name].append(packed(at.watch.signs([made]).seen))
    said = {}
    for name in settings:
        leak = leaks(at, inside, {"signs": signs[name]})["records:isolated"]
        said[name] = [three(leak.aucs), percent(leak.shares)]
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--table", type=Path, default=SHIPPED)
    parser.add_argument("--people", type=int, default=2000, help="train rows, people in a fit")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--worlds", type=int, default=16)
    parser.add_argument("--setting", nargs="+", choices=list(SETTINGS), default=[*SETTINGS])
    args = parser.parse_args()
    path = args.table.resolve()
    said = attacked(path, args.people, args.worlds, args.setting)
    print("| setting | score | AUC, the most isolated | recognised at 1 % |\n|---|---|---|---|")
    for name in args.setting:
        score = np.array(scores(path, args.people, args.seeds, SETTINGS[name]))
        print(f"| {name} | {interval(score.tolist())} | {' | '.join(said[name])} |", flush=True)


if __name__ == "__main__":
    main()
