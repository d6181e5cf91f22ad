"""Contained: the files of a release by path, whole where they are small, in parts where not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from assaymark.core.document import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Contained", "Held", "held"]


class Contained(Protocol):
    """The files of a release; ``[path]`` reads a whole file, for all but the rows."""

    def __getitem__(self, path: str, /) -> bytes: ...

    def __iter__(self) -> Iterator[str]: ...

    def __contains__(self, path: object, /) -> bool: ...

    def __len__(self) -> int: ...

    def digest(self, path: str) -> str:
        """Return the SHA-256 of a file, hex."""
        ...

    def size(self, path: str) -> int:
        """Return how many bytes a file has."""
        ...

    def part(self, path: str, start: int, length: int) -> bytes:
        """Return some bytes of a file."""
        ...


class Held(dict[str, bytes]):
    """Files of a release that are in memory."""

    def digest(self, path: str) -> str:
        """Return the SHA-256 of a file, hex."""
        return sha256(self[path])

    def size(self, path: str) -> int:
        """Return how many bytes a file has."""
        return len(self[path])

    def part(self, path: str, start: int, length: int) -> bytes:
        """Return some bytes of a file."""
        return self[path][start : start + length]


def held(files: Mapping[str, bytes] | Contained) -> Contained:
    """Return files in the form that the verifier reads."""
    return Held(files) if isinstance(files, dict) else files  # type: ignore[return-value]
