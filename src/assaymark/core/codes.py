"""Codes: ranges of three-character stems, as chapters of ICD-9 and ICD-10 are given."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assaymark.errors import ConditionError

__all__ = ["CodeRange"]

_STEM = re.compile(r"([A-Z]?)(\d*)([A-Z]?)")
_CODE = re.compile(r"([A-Z]?)(\d*)")
_PROCEDURE = re.compile(r"(\d{1,2})(?:\.?\d{1,2})?")
_PREFIX = re.compile(r"([A-Z0-9]{1,6})\*")
_LETTER_DIGITS, _PLAIN_DIGITS, _PROCEDURE_DIGITS = 2, 3, 2


@dataclass(frozen=True, slots=True)
class CodeRange:
    """Codes whose stem is ``letter`` and a number from ``low`` to ``high``, of ``width`` digits.

    Those of two digits without a letter are procedures of ICD-9-CM, of four digits at most. Where
    there is a ``prefix``, all codes that begin with it.
    """

    letter: str
    low: int
    high: int
    width: int
    prefix: str = ""

    @classmethod
    def parse(cls, text: str) -> CodeRange:
        """Read a code (``C61``), a letter (``O``), a range (``630-679``, ``60-64``) or ``0U*``.

        Raises
        ------
        ConditionError
            When it is none of these.
        """
        begins = _PREFIX.fullmatch(text.strip().upper())
        if begins:
            return cls("", 0, 0, 0, begins.group(1))
        ends = [_STEM.fullmatch(t.strip().upper()) for t in text.split("-")]
        found = [m.groups() for m in ends if m]
        if not 1 <= len(ends) <= 2 or len(found) < len(ends) or found[0][0] != found[-1][0]:
            raise _wrong(text)
        letter = found[0][0]
        procedures = len(ends) == 2 and not letter and {len(d) for _, d, _ in found} == {2}
        width = _LETTER_DIGITS if letter else _PROCEDURE_DIGITS if procedures else _PLAIN_DIGITS
        if len(ends) == 1 and letter and not found[0][1]:
            return cls(letter, 0, 10**width - 1, width)
        lows = [d for _, d, _ in found]
        if any(len(d) + len(tail) != width or not d for _, d, tail in found):
            raise _wrong(text)
        low, high = (int(d.ljust(width, e)) for d, e in zip((lows[0], lows[-1]), "09", strict=True))
        if low > high:
            raise _wrong(text)
        return cls(letter, low, high, width)

    @property
    def procedures(self) -> bool:
        """Whether these are procedures of ICD-9-CM, which have two digits before the point."""
        return not self.letter and self.width == _PROCEDURE_DIGITS

    def holds(self, code: str, *, shortened: bool = False) -> bool:
        """Return whether ``code`` is in the range.

        A number of fewer digits than a stem has is one with zeros before it; ``shortened``, one
        that is cut: then all that it may stand for must be in the range.
        """
        text = code.strip().upper()
        if self.prefix:
            return text.startswith(self.prefix)
        found = _CODE.match(text)
        if found is None or found.group(1) != self.letter:
            return False
        if self.procedures and not _PROCEDURE.fullmatch(text):
            return False
        digits = found.group(2)
        cut_to_letter = shortened and text == self.letter
        if not digits and not cut_to_letter:
            return False
        if shortened and len(digits) < self.width:
            first, last = int(digits.ljust(self.width, "0")), int(digits.ljust(self.width, "9"))
        else:
            first = last = int(digits[: self.width])
        return self.low <= first and last <= self.high


def _wrong(text: str) -> ConditionError:
    return ConditionError(
        f"{text!r} is no code or range of codes\n\nHint: a letter (O), a stem (C61, 185), a "
        "range of stems (O00-O99, 630-679; 60-64 for procedures of ICD-9-CM), or how codes begin "
        "(0U*)"
    )
