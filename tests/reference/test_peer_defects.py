"""Defects of other tools (evaluation.md, D1 to D15): where they are wrong, ours is right.

Each test says what the tool does in that version, and how the right answer is worked out by hand.
"""

import re
from string import ascii_letters

import numpy as np
import polars as pl
import pytest

from assaymark.core.dataset import Dataset
from assaymark.core.schema import Role
from assaymark.core.streams import Streams
from assaymark.core.threat import Profile
from assaymark.decide.policy import check_policy, parse_policy, profile_bytes
from assaymark.errors import RecipeError
from assaymark.evaluate import metrics
from assaymark.evaluate.agreement import agreement_of
from assaymark.evaluate.attacks import attacks
from assaymark.evaluate.contest import auc
from assaymark.evaluate.ground import ground_of
from assaymark.evaluate.groups import groups_of

STREAMS = Streams.from_seed(5)
SECRET = {"secret": (Role.SENSITIVE,)}


def measured(metric, case, **parameters):
    found = metrics.build(metric, parameters).measure(case, STREAMS)
    return {(m.metric, m.subject): m for m in found}


def stacked(*parts):
    return Dataset(schema=parts[0].schema, frame=pl.concat([p.frame for p in parts]))


def patients(table, n, seed, secret, *, kind="category", letters=20, columns=3):
    """Letters that a neighbour knows, and a secret drawn by ``secret(rng, n)``."""
    rng = np.random.default_rng(seed)
    kept = np.array(list(ascii_letters[:letters]))
    known = {f"c{i}": kept[rng.integers(0, letters, n)] for i in range(columns)}
    kinds = dict.fromkeys(known, "category") | {"secret": kind}
    return table(known | {"secret": secret(rng, n)}, roles=SECRET, **kinds)


def test_d01_a_pair_is_not_blind_to_scale(population, make_case):
    # sdmetrics 0.32 cuts both sides by edges of their own: income times 1,000 scores 1.0.
    # By hand: only the top cell is shared, so more than half of the rows would have to move.
    train, holdout, fresh = (population(1_000, s) for s in (1, 2, 3))
    frame = fresh.frame.with_columns(pl.col("income") * 1_000 + 1e6)
    wrong = Dataset(schema=fresh.schema, frame=frame)
    found = measured("two_way", make_case(train, holdout, wrong))
    assert found["two_way.distance", "pair:income,sex"].low > 0.5
    right = measured("two_way", make_case(train, holdout, fresh))
    assert right["two_way.distance", "pair:income,sex"].low == 0.0


def test_d01_nor_is_a_constant_or_a_code_of_few_values(table, make_case):
    # A cousin of D1, ours until this test: a constant had one cell that any value fell into.
    # By hand: 5 and 5,000 have nothing in common, 1; of 0 and 1 against 0 and 7 half moved, 1/2.

    def rows(constant, one):
        columns = {"k": [constant] * 200, "b": [0, one] * 100}
        return table(columns, k="integer", b="integer")

    found = measured("one_way", make_case(rows(5, 1), rows(5, 1), rows(5_000, 7)))
    assert found["one_way.distance", "column:k"].details["raw_distance"] == 1.0
    assert found["one_way.distance", "column:b"].details["raw_distance"] == 0.5


def test_d02_ties_count_half_and_no_copy_is_sampled_away(population, table, make_case):
    # sdmetrics 0.32, DCROverfittingProtection: ties go to the holdout, and train is cut down.
    # By hand: where all tie, 1/2; where all of train is released, every row equals one of train, 1.
    coins = [table({"x": [False, True] * n}, x="boolean") for n in (50, 60, 20)]
    tied = measured("distance", make_case(*coins))
    assert tied["distance.dcr_share", "table"].value == 0.5

    train, holdout = population(800, 1), population(80, 2)
    copied = make_case(train, holdout, train)
    assert measured("distance", copied)["distance.identical_share", "table"].value == 1.0
    exact = measured("copies", copied)["copies.exact_excess", "table"]
    assert exact.details["copied"] > 0.95 * 800


