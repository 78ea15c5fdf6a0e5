"""Make ``timm.json.xz`` from the installed timm: its models, their tensors, and what they take for input.

Run ``python -m resources.make_timm_table WORK`` after a new timm.  Every model is built, a few minutes in
all; what is done is kept in the folder WORK, so that it can be stopped and run again.
``core/fingerprints`` and ``core/catalogue.py`` read the table, so that neither needs timm.

The form of the table is that of ``torchvision.json``, with more kinds of sizes in a shape: ``-1 - k`` stands
for ``k`` times the input's channels, and ``-10000 - i`` for a size that follows from the input's by the
formula ``sizes[i]``: ``(a n^2 + b n + c) / d`` for ``n`` steps (the architecture's ``step``, in pixels) a side.
"""

from __future__ import annotations

import argparse
import inspect
import json
import lzma
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import timm
import torch
from timm.models import get_pretrained_cfg
from torch import nn
from torchvision import models

from core.architectures.timm import Unset, create
from core.fingerprints.index import bodies_of, key_of
from core.fingerprints.known import fingerprint, is_computed
from core.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from core.tables import TIMM, TIMM_PREFIX, TWINS
from resources.make_torchvision_table import Shape, add_part, tree_of
from resources.timm_functions import Codes, Member, all_classes, groups

FAMILIES = {
    "beit": "BEiT",
    "byoanet": "ByoaNet",
    "byobnet": "ByobNet",
    "cait": "CaiT",
    "coat": "CoaT",
    "convit": "ConViT",
    "convmixer": "ConvMixer",
    "convnext": "ConvNeXt",
    "crossvit": "CrossViT",
    "cspnet": "CSPNet",
    "davit": "DaViT",
    "deit": "DeiT",
    "densenet": "DenseNet",
    "dla": "DLA",
    "dpn": "DPN",
    "edgenext": "EdgeNeXt",
    "efficientformer": "EfficientFormer",
    "efficientformer_v2": "EfficientFormer",
    "efficientnet": "EfficientNet",
    "efficientvit_mit": "EfficientViT",
    "efficientvit_msra": "EfficientViT",
    "eva": "EVA",
    "fasternet": "FasterNet",
    "fastvit": "FastViT",
    "focalnet": "FocalNet",
    "gcvit": "GCViT",
    "ghostnet": "GhostNet",
    "hardcorenas": "HardCoRe-NAS",
    "hgnet": "HGNet",
    "hrnet": "HRNet",
    "inception_next": "InceptionNeXt",
    "inception_resnet_v2": "Inception",
    "inception_v3": "Inception",
    "inception_v4": "Inception",
    "levit": "LeViT",
    "mambaout": "MambaOut",
    "maxxvit": "MaxxViT",
    "metaformer": "MetaFormer",
    "mlp_mixer": "MLP-Mixer",
    "mobilenetv3": "MobileNet",
    "mobilenetv5": "MobileNet",
    "mobilevit": "MobileViT",
    "mvitv2": "MViT",
    "naflexvit": "Vision Transformer",
    "nasnet": "NASNet",
    "nest": "NesT",
    "nextvit": "Next-ViT",
    "nfnet": "NFNet",
    "pit": "PiT",
    "pnasnet": "NASNet",
    "pvt_v2": "PVT",
    "rdnet": "RDNet",
    "regnet": "RegNet",
    "repghost": "RepGhost",
    "repvit": "RepViT",
    "res2net": "Res2Net",
    "resnest": "ResNeSt",
    "resnet": "ResNet",
    "resnetv2": "ResNetV2",
    "rexnet": "ReXNet",
    "selecsls": "SelecSLS",
    "senet": "SENet",
    "shvit": "SHViT",
    "sknet": "SKNet",
    "starnet": "StarNet",
    "swin_transformer": "Swin Transformer",
    "swin_transformer_v2": "Swin Transformer",
    "swin_transformer_v2_cr": "Swin Transformer",
    "tiny_vit": "TinyViT",
    "tnt": "TNT",
    "tresnet": "TResNet",
    "vgg": "VGG",
    "vision_transformer": "Vision Transformer",
    "vision_transformer_hybrid": "Vision Transformer",
    "vision_transformer_relpos": "Vision Transformer",
    "vision_transformer_sam": "Vision Transformer",
    "vitamin": "ViTamin",
    "volo": "VOLO",
    "vovnet": "VoVNet",
    "xcit": "XCiT",
}
"""By timm's own module; what is not here is called as that module is."""

_CLASSES = (1237, 1231)
_CHANNELS = (3, 7)
"""Numbers of classes and channels of two builds, which show what follows from either."""
_CHANNEL_CODE, SIZE_CODE = -1, -10000
_CFG = ("input_size", "test_input_size", "interpolation", "crop_pct", "test_crop_pct", "crop_mode", "mean", "std")
_USUAL: Mapping[str, object] = {
    "interpolation": "bicubic",
    "crop_pct": 0.875,
    "crop_mode": "center",
    "mean": list(IMAGENET_MEAN),
    "std": list(IMAGENET_STD),
}
"""timm's own defaults."""
_STEPS = (16, 14, 8, 32, 4)


