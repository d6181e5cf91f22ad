"""Evaluate: one metric or attack per file, grouped by the question it answers."""

from assaymark.core.protocols import Metric
from assaymark.core.registry import Registry

__all__ = ["metrics"]

metrics: Registry[Metric] = Registry(
    "metric",
    "assaymark.evaluate",
    shared=(
        "statistics",
        "binning",
        "features",
        "predictors",
        "groups",
        "neighbours",
        "isolation",
        "controls",
        "agreement",
        "contest",
        "worlds",
        "ground",
        "blocks",
        "exposure",
        "attacks",
    ),
)
