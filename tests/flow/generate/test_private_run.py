"""A run under differential privacy: the guarantee, the account and the statements that carry it."""

import base64
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from assaymark.core.document import sha256
from assaymark.core.privacy import PrivacyGuarantee
from assaymark.errors import InputError, NotApprovedError, RecipeError
from assaymark.flow.evaluate.audit import COMMITTED, REVEALED
from assaymark.flow.generate.attempt import Making, obtain
from assaymark.flow.generate.reproduce import reproduce
from assaymark.flow.job import Options, read_job
from assaymark.flow.progress import silent
from assaymark.flow.release.verify import verify
from assaymark.flow.run import run
from assaymark.flow.source.budget import CHARGED, balance_of
from assaymark.flow.source.queries import asked_of
from assaymark.flow.source.read import prepare
from assaymark.generate.dp_marginals import DpMarginals
from assaymark.release.pages.privacy_words import privacy_lines
from assaymark.store.workspace import Workspace

WS = Path("ws")
RECIPE = Path("recipe.toml")
PRIVACY = """
[privacy]
epsilon = 8.0
delta = 1e-5
unit = "patient"
budget = 20.0

[privacy.bounds]
age = [0, 120]
days = [0, 60]

[privacy.categories]
sex = ["f", "m"]
ill = ["no", "yes"]
"""


@pytest.fixture
def private(folder):
    RECIPE.write_text(RECIPE.read_text() + PRIVACY)
    return folder


def made(frame=None, fresh=True):
    """Make a candidate of the recipe as it stands, and return it with the account after it."""
    job, workspace = read_job(RECIPE), Workspace.open(WS)
    prepared = prepare(job.frame if frame is None else frame, job.recipe, workspace.secret("split"))
    asked = asked_of(workspace, prepared)
    making = Making(recipe=job.recipe, prepared=prepared, asked=asked, seed=None)
    attempt = obtain(workspace, making, silent, fresh=fresh)
    return attempt.candidate, balance_of(asked, prepared.prints)


def kinds():
    return [e.kind for e in Workspace.open(WS).ledger.entries()]


@pytest.mark.slow
def test_the_guarantee_is_in_the_statement_the_card_and_step_nine(private):
    outcome = run(read_job(RECIPE), Options(workspace=WS))
    assert outcome.notices[0].startswith("Made under differential privacy: epsilon 8, delta 1e-05")
    release = Path(outcome.release)
    payload = json.loads((release / "attestations/provenance.dsse.json").read_text())["payload"]
    said = json.loads(base64.b64decode(payload))["predicate"]
    found = PrivacyGuarantee.parse(json.dumps(said["privacy"]))
    found.check()
    assert (found.unit, found.neighbours, float(found.delta)) == ("person", "add-remove", 1e-5)
    assert float(found.epsilon) == pytest.approx(8.0)
    assert said["generator"] == "dp_marginals"
    assert any("evaluation" in line for line in found.not_covered)
    card = (release / "card.md").read_text()
    assert "differential privacy for each person" in card
    assert "No differential privacy" not in card
    checked = verify(release)
    assert checked.ok
    (step,) = [s for s in checked.steps if s.number == 9]
    assert step.outcome == "OK"
    assert "(8, 1e-05)-differential privacy" in step.said
    alone = subprocess.run(
        [sys.executable, release / "verify.py", release], capture_output=True, text=True
    )
    assert alone.returncode == 0
    assert "(8, 1e-05)-differential privacy for each person" in alone.stdout
    with pytest.raises(InputError, match="was not kept"):
        reproduce(Workspace.open(WS), release.name, RECIPE)


def test_a_thorough_fit_is_asked_for_in_one_line_and_charged_alike(private):
    RECIPE.write_text(RECIPE.read_text().replace("budget = 20.0", 'effort = "thorough"'))
    candidate, account = made()
    assert candidate.generator["name"] == "dp_adaptive"
    assert account.epsilon == pytest.approx(8.0)
    candidate.privacy.check()
    tables = candidate.summary["tables"]
    assert sum(c.what.startswith("choice of table") for c in candidate.privacy.charges) == tables
    assert candidate.summary["unspent"] == ""


def test_a_fit_is_charged_before_the_rows_are_opened_and_the_same_candidate_is_free(private):
    first, account = made()
    assert (account.charges, account.cap) == (1, 20.0)
    assert account.epsilon == pytest.approx(8.0)
    assert kinds().index(CHARGED) < kinds().index("source.opened")
    again, account = made(fresh=False)
    assert again.digest == first.digest
    assert again.privacy == first.privacy
    assert account.charges == 1


def test_the_same_root_of_randomness_gives_other_rows_since_the_noise_is_the_systems(private):
    job, workspace = read_job(RECIPE), Workspace.open(WS)
    prepared = prepare(job.frame, job.recipe, workspace.secret("split"))
    making = Making(
        recipe=job.recipe, prepared=prepared, asked=asked_of(workspace, prepared), seed=5
    )
    first, second = (obtain(workspace, making, silent, fresh=True) for _ in range(2))
    assert first.streams.root == second.streams.root
    assert first.candidate.digest != second.candidate.digest


