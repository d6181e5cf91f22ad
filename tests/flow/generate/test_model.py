from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assaymark.core.document import sha256
from assaymark.core.recipe import GenerateSpec
from assaymark.core.streams import Streams
from assaymark.errors import InputError, IntegrityError
from assaymark.flow.generate.fit import fit, model_file
from assaymark.flow.generate.model import show_model
from assaymark.source.load import load
from assaymark.source.profile import profile
from assaymark.source.transform import apply


@pytest.fixture
def file(stays, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = stays(300).drop("patient")
    train = apply(load(frame, profile(frame, {}).schema), ()).dataset
    spec, streams = GenerateSpec(generator="tree_chain"), Streams.from_seed(1)
    path = tmp_path / "model.zip"
    path.write_bytes(model_file(spec, fit(spec, train, streams, lambda *_: None), streams))
    return path


def test_a_model_file_shows_order_pools_and_what_was_protected(file):
    shown = show_model(file)
    assert shown.sha256 == sha256(file.read_bytes())
    assert shown.parameters["k"] == 20
    assert {c.name for c in shown.columns} == {"age", "sex", "days", "ill"}
    first, *later = shown.columns
    assert first.pools == 1
    assert first.drawn_from == ()
    assert all(c.pools >= 1 and len(c.drawn_from) >= 1 for c in later)


def test_an_altered_model_and_a_table_are_refused_by_name(file):
    raw = file.read_bytes()
    file.write_bytes(raw[:5000] + b"x" + raw[5001:])
    with pytest.raises(IntegrityError, match=r"model\.zip: .*altered"):
        show_model(file)
    Path("t.csv").write_text("a\n1\n")
    with pytest.raises(InputError, match=r"t\.csv: this is not a model file"):
        show_model(Path("t.csv"))


def test_what_is_drawn_from_a_difference_says_so(tmp_path):
    rng = np.random.default_rng(0)
    days = rng.gamma(2, 3, 2000).astype(int)
    start = np.datetime64("2020-01-01") + rng.integers(0, 900, 2000)
    cost = (days * 800 + rng.normal(0, 200, 2000)).round(2)
    frame = pl.DataFrame({"admitted": start, "discharged": start + days, "cost": cost})
    train = apply(load(frame, profile(frame, {}).schema), ()).dataset
    spec, streams = GenerateSpec(generator="tree_chain"), Streams.from_seed(1)
    path = tmp_path / "model.zip"
    path.write_bytes(model_file(spec, fit(spec, train, streams, lambda *_: None), streams))
    (cost_shown,) = [c for c in show_model(path).columns if c.name == "cost"]
    assert "discharged - (admitted)" in cost_shown.drawn_from
