"""The twelve steps of `verify`, each on a release that holds and on one that does not."""

import importlib.util
import json
import os
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from assaymark.core.document import sha256
from assaymark.errors import LeakError
from assaymark.flow.release.verify import verify
from assaymark.release.verification import STEPS
from assaymark.store.workspace import Workspace

_PLACE = Path(__file__).parents[1] / "golden" / "make_release.py"
_SPEC = importlib.util.spec_from_file_location("make_release", _PLACE)
make = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(make)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    workspace = Workspace.open(tmp_path_factory.mktemp("made") / "ws")
    return make.release(workspace), workspace


@pytest.fixture
def release(made, tmp_path):
    return Path(shutil.copytree(made[0], tmp_path / "received"))


def step(found, number):
    return found.steps[number - 1]


def failing(folder):
    found = verify(folder)
    assert not found.ok
    assert found.uses == {}
    (broken,) = [s for s in found.steps if s.outcome == "FAILED"]
    return broken.number, broken.said


def test_a_release_that_holds_shows_twelve_steps_and_what_was_not_verified(release):
    found = verify(release)
    assert found.ok, [c for c in found.checks if c.outcome == "FAILED"]
    assert [s.title for s in found.steps] == list(STEPS)
    assert [s.outcome for s in found.steps] == [
        "NOT APPLICABLE" if n in {9, 10} else "OK" for n in range(1, 13)
    ]
    assert all(s.said for s in found.steps)
    assert "Truth of the measurements" in {c.title for c in found.not_verified}
    assert json.loads(json.dumps(found.plain()))["steps"][4]["title"] == "Ledger"


def test_a_policy_committed_after_the_evaluation_fails(tmp_path):
    folder = make.release(Workspace.open(tmp_path / "ws"), late=True)
    number, said = failing(folder)
    assert number == 5
    assert "after the sealed people were looked at" in said


def test_attempts_that_the_provenance_leaves_out_fail(tmp_path):
    workspace = Workspace.open(tmp_path / "ws")
    make.release(workspace, "first", frame=make.rows(shift=3))

    def fewer(made):
        return made.model_copy(update={"attempts": 1, "openings": 1})

    honest = make.release(workspace, "second")
    assert verify(honest).ok
    parquet = [make.parquet_of(make.rows(shift=5))]
    candidate = sha256(sha256(parquet[0]).encode())
    make.measured(workspace, candidate)
    said = fewer(make.provenance(workspace, candidate, 1))
    folder = make.release(workspace, "third", frame=make.rows(shift=5), provenance=said)
    number, why = failing(folder)
    assert (number, why) == (8, "the provenance counts 1 attempts, the ledger shows 3")


@pytest.mark.parametrize(
    ("kind", "number", "said"),
    [
        ("policy.committed", 5, "the policy is not among the entries"),
        ("evaluated", 5, "evaluation is not among the entries"),
        ("decided", 5, "the decision is not among the entries"),
        ("attempt", 5, "the rows is not among"),
        ("confirmation.opened", 5, "the look at the sealed people is not among"),
    ],
)
def test_an_entry_that_is_left_out_of_the_history_is_missed(release, kind, number, said):
    path = release / "log/history.json"
    plain = json.loads(path.read_bytes())
    plain["entries"] = [e for e in plain["entries"] if e["entry"]["kind"] != kind]
    path.write_bytes(make.rfc8785.dumps(plain))
    assert failing(release)[0] == number
    assert said in failing(release)[1].replace("these rows are not", "the rows is not")


def test_an_entry_that_is_not_in_the_ledger_fails(release):
    path = release / "log/history.json"
    plain = json.loads(path.read_bytes())
    plain["entries"][0]["entry"]["time"] = "2020-01-01T00:00:00+00:00"
    path.write_bytes(make.rfc8785.dumps(plain))
    assert failing(release) == (5, "the inclusion proof does not lead to the root")


