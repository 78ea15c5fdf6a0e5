"""What a network's outputs may be, for a person to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.outputs import OVER_LABELS, allowed, detail, title
from gui.choices import Choice

if TYPE_CHECKING:
    from core.descriptions import ClassifierInfo

AS_RECOGNISED = "auto"


def describe(info: ClassifierInfo) -> str:
    """What its outputs are, and how that is known, in one line."""
    source = f" ({info.activation_source})" if info.activation_source else ""
    return f"{title(info.activation)}{source}"


def names(info: ClassifierInfo) -> str:
    """How many names there are, and of what."""
    count = len(info.labels)
    one = "value" if info.activation == "regression" else "label" if info.activation in OVER_LABELS else "class"
    many = "classes" if one == "class" else f"{one}s"
    return f"{count:,} {one if count == 1 else many}"


def choices(info: ClassifierInfo) -> list[Choice]:
    """The kinds that its number of outputs allows, the one in use marked."""
    chosen = info.spec.activation
    kinds = allowed(info.outputs or len(info.labels))
    own = Choice(AS_RECOGNISED, "As it is recognised", "" if chosen else title(info.activation), not chosen)
    return [own, *(Choice(kind, title(kind).capitalize(), detail(kind), kind == chosen) for kind in kinds)]
