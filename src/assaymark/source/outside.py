"""Outside: numbers of the outside world, where one that is made up may be a real person's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assaymark.source.shapes import identifier_shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Digits = NDArray[np.int64]

__all__ = ["outside_number"]

_SAMPLE = 5000
_MOST = 0.9  # a check digit is right by chance in one of ten
_UUIDS = {"a UUID", "a reference to a UUID"}
_DAY = r"(?:0[1-9]|[12]\d|3[01])"
_MONTH = r"(?:0[1-9]|1[0-2])"
_SHAPES = (
    ("a national insurance number", r"^[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]$"),
    ("a tax code", r"^[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]$"),
    ("a national number", r"^[A-Z]{4}\d{6}[HMX][A-Z]{5}[0-9A-Z]\d$"),
    ("a driving licence", r"^[A-Z9]{5}\d{6}[A-Z9]{2}\w{3}$"),
    ("a health insurance number", r"^[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y]"
     r"[AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}$"),
    ("a vehicle number", r"^(?:[A-HJ-NPR-Z]\w|\d[A-HJ-NPR-Z])[A-HJ-NPR-Z0-9]{15}$"),
    ("a national number", rf"^[1-9]\d{{5}}(?:19|20)\d{{2}}{_MONTH}{_DAY}\d{{3}}[0-9X]$"),
    ("a number that begins with a birthday", rf"^{_DAY}{_MONTH}\d{{2}}[-+ A]?\d{{3}}[0-9A-Z]$"),
)  # fmt: skip


def outside_number(values: pl.Series) -> str | None:
    """Return which number of the outside world texts look like, ``None`` for none.

    By their shape, or by a check digit that nine in ten have right: numbers of health services,
    insurers, tax offices, banks and registers are known by it also where a column's name says no
    more than "id". UUIDs are none.

    References
    ----------
    ISO/IEC 7812-1 (Luhn), ISO/IEC 7064 (mod 11,10 and mod 97-10), Verhoeff (1969).
    """
    shape = identifier_shape(values)
    if shape is not None:
        return None if shape in _UUIDS else shape
    sample = values.drop_nulls().unique(maintain_order=True).head(_SAMPLE)
    if not sample.len():
        return None
    for what, pattern in _SHAPES:
        if int(sample.str.contains(pattern).sum()) >= _MOST * sample.len():
            return what
    return _checked(sample.str.replace_all(r"[ .\-]", ""))


def _checked(sample: pl.Series) -> str | None:
    for what, pattern, check in _CHECKS:
        fits = sample.filter(sample.str.contains(pattern))
        if fits.len() < _MOST * sample.len():
            continue
        plain = fits.str.replace_all(r"\D", "")
        right = [check(np.array(list(text), dtype=np.int64)) for text in plain.to_list()]
        if sum(right) >= _MOST * sample.len():
            return f"{what}: the check digit is right"
    return None


def _luhn(d: Digits) -> bool:
    doubled = 2 * d[-2::-2]
    return int(d[-1::-2].sum() + doubled.sum() - 9 * (doubled > 9).sum()) % 10 == 0


def _born(d: Digits) -> bool:
    return _luhn(d[-10:])


def _provider(d: Digits) -> bool:
    return _luhn(np.concatenate([[8, 0, 8, 4, 0], d]))


def _weighed(weights: tuple[int, ...], modulus: int) -> Callable[[Digits], bool]:
    def check(d: Digits) -> bool:
        return int((d * np.array(weights)).sum()) % modulus == 0

    return check


def _mod_11_10(d: Digits) -> bool:
    rest = 10
    for x in d[:-1].tolist():
        rest = 2 * ((rest + x) % 10 or 10) % 11
    return (11 - rest) % 10 == int(d[-1])


def _mod_97(d: Digits) -> bool:
    text = "".join(map(str, d.tolist()))
    return (97 - int(text[:-2]) % 97) == int(text[-2:])


_TURN = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _times(a: int, b: int) -> int:
    """Return the product in the dihedral group of order ten."""
    if a < 5:
        return (a + b) % 5 + 5 * (b >= 5) if b < 5 else (a + b - 5) % 5 + 5
    return (a - 5 - b) % 5 + 5 if b < 5 else (a - b) % 5


def _verhoeff(d: Digits) -> bool:
    rest = 0
    for i, x in enumerate(d[::-1].tolist()):
        turned = x
        for _ in range(i % 8):
            turned = _TURN[turned]
        rest = _times(rest, turned)
    return rest == 0


_CHECKS: tuple[tuple[str, str, Callable[[Digits], bool]], ...] = (
    ("a payment card, device or national number", r"^\d{9,19}$", _luhn),
    ("a national number", r"^(?:19|20)\d{10}$", _born),
    ("a provider's number", r"^[12]\d{9}$", _provider),
    ("a health service number", r"^\d{10}$", _weighed((10, 9, 8, 7, 6, 5, 4, 3, 2, 1), 11)),
    ("a national number", r"^\d{9}$", _weighed((9, 8, 7, 6, 5, 4, 3, 2, -1), 11)),
    ("a national number", r"^\d{11}$", _weighed((1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), 10)),
    ("a tax number", r"^\d{11}$", _mod_11_10),
    ("a national number", r"^\d{12}$", _verhoeff),
    ("a social security number", r"^[12]\d{14}$", _mod_97),
)
