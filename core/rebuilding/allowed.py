"""The classes and functions of PyTorch, torchvision and timm that a pickled network may be rebuilt from.

A name from a file is only ever a key for looking something up.  No module is imported because a file names it:
the packages below are imported as a whole, by names written here, and a class counts only if it says itself
that it was defined under exactly that name.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from enum import Enum

import torch
import torchvision  # noqa: F401  # pyright: ignore[reportUnusedImport]  # brings its modules into sys.modules
from torch import nn

from core.checkpoints.values import Global
from core.rebuilding.fastai import LAYERS

_PACKAGES = ("torch.nn.modules", "torchvision.models", "torchvision.ops", "timm.layers", "timm.models")
_EXCLUDED = ("torchvision.models.detection.", "torchvision.models.segmentation.", "torchvision.models.optical_flow.")
"""No classifiers."""
_MOVED = {
    "torchvision.models.mobilenet.": "torchvision.models.mobilenetv2.",
    "timm.models.layers.": "timm.layers.",
    "torchvision.models.mobilenetv2.ConvBNReLU": "torchvision.ops.misc.Conv2dNormActivation",
    "torchvision.models.mobilenetv2.ConvBNActivation": "torchvision.ops.misc.Conv2dNormActivation",
    "torchvision.models.mobilenetv3.ConvBNActivation": "torchvision.ops.misc.Conv2dNormActivation",
    "torchvision.models.efficientnet.ConvBNActivation": "torchvision.ops.misc.Conv2dNormActivation",
    "torchvision.ops.misc.ConvBNActivation": "torchvision.ops.misc.Conv2dNormActivation",
    "torchvision.models.mobilenetv3.SqueezeExcitation": "torchvision.ops.misc.SqueezeExcitation",
    "torchvision.models.efficientnet.SqueezeExcitation": "torchvision.ops.misc.SqueezeExcitation",
}
"""Where classes were in older versions."""
_LAYERS = (
    "torch.nn.modules.activation.",
    "torch.nn.modules.batchnorm.",
    "torch.nn.modules.dropout.",
    "torch.nn.modules.instancenorm.",
    "torch.nn.modules.linear.",
    "torch.nn.modules.normalization.",
    "torch.nn.modules.pooling.",
    "torchvision.models.convnext.LayerNorm2d",
    "torchvision.ops.misc.FrozenBatchNorm2d",
    "timm.layers.norm.",
    "timm.layers.norm_act.",
)
"""Classes that a network may keep as such, to make layers from: they take numbers and make small things."""
_FUNCTIONS = (
    "celu elu gelu glu hardsigmoid hardswish hardtanh leaky_relu log_softmax logsigmoid mish normalize relu relu6 rrelu"
    " selu sigmoid silu softmax softmin softplus softsign tanh tanhshrink"
)
_DTYPES = ("float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool")
_ENUMS = ("timm.layers.format.Format",)


def module_class(name: str) -> type[nn.Module] | None:
    """The class of layers or networks of exactly this name; ``None`` if it is none of those allowed."""
    for old, new in _MOVED.items():
        if name == old or (old.endswith(".") and name.startswith(old)):
            name = new + name.removeprefix(old)
            break
    return LAYERS.get(name) or _classes(name.startswith("timm.")).get(name)


def kept_class(name: str) -> type[nn.Module] | None:
    """The class of layers that a network may hold as a class, such as the norm it is made with."""
    return module_class(name) if name.startswith(_LAYERS) else None


def function(name: str) -> Callable[..., object] | None:
    """The plain function of tensors of exactly this name, such as ``torch.nn.functional.relu``."""
    return _functions().get(name)


def dtype(name: str) -> torch.dtype | None:
    """The element type of exactly this name, such as ``torch.float32``."""
    found: object = getattr(torch, name.removeprefix("torch."), None) if name in _dtype_names() else None
    return found if isinstance(found, torch.dtype) else None


def member_of_enum(cls: Global, value: object) -> Enum | None:
    """The member that has this value, of one of the few enumerations that layers keep."""
    if str(cls) not in _ENUMS or not isinstance(value, str | int):
        return None
    _load_timm()
    found: object = getattr(sys.modules.get(cls.module), cls.name, None)
    if not isinstance(found, type) or not issubclass(found, Enum):
        return None
    return next((member for member in found if member.value == value), None)


@functools.cache
def _classes(timm: bool) -> Mapping[str, type[nn.Module]]:
    """All classes of modules that the packages define themselves, by the name under which they are defined."""
    if timm:
        _load_timm()
    found: dict[str, type[nn.Module]] = {}
    for name, module in list(sys.modules.items()):
        if not _is_within(name) or name.startswith(_EXCLUDED):
            continue
        for own, value in list(vars(module).items()):
            if isinstance(value, type) and issubclass(value, nn.Module) and _defined_as(value, name, own):
                found[f"{name}.{own}"] = value
    return found


def _is_within(name: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in _PACKAGES)


def _defined_as(cls: type, module: str, name: str) -> bool:
    """Whether a class is at home here: not re-exported, not renamed, not nested."""
    return cls.__module__ == module and cls.__qualname__ == name


def _load_timm() -> None:
    if importlib.util.find_spec("timm") is not None:
        for name in ("timm.layers", "timm.models"):
            importlib.import_module(name)


@functools.cache
def _functions() -> Mapping[str, Callable[..., object]]:
    found: dict[str, Callable[..., object]] = {}
    for module in ("torch.nn.functional", "torch", "torch._C._nn"):
        for name in _FUNCTIONS.split():
            value: object = getattr(sys.modules.get(module), name, None)
            if callable(value):
                found[f"{module}.{name}"] = value
    return found


def _dtype_names() -> frozenset[str]:
    return frozenset(f"torch.{name}" for name in _DTYPES)
