"""A person's corrections of labels: never written into the data, counted in on wish, and saved as a new table."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from core.arrays.stored import stamp
from core.arrays.table import read_table
from core.errors import ArrayError, DataError
from core.evaluations import Evaluation, measure
from core.export import csv_line, write_parts, write_text
from core.folders import settings_folder
from core.labelled import AlignedClass, Alignment, LabelledData, LabelledImage

Truth = tuple[str, ...] | float | None
"""What an image shows: its labels as the data writes them, or its value; ``None`` leaves it out."""

_BETWEEN = "|"
_LEFT_OUT = "You left it out."


@dataclass(frozen=True, slots=True)
class Corrections:
    """What a person says some images show.

    Attributes:
        changed: by the image's place in the data.
    """

    changed: Mapping[int, Truth] = field(default_factory=lambda: MappingProxyType({}))

    def __len__(self) -> int:
        return len(self.changed)

    def having(self, place: int, truth: Truth, data: LabelledData) -> Corrections:
        """With one more; none where it is what the data says."""
        changed = {known: said for known, said in self.changed.items() if known != place}
        if truth != truth_of(data.images[place]):
            changed[place] = truth
        return Corrections(MappingProxyType(changed))


def truth_of(image: LabelledImage) -> Truth:
    """What the data says of an image."""
    return image.labels if image.value is None else image.value


def written_as(alignment: Alignment, names: tuple[str, ...], index: int) -> str:
    """What the data writes for a class; the model's name where no label of the data is that class."""
    there = [row for row in alignment.rows if row.index == index]
    # Of several the one that is so by its name, not by a person's choice.
    there.sort(key=lambda row: (row.how == "chosen by you", -row.count))
    return there[0].written if there else names[index]


def corrected(evaluation: Evaluation, corrections: Corrections, check: Callable[[], None] = lambda: None) -> Evaluation:
    """The evaluation as if the data had said so from the beginning; nothing is answered again.

    An image whose corrected label is no class of the model, as may be where another model was corrected for, is left
    out.

    Args:
        evaluation: of the data as it is.
        corrections: places are those of its data.
        check: called now and then; may raise to end it.

    Raises:
        DataError: no image is left.
    """
    if not len(corrections):
        return evaluation
    data = _data(evaluation.data, corrections)
    alignment = _alignment(evaluation, data, corrections)
    strange = _strange(data, alignment, corrections)
    left_out = {place for place, truth in corrections.changed.items() if truth is None}
    keep = np.asarray([int(place) not in left_out | strange.keys() for place in evaluation.places], np.bool_)
    if not keep.any():
        raise DataError("Nothing is left to measure.", "Your corrections leave all images out.", "Undo one of them.")
    whole = bool(keep.all())
    places = evaluation.places if whole else evaluation.places[keep]
    scores = evaluation.scores if whole else evaluation.scores[keep]
    measures, truth = measure(data, alignment, places, scores, check)
    reasons = {**strange, **dict.fromkeys(left_out, _LEFT_OUT)}
    gone = [(data.images[place].source.name, reason) for place, reason in sorted(reasons.items())]
    return replace(
        evaluation,
        data=data,
        alignment=alignment,
        measures=measures,
        places=places,
        truth=truth,
        scores=scores,
        predicted=evaluation.predicted if whole else evaluation.predicted[keep],
        skipped=(*evaluation.skipped, *gone),
    )


def _strange(data: LabelledData, alignment: Alignment, corrections: Corrections) -> dict[int, str]:
    """Places of images whose corrected label is none of the model's classes, each with that reason."""
    if data.kind != "classes":
        return {}
    labels = {place: truth[0] for place, truth in corrections.changed.items() if isinstance(truth, tuple)}
    known = alignment.indices
    return {
        place: f"Its label {label!r} is none of the model's classes."
        for place, label in labels.items()
        if label not in known
    }


def _data(data: LabelledData, corrections: Corrections) -> LabelledData:
    images = list(data.images)
    for place, truth in corrections.changed.items():
        if truth is not None:
            images[place] = _image(images[place], truth)
    classes = {*data.classes, *(label for image in images for label in image.labels)}
    count = len(corrections)
    thing = "value" if data.kind == "values" else "label"
    note = (
        f"{count:,} {thing + ' is' if count == 1 else thing + 's are'} corrected by a person, and not as in the data."
    )
    return replace(data, images=tuple(images), classes=tuple(sorted(classes)), notes=(*data.notes, note))


