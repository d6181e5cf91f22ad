"""Contamination: is this file one of our releases, or mixed with one? Detection and false alarms.

    python bench/contamination.py [--quick] [--acs DIR]

The release: the demo's encounters, the shipped recipe, its default generator (and with ``--acs``
NIST ACS 2018 fitted to one half). Files are its rows shuffled, subsampled, with columns taken out,
cells altered (each with that probability replaced by the same column's value of another row), and
mixed with real rows of people who were held out. Unrelated files are real rows of people held out,
of people trained on, and other rows of the very same model. A file counts as detected where it is
said to hold these rows, or some.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import polars as pl

from assaymark.core.recipe import parse_recipe
from assaymark.core.streams import Streams
from assaymark.evaluate.statistics import clopper_pearson
from assaymark.flow.generate.fit import fit
from assaymark.flow.monitor.detect import ERROR, held_of
from assaymark.flow.source.read import prepare
from assaymark.monitor.fragments import recogniser
from assaymark.source.read import read_table

HERE = Path(__file__).parent
DATA = HERE.parent / "src/assaymark/data"
OUT = HERE / "results" / "contamination.json"
SIZES, EDITS, KEPT, MIXED = (20, 100, 1_000), (0.0, 0.1, 0.2, 0.3, 0.5), (1.0, 0.6), (0.2, 0.05)


def altered(rows: pl.DataFrame, share: float, rng: np.random.Generator) -> pl.DataFrame:
    """Replace each cell with probability ``share`` by its column's value in another row."""
    return rows.select(
        pl.when(pl.Series(rng.random(rows.height) < share))
        .then(rows[n].gather(rng.permutation(rows.height)))
        .otherwise(rows[n])
        .alias(n)
        for n in rows.columns
    )


def said(rows: pl.DataFrame, knows: dict, made: pl.DataFrame, rng: np.random.Generator) -> str:
    """Ask where the rows come from; what recognises the release by some columns is made once."""
    names = tuple(rows.columns)
    if names not in knows:
        knows[names] = recogniser(made, names, Streams.from_seed(0).child("detect").generator())
    return held_of(rows, knows[names], ERROR, rng).said


def hit(words: str) -> bool:
    """Whether a file is said to hold rows of the release."""
    return words in {"this file", "these rows", "some of these rows"}


def of_table(rows: dict[str, pl.DataFrame], tries: int, quiet: int) -> dict[str, object]:
    """Detection by size, edits, columns kept and mixing; false alarms by kind of other rows."""
    rng = np.random.default_rng(8)
    made, held = rows["release"], rows["held out"]
    found: dict[str, object] = {"rows": made.height, "columns": made.width, "detected": {}}
    knows: dict = {}
    sets = {
        kept: [
            rng.permutation(made.columns)[: max(2, round(kept * made.width))].tolist()
            for _ in range(1 if kept == 1 else 5)
        ]
        for kept in KEPT
    }

    def rate(label: str, make) -> None:
        begun = time.process_time()
        hits = sum(hit(said(make(), knows, made, rng)) for _ in range(tries))
        found["detected"][label] = [hits, tries, round(time.process_time() - begun, 1)]
        print(label, hits, "of", tries, flush=True)

    def drawn(n: int, of: pl.DataFrame = made) -> pl.DataFrame:
        return of[rng.choice(of.height, min(n, of.height), replace=False)]

    for kept in KEPT:
        for n in SIZES:
            for edit in EDITS:

                def one(n: int = n, edit: float = edit, kept: float = kept) -> pl.DataFrame:
                    names = sets[kept][rng.integers(len(sets[kept]))]
                    return altered(drawn(n).select(names), edit, rng)

                rate(f"{kept:.0%} of the columns, {n} rows, {edit:.0%} of the cells", one)
    for share in MIXED:
        for edit in (0.0, 0.2):

            def mixed(share: float = share, edit: float = edit) -> pl.DataFrame:
                ours = altered(drawn(round(1_000 * share)), edit, rng)
                return pl.concat([ours, drawn(1_000 - ours.height, held)])

            rate(f"{share:.0%} of 1,000 rows, {edit:.0%} of the cells", mixed)
    found["false"] = {}
    for kind in ("held out", "trained on", "same model"):
        for kept in KEPT:
            wrong = 0
            for i in range(quiet):
                names = sets[kept][i % len(sets[kept])]
                batch = drawn(SIZES[i % len(SIZES)], rows[kind]).select(names)
                wrong += hit(said(batch, knows, made, rng))
            ends = clopper_pearson(wrong, quiet)
            label = f"{kind}, {kept:.0%} of the columns"
            found["false"][label] = [wrong, quiet, round(ends.high, 4)]
            print(label, wrong, "of", quiet, flush=True)
    return found


def demo() -> dict[str, pl.DataFrame]:
    """Release, people held out and trained on, and further rows of the model."""
    recipe = parse_recipe((DATA / "careful.toml").read_bytes())
    return tables(read_table(DATA / "diabetes130.parquet"), recipe)


def acs(folder: Path) -> dict[str, pl.DataFrame]:
    """Return the same of NIST ACS 2018."""
    recipe = parse_recipe(b'name = "acs"\n[source]\npath = "acs.parquet"\n')
    return tables(read_table(folder / "nist_acs/ma2018.parquet"), recipe)


def tables(frame: pl.DataFrame, recipe) -> dict[str, pl.DataFrame]:
    """Fit the recipe's generator and draw a release and as many other rows."""
    parts = prepare(frame, recipe, bytes([7]) * 32).parts
    streams = Streams.from_seed(1)
    model = fit(recipe.generate, parts.train, streams.child("fit"), lambda *_: None)
    n = parts.train.n
    return {
        "release": model.sample(range(n), streams.child("sample", 0)).frame,
        "same model": model.sample(range(n), streams.child("sample", 1)).frame,
        "held out": pl.concat([parts.development.frame, parts.confirmation.frame]),
        "trained on": parts.train.frame,
    }


def main() -> None:
    """Measure and write ``results/contamination.json``."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--quick", action="store_true")
    ask.add_argument("--acs", type=Path)
    ask.add_argument("--out", type=Path, default=OUT)
    asked = ask.parse_args()
    tries, quiet = (3, 10) if asked.quick else (20, 200)
    done = json.loads(asked.out.read_text()) if asked.out.exists() else {}
    done["error stated"] = ERROR
    for name, make in (("demo", demo), ("acs", lambda: acs(asked.acs))):
        if (name == "acs" and asked.acs is None) or (name in done and not asked.quick):
            continue
        done[name] = of_table(make(), tries, quiet)
        if not asked.quick:
            asked.out.write_text(json.dumps(done, indent=1) + "\n")
    print(json.dumps(done, indent=1))


if __name__ == "__main__":
    main()
