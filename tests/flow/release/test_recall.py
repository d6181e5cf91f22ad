import base64
import json
import shutil
import sqlite3
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

import assaymark
from assaymark.cli.app import app
from assaymark.errors import InputError, IntegrityError, NotApprovedError, UnknownNameError
from assaymark.flow.decide.people import new_key, read_key
from assaymark.flow.job import Options, read_job
from assaymark.flow.release.admit import admit, load
from assaymark.flow.release.documents import documents
from assaymark.flow.release.recall import (
    answer,
    challenge,
    issued,
    notices_of,
    standing_of,
    take_in,
    withdraw,
)
from assaymark.flow.release.verify import verify
from assaymark.flow.run import run
from assaymark.release.alone.steps import Release, verified
from assaymark.release.notices import read_notice
from assaymark.store.workspace import Workspace

TODAY = date(2035, 1, 1)


@pytest.fixture(scope="module")
def made(tmp_path_factory, split_in_two):
    folder = tmp_path_factory.mktemp("recall")
    split_in_two(folder)
    recipe = (folder / "recipe.toml").read_text()
    (folder / "recipe.toml").write_text(
        recipe.replace("licence = ", "expires = 2040-01-01\nlicence = ")
    )
    job = read_job(folder / "recipe.toml", uses=["analytics"])
    outcome = run(job, Options(workspace=folder / "ws", seed=1))
    assert outcome.release
    return folder


@pytest.fixture
def desk(made, tmp_path, monkeypatch):
    """Return the workspace that issued a release, its name, and a recipient's copy of it."""
    shutil.copytree(made, tmp_path / "desk")
    monkeypatch.chdir(tmp_path / "desk")
    (name,) = (p.name for p in Path("ws/releases").iterdir())
    (tmp_path / "mine").mkdir()
    copy = tmp_path / "mine" / name
    shutil.copytree(Path("ws/releases") / name, copy)
    return Workspace.open(Path("ws")), name, copy


def test_a_release_is_loaded_for_an_approved_use_and_that_is_recorded(desk, tmp_path):
    _, _, copy = desk
    where = tmp_path / "model.provenance.jsonl"
    rows = assaymark.load(copy, use="analytics", provenance=where)
    assert rows.height > 100
    said = json.loads(where.read_text())
    assert (said["use"], said["expires"]) == ("analytics", "2040-01-01")
    with pytest.raises(NotApprovedError, match="not approved for pretraining"):
        load(copy, "pretraining")
    with pytest.raises(UnknownNameError):
        load(copy, "marketing")
    with pytest.raises(IntegrityError, match="not among the keys"):
        admit(copy, "analytics", trusted=["0" * 64])
    (copy / "card.md").write_text("better")
    with pytest.raises(IntegrityError, match="does not verify"):
        load(copy, "analytics")


def test_an_expired_release_is_refused(desk, monkeypatch):
    _, _, copy = desk

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2040, 1, 2, tzinfo=tz)

    monkeypatch.setattr("assaymark.flow.release.admit.datetime", Later)
    with pytest.raises(NotApprovedError, match="EXPIRED"):
        load(copy, "analytics")


def test_a_withdrawn_release_is_refused_where_the_notice_is(desk):
    workspace, name, copy = desk
    admit(copy, "analytics", into="model 7", workspace=workspace.path)
    before = verify(workspace.path / "releases" / name).steps[10].said
    assert "no notices beside it or in the ledger of the workspace" in before
    drill = withdraw(workspace, name, "privacy", "practice", drill=True)
    assert drill.descendants == ("model 7",)
    assert not drill.notice
    assert load(workspace.path / "releases" / name, "analytics")
    done = withdraw(workspace, name, "consent", "two people left", instruct="destroy")
    assert done.descendants == ("model 7",)
    with pytest.raises(NotApprovedError, match=r"WITHDRAWN.*two people left; destroy"):
        load(workspace.path / "releases" / name, "analytics")
    here = verify(workspace.path / "releases" / name)
    assert (here.ok, [s.title for s in here.steps if s.outcome == "FAILED"]) == (False, ["Status"])
    assert "two people left; destroy" in here.steps[10].said
    assert issued(workspace.path / "releases" / name).folder.name == name
    away = verify(copy)
    assert away.ok
    assert "no notices beside it; a withdrawal elsewhere is not seen" in away.steps[10].said
    load(copy, "analytics")
    beside = copy.with_name(copy.name + ".notices")
    beside.mkdir()
    shutil.copy(done.notice, beside)
    with pytest.raises(NotApprovedError, match="WITHDRAWN"):
        load(copy, "analytics")
    with pytest.raises(InputError, match="final"):
        withdraw(workspace, name, "privacy", "again")
    with pytest.raises(UnknownNameError):
        withdraw(workspace, "nothing", "privacy", "x")


