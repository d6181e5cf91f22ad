"""The ledger at 100,000 entries: appending, proofs, and the full audit.

python bench/log.py [--quick] [--folder FOLDER]

Entries are appended in groups of 1,000, as an import does, and one by one, each waited for until
the disk holds it. What the disk can do is measured beside it. Writes bench/results/log.json.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from assaymark.core.actor import Actor
from assaymark.core.merkle import check_inclusion, leaf_hash
from assaymark.store.ledger import Ledger

ACTOR = Actor(key="f" * 64)
RESULTS = Path(__file__).parent / "results" / "log.json"


def events(first, n):
    return [
        ("source.opened", f"{first + i:064x}", {"who": "metric", "parts": ["train"]})
        for i in range(n)
    ]


def seconds(do):
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


def disk(folder, n=100):
    """Seconds that the disk takes to hold one small write."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:

        def write():
            for _ in range(n):
                file.write(b"x" * 400)
                file.flush()
                os.fsync(file.fileno())

        return seconds(write) / n


def proofs(ledger, n):
    root, times = bytes.fromhex(ledger.root()), []
    for i in range(200):
        index = i * 7919 % n
        found = []
        times.append(seconds(lambda i=index, out=found: out.extend(ledger.inclusion(i))))
        leaf = leaf_hash(ledger.entry(index).canonical())
        check_inclusion(leaf, index, n, [bytes.fromhex(p) for p in found], root)
    return {"median_ms": 1e3 * sorted(times)[100], "worst_ms": 1e3 * max(times)}


def measured(folder, n):
    ledger = Ledger(Path(folder) / "ledger.db")
    audits, grouped, cpu = {}, 0.0, 0.0
    for first in range(0, n, 1000):
        some, before = events(first, 1000), time.process_time()
        grouped += seconds(lambda some=some: ledger.append_all(some, ACTOR))
        cpu += time.process_time() - before
        if first + 1000 in {n // 4, n // 2, n}:
            before = time.process_time()
            ledger.check()
            audits[first + 1000] = round(time.process_time() - before, 3)
    single = seconds(lambda: [ledger.append(*e, ACTOR) for e in events(n, 100)]) / 100
    return {
        "entries": n,
        "append_grouped_per_second": round(n / grouped),
        "append_grouped_per_cpu_second": round(n / cpu),
        "append_single_per_second": round(1 / single),
        "disk_write_ms": round(1e3 * disk(folder), 2),
        "inclusion": {k: round(v, 2) for k, v in proofs(ledger, n + 100).items()},
        "audit_cpu_seconds": audits,
        "bytes": (Path(folder) / "ledger.db").stat().st_size,
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--folder", type=Path, default=None)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        found = measured(folder, 8_000 if asked.quick else 100_000)
    print(json.dumps(found, indent=1))
    if not asked.quick:
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
