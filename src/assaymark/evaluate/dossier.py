"""Dossier: what somebody who guesses secrets knows of people, and the synthetic rows beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import polars as pl

from assaymark.core.schema import Role
from assaymark.evaluate.agreement import agreement_of
from assaymark.evaluate.features import measured_columns
from assaymark.evaluate.isolation import sides_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.core.case import Case
    from assaymark.core.dataset import Dataset
    from assaymark.core.streams import Streams

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]
    Keys = NDArray[np.uint64]

__all__ = [
    "LUCK",
    "OWN",
    "Dossier",
    "Guesses",
    "Inference",
    "Inferrer",
    "Rows",
    "dossier_of",
    "surest",
]

LUCK = 0.5
"""No right guess counts more than twice what it tells beyond luck."""

OWN = "most people have a value of their own, which cannot be guessed from others"
"""Why some declared secrets are not guessed."""

_SECRETS, _CODES = 4, 64
_ALIKE = np.log(16) / 5  # columns about as uncertain go by name: refits to parts guess the same
_SECRET = {Role.SENSITIVE, Role.TARGET}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Rows of ``n`` people: whose each is, and the code of every column ``(rows, columns)``.

    ``keys`` has a number per row and clue, ``(rows, clues)``: a clue is a column's code, or the
    very value of an ordered column.
    """

    records: Dataset
    who: Codes
    codes: Codes
    keys: Keys
    n: int

    @property
    def one_each(self) -> Codes:
        """The first row of each person, shape ``(n,)``."""
        return np.unique(self.who, return_index=True)[1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dossier:
    """Train people, unseen people, synthetic rows; secret columns, and the column of each clue.

    The first clues are the codes of all columns, in order; the very values follow. ``secrets`` are
    the declared ones, or else the four least certain columns; ``likely`` are the same, made up to
    four by the least certain columns that nobody declared to be known. ``own`` names the declared
    secrets of which most people have a value of their own; they are not guessed.
    """

    members: Rows
    unseen: Rows
    made: Rows
    names: tuple[str, ...]
    secrets: tuple[int, ...]
    likely: tuple[int, ...]
    own: tuple[str, ...]
    clues: tuple[int, ...]
    ordered: tuple[int, ...]
    quasi: tuple[int, ...]

    def width(self, column: int) -> int:
        """Return how many codes a column has in any of these rows."""
        sides = (self.members, self.unseen, self.made)
        return 1 + max(int(s.codes[:, column].max(initial=0)) for s in sides)


class Guesses(NamedTuple):
    """Of each row: the class guessed, and how sure the attacker is; minus infinity: no guess."""

    value: Codes
    sure: Floats


class Inference(NamedTuple):
    """Guesses of one secret on both sides, and the class of each of the secret's codes.

    ``copied`` is how sure the attacker would be of the right class of a member's row, were a
    synthetic row to repeat all that is known of it, and the secret; minus infinity where the guess
    would not be right even then. ``None`` where it cannot be told without attacking anew.
    """

    members: Guesses
    unseen: Guesses
    classes: Codes
    copied: Floats | None


class Inferrer(Protocol):
    """A way to guess secrets from synthetic rows; fields are JSON parameters."""

    def guess(self, dossier: Dossier, streams: Streams) -> dict[int, Inference]:
        """Return the guesses of every likely secret, by its place among the columns."""
        ...


def surest(shares: Floats, made: Codes) -> Guesses:
    """Return of each row the class whose expected share lies furthest beyond luck.

    ``shares`` has the expected share of each class, ``(rows, classes)``; luck is the share of the
    class among the synthetic rows, whose classes ``made`` holds.
    """
    luck = np.bincount(made, minlength=shares.shape[1]) / max(len(made), 1)
    gain = (shares - luck) / np.maximum(1 - luck, LUCK)
    value = gain.argmax(axis=1)
    return Guesses(value, gain[np.arange(len(gain)), value])


def dossier_of(
    case: Case, streams: Streams, *, people: int, rows: int, one_each: bool = False
) -> Dossier:
    """Return the dossier on about so many rows of people a side, and so many synthetic rows.

    With ``one_each`` one random row of each person is looked at.
    """
    real = [case.train, *sides_of(case)[:2]]
    coded = [c for c in agreement_of(real).coded if c.shift == 0]
    names = tuple(c.column.name for c in coded)
    rng = np.random.default_rng(17)  # hashes, no chance of the attack
    words = [rng.integers(0, 2**63, len(c.bits), dtype=np.uint64) for c in coded]
    ordered = tuple(i for i, c in enumerate(coded) if c.column.kind.ordered)
    draw = streams.child("targets").generator()

    def side(parts: Sequence[Dataset], most: int) -> Rows:
        who, codes, exact, records, n = [], [], [], [], 0
        parts = [d.one_row_each(draw) for d in parts] if one_each else parts
        total = sum(d.n for d in parts)
        for data in parts:
            person = data.person_codes
            several = int(person.max(initial=-1)) + 1
            kept = np.zeros(several, dtype=bool)
            kept[draw.permutation(several)[: max(1, round(several * min(1.0, most / total)))]] = 1
            found = np.flatnonzero(kept[person])
            some = data.take(found)
            codes.append(np.column_stack([c.codes(some) for c in coded]))
            values = [some.frame[names[i]].hash(seed=i).to_numpy() for i in ordered]
            exact.append(np.array(values, dtype=np.uint64).reshape(len(ordered), some.n).T)
            records.append(some.frame)
            who.append((np.cumsum(kept) - 1)[person[found]] + n)
            n += int(kept.sum())
        table, owner = np.concatenate(codes), np.concatenate(who)
        coarse = np.column_stack([w[table[:, i]] for i, w in enumerate(words)])
        keys = np.hstack([coarse, np.concatenate(exact)])
        held = replace(parts[0], frame=pl.concat(records), persons=owner)
        return Rows(records=held, who=owner, codes=table, keys=keys, n=n)

    members = side(real[:1], people)
    declared, likely = _secrets(case.train, names, members.codes)
    return Dossier(
        members=members,
        unseen=side(real[1:], people),
        made=side(case.exposed, rows),
        names=names,
        secrets=declared,
        likely=likely,
        own=_own_values(case.train, names),
        clues=(*range(len(names)), *ordered),
        ordered=ordered,
        quasi=_with_role(case.train, names, {Role.QUASI_IDENTIFIER}),
    )


def _with_role(data: Dataset, names: tuple[str, ...], roles: set[Role]) -> tuple[int, ...]:
    marked = {c.name for c in measured_columns(data) if roles & set(c.roles)}
    return tuple(i for i, name in enumerate(names) if name in marked)


def _secrets(
    data: Dataset, names: tuple[str, ...], codes: Codes
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the secrets, and these made up to four by columns of 2 to 64 values."""
    if len(names) < 3:
        return (), ()
    doubt = []
    for i in range(len(names)):
        share = np.bincount(codes[:, i]) / len(codes)
        share = share[share > 0]
        doubt.append(float(-(share * np.log(share)).sum()))
    able = [i for i in range(len(names)) if doubt[i] > 0 and codes[:, i].max() < _CODES]
    ranked = sorted(able, key=lambda i: -round(doubt[i] / _ALIKE))
    declared = _with_role(data, names, _SECRET)
    own = _own_values(data, names)
    asked = tuple(i for i in declared if doubt[i] > 0 and names[i] not in own)
    secrets = asked if declared else tuple(ranked[:_SECRETS])
    known = _with_role(data, names, {Role.QUASI_IDENTIFIER})
    others = [i for i in ranked if i not in (*secrets, *known, *declared)]
    return secrets, (*secrets, *others[: max(0, _SECRETS - len(secrets))])


def _own_values(data: Dataset, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the declared secrets, not ordered, with more values than half of the people."""
    declared = [data.schema.column(names[i]) for i in _with_role(data, names, _SECRET)]
    values = {c.name: data.frame[c.name].n_unique() for c in declared if not c.kind.ordered}
    most = max(data.n_persons, 2 * _CODES)
    return tuple(sorted(name for name, n in values.items() if 2 * n > most))
