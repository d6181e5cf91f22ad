"""Reading: what a verification has read of a release, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from assaymark.errors import IntegrityError
from assaymark.release.envelope import key_of, open_envelope
from assaymark.release.statement import read_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from assaymark.core.checkpoint import Checkpoint
    from assaymark.core.entry import Entry
    from assaymark.core.waiver import Waiver
    from assaymark.release.contained import Contained
    from assaymark.release.predicates import Decided, Manifest, Provenance, Released

__all__ = ["Policies", "Reading", "there"]

_T = TypeVar("_T")
Refitness: TypeAlias = (
    "Callable[[bytes, Sequence[tuple[bytes, Sequence[str]]], Mapping[str, str], str, "
    "Sequence[Waiver], str], dict[str, dict[str, str]]]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What reading a policy takes, which is not this stage's: all functions of its bytes.

    ``rejudge`` judges evidence by a policy and a version of the gate; ``refitness`` says which use
    is fit for which group;
    ``needed`` says how many persons of each role it asks for; ``controls`` says, of evidence,
    which planted leaks the rules asked for were caught.
    """

    rejudge: Callable[[bytes, bytes, Sequence[str], str, Sequence[Waiver], str], dict[str, str]]
    refitness: Refitness
    needed: Callable[[bytes], Mapping[str, int]]
    controls: Callable[[bytes, bytes, Sequence[str]], tuple[int, int]]


@dataclass(slots=True)
class Reading:
    """The files of a release, and what the steps so far have read in them."""

    files: Contained
    trusted: tuple[str, ...]
    policies: Policies
    keys: dict[str, bytes] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    manifest: Manifest | None = None
    released: Released | None = None
    provenance: Provenance | None = None
    decided: Decided | None = None
    head: Checkpoint | None = None
    entry: Entry | None = None
    shown: tuple[Entry, ...] = ()
    waivers: tuple[Waiver, ...] = ()

    def file(self, path: str) -> bytes:
        """Return a whole file that has to be there."""
        if path not in self.files:
            raise IntegrityError(f"{path} is missing")
        return self.files[path]

    def statement(self, path: str, kind: str) -> tuple[dict[str, str], bytes]:
        """Return subjects and predicate of a statement that a key of the release signed."""
        payload, _ = open_envelope(self.file(path), self.keys)
        return read_statement(payload, kind)

    def read_keys(self) -> None:
        """Read every public key, which is named by its fingerprint."""
        for path in self.files:
            if path.startswith("keys/"):
                name, public = key_of(path, self.files[path])
                self.keys[name] = public

    def rows(self) -> list[str]:
        """Return the files of rows, replicates in order."""
        names = [p for p in self.files if p.startswith("data/") and p.endswith(".parquet")]
        return sorted(names, key=lambda p: (len(p), p))


def there(value: _T | None) -> _T:
    """Return what an earlier step has read; it is there, or that step failed."""
    assert value is not None  # noqa: S101
    return value
