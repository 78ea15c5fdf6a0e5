"""A probe finds out how a model wants its images prepared: which ways are tried, and what was found."""

from core.probes.recipes import Recipe, details, scales, shapes, unlike
from core.probes.results import OWN, Probe, Tried

__all__ = ["OWN", "Probe", "Recipe", "Tried", "details", "scales", "shapes", "unlike"]
