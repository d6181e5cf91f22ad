"""A policy that cannot block, or that lets through what it must stop, is found by its own test."""

import pytest

from assaymark.core.measurement import Measurement, Quantity
from assaymark.core.threat import Profile, threat_of
from assaymark.decide.policy import parse_policy, profile_bytes
from assaymark.decide.self_test import MUTATIONS, self_test
from assaymark.decide.verdict import UseStatus
from assaymark.errors import RecipeError, UnknownNameError
from assaymark.flow.evaluate.measure import quantities

ATTACKS = threat_of(Profile.ENCLAVE).attacks


def rule(metric, **changes):
    said = {
        "id": metric,
        "metric": metric,
        "direction": "at_most",
        "threshold": 0.1,
        "uses": ["analytics"],
        **dict.fromkeys(("title", "why", "remedy"), "w"),
        **changes,
    }
    return "\n[[rule]]\n" + "\n".join(f"{k} = {toml(v)}" for k, v in said.items())


def toml(v):
    return f'"{v}"' if isinstance(v, str) else str(v).replace("'", '"')


def sample(metric, more="value = 0.05, low = 0.0, high = 0.09, n = 500"):
    return f'{{ metric = "{metric}", {more} }}'


def fixture(name, expect, samples, more=""):
    listed = ",\n".join(samples)
    return (
        f'\n[[fixture]]\nname = "{name}"\nexpect = "{expect}"\n{more}\nmeasurements = [{listed}]\n'
    )


CLEAN = fixture("clean", "approved", [sample(m) for m in (*ATTACKS, "m.x")])
LEAK = fixture(
    "leak", "refused", [sample("m.x", "value = 0.4, low = 0.3, high = 0.5, n = 500")],
    'like = "clean"\nrules = ["m.x"]',
)  # fmt: skip


def policy(*tables, **changes):
    rules = [rule(m) for m in ATTACKS]
    text = 'name = "p"\nprofile = "enclave"' + "".join([*rules, rule("m.x", **changes), *tables])
    return parse_policy(text.encode())


def known(unit="share of people"):
    found = {
        m: Quantity(name=m, title="t", unit=unit, better="lower", meaning="m") for m in ATTACKS
    }
    return {**found, "m.x": Quantity(name="m.x", title="t", unit=unit, better="lower", meaning="m")}


def problems(*tables, unit="share of people", **changes):
    return self_test(policy(*tables, **changes), known(unit)).problems


def test_a_sound_policy_has_no_problem():
    found = self_test(policy(CLEAN, LEAK), known())
    assert found.problems == ()
    assert len(found.notes) == len(ATTACKS)
    assert [f.uses for f in found.fixtures] == [{"analytics": "approved"}, {"analytics": "refused"}]


@pytest.mark.parametrize("direction", ["at_most", "at_least", "within"])
@pytest.mark.parametrize("unit", ["AUC", "share of people", "rows"])
def test_every_mutation_stops_a_rule_of_every_direction(direction, unit):
    value = "value = 0.3, low = 0.2, high = 0.4, n = 500, limit_of_detection = 0.05"
    threshold = {"at_most": 0.5, "at_least": 0.1, "within": 0.5}[direction]
    clean = fixture("clean", "approved", [*map(sample, ATTACKS), sample("m.x", value)])
    stopped = fixture("none", "inconclusive", [sample("m.x", 'reason = "none"')], 'like = "clean"')
    changed = {"direction": direction, "threshold": threshold, "detect": 0.1, "minimum_n": 500}
    found = self_test(policy(clean, stopped, **changed), known(unit))
    assert found.problems == ()
    (last,) = [r for r in found.rules if r.rule == "m.x"]
    assert set(last.outcomes) == set(MUTATIONS)
    assert last.outcomes == {
        "threshold crossed": "FAIL",
        "interval across": "INCONCLUSIVE",
        **dict.fromkeys(("value missing", "metric missing", "metric renamed"), "NOT_RUN"),
        "not a number": "not readable",
        "other bytes": "STALE",
        **dict.fromkeys(("control failed", "too few", "confidence low"), "INCONCLUSIVE"),
    }


def test_a_rule_that_no_value_can_break_is_named():
    said = "rule 'm.x': no value that its metric can take is beyond the threshold"
    assert said in problems(CLEAN, LEAK, threshold=1.0)
    assert said not in problems(CLEAN, LEAK, threshold=1.0, unit="rows")


def test_a_rule_that_no_fixture_asks_for_is_named():
    found = problems(CLEAN, LEAK, uses=["pretraining"])
    assert any(p.startswith("rule 'm.x': it PASSes in no fixture") for p in found)


