"""Recognising an architecture by the names and shapes of its tensors, without building it."""

from __future__ import annotations

from core.fingerprints.changes import describe, describe_head, explain
from core.fingerprints.fits import Fit, Layer, NewHead, NewStem, NewTokens, compare
from core.fingerprints.index import (
    changed_fits,
    changed_fits_below,
    count_known_below,
    exact_fits,
    exact_fits_below,
    known_names,
)
from core.fingerprints.known import CLASSES, Fingerprint, Shape, Shapes, channels, fingerprint, identifiers, is_computed
from core.fingerprints.nearest import nearest
from core.fingerprints.prefixes import Named

__all__ = [
    "CLASSES",
    "Fingerprint",
    "Fit",
    "Layer",
    "Named",
    "NewHead",
    "NewStem",
    "NewTokens",
    "Shape",
    "Shapes",
    "changed_fits",
    "changed_fits_below",
    "channels",
    "compare",
    "count_known_below",
    "describe",
    "describe_head",
    "exact_fits",
    "exact_fits_below",
    "explain",
    "fingerprint",
    "identifiers",
    "is_computed",
    "known_names",
    "nearest",
]
