"""Which of the model's classes a label of the data is: decided by names, shown to a person, changed by a person."""

from __future__ import annotations

import difflib
import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from core.labelled.data import LabelledData
from core.tables import imagenet_ids

_EVERYDAY = (
    ("airplane", "aeroplane", "plane"),
    ("automobile", "car"),
    ("bicycle", "bike"),
    ("motorcycle", "motorbike"),
    ("couch", "sofa"),
    ("tv", "television", "tvmonitor", "tv monitor"),
)
"""Names that well-known data sets have for one thing: CIFAR-10 and its tutorials, Pascal VOC, COCO."""
_SEPARATORS = re.compile(r"[\s_\-./]+")
_NUMBERED = re.compile(r"\d{1,5}[\s_\-.]+(?=\D)")
_IMAGENET_ID = re.compile(r"n\d{8}")
_CLOSE = 0.8
_LOOKED_FOR = 50
"""For so many labels without a partner a close name is looked for: more are no labels, and it would take minutes."""
_WHOLE = re.compile(r"(\d{1,6})(?:\.0+)?")
"""An index, also as tables write it whose columns have gaps."""


@dataclass(frozen=True, slots=True)
class AlignedClass:
    """One label of the data and the model's class that it is.

    Attributes:
        written: as the folder or the file has it.
        count: how many images have it.
        index: the model's class; -1 where it has no partner.
        label: the model's name for it; empty without one.
        how: how it is known, such as ``same name``; empty without a partner.
        nearest: a name of the model's that is close, for a label without a partner; may be empty.
    """

    written: str
    count: int
    index: int = -1
    label: str = ""
    how: str = ""
    nearest: str = ""


@dataclass(frozen=True, slots=True)
class Alignment:
    """All labels of the data with their partners.

    Attributes:
        rows: one a label, in the data's order.
        absent: indices of the model's classes that no label of the data is.
        problem: why nothing fits at all; empty where something does.
    """

    rows: tuple[AlignedClass, ...]
    absent: tuple[int, ...]
    problem: str = ""

    @property
    def indices(self) -> dict[str, int]:
        """The model's class for each label that has one."""
        return {row.written: row.index for row in self.rows if row.index >= 0}


def align(
    data: LabelledData, names: Sequence[str], chosen: Mapping[str, int] | None = None, folders: Sequence[str] = ()
) -> Alignment:
    """Find the model's class for each label of the data.

    In this order, each only where it names exactly one class that no other label has taken: what a person chose; the
    same name; the same but for case, spaces, underscores, accents' form, a number before it (``001.Sparrow``) and
    where words begin (``FireTruck``); one of a class's synonyms (``tench, Tinca tinca``); another everyday word for
    it (``car`` and ``automobile``); its plural (``Cats``); ImageNet's id (``n01440764``) where the model has
    ImageNet's 1,000 classes; what the class's folder was called in training; where the data's labels are all numbers,
    the class named by the same number, or the class's index, counted from 1 where there is no 0 and the highest is
    the number of classes.

    Args:
        data: with its labels.
        names: the model's class names in head order.
        chosen: a person's choice of index, by label as written; -1 leaves a label out.
        folders: what the classes were called in training, in head order, where that is known and not ``names``.
    """
    counts = data.counts()
    found: dict[str, tuple[int, str]] = {}
    for written, index in (chosen or {}).items():
        if written in counts and -1 <= index < len(names):
            found[written] = (index, "chosen by you" if index >= 0 else "left out by you")
    for how, keys in _ways(tuple(names), tuple(counts), tuple(folders)):
        taken = {index for index, _ in found.values() if index >= 0}
        fresh = {written: key for written in counts if written not in found and (key := keys(written)) is not None}
        wanting = Counter(fresh.values())
        for written, index in fresh.items():
            # Two labels that would be one class are a question for a person, not a guess.
            if index not in taken and wanting[index] == 1:
                found[written] = (index, how)
    rows: list[AlignedClass] = []
    looking = _LOOKED_FOR
    for written, count in counts.items():
        index, how = found.get(written, (-1, ""))
        if index >= 0:
            rows.append(AlignedClass(written, count, index, names[index], how))
        else:
            looking -= 1
            rows.append(AlignedClass(written, count, how=how, nearest=_nearest(written, names) if looking >= 0 else ""))
    used = {row.index for row in rows}
    aligned = Alignment(tuple(rows), tuple(index for index in range(len(names)) if index not in used))
    return aligned if aligned.indices else replace(aligned, problem=_nothing_fits(rows, names))


def carried_over(
    chosen: Sequence[tuple[str, int]], ours: Sequence[str], theirs: Sequence[str]
) -> tuple[tuple[str, int], ...]:
    """A person's choice of classes for another model, which has its classes in another order; see ``align``.

    Args:
        chosen: label as written, and index in ``ours``; -1 leaves a label out.
        ours, theirs: class names in head order; a choice of a class that ``theirs`` does not have is dropped.
    """
    index_of = {name: index for index, name in enumerate(theirs)}
    found = ((label, index_of.get(ours[index]) if index >= 0 else -1) for label, index in chosen)
    return tuple((label, index) for label, index in found if index is not None)


def scored(data: LabelledData, alignment: Alignment) -> tuple[int, ...]:
    """Which images of the data are scored, by their place: those of which the model can know what they show."""
    indices = alignment.indices
    if data.kind == "values":
        return tuple(place for place, image in enumerate(data.images) if image.value is not None)
    if data.kind == "several":
        return tuple(range(len(data.images)))
    return tuple(place for place, image in enumerate(data.images) if image.labels[0] in indices)


