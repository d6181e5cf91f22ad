"""Shapes: what values look like: identifiers, references to something, amounts with a unit."""

from __future__ import annotations

import polars as pl

from assaymark.source.vocabulary import words

__all__ = [
    "TITLED",
    "are_identifiers",
    "are_measured",
    "are_of_things",
    "are_of_two_numbers",
    "digits",
    "identifier_shape",
    "referred",
]

_UUID = r"\{?[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\}?"
TITLED = "a person's name with a title"
_TITLE = r"(?:Dr|Prof|Mr|Mrs|Ms|Miss|Herr|Frau|Mme|DR|PROF)"
_DOTTED = rf"^(?:{_TITLE}|Sra?)\. *[^\W\d_]"  # "Sr" without a dot is "senior"
_TWO_WORDS = rf"^{_TITLE} +\p{{Lu}}[\p{{L}}'’.-]* +\p{{Lu}}"  # "Mr Clean" is none
_ONE_WORD = rf"^{_TITLE} +[^\W\d_]"  # enough where the column's name says a person's name
_PATTERNS = (
    ("an e-mail address", r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$"),
    (TITLED, rf"{_DOTTED}|{_TWO_WORDS}"),
    ("a UUID", rf"^{_UUID}$"),
    ("a reference to a UUID", rf"^\S*[/:|=#]{_UUID}$"),
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
_REFERENCE = r"^([A-Za-z]{2,})[/?]\S*\d\S*$"  # HL7 FHIR R4, 2.3.0: Patient/12, Patient?identifier=
_CODE = r"^[A-Za-z0-9._:/#|=?-]{6,}$|^[A-Za-z]+[-_./]?\d{2,}$"
_NAME = r"^(?:(?:\p{Lu}[\p{L}'’.-]*|v[ao]n|de[rnls]?|d[aiou]s?|la|le|el|al|bin|y|zu|te[rn]),? ?)+$"
_EACH = 20  # rows a value on average
_TWO_GROUPS = r"\d[^\d]+\d"
_SAMPLE = 5000
_NUMBER_DIGITS, _CODE_DIGITS = 4, 2


def identifier_shape(values: pl.Series, *, of_names: bool = False) -> str | None:
    """Return which well-known identifier values look like, ``None`` for none.

    ``of_names``: "Dr Smith", without a dot, is a person, and no brand, since the column says so.
    """
    if values.dtype != pl.String or values.len() == 0:
        return None
    different = values.unique(maintain_order=True)
    sample = different.head(_SAMPLE)
    named = ((TITLED, rf"{_DOTTED}|{_ONE_WORD}"),) if of_names else ()
    patterns: tuple[tuple[str, str], ...] = (*named, *_PATTERNS)
    for what, pattern in patterns:
        share = int(sample.str.contains(pattern).sum()) / sample.len()
        enough = 0.01 if what == "an e-mail address" else 0.5
        if share >= enough:
            return what
    return None


def referred(values: pl.Series) -> frozenset[str]:
    """Return the words of what all values refer to: ``Patient/12`` is patient; else empty."""
    if values.dtype != pl.String or values.len() == 0:
        return frozenset()
    kinds = values.head(_SAMPLE).str.extract(_REFERENCE, 1)
    if kinds.null_count() or kinds.n_unique() > 1:
        return frozenset()
    return frozenset(words(str(kinds[0])))


def are_identifiers(values: pl.Series) -> bool:
    """Whether values are numbers of four digits or more, or codes such as P01 and A-77-x4."""
    if values.len() == 0 or values.dtype not in {pl.Int64, pl.String}:
        return False
    if values.dtype == pl.Int64:
        return digits(values)[0] >= _NUMBER_DIGITS
    sample = values.unique(maintain_order=True).head(_SAMPLE)
    numbers = sample.str.contains(rf"^\d{{{_NUMBER_DIGITS},}}$")
    coded = sample.str.count_matches(r"\d") >= _CODE_DIGITS
    codes = sample.str.contains(_CODE) & coded & ~sample.str.contains(_MEASURED)
    return bool((numbers | codes).all())


def are_of_two_numbers(values: pl.Series) -> bool:
    """Whether values are codes with two numbers or more: 01-701-1015, and not MATH101."""
    text = values.dtype == pl.String and are_identifiers(values)
    return text and bool(values.unique().str.contains(_TWO_GROUPS).all())


def are_measured(values: pl.Series) -> bool:
    """Whether texts are amounts with a unit, or times of day, rather than codes."""
    sample = values.head(_SAMPLE)
    decorated = sample.str.contains(_MEASURED) & sample.str.contains(r"[^0-9]")
    return int(decorated.sum()) >= 0.9 * sample.len() and not bool(
        sample.str.contains(r"^\d+[A-Za-z]{1,8}$").all() and sample.str.len_chars().n_unique() == 1
    )


def are_of_things(values: pl.Series) -> bool:
    """Whether names are few, each of many rows, and most are not written as persons' are."""
    if values.dtype != pl.String:
        return False
    different = values.unique()
    alike = int(different.str.contains(_NAME).sum())
    return values.len() >= _EACH * different.len() and alike * 2 < different.len()


def digits(values: pl.Series) -> tuple[int, int]:
    """Return the fewest and the most digits of whole numbers."""
    size = values.abs().cast(pl.String).str.len_chars()
    return int(str(size.min())), int(str(size.max()))
