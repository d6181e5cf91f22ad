"""Suspicion: why a column may tell who a row is about, from its values and its name."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from assaymark.core.schema import Kind
from assaymark.source.shapes import (
    TITLED,
    are_identifiers,
    are_measured,
    are_of_things,
    are_of_two_numbers,
    digits,
    identifier_shape,
    referred,
)
from assaymark.source.vocabulary import (
    BEARERS,
    CLASSES,
    CLOCK,
    GROUPINGS,
    ID_WORDS,
    KEY_NAMES,
    MEASURES,
    PERSONAL,
    PERSONS,
    RECORDS,
    STAFF,
    STUDIED,
    is_of_a_person,
    may_be_firms,
    says_person,
    words,
)

__all__ = [
    "COUNTS_ROWS",
    "Facts",
    "key_strength",
    "many_repeats",
    "name_strength",
    "names_a_key",
    "suspect",
]

COUNTS_ROWS = (
    "the values count the rows",
    "every value is different, and they rise from row to row, as a key does",
    "the values run on from row to row without gaps, as a key does",
)
"""Why whole numbers look like a key by how they go on from row to row."""


_NEAR = 0.8
_FEW, _SEVERAL = 30, 20
_MANY = 1_000
_NAMES_ONE = {"id", "uid", "uuid", "guid", "identifier", "key", "ref", "reference"}
_MAY_BE_FIRMS = {"tenant", "host", "account", "acct"}
_AMBIGUOUS = {"subject", "client", "member"}  # alone; school subjects, firms
_WORK = {"title", "position", "job", "occupation", "profession"}  # "Sr. Engineer"
_UUIDS = {"a UUID", "a reference to a UUID"}
_SAYS_NOTHING = {"source", "value", "code"}  # OMOP: person_source_value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Facts:
    """One column of ``rows`` rows as typed: ``values`` without the missing ones, in order."""

    name: str
    kind: Kind
    values: pl.Series
    n_unique: int
    rows: int

    @property
    def n(self) -> int:
        """Number of values that are present."""
        return self.values.len()

    @property
    def words(self) -> list[str]:
        """The words of the name, in lower case."""
        return words(self.name)

    @property
    def uniqueness(self) -> float:
        """Share of different values among those present, 0 where there is none."""
        return self.n_unique / self.n if self.n else 0.0


def suspect(facts: Facts) -> str | None:
    """Return why the column looks like a direct identifier, or ``None``.

    A near-unique number is not enough (amounts and measurements are that too): for whole numbers
    the name must say so, or they must count rows, or all be as wide as registration numbers.
    Decimals and dates are never suspected.
    """
    if facts.n == 0 or facts.kind not in {Kind.CATEGORY, Kind.TEXT, Kind.INTEGER}:
        return None
    if facts.kind is Kind.TEXT:
        return _by_values(facts)
    return _by_values(facts) or _by_person(facts) or _by_key_name(facts) or _by_uniqueness(facts)


def _by_values(facts: Facts) -> str | None:
    parts = set(facts.words)
    of_names = says_person(facts.words) or ("name" in parts and is_of_a_person(facts.words))
    shape = identifier_shape(facts.values, of_names=of_names)
    senior = bool(parts & _WORK) and not of_names
    if shape is not None and not (senior and shape == TITLED):
        return f"values look like {shape}"
    if referred(facts.values) & (PERSONS | STAFF):
        return "values refer to persons"
    return None


def _by_person(facts: Facts) -> str | None:
    parts = facts.words
    what = next((PERSONAL[p] for p in [*parts, "".join(parts)] if p in PERSONAL), None)
    if what is None or not is_of_a_person(parts):
        return None
    if set(parts) & MEASURES or _too_few(facts, what):
        return None
    if facts.kind is Kind.INTEGER and digits(facts.values)[0] < 7:
        return None
    if facts.kind is Kind.CATEGORY and are_measured(facts.values):
        return None
    return f"the name says {what}"


def _too_few(facts: Facts, what: str) -> bool:
    """Whether values are too few to be persons', or names of whatever is not said, in every row."""
    named = what == "a person's name"
    if named and may_be_firms(facts.words) and facts.n_unique <= _SEVERAL:
        return are_of_things(facts.values)
    sure = named and says_person(facts.words)
    if facts.n_unique < min(2 if sure else _SEVERAL, facts.n / 2):
        return True
    return named and not sure and len(facts.words) > 1 and are_of_things(facts.values)


def _by_key_name(facts: Facts) -> str | None:
    parts = facts.words
    if not names_a_key(parts) or facts.n_unique < min(20, facts.n):
        return None
    if facts.uniqueness >= 0.8:
        return "the name says a key, and nearly every row has a value of its own"
    about = set(parts) & (PERSONS | STAFF | RECORDS) or "".join(parts) in KEY_NAMES
    some = facts.n < 20 * facts.n_unique or facts.n_unique > _MANY
    some = some or are_identifiers(facts.values)
    if about and some and not set(parts) & CLASSES and not _classifies(parts):
        return "the name says a key of persons or records"
    if facts.uniqueness >= 0.2 and facts.n_unique > _FEW:
        return "the name says a key, and few rows share a value"
    return None