def test_d03_the_baseline_is_people_never_seen_and_no_even_guess(table, make_case):
    # sdmetrics 0.32, DisclosureProtection: the baseline is an even guess, 1/100 of 100.
    # By hand: "no" of 95 in 100 is right for strangers too, 0; 100 values, a tenth copied, to 0.1.

    def skewed(rng, n):
        return np.where(rng.random(n) < 0.95, "no", "yes")

    def many(rng, n):
        return np.array([f"v{i}" for i in rng.integers(0, 100, n)])

    fair = measured(
        "attribute_inference", make_case(*(patients(table, 1_000, s, skewed) for s in (1, 2, 3)))
    )
    (found,) = fair.values()
    assert abs(found.value) < 0.02
    assert found.high < 0.04
    assert found.details["precision"] > 0.9

    train, holdout, fresh = (patients(table, 1_000, s, many) for s in (1, 2, 3))
    made = stacked(train.take(np.arange(100)), fresh.take(np.arange(900)))
    (leak,) = measured("attribute_inference", make_case(train, holdout, made)).values()
    assert leak.low > 0.04


def test_d04_the_baseline_of_a_skewed_secret_is_its_true_share(table, make_case):
    # anonymeter 1.1.0 loses most guesses of the baseline: a 90/10 secret has 0.095.
    # By hand: who always says the commoner value is right 0.9 times, for strangers too.

    def ill(rng, n):
        return np.where(rng.random(n) < 0.9, "no", "yes")

    parts = [patients(table, 2_000, s, ill, letters=2) for s in (1, 2, 3)]
    (found,) = measured("attribute_inference", make_case(*parts)).values()
    assert found.details["precision_of_unseen"] == pytest.approx(0.9, abs=0.03)
    assert found.details["precision"] == pytest.approx(0.9, abs=0.03)
    assert abs(found.value) < 0.03
    assert found.high < 0.06


def test_d05_a_negative_guess_is_not_always_right(table, make_case):
    # anonymeter, all versions, divides by the signed guess: a negative one is always right.
    # By hand: -9 to -4, drawn by chance, are guessed rightly one time in six; no leak, 0.

    def code(rng, n):
        return rng.integers(0, 6, n) - 9

    parts = [patients(table, 1_000, s, code, kind="integer") for s in (1, 2, 3)]
    (found,) = measured("attribute_inference", make_case(*parts)).values()
    assert 0.05 < found.details["precision"] < 0.4
    assert abs(found.value) < 0.02


def test_d06_conditions_on_dates_and_times_count(table, make_case):
    # anonymeter up to 1.0 builds the condition on a datetime and throws it away.
    # By hand: only the time tells people apart: without it nobody is alone, with it many are.

    def visits(n, seed):
        rng = np.random.default_rng(seed)
        seen = np.datetime64("2020-01-01", "us") + rng.integers(0, 10**14, n)
        columns = {"seen": seen, "c": rng.choice(list("abcdefghijklmnopqrst"), n)}
        return table(columns, seen="datetime", c="category")

    train, holdout, fresh = visits(300, 1), visits(200, 2), visits(300, 3)
    blind = measured("singling_out", make_case(*(d.drop("seen") for d in (train, holdout, train))))
    assert blind["singling_out.excess", "table"].value is None
    leak, none = (
        measured("singling_out", make_case(train, holdout, made))["singling_out.excess", "table"]
        for made in (train, fresh)
    )
    assert leak.low > 0.1
    assert none.low <= 0.0 <= none.high


def test_d07_attacks_not_made_are_not_counted_and_one_leak_in_a_hundred_shows(
    population, table, make_case
):
    # anonymeter divides by the attacks asked for, not made; its 500 do not see 1 in 100.
    # By hand: 100 of 200 rows are all alike and give no condition, n is 100; 9 of 1,000 are 0.9 %.
    rng = np.random.default_rng(1)
    letters = np.array(list("abcdefghij"))

    def rows(n):
        columns = {f"c{i}": letters[rng.integers(0, 10, n)] for i in range(4)}
        return table(columns, **dict.fromkeys(columns, "category"))

    train, holdout, same = rows(200), rows(200), rows(1)
    made = stacked(train.take(np.arange(100)), same.take(np.zeros(100, dtype=np.int64)))
    found = measured("singling_out", make_case(train, holdout, made))[
        "singling_out.excess", "table"
    ]
    assert found.n == 100

    train, holdout, fresh = (population(1_000, s) for s in (1, 2, 3))
    few = stacked(train.take(np.arange(9)), fresh.take(np.arange(991)))
    exact = measured("copies", make_case(train, holdout, few))["copies.exact_excess", "table"]
    assert exact.value == pytest.approx(0.009)
    assert exact.low > 0


