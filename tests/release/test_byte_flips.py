"""A sample of bench/byte_flips.py: whatever is altered in a golden release is found."""

import importlib.util
import random
from pathlib import Path

import pytest

_PLACE = Path(__file__).parents[2] / "bench" / "byte_flips.py"
_SPEC = importlib.util.spec_from_file_location("byte_flips", _PLACE)
bench = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(bench)


@pytest.fixture(scope="module")
def releases():
    return {f.name: bench.read_release(f) for f in sorted(bench.GOLDEN.iterdir())}


@pytest.mark.parametrize("name", ["self-attested", "reviewed", "whole-lot"])
def test_a_flipped_byte_is_found(releases, name):
    drawn = random.Random(7)
    for path, place, altered in bench.flips(releases[name], drawn, 4):
        assert bench.found(altered), f"{path} at {place}"


@pytest.mark.parametrize("kind", ["removed", "added", "swapped", "renamed", "replayed"])
def test_a_whole_file_that_is_altered_is_found(releases, kind):
    files, other = releases["reviewed"], releases["self-attested"]
    every = {
        "removed": bench.removed(files),
        "added": bench.added(files),
        "swapped": bench.swapped(files),
        "renamed": bench.renamed(files),
        "replayed": bench.replayed(files, [other]),
    }
    tried = list(every[kind])
    some = tried if len(tried) < 30 else random.Random(3).sample(tried, 30)
    for where, altered in some:
        assert bench.found(altered), where


def test_files_of_another_release_of_the_same_signer_are_found():
    one, two = bench.pair()
    assert not bench.found(one)
    assert not bench.found(two)
    for where, altered in bench.replayed(one, [two]):
        assert bench.found(altered), where


def test_the_verifier_in_the_release_finds_flips_too(releases):
    drawn = random.Random(5)
    flips = list(bench.flips(releases["reviewed"], drawn, 3))
    for path, place, altered in drawn.sample(flips, 12):
        assert bench.found_alone(altered), f"{path} at {place}"
