"""Documents: pages about a release for people, made of its statements; no number is typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.release.documents.filled import fill
from assaymark.release.documents.graph import anchor
from assaymark.release.documents.lay import lay
from assaymark.release.documents.pack import pack_called
from assaymark.release.documents.quoted import quotes_of
from assaymark.release.pages.report import page_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.release.documents.filled import Filled
    from assaymark.release.documents.graph import Graph
    from assaymark.release.pages.report_content import VerdictLine

__all__ = ["DATASHEET", "LAY", "Statement", "datasheet", "lay_page", "pack_page"]

DATASHEET = "datasheet.html"
LAY = "lay.html"
_TONES = {
    "EVIDENCED": ("✓", "good"),
    "PARTIAL": ("◐", "open"),
    "NOT EVIDENCED": ("✕", "bad"),
    "NOT APPLICABLE": ("–", "quiet"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement that a page quotes: its path in the release, its digest, its place on a page."""

    path: str
    digest: str
    anchor: str


def datasheet(graph: Graph, judged: Sequence[VerdictLine]) -> bytes:
    """Return the datasheet of a release as HTML: same statements, same bytes."""
    return pack_page(fill(pack_called("datasheet"), graph, judged), graph)


def pack_page(filled: Filled, graph: Graph) -> bytes:
    """Return a filled pack as HTML."""
    counts = [(s, sum(c.status == s for c in filled.cells)) for s in _TONES]
    return _page(
        "pack.html.j2",
        graph,
        filled=filled,
        title=filled.pack.title,
        regulation=filled.pack.kind == "regulation",
        tones=_TONES,
        present=[s for s, n in counts if n],
        release=graph.quote("provenance:/title") or graph.quote("provenance:/name"),
        approved=graph.quote("decision:/uses", "approved"),
        made=graph.quote("decision:/made_at", "time"),
    )


def lay_page(graph: Graph, judged: Sequence[VerdictLine]) -> bytes:
    """Return a page in plain words for the people whose records the rows were made from."""
    return _page(
        "lay.html.j2", graph, title="Made-up records, in plain words", lay=lay(graph, judged)
    )


def _page(template: str, graph: Graph, **values: object) -> bytes:
    """Render twice: the first time shows which statements the page quotes."""
    stages = graph.value("decision:/stages") or ()

    def render(statements: Sequence[Statement]) -> bytes:
        return page_of(
            template,
            "document.css.j2",
            **values,
            statements=statements,
            about=graph.quote(f"decision:/stages/{len(stages) - 1}/about"),
            q=graph.quote,
        )

    paths = {q.source.partition("#")[0] for q in quotes_of(render(()))}
    return render(
        [Statement(path=p, digest=graph.digests[p], anchor=anchor(p)) for p in sorted(paths)]
    )
