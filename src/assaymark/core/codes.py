"""Codes: ranges of three-character stems, as chapters of ICD-9 and ICD-10 are given."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assaymark.errors import ConditionError

__all__ = ["CodeRange"]

_STEM = re.compile(r"([A-Z]?)(\d*)([A-Z]?)")
_CODE = re.compile(r"([A-Z]?)(\d*)")
_LETTER_DIGITS, _PLAIN_DIGITS = 2, 3


@dataclass(frozen=True, slots=True)
class CodeRange:
    """Codes whose stem is ``letter`` and a number from ``low`` to ``high``."""

    letter: str
    low: int
    high: int

    @classmethod
    def parse(cls, text: str) -> CodeRange:
        """Read a code (``C61``), a letter (``O``) or a range (``630-679``, ``O00-O9A``).

        Raises
        ------
        ConditionError
            When it is none of these.
        """
        ends = [_STEM.fullmatch(t.strip().upper()) for t in text.split("-")]
        found = [m.groups() for m in ends if m]
        if not 1 <= len(ends) <= 2 or len(found) < len(ends) or found[0][0] != found[-1][0]:
            raise _wrong(text)
        letter, width = found[0][0], _digits(found[0][0])
        if len(ends) == 1 and letter and not found[0][1]:
            return cls(letter, 0, 10**width - 1)
        lows = [d for _, d, _ in found]
        if any(len(d) + len(tail) != width or not d for _, d, tail in found):
            raise _wrong(text)
        low, high = (int(d.ljust(width, e)) for d, e in zip((lows[0], lows[-1]), "09", strict=True))
        if low > high:
            raise _wrong(text)
        return cls(letter, low, high)

    def holds(self, code: str, *, shortened: bool = False) -> bool:
        """Return whether ``code`` is in the range.

        A number of fewer digits than a stem has is one with zeros before it; ``shortened``, one
        that is cut: then all that it may stand for must be in the range.
        """
        found = _CODE.match(code.strip().upper())
        if found is None or found.group(1) != self.letter:
            return False
        width, digits = _digits(self.letter), found.group(2)
        cut_to_letter = shortened and code.strip().upper() == self.letter
        if not digits and not cut_to_letter:
            return False
        if shortened and len(digits) < width:
            first, last = int(digits.ljust(width, "0")), int(digits.ljust(width, "9"))
        else:
            first = last = int(digits[:width])
        return self.low <= first and last <= self.high


def _digits(letter: str) -> int:
    return _LETTER_DIGITS if letter else _PLAIN_DIGITS


def _wrong(text: str) -> ConditionError:
    return ConditionError(
        f"{text!r} is no code or range of codes\n\nHint: a letter (O), a stem (C61, 185), or a "
        "range of stems (O00-O99, 630-679)"
    )
