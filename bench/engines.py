"""How long fitting and sampling take at scale, and what memory they need.

    python bench/engines.py             # all parts; one that is in the results is not run again
    python bench/engines.py --quick     # a hundredth of the rows, results are not kept
    python bench/engines.py --part "10,000,000 rows" --again

Tables are those of ``policy_simulation.py`` (14 columns) and one column more, or several such side
by side, told apart by name; or decimals all of which go together. Each part runs in a process of
its own, so that its peak memory is that part's; where work is done by several processes, peaks are
added. CPU seconds are those of all processes: on a machine that does other work beside, they are
the figure to look at. Raw results go to ``bench/results/engines.json``, with the load of the
machine before each part.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from policy_simulation import population
from scale import WIDE

from assaymark.core.dataset import Dataset
from assaymark.core.document import sha256
from assaymark.core.private_source import PrivateSource
from assaymark.core.recipe import GenerateSpec
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.flow.generate.block import Job, make_block
from assaymark.flow.generate.block_plan import merkle_root
from assaymark.flow.generate.engines import blocks_by
from assaymark.flow.generate.fit import model_file
from assaymark.generate import generators

if TYPE_CHECKING:
    from collections.abc import Callable

    from assaymark.core.protocols import Model

OUT = Path(__file__).parent / "results" / "engines.json"
Found = dict[str, float | str]


def table(rows: int, columns: int) -> Dataset:
    """Return ``rows`` people with ``columns`` columns: copies of the population, side by side."""
    parts, made = [], []
    for copy in range(-(-columns // len(WIDE.columns))):
        rng = np.random.default_rng([copy, rows])
        frame = population(rows, rng).frame.with_columns(visits=pl.Series(rng.poisson(3, rows)))
        names = {c.name: f"{c.name}_{copy}" if copy else c.name for c in WIDE.columns}
        parts.append(frame.cast({"visits": pl.Int64}).rename(names))
        made += [type(c)(name=names[c.name], kind=c.kind) for c in WIDE.columns]
    kept = tuple(made[:columns])
    frame = pl.concat(parts, how="horizontal").select([c.name for c in kept])
    return Dataset(schema=Schema(columns=kept), frame=frame)


def related(rows: int, columns: int) -> Dataset:
    """Return ``rows`` people with ``columns`` decimals, all of which go with all others.

    Each is a mixture of twelve factors and noise of its own: every pair has to be looked at.
    """
    rng = np.random.default_rng(rows)
    factors, loads = rng.normal(size=(rows, 12)), rng.normal(size=(12, columns))
    values = np.round(20 + 3 * (factors @ loads + 1.5 * rng.normal(size=(rows, columns))), 2)
    names = [f"measure_{j}" for j in range(columns)]
    schema = Schema(columns=tuple(Column(name=n, kind=Kind.DECIMAL) for n in names))
    return Dataset(schema=schema, frame=pl.DataFrame(values, schema=names))


def fitted(data: Dataset) -> tuple[Model, Found]:
    """Fit the default generator; the machine code is made before the clock starts."""
    first = PrivateSource(_rows=data.take(np.arange(min(data.n, 500))), record=lambda *_: None)
    generators.build("tree_chain").fit(first, Streams.from_seed(1)).sample(range(9), Streams(b""))
    source = PrivateSource(_rows=data, record=lambda *_: None)
    begun, cpu = time.perf_counter(), time.process_time()
    model = generators.build("tree_chain").fit(source, Streams.from_seed(1))
    spent = {"seconds": time.perf_counter() - begun, "cpu": time.process_time() - cpu}
    return model, spent


def fit(rows: int, columns: int, made: Callable[[int, int], Dataset] = table) -> Found:
    """Fit, and say how long it took and how many rows a CPU second the model then gives."""
    model, spent = fitted(made(rows, columns))
    return {**spent, **sampled(model, max(rows // 4, 20_000))}


def sampled(model: Model, rows: int) -> Found:
    """Return rows a CPU second of three goes, the best and the middle one."""
    spent = []
    for go in range(3):
        cpu = time.process_time()
        model.sample(range(go * rows, (go + 1) * rows), Streams.from_seed(2))
        spent.append(time.process_time() - cpu)
    best, middle, _ = sorted(spent)
    return {"rows/CPU s, best of 3": rows / best, "rows/CPU s, middle": rows / middle}


def blocks(rows: int, engine: str, workers: int) -> Found:
    """Write ``rows`` rows of 15 columns as Parquet blocks; the fit is not timed."""
    model, _ = fitted(table(20_000, 15))
    folder = Path(tempfile.mkdtemp(prefix="assaymark-"))
    try:
        spec, streams = GenerateSpec(generator="tree_chain"), Streams.from_seed(1)
        raw = model_file(spec, model, streams)
        (folder / "model.zip").write_bytes(raw)
        job = Job(
            folder=str(folder),
            model=str(folder / "model.zip"),
            digest=sha256(raw),
            root=streams.root,
            path=("sample", "0"),
            rows=rows,
            block_rows=min(262_144, -(-rows // 8)),
            mark="bench",
        )
        if engine == "ray":
            import ray

            ray.init(num_cpus=workers, log_to_driver=False)
        begun, cpu = time.perf_counter(), _cpu()
        if engine == "threads":
            with ThreadPoolExecutor(workers) as pool:
                made = dict(enumerate(pool.map(partial(make_block, job), range(job.n_blocks))))
        else:
            made = dict(blocks_by(engine, job, range(job.n_blocks), workers))
        seconds, spent = time.perf_counter() - begun, _cpu() - cpu
        root = merkle_root(tuple(made[n] for n in sorted(made)))
        size = sum(b.size for b in made.values())
    finally:
        shutil.rmtree(folder)
    found: Found = {"seconds": seconds, "bytes a row": size / rows, "root": root[:16]}
    found["workers' GiB"] = _gib(resource.RUSAGE_CHILDREN) * (workers if workers > 1 else 0)
    return found if engine == "ray" else {**found, "cpu": spent, "rows/CPU s": rows / spent}


def _cpu() -> float:
    """Return CPU seconds of this process and of those that it started and that ended."""
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def _gib(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 2**20


PARTS: dict[str, tuple[Callable[..., Found], tuple[object, ...], str]] = {
    "fit and sample 23,000 x 15": (fit, (23_000, 15), "800,000 rows a CPU second"),
    "fit 1,000,000 x 30": (fit, (1_000_000, 30), "120 s, 6 GiB"),
    "fit 20,000 x 300": (fit, (20_000, 300), "120 s"),
    "fit 20,000 x 300, all related": (fit, (20_000, 300, related), "120 s"),
    "10,000,000 rows, local, 2 workers": (blocks, (10_000_000, "local", 2), "30 s, 2 GiB"),
    "2,000,000 rows, local, 1 worker": (blocks, (2_000_000, "local", 1), ""),
    "2,000,000 rows, local, 2 workers": (blocks, (2_000_000, "local", 2), ""),
    "2,000,000 rows, threads, 2 workers": (blocks, (2_000_000, "threads", 2), ""),
    "2,000,000 rows, ray, 2 workers": (blocks, (2_000_000, "ray", 2), ""),
}


def _inside(work: Callable[..., Found], how: tuple[object, ...]) -> Found:
    load = os.getloadavg()[0]
    found = {**work(*how), "GiB": _gib(resource.RUSAGE_SELF), "load before": load}
    return {k: v if isinstance(v, str) else float(f"{v:.4g}") for k, v in found.items()}


def main() -> None:
    """Run the parts that are not there, keep and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--again", action="store_true", help="run parts that are there, too")
    parser.add_argument("--part", default="", help="only parts whose name has this in it")
    asked = parser.parse_args()
    kept = json.loads(OUT.read_text()) if OUT.exists() and not asked.quick else {}
    for name, (work, how, wanted) in PARTS.items():
        skip = (name in kept and not asked.again) or asked.part not in name
        if skip or ("ray" in how and find_spec("ray") is None):
            continue
        if asked.quick:
            how = (max(int(how[0]) // 100, 500), *how[1:])
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            found = pool.submit(_inside, work, how).result()
        kept[name] = {"asked": wanted, **found}
        print(name, kept[name], flush=True)
        if not asked.quick:
            OUT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