def _image(image: LabelledImage, truth: tuple[str, ...] | float) -> LabelledImage:
    return replace(image, labels=truth) if isinstance(truth, tuple) else replace(image, value=truth)


def _alignment(evaluation: Evaluation, data: LabelledData, corrections: Corrections) -> Alignment:
    """Labels that only a correction uses are classes by the model's own name."""
    counts, names = data.counts(), evaluation.labels
    rows = {row.written: replace(row, count=counts.get(row.written, 0)) for row in evaluation.alignment.rows}
    for truth in corrections.changed.values():
        for label in truth if isinstance(truth, tuple) else ():
            if label in names and (label not in rows or rows[label].index < 0):
                rows[label] = AlignedClass(label, counts[label], names.index(label), label, "corrected by you")
    used = {row.index for row in rows.values()}
    return Alignment(tuple(rows.values()), tuple(index for index in range(len(names)) if index not in used))


def save_corrected(path: Path, data: LabelledData, corrections: Corrections) -> int:
    """Write the labels of all images, corrected, in a form that ``evaluate`` and the window take again.

    That is a table of paths and labels: paths below its folder start from there, all others are whole.  Rows of a
    table are written as such a table, and those of an ``.npz`` as another one, as they have no paths of their own.
    What was left out is not in it.

    Args:
        path: of the file.
        data: as it is.
        corrections: of it.

    Returns:
        How many images are in it.

    Raises:
        ArrayError: the rows cannot be read any more.
        DataError: the ending does not fit, or an array of labels has no column for one.
        ExportError: the file cannot be written; an older file is untouched then.
    """
    changed, images = corrections.changed, _data(data, corrections).images
    kept = [place for place in range(len(images)) if changed.get(place, ()) is not None]
    if data.form != "arrays":
        parts = _lines(path, data, [images[place] for place in kept])
    elif Path(data.root).suffix.lower() in (".csv", ".tsv"):
        parts = _table(data, images, kept)
    else:
        _write_archive(path, data, images, kept)
        return len(kept)
    write_parts(path, (line.encode("utf-8", "backslashreplace") for line in parts))
    return len(kept)


def _table(data: LabelledData, images: Sequence[LabelledImage], kept: Sequence[int]) -> Iterator[str]:
    """The table of rows itself, with other cells in the column of labels."""
    source = Path(data.root)
    table = read_table(source, stamp(source))
    column = table.header.index(data.target) if data.target in table.header else int(data.target.split()[-1]) - 1
    mark = table.mark if table.mark.strip() else ","
    if table.header:
        yield csv_line(table.header, mark)
    for place in kept:
        where = images[place].source.place
        cells = table.cells(where.index if where is not None else place)
        cells[column] = _cell(images[place], data.kind)
        yield csv_line(cells, mark)


