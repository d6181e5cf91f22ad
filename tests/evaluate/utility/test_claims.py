import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from assaymark.core.claim import Contrast, Mean, Ranking, Ratio, Scenario, Share, Tail, Total
from assaymark.core.measurement import NO_SUBJECT
from assaymark.core.questions import Questions
from assaymark.core.schema import Role
from assaymark.core.streams import Streams
from assaymark.evaluate.utility.claims import Claims

STREAMS = Streams.from_seed(0)


def measured(case, *claims):
    case = replace(case, questions=Questions(claim=claims))
    return {
        (m.metric.removeprefix("claims."), m.subject): m for m in Claims().measure(case, STREAMS)
    }


@pytest.fixture(scope="module")
def case(population, make_case):
    return make_case(*(population(n, s) for n, s in ((2400, 11), (1600, 12), (4000, 13))))


@pytest.fixture
def numbers(table, make_case):
    """A case whose tables are made from a seeded function of (rng, n)."""

    def make(columns, sizes=(500, 300, 800), roles=None, **kinds):
        parts = [
            table(columns(np.random.default_rng(s), n), roles=roles, **kinds)
            for s, n in enumerate(sizes)
        ]
        return make_case(*parts)

    return make


def test_known_answer(table, make_case):
    # real: mean 2 of four; synthetic: mean 3; margin 0.5, so two margins too high
    train, holdout = table({"x": [1, 2]}, x="integer"), table({"x": [2, 3]}, x="integer")
    case = make_case(train, holdout, table({"x": [2, 4, 3, 3]}, x="integer"))
    m = measured(case, Mean(kind="mean", name="m", column="x", margin=0.5))["difference", "claim:m"]
    assert m.value == pytest.approx(2.0)
    # variances 2/3/4 on either side, Welch: six degrees of freedom
    assert m.high - m.value == pytest.approx(2.446912 * (2 / 3 / 4 * 2) ** 0.5 / 0.5, rel=1e-5)
    assert m.n == 2
    assert m.details["real"][0] == 2.0
    assert m.details["resolved"] is False


ALL = (
    Mean(kind="mean", name="mean", column="income", by="region"),
    Share(kind="share", name="share", condition="income < 40"),
    Total(kind="total", name="total", column="income"),
    Ratio(kind="ratio", name="ratio", numerator="income", denominator="age"),
    Ranking(kind="ranking", name="order", column="income", by="age"),
    Contrast(kind="contrast", name="effect", outcome="income", treated="age >= 60"),
    Contrast(
        kind="contrast",
        name="adjusted",
        outcome="income",
        treated="smoker == true",
        adjust="ols",
        covariates=("age", "sex"),
    ),
    Tail(kind="tail", name="tail", column="income"),
    Tail(kind="tail", name="spread", column="income", quantile=0.9, ratio_to=0.1),
    Scenario(
        kind="scenario",
        name="reform",
        before="where(age >= 65, 10, 0)",
        after="where(age >= 67, 11, 0)",
        by="sex",
    ),
)


def test_a_fresh_sample_keeps_every_kind_of_claim(case):
    found = measured(case, *ALL)
    whole = {s: m for (q, s), m in found.items() if q == "difference" and "group" not in s}
    assert set(whole) == {
        *(f"claim:{c.name}" for c in ALL),
        *(f"claim:reform:{part}" for part in ("total", "winners", "losers")),
    }
    for m in whole.values():
        assert -1 < m.low <= m.value <= m.high < 1, m
    assert found["agreement", "claim:order"].low == 1.0
    assert found["agreement", "claim:effect"].value == 1.0
    assert ("difference_small", "claim:mean,group:region=isle") in found
    assert found["difference", "claim:reform,group:sex=f"].details["group"] == "sex=f"


def test_planted_failures_are_seen(case, make_case):
    frame = case.synthetic.frame
    thousand = frame.with_columns(pl.col("income") * 1000)
    turned = frame.with_columns(pl.col("age").reverse())
    cut = frame.with_columns(pl.col("income").clip(upper_bound=pl.col("income").quantile(0.9)))
    gone = frame.filter(pl.col("region") != "south")

    def low(frame, metric, subject):
        spoilt = replace(case.synthetic, frame=frame)
        m = measured(make_case(case.train, case.holdout, spoilt), *ALL)[metric, subject]
        return max(m.low, -m.high)

    assert low(thousand, "difference", "claim:mean") > 1
    assert low(turned, "difference", "claim:effect") > 1
    assert low(cut, "difference", "claim:tail") > 1
    assert low(gone, "difference", "claim:mean:share,group:region=south") > 1


def test_a_group_without_synthetic_rows_has_a_reason(case, make_case):
    frame = case.synthetic.frame.filter(pl.col("region") != "north")
    spoilt = make_case(case.train, case.holdout, replace(case.synthetic, frame=frame))
    m = measured(spoilt, ALL[0])["difference", "claim:mean,group:region=north"]
    assert m.value is None
    assert "in the synthetic rows" in m.reason


