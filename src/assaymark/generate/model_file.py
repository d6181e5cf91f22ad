"""Model file: a fitted model as one file that can be looked into, read back and told apart.

A ZIP archive, nothing in it compressed: ``model.json`` says what the model is and lists the
arrays with their SHA-256; each array is a ``.npy`` beside it, so that ``numpy.load`` opens the
whole. The archive's comment has the SHA-256 of ``model.json``. No pickle, no code, no record.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
from dataclasses import Field, dataclass, fields, is_dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from assaymark.core.document import sha256
from assaymark.core.schema import Column, Kind, Role, Schema
from assaymark.errors import InputError, IntegrityError
from assaymark.generate.chain.model import TreeChainModel
from assaymark.generate.coding.cells import CellCoding
from assaymark.generate.coding.encoding import Encoding
from assaymark.generate.coding.grid import Grid
from assaymark.generate.coding.levels import LevelCoding
from assaymark.generate.dp.model import DpMarginalsModel
from assaymark.generate.dp_adaptive import DpAdaptiveModel
from assaymark.generate.independent import IndependentModel
from assaymark.generate.keys.identifiers import FreshColumn, Identifiers
from assaymark.generate.keys.pattern import Characters, Constant, Number, Pattern
from assaymark.generate.relations.anchor_balance import Balance
from assaymark.generate.relations.anchor_days import Days
from assaymark.generate.relations.anchor_ratio import Ratio
from assaymark.generate.relations.anchor_years import Years
from assaymark.generate.relations.anchored import Anchored, Gap, Near, Sum
from assaymark.generate.relations.anchors import Anchor, Logarithm, Product
from assaymark.generate.relations.date_parts import ComesOut, DatePart
from assaymark.generate.relations.dated import Dated
from assaymark.generate.relations.derived import Absent, Lookup
from assaymark.generate.relations.one_of import Flag, OneOf
from assaymark.generate.relations.read_off import ReadOff
from assaymark.generate.relations.rounded import Decimals, Rounded
from assaymark.generate.relations.same_as import Same
from assaymark.generate.relations.wording import Wording
from assaymark.generate.tree_chain import TreeChain
from assaymark.generate.trees.branches import Branches
from assaymark.generate.trees.effects import Effects
from assaymark.generate.trees.link import Link

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from assaymark.core.measurement import Json
    from assaymark.core.protocols import Model

__all__ = [
    "FORMAT",
    "GENERATORS",
    "STORED",
    "ModelFile",
    "can_store",
    "check_can_store",
    "read_model",
    "write_model",
]

FORMAT = "assaymark/model/v0"

STORED: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        Absent,
        Anchor,
        Anchored,
        Balance,
        Branches,
        CellCoding,
        Characters,
        Column,
        ComesOut,
        Constant,
        DatePart,
        Dated,
        Decimals,
        Days,
        DpAdaptiveModel,
        DpMarginalsModel,
        Effects,
        Encoding,
        Flag,
        FreshColumn,
        Gap,
        Grid,
        Identifiers,
        IndependentModel,
        LevelCoding,
        Link,
        Logarithm,
        Lookup,
        Near,
        Number,
        OneOf,
        Pattern,
        Product,
        Ratio,
        ReadOff,
        Rounded,
        Same,
        Schema,
        Sum,
        TreeChain,
        TreeChainModel,
        Wording,
        Years,
    )
}
"""The frozen dataclasses that a model file may hold; a model's new parts are named here."""

GENERATORS = ("dp_adaptive", "dp_marginals", "independent", "tree_chain")
"""The generators whose models a file can hold."""

_ENUMS: dict[str, type[StrEnum]] = {"Kind": Kind, "Role": Role}
_HEADER = "model.json"
_KINDS = "biuf"
_MAGIC = b"PK\x03\x04"
_BROKEN = (
    zipfile.BadZipFile,
    struct.error,
    OSError,
    EOFError,
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
)

