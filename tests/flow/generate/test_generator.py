import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assaymark.cli.app import app
from assaymark.core.lineage import Act, check_lineage
from assaymark.core.recipe import GenerateSpec
from assaymark.errors import InputError, IntegrityError, NotApprovedError
from assaymark.flow.decide.people import add, current, init, new_key, read_key, remove
from assaymark.flow.generate.generator import (
    approval_of,
    approve,
    listed,
    spec_of,
    unapproved,
    version_of,
)
from assaymark.release.generator import read_generator
from assaymark.store.workspace import Workspace

TREE, PLAIN = GenerateSpec(), GenerateSpec(generator="independent")
PLUGIN = """
from dataclasses import dataclass
__all__ = ["Plugin"]
@dataclass(frozen=True, kw_only=True)
class Plugin:
    strength: int = {strength}
    def fit(self, source, streams):
        raise NotImplementedError
"""


@pytest.fixture
def place(tmp_path):
    """Return a workspace of Ada, with Grace for privacy and Ben for the domain, and the keys."""
    workspace = Workspace.open(tmp_path / "ws")
    init(workspace, "Ada", ["ml_owner", "privacy"])
    for name, role in (("grace", "privacy"), ("ben", "domain"), ("mia", "ml_owner")):
        add(workspace, name, [role], new_key(tmp_path / name))
    keys = {n: read_key(tmp_path / n) for n in ("grace", "ben", "mia")}
    return workspace, {**keys, "ada": workspace.key()}


def test_a_version_is_code_packages_and_parameters():
    one = version_of(TREE)
    assert one == version_of(GenerateSpec())
    assert [p.name for p in one.packages] == ["assaymark", "numpy", "numba", "polars", "scipy"]
    assert all(len(p.wheel) == 64 for p in one.packages[1:])
    assert len(one.code) == 64
    other = version_of(GenerateSpec(parameters={"order": "schema"}))
    assert (other.code, other.digest() == one.digest()) == (one.code, False)
    assert version_of(PLAIN).parameters != one.parameters


def test_a_changed_plug_in_is_another_version(plugin, tmp_path_factory, monkeypatch):
    plugin("generators", "first", PLUGIN.format(strength=1))
    plugin("generators", "second", PLUGIN.format(strength=2))
    first, second = (version_of(GenerateSpec(generator=n)) for n in ("first", "second"))
    assert first.packages[0].name == "plugin_first"
    assert first.code != second.code


def test_only_a_second_person_in_a_fitting_role_approves_exactly_one_version(place):
    workspace, keys = place
    assert "is not approved" in unapproved(workspace, TREE)
    with pytest.raises(NotApprovedError, match="by who made the rows"):
        approve(workspace, TREE, keys["ada"])
    with pytest.raises(NotApprovedError, match="is domain"):
        approve(workspace, TREE, keys["ben"])
    made = approve(workspace, TREE, keys["grace"], reason="looked at it")
    assert (made.role, made.version) == ("privacy", version_of(TREE))
    assert unapproved(workspace, TREE) == ""
    assert "'independent' is not approved" in unapproved(workspace, PLAIN)
    assert unapproved(workspace, GenerateSpec(parameters={"order": "schema"}))
    (line,) = listed(workspace)
    assert (line.name, line.outcome, line.current) == ("tree_chain", "approve", True)
    approve(workspace, TREE, keys["mia"], outcome="reject", reason="it fails at dates")
    assert approval_of(workspace, version_of(TREE)) == b""
    approve(workspace, TREE, keys["mia"])
    remove(workspace, "mia")
    assert approval_of(workspace, version_of(TREE))
    remove(workspace, "grace")
    assert unapproved(workspace, TREE)


def test_every_flipped_byte_of_an_approval_is_found(place):
    workspace, keys = place
    approve(workspace, TREE, keys["grace"])
    raw, people = approval_of(workspace, version_of(TREE)), current(workspace)
    read_generator(raw, people)
    for at in range(0, len(raw), 3):
        with pytest.raises(IntegrityError):
            read_generator(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :], people)


def test_generators_at_the_command_line(place, tmp_path):
    asked = ["generator", "approve", "tree_chain", "--key", str(tmp_path / "grace")]
    asked += ["--workspace", str(tmp_path / "ws")]
    assert "approved tree_chain (assaymark" in CliRunner().invoke(app, asked).output
    said = CliRunner().invoke(app, [*asked, "--reject", "--json"])
    assert json.loads(said.output)["outcome"] == "reject"
    said = CliRunner().invoke(app, ["generator", "list", *asked[-2:], "--json"])
    assert [line["outcome"] for line in json.loads(said.output)] == ["approve", "reject"]
    (tmp_path / "recipe.toml").write_text('name = "x"\n[source]\npath = "x.csv"\n')
    assert spec_of("tree_chain", tmp_path / "recipe.toml") == GenerateSpec()
    with pytest.raises(InputError, match="not 'independent'"):
        spec_of("independent", tmp_path / "recipe.toml")
    with pytest.raises(InputError):
        spec_of("independent", Path("nothing.toml"))


ACTS = (
    Act(kind="read", what="t", inputs=(), output="source", content="c"),
    Act(kind="fit", what="f", inputs=("source",), output="model"),
    Act(kind="sample", what="s", inputs=("model",), output="data/a.parquet", content="1"),
    Act(kind="write", what="w", inputs=("data/a.parquet",), output="data/a.csv", content="2"),
)
FILES = {"data/a.parquet": "1", "data/a.csv": "2"}


def test_acts_lead_from_a_source_to_exactly_the_files():
    check_lineage(ACTS, FILES)
    for acts, files, why in (
        (ACTS, {**FILES, "data/a.csv": "3"}, "changed by something that was not declared"),
        (ACTS, {**FILES, "data/b.csv": "3"}, "of no declared act"),
        (ACTS[:3], FILES, "of no declared act"),
        (ACTS[:1] + ACTS[2:], FILES, "broken at sample"),
        (ACTS[1:], FILES, "broken at fit"),
        ((*ACTS, ACTS[3]), FILES, "was there before"),
    ):
        with pytest.raises(IntegrityError, match=why):
            check_lineage(acts, files)