def test_an_order_turned_round_is_refused(case, make_case):
    frame = case.synthetic.frame.with_columns(-pl.col("income"))
    spoilt = make_case(case.train, case.holdout, replace(case.synthetic, frame=frame))
    found = measured(spoilt, ALL[4])
    assert found["agreement", "claim:order"].high == 0.0
    assert found["difference", "claim:order"].high < -1


def test_an_order_that_nobody_knows_stays_open(numbers):
    case = numbers(
        lambda rng, n: {"x": rng.normal(size=n), "g": rng.choice(["a", "b"], n)},
        x="decimal",
        g="category",
    )
    found = measured(case, Ranking(kind="ranking", name="o", column="x", by="g"))
    m = found["difference", "claim:o"]
    assert (m.low, m.high) == (-5.0, 0.0)
    assert ("agreement", "claim:o") not in found


def test_claims_for_other_uses_are_left_to_their_metrics(case):
    found = measured(
        case, Mean(kind="mean", name="theirs", column="income", uses=("analytics",)), ALL[1]
    )
    assert {s for _, s in found} == {"claim:share", NO_SUBJECT}


def test_without_claims_some_are_proposed_and_said_to_be(case):
    found = measured(case)
    assert ("difference", "claim:mean of income") in found
    assert ("difference", "claim:share of ill yes by sex,group:sex=f") in found
    for m in found.values():
        assert m.value is None or "proposed" not in m.details or m.details["proposed"]


def test_replicates_narrow_the_synthetic_side(case, make_case, population):
    one = measured(case, ALL[0])["difference", "claim:mean"]
    many = make_case(case.train, case.holdout, *(population(4000, s) for s in range(5, 10)))
    more = measured(many, ALL[0])["difference", "claim:mean"]
    assert more.high - more.low < one.high - one.low


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        ([1.0, None], "no weight"),
        ([1.0, -1.0], "negative"),
        ([0.0, 0.0], "are 0"),
    ],
)
def test_weights_that_are_none(table, make_case, weight, said):
    roles, kinds = {"w": [Role.WEIGHT]}, {"x": "decimal", "w": "decimal"}
    good = table({"x": [1.0, 2.0] * 20, "w": [1.0, 2.0] * 20}, roles=roles, **kinds)
    bad = table({"x": [1.0, 2.0] * 20, "w": weight * 20}, roles=roles, **kinds)
    m = measured(make_case(good, good, bad), Mean(kind="mean", name="m", column="x"))
    assert said in m["difference", "claim:m"].reason
    assert "in the synthetic rows" in m["difference", "claim:m"].reason
    m = measured(make_case(bad, bad, good), Mean(kind="mean", name="m", column="x"))
    assert "in the real rows" in m["difference", "claim:m"].reason


def test_what_code_prints_does_not_mix_with_the_report(case, capsys):
    assert measured(case, scenario("talks"))["difference", "claim:s"].value is not None
    assert capsys.readouterr().out == ""


def test_weights_that_outweigh_all_others_or_a_group_are_told(table, make_case):
    """By one weight of a million an interval came out narrow: its own row is no noise to a mean."""
    roles, kinds = {"w": [Role.WEIGHT]}, {"x": "decimal", "w": "decimal", "g": "category"}
    spec = Mean(kind="mean", name="m", column="x", by="g")

    def part(w):
        columns = {"x": [1.0, 2.0, 4.0, 3.0] * 50, "g": ["a", "b"] * 100, "w": w}
        return table(columns, roles=roles, **kinds)

    heavy = part([1e6, *([1.0] * 199)])
    m = measured(make_case(heavy, heavy, heavy), spec)
    assert "few weights outweigh all others" in m["difference", "claim:m"].reason
    half = part([0.0, 1.0] * 100)
    m = measured(make_case(half, half, half), spec)
    assert m["difference", "claim:m"].value == 0
    assert "are 0" in m["difference_small", "claim:m,group:g=a"].reason


def test_arms_that_overlap_are_told(case):
    spec = Contrast(
        kind="contrast", name="c", outcome="income", treated="age > 50", control="age > 40"
    )
    said = measured(case, spec)["difference", "claim:c"].reason
    assert "every row that is treated is in the other arm too" in said


def test_weights_count(table, make_case):
    roles, kinds = {"w": [Role.WEIGHT]}, {"x": "decimal", "w": "decimal"}
    part = table({"x": [0.0, 1.0] * 20, "w": [1.0, 3.0] * 20}, roles=roles, **kinds)
    m = measured(make_case(part, part, part), Mean(kind="mean", name="m", column="x"))
    assert m["difference", "claim:m"].details["real"][0] == pytest.approx(0.75, abs=0.01)


