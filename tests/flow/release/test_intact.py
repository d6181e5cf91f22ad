import shutil
import sqlite3
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from assaymark.cli.app import app
from assaymark.core.actor import Actor
from assaymark.core.recipe import parse_recipe
from assaymark.errors import InputError, IntegrityError
from assaymark.flow.decide.people import init
from assaymark.flow.decide.review import Said, review
from assaymark.flow.evaluate.compare import Comparing, compare
from assaymark.flow.evaluate.dial import Dialling, dial
from assaymark.flow.evaluate.entrants import Entrant, Entrants
from assaymark.flow.evaluate.sweep import Sweeping, sweep
from assaymark.flow.monitor.act import issuer_of
from assaymark.flow.monitor.batches import reference_of
from assaymark.flow.release.admit import admit
from assaymark.flow.release.intact import check_intact
from assaymark.flow.release.log import logged, workspace_at
from assaymark.flow.release.split_key import split_commitment
from assaymark.flow.source.population import population_of
from assaymark.flow.status import check_ledger, status_of
from assaymark.store.workspace import Workspace

WHOLE = Path(__file__).parents[2] / "golden/releases/whole"


@pytest.fixture
def place(tmp_path):
    """Return a workspace in which Ada is registered and one release was entered."""
    workspace = Workspace.open(tmp_path / "ws")
    init(workspace, "Ada", ["privacy"])
    shutil.copy(tmp_path / "ws/ledger.db", tmp_path / "older.db")
    entry = workspace.ledger.append(
        "statement", "a" * 64, {}, Actor(key=workspace.key().fingerprint)
    )
    workspace.write_folder("releases/first", logged(workspace, entry, ()))
    check_intact(workspace)
    return workspace


def altered(place, *steps):
    db = sqlite3.connect(place.path / "ledger.db")
    db.executescript("DROP TRIGGER no_update; DROP TRIGGER no_delete;")
    for step in steps:
        db.execute(*step)
    db.commit()
    db.close()


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (
            ("UPDATE entries SET kind = 'release' WHERE position = 0",),
            "not the one that was written",
        ),
        (("UPDATE entries SET raw = ? WHERE position = 1", (b"[" * 90_000,)), "cannot be read"),
        (("DELETE FROM entries WHERE position = 1",), "entries were removed"),
        (("DELETE FROM heads",), "not as recorded"),
        (("DROP TABLE nodes",), "no such table"),
        (("DROP TABLE entries",), "no such table"),
    ],
)
def test_nothing_is_done_with_a_ledger_that_was_altered(place, step, said):
    altered(place, step)
    with pytest.raises(IntegrityError, match=said) as error:
        workspace_at(place.path)
    assert "from a backup" in str(error.value)
    assert len(str(error.value)) < 700


RECIPE = """
name = "stays"
[source]
path = "stays.csv"
[privacy]
epsilon = 1.0
unit = "row"
"""


def signing(place, folder):
    """Return everything that signs or enters something in a workspace, by name."""
    (folder / "stays.csv").write_text("age,days\n" + "70,3\n20,1\n" * 50)
    (folder / "recipe.toml").write_text(RECIPE)
    ws, release, name = place.path, place.path / "releases/first", ["--workspace", str(place.path)]
    frame, recipe = (
        pl.DataFrame({"age": [70, 20] * 50}),
        parse_recipe(RECIPE.partition("[privacy]")[0].encode()),
    )
    entrants = Entrants(name="x", frame=frame, every=(Entrant(name="x", recipe=recipe),))
    comparing = Comparing(workspace=ws, repeats=1, rows=200)
    return {
        "act and degrade": lambda: issuer_of(release, None),
        "source": lambda: reference_of(WHOLE, "source", ws),
        "compare": lambda: compare(entrants, comparing),
        "dial": lambda: dial(entrants, Dialling(workspace=ws)),
        "sweep": lambda: sweep(folder / "recipe.toml", Sweeping(workspace=ws, epsilons=(1.0,))),
        "admit": lambda: admit(WHOLE, "analytics", workspace=ws),
        "people": lambda: told(["people", "init", "Eve", *name]),
        "register": lambda: told(["source", "register", str(folder / "recipe.toml"), *name]),
        "review": lambda: review(place, "first", place.key(), Said(outcome="approve")),
    }


