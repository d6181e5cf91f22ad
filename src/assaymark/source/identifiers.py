"""Identifiers: nothing that looks like one reaches a generator in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.core.schema import Kind, Role
from assaymark.errors import DataError
from assaymark.source.recipe_text import toml_string

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from assaymark.core.recipe import ColumnSpec
    from assaymark.source.profile import TableProfile

__all__ = ["check_identifiers"]

_HANDLED = {Role.DIRECT_IDENTIFIER, Role.PERSON_KEY}


def check_identifiers(
    profile: TableProfile, declared: Mapping[str, ColumnSpec], dropped: Set[str]
) -> tuple[str, ...]:
    """Return warnings for suspected identifiers that the recipe lets through under another role.

    A suspected column passes in silence only when it is dropped by a transformation, declared
    ``direct_identifier`` or ``person_key`` (both are left out of what a generator sees), or is
    free text (left out as well).

    Raises
    ------
    DataError
        When a suspected column is neither dropped nor declared; the hint has the lines to add.
    """
    warnings: list[str] = []
    open_questions: list[tuple[str, str]] = []
    for c in profile.columns:
        name, why = c.column.name, c.suspected_identifier
        if why is None or name in dropped or c.column.kind is Kind.TEXT:
            continue
        spec = declared.get(name)
        roles = set(spec.roles) if spec is not None else set()
        if not roles:
            open_questions.append((name, why))
        elif not roles & _HANDLED:
            said = ", ".join(sorted(r.value for r in roles))
            warnings.append(
                f"Column {name!r} looks like a direct identifier ({why}), but the recipe declares "
                f"it {said}: its values, or ones made like them, can be in the output."
            )
    if open_questions:
        raise _undeclared(open_questions)
    return tuple(warnings)


def _undeclared(open_questions: list[tuple[str, str]]) -> DataError:
    found = "; ".join(f"{name!r}: {why}" for name, why in open_questions)
    lines = "\n".join(f'{toml_string(name)} = "direct_identifier"' for name, _ in open_questions)
    return DataError(
        f"columns look like direct identifiers and nothing was declared of them: {found}\n\n"
        "Hint: add these lines to the recipe, which leave the columns out, or declare another "
        f'role such as "other" if they identify nobody:\n\n[columns]\n{lines}'
    )
