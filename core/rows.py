"""Rows of numbers as a network's input, exactly as they are."""

from __future__ import annotations

import torch
from torch import Tensor

from core.arrays.contents import look, read_row
from core.descriptions import ClassifierInfo
from core.errors import MatchError
from core.images import ImageSource


def row_tensor(source: ImageSource, info: ClassifierInfo) -> tuple[Tensor, str]:
    """A row of numbers for a network that takes such rows.

    Args:
        source: a row.
        info: of the classifier that answers it.

    Returns:
        float32, (features,), not prepared in any way; and what was left out of the file's row, in words.

    Raises:
        ArrayError: it cannot be read, has more or fewer numbers, or something that is none.
        MatchError: the network takes pictures.
    """
    assert source.path is not None
    assert source.place is not None
    if not info.features:
        height, width = info.preprocessing.crop or info.preprocessing.size
        brought = "" if info.preprocessing.resize == "none" else f", brought to {width} x {height} pixels"
        table = source.path.suffix.lower() in (".csv", ".tsv")
        raise MatchError(
            f"{source.short_name} is a row of numbers, and the network takes pictures.",
            f"{info.name} takes pictures{brought}.",
            "Open the network that this file belongs to, or drop pictures."
            + (" A table of paths and labels is for Test the model." if table else ""),
        )
    row = read_row(source.path, source.place, source.short_name, info.features)
    return torch.from_numpy(row.values), row.note  # pyright: ignore[reportUnknownMemberType]


def refuse_pictures(source: ImageSource, info: ClassifierInfo) -> None:
    """Check that a picture can be answered.

    Raises:
        ArrayError: it is a file of numbers that cannot be read.
        MatchError: the network takes rows of numbers alone.
    """
    if not info.refuses:
        return
    if source.place is not None and source.place.kind == "" and source.path is not None:
        look(source.path, info.takes)
    what = "was read as pictures" if source.place is not None else "is a picture"
    remedy = "Drop a .npy, .npz or .csv file with such rows, or open a model that takes pictures."
    if source.place is not None:
        remedy = "Drop the file again, now that this network is open, or open a model that takes pictures."
    raise MatchError(info.refuses, f"{source.short_name} {what}.", remedy)
