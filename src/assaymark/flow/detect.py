"""Detect: which release the rows of a file come from, when card and name are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from assaymark.core.document import Document, sha256
from assaymark.core.streams import Streams
from assaymark.errors import InputError
from assaymark.release.build import MANIFEST
from assaymark.source.read import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Detected", "Match", "detect"]

_MUCH, _SOME = 0.5, 0.05


class Match(Document):
    """How much of a file is rows of one release, in the columns that both have.

    ``share`` of the file's rows are rows of the release; ``by_chance`` of them would be if the
    file's columns had nothing to do with each other. ``said`` goes by the difference.
    """

    release: str
    manifest: str
    columns: tuple[str, ...]
    share: float
    by_chance: float
    said: Literal["these rows", "some of these rows", "not these rows"]

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The match as a row of a table."""
        shares = f"{self.share:.1%}", f"{self.by_chance:.1%}"
        return self.release, str(len(self.columns)), *shares, self.said


class Detected(Document):
    """What a file holds of each release, the nearest first."""

    file: str
    rows: int
    matches: tuple[Match, ...]


def detect(file: Path, releases: Sequence[Path]) -> Detected:
    """Compare the rows of ``file`` with those of ``releases``, in any order and by column names.

    Rows whose values were altered, and columns that were renamed, are not recognised.

    Raises
    ------
    InputError
        When there is nothing to compare with.
    """
    if not releases:
        raise InputError(
            "there is no release to compare with\n\nHint: --workspace FOLDER where one was "
            "issued, or --release FOLDER for one that you received"
        )
    rows = read_table(file)
    matches = [_match(rows, folder) for folder in releases]
    matches.sort(key=lambda m: m.by_chance - m.share)
    return Detected(file=file.name, rows=rows.height, matches=tuple(matches))


def _match(rows: pl.DataFrame, folder: Path) -> Match:
    try:
        manifest = sha256((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise InputError(f"{str(folder)!r} is not the folder of a release") from error
    tables = [read_table(p) for p in sorted((folder / "data").glob("*.parquet"))]
    names = [n for n in rows.columns if tables and all(n in t.columns for t in tables)]
    share = by_chance = 0.0
    if names:
        known = pl.concat([t.select(_joined(names)) for t in tables])["row"].unique()
        share = _among(rows, names, known)
        rng = Streams.from_seed(0).child("detect").generator()
        by_chance = _among(
            rows.select(rows[n].gather(rng.permutation(rows.height)) for n in names), names, known
        )
    above = share - by_chance
    said = (
        "these rows"
        if above >= _MUCH
        else "some of these rows"
        if above >= _SOME
        else "not these rows"
    )
    return Match.model_validate(
        {
            "release": folder.name,
            "manifest": manifest,
            "columns": tuple(names),
            "share": share,
            "by_chance": by_chance,
            "said": said,
        }
    )


def _among(rows: pl.DataFrame, names: Sequence[str], known: pl.Series) -> float:
    return float(rows.select(_joined(names))["row"].is_in(known.implode()).sum()) / rows.height


def _joined(names: Sequence[str]) -> pl.Expr:
    texts = [pl.col(n).cast(pl.String).fill_null("\x1e") for n in names]
    return pl.concat_str(texts, separator="\x1f").alias("row")
