"""Build: the files of a release from what was made, measured and decided; bytes in, bytes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.core.document import sha256
from assaymark.release.alone import STANDALONE, standalone
from assaymark.release.envelope import fingerprint_of, seal_envelope
from assaymark.release.generator import GENERATOR
from assaymark.release.predicates import FileDigest, Manifest, Released
from assaymark.release.statement import statement
from assaymark.release.waived import WAIVED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from assaymark.release.predicates import Decided, Provenance

__all__ = [
    "MANIFEST",
    "RELEASE",
    "ReleaseContents",
    "build",
    "contents",
    "manifest_of",
    "row_files",
    "sealed",
]

MANIFEST = "manifest.json"
RELEASE = "attestations/release.dsse.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseContents:
    """What goes into a release.

    ``parquet`` and ``csv`` hold one file a replicate; ``evidence`` the canonical bytes by stage;
    ``waivers`` and ``generator`` (the approval of its version, if any) are signed envelopes;
    ``sign`` is the signer and ``public`` its raw Ed25519 key.
    ``documents`` makes the files that are about the other files: card, datasheet and the like.
    """

    parquet: tuple[bytes, ...]
    csv: tuple[bytes, ...]
    policy: bytes
    threat: bytes
    evidence: Mapping[str, bytes]
    sketch: bytes
    documents: Callable[[Mapping[str, bytes]], Mapping[str, bytes]]
    report: bytes
    provenance: Provenance
    decision: Decided
    public: bytes
    sign: Callable[[bytes], bytes]
    waivers: tuple[bytes, ...] = ()
    generator: bytes = b""


def row_files(n: int, suffix: str) -> list[str]:
    """Return the names of the files of ``n`` replicates."""
    if n == 1:
        return [f"data/synthetic{suffix}"]
    return [f"data/synthetic-{i + 1}{suffix}" for i in range(n)]


def build(c: ReleaseContents) -> dict[str, bytes]:
    """Return every file of the release by its path, signed."""
    return sealed(contents(c), c.provenance.name, c.decision, c.sign)


def contents(c: ReleaseContents) -> dict[str, bytes]:
    """Return what is decided about: all files but manifest and release statement."""
    key = fingerprint_of(c.public)
    n = len(c.parquet)
    files: dict[str, bytes] = {
        **dict(zip(row_files(n, ".parquet"), c.parquet, strict=True)),
        **dict(zip(row_files(n, ".csv"), c.csv, strict=True)),
        "policy.toml": c.policy,
        "threat.json": c.threat,
        **{f"evidence/{stage}.json": raw for stage, raw in c.evidence.items()},
        "sketch.json": c.sketch,
        **{f"{WAIVED}{i + 1}.dsse.json": raw for i, raw in enumerate(c.waivers)},
        "report.html": c.report,
        STANDALONE: standalone(),
        f"keys/{key}.pub": c.public.hex().encode() + b"\n",
    }
    if c.generator:
        files[GENERATOR] = c.generator
    rows = {name: sha256(files[name]) for name in row_files(n, ".parquet")}
    for name, predicate in (("provenance", c.provenance), ("decision", c.decision)):
        files[f"attestations/{name}.dsse.json"] = seal_envelope(
            statement(name, rows, predicate), c.sign, key
        )
    return {**files, **c.documents(files)}


def manifest_of(files: Mapping[str, bytes]) -> Manifest:
    """Return the digests of files."""
    return Manifest(
        files=tuple(
            FileDigest(path=path, sha256=sha256(raw), size=len(raw))
            for path, raw in sorted(files.items())
        )
    )


def sealed(
    files: Mapping[str, bytes], name: str, decided: Decided, sign: Callable[[bytes], bytes]
) -> dict[str, bytes]:
    """Return the files with their manifest and the statement that signs it."""
    manifest = manifest_of(files).canonical()
    released = Released(
        name=name,
        approved=tuple(sorted(u for u, s in decided.uses.items() if s == "approved")),
        not_approved=tuple(sorted(u for u, s in decided.uses.items() if s != "approved")),
        made_at=decided.made_at,
        expires=decided.expires,
    )
    signed = statement("release", {MANIFEST: sha256(manifest)}, released)
    (key,) = (p.removeprefix("keys/").removesuffix(".pub") for p in files if p.startswith("keys/"))
    return {**files, MANIFEST: manifest, RELEASE: seal_envelope(signed, sign, key)}
