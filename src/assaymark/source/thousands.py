"""Thousands: numbers of which dots, blanks or apostrophes stand between groups of three digits."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

__all__ = ["Grouping", "grouping_of"]

_BETWEEN = {".": "[.]", "'": "['\u2019]", " ": "[ \u00a0\u202f]"}
_SPOKEN = {".": "dots", "'": "apostrophes", " ": "blanks"}
_MADE_OF = r"^[+-]?[0-9][0-9.,'\u2019 \u00a0\u202f]*$"


class Grouping(NamedTuple):
    """What stands between groups of three digits, and before decimals."""

    between: str
    point: str

    def ungrouped(self, text: pl.Series) -> pl.Series:
        """Return numbers as 1234.5; what is no number of digits and such marks stays as it is."""
        mine = text.str.contains(_MADE_OF).fill_null(value=False)
        plain = text.str.replace_all(_BETWEEN[self.between], "")
        return text.zip_with(~mine, plain.str.replace(",", ".", literal=True))

    @property
    def words(self) -> str:
        """How such numbers are written."""
        comma = " and a decimal comma" if self.point == "," else ""
        return f"numbers are written with {_SPOKEN[self.between]} between thousands{comma}"


def grouping_of(text: pl.Series) -> Grouping | None:
    """Return what stands between thousands, if all that is made of digits and such marks fits.

    Dots do beside decimals with a comma, since 1.234 may be little more than one, or where some
    numbers have two and others none; blanks and apostrophes beside decimals or numbers of other
    length, since keys of nine digits look alike. Whole numbers of which some have a plus sign and
    none a minus sign are telephone numbers.
    """
    numbers = text.drop_nulls()
    numbers = numbers.filter(numbers.str.contains(_MADE_OF))
    for between, pattern in _BETWEEN.items():
        grouped = numbers.str.contains(rf"^[+-]?[1-9][0-9]{{0,2}}{pattern}[0-9]{{3}}")
        if not grouped.any():
            continue
        for point in (",",) if between == "." else (".", ","):
            whole = rf"^[+-]?(?:[0-9]{{1,3}}|[1-9][0-9]{{0,2}}(?:{pattern}[0-9]{{3}})+)"
            if not numbers.str.contains(rf"{whole}(?:[{point}][0-9]+)?$").all():
                continue
            decimals = bool(numbers.str.contains(point, literal=True).any())
            if decimals or _are_amounts(numbers, pattern, dots=between == "."):
                return Grouping(between, point)
    return None


def _are_amounts(numbers: pl.Series, pattern: str, *, dots: bool) -> bool:
    """Whether whole numbers with marks between thousands can be no keys or numbers to call."""
    if numbers.str.starts_with("+").any() and not numbers.str.starts_with("-").any():
        return False
    if not dots:
        return numbers.str.count_matches("[0-9]").n_unique() > 1
    marks = numbers.str.count_matches(pattern)
    first = numbers.filter(marks > 0).str.extract(r"^[+-]?([0-9]+)").str.len_chars()
    return bool((marks > 1).any() and (marks == 0).any()) and first.n_unique() > 1
