"""What both generators charge, added up by an independent accountant (Google's dp-accounting)."""

import math
import os

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.privacy_spec import PRIVATE
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.generate import generators

PARAMETERS = {"bounds": dict.fromkeys("xyz", (0, 3))}


def charged(name, epsilon, delta):
    rng = np.random.default_rng(0)
    n = 20_000  # of 800, noise at epsilon 0.1 may leave no two columns to spend on
    x = rng.integers(0, 4, n)
    frame = pl.DataFrame({"x": x, "y": (x + rng.integers(0, 2, n)) % 4, "z": x[::-1]})
    schema = Schema(columns=tuple(Column(name=c, kind=Kind.INTEGER) for c in "xyz"))
    source = PrivateSource(_rows=Dataset(schema=schema, frame=frame), record=lambda who, why: None)
    given = {"epsilon": epsilon, "delta": delta, **PARAMETERS}
    return generators.build(name, given).fit(source, Streams.from_seed(1)).privacy


@pytest.mark.parametrize("name", PRIVATE.values())
@pytest.mark.parametrize(("epsilon", "delta"), [(0.1, 1e-9), (1.0, 1e-5), (10.0, 1e-6)])
def test_an_independent_accountant_finds_the_same_epsilon_to_a_millionth(name, epsilon, delta):
    if "CI" not in os.environ:
        pytest.importorskip("dp_accounting")
    from dp_accounting import ZCDpEvent
    from dp_accounting.rdp import RdpAccountant

    said = charged(name, epsilon, delta)
    orders = 1 + np.logspace(-3, 5, 200_001)
    accountant = RdpAccountant(orders)
    for charge in said.charges:
        accountant.compose(ZCDpEvent(float(charge.rho)))
    assert accountant.get_epsilon(delta) == pytest.approx(float(said.epsilon), rel=1e-6)


@pytest.mark.parametrize("name", PRIVATE.values())
def test_the_noise_of_each_look_is_what_its_charge_pays_for(name):
    said = charged(name, 1.0, 1e-6)
    spent = math.fsum(float(c.rho) for c in said.charges)
    assert spent == pytest.approx(float(said.rho), rel=1e-9)
    assert {c.mechanism for c in said.charges} == {"discrete Gaussian", "exponential"}
