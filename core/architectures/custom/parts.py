"""Arguments that hold many values by name, and the file's own variables: each of their values is an argument, too."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from core.architectures.custom.arguments import (
    Shape,
    Slot,
    converted,
    known_of,
    parse_answer,
    said_of,
    slot_of,
    whole_numbers,
)
from core.architectures.custom.reading import Parameter
from core.architectures.custom.settings import Asked, Settings, Sized, held, is_holder, most_asked

_MOST_OUTSIDE = 12


def values(slots: Sequence[Slot]) -> dict[str, object]:
    """The arguments as they stand now, and the file's own variables as ``OUTSIDE`` and their name."""
    given: dict[str, object] = {}
    for slot in slots:
        if slot.owner:
            continue
        if slot.asked is not None:
            parts = [(each.name[len(slot.name) + 1 :], each.value) for each in slots if each.owner == slot.key]
            given[slot.key] = _filled(slot, parts)
        elif slot.kind == "sized":
            given[slot.key] = Sized(cast(int, slot.value))
        else:
            given[slot.key] = slot.value
    return given


def _filled(slot: Slot, parts: Sequence[tuple[str, object]]) -> Settings:
    """What holds many values, with some of them."""
    whole = _nested(cast("Mapping[str, object]", slot.value))
    for path, value in parts:
        place = whole
        *above, last = path.split(".")
        for name in above:
            below = place.setdefault(name, {})
            place = cast("dict[str, object]", below) if isinstance(below, dict) else {}
        place[last] = value
    return Settings(whole, slot.template, slot.asked or Asked())


def _nested(values: Mapping[str, object]) -> dict[str, object]:
    return {
        name: _nested(cast("Mapping[str, object]", value)) if isinstance(value, Mapping) else value
        for name, value in values.items()
    }


def parts_of(slot: Slot, shapes: Mapping[str, Shape], metadata: Mapping[str, object], answers: Mapping[str, str],
             there: Sequence[Slot]) -> list[Slot]:  # fmt: skip
    """Slots for what was asked of something that holds many values, and has none yet.

    Args:
        slot: of the whole.
        shapes: the checkpoint's tensors.
        metadata: what was saved beside them.
        answers: a person's.
        there: the slots so far.
    """
    asked = slot.asked
    if asked is None:
        return []
    taken = {each.name for each in there if each.owner == slot.key}
    names: list[str] = [*most_asked(asked), asked.missing]
    whole = _flat(cast("Mapping[str, object]", slot.value))
    known = known_of(metadata)
    made: list[Slot] = []
    for path in filter(None, names):
        full = f"{slot.name}.{path}"
        if full in taken:
            continue
        taken.add(full)
        if path in whole or path in asked.otherwise:
            made.append(_part(full, whole.get(path, asked.otherwise.get(path)), slot, known, answers))
            continue
        plain = inspect.Parameter(path.rpartition(".")[2], inspect.Parameter.KEYWORD_ONLY)
        part = slot_of(plain, Parameter(plain.name), shapes, known, answers, ())
        part.name, part.owner = full, slot.key
        if full in answers:
            part.value, part.source = parse_answer(full, answers[full]), "answer"
        made.append(part)
    return made


def _part(full: str, value: object, slot: Slot, known: Mapping[str, object], answers: Mapping[str, str]) -> Slot:
    """A value that is there."""
    kind = "other"
    if isinstance(value, bool):
        kind = "bool"
    elif isinstance(value, int):
        kind = "int"
    elif whole_numbers(value):
        kind = "ints"
    choices: tuple[object, ...] = (False, True) if kind == "bool" else ()
    part = Slot(full, kind, value, slot.source, choices=choices, owner=slot.key, written=value)
    short = full.rpartition(".")[2]
    for name in (full, short):
        if name in answers:
            part.value, part.source = parse_answer(full, answers[name]), "answer"
            return part
    if slot.source == "default" and kind != "other":
        for said in said_of(short, known):
            plain = converted(said, kind)
            if plain is not None:
                part.value, part.source, part.written = plain, "file", plain
                break
    return part


def _flat(values: Mapping[str, object], path: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(cast("Mapping[str, object]", value), f"{path}{name}.")
        else:
            flat[path + name] = value
    return flat


def outside_slots(names: Mapping[str, object], used: Iterable[str]) -> list[Slot]:
    """The file's own variables that a network may depend on: numbers, what holds many, data sets that are not there.

    Args:
        names: of the file, with their values.
        used: those that its code uses.
    """
    slots: list[Slot] = []
    for name in used:
        value = names.get(name)
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, int):
            slots.append(Slot(name, "int", value, "default", written=value, outside=True))
        elif isinstance(value, Sized):
            slots.append(Slot(name, "sized", len(value), "default", written=len(value), outside=True))
        elif whole_numbers(value):
            slots.append(Slot(name, "ints", value, "default", written=value, outside=True))
        elif is_holder(name) and (inside := held(value)):
            slots.append(
                Slot(name, "settings", inside, "default", written=inside, outside=True, asked=Asked(), template=value)
            )
    return slots[:_MOST_OUTSIDE]
