import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from assaymark.cli.app import app
from assaymark.errors import InputError, IntegrityError
from assaymark.flow.generate.block_plan import BlockFolder
from assaymark.flow.generate.block_run import Asked, write_blocks
from assaymark.flow.generate.draft import MARK

ASKED = Asked(rows=950, seed=1, workers=1, block_rows=100)
SCRIPT = """
import resource, sys, time
from pathlib import Path
from assaymark.flow.generate.block_run import Asked, write_blocks
def slow(stage, said, share=None):
    if share is not None and stage == "generate" and "rows/s" in said:
        print(said, flush=True)
        time.sleep(float(sys.argv[1]))
        if float(sys.argv[1]) == 0:
            resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
asked = Asked(rows=950, seed=1, workers=1, block_rows=100)
write_blocks(Path("stays.csv"), Path("out"), asked, slow)
"""


@pytest.fixture(scope="module")
def finished(stays, tmp_path_factory):
    """A folder with a table and the finished blocks of it."""
    there = tmp_path_factory.mktemp("blocks")
    stays(300).write_csv(there / "stays.csv")
    made = write_blocks(there / "stays.csv", there / "out", ASKED)
    assert (made.n, made.blocks, made.made, made.found) == (950, 10, 10, 0)
    return there


@pytest.fixture
def here(finished, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path


def again(asked=ASKED):
    return write_blocks(Path("stays.csv"), Path("out"), asked)


def files():
    return {f.name: f.read_bytes() for f in sorted(Path("out").glob("rows-*"))}


def unfinished():
    """Make the folder one that was begun, with none of its blocks."""
    for f in Path("out").glob("rows-*"):
        f.unlink()
    Path("out/manifest.json").unlink()


def test_a_folder_says_that_it_is_ungated_and_what_must_not_be_handed_on(here):
    assert Path("out/UNGATED.txt").read_text() == f"{MARK}\n"
    assert pl.read_parquet_metadata("out/rows-00003.parquet")["assaymark"] == MARK
    rows = pl.read_parquet("out/rows-*.parquet")
    assert rows.height == 950
    assert rows.columns == ["age", "sex", "days", "ill"]
    assert Path("out/private").stat().st_mode & 0o777 == 0o700
    assert Path("out/private/model.zip").stat().st_mode & 0o777 == 0o600
    assert not Path("out/private/root").exists()  # a public seed was given
    manifest = BlockFolder(Path("out")).check()
    assert not manifest.plan.gated
    assert [b.first for b in manifest.blocks] == list(range(0, 950, 100))


def test_the_same_command_again_makes_nothing(here):
    before = files()
    made = again()
    assert (made.made, made.found) == (0, 10)
    assert files() == before


def test_a_corrupt_a_short_and_a_lost_block_are_found_by_digest_and_made_again(here):
    before, root = files(), BlockFolder(Path("out")).check().merkle_root
    corrupt, short, lost = (Path("out", f"rows-0000{i}.parquet") for i in (1, 4, 7))
    raw = before[corrupt.name]
    corrupt.write_bytes(raw[:300] + bytes([raw[300] ^ 1]) + raw[301:])
    short.write_bytes(before[short.name][:-5])
    lost.unlink()
    with pytest.raises(IntegrityError, match="3 blocks were altered or are missing"):
        BlockFolder(Path("out")).check()
    made = again()
    assert made.redone == (corrupt.name, short.name, lost.name)
    assert made.lost == (lost.name,)
    assert made.merkle_root == root
    assert files() == before


def test_an_altered_model_of_a_finished_folder_is_seen_though_no_block_is_missing(here):
    model = Path("out/private/model.zip")
    model.write_bytes(model.read_bytes()[:-1] + b"x")
    with pytest.raises(IntegrityError, match="not the model that the blocks are planned with"):
        again()
    model.unlink()
    assert again().made == 0


def test_a_block_that_was_not_noted_when_the_command_ended_is_not_said_to_be_altered(here):
    manifest = BlockFolder(Path("out")).check()
    Path("out/manifest.json").unlink()
    noted = b"\n".join(b.canonical() for b in manifest.blocks[:8])
    Path("out/private/done.jsonl").write_bytes(noted)
    altered = Path("out/rows-00002.parquet")
    altered.write_bytes(b"")
    said = CliRunner().invoke(app, ["show", "out"]).stdout
    assert "An ungated draft, no release: rows of 'stays'" in said
    assert "8 of 10 are there; not finished" in said
    made = again()
    assert made.redone == (altered.name, "rows-00008.parquet", "rows-00009.parquet")
    assert made.unfinished == ("rows-00008.parquet", "rows-00009.parquet")
    assert made.lost == ()
    shown = json.loads(CliRunner().invoke(app, ["show", "out", "--json"]).stdout)
    assert (shown["finished"], shown["there"], shown["n"]) == (True, 10, 950)


def test_a_manifest_or_model_that_was_altered_is_not_followed(here):
    shutil.copytree("out", "kept")
    manifest = Path("out/manifest.json")
    digest = BlockFolder(Path("out")).check().blocks[2].sha256
    manifest.write_text(manifest.read_text().replace(digest, "0" * 64))
    with pytest.raises(IntegrityError, match="root"):
        BlockFolder(Path("out")).check()
    with pytest.raises(IntegrityError, match=r"rows-00002\.parquet was made again and is not"):
        again()
    Path("kept/rows-00002.parquet").unlink()
    model = Path("kept/private/model.zip")
    model.write_bytes(model.read_bytes()[:-1] + b"x")
    with pytest.raises(IntegrityError, match="not the model"):
        write_blocks(Path("stays.csv"), Path("kept"), ASKED)


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        (Asked(rows=960, seed=1, block_rows=100), "another number of rows"),
        (Asked(rows=950, seed=2, block_rows=100), "another source|another seed"),
        (Asked(rows=950, seed=1, block_rows=50), "other sizes"),
        (Asked(rows=950, seed=1, block_rows=100, generator="independent"), "another generator"),
        (Asked(rows=950, seed=1, block_rows=100, parameters={"k": 50}), "other parameters"),
        (Asked(rows=950, seed=1, block_rows=100, keep=("sex",)), "other columns to --keep"),
    ],
)
def test_blocks_of_another_plan_are_not_mixed_in(here, asked, what):
    with pytest.raises(InputError, match=what):
        again(asked)


