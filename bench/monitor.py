"""Watching a release: false alarms over many looks, changes named, delay, beside two other tools.

    python bench/monitor.py --quick                       # under five minutes
    python bench/monitor.py --seeds 200                   # quiet timelines and changes
    python bench/monitor.py --looks 1000 --timelines 50   # one timeline, a thousand looks
    python bench/monitor.py --cost --rows 10000000        # sketch and comparison
    python bench/monitor.py --peers PYTHON --seeds 12     # PYTHON has evidently and nannyml
    python bench/monitor.py --tables DIR   # NIST ACS 2018 and 2019, heart disease by site
    python bench/monitor.py --tables DIR --splits 200   # halves of one year
    python bench/monitor.py --delays 100   # one group's outcome, up to 200 looks after the change

The population is the demo's 20,000 patients, one encounter each, 15 columns. Reference (8,000 rows)
and batches (1,000 rows) are drawn from it with replacement, so that nothing changes until something
is changed: after 20 quiet looks older patients come more often, laboratory counts are a thousand
times too large, one kind of admission has another code, 5 % of the medication counts are missing,
or early readmission of one group rises by 0.2 standard deviations. Named correctly: that column or
group is among those of the first alarm; of a change of one column, it is the only one. Resumes; a
run is saved when it ends.
"""

from __future__ import annotations

import argparse
import copy
import importlib.resources
import json
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from assaymark.evaluate.statistics import clopper_pearson
from assaymark.monitor.shares import shares_of
from assaymark.monitor.sketch import Sketch, counted, sketch, sketch_of_parts
from assaymark.monitor.watcher import Watcher

OUT = Path(__file__).parent / "results" / "monitor.json"
REFERENCE, BATCH, QUIET, MOST = 8_000, 1_000, 20, 60
FUTURE = 5
LOOKS = (5, 10, 20, 40, 80, 120, 200)
GROUP = "one group's outcome + 0.2 SD"
NUMBERS = (
    *("time_in_hospital", "num_lab_procedures", "num_procedures", "num_medications"),
    *("number_outpatient", "number_emergency", "number_inpatient", "number_diagnoses"),
)
WORDS = (
    *("race", "gender", "age", "admission_type_id", "discharge_disposition_id"),
    *("admission_source_id", "readmitted"),
)
CROSSED = (("race", "readmitted"), ("gender", "readmitted"))
CHANGES = {
    "older patients": "column:age",
    "unit x 1000": "column:num_lab_procedures",
    "category recoded": "column:admission_type_id",
    "5 % missing": "column:num_medications",
    GROUP: "group:race=AfricanAmerican",
}
PEERS = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import pandas as pd
folder = sys.argv[1]
ref = pd.read_parquet(f"{folder}/reference.parquet")
batches = [pd.read_parquet(f"{folder}/{i}.parquet") for i in range(int(sys.argv[2]))]
out = {}
from evidently import Report
from evidently.presets import DataDriftPreset
begun, found = time.process_time(), []
for b in batches:
    rows = Report([DataDriftPreset()]).run(b, ref).dict()["metrics"]
    found.append([r["config"]["column"] for r in rows if "column" in r["config"]
        and float(r["value"]) >= r["config"]["threshold"]
        and "distance" in r["config"]["method"].lower()])
out["evidently"] = {"columns": found, "cpu": time.process_time() - begun}
import nannyml as nml
begun = time.process_time()
names, n = list(ref.columns), len(batches[0])
every = pd.concat(batches, ignore_index=True)
found = [set() for _ in batches]
words = [c for c in names if ref[c].dtype == object]
for made in (
    nml.UnivariateDriftCalculator(column_names=names, chunk_size=n),
    nml.MissingValuesCalculator(column_names=names, chunk_size=n),
    nml.UnseenValuesCalculator(column_names=words, chunk_size=n),
):
    table = made.fit(ref).calculate(every).filter(period="analysis").to_df(multilevel=True)
    for column in table.columns:
        if column[-1] == "alert":
            for i, alert in enumerate(table[column].tolist()):
                if alert:
                    found[i].add(column[0])
out["nannyml"] = {"columns": [sorted(f) for f in found], "cpu": time.process_time() - begun}
print("RESULT" + json.dumps(out))
"""


def population() -> pl.DataFrame:
    """Return one encounter of each patient of the demo's data."""
    with importlib.resources.as_file(
        importlib.resources.files("assaymark") / "data" / "diabetes130.parquet"
    ) as path:
        rows = pl.read_parquet(path)
    rows = rows.unique("patient_nbr", keep="first", maintain_order=True)
    return rows.select(
        *(pl.col(c).cast(pl.Int64) for c in NUMBERS), *(pl.col(c).cast(pl.String) for c in WORDS)
    )


