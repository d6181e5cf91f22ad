"""The fields of every format that is signed or lies in a release, as they are now.

python tests/golden/formats.py    writes formats.json anew; only ever with more in it
"""

import json
from pathlib import Path

from assaymark.core import (
    ancestry,
    audit,
    entry,
    evidence,
    generator,
    label,
    lineage,
    notice,
    people,
    privacy,
    rights,
    threat,
    waiver,
)
from assaymark.monitor import sketch
from assaymark.release import history, lots, predicates

MODULES = (
    *(ancestry, audit, entry, evidence, generator, label, lineage, notice, people, privacy),
    *(rights, threat, waiver, sketch, history, lots, predicates),
)
FROZEN = Path(__file__).parent / "formats.json"


def formats():
    """Return name to field to whether it must be there, has a default, or joined later."""
    found = {}
    for module in MODULES:
        for name in module.__all__:
            made = getattr(module, name)
            if isinstance(made, type) and hasattr(made, "model_fields"):
                place = module.__name__.removeprefix("assaymark.")
                found[f"{place}.{name}"] = {f: _kind(made, f) for f in made.model_fields}
    return found


def _kind(made, field):
    info = made.model_fields[field]
    if field == "schema_id":
        return info.default
    if field in made.LATER:
        return "later"
    return "required" if info.is_required() else "default"


if __name__ == "__main__":
    FROZEN.write_text(json.dumps(formats(), indent=1, sort_keys=True) + "\n")
