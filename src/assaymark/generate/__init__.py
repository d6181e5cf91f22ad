"""Generate: one generator per file; the recipe is apart from the fitted model.

What the default generator (``tree_chain``) is made of, from the bottom up: ``coding`` makes a
table whole numbers and back, ``trees`` draw one column from others, ``relations`` are what columns
say of each other, and ``chain`` draws them all, one after the other. ``constraints`` keep rules on
every row, ``filling`` fills gaps, ``keys`` makes identifiers afresh, and ``dp`` counts with noise.
"""

from assaymark.core.protocols import Generator
from assaymark.core.registry import Registry

__all__ = ["generators"]

generators: Registry[Generator] = Registry(
    "generator",
    "assaymark.generate",
    shared=("blocks", "extras", "model_file", "notches", "philox"),
)
