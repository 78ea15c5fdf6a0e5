"""Whether labelled data says what a model gives: classes, several labels, or values."""

from __future__ import annotations

from pathlib import Path

from core.descriptions import ClassifierInfo
from core.errors import DataError, shown
from core.labelled.data import LabelledData
from core.labelled.lists import Wanted
from core.outputs import OVER_LABELS


def wanted_by(info: ClassifierInfo) -> Wanted:
    """What a model gives."""
    if info.activation == "regression":
        return "values"
    return "labels" if info.activation in OVER_LABELS else "classes"


def refuse_other_kind(data: LabelledData, info: ClassifierInfo) -> None:
    """Check that data and model speak of the same kind of thing.

    Raises:
        DataError: one has values and the other classes, or the model gives several values; or one has rows of
            numbers and the other takes pictures.
    """
    is_row = data.images[0].source.is_row
    if is_row and not info.takes.features:
        raise DataError(
            f"{info.name} takes pictures, and the data has rows of numbers.",
            f"Each row of {shown(Path(data.root).name)} is a list of numbers, not a picture.",
            "Choose pictures with labels, or a model that takes rows.",
        )
    if not is_row and not info.takes.pictures:
        raise DataError(
            f"{info.name} takes rows of {info.takes.features:,} numbers, and the data has pictures.",
            "",
            "Choose an .npz file with X and y, or a table with a column of labels; or a model that takes pictures.",
        )
    gives_values = info.activation == "regression"
    if gives_values and len(info.labels) != 1:
        raise DataError(
            f"{info.name} gives {len(info.labels)} values for an image.",
            "A model that gives several cannot be measured yet: data has one value for an image.",
            "Choose a model that gives one value.",
        )
    if gives_values and data.kind != "values":
        some = ", ".join(data.classes[:3])
        raise DataError(
            f"{info.name} gives values, and the data has classes.",
            f"Its labels are {some} and so on, and the model's output is read as a regression "
            f"({info.activation_source or 'assumed'}).",
            "Choose a table with a column of numbers; or, if the model gives classes, say so with its kind of output.",
        )
    if not gives_values and data.kind == "values":
        column = f" in {data.target!r}" if data.target else ""
        raise DataError(
            f"{info.name} gives classes, and the data has values.",
            f"There are numbers to be predicted{column}, such as {data.images[0].value:g}.",
            "Choose data with labels; or, if the model gives values, say so with its kind of output: regression.",
        )
