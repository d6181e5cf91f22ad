"""Policy: acceptance rules as a document, read from ``policy.toml``."""

from __future__ import annotations

import importlib.resources
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationError, model_validator

from assaymark.core.document import Document, other_format
from assaymark.core.people import Role
from assaymark.core.plain import read_toml
from assaymark.core.threat import Profile
from assaymark.decide.fixture import Fixture, Sample, fixture_measurements
from assaymark.decide.watch import Watch
from assaymark.errors import RecipeError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assaymark.core.measurement import Quantity

__all__ = ["USES", "Policy", "Rule", "check_policy", "parse_policy", "profile_bytes"]

USES = ("policy_simulation", "analytics", "pretraining")
Use = Literal["policy_simulation", "analytics", "pretraining"]


class Rule(Document):
    """One condition on one quantity, judged on the whole interval.

    ``direction`` says which side of ``threshold`` is good: ``at_most``, ``at_least``, or
    ``within`` (between minus and plus ``threshold``). ``subject`` is a glob over the
    measurements' subjects; every subject that matches must pass. ``detect`` is the size of a
    planted leak that the measurement must have been shown to catch before it may PASS.
    """

    id: str
    metric: str
    subject: str = "*"
    direction: Literal["at_most", "at_least", "within"]
    threshold: float = Field(allow_inf_nan=False)
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)
    minimum_n: int = Field(default=0, ge=0)
    detect: Annotated[float, Field(allow_inf_nan=False)] | None = None
    uses: tuple[Use, ...] = Field(min_length=1)
    severity: Literal["block", "warn", "info"] = "block"
    title: str
    why: str
    remedy: str
    origin: str = "proposal"

    @model_validator(mode="after")
    def _attainable(self) -> Rule:
        if self.direction == "within" and self.threshold < 0:
            raise ValueError("within plus or minus a negative threshold nothing can lie")
        return self

    def good(self, x: float) -> bool:
        """Whether the point ``x`` is on the good side."""
        if self.direction == "at_most":
            return x <= self.threshold
        if self.direction == "at_least":
            return x >= self.threshold
        return abs(x) <= self.threshold


class Policy(Document):
    """The rules a release is held to, and for whom they were written.

    ``approvals`` is how many persons of each role must approve, where people are registered;
    ``never_waived`` are ids of rules, ``waivers_at_most`` how many rules may be waived at once.
    ``max_synthetic_depth`` and ``min_real_fraction`` say how far from real rows a release may be;
    ``lot_rows_at_most`` how many times its rows may be handed out in all, its lots included.
    ``watch`` says what follows from what is seen of it later. ``fixture`` are measurements that
    ``assaymark policy test`` holds the rules against.
    """

    LATER: ClassVar[tuple[str, ...]] = (
        "approvals",
        "never_waived",
        "waivers_at_most",
        "max_synthetic_depth",
        "min_real_fraction",
        "lot_rows_at_most",
        "watch",
        "fixture",
    )

    schema_id: Literal["assaymark/policy/v0"] = "assaymark/policy/v0"
    name: str
    profile: Profile
    require_second_person: bool = False
    approvals: dict[Role, Annotated[int, Field(ge=1)]] = Field(default={})
    never_waived: tuple[str, ...] = ()
    waivers_at_most: int = Field(default=2, ge=0)
    max_synthetic_depth: int | None = Field(default=None, ge=1)
    min_real_fraction: float | None = Field(default=None, ge=0.0, le=1.0)
    lot_rows_at_most: float = Field(default=10.0, ge=1.0)
    rule: tuple[Rule, ...] = Field(min_length=1)
    watch: tuple[Watch, ...] = ()
    fixture: tuple[Fixture, ...] = ()

    def rules_for(self, use: str) -> tuple[Rule, ...]:
        """Return the rules that apply to ``use``."""
        return tuple(r for r in self.rule if use in r.uses)


def profile_bytes(profile: Profile) -> bytes:
    """Return the exact bytes of a shipped policy."""
    folder = importlib.resources.files("assaymark.decide") / "profiles"
    return (folder / f"{profile.value}.toml").read_bytes()