def drawn(rows: pl.DataFrame, n: int, rng: np.random.Generator, change: str = "") -> pl.DataFrame:
    """Draw ``n`` rows with replacement, changed as is said."""
    weight = None
    if change == "older patients":
        old = rows["age"].str.extract(r"(\d+)").cast(pl.Float64).to_numpy()
        weight = (1 + (old >= 70)) / (1 + (old >= 70)).sum()
    batch = rows[rng.choice(rows.height, n, p=weight)]
    if change == "unit x 1000":
        batch = batch.with_columns(pl.col("num_lab_procedures") * 1000)
    if change == "category recoded":
        batch = batch.with_columns(pl.col("admission_type_id").replace("3", "elective"))
    if change == "5 % missing":
        gone = pl.Series(rng.random(n) < 0.05)
        kept = pl.when(gone).then(None).otherwise(pl.col("num_medications"))
        batch = batch.with_columns(num_medications=kept)
    if change == GROUP:
        inside = rows.filter(race="AfricanAmerican")["readmitted"] == "<30"
        share = float(inside.mean())
        extra = 0.2 * np.sqrt(share * (1 - share)) / (1 - share)
        hit = (batch["race"] == "AfricanAmerican").fill_null(value=False).to_numpy()
        turned = pl.Series(hit & (rng.random(n) < extra))
        early = pl.when(turned).then(pl.lit("<30")).otherwise(pl.col("readmitted"))
        batch = batch.with_columns(readmitted=early)
    return batch


def timeline(rows: pl.DataFrame, seed: int, change: str, most: int = MOST) -> dict[str, object]:
    """Watch quiet batches, then changed ones until the alarm; say when and about what it was."""
    rng = np.random.default_rng([seed, *change.encode()])
    reference = sketch(drawn(rows, REFERENCE, rng), CROSSED)
    watcher, begun = Watcher(shares_of(reference)), time.process_time()
    looks = most if change else 2 * most
    for look in range(1, looks + 1):
        what = change if look > QUIET else ""
        watcher.see(shares_of(counted(reference, drawn(rows, BATCH, rng, what))))
        found = watcher.alarms()
        if found:
            names = list(dict.fromkeys(a.share.subject for a in found))
            named = [n for n in names if not n.startswith("pair:")] or names
            return {"look": look, "named": named, "cpu": round(time.process_time() - begun, 2)}
    return {"look": 0, "named": [], "cpu": round(time.process_time() - begun, 2)}


def peers(python: str, rows: pl.DataFrame, seed: int) -> dict[str, object]:
    """Give one stream to three tools: 20 quiet looks, then each change's own 5 looks.

    Every future follows the same quiet looks. A peer judges each look by itself; ours remembers.
    """
    rng = np.random.default_rng([seed, 77])
    before = drawn(rows, REFERENCE, rng)
    batches = [drawn(rows, BATCH, rng) for _ in range(QUIET)]
    batches += [drawn(rows, BATCH, rng, change) for change in CHANGES for _ in range(FUTURE)]
    with tempfile.TemporaryDirectory() as name:
        before.write_parquet(f"{name}/reference.parquet")
        for i, batch in enumerate(batches):
            batch.write_parquet(f"{name}/{i}.parquet")
        done = subprocess.run(
            [python, "-c", PEERS, name, str(len(batches))],
            capture_output=True,
            text=True,
            check=True,
        )
    found = {"assaymark": ours(before, batches), **json.loads(done.stdout.rpartition("RESULT")[2])}
    return {tool: judged(seen) for tool, seen in found.items()}


def ours(before: pl.DataFrame, batches: list[pl.DataFrame]) -> dict[str, object]:
    """Return the subjects of the alarms after each look, and the CPU seconds of all."""
    begun = time.process_time()
    reference = sketch(before, CROSSED)
    quiet, named = Watcher(shares_of(reference)), []
    for i, batch in enumerate(batches):
        if i >= QUIET and (i - QUIET) % FUTURE == 0:
            watcher = copy.copy(quiet)
        if i < QUIET:
            watcher = quiet
        watcher.see(shares_of(counted(reference, batch)))
        subjects = dict.fromkeys(a.share.subject for a in watcher.alarms())
        alone = [n for n in subjects if not n.startswith("pair:")]
        named.append([n.removeprefix("column:") for n in alone or subjects])
    return {"columns": named, "cpu": time.process_time() - begun}


def judged(seen: dict) -> dict[str, object]:
    """Return which quiet looks had an alarm, and of each change when, and about what."""
    futures = {}
    for i, change in enumerate(CHANGES):
        looks = seen["columns"][QUIET + i * FUTURE : QUIET + (i + 1) * FUTURE]
        after = next((j for j, names in enumerate(looks, 1) if names), 0)
        right = CHANGES[change].removeprefix("column:")
        first = next((j for j, names in enumerate(looks, 1) if right in names), 0)
        alone = bool(first) and looks[first - 1] == [right]
        futures[change] = {"alarm": after, "named": first, "alone": alone}
    return {
        "quiet": [int(bool(names)) for names in seen["columns"][:QUIET]],
        "futures": futures,
        "cpu": round(seen["cpu"], 2),
    }