def measure(name: str) -> dict[str, object]:
    """All that the table holds about a model, in plain values."""
    first = _build(name, num_classes=_CLASSES[0], in_chans=_CHANNELS[0])
    second = _build(name, num_classes=_CLASSES[1], in_chans=_CHANNELS[1])
    usual, other = _shapes(first), _shapes(second)
    if list(usual) != list(other):
        raise ValueError(f"{name} has other tensors with other classes or channels")
    config = _config(name)
    side = int(config["input_size"][-1])
    step, sized = _sizes(name, first, usual, side)
    shapes: dict[str, list[object]] = {}
    for key, shape in usual.items():
        shapes[key] = [
            sized[key, axis] if (key, axis) in sized else _code(size, other[key][axis], (key, axis))
            for axis, size in enumerate(shape)
        ]
    persistent = first.state_dict().keys()
    return {
        "name": name,
        "family": _family(first),
        "shapes": shapes,
        "step": step,
        "side": side,
        "buffers": sorted({key.rpartition(".")[2] for key, _ in first.named_buffers() if key in persistent}),
        "config": {key: config.get(key) for key in (*_CFG, "fixed_input_size", "first_conv", "classifier")},
        "takes_size": _takes_size(first),
    }


def _config(name: str) -> dict[str, Any]:
    """What timm has for a model beside its tensors."""
    found = get_pretrained_cfg(name)
    if found is None:
        raise ValueError(f"timm has no configuration of {name}")
    return cast("dict[str, Any]", found.to_dict())


def _build(name: str, **options: object) -> nn.Module:
    """On the meta device where that works: some constructors compute with what they build."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with torch.no_grad(), Unset(), torch.device("meta"):
                return create(name, **options)
        except (NotImplementedError, RuntimeError):
            with torch.no_grad(), Unset():
                return create(name, **options)


def _shapes(network: nn.Module) -> dict[str, Shape]:
    return {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}


def _code(size: int, other: int, where: object) -> int:
    """A size in a shape, or what it follows from."""
    if size == other:
        return size
    if (size, other) == _CLASSES:
        return 0
    times = size // _CHANNELS[0]
    if (size, other) == (times * _CHANNELS[0], times * _CHANNELS[1]) and times < -SIZE_CODE - 1:
        return _CHANNEL_CODE - times
    raise ValueError(f"{where}: {size} became {other}")


def _takes_size(network: nn.Module) -> bool:
    return "img_size" in inspect.signature(type(network).__init__).parameters


def _sizes(
    name: str, network: nn.Module, usual: Mapping[str, Shape], side: int
) -> tuple[int, dict[tuple[str, int], list[int]]]:
    """Which sizes follow from the input's, and how.

    Returns:
        The step in pixels, 0 where no shape shows the input's size; and for each place the formula.
    """
    if not _takes_size(network):
        return 0, {}
    larger: list[dict[str, Shape]] = []
    for factor in (2, 3):
        try:
            larger.append(_shapes(_build(name, num_classes=_CLASSES[0], in_chans=_CHANNELS[0], img_size=factor * side)))
        except (AssertionError, RuntimeError, TypeError, ValueError):
            return 0, {}
    step = _step(network, side)
    found: dict[tuple[str, int], list[int]] = {}
    for key, shape in usual.items():
        if any(len(others.get(key, ())) != len(shape) for others in larger):
            return 0, {}
        for axis, size in enumerate(shape):
            values = [size, *(others[key][axis] for others in larger)]
            if len(set(values)) > 1:
                found[key, axis] = _formula(side // step, values)
    return (step if found else 0), found


def _step(network: nn.Module, side: int) -> int:
    embed = getattr(network, "patch_embed", None)
    patch = getattr(embed, "patch_size", 0)
    grid = getattr(embed, "grid_size", None)
    if isinstance(grid, tuple) and side % cast("tuple[int, ...]", grid)[0] == 0:
        return side // cast("tuple[int, ...]", grid)[0]
    patch = cast("Sequence[int]", patch)[0] if isinstance(patch, Sequence) else patch
    return patch if patch and side % patch == 0 else next(step for step in (*_STEPS, 1) if side % step == 0)


def _formula(steps: int, values: Sequence[int]) -> list[int]:
    """``[a, b, c, d]`` of the parabola ``(a n^2 + b n + c) / d`` through values at 1, 2 and 3 times ``steps``."""
    first, second, third = (Fraction(value) for value in values)
    curve = (first - 2 * second + third) / 2
    slope = second - first - 3 * curve
    rest = first - curve - slope
    terms = (curve / steps**2, slope / steps, rest)
    below = math.lcm(*(term.denominator for term in terms))
    return [*(int(term * below) for term in terms), below]


def _family(network: nn.Module) -> str:
    module = type(network).__module__.rsplit(".", 1)[-1]
    return FAMILIES.get(module, module.replace("_", " ").title().replace("Vit", "ViT"))


def measured(work: Path) -> Iterator[dict[str, Any]]:
    """Every model, from the folder of what is done, or new; by name."""
    work.mkdir(parents=True, exist_ok=True)
    done = work / f"timm-{timm.__version__}.jsonl"
    known: dict[str, dict[str, Any]] = {}
    if done.exists():
        for line in done.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            known[row["name"]] = row
    with done.open("a", encoding="utf-8") as file:
        for name in timm.list_models():
            if name not in known:
                known[name] = json.loads(json.dumps(measure(name)))
                file.write(json.dumps(known[name]) + "\n")
                file.flush()
            yield known[name]


def make_table(rows: Sequence[Mapping[str, Any]], classes: Sequence[Sequence[Sequence[str]]]) -> dict[str, object]:
    """The table.

    Args:
        rows: what ``measure`` found out about each model.
        classes: for each group of architectures with the same tensors, those that compute the same.
    """
    parts: dict[str, int] = {}
    sizes: dict[tuple[int, ...], int] = {}
    architectures = {row["name"]: make_row(row, parts, sizes) for row in rows}
    return {
        "timm": timm.__version__,
        "architectures": architectures,
        "parts": [json.loads(part) for part in parts],
        "sizes": [list(formula) for formula in sizes],
        "functions": [names for group in classes for names in group],
    }


def make_row(
    measured: Mapping[str, Any], parts: dict[str, int], sizes: dict[tuple[int, ...], int]
) -> dict[str, object]:
    """A model's row; what its tensors need is added to the parts and formulas."""
    shapes: dict[str, Shape] = {}
    for key, shape in cast("dict[str, list[int | list[int]]]", measured["shapes"]).items():
        shapes[key] = tuple(
            SIZE_CODE - sizes.setdefault(tuple(size), len(sizes)) if isinstance(size, list) else size for size in shape
        )
    config = measured["config"]
    row: dict[str, object] = {
        "family": measured["family"],
        "root": add_part(tree_of(shapes), parts),
        "input": config["test_input_size"] or config["input_size"],
        "key": key_of(shapes),
    }
    heads = {key.rpartition(".")[0] for key, shape in shapes.items() if 0 in shape}
    if len(heads) == 1:
        row["bodies"] = bodies_of(shapes, heads)
    if measured["step"]:
        row["step"] = measured["step"]
    if config["fixed_input_size"]:
        row["fixed"] = True
    values = {**config, "crop_pct": config["test_crop_pct"] or config["crop_pct"]}
    for key, usual in _USUAL.items():
        if values[key] is not None and values[key] != usual:
            row[key] = values[key]
    return row


