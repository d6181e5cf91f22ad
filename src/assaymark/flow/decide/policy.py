"""Policy: what the rules of a policy say, in words for the people who sign."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from assaymark.core.document import Document
from assaymark.core.threat import Profile, threat_of
from assaymark.decide.difference import Change, changes
from assaymark.decide.policy import profile_bytes
from assaymark.decide.self_test import self_test
from assaymark.errors import RecipeError, UnknownNameError
from assaymark.evaluate import metrics
from assaymark.flow.decide.verdicts import read_policy
from assaymark.flow.decide.would_decide import unproven
from assaymark.flow.evaluate.measure import quantities

if TYPE_CHECKING:
    from assaymark.decide.policy import Policy, Rule
    from assaymark.decide.self_test import SelfTest

__all__ = [
    "Difference",
    "Explanation",
    "RuleLine",
    "difference",
    "explain",
    "policy_called",
    "policy_named",
    "rules_of",
    "tested",
]

_SIDES = {"at_most": "at most", "at_least": "at least", "within": "within plus or minus"}


class RuleLine(Document):
    """One rule of a policy, as a list shows it."""

    policy: str
    rule: str
    severity: str
    condition: str
    title: str
    uses: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """The rule as a row of a table."""
        return self.rule, self.severity, self.condition, self.title


class Explanation(Document):
    """All that stands behind one rule: what is measured, how, from which source, what it misses."""

    policy: str
    rule: str
    title: str
    why: str
    severity: Literal["block", "warn", "info"]
    uses: tuple[str, ...]
    metric: str
    subject: str
    condition: str
    unit: str
    meaning: str
    definition: str
    source: str
    pitfalls: str
    passes: str
    origin: str
    remedy: str
    unproven: str
    required: bool


class Difference(Document):
    """What changed from one policy to another, and what that does to what may pass."""

    before: str
    after: str
    effect: Literal["looser", "tighter", "both", "other", "none"]
    changes: tuple[Change, ...]


def policy_called(text: str) -> Policy:
    """Return the shipped policy of the profile ``text``, or the one in the file of that name."""
    if text in set(Profile):
        return policy_named(Profile(text), None)
    return policy_named(None, Path(text))


def tested(text: str) -> SelfTest:
    """Hold a policy against its fixtures, and mutate every rule of it.

    Raises
    ------
    RecipeError
        When the policy carries no fixtures, so that nothing can be tested.
    """
    policy = policy_called(text)
    if not policy.fixture:
        raise RecipeError(
            f"policy {policy.name!r} carries no fixtures, so that nothing can be tested\n\n"
            'Hint: add a [[fixture]] with expect = "approved" and one with expect = "refused"; '
            "`assaymark init` writes a policy that has them, docs/decide.md says how"
        )
    return self_test(policy, quantities())


def difference(before: str, after: str) -> Difference:
    """Say what changed from one policy to another, each a profile's name or a file."""
    old, new = policy_called(before), policy_called(after)
    found = changes(old, new)
    effects = {c.effect for c in found} - {"words"}
    said = {frozenset({"looser"}): "looser", frozenset({"tighter"}): "tighter"}
    both = "both" if {"looser", "tighter"} <= effects else "other"
    return Difference.model_validate(
        {
            "before": old.name,
            "after": new.name,
            "effect": said.get(frozenset(effects), both) if effects else "none",
            "changes": found,
        }
    )


def policy_named(profile: Profile | None, path: Path | None) -> Policy:
    """Return the policy in the file at ``path``, or the shipped one of ``profile``."""
    if path is None:
        return read_policy(profile_bytes(profile or Profile.CONTROLLED))
    try:
        return read_policy(path.read_bytes())
    except OSError as error:
        raise RecipeError(
            f"cannot read the policy {str(path)!r}: {error.strerror}\n\n"
            "Hint: `assaymark init TABLE` writes one; --profile NAME shows a shipped one"
        ) from error


def rules_of(policy: Policy) -> tuple[RuleLine, ...]:
    """Return the rules of ``policy`` in their order."""
    return tuple(
        RuleLine(
            policy=policy.name,
            rule=r.id,
            severity=r.severity,
            condition=_condition(r),
            title=r.title,
            uses=r.uses,
        )
        for r in policy.rule
    )


def explain(policy: Policy, rule_id: str) -> Explanation:
    """Return what stands behind the rule called ``rule_id``.

    Raises
    ------
    UnknownNameError
        When the policy has no such rule.
    """
    rules = {r.id: r for r in policy.rule}
    if rule_id not in rules:
        raise UnknownNameError("rule", rule_id, rules, f"policy {policy.name!r}")
    rule = rules[rule_id]
    quantity = quantities()[rule.metric]
    definition, source = _documented(rule.metric.partition(".")[0])
    return Explanation(
        policy=policy.name,
        rule=rule.id,
        title=rule.title,
        why=rule.why,
        severity=rule.severity,
        uses=rule.uses,
        metric=rule.metric,
        subject=rule.subject,
        condition=_condition(rule),
        unit=quantity.unit,
        meaning=quantity.meaning,
        definition=definition,
        source=source,
        pitfalls=quantity.pitfalls,
        passes=_passes(rule),
        origin=rule.origin,
        remedy=rule.remedy,
        unproven=unproven(rule),
        required=rule.metric in threat_of(policy.profile).attacks,
    )


def _condition(rule: Rule) -> str:
    about = "" if rule.subject in {"table", "*"} else f" of {rule.subject}"
    return f"{rule.metric}{about} {_SIDES[rule.direction]} {rule.threshold:g}"


def _passes(rule: Rule) -> str:
    asked = [f"the whole interval at {rule.confidence:.0%} lies on the good side of the limit"]
    if rule.minimum_n:
        asked.append(f"at least {rule.minimum_n:,} people or records stand behind it")
    if rule.detect is not None:
        asked.append(
            f"a planted leak of size {rule.detect:g} was caught in every one of 14 trials in the "
            "same run"
        )
    return (
        f"PASS when {', and '.join(asked)}; FAIL when the whole interval lies on the bad side, "
        "adjusted for all rules of the gate; INCONCLUSIVE otherwise"
    )


def _documented(metric: str) -> tuple[str, str]:
    """Return how a metric is defined and where it comes from, out of its docstring."""
    text = inspect.getdoc(metrics.load(metric)) or ""
    body, _, source = text.partition("References\n----------\n")
    body = body.partition("Attributes\n----------")[0]
    plain = re.sub(r":\w+:`~?([^`]+)`|``([^`]+)``", r"\1\2", " ".join(body.split()))
    return plain, " ".join(source.split())