def test_a_source_that_changed_a_foreign_folder_and_a_locked_one_are_refused(here):
    with Path("stays.csv").open("a") as table:
        table.write("p99999,33,f,2,no\n")
    with pytest.raises(InputError, match="source has changed"):
        again()
    with pytest.raises(InputError, match="there is no file"):
        write_blocks(Path("nothing.csv"), Path("new"), ASKED)
    assert not Path("new").exists()
    with pytest.raises(InputError, match="'s3://bucket/new': it is an address"):
        write_blocks(Path("stays.csv"), Path("s3://bucket/new"), ASKED)
    assert not Path("s3:").exists()
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("x")
    with pytest.raises(InputError, match="holds something else"):
        write_blocks(Path("stays.csv"), Path("mine"), ASKED)
    with (
        BlockFolder(Path("out")).lock(),
        pytest.raises(InputError, match="another process"),
        BlockFolder(Path("out")).lock(),
    ):
        pass


def test_a_log_that_was_torn_and_files_that_were_not_ended_do_no_harm(here):
    before = files()
    unfinished()
    folder = BlockFolder(Path("out"))
    blocks = folder.done()
    assert blocks == {}
    Path("out/private/done.jsonl").write_bytes(b'{"file": "rows-000')
    Path("out/.part-x").write_bytes(b"half")
    assert again().made == 10
    assert files() == before
    assert not list(Path("out").glob(".part-*"))


def script(wait):
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(wait)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )


@pytest.mark.slow
def test_kill_midway_leaves_a_folder_that_goes_on(here):
    before = files()
    unfinished()
    work = script(wait=0.2)
    for _ in range(3):
        assert "rows/s" in work.stdout.readline()
    os.kill(work.pid, signal.SIGKILL)
    work.communicate()
    made = again()
    assert made.found >= 3
    assert made.made + made.found == 10
    assert files() == before


@pytest.mark.slow
def test_disk_full_midway_leaves_a_folder_that_goes_on(here):
    before = files()
    unfinished()
    work = script(wait=0)
    _, complaint = work.communicate()
    assert work.returncode == 1
    assert "make room, then start the same command again" in complaint
    assert not Path("out/manifest.json").exists()
    made = again()
    assert made.found == 1
    assert files() == before


