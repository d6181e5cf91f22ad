"""Releases that were made once verify for ever, by us and by the file that lies in them."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from assaymark.flow.verify import verify

RELEASES = sorted((Path(__file__).parent / "releases").iterdir())
DAY = date(2027, 3, 1)


@pytest.mark.parametrize("folder", RELEASES, ids=lambda p: p.name)
def test_a_golden_release_verifies(folder):
    found = verify(folder, today=DAY)
    assert found.ok, [c for c in found.checks if c.outcome == "FAILED"]
    assert found.uses == {"analytics": "approved"}
    assert found.self_attested == (folder.name == "self-attested")


@pytest.mark.parametrize("folder", RELEASES, ids=lambda p: p.name)
def test_its_own_verifier_says_the_same(folder):
    command = [sys.executable, "-I", folder / "verify.py", folder, "--today", DAY.isoformat()]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["uses"] == {"analytics": "approved"}


def test_golden_releases_are_small():
    sizes = [p.stat().st_size for folder in RELEASES for p in folder.rglob("*") if p.is_file()]
    assert sum(sizes) < 300_000
