"""Generate: fit a recipe's generator and write the rows a release would carry."""

from __future__ import annotations

import io
import time
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from assaymark.core.dataset import Dataset
from assaymark.core.document import sha256
from assaymark.core.privacy_spec import spends
from assaymark.core.private_source import PrivateSource
from assaymark.core.registry import parameters_of
from assaymark.errors import InputError
from assaymark.flow.generate.row_files import parquet_of
from assaymark.generate import generators
from assaymark.generate.constraints.constrained import Constrained
from assaymark.generate.constraints.demands import Demands, demands_of
from assaymark.generate.constraints.plausible import keeping
from assaymark.generate.extras import check_can_fit
from assaymark.generate.model_file import ModelFile, can_store, write_model
from assaymark.source.band import rounded_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assaymark.core.measurement import Json
    from assaymark.core.privacy import PrivacyGuarantee
    from assaymark.core.protocols import Generator, Model
    from assaymark.core.recipe import GenerateSpec
    from assaymark.core.schema import Schema
    from assaymark.core.streams import Streams
    from assaymark.generate.keys.identifiers import Identifiers

__all__ = [
    "Candidate",
    "candidate_of",
    "fit",
    "model_file",
    "named",
    "read_parameters",
    "read_rows",
    "refitter",
    "sample",
    "why_never",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The exact bytes that would be released: one Parquet file a replicate, CSV beside it.

    ``digest`` is the SHA-256 over the Parquet files' digests, in order; ``holds_records`` is what
    the model says of itself, see :class:`assaymark.core.protocols.Model`; ``seconds`` are those
    of the processor for the fit and for drawing the rows; ``model`` is the model file, empty where
    the generator's model cannot be written to one; ``privacy`` is what the generator proves.
    """

    files: tuple[bytes, ...]
    summary: dict[str, Json]
    generator: dict[str, Json]
    holds_records: bool
    seconds: tuple[float, float]
    model: bytes = b""
    privacy: PrivacyGuarantee | None = None

    @property
    def digest(self) -> str:
        """What evidence and decisions refer to."""
        return sha256("\n".join(sha256(f) for f in self.files).encode())


def fit(
    spec: GenerateSpec, train: Dataset, streams: Streams, record: Callable[[str, str], None]
) -> Model:
    """Build the generator that ``spec`` names and fit it to ``train`` behind its door.

    The model keeps to the constraints of ``spec``, which ``train`` itself must keep to, and to its
    hard plausibility rules, which rows of ``train`` may break.
    """
    generator = build(spec)
    source = PrivateSource(_rows=train, record=record)
    demands = Demands()
    if spends(spec.generator) and (spec.constraint or spec.plausible):
        raise InputError(
            f"generator {spec.generator!r} cannot keep to rules that are looked up in the rows\n\n"
            "Hint: leave constraints out"
        )
    if spec.constraint or spec.plausible:
        rows = source.open("constraints", "which rows break them")
        demands = keeping(demands_of(spec.constraint, rows), spec.plausible, rows)
    model = generator.fit(source, streams.child("fit"))
    if not hasattr(model, "holds_records"):
        raise InputError(
            f"the model of {spec.generator!r} does not say whether it holds records\n\nHint: a "
            "plug-in's model needs `holds_records`, true or false"
        )
    return Constrained(model=model, demands=demands) if demands.texts else model


def build(spec: GenerateSpec) -> Generator:
    """Build the generator that ``spec`` names.

    Raises
    ------
    InputError
        When the name or a parameter is unknown, or its package is not installed.
    """
    generator = generators.build(spec.generator, spec.parameters)
    check_can_fit(spec.generator)
    return generator


def sample(model: Model, rows: int, replicates: int, streams: Streams) -> tuple[Dataset, ...]:
    """Draw ``replicates`` tables of ``rows`` rows from one fitted model."""
    return tuple(
        model.sample(range(rows), streams.child("sample", replicate))
        for replicate in range(replicates)
    )


def candidate_of(
    spec: GenerateSpec, train: Dataset, streams: Streams, record: Callable[[str, str], None]
) -> Candidate:
    """Fit, sample and write; ``rows`` 0 in ``spec`` means about as many as in ``train``.

    How many there are in ``train`` is itself paid for where the generator has a budget.
    """
    begun = time.process_time()
    model = fit(spec, train, streams, record)
    fitted = time.process_time()
    inner = model.model if isinstance(model, Constrained) else model
    rows = spec.rows or rounded_rows(getattr(inner, "rows", 0) or train.n)
    tables = sample(model, rows, spec.replicates, streams)
    drawn = time.process_time()
    return Candidate(
        files=tuple(parquet_of(t.frame) for t in tables),
        summary=model.summary,
        generator=named(spec),
        holds_records=model.holds_records,
        seconds=(fitted - begun, drawn - fitted),
        model=model_file(spec, inner, streams) if can_store(inner) else b"",
        privacy=model.privacy,
    )


def why_never(generator: str, *, holds_records: bool) -> str:
    """Return why nothing of a model is ever handed on, empty where something may be."""
    if not holds_records:
        return ""
    return (
        f"generator {generator!r} keeps rows of the source in its model and gives them out again, "
        "so that nothing it draws is ever handed on"
    )


def read_parameters(given: Sequence[str]) -> dict[str, Any]:
    """Read parameters written as ``name=value``; a value that is no TOML is a word.

    Raises
    ------
    InputError
        When one has no name or no value, or a name comes twice.
    """
    found: dict[str, Any] = {}
    for text in given:
        name, _, value = (part.strip() for part in text.partition("="))
        if not name or not value or name in found:
            wrong = "is given twice" if name in found else "is not NAME=VALUE"
            raise InputError(
                f"the parameter {text!r} {wrong}\n\nHint: --set quality=standard --set k=50; "
                "docs/reference/generators.md has the parameters of each generator"
            )
        try:
            found[name] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            found[name] = value
    return found


def named(spec: GenerateSpec) -> dict[str, Json]:
    """Return the generator that ``spec`` names with all of its parameters."""
    return {"name": spec.generator, "parameters": parameters_of(build(spec))}


def model_file(
    spec: GenerateSpec, model: Model, streams: Streams, identifiers: Identifiers | None = None
) -> bytes:
    """Return the model file; its salt is as secret as the root of ``streams``.

    Constraints belong to the recipe and are not in it.
    """
    salt = streams.child("model file").generator().bytes(16).hex()
    return write_model(
        ModelFile(model=model, generator=named(spec), salt=salt, identifiers=identifiers)
    )


def refitter(spec: GenerateSpec) -> Callable[[Dataset, int, Streams], Dataset]:
    """Return the function an attack uses to fit the same recipe to other rows."""

    def refit(rows: Dataset, n: int, streams: Streams) -> Dataset:
        return fit(spec, rows, streams, _unrecorded).sample(range(n), streams.child("sample", 0))

    return refit


def _unrecorded(who: str, why: str) -> None:
    """Do nothing: openings by attacks are recorded once, by the evaluation that runs them."""


def read_rows(raw: bytes, schema: Schema) -> Dataset:
    """Read one of a candidate's files back."""
    return Dataset(schema=schema, frame=pl.read_parquet(io.BytesIO(raw)))
