"""Whether class names fit a head, and readable names in place of the folders' that a network was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import LabelsError, shown
from core.labels.lines import is_heading
from core.labels.values import Labels, NameTable, names_of

_BACKGROUND = ("background", "__background__", "_background_", "none", "unknown", "dummy")
_IMAGENET = 1000


@dataclass(frozen=True)
class Named:
    """Class names that fit a head.

    Attributes:
        names: one a class, in head order.
        folders: the names that the network was trained with, where readable ones took their place; else empty.
        note: what was assumed on the way, one sentence; may be empty.
    """

    names: Labels
    folders: Labels = ()
    note: str = ""


def numbered(count: int) -> Labels:
    """``0`` to ``count - 1`` as text, for a model that brings no names."""
    return tuple(str(index) for index in range(count))


def fit_labels(labels: Sequence[str], num_classes: int) -> None:
    """Check that there is a name for each class.

    Raises:
        LabelsError: there are more or fewer; says the nearest cause.
    """
    if len(labels) == num_classes:
        return
    there_are = "There is 1 name" if len(labels) == 1 else f"There are {len(labels):,} names"
    raise LabelsError(
        "The class names do not fit the model.",
        f"{there_are}, and the model tells {num_classes:,} classes apart.",
        _remedy(labels, num_classes),
    )


def fit_table(table: NameTable, num_classes: int, known: Labels = ()) -> Named:
    """Class names from a label file: in its own order, or, where it names folders, in the model's.

    Args:
        table: what the file says.
        num_classes: size of the head.
        known: the names that the model was trained with, in head order; empty where nothing tells them.

    Raises:
        LabelsError: it holds no names, or does not fit.
    """
    if len(known) == num_classes and (over := readable_names(known, table.readable)) is not None:
        return over
    names = names_of(table)
    if len(names) == num_classes + 1 and is_heading(names[0]):
        return Named(names[1:], note=f"Its first line, {shown(names[0], 40)!r}, is taken for a heading.")
    fit_labels(names, num_classes)
    return Named(names, note=table.note)


def readable_names(known: Labels, readable: Mapping[str, str]) -> Named | None:
    """Readable names in place of names of folders.

    Args:
        known: the names that a model was trained with, in head order.
        readable: a readable name for each of them.

    Returns:
        ``None`` where it speaks of fewer than half of them, or changes none.
    """
    missing = [name for name in known if name not in readable]
    names = tuple(readable.get(name, name) for name in known)
    if 2 * len(missing) > len(known) or names == known:
        return None
    note = ""
    if missing:
        count = f"{len(missing):,} of {len(known):,} classes have"
        note = f"{count} no readable name, such as {shown(missing[0], 40)!r}: they keep the name of their folder."
    return Named(names, known, note)


def _remedy(labels: Sequence[str], num_classes: int) -> str:
    """What most likely went wrong, and what to do."""
    count = len(labels)
    if count == num_classes + 1 and labels[0].lower() in _BACKGROUND:
        return f"Take the first one out: {shown(labels[0], 40)!r} is a class that this model does not have."
    if count == num_classes + 1:
        return (
            "Choose the label file that belongs to these weights. If its first line is a heading or a background"
            " class, take that out."
        )
    if (count, num_classes) == (1, 2):
        return "The model tells two classes apart: name both, the one that its output speaks for last."
    if count == num_classes - 1:
        return "The model may count a background or an unused class as its first: add a name for it to the label file."
    if count == _IMAGENET:
        return "These look like ImageNet's names, and the model was trained on other classes: choose its own."
    if num_classes and count == 2 * num_classes:
        return "There are two lines for each class: leave one name a line."
    return "Choose the label file that belongs to these weights."
