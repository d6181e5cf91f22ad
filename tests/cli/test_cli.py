import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
from typer.main import get_command

from assaymark.cli.app import app
from assaymark.cli.say import progress
from assaymark.core.comparison import Comparison
from assaymark.flow.outcome import Outcome

pytest_plugins = ()
HEAVY = ("numpy", "polars", "sklearn", "scipy", "pandas", "pyarrow", "cryptography", "jinja2")


def assaymark(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "assaymark", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )


@pytest.fixture
def table(tmp_path):
    rows = [
        f"{20 + i * 7 % 60},{'fm'[i % 2]},{i * i % 9},{'yes' if i * 13 % 7 < 2 else 'no'}"
        for i in range(400)
    ]
    lines = ["age,sex,days,ill", *rows]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_help_imports_nothing_heavy():
    totals = []
    for _ in range(5):  # a busy machine is slow now and then, not five times
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "assaymark", "--help"],
            capture_output=True,
            text=True,
            check=True,
        )
        imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
        assert not imported & set(HEAVY)
        totals.append(max(int(line.split("|")[1]) for line in done.stderr.splitlines()[1:]))
        if totals[-1] < 500_000:
            break
    assert min(totals) < 500_000, f"{totals} microseconds of imports"


def test_to_verify_no_generator_is_loaded_and_nothing_is_compiled(tmp_path):
    (tmp_path / "empty").mkdir()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "assaymark", "verify", str(tmp_path / "empty")],
        capture_output=True,
        text=True,
        check=False,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "assaymark.flow.release.verify" in imported
    heavy = {"numba", "scipy", "sklearn", "assaymark.generate"}
    assert imported & heavy == set()


def test_every_command_has_help():
    top = assaymark("--help").stdout
    for name in (
        "init",
        "run",
        "generate",
        "evaluate",
        "verify",
        "monitor",
        "show",
        "policy",
        "ledger",
        "demo",
    ):
        assert name in top
        assert "Usage" in assaymark(name, "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "nothing.toml"], "cannot read the recipe"),
        (["init", "nothing.csv"], "there is no file"),
        (["verify", "nowhere"], "there is no folder"),
        (["ledger", "check"], "there is no workspace"),
        (["generate", "t.csv", "--generator", "tree_chian"], "did you mean 'tree_chain'"),
        (["generate", "t.csv", "--engine", "ray"], "for a folder of blocks"),
        (["generate", "t.csv", "--out", "rows"], "or --out rows.csv for one file"),
        (["generate", "t.csv", "--rows", "9", "--out", "o", "--engine", "sprak"], "local, ray"),
        (["generate", "t.csv", "--where", "agee > 3"], "unknown column 'agee' in the condition"),
        (["evaluate", "--train", "t.csv"], "no synthetic rows were given"),
        (["rnu"], "No such command"),
        (["run", "--rows"], "No such option"),
        (["people", "key"], "Missing option '--out'.\n\nHint: assaymark people key --help"),
    ],
)
def test_bad_input_ends_with_2_and_says_what_to_do(table, arguments, words):
    done = assaymark(*arguments, cwd=table)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "Hint" in done.stderr


def test_an_error_with_json_is_one_object(table):
    done = assaymark("run", "nothing.toml", "--json", cwd=table)
    assert json.loads(done.stdout)["error"]["kind"] == "RecipeError"
    done = assaymark("people", "key", "--json", cwd=table)
    assert json.loads(done.stdout)["error"]["kind"] == "UsageError"
    done = assaymark("people", "key", "--out", "ada", "--json", cwd=table)
    assert len(json.loads(done.stdout)["public"]) == 64


def commands(command, *path):
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, *path, name)
    if not hasattr(command, "commands"):
        yield " ".join(path), {o for p in command.params for o in p.opts}


def test_every_command_but_the_demo_speaks_json():
    silent = [path for path, options in commands(get_command(app)) if "--json" not in options]
    assert silent == ["demo"]


@pytest.mark.slow
def test_init_writes_files_that_run_and_never_writes_over_yours(table):
    assert assaymark("init", "t.csv", cwd=table).returncode == 0
    again = assaymark("init", "t.csv", cwd=table)
    assert again.returncode == 2
    assert "exist already" in again.stderr
    done = assaymark("run", "recipe.toml", "--json", cwd=table)
    assert done.returncode in {0, 3}, done.stderr
    jsonschema.validate(json.loads(done.stdout), Outcome.model_json_schema())
    shown = assaymark("show", "--json", cwd=table)
    assert len(json.loads(shown.stdout)["candidates"]) == 1
    assert assaymark("ledger", "check", cwd=table).returncode == 0
    assert "run.ended" in assaymark("ledger", "list", cwd=table).stdout


def test_a_misspelt_key_is_named_with_the_nearest_valid_one(table):
    assaymark("init", "t.csv", cwd=table)
    recipe = Path(table / "recipe.toml")
    recipe.write_text(recipe.read_text().replace("replicates", "replicate"))
    done = assaymark("run", "recipe.toml", cwd=table)
    assert done.returncode == 2
    assert "did you mean 'replicates'" in done.stderr


