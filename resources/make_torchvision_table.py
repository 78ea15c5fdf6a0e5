"""Make ``torchvision.json`` from the installed torchvision: its classifiers, their tensors, their weights.

Run ``python -m resources.make_torchvision_table`` after a new torchvision.  ``core/catalogue.py`` and
``core/fingerprints.py`` read the table, so that neither needs torch, nor builds 80 networks.

The form of the table: ``parts`` holds every different module once, children before parents.  A part maps
the names below it to a shape (a tensor) or to the number of another part.  In a shape, 0 stands for the
number of classes, -1 for a size that follows from the input's.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import cast

import torchvision
from torch import nn
from torchvision import models
from torchvision.models import WeightsEnum
from torchvision.transforms import InterpolationMode

from core.architectures.torchvision import Unfilled
from core.fingerprints.index import bodies_of, key_of
from core.fingerprints.known import WHOLE_HEADS, is_training_only
from core.tables import TORCHVISION

FAMILIES = {
    "alexnet": "AlexNet",
    "convnext": "ConvNeXt",
    "densenet": "DenseNet",
    "efficientnet": "EfficientNet",
    "googlenet": "GoogLeNet",
    "inception": "Inception",
    "maxvit": "MaxViT",
    "mnasnet": "MNASNet",
    "mobilenetv2": "MobileNet",
    "mobilenetv3": "MobileNet",
    "regnet": "RegNet",
    "resnet": "ResNet",
    "shufflenetv2": "ShuffleNet",
    "squeezenet": "SqueezeNet",
    "swin_transformer": "Swin Transformer",
    "vgg": "VGG",
    "vision_transformer": "Vision Transformer",
}
TRAINING_ONLY = {"googlenet": ["aux1.", "aux2."], "inception_v3": ["AuxLogits."]}
"""Beginnings of the names of heads that a network in eval mode never uses."""
FIXED_INPUT = {"maxvit_t": 224}
"""Networks that take one input size and show it in no tensor."""
POSITIONS = "encoder.pos_embedding"
"""A Vision Transformer's position embedding grows with its input."""
CLASSES = 1237
"""A number of classes that is the size of nothing else."""

Shape = tuple[int, ...]


def make_table() -> dict[str, object]:
    """The whole table; takes some 10 s."""
    parts: dict[str, int] = {}
    architectures: dict[str, object] = {}
    categories: list[str] = []
    for name in models.list_models(module=models):
        weights = cast("Iterable[WeightsEnum]", models.get_model_weights(name))  # pyright: ignore[reportUnknownMemberType]
        described: dict[str, object] = {}
        for entry in weights:
            names = entry.meta.get("categories")
            if not names:
                continue  # vgg16 IMAGENET1K_FEATURES: no classifier
            categories = categories or list(names)
            if names != categories:
                raise ValueError(f"{name} {entry.name} has categories of its own: the table needs a place for them")
            described[entry.name] = _describe(entry)
        family = FAMILIES[models.get_model_builder(name).__module__.rsplit(".", 1)[-1]]
        shapes = tensor_shapes(name)
        head = next(key.rpartition(".")[0] for key in shapes if 0 in shapes[key] and not is_training_only(key))
        architecture: dict[str, object] = {
            "family": family,
            "root": add_part(tree_of(shapes), parts),
            "key": key_of(shapes),
            "bodies": bodies_of(shapes, dict.fromkeys((head, WHOLE_HEADS.get(family, head)))),
            "weights": described,
        }
        if name in TRAINING_ONLY:
            architecture["training_only"] = TRAINING_ONLY[name]
        if name in FIXED_INPUT:
            architecture["fixed_input"] = FIXED_INPUT[name]
        architectures[name] = architecture
    return {
        "torchvision": torchvision.__version__.split("+")[0],
        "architectures": architectures,
        "parts": [json.loads(part) for part in parts],
        "categories": categories,
    }


def tensor_shapes(name: str) -> dict[str, Shape]:
    """Names and shapes of an architecture's tensors, with 0 for the number of classes and -1 for what is free."""
    options = {"init_weights": False} if name in TRAINING_ONLY else {}
    with Unfilled():
        network: nn.Module = models.get_model(name, weights=None, num_classes=CLASSES, **options)
    shapes = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    shapes = {key: tuple(0 if size == CLASSES else size for size in shape) for key, shape in shapes.items()}
    if POSITIONS in shapes:
        batch, _, width = shapes[POSITIONS]
        shapes[POSITIONS] = (batch, -1, width)
    return shapes


def _describe(entry: WeightsEnum) -> dict[str, object]:
    """One of torchvision's weights; the file's size is what torchvision says, to a thousandth of a MiB."""
    hashed = re.search(r"-([a-f0-9]+)\.pth$", entry.url)
    if hashed is None:
        raise ValueError(f"{entry.url} carries no hash")
    transforms = entry.transforms()
    (resize,), (crop,) = transforms.resize_size, transforms.crop_size
    accuracy = entry.meta["_metrics"]["ImageNet-1K"]["acc@1"]
    if not math.isfinite(accuracy) or not transforms.antialias:
        raise ValueError(f"{entry.url} is not as the others are")
    described: dict[str, object] = {
        "url": entry.url,
        "sha256": hashed[1],
        "bytes": round(entry.meta["_file_size"] * 1024 * 1024),
        "accuracy": accuracy,
        "resize": resize,
        "crop": crop,
    }
    if transforms.interpolation != InterpolationMode.BILINEAR:
        described["interpolation"] = transforms.interpolation.value
    if (transforms.mean, transforms.std) != ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]):
        described |= {"mean": list(transforms.mean), "std": list(transforms.std)}
    return described


def tree_of(shapes: Mapping[str, Shape]) -> dict[str, object]:
    """Names and shapes as nested dicts, one for each module."""
    tree: dict[str, object] = {}
    for name, shape in shapes.items():
        *modules, leaf = name.split(".")
        node = tree
        for module in modules:
            node = cast("dict[str, object]", node.setdefault(module, {}))
        node[leaf] = list(shape)
    return tree


def add_part(tree: Mapping[str, object], parts: dict[str, int]) -> int:
    """The number of the part that stands for a tree."""
    part = {
        name: add_part(cast("dict[str, object]", below), parts) if isinstance(below, dict) else below
        for name, below in tree.items()
    }
    return parts.setdefault(json.dumps(part, separators=(",", ":")), len(parts))


def write(table: Mapping[str, object]) -> str:
    """JSON with a line an architecture, and a line for twenty parts or names, so that changes can be read."""
    compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
    blocks: list[str] = []
    for key, value in table.items():
        if isinstance(value, dict):
            entries = cast("dict[str, object]", value)
            lines = [f"{compact(name)}:{compact(entry)}" for name, entry in entries.items()]
            blocks.append(f"{compact(key)}:{{\n" + ",\n".join(lines) + "\n}")
        elif isinstance(value, list):
            encoded = [compact(entry) for entry in cast("list[object]", value)]
            rows = [",".join(encoded[start : start + 20]) for start in range(0, len(encoded), 20)]
            blocks.append(f"{compact(key)}:[\n" + ",\n".join(rows) + "\n]")
        else:
            blocks.append(f"{compact(key)}:{compact(value)}")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


if __name__ == "__main__":
    TORCHVISION.write_text(write(make_table()), encoding="utf-8")