def test_one_person_in_a_group_is_no_crash(table, make_case):
    kinds = {"x": "integer", "g": "category"}
    many = table({"x": list(range(60)), "g": ["a"] * 59 + ["b"]}, **kinds)
    one = table({"x": [1, 2], "g": ["a", "b"]}, **kinds)
    for m in measured(
        make_case(many, one, many), Mean(kind="mean", name="m", column="x", by="g")
    ).values():
        assert m.value is not None or m.reason


def test_division_by_zero_has_a_reason(numbers):
    case = numbers(lambda _, n: {"x": [1.0] * n, "z": [0.0] * n}, x="decimal", z="decimal")
    ratio = measured(case, Ratio(kind="ratio", name="r", numerator="x", denominator="z"))
    assert "no ratio" in ratio["difference", "claim:r"].reason
    spec = Scenario(kind="scenario", name="s", before="x", after="x / z")
    assert "undefined" in measured(case, spec)["difference", "claim:s"].reason


def test_an_estimand_undefined_in_one_replicate_has_a_reason(case, make_case):
    none = replace(
        case.synthetic, frame=case.synthetic.frame.with_columns(age=pl.lit(20, pl.Int64))
    )
    tables = make_case(case.train, case.holdout, case.synthetic, none)
    m = measured(tables, ALL[5])["difference", "claim:effect"]
    assert "in the synthetic rows: treated" in m.reason


CODE = """
import polars as pl
def reform(frame, rng):
    draw = rng.random(frame.height)
    return frame.select(before=pl.lit(0.0), after=pl.Series(draw))
def change(frame, rng): return frame["age"] * 0 + 1
def fewer(frame, rng): return frame.head(3).select(before="age", after="age")
def broken(frame, rng): raise KeyError(frame["income"][0])
def leaves(frame, rng): raise SystemExit(0)
def text(frame, rng): return frame.select(before="sex", after="sex")
def nothing(frame, rng): return None
def other(frame, rng): return frame
def loops(frame, rng):
    while True: pass
def infinite(frame, rng): return frame["age"] * float("inf")
def single(frame, rng): return pl.DataFrame({"before": [0.0], "after": [1.0]})
def alone(frame): return frame["age"]
def talks(frame, rng):
    print("a row:", frame.row(0))
    return frame["age"] * 0 + 1
"""


def scenario(function, **more):
    return Scenario(kind="scenario", name="s", path="r.py", code=CODE, function=function, **more)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("fewer", "another number of rows"),
        ("broken", "broken failed with KeyError in line"),
        ("leaves", "failed with SystemExit"),
        ("text", "holds no numbers"),
        ("nothing", "gave a NoneType"),
        ("other", "has no column 'before'"),
        ("absent", "no function 'absent'"),
        ("loops", "did not end within 0.2 s"),
        ("infinite", "undefined"),
        ("single", "literals alone make one row"),
        ("alone", "alone must take two things"),
    ],
)
def test_code_that_does_not_work_has_a_reason(case, function, said):
    m = measured(case, scenario(function, time_limit=0.2))["difference", "claim:s"]
    assert said in m.reason
    assert m.value is None


def test_code_meets_the_same_draws_on_either_side(case):
    part = replace(case, synthetics=(case.train,), holdout=case.holdout.take(np.arange(0)))
    real = replace(part, train=case.train, holdout=case.holdout.take(np.arange(2)))
    m = measured(real, scenario("reform"))["difference", "claim:s"]
    # train and the synthetic rows are the same; two rows more on the real side change little
    assert abs(m.value) < 0.01
    found = measured(case, scenario("change"))
    assert found["difference", "claim:s"].details["real"][0] == 1.0


def test_households_are_the_unit(table, make_case):
    kinds = {"x": "decimal", "home": "integer"}
    columns = {"x": [1.0, -1.0, 2.0, 3.0] * 10, "home": [k // 2 for k in range(40)]}
    part = table(columns, **kinds)
    spec = Scenario(kind="scenario", name="s", before="0", after="x", per="home")
    found = measured(make_case(part, part, part), spec)
    # homes in turn: 1 - 1 = 0 and 2 + 3 = 5; train and holdout have the same numbers of homes
    winners = found["difference", "claim:s:winners"].details
    assert winners["synthetic"][0] == 0.5
    assert winners["unit"] == "share"


def test_a_mean_over_two_units_is_none(table, make_case):
    part = table({"x": [1.0] * 40, "sex": ["f", "m"] * 20}, x="decimal", sex="category")
    spec = Scenario(kind="scenario", name="s", before="0", after="x", per="sex")
    m = measured(make_case(part, part, part), spec)["difference", "claim:s"]
    assert "fewer than 10 different values" in m.reason


def test_details_are_json(case):
    for m in measured(case, *ALL).values():
        json.dumps(dict(m.details), allow_nan=False)
