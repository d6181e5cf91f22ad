"""Cheats with releases in other hands and with what is installed (G17 to G20, G22)."""

import base64
import json

import polars as pl
import pytest
import rfc8785

from assaymark import __version__
from assaymark.cli.app import main
from assaymark.core.document import sha256
from assaymark.core.evidence import Evidence
from assaymark.core.measurement import Measurement
from assaymark.core.recipe import parse_recipe
from assaymark.errors import InputError, NotApprovedError
from assaymark.flow.generate.generator import approve
from assaymark.flow.monitor.detect import detect
from assaymark.flow.release.admit import admit, load
from assaymark.flow.release.folder import read_release
from assaymark.flow.release.recall import withdraw
from assaymark.generate.independent import Independent
from assaymark.release.boundary.linter import leaks_of


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


def test_g18_card_and_marks_are_stripped_and_rows_shuffled_and_cut(issued, tmp_path):
    _, release = issued
    rows = pl.read_parquet(release / "data" / "synthetic.parquet")
    bare = tmp_path / "mine.csv"
    rows.sample(fraction=0.5, shuffle=True, seed=0).select("score", "age").write_csv(bare)
    (match,) = detect(bare, [release]).matches
    assert (match.said, match.columns) == ("these rows", ("score", "age"))
    assert match.share > 0.9
    assert match.by_chance < 0.2
    assert match.manifest == sha256((release / "manifest.json").read_bytes())


def test_g18_limit_rows_of_which_no_part_is_left_are_not_recognised_nor_real_rows_taken_for_it(
    issued, tmp_path
):
    shop, release = issued
    rows = pl.read_parquet(release / "data" / "synthetic.parquet")
    bare = tmp_path / "mine.csv"
    rows.with_columns(pl.col("score") + 0.0001).write_csv(bare)
    assert detect(bare, [release]).matches[0].said == "not these rows"
    assert detect(shop.folder / "wards.csv", [release]).matches[0].said == "not these rows"
    with pytest.raises(InputError, match="no release to compare with"):
        detect(bare, [])
    with pytest.raises(InputError, match="not the folder of a release"):
        detect(bare, [tmp_path])


def test_g18_the_command_says_which_release_it_was(issued, capsys):
    _, release = issued
    csv = str(release / "data" / "synthetic.csv")
    for options in (["--workspace", "ws"], ["--release", str(release), "--json"]):
        with pytest.raises(SystemExit) as ended:
            main(["release", "detect", csv, *options])
        assert ended.value.code == 0
    out = capsys.readouterr().out
    assert "these rows" in out
    assert '"share": 1.0' in out


PLUGIN = """
from dataclasses import dataclass
from assaymark.generate.independent import {base} as Base
__all__ = ["Plugin"]
{more}
@dataclass(frozen=True, kw_only=True)
class Plugin(Base):
    pass
"""


def test_g22_a_generator_package_that_changed_after_it_was_approved_releases_nothing(
    desk, tmp_path, monkeypatch
):
    """Found where a second person is registered: code and wheels are approved by their bytes."""
    shop, _ = desk
    site = tmp_path / "site"
    info = site / "plugin_x-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin_x\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[assaymark.generators]\nx = plugin_x:Plugin\n")
    source = PLUGIN.format(base=Independent.__name__, more="")
    (site / "plugin_x.py").write_text(source)
    monkeypatch.syspath_prepend(site)
    shop.edit("recipe.toml", "replicates = 1", 'replicates = 1\ngenerator = "x"')
    spec = parse_recipe((shop.folder / "recipe.toml").read_bytes()).generate
    approve(shop.workspace, spec, shop.key("grace"))
    assert not any("not approved" in b for b in shop.run(seed=5).blocked)
    (site / "plugin_x.py").write_text(source + "STOLEN = []\n")
    again = shop.run(seed=5)
    assert (again.release, again.waiting) == (None, ())
    assert any("this version of generator 'x' is not approved" in b for b in again.blocked)


def test_g22_limit_what_made_the_rows_is_named_and_not_proven(issued):
    """Out of reach: who controls what is installed controls what is computed and signed."""
    _, release = issued
    envelope = json.loads((release / "attestations/provenance.dsse.json").read_bytes())
    said = json.loads(base64.b64decode(envelope["payload"]))["predicate"]
    assert (said["generator"], said["software"]) == ("tree_chain", f"assaymark {__version__}")
    assert len(said["model"]) == 64
