"""Synthetic data that proves what it ships: source, generate, evaluate, decide, release, monitor.

Tables come in as pandas, polars or Arrow objects or as paths, and rows go out as they came in::

    import assaymark

    draft = assaymark.generate(frame)  # ungated synthetic rows, same kind of table as frame
    assaymark.compare(frame, target="income")  # generators side by side, on the same people
    judged = assaymark.evaluate(train, synthetic, holdout=holdout)  # judged.uses, judged.verdicts
    outcome = assaymark.run("recipe.toml")  # a signed release, or a reasoned refusal
    assaymark.verify(outcome.release).usable
    rows = assaymark.load(outcome.release, use="analytics")  # or it is refused
    assaymark.infer(outcome.release, mean="income")  # an estimate with an interval that holds
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "AssaymarkError",
    "Measurement",
    "Outcome",
    "Policy",
    "Recipe",
    "UseStatus",
    "Verdict",
    "compare",
    "evaluate",
    "generate",
    "impute",
    "infer",
    "init",
    "load",
    "monitor",
    "run",
    "verify",
]

if TYPE_CHECKING:
    from assaymark.core.measurement import Measurement
    from assaymark.core.recipe import Recipe
    from assaymark.decide.policy import Policy
    from assaymark.decide.verdict import UseStatus, Verdict
    from assaymark.errors import AssaymarkError
    from assaymark.flow.api import (
        compare,
        evaluate,
        infer,
        init,
        load,
        monitor,
        run,
        verify,
    )
    from assaymark.flow.generate.draft_table import generate, impute
    from assaymark.flow.outcome import Outcome

_HOMES = {
    "AssaymarkError": "errors",
    "Measurement": "core.measurement",
    "Outcome": "flow.outcome",
    "Policy": "decide.policy",
    "Recipe": "core.recipe",
    "UseStatus": "decide.verdict",
    "Verdict": "decide.verdict",
    "compare": "flow.api",
    "evaluate": "flow.api",
    "generate": "flow.generate.draft_table",
    "impute": "flow.generate.draft_table",
    "infer": "flow.api",
    "init": "flow.api",
    "load": "flow.api",
    "monitor": "flow.api",
    "run": "flow.api",
    "verify": "flow.api",
}


class _Package(ModuleType):
    """Keeps ``assaymark.generate`` the function, though a package of that name holds a stage."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for, so that ``import assaymark`` is quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'assaymark' has no attribute {name!r}")
    return getattr(importlib.import_module(f"assaymark.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
