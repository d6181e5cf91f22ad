"""Model: what is in a model file, for people to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import JsonValue

from assaymark.core.document import Document, sha256
from assaymark.errors import InputError, IntegrityError
from assaymark.generate.chain.model import TreeChainModel
from assaymark.generate.keys.identifiers import Identifiers
from assaymark.generate.model_file import read_model
from assaymark.generate.relations.anchored import Sum
from assaymark.generate.relations.derived import Lookup
from assaymark.generate.relations.read_off import ReadOff
from assaymark.generate.relations.wording import Wording
from assaymark.generate.trees.link import Link

if TYPE_CHECKING:
    from pathlib import Path

    from assaymark.core.protocols import Model
    from assaymark.generate.model_file import ModelFile

__all__ = ["ColumnShown", "ModelShown", "load_model", "show_model"]


class ColumnShown(Document):
    """One column, in the order in which it is drawn; counts of hidden values are banded."""

    name: str
    codes: int
    missing: bool
    hidden_values: str
    pools: int
    drawn_from: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """The column as a row of a table."""
        few = ", ".join(self.drawn_from[:4])
        more = f" and {len(self.drawn_from) - 4} more" if len(self.drawn_from) > 4 else ""
        missing = "yes" if self.missing else "no"
        pools = str(self.pools or "follows")
        return self.name, str(self.codes), missing, self.hidden_values, pools, (few + more) or "-"


class ModelShown(Document):
    """A model file: what it is, how it was made, what was protected. No record, no exact count."""

    model: str
    sha256: str
    generator: str
    parameters: dict[str, JsonValue]
    columns: tuple[ColumnShown, ...]
    derived: dict[str, str]
    identifiers: dict[str, str]


def load_model(path: Path) -> tuple[ModelFile, str]:
    """Return what the file at ``path`` holds, and its SHA-256.

    Raises
    ------
    InputError
        When it cannot be read, or is no model file of this version.
    IntegrityError
        When it was altered.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror}") from error
    try:
        return read_model(raw), sha256(raw)
    except (InputError, IntegrityError) as error:
        raise type(error)(f"{path.name}: {error}") from error


def show_model(path: Path) -> ModelShown:
    """Return what the model file at ``path`` says of itself."""
    held, digest = load_model(path)
    summary = held.model.summary
    said, derived, parameters = (
        v if isinstance(v, dict) else {}
        for v in (summary["columns"], summary.get("derived"), held.generator["parameters"])
    )
    order = summary.get("order", list(said))
    names = [str(n) for n in order] if isinstance(order, list) else []
    return ModelShown(
        model=str(path),
        sha256=digest,
        generator=str(held.generator["name"]),
        parameters=dict(parameters),
        columns=tuple(
            _column(n, said[n], _drawn(held.model, i, names)) for i, n in enumerate(names)
        ),
        derived={str(c): str(of) for c, of in derived.items()},
        identifiers={c.name: c.words for c in (held.identifiers or Identifiers()).columns},
    )


def _column(name: str, said: object, drawn: tuple[int, tuple[str, ...]]) -> ColumnShown:
    coding = said if isinstance(said, dict) else {}
    return ColumnShown(
        name=name,
        codes=int(coding["codes"]),
        missing=bool(coding["missing"]),
        hidden_values=str(coding["hidden_values"]),
        pools=drawn[0],
        drawn_from=drawn[1],
    )


def _drawn(model: Model, place: int, names: list[str]) -> tuple[int, tuple[str, ...]]:
    """Return how many pools a column is drawn from, and which columns lead to one."""
    if not isinstance(model, TreeChainModel):
        return 1, ()
    gaps = (f"{names[g.of]} - ({g.anchor.words(names)})" for g in model.gaps)
    part, names = model.links[place], [*names, *gaps]
    if isinstance(part, Lookup):
        return 0, (names[part.source],)
    if isinstance(part, Sum | Wording):
        return 0, tuple(names[j] for j, _ in part.anchors[0].terms)
    if isinstance(part, ReadOff):
        return 0, (names[part.source],)
    link = part if isinstance(part, Link) else part.link
    if link is None:  # the last flag of a group
        return 0, ()
    return len(link.keep), tuple(names[j] for j in link.given)
