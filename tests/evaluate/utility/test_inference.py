from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from assaymark.core.claim import Regression, Share
from assaymark.core.coverage import Certificate, Maker
from assaymark.core.dataset import Dataset
from assaymark.core.measurement import NO_SUBJECT
from assaymark.core.questions import Questions
from assaymark.core.schema import Role
from assaymark.core.streams import Streams
from assaymark.evaluate.analyses.standard import standard_model
from assaymark.evaluate.utility.inference import Inference

STREAMS = Streams.from_seed(0)


def measured(case):
    return {(m.metric, m.subject): m for m in Inference().measure(case, STREAMS)}


def changed(data, *columns):
    return Dataset(schema=data.schema, frame=data.frame.with_columns(*columns))


@pytest.fixture(scope="module")
def parts(population):
    return population(3_000, 1), population(1_500, 2), population(3_000, 3)


@pytest.fixture(scope="module")
def fresh(parts, make_case):
    return measured(make_case(*parts))


def test_fresh_rows_stay_within_every_margin(fresh):
    found = [m for (name, _), m in fresh.items() if name == "inference.difference"]
    assert len(found) == 7
    assert all(abs(m.value) < 0.5 and -1 < m.low < m.high < 1 for m in found)
    assert fresh["inference.excess_z", "table"].low < 0
    for (name, subject), m in fresh.items():
        if name == "inference.overlap":
            # real rows 1,500; synthetic 3,000 from 3,000: z has variance 1 + 1/2 + 1/2
            assert m.baseline == pytest.approx(1 - np.sqrt(4 / np.pi) / (2 * 1.96), abs=0.06), (
                subject
            )


def test_a_column_that_few_people_have_is_not_held_to_what_few_cannot_show(parts, make_case, fresh):
    """Of 1,500 people held out a fifth, 300, have the value; of all, 600 are asked."""
    assert fresh["inference.difference_sparse", NO_SUBJECT].value is None
    name = parts[0].schema.names[0]
    fifth = [
        changed(p, pl.when(pl.int_range(pl.len()) % 5 == 0).then(pl.col(name)).alias(name))
        for p in parts
    ]
    found = measured(make_case(*fifth))
    subjects = {metric: subject for metric, subject in found if subject.endswith(f" {name}")}
    assert set(subjects) == {"inference.difference_sparse", "inference.overlap"}
    m = found["inference.difference_sparse", subjects["inference.overlap"]]
    assert m.n == 300
    assert abs(m.value) < 1


def test_a_known_difference_in_margins(table, make_case):
    """Means 10 and 11, spread 2 in all: 1 / (0.3 x 2); errors 2/20 and 2/20 x sqrt(1 + 1)."""
    x = np.tile([8.0, 12.0], 200)
    real, made = table({"x": x}, x="decimal"), table({"x": x + 1}, x="decimal")
    m = measured(make_case(real, real, made))["inference.difference", "estimand:mean x"]
    assert m.value == pytest.approx(1 / 0.6)
    error = np.sqrt(3 * np.var(x, ddof=1) / 400) / 0.6
    assert m.high - m.value == pytest.approx(1.966 * error, rel=1e-3)  # t, 399 degrees
    assert m.details["estimate"] == "11"


def test_a_relation_cut_shows_in_the_regression_and_not_in_the_shares(parts, make_case):
    train, holdout, made = parts
    cut = changed(made, made.frame["age"].shuffle(seed=1))
    found = measured(make_case(train, holdout, cut))
    assert abs(found["inference.difference", "estimand:mean age"].value) < 0.5
    terms = {s: m for (n, s), m in found.items() if n == "inference.model_difference"}
    (age,) = (m for s, m in terms.items() if s.endswith("term:age"))
    assert abs(age.value) > 1
    (fit,) = (m for (n, _), m in found.items() if n == "inference.lack_of_fit")
    assert fit.value > 20
    (same,) = (m for (n, _), m in found.items() if n == "inference.decisions")
    assert same.value < 1


def test_the_model_is_chosen_on_train_and_says_what_it_stands_for(parts):
    chosen = standard_model(parts[0])
    assert chosen.spec.formula == "ill ~ age + income + smoker"
    assert (chosen.spec.family, chosen.level) == ("logistic", "no")
    assert "no target" in standard_model(parts[0].drop("ill"))