def test_a_leak_that_passes_and_a_clean_sample_that_does_not_are_named():
    found = problems(CLEAN, LEAK, threshold=0.9)
    assert "fixture 'leak': analytics must be refused, and is approved" in found
    assert "fixture 'leak': 'm.x' must block, and does not" in found
    found = problems(CLEAN, LEAK, threshold=0.01)
    assert "fixture 'clean': analytics must be approved, and is inconclusive" in found


def test_a_policy_that_nothing_tests_says_what_is_lacking():
    first, second = problems()[:2]
    assert "what the rules must let through" in first
    assert "what they must stop" in second


def test_a_gate_that_lets_a_mutation_through_is_found(monkeypatch):
    """The self-test is itself tested: without the check of n, "too few" is named."""
    from assaymark.decide import gate

    whole = gate._missing_proof
    monkeypatch.setattr(
        gate,
        "_missing_proof",
        lambda r, m, lo, hi: "" if m.n < r.minimum_n else whole(r, m, lo, hi),
    )
    assert "rule 'm.x': it still PASSes" in problems(CLEAN, LEAK, minimum_n=500)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (CLEAN + CLEAN, "two fixtures called 'clean'"),
        (LEAK, "unknown fixture 'clean'"),
        (CLEAN + LEAK.replace('rules = ["m.x"]', 'rules = ["m.y"]'), "unknown rule 'm.y'"),
        (CLEAN.replace("n = 500", "nn = 500", 1), "did you mean 'n'"),
        (CLEAN.replace("expect", "expects"), "did you mean 'expect'"),
        (CLEAN.replace("value = 0.05", "value = nan", 1), "finite number"),
        (CLEAN.replace("low = 0.0", "low = 0.3", 1), "upside down"),
        (CLEAN.replace("value = 0.05, ", "", 1), "a value or a reason"),
        (fixture("f", "approved", [sample("m.x"), sample("m.x")]), "two measurements of one"),
        ('\n[fixture]\nname = "f"\n', r"\[\[fixture\]\]"),
    ],
)
def test_a_fixture_that_does_not_hold_together_is_an_error(table, said):
    with pytest.raises((RecipeError, UnknownNameError), match=said):
        policy(table)


@pytest.mark.slow
@pytest.mark.parametrize("profile", list(Profile))
def test_the_shipped_policies_pass_their_own_test(profile):
    found = self_test(parse_policy(profile_bytes(profile)), quantities())
    assert found.problems == ()
    assert {f.expected for f in found.fixtures} == {"approved", "refused", "inconclusive"}
    for r in found.rules:
        assert r.outcomes["threshold crossed"] == "FAIL"
    assert any("'other-attacks-fail-too'" in n for n in found.notes) is (profile != "enclave")


def test_a_gate_that_approves_over_a_rule_or_calls_a_bad_value_unsure_is_found(monkeypatch):
    from assaymark.decide import gate

    with monkeypatch.context() as patch:
        patch.setattr(gate, "status_of", lambda _: UseStatus.APPROVED)
        found = problems(CLEAN, LEAK)
    assert "rule 'm.x': it is FAIL, and a use is approved all the same" in found
    monkeypatch.setattr(gate, "_wholly_bad", lambda *_: False)
    said = "rule 'm.x': a value beyond the threshold ends INCONCLUSIVE, not FAIL"
    assert said in problems(CLEAN, LEAK)


def test_numbers_that_are_none_and_can_be_read_are_found(monkeypatch):
    class Lax:
        def __init__(self, m):
            self.m = m

        @classmethod
        def of(cls, m):
            return cls(m)

        def model_copy(self, update):
            return self

        def measurement(self):
            return self.m

    monkeypatch.setattr("assaymark.decide.self_test.MeasurementRecord", Lax)
    assert "rule 'm.x': value = nan: it still PASSes" in problems(CLEAN, LEAK)
    gone = Measurement.missing("m.x", "gone")
    monkeypatch.setattr(Lax, "measurement", lambda self: gone)
    assert not any("m.x" in p for p in problems(CLEAN, LEAK))


def test_a_rule_is_mutated_on_the_first_fixture_in_which_it_passes():
    less = fixture(
        "less", "approved", [sample("m.x", "value = 0.4, low = 0.3, high = 0.5, n = 500")],
        'like = "clean"',
    )  # fmt: skip
    found = self_test(policy(CLEAN, less, severity="warn"), known())
    assert {r.fixture for r in found.rules} == {"clean"}
    turned = less.replace('like = "clean"', "").replace(
        "measurements = [", "measurements = [" + ", ".join(map(sample, ATTACKS)) + ", "
    )
    after = CLEAN.replace('"clean"', '"second"')
    found = self_test(policy(turned, after, severity="warn"), known())
    assert {r.fixture for r in found.rules if r.rule == "m.x"} == {"second"}
