"""What a person's network needs of Lightning and torchmetrics where these are not installed.

Many networks are a ``LightningModule``: an ``nn.Module`` with training around it.  Only the former matters for an
answer, so a stand-in is enough to build it: the constructor's values are kept as ``self.hparams``, and whatever
logs, trains or measures does nothing.  The stand-ins are given to the importing file alone; for all others the
packages stay missing.  Where they are installed they are used.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from types import FrameType, ModuleType
from typing import Any, cast

import torch
from torch import nn

_LIGHTNING = ("lightning", "pytorch_lightning")
_METRICS = ("torchmetrics",)
_PARTS = frozenset({"pytorch", "core", "module", "lightning", "fabric"})
"""Modules of Lightning through which people reach the one class."""


def stand_in(name: str) -> ModuleType | None:
    """A module in place of a missing one, as far as networks need it; ``None`` if it is another package.

    Args:
        name: dotted, such as ``lightning.pytorch``.
    """
    package = name.partition(".")[0]
    if package in _METRICS or name.startswith(tuple(f"{each}.metrics" for each in _LIGHTNING)):
        return _Metrics(name)
    parts = name.split(".")[1:]
    return _Lightning(name) if package in _LIGHTNING and _PARTS.issuperset(parts) else None


class Hyperparameters(dict[str, Any]):
    """Values by name, also as attributes."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(f"the constructor has no argument {name}") from error

    def __setattr__(self, name: str, value: object) -> None:
        self[name] = value


class LightningModule(nn.Module):
    """A network with what Lightning gives it before any training.

    Attributes:
        hparams: what ``save_hyperparameters`` kept.
    """

    trainer = None
    logger = None
    current_epoch = global_step = global_rank = local_rank = 0
    automatic_optimization = True
    example_input_array: object = None

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__()
        self.__dict__["_hparams"] = Hyperparameters()

    @property
    def hparams(self) -> Hyperparameters:
        """The constructor's values."""
        return cast(Hyperparameters, self.__dict__["_hparams"])

    @hparams.setter
    def hparams(self, values: object) -> None:
        self.__dict__["_hparams"] = Hyperparameters(_by_name(values))

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next((tensor.device for tensor in self.parameters()), torch.device("cpu"))

    @property
    def dtype(self) -> torch.dtype:
        """The element type of its weights."""
        return next((tensor.dtype for tensor in self.parameters()), torch.float32)

    def save_hyperparameters(self, *wanted: object, ignore: str | Iterable[str] = (), **_: object) -> None:
        """Keep the arguments of the constructor that calls this, or the values that are given."""
        left_out = {ignore} if isinstance(ignore, str) else set(ignore or ())
        frame = inspect.currentframe()
        values = _arguments(frame.f_back if frame is not None else None, self)
        names = [each for each in wanted if isinstance(each, str)]
        for each in wanted:
            if not isinstance(each, str):
                values = _by_name(each)
        kept = {name: value for name, value in values.items() if name not in left_out and (not names or name in names)}
        self.hparams.update(kept)

    def _nothing(self, *_: object, **__: object) -> None:
        """In place of what logs and trains."""

    log = log_dict = log_image = print = manual_backward = toggle_optimizer = untoggle_optimizer = _nothing

    def freeze(self) -> None:
        """As Lightning does."""
        self.requires_grad_(False).eval()

    def unfreeze(self) -> None:
        """As Lightning does."""
        self.requires_grad_(True).train()

    def optimizers(self, *_: object, **__: object) -> list[object]:
        """There are none."""
        return []


class Metric(nn.Module):
    """In place of any metric: it has no tensors, and measures nothing."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__()

    def forward(self, *_: object, **__: object) -> torch.Tensor:
        """Zero."""
        return torch.zeros(())

    update = compute = reset = clone = forward


def _zero(*_: object, **__: object) -> torch.Tensor:
    return torch.zeros(())


class _Package(ModuleType):
    """A module that may have others below it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__ = []


class _Lightning(_Package):
    def __getattr__(self, name: str) -> object:
        if name == "LightningModule":
            return LightningModule
        if name in _PARTS:
            return _Lightning(f"{self.__name__}.{name}")
        if name == "metrics":
            return _Metrics(f"{self.__name__}.{name}")
        raise AttributeError(_missing(self.__name__, name))


class _Metrics(_Package):
    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(_missing(self.__name__, name))
        if name[0].isupper():
            return Metric
        # Functions, such as `torchmetrics.functional.accuracy`, are written small, as modules are.
        return _zero if ".functional" in self.__name__ else _Metrics(f"{self.__name__}.{name}")


def _missing(module: str, name: str) -> str:
    package = module.partition(".")[0]
    return f"{name} is of the Python package {package}, which is not installed"


def _by_name(values: object) -> dict[str, Any]:
    if isinstance(values, Mapping):
        return {str(name): value for name, value in cast("Mapping[object, object]", values).items()}
    return dict(vars(values)) if hasattr(values, "__dict__") else {}


def _arguments(frame: FrameType | None, owner: object) -> dict[str, Any]:
    """The arguments of the constructors of an object that are running, the innermost class's last."""
    found: dict[str, Any] = {}
    while frame is not None and frame.f_code.co_name == "__init__":
        names, _, words, local = inspect.getargvalues(frame)
        if not names or local.get(names[0]) is not owner:
            break
        only_by_name = frame.f_code.co_varnames[len(names) : len(names) + frame.f_code.co_kwonlyargcount]
        found |= {name: local[name] for name in (*names[1:], *only_by_name) if name in local}
        found |= cast("dict[str, Any]", local.get(words, {})) if words else {}
        frame = frame.f_back
    return found