def _write_archive(path: Path, data: LabelledData, images: Sequence[LabelledImage], kept: Sequence[int]) -> None:
    if path.suffix.lower() != ".npz":
        why = "The name does not end in .npz."
        raise DataError("Corrected labels of an array are written as one.", why, "Choose such a name.")
    where = images[kept[0]].source.place
    member = where.member if where is not None and where.member else "X"
    source, name = Path(data.root), data.target or "y"
    try:
        with np.load(source, allow_pickle=False) as archive:
            rows = np.asarray(archive[member])[list(kept)]
            before = np.asarray(archive[name])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ArrayError(f"{source.name} cannot be read any more.", f"The reason: {error}.", "") from error
    truth = _truths([images[place] for place in kept], data.kind, before)
    buffer = io.BytesIO()
    # As numpy.savez does, which some names of arrays would confuse.
    with zipfile.ZipFile(buffer, "w") as made:
        for each, values in ((member, rows), (name, truth)):
            with made.open(f"{each}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, values, allow_pickle=False)
    write_parts(path, [buffer.getvalue()])


def _truths(images: Sequence[LabelledImage], kind: str, before: NDArray[Any]) -> NDArray[Any]:
    """An array of labels like the one before: values, numbers or names of classes, or a column of 0 and 1 for each."""
    if kind == "values":
        return np.asarray([image.value for image in images], np.float64)
    told = [image.labels for image in images]
    numbers = all(label.isdecimal() for labels in told for label in labels)
    if before.ndim < 2 or before.shape[1] == 1:
        single = [labels[0] for labels in told]
        return np.asarray([int(label) for label in single] if numbers else single)
    truth = np.zeros((len(told), before.shape[1]), before.dtype)
    for row, labels in enumerate(told):
        strange = [label for label in labels if not label.isdecimal() or int(label) >= before.shape[1]]
        if strange:
            why = f"No image of the data has {strange[0]}, and nothing tells which column it is."
            raise DataError(
                "Corrected labels of this array cannot be written.", why, "Choose labels that the data has."
            )
        truth[row, [int(label) for label in labels]] = 1
    return truth


def _lines(path: Path, data: LabelledData, images: list[LabelledImage]) -> Iterator[str]:
    yield csv_line(("path", "value" if data.kind == "values" else "label"))
    base = path.absolute().parent
    for image in images:
        yield csv_line((_path(image, base), _cell(image, data.kind)))


def save_changes(path: Path, data: LabelledData, corrections: Corrections) -> int:
    """Write what was corrected, and nothing else: image, what the data says, what a person says.

    Raises:
        ExportError: the file cannot be written; an older file is untouched then.
    """
    lines = [csv_line(("image", "was", "is"))]
    for place, truth in sorted(corrections.changed.items()):
        image = data.images[place]
        now = "" if truth is None else _cell(_image(image, truth), data.kind)
        lines.append(csv_line((image.source.name, _cell(image, data.kind), now)))
    write_text(path, "".join(lines))
    return len(corrections)


def _path(image: LabelledImage, base: Path) -> str:
    if image.source.path is None:
        return image.source.url or image.source.name
    whole = Path(os.path.abspath(image.source.path))  # noqa: PTH100 (Path.absolute keeps "..")
    return (whole.relative_to(base) if whole.is_relative_to(base) else whole).as_posix()


def _cell(image: LabelledImage, kind: str) -> str:
    if kind == "values":
        return repr(image.value)
    if kind == "several":
        # The mark at the end says that there may be several, also where no image has more than one.
        return "".join(f"{label}{_BETWEEN}" for label in image.labels) or _BETWEEN
    return image.labels[0]


def _place(data: LabelledData, folder: Path | None) -> Path:
    told = "\0".join((str(Path(data.root).absolute()), data.split, data.target))
    name = hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:24]
    return (folder or settings_folder() / "corrections") / f"{name}.json"


def remember(data: LabelledData, corrections: Corrections, folder: Path | None = None) -> None:
    """Keep corrections, so that the same data has them the next time.

    Args:
        data: the corrected one, as it is.
        corrections: of it; none removes what was kept.
        folder: where they are kept; beside the settings if not given.

    Raises:
        ExportError: they cannot be written.
    """
    path = _place(data, folder)
    if not len(corrections):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        return
    entries = {
        data.images[place].source.name: {"was": truth_of(data.images[place]), "is": truth}
        for place, truth in corrections.changed.items()
    }
    with contextlib.suppress(OSError):
        # A folder that cannot be made is told of when the file is written.
        path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps({"data": data.root, "corrections": entries}, ensure_ascii=False, indent=1) + "\n")


def recall(data: LabelledData, folder: Path | None = None) -> Corrections:
    """What was kept of this data; a correction of a label that has been changed since is forgotten.

    Args:
        data: as it is.
        folder: where corrections are kept; beside the settings if not given.
    """
    try:
        kept: object = json.loads(_place(data, folder).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return Corrections()
    entries = cast("dict[str, object]", kept).get("corrections") if isinstance(kept, dict) else None
    if not isinstance(entries, dict) or not entries:
        return Corrections()
    known = cast("dict[str, object]", entries)
    changed: dict[int, Truth] = {}
    for place, image in enumerate(data.images):
        entry = known.get(image.source.name)
        if isinstance(entry, dict) and {"was", "is"} <= set(cast("dict[str, object]", entry)):
            was, now = (_read(cast("dict[str, object]", entry)[key]) for key in ("was", "is"))
            if was == truth_of(image) and (now is None or isinstance(now, tuple) == (image.value is None)):
                changed[place] = now
    return Corrections(MappingProxyType(changed))


def _read(value: object) -> Truth:
    if isinstance(value, list):
        return tuple(str(label) for label in cast("list[object]", value))
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    return None
