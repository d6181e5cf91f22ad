"""What a model says of itself reaches the reader in whole sentences."""

from assaymark.flow.report.model_words import said_of


def test_rules_rows_and_budget_that_were_not_used_are_said():
    assert said_of({"rows": 5, "rows_left_out": "", "unspent": ""}) == ()
    said = said_of(
        {
            "constraints": ["a <= b", "c > 0"],
            "rows_left_out": "about 29% of the rows (with noise, 20 of a person counted at most)",
            "values_not_found": ["diag (about 24% of the rows)"],
            "unspent": "70% of the budget was not spent, since a limit was met",
        }
    )
    assert said == (
        "Every synthetic row satisfies: a <= b; c > 0.",
        "The limit on rows of one person left out about 29% of the rows (with noise, 20 of a "
        "person counted at most).",
        "Values that were not declared, or that too few people have to be found, are never drawn; "
        "others stand in their place: diag (about 24% of the rows).",
        "70% of the budget was not spent, since a limit was met.",
    )
