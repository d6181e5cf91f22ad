"""Lots: how often a good lot is held, and how much drift holds one.

python bench/lots.py [--quick]

Encounters of the demo, the shipped recipe's transformations, its default generator. Good lots are
further rows of the same model, held against the candidate's sketch; drifted ones have a share of
their rows altered in one column, or come of the same generator fitted to other people. The last
table is the exposure of the people behind the rows, the more rows are handed out.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from assaymark.core.recipe import parse_recipe
from assaymark.core.streams import Streams
from assaymark.evaluate.statistics import clopper_pearson
from assaymark.flow.generate.fit import fit
from assaymark.flow.release.kept import exposure_of, keep_people
from assaymark.flow.source.read import prepare
from assaymark.monitor.agree import agree
from assaymark.monitor.sketch import sketch
from assaymark.source.read import read_table
from assaymark.store.workspace import Workspace

HERE = Path(__file__).parent
DATA = HERE.parent / "src/assaymark/data"
ROWS = 2_000


def main() -> None:
    """Measure and write ``results/lots.json``."""
    ask = argparse.ArgumentParser()
    ask.add_argument("--quick", action="store_true")
    lots = 100 if ask.parse_args().quick else 2_000
    recipe = parse_recipe((DATA / "careful.toml").read_bytes())
    prepared = prepare(read_table(DATA / "diabetes130.parquet"), recipe, bytes([7]) * 32)
    train, other = prepared.parts.train, prepared.parts.development
    streams = Streams.from_seed(1)
    model, strange = (
        fit(recipe.generate, d, streams.child("fit"), lambda *_: None) for d in (train, other)
    )
    candidate = model.sample(range(train.n), streams.child("sample", 0))
    before = sketch(candidate.frame)
    begun = time.perf_counter()
    held = sum(not agree(before, _lot(model, streams, i)).holds for i in range(lots))
    found = {
        "rows": ROWS,
        "release_rows": candidate.n,
        "columns": len(before.columns),
        "good": _rate(held, lots),
        "seconds_a_lot": round((time.perf_counter() - begun) / lots, 3),
        "drifted": {},
        "exposure": _exposure(prepared, candidate, model, streams),
    }
    tries = max(20, lots // 20)
    for share in (0.02, 0.05, 0.1):
        bad = sum(
            not agree(before, _altered(_lot(model, streams, lots + i), share, i)).holds
            for i in range(tries)
        )
        found["drifted"][f"{share:g} of the rows in one column"] = _rate(bad, tries)
    bad = sum(not agree(before, _lot(strange, streams, i)).holds for i in range(tries))
    found["drifted"]["fitted to other people"] = _rate(bad, tries)
    print(json.dumps(found, indent=1))
    if lots > 100:
        (HERE / "results/lots.json").write_text(json.dumps(found, indent=1) + "\n")


def _lot(model: object, streams: Streams, i: int) -> pl.DataFrame:
    return model.sample(range(ROWS), streams.child("lot", i)).frame


def _altered(frame: pl.DataFrame, share: float, seed: int) -> pl.DataFrame:
    """Give a share of the rows the first value of one column, whichever it is."""
    rng = np.random.default_rng(seed)
    name = frame.columns[int(rng.integers(frame.width))]
    chosen = pl.Series(rng.random(frame.height) < share)
    return frame.with_columns(
        pl.when(chosen).then(pl.col(name).first()).otherwise(pl.col(name)).alias(name)
    )


def _exposure(
    prepared: object, candidate: object, model: object, streams: Streams
) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.open(Path(folder))
        begun = time.perf_counter()
        keep_people(workspace, "c", prepared, candidate)
        seconds = time.perf_counter() - begun
        out: dict[str, object] = {"seconds_to_keep": round(seconds, 1)}
        for times in (1, 3, 10):
            more = model.sample(range((times - 1) * candidate.n), streams.child("more")).frame
            begun = time.perf_counter()
            e = exposure_of(workspace, "c", [candidate.frame, more])
            out[f"{times} times the rows"] = {
                "members": f"{e.members} of {e.of_members}",
                "unseen": f"{e.unseen} of {e.of_unseen}",
                "excess": [round(x, 5) for x in e.excess],
                "seconds": round(time.perf_counter() - begun, 2),
            }
        return out


def _rate(hits: int, n: int) -> dict[str, object]:
    low_high = clopper_pearson(hits, n)
    return {"held": f"{hits} of {n}", "interval": [round(low_high.low, 4), round(low_high.high, 4)]}


if __name__ == "__main__":
    main()