def test_claims_are_judged_term_by_term_with_their_own_margin(parts, make_case):
    claims = (
        Regression(
            kind="regression",
            name="risk",
            formula="ill ~ age + smoker",
            family="logistic",
            margin=0.7,
        ),
        Share(kind="share", name="old women", condition="age > 70 and sex == 'f'"),
        Regression(
            kind="regression",
            name="none",
            formula="ill ~ age + C(smoker)",
            family="cox",
            event="ill",
        ),
        Share(kind="share", name="not mine", condition="age > 70", uses=("policy_simulation",)),
    )
    case = replace(make_case(*parts), questions=Questions(claim=claims))
    found = measured(case)
    terms = [s for n, s in found if n == "inference.difference" and s.startswith("estimand:risk")]
    assert terms == ["estimand:risk,term:age", "estimand:risk,term:smoker"]
    assert abs(found["inference.difference", "estimand:old women"].value) < 1
    assert "estimand:not mine" not in {s for _, s in found}
    bad = found["inference.difference", "estimand:none"]
    assert bad.value is None
    assert bad.reason
    assert found["inference.model_difference", NO_SUBJECT].reason.startswith("a regression was")
    assert ("inference.coverage", "estimand:logistic") in found


CERTIFICATE = Certificate(
    **{"generator": "g", "software": "s", "estimand": "mean", "rule": "one fit", "bench": "b"},
    **{"persons_from": 100, "persons_to": 5_000, "replicates": 1, "simulations": 100},
    **{"intervals": 200, "covered": 190, "low": 0.92, "high": 0.97, "inflation": 1.5},
)


def test_coverage_is_quoted_from_a_certificate_and_missing_without_one(parts, make_case, fresh):
    assert "is not known" in fresh["inference.coverage", "estimand:mean"].reason
    maker = Maker(generator="g", software="s", persons=3_000)
    case = replace(make_case(*parts), maker=maker, certificates=(CERTIFICATE,))
    found = measured(case)
    quoted = found["inference.coverage", "estimand:mean"]
    assert (quoted.value, quoted.low, quoted.high, quoted.n) == (0.95, 0.92, 0.97, 100)
    assert "no committed bench" in found["inference.coverage", "estimand:proportion"].reason
    wider, plain = (x["inference.difference", "estimand:mean age"] for x in (found, fresh))
    assert wider.high - wider.low > plain.high - plain.low
    noisy = Maker(generator="dp_x", software="s", changed={"epsilon": 2.0}, persons=3_000)
    why = measured(replace(case, maker=noisy))["inference.coverage", "estimand:mean"].reason
    assert "'dp_x', which carry the noise of differential privacy, at this number" in why
    more = replace(case, maker=maker.model_copy(update={"persons": 9_000}))
    assert measured(more)["inference.coverage", "estimand:mean"].value is None


def test_intervals_of_the_difference_hold(table, make_case):
    """Rows of a normal fitted to train, 400 repeats: 95 % of intervals contain 0, error .011."""
    rng, inside = np.random.default_rng(4), 0
    for _ in range(400):
        train, holdout = rng.normal(size=300), rng.normal(size=120)
        made = train.mean() + rng.normal(size=300)
        case = make_case(*(table({"x": x}, x="decimal") for x in (train, holdout, made)))
        m = next(iter(Inference().measure(case, STREAMS)))
        inside += m.low <= 0 <= m.high
    assert inside / 400 > 0.925


def test_what_cannot_be_estimated_has_a_reason(table, make_case, population):
    plain = table({"x": [1.0, 2.0], "y": [None, None]}, x="decimal", y="decimal")
    found = measured(make_case(plain, plain, plain))
    assert "fewer than two known" in found["inference.difference", "estimand:mean y"].reason
    target = {"y": [Role.TARGET]}
    apart = table(
        {"x": [0.0, 1.0] * 50, "y": ["a", "b"] * 50}, roles=target, x="decimal", y="category"
    )
    said = measured(make_case(apart, apart, apart))
    (bad,) = (m for (n, _), m in said.items() if n == "inference.model_difference")
    assert "separated" in bad.reason
    people = population(60, 1)
    empty = changed(people, pl.lit(None, dtype=pl.Int64).alias("age"))
    assert any(m.value is None for m in measured(make_case(people, people, empty)).values())
