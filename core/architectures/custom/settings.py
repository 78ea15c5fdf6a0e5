"""Values that a person's code asks for by name: configurations of any kind, and data sets that are not there.

People hand a constructor one object that holds everything (``cfg.width``, ``args.width``, ``config["width"]``), made
by argparse, a dataclass, OmegaConf or as a class of constants.  Here one object stands for all of these and notes
what it is asked for, so that each value is an argument like any other: told by the checkpoint, by the file, or by
the shapes.
"""

from __future__ import annotations

import argparse
import dataclasses
import enum
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import FunctionType, MethodType, SimpleNamespace
from typing import Any, cast

from torch import nn

_WORDS = r"cfgs?|conf|configs?|configuration|hparams?|hps?|args|opts?|options|params?|settings|hyper_?params?"
NAMED = re.compile(rf"^_?([a-z0-9]+_)?({_WORDS}|hyper_?parameters)$")
"""What parameters and variables are called that hold many values."""
_HOLDERS = re.compile(r"^(CFG|Cfg|Config|Configs|Args|Opt|Params|HParams|Hparams|\w+(Config|CFG|Cfg|Args|Params))$")
_TYPES = re.compile(
    r"\b(Namespace|DictConfig|EasyDict|ConfigDict|AttrDict|SimpleNamespace|[Dd]ict|Mapping|\w*Config)\b"
)
_PLAIN = (int, float, str, list, tuple, type(None))
_MOST = 40


@dataclass
class Asked:
    """What was asked for by name.

    Attributes:
        found: names that had a value, in order.
        otherwise: values that the code takes where a name is missing.
        missing: the name that was missing last; empty if none was.
        ways: ``item`` and ``attribute``, as far as they were asked for so.
    """

    found: dict[str, None] = field(default_factory=dict[str, None])
    otherwise: dict[str, object] = field(default_factory=dict[str, object])
    missing: str = ""
    ways: set[str] = field(default_factory=set[str])


class Settings(dict[str, object]):
    """Values by name, as items and as attributes.

    Args:
        values: those that are there.
        template: what they were taken from, for its properties and methods; ``None`` if there is none.
        asked: notes what is asked for.
        path: of names that lead here, with a dot behind each.
    """

    __slots__ = ("asked", "path", "template")

    def __init__(self, values: Mapping[str, object], template: object, asked: Asked, path: str = "") -> None:
        super().__init__(values)
        self.template = template
        self.asked = asked
        self.path = path

    @property
    def __dict__(self) -> dict[str, object]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The values, as ``vars`` gives them."""
        return dict(self)

    def __getattr__(self, name: str) -> object:
        if name.startswith("__") or name in Settings.__slots__:
            raise AttributeError(name)
        self.asked.ways.add("attribute")
        if name in self:
            return self._value(name)
        kind = self.template if isinstance(self.template, type) else type(self.template)
        own = inspect.getattr_static(kind, name, None)
        if isinstance(own, property) and own.fget is not None:
            return own.fget(self)
        if isinstance(own, FunctionType):
            return MethodType(own, self)
        self.asked.missing = self.path + name
        raise AttributeError(f"the configuration has no {self.path}{name}")

    def __setattr__(self, name: str, value: object) -> None:
        if name in Settings.__slots__:
            object.__setattr__(self, name, value)
        else:
            self[name] = value

    def __getitem__(self, name: str) -> object:
        self.asked.ways.add("item")
        if name not in self:
            self.asked.missing = self.path + str(name)
            raise KeyError(name)
        return self._value(name)

    def _value(self, name: str) -> object:
        value = super().__getitem__(name)
        if isinstance(value, Mapping) and not isinstance(value, Settings):
            return Settings(cast("Mapping[str, object]", value), None, self.asked, f"{self.path}{name}.")
        self.asked.found.setdefault(self.path + str(name))
        return value

    def get(self, name: str, default: object = None) -> object:
        """The value, or else another."""
        self.asked.ways.add("item")
        if name in self:
            return self[name]
        if isinstance(default, _PLAIN):
            self.asked.otherwise.setdefault(self.path + name, cast(object, default))
        return cast(object, default)

    def pop(self, name: str, *default: object) -> object:
        """The value, which is there no more, or else another."""
        value = self.get(name, *default) if default else self[name]
        super().pop(name, None)
        return value


class Sized:
    """A data set that is not there, of which only the number of its classes is asked for.

    Args:
        count: that number.
    """

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __index__(self) -> int:
        return self._count

    __int__ = __index__

    def __getattr__(self, name: str) -> Sized:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: object) -> object:
        if isinstance(key, int):
            if not 0 <= key < self._count:
                raise IndexError(key)
            return str(key)
        return self

    def __iter__(self) -> Iterator[str]:
        return (str(number) for number in range(self._count))

    def __call__(self, *_: object, **__: object) -> Sized:
        """Whatever is made of it is no more than it."""
        return self

    def __repr__(self) -> str:
        return f"Sized({self._count})"


class Written:
    """An expression of a person's code as an argument: it is computed anew for each network.

    Args:
        text: as Python.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def held(value: object) -> dict[str, object] | None:
    """The values of something that holds many by name; ``None`` if it is nothing of the kind."""
    if isinstance(value, Settings):
        return dict(value)
    if isinstance(value, Mapping):
        values = cast("Mapping[object, object]", value)
        return (
            {str(name): each for name, each in values.items()} if all(isinstance(key, str) for key in values) else None
        )
    if inspect.isclass(value):
        kind = cast("type[Any]", value)
        return None if issubclass(kind, nn.Module | enum.Enum) else dict(_constants(kind))
    if isinstance(value, nn.Module) or callable(value) or not hasattr(value, "__dict__"):
        return None
    return dict(_constants(type(value))) | {
        name: each for name, each in vars(value).items() if not name.startswith("_")
    }


