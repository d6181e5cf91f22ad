"""Evaluate: one metric or attack per file, in the folder of the question that it answers.

Beside the folders stands the maths that several of them share, and two families: ``attacks``,
where each file is one way to score people by how likely they were in train, and ``inferrers``,
where each file is one way to guess secrets. What several metrics of usefulness share has a folder
by its noun: ``claims``, ``analyses`` and ``models``.
"""

from assaymark.core.protocols import Metric
from assaymark.core.registry import Registry

__all__ = ["metrics"]

metrics: Registry[Metric] = Registry(
    "metric",
    "assaymark.evaluate",
    folders=("fidelity", "utility", "fairness", "privacy", "plausibility"),
)
