"""Recipes: the ways in which people prepare pictures for training, as preprocessing to be tried.

An explicit list, not a search through everything: what is not in it is not used by anybody, or cannot be told from
what is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from core.preprocessing import IMAGENET_MEAN, IMAGENET_STD, PRESETS, Channels, Preprocessing

Changes = dict[str, Any]

_SIDES = (32, 64, 80, 96, 128, 160, 192, 224, 240, 256, 299, 384)
_SMALL = 96
"""Networks for images up to this side are mostly trained on pictures brought to exactly that size."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way of preparing pictures.

    Attributes:
        name: what is special about it, for a person.
        preprocessing: the values.
    """

    name: str
    preprocessing: Preprocessing


def scales(base: Preprocessing) -> tuple[Recipe, ...]:
    """The same pixels on every scale, and in every order of channels, that people train with.

    Args:
        base: its resizing and its number of channels are kept.
    """
    if len(base.mean) == 1:
        mnist = PRESETS["mnist"]
        values: list[tuple[str, Changes]] = [
            ("0 to 1", {"mean": (0.0,), "std": (1.0,)}),
            ("-1 to 1", {"mean": (0.5,), "std": (0.5,)}),
            ("MNIST mean and std", {"mean": mnist.mean, "std": mnist.std}),
            ("0 to 255", {"mean": (0.0,), "std": (1.0,), "range": "0..255"}),
        ]
        inverted = [(f"{name}, inverted", {**changes, "invert": True}) for name, changes in values[:3]]
        return _recipes(_plain(base), [*values, *inverted])
    cifar, clip, caffe = PRESETS["cifar10"], PRESETS["clip"], PRESETS["caffe"]
    values = [
        ("ImageNet mean and std", {"mean": IMAGENET_MEAN, "std": IMAGENET_STD}),
        ("-1 to 1", {"mean": (0.5,) * 3, "std": (0.5,) * 3}),
        ("0 to 1", {"mean": (0.0,) * 3, "std": (1.0,) * 3}),
        ("CIFAR-10 mean and std", {"mean": cifar.mean, "std": cifar.std}),
        ("CLIP mean and std", {"mean": clip.mean, "std": clip.std}),
        ("0 to 255", {"mean": (0.0,) * 3, "std": (1.0,) * 3, "range": "0..255"}),
        ("Caffe: BGR, 0 to 255", {name: getattr(caffe, name) for name in ("mean", "std", "range", "channels")}),
    ]
    swapped = [(f"BGR, {name}", {**changes, "channels": "bgr"}) for name, changes in values[:3]]
    swapped.append(("BGR, 0 to 255", {**values[5][1], "channels": "bgr"}))
    grey = [(f"grey three times, {name}", {**changes, "channels": "grey3"}) for name, changes in values[:2]]
    return _recipes(_plain(base), [*values, *swapped, *grey])


def shapes(base: Preprocessing, side: int, *, any_size: bool) -> tuple[Recipe, ...]:
    """The same scale with every usual way of resizing and cropping.

    Args:
        base: its scale and channels are kept.
        side: pixels a side that the network is known, or thought, to take.
        any_size: whether it takes other sizes as well.
    """
    sides = dict.fromkeys((side, *(_SIDES if any_size else ())))
    return _recipes(base, [item for one in sides for item in _shapes_of(one, usual=one == side)])


def _shapes_of(side: int, *, usual: bool) -> Iterator[tuple[str, Changes]]:
    square = (side, side)
    yield f"exactly {side} x {side}", {"resize": "exact", "size": square, "crop": None}
    # 256 before 224, as torchvision's references have it, in proportion.
    larger = round(side * 256 / 224)
    if side > _SMALL or usual:
        yield f"shorter side {larger}, centre {side}", {"resize": "shorter", "size": (larger, larger), "crop": square}
    yield f"shorter side {side}, centre {side}", {"resize": "shorter", "size": square, "crop": square}
    if usual:
        yield f"padded to {side}", {"resize": "pad", "size": square, "crop": None}


def details(base: Preprocessing) -> tuple[Recipe, ...]:
    """The same but for what changes little: interpolation, antialias, orientation."""
    other = "bicubic" if base.interpolation == "bilinear" else "bilinear"
    return _recipes(
        base,
        [
            (other, {"interpolation": other}),
            ("no antialias", {"antialias": not base.antialias}),
            ("EXIF ignored" if base.exif else "EXIF applied", {"exif": not base.exif}),
        ],
    )


def unlike(recipes: Iterable[Recipe]) -> tuple[Recipe, ...]:
    """Each once: recipes of other names may have the same values."""
    return tuple({recipe.preprocessing: recipe for recipe in reversed(list(recipes))}.values())[::-1]


def _recipes(base: Preprocessing, changes: Iterable[tuple[str, Changes]]) -> tuple[Recipe, ...]:
    return tuple(Recipe(name, replace(base, **each)) for name, each in changes)


def _plain(base: Preprocessing) -> Preprocessing:
    """Without what a scale is told apart by."""
    count = len(base.mean)
    channels: Channels = "grey" if count == 1 else "rgb"
    # With values that go with any range: a mean of 0 to 255 does not with this one.
    return replace(base, range="0..1", invert=False, channels=channels, mean=(0.0,) * count, std=(1.0,) * count)