def test_an_expired_release_fails_at_its_status(tmp_path):
    folder = make.release(Workspace.open(tmp_path / "ws"), expires="2030-01-31")
    assert verify(folder, today=date(2030, 1, 31)).ok
    found = verify(folder, today=date(2030, 2, 1))
    assert (step(found, 11).outcome, found.ok) == ("FAILED", False)
    assert "expired on 2030-01-31" in step(found, 11).said
    assert verify(folder, today=date(2030, 2, 1), status=False).ok


def test_files_that_are_no_plain_files_of_a_release_are_named(release, tmp_path):
    link = release / "link"
    link.symlink_to(tmp_path)
    assert failing(release) == (2, "link is a link; a release holds plain files only")
    link.unlink()
    os.mkfifo(release / "pipe")
    assert "pipe is a device or a pipe" in failing(release)[1]
    (release / "pipe").unlink()
    (release / "empty").mkdir()
    assert "empty is an empty folder" in failing(release)[1]
    (release / "empty").rmdir()
    (release / "data" / "..x").write_bytes(b"")
    assert "does not list" in failing(release)[1]
    (release / "data" / "..x").rename(release / "data" / "a\\b")
    assert "is not a path that a release may have" in failing(release)[1]


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "data/../../x", "a//b", "./x", "x/"])
def test_a_manifest_that_points_outside_fails(made, release, path):
    key = made[1].key()
    listed = json.loads((release / "manifest.json").read_bytes())
    listed["files"].append({"path": path, "sha256": "0" * 64, "size": 1})
    raw = make.rfc8785.dumps(listed)
    (release / "manifest.json").write_bytes(raw)
    signed = release / "attestations/release.dsse.json"
    payload = json.loads(make.base64.b64decode(json.loads(signed.read_bytes())["payload"]))
    payload["subject"][0]["digest"]["sha256"] = sha256(raw)
    again = make.seal_envelope(make.rfc8785.dumps(payload), key.sign, key.fingerprint)
    signed.write_bytes(again)
    number, said = failing(release)
    assert number == 2
    assert "outside the release" in said


def test_two_files_that_are_swapped_are_named(release):
    card, page = release / "card.md", release / "report.html"
    a, b = card.read_bytes(), page.read_bytes()
    card.write_bytes(b)
    page.write_bytes(a)
    assert failing(release) == (2, "card.md was altered: it holds what report.html should")


def test_a_release_of_a_newer_format_says_so(made, release):
    key = made[1].key()
    newer = {"decision": lambda p: p["predicate"].update(schema_id="assaymark/decision/v9")}
    make.signed_again(release, key, statements=newer)
    number, said = failing(release)
    assert number == 3
    assert "'assaymark/decision/v9'" in said
    assert "use a newer assaymark" in said
    typed = {"decision": lambda p: p.update(predicateType="https://assaymark.dev/decision/v9")}
    make.signed_again(release, key, statements=typed)
    assert "https://assaymark.dev/decision/v9" in failing(release)[1]


def test_huge_and_deep_json_is_refused_quickly(made, release):
    (release / "manifest.json").write_bytes(b"[" * 2_000_000)
    assert failing(release)[0] == 2
    with (release / "manifest.json").open("wb") as file:
        file.truncate(1 << 30)
    assert "64 MB is the most" in failing(release)[1]


@pytest.mark.parametrize(
    ("path", "raw", "rule"),
    [
        ("report.html", b"<p>Seed: 42</p>", "seed"),
        ("card.md", None, "embedded path"),
        ("model.pkl", b"\x80\x04", "file kind"),
    ],
)
def test_a_release_that_leaks_is_neither_made_nor_verified(
    made, release, tmp_path, path, raw, rule
):
    workspace = Workspace.open(tmp_path / "ws")
    leak = (release / path).read_bytes() + b"\n/home/ada/ward7.csv\n" if raw is None else raw

    def change(files):
        return {**files, path: leak}

    with pytest.raises(LeakError, match=rule):
        make.release(workspace, change=change)
    assert not (tmp_path / "ws" / "releases" / "small").exists()
    assert not workspace.ledger.entries(kind="statement")
    make.signed_again(release, made[1].key(), files={path: leak})
    log_again(release, made[1])
    number, said = failing(release)
    assert number == 12
    assert f"{path}: {rule}" in said


