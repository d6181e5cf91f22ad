import io
import json
import os
import pty
import select
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from assaymark.cli.app import app
from assaymark.core.actor import Actor
from assaymark.core.document import sha256
from assaymark.core.people import Approval
from assaymark.errors import InputError, IntegrityError, NotApprovedError, UnknownNameError
from assaymark.flow.decide.people import add, init, new_key, read_key, remove
from assaymark.flow.decide.ready import make_ready, ready_called, release_ready, waits_for
from assaymark.flow.decide.review import Said, review, shown
from assaymark.flow.generate.generator import approve
from assaymark.flow.generate.row_files import parquet_of
from assaymark.flow.job import Options
from assaymark.flow.release.folder import read_release
from assaymark.flow.release.verify import verify
from assaymark.flow.run import run
from assaymark.flow.status import status_of
from assaymark.release.alone.steps import Release, verified
from assaymark.release.approved import DECISION, approval_bytes
from assaymark.release.build import sealed
from assaymark.release.contained import held
from assaymark.release.envelope import payload_of, seal_envelope
from assaymark.release.generator import GENERATOR, check_generator, check_made
from assaymark.release.predicates import Decided, Provenance
from assaymark.release.statement import read_statement, statement
from assaymark.store.workspace import Workspace

YES = Said(outcome="approve")
NO = Said(outcome="reject", reason="two of the columns are wrong")


@pytest.fixture(scope="module")
def made(tmp_path_factory, split_in_two):
    """Return a folder with a workspace in which one decision waits for Grace or Ben."""
    folder = tmp_path_factory.mktemp("review")
    workspace = Workspace.open(folder / "ws")
    init(workspace, "Ada", ["ml_owner", "privacy"])
    for name, role in (("grace", "privacy"), ("ben", "domain"), ("eve", "witness")):
        add(workspace, name, [role], new_key(folder / name))
    job = split_in_two(folder)
    unapproved = run(job, Options(workspace=folder / "ws", seed=1))
    assert "generator 'tree_chain' is not approved" in unapproved.blocked[0]
    assert "approved" in unapproved.uses.values()
    approve(workspace, job.recipe.generate, read_key(folder / "grace"))
    outcome = run(job, Options(workspace=folder / "ws", seed=1))
    assert outcome.release is None
    assert not outcome.approved
    assert "is missing: `assaymark review" in outcome.waiting[0]
    return folder


@pytest.fixture
def desk(made, tmp_path, monkeypatch):
    """Return the workspace, the name of what waits, and the keys."""
    shutil.copytree(made, tmp_path / "desk")
    monkeypatch.chdir(tmp_path / "desk")
    workspace = Workspace.open(Path("ws"))
    (name,) = (p.name for p in Path("ws/ready").iterdir())
    keys = {who: read_key(Path(who)) for who in ("grace", "ben", "eve")}
    return workspace, name, {**keys, "ada": workspace.key()}


def test_a_decision_waits_until_somebody_else_approves_and_then_verifies(desk):
    workspace, name, keys = desk
    assert status_of(Path("ws")).candidates[0].status == "READY"
    told = shown(workspace, name)
    assert "Know this first" in told.words
    assert told.decision in told.words
    assert "self-attested" not in told.words
    with pytest.raises(NotApprovedError, match="waits"):
        release_ready(workspace, ready_called(workspace, name))
    with pytest.raises(NotApprovedError, match="whoever made a decision"):
        review(workspace, name, keys["ada"], YES)
    with pytest.raises(NotApprovedError, match="no role that is asked for"):
        review(workspace, name, keys["eve"], YES)
    done = review(workspace, name, keys["grace"], YES)
    found = verify(Path(done.release))
    assert found.ok, [c for c in found.checks if c.outcome == "FAILED"]
    alone = verified(Release(Path(done.release), [], datetime.now(UTC).date()))
    assert [s[2] for s in alone] == [s.outcome for s in found.steps]
    assert not found.self_attested
    assert "approved as privacy" in next(c.said for c in found.checks if c.title == "Approvals")
    card = (Path(done.release) / "card.md").read_text()
    assert "privacy" in card.split("## Approvals")[1]
    assert "grace" not in card
    assert status_of(Path("ws")).candidates[0].status == "RELEASED"


