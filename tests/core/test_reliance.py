"""What rests on which columns is read from the claims themselves."""

import json

from pydantic import TypeAdapter

from assaymark.core.claim import ClaimSpec
from assaymark.core.reliance import Reliance, reliances
from assaymark.core.schema import Column, Kind, Role, Schema


def schema():
    names = ("age", "wage", "wage gap", "sex", "ill", "region")
    return Schema(
        columns=tuple(
            Column(
                name=n,
                kind=Kind.CATEGORY,
                roles=(Role.TARGET,) if n == "ill" else (Role.OTHER,),
            )
            for n in names
        )
    )


def test_columns_are_found_in_conditions_formulas_queries_and_code():
    plain = [
        {"kind": "mean", "name": "age", "column": "wage", "where": "age > 40"},
        {"kind": "share", "name": "share", "condition": "`wage gap` > 1"},
        {"kind": "query", "name": "q", "sql": "SELECT region, avg(age) FROM data GROUP BY region"},
        {"kind": "scenario", "name": "s", "code": "rows['sex']", "path": "s.py", "function": "f"},
        {
            "kind": "contrast",
            "name": "c",
            "outcome": "ill",
            "treated": "sex == 'F'",
            "adjust": "ols",
            "covariates": ["age"],
        },
    ]
    claims = [TypeAdapter(ClaimSpec).validate_json(json.dumps(c)) for c in plain]
    assert reliances(claims, schema()) == (
        Reliance(by="claim age", columns=("age", "wage")),
        Reliance(by="claim share", columns=("wage", "wage gap")),
        Reliance(by="claim q", columns=("age", "region")),
        Reliance(by="claim s", columns=("sex",)),
        Reliance(by="claim c", columns=("age", "sex", "ill")),
        Reliance(by="the target", columns=("ill",)),
    )
