"""Which kept scores are those of this model on these images: what was answered is not answered again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from core import VERSION
from core.descriptions import ClassifierInfo
from core.images import ImageSource
from core.labelled import Alignment, LabelledData, scored
from core.scores import answered_in, notes, usual_folder


@dataclass(frozen=True, slots=True)
class Kept:
    """How many of the images that will be scored are answered already.

    Attributes:
        answered, total: images.
        changed: whether this data was tested with this model before, and images, choices or preprocessing were others.
    """

    answered: int
    total: int
    changed: bool = False


def find_kept(info: ClassifierInfo, data: LabelledData, alignment: Alignment, root: Path | None = None) -> Kept:
    """Look for the scores of an earlier test that ended, was paused or was cut off.

    Args:
        info: of the model.
        data: as it is now; a file that was changed since makes it another test.
        alignment: which label is which class.
        root: where scores are kept; the usual place if not given.
    """
    places = scored(data, alignment)
    if not places:
        return Kept(0, 0)
    root = root or usual_folder()
    folder = root / key(info, data, places)
    answered = answered_in(folder, len(places))
    changed = not answered and any(
        note.get("data") == data.root and note.get("sha256") == info.checkpoint.sha256
        for other, note in notes(root).items()
        if other != folder
    )
    return Kept(answered, len(places), changed)


def key(info: ClassifierInfo, data: LabelledData, places: Sequence[int]) -> str:
    """The same for the same images, answered in the same way.

    Args:
        info: of the model.
        data: the images.
        places: which of them are scored.
    """
    told = hashlib.sha256(json.dumps(_facts(info), sort_keys=True, default=str).encode())
    stamps: dict[Path | None, str] = {}
    for place in places:
        source = data.images[place].source
        if source.path not in stamps:
            stamps[source.path] = _stamp(source)
        told.update(f"{source.name}\0{stamps[source.path]}\0{source.place}\n".encode("utf-8", "surrogateescape"))
    return told.hexdigest()[:24]


def _facts(info: ClassifierInfo) -> Mapping[str, object]:
    """All that scores depend on; names of classes are none of it."""
    return {
        "sha256": info.checkpoint.sha256,
        "sets": info.checkpoint.sets[:1],
        "architecture": info.architecture,
        # The same tensors give other scores when a person has changed the code around them.
        "code": info.code,
        "network": repr(info.spec.network),
        "preprocessing": repr(info.preprocessing),
        "activation": info.activation,
        "count": len(info.labels),
        "device": info.device.id,
        "versions": (VERSION, *(version(name) for name in ("torch", "torchvision", "pillow"))),
    }


def _stamp(source: ImageSource) -> str:
    if source.path is None:
        return ""
    try:
        status = source.path.stat()
    except (OSError, ValueError):
        return "missing"
    return f"{status.st_size}-{status.st_mtime_ns}"
