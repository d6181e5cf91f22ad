"""Generate: one generator per file; the recipe is apart from the fitted model."""

from assaymark.core.protocols import Generator
from assaymark.core.registry import Registry

__all__ = ["generators"]

generators: Registry[Generator] = Registry(
    "generator",
    "assaymark.generate",
    shared=(
        "blocks",
        "branches",
        "cells",
        "classes",
        "derived",
        "drawing",
        "effects",
        "encoding",
        "forest",
        "levels",
        "link",
        "model_file",
        "philox",
        "pools",
        "telling",
    ),
)
