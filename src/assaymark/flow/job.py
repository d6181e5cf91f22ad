"""Job: what a run is asked for, read and checked; and all that is known of one that ran."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from assaymark.core.claim_check import check_named
from assaymark.core.recipe import parse_recipe
from assaymark.core.time_limit import LIMIT
from assaymark.decide.policy import profile_bytes
from assaymark.errors import RecipeError
from assaymark.flow.decide.verdicts import read_policy
from assaymark.flow.source.claims import with_code
from assaymark.flow.source.parents import taken_from, under_parents_terms
from assaymark.flow.source.rights import check_columns, check_terms
from assaymark.flow.source.sources import changed_since, under_registered_terms
from assaymark.source.read import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from assaymark.core.ancestry import Ancestry
    from assaymark.core.dataset import Dataset
    from assaymark.core.generator import GeneratorVersion
    from assaymark.core.recipe import Recipe
    from assaymark.core.threat import Profile, ThreatModel
    from assaymark.core.waiver import Waiver
    from assaymark.decide.policy import Policy
    from assaymark.flow.decide.verdicts import Decision
    from assaymark.flow.evaluate.earlier import Earlier
    from assaymark.flow.generate.attempt import Attempt
    from assaymark.flow.source.parents import Taken
    from assaymark.flow.source.read import Prepared

__all__ = ["Job", "Options", "Ran", "read_job"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run: nothing here changes what is asked for, except ``seed``.

    ``confirm`` False keeps the confirmation holdout closed; ``fresh`` makes a new attempt where
    a candidate is there already; ``seed`` is public and marks what it makes; ``time_limit`` is
    what one metric may take, in seconds.
    """

    workspace: Path = Path(".assaymark")
    confirm: bool = True
    fresh: bool = False
    seed: int | None = None
    time_limit: float = LIMIT


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """Recipe, policy and table, read and checked; ``policy_bytes`` are the exact bytes.

    ``changed`` says that the file is not the one that was registered; ``parents`` are the releases
    that its rows come from.
    """

    recipe: Recipe
    recipe_bytes: bytes
    policy: Policy
    policy_bytes: bytes
    frame: pl.DataFrame
    uses: tuple[str, ...]
    changed: str = ""
    parents: tuple[Taken, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ran:
    """All that a report, a release or a face may want to know of a run.

    ``reviewed`` says that a second person is registered, whose approval a release needs.
    """

    job: Job
    prepared: Prepared
    attempt: Attempt
    decision: Decision
    earlier: Earlier
    ancestry: Ancestry
    generator: GeneratorVersion
    threat: ThreatModel
    synthetics: tuple[Dataset, ...]
    attempts: int
    openings: int
    randomness: str
    notices: tuple[str, ...]
    blocked: tuple[str, ...]
    reviewed: bool
    waivers: tuple[tuple[Waiver, bytes], ...]
    now: datetime


def read_job(
    recipe_path: Path,
    *,
    policy_path: Path | None = None,
    uses: Sequence[str] = (),
    data: pl.DataFrame | None = None,
    workspace: Path | None = None,
) -> Job:
    """Read what a run needs; the policy is the one given, the one beside the recipe, or shipped.

    Where the source is registered in ``workspace``, its registered terms hold too, and where its
    rows come from releases, the terms of these.

    Raises
    ------
    RecipeError
        When recipe and policy are unreadable, or are meant for different recipients.
    UnknownNameError
        When a claim names a column that is not there.
    NotApprovedError
        When the source's terms rule out a requested use, or it has expired; raised before the
        table is read.
    """
    recipe_bytes = _bytes_of(recipe_path, "recipe")
    recipe = with_code(parse_recipe(recipe_bytes), recipe_path.parent)
    table = recipe_path.parent / recipe.source.path
    recipe = under_registered_terms(workspace, recipe, table)
    own = recipe.source.rights
    wanted = tuple(dict.fromkeys(uses)) or recipe.use.requested
    parents = taken_from(workspace, recipe, recipe_path.parent, given=data is not None)
    recipe = under_parents_terms(workspace, recipe, parents, wanted)
    check_terms(recipe.source.rights, wanted, datetime.now(UTC).date())
    profile = recipe.threat.profile
    raw = _policy_bytes(recipe_path, policy_path, profile)
    policy = read_policy(raw)
    if policy.profile is not profile:
        raise RecipeError(
            f"the recipe is meant for profile {profile.value!r}, and the policy for "
            f"{policy.profile.value!r}\n\nHint: change profile in [threat] or take another policy"
        )
    frame = read_table(table) if data is None else data
    check_columns(own, frame.columns)
    check_named(recipe.claim, frame.columns)
    return Job(
        recipe=recipe,
        recipe_bytes=recipe_bytes,
        policy=policy,
        policy_bytes=raw,
        frame=frame,
        uses=wanted,
        changed=changed_since(workspace, table) if data is None else "",
        parents=parents,
    )


def _policy_bytes(recipe: Path, policy: Path | None, profile: Profile) -> bytes:
    """Return the policy asked for, the one beside the recipe, or the shipped one."""
    if policy is not None:
        return _bytes_of(policy, "policy")
    beside = recipe.parent / "policy.toml"
    return _bytes_of(beside, "policy") if beside.is_file() else profile_bytes(profile)


def _bytes_of(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RecipeError(
            f"cannot read the {what} {str(path)!r}: {error.strerror}\n\n"
            "Hint: `assaymark init TABLE` writes a recipe.toml and a policy.toml"
        ) from error
