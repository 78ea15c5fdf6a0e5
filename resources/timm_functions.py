"""Which architectures with the same tensors compute the same from them.

Two networks that are alike in every module's class, settings and buffers compute the same.  Where they are
not, they are given the same random weights, and their answers to the same random image are compared.
"""

from __future__ import annotations

import functools
import json
import math
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torchvision import models

from core.architectures.timm import Unset, create
from core.tables import TIMM_PREFIX

CLOSE = 1e-9
"""The largest difference, as a part of the largest answer, of the same function computed in float64."""
_SIDES = (68, 100, 96, 112, 128, 160, 192, 224, 256, 384, 448)
"""Tried in turn: 68 and 100 show how sides are padded that cannot be halved."""
_LARGE = 400_000_000
_CLOSE_LARGE = 1e-4
"""Networks with more weights than that are computed in float32, and compared less strictly."""
_CLASSES = 5
_SKIPPED = frozenset({"training", "default_cfg", "pretrained_cfg", "pretrained_model_args", "_model_args", "is_hf"})
"""Settings of a module that no answer depends on."""
_OWN = frozenset(nn.Module().__dict__)

Codes = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Member:
    """An architecture with tensors that another has, too.

    Attributes:
        name: id.
        side: pixels a side that it is usually built for.
        sized: whether it can be built for other sizes, and its tensors show them.
    """

    name: str
    side: int
    sized: bool


def groups(shapes: Mapping[str, Codes], is_open: Callable[[int], bool]) -> list[list[str]]:
    """Ids of architectures with the same names and shapes, but for sizes that follow from the input's.

    Args:
        shapes: by id.
        is_open: whether a size in a shape follows from the input's size.
    """
    by_names: defaultdict[frozenset[str], list[str]] = defaultdict(list)
    for name, tensors in shapes.items():
        by_names[frozenset(tensors)].append(name)
    found: list[list[str]] = []
    for names in by_names.values():
        opened = {
            (key, axis)
            for name in names
            for key, shape in shapes[name].items()
            for axis, size in enumerate(shape)
            if is_open(size)
        }
        alike: defaultdict[str, list[str]] = defaultdict(list)
        for name in names:
            closed = [
                (key, [None if (key, axis) in opened else size for axis, size in enumerate(shape)])
                for key, shape in sorted(shapes[name].items())
            ]
            alike[json.dumps(closed)].append(name)
        found.extend(sorted(group) for group in alike.values() if len(group) > 1)
    return found


def classes_of(group: Sequence[Member], log: Callable[[str], None]) -> list[list[str]]:
    """The members of a group, those that compute the same together."""
    side = min(member.side for member in group)
    alike: defaultdict[str, list[Member]] = defaultdict(list)
    close = CLOSE
    for member in group:
        network = _build(member, side if member.sized else 0)
        alike[_structure(network)].append(member)
        close = _CLOSE_LARGE if _is_large(network) else CLOSE
    found: list[list[Member]] = []
    answers: dict[str, Tensor | None] = {}
    for members in sorted(alike.values(), key=lambda each: each[0].name):
        for others in found:
            difference = _difference(members[0], others[0], answers)
            log(f"{members[0].name} {others[0].name} {difference:.3g}")
            if difference < close:
                others.extend(members)
                break
        else:
            found.append(list(members))
    return [sorted(member.name for member in members) for members in found]


def _build(member: Member, side: int) -> nn.Module:
    with warnings.catch_warnings(), torch.no_grad(), Unset():
        warnings.simplefilter("ignore")
        if not member.name.startswith(TIMM_PREFIX):
            options = {"init_weights": False} if member.name in ("googlenet", "inception_v3") else {}
            return models.get_model(member.name, weights=None, num_classes=_CLASSES, **options).eval()
        options = {"img_size": side} if side else {}
        name = member.name.removeprefix(TIMM_PREFIX)
        return create(name, num_classes=_CLASSES, **options).eval()


