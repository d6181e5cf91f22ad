"""Releases that were made once verify for ever, by us and by the file that lies in them."""

import base64
import importlib.util
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from assaymark.flow.release.verify import verify

HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location("formats", HERE / "formats.py")
_FORMATS = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_FORMATS)
FROZEN, formats = _FORMATS.FROZEN, _FORMATS.formats
RELEASES = sorted((HERE / "releases").iterdir())
ALONE = {"self-attested", "whole-lot", "cross-fitted"}
DAY = date(2027, 3, 1)


@pytest.mark.parametrize("folder", RELEASES, ids=lambda p: p.name)
def test_a_golden_release_verifies(folder):
    found = verify(folder, today=DAY)
    assert found.ok, [c for c in found.checks if c.outcome == "FAILED"]
    assert found.uses == {"analytics": "approved"}
    assert found.self_attested == (folder.name in ALONE)


@pytest.mark.parametrize("folder", RELEASES, ids=lambda p: p.name)
def test_its_own_verifier_says_the_same(folder):
    own = folder.with_name(folder.name.removesuffix("-lot")) / "verify.py"
    command = [sys.executable, "-I", own, folder, "--today", DAY.isoformat()]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["uses"] == {"analytics": "approved"}


def test_golden_releases_are_small():
    sizes = [p.stat().st_size for folder in RELEASES for p in folder.rglob("*") if p.is_file()]
    assert sum(sizes) < 500_000


def test_whatever_a_release_may_say_is_in_a_golden_one():
    """A field that is in none of them is not held to its meaning by any."""
    said = set()
    for path in (HERE / "releases").rglob("*.json"):
        plain = json.loads(path.read_bytes())
        if path.name.endswith(".dsse.json"):
            plain = json.loads(base64.b64decode(plain["payload"]))["predicate"]
        said |= set(keys(plain))
    frozen = json.loads((HERE / "formats.json").read_bytes())
    needed = ("Decided", "Provenance", "Released", "Lot", "GeneratorApproval", "PrivacyGuarantee")
    fields = {f for name, fs in frozen.items() if name.endswith(needed) for f in fs}
    assert fields - said == set()


def keys(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict):
        yield from value
    for v in inner:
        yield from keys(v)


def test_formats_are_frozen():
    """A field may join, where it is left out at its default; none goes, and none changes its part.

    Whoever adds one writes formats.json anew: python tests/golden/formats.py
    """
    frozen = json.loads(FROZEN.read_bytes())
    now = formats()
    assert set(frozen) == set(now)
    for name, fields in frozen.items():
        assert {f: now[name].get(f) for f in fields} == fields, name
        joined = set(now[name]) - set(fields)
        assert {now[name][f] for f in joined} <= {"later"}, (name, joined)
        assert not joined, f"{name}: write {FROZEN.name} anew for {sorted(joined)}"
