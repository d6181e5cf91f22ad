"""Recipe: one run as a document, read from ``recipe.toml``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, get_args

from pydantic import BaseModel, Field, ValidationError

from assaymark.core.claim import CLAIMS, ClaimSpec
from assaymark.core.constraint import CONSTRAINTS, ConstraintSpec
from assaymark.core.correction import Correction
from assaymark.core.document import Document, other_format
from assaymark.core.invalid import invalid_words
from assaymark.core.label import LabelSpec
from assaymark.core.plain import read_toml
from assaymark.core.plausibility import PLAUSIBILITY, PlausibilitySpec, RuleSpec
from assaymark.core.privacy_spec import PrivacySpec, with_privacy
from assaymark.core.questions import Questions
from assaymark.core.rights import Rights
from assaymark.core.schema import Kind, Role
from assaymark.core.starter import expanded
from assaymark.core.threat import Profile
from assaymark.errors import RecipeError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "BucketDate",
    "ColumnSpec",
    "Drop",
    "Generalise",
    "GenerateSpec",
    "GroupRare",
    "MixedSpec",
    "Recipe",
    "Rights",
    "SourceSpec",
    "SplitSpec",
    "TopCode",
    "TransformSpec",
    "parse_recipe",
    "recipe_of",
]


FOR_ANALYTICS = 10
"""Replicates where analytics is asked for and the recipe does not say how many."""


class MixedSpec(Document):
    """A release of which ``rows`` rows are in the source, beside real ones."""

    release: str
    rows: int = Field(ge=1)


class SourceSpec(Document):
    """Where the rows are, and whose they are; ``path`` is relative to the recipe.

    ``release`` is the folder of the release that the whole table comes from, where it is not one
    of its files, which are recognised; ``mixed`` are releases whose rows stand among real ones.
    """

    LATER: ClassVar[tuple[str, ...]] = ("release", "mixed")

    path: str
    title: str = ""
    release: str = ""
    mixed: tuple[MixedSpec, ...] = ()
    rights: Rights = Rights()


class ColumnSpec(Document):
    """What the user says of one column; what is left out is profiled."""

    roles: tuple[Role, ...] = ()
    kind: Kind | None = None
    missing: tuple[str, ...] = ()


class Drop(Document):
    """Leave columns out."""

    kind: Literal["drop"]
    columns: tuple[str, ...] = Field(min_length=1)
    why: str = ""


class Generalise(Document):
    """Replace values by coarser ones, as a map, a prefix length, or numeric band edges.

    Exactly one of ``map`` (value to group; ``other`` for the rest), ``prefix`` (characters kept)
    and ``edges`` (numbers that start a new band) is given.
    """

    kind: Literal["generalise"]
    column: str
    map: dict[str, str] | None = None
    other: str | None = None
    prefix: int | None = Field(default=None, ge=1)
    edges: tuple[float, ...] | None = None
    why: str = ""


class TopCode(Document):
    """Cap a number at ``high`` and floor it at ``low``."""

    kind: Literal["top_code"]
    column: str
    high: float | None = None
    low: float | None = None
    why: str = ""


class BucketDate(Document):
    """Cut a date down to the first day of its year, quarter, month or week."""

    kind: Literal["bucket_date"]
    column: str
    to: Literal["year", "quarter", "month", "week"]
    why: str = ""


class GroupRare(Document):
    """Put categories held by fewer than ``minimum`` persons into one group called ``into``."""

    kind: Literal["group_rare"]
    columns: tuple[str, ...] = Field(min_length=1)
    minimum: int = Field(ge=2)
    into: str = "other"
    why: str = ""


TransformSpec = Annotated[
    Drop | Generalise | TopCode | BucketDate | GroupRare, Field(discriminator="kind")
]


class SplitSpec(Document):
    """Shares of the persons per part, and what a person is.

    ``unit`` is ``"person"`` (the person key where there is one, else the row) or ``"row"``.
    ``cross_fit`` true deals the table into five folds instead, each of which is held out once, and
    the shares are not used; ``"auto"`` does so below 2,000 persons, and where train would have
    fewer than 1,600.
    """

    LATER: ClassVar[tuple[str, ...]] = ("cross_fit",)

    unit: Literal["person", "row"] = "person"
    train: float = Field(default=0.5, gt=0, lt=1)
    development: float = Field(default=0.2, gt=0, lt=1)
    confirmation: float = Field(default=0.2, gt=0, lt=1)
    reference: float = Field(default=0.1, gt=0, lt=1)
    cross_fit: Literal["auto", True, False] = "auto"


class GenerateSpec(Document):
    """Which generator, with which parameters; ``rows`` 0 means about as many as in train.

    ``replicates`` are tables of ``rows`` rows each, all from one fit: ten where they are left out
    and ``[use]`` names ``analytics``, else one (docs/adr/0022-replicates.md). ``constraint`` holds
    the recipe's ``[[constraint]]`` tables, ``plausible`` the hard rules among its
    ``[[plausibility]]`` tables.
    """

    LATER: ClassVar[tuple[str, ...]] = ("constraint", "plausible")

    generator: str = "tree_chain"
    parameters: dict[str, Any] = Field(default_factory=dict)
    rows: int = Field(default=0, ge=0)
    replicates: int = Field(default=1, ge=1, le=100)
    constraint: tuple[ConstraintSpec, ...] = ()
    plausible: tuple[RuleSpec, ...] = ()

    def within(self, rules: Iterable[RuleSpec]) -> GenerateSpec:
        """Return the same with rules that no row may break besides."""
        return self.model_copy(update={"plausible": (*self.plausible, *rules)})


class UseSpec(Document):
    """Which uses the release is asked for, and whether they affect people's rights.

    ``affects_rights`` true asks for more: see :mod:`assaymark.decide.affecting`.
    """

    LATER: ClassVar[tuple[str, ...]] = ("affects_rights",)

    affects_rights: bool = False
    requested: tuple[Literal["policy_simulation", "analytics", "pretraining"], ...] = Field(
        default=("analytics", "pretraining"), min_length=1
    )


class ThreatSpec(Document):
    """Which profile of recipients the release is meant for."""

    profile: Profile = Profile.CONTROLLED


class Recipe(Document):
    """Source, columns, transformations, split, generator, uses, threat and questions of one run."""

    LATER: ClassVar[tuple[str, ...]] = ("claim", "plausibility", "correction", "label", "privacy")

    schema_id: Literal["assaymark/recipe/v0"] = "assaymark/recipe/v0"
    name: str
    source: SourceSpec
    columns: dict[str, ColumnSpec] = Field(default_factory=dict)
    transform: tuple[TransformSpec, ...] = ()
    split: SplitSpec = SplitSpec()
    generate: GenerateSpec = GenerateSpec()
    privacy: PrivacySpec | None = None
    use: UseSpec = UseSpec()
    threat: ThreatSpec = ThreatSpec()
    claim: tuple[ClaimSpec, ...] = ()
    plausibility: tuple[PlausibilitySpec, ...] = ()
    correction: tuple[Correction, ...] = ()
    label: tuple[LabelSpec, ...] = ()

    @property
    def making(self) -> GenerateSpec:
        """How rows are made: as ``generate`` says, and none that a hard rule excludes.

        Under ``[privacy]`` rules are judged and not kept to: keeping to them looks at real rows.
        """
        if self.privacy is not None:
            return self.generate
        return self.generate.within(r for r in expanded(self.plausibility) if r.severity == "hard")

    @property
    def questions(self) -> Questions:
        """What the recipe asks of the rows besides the metrics."""
        return Questions(
            claim=self.claim,
            plausibility=expanded(self.plausibility),
            correction=self.correction,
        )


def parse_recipe(raw: bytes) -> Recipe:
    """Read a recipe; an unknown key or a wrong value is an error that names the valid ones.

    In ``[columns]`` a value may be a role, a list of roles, or a table of roles, kind, missing.

    Raises
    ------
    RecipeError
        When the bytes are not a valid recipe.
    """
    try:
        plain = read_toml(raw)
    except ValueError as error:
        raise RecipeError(f"the recipe is not valid TOML: {error}") from error
    return recipe_of(plain)


def recipe_of(told: Mapping[str, Any]) -> Recipe:
    """Return the recipe that parsed TOML holds; errors as those of :func:`parse_recipe`."""
    plain = dict(told)
    other = other_format(plain.get("schema_id"), str(Recipe.model_fields["schema_id"].default))
    if other:
        raise RecipeError(f"the recipe is {other}")
    columns = plain.get("columns", {})
    if not isinstance(columns, dict):
        raise RecipeError("[columns] must be a table of column = role\n\nHint: age = 'other'")
    plain["columns"] = {name: _column(name, spec) for name, spec in columns.items()}
    constraints = plain.pop("constraint", [])
    _check_keys(plain, Recipe, "the recipe")
    for step in plain.get("transform", []):
        _check_kind(step, _TRANSFORMS, "transform", "transformation")
    for rule in constraints:
        _check_kind(rule, CONSTRAINTS, "constraint", "constraint")
    _check_questions(plain, "claim", CLAIMS)
    _check_questions(plain, "plausibility", PLAUSIBILITY)
    _set_replicates(plain)
    for row in plain.get("correction", []):
        _check_keys(row, Correction, "a correction")
    _check_labels(plain.get("label", []))
    if constraints:
        plain["generate"] = {**plain.get("generate", {}), "constraint": constraints}
    try:
        plain = with_privacy(_tuples(plain))
        recipe = Recipe.model_validate(plain, strict=False)
    except ValidationError as error:
        raise RecipeError(
            f"the recipe does not hold together: {invalid_words(error, plain)}"
        ) from error
    expanded(recipe.plausibility)
    recipe.source.rights.check()
    s = recipe.split
    total = s.train + s.development + s.confirmation + s.reference
    if abs(total - 1) > 1e-9:
        raise RecipeError(f"the shares in [split] add up to {total:g}, not to 1")
    return recipe


def _set_replicates(plain: dict[str, Any]) -> None:
    use, generate = plain.get("use", {}), plain.get("generate", {})
    if not (isinstance(use, dict) and isinstance(generate, dict)) or "replicates" in generate:
        return
    requested = use.get("requested", ())
    if isinstance(requested, list) and "analytics" in requested:
        plain["generate"] = {**generate, "replicates": FOR_ANALYTICS}


def _column(name: str, spec: object) -> dict[str, Any]:
    if isinstance(spec, str):
        spec = {"roles": [spec]}
    elif isinstance(spec, list):
        spec = {"roles": spec}
    if not isinstance(spec, dict):
        raise RecipeError(f"column {name!r} must be a role, a list of roles or a table")
    for key in spec:
        if key not in ColumnSpec.model_fields:
            raise UnknownNameError("key", key, ColumnSpec.model_fields, f"column {name!r}")
    roles = [spec["roles"]] if isinstance(spec.get("roles"), str) else spec.get("roles", [])
    for role in roles:
        if role not in set(Role):
            raise UnknownNameError("role", str(role), [r.value for r in Role], f"column {name!r}")
    return {**spec, "roles": list(roles)}


_TRANSFORMS: dict[str, type[Document]] = {
    get_args(m.model_fields["kind"].annotation)[0]: m
    for m in (Drop, Generalise, TopCode, BucketDate, GroupRare)
}


def _check_kind(step: object, kinds: Mapping[str, type[Document]], table: str, noun: str) -> None:
    if not isinstance(step, dict) or "kind" not in step:
        raise RecipeError(f"a [[{table}]] needs a kind\n\nHint: {', '.join(sorted(kinds))}")
    model = kinds.get(str(step["kind"]))
    if model is None:
        raise UnknownNameError(noun, str(step["kind"]), kinds)
    for key in step:
        if key not in model.model_fields:
            raise UnknownNameError("key", key, model.model_fields, f"{table} {step['kind']!r}")


def _check_questions(
    plain: Mapping[str, Any], table: str, kinds: Mapping[str, type[Document]]
) -> None:
    rows = plain.get(table, [])
    for row in rows:
        _check_kind(row, kinds, table, table)
    names = [row["name"] for row in rows if "name" in row]
    twice = sorted({str(n) for n in names if names.count(n) > 1})
    if twice:
        raise RecipeError(f"two [[{table}]] tables have the same name: {', '.join(twice)}")


def _check_labels(rows: object) -> None:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RecipeError("label must be a list of tables\n\nHint: [[label]], then column and how")
    for row in rows:
        for key in row:
            if key not in LabelSpec.model_fields:
                raise UnknownNameError("key", key, LabelSpec.model_fields, "[[label]]")


def _check_keys(plain: dict[str, Any], model: type[BaseModel], where: str) -> None:
    for key, value in plain.items():
        if key not in model.model_fields:
            raise UnknownNameError("key", key, model.model_fields, where)
        inner = model.model_fields[key].annotation
        nested = isinstance(inner, type) and issubclass(inner, BaseModel)
        if nested and isinstance(value, dict) and isinstance(inner, type):
            _check_keys(value, inner, f"[{key}]")


def _tuples(plain: Any) -> Any:  # noqa: ANN401
    if isinstance(plain, dict):
        return {k: _tuples(v) for k, v in plain.items()}
    return tuple(_tuples(v) for v in plain) if isinstance(plain, list) else plain
