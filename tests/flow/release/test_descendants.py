import json
import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import assaymark
from assaymark.cli.app import app
from assaymark.core.actor import Actor
from assaymark.core.ancestry import Ancestry
from assaymark.core.document import sha256
from assaymark.core.licence import spdx
from assaymark.decide.policy import parse_policy
from assaymark.errors import InputError, IntegrityError, NotApprovedError, RecipeError
from assaymark.flow.decide.descent import beyond, check_descent
from assaymark.flow.decide.people import new_key, read_key
from assaymark.flow.job import Options, read_job
from assaymark.flow.release.admit import Consumer, admit
from assaymark.flow.release.descendants import descendants_of
from assaymark.flow.release.recall import issued, withdraw
from assaymark.flow.release.receipts import destroyed, recall_of, take_receipt
from assaymark.flow.release.verify import verify
from assaymark.flow.run import run
from assaymark.flow.source.parents import check_circle, taken_from
from assaymark.release.alone.steps import Release, verified
from assaymark.release.receipts import read_receipt
from assaymark.store.workspace import Workspace

CHILD = """
name = "child"

[source]
path = "{path}"
{more}
[source.rights]
owner = "second lab"
licence = "MIT"

[columns]
sex = ["protected", "quasi_identifier"]
ill = "target"

[split]
cross_fit = false
"""


@pytest.fixture(scope="module")
def parent(tmp_path_factory, split_in_two):
    """Return a folder whose workspace issued one release, of real rows."""
    folder = tmp_path_factory.mktemp("line")
    split_in_two(folder)
    recipe = (folder / "recipe.toml").read_text()
    terms = "expires = 2040-01-01\nprohibited = ['pretraining']\nlicence = "
    (folder / "recipe.toml").write_text(recipe.replace("licence = ", terms))
    job = read_job(folder / "recipe.toml", uses=["analytics"], workspace=folder / "ws")
    assert run(job, Options(workspace=folder / "ws", seed=1)).release
    return folder


@pytest.fixture(scope="module")
def line(parent):
    """Return the folder with a second release, made of the first."""
    (release,) = (parent / "ws/releases").iterdir()
    folder = parent / "child"
    folder.mkdir()
    rows = f"../ws/releases/{release.name}/data/synthetic.csv"
    recipe = CHILD.format(path=rows, more="") + "[generate]\nrows = 600\n"
    (folder / "recipe.toml").write_text(recipe)
    shutil.copy(parent / "policy.toml", folder)
    job = read_job(folder / "recipe.toml", uses=["analytics"], workspace=parent / "ws")
    outcome = run(job, Options(workspace=parent / "ws", seed=2))
    assert outcome.release, outcome
    return parent, release.name, Path(outcome.release).name


WATCH = """
[[watch]]
id = "variety"
observe = "collapse"
at_least = 0.1
then = "degraded"
title = "Variety is lost"
why = "Made of made rows."
remedy = "Add real rows."
"""


@pytest.fixture(scope="module")
def third(line, tmp_path_factory):
    """Return a copy, and two of a third generation: of the second alone, and with real rows."""
    before, first, second = line
    folder = shutil.copytree(before, tmp_path_factory.mktemp("third") / "line")
    places = [folder / "ws/releases" / name for name in (first, second)]
    real = pl.read_csv(folder / "stays.csv").drop("patient")
    rows = [pl.read_csv(p / "data/synthetic.csv").select(real.columns) for p in places]
    named = ", ".join(
        f'{{ release = "../ws/releases/{p.name}", rows = {r.height} }}'
        for p, r in zip(places, rows, strict=True)
    )
    made = []
    for name, frame, more in (
        ("alone", rows[1], f'release = "../ws/releases/{second}"'),
        ("kept", pl.concat([real, *rows]), f"mixed = [{named}]"),
    ):
        desk = folder / name
        desk.mkdir()
        frame.sample(fraction=1, shuffle=True, seed=1).write_csv(desk / "rows.csv")
        # each end of a column is 20 people's: of few rows that is much, so that spread is lost
        how = "[generate]\nrows = 2_000\n[generate.parameters]\nprotect = 20\n"
        recipe = CHILD.replace("child", name) + how
        (desk / "recipe.toml").write_text(recipe.format(path="rows.csv", more=more))
        policy = (folder / "policy.toml").read_text()
        (desk / "policy.toml").write_text(policy + WATCH)
        job = read_job(desk / "recipe.toml", uses=["analytics"], workspace=folder / "ws")
        outcome = run(job, Options(workspace=folder / "ws", seed=3))
        assert outcome.release, outcome
        made.append(Path(outcome.release).name)
    return folder, (first, second), tuple(made)