Plain = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelFile:
    """What a model file holds.

    Attributes
    ----------
    generator
        Name and parameters of the recipe.
    salt
        Secret hexadecimal digits, so that the file's digest can be published: without them
        whoever knows all records but one could make both models and compare.
    identifiers
        Columns that are made afresh beside what the model draws; the file says nothing of them
        where there are none.
    """

    model: Model
    generator: Mapping[str, Json]
    salt: str
    identifiers: Identifiers | None = None


def can_store(model: Model) -> bool:
    """Whether a file can hold this model; those of plug-ins it cannot."""
    return STORED.get(type(model).__name__) is type(model)


def check_can_store(generator: str) -> None:
    """Raise InputError, before anything is fitted, if no file can hold this generator's model."""
    if generator not in GENERATORS:
        raise InputError(
            f"the model of {generator!r} cannot be written to a file, so that no worker could "
            "make blocks with it\n\nHint: tree_chain and independent make blocks; others make one "
            "table: --out rows.parquet"
        )


def write_model(held: ModelFile) -> bytes:
    """Return the bytes of the file: the same for the same model, recipe and salt.

    Raises
    ------
    InputError
        When the model is of a kind that no file can hold.
    """
    return _written(held, held.model.summary)


def _written(held: ModelFile, summary: Mapping[str, Json]) -> bytes:
    arrays: dict[str, NDArray[np.generic]] = {}
    header = {
        "format": FORMAT,
        "generator": held.generator,
        "salt": held.salt,
        "summary": summary,
        "model": _plain(held.model, "model", arrays),
    }
    if held.identifiers is not None:
        header["identifiers"] = _plain(held.identifiers, "identifiers", arrays)
    raw = {name: _npy(a) for name, a in arrays.items()}
    header["arrays"] = {
        name: {"dtype": a.dtype.str, "shape": list(a.shape), "sha256": sha256(raw[name])}
        for name, a in arrays.items()
    }
    said = json.dumps(header, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return _archive({_HEADER: said.encode(), **raw})


def read_model(raw: bytes) -> ModelFile:
    """Read a model file back; its summary may be in another version's words.

    Raises
    ------
    InputError
        When the bytes are no model file, or one of another version.
    IntegrityError
        When they are not as they were written.
    """
    if not raw.startswith(_MAGIC):
        raise InputError(
            "this is not a model file: it does not begin as one\n\nHint: "
            "`assaymark generate TABLE --rows N --out FOLDER` writes FOLDER/private/model.zip"
        )
    try:
        files, comment = _files(raw)
        header = json.loads(files[_HEADER])
        version = header["format"]
    except _BROKEN as error:
        raise _not_ours(raw) from error
    if version != FORMAT:
        raise InputError(
            f"the model file has format {version!r}; this version reads {FORMAT!r}\n\n"
            "Hint: use the version that wrote it, or fit again"
        )
    if comment != _comment(files[_HEADER]):
        raise IntegrityError(f"{_HEADER} of the model file was altered")
    try:
        held = _held(header, files)
        again = _written(held, header["summary"])
    except (LookupError, TypeError, ValueError) as error:
        raise IntegrityError(f"the model file does not hold together: {error}") from error
    if again != raw:
        raise IntegrityError("the model file was altered: it is not as it would be written")
    return held


def _held(header: Plain, files: Mapping[str, bytes]) -> ModelFile:
    for name, said in header["arrays"].items():
        if name not in files or sha256(files[name]) != said["sha256"]:
            raise IntegrityError(f"array {name} of the model file was altered or is missing")
    arrays = {name: _array(files[name]) for name in header["arrays"]}
    model = _value(header["model"], arrays)
    fresh = _value(header["identifiers"], arrays) if "identifiers" in header else None
    return ModelFile(
        model=cast("Model", model),
        generator=header["generator"],
        salt=header["salt"],
        identifiers=cast("Identifiers | None", fresh),
    )


def _not_ours(raw: bytes) -> InputError | IntegrityError:
    if _HEADER.encode() in raw[:64]:
        return IntegrityError("the model file was altered or cut short: it cannot be unpacked")
    return InputError("this is a ZIP file, but not a model file\n\nHint: name a model.zip")


def _plain(value: object, path: str, arrays: dict[str, NDArray[np.generic]]) -> Json:
    """Return ``value`` as JSON; arrays go to ``arrays`` under the name that stands for them."""
    if isinstance(value, StrEnum):
        return {"is": type(value).__name__, "value": value.value}
    if isinstance(value, np.integer | np.bool_):
        return _plain(value.item(), path, arrays)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple):
        return [_plain(v, f"{path}.{i}", arrays) for i, v in enumerate(value)]
    if isinstance(value, np.ndarray) and value.dtype.kind in _KINDS:
        arrays[f"{path}.npy"] = np.asarray(value, order="C", dtype=value.dtype.newbyteorder("<"))
        return {"is": "array", "value": f"{path}.npy"}
    if is_dataclass(value) and STORED.get(type(value).__name__) is type(value):
        held = {
            f.name: _plain(getattr(value, f.name), f"{path}.{f.name}", arrays)
            for f in _saved(type(value))
            if (f.name, getattr(value, f.name)) not in _later(type(value)).items()
        }
        return {"is": type(value).__name__, "value": held}
    raise InputError(
        f"a model file cannot hold {path}, which is a {type(value).__name__}\n\n"
        "Hint: assaymark.generate.model_file.STORED lists what it can hold"
    )