def test_what_was_lost_with_private_is_fitted_and_made_again(here):
    before, root = files(), BlockFolder(Path("out")).check().merkle_root
    shutil.rmtree("out/private")
    made = again()
    assert (made.made, made.found) == (0, 10)  # as a folder that was handed on
    assert not Path("out/private/model.zip").exists()
    Path("out/rows-00003.parquet").unlink()
    Path("out/report.html").unlink()
    Path("out/UNGATED.txt").unlink()
    Path("out/plan.json").unlink()  # the manifest has it
    made = again()
    assert (made.made, made.redone, made.merkle_root) == (1, ("rows-00003.parquet",), root)
    assert files() == before
    there = {f.name for f in Path("out").iterdir()} - set(before)
    assert there == {"UNGATED.txt", "manifest.json", "plan.json", "private", "report.html"}


def test_a_model_lost_from_a_finished_folder_is_fitted_again(here):
    model = Path("out/private/model.zip")
    whole = model.read_bytes()
    model.unlink()
    made = again()
    assert (made.made, made.found) == (0, 10)
    assert model.read_bytes() == whole
    assert any("private holds the fitted model" in n for n in made.notices)
    shutil.rmtree("out/private")
    assert any("private holds no fitted model" in n for n in again().notices)
    assert any("private holds no fitted model" in n for n in again().notices)
    assert not model.exists()


def test_a_lost_secret_is_said_and_what_is_whole(here):
    unseeded = Asked(rows=950, workers=1, block_rows=100)
    write_blocks(Path("stays.csv"), Path("other"), unseeded)
    shutil.rmtree("other/private")
    Path("other/rows-00003.parquet").unlink()
    with pytest.raises(InputError, match="none can be made again; 9 of 10 blocks are whole"):
        write_blocks(Path("stays.csv"), Path("other"), unseeded)


def test_a_damaged_plan_is_named_and_blocks_of_a_lost_one_are_not_mixed_in(here):
    unfinished()
    Path("out/private/done.jsonl").write_bytes(b"")
    whole = Path("out/plan.json").read_text()
    Path("out/plan.json").write_text(whole[:50])
    with pytest.raises(IntegrityError, match=r"(?s)plan\.json' was damaged or altered.*delete it"):
        again()
    Path("out/plan.json").unlink()
    made = again(Asked(rows=250, seed=1, workers=1, block_rows=100))
    assert (made.n, made.made, made.found) == (250, 3, 0)


def test_a_refitted_model_that_is_another_is_not_followed(here):
    Path("out/rows-00003.parquet").unlink()
    Path("out/private/model.zip").unlink()
    plan = Path("out/plan.json")
    plan.write_text(plan.read_text().replace(BlockFolder(Path("out")).plan().model, "0" * 64))
    with pytest.raises(IntegrityError, match="fitting again gives another one"):
        again()


@pytest.mark.parametrize(
    ("generator", "said"),
    [
        ("gaussian_copula", "cannot be written to a file"),
        ("bootstrap", "cannot be written to a file"),
        ("dp_marginals", "spends a privacy budget"),
        ("tree_chian", "did you mean 'tree_chain'"),
    ],
)
def test_a_generator_that_makes_no_blocks_is_refused_before_there_is_a_folder(
    here, generator, said
):
    with pytest.raises(InputError, match=said):
        write_blocks(Path("stays.csv"), Path("new"), Asked(rows=950, generator=generator))
    assert not Path("new").exists()


def test_a_source_that_changes_while_it_is_fitted_to_is_refused(here):
    def meddling(stage, said, share=None):
        if said.startswith("fitting"):
            with Path("stays.csv").open("a") as table:
                table.write("p99999,33,f,2,no\n")

    with pytest.raises(InputError, match="changed while the model was fitted to it"):
        write_blocks(Path("stays.csv"), Path("new"), ASKED, meddling)
    assert not Path("new/plan.json").exists()
    assert write_blocks(Path("stays.csv"), Path("new"), ASKED).made == 10


def test_a_plan_or_private_folder_of_something_else_is_left_alone(here):
    for name in ("plan.json", "private"):
        other = Path(f"other-{name}")
        other.mkdir()
        if name == "private":
            (other / name).mkdir()
        else:
            (other / name).write_text('{"version": 4}')
        with pytest.raises(InputError, match="holds something else already"):
            write_blocks(Path("stays.csv"), other, ASKED)
        assert [f.name for f in other.iterdir()] == [name]
