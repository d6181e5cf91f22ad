import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from assaymark.cli.app import app
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile
from assaymark.decide.policy import parse_policy
from assaymark.errors import InputError, IntegrityError, NotApprovedError
from assaymark.flow.evaluate.earlier import earlier_of
from assaymark.flow.job import Options, read_job
from assaymark.flow.release.admit import admit, load
from assaymark.flow.release.descendants import descendants_of
from assaymark.flow.release.lot import Batch, checks_of, make_lot
from assaymark.flow.release.lot_model import approved_of, made_by
from assaymark.flow.release.recall import issued, withdraw
from assaymark.flow.release.verify import verify
from assaymark.flow.run import run
from assaymark.flow.source.read import prepare
from assaymark.generate.model_file import read_model, write_model
from assaymark.release.alone.steps import Release, verified
from assaymark.store.workspace import Workspace

CONSTRAINT = """
[[constraint]]
kind = "range"
column = "age"
low = 20
high = 79
"""


@pytest.fixture(scope="module")
def factory(tmp_path_factory, split_in_two):
    folder = tmp_path_factory.mktemp("factory")
    split_in_two(folder)
    with (folder / "recipe.toml").open("a") as file:
        file.write(CONSTRAINT)
    job = read_job(folder / "recipe.toml", uses=["analytics"])
    assert run(job, Options(workspace=folder / "ws", seed=1)).release
    return folder


@pytest.fixture
def desk(factory, tmp_path, monkeypatch):
    shutil.copytree(factory, tmp_path / "desk")
    monkeypatch.chdir(tmp_path / "desk")
    (release,) = Path("ws/releases").iterdir()
    return Workspace.open(Path("ws")), release


def test_a_lot_is_accepted_verifies_alone_and_is_admitted(desk, tmp_path):
    workspace, release = desk
    made = make_lot(workspace, release.name, 800, seed=5)
    assert (made.accepted, made.held) == (True, ())
    assert [c.name for c in made.checks] == ["generator", "constraints", "drift", "copies", "rows"]
    away = tmp_path / "away" / made.name
    shutil.copytree(made.where, away)
    found = verify(away)
    assert found.ok
    assert found.uses == {"analytics": "approved"}
    assert {c.title for c in found.checks if c.outcome == "not checked"} >= {"Copies", "Attacks"}
    assert not verify(away, trusted=["0" * 64]).ok
    assert load(away, "analytics")[0].height == 800
    again = make_lot(workspace, release.name, 800, seed=5)
    assert again.name.endswith("-lot-002")
    one, two = (pl.read_parquet(Path(m.where) / "data/synthetic.parquet") for m in (made, again))
    assert not one.equals(two)
    manifest = issued(release).manifest
    recipe = Path("recipe.toml").read_text()
    rows = f'path = "{made.where}/data/synthetic.csv"'
    Path("of_lot.toml").write_text(recipe.replace('path = "stays.csv"', rows))
    (taken,) = read_job(Path("of_lot.toml"), uses=["analytics"]).parents
    assert taken.release.manifest == manifest
    assert {d.kind for d in descendants_of(workspace, manifest)} == {"lot"}
    done = withdraw(workspace, release.name, "quality", "wrong codes")
    assert set(done.descendants) == {f"lot {made.name}", f"lot {again.name}"}
    with pytest.raises(NotApprovedError, match="WITHDRAWN"):
        load(Path(made.where), "analytics")
    assert "withdrawn (quality): wrong codes" in status(Path(made.where))
    assert "a withdrawal elsewhere is not seen" in status(away)
    with pytest.raises(NotApprovedError, match="WITHDRAWN"):
        admit(away, "analytics", notices=[Path(done.notice)])
    with pytest.raises(NotApprovedError, match="WITHDRAWN"):
        make_lot(workspace, release.name, 800)


def status(folder):
    """Return what `verify` says of step 11; the verifier that needs no assaymark says as much."""
    found = verify(folder)
    (said,) = (s for s in found.steps if s.title == "Status")
    assert found.ok is (said.outcome == "OK")
    (alone,) = {o for n, _, o, _ in verified(Release(folder, [], date(2029, 1, 1))) if n == 11}
    assert alone == said.outcome
    return said.said