def show_peers(runs: list[dict]) -> None:
    """Print false alarms and delays of each tool as rates."""
    for tool in runs[0]:
        mine = [r[tool] for r in runs]
        looks = clopper_pearson(sum(sum(m["quiet"]) for m in mine), QUIET * len(mine))
        streams = clopper_pearson(sum(any(m["quiet"]) for m in mine), len(mine))
        print(f"{tool}: {len(mine)} streams, quiet looks with an alarm {looks}")
        print(f"  streams with one {streams}, CPU s a look", end=" ")
        each = QUIET + FUTURE * len(CHANGES)
        print(f"{np.mean([m['cpu'] for m in mine]) / each:.3f}")
        for change in CHANGES:
            named = [m["futures"][change]["named"] for m in mine]
            alone = sum(m["futures"][change]["alone"] for m in mine)
            late = [n for n in named if n]
            middle = np.median(late) if late else float("nan")
            print(f"  {change}: named {len(late)}, alone {alone}, median look {middle:g}")


def long_timeline(seed: int, looks: int) -> dict[str, object]:
    """Watch an unchanging made-up table, 100 rows a look; the largest evidence ever is kept."""
    rng = np.random.default_rng([seed, looks])

    def rows(n: int) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "x": rng.normal(size=n),
                "y": rng.exponential(size=n),
                "c": np.array(list("abcde"))[rng.choice(5, n, p=[0.5, 0.2, 0.15, 0.1, 0.05])],
                "ill": rng.random(n) < 0.1,
            }
        )

    reference = sketch(rows(2_000), (("c", "ill"),))
    watcher, first = Watcher(shares_of(reference)), 0
    for look in range(1, looks + 1):
        watcher.see(shares_of(counted(reference, rows(100))))
        if watcher.surest() >= 0 and not first:
            first = look
            break
    return {"look": first}


