"""Do constraints hold on every row, and what do they cost?

    python bench/constraints.py [--quick] [--rows N]

A table of 12 columns with eight kinds of constraint is made, the default generator is fitted once,
and N rows (a million) are drawn without and with the constraints. Each constraint is then counted
by hand on every row: how many rows break it where nothing was asked, and with it. Raw results go
to bench/results/constraints.json.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.core.recipe import GenerateSpec, parse_recipe
from assaymark.core.streams import Streams
from assaymark.flow.generate.fit import fit
from assaymark.source.load import load
from assaymark.source.profile import profile

RESULTS = Path(__file__).parent / "results" / "constraints.json"
RECIPE = """
name = "constraints"
[source]
path = "none"
[[constraint]]
kind = "range"
column = "age"
low = 18
high = 99
[[constraint]]
kind = "inequality"
low = "came"
high = "went"
[[constraint]]
kind = "fixed"
columns = ["city", "land"]
[[constraint]]
kind = "sum"
total = "cost"
parts = ["drugs", "staff"]
[[constraint]]
kind = "one_hot"
columns = ["red", "green", "blue"]
[[constraint]]
kind = "implies"
when = "sex == 'M'"
then = "births == 0"
[[constraint]]
kind = "pattern"
column = "code"
pattern = "[A-C][0-9]{2}"
[[constraint]]
kind = "rule"
rule = "lowest <= highest and (age >= 60 or highest < 200)"
"""


def made(n: int, seed: int = 0) -> pl.DataFrame:
    """Return a source that keeps to the constraints."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 95, n)
    city = rng.integers(0, 40, n)
    sex = rng.choice(["F", "M"], n)
    which = rng.integers(0, 3, n)
    came = np.datetime64("2022-01-01") + rng.integers(0, 900, n)
    drugs, staff = np.round(rng.gamma(2, 300, n), 2), np.round(rng.gamma(3, 500, n), 2)
    lowest = rng.integers(50, 110, n)
    highest = np.minimum(lowest + rng.gamma(2, 20 + age / 4, n).astype(int), 260)
    return pl.DataFrame(
        {
            "age": age,
            "sex": sex,
            "city": [f"city {c}" for c in city],
            "land": [f"land {c % 9}" for c in city],
            "code": [f"{'ABC'[c % 3]}{c:02d}" for c in city],
            "births": np.where(sex == "F", rng.poisson(1.3, n), 0),
            "red": (which == 0).astype(int),
            "green": (which == 1).astype(int),
            "blue": (which == 2).astype(int),
            "came": came,
            "went": came + rng.integers(0, 40, n),
            "drugs": drugs,
            "staff": staff,
            "cost": np.round(drugs + staff, 2),
            "lowest": lowest,
            "highest": np.where(age >= 60, highest, np.minimum(highest, 199)),
        }
    )


def broken(frame: pl.DataFrame) -> dict[str, int]:
    """Count by hand the rows that break each constraint."""
    lands = frame["city"].str.slice(5).cast(pl.Int64) % 9
    lit = frame["red"] + frame["green"] + frame["blue"]
    rest = frame["cost"] - frame["drugs"] - frame["staff"]
    young = (frame["age"] < 60) & (frame["highest"] >= 200)
    return {
        "range": int((~frame["age"].is_between(18, 99)).sum()),
        "inequality": int((frame["came"] > frame["went"]).sum()),
        "fixed": int((frame["land"] != "land " + lands.cast(pl.String)).sum()),
        "sum": int((rest.abs() > 0.005).sum()),
        "one_hot": int((lit != 1).sum()),
        "implies": int(((frame["sex"] == "M") & (frame["births"] > 0)).sum()),
        "pattern": int((~frame["code"].str.contains(r"^[A-C][0-9]{2}$")).sum()),
        "rule": int(((frame["lowest"] > frame["highest"]) | young).sum()),
    }


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20,000 rows")
    parser.add_argument("--rows", type=int, default=1_000_000)
    ask = parser.parse_args()
    rows = 20_000 if ask.quick else ask.rows
    source = made(20_000)
    data: Dataset = load(source, profile(source, {}).schema)
    out: dict[str, dict[str, object]] = {"source": {"rows": data.n, "broken": broken(data.frame)}}
    given = parse_recipe(RECIPE.encode()).generate
    for name, spec in (("unconstrained", GenerateSpec()), ("constrained", given)):
        model = fit(spec, data, Streams.from_seed(1), lambda *_: None)
        model.sample(range(10), Streams.from_seed(2))
        start = time.process_time()
        frame = model.sample(range(rows), Streams.from_seed(2)).frame
        out[name] = {
            "rows": frame.height,
            "cpu_s": round(time.process_time() - start, 1),
            "broken": broken(frame),
        }
        print(f"{name}: {out[name]}")
    if not ask.quick:
        RESULTS.write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
