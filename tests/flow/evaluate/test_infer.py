import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import assaymark
from assaymark.cli.app import main
from assaymark.core.claim import Mean
from assaymark.core.coverage import Certificate, Maker, certificate_for, parse_certificates
from assaymark.errors import InputError, NotApprovedError, RecipeError
from assaymark.flow.evaluate.coverage import certificates, least_persons, maker_of
from assaymark.flow.evaluate.infer import Made, infer


def made(seed, n=500):
    rng = np.random.default_rng(seed)
    ill = rng.random(n) < 0.3
    return pl.DataFrame({"age": rng.normal(50, 10, n), "ill": np.where(ill, "yes", "no")})


def test_tables_need_to_say_how_they_were_made():
    with pytest.raises(InputError, match="83%") as told:
        assaymark.infer(made(1), mean="age")
    assert "45%" in str(told.value)
    with pytest.raises(InputError, match=r"here, 58%"):  # 500 rows from 100 persons
        assaymark.infer(made(1), mean="age", n=100)
    with pytest.raises(InputError, match="one of one fit, refits"):
        assaymark.infer(made(1), mean="age", n=100, made="real")
    with pytest.raises(InputError, match="different columns"):
        assaymark.infer([made(1), made(2).drop("age")], mean="age", n=100, made="one fit")
    with pytest.raises(InputError, match="at least one table"):
        assaymark.infer([], mean="age", n=100, made="one fit")


def test_replicates_of_one_fit_are_combined():
    tables = [made(s) for s in range(4)]
    found = assaymark.infer(tables, mean="age", n=500, made="one fit")
    means = [t["age"].mean() for t in tables]
    v = np.mean([t["age"].var() / 500 for t in tables])
    assert found.estimate == pytest.approx(np.mean(means))
    assert found.estimates[0].se == pytest.approx(np.sqrt(v * (1 + 1 / 4)))
    assert (found.replicates, found.rows, found.rule) == (4, 500, "one fit")
    model = assaymark.infer(tables, model="ill ~ age", family="logistic", n=500, made="one fit")
    assert model["age"].low < 0 < model["age"].high
    with pytest.raises(InputError, match="several estimates"):
        _ = model.estimate
    json.dumps(model.plain())


def test_missing_values_count_neither_as_rows_nor_as_persons():
    table = made(1).with_columns(pl.Series("age", [None] * 250 + [1.0, 2.0] * 125))
    found = assaymark.infer(table, mean="age", n=500, made="one fit")
    assert found.rows == 250
    assert found.estimates[0].se == pytest.approx(np.sqrt(2 * table["age"].var() / 250))


def test_a_family_is_named_in_one_line_and_linear_is_ols():
    tables = [made(s) for s in range(2)]
    said = [
        assaymark.infer(tables, model="age ~ ill", family=f, n=500, made="one fit").estimates
        for f in ("linear", "ols")
    ]
    assert said[0] == said[1]
    with pytest.raises(InputError) as error:
        assaymark.infer(tables, model="age ~ ill", family="probit", n=500, made="one fit")
    assert str(error.value) == (
        "there is no family 'probit' of regressions\n\n"
        "Hint: one of ols, logistic, poisson, cox; linear is ols"
    )


@pytest.mark.parametrize("asked", [{}, {"mean": "age", "share": "age > 50"}])
def test_exactly_one_analysis(asked):
    with pytest.raises(InputError, match="one is needed"):
        assaymark.infer(made(1), n=500, made="one fit", **asked)


