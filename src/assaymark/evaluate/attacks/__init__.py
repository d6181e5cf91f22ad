"""Attacks on membership that score people one by one; one attack per file."""

from assaymark.core.registry import Registry
from assaymark.evaluate.ground import Attack

__all__ = ["attacks"]

attacks: Registry[Attack] = Registry("attack", "assaymark.evaluate.attacks")
