"""Labelled data: which images there are, what each is said to show, and which of the model's classes that is.

Classes are aligned by name.  The order of folders never decides anything: loaders sort it in different ways.
"""

from core.labelled.alignment import AlignedClass, Alignment, align
from core.labelled.data import LabelledData, LabelledImage, read_labelled
from core.labelled.lists import Wanted

__all__ = ["AlignedClass", "Alignment", "LabelledData", "LabelledImage", "Wanted", "align", "read_labelled"]
