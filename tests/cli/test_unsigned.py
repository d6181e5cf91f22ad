"""Questions without an answer sign nothing, and a key that is there says its public half."""

import io

import pytest
import typer

from assaymark.cli import review
from assaymark.errors import InputError
from assaymark.flow.decide.key_file import new_key


def test_the_end_of_input_signs_nothing_and_says_so(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(typer.Exit) as ended:
        review._letter("ml_owner", None)
    assert ended.value.exit_code == 3
    assert capsys.readouterr().out.endswith("\nnothing was signed\n")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(typer.Exit):
        review._said("r", "ml_owner")


def test_a_key_that_is_there_is_kept_and_its_public_half_is_said(tmp_path):
    public = new_key(tmp_path / "ada")
    before = (tmp_path / "ada").read_bytes()
    with pytest.raises(InputError, match=f"cannot write the key .*File exists.*\n\n.*{public}"):
        new_key(tmp_path / "ada")
    assert (tmp_path / "ada").read_bytes() == before
    (tmp_path / "other").write_text("no key")
    with pytest.raises(InputError, match="Hint: give another --out"):
        new_key(tmp_path / "other")