@pytest.fixture
def desk(line, tmp_path, monkeypatch):
    folder, first, second = line
    shutil.copytree(folder, tmp_path / "desk")
    monkeypatch.chdir(tmp_path / "desk")
    return Workspace.open(Path("ws")), Path("ws/releases") / first, Path("ws/releases") / second


def test_a_release_of_real_rows_has_depth_one(parent):
    (release,) = (parent / "ws/releases").iterdir()
    assert issued(release).made.ancestry == Ancestry()
    assert "synthetic depth 1, real fraction 1" in (release / "card.md").read_text()


def test_a_lineage_is_held_against_its_first_generation(desk):
    _, one, two = desk
    folders = [str(one), str(two)]
    said = CliRunner().invoke(app, ["release", "generations", *folders, "--json"])
    found = json.loads(said.stdout)
    assert (found["first"], [g["depth"] for g in found["generations"]]) == (one.name, [2])
    assert found["generations"][0]["compared"] > 0
    for wrong in (folders[:1], folders[::-1]):
        refused = CliRunner().invoke(app, ["release", "generations", *wrong])
        assert isinstance(refused.exception, InputError)


def ancestry_in(folder, name):
    made = issued(folder / "ws/releases" / name).made.ancestry
    return made.depth, made.real_fraction, [p.share for p in made.parents]


def test_three_generations_say_how_far_from_real_rows_they_are(third):
    """Kept: 900 real rows, all of the first and 600 of the second; shares are rounded up."""
    folder, (first, second), (alone, kept) = third
    assert ancestry_in(folder, first) == (1, "1", [])
    assert ancestry_in(folder, second) == (2, "0", ["1"])
    assert ancestry_in(folder, alone) == (3, "0", ["1"])
    n = pl.read_csv(folder / "ws/releases" / first / "data/synthetic.csv").height
    assert 470 <= n <= 490, "900 of 1,980 are .4545"
    assert ancestry_in(folder, kept) == (3, "0.45", ["0.25", "0.31"])
    for name, said in ((alone, "depth 3, real fraction 0"), (kept, "depth 3, real fraction 0.45")):
        assert said in (folder / "ws/releases" / name / "card.md").read_text()
        assert said in (folder / f"ws/reports/{name}.html").read_text()
        assert verify(folder / "ws/releases" / name).ok


def test_caps_of_a_policy_stop_a_third_generation_and_say_so_before_anything_is_made(third):
    folder, _, _ = third
    policy = (folder / "kept/policy.toml").read_text()
    caps = "max_synthetic_depth = 2\nmin_real_fraction = 0.5\n"
    (folder / "kept/capped.toml").write_text(caps + policy)
    job = read_job(
        folder / "kept/recipe.toml",
        policy_path=folder / "kept/capped.toml",
        uses=["analytics"],
        workspace=folder / "ws",
    )
    heard = []
    outcome = run(job, Options(workspace=folder / "ws", seed=3), lambda *said: heard.append(said))
    assert outcome.release is None
    wanted = ("synthetic depth 3 is beyond max_synthetic_depth = 2", "0.45 of the rows learnt from")
    for words in wanted:
        assert any(words in said for said in outcome.blocked)
        early = next(i for i, said in enumerate(heard) if words in said[1])
        assert early < next(i for i, said in enumerate(heard) if said[0] == "generate")


def test_a_lineage_without_real_rows_loses_spread_and_its_policy_acts(third, tmp_path, monkeypatch):
    shutil.copytree(third[0], tmp_path / "desk")
    monkeypatch.chdir(tmp_path / "desk")
    _, (first, second), (alone, kept) = third

    def held(*names, act=True):
        options = ["--workspace", "ws", "--json", *(["--act"] if act else [])]
        done = CliRunner().invoke(
            app, ["release", "generations", *names, *options], standalone_mode=False
        )
        return done, json.loads(done.stdout)

    done, found = held(first, second, kept)
    assert [(g["depth"], g["real_fraction"]) for g in found["generations"]] == [
        (2, "0"),
        (3, "0.45"),
    ]
    assert all(x["lost"] < 0.1 for g in found["generations"] for x in g["losses"])
    assert "signed" not in done.stderr.replace("nothing was signed", "")
    done, found = held(first, second, alone)
    assert done.return_value == 3
    worst = found["generations"][-1]["losses"][0]
    assert (worst["column"], worst["measure"]) == ("age", "spread")
    assert worst["lost"] > 0.1
    assert "signed: degraded (variety): Variety is lost" in done.stderr
    assert "signed" not in held(first, second, alone)[0].stderr
    said = CliRunner().invoke(app, ["show", f"ws/releases/{alone}"]).stdout
    assert "DEGRADED" in said.partition("\n\n#")[0]
    with pytest.raises(NotApprovedError, match="DEGRADED"):
        assaymark.load(f"ws/releases/{alone}", use="analytics")
    assaymark.load(f"ws/releases/{kept}", use="analytics")