def test_a_release_says_itself_how_it_was_made(first, capsys, monkeypatch):
    release = Path(first.release)
    with pytest.raises(NotApprovedError, match="no bench has shown"):
        assaymark.infer(release, mean="days")  # about 300 persons: no certificate is for so few
    found = assaymark.infer(release, mean="days", uncertified=True)
    rows = pl.read_parquet(release / "data/synthetic.parquet")
    assert found.estimate == pytest.approx(rows["days"].mean())
    assert found.persons < 330
    assert found.estimates[0].se > np.sqrt(rows["days"].var() / found.persons)
    assert any("Do not quote" in n for n in found.notices)
    with pytest.raises(SystemExit) as ended:
        main(["infer", str(release), "--model", "ill ~ age", "--family", "logistic", "--json"])
    assert ended.value.code == 3
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(["infer", str(release), "--quantile", "days:0.5", "--uncertified", "--json"])
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out)["estimand"] == "quantile"
    with pytest.raises(SystemExit) as ended:
        main(["infer", str(release), "--share", "ill == 'yes'", "--uncertified"])
    assert ended.value.code == 0
    assert "ill == 'yes'" in capsys.readouterr().out


CERTIFICATE = {
    **{"generator": "tree_chain", "software": "assaymark 0", "estimand": "mean", "rule": "one fit"},
    **{"persons_from": 100, "persons_to": 900, "replicates": 1, "simulations": 9, "bench": "b"},
    **{"intervals": 100, "covered": 95, "low": 0.93, "high": 0.97},
}


def test_a_certificate_is_for_one_generator_version_size_and_number_of_tables():
    one = Certificate.model_validate(CERTIFICATE)
    ten = Certificate.model_validate({**CERTIFICATE, "replicates": 10})
    maker = Maker(generator="tree_chain", software="assaymark 0", persons=500)
    assert certificate_for([one, ten], maker, "mean", 12) is ten
    assert certificate_for([one, ten], maker, "mean", 9) is one
    assert certificate_for([one, ten], maker, "ols", 9) is None
    for other in (
        {"persons": 901},
        {"persons": 99},
        {"software": "assaymark 1"},
        {"changed": {"k": 5}},
    ):
        assert certificate_for([one], maker.model_copy(update=other), "mean", 1) is None


def test_intervals_on_private_rows_are_said_to_be_not_certified():
    maker = Maker(generator="dp_marginals", software="assaymark 0", persons=500)
    tables = Made(frames=(made(1),), rule="one fit", persons=500, maker=maker)
    asked = Mean(kind="mean", name="age", column="age")
    with pytest.raises(NotApprovedError, match=r"not certified.*noise of differential privacy"):
        infer(tables, asked)
    found = infer(tables, asked, uncertified=True)
    assert "Do not quote these intervals: not certified" in found.notices[0]


def test_certificates_that_cannot_be_read_are_an_error():
    for raw in (b"[[certificate]]\nx = 1", b"certificate = 1", b"\xff"):
        with pytest.raises(RecipeError):
            parse_certificates(raw)


def test_shipped_certificates_are_of_the_default_generator():
    assert {c.generator for c in certificates()} <= {"tree_chain"}
    assert maker_of("tree_chain", {"k": 20, "trees": 3}, 9).changed == {"trees": 3}


def test_fewest_persons_that_a_band_stands_for():
    said = ("about 25,000", "about 320", "about 60", "fewer than 50", "")
    assert [least_persons(s) for s in said] == [24_500, 315, 60, 0, 0]


def test_text_files_have_the_columns_that_their_values_say(tmp_path):
    tables = [made(s).with_columns((pl.col("age") > 50).alias("old")) for s in range(2)]
    tables = [t.with_columns(pl.lit([7.0, 7.5][i]).alias("ward")) for i, t in enumerate(tables)]
    files = {"csv": [], "parquet": []}
    for i, table in enumerate(tables):
        table.write_csv(tmp_path / f"{i}.csv")
        table.write_parquet(tmp_path / f"{i}.parquet")
        for ending in files:
            files[ending].append(tmp_path / f"{i}.{ending}")
    for asked in (
        {"mean": "age", "where": "old == true"},
        {"share": "old == true", "where": "age >= 40"},
        {"quantile": ("age", 0.5)},
        {"mean": "ward"},
        {"model": "ill ~ age", "family": "logistic"},
    ):
        a, b = (assaymark.infer(f, n=500, made="one fit", **asked) for f in files.values())
        assert a == b
