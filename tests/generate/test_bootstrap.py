import numpy as np
import polars as pl

from assaymark.core.case import Case
from assaymark.core.dataset import Dataset
from assaymark.core.private_source import PrivateSource
from assaymark.core.schema import Column, Kind, Schema
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile, threat_of
from assaymark.evaluate import metrics
from assaymark.generate import generators
from assaymark.generate.constraints.constrained import Constrained
from assaymark.generate.constraints.demands import demands_of


def people(n, seed):
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(rng.normal(size=(n, 4)), schema=["a", "b", "c", "d"])
    columns = tuple(Column(name=c, kind=Kind.DECIMAL) for c in frame.columns)
    return Dataset(schema=Schema(columns=columns), frame=frame)


def fit(name, data, **parameters):
    source = PrivateSource(_rows=data, record=lambda who, why: None)
    return generators.build(name, parameters).fit(source, Streams.from_seed(1))


def test_rows_are_the_sources_own_to_the_last_bit():
    data = people(300, 0)
    model = fit("bootstrap", data)
    made = model.sample(range(2000), Streams.from_seed(2)).frame
    assert set(made.rows()) <= set(data.frame.rows())
    assert made.n_unique() > 280  # a row is missed with a chance of (1 - 1/300)^2000 = .1 %
    assert model.holds_records


def test_blurred_rows_are_not_rows_of_the_source():
    data = people(300, 0)
    made = fit("bootstrap", data, protect=10).sample(range(300), Streams.from_seed(2)).frame
    assert not set(made.rows()) & set(data.frame.rows())


def test_the_attacks_find_it_and_do_not_find_independent_columns():
    train, holdout = people(600, 0), people(600, 1)
    for name, leaks in (("bootstrap", True), ("independent", False)):
        made = fit(name, train).sample(range(600), Streams.from_seed(3))
        case = Case(
            schema=train.schema,
            train=train,
            holdout=holdout,
            reference=None,
            synthetics=(made,),
            threat=threat_of(Profile.CONTROLLED),
        )
        found = metrics.build("membership").measure(case, Streams.from_seed(4))
        low = {m.metric: m.low for m in found if m.subject == "table"}["membership.auc"]
        assert (low > 0.7) == leaks


def test_only_the_bootstrap_says_that_it_holds_records():
    holds = {
        n
        for n in ("independent", "tree_chain", "gaussian_copula", "bootstrap")
        if fit(n, people(60, 0)).holds_records
    }
    assert holds == {"bootstrap"}


def test_constraints_do_not_hide_that_a_model_holds_records():
    data = people(60, 0)
    for name, holds in (("bootstrap", True), ("independent", False)):
        kept = Constrained(model=fit(name, data), demands=demands_of((), data))
        assert kept.holds_records == holds