def test_d08_no_distance_is_looked_up_by_the_place_of_another_table(population, make_case):
    # synthcity 0.2.12, authenticity: real distances are read at places of synthetic rows.
    # By hand: the order of synthetic rows is nothing; copies are nearer to train, 1, fresh 1/2.
    train, holdout, fresh = (population(n, s) for n, s in ((200, 1), (200, 2), (260, 3)))
    made = stacked(fresh, train.take(np.arange(40)))
    turned = made.take(np.random.default_rng(1).permutation(made.n))
    for metric in ("copies", "membership"):
        there, back = (measured(metric, make_case(train, holdout, x)) for x in (made, turned))
        assert {k: m.value for k, m in there.items()} == {k: m.value for k, m in back.items()}
    share = [
        measured("distance", make_case(train, holdout, x))["distance.dcr_share", "table"].value
        for x in (train, fresh)
    ]
    assert share[0] == 1.0
    assert share[1] == pytest.approx(0.5, abs=0.1)


def test_d09_a_class_that_synthetic_rows_lack_stays_in_the_score(table, make_case):
    # synthcity 0.2.12 deletes test rows of a class that no synthetic row has, which leaves 1.0.
    # By hand: AUC 1 (a), (1 + 1/2) / 2 (b, tied with c), 1/2 (c, never predicted); the mean is 3/4.

    def rows(n_classes, seed):
        x = np.random.default_rng(seed).uniform(0, n_classes, 600)
        columns = {"x": x, "y": [str(int(v)) for v in x]}
        return table(columns, roles={"y": (Role.TARGET,)}, x="decimal", y="category")

    found = measured("tstr", make_case(rows(3, 1), rows(3, 2), rows(2, 3)))
    assert found["tstr.real", "model:boosting"].value > 0.98
    assert found["tstr.synthetic", "model:boosting"].value == pytest.approx(0.75, abs=0.02)
    assert found["tstr.loss", "model:boosting"].n == 600


def test_d10_groups_are_people_weights_are_used_and_the_background_is_all_of_it(
    population, table, make_case
):
    # synthcity 0.2.12: "k-anonymity" of clusters, weights set to ones, ten background rows.
    # By hand: a group is a value, 120 rows are 120, one row in four is 2 bits, three log2(4/3).
    quantities = [q for name in metrics.names() for q in metrics.load(name).quantities]
    claimed = " ".join(f"{q.name} {q.title} {q.meaning}" for q in quantities)
    assert not re.search(r"k-anonym|-divers|identifiab|authentic", claimed, re.IGNORECASE)

    train, holdout, reference, fresh = (population(120, s) for s in (1, 2, 3, 4))
    case = make_case(train, holdout, fresh, reference=reference)
    sex = {g.subject: g.holds(train) for g in groups_of(case) if g.bins.column.name == "sex"}
    assert {k: v.tolist() for k, v in sex.items()} == {
        f"group:sex={v}": (train.frame["sex"] == v).to_list() for v in "fm"
    }
    assert len(ground_of(case).background) == 120

    four = table({"c": list("aaab")}, c="category")
    assert agreement_of([four]).found(four, [four]).bits == pytest.approx(
        [np.log2(4 / 3)] * 3 + [2.0], rel=1e-6
    )


@pytest.mark.parametrize(
    "name",
    [
        "copies.exact_excess",
        "near_copies.excess",
        "singling_out.excess",
        "linkability.excess",
        "unique_combinations.excess",
    ],
)
def test_d11_each_side_is_divided_by_its_own_people(population, make_case, name):
    # SynthEval 1.7, eps_risk: the holdout's hits are divided by the number of train rows.
    # By hand: all of 400 and all of 100 are repeated, so both shares are equal: 0, not 1 - 100/400.
    train, holdout = population(400, 1), population(100, 2)
    case = make_case(train, holdout, stacked(train, holdout))
    found = measured(name.partition(".")[0], case)[name, "table"]
    assert found.value == pytest.approx(0.0, abs=0.1)
    assert found.low <= 0.0 <= found.high


