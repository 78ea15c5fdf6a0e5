"""YAML, read without making anything but texts, lists and dictionaries of texts.

The parser's events are put together here: nothing that a tag names is built, every scalar stays as it is written
(``no`` is no truth value, ``007`` no number), and what an alias would multiply is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

import yaml

from core.labels.text import unusable

_MAX_TEXT = 4 * 1024 * 1024
_MAX_EVENTS = 400_000
_MAX_DEPTH = 30
_LOADER = cast("type[yaml.BaseLoader]", getattr(yaml, "CBaseLoader", yaml.BaseLoader))

Tree = str | list["Tree"] | dict[str, "Tree"]


def parse_yaml(text: str) -> Tree:
    """The first document of a YAML text.

    Raises:
        LabelsError: it is no YAML, holds aliases of lists or dictionaries, or is too long or too deep.
    """
    if len(text) > _MAX_TEXT:
        raise unusable("it is longer than 4 MB")
    try:
        parse = cast("Callable[..., Iterator[yaml.Event]]", vars(yaml)["parse"])
        return _Builder(parse(text, Loader=_LOADER)).build()
    except yaml.YAMLError as error:
        raise unusable(f"it is no YAML ({' '.join(str(error).split())[:120]})") from error


class _Builder:
    """Puts a tree together, with a stack of its own: depth costs no recursion."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._open: list[list[Tree]] = []
        """The values so far of each list or dictionary that is not complete; keys and values take turns."""
        self._kinds: list[bool] = []
        """Whether each is a dictionary."""
        self._scalars: dict[str, str] = {}
        self._done: list[Tree] = []

    def build(self) -> Tree:
        for count, event in enumerate(self._events):
            if count > _MAX_EVENTS:
                raise unusable(f"it has more than {_MAX_EVENTS:,} entries")
            self._take(event)
            if self._done:
                return self._done[0]
        raise unusable("there are no names in it")

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            text = str(cast(object, event.value))
            anchor = cast("str | None", event.anchor)
            if anchor:
                self._scalars[anchor] = text
            self._put(text)
        elif isinstance(event, yaml.AliasEvent):
            text = self._scalars.get(str(cast(object, event.anchor)))
            if text is None:
                raise unusable("it repeats a list or a dictionary by an alias (*name), which is not followed")
            self._put(text)
        elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            if len(self._open) >= _MAX_DEPTH:
                raise unusable("its lists lie deeper in one another than class names do")
            self._open.append([])
            self._kinds.append(isinstance(event, yaml.MappingStartEvent))
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            values = self._open.pop()
            self._put(_dictionary(values) if self._kinds.pop() else values)

    def _put(self, value: Tree) -> None:
        (self._open[-1] if self._open else self._done).append(value)


def _dictionary(values: list[Tree]) -> dict[str, Tree]:
    made: dict[str, Tree] = {}
    for key, value in zip(values[::2], values[1::2], strict=True):
        if isinstance(key, str):
            if key in made:
                raise unusable(f"{key[:40]!r} occurs twice")
            made[key] = value
    return made
