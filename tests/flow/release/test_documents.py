"""Documents of a release that was really made: in its folder, and made again from it."""

import json
import os

import pytest
from typer.testing import CliRunner

from assaymark.cli.app import app
from assaymark.errors import InputError, IntegrityError, RecipeError, UnknownNameError
from assaymark.flow.job import Options, read_job
from assaymark.flow.release.documents import documents, documents_of
from assaymark.flow.release.folder import read_release
from assaymark.flow.release.verify import verify
from assaymark.flow.run import run
from assaymark.flow.status import check_ledger
from assaymark.release.documents.graph import Graph
from assaymark.release.documents.quoted import (
    check_linked,
    check_pages,
    check_quoted,
    linked_of,
    typed_in,
    typed_of,
)
from assaymark.release.envelope import payload_of

pytestmark = pytest.mark.slow
PAGES = ("datasheet.html", "lay.html")
PACK = """
name = "tiny"
title = "A tiny pack"
about = "For a test."

[[section]]
title = "Only one"

[[section.question]]
id = "recipient"
asks = "The recipient is stated"
evidence = [{ field = "threat:/recipient", says = "Recipients" }]
"""
LABEL = """
[[label]]
column = "ill"
how = "clinical coding"
measured_error = 0.04
reference = "audit of 500 charts"
"""


@pytest.fixture(scope="module")
def release(tmp_path_factory, split_in_two):
    folder, before = tmp_path_factory.mktemp("documents"), os.getcwd()
    os.chdir(folder)
    try:
        split_in_two(folder)
        recipe = folder / "recipe.toml"
        recipe.write_text(recipe.read_text() + LABEL)
        outcome = run(read_job(recipe), Options(workspace=folder / "ws", seed=1))
    finally:
        os.chdir(before)
    return folder / "ws" / "releases" / os.path.basename(outcome.release)


@pytest.fixture(scope="module")
def files(release):
    return read_release(release)


def test_the_release_carries_them_and_verifies(release, files):
    assert {*PAGES, "card.md", "croissant.json"} <= set(files)
    found = verify(release)
    assert found.ok
    said = next(c for c in found.checks if c.title == "Documents")
    assert said.outcome == "ok"
    assert "numbers and words that they quote are what the statements say" in said.said
    listed = {f["path"] for f in json.loads(files["manifest.json"])["files"]}
    assert {*PAGES, "card.md", "croissant.json"} <= listed


def test_where_the_labels_come_from_travels_with_the_release(files):
    said = "come from clinical coding; 4 % of them were found wrong"
    assert said in files["card.md"].decode()
    assert said in files["datasheet.html"].decode()
    assert said in payload_of(files["attestations/provenance.dsse.json"]).decode()
    assert said in files["report.html"].decode()


def test_no_number_of_them_is_typed(files):
    graph = Graph.of(files)
    for name in PAGES:
        assert typed_of(files[name]) == ()
        assert check_quoted(files[name], graph) > 20
    card = files["card.md"].decode()
    assert typed_in(card) == ()
    assert check_linked(card, graph) > 50


def test_an_edited_number_of_the_card_is_found(files):
    card, graph = files["card.md"].decode(), Graph.of(files)
    text, source = next((t, s) for t, s in linked_of(card) if s.endswith("/threshold"))
    with pytest.raises(IntegrityError, match="is not what"):
        check_linked(card.replace(f"[{text}]({source})", f"[0.123]({source})"), graph)


@pytest.mark.parametrize("name", [*PAGES, "card.md"])
def test_a_page_that_says_something_else_does_not_hold(files, name):
    raw = files[name].replace(b"about 460", b"about 470")
    assert raw != files[name]
    with pytest.raises(IntegrityError, match="'about 470' is not what"):
        check_pages({**files, name: raw})


def test_they_are_a_function_of_the_release(files):
    assert documents_of(files) == {n: files[n] for n in (*PAGES, "croissant.json")}


def test_packs_are_written_beside_the_release(release):
    made = documents(release)
    folder = release.parent / f"{release.name}.documents"
    assert {p.name for p in folder.iterdir()} == {
        *(*PAGES, "croissant.json", "anonymity.html", "hipaa.html"),
    }
    assert [p.name for p in made.packs] == ["anonymity", "hipaa"]
    cell = next(c for c in made.packs[0].cells if c.id == "recipients")
    assert (cell.status, cell.evidence[0]["path"]) == ("EVIDENCED", "threat.json")
    assert verify(release).ok
    assert check_ledger(folder.parents[1])["size"] > 0  # the folder is not taken for a release


def test_one_more_pack_is_one_more_file_on_the_command_line(release, tmp_path):
    (tmp_path / "tiny.toml").write_text(PACK)
    arguments = ["release", "documents", str(release), "--pack", str(tmp_path / "tiny.toml")]
    done = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "out"), "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert [(p["name"], [c["status"] for c in p["cells"]]) for p in said["packs"]] == [
        ("tiny", ["EVIDENCED"])
    ]
    assert (tmp_path / "out/tiny.html").exists()
    shown = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "out")]).output
    assert "A tiny pack (tiny); counsel confirms" in shown


def test_what_cannot_be_done_is_said(release, tmp_path):
    with pytest.raises(UnknownNameError, match="hipaa"):
        documents(release, ["hippa"])
    with pytest.raises(InputError, match="cannot read"):
        documents(release, [str(tmp_path / "nowhere.toml")])
    (tmp_path / "bad.toml").write_text("x")
    with pytest.raises(RecipeError, match="not a pack"):
        documents(release, [str(tmp_path / "bad.toml")])
    for name in ("lay", "hipaa"):
        (tmp_path / "own.toml").write_text(PACK.replace("tiny", name))
        with pytest.raises(RecipeError, match=f"would be called '{name}'"):
            documents(release, [str(tmp_path / "own.toml")])
    with pytest.raises(RecipeError, match="would be called 'hipaa'"):
        documents(release, ["hipaa", "hipaa"])
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        documents(release, ["hipaa"], tmp_path / "file" / "out")


def test_a_release_that_does_not_verify_has_no_documents(release, tmp_path):
    copy = tmp_path / "copy"
    for path, raw in read_release(release).items():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_bytes(raw if path != "threat.json" else raw + b" ")
    with pytest.raises(IntegrityError, match="does not verify"):
        documents(copy, ["hipaa"])
    assert not (tmp_path / "copy.documents").exists()