def test_a_rejection_blocks_until_it_is_taken_back(desk):
    workspace, name, keys = desk
    told = review(workspace, name, keys["ben"], NO)
    assert any("two of the columns" in m for m in told.missing)
    told = review(workspace, name, keys["grace"], YES)
    assert told.release is None
    done = review(workspace, name, keys["ben"], YES)
    assert verify(Path(done.release)).ok
    assert "two of the columns" in (Path(done.release) / "card.md").read_text()


def test_a_decision_that_comes_back_after_a_refusal_can_be_approved_again(desk):
    workspace, name, keys = desk
    waiting = ready_called(workspace, name)
    actor = Actor(key=workspace.key().fingerprint)
    body = {k: v for k, v in waiting.entry.body.items() if k not in {"decision", "files"}}
    candidate = waiting.entry.subject
    workspace.ledger.append("refusal", candidate, {**body, "name": "other"}, actor)
    with pytest.raises(NotApprovedError, match="superseded by other"):
        review(workspace, name, keys["grace"], YES)
    assert "superseded" in waits_for(workspace, candidate)[0]
    make_ready(workspace, name, waiting.files, body, candidate)
    assert verify(Path(review(workspace, name, keys["grace"], YES).release)).ok


def test_files_that_are_gone_and_a_maker_whom_nobody_knows_are_named(desk):
    workspace, name, keys = desk
    shutil.move(f"ws/ready/{name}", "kept")
    with pytest.raises(IntegrityError, match="are gone from ready/"):
        review(workspace, name, keys["grace"], YES)
    shutil.move("kept", f"ws/ready/{name}")
    add(workspace, "Rita", ["auditor"], new_key(Path("rita")), root=True)
    remove(workspace, "Ada", sign_with=[read_key(Path("rita"))])
    with pytest.raises(NotApprovedError, match="held by nobody in the role file"):
        review(workspace, name, keys["grace"], YES)


def test_a_changed_file_resets_approvals(desk):
    workspace, name, keys = desk
    review(workspace, name, keys["ben"], NO)
    path = Path("ws/ready") / name / "policy.toml"
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(IntegrityError, match="void"):
        review(workspace, name, keys["grace"], YES)


def test_a_superseded_decision_cannot_be_approved(desk):
    workspace, name, keys = desk
    ready = ready_called(workspace, name)
    body = {k: v for k, v in ready.entry.body.items() if k not in {"decision", "files"}}
    other = {**ready.files, "threat.json": b"{}"}
    make_ready(workspace, "other-1", other, {**body, "name": "other-1"}, ready.entry.subject)
    with pytest.raises(NotApprovedError, match="superseded by other-1"):
        review(workspace, name, keys["grace"], YES)


def test_who_was_removed_no_longer_counts(desk):
    workspace, name, keys = desk
    review(workspace, name, keys["ben"], NO)
    remove(workspace, "ben")
    assert shown(workspace, name).signed == ()
    with pytest.raises(NotApprovedError, match="not in the role file"):
        review(workspace, name, keys["ben"], YES)
    assert review(workspace, name, keys["grace"], YES).release


def test_an_expired_role_file_blocks(desk, monkeypatch):
    workspace, name, keys = desk

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2100, 1, 1, tzinfo=UTC)

    monkeypatch.setattr("assaymark.flow.decide.ready.datetime", Later)
    with pytest.raises(NotApprovedError, match="people renew"):
        review(workspace, name, keys["grace"], YES)


def test_what_cannot_be_said_is_refused(desk):
    workspace, name, keys = desk
    with pytest.raises(InputError, match="say why"):
        review(workspace, name, keys["grace"], Said(outcome="reject", reason=" \n"))
    with pytest.raises(InputError, match="is not 'auditor'"):
        review(workspace, name, keys["grace"], Said(outcome="approve", role="auditor"))
    with pytest.raises(UnknownNameError):
        shown(workspace, "nothing")


