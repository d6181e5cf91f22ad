"""Cheats with the log, keys, roles, waivers and approvals (governance: G11 to G16, G27)."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from assaymark.core.document import sha256
from assaymark.core.evidence import Evidence
from assaymark.core.measurement import Measurement
from assaymark.core.people import Approval, lacking
from assaymark.core.threat import Profile, threat_of
from assaymark.core.waiver import Waiver
from assaymark.decide.gate import judge
from assaymark.decide.policy import parse_policy
from assaymark.decide.verdict import UseStatus, Verdict
from assaymark.errors import AssaymarkError, IntegrityError, NotApprovedError
from assaymark.flow.decide.people import add, current, listed, remove
from assaymark.flow.decide.ready import ready_called, release_ready
from assaymark.flow.decide.review import Said, review
from assaymark.flow.release.log import checkpoint_of, compare
from assaymark.flow.release.verify import verify
from assaymark.release.approved import approval_bytes, read_approval
from assaymark.store.keys import SigningKey
from assaymark.store.ledger import Ledger

YES = Said(outcome="approve")
POLICY = 'name = "p"\nprofile = "enclave"\n' + "".join(
    f'[[rule]]\nid = "{m}"\nmetric = "{m}"\ndirection = "at_most"\nthreshold = 0.1\n'
    'uses = ["analytics"]\ntitle = "t"\nwhy = "w"\nremedy = "r"\n'
    for m in (*threat_of(Profile.ENCLAVE).attacks, "one_way.mean")
)


def written_anew(workspace, entries):
    """Write the ledger again from these entries; by itself it holds together."""
    (workspace.path / "ledger.db").unlink()
    ledger = Ledger(workspace.path / "ledger.db")
    for e in entries:
        ledger.append(e.kind, e.subject, e.body, e.actor)
    ledger.check()


@pytest.mark.parametrize("cheat", ["truncate", "drop one", "swap two", "fork"])
def test_g11_the_log_is_cut_short_forked_or_written_anew(issued, cheat):
    shop, _ = issued
    workspace = shop.workspace
    head = checkpoint_of(workspace).checkpoint.encode()
    entries = workspace.ledger.entries()
    left = {
        "truncate": entries[:-1],
        "drop one": [e for e in entries if e.kind != "confirmation.opened"],
        "swap two": [entries[1], entries[0], *entries[2:]],
        "fork": [*entries[:-1], entries[-1].model_copy(update={"subject": "other"})],
    }[cheat]
    written_anew(workspace, left)
    with pytest.raises(IntegrityError):
        compare(shop.workspace, head)


def test_g11_rows_of_the_log_are_deleted_in_place(issued):
    shop, _ = issued
    db = sqlite3.connect(shop.folder / "ws" / "ledger.db")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute("DELETE FROM entries WHERE kind = 'confirmation.opened'")
    db.executescript("DROP TRIGGER no_delete; DELETE FROM entries WHERE position = 3;")
    db.close()
    with pytest.raises(AssaymarkError):
        shop.workspace.ledger.check()


def test_g12_a_clock_set_back_and_an_entry_dated_before_it_was_made(issued, monkeypatch):
    shop, _ = issued
    before = shop.workspace.ledger.entries()[-1].time

    class Earlier(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2001, 1, 1, tzinfo=tz)

    with monkeypatch.context() as patch:
        patch.setattr("assaymark.store.ledger.datetime", Earlier)
        shop.workspace.ledger.append("t", "late", {}, shop.workspace.ledger.entry(0).actor)
    assert shop.workspace.ledger.entries()[-1].time == before
    head = checkpoint_of(shop.workspace).checkpoint.encode()
    shop.workspace.ledger.append("t", "later", {}, shop.workspace.ledger.entry(0).actor)
    with pytest.raises(IntegrityError, match="back-dated"):
        compare(shop.workspace, head, since=datetime.now(UTC) + timedelta(days=1))


def test_g13_one_person_with_two_keys_fakes_a_quorum(desk):
    shop, _ = desk
    workspace, second = shop.workspace, SigningKey.new()
    add(workspace, "grace", ["domain"], second.public.hex())
    people = current(workspace)
    said = {"decision": "d", "words": "w", "outcome": "approve", "reason": "", "conflict": "none"}
    signed = [
        (key.fingerprint, Approval.model_validate({**said, "role": role, "made_at": "t"}))
        for key, role in ((shop.key("grace"), "privacy"), (second, "domain"))
    ]
    assert lacking(people, "nobody", signed, {"privacy": 1, "domain": 1})
    with pytest.raises(AssaymarkError):
        add(workspace, "Mallory", ["domain"], second.public.hex())


def test_g14_a_manager_waives_everything():
    policy = parse_policy(POLICY.encode())
    bad = [Measurement(metric=r.metric, value=0.5, low=0.4, high=0.6, n=300) for r in policy.rule]
    evidence = Evidence.of(bad, candidate="c" * 64, stage="confirmation", suite="s")

    def judged(*rules, never=()):
        held = policy.model_copy(update={"never_waived": never})
        waivers = [
            Waiver(rule=r, reason="r", signer="k", expires="2040-01-01", control="c") for r in rules
        ]
        found = judge(held, evidence, ("analytics",), candidate="c" * 64, waivers=waivers)
        assert found.uses == {"analytics": UseStatus.REFUSED}
        return {v.rule.id for v in found.verdicts if v.verdict is Verdict.WAIVED}

    every = [r.id for r in policy.rule]
    assert judged(*every) == set()
    assert judged("one_way.mean") == {"one_way.mean"}
    assert judged("one_way.mean", never=("one_way.mean",)) == set()
    assert judged("copies.exact_excess") == set()


def test_g15_an_approval_of_words_that_were_not_shown_is_none(desk):
    """In part: what was shown is signed. Whether it was read, nobody can prove."""
    shop, name = desk
    ready, key = ready_called(shop.workspace, name), shop.key("grace")
    said = {"decision": ready.decision, "words": sha256(b"all is well"), "role": "privacy"}
    more = {"outcome": "approve", "reason": "", "conflict": "none", "made_at": "t"}
    raw = approval_bytes(
        Approval.model_validate({**said, **more}), ready.files, key.sign, key.fingerprint
    )
    with pytest.raises(IntegrityError, match="words"):
        read_approval(raw, ready.people, {p: sha256(r) for p, r in ready.files.items()})


def test_g16_a_key_that_was_taken_back_signs(desk):
    shop, name = desk
    key = shop.key("grace")
    remove(shop.workspace, "grace")
    with pytest.raises(NotApprovedError, match="not in the role file"):
        review(shop.workspace, name, key, YES)
    with pytest.raises(NotApprovedError, match="waits"):
        release_ready(shop.workspace, ready_called(shop.workspace, name))


def test_g16_limit_a_stolen_workspace_key_is_found_by_whoever_trusts_another(issued):
    """In part: the key of a workspace cannot be taken back; recipients name the one they trust."""
    shop, release = issued
    key = shop.workspace.key().fingerprint
    assert verify(release, trusted=[key]).ok
    assert not verify(release, trusted=["0" * 64]).ok


def test_g27_the_log_holds_no_name_and_what_is_erased_is_gone(desk):
    shop, name = desk
    release = review(shop.workspace, name, shop.key("grace"), YES).release
    remove(shop.workspace, "grace")
    said = "".join(e.canonical().decode().lower() for e in shop.workspace.ledger.entries())
    files = "".join(
        p.read_bytes().decode("latin-1").lower()
        for p in (shop.folder / release).rglob("*")
        if p.is_file() and p.suffix != ".parquet"
    )
    for text in (said, files):
        assert "grace" not in text
    assert "p0001" not in said
    assert "grace" not in {p.name for p in listed(shop.workspace)}
    assert verify(shop.folder / release).ok
