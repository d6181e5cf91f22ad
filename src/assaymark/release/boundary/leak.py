"""Leak: something that must not leave with a release, where it is and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["REMEDIES", "Leak"]

REMEDIES = {
    "file kind": "leave the file out; a release holds only the kinds of file that it is made of",
    "model weights": "leave the model out; the release carries its digest, the issuer its file",
    "seed": "leave the seed out; whoever knows it can repeat the random draws",
    "exact count": "give the band (`about 25,000`) in place of the count",
    "bare hash": "use a keyed commitment (HMAC); what is private can be found by trying",
    "row index": "drop the index column; it says which real row came where",
    "pandas metadata": "write the file without pandas, as `assaymark run` does",
    "parquet metadata": "write the file without metadata of its own",
    "parquet statistics": "write the file with `statistics=False`",
    "file time": "leave the time out, or round it to a second",
    "embedded path": "leave the path out; it names people, machines and folders",
    "person ids": "leave the list out; who was in which part of the split is sealed",
    "free text": "give the column the role `text`, so that it is left out, or group its values",
    "small cell": "leave out what rests on fewer than ten people, or pool it",
}


@dataclass(frozen=True, slots=True)
class Leak:
    """Something that must not leave: which rule found it, where, and what it is."""

    rule: str
    path: str
    what: str

    @property
    def remedy(self) -> str:
        """What to do."""
        return REMEDIES[self.rule]

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}: {self.what}"
