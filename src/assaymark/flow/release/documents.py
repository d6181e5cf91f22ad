"""Documents: what a release says of itself to people and machines, made of its statements."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from assaymark.core.document import Document
from assaymark.core.evidence import Evidence
from assaymark.core.waiver import Waiver
from assaymark.decide.gate import judge
from assaymark.decide.policy import parse_policy
from assaymark.errors import InputError, RecipeError
from assaymark.flow.release.folder import read_release
from assaymark.flow.release.verify import check_verifies
from assaymark.flow.report.page import verdict_line
from assaymark.release.approved import CARD
from assaymark.release.documents.card import card
from assaymark.release.documents.croissant import CROISSANT, croissant
from assaymark.release.documents.filled import fill
from assaymark.release.documents.graph import Graph
from assaymark.release.documents.pack import pack_called, packs, parse_pack
from assaymark.release.documents.written import DATASHEET, LAY, datasheet, lay_page, pack_page
from assaymark.release.envelope import payload_of
from assaymark.release.predicates import Decided
from assaymark.release.statement import read_statement
from assaymark.release.waived import WAIVED
from assaymark.store.whole import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assaymark.release.documents.filled import Filled
    from assaymark.release.documents.pack import Pack
    from assaymark.release.pages.report_content import ReportContent, VerdictLine

__all__ = [
    "CellLine",
    "Documented",
    "PackLine",
    "documents",
    "documents_of",
    "judged_of",
    "released_documents",
]


class CellLine(Document):
    """One cell of a pack as printed: its status, the reason, and what it rests on."""

    id: str
    asks: str
    citation: str
    status: str
    reason: str
    evidence: tuple[dict[str, str], ...]


class PackLine(Document):
    """A pack as filled."""

    name: str
    title: str
    cells: tuple[CellLine, ...]


class Documented(Document):
    """Where the documents of a release were written, and what the packs say.

    ``standing`` is CONTESTED or DEGRADED and ``stale`` are uses whose verdicts are STALE, where
    notices that were seen say so: the documents are those of the day when it was issued.
    """

    release: str
    standing: str = ""
    stale: tuple[str, ...] = ()
    files: tuple[str, ...]
    packs: tuple[PackLine, ...]


def documents(release: Path, named: Sequence[str] = (), out: Path | None = None) -> Documented:
    """Write the documents of a release that verifies, and return what the packs say.

    ``named`` are packs that come with the package, or paths of ``.toml`` files; without any, every
    pack that comes with it. ``out`` is a folder; default: ``RELEASE.documents`` beside the release.

    Raises
    ------
    IntegrityError
        When the release does not verify, as one that expired or was withdrawn.
    UnknownNameError, RecipeError, InputError
        When there is no such pack, a file is not one, or the folder cannot be written.
    """
    chosen = [_pack(name) for name in named or packs()]
    _check_names(chosen)
    found = check_verifies(release, status=True)
    files = read_release(release)
    graph, judged = Graph.of(files), judged_of(files)
    filled = [fill(pack, graph, judged) for pack in chosen]
    pages = dict(documents_of(files))
    pages |= {f"{f.pack.name}.html": pack_page(f, graph) for f in filled}
    folder = out or release.parent / f"{release.resolve().name}.documents"
    _write(folder, pages)
    return Documented(
        release=str(release),
        standing="" if found.stands else found.status,
        stale=found.stale,
        files=tuple(str(folder / name) for name in sorted(pages)),
        packs=tuple(_line(f) for f in filled if f.pack.kind == "regulation"),
    )


def documents_of(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return datasheet, page in plain words and Croissant; a function of the statements."""
    graph, judged = Graph.of(files), judged_of(files)
    return {
        DATASHEET: datasheet(graph, judged),
        LAY: lay_page(graph, judged),
        CROISSANT: croissant(graph, judged, files, _types(files)),
    }


def released_documents(files: Mapping[str, bytes], content: ReportContent) -> dict[str, bytes]:
    """Return every document that a release carries: the card too, which the report's content makes.

    The one list of what is added to rows, policy, evidence, statements and report.
    """
    return {CARD: card(content, Graph.of(files)).encode(), **documents_of(files)}


def judged_of(files: Mapping[str, bytes]) -> tuple[VerdictLine, ...]:
    """Judge the evidence of a release again by its policy, stage by stage."""
    raw = payload_of(files["attestations/decision.dsse.json"])
    decided = Decided.parse(read_statement(raw, "decision")[1])
    policy = parse_policy(files["policy.toml"])
    waivers = tuple(
        Waiver.parse(read_statement(payload_of(signed), "waiver")[1])
        for path, signed in files.items()
        if path.startswith(WAIVED)
    )
    lines: list[VerdictLine] = []
    for stage in decided.stages:
        evidence = Evidence.parse(files[f"evidence/{stage.stage}.json"])
        found = judge(
            policy,
            evidence,
            tuple(stage.uses),
            candidate=decided.candidate,
            waivers=waivers,
            gate=decided.gate,
        )
        lines += [verdict_line(v, stage.stage) for v in found.verdicts]
    return tuple(lines)


def _types(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the schema.org type of each column."""
    path = next(p for p in sorted(files, key=lambda p: (len(p), p)) if p.endswith(".parquet"))
    schema = pl.read_parquet_schema(io.BytesIO(files[path]))
    return {name: _type(kind) for name, kind in schema.items()}


def _type(kind: pl.DataType) -> str:
    if kind.is_integer():
        return "sc:Integer"
    if kind.is_numeric():
        return "sc:Float"
    named = {pl.Boolean: "sc:Boolean", pl.Date: "sc:Date", pl.Datetime: "sc:DateTime"}
    return next((term for known, term in named.items() if kind == known), "sc:Text")


def _pack(name: str) -> Pack:
    if not name.endswith(".toml"):
        return pack_called(name)
    try:
        return parse_pack(Path(name).read_bytes(), Path(name).name)
    except OSError as error:
        raise InputError(f"cannot read {name!r}: {error.strerror}") from error


def _check_names(chosen: Sequence[Pack]) -> None:
    names = [p.name for p in chosen]
    own = {LAY.removesuffix(".html")}
    own |= {p.name for p in chosen if p.name in packs() and p != pack_called(p.name)}
    doubled = sorted(own & set(names)) or sorted({n for n in names if names.count(n) > 1})
    if doubled:
        raise RecipeError(
            f"two documents would be called {doubled[0]!r}\n\nHint: give each pack a name of its "
            f"own; {', '.join((*packs(), LAY.removesuffix('.html')))} are taken"
        )


def _write(folder: Path, pages: Mapping[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, raw in pages.items():
            write_whole(folder / name, raw, 0o644)
    except OSError as error:
        raise InputError(f"cannot write into {str(folder)!r}: {error.strerror}") from error


def _line(filled: Filled) -> PackLine:
    return PackLine(
        name=filled.pack.name,
        title=filled.pack.title,
        cells=tuple(
            CellLine(
                id=c.id,
                asks=c.asks,
                citation=c.citation,
                status=c.status,
                reason=c.reason,
                evidence=tuple(
                    {"path": q.path, "pointer": q.pointer, "sha256": q.digest, "text": q.text}
                    for q in c.quotes
                ),
            )
            for c in filled.cells
        ),
    )