def log_again(folder, workspace):
    """Enter a release that was signed again, as an insider would."""
    from assaymark.core.actor import Actor
    from assaymark.flow.release.history import shown_entries
    from assaymark.flow.release.log import logged

    files = {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }
    statement = sha256(files["attestations/release.dsse.json"])
    candidate = json.loads(files["evidence/development.json"])["candidate"]
    actor = Actor(key=workspace.key().fingerprint)
    entry = workspace.ledger.append("statement", statement, {}, actor)
    shown = shown_entries(workspace, files, candidate)
    for path, raw in logged(workspace, entry, shown).items():
        (folder / path).write_bytes(raw)


def test_a_parquet_file_that_unpacks_to_far_more_than_its_csv_is_not_unpacked(tmp_path):
    few, many = (
        pl.DataFrame({"age": pl.Series([7], dtype=pl.Int64)}).select(
            pl.col("age").repeat_by(n).explode()
        )
        for n in (120, 3_000_000)
    )
    raw = make.parquet_of(many)
    assert len(raw) < 200_000
    workspace = Workspace.open(tmp_path / "ws")
    candidate = sha256(sha256(raw).encode())
    make.measured(workspace, candidate)
    made = make.contents_of(workspace, [raw], csv=(make.csv_of(make.parquet_of(few)),))
    folder = make.enter_release(workspace, "bomb", make.build(made), {"name": "bomb"}, candidate)
    number, said = failing(folder)
    assert (number, "different rows" in said) == (12, True)


def test_texts_that_unpack_to_more_than_the_csv_and_rows_that_end_early(tmp_path):
    long = pl.DataFrame({"age": ["x" * 90] * 120})
    short = make.rows().head(100)
    for n, (frame, csv) in enumerate(((long, make.rows()), (make.rows(), short))):
        raw = make.parquet_of(frame)
        workspace = Workspace.open(tmp_path / str(n))
        candidate = sha256(sha256(raw).encode())
        make.measured(workspace, candidate)
        made = make.contents_of(workspace, [raw], csv=(make.csv_of(make.parquet_of(csv)),))
        folder = make.enter_release(workspace, "x", make.build(made), {"name": "x"}, candidate)
        assert failing(folder)[0] == 12


def test_a_parquet_file_whose_pages_are_broken_is_a_finding(tmp_path):
    raw = make.parquet_of(make.rows())
    broken = raw[:40] + bytes(60) + raw[100:]
    workspace = Workspace.open(tmp_path / "ws")
    candidate = sha256(sha256(broken).encode())
    make.measured(workspace, candidate)
    made = make.contents_of(workspace, [raw])
    decision = made.decision.model_copy(update={"candidate": candidate})
    evidence = {s: make.evidence(candidate, s).canonical() for s in made.evidence}
    stages = tuple(
        s.model_copy(update={"evidence": sha256(evidence[s.stage])}) for s in decision.stages
    )
    decision = decision.model_copy(update={"stages": stages})
    card = f"{candidate} {decision.policy}".encode()
    made = replace(
        made,
        parquet=(broken,),
        provenance=make.provenance(workspace, candidate, 1),
        decision=decision,
        evidence=evidence,
        documents=lambda _: {"card.md": card},
        report=b"<!doctype html>\n<title>x</title>\n",
    )
    folder = make.enter_release(workspace, "x", make.build(made), {"name": "x"}, candidate)
    number, said = failing(folder)
    assert (number, "cannot be read" in said or "different rows" in said) == (12, True)
