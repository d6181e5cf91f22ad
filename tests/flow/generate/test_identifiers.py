"""Identifiers of a draft: which come back, with which values, and what is said of them."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import assaymark
from assaymark.errors import ConditionError, InputError, IntegrityError, UnknownNameError
from assaymark.flow.generate.block_plan import BlockFolder
from assaymark.flow.generate.block_run import Asked, write_blocks
from assaymark.flow.generate.constraints import read_constraints
from assaymark.flow.generate.draft import draft
from assaymark.flow.generate.kinds import Kinds
from assaymark.flow.generate.model import show_model
from assaymark.generate.model_file import read_model, write_model

COLUMNS = ["row_id", "age", "encounter", "sex", "sample_id", "days"]
ASKED = Asked(rows=950, seed=1, workers=1, block_rows=100)


def visits(n=400, seed=0):
    rng = np.random.default_rng(seed)
    sample = [f"S{x:06d}" if rng.random() > 0.25 else None for x in rng.permutation(10**6)[:n]]
    return pl.DataFrame(
        {
            "row_id": np.arange(1, n + 1),
            "age": rng.integers(20, 90, n),
            "encounter": [f"ENC-{x}" for x in rng.permutation(90_000)[:n] + 10_000],
            "sex": rng.choice(["f", "m"], n),
            "sample_id": sample,
            "email": [f"p{i}@example.org" for i in range(n)],
            "days": rng.poisson(4, n),
        }
    )


def notice(made, begin):
    (found,) = [n for n in made.notices if n.startswith(begin)]
    return found


def test_keys_come_back_in_their_place_each_once_and_nothing_of_the_outside():
    table = visits()
    made = draft(table, seed=1, rows=600)
    assert made.frame.columns == COLUMNS
    for name in ("row_id", "encounter", "sample_id"):
        present = made.frame[name].drop_nulls()
        assert present.n_unique() == present.len()
    assert made.frame["row_id"].dtype == pl.Int64
    assert made.frame["row_id"].is_between(1, 4999).all()
    assert made.frame["encounter"].str.contains(r"^ENC-[1-9]\d{4}$").all()
    assert made.frame["sample_id"].drop_nulls().str.contains(r"^S\d{6}$").all()
    assert made.frame["sample_id"].null_count() == pytest.approx(150, abs=45)  # 4 sigma
    real = set(table["encounter"]) & set(made.frame["encounter"])
    assert len(real) < 15  # by chance 2.7


def test_a_key_is_unique_without_a_constraint_and_with_one():
    unique = [{"kind": "unique", "columns": [c]} for c in ("row_id", "encounter", "sample_id")]
    kinds = Kinds(constraints=read_constraints(unique[:2]), shares={"sex": {"f": 0.5, "m": 0.5}})
    made = draft(visits(), seed=1, rows=600, kinds=kinds)
    assert made.frame["encounter"].n_unique() == 600
    assert notice(made, "Every row keeps to the 2 constraints given")
    with pytest.raises(UnknownNameError, match="identifiers and free text are left out before"):
        draft(visits(), seed=1, rows=600, kinds=Kinds(constraints=read_constraints(unique)))


def test_what_is_said_of_them():
    made = draft(visits(), seed=1, rows=400)
    said = notice(made, "Fresh identifiers")
    for words in ("row_id (1 to 3 digits)", 'encounter ("ENC-", 5 digits)', "each once"):
        assert words in said
    assert "values of the source, too" in said
    assert "about 80 in 100 of row_id" in said  # 400 of 499
    assert "encounter," not in said.partition("By chance")[2]
    assert "email" in notice(made, "Left out, since it may identify people")
    more = draft(visits(), seed=1, rows=600)
    assert notice(more, "Some identifiers have more digits").endswith("such values: row_id.")


def test_nothing_is_measured_of_them_and_other_columns_are_as_without():
    one, two = (draft(visits(), seed=1, rows=300, identifiers=i) for i in (True, False))
    assert one.measurements == two.measurements
    assert one.frame.drop("row_id", "encounter", "sample_id").equals(two.frame)
    assert not [n for n in two.notices if "Fresh" in n]
    assert "row_id, encounter, sample_id, email" in notice(two, "Left out")
    assert assaymark.generate(visits(), seed=1, rows=9, identifiers=False).rows.columns == [
        "age",
        "sex",
        "days",
    ]


def test_the_key_of_persons_with_several_rows_is_not_made_up(stays):
    table = stays(300).with_columns(visit_id=pl.int_range(pl.len()).shuffle(0) + 5000)
    made = draft(table, seed=1)
    assert made.frame.columns == ["age", "sex", "days", "ill", "visit_id"]
    assert "whose they are" in notice(made, "No person key was made up")
    each = draft(table.unique("patient", maintain_order=True), seed=1)
    assert each.frame.columns[0] == "patient"
    assert each.frame["patient"].n_unique() == each.frame.height


def test_persons_stand_behind_a_pattern_and_not_rows_of_one():
    """Planted: one person has a fifth of the rows, with numbers of another kind."""
    n = 500
    one = np.arange(n) < n // 5
    table = visits(n).with_columns(
        patient_id=pl.Series([f"p{1 if o else i // 2:03d}" for i, o in enumerate(one)]),
        encounter=pl.Series([f"VIP-{7 * i}" if o else f"ENC-{i:05d}" for i, o in enumerate(one)]),
    )
    made = draft(table, seed=1, rows=300)
    assert made.frame["encounter"].str.contains(r"^ENC-\d{5}$").all()


@pytest.mark.parametrize(("persons", "share"), [(0, 0), (1, 0), (9, 0), (10, 0.1)])
def test_persons_and_not_rows_of_one_stand_behind_what_is_missing(persons, share):
    """A hundred persons have a number on each of two rows, others none on any of twenty."""
    whose = [*(i // 2 for i in range(200)), *(i // 20 for i in range(20 * persons))]
    table = visits(200 + 20 * persons).with_columns(
        patient_id=pl.Series([f"P{i:03d}" for i in whose]),
        encounter=pl.Series(
            [f"ENC-{7 * i:05d}" if i < 200 else None for i in range(200 + 20 * persons)]
        ),
    )
    made = draft(table, seed=1, rows=2000)
    assert made.frame["encounter"].null_count() / 2000 == pytest.approx(share, abs=share / 4)


def test_a_key_that_rows_share_says_why_it_is_left_out():
    table = visits().with_columns(order_id=pl.int_range(pl.len()) // 3 * 7 + 1000)
    made = draft(table, seed=1, rows=50)
    assert "order_id" not in made.frame.columns
    assert "belong together" in notice(made, "No identifiers were made up for order_id")


@pytest.mark.parametrize(
    "kinds", [Kinds(where="encounter == 'ENC-12345'"), Kinds(shares={"encounter": {"a": 0.5}})]
)
def test_no_condition_can_name_one(kinds):
    with pytest.raises(ConditionError, match=r"'encounter' holds identifiers.*\n\nHint"):
        draft(visits(), seed=1, rows=10, kinds=kinds)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (
            lambda i: 7_000_000_123_456_000 + i,
            {50: r"7000000123456\d{3}", 950: r"7000000123456\d{4}"},
        ),
        (lambda i: 70_000_000 + i, {50: r"70000\d{3}", 950: r"70000\d{4,}"}),
        (lambda i: 100_000_000_001 + i, {50: r"100000000\d{3}"}),
        (lambda i: 12_345_678_001_234_567 + i * 10**7, {50: r"12345678\d\d1234567"}),
        (lambda i: 12_345_678_001_234_567 + i * 10**7, {950: r"12345678\d{3}1234567"}),
        (lambda i: 12_345_678_001_234_567 + i * 10**7, {20_000: r"12345678\d{3}12345\d\d"}),
        (lambda i: 10**17 + i * 7 * 10**12 + 5, {950: r"[1-9]\d{17}"}),
    ],
)
def test_whole_numbers_stay_numbers_however_many_rows_there_are(number, written):
    """Digits that all have in common give way where eighteen do not do."""
    table = visits(100).with_columns(case_id=pl.Series([number(i) for i in range(100)]))
    for rows, pattern in written.items():
        made = draft(table, seed=1, rows=rows).frame["case_id"]
        assert made.dtype == pl.Int64
        assert made.n_unique() == rows
        assert made.cast(pl.String).str.contains(f"^{pattern}$").all()


def test_rows_of_some_kinds_have_them_too():
    made = draft(visits(), seed=1, rows=40, kinds=Kinds(where="age >= 60"))
    assert (made.frame["age"] >= 60).all()
    assert made.frame["encounter"].n_unique() == 40


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    there = tmp_path_factory.mktemp("blocks")
    visits().write_csv(there / "visits.csv")
    write_blocks(there / "visits.csv", there / "out", ASKED)
    return there


@pytest.fixture
def here(finished, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path


def again(asked=ASKED, out="out"):
    return write_blocks(Path("visits.csv"), Path(out), asked)


def test_blocks_hold_each_value_once_and_are_mended_to_the_byte(here):
    rows = pl.read_parquet("out/rows-*.parquet")
    assert rows.columns == COLUMNS
    assert rows["encounter"].n_unique() == 950
    manifest = BlockFolder(Path("out")).check()
    assert manifest.plan.identifiers == "fresh"
    assert list(manifest.plan.columns) == COLUMNS
    for name in ("rows-00000.parquet", "rows-00007.parquet"):
        Path("out", name).unlink()
    assert len(again().redone) == 2
    assert BlockFolder(Path("out")).check() == manifest


@pytest.mark.parametrize("size", [950, 500, 137])  # 1, 2 and 7 blocks
def test_blocks_of_any_size_hold_the_same_rows(here, size):
    asked = Asked(rows=950, seed=1, workers=1, block_rows=size)
    again(asked, out=f"by{size}")
    whole = pl.read_parquet("out/rows-*.parquet")
    assert pl.read_parquet(f"by{size}/rows-*.parquet").equals(whole)


def test_a_folder_with_them_and_one_without_are_not_mixed(here):
    without = Asked(rows=950, seed=1, workers=1, block_rows=100, identifiers=False)
    with pytest.raises(InputError, match=r"(?s)choice on identifiers.*began it with --identifiers"):
        again(without)
    again(without, out="bare")
    assert pl.read_parquet("bare/rows-*.parquet").columns == ["age", "sex", "days"]
    plan = json.loads(Path("bare/plan.json").read_text())
    assert "identifiers" not in plan  # as plans were before there were any


def test_patterns_travel_in_the_model_file_and_are_bound_by_its_digest(here):
    file = Path("out/private/model.zip")
    shown = show_model(file)
    assert shown.identifiers == {
        "row_id": "1 to 3 digits",
        "encounter": '"ENC-", 5 digits',
        "sample_id": '"S", 6 digits',
    }
    raw = file.read_bytes()
    assert write_model(read_model(raw)) == raw
    assert all(v.encode() not in raw for v in visits()["encounter"])
    file.write_bytes(raw.replace(b'"ENC-"', b'"XNC-"'))
    Path("out/rows-00003.parquet").unlink()
    with pytest.raises(IntegrityError, match="not the model"):
        again()


def orders(n=400, seed=0):
    rng = np.random.default_rng(seed)
    kinds = rng.choice(["RAD-", "LAB-", "B"], n, p=(0.5, 0.3, 0.2))
    numbers = rng.permutation(2000)[:n]
    return pl.DataFrame(
        {
            "order_id": [f"{k}{x:04d}" for k, x in zip(kinds, numbers, strict=True)],
            "row_id": np.arange(1, n + 1),
            "age": rng.integers(20, 90, n),
        }
    )


@pytest.mark.parametrize("rows", [400, 3000, 60_000])
def test_as_many_are_of_the_source_as_is_said(rows):
    table = orders()
    made = draft(table, seed=1, rows=rows)
    said = notice(made, "Fresh identifiers").partition("By chance")[2]
    for name in ("order_id", "row_id"):
        assert made.frame[name].n_unique() == rows
        shared = made.frame[name].is_in(table[name].implode()).mean()
        told = re.search(rf"up to about (\d+) in 100 of {name}", said)
        # said is of all that can be written; of few rows, chance adds 3 sigma
        most = int(told[1]) / 100 + 0.005 if told else 0.005
        assert most / 2 - 0.02 <= shared <= most + 3 * np.sqrt(most / rows)
    kinds = made.frame["order_id"].str.replace(r"\d+", "").value_counts(normalize=True)
    shares = dict(kinds.iter_rows())
    assert set(shares) == {"RAD-", "LAB-", "B"}
    assert shares["RAD-"] == pytest.approx(0.5, abs=0.1)


def test_a_folder_says_it_of_all_its_rows(tmp_path):
    orders().write_csv(tmp_path / "orders.csv")
    asked = Asked(rows=60_000, seed=1, workers=1, block_rows=30_000)
    made = write_blocks(tmp_path / "orders.csv", tmp_path / "out", asked)
    assert notice(made, "Fresh identifiers") == notice(
        draft(orders(), name="orders", seed=1, rows=60_000), "Fresh identifiers"
    )
