"""The conditions under which a person's code runs: what it prints stays here, and nothing is downloaded.

No sandbox: whoever trusts a file lets it do anything.  These conditions keep well-meant code from what is of no
use here: published weights that the checkpoint's replace anyway, devices that are not there, and noise on
standard output, which carries results alone.
"""

from __future__ import annotations

import argparse
import importlib
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TextIO, TypeVar, cast

import torch
from torch import Tensor, nn
from torchvision import models

from core.architectures.calls import unfilled
from core.architectures.custom.here import Here

_MOST_SAID = 20_000
T = TypeVar("T")


@dataclass(frozen=True)
class Failure:
    """What a person's code ended with instead of a value.

    Attributes:
        error: of any class, ``SystemExit`` and ``KeyboardInterrupt`` included.
    """

    error: BaseException


def attempt(action: Callable[[], T]) -> T | Failure:
    """Run a person's code: whatever it raises comes back as a value.  The one boundary to such code."""
    try:
        return action()
    except BaseException as error:
        return Failure(error)


class Said:
    """What a person's code printed, as long as it is of a sensible length."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        """Keep a text, but for what is too much."""
        self.text += text[: max(0, _MOST_SAID - len(self.text))]
        return len(text)


class Nothing(dict[object, object]):
    """Stands for what a file of weights holds: nothing, under every name."""

    def __missing__(self, key: object) -> Nothing:
        return Nothing()


class Building(Here):
    """While a network is built: on the CPU whatever it asks for, and, if wanted, without filling its weights."""

    def __init__(self, *, filled: bool) -> None:
        super().__init__()
        self._filled = filled

    def answer(self, func: Callable[..., object], args: tuple[object, ...], options: dict[str, object]) -> object:
        """Without another device, and without filling what has no memory."""
        if func is Tensor.cuda:
            return args[0]
        args = self.moved(func, args, options)
        if not self._filled and (shell := unfilled(func, args, options)) is not None:
            return shell
        if func is torch.empty and not self._filled and options.get("device") is None:
            options["device"] = "meta"
        return func(*args, **options)


@contextmanager
def conditions(said: Said, *, loading: bool = False) -> Generator[None]:
    """The conditions of this module, for this thread and as long as the context lasts.

    Args:
        said: where what is printed goes.
        loading: the checkpoint's tensors are put in place, so that ``load_state_dict`` is the real one.
    """
    own = threading.get_ident()
    dtype, random = torch.get_default_dtype(), torch.get_rng_state()
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        for owner, name, value in _replacements(own):
            if not (loading and name == "load_state_dict"):
                stack.enter_context(_replaced(owner, name, value))
        for name in ("stdout", "stderr"):
            stack.enter_context(_replaced(sys, name, _Stream(cast(TextIO, getattr(sys, name)), own, said)))
        stack.enter_context(torch.enable_grad())
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)
            torch.set_rng_state(random)


def _replacements(own: int) -> Iterator[tuple[object, str, object]]:
    """What is put in place of what, while a person's code runs."""
    yield torch, "load", _nothing
    yield torch.hub, "load_state_dict_from_url", _nothing
    yield torch.hub, "download_url_to_file", _nothing
    yield torch.hub, "load", _hub_model
    yield importlib.import_module("torch.utils.model_zoo"), "load_url", _nothing
    yield argparse.ArgumentParser, "parse_known_args", _defaults
    yield models.WeightsEnum, "get_state_dict", _nothing
    yield nn.Module, "load_state_dict", _loads_nothing
    yield torch.cuda, "is_available", _no
    yield torch.backends.mps, "is_available", _no
    timm = sys.modules.get("timm.models._builder")
    if timm is not None:
        yield timm, "load_pretrained", _nothing
        yield timm, "load_custom_pretrained", _nothing
    for name in ("getaddrinfo", "create_connection"):
        yield socket, name, _offline(getattr(socket, name), own)


@contextmanager
def _replaced(owner: object, name: str, value: object) -> Generator[None]:
    there = name in vars(owner)
    before = getattr(owner, name, None)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if there:
            setattr(owner, name, before)
        else:
            delattr(owner, name)


def _nothing(*_: object, **__: object) -> Nothing:
    return Nothing()


_parse = argparse.ArgumentParser.parse_known_args


def _defaults(
    parser: argparse.ArgumentParser, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
) -> tuple[argparse.Namespace, list[str]]:
    """In place of reading the command line, which is not that of the person's script: what it says by default."""
    for action in parser._actions:
        action.required = False
    return _parse(parser, [] if args is None else args, namespace or argparse.Namespace())


def _no(*_: object, **__: object) -> bool:
    return False


def _loads_nothing(*_: object, **__: object) -> object:
    """In place of ``load_state_dict``: the checkpoint's tensors come later, in place of all."""
    return nn.modules.module._IncompatibleKeys([], [])  # pyright: ignore[reportPrivateUsage]


def _hub_model(repository: object, name: object, *args: object, **options: object) -> object:
    """In place of ``torch.hub.load``: torchvision's own are here; others would be code out of the network."""
    if str(repository).startswith("pytorch/vision"):
        for word in ("source", "force_reload", "verbose", "skip_validation", "trust_repo"):
            options.pop(word, None)
        return cast(Callable[..., object], getattr(models, str(name)))(*args, **options)
    raise OSError(f"torch.hub.load would fetch code from {repository}, which is not done here")


def _offline(real: Callable[..., object], own: int) -> Callable[..., object]:
    def connect(*args: Any, **options: Any) -> object:  # noqa: ANN401
        if threading.get_ident() == own:
            raise OSError("it asks for the network, which a network's code does not get here")
        return real(*args, **options)

    return connect


class _Stream:
    """Standard output or error: what this thread writes is kept, what others write goes through."""

    def __init__(self, real: TextIO | None, own: int, said: Said) -> None:
        self._real = real
        self._own = own
        self._said = said

    def write(self, text: str) -> int:
        if threading.get_ident() == self._own:
            return self._said.write(text)
        return self._real.write(text) if self._real is not None else len(text)

    def flush(self) -> None:
        if self._real is not None and threading.get_ident() != self._own:
            self._real.flush()

    def isatty(self) -> bool:
        return False

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)
