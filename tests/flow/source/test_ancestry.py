"""Releases whose ancestry is a circle, endless or huge, as somebody meets them who was sent one."""

import importlib.util
import shutil
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

import assaymark
from assaymark.cli.app import main
from assaymark.core.ancestry import ANCESTORS, DEEPEST
from assaymark.core.document import sha256
from assaymark.core.notice import Admission
from assaymark.errors import IntegrityError, RecipeError
from assaymark.flow.decide import ready
from assaymark.flow.generate.row_files import parquet_of
from assaymark.flow.release.descendants import descendants_of
from assaymark.flow.release.recall import issued
from assaymark.flow.release.verify import verify
from assaymark.flow.source.parents import Taken, ancestry
from assaymark.store.workspace import Workspace

_PLACE = Path(__file__).parents[2] / "golden" / "make_release.py"
_SPEC = importlib.util.spec_from_file_location("make_release_of_ancestry", _PLACE)
make = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(make)

CANDIDATE = sha256(sha256(parquet_of(make.rows())).encode())
REAL = {"depth": 1, "real_fraction": "1", "parents": []}


def parent(i, above, share="1", **said):
    own = {
        "manifest": sha256(b"manifest %d" % i),
        "name": f"generation {i}",
        "candidate": sha256(b"rows %d" % i),
        "source_commitment": sha256(b"source %d" % i),
        "signer": "a" * 64,
        "public": "b" * 64,
        "share": share,
        "ancestry": above,
    }
    return own | said


def deep(n):
    """Return an ancestry of depth ``n``: each generation was learnt from the one before alone."""
    above = REAL
    for i in range(n - 1):
        above = {"depth": i + 2, "real_fraction": "0", "parents": [parent(i, above)]}
    return above


def circle(n):
    """Return an ancestry in which the release is its own ancestor at distance ``n``."""
    above = {"depth": 2, "real_fraction": "0", "parents": [parent(0, REAL, candidate=CANDIDATE)]}
    for i in range(1, n):
        above = {"depth": i + 2, "real_fraction": "0", "parents": [parent(i, above)]}
    return above


def wide(n):
    """Return an ancestry of ``n`` parents, of which the first hundred say a share."""
    parents = [parent(i, REAL, "0.01" if i < 100 else "0") for i in range(n)]
    return {"depth": 2, "real_fraction": "0", "parents": parents}


class Said:
    """A provenance with an ancestry that no reader would take for one."""

    def __init__(self, made, above):
        self.made, self.above, self.name = made, above, made.name

    def plain(self):
        return self.made.plain() | {"ancestry": self.above}


def issue(folder, above, monkeypatch, name="small", shift=0):
    """Issue a release by the holder of the key, who signs any ancestry and looks for no leak."""
    workspace = Workspace.open(folder)
    limit = sys.getrecursionlimit()
    parquet = [parquet_of(make.rows(shift=shift))]
    candidate = sha256(sha256(parquet[0]).encode())
    make.measured(workspace, candidate)
    made = Said(make.provenance(workspace, candidate, 1), above)
    with monkeypatch.context() as patch:
        patch.setattr(ready, "check_boundary", lambda files: None)
        sys.setrecursionlimit(50_000)
        files = make.build(make.contents_of(workspace, parquet, provenance=made))
        sys.setrecursionlimit(limit)
        return make.enter_release(workspace, name, files, {"name": name}, candidate)


def learnt_from(release, n):
    """Return the ancestry of what is learnt from a release alone, as an honest run writes it."""
    found = issued(release)
    said = {"manifest": found.manifest, "name": release.name, "candidate": found.made.candidate}
    said |= {"signer": found.signer, "public": found.public.hex()}
    above = found.made.ancestry.plain()
    line = parent(n, above, **said)
    return {"depth": above["depth"] + 1, "real_fraction": "0", "parents": [line]}


def typed(capsys, asked):
    """Return exit code and output of a command."""
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, asked)))
    said = capsys.readouterr()
    return ended.value.code, said.out + said.err


