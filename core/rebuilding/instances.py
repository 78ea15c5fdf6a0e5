"""Making the modules of a pickled network, each attribute checked before it is set."""

from __future__ import annotations

import functools
import inspect
import types
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import cast

from torch import Tensor, nn

from core.checkpoints.modules import MAX_DEPTH, MAX_MODULES, class_of, is_module, module_state
from core.checkpoints.values import Global, Inert, TensorRef, as_dict, as_tuple, shown
from core.rebuilding import allowed

MAX_VALUES = 1_000_000
MAX_NESTED = 16

_HOOKS = (
    "_backward_pre_hooks",
    "_backward_hooks",
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)
_TABLES = ("_parameters", "_buffers", "_modules")
_DROPPED = ("_backend", "default_cfg", "pretrained_cfg", "feature_info", "_forward_hooks_memory")
"""What no forward pass reads: PyTorch's before 1.0, and timm's notes on where the weights came from."""
_PLAIN = (bool, int, float, str, type(None))


class Refused(Exception):
    """Something that is not allowed; the message completes a sentence that begins with "and"."""


class Builder:
    """Makes modules from placeholders.

    Args:
        tensors: all tensors of the network.
        own: a person's trusted classes, by name.
    """

    def __init__(self, tensors: Mapping[TensorRef, Tensor], own: Mapping[str, type]) -> None:
        self._tensors = tensors
        self._own = own
        self._made: dict[int, nn.Module] = {}
        self._open: set[int] = set()
        self._parameters: dict[TensorRef, nn.Parameter] = {}
        self._left = MAX_VALUES

    def build(self, module: Inert, name: str = "", depth: int = 0) -> nn.Module:
        """A module with all below it.

        Raises:
            Refused: something in it is not allowed.
        """
        if id(module) in self._made:
            return self._made[id(module)]
        if id(module) in self._open or depth > MAX_DEPTH or len(self._made) > MAX_MODULES:
            raise Refused("it contains itself, or more than any network does")
        self._open.add(id(module))
        cls = self._class_of(module, name)
        attributes: dict[str, object] = {}
        for key, value in module_state(module).items():
            if not isinstance(key, str) or not key.isidentifier():
                raise Refused(f"{_place(name)} has an attribute whose name is none")
            if key not in _DROPPED:
                attributes[key] = self._attribute(cls, name, key, value, depth)
        made = _instance(cls, attributes)
        self._open.discard(id(module))
        self._made[id(module)] = made
        return made

    def _class_of(self, module: Inert, name: str) -> type[nn.Module]:
        called = class_of(module)
        cls = allowed.module_class(called) or self._own.get(called.rpartition(".")[2])
        if cls is None or not issubclass(cls, nn.Module):
            raise Refused(f"{_place(name)} is of the class {shown(called)}, which is not known")
        if not isinstance(module.cls, Global) or module.items or module.pairs or not _made_empty(module):
            raise Refused(f"{_place(name)} was made in an unusual way")
        return cls

    def _attribute(self, cls: type[nn.Module], name: str, key: str, value: object, depth: int) -> object:
        """An attribute's value, if it may be set."""
        where = f"{key} of {_place(name)}"
        if key in _TABLES:
            return self._table(key, name, value, depth)
        if key in _HOOKS:
            if not isinstance(value, dict) or value:
                raise Refused(f"{where} holds code that would run")
            return OrderedDict[str, object]()
        if key == "_non_persistent_buffers_set":
            if not isinstance(value, set):
                raise Refused(f"{where} is no set")
            return {str(each) for each in cast("set[object]", value)}
        made = self._value(where, value)
        self._check_shadow(cls, where, key, made)
        return made

    def _check_shadow(self, cls: type[nn.Module], where: str, key: str, made: object) -> None:
        """An attribute must not take the place of what the class itself does."""
        if key.startswith("__"):
            raise Refused(f"{where} would change how the network works")
        missing = object()
        of_class: object = inspect.getattr_static(cls, key, missing)
        if of_class is missing:
            return
        if isinstance(of_class, types.MemberDescriptorType) or not isinstance(
            of_class, (*_PLAIN, list, tuple, dict, set, frozenset)
        ):
            raise Refused(f"{where} would take the place of the network's own code")
        if of_class is None and key.startswith("_") and made is not None:
            raise Refused(f"{where} would take the place of the network's own code")

    def _table(self, key: str, name: str, value: object, depth: int) -> dict[str, object]:
        if not isinstance(value, dict):
            raise Refused(f"{key} of {_place(name)} is no table")
        made: dict[str, object] = {}
        for own, below in cast("dict[object, object]", value).items():
            if not isinstance(own, str) or not own or "." in own:
                raise Refused(f"{key} of {_place(name)} has a name that is none")
            full = f"{name}.{own}" if name else own
            if below is None:
                made[own] = None
            elif key == "_modules" and isinstance(below, Inert) and is_module(below):
                made[own] = self.build(below, full, depth + 1)
            elif key != "_modules" and isinstance(below, TensorRef):
                made[own] = self._tensor(full, below, key == "_parameters")
            else:
                raise Refused(f"{shown(full)} is neither a layer nor a tensor")
        return made

    def _tensor(self, name: str, ref: TensorRef, is_parameter: bool) -> Tensor:
        tensor = self._tensors.get(ref)
        if tensor is None:
            raise Refused(f"{shown(name)} has numbers of a type that cannot be read")
        if not is_parameter:
            return tensor
        if ref not in self._parameters:
            self._parameters[ref] = nn.Parameter(tensor, requires_grad=False)
        return self._parameters[ref]

    def _value(self, where: str, value: object, depth: int = 0) -> object:
        """A value of an attribute, if it is a plain one, a tensor, or one of a few known things."""
        self._left -= 1
        if self._left < 0 or depth > MAX_NESTED:
            raise Refused(f"{where} holds more than any network's")
        if isinstance(value, _PLAIN):
            return value
        if isinstance(value, list | tuple):
            parts = [self._value(where, part, depth + 1) for part in cast("list[object]", value)]
            return tuple(parts) if isinstance(value, tuple) else parts
        if isinstance(value, set | frozenset):
            members = cast("set[object]", value)
            if all(isinstance(member, str | int) for member in members):
                return set(members)
        if isinstance(value, dict):
            pairs = cast("dict[object, object]", value)
            if all(isinstance(key, str | int) for key in pairs):
                return {key: self._value(where, below, depth + 1) for key, below in pairs.items()}
        if isinstance(value, TensorRef):
            # A parameter may be kept a second time in a list, as recurrent layers do.
            found = self._parameters.get(value, self._tensors.get(value))
            if found is not None:
                return found
        if isinstance(value, Global):
            return self._named(where, value)
        if isinstance(value, Inert):
            return self._object(where, value)
        raise Refused(f"{where} is of a kind that is not allowed")

    def _named(self, where: str, value: Global) -> object:
        known = (allowed.dtype(str(value)), allowed.function(str(value)), allowed.kept_class(str(value)))
        own = self._own.get(value.name)
        for found in (*known, own):
            if found is not None:
                return found
        raise Refused(f"{where} is {shown(value)}, which is not allowed")

    def _object(self, where: str, value: Inert) -> object:
        if value.kind == "functools.partial":
            return self._partial(where, value)
        if isinstance(value.cls, Global):
            args = as_tuple(value.args)
            member = allowed.member_of_enum(value.cls, args[0]) if len(args) == 1 else None
            if member is not None:
                return member
            own = self._own.get(value.cls.name)
            state = as_dict(value.state)
            if own is not None and not args and not is_module(value) and not value.items and not value.pairs:
                return self._of_person(where, own, state)
        raise Refused(f"{where} is an object of {shown(value.kind)}, which is not allowed")

    def _of_person(self, where: str, cls: type, state: Mapping[object, object]) -> object:
        """An object of a trusted Python file's class that is no layer, such as a table of settings."""
        made = cast(object, object.__new__(cls))
        for key, below in state.items():
            if not isinstance(key, str) or not key.isidentifier() or key.startswith("__"):
                raise Refused(f"{where} has an attribute whose name is none")
            object.__setattr__(made, key, self._value(where, below, 1))
        return made

    def _partial(self, where: str, value: Inert) -> Callable[..., object]:
        """``functools.partial`` of an allowed class or function, with plain arguments."""
        state = as_tuple(value.state)
        target = state[0] if len(state) == 4 else None
        if not isinstance(target, Global) or as_tuple(value.args) != (target,) or state[3]:
            raise Refused(f"{where} was made in an unusual way")
        function = allowed.function(str(target)) or allowed.kept_class(str(target)) or self._own.get(target.name)
        args, options = self._value(where, state[1], 1), self._value(where, state[2] or {}, 1)
        if function is None or not isinstance(args, tuple) or not isinstance(options, dict):
            raise Refused(f"{where} calls {shown(target)}, which is not allowed")
        return functools.partial(
            cast("Callable[..., object]", function),
            *cast("tuple[object, ...]", args),
            **cast("dict[str, object]", options),
        )


