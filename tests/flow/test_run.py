import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from assaymark.decide.verdict import UseStatus
from assaymark.errors import NotApprovedError, RecipeError, WorkspaceError
from assaymark.flow.job import Options, read_job
from assaymark.flow.release.verify import verify
from assaymark.flow.run import run
from assaymark.flow.status import check_ledger, entries_of, status_of
from assaymark.generate.model_file import read_model
from assaymark.store.workspace import Workspace

WS = Path("ws")
OPTIONS = Options(workspace=WS)


def kinds():
    return [e["kind"] for e in entries_of(WS)]


def edit(name, old, new):
    text = Path(name).read_text()
    assert old in text
    Path(name).write_text(text.replace(old, new))


def test_a_run_ends_in_a_release_that_a_stranger_can_verify(first, tmp_path):
    assert first.uses == {"analytics": "approved", "pretraining": "approved"}
    assert first.approved
    received = tmp_path / "elsewhere"
    shutil.copytree(first.release, received)
    shutil.rmtree(WS)
    found = verify(received)
    assert found.ok
    assert found.uses == {"analytics": "approved", "pretraining": "approved"}
    assert found.self_attested
    rows = pl.read_parquet(received / "data" / "synthetic.parquet")
    assert rows.columns == ["age", "sex", "days", "ill"]
    assert b"p0" not in (received / "data" / "synthetic.csv").read_bytes()
    assert {s.stage for s in first.verdicts} == {"development", "confirmation"}


def test_the_same_run_again_is_free_and_another_policy_makes_no_new_attempt(first):
    before = kinds()
    again = run(read_job(Path("recipe.toml")), OPTIONS)
    assert again.candidate == first.candidate
    assert again.release == first.release
    assert kinds().count("candidate") == before.count("candidate") == 1
    assert kinds().count("evidence") == 2
    edit("policy.toml", "0.9", "0.95")
    edit("recipe.toml", "the hospital", "the trust")
    other = run(read_job(Path("recipe.toml")), OPTIONS)
    assert other.candidate == first.candidate
    assert other.attempts == 1
    assert other.release != first.release
    assert kinds().count("evidence") == 2


def test_fresh_counts_as_an_attempt_and_the_fourth_opening_is_refused(folder):
    with Path("recipe.toml").open("a") as file:
        file.write("\n[generate]\nreplicates = 1\n")
    for seed in range(3):
        outcome = run(read_job(Path("recipe.toml")), Options(workspace=WS, fresh=True, seed=seed))
        assert outcome.uses["analytics"] is UseStatus.APPROVED
    outcome = run(read_job(Path("recipe.toml")), Options(workspace=WS, fresh=True, seed=3))
    assert outcome.attempts == 4
    assert set(outcome.uses.values()) == {UseStatus.INCONCLUSIVE}
    assert outcome.release is None
    assert kinds().count("confirmation.opened") == 3


@pytest.mark.usefixtures("first")
def test_renaming_or_dropping_a_column_does_not_refill_the_holdout():
    edit("recipe.toml", 'name = "stays"', 'name = "other"')
    with Path("recipe.toml").open("a") as file:
        file.write('\n[[transform]]\nkind = "drop"\ncolumns = ["days"]\n')
    outcome = run(read_job(Path("recipe.toml")), OPTIONS)
    assert outcome.attempts == 2
    opened = [e["body"]["population"] for e in entries_of(WS, kind="confirmation.opened")]
    assert len(opened) == 2
    assert len(set(opened)) == 1


def test_what_fails_on_development_never_opens_the_confirmation_holdout(folder):
    edit("policy.toml", "0.9", "0.1")
    outcome = run(read_job(Path("recipe.toml")), OPTIONS)
    assert outcome.uses["analytics"] is UseStatus.REFUSED
    assert outcome.release is None
    assert "confirmation.opened" not in kinds()
    assert not list((WS / "releases").iterdir())
    (quarantined,) = (WS / "quarantine").iterdir()
    assert {p.name for p in quarantined.iterdir()} == {"QUARANTINE.txt", "synthetic-1.parquet"}
    assert b"Nothing was released" in Path(outcome.report).read_bytes()


def test_one_approved_use_is_released_and_the_other_named_as_refused(folder):
    edit("policy.toml", "0.4", "0.0001")
    outcome = run(read_job(Path("recipe.toml")), OPTIONS)
    assert outcome.uses["pretraining"] is UseStatus.APPROVED
    assert outcome.uses["analytics"] is not UseStatus.APPROVED
    assert not outcome.approved
    found = verify(Path(outcome.release))
    assert found.ok
    assert found.uses["analytics"] != "approved"


