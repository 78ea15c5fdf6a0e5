"""Labelled data: which images there are, what each is said to show, and which of the model's classes that is.

Classes are aligned by name.  The order of folders never decides anything: loaders sort it in different ways.
"""

from core.labelled.alignment import AlignedClass, Alignment, align, carried_over, scored
from core.labelled.data import LabelledData, LabelledImage, read_labelled
from core.labelled.fitting import refuse_other_kind, wanted_by
from core.labelled.lists import Wanted
from core.labelled.request import EvaluationRequest

__all__ = [
    "AlignedClass",
    "Alignment",
    "EvaluationRequest",
    "LabelledData",
    "LabelledImage",
    "Wanted",
    "align",
    "carried_over",
    "read_labelled",
    "refuse_other_kind",
    "scored",
    "wanted_by",
]
