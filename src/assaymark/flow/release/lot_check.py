"""Lot check: does a lot hold together, from its folder alone; its rows are compared again."""

from __future__ import annotations

import io
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.day import day_of
from assaymark.core.document import decimal
from assaymark.errors import DataError, IntegrityError
from assaymark.flow.generate.row_files import csv_of
from assaymark.flow.release.standing_check import check_standing
from assaymark.monitor.agree import agree
from assaymark.monitor.sketch import Sketch
from assaymark.release.lots import LOT_ROWS, check_lot
from assaymark.release.trusted import is_trusted
from assaymark.release.verification import STEPS, Verification

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from assaymark.release.lots import LotFound

__all__ = ["verify_lot"]


def verify_lot(
    files: Mapping[str, bytes], trusted: Sequence[str], today: date, place: Path | None
) -> Verification:
    """Check a lot given as paths and bytes, offline and without its release.

    ``place`` is the folder beside which, and in whose workspace, notices about its release are
    looked for; ``None`` leaves open whether that was withdrawn.
    """
    found = Verification()
    try:
        lot = check_lot(files)
        _signer(lot, trusted, found)
        _rows(files, lot)
        ended = bool(lot.lot.expires) and day_of(lot.lot.expires) < today
    except IntegrityError as error:
        found.fail(2, "Lot", str(error))
        return found
    if ended:
        found.fail(11, "Status", f"EXPIRED: it expired on {lot.lot.expires}")
        return found
    said = lot.lot
    found.uses = dict.fromkeys(said.uses, "approved")
    found.hold(2, "Files", f"all {len(files)} files are as they were signed, none is extra")
    found.hold(3, "Signatures", "lot, release and provenance are signed by the same key")
    found.hold(
        4, "Release", f"lot {said.number} of {lot.released.name}, manifest {said.release[:16]}"
    )
    found.hold(
        4, "Generator", f"model {said.model[:16]}, the one that the release was approved with"
    )
    for check in said.checks:
        if check.name == "drift":
            found.hold(6, "Drift", f"compared again: {check.said}; p {check.value} > {check.limit}")
    found.hold(12, "CSV", "holds the same rows as the Parquet file")
    found.hold(5, "Ledger", lot.logged)
    for step in (7, 8, 9, 10):
        found.lack(step, STEPS[step - 1], "that of its release")
    if place is None:
        found.lack(11, "Status", "whether its release was withdrawn was not asked")
    else:
        check_standing(
            place,
            found,
            today,
            manifest=lot.manifest,
            public=bytes.fromhex(lot.public),
            expires=said.expires,
            ancestry=lot.made.ancestry,
        )
    _open(lot, found)
    return found


def _signer(lot: LotFound, trusted: Sequence[str], found: Verification) -> None:
    found.signer = lot.signer
    if not trusted:
        found.hold(1, "Signer", f"one key signs, {lot.signer[:16]}")
        found.leave("Signer", f"no key was given to compare with; this one is {lot.signer}")
    elif not is_trusted(lot.signer, trusted):
        raise IntegrityError(f"{lot.signer} is not among the keys that you trust")
    else:
        found.hold(1, "Signer", f"{lot.signer} is a key that you trust")


def _rows(files: Mapping[str, bytes], lot: LotFound) -> None:
    csv, parquet = (files[p] for p in LOT_ROWS)
    if csv_of(parquet) != csv:
        raise IntegrityError("the Parquet file and its CSV hold different rows")
    try:
        again = agree(
            Sketch.parse(files["release/sketch.json"]), pl.read_parquet(io.BytesIO(parquet))
        )
    except DataError as error:
        raise IntegrityError(f"the rows cannot be compared with the release: {error}") from error
    (said,) = (c for c in lot.lot.checks if c.name == "drift")
    if not again.holds or (decimal(again.p), decimal(again.limit)) != (said.value, said.limit):
        raise IntegrityError("comparing the rows with the release again gives another result")


def _open(lot: LotFound, found: Verification) -> None:
    for check in lot.lot.checks:
        if check.name in {"copies", "constraints"}:
            title = "Copies" if check.name == "copies" else "Constraints"
            found.leave(title, f"{check.said}; only the issuer can look again")
    found.leave(
        "Attacks", "a lot inherits those of its release, which is verified by itself; none was run"
    )
    found.leave("The person behind the key", "a key proves the same signer, not who that is")
