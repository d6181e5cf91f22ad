"""Demo: what its acts say."""

from assaymark.decide.verdict import UseStatus
from assaymark.flow.demo import _tell
from assaymark.flow.outcome import Outcome, VerdictRow


def row(rule, subject, verdict="FAIL", severity="block"):
    return VerdictRow(
        rule=rule,
        metric="m",
        subject=subject,
        use="analytics",
        stage="development",
        severity=severity,
        verdict=verdict,
        value=0.5,
        low=0.4,
        high=0.6,
        threshold=0.3,
        direction="at_most",
        n=100,
        limit_of_detection=None,
        reason="it is more",
    )


def test_rules_are_counted_and_not_the_columns_that_they_speak_of():
    """Two columns of one rule and one of another block; one passes, one only warns: two rules."""
    said = []
    outcome = Outcome(
        command="run",
        name="stays",
        uses={"analytics": UseStatus.REFUSED},
        policy="p",
        policy_digest="0" * 64,
        profile="controlled",
        candidate="1" * 64,
        verdicts=(
            row("each-column", "column:a"),
            row("each-column", "column:b"),
            row("copies", "table", "INCONCLUSIVE"),
            row("passes", "table", "PASS"),
            row("warns", "table", severity="warn"),
        ),
        notices=(),
        blocked=(),
        attempts=1,
        earlier=(),
        release=None,
        report=None,
    )
    _tell(outcome, said.append)
    assert said[0] == "  analytics: refused, by 2 of the rules that must pass"
    assert [line.split()[0] for line in said[1:4]] == ["FAIL:", "FAIL:", "INCONCLUSIVE:"]
