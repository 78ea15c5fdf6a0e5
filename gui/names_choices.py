"""What can be done about the class names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.choices import Choice

if TYPE_CHECKING:
    from core.descriptions import ClassifierInfo

FILE, EDIT, SAVE, IMAGENET, OWN = "file", "edit", "save", "imagenet", "own"
_SMALLEST_IMAGENET = 1000


def choices(info: ClassifierInfo) -> list[Choice]:
    """The lines of the list, with a mark at what is so now."""
    spec, count = info.spec, len(info.labels)
    imagenet = spec.labels == IMAGENET
    made = [
        Choice(FILE, "Choose class names from a file …", "text, JSON, YAML, CSV", bool(spec.labels) and not imagenet),
        Choice(EDIT, "Edit class names …", "", bool(spec.names)),
        Choice(SAVE, "Save class names …", "text or JSON"),
    ]
    if _is_imagenets_size(count):
        made.append(Choice(IMAGENET, "ImageNet's names", f"a guess, from {count:,} classes", imagenet))
    made.append(Choice(OWN, "As the model brings them", "", not spec.labels and not spec.names))
    return made


def _is_imagenets_size(count: int) -> bool:
    if count < _SMALLEST_IMAGENET:
        return False
    from core.naming import imagenet_names

    return imagenet_names(count) is not None
