"""Pack: a list of questions as a data file: citation, which evidence answers, and the words."""

from __future__ import annotations

import importlib.resources
import json
import re
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from assaymark.core.document import Document
from assaymark.core.plain import read_toml
from assaymark.errors import IntegrityError, RecipeError, UnknownNameError
from assaymark.release.documents.graph import STYLES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "PLACE",
    "Answer",
    "NotApplicable",
    "Pack",
    "Question",
    "Section",
    "pack_called",
    "packs",
    "parse_pack",
]

PLACE = re.compile(r"\{([a-z]+:[^}|]*|\./[^}|]*)(?:\|([a-z]+))?\}")
_FOLDER = "packs"
_NAME = r"^[a-z][a-z0-9-]*$"


class Answer(Document):
    """One thing that must be in the evidence: exactly one of metric, rule, field and approval.

    ``metric`` is a quantity that a rule of the policy judges, ``rule`` one rule, ``field`` a place
    in a statement (``threat:/recipient``) that must say something, ``approval`` a role that must
    have approved. ``says`` names a field in words.
    """

    metric: str = ""
    rule: str = ""
    subject: str = "*"
    field: str = ""
    style: str = "plain"
    says: str = ""
    approval: str = ""


class NotApplicable(Document):
    """When a question does not apply: the statement says ``equals`` there; and why."""

    field: str
    equals: str
    reason: str


class Question(Document):
    """One requirement. Without evidence named, nothing can answer it: ``missing`` says why.

    ``words`` quote statements, ``{provenance:/source_rows}``; a line whose quote is empty is left
    out. ``each`` repeats the words for every item of a list, ``{./name}``. ``partial`` says what
    the evidence leaves open even where all of it is there: then the answer is PARTIAL at most.
    """

    id: str = Field(pattern=_NAME)
    asks: str
    citation: str = ""
    words: tuple[str, ...] = ()
    each: str = ""
    evidence: tuple[Answer, ...] = ()
    partial: str = ""
    missing: str = ""
    not_applicable: NotApplicable | None = None


class Section(Document):
    """Questions under one heading."""

    title: str
    citation: str = ""
    words: tuple[str, ...] = ()
    question: tuple[Question, ...] = Field(min_length=1)


class Pack(Document):
    """A regulation pack, or a datasheet (``kind``): questions, and where answers come from."""

    schema_id: Literal["assaymark/pack/v0"] = "assaymark/pack/v0"
    name: str = Field(pattern=_NAME)
    kind: Literal["regulation", "datasheet"] = "regulation"
    title: str
    about: str
    citation: str = ""
    section: tuple[Section, ...] = Field(min_length=1, max_length=26)


def parse_pack(raw: bytes, name: str) -> Pack:
    """Read a pack; unknown keys, typed numbers and questions asked twice are errors.

    Raises
    ------
    RecipeError
        When the bytes are no pack; ``name`` says where they are from.
    """
    try:
        plain = read_toml(raw)
        pack = Pack.parse(json.dumps(plain, default=str))
    except (ValueError, IntegrityError) as error:
        raise RecipeError(f"{name} is not a pack: {error}") from error
    wrong = next(_wrong(pack), "")
    if wrong:
        raise RecipeError(f"pack {name!r}: {wrong}")
    return pack


def packs() -> tuple[str, ...]:
    """Return the names of the packs that come with the package."""
    folder = importlib.resources.files("assaymark.release") / _FOLDER
    return tuple(sorted(p.name.removesuffix(".toml") for p in folder.iterdir() if _is_pack(p.name)))


def pack_called(name: str) -> Pack:
    """Return a pack that comes with the package."""
    if name not in packs():
        raise UnknownNameError("pack", name, packs(), "or the path of a file that ends with .toml")
    folder = importlib.resources.files("assaymark.release") / _FOLDER
    return parse_pack((folder / f"{name}.toml").read_bytes(), name)


def _is_pack(name: str) -> bool:
    return name.endswith(".toml")


def _wrong(pack: Pack) -> Iterator[str]:
    for text in (pack.title, pack.about):
        yield from _typed(text, "the heading")
    seen: set[str] = set()
    for section in pack.section:
        for text in (section.title, *section.words):
            yield from _typed(text, f"section {section.title!r}")
        for q in section.question:
            yield from _typed_question(q)
            if q.id in seen:
                yield f"question {q.id!r} is asked twice"
            seen.add(q.id)
            for a in q.evidence:
                yield from _unclear(a, q.id)


def _typed_question(q: Question) -> Iterator[str]:
    said = [q.asks, *q.words, q.partial, q.missing, *(a.says for a in q.evidence)]
    if q.not_applicable is not None:
        said.append(q.not_applicable.reason)
    for text in said:
        yield from _typed(text, f"question {q.id!r}")


def _typed(text: str, where: str) -> Iterator[str]:
    rest = PLACE.sub("", text)
    if re.search(r"\d", rest):
        yield (
            f"{where} has a typed number: {text[:60]!r}\n\nHint: quote a statement, as in "
            "{provenance:/source_rows}; numbers of laws belong into `citation`"
        )
    if "{" in rest or "}" in rest:
        yield f"{where} has a quote that cannot be read: {text[:60]!r}"
    for _, style in PLACE.findall(text):
        if style and style not in STYLES:
            yield f"{where} has style {style!r}, valid are {', '.join(STYLES)}"


def _unclear(answer: Answer, where: str) -> Iterator[str]:
    given = [n for n in ("metric", "rule", "field", "approval") if getattr(answer, n)]
    if len(given) != 1:
        yield (
            f"question {where!r}: an answer needs one of metric, rule, field and approval, "
            f"not {given}"
        )
    if answer.style not in STYLES:
        yield f"question {where!r} has style {answer.style!r}, valid are {', '.join(STYLES)}"
