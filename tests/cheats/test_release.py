"""Cheats with releases in other hands and with what is installed (G17 to G20, G22)."""

import base64
import json

import polars as pl
import pytest
import rfc8785

from assaymark import __version__
from assaymark.core.document import sha256
from assaymark.core.evidence import Evidence
from assaymark.core.measurement import Measurement
from assaymark.errors import NotApprovedError
from assaymark.flow.admit import admit, load
from assaymark.flow.recall import withdraw
from assaymark.flow.verify import read_release
from assaymark.release.boundary import leaks_of


def rules(files):
    return {leak.rule for leak in leaks_of(files)}


def test_g17_a_refused_use_and_a_use_after_the_end(issued, monkeypatch, tmp_path):
    """Whoever loads through us is refused; whoever opens the Parquet file is not."""
    shop, release = issued
    assert load(release, "analytics")
    with pytest.raises(NotApprovedError, match="not approved for pretraining"):
        admit(release, "pretraining")
    withdraw(shop.workspace, release.name, "privacy", "found out")
    with pytest.raises(NotApprovedError, match="WITHDRAWN"):
        admit(release, "analytics")
    assert pl.read_parquet(release / "data" / "synthetic.parquet").height


def test_g19_a_seed_a_count_a_path_or_a_time_leaves_with_the_provenance(issued):
    _, release = issued
    files = read_release(release)
    clean = rules(files)
    path = "attestations/provenance.dsse.json"
    envelope = json.loads(files[path])
    payload = json.loads(base64.b64decode(envelope["payload"]))
    for key, value, rule in (
        ("seed", 7, "seed"),
        ("source_rows", 4711, "exact count"),
        ("name", "/home/ada/patients.csv", "embedded path"),
        ("title", "2026-11-25T10:11:12.123456", "file time"),
    ):
        assert rule not in clean
        forged = {**payload, "predicate": {**payload["predicate"], key: value}}
        envelope["payload"] = base64.b64encode(rfc8785.dumps(forged)).decode()
        assert rule in rules({**files, path: json.dumps(envelope).encode()})


def test_g20_a_figure_that_rests_on_three_people_leaves_with_the_evidence(issued):
    _, release = issued
    files = read_release(release)
    group = Measurement(metric="disparity.introduced", subject="group:a", value=0.1, n=3)
    evidence = Evidence.of([group], candidate="c" * 64, stage="confirmation", suite="s")
    assert "small cell" in rules({**files, "evidence/confirmation.json": evidence.canonical()})
    assert "small cell" not in rules(files)


def test_g18_limit_rows_without_their_release_are_known_by_their_digest_only(issued):
    """In part: an unaltered file is found in a manifest; one row less, and it is not."""
    _, release = issued
    listed = {f["sha256"] for f in json.loads((release / "manifest.json").read_bytes())["files"]}
    raw = (release / "data" / "synthetic.csv").read_bytes()
    assert sha256(raw) in listed
    assert sha256(raw[: raw.rindex(b"\n", 0, -1) + 1]) not in listed


def test_g22_limit_what_made_the_rows_is_named_and_not_proven(issued):
    """Out of reach: who controls what is installed controls what is computed and signed."""
    _, release = issued
    envelope = json.loads((release / "attestations/provenance.dsse.json").read_bytes())
    said = json.loads(base64.b64decode(envelope["payload"]))["predicate"]
    assert (said["generator"], said["software"]) == ("tree_chain", f"assaymark {__version__}")
    assert len(said["model"]) == 64