def cost(n: int) -> dict[str, object]:
    """Sketch ``n`` rows of 15 columns part by part, and compare two sketches."""
    rows, rng = population(), np.random.default_rng(0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, begun = time.process_time(), time.perf_counter()
    made = sketch_of_parts(
        (drawn(rows, min(500_000, n), rng) for _ in range(max(1, n // 500_000))), CROSSED
    )
    spent, wall = time.process_time() - cpu, time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    parsed, begun = Sketch.parse(made.canonical()), time.perf_counter()
    watcher = Watcher(shares_of(parsed))
    watcher.see(shares_of(parsed))
    watcher.alarms()
    return {
        "rows": made.n,
        "cpu": round(spent, 1),
        "wall": round(wall, 1),
        "peak MiB more": round((peak - before) / 1024),
        "compare s": round(time.perf_counter() - begun, 3),
        "bytes": len(made.canonical()),
    }


def of_tables(folder: Path) -> dict[str, object]:
    """Hold later years and other sites against earlier ones, and halves against each other."""
    found: dict[str, object] = {}
    then, now = (pl.read_parquet(folder / f"nist_acs/national{y}.parquet") for y in (2018, 2019))
    heart = pl.read_parquet(folder / "heart_uci.parquet")
    site = heart.group_by("site").len().sort("len", descending=True)["site"].to_list()
    parts = {s: heart.filter(site=s).drop("site") for s in site}
    known = {s.lower(): s for s in site}
    first = next(known[s] for s in known if "cleveland" in s)
    other = next(known[s] for s in known if "va" in s or "long" in s)
    half = then.sample(fraction=1.0, shuffle=True, seed=1)
    cases = {
        "NIST ACS 2018 to 2019": (then, now.select(then.columns)),
        "NIST ACS 2018, two halves": (half.head(then.height // 2), half.tail(then.height // 2)),
        f"heart disease, {first} to {other}": (parts[first], parts[other]),
    }
    for name, (before, after) in cases.items():
        reference = sketch(before)
        watcher = Watcher(shares_of(reference))
        for batch in after.sample(fraction=1.0, shuffle=True, seed=2).iter_slices(500):
            watcher.see(shares_of(counted(reference, batch)))
        alarms = watcher.alarms()
        columns = dict.fromkeys(a.share.subject for a in alarms if a.share.kind == "column")
        pairs = dict.fromkeys(a.share.subject for a in alarms if a.share.kind == "pair")
        names = [p.partition(":")[2] for p in pairs]
        found[name] = {
            "columns": [c.partition(":")[2] for c in columns],
            "pairs": len(pairs),
            "first pairs": names[:3],
        }
    return found


def split_year(then: pl.DataFrame, seed: int) -> dict[str, object]:
    """Hold one half of a year against the other, 500 rows a look; say what raised an alarm."""
    rows = then.sample(fraction=1.0, shuffle=True, seed=seed)
    reference = sketch(rows.head(rows.height // 2))
    watcher = Watcher(shares_of(reference))
    for batch in rows.tail(rows.height - rows.height // 2).iter_slices(500):
        watcher.see(shares_of(counted(reference, batch)))
        if watcher.surest() >= 0:
            return {"look": watcher.looks, "named": watcher.alarms()[0].share.subject}
    return {"look": 0, "named": ""}


def _named(names: list[str], change: str) -> bool:
    alone = change in {"unit x 1000", "category recoded", "5 % missing"}
    return names == [CHANGES[change]] if alone else CHANGES[change] in names


def show(done: dict[str, dict]) -> None:
    """Print the rates."""
    for change in ("", *CHANGES):
        runs = list(done.get(f"timeline {change}", {}).values())
        if not runs:
            continue
        early = clopper_pearson(sum(0 < r["look"] <= QUIET for r in runs), len(runs))
        if not change:
            any_ = clopper_pearson(sum(r["look"] > 0 for r in runs), len(runs))
            print(f"quiet, {2 * MOST} looks: {len(runs)} timelines, any alarm {any_}")
            continue
        late = [r for r in runs if r["look"] > QUIET]
        right = sum(_named(r["named"], change) for r in late)
        delay = np.median([r["look"] - QUIET for r in late]) if late else float("nan")
        print(
            f"{change}: {len(runs)} timelines, alarms before {early.value:.3f}, found {len(late)}, "
            f"named {right}, median delay {delay:g} looks"
        )
    splits = list(done.get("splits of NIST ACS 2018", {}).values())
    if splits:
        any_ = clopper_pearson(sum(r["look"] > 0 for r in splits), len(splits))
        print(f"halves of one year: {len(splits)} splits, any alarm {any_}")
    late = [r["look"] - QUIET for r in done.get("delays", {}).values()]
    if late:
        seen = sorted(x for x in late if x > 0)
        quarters = [f"{len([x for x in seen if x <= k]) / len(late):.0%} by {k}" for k in LOOKS]
        print(f"one group's outcome, {len(late)} timelines: found {', '.join(quarters)} looks")
    if done.get("peers"):
        show_peers(list(done["peers"].values()))
    for key, value in done.items():
        if not key.startswith(("timeline", "splits", "delays", "peers")):
            print(key, json.dumps(value)[:600])


def main() -> None:
    """Run what is asked for and not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--looks", type=int, default=1_000)
    parser.add_argument("--timelines", type=int, default=0)
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--peers", default="")
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--splits", type=int, default=0)
    parser.add_argument("--delays", type=int, default=0)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    done = json.loads(asked.out.read_text()) if asked.out.exists() else {}

    def save() -> None:
        asked.out.parent.mkdir(exist_ok=True)
        asked.out.write_text(json.dumps(done, indent=0, sort_keys=True) + "\n")

    seeds = 2 if asked.quick else asked.seeds
    rows = population()
    for seed in range(seeds):
        for change in ("", *CHANGES):
            if not asked.peers:
                runs = done.setdefault(f"timeline {change}", {})
                if str(seed) not in runs:
                    runs[str(seed)] = timeline(rows, seed, change)
                    save()
    for seed in range(seeds if asked.peers else 0):
        runs = done.setdefault("peers", {})
        if str(seed) not in runs:
            runs[str(seed)] = peers(asked.peers, rows, seed)
            save()
    for seed in range(2 if asked.quick else asked.timelines):
        looks = 100 if asked.quick else asked.looks
        runs = done.setdefault(f"long, {looks} looks", {})
        if str(seed) not in runs:
            runs[str(seed)] = long_timeline(seed, looks)
            save()
    if asked.cost or asked.quick:
        done["cost"] = cost(500_000 if asked.quick else asked.rows)
        save()
    if asked.tables and not asked.splits:
        done["tables"] = of_tables(asked.tables)
        save()
    if asked.splits:
        then = pl.read_parquet(asked.tables / "nist_acs/national2018.parquet")
        runs = done.setdefault("splits of NIST ACS 2018", {})
        for seed in range(asked.splits):
            if str(seed) not in runs:
                runs[str(seed)] = split_year(then, seed)
                save()
    for seed in range(asked.delays):
        runs = done.setdefault("delays", {})
        if str(seed) not in runs:
            runs[str(seed)] = timeline(rows, seed, GROUP, QUIET + LOOKS[-1])
            save()
    show(done)


if __name__ == "__main__":
    main()