def test_a_loss_is_told_though_it_cannot_be_signed(third, tmp_path):
    folder, (first, _), (alone, _) = third
    shutil.copytree(folder / "ws/releases" / alone, tmp_path / alone)
    names = [str(folder / "ws/releases" / first), str(tmp_path / alone), "--act"]
    done = CliRunner().invoke(app, ["release", "generations", *names], standalone_mode=False)
    assert (done.return_value, "spread" in done.stdout) == (2, True)
    assert "depth 3, real fraction 0" in done.stdout
    assert "only the workspace that issued a release can say so" in done.stderr
    done = CliRunner().invoke(app, ["release", "generations", *names, "--json"])
    found = json.loads(done.stdout)
    assert (found["exit"], found["error"]["kind"]) == (2, "InputError")
    assert found["generations"][0]["losses"]


def test_terms_end_and_ancestry_of_a_parent_flow_to_the_child(desk):
    _, first, second = desk
    one, two = issued(first), issued(second)
    (parent,) = two.made.ancestry.parents
    assert (two.made.ancestry.depth, two.made.ancestry.real_fraction) == (2, "0")
    assert (parent.manifest, parent.signer, parent.share) == (one.manifest, one.signer, "1")
    rights = two.made.rights
    assert (rights.licence, rights.prohibited) == ("CC-BY-4.0", ("pretraining",))
    assert two.released.expires == "2040-01-01"
    assert "synthetic depth 2, real fraction 0" in (second / "card.md").read_text()
    found = {c.title: c for c in verify(second).checks}
    assert found["Ancestry"].outcome == "ok"
    assert parent.manifest[:16] in found["Ancestry"].said
    with pytest.raises(NotApprovedError, match=r"comes of a release: .* not approved for pretrai"):
        read_job(Path("child/recipe.toml"), uses=["pretraining"], workspace=Path("ws"))


def test_what_is_made_of_a_withdrawn_release_verifies_nowhere_where_that_is_known(desk, tmp_path):
    workspace, first, second = desk
    copy = Path(shutil.copytree(second, tmp_path / "copy"))

    def outcomes(place):
        alone = verified(Release(place, [], date(2035, 1, 1)))[10]
        ours = verify(place, today=date(2035, 1, 1)).steps[10]
        assert "made of stays" in ours.said or ours.outcome == "OK"
        return ours.outcome, alone[2]

    assert outcomes(second) == ("OK", "OK")
    withdraw(workspace, first.name, "privacy", "left")
    assert outcomes(second) == ("FAILED", "FAILED")
    assert outcomes(copy) == ("OK", "OK")
    shutil.move("ws/notices", tmp_path / "copy.notices")
    assert outcomes(copy) == ("FAILED", "FAILED")
    assert outcomes(second) == ("FAILED", "FAILED")  # the ledger has it