def parse_policy(raw: bytes) -> Policy:
    """Read a policy; an unknown key, a wrong type or a doubled rule is an error.

    Raises
    ------
    RecipeError
        When the bytes are not a valid policy; the message names the key and the valid ones.
    """
    try:
        plain = read_toml(raw)
    except ValueError as error:
        raise RecipeError(f"the policy is not valid TOML: {error}") from error
    other = other_format(plain.get("schema_id"), str(Policy.model_fields["schema_id"].default))
    if other:
        raise RecipeError(f"the policy is {other}")
    _check_keys(plain, Policy, "policy")
    _check_tables(plain)
    try:
        policy = Policy.model_validate(_tuples(plain), strict=False)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise RecipeError(f"the policy does not hold together: {wrong}") from error
    ids = [r.id for r in policy.rule]
    strange = [i for i in policy.never_waived if i not in ids]
    if strange:
        raise UnknownNameError("rule", strange[0], ids, "never_waived")
    doubled = sorted({i for i in ids if ids.count(i) > 1})
    if doubled:
        raise RecipeError(f"the policy has two rules called {', '.join(doubled)}")
    _check_watches(policy, ids)
    for f in policy.fixture:
        strange = [i for i in f.rules if i not in ids]
        if strange:
            raise UnknownNameError("rule", strange[0], ids, f"fixture {f.name!r}")
    fixture_measurements(policy.fixture)
    return policy


def check_policy(policy: Policy, quantities: Mapping[str, Quantity]) -> None:
    """Refuse a policy that names an unknown quantity, or one that can prove nothing."""
    for rule in policy.rule:
        quantity = quantities.get(rule.metric)
        if quantity is None:
            raise UnknownNameError("metric", rule.metric, quantities, f"rule {rule.id!r}")
        if not quantity.gate:
            raise RecipeError(
                f"rule {rule.id!r} judges {rule.metric!r}, which cannot support a verdict: "
                f"{quantity.why_not}"
            )
    for fixture in policy.fixture:
        for sample in fixture.measurements:
            if sample.metric not in quantities:
                where = f"fixture {fixture.name!r}"
                raise UnknownNameError("metric", sample.metric, quantities, where)


def _check_watches(policy: Policy, ids: Sequence[str]) -> None:
    """Refuse an entry that has the id of another, or makes an unknown rule STALE."""
    names = [w.id for w in policy.watch]
    doubled = sorted({i for i in names if names.count(i) > 1})
    if doubled:
        raise RecipeError(f"the policy has two entries of [[watch]] called {', '.join(doubled)}")
    for w in policy.watch:
        strange = [i for i in w.rules if i not in ids]
        if strange:
            raise UnknownNameError("rule", strange[0], ids, f"watch {w.id!r}")


def _check_tables(plain: Mapping[str, Any]) -> None:
    """Name an unknown key in a rule, a fixture or a measurement of one, with the nearest."""
    for rule in _tables(plain, "rule", "the policy"):
        _check_keys(rule, Rule, f"rule {rule.get('id', '?')!r}")
    for watch in _tables(plain, "watch", "the policy"):
        _check_keys(watch, Watch, f"watch {watch.get('id', '?')!r}")
    for fixture in _tables(plain, "fixture", "the policy"):
        where = f"fixture {fixture.get('name', '?')!r}"
        _check_keys(fixture, Fixture, where)
        for sample in _tables(fixture, "measurements", where):
            _check_keys(sample, Sample, f"{where}, a measurement of {sample.get('metric', '?')!r}")


def _tables(plain: Mapping[str, Any], key: str, where: str) -> list[Mapping[str, Any]]:
    found = plain.get(key, [])
    if not isinstance(found, list) or not all(isinstance(t, dict) for t in found):
        raise RecipeError(f"{key} of {where} must be a list of tables: [[{key}]]")
    return found


def _check_keys(plain: Mapping[str, Any], model: type[Document], where: str) -> None:
    for key in plain:
        if key not in model.model_fields:
            raise UnknownNameError("key", key, model.model_fields, where)


def _tuples(plain: Any) -> Any:  # noqa: ANN401
    if isinstance(plain, dict):
        return {k: _tuples(v) for k, v in plain.items()}
    return tuple(_tuples(v) for v in plain) if isinstance(plain, list) else plain
