"""What the numbers mean that a network answers with, and how that is recognised."""

from __future__ import annotations

from core.outputs.kinds import (
    HALF,
    KINDS,
    OVER_LABELS,
    Kind,
    allowed,
    checked,
    class_count,
    class_names,
    detail,
    problem_type,
    title,
)
from core.outputs.recognition import Evidence, Output, recognise
from core.outputs.written import Said, said_beside, said_in

__all__ = [
    "HALF",
    "KINDS",
    "OVER_LABELS",
    "Evidence",
    "Kind",
    "Output",
    "Said",
    "allowed",
    "checked",
    "class_count",
    "class_names",
    "detail",
    "problem_type",
    "recognise",
    "said_beside",
    "said_in",
    "title",
]