def test_a_parent_is_recognised_anywhere_or_named_and_rows_may_be_mixed(desk, tmp_path):
    _, first, _ = desk
    shutil.copy(first / "data/synthetic.parquet", tmp_path / "rows.parquet")
    write = tmp_path / "recipe.toml"
    write.write_text(CHILD.format(path="rows.parquet", more=""))
    job = read_job(write, uses=["analytics"], workspace=Path("ws"))
    assert [t.rows for t in job.parents] == [None]
    assert read_job(write, uses=["analytics"]).parents == ()
    changed = pl.read_parquet(tmp_path / "rows.parquet").with_columns(pl.col("age") + 1)
    changed.write_parquet(tmp_path / "rows.parquet")
    assert read_job(write, uses=["analytics"], workspace=Path("ws")).parents == ()
    write.write_text(CHILD.format(path="rows.parquet", more=f'release = "{first.resolve()}"'))
    assert len(read_job(write, uses=["analytics"]).parents) == 1
    mixed = f'mixed = [{{release = "{first.resolve()}", rows = 100}}]'
    write.write_text(CHILD.format(path="rows.parquet", more=mixed))
    job = read_job(write, uses=["analytics"])
    assert [t.rows for t in job.parents] == [100]
    assert job.recipe.source.rights.licence == "MIT AND CC-BY-4.0"
    either = CHILD.replace("MIT", "MIT OR Apache-2.0")
    write.write_text(either.format(path="rows.parquet", more=mixed))
    licence = read_job(write, uses=["analytics"]).recipe.source.rights.licence
    assert licence == "(MIT OR Apache-2.0) AND CC-BY-4.0" == spdx(licence)
    write.write_text(CHILD.format(path="rows.parquet", more=mixed.replace("100", "100000")))
    with pytest.raises(RecipeError, match="names 100,000 rows"):
        run(read_job(write, uses=["analytics"]), Options(workspace=tmp_path / "w"))
    both = f'{mixed}\nrelease = "{first.resolve()}"'
    write.write_text(CHILD.format(path="rows.parquet", more=both))
    with pytest.raises(RecipeError, match="named twice"):
        read_job(write, uses=["analytics"])


def test_a_table_that_an_admission_says_was_made_of_a_release_asks_for_it(desk, tmp_path):
    _, first, _ = desk
    rows = pl.read_parquet(first / "data/synthetic.parquet").head(300)
    rows.write_csv(tmp_path / "cohort.csv")
    made = Consumer(kind="table", made=tmp_path / "cohort.csv")
    admit(first, "analytics", consumer=made, workspace=Path("ws"))
    (tmp_path / "recipe.toml").write_text(CHILD.format(path="cohort.csv", more=""))
    with pytest.raises(RecipeError, match="made of release stays, as an admission"):
        read_job(tmp_path / "recipe.toml", uses=["analytics"], workspace=Path("ws"))
    with pytest.raises(InputError, match="a file of the release itself"):
        admit(first, "analytics", consumer=Consumer(made=first / "data/synthetic.csv"))


def test_a_policy_caps_the_ancestry_and_a_circle_is_refused(desk):
    _, first, second = desk
    policy = Path("policy.toml").read_text()
    capped = parse_policy(f"max_synthetic_depth = 1\nmin_real_fraction = 0.2\n{policy}".encode())
    one, two = issued(first).made, issued(second).made
    assert beyond(one.ancestry, capped) == ()
    depth, fraction = beyond(two.ancestry, capped)
    assert "depth 2 is beyond max_synthetic_depth = 1" in depth
    assert "0 of the rows learnt from are real, below min_real_fraction = 0.2" in fraction
    Path("child/policy.toml").write_text(f"max_synthetic_depth = 1\n{policy}")
    job = read_job(Path("child/recipe.toml"), uses=["analytics"], workspace=Path("ws"))
    outcome = run(job, Options(workspace=Path("ws"), seed=2))
    assert (outcome.release, outcome.approved) == (None, False)
    assert any("depth 2 is beyond" in said for said in outcome.blocked)
    lied = two.model_copy(update={"ancestry": two.ancestry.model_copy(update={"depth": 1})})
    with pytest.raises(IntegrityError, match="says depth 1, its parents give 2"):
        check_descent(lied, parse_policy(policy.encode()))
    with pytest.raises(IntegrityError, match="beyond max_synthetic_depth"):
        check_descent(two, capped)
    parents = taken_from(Path("ws"), job.recipe, Path("child"))
    with pytest.raises(InputError, match="circle"):
        check_circle(parents, one.source_commitment)


