"""Class names as the text of a label file."""

from __future__ import annotations

import json
from collections.abc import Sequence

from core.errors import LabelsError
from core.labels.reading import parse_labels


def labels_text(labels: Sequence[str], suffix: str) -> str:
    """Class names as a label file that reads back as the same names.

    Args:
        labels: in head order.
        suffix: ``.json`` for an object from index to name; anything else for one name a line, each with its index
            before it where it would be mistaken for something else alone.

    Raises:
        LabelsError: a name is empty, or has more than one line, which a text file cannot hold.
    """
    if suffix.lower() == ".json":
        return json.dumps({str(index): name for index, name in enumerate(labels)}, ensure_ascii=False, indent=2) + "\n"
    plain = "".join(f"{name}\n" for name in labels)
    counted = "".join(f"{index} {name}\n" for index, name in enumerate(labels))
    for text in (plain, counted):
        if _reads_back(text, labels):
            return text
    raise LabelsError(
        "These names cannot be saved as text.",
        "One of them is empty, or takes more than one line.",
        "Save them as .json, or change that name.",
    )


def _reads_back(text: str, labels: Sequence[str]) -> bool:
    try:
        return parse_labels(text) == tuple(labels)
    except LabelsError:
        return False
