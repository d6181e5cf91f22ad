"""A release made again from what is sealed: the same bytes, or it says what is in the way."""

from pathlib import Path

import pytest

from assaymark.errors import InputError, UnknownNameError
from assaymark.flow.generate.reproduce import reproduce
from assaymark.flow.job import Options, read_job
from assaymark.flow.run import run
from assaymark.flow.status import entries_of
from assaymark.store.workspace import Workspace

WS = Path("ws")
RECIPE = Path("recipe.toml")


@pytest.fixture
def name(first):
    return Path(first.release).name


def test_the_rows_come_out_to_the_last_byte_and_the_ledger_knows_who_looked(name):
    workspace = Workspace.open(WS)
    run(read_job(RECIPE), Options(workspace=WS, fresh=True, confirm=False))  # takes another root
    found = reproduce(workspace, name, RECIPE)
    assert found.same
    assert [f.path for f in found.files] == ["data/synthetic.csv", "data/synthetic.parquet"]
    assert all(f.released == f.again for f in found.files)
    kinds = [e["kind"] for e in entries_of(WS)]
    assert kinds[-2:] == ["source.opened", "reproduced"]
    assert entries_of(WS)[-2]["body"]["why"] == "reproduce"

    sealed = WS / "sealed" / f"root-of-{found.candidate}"
    sealed.write_bytes(bytes([sealed.read_bytes()[0] ^ 1]) + sealed.read_bytes()[1:])
    other = reproduce(workspace, name, RECIPE)
    assert not other.same
    assert entries_of(WS)[-1]["body"]["same"] is False

    text = RECIPE.read_text()
    RECIPE.write_text(
        text.replace("[split]", '[[transform]]\nkind = "drop"\ncolumns = ["days"]\n\n[split]')
    )
    assert not reproduce(workspace, name, RECIPE).same
    rows = Path("stays.csv").read_text().splitlines(keepends=True)
    Path("stays.csv").write_text("".join(rows[: len(rows) // 2]))
    with pytest.raises(InputError, match="not those that the release was made of"):
        reproduce(workspace, name, RECIPE)

    sealed.unlink()
    with pytest.raises(InputError, match="nothing is sealed"):
        reproduce(workspace, name, RECIPE)
    with pytest.raises(UnknownNameError, match=name):
        reproduce(workspace, "stays-0", RECIPE)