def test_a_recall_reaches_what_was_made_and_says_who_has_not_answered(desk, tmp_path):
    workspace, first, second = desk
    new_key(tmp_path / "ben")
    new_key(tmp_path / "eve")
    ben, eve = read_key(tmp_path / "ben"), read_key(tmp_path / "eve")
    (tmp_path / "model.bin").write_bytes(b"weights")
    model = Consumer(kind="model", made=tmp_path / "model.bin", key=ben)
    sent = tmp_path / "prov.jsonl"
    admit(second, "analytics", into="model 7", consumer=model, provenance=sent)
    admit(first, "analytics", into="study 3", workspace=Path("ws"))
    drill = withdraw(workspace, first.name, "privacy", "practice", drill=True, admissions=[sent])
    assert set(drill.descendants) == {f"release {second.name}", "study 3", "model 7"}
    (entry,) = workspace.ledger.entries(kind="recall.drill")
    assert entry.body["seconds"] == drill.seconds
    with pytest.raises(InputError, match="was not withdrawn"):
        recall_of(workspace, first.name)
    done = withdraw(workspace, first.name, "privacy", "left", instruct="destroy", admissions=[sent])
    assert done.made == drill.made
    for folder in (first, second):
        with pytest.raises(NotApprovedError, match=r"withdrawn \(privacy\): left; destroy"):
            admit(folder, "analytics")
    with pytest.raises(NotApprovedError, match="comes of a release"):
        read_job(Path("child/recipe.toml"), uses=["analytics"], workspace=Path("ws"))
    away = tmp_path / "away" / second.name
    shutil.copytree(second, away)
    admit(away, "analytics")
    with pytest.raises(NotApprovedError, match="made of stays, which was withdrawn"):
        admit(away, "analytics", notices=[Path(done.notice)])
    state = take_receipt(workspace, first.name, destroyed(first, eve, ["model 7"], "shredded"))
    assert (state.waiting, [o.what for o in state.others]) == (3, ["model 7"])
    raw = destroyed(Path(done.notice), ben, ["model 7", "a copy"], "shredded")
    state = take_receipt(workspace, first.name, raw)
    assert take_receipt(workspace, first.name, raw) == state
    answers = {line.what: line.answer for line in state.lines}
    assert answers["model 7"] == "destroyed"
    assert state.waiting == 2
    for place in range(len(raw)):
        with pytest.raises(IntegrityError):
            read_receipt(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
    with pytest.raises(InputError, match="not about"):
        take_receipt(workspace, second.name, raw)


def test_records_that_lead_in_a_circle_are_walked_once(desk, tmp_path):
    workspace, first, _ = desk
    actor, manifest = Actor(key="x"), sha256((first / "manifest.json").read_bytes())
    for parent, child in ((manifest, "b" * 64), ("b" * 64, manifest), ("b" * 64, "c" * 64)):
        body = {"name": "n", "use": "analytics", "into": child[:1], "kind": "table", "made": child}
        workspace.ledger.append("admission", parent, body, actor)
    found = descendants_of(workspace, manifest)
    assert [d.sha256 for d in found if d.kind == "table"] == ["b" * 64, "c" * 64]
    (tmp_path / "x.jsonl").write_text("{}")
    with pytest.raises(InputError, match="no file of admissions"):
        descendants_of(workspace, manifest, [tmp_path / "x.jsonl"])
    with pytest.raises(InputError, match="is no release"):
        descendants_of(workspace, manifest, [tmp_path])


def test_a_release_in_the_folder_of_another_is_not_taken_back_in_its_place(desk, tmp_path):
    workspace, first, second = desk
    shutil.move(second, tmp_path / "kept")
    shutil.copytree(first, second)
    issued(second)  # it verifies: it is a release, but another
    for wrong in (True, False):
        with pytest.raises(IntegrityError, match="holds another release than was issued"):
            withdraw(workspace, second.name, "legal", "x", drill=wrong)
    assert not workspace.ledger.entries(kind="recall.drill")
    shutil.rmtree(second)
    shutil.move(tmp_path / "kept", second)
    shutil.rmtree(first)
    shutil.copytree(second, first)
    with pytest.raises(IntegrityError, match="its folder was replaced"):
        withdraw(workspace, first.name, "legal", "x", drill=True)
    assert withdraw(workspace, second.name, "legal", "x", drill=True).made == ()


def test_the_recall_at_the_command_line(desk, tmp_path):
    _, first, second = desk
    run_ = CliRunner().invoke
    home = tmp_path / "mine"
    shutil.copytree(second, home / second.name)
    asked = ["release", "withdraw", first.name, "--reason", "legal", "--why", "x"]
    asked += ["--workspace", "ws", "--admission", str(home / second.name)]
    said = run_(app, [*asked, "--drill"])
    assert "time to notify" in said.output
    assert f"tell: release {second.name}" in said.output
    assert run_(app, asked).exit_code == 0
    new_key(tmp_path / "k")
    receipt = ["release", "destroyed", str(home / second.name), "--what", "copy", "--how", "rm"]
    said = run_(app, [*receipt, "--key", str(tmp_path / "k"), "--json"])
    assert json.loads(said.output)["file"] == "receipt.dsse.json"
    said = run_(app, ["release", "recall", first.name, "--workspace", "ws", "--json"])
    assert json.loads(said.output)["waiting"] == 1