def names_a_key(parts: list[str]) -> bool:
    """Whether the words of a name say a key, of whatever."""
    if not parts or set(parts) & MEASURES:
        return False
    joined = "".join(parts)
    if joined in KEY_NAMES or "id" in parts or "uuid" in parts or "guid" in parts:
        return True
    glued = joined.endswith("id") and joined[:-2] in PERSONS | RECORDS
    if glued or (len(parts) == 1 and joined in BEARERS):
        return True
    return parts[-1] in ID_WORDS or parts[0] in {"index", "unnamed", "rownames", "rowid"}


def _by_uniqueness(facts: Facts) -> str | None:
    if facts.n < _FEW:
        return None
    if facts.kind is Kind.INTEGER:
        return _integers(facts)
    if facts.uniqueness >= _NEAR and not are_measured(facts.values):
        return "nearly every row has a value of its own"
    return None


def _integers(facts: Facts) -> str | None:
    if set(facts.words) & CLOCK:
        return None
    low, high = int(str(facts.values.min())), int(str(facts.values.max()))
    dense = (high - low + 1) <= 1.05 * facts.n_unique
    ordered = facts.values.is_sorted()
    if dense and facts.n_unique == facts.n:
        return COUNTS_ROWS[0]
    if ordered and facts.n_unique == facts.n:
        return COUNTS_ROWS[1]
    if dense and ordered and facts.uniqueness > 0.2:
        return COUNTS_ROWS[2]
    narrow, wide = digits(facts.values)
    if facts.n_unique == facts.n and narrow == wide and wide >= 8:
        return f"every value is different and has {wide} digits, as registration numbers have"
    return None


def key_strength(facts: Facts) -> int:
    """Return how much the column looks like the key of persons with several rows; 0 is not.

    See :func:`name_strength`; the values must repeat. Of a bare "id" they must be many. Where
    the name says persons, few are enough if they look like identifiers, or if a word for one
    follows on the person: counts and flags ("patient" with yes and no) are about persons, too.
    """
    strength = name_strength(facts)
    if strength >= 2:
        many = facts.n_unique > _SEVERAL or _says_one_each(facts)
        return strength * (many and facts.n_unique < facts.n)
    return strength * (many_repeats(facts) and facts.uniqueness <= 0.995)


def _says_one_each(facts: Facts) -> bool:
    parts = facts.words
    if referred(facts.values) & PERSONS or identifier_shape(facts.values) in _UUIDS:
        return True
    firms = set(parts) & _MAY_BE_FIRMS
    classes = set(parts) & (CLASSES | GROUPINGS)
    if not firms and not classes and facts.n_unique > 1 and _id_follows(parts):
        return True
    unsure = firms or (len(parts) == 1 and set(parts) & _AMBIGUOUS)
    return are_of_two_numbers(facts.values) if unsure else are_identifiers(facts.values)


def _classifies(parts: list[str]) -> set[str]:
    """Return the words that follow on a person or record and say a class of them."""
    holders = PERSONS | STAFF | RECORDS
    first = next((i for i, p in enumerate(parts) if p in holders), len(parts))
    return set(parts[first:]) & (CLASSES | GROUPINGS)


def _id_follows(parts: list[str]) -> bool:
    """Whether a word for an identifier stands beside that for a person: not in "user group id"."""
    pairs = [{a, b} for a, b in pairwise(parts)]
    joined = "".join(parts)
    glued = any(p.endswith("id") and p[:-2] in PERSONS for p in [*parts, joined])
    return glued or joined in KEY_NAMES or any(p & PERSONS and p & _NAMES_ONE for p in pairs)


def many_repeats(facts: Facts) -> bool:
    """Whether there are many values, some of which several rows share."""
    return facts.n_unique < facts.n and facts.n_unique > max(_SEVERAL, 0.002 * facts.n)


def name_strength(facts: Facts) -> int:
    """Return how surely a name says the key of persons.

    3 is a word for those studied, 2 one for other persons or a usual short name, 1 the bare "id",
    0 anything else. Values that are references ("Patient/12") say it as names do; UUIDs under a
    word for persons are keys, too.
    """
    if facts.kind not in {Kind.INTEGER, Kind.CATEGORY} or not facts.words:
        return 0
    said = referred(facts.values)
    if said & (STAFF | RECORDS):
        return 0
    if said & PERSONS:
        return 3 if said & STUDIED else 2
    return _strength_of(facts.words, facts.values)


def _strength_of(parts: list[str], values: pl.Series) -> int:
    joined = "".join(parts)
    uuids = identifier_shape(values) in _UUIDS
    if (_classifies(parts) - _SAYS_NOTHING and not uuids) or set(parts) & (
        MEASURES | RECORDS | STAFF
    ):
        return 0
    bearer = len(parts) == 1 and joined in BEARERS | STUDIED
    key = "id" in parts or parts[-1] in ID_WORDS or bearer
    if not key and set(parts) <= PERSONS | _SAYS_NOTHING:
        key = uuids
    stem = joined.removesuffix("id") if joined.endswith("id") else ""
    named = set(parts) & PERSONS if key else {stem} & PERSONS
    if named & STUDIED or joined in {"usubjid", "subjid"}:
        return 3
    if named or (joined in KEY_NAMES and joined != "id"):
        return 2
    return int(joined == "id")
