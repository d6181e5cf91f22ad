import multiprocessing
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

from assaymark.core.document import sha256
from assaymark.core.recipe import GenerateSpec
from assaymark.core.streams import Streams
from assaymark.errors import InputError, IntegrityError, UnknownNameError
from assaymark.flow.generate.block import Job, make_block
from assaymark.flow.generate.block_plan import merkle_root
from assaymark.flow.generate.engines import blocks_by
from assaymark.flow.generate.fit import fit, model_file
from assaymark.source.load import load
from assaymark.source.profile import profile
from assaymark.source.transform import apply

ROWS, EACH = 1900, 100
STARTER = """
import os, time
from assaymark.flow.generate.engines import worker_pool
with worker_pool(2) as pool:
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def job(stays, tmp_path_factory):
    frame = stays(300).drop("patient")
    train = apply(load(frame, profile(frame, {}).schema), ()).dataset
    spec, streams = GenerateSpec(generator="tree_chain"), Streams.from_seed(1)
    raw = model_file(spec, fit(spec, train, streams, lambda *_: None), streams)
    model = tmp_path_factory.mktemp("model") / "model.zip"
    model.write_bytes(raw)

    def made(folder):
        return Job(
            folder=str(folder),
            model=str(model),
            digest=sha256(raw),
            root=streams.root,
            path=("sample", "0"),
            rows=ROWS,
            block_rows=EACH,
            mark="a mark",
        )

    return made


def whole(job, folder, engine="local", workers=1, numbers=None):
    """Make all blocks and return the root over them, and the bytes of all files."""
    folder.mkdir(exist_ok=True)
    here = job(folder)
    numbers = list(range(here.n_blocks)) if numbers is None else numbers
    blocks = dict(blocks_by(engine, here, numbers, workers))
    files = b"".join(f.read_bytes() for f in sorted(folder.glob("rows-*.parquet")))
    return merkle_root(tuple(blocks[n] for n in sorted(blocks))), sha256(files)


def test_blocks_in_any_order_are_the_same_bytes_and_carry_the_mark(job, tmp_path):
    forwards = whole(job, tmp_path / "a")
    assert forwards == whole(job, tmp_path / "b", numbers=list(range(ROWS // EACH))[::-1])
    rows = pl.read_parquet(tmp_path / "a" / "rows-*.parquet")
    assert rows.height == ROWS
    assert pl.read_parquet_metadata(tmp_path / "a" / "rows-00000.parquet")["assaymark"] == "a mark"
    assert not list((tmp_path / "a").glob(".part-*"))


@pytest.mark.slow
def test_one_two_and_seven_workers_give_the_same_bytes(job, tmp_path):
    alone = whole(job, tmp_path / "1")
    assert whole(job, tmp_path / "2", workers=2) == alone
    assert whole(job, tmp_path / "7", workers=7) == alone


@pytest.mark.slow
def test_a_killed_worker_loses_nothing(job, tmp_path):
    here = job(tmp_path)
    made = blocks_by("local", here, list(range(here.n_blocks)), 2)
    blocks = dict([next(made)])
    os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
    blocks |= dict(made)
    assert sorted(blocks) == list(range(here.n_blocks))
    assert merkle_root(tuple(blocks[n] for n in sorted(blocks))) == whole(job, tmp_path / "w")[0]


@pytest.mark.slow
def test_workers_end_when_what_started_them_is_killed():
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    worker = Path("/proc") / starter.stdout.readline().strip()
    assert worker.exists()
    starter.kill()
    starter.wait()
    give_up = time.monotonic() + 20
    while worker.exists() and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not worker.exists()
    starter.stdout.close()


def test_unknown_and_missing_engines_say_what_to_do(job, tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'local'"):
        whole(job, tmp_path, engine="locl")
    if find_spec("ray") is None:
        with pytest.raises(InputError, match=r"pip install 'assaymark\[ray\]'"):
            whole(job, tmp_path, engine="ray")


def test_another_model_than_the_planned_one_makes_no_block(job, tmp_path):
    here = job(tmp_path)
    with pytest.raises(IntegrityError, match="not the model"):
        make_block(Job(**{f: getattr(here, f) for f in here.__slots__} | {"digest": "0"}), 0)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")
@pytest.mark.filterwarnings("ignore")
def test_a_ray_cluster_gives_the_same_bytes_when_a_node_dies_midway(job, tmp_path):
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    second = cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False)
    try:
        here = job(tmp_path)
        made = blocks_by("ray", here, list(range(here.n_blocks)), 2)
        blocks = dict([next(made), next(made)])
        cluster.remove_node(second, allow_graceful=False)
        blocks |= dict(made)
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert merkle_root(tuple(blocks[n] for n in sorted(blocks))) == whole(job, tmp_path / "w")[0]
