from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from assaymark.cli.say import say_described
from assaymark.core.document import sha256
from assaymark.errors import DataError, InputError, UnknownNameError
from assaymark.flow.evaluate.describe import Described
from assaymark.flow.evaluate.given import Ask, Files, evaluate_files

ASK = Ask(seed=1, report=Path("page.html"))


@pytest.fixture
def files(folder, stays):
    every = stays(1200, seed=3).drop("patient")
    every[:500].write_csv("train.csv")
    every[500:800].write_csv("holdout.csv")
    every[800:].write_csv("synthetic.csv")
    return Files(
        train=Path("train.csv"), holdout=Path("holdout.csv"), synthetic=(Path("synthetic.csv"),)
    )


def judged(files, **how):
    return evaluate_files(files, Ask(seed=1, **how), policy_path=Path("policy.toml"))


def rewrite(change):
    change(pl.read_csv("synthetic.csv")).write_csv("synthetic.csv")


def test_rows_of_the_same_population_pass_and_the_report_is_written(files):
    outcome = judged(files, report=Path("page.html"))
    assert outcome.uses == {"analytics": "approved", "pretraining": "approved"}
    assert {v.stage for v in outcome.verdicts} == {"given files"}
    assert "development-grade" in outcome.notices[0]
    assert b"development-grade" in Path("page.html").read_bytes()


def test_without_a_holdout_no_verdict_that_needs_one_is_given(files):
    alone = Files(train=files.train, synthetic=files.synthetic)
    outcome = judged(alone)
    assert set(outcome.uses.values()) == {"inconclusive"}
    assert {v.verdict for v in outcome.verdicts} == {"NOT_RUN"}
    assert all(v.value is None for v in outcome.verdicts)
    assert any("No holdout" in n for n in outcome.notices)


def test_reordered_columns_and_unseen_categories_are_judged_all_the_same(files):
    rewrite(lambda f: f.select(reversed(f.columns)).with_columns(sex=pl.lit("x")))
    outcome = judged(files)
    assert outcome.uses["analytics"] == "refused"


def test_a_missing_column_is_an_error_that_names_it(files):
    rewrite(lambda f: f.drop("days"))
    with pytest.raises(DataError, match=r"synthetic table.*missing: 'days'"):
        judged(files)


def test_an_extra_column_is_an_error_since_rows_are_judged_whole(files):
    rewrite(lambda f: f.with_columns(name=pl.lit("Ann")))
    with pytest.raises(DataError, match=r"lacks.*'name'.*judged whole"):
        judged(files)


def test_a_retyped_column_is_an_error(files):
    rewrite(lambda f: f.with_columns(days=pl.lit("many")))
    with pytest.raises(DataError, match="'days' should be integer"):
        judged(files)


def test_a_few_unreadable_values_are_counted_aloud(files):
    rewrite(
        lambda f: f.with_columns(days=pl.col("days").cast(str)).with_columns(
            days=pl.when(pl.int_range(pl.len()) < 3).then(pl.lit("many")).otherwise("days")
        )
    )
    assert any("'days': 3 synthetic values" in n for n in judged(files).notices)


def test_persons_on_both_sides_are_an_error(folder, stays):
    every = stays(900)
    every[:500].write_csv("train.csv")
    every[400:].write_csv("holdout.csv")
    every.drop("patient").write_csv("synthetic.csv")
    files = Files(
        train=Path("train.csv"),
        holdout=Path("holdout.csv"),
        synthetic=(Path("synthetic.csv"),),
        recipe=Path("recipe.toml"),
    )
    with pytest.raises(DataError, match="in both train and holdout"):
        judged(files)


def test_only_runs_what_was_asked_and_the_rest_does_not_pass(files):
    outcome = judged(files, only=("one_way",))
    verdicts = {(v.rule, v.verdict) for v in outcome.verdicts}
    assert ("looks-like-it", "NOT_RUN") in verdicts
    assert outcome.uses["analytics"] == "inconclusive"


def test_earlier_releases_are_attacked_together_and_named(files):
    pl.read_csv("synthetic.csv").drop("days").write_csv("narrow.csv")
    pl.read_csv("train.csv").write_csv("copies.csv")
    alone = judged(files, only=("membership",))
    both = judged(
        replace(files, earlier=(Path("copies.csv"), Path("narrow.csv"))), only=("membership",)
    )
    first, second = (
        next(v.value for v in o.verdicts if v.metric == "membership.auc") for o in (alone, both)
    )
    assert second > first
    assert both.earlier == (sha256(Path("copies.csv").read_bytes()),)
    assert any(n.startswith("1 earlier release of the same people could not") for n in both.notices)
    assert (alone.candidate, alone.earlier) == (both.candidate, ())


def test_replicates_are_part_of_the_digest(files):
    one = judged(files)
    two = judged(Files(train=files.train, holdout=files.holdout, synthetic=files.synthetic * 2))
    assert one.candidate != two.candidate


def test_one_table_is_described_by_a_family_and_nothing_is_judged(files, capsys):
    Path("roles.toml").write_text(
        'name = "r"\n[source]\npath = "x"\n[columns]\nsex = "protected"\nill = "target"\n'
    )
    alone = Files(train=files.train, recipe=Path("roles.toml"))
    found = evaluate_files(alone, Ask(seed=1, only=("fairness",)))
    assert isinstance(found, Described)
    assert "outcome_gap.real" in {f.metric for f in found.found}
    assert "nothing was judged" in found.notices[0]
    say_described(found)
    said = capsys.readouterr().out
    assert "Gap of an outcome, in standard deviations" in said
    assert "of sex = " in said
    assert "real rows" not in said  # the table may well be a synthetic one


def test_one_table_without_an_outcome_to_compare_says_why_once(files, capsys):
    Path("roles.toml").write_text(
        'name = "r"\n[source]\npath = "x"\n[columns]\nsex = "protected"\nill = "target"\n'
    )
    pl.read_csv(files.train).with_columns(ill=pl.lit("no")).write_csv("alike.csv")
    alone = Files(train=Path("alike.csv"), recipe=Path("roles.toml"))
    say_described(evaluate_files(alone, Ask(seed=1, only=("fairness",))))
    assert capsys.readouterr().out.count("every row has the same outcome") == 1


@pytest.mark.parametrize(
    "only", [(), ("membership",), ("fairness", "membership.auc"), ("privacy",)]
)
def test_what_compares_needs_synthetic_rows(files, only):
    with pytest.raises(InputError, match="no synthetic rows were given"):
        evaluate_files(Files(train=files.train), Ask(only=only))


def test_an_unknown_family_is_named_with_the_known(files):
    with pytest.raises(UnknownNameError, match="fairness"):
        evaluate_files(Files(train=files.train), Ask(only=("fairnes",)))