def test_a_challenge_contests_until_it_is_answered(desk, tmp_path):
    workspace, name, copy = desk
    new_key(tmp_path / "k")
    (tmp_path / "attack.txt").write_text("12 of 20 found")
    raw = challenge(
        copy, read_key(tmp_path / "k"), "no-copies", "looked them up", tmp_path / "attack.txt"
    )
    digest = take_in(workspace, name, raw)
    release = issued(workspace.path / "releases" / name)
    assert standing_of(workspace, release).status == "CONTESTED"
    with pytest.raises(NotApprovedError, match="contested: no-copies"):
        load(release.folder, "analytics")
    with pytest.raises(UnknownNameError):
        answer(workspace, name, "ffff", "refuted", "no")
    assert answer(workspace, name, digest[:8], "refuted", "they were public").status == "RELEASED"
    assert load(release.folder, "analytics")
    second = challenge(copy, read_key(tmp_path / "k"), "columns", "counted again")
    digest = take_in(workspace, name, second)
    assert answer(workspace, name, digest[:8], "upheld", "true").status == "DEGRADED"
    with pytest.raises(NotApprovedError, match="DEGRADED"):
        load(release.folder, "analytics")


def test_every_flipped_byte_of_a_notice_is_found_and_only_the_issuer_withdraws(desk, tmp_path):
    from assaymark.core.notice import Withdrawal
    from assaymark.release.notices import notice_bytes

    workspace, name, copy = desk
    new_key(tmp_path / "k")
    stranger, release = read_key(tmp_path / "k"), issued(copy)
    finding = challenge(copy, stranger, "c", "m")
    withdraw(workspace, name, "legal", "a court said so")
    ((digest, notice),) = notices_of(workspace, release)
    for raw in (finding, workspace.get(digest)):
        for place in range(len(raw)):
            with pytest.raises(IntegrityError):
                read_notice(
                    raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :],
                    signer=release.signer,
                    public=release.public,
                )
    assert isinstance(notice, Withdrawal)
    forged = notice_bytes(notice, stranger.sign, stranger.fingerprint)
    with pytest.raises(IntegrityError, match="does not carry"):
        read_notice(forged, signer=release.signer, public=release.public)
    with pytest.raises(IntegrityError):
        read_notice(b"{}", signer=release.signer, public=release.public)


def test_the_commands_admit_challenge_and_withdraw(desk, tmp_path):
    _, name, copy = desk
    new_key(tmp_path / "k")

    def do(*said):
        done = CliRunner().invoke(app, ["release", *map(str, said)])
        assert done.exit_code == 0, done.output
        return done.output

    assert "admitted stays for analytics" in do("admit", copy, "--use", "analytics")
    words = ("--claim", "c", "--method", "m", "--key", tmp_path / "k", "--out", tmp_path / "f")
    assert "finding" in do("challenge", copy, *words)
    assert "CONTESTED" in do("contest", name, tmp_path / "f", "--workspace", "ws")
    assert "Send this notice" in do(
        *("withdraw", name, "--reason", "quality", "--why", "w", "--workspace", "ws")
    )


def flipped(ledger):
    """Flip one byte in the head of the second page."""
    raw = bytearray(ledger.read_bytes())
    raw[4096 + 7] ^= 0xFF
    ledger.write_bytes(bytes(raw))


SPOILT = {
    "removed": lambda ledger: ledger.unlink(),
    "emptied": lambda ledger: ledger.write_bytes(b""),
    "flipped": flipped,
    "another": lambda ledger: shutil.copy(Workspace.open(Path("other")).path / "ledger.db", ledger),
    "text": lambda ledger: ledger.write_text("nothing was ever withdrawn" * 99),
}


@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("withdrawn", [True, False])
def test_no_release_stands_where_the_ledger_is_not_what_it_was(desk, how, withdrawn):
    workspace, name, copy = desk
    place = workspace.path / "releases" / name
    if withdrawn:
        withdraw(workspace, name, "consent", "two people left")
    today = TODAY
    assert verify(place).ok is not withdrawn
    assert (verified(Release(place, [], today))[10][2] == "OK") is not withdrawn
    SPOILT[how](workspace.path / "ledger.db")
    found = verify(place)
    assert [s.title for s in found.steps if s.outcome == "FAILED"] == ["Status"]
    assert "\n" not in found.steps[10].said
    assert ("WITHDRAWN" in found.steps[10].said) is withdrawn
    assert found.uses == {}
    assert verified(Release(place, [], today))[10][2] == "FAILED"
    with pytest.raises((IntegrityError, NotApprovedError)):
        load(place, "analytics")
    load(copy, "analytics")


def test_a_withdrawal_in_the_workspace_is_read_whatever_its_ledger_says(desk):
    workspace, name, _ = desk
    shutil.copy("ws/ledger.db", "before.db")
    withdraw(workspace, name, "consent", "two people left")
    shutil.copy("before.db", "ws/ledger.db")
    place = workspace.path / "releases" / name
    for said in (verify(place).steps[10].said, verified(Release(place, [], TODAY))[10][3]):
        assert "two people left" in said
    with pytest.raises(NotApprovedError, match="two people left"):
        load(place, "analytics")


def both_say(place):
    """Return whether a release stands for either verifier, and what they say of it."""
    (mine,), (theirs,) = (
        [s.said for s in verify(place).steps if s.number == 11],
        [s[3] for s in verified(Release(place, [], TODAY)) if s[0] == 11],
    )
    return mine, theirs


