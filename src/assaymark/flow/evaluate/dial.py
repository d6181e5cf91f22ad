"""Dial: how close to the source a recipe may go before an attack that refits it succeeds."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assaymark.core.case import Case
from assaymark.core.comparison import Figure
from assaymark.core.dial import Dialled, Notch
from assaymark.core.threat import Profile, threat_of
from assaymark.errors import AssaymarkError, InputError
from assaymark.evaluate.privacy.shadow import Shadow
from assaymark.evaluate.yardstick import teller
from assaymark.flow.evaluate.compare import Comparing, benches_of, ceiling_of, hygiene_of
from assaymark.flow.evaluate.trial import made_of, mean_of
from assaymark.flow.generate.fit import refitter
from assaymark.flow.progress import silent
from assaymark.flow.release.log import workspace_at
from assaymark.flow.written import write_page
from assaymark.generate.notches import NOTCHES
from assaymark.release.pages.dial import render_dial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from assaymark.core.dataset import Dataset
    from assaymark.core.measurement import Measurement
    from assaymark.core.recipe import GenerateSpec
    from assaymark.core.streams import Streams
    from assaymark.flow.evaluate.entrants import Entrants
    from assaymark.flow.evaluate.trial import Bench, Made
    from assaymark.flow.progress import Progress
    from assaymark.generate.notches import NotchSetting

__all__ = ["Dialling", "dial", "with_parameters"]

_GENERATOR = "tree_chain"
_CHANCE, _FEWEST_WORLDS = 0.01, 16
_WHOM = ("table", "records:isolated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialling:
    """How to turn the dial.

    ``at_most`` is the share of members that may be recognised where 1 % of others are; ``people``
    are in each fit that is attacked, at most; ``rows`` are looked at by closeness.
    """

    workspace: Path = Path(".assaymark")
    at_most: float = 0.02
    worlds: int = 40
    people: int = 10_000
    repeats: int = 3
    rows: int = 10_000
    seed: int | None = None
    report: Path | None = Path("dial.html")

    def check(self) -> None:
        """Refuse what cannot be measured.

        Raises
        ------
        InputError
            When a number is out of its range.
        """
        if not _CHANCE < self.at_most <= 1:
            raise InputError(
                f"a limit of {self.at_most:g}\n\nHint: between 0.01, which is chance, and 1; "
                "0.02 is twice chance"
            )
        if self.worlds < _FEWEST_WORLDS or self.people < 1 or self.repeats < 1:
            raise InputError(
                f"{self.worlds} fits of {self.people} people, {self.repeats} repeats\n\nHint: at "
                f"least {_FEWEST_WORLDS} fits, 1 person and 1 repeat"
            )

    @property
    def comparing(self) -> Comparing:
        """The same, as a comparison in which the attacker may refit."""
        return Comparing(
            workspace=self.workspace,
            repeats=self.repeats,
            rows=self.rows,
            shadow=True,
            seed=self.seed,
            report=None,
        )


def dial(entrants: Entrants, how: Dialling, progress: Progress = silent) -> Dialled:
    """Measure every notch of one recipe, the safest first, and choose the closest that holds.

    A notch holds where the upper ends of both 95 % intervals, that of anyone and that of the most
    isolated, are within ``at_most``. Chosen is the last one before the first that does not hold:
    tests in a fixed order need no correction for their number. Train and the development holdout
    are looked at, the confirmation holdout stays closed.

    Raises
    ------
    InputError
        When the recipe has another generator than `tree_chain`, or a number is out of range.
    NotApprovedError
        When the holdout shares rows or persons with train beyond the policy's limit.

    References
    ----------
    Maurer, Hothorn & Lehmacher (1995), fixed-sequence testing.
    """
    how.check()
    spec = entrants.every[0].recipe.making
    if spec.generator != _GENERATOR:
        raise InputError(
            f"the dial turns {_GENERATOR!r}, and the recipe has {spec.generator!r}\n\nHint: "
            "`assaymark compare --shadow` attacks any generator"
        )
    workspace = workspace_at(how.workspace, make=True)
    with workspace.lock():
        _, (bench,) = benches_of(workspace, entrants, how.comparing, progress)
        hygiene = hygiene_of(bench)
        notches = [
            _notch(spec, setting, (bench, how), i / len(NOTCHES))
            for i, setting in enumerate(NOTCHES)
        ]
        found = Dialled(
            name=entrants.name,
            made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            at_most=how.at_most,
            people=min(how.people, bench.parts.train.n_persons),
            worlds=how.worlds,
            repeats=how.repeats,
            told_by=teller(),
            ceiling=mean_of(ceiling_of(bench, how.repeats), least=0.0),
            notches=tuple(notches),
            chosen=_chosen(notches),
            notices=(hygiene.words, *_notices(how, notches)),
            report=None if how.report is None else str(how.report),
        )
    if how.report is not None:
        write_page(how.report, render_dial(found))
    progress("release", "none: the dial releases nothing", 1.0)
    return found


def with_parameters(recipe: str, found: Dialled) -> str:
    """Return the text of a recipe with the parameters of the chosen notch.

    Raises
    ------
    InputError
        When no notch was chosen, or the recipe has parameters already.
    """
    chosen = next((n for n in found.notches if n.name == found.chosen), None)
    if chosen is None:
        raise InputError("no setting of the dial holds, so that no recipe is written")
    if "parameters" in tomllib.loads(recipe).get("generate", {}):
        raise InputError(
            "the recipe has parameters of its own\n\nHint: put these there by hand: "
            f"{_toml(chosen.parameters)}"
        )
    if not chosen.parameters:
        return recipe
    lines = _toml(chosen.parameters).replace(", ", "\n")
    return f"{recipe.rstrip()}\n\n# set by `assaymark dial`\n[generate.parameters]\n{lines}\n"


def _toml(parameters: dict[str, bool | int | float | str]) -> str:
    return ", ".join(f"{k} = {str(v).lower()}" for k, v in parameters.items())


def _notch(
    spec: GenerateSpec, setting: NotchSetting, at: tuple[Bench, Dialling], share: float
) -> Notch:
    """Fit one notch, tell its rows apart, and attack it; one that cannot be fitted says why."""
    bench, how = at
    own = spec.model_copy(update={"parameters": {**spec.parameters, **setting.parameters}})

    def said(what: str) -> None:
        bench.progress("generate", f"{setting.name}: {what}", share)

    try:
        made = made_of(own, setting.name, bench, said)
        attacks = _attacked(own, bench, how, said)
    except AssaymarkError as error:
        return _found(setting, how.at_most, reason=str(error).partition("\n")[0])
    return _found(setting, how.at_most, made, attacks)


def _attacked(
    spec: GenerateSpec, bench: Bench, how: Dialling, said: Callable[[str], None]
) -> dict[tuple[str, str], Figure]:
    """Refit again and again; the same people are attacked at every notch."""
    bench.record("shadow", ("train", "holdout"))
    sides = [
        _some(part, how.people, bench.streams.child("people", name))
        for part, name in ((bench.parts.train, "train"), (bench.parts.development, "holdout"))
    ]
    train, holdout = sides
    fit, streams, done = refitter(spec), bench.streams.child("attack"), count(1)

    def refit(part: Dataset, rows: int, own: Streams) -> Dataset:
        said(f"attacked, fit {next(done)} of {how.worlds + 1}")
        return fit(part, rows, own)

    case = Case(
        schema=train.schema,
        train=train,
        holdout=holdout,
        reference=None,
        synthetics=(refit(train, train.n, streams.child("released")),),
        threat=threat_of(Profile.OPEN),
        refit=refit,
    )
    found: Sequence[Measurement] = tuple(Shadow(worlds=how.worlds).measure(case, streams))
    return {(m.metric, m.subject): Figure.of(m) for m in found}


def _some(part: Dataset, people: int, streams: Streams) -> Dataset:
    """Return all rows of at most ``people`` random persons."""
    who = part.person_codes
    n = int(who.max(initial=-1)) + 1
    if n <= people:
        return part
    chosen = streams.generator().permutation(n) < people
    return part.take(np.flatnonzero(chosen[who]))


def _found(
    setting: NotchSetting,
    at_most: float,
    made: Made | None = None,
    attacks: Mapping[tuple[str, str], Figure] | None = None,
    reason: str = "",
) -> Notch:
    """Return a notch with what was found of it, or with why there is nothing."""
    found, none = attacks or {}, Figure.missing(reason)
    anyone, isolated = (found.get(("shadow.recipe_tpr", s), none) for s in _WHOM)
    anyone_auc, isolated_auc = (found.get(("shadow.recipe_auc", s), none) for s in _WHOM)
    return Notch(
        name=setting.name,
        words=setting.words,
        parameters=setting.parameters,
        closeness=none if made is None else mean_of(made.scores, least=0.0),
        anyone=anyone,
        isolated=isolated,
        anyone_auc=anyone_auc,
        isolated_auc=isolated_auc,
        fit_seconds=None if made is None else round(float(np.mean(made.spent.fits)), 3),
        within=all(f.high is not None and f.high <= at_most for f in (anyone, isolated)),
        reason=reason,
    )


def _chosen(notches: Sequence[Notch]) -> str | None:
    """Return the last notch before the first that does not hold."""
    chosen = None
    for notch in notches:
        if not notch.within:
            break
        chosen = notch.name
    return chosen


def _notices(how: Dialling, notches: Sequence[Notch]) -> list[str]:
    said = [
        "The attacker has the generator's code and people like yours, and refits it "
        f"{how.worlds} times. Other attackers may find more, and this is no proof of privacy.",
        "Attacked on the development holdout: `assaymark run` decides on people nobody has "
        "looked at.",
    ]
    if how.seed is not None:
        said.append(f"Made with the public seed {how.seed}.")
    said += [f"{n.name} has no figures: {n.reason}" for n in notches if n.reason]
    few = next((f.reason for n in notches for f in (n.anyone, n.isolated) if f.reason), "")
    if few and not any(n.reason for n in notches):
        said.append(f"An attack gave no figure: {few}")
    return list(dict.fromkeys(said))
