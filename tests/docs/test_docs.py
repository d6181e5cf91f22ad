import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_reference_pages_are_what_the_code_says(reference):
    for name, make in reference.PAGES.items():
        said = (DOCS / "reference" / name).read_text(encoding="utf-8")
        assert said == make().rstrip() + "\n", f"run: python docs/make_reference.py ({name})"


def test_every_option_and_argument_has_words(reference):
    rows = [r for r in reference.commands().splitlines() if r.startswith("| `")]
    undocumented = [r for r in rows if re.match(r"\| [^|]+ \|\s*\|", r)]
    assert undocumented == []


def test_one_chapter_a_stage():
    for stage in ("source", "generate", "evaluate", "decide", "release", "monitor"):
        text = (DOCS / f"{stage}.md").read_text(encoding="utf-8")
        assert text.lower().startswith(f"# {stage}")


def test_links_between_pages_lead_somewhere():
    for page in DOCS.rglob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} -> {target}"


def test_no_page_promises_what_nobody_can():
    for page in [*DOCS.rglob("*.md"), ROOT / "README.md"]:
        text = page.read_text(encoding="utf-8").lower()
        for word in ("anonymous data", "fully private", "gdpr compliant", "guarantees privacy"):
            assert word not in text, f"{page.name}: {word}"


def test_every_defect_of_other_tools_names_a_test_that_exists():
    tests = (ROOT / "tests/reference/test_peer_defects.py").read_text(encoding="utf-8")
    table = [
        row
        for row in (DOCS / "evaluate.md").read_text(encoding="utf-8").splitlines()
        if re.match(r"\| D\d+ \|", row)
    ]
    assert [row.split("|")[1].strip() for row in table] == [f"D{i}" for i in range(1, 16)]
    named = [n for row in table for n in re.findall(r"`(d\d\d_\w+)`", row)]
    assert sorted(named) == sorted(re.findall(r"def test_(d\d\d_\w+)", tests))


def test_every_cheat_is_in_the_table_and_has_a_test():
    rows = re.findall(r"^\| (G\d+) \|(.*)\|$", (ROOT / "SECURITY.md").read_text("utf-8"), re.M)
    assert [g for g, _ in rows] == [f"G{i}" for i in range(1, 28)]
    states = [row.split("|")[-1].strip() for _, row in rows]
    assert all(s.startswith(("found", "in part: ", "out of reach")) for s in states)
    tests = "".join(p.read_text("utf-8") for p in (ROOT / "tests" / "cheats").glob("test_*.py"))
    named = set(re.findall(r"def test_(g\d\d)_", tests))
    assert named == {f"g{i:02d}" for i in range(1, 28)}


def test_every_requirement_is_listed_and_names_tests_that_exist():
    text = (DOCS / "requirements.md").read_text(encoding="utf-8")
    rows = [r for r in text.splitlines() if re.match(r"\| R\d+ \|", r)]
    assert [r.split("|")[1].strip() for r in rows] == [f"R{i:02}" for i in range(1, 54)]
    assert {r.split("|")[3].strip() for r in rows} <= {"yes", "partly", "no"}
    for file, name in re.findall(r"`([\w/]+\.py)::(test_\w+)`", text):
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), name
