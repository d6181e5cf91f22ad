"""Are rows of an earlier release found in a source that does not name it? And falsely suspected?

    python bench/undeclared.py [--quick] [--acs DIR]

For each world and seed: the default generator is fitted to a split of a table, as a run does, and
its rows are the release. Then sources are held against it: the very table it was learnt from, the
people who were held out, other rows of the same model (none of which holds a row of it), and the
table with a share of rows replaced by released ones, as they are or with one cell in ten altered.
Understated: 10 % are rows of the release, and half of them are declared.
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
from assaymark.flow.monitor.detect import ERROR
from assaymark.flow.source.read import prepare
from assaymark.flow.source.undeclared import _Known, _looked_for
from assaymark.source.read import read_table

HERE = Path(__file__).parent
DATA = HERE.parent / "src/assaymark/data"
OUT = HERE / "results" / "undeclared.json"
SHARES = (0.02, 0.05, 0.2)


def visits(n: int, seed: int) -> pl.DataFrame:
    """Return a small table of five columns, two of them with few values."""
    rng = np.random.default_rng(seed)
    age = rng.integers(20, 90, n)
    ill = rng.random(n) < 1 / (1 + np.exp(4 - 0.05 * age))
    cost = np.round(rng.lognormal(5 + ill, 0.6, n), 2)
    days = rng.poisson(1 + age / 20)
    sex = np.where(rng.random(n) < 0.5, "f", "m")
    return pl.DataFrame({"age": age, "sex": sex, "cost": cost, "days": days, "ill": ill})


def few(n: int, seed: int) -> pl.DataFrame:
    """Return a table of few values, whose rows cannot be told apart."""
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {c: rng.integers(0, k, n) for c, k in zip("abcd", (2, 3, 4, 5), strict=True)}
    )


def worlds(acs: Path | None):
    """Yield name, table by seed, and recipe."""
    demo = parse_recipe((DATA / "careful.toml").read_bytes())
    plain = parse_recipe(b'name = "t"\n[source]\npath = "t.parquet"\n[split]\ncross_fit = false\n')
    encounters = read_table(DATA / "diabetes130.parquet")
    yield "encounters, all", (lambda _: encounters), demo
    yield (
        "encounters, 3,000",
        lambda s: encounters.sample(3_000, seed=s),
        demo,
    )
    yield "visits, 1,000", (lambda s: visits(1_000, s)), plain
    yield "visits, 20,000", (lambda s: visits(20_000, s)), plain
    yield "few values, 5,000", (lambda s: few(5_000, s)), plain
    if acs is not None:
        table = read_table(acs / "nist_acs/ma2018.parquet")
        yield "ACS 2018", (lambda _: table), plain


def one(table: pl.DataFrame, recipe, seed: int, place: Path) -> dict[str, str | None]:
    """Return what is said of each source."""
    prepared = prepare(table, recipe, bytes([seed % 250 + 1]) * 32)
    parts, streams = prepared.parts, Streams.from_seed(seed)
    model = fit(recipe.generate, parts.train, streams.child("fit"), lambda *_: None)
    made, other = (
        model.sample(range(parts.train.n), streams.child("sample", i)).frame for i in (0, 1)
    )
    made.write_parquet(place / "release.parquet")
    known = _Known(name="release", candidate="c", files=[place / "release.parquet"])
    held = pl.concat([parts.development.frame, parts.confirmation.frame])
    rng = np.random.default_rng(seed)
    sources = {"its own table": table, "people held out": held, "same model": other}
    typed = pl.concat([parts.train.frame, held])
    for share in SHARES:
        n = max(1, round(share * typed.height))
        ours = made.sample(min(n, made.height), seed=seed)
        edited = ours.select(
            pl.when(pl.Series(rng.random(ours.height) < 0.1))
            .then(ours[c].gather(rng.permutation(ours.height)))
            .otherwise(ours[c])
            .alias(c)
            for c in ours.columns
        )
        rest = typed.sample(typed.height - ours.height, seed=seed)
        sources[f"{share:.0%} ours"] = pl.concat([rest, ours])
        sources[f"{share:.0%} ours, edited"] = pl.concat([rest, edited])
    said = {k: _looked_for(f, known, 0, ERROR) for k, f in sources.items()}
    n = round(0.1 * typed.height)
    half = pl.concat([typed.sample(typed.height - n, seed=seed), made.sample(n, seed=seed)])
    said["10 % ours, half declared"] = _looked_for(half, known, n // 2, ERROR)
    said["10 % ours, all declared"] = _looked_for(half, known, n, ERROR)
    return said


def main() -> None:
    """Measure and write ``results/undeclared.json``."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--quick", action="store_true")
    ask.add_argument("--acs", type=Path)
    ask.add_argument("--seeds", type=int, default=20)
    ask.add_argument("--out", type=Path, default=OUT)
    asked = ask.parse_args()
    done = json.loads(asked.out.read_text()) if asked.out.exists() else {}
    for name, make, recipe in worlds(asked.acs):
        whole = name in {"encounters, all", "ACS 2018"}
        seeds = 1 if asked.quick else 5 if whole else asked.seeds
        found = done.setdefault(name, {"seeds": 0, "suspected": {}, "cannot tell": {}})
        begun = time.process_time()
        for seed in range(found["seeds"], seeds):
            with tempfile.TemporaryDirectory() as place:
                said = one(make(seed), recipe, seed, Path(place))
            for kind, words in said.items():
                found["suspected"][kind] = found["suspected"].get(kind, 0) + bool(words)
                found["cannot tell"][kind] = found["cannot tell"].get(kind, 0) + (words is None)
            found["seeds"] = seed + 1
            if not asked.quick:
                asked.out.write_text(json.dumps(done, indent=1) + "\n")
        print(name, found, round(time.process_time() - begun), "CPU s", flush=True)
    clean = ("its own table", "people held out", "same model", "10 % ours, all declared")
    wrong = sum(f["suspected"].get(k, 0) for f in done.values() for k in clean)
    asked_of = sum(f["seeds"] for f in done.values()) * len(clean)
    print(f"falsely suspected {wrong} of {asked_of}, {clopper_pearson(wrong, asked_of)}")


if __name__ == "__main__":
    main()