def _made_empty(module: Inert) -> bool:
    """Whether an object was made without arguments: what a pickled module is made from, in protocols 0 to 5."""
    return module.args in ((), ((), {}))


def _instance(cls: type[nn.Module], attributes: dict[str, object]) -> nn.Module:
    made = object.__new__(cls)
    state: dict[str, object] = {hook: OrderedDict[str, object]() for hook in _HOOKS}
    state |= {table: dict[str, object]() for table in _TABLES} | {"training": False} | attributes
    # The classes' own: it adds what the versions that pickled them did not have yet.
    made.__setstate__(state)  # pyright: ignore[reportUnknownMemberType]
    if cls.__module__.startswith("torch.nn.modules."):
        _complete(made, cls)
    return made


def _complete(made: nn.Module, cls: type[nn.Module]) -> None:
    """Give a layer of an older PyTorch the settings that came later, as its constructor would."""
    for name, default in _defaults(cls):
        if name not in made.__dict__ and not any(name in made.__dict__[table] for table in _TABLES):
            made.__dict__[name] = default


@functools.cache
def _defaults(cls: type[nn.Module]) -> tuple[tuple[str, object], ...]:
    """A constructor's arguments with plain defaults."""
    return tuple(
        (name, cast(object, parameter.default))
        for name, parameter in inspect.signature(cls).parameters.items()
        if isinstance(parameter.default, _PLAIN)
        and name not in ("device", "dtype")
        and inspect.getattr_static(cls, name, None) is None
    )


def _place(name: str) -> str:
    return f"its layer {shown(name)}" if name else "the network itself"
