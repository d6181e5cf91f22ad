"""A model tells a batch from released rows as well as they differ, and says by what."""

import importlib.util
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assaymark.flow.monitor.told_apart import told_apart
from assaymark.monitor.sketch import sketch
from assaymark.store.workspace import Workspace

_PLACE = Path(__file__).parents[2] / "golden" / "make_release.py"
_SPEC = importlib.util.spec_from_file_location("make_release", _PLACE)
make = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(make)


def rows_of(seed, *, joint=False, n=500):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 2, (2, n))
    c = (a + b) % 2 if joint else rng.integers(0, 2, n)
    return pl.DataFrame({"a": a, "b": b, "c": c, "kind": np.array(list("xyz"))[rng.choice(3, n)]})


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    workspace = Workspace.open(tmp_path_factory.mktemp("made") / "ws")
    return make.release(workspace, frame=rows_of(0))


def test_rows_of_one_distribution_are_not_told_apart(release):
    found = told_apart(release, sketch(rows_of(0)), rows_of(1))
    assert found.low <= 0.5 <= found.high
    assert found.reasons == ()


def test_a_relation_of_three_columns_is_told_and_named(release):
    found = told_apart(release, sketch(rows_of(0)), rows_of(2, joint=True))
    assert found.value > 0.65
    assert {r.column for r in found.reasons} == {"a", "b", "c"}
    assert "it goes by" in found.words


def test_another_value_is_named_first_and_gone_or_retyped_columns_are_left_out(release):
    batch = rows_of(3).with_columns(kind=pl.lit("x"), a=pl.lit("old")).drop("b")
    found = told_apart(release, sketch(rows_of(0)), batch)
    assert found.reasons[0].column == "kind"
    assert {r.column for r in found.reasons} <= {"kind", "c"}


def test_few_rows_or_no_common_columns_train_nothing(release):
    few = told_apart(release, sketch(rows_of(0)), rows_of(1).head(50))
    assert (few.value, few.why) == (None, "50 rows are too few; 200 are needed")
    none = told_apart(release, sketch(rows_of(0)), pl.DataFrame({"z": range(500)}))
    assert none.value is None