def alone(release):
    """Return exit code and output of the verify.py that lies in a release."""
    done = subprocess.run(
        [sys.executable, release / "verify.py"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


NO_LINES = {
    "itself": (circle(1), "circle"),
    "its grandchild": (circle(3), "circle"),
    "one too deep": (deep(DEEPEST + 1), "51 releases deep"),
    "beyond the parser's depth": (deep(100), "nested"),
    "beyond the interpreter's stack": (deep(320), "nested"),
}


@pytest.mark.parametrize("name", NO_LINES)
def test_a_line_without_end_is_refused_by_everything_that_reads_it(
    name, tmp_path, monkeypatch, capsys
):
    above, why = NO_LINES[name]
    release = issue(tmp_path / "ws", above, monkeypatch)
    code, said = alone(release)
    assert (code, "Traceback" in said) == (4, False), said[-500:]
    assert why in said
    other = make.release(Workspace.open(tmp_path / "other"), "first")
    (tmp_path / "recipe.toml").write_text(
        f'name = "child"\n[source]\npath = "rows.csv"\nrelease = "{release}"\n'
        '[source.rights]\nowner = "me"\nlicence = "MIT"\n[columns]\nage = "other"\n'
    )
    shutil.copy(other / "data/synthetic.csv", tmp_path / "rows.csv")
    drill = ["--reason", "legal", "--why", "practice", "--drill"]
    for asked in (
        ["verify", release],
        ["show", release],
        ["release", "admit", release, "--use", "analytics"],
        ["release", "documents", release, "--out", tmp_path / "documents"],
        ["release", "withdraw", release, *drill],
        ["release", "generations", other, release],
        ["run", tmp_path / "recipe.toml", "--workspace", tmp_path / "ws"],
    ):
        code, words = typed(capsys, asked)
        assert code == 4, (asked, words)
        assert why in words, (asked, words)
    with pytest.raises(IntegrityError, match=why):
        assaymark.load(release, use="analytics")


@pytest.mark.slow
def test_a_line_of_too_many_releases_is_refused_before_anything_else_is_read(
    tmp_path, monkeypatch, capsys
):
    release = issue(tmp_path / "ws", wide(ANCESTORS + 1), monkeypatch)
    for code, said in (alone(release), typed(capsys, ["verify", release])):
        assert (code, "names 10,001 releases" in said) == (4, True), said[-500:]


@pytest.mark.parametrize("name", NO_LINES)
def test_a_recall_that_is_sent_such_a_line_ends(name, tmp_path, monkeypatch):
    release = issue(tmp_path / "ws", NO_LINES[name][0], monkeypatch)
    workspace = Workspace.open(tmp_path / "other")
    first = make.release(workspace, "first")
    manifest = sha256((first / "manifest.json").read_bytes())
    if "beyond" in name:
        with pytest.raises(IntegrityError, match="nested"):
            descendants_of(workspace, manifest, [release])
    else:
        assert descendants_of(workspace, manifest, [release]) == ()


def test_two_workspaces_that_learn_from_each_other_make_a_line_until_rows_come_back(
    tmp_path, monkeypatch, capsys
):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    first = issue(ours, REAL, monkeypatch, "first")
    second = issue(theirs, learnt_from(first, 1), monkeypatch, "second", shift=1)
    third = issue(ours, learnt_from(second, 2), monkeypatch, "third", shift=2)
    kept = tmp_path / "kept" / "second"
    shutil.copytree(second, kept)
    fourth = issue(theirs, learnt_from(third, 3), monkeypatch, "fourth", shift=3)
    shutil.rmtree(second)
    shutil.copytree(fourth, second)  # what was the parent of the third is now its child
    depths = [issued(r).made.ancestry.depth for r in (first, kept, third, second)]
    assert depths == [1, 2, 3, 4]
    drill = ["release", "withdraw", "first", "--reason", "legal", "--why", "x", "--drill"]
    drill += ["--workspace", ours, "--admission", second, "--admission", kept]
    code, said = typed(capsys, [*drill, "--admission", third, "--admission", first])
    told = [line.split("(")[0].strip() for line in said.splitlines() if "tell:" in line]
    assert (code, len(told)) == (0, 3), said
    code, said = typed(
        capsys, ["release", "withdraw", "second", *drill[3:8], "--workspace", theirs]
    )
    assert code == 4
    assert "holds another release than was issued" in said
    back = issue(theirs, learnt_from(third, 3), monkeypatch, "back")  # the rows of the first
    code, said = typed(capsys, ["release", "admit", back, "--use", "analytics"])
    assert (code, "circle: first is its own ancestor" in said) == (4, True), said
    assert "circle: first is its own ancestor" in alone(back)[1]


def test_the_longest_line_holds_in_both_and_no_longer_one_is_begun(tmp_path, monkeypatch):
    release = issue(tmp_path / "ws", deep(DEEPEST), monkeypatch)
    assert verify(release).ok
    assert alone(release)[0] == 0
    with pytest.raises(RecipeError, match=r"51 releases deep.*\n\nHint: name a release"):
        ancestry([Taken(release=issued(release))], 120)


def test_many_parents_are_told_in_a_line(tmp_path, monkeypatch):
    release = issue(tmp_path / "ws", wide(300), monkeypatch)
    (said,) = [c.said for c in verify(release).checks if c.title == "Ancestry"]
    assert said.endswith("0.01 of the rows) and 295 more")
    code, printed = alone(release)
    assert code == 0
    assert "and 295 more" in printed
    assert len(printed) < 4_000


def admissions(path, edges):
    """Write a consumer's file of admissions: (manifest taken in, digest of what was made)."""
    own = {"name": "x", "signer": "s", "use": "analytics", "into": "", "kind": "table"}
    own |= {"expires": "", "checked": ("verify",), "made_at": "2026-01-01T00:00:00+00:00"}
    lines = [Admission(release=a, made=b, **own).canonical() for a, b in edges]
    path.write_bytes(b"\n".join(lines))
    return path


def test_long_and_wide_records_of_what_was_made_are_walked_in_seconds(tmp_path):
    workspace = Workspace.open(tmp_path / "ws")
    names = [sha256(b"%d" % i) for i in range(12_000)]
    chain = list(pairwise(names))
    star = [(names[0], sha256(b"leaf %d" % i)) for i in range(3_000)]
    back = [(names[-1], names[0]), (names[5], names[2]), (names[7], names[7])]
    sent = admissions(tmp_path / "sent.jsonl", chain + star + back)
    begun = time.monotonic()
    found = descendants_of(workspace, names[0], [sent])
    assert time.monotonic() - begun < 15
    assert {d.sha256 for d in found} == {b for _, b in chain + star}
    assert len(found) == len(chain) + len(star)
    assert found[0].sha256 == names[1]
