"""What is in a file of numbers, and one row or picture of it."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.arrays import wording
from core.arrays.layouts import Layout, as_pixels, layout_of, looks_like_picture
from core.arrays.places import ANYTHING, ArrayPlace, Takes
from core.arrays.stored import Stored, read_npy, read_npz, stamp
from core.arrays.table import not_finite, read_table
from core.errors import ArrayError, shown

_TABLES = (".csv", ".tsv")
_NAMES = (
    "x", "data", "images", "features", "inputs", "input", "samples", "x_test", "test_images", "x_val", "x_train",
    "train_images", "arr_0",
)  # fmt: skip
"""Names of the array that a network takes, in an archive with several; tests go before what was learned from."""
_CHECKED = 16
_MAX_VALUES = 250_000_000


@dataclass(frozen=True)
class Contents:
    """What is in a file.

    Attributes:
        kind: ``row`` or ``picture``.
        count: how many.
        member: the array's name in an ``.npz``; else empty.
        several: whether the file holds other arrays as well.
        alone: whether the file is one row or picture, not a list of them.
    """

    kind: str
    count: int
    member: str = ""
    several: bool = False
    alone: bool = False


@dataclass(frozen=True)
class Row:
    """One row of numbers.

    Attributes:
        values: float32, (features,).
        names: of the columns, where the file has them; else empty.
        note: what was left out, one sentence; may be empty.
    """

    values: NDArray[np.float32]
    names: tuple[str, ...] = ()
    note: str = ""


def look(path: Path, takes: Takes = ANYTHING) -> Contents:
    """Find out what is in a file of numbers; of a large one, only the beginning is read.

    Args:
        path: an ``.npy``, ``.npz``, ``.csv`` or ``.tsv`` file.
        takes: what the network takes, which decides where a shape may mean two things.

    Raises:
        ArrayError: it cannot be read, or holds neither rows nor pictures.
    """
    if path.suffix.lower() in _TABLES:
        table = read_table(path, stamp(path))
        table.choose(0, path.name)
        return Contents("row", len(table.starts))
    stored, several = _chosen(path, takes)
    kind = _kind(stored, takes)
    if kind == "row":
        alone = len(stored.shape) == 1
        return _bounded(path, Contents("row", 1 if alone else stored.shape[0], stored.member, several, alone))
    layout = _layout(stored, grey=takes.grey)
    return _bounded(path, Contents("picture", layout.count, stored.member, several, layout.alone))


def read_row(path: Path, place: ArrayPlace, name: str, features: int = 0) -> Row:
    """One row of numbers, as it goes into a network.

    Args:
        path: of the file.
        place: which row.
        name: of the row, for messages.
        features: how many numbers the network takes; 0 for all there are.

    Raises:
        ArrayError: it cannot be read, has more or fewer numbers, or something that is none.
    """
    if path.suffix.lower() in _TABLES:
        table = read_table(path, stamp(path))
        _check_index(path, place, len(table.starts))
        columns, note = table.choose(features, name, place.target)
        numbers = table.numbers(place.index, columns, name)
        names = tuple(table.header[column] for column in columns) if table.header else ()
        return Row(_as_float(np.asarray(numbers), name), names, note)
    stored = _find(path, place.member)
    _check_index(path, place, stored.shape[0] if len(stored.shape) > 1 else 1)
    values = stored.whole() if len(stored.shape) == 1 else stored.part(place.index).reshape(-1)
    if features and len(values) != features:
        raise _wrong_length(stored, name, len(values), features)
    return Row(_as_float(values, name))


def read_picture(path: Path, place: ArrayPlace) -> NDArray[Any]:
    """One picture: uint8 (H, W), (H, W, 3) or (H, W, 4), or uint16 (H, W).

    Raises:
        ArrayError: it cannot be read, or its values are no pixels.
    """
    stored = _find(path, place.member)
    layout = _layout(stored, grey=not place.alone)
    _check_index(path, place, layout.count)
    if math.prod(stored.shape) // layout.count > _MAX_VALUES:
        raise wording.too_large(path, f"A picture of it has more than {_MAX_VALUES:,} values.", "Make it smaller.")
    picture = stored.whole() if layout.alone else stored.part(place.index)
    return as_pixels(path, layout.channels_last(picture), _is_fraction(stored, stamp(path)))


def _chosen(path: Path, takes: Takes) -> tuple[Stored, bool]:
    """The array of a file, or the one of several that is meant; and whether there are several."""
    if path.suffix.lower() == ".npy":
        return read_npy(path), False
    found, others = read_npz(path)
    if not found:
        if others:
            raise wording.pickled(path, shown(others[0], 40))
        raise wording.damaged(path, "there is no array in it")
    if len(found) == 1:
        return found[0], False
    fitting = [stored for stored in found if _fits(stored, takes)]
    if len(fitting) == 1:
        return fitting[0], True
    by_name = {stored.member.lower(): stored for stored in reversed(fitting or found)}
    for name in _NAMES:
        if name in by_name:
            return by_name[name], True
    listed = [f"{shown(stored.member, 30)} ({wording.sides(stored.shape)})" for stored in found[:6]]
    more = f" and {len(found) - 6} more" if len(found) > 6 else ""
    raise ArrayError(
        f"{path.name} holds several arrays.",
        f"They are {', '.join(listed)}{more}, and nothing tells which goes into the network.",
        "Call it X in numpy.savez, or save it alone.",
    )


def _fits(stored: Stored, takes: Takes) -> bool:
    """Whether an array can be meant; a row of labels is none, where there are rows of rows."""
    if takes.features and stored.shape[-1:] == (takes.features,) and len(stored.shape) == 2:
        return True
    if takes.features and not takes.pictures:
        return False
    return len(stored.shape) > 2 and layout_of(stored.shape) is not None


def _kind(stored: Stored, takes: Takes) -> str:
    shape = stored.shape
    if not shape or 0 in shape:
        raise wording.wrong_shape(stored.path, shape)
    if len(shape) == 1:
        return "row"
    if len(shape) != 2:
        return "picture"
    if shape[1] == takes.features or not takes.pictures:
        return "row"
    is_picture = looks_like_picture(shape, stored.dtype.kind, lambda: _is_fraction(stored, stamp(stored.path)))
    return "picture" if is_picture else "row"


def _layout(stored: Stored, *, grey: bool) -> Layout:
    layout = layout_of(stored.shape, grey)
    if layout is None:
        raise wording.wrong_shape(stored.path, stored.shape)
    return layout


def _bounded(path: Path, contents: Contents) -> Contents:
    if contents.count > wording.MAX_ROWS:
        raise wording.too_many(path, contents.count)
    return contents


def _find(path: Path, member: str) -> Stored:
    return _find_at(path, member, stamp(path))


@functools.lru_cache(maxsize=8)
def _find_at(path: Path, member: str, _stamp: tuple[int, int]) -> Stored:
    if path.suffix.lower() == ".npy":
        return read_npy(path)
    found = next((stored for stored in read_npz(path)[0] if stored.member == member), None)
    if found is None:
        raise wording.damaged(path, f"it holds no array {member!r} any more")
    return found


@functools.lru_cache(maxsize=8)
def _is_fraction(stored: Stored, _stamp: tuple[int, int]) -> bool:
    """Whether numbers with a point run from 0 to 1, judged by some of them all over the file."""
    if stored.dtype.kind != "f":
        return False
    step = max(1, stored.shape[0] // _CHECKED)
    parts = [stored.part(index) for index in range(0, stored.shape[0], step)]
    return all(bool(part.size) and bool(((part >= 0) & (part <= 1)).all()) for part in parts)


def _check_index(path: Path, place: ArrayPlace, count: int) -> None:
    if place.index >= count:
        raise wording.damaged(path, f"it has {count:,} rows now, and had more when it was opened")


def _as_float(values: NDArray[Any], name: str) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        made = values.astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(made))
    if len(bad):
        where = int(bad[0])
        raise not_finite(name, f"Number {where + 1} of {len(made):,} is {values[where]}.")
    return made


def _wrong_length(stored: Stored, name: str, count: int, features: int) -> ArrayError:
    whole = f"The array's shape is {wording.sides(stored.shape)}, and should be N x {features:,}."
    remedy = "Choose the file that belongs to these weights."
    if count == features + 1:
        remedy = "If one of them is a label or an index, leave that column out: array[:, 1:]."
    return ArrayError(f"{name} has {count:,} numbers, and the network takes {features:,}.", whole, remedy)