def test_a_withdrawal_in_the_ledger_alone_is_seen_by_both_verifiers(desk):
    workspace, name, _ = desk
    withdraw(workspace, name, "consent", "two people left")
    shutil.rmtree("ws/notices")
    place = workspace.path / "releases" / name
    assert all("two people left" in said for said in both_say(place))
    with pytest.raises(IntegrityError, match="two people left"):
        documents(place)
    (entry,) = [e for e in workspace.ledger.entries() if e.body.get("statement") == "withdrawal"]
    (Path("ws/blobs") / entry.subject[:2] / entry.subject[2:]).unlink()
    assert all("blob" in said for said in both_say(place))


@pytest.mark.parametrize("kept", [True, False])
def test_a_withdrawal_is_seen_where_the_folder_of_releases_is_a_link(desk, kept):
    workspace, name, _ = desk
    withdraw(workspace, name, "consent", "two people left")
    Path("disk/far").mkdir(parents=True)
    Path("ws/releases").rename("disk/far/releases")
    Path("ws/releases").symlink_to("../disk/far/releases")
    shutil.rmtree("ws/reports" if kept else "ws/notices")
    place = workspace.path / "releases" / name
    assert all("two people left" in said for said in both_say(place))
    with pytest.raises(NotApprovedError, match="two people left"):
        load(place, "analytics")


def test_a_release_that_was_handed_over_stands_in_a_workspace_of_the_recipient(desk):
    workspace, name, copy = desk
    admit(copy, "analytics", into="m", workspace=Path("mine"))
    place = Path("mine/releases") / name
    shutil.copytree(copy, place)
    assert all("a withdrawal elsewhere is not seen" in said for said in both_say(place))
    assert load(place, "analytics")
    withdraw(workspace, name, "consent", "two people left")
    shutil.copytree("ws/notices", "mine/notices")
    assert all("two people left" in said for said in both_say(place))


def test_what_only_has_the_name_of_a_ledger_is_left_alone(desk):
    _, name, copy = desk
    place = Path("money/releases") / name
    shutil.copytree(copy, place)
    Path("money/ledger.db").mkdir()
    assert all("a withdrawal elsewhere is not seen" in said for said in both_say(place))
    Path("money/ledger.db").rmdir()
    db = sqlite3.connect("money/ledger.db")
    db.execute("CREATE TABLE entries (amount REAL)")
    db.commit()
    before = Path("money/ledger.db").read_bytes()
    assert all("a withdrawal elsewhere is not seen" in said for said in both_say(place))
    assert load(place, "analytics")
    assert Path("money/ledger.db").read_bytes() == before


def test_statements_of_other_programs_where_notices_lie_are_passed_over(desk):
    _, _, copy = desk
    said = {"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev/x/v1"}
    payload = base64.b64encode(json.dumps(said).encode()).decode()
    sealed = {"payload": payload, "payloadType": "x", "signatures": [{"keyid": "k", "sig": "AA=="}]}
    beside = copy.with_name(f"{copy.name}.notices")
    beside.mkdir()
    (beside / "build.dsse.json").write_text(json.dumps(sealed))
    assert all("RELEASED" in said for said in both_say(copy))
    assert load(copy, "analytics")
    (beside / "build.dsse.json").write_text('{"hello": 1}')
    assert all("build.dsse.json beside it is not a signed" in said for said in both_say(copy))


def test_an_answer_of_the_same_second_comes_after_what_it_answers(desk, tmp_path):
    workspace, name, copy = desk
    new_key(tmp_path / "k")
    raw = challenge(copy, read_key(tmp_path / "k"), "no-copies", "looked")
    finding = take_in(workspace, name, raw)
    answer(workspace, name, finding, "refuted", "not so")
    place = workspace.path / "releases" / name
    said = verify(place).steps[10].said
    assert "RELEASED" in said
    assert "2 notices" in said
    assert "RELEASED" in verified(Release(place, [], TODAY))[10][3]


def test_the_first_line_says_that_a_release_is_contested_or_degraded(desk, tmp_path):
    workspace, name, copy = desk
    new_key(tmp_path / "k")
    place = workspace.path / "releases" / name

    def first(code=3):
        done = CliRunner().invoke(app, ["verify", str(place)], standalone_mode=False)
        assert done.return_value == code
        return done.output.splitlines()[0]

    assert first(0) == "VERIFIED: approved for analytics"
    finding = take_in(workspace, name, challenge(copy, read_key(tmp_path / "k"), "c", "m"))
    less = "do not use it, ask who issued it; it was approved for analytics"
    for status in ("CONTESTED", "DEGRADED"):
        assert first() == f"VERIFIED, but {status}: {less}"
        assert verify(place).status == status
        command = [sys.executable, str(place / "verify.py"), str(place)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 3
        assert done.stdout.splitlines()[-1] == f"VERIFIED, but {status}: do not use it"
        written = CliRunner().invoke(app, ["release", "documents", str(place), "--out", "d"])
        assert (written.exit_code, f"It is {status} since" in written.output) == (0, True)
        if status == "CONTESTED":
            answer(workspace, name, finding, "upheld", "so it is")
