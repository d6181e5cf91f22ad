"""Rows as the source has them, through ``monitor --recipe``: false alarms and changes named.

    python bench/monitor_recipe.py --quick                          # about a minute
    python bench/monitor_recipe.py --timelines 40 --tables DIR      # DIR has adult, credit_default

Three tables, each with the steps of a recipe: the demo's encounters by `careful.toml` (several rows
a person), Adult and credit default by steps of their own. All rows of people drawn anew stand for
the source, another such draw for the released rows (what the generator gets wrong is not looked
at here), a third for the people held out. Each look has the raw rows of 300 people drawn anew: 20
quiet looks, then, on the same timeline, one change of one column by itself, up to 5 looks. Named:
the first alarm is of that column alone. Resumes; a run is saved when it ends.
"""

from __future__ import annotations

import argparse
import copy
import importlib.resources
import json
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl

from assaymark.core.recipe import parse_recipe
from assaymark.evaluate.statistics import clopper_pearson
from assaymark.flow.monitor.as_released import taken_as_released
from assaymark.monitor.shares import shares_of
from assaymark.monitor.sketch import Sketch, counted, sketch
from assaymark.monitor.watcher import Watcher
from assaymark.source.load import load
from assaymark.source.profile import profile
from assaymark.source.transform import apply

OUT = Path(__file__).parent / "results" / "monitor_recipe.json"
PEOPLE, BATCH, QUIET, AFTER = 8_000, 300, 20, 5
PERSON = "patient_nbr"
STEP = """
[[transform]]
kind = "{kind}"
{how}
why = "For the bench."
"""
RECIPE = """name = "{name}"

[source]
path = "{name}.parquet"
"""
KINDS = """
[columns]
education = { kind = "category" }
marriage = { kind = "category" }
"""
OTHERS = {
    "adult": (
        ("drop", 'columns = ["fnlwgt"]'),
        ("generalise", 'column = "age"\nedges = [25, 35, 45, 55, 65]'),
        ("group_rare", 'columns = ["native_country", "occupation", "workclass"]\nminimum = 100'),
        ("top_code", 'column = "hours_per_week"\nhigh = 60'),
    ),
    "credit_default": (
        ("generalise", 'column = "age"\nedges = [30, 40, 50, 60]'),
        ("group_rare", 'columns = ["education", "marriage"]\nminimum = 100'),
        ("top_code", 'column = "limit_bal"\nhigh = 500000'),
    ),
}
CHANGED = {
    "demo": ("num_lab_procedures", "admission_type_id", "num_medications"),
    "adult": ("hours_per_week", "workclass", "education_num"),
    "credit_default": ("limit_bal", "education", "bill_amt1"),
}


def told(name: str, tables: Path | None) -> tuple[pl.DataFrame, bytes] | None:
    """Return a table and the recipe of its steps; None where it is not there."""
    if name == "demo":
        data = importlib.resources.files("assaymark") / "data"
        with importlib.resources.as_file(data / "diabetes130.parquet") as path:
            return pl.read_parquet(path), (data / "careful.toml").read_bytes()
    file = tables / f"{name}.parquet" if tables else None
    if file is None or not file.exists():
        return None
    steps = "".join(STEP.format(kind=kind, how=how) for kind, how in OTHERS[name])
    kinds = KINDS if name == "credit_default" else ""
    return pl.read_parquet(file), (RECIPE.format(name=name) + kinds + steps).encode()


def drawn(rows: pl.DataFrame, n: int, rng: np.random.Generator) -> pl.DataFrame:
    """Return all rows of ``n`` people drawn with replacement, each as another person."""
    if PERSON not in rows.columns:
        return rows[rng.choice(rows.height, n)]
    people = rows[PERSON].unique().sort()
    who = people[rng.choice(len(people), n)]
    asked = pl.DataFrame({PERSON: who, "new": np.arange(n, dtype=np.int32)})
    found = asked.join(rows, on=PERSON, how="left", maintain_order="left")
    return found.with_columns(pl.col("new").alias(PERSON)).select(rows.columns)