def test_d12_nothing_is_the_largest_of_several_under_no_leak(table, make_case):
    # mostlyai-qa 1.10: the share nearer to train is the largest of seven, 0.524 without a leak.
    # By hand: 1/2 on average; 0 for the worst set of known columns, since other people judge it.

    def ill(rng, n):
        return np.where(rng.random(n) < 0.6, "no", "yes")

    shares, excess = [], []
    for seed in range(0, 24, 3):
        parts = enumerate((150, 300, 300))
        case = make_case(
            *(patients(table, n, seed + i, ill, letters=3, columns=6) for i, n in parts)
        )
        shares.append(measured("distance", case)["distance.dcr_share", "table"].value)
        excess += [m.value for m in measured("attribute_inference", case).values()]
    for values, truth in ((shares, 0.5), (excess, 0.0)):
        error = np.std(values, ddof=1) / np.sqrt(len(values))
        assert abs(np.mean(values) - truth) < 2.5 * error


def test_d13_scores_do_not_saturate_and_ties_count_half(population, make_case):
    # Synth-MIA, DPI: sigmoid(a / (b + 1e-20)) is 1.0 for everybody who is far out.
    # By hand: the log ratio grows with the squared distance, so these differ; all tied is AUC 1/2.
    far = population(60, 1)
    lonely = Dataset(schema=far.schema, frame=far.frame.with_columns(pl.col("income") * 10 + 100))
    train = stacked(lonely, population(240, 2))
    case = make_case(train, population(300, 3), train)
    score = attacks.build("density_ratio").score(ground_of(case), STREAMS).members
    extreme = score[score > 37]  # from there on, 1 / (1 + exp(-score)) is 1.0 in double precision
    assert len(extreme) > 5
    assert len(np.unique(extreme)) == len(extreme)
    assert auc(np.ones(50), np.ones(70)).value == 0.5


def test_d14_no_column_is_paired_with_itself(table, make_case):
    # SDNist, k-marginal of 30 or more features: pairs are drawn with replacement.
    # By hand: 30 of the 66 pairs of 12 columns hold 60 columns, each of the 12 four to six times.
    rng = np.random.default_rng(1)
    parts = [
        table(
            {f"x{i:02}": rng.integers(0, 2, 60) for i in range(12)},
            **{f"x{i:02}": "integer" for i in range(12)},
        )
        for _ in range(3)
    ]
    found = measured("two_way", make_case(*parts), most_pairs=30)
    pairs = [s.removeprefix("pair:").split(",") for m, s in found if m == "two_way.distance"]
    assert len({tuple(sorted(p)) for p in pairs}) == len(pairs) == 30
    assert all(a != b for a, b in pairs)
    met = np.unique(np.array(pairs), return_counts=True)[1]
    assert (len(met), met.min() >= 4, met.max() <= 6) == (12, True, True)


@pytest.mark.parametrize("name", ["dcr_share", "nndr", "identical_share"])
def test_d15_a_policy_that_rests_on_distances_is_refused(name):
    # AWS Clean Rooms ML sells a distance to the closest record as a membership score.
    # The right answer: it supports no verdict, and the refusal names the paper that shows why.
    quantities = {q.name: q for m in metrics.names() for q in metrics.load(m).quantities}
    shipped = profile_bytes(Profile.CONTROLLED)
    check_policy(parse_policy(shipped), quantities)
    turned = shipped.replace(b'"membership.auc"', f'"distance.{name}"'.encode())
    with pytest.raises(RecipeError, match=r"cannot support a verdict.*arXiv:2505\.01524"):
        check_policy(parse_policy(turned), quantities)


def test_d15_near_rows_alone_make_nobody_a_member(table, make_case):
    # The same score calls everybody a member where rows repeat by nature: all are at distance 0.
    # By hand: eight kinds of rows, all of them in every table; strangers are as near, AUC 1/2.
    rng = np.random.default_rng(1)
    kinds = dict.fromkeys("abc", "boolean")
    coins = [table({k: rng.random(200) < 0.5 for k in "abc"}, **kinds) for _ in range(3)]
    case = make_case(*coins)
    assert measured("distance", case)["distance.identical_share", "table"].value == 1.0
    assert measured("membership", case)["membership.auc", "table"].value == 0.5
