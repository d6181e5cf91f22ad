"""A small table from its recipe to a verified release, cross-fitted; one run serves most tests."""

import json
import shutil
from pathlib import Path

import pytest

from assaymark.core.actor import Actor
from assaymark.core.evidence import Evidence
from assaymark.core.threat import Profile
from assaymark.decide.policy import profile_bytes
from assaymark.decide.verdict import UseStatus
from assaymark.evaluate.repeats import REPEATED, REPEATED_BUT_ONE
from assaymark.flow.job import Options, read_job
from assaymark.flow.release.verify import verify
from assaymark.flow.run import run
from assaymark.flow.status import check_ledger, entries_of, status_of
from assaymark.source.folds import FOLDS
from assaymark.store.workspace import Workspace

pytestmark = pytest.mark.slow
SEEDED = {"seed": 1}


@pytest.fixture(scope="module")
def done(tmp_path_factory, small):
    """The folder, the job and the outcome of a run that ended in a release.

    Who is in which fold is fixed, so that every run is the same.
    """
    folder = tmp_path_factory.mktemp("small")
    job = small(folder)
    Workspace.open(folder / "ws").seal("split", bytes([7]) * 32)
    return folder, job, run(job, Options(workspace=folder / "ws", **SEEDED))


def test_a_small_table_is_cross_fitted_to_a_release_that_verifies(done):
    folder, _, outcome = done
    assert outcome.uses == {"analytics": "approved", "pretraining": "approved"}
    assert {v.stage for v in outcome.verdicts} == {"cross-fit"}
    found = verify(Path(outcome.release))
    assert found.ok
    assert found.uses == {"analytics": "approved", "pretraining": "approved"}
    said = {c.title: c for c in found.checks}
    assert said["Claims about these exact rows"].outcome == "not checked"
    assert "the recipe, measured on refits; not these exact rows" in "".join(
        c.said for c in found.checks
    )
    kinds = [e["kind"] for e in entries_of(folder / "ws")]
    assert kinds.count("confirmation.opened") == 1
    assert kinds.count("evidence.fold") == FOLDS
    assert kinds.count("evidence") == kinds.count("candidate") == 1
    assert status_of(folder / "ws").candidates[0].status == "RELEASED"


def test_report_card_and_evidence_say_what_the_claims_are_about(done):
    outcome = done[2]
    release = Path(outcome.release)
    for page in ((release / "report.html").read_text(), (release / "card.md").read_text()):
        assert "Fewer than 2,000 people (about 630)" in page
        assert "not about these exact rows" in page
        assert "Not controlled: what the released rows themselves give away" in page
        assert "Cross-fits of these persons" in page
        assert "Development holdout" not in page
    evidence = Evidence.parse((release / "evidence" / "cross-fit.json").read_bytes())
    assert evidence.stage == "cross-fit"
    assert evidence.about.startswith("the recipe")
    measured = {m.metric: m for m in evidence.values()}
    exact, near = measured[REPEATED], measured[REPEATED_BUT_ONE]
    assert exact.n == near.n == 626
    assert 0 <= exact.value <= near.value <= 626
    assert exact.baseline > 0
    assert not (release / "evidence" / "development.json").exists()


def test_evidence_by_another_name_does_not_verify(done, tmp_path):
    release = tmp_path / "release"
    shutil.copytree(done[2].release, release)
    path = release / "evidence" / "cross-fit.json"
    path.write_bytes(path.read_bytes().replace(b'"cross-fit"', b'"development"'))
    assert not verify(release).ok


def test_every_person_is_held_out_once_with_all_their_rows(done):
    _, job, outcome = done
    (auc,) = {v.n for v in outcome.verdicts if v.metric == "membership.auc"}
    assert auc == job.frame["patient"].n_unique()


def test_the_same_run_again_is_free(done):
    folder, job, first = done
    before = len(entries_of(folder / "ws", kind="evidence.fold"))
    again = run(job, Options(workspace=folder / "ws", **SEEDED))
    assert again.candidate == first.candidate
    assert len(entries_of(folder / "ws", kind="evidence.fold")) == before
    assert len(entries_of(folder / "ws", kind="confirmation.opened")) == 1


