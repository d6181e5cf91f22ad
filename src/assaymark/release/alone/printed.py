"""Alone, printed: the table of the twelve steps, and what was not verified."""

from __future__ import annotations

import argparse
import datetime
import json
import re
import sys
from pathlib import Path

from assaymark.release.alone.lots import LOT_LEFT_OUT
from assaymark.release.alone.steps import Release, verified

__all__ = ["main"]

LEFT_OUT = (
    "Whether CSV and Parquet hold the same rows, which takes a reader of Parquet",
    "Whether each number of card, datasheet and lay page is that of its statement",
    "The form of each document, field by field",
    "That nothing leaks: no known accidental leak was found, which is no proof of privacy",
    "Notices that did not arrive: ask who issued the release",
    "Truth of the measurements: only the holder of the source can repeat them",
    "The person behind the key, unless you know its fingerprint in another way (--trust)",
    "The rest of the ledger, and attempts that were never entered in it",
    "Attacks outside the threat model in threat.json",
)
LEFT_OF_LOT = (*LOT_LEFT_OUT, *LEFT_OUT[5:8])


def main() -> int:
    """Print the table; return 4 where anything does not hold, 3 where it holds for no use now."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", default=Path(__file__).parent, type=Path)
    parser.add_argument("--trust", action="append", default=[])
    parser.add_argument("--today", type=datetime.date.fromisoformat)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    asked.trust = [t.strip().lower() for t in asked.trust]
    if not all(re.fullmatch("[0-9a-f]{16,64}", t) for t in asked.trust):
        parser.error("--trust: a fingerprint has 64 hex digits, of which the first 16 are enough")
    today = asked.today or datetime.datetime.now(datetime.UTC).date()
    release = Release(asked.folder, asked.trust, today)
    table = verified(release)
    holds = all(outcome not in {"FAILED", "NOT RUN"} for _, _, outcome, _ in table)
    left = LEFT_OF_LOT if release.is_lot else LEFT_OUT
    uses = release.uses | dict.fromkeys(release.uses.keys() & release.stale, "stale")
    less = release.now in {"CONTESTED", "DEGRADED"}
    if asked.json:
        steps = [dict(zip(("number", "title", "outcome", "said"), s, strict=True)) for s in table]
        said = {"ok": holds, "uses": release.uses, "steps": steps, "not_verified": left}
        said |= {"status": release.now, "stale": release.stale}
        sys.stdout.write(json.dumps(said, indent=1) + "\n")
    else:
        lines = [f"  {n:>2}  {title:<23} {out:<15} {said}" for n, title, out, said in table]
        lines += ["", "Not verified:", *(f"  {said}" for said in left), ""]
        lines += [f"  {use}: {status}" for use, status in uses.items()]
        good = f"VERIFIED, but {release.now}: do not use it" if less else "VERIFIED"
        lines += ["", good if holds else "NOT VERIFIED: do not use this folder"]
        sys.stdout.write("\n".join(lines) + "\n")
    if not holds:
        return 4
    return 3 if less or "approved" not in uses.values() else 0


if __name__ == "__main__":
    sys.exit(main())
