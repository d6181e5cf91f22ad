"""Evaluate: one metric or attack per file, grouped by the question it answers."""

from assaymark.core.protocols import Metric
from assaymark.core.registry import Registry

__all__ = ["metrics"]

metrics: Registry[Metric] = Registry(
    "metric",
    "assaymark.evaluate",
    shared=(
        "agreement",
        "attacks",
        "binning",
        "blocks",
        "contest",
        "controls",
        "disclosure_tables",
        "exposure",
        "features",
        "ground",
        "groups",
        "inference",
        "isolation",
        "knowledge",
        "links",
        "neighbours",
        "people",
        "predictors",
        "propensity",
        "risk",
        "statistics",
        "worlds",
    ),
)