def _saved(cls: type) -> list[Field[Any]]:
    """Return the fields that make a value; what it derives from them by itself is not saved."""
    return [f for f in fields(cls) if f.init]


def _later(cls: type) -> dict[str, object]:
    """Return fields that came later, and what a file means that lacks them: it is not written.

    ``LATER`` of a class names them, with what is meant where that is not the default.
    """
    later = getattr(cls, "LATER", ())
    meant = dict(later) if isinstance(later, dict) else {}
    return {f.name: meant.get(f.name, f.default) for f in _saved(cls) if f.name in later}


def _value(plain: Any, arrays: Mapping[str, NDArray[np.generic]]) -> object:  # noqa: ANN401
    if isinstance(plain, list):
        return tuple(_value(v, arrays) for v in plain)
    if not isinstance(plain, dict):
        return cast("object", plain)
    kind, value = plain["is"], plain["value"]
    if kind == "array":
        return arrays[value]
    if kind in _ENUMS:
        return _ENUMS[kind](value)
    cls = STORED.get(kind)
    names = {f.name for f in _saved(cls)} if cls else set()
    later = _later(cls) if cls else {}
    if cls is None or not names >= set(value) >= names.difference(later):
        raise InputError(
            f"the model file holds a {kind!r} that this version does not know or that has other "
            "fields here\n\nHint: use the version that wrote it, or fit again"
        )
    said = {name: _value(v, arrays) for name, v in value.items()}
    return cast("object", cls(**{**later, **said}))


def _npy(array: NDArray[np.generic]) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=(1, 0), allow_pickle=False)
    return out.getvalue()


def _array(raw: bytes) -> NDArray[np.generic]:
    found = np.lib.format.read_array(io.BytesIO(raw), allow_pickle=False)
    return cast("NDArray[np.generic]", found)


def _archive(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, raw in files.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o600 << 16
            archive.writestr(entry, raw)
        archive.comment = _comment(files[_HEADER])
    return out.getvalue()


def _files(raw: bytes) -> tuple[dict[str, bytes], bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        if any(e.compress_type != zipfile.ZIP_STORED for e in archive.infolist()):
            raise zipfile.BadZipFile
        return {e.filename: archive.read(e) for e in archive.infolist()}, archive.comment


def _comment(header: bytes) -> bytes:
    return f"{FORMAT} sha256:{sha256(header)}".encode()
