"""Opaque: keys that only name a row, whose values say nothing outside of their table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from assaymark.core.schema import Role
from assaymark.source.canonical import canonical
from assaymark.source.outside import outside_number
from assaymark.source.shapes import identifier_shape
from assaymark.source.suspicion import COUNTS_ROWS, names_a_key
from assaymark.source.values import parsed
from assaymark.source.vocabulary import CODE_WORDS, PERSONAL, PERSONS, RECORDS, STAFF, words

if TYPE_CHECKING:
    from assaymark.source.profile import ColumnProfile, TableProfile

__all__ = ["Keys", "find_keys"]

_NEARLY = 0.99
_LONG = 6  # letters of words that are looked for within words: telephonenumber
_UUIDS = {"a UUID", "a reference to a UUID"}
# Words of numbers that registers, insurers, banks and makers of devices give out.
_OUTSIDE = frozenset(
    w
    for line in (
        "national social security insurance insured tax taxpayer vat tin passport licence license",
        "licencia certificate medicare medicaid hicn mbi nir insee dni nie nif cpf cnpj pesel cnp",
        "codice fiscale ahv svnr svnummer steuer steuernummer steuerid sozialversicherungsnummer",
        "versichertennr versichertennummer personnummer fodselsnummer cpr hetu rodne emirates",
        "citizen voter imei imsi iccid serial serialno mac vin plate domain handle twitter orcid",
        "dea upin bank sort routing swift bic credit debit house contact whatsapp cell handy mobil",
    )
    for w in line.split()
)
_PERSONAL = (frozenset(PERSONAL) | _OUTSIDE) - {"mrn"}
_CODES = CODE_WORDS - {"id"}
_MORE_RECORDS = {"mrn", "barcode", "sample", "specimen", "accession"}
_OTHER_ROWS = {"preceding", "previous", "prev", "next", "parent", "mother", "father", "spouse"}
_NUMBERED = {"number", "no", "nr", "nbr"}
_OF_BANKS = {"account", "acct", "card"}


class Keys(NamedTuple):
    """Columns of keys: the ``opaque`` ones with their values as texts, and those that ``join``.

    The latter say which rows belong together: rows share a value, or refer to others by it.
    """

    opaque: tuple[pl.Series, ...]
    join: tuple[str, ...]


def find_keys(frame: pl.DataFrame, found: TableProfile) -> Keys:
    """Return the columns suspected to identify that are keys of a table's own making.

    That is a key by its name, a UUID, or a number that counts rows, with a value of its own in
    practically every row. Names, addresses, codes and numbers that something outside the table
    gives out are not among them, by name, shape or check digit.
    """
    opaque, join = [], []
    for c in found.columns:
        name = c.column.name
        if c.suspected_identifier is None or c.column.has(Role.PERSON_KEY):
            continue
        values = parsed(canonical(frame.select(name))[name], c.column.kind, c.column.missing).cast(
            pl.String
        )
        if not _is_opaque(c, values.drop_nulls()):
            continue
        if c.n_unique < _NEARLY * values.drop_nulls().len() or set(words(name)) & _OTHER_ROWS:
            join.append(name)
        else:
            opaque.append(values)
    return Keys(tuple(opaque), tuple(join))


def _is_opaque(column: ColumnProfile, values: pl.Series) -> bool:
    parts = words(column.column.name)
    said = {*parts, "".join(parts)}
    glued = any(w in part for part in parts for w in _PERSONAL if len(w) >= _LONG)
    if said & _PERSONAL or glued or (said & _OF_BANKS and said & _NUMBERED):
        return False
    if identifier_shape(values) in _UUIDS or _are_digests(values):
        return True
    if said & _CODES or outside_number(values) is not None:
        return False
    if column.suspected_identifier in COUNTS_ROWS or names_a_key(parts):
        return True
    return bool(said & _MORE_RECORDS) or _glued(said)


def _are_digests(values: pl.Series) -> bool:
    """Whether practically all are long hexadecimal numbers, as digests and random keys are."""
    long = values.str.contains(r"^(?:[0-9a-f]{16,}|[0-9A-F]{16,})$")
    letters = long & values.str.contains(r"[A-Fa-f]")
    return int(letters.sum()) >= _NEARLY * max(1, values.len())


def _glued(said: set[str]) -> bool:
    """Whether a word is one for persons or records with one for a key at its end: caseno."""
    holders = PERSONS | STAFF | RECORDS
    ends = ("id", "no", "nr", "number", "nummer", "key")
    return any(w.endswith(e) and w.removesuffix(e) in holders for w in said for e in ends)