def told(words):
    CliRunner().invoke(app, words, catch_exceptions=False, standalone_mode=False)


def test_whatever_signs_refuses_a_ledger_that_was_altered_since_it_was_looked_at(place, tmp_path):
    altered(place, ("UPDATE entries SET kind = 'release' WHERE position = 0",))
    for name, sign in signing(place, tmp_path).items():
        with pytest.raises(IntegrityError, match="not the one that was written"):
            sign()
        assert place.ledger.size == 2, name


def test_a_workspace_is_made_where_somebody_begins(tmp_path):
    told(["people", "init", "Ada", "--workspace", str(tmp_path / "new")])
    assert workspace_at(tmp_path / "new").ledger.size == 1
    with pytest.raises(InputError, match="there is no workspace"):
        workspace_at(tmp_path / "nowhere")


def test_a_workspace_without_its_ledger_is_not_said_to_be_none(place):
    (place.path / "ledger.db").unlink()
    for look in (workspace_at, status_of, check_ledger):
        with pytest.raises(IntegrityError, match="the ledger is empty, and releases/first is"):
            look(place.path)
        assert not (place.path / "ledger.db").exists()


def test_an_older_ledger_or_none_beside_a_release_is_found(place, tmp_path):
    shutil.copy(tmp_path / "older.db", place.path / "ledger.db")
    with pytest.raises(IntegrityError, match="1 entries, and had 2 when first was released"):
        workspace_at(place.path)
    (place.path / "ledger.db").unlink()
    with pytest.raises(
        IntegrityError, match=r"releases/first is there(.|\n)*that was handed to you"
    ):
        check_intact(Workspace.open(place.path))


def test_another_ledger_of_the_same_key_beside_a_release_is_found(place):
    (place.path / "ledger.db").unlink()
    fresh = Workspace.open(place.path)
    for i in range(3):
        fresh.ledger.append("other", str(i), {}, Actor(key=fresh.key().fingerprint))
    with pytest.raises(IntegrityError, match="not the one that first was entered in"):
        check_intact(Workspace.open(place.path))


@pytest.mark.parametrize("file", ["log/release.tlog-proof", "log/release.json"])
@pytest.mark.parametrize("raw", [None, b"", b"x", "one byte", "another origin"])
def test_a_release_whose_proof_is_gone_or_altered_does_not_hide_an_older_ledger(
    place, tmp_path, file, raw
):
    path = place.path / "releases/first" / file
    before = path.read_bytes()
    if raw == "another origin":
        name = place.key().fingerprint.encode()
        raw = before.replace(name, name[::-1])
        place.write(f"releases/first/keys/{name.decode()}.pub", place.key().public.hex().encode())
    elif raw == "one byte":
        raw = before[:-9] + bytes([before[-9] ^ 1]) + before[-8:]
    path.unlink()
    if raw is not None:
        path.write_bytes(raw)
    shutil.copy(tmp_path / "older.db", place.path / "ledger.db")
    with pytest.raises(IntegrityError, match=r"(?s)releases/first does not prove.*from a backup"):
        workspace_at(place.path)
    path.write_bytes(before)
    with pytest.raises(IntegrityError, match="1 entries, and had 2 when first was released"):
        workspace_at(place.path)


