"""The verifier that lies in a release: it needs Python and `cryptography`, and agrees with ours."""

import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assaymark.core.threat import Profile, threat_of
from assaymark.decide.version import GATE, GATES
from assaymark.errors import InputError
from assaymark.flow.release.recall import issued
from assaymark.flow.release.verify import verify
from assaymark.release.alone import standalone
from assaymark.release.alone.gate import ATTACKS
from assaymark.release.alone.gate import GATES as ALONE_GATES
from assaymark.release.alone.pieces import canonical
from assaymark.release.alone.steps import Release, verified
from assaymark.store.workspace import Workspace

_PLACE = Path(__file__).parents[1] / "golden" / "make_release.py"
_SPEC = importlib.util.spec_from_file_location("make_release", _PLACE)
make = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(make)

HIDE = """
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        if root not in {*sys.stdlib_module_names, "cryptography", "cffi", "_cffi_backend"}:
            raise ImportError(name + " is hidden")
sys.meta_path.insert(0, Hide())
sys.argv = sys.argv[1:]
import runpy
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    workspace = Workspace.open(tmp_path_factory.mktemp("made") / "ws")
    return make.release(workspace, expires="2030-01-31"), workspace


@pytest.fixture
def release(made, tmp_path):
    return Path(shutil.copytree(made[0], tmp_path / "received"))


def run(folder, *more):
    command = [sys.executable, "-I", "-c", HIDE, str(folder / "verify.py"), str(folder), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_runs_without_assaymark_and_prints_the_same_table(release):
    done = run(release, "--today", "2029-01-01", "--json")
    assert done.returncode == 0, done.stderr
    said, ours = json.loads(done.stdout), verify(release)
    assert said["uses"] == ours.uses
    steps = [(s["number"], s["title"], s["outcome"]) for s in said["steps"]]
    assert steps == [(s.number, s.title, s.outcome) for s in ours.steps]
    assert "not checked here" in said["steps"][11]["said"]
    assert any("CSV and Parquet" in line for line in said["not_verified"])
    words = run(release, "--today", "2029-01-01").stdout
    assert "VERIFIED" in words
    assert "Not verified:" in words


def test_neither_verifier_reads_what_no_release_has(release):
    rows = next((release / "data").glob("*.csv"))
    size = rows.stat().st_size
    os.truncate(rows, 40 << 30)
    for said in (its_words(release), our_words(release)):
        assert "data/synthetic.csv was altered" in said
    os.truncate(rows, size)
    (release / "x").mkdir()
    for i in range(40):
        (release / "x" / f"\u202e{i}").touch()
    assert our_words(release).count("x/") == 5
    assert its_words(release).count("x/") == 5
    assert "\u202e" not in our_words(release)
    assert "and 35 more" in our_words(release)
    shutil.rmtree(release / "x")
    beside = release.with_name(f"{release.name}.notices")
    beside.mkdir()
    (beside / "a.dsse.json").symlink_to("/dev/zero")
    for said in (its_words(release), our_words(release)):
        assert "a.dsse.json beside it is no plain file" in said
    linked = release.with_name("linked")
    linked.symlink_to(release)
    for said in (its_words(linked), our_words(linked)):
        assert "a.dsse.json beside it is no plain file" in said


def its_words(folder):
    done = run(folder, "--today", "2029-01-01", "--json")
    assert done.returncode == 4, done.stderr
    return next(s["said"] for s in json.loads(done.stdout)["steps"] if s["outcome"] == "FAILED")


def our_words(folder):
    return next(s.said for s in verify(folder).steps if s.outcome == "FAILED")


def test_it_verifies_the_folder_it_is_in(release, monkeypatch):
    monkeypatch.chdir(release)
    assert verify(Path()).ok
    assert run(Path(), "--today", "2029-01-01").returncode == 0
    assert issued(Path()).folder.name == "received"
    monkeypatch.chdir(release / "data")
    assert verify(Path("..")).ok
    shutil.make_archive(str(release), "zip", release)
    with pytest.raises(InputError, match="is a file, and a release is a folder"):
        verify(release.with_name("received.zip"))


def test_what_is_shipped_is_what_is_tested(release):
    assert (release / "verify.py").read_bytes() == standalone()
    compile(standalone(), "verify.py", "exec")
    tree = ast.parse(standalone())
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and "assay" in n.module]
    names = [n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    given = [t for n in tree.body if isinstance(n, ast.Assign) for t in n.targets]
    names += [n.id for t in given for n in ast.walk(t) if isinstance(n, ast.Name)]
    assert [n for n in names if names.count(n) > 1] == ["MOST", "MOST"]


def test_the_attacks_of_each_profile_are_those_of_the_threat_model():
    """Whoever changes them raises the version of the gate: old releases are judged as they were."""
    assert {p.value: threat_of(p).attacks for p in Profile} == ATTACKS
    assert {p: threat_of(p).attacks for p in Profile} == GATES[GATE]
    assert tuple(GATES) == ALONE_GATES


def broken_step(folder, today="2029-01-01", trusted=()):
    import datetime

    found = Release(folder, list(trusted), datetime.date.fromisoformat(today))
    return [n for n, _, outcome, _ in verified(found) if outcome == "FAILED"]


def ours(folder):
    return [s.number for s in verify(folder).steps if s.outcome == "FAILED"]


@pytest.mark.parametrize(
    "value", [0.5, 1.0, -0.0, 1e-5, 1e-7, 2.5e-7, 1e20, 1e21, 1.5e300, 7, "ü\x1f\x7f"]
)
def test_its_canonical_json_is_that_of_rfc_8785(value):
    plain = {"b": [value, None, True], "\U0001f600": 1, "\ufb33": 2, "a": {"": value}}
    assert canonical(plain) == make.rfc8785.dumps(plain)


def altered(path, change):
    def do(folder, workspace):
        raw = (folder / path).read_bytes()
        (folder / path).write_bytes(change(raw))

    return do


def history(change):
    def do(folder, workspace):
        plain = json.loads((folder / "log/history.json").read_bytes())
        plain["entries"] = change(plain["entries"])
        (folder / "log/history.json").write_bytes(make.rfc8785.dumps(plain))

    return do


def resigned(**statements):
    def do(folder, workspace):
        make.signed_again(folder, workspace.key(), statements=statements)

    return do


def extra(folder, workspace):
    (folder / "notes.txt").write_text("x")


def fewer(folder, workspace):
    (folder / "card.md").unlink()


def linked(folder, workspace):
    (folder / "link").symlink_to(folder)


def other(raw):
    """Return the end of a proof with another letter in it."""
    return (b"B" if raw[-9:-8] == b"A" else b"A") + raw[-8:]


BROKEN = {
    "a byte of the card": altered("card.md", lambda raw: raw[:-1] + b"x"),
    "a byte of the rows": altered("data/synthetic.csv", lambda raw: raw.replace(b"f", b"m", 1)),
    "a byte of the manifest": altered("manifest.json", lambda raw: raw.replace(b"0", b"1", 1)),
    "a byte of the release": altered(
        "attestations/release.dsse.json", lambda raw: raw.replace(b"A", b"B", 1)
    ),
    "a byte of the log": altered("log/release.json", lambda raw: raw.replace(b"release", b"relax")),
    "a byte of the proof": altered(
        "log/release.tlog-proof",
        lambda raw: raw[:-9] + (b"B" if raw[-9:-8] == b"A" else b"A") + raw[-8:],
    ),
    "deep JSON": altered("manifest.json", lambda _: b"[" * 300_000),
    "an extra file": extra,
    "a missing file": fewer,
    "a link": linked,
    "no policy in the history": history(
        lambda es: [e for e in es if "pol" not in e["entry"]["kind"]]
    ),
    "no attempt in the history": history(
        lambda es: [e for e in es if e["entry"]["kind"] != "attempt"]
    ),
    "another order": history(lambda es: es[::-1]),
    "approved for more": resigned(
        decision=lambda p: p["predicate"]["uses"].update(pretraining="approved")
    ),
    "no confirmation": resigned(
        decision=lambda p: p["predicate"].update(stages=p["predicate"]["stages"][:1])
    ),
    "other rows": resigned(decision=lambda p: p["predicate"].update(candidate="0" * 64)),
    "another policy": resigned(decision=lambda p: p["predicate"].update(policy="0" * 64)),
    "a later format": resigned(
        decision=lambda p: p["predicate"].update(schema_id="assaymark/decision/v7")
    ),
    "a statement of another kind": resigned(
        provenance=lambda p: p.update(predicateType="https://assaymark.dev/decision/v0")
    ),
    "a waiver that is not there": resigned(
        decision=lambda p: p["predicate"].update(waivers=["0" * 64])
    ),
    "fewer attempts": resigned(provenance=lambda p: p["predicate"].update(attempts=0)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_it_finds_what_ours_finds_in_the_same_step(made, release, name):
    BROKEN[name](release, made[1])
    assert broken_step(release) == ours(release)
    assert len(ours(release)) == 1


def test_it_refuses_a_stranger_and_an_expired_release(release):
    assert broken_step(release) == []
    assert broken_step(release, trusted=["0" * 64]) == [1]
    assert broken_step(release, today="2030-02-01") == [11]


def test_a_policy_committed_late_fails_here_too(tmp_path):
    folder = make.release(Workspace.open(tmp_path / "ws"), late=True)
    assert broken_step(folder) == ours(folder) == [5]


def evidence_with(folder, workspace, change):
    path = folder / "evidence/confirmation.json"
    plain = json.loads(path.read_bytes())
    change(plain["measurements"])
    raw = make.rfc8785.dumps(plain)

    def decided(payload):
        payload["predicate"]["stages"][1]["evidence"] = make.sha256(raw)

    files = {"evidence/confirmation.json": raw}
    make.signed_again(folder, workspace.key(), statements={"decision": decided}, files=files)


@pytest.mark.parametrize(
    "change",
    [
        lambda ms: ms[0].update(limit_of_detection="0.3"),
        lambda ms: ms[0].update(n=299),
        lambda ms: ms[3].update(value="0.4", low="0.3", high="0.5"),
        lambda ms: ms[3].update(high="0.3"),
        lambda ms: ms[5].update(value=None, low=None, high=None, reason="not measured", n=0),
        lambda ms: ms.pop(2),
        lambda ms: ms[1].update(confidence="0.9"),
    ],
)
def test_evidence_that_does_not_pass_fails_the_same_step(made, release, change):
    evidence_with(release, made[1], change)
    assert broken_step(release) == ours(release) == [6]


def test_a_folder_that_is_not_there_is_said_to_be_none(release):
    missing = release.with_name("nothere")
    command = [sys.executable, "-I", str(release / "verify.py"), str(missing)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert f"there is no folder '{missing}'" in done.stdout


def test_a_signer_is_trusted_by_the_digits_that_step_1_prints(release):
    signer = next((release / "keys").iterdir()).stem
    for trusted in (signer[:16], signer[:20].upper(), signer):
        assert verify(release, trusted=[trusted]).ok
        done = run(release, "--today", "2029-01-01", "--trust", trusted)
        assert (done.returncode, "which you trust" in done.stdout) == (0, True)
    for odd in ("", signer[:15], "xyz"):
        with pytest.raises(InputError, match="is not the fingerprint"):
            verify(release, trusted=[odd])
        done = run(release, "--trust", odd)
        assert (done.returncode, "64 hex digits" in done.stderr) == (2, True)
    assert broken_step(release, trusted=["0" * 16]) == [1]
