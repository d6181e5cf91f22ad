"""Versions: which version of each attack this is, by the source that it is made of."""

from __future__ import annotations

import ast
import hashlib
import importlib
from functools import cache
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import TYPE_CHECKING

from assaymark.evaluate import metrics
from assaymark.evaluate.attacks import attacks
from assaymark.evaluate.inferrers import inferrers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from assaymark.core.registry import Registry
    from assaymark.evaluate.dossier import Inferrer
    from assaymark.evaluate.ground import Attack

__all__ = ["attack_versions"]

_OURS = "assaymark.evaluate"
_FAMILIES: dict[str, Registry[Attack] | Registry[Inferrer]] = {
    f"{_OURS}.attacks": attacks,
    f"{_OURS}.inferrers": inferrers,
}
_ATTACKS = ("privacy", "plugin")


def attack_versions() -> dict[str, str]:
    """Return the version of every metric that attacks, plug-ins included: a SHA-256.

    It covers the metric's file, every file of ``assaymark.evaluate`` that this imports at any
    distance, and where it draws on a family of attacks each member of that. Versions of other
    packages are not part of it.
    """
    read = cache(Path.read_bytes)  # attacks share most of their files
    return {n: _version(n, read) for n in metrics.names() if metrics.family(n) in _ATTACKS}


def _version(name: str, read: Callable[[Path], bytes]) -> str:
    todo, found = [metrics.load(name).__module__], dict[str, bytes]()
    while todo:
        module = todo.pop()
        ours = module.startswith(f"{_OURS}.")
        path = None if module in found else (_ours if ours else _file)(module)
        if path is None:
            continue
        found[module] = read(path)
        todo += _imported(module, found[module])
        if module in _FAMILIES:
            family = _FAMILIES[module]
            todo += [family.load(n).__module__ for n in family.names()]
    made = hashlib.sha256()
    for module, raw in sorted(found.items()):
        made.update(f"{module} {hashlib.sha256(raw).hexdigest()}\n".encode())
    return made.hexdigest()


@cache
def _ours(module: str) -> Path | None:
    return _file(module)


def _file(module: str) -> Path | None:
    spec = find_spec(module)
    return None if spec is None or spec.origin is None else Path(spec.origin)


@cache
def _imported(module: str, source: bytes) -> tuple[str, ...]:
    return tuple(dict.fromkeys(n for n in _names(module, source) if n.startswith(f"{_OURS}.")))


def _names(module: str, source: bytes) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), module.rpartition(".")[0])
            yield base
            yield from (f"{base}.{a.name}" for a in node.names if _is_module(base, a.name))


def _is_module(package: str, name: str) -> bool:
    if not package.startswith(_OURS):
        return False
    loaded = importlib.import_module(package)
    return hasattr(loaded, "__path__") and find_spec(f"{package}.{name}") is not None