def _structure(network: nn.Module) -> str:
    """Every module's class, settings and own buffers, as a text; what has no plain form is never the same."""
    lines: list[str] = []
    stored = network.state_dict().keys()
    modules = dict(cast("Iterable[tuple[str, nn.Module]]", network.named_modules()))
    for name, module in modules.items():
        settings = {
            key: _plain(value) for key, value in sorted(vars(module).items()) if key not in _OWN and key not in _SKIPPED
        }
        lines.append(f"{name} {type(module).__module__}.{type(module).__qualname__} {settings}")
    for name, buffer in network.named_buffers():
        if name not in stored:
            lines.append(f"{name} {tuple(buffer.shape)} {buffer.double().sum().item()} {buffer.double().std().item()}")
    return "\n".join(lines)


def _plain(value: object) -> str:
    if isinstance(value, functools.partial):
        return f"partial {_plain(cast(object, value.func))} {_plain(value.args)} {_plain(value.keywords)}"
    if isinstance(value, dict):
        pairs = cast("dict[object, object]", value)
        return str({_plain(key): _plain(below) for key, below in pairs.items()})
    if isinstance(value, list | tuple | set | frozenset):
        return str([_plain(below) for below in cast("Iterable[object]", value)])
    if isinstance(value, Tensor):
        return str(value.tolist())  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    name = getattr(value, "__qualname__", None)
    return name if isinstance(name, str) else repr(value)


def _difference(first: Member, second: Member, answers: dict[str, Tensor | None]) -> float:
    """How far the answers of two architectures are apart, as a part of the largest; infinite where one has none."""
    for side in (*_SIDES, first.side, second.side):
        ours, theirs = (_answer(member, side, answers) for member in (first, second))
        if ours is not None and theirs is not None:
            scale = max(float(ours.abs().max()), float(theirs.abs().max()), 1e-30)
            return float((ours - theirs).abs().max()) / scale
    return math.inf


def _answer(member: Member, side: int, answers: dict[str, Tensor | None]) -> Tensor | None:
    """What a network with fixed random weights says about a fixed random image; ``None`` if it takes no such."""
    key = f"{member.name} {side}"
    if key not in answers:
        answers[key] = None
        try:
            size = side if member.sized else 0
            with torch.inference_mode(), torch.device("meta"):
                # Sizes that it does not take are found out before it is filled.
                _build(member, size).to("meta")(torch.zeros(1, 3, side, side))
            network = _build(member, size)
            _fill(network)
            kind = torch.float32 if _is_large(network) else torch.float64
            generator = torch.Generator().manual_seed(1)
            image = torch.randn(1, 3, side, side, generator=generator, dtype=torch.float64)
            with torch.inference_mode():
                answers[key] = network.to(kind)(image.to(kind)).double()
        except (AssertionError, IndexError, RuntimeError, ValueError, ZeroDivisionError):
            pass
    return answers[key]


def _is_large(network: nn.Module) -> bool:
    return sum(parameter.numel() for parameter in network.parameters()) > _LARGE


def _fill(network: nn.Module) -> None:
    for name, tensor in sorted(network.state_dict().items()):
        generator = torch.Generator().manual_seed(sum(map(ord, name)) * 1009 + len(name))
        leaf = name.rpartition(".")[2]
        if not tensor.is_floating_point():
            tensor.zero_()
        elif leaf == "running_var":
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif tensor.dim() < 2:
            tensor.normal_(0, 0.1, generator=generator).add_(0.0 if leaf in ("bias", "running_mean") else 1.0)
        else:
            fan = tensor[0].numel()
            tensor.normal_(0, math.sqrt(2 / fan), generator=generator)


def all_classes(
    found: Sequence[Sequence[Member]], done: Path, log: Callable[[str], None] = print
) -> Iterator[list[list[str]]]:
    """For every group its classes, from the file of what is done, or new."""
    known: dict[str, list[list[str]]] = {}
    if done.exists():
        for line in done.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            known[" ".join(row["group"])] = row["classes"]
    with done.open("a", encoding="utf-8") as file:
        for group in found:
            names = [member.name for member in group]
            key = " ".join(names)
            if key not in known:
                known[key] = classes_of(group, log)
                file.write(json.dumps(cast(Any, {"group": names, "classes": known[key]})) + "\n")
                file.flush()
            yield known[key]
