"""Alone: the verifier that every release carries, as one file; needs `cryptography` only."""

from __future__ import annotations

import importlib.resources
import re

__all__ = ["STANDALONE", "standalone"]

STANDALONE = "verify.py"
_PARTS = ("pieces", "budget", "gate", "people", "steps")
_OWN = re.compile(r"from assaymark[\w.]* import (?:\([^)]*\)|[^\n]*)\n")
_EXPORTS = re.compile(r"__all__ = \[[^\]]*\]\n")
_FUTURE = "from __future__ import annotations\n"


def standalone() -> bytes:
    """Return the file: the parts of this package one after the other, without their imports."""
    folder = importlib.resources.files("assaymark.release.alone")
    parts = [(folder / f"{name}.py").read_text("utf-8") for name in _PARTS]
    plain = [_EXPORTS.sub("", _OWN.sub("", part)) for part in parts]
    first, *others = plain
    return (first + "".join(part.replace(_FUTURE, "", 1) for part in others)).encode()