def _nothing_fits(rows: Sequence[AlignedClass], names: Sequence[str]) -> str:
    here, there = ", ".join(row.written for row in rows[:3]), ", ".join(names[:3])
    if any(row.how for row in rows):
        return f"You left out all labels that it could know ({here})."
    if all(_is_number(row.written) for row in rows) and not all(_WHOLE.fullmatch(row.written) for row in rows):
        return f"The data holds values ({here} ...), and the model gives classes ({there} ...)."
    if all(name.isdecimal() for name in names):
        return f"The model's classes have no names, only numbers; the data's labels are {here} and so on."
    return f"No label of the data ({here} ...) is one of the model's class names ({there} ...)."


_Lookup = Callable[[str], int | None]


class _Keys:
    """Indices by key, of the keys that stand for one class alone."""

    def __init__(self, pairs: Sequence[tuple[str, int]]) -> None:
        self._index: dict[str, int] = {}
        doubtful: set[str] = set()
        for key, index in pairs:
            if self._index.setdefault(key, index) != index:
                doubtful.add(key)
        for key in doubtful:
            del self._index[key]

    def __call__(self, written: str) -> int | None:
        return self._index.get(written)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _ways(names: tuple[str, ...], written: tuple[str, ...], folders: tuple[str, ...]) -> list[tuple[str, _Lookup]]:
    ways = _by_name(names)
    ids = imagenet_ids()
    if len(names) == len(ids):
        by_id = _Keys([(key, index) for index, key in enumerate(ids)])
        ways.append(("ImageNet's id", lambda text: by_id(found[0]) if (found := _IMAGENET_ID.match(text)) else None))
    ways += [(f"{how}, as the folder in training had it", keys) for how, keys in _by_name(folders)[:4] if folders]
    if written and all(_WHOLE.fullmatch(text) for text in written):
        ways.append(_by_number(names, [int(float(text)) for text in written]))
    return ways


def _by_number(names: tuple[str, ...], numbers: Sequence[int]) -> tuple[str, _Lookup]:
    """Labels that are all numbers: the class of that number as its name, or else the index itself."""
    if all(_WHOLE.fullmatch(name) for name in names):
        same = _Keys([(str(int(float(name))), index) for index, name in enumerate(names)])
        return "same number", lambda text: same(str(int(float(text))))
    # Of the numbers 1, 2, 3 for three classes, 3 would be none if they were counted from 0.
    first = 1 if len(numbers) > 1 and min(numbers) > 0 and max(numbers) == len(names) else 0
    how = "its number, counted from 1" if first else "its index"
    return how, lambda text: index if (index := int(float(text)) - first) < len(names) else None


def _by_name(names: tuple[str, ...]) -> list[tuple[str, _Lookup]]:
    exact = _Keys([(name, index) for index, name in enumerate(names)])
    plain = _Keys([(_plain(name), index) for index, name in enumerate(names)])
    bare = _Keys([(_plain(_unnumbered(name)), index) for index, name in enumerate(names)])
    joined = _Keys([(_joined(name), index) for index, name in enumerate(names)])
    parts = _Keys([(_plain(part), i) for i, name in enumerate(names) for part in name.split(",") if part.strip()])
    everyday = _Keys([(_everyday(part), i) for i, name in enumerate(names) for part in name.split(",") if part.strip()])
    many = _Keys([(form, index) for index, name in enumerate(names) for form in _plurals(name)])
    return [
        ("same name", exact),
        ("same name but for case and spelling", lambda text: plain(_plain(text))),
        ("same name but for its number", lambda text: bare(_plain(_unnumbered(text)))),
        ("same name but for where words begin", lambda text: joined(_joined(text))),
        ("a synonym", lambda text: parts(_plain(text))),
        ("one of its synonyms is the same", lambda text: _one([parts(_plain(part)) for part in text.split(",")])),
        ("another word for it", lambda text: everyday(_everyday(text))),
        ("same name but for its plural", lambda text: _one([many(_plain(text)), *map(plain, _plurals(text))])),
    ]


def _one(indices: Sequence[int | None]) -> int | None:
    """The class that the parts of a label stand for, if they agree."""
    there = {index for index in indices if index is not None}
    return there.pop() if len(there) == 1 else None


@functools.lru_cache(maxsize=8192)
def _plain(text: str) -> str:
    """A name without what people write in different ways: case, separators, composed or decomposed accents."""
    return _SEPARATORS.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def _joined(text: str) -> str:
    plain = _plain(text)
    # 1.0 is not 10.
    return plain if any(character.isdigit() for character in plain) else plain.replace(" ", "")


def _everyday(text: str) -> str:
    plain = _plain(text)
    return next((words[0] for words in _EVERYDAY if plain in words), plain)


def _plurals(text: str) -> tuple[str, ...]:
    """What several of a thing may be called in English."""
    plain = _plain(text)
    if len(plain) < 3 or not plain[-1].isalpha():
        return ()
    return (f"{plain}s", f"{plain}es", *([f"{plain[:-1]}ies"] if plain.endswith("y") else []))


def _unnumbered(text: str) -> str:
    return _NUMBERED.sub("", text, count=1) if _NUMBERED.match(text) else text


def _nearest(written: str, names: Sequence[str]) -> str:
    plain = {_plain(name): name for name in names}
    close = difflib.get_close_matches(_plain(written), plain, 1, _CLOSE)
    return plain[close[0]] if close else ""
