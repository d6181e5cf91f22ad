"""Coverage: the certificates that come with the package, and what rows were made by."""

from __future__ import annotations

import importlib.resources
import json
from functools import cache
from typing import TYPE_CHECKING

from assaymark import __version__
from assaymark.core.coverage import Maker, parse_certificates
from assaymark.core.registry import parameters_of
from assaymark.generate import generators

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from assaymark.core.coverage import Certificate
    from assaymark.core.recipe import GenerateSpec

__all__ = ["certificates", "least_persons", "maker_for", "maker_of"]


@cache
def certificates() -> tuple[Certificate, ...]:
    """Return the certificates of coverage that ``bench/coverage_inference.py`` wrote."""
    folder = importlib.resources.files("assaymark.data")
    return parse_certificates((folder / "coverage.toml").read_bytes())


def maker_of(
    generator: str,
    parameters: Mapping[str, JsonValue],
    persons: int,
    software: str = f"assaymark {__version__}",
) -> Maker:
    """Return what made rows; parameters that a generator has by default are left out."""
    known = parameters_of(generators.build(generator)) if generator in generators.names() else {}
    default, given = (json.loads(json.dumps(dict(p))) for p in (known, parameters))
    changed = {k: v for k, v in given.items() if k not in default or default[k] != v}
    return Maker(generator=generator, software=software, changed=changed, persons=persons)


def maker_for(spec: GenerateSpec, persons: int) -> Maker:
    """Return what makes the rows of a recipe, fitted to so many persons.

    Constraints and hard rules hold for every real row and are no change of the generator.
    """
    return maker_of(spec.generator, spec.parameters, persons)


def least_persons(band: str) -> int:
    """Return the fewest persons that a published count can stand for; 0 where it says none.

    ``"about 25,000"`` is rounded to two digits, so at least 24,500.
    """
    digits = "".join(c for c in band if c.isdigit())
    if not band.startswith("about ") or not digits:
        return 0
    n = int(digits)
    return n - int("1" + "0" * (len(digits) - 2)) // 2 if n >= 10 else n
