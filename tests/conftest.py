"""Simulated populations and cases that tests of several stages share."""

import numpy as np
import polars as pl
import pytest

from assaymark.core.case import Case
from assaymark.core.dataset import Dataset
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.core.threat import Profile, threat_of

SCHEMA = Schema(
    columns=(
        Column(name="age", kind=Kind.INTEGER, roles=(Role.QUASI_IDENTIFIER, Role.PROTECTED)),
        Column(name="income", kind=Kind.DECIMAL),
        Column(name="sex", kind=Kind.CATEGORY, roles=(Role.PROTECTED,)),
        Column(name="region", kind=Kind.CATEGORY),
        Column(name="smoker", kind=Kind.BOOLEAN),
        Column(name="visit", kind=Kind.DATE),
        Column(name="ill", kind=Kind.CATEGORY, roles=(Role.TARGET,)),
    )
)


def population_of(n, seed=0, *, visits=1):
    """Draw ``n`` rows of people whose columns depend on each other; some values are missing."""
    rng = np.random.default_rng(seed)
    people = -(-n // visits)
    who = np.repeat(np.arange(people), visits)[:n]
    age = rng.integers(18, 90, people)[who]
    sex = np.array(["f", "m"])[rng.integers(0, 2, people)][who]
    region = np.array(["north", "south", "east", "isle"])[
        rng.choice(4, people, p=[0.5, 0.3, 0.18, 0.02])
    ][who]
    income = np.round(rng.lognormal(3 + 0.01 * age[::1], 0.5, n), 2)
    smoker = rng.random(n) < np.where(sex == "m", 0.4, 0.2)
    risk = 1 / (1 + np.exp(4 - 0.05 * age - 1.0 * smoker))
    frame = pl.DataFrame(
        {
            "age": age.astype(np.int64),
            "income": pl.Series(income).set(pl.Series(rng.random(n) < 0.1), None),
            "sex": sex,
            "region": region,
            "smoker": smoker,
            "visit": (np.datetime64("2020-01-01", "D") + rng.integers(0, 700, n)),
            "ill": np.where(rng.random(n) < risk, "yes", "no"),
        },
        schema_overrides={"visit": pl.Date},
    )
    persons = who.astype(np.int64) if visits > 1 else None
    return Dataset(schema=SCHEMA, frame=frame, persons=persons)


def case_of(train, holdout, *synthetics, reference=None):
    """Put tables together to a case under the controlled threat model."""
    return Case(
        schema=train.schema,
        train=train,
        holdout=holdout,
        reference=reference,
        synthetics=synthetics,
        threat=threat_of(Profile.CONTROLLED),
    )


@pytest.fixture(scope="session")
def population():
    return population_of


@pytest.fixture(scope="session")
def make_case():
    return case_of


@pytest.fixture(scope="session")
def table():
    """Return a maker of tables from plain columns: ``table({"x": [1, 2]}, x="integer")``."""

    def make(columns, persons=None, roles=None, **kinds):
        from assaymark.core.dataset import POLARS_TYPES

        schema = Schema(
            columns=tuple(
                Column(
                    name=n, kind=Kind(kinds[n]), roles=tuple((roles or {}).get(n, (Role.OTHER,)))
                )
                for n in columns
            )
        )
        frame = pl.DataFrame(columns, schema={c.name: POLARS_TYPES[c.kind] for c in schema.columns})
        return Dataset(schema=schema, frame=frame, persons=persons)

    return make
