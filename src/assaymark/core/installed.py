"""Installed: what the packages on Python's path say of themselves.

To answer, a file of every package is opened, and a run asks some hundred times: they are opened
again only where a folder in which packages are found was added, removed or changed.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from importlib.metadata import entry_points, packages_distributions
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["offered", "package_of"]

_Folders = tuple[tuple[str, int, int, int], ...]


def offered(group: str) -> Mapping[str, str]:
    """Return the entry points of ``group``: the object that each name stands for."""
    return _offered(group, _folders())


def package_of(module: str) -> str | None:
    """Return the package that the top-level ``module`` is installed with, if with any."""
    return next(iter(_packages(_folders()).get(module, [])), None)


def _folders() -> _Folders:
    return tuple(map(_state, sys.path))


def _state(folder: str) -> tuple[str, int, int, int]:
    try:
        found = os.stat(folder or ".")  # "" is the current one
    except OSError:
        return folder, 0, 0, 0
    return folder, found.st_dev, found.st_ino, found.st_mtime_ns


@lru_cache(maxsize=16)
def _offered(group: str, _: _Folders) -> Mapping[str, str]:
    return {e.name: e.value for e in entry_points(group=group)}


@lru_cache(maxsize=2)
def _packages(_: _Folders) -> Mapping[str, list[str]]:
    return packages_distributions()
