"""Detect: which release the rows of a file come from, when card and name are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import polars as pl

from assaymark.core.document import Document, sha256
from assaymark.core.streams import Streams
from assaymark.errors import InputError
from assaymark.monitor.fragments import recogniser
from assaymark.release.build import MANIFEST
from assaymark.release.predicates import Manifest
from assaymark.source.read import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

    from assaymark.monitor.fragments import Recogniser

__all__ = ["Detected", "Held", "Match", "by_chance", "detect", "held_of"]

ERROR = 0.001
"""How often a file is said to hold rows of any of the releases though it holds none, at most."""

_MUCH = 0.5
_MOST = 1e-6
Said = Literal["this file", "these rows", "some of these rows", "not these rows", "cannot tell"]


class Held(NamedTuple):
    """What a file holds of one release, before its hash is asked; as in :class:`Match`."""

    share: float
    by_chance: float
    p: float
    said: Said


class Match(Document):
    """How much of a file is rows of one release, by the columns that both have.

    ``share`` of the file's rows are recognised as rows of the release, though parts of them may
    have been altered; of the very file, all. At most ``by_chance`` would be, if the file were
    other rows of the same distribution; ``p`` is the probability of as many by chance. ``said``
    goes by ``p``.
    """

    release: str
    manifest: str
    columns: tuple[str, ...]
    share: float
    by_chance: float
    p: float
    said: Said

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The match as a row of a table."""
        shares = f"{self.share:.1%}", f"{self.by_chance:.2%} at most"
        return self.release, str(len(self.columns)), *shares, self.said


class Detected(Document):
    """What a file holds of each release, the nearest first; ``error`` is for all together."""

    file: str
    rows: int
    error: float
    matches: tuple[Match, ...]


def detect(file: Path, releases: Sequence[Path]) -> Detected:
    """Hold a file against releases: by its hash, then by fragments of its rows, in any order.

    Columns that were renamed by more than case are not recognised; nor are rows of which hardly
    any part is left.

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
    rows, digest = read_table(file), sha256(file.read_bytes())
    if not rows.height:
        raise InputError(f"{file.name!r} has no rows: there is nothing to compare")
    level = ERROR / len(releases)
    matches = [_match(rows, digest, folder, level) for folder in releases]
    matches.sort(key=lambda m: (m.said != "this file", m.p, -m.share))
    return Detected(file=file.name, rows=rows.height, error=ERROR, matches=tuple(matches))


def _match(rows: pl.DataFrame, digest: str, folder: Path, level: float) -> Match:
    try:
        manifest = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise InputError(f"{str(folder)!r} is not the folder of a release") from error
    same = digest in {f.sha256 for f in Manifest.parse(manifest).files}
    tables = [read_table(p) for p in sorted((folder / "data").glob("*.parquet"))]
    rows = _named(rows, tables[0].columns if tables else ())
    names = [n for n in rows.columns if tables and all(n in t.columns for t in tables)]
    held = Held(share=0.0, by_chance=1.0, p=1.0, said="cannot tell")
    if names:
        rng = Streams.from_seed(0).child("detect").generator()
        knows = recogniser(pl.concat([t.select(names) for t in tables]), names, rng)
        held = held_of(rows, knows, level, rng)
    return Match.model_validate(
        {
            "release": folder.name,
            "manifest": sha256(manifest),
            "columns": tuple(names),
            "share": 1.0 if same else held.share,
            "by_chance": held.by_chance,
            "p": held.p,
            "said": "this file" if same else held.said,
        }
    )


def _named(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Return rows with the names of a release where only case and blanks around them differ."""
    known = {n.strip().casefold(): n for n in names}
    found = {n: known.get(n.strip().casefold(), n) for n in rows.columns}
    once = len(set(found.values())) == len(found)
    return rows.rename(found) if once else rows


def held_of(rows: pl.DataFrame, knows: Recogniser, level: float, rng: np.random.Generator) -> Held:
    """Say whether rows are of those that ``knows`` knows, wrongly at most at the rate ``level``."""
    found = knows.recognised(rows, rng)
    share = float(found.mean())
    if not knows.able:
        return Held(share=share, by_chance=knows.chance, p=1.0, said="cannot tell")
    p = by_chance(int(found.sum()), len(found), knows.chance)
    said: Said = "these rows" if share >= _MUCH else "some of these rows"
    return Held(
        share=share, by_chance=knows.chance, p=p, said="not these rows" if p > level else said
    )


def by_chance(hits: int, n: int, chance: float) -> float:
    """Return the probability of at least as many hits of ``n`` at the rate ``chance``."""
    from scipy.special import bdtrc

    return 1.0 if not hits else float(bdtrc(hits - 1, n, max(chance, _MOST)))
