import base64
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assaymark.cli.app import app
from assaymark.decide.policy import parse_policy
from assaymark.decide.verdict import UseStatus
from assaymark.errors import InputError, NotApprovedError, UnknownNameError
from assaymark.flow.decide.people import add, init, new_key, read_key, remove
from assaymark.flow.decide.review import Said, review
from assaymark.flow.decide.waivers import Asked, in_force, waive
from assaymark.flow.generate.generator import approve
from assaymark.flow.job import Options, read_job
from assaymark.flow.release.verify import verify
from assaymark.flow.run import run
from assaymark.release.alone.steps import Release, verified
from assaymark.release.approved import read_roles
from assaymark.release.waived import read_waiver
from assaymark.store.workspace import Workspace

SOON = (datetime.now(UTC).date() + timedelta(days=90)).isoformat()
TODAY = datetime.now(UTC).date()


def asked(**more):
    plain = {"rule": "columns", "reason": "one column", "control": "told them", "expires": SOON}
    return Asked(**{**plain, **more})


@pytest.fixture(scope="module")
def made(tmp_path_factory, split_in_two):
    """Return a folder with a refused decision that Grace may waive a rule of."""
    folder = tmp_path_factory.mktemp("waivers")
    workspace = Workspace.open(folder / "ws")
    init(workspace, "Ada", ["ml_owner", "privacy"])
    for name, role in (("grace", "privacy"), ("ben", "domain")):
        add(workspace, name, [role], new_key(folder / name))
    split_in_two(folder)
    policy = (folder / "policy.toml").read_text().replace("0.4", "0.0001")
    (folder / "policy.toml").write_text(
        'never_waived = ["looks-like-it"]\nwaivers_at_most = 1\n' + policy.lstrip()
    )
    job = read_job(folder / "recipe.toml", uses=["analytics"])
    approve(workspace, job.recipe.generate, read_key(folder / "grace"))
    outcome = run(job, Options(workspace=folder / "ws", seed=1))
    assert outcome.uses["analytics"] is not UseStatus.APPROVED
    return folder


@pytest.fixture
def desk(made, tmp_path, monkeypatch):
    shutil.copytree(made, tmp_path / "desk")
    monkeypatch.chdir(tmp_path / "desk")
    workspace = Workspace.open(Path("ws"))
    (name,) = (p.name for p in Path("ws/quarantine").iterdir())
    return workspace, name, {who: read_key(Path(who)) for who in ("grace", "ben")}


@pytest.mark.slow
def test_a_waived_rule_lets_a_use_through_visibly_and_verifies(desk):
    workspace, name, keys = desk
    waive(workspace, name, keys["grace"], asked())
    job = read_job(Path("recipe.toml"), uses=["analytics"])
    outcome = run(job, Options(workspace=Path("ws"), seed=1))
    assert outcome.uses["analytics"] is UseStatus.APPROVED
    assert outcome.release is None
    (waiting,) = (p.name for p in Path("ws/ready").iterdir())
    release = Path(review(workspace, waiting, keys["ben"], Said(outcome="approve")).release)
    found = verify(release)
    assert found.ok, [c for c in found.checks if c.outcome == "FAILED"]
    assert any(c.title == "Waivers" and SOON in c.said for c in found.checks)
    alone = verified(Release(release, [], datetime.now(UTC).date()))
    assert [s[2] for s in alone] == [s.outcome for s in found.steps]
    card = (release / "card.md").read_text()
    assert "told them" in card.replace("\\", "")
    said = base64.b64decode(
        json.loads((release / "attestations/release.dsse.json").read_text())["payload"]
    )
    assert json.loads(said)["predicate"]["expires"] == SOON
    raw = (release / "waivers/1.dsse.json").read_bytes()
    people = read_roles((release / "people/roles.dsse.json").read_bytes())
    author = workspace.key().fingerprint
    read_waiver(raw, people, author=author, day=TODAY)
    for place in range(0, len(raw), 5):
        (release / "waivers/1.dsse.json").write_bytes(
            raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        )
        assert not verify(release).ok


