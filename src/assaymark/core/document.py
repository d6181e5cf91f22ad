"""Document: what is written to disk or signed; strict, immutable, with canonical bytes."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, ClassVar, Self

import rfc8785
from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from assaymark.errors import IntegrityError

__all__ = ["Document", "decimal", "other_format", "sha256"]

_SCHEMA = re.compile(r'"schema_id"\s*:\s*"([\w./-]{1,80})"')


class Document(BaseModel):
    """Anything written or signed: frozen, strict, no unknown field, RFC 8785 bytes.

    Numbers that carry a measurement are decimal strings (see :func:`decimal`), so that there is
    no NaN and no float ambiguity in signed bytes. Sub-classes add
    ``schema_id: Literal["assaymark/<name>/v0"]``. A field named in ``LATER`` joined after documents
    were written: at its default it is left out, so that their bytes and digests stay as they were.

    References
    ----------
    RFC 8785, JSON Canonicalization Scheme.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    LATER: ClassVar[tuple[str, ...]] = ()

    @model_serializer(mode="wrap")
    def _written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        out: dict[str, Any] = handler(self)
        for name in self.LATER:
            if getattr(self, name) == type(self).model_fields[name].default:
                out.pop(name, None)
        return out

    def plain(self) -> dict[str, Any]:
        """Return the document as plain JSON values."""
        out: dict[str, Any] = json.loads(self.model_dump_json(by_alias=True))
        return out

    def canonical(self) -> bytes:
        """Return the RFC 8785 bytes."""
        return rfc8785.dumps(self.plain())

    def digest(self) -> str:
        """Return the SHA-256 of the canonical bytes, lower-case hex."""
        return sha256(self.canonical())

    @classmethod
    def parse(cls, raw: bytes | str) -> Self:
        """Read a document back; anything unknown, missing or mistyped is an integrity error."""
        try:
            return cls.model_validate_json(raw)
        except ValidationError as error:
            said = cls._other_version(raw) or f"not a valid {cls.__name__}: {_wrong(error)}"
            raise IntegrityError(said) from error

    @classmethod
    def _other_version(cls, raw: bytes | str) -> str:
        """Say which version of the format bytes have, where it is one that is not known here."""
        known = (
            str(cls.model_fields["schema_id"].default) if "schema_id" in cls.model_fields else ""
        )
        said = _SCHEMA.findall(raw if isinstance(raw, str) else raw.decode("utf-8", "replace"))
        return next(filter(None, (other_format(s, known) for s in said)), "")


def other_format(found: object, known: str) -> str:
    """Say that ``found`` is another version of the format ``known``, and what to do, if it is."""
    if found == known or str(found).rpartition("/")[0] != known.rpartition("/")[0]:
        return ""
    return (
        f"written in the format {str(found)!r:.80}, and this assaymark knows {known!r}\n\n"
        "Hint: use a newer assaymark, or the verify.py that lies in the release"
    )


def _wrong(error: ValidationError) -> str:
    """Say in a line what is wrong first, what was found there, and how much else is wrong."""
    first, *others = error.errors(include_url=False, include_context=False)
    place = ".".join(str(p) for p in first["loc"])
    said = first["msg"].removeprefix("Value error, ").replace("Input should", "must")[:200]
    found = first["input"]
    got = f", not {found!r:.60}" if isinstance(found, str | int | float) and place else ""
    more = f"; and {len(others)} more" if others else ""
    return f"{place[:80]}: {said}{got}{more}" if place else f"{said}{more}"


def decimal(x: float | None) -> str | None:
    """Return ``x`` as the decimal string that signed documents carry (six significant digits)."""
    if x is None:
        return None
    text = f"{x:.6g}"
    return text if "e" not in text else f"{float(text):.12f}".rstrip("0").rstrip(".")


def sha256(raw: bytes) -> str:
    """Return the SHA-256 of ``raw`` as lower-case hex."""
    return hashlib.sha256(raw).hexdigest()
