"""The network: what it promises where its package is, and what is said where it is not."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import POLARS_TYPES, Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.recipe import GenerateSpec
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.errors import InputError
from assaymark.flow.generate.fit import build
from assaymark.generate import extras, generators

there = pytest.mark.skipif(not extras.can_fit("mostlyai"), reason="mostlyai-engine is absent")


def table(**columns):
    schema = Schema(columns=tuple(Column(name=n, kind=k) for n, (k, _) in columns.items()))
    frame = pl.DataFrame({n: pl.Series(n, v, POLARS_TYPES[k]) for n, (k, v) in columns.items()})
    return Dataset(schema=schema, frame=frame)


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(extras.EXTRAS, "mostlyai", ("deep", "no_such_module", "mostlyai-engine"))
    assert not extras.can_fit("mostlyai")
    data = table(x=(Kind.INTEGER, [1, 2]))
    source = PrivateSource(_rows=data, record=lambda who, why: None)
    with pytest.raises(InputError, match=r"pip install 'assaymark\[deep\]'"):
        generators.build("mostlyai").fit(source, Streams.from_seed(1))
    with pytest.raises(InputError, match="'mostlyai-engine', which is not installed"):
        build(GenerateSpec(generator="mostlyai"))


@there
@pytest.mark.slow
def test_a_relation_is_learnt_and_no_value_of_few_persons_comes_out():
    rng = np.random.default_rng(0)
    age = rng.integers(20, 90, 3000)
    drug = np.where(age > 60, "x", "none").astype(object)
    drug[:3] = "rare"
    data = table(age=(Kind.INTEGER, age.tolist()), drug=(Kind.CATEGORY, drug.tolist()))
    source = PrivateSource(_rows=data, record=lambda who, why: None)
    model = generators.build("mostlyai", {"epochs": 20.0}).fit(source, Streams.from_seed(1))
    made = model.sample(range(2000), Streams.from_seed(2)).frame
    assert set(made["drug"]) == {"x", "none"}
    assert ((made["drug"] == "x") == (made["age"] > 60)).mean() > 0.9