def test_who_may_not_waive_and_what_cannot_be_waived_is_refused(desk):
    workspace, name, keys = desk
    with pytest.raises(NotApprovedError, match="needs one of the roles data owner, privacy"):
        waive(workspace, name, keys["ben"], asked())
    with pytest.raises(NotApprovedError, match="whoever made a decision waives nothing"):
        waive(workspace, name, workspace.key(), asked())
    with pytest.raises(NotApprovedError, match="never_waived"):
        waive(workspace, name, keys["grace"], asked(rule="looks-like-it"))
    with pytest.raises(UnknownNameError, match="columns"):
        waive(workspace, name, keys["grace"], asked(rule="colums"))
    with pytest.raises(UnknownNameError):
        waive(workspace, "nothing", keys["grace"], asked())
    with pytest.raises(InputError, match="instead"):
        waive(workspace, name, keys["grace"], asked(control=" "))
    for end in ("soon", "2020-01-01", "2099-01-01"):
        with pytest.raises(InputError):
            waive(workspace, name, keys["grace"], asked(expires=end))
    with pytest.raises(UnknownNameError, match="unknown subject 'column:nosuch'"):
        waive(workspace, name, keys["grace"], asked(subject="column:nosuch"))
    with pytest.raises(NotApprovedError, match="needs one of the roles"):
        waive(workspace, name, keys["grace"], asked(role="domain"))
    waive(workspace, name, keys["grace"], asked())
    with pytest.raises(NotApprovedError, match="allows 1 waivers"):
        waive(workspace, name, keys["grace"], asked(rule=other_rule()))


def other_rule():
    rules = [r.id for r in parse_policy(Path("policy.toml").read_bytes()).rule]
    return next(r for r in rules if r not in {"columns", "looks-like-it"})


def test_a_waiver_ends_with_its_date_and_with_the_role_of_its_signer(desk, monkeypatch):
    workspace, name, keys = desk
    made = waive(workspace, name, keys["grace"], asked())
    assert len(in_force(workspace, made.candidate, made.policy)) == 1
    assert in_force(workspace, made.candidate, "0" * 64) == ()

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2027, 12, 1, tzinfo=tz)

    with monkeypatch.context() as m:
        m.setattr("assaymark.flow.decide.waivers.datetime", Later)
        assert in_force(workspace, made.candidate, made.policy) == ()
    remove(workspace, "grace")
    assert in_force(workspace, made.candidate, made.policy) == ()


def test_nobody_waives_alone(desk):
    workspace, name, keys = desk
    remove(workspace, "grace")
    remove(workspace, "ben")
    with pytest.raises(NotApprovedError, match="nobody waives alone"):
        waive(workspace, name, keys["grace"], asked())


def test_the_command_waives(desk):
    _, name, _ = desk
    words = ["review", name, "--workspace", "ws", "--key", "grace", "--waive", "columns"]
    words += ["--reason", "r", "--control", "c", "--expires", SOON]
    done = CliRunner().invoke(app, words, standalone_mode=False)
    assert done.return_value == 3
    assert "run the recipe again" in done.output


def test_a_refused_decision_is_read_and_waived_step_by_step(desk):
    _, name, _ = desk
    place = ["review", name, "--workspace", "ws"]
    read = CliRunner().invoke(app, place)
    assert "INCONCLUSIVE  analytics" in read.output
    assert "columns  column:age   INCONCLUSIVE  yes" in read.output
    assert f"to waive one: assaymark review {name} --key FILE" in read.output
    told = json.loads(CliRunner().invoke(app, [*place, "--json"]).output)
    assert told["refused"]
    assert {f["rule"] for f in told["findings"]} == {"columns"}
    with pytest.raises(NotApprovedError, match="nothing to approve"):
        CliRunner().invoke(app, [*place, "--key", "grace", "--approve"], catch_exceptions=False)
    with pytest.raises(NotApprovedError, match="needs one of the roles"):
        CliRunner().invoke(app, [*place, "--key", "ben"], catch_exceptions=False)
    both = [*place, "--key", "grace", "--approve", "--waive", "columns"]
    with pytest.raises(InputError, match="give one answer"):
        CliRunner().invoke(app, both, catch_exceptions=False)
    for said, end in (
        ("zzz\nnone\n", "nothing was signed"),
        (f"columns\nr\nc\n{SOON}\nn\n", "nothing"),
    ):
        assert end in CliRunner().invoke(app, [*place, "--key", "grace"], input=said).output
    words = [f"ws/quarantine/{name}", "--key", "grace"]
    done = CliRunner().invoke(app, ["review", *words], input=f"columns\nr\nc\n{SOON}\ny\n")
    assert f"waived: columns until {SOON}" in done.output
    assert "waived already: columns" in CliRunner().invoke(app, place).output
