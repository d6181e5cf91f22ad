import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assaymark.cli.app import app
from assaymark.errors import InputError, IntegrityError, NotApprovedError, UnknownNameError
from assaymark.flow.job import read_job
from assaymark.flow.source.sources import register, registered, source_called
from assaymark.store.workspace import Workspace

RECIPE = """
name = "little"
[source]
path = "little.csv"
[source.rights]
owner = "Dr Ada Niemand"
licence = "CC BY 4.0"
contact = "ada@example.org"
"""
WS = Path("ws")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("recipe.toml").write_text(RECIPE)
    Path("little.csv").write_text("a,b\n1,2\n3,4\n")
    return tmp_path


def add(line):
    Path("recipe.toml").write_text(Path("recipe.toml").read_text() + line + "\n")


def test_a_registered_source_is_found_and_no_name_reaches_the_ledger(here):
    workspace = Workspace.open(WS)
    made = register(workspace, Path("recipe.toml"))
    assert registered(workspace) == [made]
    assert made.rights.licence == "CC-BY-4.0"
    assert source_called(workspace, "little").state == "usable"
    logged = b"".join(e.canonical() for e in workspace.ledger.entries())
    for word in (b"Ada", b"example", b"little.csv"):
        assert word not in logged
    with pytest.raises(UnknownNameError, match="little"):
        source_called(workspace, "litle")


def test_fingerprints_are_keyed(here, tmp_path):
    from assaymark.core.document import sha256

    one = register(Workspace.open(WS), Path("recipe.toml"))
    two = register(Workspace.open(Path("other")), Path("recipe.toml"))
    bare = sha256(Path("little.csv").read_bytes())
    assert len({one.fingerprint, two.fingerprint, bare}) == 3


def test_registered_terms_hold_for_every_recipe_that_reads_the_table(here):
    original = Path("recipe.toml").read_text()
    add('prohibited = ["pretraining"]')
    register(Workspace.open(WS), Path("recipe.toml"))
    Path("recipe.toml").write_text(original.replace('owner = "Dr Ada Niemand"', 'owner = "me"'))
    Path("little.csv").rename("hidden")
    with pytest.raises(NotApprovedError, match=r"(?s)prohibit pretraining.*not read.*ada@example"):
        read_job(Path("recipe.toml"), workspace=WS)
    Path("hidden").rename("little.csv")
    job = read_job(Path("recipe.toml"), uses=["analytics"], workspace=WS)
    assert job.recipe.source.rights.owner == "Dr Ada Niemand"
    assert not job.changed
    Path("little.csv").write_text("a,b\n1,2\n3,5\n")
    assert "register" in read_job(Path("recipe.toml"), uses=["analytics"], workspace=WS).changed


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("expires = 2020-01-01", "may not be used after 2020-01-01"),
        ("retention = 2020-01-01", "may not be kept after"),
        ('odrl = [{rule = "prohibition", action = "derive"}]', "prohibit to derive"),
        ('tdm_reserved = true\nbasis = ""', "mining is reserved"),
        ('prohibited = ["analytics"]', "prohibit analytics"),
    ],
)
def test_prohibited_and_expired_sources_are_refused_before_the_table_is_read(here, line, said):
    add(line)
    Path("little.csv").unlink()
    with pytest.raises(NotApprovedError, match=said):
        read_job(Path("recipe.toml"))


def test_altered_terms_are_found(here):
    workspace = Workspace.open(WS)
    register(workspace, Path("recipe.toml"))
    sealed = WS / "sealed" / "source-little"
    raw = sealed.read_bytes()
    for place in range(0, len(raw), 7):
        sealed.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        with pytest.raises(IntegrityError):
            registered(workspace)


def test_a_licence_or_an_id_that_cannot_be_is_refused(here):
    workspace = Workspace.open(WS)
    with pytest.raises(InputError, match="cannot be the id"):
        register(workspace, Path("recipe.toml"), name="../x")
    Path("recipe.toml").write_text(RECIPE.replace("CC BY 4.0", "free for all"))
    with pytest.raises(InputError, match="not an SPDX"):
        register(workspace, Path("recipe.toml"))
    assert registered(workspace) == []


def test_the_commands_speak_json_and_words(here):
    said = CliRunner().invoke(app, ["source", "register", "recipe.toml", "--workspace", "ws"])
    assert said.exit_code == 0
    assert "registered little: usable" in said.output
    add("expires = 2020-01-01")
    said = CliRunner().invoke(app, ["source", "register", "recipe.toml", "--workspace", "ws"])
    assert "ask the owner" in said.output
    listed = CliRunner().invoke(app, ["source", "list", "--json", "--workspace", "ws"])
    assert [s["state"] for s in json.loads(listed.output)] == ["expired"]
    shown = CliRunner().invoke(app, ["source", "show", "little", "--workspace", "ws"])
    assert "CC-BY-4.0" in shown.output


@pytest.mark.parametrize("registered_first", [False, True])
def test_a_secret_column_that_the_table_does_not_have_is_refused_with_what_was_meant(
    here, registered_first
):
    Path("little.csv").write_text("dose,formula\n1,2\n3,4\n")
    original = Path("recipe.toml").read_text()
    add('ip_columns = ["formla"]')
    if registered_first:
        register(Workspace.open(WS), Path("recipe.toml"))
        Path("recipe.toml").write_text(original)
    with pytest.raises(UnknownNameError, match="did you mean 'formula'") as refused:
        read_job(Path("recipe.toml"), workspace=WS)
    assert "ip_columns of [source.rights]" in str(refused.value)
    Path("recipe.toml").write_text(original)
    add('ip_columns = ["formula"]')
    register(Workspace.open(Path("other")), Path("recipe.toml"))
    job = read_job(Path("recipe.toml"), workspace=Path("other"))
    assert job.recipe.source.rights.ip_columns == ("formula",)
