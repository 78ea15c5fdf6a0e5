"""Tables of names: what another library calls a tensor, and what it is called here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]
Rename = Callable[["re.Match[str]"], str]
Rules = Sequence[tuple[str, str | Rename]]
Dictionary = Callable[[Shapes], Mapping[str, str] | None]
"""Gives for each name what it is called here; empty for what networks compute by themselves; ``None`` where a name is
not of the dialect.  Behind it stands ``#0``, ``#1`` and so on where it is a part of a tensor, ``^1`` where the tensor
has one more side in front, of one, ``^0`` where it is one row, and ``^x`` where a layer is a 1 x 1 convolution here."""


_FORMS: Mapping[str, Callable[[Shape], Shape]] = {
    "": lambda shape: shape,
    "0": lambda shape: (math.prod(shape),),
    "1": lambda shape: (1, *shape),
    "x": lambda shape: (*shape, 1, 1),
}


def put_together(shapes: Shapes, names: Mapping[str, str]) -> tuple[dict[str, tuple[str, ...]], Shapes] | None:
    """Names as written and shapes by new names; ``None`` where parts do not go together."""
    parts: dict[str, dict[int, str]] = {}
    forms: dict[str, str] = {}
    for raw, new in names.items():
        plain, _, form = new.partition("^")
        name, _, place = plain.partition("#")
        if name and parts.setdefault(name, {}).setdefault(int(place or 0), raw) != raw:
            return None
        forms[name] = form
    whole: dict[str, Shape] = {}
    for name, raw in parts.items():
        sides = [shapes[raw[place]] for place in sorted(raw)]
        if len(raw) > 1 and (not all(sides) or len({side[1:] for side in sides}) > 1):
            return None
        shape = (sum(side[0] for side in sides), *sides[0][1:]) if len(raw) > 1 else sides[0]
        whole[name] = _FORMS[forms[name]](shape)
    return {name: tuple(raw[place] for place in sorted(raw)) for name, raw in parts.items()}, whole


def table(*rules: tuple[str, str | Rename]) -> Dictionary:
    """A dictionary that is a list of patterns, each for a whole name."""
    compiled = [(re.compile(pattern), new) for pattern, new in rules]

    def look_up(shapes: Shapes) -> dict[str, str] | None:
        names: dict[str, str] = {}
        for name in shapes:
            for pattern, new in compiled:
                found = pattern.fullmatch(name)
                if found is not None:
                    names[name] = found.expand(new) if isinstance(new, str) else new(found)
                    break
            else:
                return None
        return names

    return look_up


QKV = {"query": 0, "key": 1, "value": 2, "q_proj": 0, "k_proj": 1, "v_proj": 2}
"""Until version 5 of transformers, whose networks in memory have the shorter names, and whose files the older ones."""


def fused(form: str) -> Rename:
    """A name of which query, key and value are parts; the last two groups are one of these and weight or bias."""

    def rename(found: re.Match[str]) -> str:
        *places, part, leaf = found.groups()
        return f"{form.format(*places, leaf=leaf)}#{QKV[part]}"

    return rename
