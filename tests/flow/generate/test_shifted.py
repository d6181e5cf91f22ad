"""What constraints move away from the table is said, and nothing where they move nothing."""

import numpy as np
import polars as pl

import assaymark


def table(n=2000, seed=0):
    """Bills that are the end of the stay where there is one, and a number that goes with it."""
    rng = np.random.default_rng(seed)
    end = rng.integers(0, 60, n)
    private = rng.random(n) < 0.2
    return pl.DataFrame(
        {
            "end": end,
            "billed": pl.Series(end).zip_with(pl.Series(private), pl.Series([None] * n, dtype=int)),
            "cost": end * 10 + rng.integers(0, 300, n),
        }
    )


def said(made):
    return [text for text in made.notices if "Under the constraints" in text]


def test_a_constraint_that_a_model_does_not_know_makes_what_it_asks_of_rarer():
    made = assaymark.generate(
        table(), generator="independent", constraints=["billed == end"], seed=1
    )
    assert made.rows["billed"].count() < 0.05 * made.rows.height
    (text,) = said(made)
    assert "billed has a value in" in text
    assert "in the table in 2" in text  # a fifth of it


def test_means_that_move_are_said():
    frame = table().filter(pl.col("cost") <= 4 * pl.col("end") + 400)
    made = assaymark.generate(
        frame, generator="independent", constraints=["cost <= 4 * end + 400"], seed=1
    )
    (text,) = said(made)
    assert "cost is " in text


def test_nothing_is_said_where_rows_stay_as_they_are_or_are_meant_to_move():
    assert not said(assaymark.generate(table(), constraints=["cost >= end * 10"], seed=1))
    keep = [{"kind": "rule", "rule": "end >= 30", "on_source": "keep"}]
    assert not said(assaymark.generate(table(), constraints=keep, seed=1))


def test_persons_of_many_rows_who_are_others_are_not_said_to_be_moved_by_constraints():
    # each person counts once in what is learnt: of all rows the mean is 106, of all persons 79
    rng = np.random.default_rng(0)
    many = np.where(rng.random(600) < 0.2, 30, 1)
    who = np.repeat(np.arange(600), many)
    frame = pl.DataFrame(
        {
            "patient_id": [f"P{i:05d}" for i in who],
            "pulse": np.where(many > 1, 110.0, 70.0)[who] + rng.normal(0, 5, len(who)).round(1),
            "age": rng.integers(20, 40, 600)[who],
        }
    )
    made = assaymark.generate(frame, constraints=["pulse >= age"], seed=1)
    assert made.rows["pulse"].mean() < 0.9 * frame["pulse"].mean()
    assert not said(made)
