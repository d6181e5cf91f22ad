"""Issued: a release that was issued and verifies, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assaymark.release.predicates import FileDigest, Provenance, Released

__all__ = ["Issued"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A release that verifies: its folder, manifest digest, files, signer, and what it says."""

    folder: Path
    manifest: str
    files: tuple[FileDigest, ...]
    signer: str
    public: bytes
    released: Released
    made: Provenance
