"""Queries: how often the real rows of some people were asked, by whom, and what was told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.core.actor import Actor
from assaymark.core.evidence import Evidence
from assaymark.core.opening import counted
from assaymark.flow.source.population import (
    OPENINGS,
    attempts_at,
    openings_of,
    population_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import JsonValue

    from assaymark.core.opening import Opening
    from assaymark.flow.source.read import Prepared
    from assaymark.store.workspace import Workspace

__all__ = ["Asked", "Queries", "asked_of", "queries_of"]

_KIND = "source.opened"
_CONFIRMED = "Openings of the confirmation holdout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose rows are asked, for whom: the door at which each opening is recorded first."""

    workspace: Workspace
    source: str
    population: str
    actor: Actor

    def record(self, who: str, why: str, parts: tuple[str, ...]) -> None:
        """Put into the ledger that ``who`` is about to be given these parts of the real rows."""
        body = {"who": who, "why": why, "parts": list(parts), "population": self.population}
        self.workspace.ledger.append(_KIND, self.source, body, self.actor)


def asked_of(workspace: Workspace, prepared: Prepared) -> Asked:
    """Return the door to the rows of a prepared table, for whoever holds the workspace."""
    return Asked(
        workspace=workspace,
        source=prepared.commitment,
        population=population_of(workspace, prepared.parts.account_hashes),
        actor=Actor(key=workspace.key().fingerprint),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    """What was asked of one population's rows so far, killed and refused runs too.

    ``shown`` are the numbers measured on the development holdout, which every report may show;
    ``released`` those measured on the confirmation holdout for rows that were released. Of other
    candidates it gave ``verdicts`` only. Where the people are too few to be split, ``crossed``,
    a cross-fit stands for the confirmation holdout.
    """

    crossed: bool
    opened: tuple[Opening, ...]
    attempts: int
    confirmed: int
    shown: int
    released: int
    verdicts: int

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """The account in words, label and value."""
        times = {p: self._times(p) for p in sorted({o.part for o in self.opened})}
        said = ", ".join(f"{part} {n:,}" for part, n in times.items())
        sealed = "Cross-fits of these persons" if self.crossed else _CONFIRMED
        teller = "cross-fits" if self.crossed else "the confirmation holdout"
        return (
            ("Attempts for these persons", str(self.attempts)),
            (sealed, f"{self.confirmed} of {OPENINGS}"),
            ("Real rows given out so far, in times", said or "never"),
            ("Numbers from the development holdout so far", f"{self.shown:,}, all open to be read"),
            (
                f"Told by {teller} so far",
                f"{self.verdicts:,} verdicts, and {self.released:,} numbers about released rows",
            ),
        )

    def _times(self, part: str) -> int:
        return sum(o.times for o in self.opened if o.part == part)


def queries_of(asked: Asked, now: Mapping[str, JsonValue], *, crossed: bool) -> Queries:
    """Return the account of the population, with the decision that is published ``now``.

    ``now`` is the body of its entry in the ledger. Each measured number and each published
    decision counts once.
    """
    workspace, ledger = asked.workspace, asked.workspace.ledger
    made = attempts_at(workspace, asked.population)
    measured = {
        str(e.body["evidence"])
        for e in ledger.entries(kind="evidence")
        if e.subject in made and e.body["stage"] == "development"
    }
    entries = [e for kind in ("refusal", "release") for e in ledger.entries(kind=kind)]
    bodies = [*(e.body for e in entries if e.subject in made), now]
    told = {str(b["name"]): b.get("verdicts", 0) for b in bodies}
    released = {str(b["confirmed"]) for b in bodies if b.get("confirmed")}
    return Queries(
        crossed=crossed,
        opened=counted(_looks(asked)),
        attempts=len(made),
        confirmed=len(openings_of(workspace, asked.population)),
        shown=sum(_numbers(workspace, digest) for digest in measured),
        released=sum(_numbers(workspace, digest) for digest in released),
        verdicts=sum(n for n in told.values() if isinstance(n, int)),
    )


def _looks(asked: Asked) -> Iterator[tuple[str, str]]:
    for e in asked.workspace.ledger.entries(kind=_KIND):
        if e.body.get("population") == asked.population:
            parts = e.body["parts"]
            named = parts if isinstance(parts, list) else [parts]
            yield from ((str(e.body["who"]), str(part)) for part in named)


def _numbers(workspace: Workspace, digest: str) -> int:
    return sum(m.value is not None for m in Evidence.parse(workspace.get(digest)).measurements)
