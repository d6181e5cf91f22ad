"""Plausibility: what no record, or hardly any, may be, as ``[[plausibility]]`` of a recipe says."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from assaymark.core.document import Document

__all__ = [
    "PLAUSIBILITY",
    "RULES",
    "CodesExcluded",
    "Derived",
    "Implied",
    "InOrder",
    "InRange",
    "PerGroup",
    "PlausibilitySpec",
    "RowHolds",
    "RuleSpec",
    "Starter",
]


class _Plausibility(Document):
    """What every rule says: its ``name``, how grave a breach is, and where the rule comes from.

    ``severity`` is ``"hard"`` where no record may break the rule, ``"soft"`` where no more may than
    real records do. ``who``, ``source`` and ``version`` are its provenance. A missing value breaks
    no rule.
    """

    name: str = Field(min_length=1, max_length=80)
    severity: Literal["hard", "soft"] = "hard"
    who: str = ""
    source: str = ""
    version: str = ""

    @field_validator("name")
    @classmethod
    def _plain(cls, name: str) -> str:
        if any(ch in name for ch in ",*[]?\n"):
            raise ValueError("a rule's name has no comma, star, bracket or question mark")
        return name


class RowHolds(_Plausibility):
    """A condition, as ``generate --where`` takes it, is false of no record."""

    kind: Literal["rule"]
    rule: str


class InRange(_Plausibility):
    """A number or date is between ``low`` and ``high``, ends included; ``unit`` is in words."""

    kind: Literal["range"]
    column: str
    low: float | str | None = None
    high: float | str | None = None
    unit: str = ""


class InOrder(_Plausibility):
    """Dates or numbers do not fall from one of ``columns`` to a later one.

    ``strict`` also excludes that two of them are the same.
    """

    kind: Literal["order"]
    columns: tuple[str, ...] = Field(min_length=2)
    strict: bool = False


class Derived(_Plausibility):
    """A number is what ``formula`` makes of other columns, give or take ``tolerance``."""

    kind: Literal["derived"]
    column: str
    formula: str
    tolerance: float = Field(default=1e-6, ge=0)


class Implied(_Plausibility):
    """Where the condition ``when`` is true, ``then`` is not false."""

    kind: Literal["implies"]
    when: str
    then: str


class CodesExcluded(_Plausibility):
    """Where ``when`` is true, none of ``columns`` has a code of ``codes``.

    ``codes`` are codes (``"C61"``), stems (``"O"``), ranges of three-character stems
    (``"630-679"``, ``"O00-O99"``), ranges of the two digits that procedures of ICD-9-CM begin with
    (``"60-64"``), and beginnings of any code (``"0U*"``). ``shortened`` says that codes in the
    table are cut to their first characters: one then counts only where all that it may stand for is
    excluded.
    """

    kind: Literal["codes"]
    columns: tuple[str, ...] = Field(min_length=1)
    codes: tuple[str, ...] = Field(min_length=1)
    when: str = ""
    shortened: bool = False


class PerGroup(_Plausibility):
    """Of the rows that share a value of ``by``, ``least`` to ``most`` satisfy ``rule``."""

    kind: Literal["per_group"]
    by: str
    rule: str
    least: int = Field(default=0, ge=0)
    most: int | None = Field(default=None, ge=0)


class Starter(Document):
    """Rules of a set that ships, with your ``columns`` for its concepts.

    ``words`` says how your table writes a concept's value (``male = ["1"]``). ``leave_out`` names
    rules of the set that are not wanted; rules on concepts that have no column are left out.
    """

    kind: Literal["starter"]
    set: str
    columns: dict[str, str | tuple[str, ...]] = Field(min_length=1)
    words: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    shortened: bool = False
    leave_out: tuple[str, ...] = ()


RULES: dict[str, type[_Plausibility]] = {
    "rule": RowHolds,
    "range": InRange,
    "order": InOrder,
    "derived": Derived,
    "implies": Implied,
    "codes": CodesExcluded,
    "per_group": PerGroup,
}
PLAUSIBILITY: dict[str, type[Document]] = {**RULES, "starter": Starter}

RuleSpec = Annotated[
    RowHolds | InRange | InOrder | Derived | Implied | CodesExcluded | PerGroup,
    Field(discriminator="kind"),
]
PlausibilitySpec = Annotated[
    RowHolds | InRange | InOrder | Derived | Implied | CodesExcluded | PerGroup | Starter,
    Field(discriminator="kind"),
]
