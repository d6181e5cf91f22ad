"""A sketch that is not that of the rows beside it is found, whoever signed it."""

import importlib.util
import shutil
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from assaymark.cli.app import app
from assaymark.errors import IntegrityError
from assaymark.flow.monitor.batches import Watching, monitor
from assaymark.flow.release.verify import verify
from assaymark.monitor.sketch import Sketch, counted, sketch
from assaymark.store.keys import SigningKey
from assaymark.store.workspace import Workspace

_PLACE = Path(__file__).parents[2] / "golden" / "make_release.py"
_SPEC = importlib.util.spec_from_file_location("make_release", _PLACE)
make = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(make)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make.release(Workspace.open(tmp_path_factory.mktemp("made") / "ws"))


@pytest.fixture
def release(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "received"))


def test_a_sketch_of_the_rows_beside_it_holds(release):
    said = [c for c in verify(release).checks if c.title == "Sketch"]
    assert [(c.outcome, c.step) for c in said] == [("ok", 12)]


def moved(rows):
    """Return the sketch of other rows, on the cells of these: what hides a drift."""
    first = rows.columns[0]
    other = rows.with_columns(pl.lit(rows[first][0]).cast(rows[first].dtype).alias(first))
    return counted(sketch(rows), other).canonical()


def test_a_forged_sketch_is_found_though_the_issuer_signed_it(tmp_path):
    forged = moved(make.rows())
    folder = make.release(Workspace.open(tmp_path / "ws"), sketch=forged)
    with pytest.raises(IntegrityError, match="Sketch: it does not say how many rows"):
        monitor(folder, make.rows(), threshold=0.1)
    done = CliRunner().invoke(app, ["verify", str(folder)], standalone_mode=False)
    assert done.return_value == 4
    assert "do not use this folder" in done.stdout


def test_a_sketch_that_lacks_a_column_is_found(tmp_path):
    rows = make.rows()
    folder = make.release(
        Workspace.open(tmp_path / "ws"), sketch=sketch(rows.drop(rows.columns[0])).canonical()
    )
    with pytest.raises(IntegrityError, match="Sketch"):
        monitor(folder, rows, threshold=0.1)


def test_a_sketch_on_cells_that_see_nothing_is_said_to_be_one(tmp_path):
    said = sketch(make.rows())
    blind = [c.model_copy(update={"levels": (), "edges": ()}) for c in said.columns]
    plain = Sketch(
        n=said.n,
        columns=tuple(
            c.model_copy(update={"counts": (sum(c.counts[:-1]), c.counts[-1])}) for c in blind
        ),
        pairs=(),
    )
    folder = make.release(Workspace.open(tmp_path / "ws"), sketch=plain.canonical())
    (found,) = [c for c in verify(folder).checks if c.title == "Sketch"]
    assert found.outcome == "not checked"
    assert "may not see what others see" in found.said


def test_a_release_signed_again_is_by_nobody_that_is_trusted(release):
    stranger = SigningKey.parse(bytes(range(1, 33)))
    signer = verify(release).signer
    monitor(release, make.rows(), threshold=0.1, watching=Watching(trusted=(signer,)))
    how = Watching(trusted=(stranger.fingerprint,))
    with pytest.raises(IntegrityError, match="not a signer that you trust"):
        monitor(release, make.rows(), threshold=0.1, watching=how)
    make.signed_again(release, stranger, files={"sketch.json": moved(make.rows())})
    with pytest.raises(IntegrityError, match="does not verify"):
        monitor(release, make.rows(), threshold=0.1)


def test_every_corrupted_byte_of_a_sketch_is_found(release):
    path = release / "sketch.json"
    raw = path.read_bytes()
    for i in range(0, len(raw), max(1, len(raw) // 12)):
        path.write_bytes(raw[:i] + bytes([raw[i] ^ 1]) + raw[i + 1 :])
        with pytest.raises(IntegrityError, match="does not verify"):
            monitor(release, make.rows(), threshold=0.1)


def test_a_signed_sketch_of_a_later_version_is_refused_by_its_version(tmp_path):
    later = sketch(make.rows()).canonical().replace(b"sketch/v0", b"sketch/v9")
    folder = make.release(Workspace.open(tmp_path / "ws"), sketch=later)
    (found,) = [c for c in verify(folder).checks if c.title == "Sketch"]
    assert (found.outcome, "sketch/v9" in found.said) == ("not checked", True)
    with pytest.raises(IntegrityError, match="sketch/v9"):
        monitor(folder, make.rows(), threshold=0.1)
