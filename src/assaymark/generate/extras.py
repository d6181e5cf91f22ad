"""Extras: which generators need packages that a plain installation does not bring."""

from __future__ import annotations

from importlib.util import find_spec

from assaymark.errors import InputError

__all__ = ["EXTRAS", "can_fit", "check_can_fit"]

EXTRAS = {"mostlyai": ("deep", "mostlyai", "mostlyai-engine")}
"""Per generator: the extra that brings the package, the module looked for, the package."""


def check_can_fit(name: str) -> None:
    """Refuse a generator whose package is not installed.

    Raises
    ------
    InputError
        With the command that installs it.
    """
    extra, module, package = EXTRAS.get(name, ("", "", ""))
    if module and (find_spec(module) is None or find_spec(f"{module}.engine") is None):
        raise InputError(
            f"generator {name!r} needs the package {package!r}, which is not installed"
            f"\n\nHint: pip install 'assaymark[{extra}]'; it brings PyTorch, some gigabytes"
        )


def can_fit(name: str) -> bool:
    """Whether the package that a generator needs is installed."""
    try:
        check_can_fit(name)
    except InputError:
        return False
    return True
