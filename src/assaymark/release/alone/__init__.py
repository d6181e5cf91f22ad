"""Alone: the verifier that every release carries, as one file; needs `cryptography` only."""

from __future__ import annotations

import importlib.resources
import re

__all__ = ["STANDALONE", "standalone"]

STANDALONE = "verify.py"
_FIRST = "release/alone/pieces"
_PARTS = (
    *("core/plain", "core/weak_key", "release/boundary/leak"),
    *("release/contained", "release/boundary/parquet_footer"),
    *(
        "release/boundary/spelt",
        "release/boundary/words",
        "release/boundary/fields",
        "release/boundary/hashes",
    ),
    *("release/boundary/rows", "release/boundary/linter"),
    *(f"release/alone/{n}" for n in ("budget", "gate", "people", "groups", "governed")),
    *(f"release/alone/{n}" for n in ("home", "notices", "log", "lots", "steps", "printed")),
)
"""The linter is the same in both verifiers; all else is written a second time, on plain values."""
_NAMES = "\n\nIntegrityError = LeakError = Broken\n\n"
_OWN = re.compile(r"^ *from assaymark[\w.]* import (?:\([^)]*\)|[^\n]*)\n", re.MULTILINE)
_TYPES = re.compile(r"^if TYPE_CHECKING:\n(?:(?: {4}.*)?\n)*", re.MULTILINE)
_EXPORTS = re.compile(r"__all__ = \[[^\]]*\]\n")
_FUTURE = "from __future__ import annotations\n"


def standalone() -> bytes:
    """Return the file: its parts one after the other, without what they import of each other."""
    root = importlib.resources.files("assaymark")
    first, *others = (
        _EXPORTS.sub("", _OWN.sub("", _TYPES.sub("", (root / f"{part}.py").read_text("utf-8"))))
        for part in (_FIRST, *_PARTS)
    )
    rest = "".join(part.replace(_FUTURE, "", 1) for part in others)
    return (first + _NAMES + rest).encode()
