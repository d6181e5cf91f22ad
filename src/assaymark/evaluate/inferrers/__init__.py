"""Ways to guess people's secrets from synthetic rows; one way per file."""

from assaymark.core.registry import Registry
from assaymark.evaluate.dossier import Inferrer

__all__ = ["inferrers"]

inferrers: Registry[Inferrer] = Registry("inferrer", "assaymark.evaluate.inferrers")