def test_a_release_of_another_workspace_beside_ours_is_passed_over(place, tmp_path):
    other = Workspace.open(tmp_path / "other")
    for i in range(9):
        entry = other.ledger.append("t", str(i), {}, Actor(key=other.key().fingerprint))
    theirs = logged(other, entry, ())
    place.write_folder("releases/theirs", theirs)
    (place.path / "releases/first.notices").mkdir()
    (place.path / "releases/.part-x").mkdir()
    (place.path / "releases/list.txt").touch()
    assert workspace_at(place.path).ledger.size == 2


def test_documents_and_notes_beside_a_release_are_no_releases(place):
    place.write_folder("releases/first.documents", {"lay.html": b"x", "croissant.json": b"{}"})
    place.write_folder("releases/notes", {"todo.txt": b"x"})
    (place.path / "releases/empty").mkdir()
    assert workspace_at(place.path).ledger.size == 2
    shutil.rmtree(place.path / "releases/first")
    (place.path / "ledger.db").unlink()
    check_intact(Workspace.open(place.path))


def test_what_the_ledger_names_is_a_release_whatever_is_left_of_it(place):
    place.ledger.append("release", "b" * 64, {"name": "second"}, Actor(key=place.key().fingerprint))
    place.write_folder("releases/second", {"data.csv": b"x"})
    with pytest.raises(IntegrityError, match="releases/second does not prove"):
        workspace_at(place.path)


@pytest.mark.parametrize("file", ["manifest.json", "attestations/decision.dsse.json"])
def test_what_looks_like_a_release_must_prove_that_it_is_one(place, file):
    place.write_folder("releases/second", {file: b"{}"})
    with pytest.raises(IntegrityError, match="releases/second does not prove"):
        workspace_at(place.path)


@pytest.mark.parametrize("raw", [None, bytes(range(32))], ids=["gone", "another"])
def test_a_workspace_that_lost_its_key_signs_nothing(place, raw):
    (place.path / "sealed/signing-key").unlink()
    if raw is not None:
        place.seal("signing-key", raw)
    with pytest.raises(IntegrityError, match=r"signing key is (gone|another)"):
        workspace_at(place.path)


def test_a_blob_that_cannot_be_read_is_named(place):
    digest = place.put(b"x")
    path = place.path / "blobs" / digest[:2] / digest[2:]
    path.unlink()
    path.mkdir()
    with pytest.raises(IntegrityError, match="from a backup"):
        place.get(digest)


def looked_at(place):
    """Return the workspace after a run that split people and opened their rows."""
    actor, people = Actor(key=place.key().fingerprint), ["a" * 64, "b" * 64]
    begun = {"recipe": "r", "policy": "p", "split": split_commitment(place)}
    place.ledger.append("run.started", "x", begun, actor)
    opened = {"who": "fit", "parts": ["train"], "population": population_of(place, people)}
    place.ledger.append("source.opened", "c" * 64, opened, actor)
    check_intact(place)
    return place


@pytest.mark.parametrize("lost", ["split", "populations"])
def test_the_same_people_are_not_split_anew(place, lost, tmp_path):
    workspace = looked_at(place)
    (workspace.path / "sealed" / lost).unlink()
    size = workspace.ledger.size
    for name, sign in signing(workspace, tmp_path).items():
        with pytest.raises(IntegrityError, match=f"sealed/{lost}") as error:
            sign()
        assert (workspace.ledger.size, name) == (size, name)
    assert "from a backup" in str(error.value)
    assert workspace.unseal(lost) is None


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("split", b"x" * 32, "is another than in the last run"),
        ("populations", b"{}", "its people are not in sealed/populations any more"),
        ("populations", b"[1]", "cannot be read"),
        ("populations", b"\xff", "cannot be read"),
    ],
)
def test_what_people_were_split_by_is_not_exchanged(place, name, raw, said):
    workspace = looked_at(place)
    workspace.seal(name, raw)
    with pytest.raises(IntegrityError, match=said):
        check_intact(workspace)


def test_a_workspace_in_which_nobody_was_split_needs_no_secret(place):
    assert place.unseal("split") is None
    check_intact(place)