def test_every_file_of_a_lot_counts(desk):
    workspace, release = desk
    folder = Path(make_lot(workspace, release.name, 300, seed=5).where)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        raw = path.read_bytes()
        for place in {0, len(raw) // 3, len(raw) // 2, len(raw) - 2}:
            path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
            assert not verify(folder).ok, (path, place)
        path.unlink()
        assert not verify(folder).ok, path
        path.write_bytes(raw)
    assert verify(folder).ok
    (folder / "more.txt").write_text("x")
    assert not verify(folder).ok


def test_a_lot_of_a_changed_model_is_held_with_the_reason(desk):
    workspace, release = desk
    held = read_model(workspace.get(issued(release).made.model))
    Path("other.zip").write_bytes(write_model(replace(held, salt="00" * 16)))
    made = make_lot(workspace, release.name, 300, model=Path("other.zip"), seed=5)
    assert not made.accepted
    (reason,) = made.held
    assert "was approved" in reason
    assert (Path(made.where) / "QUARANTINE.txt").exists()
    assert workspace.ledger.entries(kind="lot.held")[0].body["held"] == ["generator"]
    assert not workspace.ledger.entries(kind="lot")
    with pytest.raises(InputError):
        make_lot(workspace, release.name, 300, model=Path("nothing.zip"))


def test_drift_broken_constraints_copies_and_too_many_rows_hold_a_lot(desk):
    workspace, release = desk
    found, policy = issued(release), parse_policy((release / "policy.toml").read_bytes())
    approved = approved_of(workspace, found, None)
    rows = made_by(approved, 600, Streams.from_seed(3))

    def held(frame, policy=policy, before=480):
        batch = Batch(frame=frame, model=approved.digest, before=before, earlier=())
        checks = checks_of(workspace, found, approved, batch, policy)
        return {c.name: c.said for c in checks if c.outcome == "held"}

    assert held(rows) == {}
    assert set(held(rows.with_columns(age=pl.col("age") + 9))) == {"drift", "constraints"}
    torn = rows.with_columns(ill=pl.lit("yes"))
    assert "drifted from the approved rows; most apart in" in held(torn)["drift"]
    assert set(held(rows, before=5_000)) == {"rows"}
    assert "too few to compare" in held(rows.head(50))["drift"]
    text = (release / "policy.toml").read_text()
    strict = parse_policy(text.replace("threshold = 1.0", "threshold = 0.01").encode())
    assert policy.profile is Profile.CONTROLLED
    train = prepare(
        pl.read_csv("stays.csv"), read_job(Path("recipe.toml")).recipe, workspace.secret("split")
    ).parts.train
    copied = held(train.frame, policy=strict)["copies"]
    assert "not shown to be within what the policy allows" in copied


def test_people_whose_hashes_were_erased_or_altered_hold_a_lot(desk):
    workspace, release = desk
    (name,) = workspace.sealed("people-of-")
    kept = workspace.unseal(name)
    workspace.seal(name, kept[:-1] + bytes([kept[-1] ^ 1]))
    with pytest.raises(IntegrityError, match="was altered"):
        make_lot(workspace, release.name, 300)
    (workspace.path / "sealed" / name).unlink()
    made = make_lot(workspace, release.name, 300)
    assert "nothing is kept of the people" in made.held[0]


def test_a_lot_is_one_more_release_of_the_same_people(desk):
    workspace, release = desk
    job = read_job(Path("recipe.toml"), uses=["analytics"])
    prepared = prepare(job.frame, job.recipe, workspace.secret("split"))
    before = earlier_of(workspace, prepared, candidate="another")
    assert make_lot(workspace, release.name, 300, seed=5).accepted
    after = earlier_of(workspace, prepared, candidate="another")
    assert len(after.together) == len(before.together) + 1
    assert after.tables[-1].n == 300
    assert len(earlier_of(workspace, prepared, candidate=before.together[0]).together) == 1


def test_lots_at_the_command_line(desk):
    _, release = desk
    asked = ["release", "lot", release.name, "--workspace", "ws", "--seed", "5", "--rows"]
    said = CliRunner().invoke(app, [*asked, "300"])
    assert "assaymark verify ws/lots/" in said.output
    said = CliRunner().invoke(app, [*asked, "20000", "--json"], standalone_mode=False)
    assert said.return_value == 3
    assert json.loads(said.output)["accepted"] is False
    with pytest.raises(InputError, match="needs rows"):
        make_lot(Workspace.open(Path("ws")), release.name, 0)