def changed(
    batch: pl.DataFrame, column: str, change: str, rng: np.random.Generator
) -> pl.DataFrame:
    """Return the batch with one column in another unit, recoded, or 5 % missing."""
    if change == "unit x 1000":
        return batch.with_columns(pl.col(column).cast(pl.Int64) * 1000)
    if change == "category recoded":
        words = batch[column].cast(pl.String)
        most = words.drop_nulls().mode().sort()[0]
        return batch.with_columns(words.replace(most, "recoded").alias(column))
    gone = pl.Series(rng.random(batch.height) < 0.05)
    return batch.with_columns(pl.when(gone).then(None).otherwise(pl.col(column)).alias(column))


class Steps:
    """The steps of a recipe, as a run takes the source through them and a monitor a batch."""

    def __init__(self, rows: pl.DataFrame, recipe: Path, rng: np.random.Generator) -> None:
        self.recipe, spec = recipe, parse_recipe(recipe.read_bytes())
        columns = [(t.kind, getattr(t, "columns", None) or (t.column,)) for t in spec.transform]
        self.made = SimpleNamespace(
            transformations=[SimpleNamespace(kind=k, columns=tuple(c)) for k, c in columns]
        )
        source = drawn(rows, PEOPLE, rng)
        found = apply(load(source, profile(source, spec.columns).schema), spec.transform).dataset
        self.released = found.frame
        if found.persons is not None:
            first = np.unique(found.persons, return_index=True)[1]
            self.released = found.frame[first.tolist()]

    def taken(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Return a batch as the released rows are."""
        return taken_as_released(batch, self.recipe, self.made, self.released).frame


def alarmed(watcher: Watcher, layout: Sketch, batch: pl.DataFrame) -> list[str]:
    """Take one more look; return the subjects of its alarms."""
    watcher.see(shares_of(counted(layout, batch)))
    names = dict.fromkeys(a.share.subject for a in watcher.alarms())
    alone = [n for n in names if not n.startswith("pair:")]
    return alone or list(names)


def timeline(name: str, rows: pl.DataFrame, recipe: bytes, seed: int) -> dict[str, object]:
    """Watch 20 quiet looks, then each change by itself until its alarm."""
    rng, begun = np.random.default_rng([seed, len(name)]), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recipe.toml"
        path.write_bytes(recipe)
        steps = Steps(rows, path, rng)
        layout = sketch(steps.released)
        world = counted(layout, steps.taken(drawn(rows, PEOPLE, rng)))
        watcher, quiet = Watcher(shares_of(world)), 0
        for look in range(1, QUIET + 1):
            if alarmed(watcher, layout, steps.taken(drawn(rows, BATCH, rng))):
                quiet = look
                break
        found: dict[str, object] = {"quiet": quiet}
        kinds = ("unit x 1000", "category recoded", "5 % missing")
        for column, change in zip(CHANGED[name], kinds, strict=True):
            later, named = copy.copy(watcher), []
            for _ in range(AFTER):
                batch = changed(drawn(rows, BATCH, rng), column, change, rng)
                named = alarmed(later, layout, steps.taken(batch))
                if named:
                    break
            found[change] = {
                "look": later.looks - watcher.looks if named else 0,
                "alone": named == [f"column:{column}"],
            }
    return {**found, "cpu": round(time.process_time() - begun, 1)}


def show(done: dict[str, dict]) -> None:
    """Print the rates."""
    for name, runs in done.items():
        mine = list(runs.values())
        ever = clopper_pearson(sum(r["quiet"] > 0 for r in mine), len(mine))
        print(f"{name}: {len(mine)} timelines of {QUIET} quiet looks, any alarm {ever}")
        for change in ("unit x 1000", "category recoded", "5 % missing"):
            looks = [r[change]["look"] for r in mine if r[change]["look"]]
            alone = sum(r[change]["alone"] for r in mine)
            middle = np.median(looks) if looks else float("nan")
            print(f"  {change}: found {len(looks)}, alone {alone}, median look {middle:g}")


def main() -> None:
    """Run what is asked for and not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--timelines", type=int, default=0)
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    done = json.loads(asked.out.read_text()) if asked.out.exists() else {}
    tables = {name: told(name, asked.tables) for name in CHANGED}
    for seed in range(2 if asked.quick else asked.timelines):
        for name, given in tables.items():
            runs = done.setdefault(name, {})
            if given is not None and str(seed) not in runs:
                runs[str(seed)] = timeline(name, *given, seed)
                asked.out.parent.mkdir(exist_ok=True)
                asked.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")
    show({name: runs for name, runs in done.items() if runs})


if __name__ == "__main__":
    main()
