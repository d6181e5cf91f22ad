"""Boundary fields: what gives something away in a document of keys and values."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from assaymark.release.boundary.leak import Leak
from assaymark.release.boundary.spelt import fraction_of_few
from assaymark.release.boundary.words import seedy

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["fields_of"]

_KEY_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SEEDS = {"entropy", "salt", "nonce", "philox", "mersenne"}
_SEED_KEYS = {"random_state", "bit_generator", "spawn_key", "generator_state", "random_root"}
_OF_SOURCE = {
    *("source", "train", "training", "holdout", "reference", "real", "original", "population"),
    *("cohort", "dataset", "input", "raw", "confirmation", "development", "validation"),
}
_PEOPLE = {"persons", "people", "patients", "subjects", "individuals", "participants", "members"}
_COUNTED = {
    "shape",
    "rows",
    "records",
    "n",
    "count",
    "size",
    "number",
    "total",
    "length",
    "len",
    "height",
}
_TIMES = {"mtime", "ctime", "atime", "modified", "btime", "birthtime", "timestamp", "epoch"}
_TIME_KEYS = {"created", "file_time", "created_at", "last_modified", "date_modified"}
_LISTS = {
    *("ids", "indices", "index", "idx", "members", "membership", "assignment", "assignments"),
    *("mask", "holdout", "train", "fold", "folds", "split", "persons", "patients", "subjects"),
    *(
        "held",
        "heldout",
        "test",
        "members",
        "assigned",
        "people",
        "keys",
        "mrn",
        "mrns",
        "nonmembers",
        "rows",
        "records",
        "positions",
        "excluded",
    ),
}
_WEIGHTS = {
    *("weights", "weight", "coef", "coefs", "coefficients", "state", "dict", "tensor", "tensors"),
    *("beta", "betas", "theta", "thetas", "trees", "biases", "kernel", "thresholds"),
    *("embedding", "embeddings", "covariance", "parameters", "leaves", "nodes", "layers"),
}
_NS = {
    *("n", "count", "cell", "frequency", "freq", "cases", "n_people", "n_persons", "n_rows"),
    *("n_records", "n_patients", "persons", "people", "patients", "records", "support"),
}
_SAID = {
    *("value", "metric", "rate", "share", "mean", "auc", "estimate", "proportion", "percent"),
    *("group", "subject", "level", "category", "stratum", "risk"),
}
_RATES = {"value", "rate", "share", "mean", "estimate", "proportion", "percent", "risk"}
_BAND = re.compile(r"about ([\d,]+)|fewer than \d+|[\d,]+ to [\d,]+|")
_DIGITS = re.compile(r"\D*\d[\d,. _']*\D*")
_FEWEST = 10
_AXES = 4
_RANGES = re.compile(r"\s*\d+(?:-\d+)?(?:\s*[,;]\s*\d+(?:-\d+)?){2,}\s*|[01]{24,}")
_DECIMAL = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")
_BYTES = {16, 20, 28, 32, 48, 64}
_DIGESTS = {"digest", "hash", "sha", "md", "checksum", "crc", "fingerprint"}
_MODEL_SIZE = 50


def fields_of(path: str, value: Any, names: Collection[str]) -> Iterator[Leak]:  # noqa: ANN401
    """Yield what the fields of a document give away; ``names`` are the columns of the rows."""
    if isinstance(value, list):
        for inner in value:
            yield from fields_of(path, inner, names)
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            yield from fields_of(path, json.loads(value), names)
        except (ValueError, RecursionError):
            return
    if not isinstance(value, dict):
        return
    by_column = bool(value) and {str(k).lower() for k in value} <= set(names)
    for key, inner in value.items():
        if not by_column:
            yield from _field(path, str(key), inner)
        yield from fields_of(path, inner, names)
    yield from _cell(path, value)


def _field(path: str, key: str, inner: object) -> Iterator[Leak]:
    words = {w.lower() for w in _KEY_PART.findall(key)}
    plain = "_".join(w.lower() for w in _KEY_PART.findall(key))
    given = inner not in (None, "", [], {}) and not isinstance(inner, bool)
    if (
        given
        and (words & _SEEDS or any(map(seedy, words)) or plain in _SEED_KEYS)
        and _drawn_from(inner)
    ):
        yield Leak("seed", path, f"{key!r} is given")
    if _counts(words) and _exact(inner):
        yield Leak("exact count", path, f"{key!r} is a number, not a band")
    if given and (words & _TIMES or plain in _TIME_KEYS):
        yield Leak("file time", path, f"{key!r} is given")
    if words & _LISTS and _listing(inner):
        yield Leak("person ids", path, f"{key!r} lists some")
    if words & _DIGESTS and _coded(inner):
        yield Leak("bare hash", path, f"{key!r} holds the bytes of one")
    if words & _WEIGHTS and _matrix(inner):
        yield Leak("model weights", path, f"{key!r} holds numbers of a model")


def _drawn_from(value: object) -> bool:
    return not isinstance(value, str) or any(c.isdigit() for c in value)


def _counts(words: set[str]) -> bool:
    people, counted = words & _PEOPLE, words & _COUNTED
    some = bool(people and counted) or words in ({p} for p in _PEOPLE)
    return some or bool(words & _OF_SOURCE and (people or counted))


def _exact(value: object) -> bool:
    """Whether a value is a count that is no band; a band has two digits that are not nought."""
    if isinstance(value, int | float):
        return not isinstance(value, bool)
    if isinstance(value, list):
        return 0 < len(value) < _AXES and all(type(v) is int for v in value)
    if not isinstance(value, str) or not _DIGITS.fullmatch(value):
        return False
    band = _BAND.fullmatch(value)
    shown = band[1].replace(",", "") if band and band[1] else ""
    return not band or len(shown.rstrip("0")) > 2


def _listing(value: object) -> bool:
    if isinstance(value, str):
        return bool(_RANGES.fullmatch(value))
    if isinstance(value, dict):
        return len(value) > 1 and all(isinstance(v, int | str) for v in value.values())
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(v, int | str) for v in value)
        and len({str(v) for v in value}) > len(value) / 2
        and any(isinstance(v, int) or any(c.isdigit() for c in v) for v in value)
    )


def _coded(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) in _BYTES
        and all(type(v) is int and 0 <= v < 256 for v in value)
    )


def _matrix(value: object) -> bool:
    return sum(1 for _ in _numbers(value)) >= _MODEL_SIZE


def _numbers(value: object) -> Iterator[float]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield value
    elif isinstance(value, str):
        yield from (float(w) for w in value.split() if _DECIMAL.fullmatch(w))
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _numbers(inner)


def _cell(path: str, value: dict[str, Any]) -> Iterator[Leak]:
    if not _SAID & {str(k).lower() for k in value} or value.get("value", True) is None:
        return
    for key, n in value.items():
        if str(key).lower() in _RATES and fraction_of_few(n):
            yield Leak("small cell", path, f"{key!r} is {n}")
        plain = "_".join(w.lower() for w in _KEY_PART.findall(str(key)))
        whole = n.isdigit() if isinstance(n, str) else isinstance(n, float) and n.is_integer()
        number = int(n) if whole else n
        small = isinstance(number, int) and not isinstance(number, bool) and 0 < number < _FEWEST
        if plain in _NS and small:
            name = value.get("metric", "a number")
            yield Leak("small cell", path, f"{name} rests on {number} people")
