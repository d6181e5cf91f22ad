"""Suspicion: why a column may tell who a row is about, from its values and its name."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from assaymark.core.schema import Kind
from assaymark.source.vocabulary import (
    BEARERS,
    CLASSES,
    CLOCK,
    ID_WORDS,
    KEY_NAMES,
    MEASURES,
    PERSONAL,
    PERSONS,
    RECORDS,
    STAFF,
    STUDIED,
    is_of_a_person,
    words,
)

__all__ = ["Facts", "key_strength", "many_repeats", "name_strength", "suspect"]

_PATTERNS = (
    ("an e-mail address", r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$"),
    ("a UUID", r"^\{?[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\}?$"),
    ("an IBAN", r"^[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?$"),
    ("a network address", r"^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$"),
    ("a network address", r"^(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$"),
    ("a social security number", r"^\d{3}-\d{2}-\d{4}$"),
    ("a telephone number", r"^(?:\+|00)\d[\d \-()./]{6,18}\d$"),
    ("a telephone number", r"^\(?\d{3}\)?[ .\-]\d{3}[ .\-]\d{4}(?: ?x\d+)?$"),
    ("a payment card number", r"^(?:\d{4}[ -]){3}\d{4}$"),
    ("a web address", r"^https?://\S+$"),
)
_MEASURED = (  # amounts with a unit, times of day, dates
    r"^[<>≤≥~]?\s*[$€£¥]?\s*[+-]?\d[\d.,' ]*\s*(?:%|°|[A-Za-zµ/]{1,8})?$"
    r"|^\d{1,2}:\d{2}(?::\d{2})?$|^\d{4}-\d{2}(?:[T ][\d:.]*)?$"
    r"|^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?$"
)
_NEAR = 0.8
_FEW, _SEVERAL = 30, 20
_MANY = 1_000
_SAMPLE = 5000


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
    if facts.values.dtype != pl.String:
        return None
    different = facts.values.unique(maintain_order=True)
    sample = different.head(_SAMPLE)
    for what, pattern in _PATTERNS:
        share = int(sample.str.contains(pattern).sum()) / sample.len()
        enough = 0.01 if what == "an e-mail address" else 0.5
        if share >= enough:
            return f"values look like {what}"
    return None


def _by_person(facts: Facts) -> str | None:
    parts = facts.words
    what = next((PERSONAL[p] for p in [*parts, "".join(parts)] if p in PERSONAL), None)
    if what is None or not is_of_a_person(parts) or facts.n_unique < min(20, facts.n / 2):
        return None
    if set(parts) & MEASURES:
        return None
    if facts.kind is Kind.INTEGER and _digits(facts.values)[0] < 7:
        return None
    if facts.kind is Kind.CATEGORY and _measured(facts.values):
        return None
    return f"the name says {what}"


def _by_key_name(facts: Facts) -> str | None:
    parts = facts.words
    if not _names_a_key(parts) or facts.n_unique < min(20, facts.n):
        return None
    if facts.uniqueness >= 0.8:
        return "the name says a key, and nearly every row has a value of its own"
    about = set(parts) & (PERSONS | STAFF | RECORDS) or "".join(parts) in KEY_NAMES
    some = facts.n < 20 * facts.n_unique or facts.n_unique > _MANY
    if about and some and not set(parts) & CLASSES:
        return "the name says a key of persons or records"
    if facts.uniqueness >= 0.2 and facts.n_unique > _FEW:
        return "the name says a key, and few rows share a value"
    return None


def _names_a_key(parts: list[str]) -> bool:
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
    if facts.uniqueness >= _NEAR and not _measured(facts.values):
        return "nearly every row has a value of its own"
    return None


def _integers(facts: Facts) -> str | None:
    if set(facts.words) & CLOCK:
        return None
    low, high = int(str(facts.values.min())), int(str(facts.values.max()))
    dense = (high - low + 1) <= 1.05 * facts.n_unique
    ordered = facts.values.is_sorted()
    if dense and facts.n_unique == facts.n:
        return "the values count the rows"
    if ordered and facts.n_unique == facts.n:
        return "every value is different, and they rise from row to row, as a key does"
    if dense and ordered and facts.uniqueness > 0.2:
        return "the values run on from row to row without gaps, as a key does"
    narrow, wide = _digits(facts.values)
    if facts.n_unique == facts.n and narrow == wide and wide >= 8:
        return f"every value is different and has {wide} digits, as registration numbers have"
    return None


def _digits(values: pl.Series) -> tuple[int, int]:
    size = values.abs().cast(pl.String).str.len_chars()
    return int(str(size.min())), int(str(size.max()))


def _measured(values: pl.Series) -> bool:
    """Whether texts are amounts with a unit, or times of day, rather than codes."""
    sample = values.head(_SAMPLE)
    decorated = sample.str.contains(_MEASURED) & sample.str.contains(r"[^0-9]")
    return int(decorated.sum()) >= 0.9 * sample.len() and not bool(
        sample.str.contains(r"^\d+[A-Za-z]{1,8}$").all() and sample.str.len_chars().n_unique() == 1
    )


def key_strength(facts: Facts) -> int:
    """Return how much the column looks like the key of persons with several rows; 0 is not.

    See :func:`name_strength`; the values must repeat, and be many. Where the name says persons,
    more than 20 of them are, however many rows each has.
    """
    strength = name_strength(facts)
    if strength >= 2:
        return strength * (_SEVERAL < facts.n_unique < facts.n)
    return strength * (many_repeats(facts) and facts.uniqueness <= 0.995)


def many_repeats(facts: Facts) -> bool:
    """Whether there are many values, some of which several rows share."""
    return facts.n_unique < facts.n and facts.n_unique > max(_SEVERAL, 0.002 * facts.n)


def name_strength(facts: Facts) -> int:
    """Return how surely a name says the key of persons.

    3 is a word for those studied, 2 one for other persons or a usual short name, 1 the bare "id",
    0 anything else.
    """
    if facts.kind not in {Kind.INTEGER, Kind.CATEGORY} or not facts.words:
        return 0
    parts = facts.words
    joined = "".join(parts)
    if set(parts) & (MEASURES | RECORDS | STAFF):
        return 0
    key = (
        "id" in parts or parts[-1] in ID_WORDS or (len(parts) == 1 and joined in BEARERS | STUDIED)
    )
    stem = joined.removesuffix("id") if joined.endswith("id") else ""
    named = set(parts) & PERSONS if key else {stem} & PERSONS
    if named & STUDIED or joined in {"usubjid", "subjid"}:
        return 3
    if named or (joined in KEY_NAMES and joined != "id"):
        return 2
    return int(joined == "id")
