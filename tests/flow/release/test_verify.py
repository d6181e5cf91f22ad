import base64
import json
import shutil
from pathlib import Path

import pytest

from assaymark.core.document import sha256
from assaymark.flow.release.verify import verify
from assaymark.release.envelope import seal_envelope
from assaymark.store.workspace import Workspace


@pytest.fixture
def release(first):
    return Path(first.release)


def files_of(folder):
    return sorted(p for p in folder.rglob("*") if p.is_file())


def test_one_flipped_byte_in_any_file_fails(release):
    assert verify(release).ok
    for path in files_of(release):
        raw = path.read_bytes()
        for place in {0, len(raw) // 3, len(raw) // 2, len(raw) - 1}:
            path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
            assert not verify(release).ok, f"{path.name} at {place}"
        path.write_bytes(raw)
    assert verify(release).ok


def test_a_file_that_is_missing_extra_swapped_or_a_link_fails(release, tmp_path):
    for path in files_of(release):
        raw = path.read_bytes()
        path.unlink()
        assert not verify(release).ok, path.name
        (tmp_path / "outside").write_bytes(raw)
        path.symlink_to(tmp_path / "outside")
        assert not verify(release).ok, path.name
        path.unlink()
        path.write_bytes(raw)
    (release / "notes.txt").write_text("hello")
    assert not verify(release).ok
    (release / "notes.txt").unlink()
    card, policy = release / "card.md", release / "policy.toml"
    a, b = card.read_bytes(), policy.read_bytes()
    card.write_bytes(b)
    policy.write_bytes(a)
    assert not verify(release).ok


def test_every_signed_field_is_bound(release):
    for path in (release / "attestations").iterdir():
        raw = path.read_bytes()
        envelope = json.loads(raw)
        payload = json.loads(base64.b64decode(envelope["payload"]))
        for key in payload["predicate"]:
            forged = {**payload, "predicate": {**payload["predicate"], key: "x"}}
            envelope["payload"] = base64.b64encode(json.dumps(forged).encode()).decode()
            path.write_text(json.dumps(envelope, indent=1) + "\n")
            assert not verify(release).ok, f"{path.name}: {key}"
        path.write_bytes(raw)


def resigned(release, key, name, change):
    """Alter one statement and sign everything that hangs on it again with ``key``."""
    import rfc8785

    path = release / "attestations" / f"{name}.dsse.json"
    payload = json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))
    change(payload["predicate"])
    path.write_bytes(seal_envelope(rfc8785.dumps(payload), key.sign, key.fingerprint))
    manifest = json.loads((release / "manifest.json").read_bytes())
    for entry in manifest["files"]:
        raw = (release / entry["path"]).read_bytes()
        entry["sha256"], entry["size"] = sha256(raw), len(raw)
    (release / "manifest.json").write_bytes(rfc8785.dumps(manifest))
    signed = release / "attestations" / "release.dsse.json"
    payload = json.loads(base64.b64decode(json.loads(signed.read_bytes())["payload"]))
    payload["subject"][0]["digest"]["sha256"] = sha256((release / "manifest.json").read_bytes())
    signed.write_bytes(seal_envelope(rfc8785.dumps(payload), key.sign, key.fingerprint))


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p["uses"].update(policy_simulation="approved"),
        lambda p: p.update(stages=[]),
        lambda p: p.update(stages=p["stages"][:1]),
        lambda p: p["stages"][0]["uses"].update(analytics="refused"),
        lambda p: p.update(candidate="0" * 64),
        lambda p: p.update(policy="0" * 64),
        lambda p: p.update(earlier=["0" * 64]),
    ],
)
def test_a_decision_that_does_not_follow_from_the_evidence_fails_though_signed(release, change):
    key = Workspace.open(Path("ws")).key()
    resigned(release, key, "decision", lambda p: None)
    assert verify(release).ok
    resigned(release, key, "decision", change)
    assert not verify(release).ok


def test_only_a_trusted_key_counts_where_one_is_named(release):
    key = Workspace.open(Path("ws")).key().fingerprint
    assert verify(release, trusted=[key]).ok
    found = verify(release, trusted=["0" * 64])
    assert not found.ok
    assert found.uses == {}


def test_an_empty_folder_is_no_release(tmp_path):
    (tmp_path / "empty").mkdir()
    empty = verify(tmp_path / "empty")
    assert not empty.ok
    assert [s.said for s in empty.steps[:2]] == [
        "step 2, Files, failed",
        "manifest.json is missing: this folder is no release, or not all of one is there",
    ]


def test_a_copy_verifies_anywhere(release, tmp_path):
    shutil.copytree(release, tmp_path / "far" / "away")
    assert verify(tmp_path / "far" / "away").ok