def test_over_the_cap_nothing_is_opened_whatever_the_source_or_the_recipe_is_called(private):
    frame = pl.read_csv("stays.csv")
    with pytest.raises(NotApprovedError, match="is spent"):
        list(iter(made, None))
    spent = kinds()
    assert 2 <= spent.count(CHARGED) <= 8  # 8, 11.6, 14.5, ...: as zCDP composes, not as a sum
    RECIPE.write_text(RECIPE.read_text().replace("budget = 20.0", "budget = 100.0"))
    with pytest.raises(NotApprovedError, match="above 20"):
        made()
    RECIPE.write_text(RECIPE.read_text().replace('name = "stays"', 'name = "other"'))
    for changed in (frame.sample(fraction=1.0, shuffle=True, seed=1), frame.head(600)):
        with pytest.raises(NotApprovedError, match="is spent"):
            made(frame=changed)
    assert kinds() == spent
    others = frame.with_columns(patient="q" + pl.col("patient"))
    assert made(frame=others)[1].charges == 1


def test_the_lowest_budget_that_was_named_holds(private):
    assert made()[1].cap == 20.0
    RECIPE.write_text(RECIPE.read_text().replace("budget = 20.0", "budget = 9.0"))
    with pytest.raises(NotApprovedError, match="above 9"):
        made()


def test_canaries_are_committed_to_before_the_fit_and_revealed_after_it(private):
    RECIPE.write_text(RECIPE.read_text().replace("budget = 20.0", "budget = 20.0\ncanaries = 60"))
    found = made()[0].privacy
    found.check()
    assert (found.audit.canaries, found.audit.guesses) == (60, 12)
    assert float(found.audit.lower_bound) < float(found.epsilon)
    order = [k for k in kinds() if k in {CHARGED, COMMITTED, "source.opened", REVEALED}]
    assert order == [CHARGED, COMMITTED, "source.opened", REVEALED]
    workspace = Workspace.open(WS)
    (committed,) = workspace.ledger.entries(kind=COMMITTED)
    (revealed,) = workspace.ledger.entries(kind=REVEALED)
    assert committed.subject == revealed.subject == found.audit.commitment
    raw = workspace.get(str(revealed.body["reveal"]))
    assert sha256(raw) == committed.subject
    assert len(json.loads(raw)["inside"]) == 60
    assert any("could have refuted" in value for _, value in privacy_lines(found))
    RECIPE.write_text(RECIPE.read_text().replace("days = [0, 60]\n", ""))
    with pytest.raises(InputError, match="'days'"):
        made()
    assert kinds().count(CHARGED) == 1
    RECIPE.write_text(RECIPE.read_text().replace("canaries = 60", "canaries = 5"))
    with pytest.raises(RecipeError, match="between 50"):
        made()


def test_an_audit_that_refutes_the_claim_keeps_nothing(private, monkeypatch):
    """A generator that gives its rows out and claims epsilon 1 is refused by its own canaries."""
    plain = DpMarginals.fit

    def copied(self, source, streams):
        model = plain(self, source, streams)
        rows = source.open("copier", "free look")
        monkeypatch.setattr(type(model), "sample", lambda _, at, __, given=None: rows)
        return model

    monkeypatch.setattr(DpMarginals, "fit", copied)
    text = RECIPE.read_text().replace("epsilon = 8.0", "epsilon = 0.5")
    RECIPE.write_text(text.replace("budget = 20.0", "budget = 20.0\ncanaries = 400"))
    with pytest.raises(NotApprovedError, match="does not keep what it claims"):
        made()
    assert not [k for k in kinds() if k == "candidate"]
    assert CHARGED in kinds()


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("age = [0, 120]", "age = [120, 0]", "lowest must come first"),
        ("age = [0, 120]", "aeg = [0, 120]", "did you mean 'age'"),
        ('sex = ["f", "m"]', 'sexe = ["f", "m"]', "'sexe'"),
        ("delta = 1e-5", "delta = 0.4", "one row in"),
        ("age = [0, 120]", "sex = [0, 120]", "takes no bounds"),
        ("epsilon = 8.0", "epsilon = 0.0001", "nothing was charged"),
        ('unit = "patient"', 'unit = "patiant"', "'patiant'"),
        ('sex = ["f", "m"]', f"sex = {[str(i) for i in range(2**20 + 1)]}", "8 MiB"),
    ],
    ids=("order", "name", "category", "delta", "kind", "noise", "unit", "too many"),
)
def test_a_wrong_word_costs_nobody_anything(private, right, wrong, said):
    RECIPE.write_text(RECIPE.read_text().replace(right, wrong))
    with pytest.raises(InputError, match=said):
        made()
    assert CHARGED not in kinds()


def test_rows_without_a_key_are_refused_and_one_person_with_half_of_them_counts_once(private):
    frame = pl.read_csv("stays.csv")
    holes = frame.with_columns(patient=pl.when(pl.int_range(pl.len()) > 4).then(pl.col("patient")))
    with pytest.raises(InputError, match="5 of 900 rows have no value in the person key"):
        made(frame=holes)
    assert CHARGED not in kinds()
    first = pl.int_range(pl.len()) < 450
    heavy = frame.with_columns(patient=pl.when(first).then(pl.lit("p")).otherwise("patient"))
    found = made(frame=heavy)[0]
    assert 0 < found.summary["rows"] < 450
    assert found.summary["rows_left_out"].startswith("about")


def test_the_number_of_rows_released_is_bought_too(private):
    numbers = {pl.read_parquet(made()[0].files[0]).height for _ in range(2)}
    job = read_job(RECIPE)
    unknown = job.recipe.generate.model_copy(update={"rows": 77})
    assert all(100 < n < 1000 for n in numbers)
    assert unknown.rows == 77
    assert replace(made()[0]).summary["rows_left_out"].startswith("about")