def holders(names: Mapping[str, object], wanted: str, annotation: object) -> Iterator[object]:
    """What in a file may be what a parameter means, the likeliest first.

    Args:
        names: of the file, with their values.
        wanted: the parameter's name.
        annotation: of the parameter, if it is a class.
    """
    if isinstance(annotation, type) and held(annotation) is not None:
        yield annotation
        return
    likely = [name for name in names if name.lower().strip("_") == wanted.lower().strip("_")]
    likely += [name for name in names if name not in likely and is_holder(name)]
    for name in likely:
        value = names[name]
        if held(value) and not (isinstance(value, type) and getattr(value, "__module__", "") == "typing"):
            yield value


def is_holder(name: str) -> bool:
    """Whether a name at a file's top level is one for many values."""
    return bool(_HOLDERS.match(name) or NAMED.match(name.lower()))


def is_settings(name: str, annotation: object, written: str, default: object) -> bool:
    """Whether a parameter takes an object that holds many values.

    Args:
        name: of the parameter.
        annotation: its type, as far as it has a value.
        written: its type as written; may be empty.
        default: its default; ``None`` if it has none.
    """
    if default is not None:
        return not isinstance(default, (*_PLAIN, nn.Module, enum.Enum)) and bool(held(default))
    if isinstance(annotation, type) and annotation.__module__.startswith("_whatsit_custom"):
        return held(annotation) is not None
    if written and not isinstance(annotation, type) and not _TYPES.search(written):
        return False
    if written:
        return bool(_TYPES.search(written)) or annotation in (dict, argparse.Namespace, SimpleNamespace)
    return bool(NAMED.match(name.lower()))


def _constants(kind: type) -> Iterator[tuple[str, object]]:
    """A class's own constants, those of its bases first; of a dataclass, its fields' defaults."""
    for each in reversed(kind.__mro__[:-1]):
        for name, value in vars(each).items():
            passive = not isinstance(value, property | classmethod | staticmethod | FunctionType | type)
            if not name.startswith("_") and passive and not inspect.isdatadescriptor(value):
                yield name, value
    if dataclasses.is_dataclass(kind):
        for each in dataclasses.fields(kind):
            if each.default_factory is not dataclasses.MISSING:
                yield each.name, each.default_factory()


def most_asked(asked: Asked) -> list[str]:
    """The names that were asked for, as many as are looked at."""
    return [*asked.found, *asked.otherwise][:_MOST]