def test_missing_rights_block_the_release_and_filling_them_in_needs_no_new_attempt(folder):
    edit("recipe.toml", 'owner = "the hospital"', 'owner = ""')
    outcome = run(read_job(Path("recipe.toml")), OPTIONS)
    assert outcome.uses["analytics"] is UseStatus.APPROVED
    assert not outcome.approved
    assert outcome.release is None
    assert "owner" in outcome.blocked[0]
    edit("recipe.toml", 'owner = ""', 'owner = "the hospital"')
    assert run(read_job(Path("recipe.toml")), OPTIONS).release is not None
    assert kinds().count("candidate") == 1


def test_a_use_outside_the_owners_purposes_is_refused_before_the_table_is_read(folder):
    edit("recipe.toml", 'licence = "CC BY 4.0"', 'licence = "x"\npurposes = ["analytics"]')
    Path("stays.csv").unlink()
    with pytest.raises(NotApprovedError, match="was not read"):
        read_job(Path("recipe.toml"))


def test_without_confirmation_nothing_is_approved(folder):
    outcome = run(read_job(Path("recipe.toml")), Options(workspace=WS, confirm=False))
    assert set(outcome.uses.values()) == {UseStatus.INCONCLUSIVE}
    assert outcome.release is None


def test_a_policy_for_other_recipients_is_an_error(folder):
    edit("policy.toml", "controlled", "open")
    with pytest.raises(RecipeError, match="meant for profile"):
        read_job(Path("recipe.toml"))


def test_a_policy_that_needs_a_second_person_blocks(folder):
    edit(
        "policy.toml",
        'profile = "controlled"',
        'profile = "controlled"\nrequire_second_person = true',
    )
    outcome = run(read_job(Path("recipe.toml")), OPTIONS)
    assert outcome.release is None
    assert "second person" in outcome.blocked[0]


def test_a_public_seed_gives_the_same_rows_in_another_workspace_and_is_marked(folder):
    one = run(read_job(Path("recipe.toml")), Options(workspace=Path("a"), seed=1, confirm=False))
    shutil.copytree("a/sealed", "b/sealed")
    two = run(read_job(Path("recipe.toml")), Options(workspace=Path("b"), seed=1, confirm=False))
    assert one.candidate == two.candidate
    assert any("public seed 1" in n for n in one.notices)


def test_two_runs_at_once_and_an_unusable_workspace_are_errors(folder):
    job = read_job(Path("recipe.toml"))
    with Workspace.open(WS).lock(), pytest.raises(WorkspaceError, match="in use by process"):
        run(job, OPTIONS)
    with pytest.raises(WorkspaceError, match="not a folder"):
        run(job, Options(workspace=Path("stays.csv")))


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.8, 1.6, 2.6])
def test_a_run_killed_at_any_moment_resumes_to_the_same_rows(folder, after):
    command = [sys.executable, "-m", "assaymark", "run", "recipe.toml", "--workspace", "ws"]
    killed = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(after)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    if (WS / "ledger.db").exists():
        check_ledger(WS)
    roots = {p.name: p.read_bytes() for p in WS.glob("sealed/root-*")}
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert verify(Path(outcome["release"])).ok
    assert {p.name: p.read_bytes() for p in WS.glob("sealed/root-*")}.items() >= roots.items()
    assert outcome["attempts"] == 1
    check_ledger(WS)
    assert status_of(WS).candidates[0].status == "RELEASED"


def test_a_release_names_the_fitted_model_whose_file_stays_in_the_workspace(first):
    envelope = json.loads(Path(first.release, "attestations/provenance.dsse.json").read_text())
    digest = json.loads(base64.b64decode(envelope["payload"]))["predicate"]["model"]
    held = read_model(Workspace.open(WS).get(digest))
    assert held.generator["name"] == "tree_chain"
    assert any(digest in c.said for c in verify(Path(first.release)).checks)
    assert not list(Path(first.release).rglob("*.zip"))


def test_rows_of_a_model_that_holds_records_are_never_released(folder):
    edit("recipe.toml", 'ill = "target"', 'ill = "target"\n\n[generate]\ngenerator = "bootstrap"')
    edit("policy.toml", "threshold = 1.0", "threshold = 1.1")
    outcome = run(read_job(Path("recipe.toml")), OPTIONS)
    assert outcome.uses == {"analytics": "approved", "pretraining": "approved"}
    assert not outcome.approved
    assert outcome.release is None
    assert "'bootstrap' keeps rows of the source" in outcome.blocked[0]
    again = run(read_job(Path("recipe.toml")), OPTIONS)
    assert again.blocked == outcome.blocked
    assert kinds().count("candidate") == 1
