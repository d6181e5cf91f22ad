"""Generate: one generator per file; the recipe is apart from the fitted model."""

from assaymark.core.protocols import Generator
from assaymark.core.registry import Registry

__all__ = ["generators"]

generators: Registry[Generator] = Registry(
    "generator",
    "assaymark.generate",
    shared=(
        "anchor_search",
        "anchor_solve",
        "anchored",
        "anchors",
        "blocks",
        "branches",
        "cells",
        "chain",
        "classes",
        "coded",
        "constrained",
        "demands",
        "dependencies",
        "derived",
        "drawing",
        "effects",
        "encoding",
        "extras",
        "forest",
        "imputed",
        "levels",
        "link",
        "model_file",
        "notches",
        "mixture",
        "philox",
        "plan",
        "plausible",
        "pools",
        "restrict",
        "telling",
        "tried",
        "wanted",
        "within",
    ),
)
