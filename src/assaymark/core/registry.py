"""Components by name: the file system is the registry.

A built-in component is the one class in the ``__all__`` of one module, and its name is the
module's name. A plug-in is an entry point in ``assaymark.generators`` or ``assaymark.metrics``.
Nothing is imported until it is built.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, dataclass_transform

from pydantic import ConfigDict, TypeAdapter, ValidationError

from assaymark.core.installed import offered
from assaymark.errors import RecipeError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Registry", "component", "name_of", "parameters_of"]

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def component(cls: type[T]) -> type[T]:
    """Make ``cls`` a frozen dataclass whose fields are its JSON parameters, checked strictly."""
    setattr(cls, "__pydantic_config__", ConfigDict(extra="forbid", strict=True))  # noqa: B010
    return dataclass(frozen=True, kw_only=True)(cls)


class Registry(Generic[T]):
    """All components of one kind: modules of ``package`` and ``assaymark.<kind>s`` plug-ins.

    Components are the modules right in ``package``, or in its ``folders`` where these are named;
    folders below hold what components are made of. A module beside them that is no component
    is named in ``shared``.
    """

    def __init__(
        self,
        kind: str,
        package: str,
        *,
        shared: tuple[str, ...] = (),
        folders: tuple[str, ...] = (),
    ) -> None:
        self.kind = kind
        self._shared = frozenset(shared)
        self._packages = tuple(f"{package}.{folder}" for folder in folders) or (package,)

    def names(self) -> list[str]:
        """Return all names, sorted."""
        return sorted({**self._builtin(), **self._plugins()})

    def family(self, name: str) -> str:
        """Return the folder a built-in component lives in, ``"plugin"`` for others."""
        module = self._builtin().get(name)
        return "plugin" if module is None else module.split(".")[-2]

    def load(self, name: str) -> type[T]:
        """Import the class called ``name``."""
        known = {**self._builtin(), **self._plugins()}
        if name not in known:
            raise UnknownNameError(self.kind, name, known)
        module, _, attribute = known[name].partition(":")
        loaded = importlib.import_module(module)
        (public,) = [attribute] if attribute else loaded.__all__
        return cast("type[T]", getattr(loaded, public))

    def build(self, name: str, parameters: Mapping[str, Any] | None = None) -> T:
        """Make the component ``name`` with these parameters, or say what is wrong with them."""
        adapter = TypeAdapter(self.load(name))
        try:
            return adapter.validate_json(json.dumps(dict(parameters or {})))
        except ValidationError as error:
            wrong = "; ".join(
                ": ".join(
                    part
                    for part in (
                        ".".join(str(p) for p in e["loc"]),
                        e["msg"].removeprefix("Value error, "),
                    )
                    if part
                )
                for e in error.errors()
            )
            valid = sorted(adapter.json_schema().get("properties", {}))
            raise RecipeError(
                f"{self.kind} {name!r} does not take these parameters: {wrong}\n\n"
                f"Hint: its parameters are {', '.join(valid) or 'none'}"
            ) from error

    def _builtin(self) -> dict[str, str]:
        return {k: v for k, v in _modules(self._packages).items() if k not in self._shared}

    def _plugins(self) -> dict[str, str]:
        return dict(offered(f"assaymark.{self.kind}s"))


@cache
def _modules(packages: tuple[str, ...]) -> dict[str, str]:
    found = [
        module
        for package in packages
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}.")
    ]
    return {m.name.rpartition(".")[2]: m.name for m in found if not m.ispkg}


def name_of(part: object) -> str:
    """Return the name ``part`` (an instance or a class) is registered under."""
    cls = part if isinstance(part, type) else type(part)
    return cls.__module__.rpartition(".")[2]


def parameters_of(part: object) -> dict[str, Any]:
    """Return the JSON parameters of a component, as provenance keeps them."""
    return asdict(part)  # type: ignore[call-overload,no-any-return]