def test_a_run_killed_between_refits_goes_on_and_ends_with_the_same_bytes(done, small, tmp_path):
    folder, _, first = done
    shutil.copytree(folder / "ws" / "sealed", tmp_path / "ws" / "sealed")
    job, options = small(tmp_path), Options(workspace=tmp_path / "ws", **SEEDED)

    def killed(stage, said, share=None):
        if said.startswith("refit 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(job, options, killed)
    assert len(entries_of(tmp_path / "ws", kind="evidence.fold")) == 1
    again = run(job, options)
    assert len(entries_of(tmp_path / "ws", kind="evidence.fold")) == FOLDS
    assert len(entries_of(tmp_path / "ws", kind="confirmation.opened")) == 1
    check_ledger(tmp_path / "ws")
    for name in ("evidence/cross-fit.json", "data/synthetic.parquet", "card.md"):
        one, two = (Path(o.release) / name for o in (first, again))
        same = [
            p.read_text().partition("Made ")[0] if name == "card.md" else p.read_bytes()
            for p in (one, two)
        ]
        assert same[0] == same[1], name


def opened_for_others(workspace, times):
    """Write into the ledger that the same people were looked at for other candidates."""
    (entry,) = entries_of(workspace, kind="confirmation.opened")
    book = Workspace.open(workspace)
    for i in range(times):
        body = {**entry["body"], "opening": i + 2}
        book.ledger.append("confirmation.opened", str(i) * 64, body, Actor(key="f" * 64))


def test_a_fourth_candidate_for_the_same_people_is_not_looked_at(done, tmp_path):
    folder, job, _ = done
    shutil.copytree(folder / "ws", tmp_path / "ws")
    opened_for_others(tmp_path / "ws", 2)
    options = Options(workspace=tmp_path / "ws", fresh=True, seed=2)
    outcome = run(job, options)
    assert set(outcome.uses.values()) == {UseStatus.INCONCLUSIVE}
    assert outcome.verdicts == ()
    assert outcome.release is None
    assert len(entries_of(tmp_path / "ws", kind="confirmation.opened")) == 3
    page = Path(outcome.report).read_text()
    assert "looked at for 3 candidates already" in page
    assert any("were not looked at" in n for n in outcome.notices)


def test_without_confirmation_nobody_is_looked_at(small, tmp_path):
    job = small(tmp_path)
    outcome = run(job, Options(workspace=tmp_path / "ws", confirm=False))
    assert set(outcome.uses.values()) == {UseStatus.INCONCLUSIVE}
    kinds = [e["kind"] for e in entries_of(tmp_path / "ws")]
    assert "confirmation.opened" not in kinds
    assert "evidence.fold" not in kinds


def test_asking_outright_for_what_is_done_anyway_makes_no_new_attempt(small, tmp_path):
    options = Options(workspace=tmp_path / "ws", confirm=False)
    first = run(small(tmp_path), options)
    path = tmp_path / "recipe.toml"
    path.write_text(
        path.read_text().replace(
            'cross_fit = "auto"', "cross_fit = true\ntrain = 0.4\nreference = 0.2"
        )
    )
    again = run(read_job(path), options)
    assert (again.candidate, again.attempts) == (first.candidate, 1)


def test_the_shipped_policy_stays_unproven_and_the_report_says_what_would_decide(done, tmp_path):
    folder, _, _ = done
    for name in ("recipe.toml", "stays.csv"):
        shutil.copy(folder / name, tmp_path / name)
    shutil.copytree(folder / "ws", tmp_path / "ws")
    (tmp_path / "policy.toml").write_bytes(profile_bytes(Profile.CONTROLLED))
    job = read_job(tmp_path / "recipe.toml")
    outcome = run(job, Options(workspace=tmp_path / "ws", **SEEDED))
    assert "approved" not in set(outcome.uses.values())
    assert len(entries_of(tmp_path / "ws", kind="confirmation.opened")) == 1
    said = " ".join(outcome.notices)
    open_rules = {v.rule for v in outcome.verdicts if v.verdict == "INCONCLUSIVE"}
    titles = {r.title for r in job.policy.rule if r.id in open_rules}
    assert titles
    assert [t for t in titles if f"“{t}”" not in said] == []
    assert "1,500 people behind the figure, or differential privacy" in said
    assert all(v.value is None for v in outcome.verdicts)
    page = Path(outcome.report).read_text()
    assert "measured in the cross-fit; a verdict is all it gives" in page
    assert json.loads(outcome.model_dump_json())["verdicts"]
