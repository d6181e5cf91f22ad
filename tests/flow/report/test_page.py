from dataclasses import replace

from assaymark.core.measurement import Measurement
from assaymark.decide.policy import Rule
from assaymark.decide.verdict import RuleVerdict, Verdict
from assaymark.flow.report.page import Shown, verdict_lines

RULE = Rule(
    id="r", metric="two_sample.auc", direction="at_most", threshold=0.7,
    uses=("analytics",), title="t", why="w", remedy="m",
)  # fmt: skip
JUDGED = Measurement(metric="two_sample.auc", value=0.5, low=0.4, high=0.6, n=400)


def shown(measured, own=()):
    verdict = RuleVerdict(
        rule=RULE, use="analytics", verdict=Verdict.PASS, measurement=JUDGED, reason=""
    )
    stage = Shown(name="confirmation", verdicts=(verdict,), measured=tuple(own))
    (line,) = verdict_lines(stage, measured)
    return line.measurement


def test_what_was_judged_is_shown_not_what_another_holdout_gave_with_the_same_value():
    other = replace(JUDGED, low=0.2, high=0.8, n=90, details={"top": []})
    assert shown([other]) == JUDGED


def test_details_of_the_same_measurement_are_kept():
    rich = replace(JUDGED, details={"top": [{"column": "age"}]})
    assert shown([rich]) == rich


def test_details_of_the_stage_that_judged_are_shown_beside_its_numbers():
    """Of a release, that is the confirmation: its claims are drawn, not none."""
    rich = replace(JUDGED, details={"claim": "reform"})
    other = replace(JUDGED, value=0.52, details={"claim": "reform"})
    assert shown([other], own=[rich]) == rich
