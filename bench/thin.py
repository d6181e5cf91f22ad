"""What sampling a table larger than memory costs: seconds, and the most memory that was used.

    python bench/thin.py            # CSV 1,500,000 rows, Parquet 10,000,000, SQLite 1,000,000
    python bench/thin.py --quick    # a hundredth of it, results are not kept

The table is that of ``engines.py``, written again and again until there are enough rows. 200,000
rows are drawn. Each part runs in a process of its own, whose peak memory and CPU seconds are given
beside the size of the source on disk; what the same rows take in memory is estimated from one
stretch. Raw results go to ``bench/results/thin.json``.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sqlite3
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import polars as pl
from engines import table

from assaymark.flow.source.thin import sample_source

OUT = Path(__file__).parent / "results" / "thin.json"
ROWS = 200_000


def written(folder: Path, kind: str, rows: int, each: int) -> tuple[str, str, int]:
    """Write the table in parts of ``each`` rows; return place, query and bytes on disk."""
    frame = table(each, 30).frame
    many = max(rows // each, 1)
    if kind == "parquet":
        (folder / "parts").mkdir()
        for i in range(many):
            frame.write_parquet(folder / "parts" / f"part-{i:03d}.parquet")
        return str(folder / "parts"), "", sum(f.stat().st_size for f in folder.rglob("*.parquet"))
    if kind == "csv":
        file = folder / "all.csv"
        with file.open("wb") as out:
            for i in range(many):
                frame.write_csv(out, include_header=i == 0)
        return str(file), "", file.stat().st_size
    file = folder / "all.db"
    there = sqlite3.connect(file)
    names = ", ".join(f'"{c}"' for c in frame.columns[:15])
    there.execute(f"create table people ({names})")
    for _ in range(many):
        rows_ = frame.select(frame.columns[:15]).iter_rows()
        there.executemany(f"insert into people values ({', '.join('?' * 15)})", rows_)
    there.commit()
    there.close()
    return f"sqlite:///{file}", "select * from people", file.stat().st_size


def sampled(place: str, query: str, out: str, rows: int) -> dict[str, float]:
    """Draw the sample, and say what it took."""
    begun, cpu = time.perf_counter(), time.process_time()
    made = sample_source(place, Path(out), rows=rows, query=query, seed=1)
    return {
        "rows": made.n,
        "drawn": made.rows,
        "seconds": round(time.perf_counter() - begun, 1),
        "cpu": round(time.process_time() - cpu, 1),
        "peak GiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }


def main() -> None:
    """Run the parts, print and keep them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--part", default="", help="only parts whose name has this in it")
    asked = parser.parse_args()
    less = 100 if asked.quick else 1
    kept = json.loads(OUT.read_text()) if OUT.exists() else {}
    for kind, rows, each in (
        ("csv", 1_500_000, 500_000),
        ("parquet", 10_000_000, 1_000_000),
        ("sqlite", 1_000_000, 500_000),
    ):
        if asked.part not in kind:
            continue
        with tempfile.TemporaryDirectory(prefix="assaymark-") as name:
            folder = Path(name)
            place, query, size = written(folder, kind, rows // less, each // less)
            load = os.getloadavg()[0]
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                how = place, query, str(folder / "sample.parquet"), ROWS // less
                found = pool.submit(sampled, *how).result()
            held = pl.read_parquet(folder / "sample.parquet").estimated_size() * found["rows"]
        kept[kind] = {
            **found,
            "GiB on disk": round(size / 2**30, 2),
            "GiB in memory, all rows": round(held / found["drawn"] / 2**30, 2),
            "load before": round(load, 1),
        }
        print(kind, kept[kind], flush=True)
        if not asked.quick:
            OUT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