def same_tensors(rows: Sequence[Mapping[str, Any]]) -> list[list[Member]]:
    """The groups of architectures, torchvision's among them, whose tensors have the same names and shapes."""
    shapes: dict[str, Codes] = {}
    for name in models.list_models(module=models):
        known = fingerprint(name)
        shapes[name] = known.required
    members = {name: Member(name, fingerprint(name).usual_input or 224, False) for name in shapes}
    for row in rows:
        name = TIMM_PREFIX + row["name"]
        required = {key: shape for key, shape in row["shapes"].items() if not is_computed(key)}
        # A formula stands for itself here; what is compared is only where there is one.
        shapes[name] = {
            key: [SIZE_CODE if isinstance(size, list) else size for size in shape] for key, shape in required.items()
        }
        members[name] = Member(name, row["side"], bool(row["step"]))
    found = groups(shapes, lambda size: size <= SIZE_CODE)
    return [[members[name] for name in group] for group in found]


def make_twins(classes: Sequence[Sequence[Sequence[str]]]) -> dict[str, dict[str, list[str]]]:
    """timm's models with the tensors of one of torchvision's, by its id."""
    found: dict[str, dict[str, list[str]]] = {}
    for group in classes:
        for ours in (name for names in group for name in names if not name.startswith(TIMM_PREFIX)):
            same = next(list(names) for names in group if ours in names)
            found[ours] = {
                "same": [name for name in same if name != ours],
                "other": [name for names in group for name in names if ours not in names],
            }
    return dict(sorted(found.items()))


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, help="folder for what is done")
    work: Path = parser.parse_args().work
    torch.set_num_threads(1)
    rows = list(measured(work))
    classes = list(all_classes(same_tensors(rows), work / f"functions-{timm.__version__}.jsonl"))
    text = json.dumps(make_table(rows, classes), separators=(",", ":"), ensure_ascii=False)
    TIMM.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    TWINS.write_text(json.dumps(make_twins(classes), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