def test_python_offers_few_names_that_exist():
    import assaymark as package

    assert len(package.__all__) <= 17
    assert all(getattr(package, name) is not None for name in package.__all__)


def test_policy_explains_its_rules():
    listed = assaymark("policy", "list", "--profile", "open")
    assert listed.returncode == 0
    assert "refit-attack-fails" in listed.stdout
    found = assaymark("policy", "explain", "no-near-copies")
    for head in ("Why", "Condition", "Measured", "How", "Verdict", "Pitfalls", "Source"):
        assert f"\n{head}" in found.stdout
    plain = json.loads(assaymark("policy", "explain", "no-near-copies", "--json").stdout)
    assert plain["metric"] == "near_copies.excess"
    assert assaymark("policy", "explain", "nonsense").returncode == 2


@pytest.mark.slow
def test_compare_prints_one_object_that_its_schema_describes_and_writes_a_page(table):
    head, *rows = (table / "t.csv").read_text().splitlines()
    bills = [f"{r},{i * 37 % 401}" for i, r in enumerate(rows)]  # however it is split, no equals
    (table / "t.csv").write_text("\n".join([f"{head},bill", *bills]) + "\n")
    asked = ["compare", "t.csv", "--generators", "independent,gaussian_copula", "--repeats", 1]
    done = assaymark(*asked, "--rows", 100, "--seed", 1, "--json", cwd=table)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    said = json.loads(done.stdout)
    jsonschema.validate(said, Comparison.model_json_schema())
    assert [c["name"] for c in said["contenders"]] == ["independent", "gaussian_copula"]
    assert (table / "comparison.html").read_bytes().startswith(b"<!DOCTYPE html>")


def test_compare_says_which_names_are_valid(table):
    done = assaymark("compare", "t.csv", "--generators", "tree_chian", "--json", cwd=table)
    assert done.returncode == 2
    assert "did you mean 'tree_chain'" in json.loads(done.stdout)["error"]["message"]
    assert not (table / ".assaymark").exists()


@pytest.mark.slow
def test_a_folder_of_blocks_is_made_gone_on_with_and_shown(table):
    command = ["generate", "t.csv", "--rows", 500, "--out", "rows", "--seed", 1, "--workers", 1]
    done = assaymark(*command, cwd=table)
    assert done.returncode == 0, done.stderr
    assert "UNGATED" in done.stdout
    assert "rows/s" in done.stderr
    again = json.loads(assaymark(*command, "--json", cwd=table).stdout)
    assert (again["made"], again["found"], again["gated"]) == (0, 1, False)
    shown = assaymark("show", "rows/private/model.zip", "--json", cwd=table)
    assert {c["name"] for c in json.loads(shown.stdout)["columns"]} == {"age", "sex", "days", "ill"}


@pytest.mark.slow
def test_fresh_identifiers_are_in_a_file_and_left_out_on_request(table):
    lines = (table / "t.csv").read_text().splitlines()
    rows = [f"V-{i * 7919 % 9973:05d},{row}" for i, row in enumerate(lines[1:])]
    (table / "t.csv").write_text("\n".join([f"visit_id,{lines[0]}", *rows]) + "\n")
    command = ["generate", "t.csv", "--rows", 300, "--seed", 1, "--out"]
    done = assaymark(*command, "with.csv", cwd=table)
    assert done.returncode == 0, done.stderr
    assert 'visit_id ("V-", 5 digits)' in done.stdout
    head, *made = (table / "with.csv").read_text().splitlines()
    assert head == "visit_id,age,sex,days,ill"
    assert len({row.partition(",")[0] for row in made}) == 300
    bare = assaymark(*command, "without.csv", "--no-identifiers", cwd=table)
    assert bare.returncode == 0
    left = [row.partition(",")[2] for row in (head, *made)]
    assert (table / "without.csv").read_text().splitlines() == left
    asked = assaymark(*command, "x.csv", "--where", "visit_id == 'V-00001'", cwd=table)
    assert asked.returncode == 2
    assert "holds identifiers" in asked.stderr


def test_a_log_tells_each_stage_and_every_half_minute_how_far_it_is(capsys, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("assaymark.cli.say.time", SimpleNamespace(monotonic=lambda: clock[0]))
    show = progress()
    for at, said in ((0, "first"), (29, "second"), (31, "third"), (40, "fourth"), (62, "fifth")):
        clock[0] = float(at)
        show("generate", said, 0.5)
    written = capsys.readouterr().err.splitlines()
    assert [line.split()[-1] for line in written] == ["first", "third", "fifth"]


@pytest.mark.slow
def test_an_interrupted_command_says_how_to_go_on(table):
    asked = ["generate", "t.csv", "--rows", "90000000", "--out", "rows", "--workers", "1"]
    work = subprocess.Popen(
        [sys.executable, "-m", "assaymark", *asked, "--generator", "independent"],
        cwd=table,
        stderr=subprocess.PIPE,
        text=True,
    )
    while "fitting" not in work.stderr.readline():
        pass
    work.send_signal(signal.SIGINT)
    said = work.communicate(timeout=60)[1]
    assert work.returncode == 130
    assert said.endswith("\ninterrupted; start the same command again to go on\n")
    assert "Traceback" not in said
