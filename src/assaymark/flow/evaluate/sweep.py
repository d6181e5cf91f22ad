"""Sweep: how close and how useful rows are at one epsilon after another, and what asking costs."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assaymark.core.comparison import Figure, Plain
from assaymark.core.recipe import parse_recipe
from assaymark.core.zcdp import best_success, epsilon_of, rho_of
from assaymark.errors import InputError, NotApprovedError, RecipeError
from assaymark.flow.evaluate.compare import Comparing, compare
from assaymark.flow.evaluate.entrants import Entrant, Entrants, prepared_alike
from assaymark.flow.progress import silent
from assaymark.flow.release.log import workspace_at
from assaymark.flow.source.budget import balance_of
from assaymark.flow.source.queries import asked_of
from assaymark.source.read import read_table

if TYPE_CHECKING:
    from assaymark.core.privacy_spec import PrivacySpec
    from assaymark.core.recipe import Recipe
    from assaymark.flow.progress import Progress

__all__ = ["EPSILONS", "Sweeping", "Swept", "sweep"]

EPSILONS = (0.3, 1.0, 3.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeping:
    """Which epsilons, how many fits of each, and on whose rows.

    ``proxy`` is a public table with the same columns: nothing is charged then, and the figures
    are about that table. Without one, every fit is charged to the recipe's own people.
    """

    workspace: Path = Path(".assaymark")
    epsilons: tuple[float, ...] = EPSILONS
    repeats: int = 1
    proxy: Path | None = None
    report: Path | None = Path("sweep.html")
    rows: int = 10_000
    seed: int | None = None


class SweptLine(Plain):
    """One epsilon: what an attacker can reach at most, and what the rows are good for."""

    epsilon: float
    right: float
    closeness: Figure
    utility: Figure
    reason: str = ""


class Swept(Plain):
    """What was found, and what it cost: epsilon of all fits together, and of the account after."""

    name: str
    proxy: bool
    cost: float
    spent: float
    cap: float
    real_utility: Figure
    lines: tuple[SweptLine, ...]
    notices: tuple[str, ...]
    report: str | None


def sweep(path: Path, how: Sweeping, progress: Progress = silent) -> Swept:
    """Fit the recipe at each epsilon, and say how close and how useful its rows are.

    Raises
    ------
    InputError
        When the recipe has no budget, or an epsilon is no number above 0.
    NotApprovedError
        When all fits together cost more than is left of the people's budget; nothing is fitted.
    """
    recipe = _recipe(path)
    if recipe.privacy is None:
        raise InputError(
            "the recipe has no [privacy], so that there is no epsilon to choose\n\nHint: "
            '[privacy] with epsilon = 1.0 and unit = "row", or the column of the person'
        )
    if not how.epsilons or not all(math.isfinite(e) and e > 0 for e in how.epsilons):
        raise InputError(
            f"epsilons {', '.join(map(str, how.epsilons)) or 'none'}: each must be a positive, "
            "finite number\n\nHint: --epsilon 1 --epsilon 3"
        )
    frame = read_table(how.proxy or path.parent / recipe.source.path)
    every = tuple(
        Entrant(name=f"epsilon {e:g}", recipe=_at(recipe, e)) for e in sorted(set(how.epsilons))
    )
    entrants = Entrants(name=recipe.name, frame=frame, every=every)
    if how.proxy is None:
        return _swept(entrants, how, how.workspace, progress)
    with tempfile.TemporaryDirectory() as folder:
        return _swept(entrants, how, Path(folder) / "workspace", progress)


def _recipe(path: Path) -> Recipe:
    try:
        return parse_recipe(path.read_bytes())
    except OSError as error:
        raise RecipeError(f"cannot read the recipe {str(path)!r}: {error.strerror}") from error


def _swept(entrants: Entrants, how: Sweeping, where: Path, progress: Progress) -> Swept:
    cost = _affordable(entrants, how, where)
    found = compare(
        entrants,
        Comparing(
            workspace=where, repeats=how.repeats, rows=how.rows, seed=how.seed, report=how.report
        ),
        progress,
    )
    spent, cap = _account(entrants, where)
    specs = [_spec(e) for e in entrants.every]
    lines = tuple(
        SweptLine(
            epsilon=s.epsilon,
            right=best_success(s.epsilon, s.delta),
            closeness=c.closeness,
            utility=c.utility,
            reason=c.reason,
        )
        for s, c in zip(specs, found.contenders, strict=True)
    )
    return Swept(
        name=entrants.name,
        proxy=how.proxy is not None,
        cost=0.0 if how.proxy is not None else cost,
        spent=0.0 if how.proxy is not None else spent,
        cap=cap,
        real_utility=found.real_utility,
        lines=lines,
        notices=found.notices,
        report=found.report,
    )


def _affordable(entrants: Entrants, how: Sweeping, where: Path) -> float:
    """Return what all fits cost together; refuse where it is more than is left."""
    specs = [_spec(e) for e in entrants.every]
    fits = how.repeats + 1
    rho = fits * math.fsum(rho_of(s.epsilon, s.delta) for s in specs)
    delta = fits * math.fsum(s.delta for s in specs)
    cost = epsilon_of(rho, min(delta, 0.5))
    if how.proxy is not None:
        return cost
    workspace = workspace_at(where, make=True)
    with workspace.lock():
        prepared = prepared_alike(entrants, workspace.secret("split"))[0]
        assert prepared.prints is not None  # noqa: S101
        before = balance_of(asked_of(workspace, prepared), prepared.prints)
    caps = [s.budget for s in specs if s.budget is not None]
    cap = min([before.cap, *caps])
    after = epsilon_of(before.rho + rho, min(before.delta + delta, 0.5))
    if after > cap:
        raise NotApprovedError(
            f"{fits * len(specs)} fits would cost epsilon {cost:.3g}, and bring the account of "
            f"these people from {before.epsilon:.3g} to {after:.3g}, above {cap:.3g}; nothing "
            "was fitted\n\nHint: fewer or lower --epsilon, or --proxy FILE with a public table of "
            "the same columns, or rows of a release under differential privacy: both cost nothing"
        )
    return cost


def _account(entrants: Entrants, where: Path) -> tuple[float, float]:
    workspace = workspace_at(where, make=True)
    with workspace.lock():
        prepared = prepared_alike(entrants, workspace.secret("split"))[0]
        assert prepared.prints is not None  # noqa: S101
        after = balance_of(asked_of(workspace, prepared), prepared.prints)
    return after.epsilon, after.cap


def _at(recipe: Recipe, epsilon: float) -> Recipe:
    """Return the recipe at another epsilon, without canaries."""
    spec = recipe.privacy
    assert spec is not None  # noqa: S101
    making = recipe.generate
    parameters = {**making.parameters, "epsilon": epsilon}
    return recipe.model_copy(
        update={
            "privacy": spec.model_copy(update={"epsilon": epsilon, "canaries": 0}),
            "generate": making.model_copy(update={"parameters": parameters}),
        }
    )


def _spec(entrant: Entrant) -> PrivacySpec:
    spec = entrant.recipe.privacy
    assert spec is not None  # noqa: S101
    return spec