def reissued(workspace, name, change):
    """Return a release that the workspace's key signed, with other approvals than it may have.

    Whoever does that has taken the guards before the signature out of the program.
    """
    from dataclasses import replace

    ready = ready_called(workspace, name)

    class Blind(type(ready)):
        missing = ()

    plain = {f: getattr(ready, f) for f in ("entry", "files", "people", "author", "signed")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assaymark.flow.decide.ready.check_story", lambda *_: None)
        return release_ready(workspace, replace(Blind(**plain), **change(ready)))


def approval(ready, key, **more):
    plain = {
        "decision": ready.decision,
        "words": sha256(ready.files["review.txt"]),
        "role": "privacy",
        "outcome": "approve",
        "reason": "",
        "conflict": "none",
        "made_at": "2026-11-25T00:00:00+00:00",
    }
    made = Approval.model_validate({**plain, **more})
    raw = approval_bytes(made, ready.files, key.sign, key.fingerprint)
    return ((key.fingerprint, made), raw)


@pytest.mark.parametrize(
    ("who", "more"),
    [
        (None, {}),
        ("ada", {}),
        ("eve", {"role": "witness"}),
        ("grace", {"outcome": "reject"}),
        ("grace", {"decision": "0" * 64}),
        ("grace", {"words": "0" * 64}),
    ],
)
def test_a_release_with_too_few_or_wrong_approvals_does_not_verify(desk, who, more):
    workspace, name, keys = desk

    def change(ready):
        return {"signed": () if who is None else (approval(ready, keys[who], **more),)}

    found = verify(reissued(workspace, name, change))
    assert not found.ok
    assert next(c.title for c in found.checks if c.outcome == "FAILED") == "Approvals"


def test_every_flipped_byte_of_an_approved_release_is_found(desk):
    workspace, name, keys = desk
    release = Path(review(workspace, name, keys["grace"], YES).release)
    for path in sorted(p for p in release.rglob("*") if p.is_file()):
        raw = path.read_bytes()
        for place in {0, len(raw) // 3, len(raw) // 2, len(raw) - 2, len(raw) - 1}:
            path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
            assert not verify(release).ok, f"{path.name} at {place}"
        path.write_bytes(raw)


def test_the_command_shows_the_words_and_ends_with_3_until_nothing_blocks(desk):
    _, name, _ = desk

    def do(*said, **more):
        return CliRunner().invoke(app, ["review", name, "--workspace", "ws", *said], **more)

    first = do(standalone_mode=False)
    assert first.return_value == 3
    assert "Know this first" in first.output
    assert "waits: an approval by data owner, privacy, domain, fairness or release" in first.output
    assert f"to sign: assaymark review {name} --key FILE" in first.output
    later = do("--key", "grace", input="l\n", standalone_mode=False)
    assert "nothing was signed" in later.output
    asked = do("--key", "ben", input="c\nplease drop a column\nnone\n", standalone_mode=False)
    assert "please drop a column" in asked.output
    told = do("--key", "ben", "--approve", "--json", standalone_mode=False)
    assert json.loads(told.output)["release"]
    assert told.return_value == 0


def at_a_terminal(*arguments, answers=()):
    """Run a command in a terminal of its own; type each answer once its question is there.

    Return its exit code and all that the terminal showed.
    """
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "assaymark", *arguments]
    run = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    seen, left, begun = "", list(answers), time.monotonic()
    with suppress(OSError):
        while time.monotonic() - begun < 60:
            if not select.select([ours], [], [], 1.0)[0]:
                continue
            seen += os.read(ours, 4096).decode("utf-8", "replace")
            if left and left[0][0] in seen.rpartition("\x04")[2]:
                os.write(ours, left.pop(0)[1].encode() + b"\n")
                seen += "\x04"
    os.close(ours)
    if run.poll() is None and time.monotonic() - begun >= 60:
        run.kill()
    return run.wait(10), seen.replace("\x04", "").replace("\r\n", "\n")


def test_signers_at_a_real_terminal(desk):
    _, name, _ = desk
    place = ("review", name, "--workspace", "ws", "--key")
    Path("ada").write_text(Path("ws/sealed/signing-key").read_bytes().hex() + "\n")
    code, seen = at_a_terminal(*place, "ada")
    assert (code, "whoever made a decision cannot review it" in seen) == (3, True)
    assert "[a]pprove" not in seen
    answers = [("[l]ater", "yes"), ("[l]ater", "c"), ("Why:", "drop a column"), ("interest", "")]
    code, seen = at_a_terminal(*place, "ben", answers=answers)
    assert code == 3
    assert seen.count("[a]pprove, ask for [c]hanges") == 2
    for words in ("read first: ws/ready/", "You sign as domain", "said request changes: drop a"):
        assert words in seen
    answers = [("[l]ater", "a"), ("interest", "I fitted it")]
    code, seen = at_a_terminal(*place, "grace", answers=answers)
    assert (code, "signed: approve" in seen, "drop a column" in seen) == (3, True, True)
    answers = [("[l]ater", "a"), ("interest", "")]
    code, seen = at_a_terminal(*place, "ben", answers=answers)
    assert (code, "Release:  ws/releases/" in seen) == (0, True)
    card = next(Path("ws/releases").glob("*/card.md")).read_text()
    assert "I fitted it" in card


def test_a_release_names_the_approved_generator_and_an_undeclared_edit_breaks_it(desk):
    workspace, name, keys = desk
    folder = Path(review(workspace, name, keys["grace"], YES).release)
    found = {c.title: c for c in verify(folder).checks}
    assert "approved as privacy" in found["Generator"].said
    assert "declared acts lead from the source" in found["Lineage"].said
    files = read_release(folder)
    made, decided = (
        kind.parse(read_statement(payload_of(files[f"attestations/{n}.dsse.json"]), n)[1])
        for n, kind in (("provenance", Provenance), ("decision", Decided))
    )
    author = workspace.key().fingerprint
    other = made.generator_version.model_copy(update={"code": "0" * 64})
    for changed, lost, why in (
        ({"generator_version": other}, "", "not the one that was approved"),
        ({"generator": "independent"}, "", "of another one than made the rows"),
        ({}, GENERATOR, "nobody approved the generator"),
    ):
        left = {p: raw for p, raw in files.items() if p != lost}
        with pytest.raises(IntegrityError, match=why):
            check_generator(held(left), made.model_copy(update=changed), decided, author)
    early = decided.model_copy(update={"made_at": "2000-01-01T00:00:00+00:00"})
    with pytest.raises(IntegrityError, match="after the decision"):
        check_generator(held(files), made, early, author)
    rows = pl.read_csv(folder / "data/synthetic.csv")
    edited = rows.with_columns(
        pl.when(pl.int_range(pl.len()) == 3).then(99).otherwise("age").alias("age")
    )
    out = io.BytesIO()
    edited.write_csv(out)
    with pytest.raises(IntegrityError, match=r"synthetic.csv was changed by something"):
        check_made(held({**files, "data/synthetic.csv": out.getvalue()}), made)
    shorter = made.model_copy(update={"transformations": ()})
    if made.transformations:
        with pytest.raises(IntegrityError, match="other transformations"):
            check_made(held(files), shorter)
    signed = dict(resigned(workspace, files, out.getvalue()))
    for path, raw in signed.items():
        (folder / path).write_bytes(raw)
    assert not verify(folder).ok


def resigned(workspace, files, csv):
    """Edit a cell in both files as an insider would, who holds the key and signs all again."""
    parquet = parquet_of(pl.read_csv(io.BytesIO(csv)))
    changed = {**files, "data/synthetic.csv": csv, "data/synthetic.parquet": parquet}
    rows, key = {"data/synthetic.parquet": sha256(parquet)}, workspace.key()
    for name, kind in (("provenance", Provenance), ("decision", Decided)):
        path = f"attestations/{name}.dsse.json"
        said = kind.parse(read_statement(payload_of(files[path]), name)[1])
        said = said.model_copy(update={"candidate": sha256(sha256(parquet).encode())})
        changed[path] = seal_envelope(statement(name, rows, said), key.sign, key.fingerprint)
    signing = {"manifest.json", "attestations/release.dsse.json"}
    inner = {p: r for p, r in changed.items() if p not in signing and not p.startswith("log/")}
    decided = Decided.parse(read_statement(payload_of(inner[DECISION]), "decision")[1])
    return {**changed, **sealed(inner, "stays", decided, key.sign)}
