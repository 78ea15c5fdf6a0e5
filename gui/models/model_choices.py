"""Which models a person can choose from, and what each line of the list stands for."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from gui.widgets import wording
from gui.widgets.choices import Choice

if TYPE_CHECKING:
    from core.descriptions import ModelSpec

OPEN = "open"
"""The line that asks for a weights file."""
_BUILTIN = "builtin"
_FILE = "file:"
_PRETRAINED = "pretrained:"


def model_choices(recent: tuple[ModelSpec, ...], used: ModelSpec) -> list[Choice]:
    """A weights file, the built-in model, those opened lately, and what torchvision publishes.

    Args:
        recent: the newest first.
        used: the one in use, which is marked.
    """
    # The list of what is published is long, and not needed before it is opened.
    from core import catalogue

    choices = [
        Choice(OPEN, "Open weights file …", ".pth .pt .safetensors"),
        Choice(_BUILTIN, "Built-in: CIFAR-10", "a demonstration: ten kinds of things", used.kind == "builtin"),
    ]
    if recent:
        choices.append(Choice("", "Opened lately"))
    for number, spec in enumerate(recent):
        path = PurePath(spec.weights)
        title, where = (path.name, str(path.parent)) if spec.kind == "file" else (spec.weights, "torchvision")
        current = (spec.kind, spec.weights) == (used.kind, used.weights)
        choices.append(Choice(f"{_FILE}{number}", title, where, current))
    choices.append(Choice("", "Pretrained by torchvision: 1,000 kinds of things, downloaded when chosen"))
    for entry in sorted(catalogue.pretrained(), key=lambda entry: natural(entry.id)):
        name, _, version = entry.id.partition("/")
        detail = f"{version.removeprefix('IMAGENET1K_')}, {entry.accuracy:.1f} %, {wording.size(entry.bytes)}"
        current = used.kind == "pretrained" and used.weights == entry.id
        choices.append(Choice(_PRETRAINED + entry.id, name, detail, current))
    return choices


def chosen_model(key: str, recent: tuple[ModelSpec, ...]) -> ModelSpec:
    """The model that a line stands for, any but ``OPEN``."""
    from core.descriptions import ModelSpec

    if key == _BUILTIN:
        return ModelSpec()
    if key.startswith(_PRETRAINED):
        return ModelSpec("pretrained", key.removeprefix(_PRETRAINED))
    return recent[int(key.removeprefix(_FILE))]


def natural(text: str) -> list[tuple[str, int]]:
    """A key that sorts ``resnet50`` before ``resnet101``."""
    return [(word, int(digits or 0)) for word, digits in re.findall(r"(\D*)(\d*)", text)]
