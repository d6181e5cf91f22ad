from dataclasses import replace

import pytest

from assaymark.core.claim import Query
from assaymark.core.measurement import NO_SUBJECT
from assaymark.core.questions import Questions
from assaymark.core.streams import Streams
from assaymark.errors import DataError, InputError
from assaymark.evaluate.analyses.sql import answers
from assaymark.evaluate.utility.queries import Queries

STREAMS = Streams.from_seed(0)
MEANS = "SELECT sex, avg(age) FROM data GROUP BY sex"


def measured(case):
    return {(m.metric, m.subject): m for m in Queries().measure(case, STREAMS)}


def asked(case, *queries):
    specs = (
        Query(kind="query", name=f"q{i}", sql=q, time_limit=0.5) for i, q in enumerate(queries)
    )
    return replace(case, questions=Questions(claim=tuple(specs)))


@pytest.fixture(scope="module")
def case(population, make_case):
    return make_case(population(2_000, 1), population(1_000, 2), population(2_000, 3))


def test_a_known_answer(table):
    rows = table({"g": ["a", "a", "b", None], "x": [1, 3, 5, 7]}, g="category", x="integer")
    found = answers("SELECT g, sum(x) FROM data GROUP BY g", rows.frame, time_limit=5)
    assert found == {("a",): 4.0, ("b",): 5.0, ("None",): 7.0}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM read_csv('/etc/passwd')",
        "SELECT count(*) FROM '/etc/passwd'",
        "COPY data TO 'out.csv'",
        "DROP TABLE data",
        "SELECT 1; SELECT 2",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "ATTACH 'x.db'",
        "SELECT count(*) FROM rows",
        "SELECT nothing FROM data",
        "SELEC 1",
        "",
    ],
)
def test_nothing_but_the_table_is_in_reach(case, sql):
    rows = case.holdout.frame  # noqa: F841  (a name that a replacement scan would find)
    with pytest.raises(InputError):
        answers(sql, case.holdout.frame, time_limit=2)


def test_a_query_that_does_not_end_is_stopped(case):
    endless = "SELECT count(*) FROM data a, data b, data c, data d"
    with pytest.raises(DataError, match="did not end within"):
        answers(endless, case.holdout.frame, time_limit=0.2)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT sex FROM data", "same group|must be a number"),
        ("SELECT sex, 1 FROM data", "the same group twice"),
        ("SELECT row_number() OVER (), 1 FROM data, data b", "more than 1,000"),
    ],
)
def test_answers_that_are_none(case, sql, said):
    with pytest.raises(DataError, match=said):
        answers(sql, case.holdout.frame, time_limit=5)


def test_more_columns_are_less_reliable_and_fresh_rows_as_chance_has_it(case):
    found = measured(case)
    by = [found["queries.relative_error", f"columns:{k}"] for k in (1, 2, 3)]
    assert by[0].value < by[1].value < by[2].value
    assert all(0.5 < m.value / m.baseline < 1.3 for m in by)
    sizes = by[2].details["by size of the cell"]
    assert float(sizes[0]["error"]) > float(sizes[-1]["error"])
    assert found["queries.declared_error", NO_SUBJECT].reason == "no query was declared"


def test_declared_queries_are_compared_with_halves_of_the_holdout(case, make_case):
    found = measured(
        asked(case, MEANS, "SELECT agee FROM data", "SELECT count(*) FROM data WHERE age > 900")
    )
    m = found["queries.declared_error", "query:q0"]
    assert m.value < 0.1
    assert 0 < m.baseline < 0.1
    assert "cannot be run" in found["queries.declared_error", "query:q1"].reason
    assert "no answer but 0" in found["queries.declared_error", "query:q2"].reason


def test_a_row_that_a_query_stumbles_over_is_not_quoted(case):
    found = measured(asked(case, "SELECT sex, avg(CAST(sex AS INTEGER)) FROM data GROUP BY sex"))
    said = found["queries.declared_error", "query:q0"].reason
    assert "ConversionException" in said
    assert "'f'" not in said
    assert "'m'" not in said
