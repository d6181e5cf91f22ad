"""What packages offer is read once, and again as soon as one came, went or changed."""

import importlib.metadata
import shutil

import pytest

from assaymark.core import installed
from assaymark.core.installed import offered, package_of
from assaymark.core.registry import Registry


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def install(site, name, group="assaymark.metrics"):
    info = site / f"{name}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {name}:Plugin\n")
    (info / "top_level.txt").write_text(f"top_{name}\n")
    return info


def test_a_package_that_comes_or_goes_in_a_known_folder_is_seen_at_once(site):
    assert "late" not in offered("assaymark.metrics")
    assert package_of("top_late") is None
    info = install(site, "late")
    assert offered("assaymark.metrics")["late"] == "late:Plugin"
    assert "late" not in offered("assaymark.generators")
    assert "late" in Registry("metric", "assaymark.evaluate.attacks").names()
    assert package_of("top_late") == "late"
    shutil.rmtree(info)
    assert "late" not in offered("assaymark.metrics")
    assert package_of("top_late") is None


def test_a_folder_that_leaves_the_path_takes_its_packages_with_it(tmp_path, monkeypatch):
    install(tmp_path, "away")
    with monkeypatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        assert "away" in offered("assaymark.metrics")
    assert "away" not in offered("assaymark.metrics")


def test_while_no_folder_changes_packages_are_read_once(site, monkeypatch):
    install(site, "kept")
    asked = []

    def counted(**group):
        asked.append(group["group"])
        return importlib.metadata.entry_points(**group)

    monkeypatch.setattr(installed, "entry_points", counted)
    for _ in range(3):
        assert offered("assaymark.metrics")["kept"] == "kept:Plugin"
    assert asked == ["assaymark.metrics"]
