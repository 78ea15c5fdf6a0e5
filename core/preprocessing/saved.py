"""Preprocessing that a training run saved in its checkpoint, in the forms that trainers use."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from core.errors import PreprocessingError
from core.preprocessing.configs import parse_preprocessing
from core.preprocessing.plain import interpolation_of, numbers_of, real, sequence, whole
from core.preprocessing.presets import PRESETS
from core.preprocessing.transforms import told_by_transforms
from core.preprocessing.values import Preprocessing

Place = tuple[str, Mapping[str, object]]

_TIMM = "timm/"
_PLAIN = Preprocessing(resize="none", crop=None, mean=(0.0,) * 3, std=(1.0,) * 3)
_PLACES = (
    "hyper_parameters", "datamodule_hyper_parameters", "hparams", "args", "train_args", "opt", "config", "cfg",
    "params", "meta",
)  # fmt: skip
_BELOW = (
    "data", "dataset", "datamodule", "preprocessing", "preprocess", "transform", "transforms", "augmentation", "image",
    "normalization", "normalize", "data_config", "model", "stats",
)  # fmt: skip
_CONFIGS = ("pretrained_cfg", "default_cfg", "data_config", "preprocessor_config", "image_processor", "preprocessing")
_SIDES = (
    "img_size", "image_size", "im_size", "imgsz", "imsize", "input_size", "input_shape", "resolution", "target_size",
    "crop_size", "crop", "resize", "resize_size",
)  # fmt: skip
_MEANS = ("mean", "image_mean", "img_mean", "norm_mean", "normalize_mean", "pixel_mean", "data_mean", "dataset_mean")
_ROWS = ("output_size", "hidden_layers", "hidden_sizes", "hidden_size", "hidden_dim", "hidden_units", "in_features")
"""Beside these an ``input_size`` is the length of a row of numbers."""
_SMALLEST, _LARGEST = 8, 2048


@dataclass(frozen=True, slots=True)
class Saved:
    """What a checkpoint says about preprocessing.

    Attributes:
        preprocessing: the values.
        place: where in the checkpoint they are, such as ``args`` or ``mean, std``.
        complete: whether nothing had to be assumed; else the rest is what is usual.
    """

    preprocessing: Preprocessing
    place: str
    complete: bool


def saved_preprocessing(
    metadata: Mapping[str, object], usual: Callable[[str], Preprocessing], problems: list[str]
) -> Saved | None:
    """Find preprocessing among what was saved beside the tensors.

    Known are: a configuration of timm, Hugging Face or Whatsit; torchvision's transforms, as text or pickled; the
    arguments of torchvision's and timm's training scripts; ultralytics' ``train_args``; ``mean`` and ``std``, a size
    and an interpolation under the names that people give them, by themselves or in Lightning's
    ``hyper_parameters`` and such.

    Args:
        metadata: plain values (``Checkpoint.metadata``).
        usual: what to assume for the rest: of the network for an empty name, else of the architecture with that id.
        problems: takes a sentence for what is there and makes no sense.

    Returns:
        ``None`` where nothing is said.
    """
    for read in (_from_configs, _from_transforms, _from_arguments, _from_values):
        try:
            found = read(metadata, usual)
        except PreprocessingError as error:
            problems.append(f"The preprocessing in the weights file is not used. {error.why}")
        except (TypeError, ValueError, OverflowError, ZeroDivisionError) as error:
            problems.append(f"The preprocessing in the weights file is not used: {error}.")
        else:
            if found is not None:
                return found
    return None


def _from_configs(metadata: Mapping[str, object], _: Callable[[str], Preprocessing]) -> Saved | None:
    for place, values in _places(metadata):
        for key in _CONFIGS:
            config = _decoded(values.get(key))
            if not isinstance(config, dict):
                continue
            entries = cast("Mapping[str, object]", config)
            is_own = key == "preprocessing" and "resize" in entries and "exif" in entries
            is_timm = isinstance(entries.get("input_size"), (list, tuple)) and "crop_pct" in entries
            is_hugging_face = "image_mean" in entries and "size" in entries
            if is_own or is_timm or is_hugging_face:
                found = parse_preprocessing({"preprocessing": entries} if is_own else entries)
                if found is not None:
                    return Saved(found, _named(place, key), complete=True)
    return None


def _from_transforms(metadata: Mapping[str, object], usual: Callable[[str], Preprocessing]) -> Saved | None:
    named = [
        (_named(place, key), value)
        for place, values in _places(metadata)
        for key, value in values.items()
        if "transform" in key.lower() or "preproc" in key.lower()
    ]
    # What is for evaluation before what may be for either, and that before what is for training.
    for name, value in sorted(named, key=lambda pair: _rank(pair[0].lower())):
        told = told_by_transforms(_decoded(value))
        if told is None:
            continue
        complete = told.clear and told.has_size and not _is_training(name)
        base = _PLAIN if complete else usual("")
        return Saved(_changed(base, told.changes), name, complete)
    return None


def _is_training(name: str) -> bool:
    return "train" in name.lower() or "augment" in name.lower()


def _rank(name: str) -> int:
    if any(word in name for word in ("val", "test", "eval", "infer", "predict")):
        return 0
    return 2 if _is_training(name) else 1


def _from_arguments(metadata: Mapping[str, object], usual: Callable[[str], Preprocessing]) -> Saved | None:
    """The arguments of three training scripts."""
    for place, values in _places(metadata):
        if "val_crop_size" in values and "val_resize_size" in values:
            # torchvision's references/classification: ClassificationPresetEval, with ImageNet's mean and std.
            crop, resize = whole(values["val_crop_size"]), whole(values["val_resize_size"])
            interpolation = interpolation_of(values.get("interpolation") or "bilinear")
            found = Preprocessing(size=(resize, resize), crop=(crop, crop), interpolation=interpolation)
            return Saved(found, place, complete=True)
        if "crop_pct" in values and "train_interpolation" in values:
            return _from_timms_arguments(place, values, usual)
        if values.get("task") == "classify" and "imgsz" in values:
            # ultralytics/data/augment.py: classify_transforms
            side = whole(values["imgsz"])
            found = replace(_PLAIN, resize="shorter", size=(side, side), crop=(side, side))
            return Saved(found, _named(place, "imgsz"), complete=False)
    return None


def _from_timms_arguments(
    place: str, values: Mapping[str, object], usual: Callable[[str], Preprocessing]
) -> Saved | None:
    """timm's ``resolve_data_config``: what the arguments leave open is the model's own."""
    model = values.get("model")
    base = usual(_TIMM + model.partition(".")[0] if isinstance(model, str) else "")
    changes: dict[str, Any] = {}
    size = values.get("input_size") or values.get("img_size")
    crop = _sides(size) if size else base.crop
    if crop is not None and (size or values.get("crop_pct")):
        share = real(values.get("crop_pct") or (base.crop or base.size)[0] / base.size[0])
        changes |= {"crop": crop, "size": (math.floor(crop[0] / share), math.floor(crop[1] / share))}
    if values.get("interpolation"):
        changes["interpolation"] = interpolation_of(values["interpolation"])
    for name in ("mean", "std"):
        if values.get(name):
            changes[name] = numbers_of(name, values[name], len(base.mean))
    if not changes and base == usual(""):
        return None
    return Saved(_changed(base, changes), place, complete=False)


def _from_values(metadata: Mapping[str, object], usual: Callable[[str], Preprocessing]) -> Saved | None:
    """Single values under the names that people give them."""
    changes: dict[str, Any] = {}
    places: list[str] = []
    for place, values in _places(metadata):
        for name, found in (_scale(values), _size(values)):
            fresh = {key: value for key, value in found.items() if key not in changes}
            if fresh:
                changes |= fresh
                places.append(_named(place, name))
    if not changes:
        return None
    base = usual("")
    if "mean" in changes and len(changes["mean"]) != len(base.mean):
        count = len(base.mean)
        changes |= {name: numbers_of(name, changes[name], count) for name in ("mean", "std")}
    return Saved(_changed(base, changes), ", ".join(dict.fromkeys(places)), complete=False)


def _scale(values: Mapping[str, object]) -> tuple[str, dict[str, Any]]:
    """Mean and std, where both are lists of one or three numbers, and the range that they are on; and their name."""
    for name in _MEANS:
        mean, std = (_decoded(values.get(each)) for each in (name, name.replace("mean", "std")))
        if isinstance(mean, (list, tuple)) and isinstance(std, (list, tuple)):
            return name, on_a_scale(cast(object, mean), cast(object, std))
    for name in ("normalize", "normalization", "norm", "normalise"):
        pair = _decoded(values.get(name))
        if isinstance(pair, str) and pair.lower() in PRESETS:
            preset = PRESETS[pair.lower()]
            return name, {"range": preset.range, "mean": preset.mean, "std": preset.std}
        if isinstance(pair, (list, tuple)) and len(cast("Sequence[object]", pair)) == 2:
            mean, std = cast("Sequence[object]", pair)
            if isinstance(mean, (list, tuple)) and isinstance(std, (list, tuple)):
                return name, on_a_scale(cast(object, mean), cast(object, std))
    return "", {}


def on_a_scale(mean: object, std: object) -> dict[str, Any]:
    """Changes to a ``Preprocessing`` for a mean and std of one or three numbers, and the range that they are on.

    Returns:
        Empty where they are no such.

    Raises:
        ValueError: there are no numbers in them.
    """
    means, stds = ([real(number) for number in sequence(name, value)] for name, value in (("mean", mean), ("std", std)))
    if len(means) not in (1, 3) or len(means) != len(stds) or min(stds) <= 0:
        return {}
    large = max(map(abs, means)) > 2 or max(stds) > 4
    return {"range": "0..255" if large else "0..1", "mean": tuple(means), "std": tuple(stds)}


def _size(values: Mapping[str, object]) -> tuple[str, dict[str, Any]]:
    """A size in pixels, and the interpolation; and the size's name."""
    is_rows = any(name in values for name in _ROWS)
    found: dict[str, tuple[int, int]] = {}
    for name in _SIDES:
        value = _decoded(values.get(name))
        if isinstance(value, (list, tuple)) or (isinstance(value, int) and not is_rows):
            sides = _sides(cast(object, value))
            if sides is not None:
                found[name] = sides
    if not found:
        return "", {}
    resize, crop = (next((found[n] for n in names if n in found), None) for names in (_SIDES[-2:], _SIDES[-4:-2]))
    changes: dict[str, Any] = {"resize": "exact", "size": next(iter(found.values())), "crop": None}
    if resize is not None and crop is not None and crop <= resize:
        changes = {"resize": "shorter", "size": resize, "crop": crop}
    word = values.get("interpolation")
    if isinstance(word, str) and word:
        changes["interpolation"] = interpolation_of(word)
    return next(iter(found)), changes


def _sides(value: object) -> tuple[int, int] | None:
    """Height and width from ``224``, ``(224, 224)`` or ``(3, 224, 224)``; ``None`` for what is no size in pixels."""
    numbers = cast("Sequence[object]", value)[-2:] if isinstance(value, (list, tuple)) else (value, value)
    if len(numbers) != 2 or not all(isinstance(side, int) and _SMALLEST <= side <= _LARGEST for side in numbers):
        return None
    return whole(numbers[0]), whole(numbers[1])


def _changed(base: Preprocessing, changes: Mapping[str, Any]) -> Preprocessing:
    """The values with changes, without what cannot go with them."""
    if changes.get("channels", base.channels) == "grey" and len(changes.get("mean", base.mean)) == 3:
        changes = {name: value for name, value in changes.items() if name != "channels"}
    if len(base.mean) == 1 and "channels" not in changes and len(changes.get("mean", base.mean)) == 3:
        changes = {**changes, **{n: numbers_of(n, changes[n], 1) for n in ("mean", "std") if n in changes}}
    if base.range != changes.get("range", base.range) and "mean" not in changes:
        count = 1 if changes.get("channels", base.channels) == "grey" else 3
        changes = {**changes, "mean": (0.0,) * count, "std": (1.0,) * count}
    if changes.get("crop", base.crop) is None:
        changes = {**changes, "crops": 1}
    return replace(base, **changes)


def _places(metadata: Mapping[str, object]) -> Iterator[Place]:
    """The checkpoint itself, what trainers keep their settings in, and one level below these."""
    outer: list[Place] = [("", metadata)]
    for name in _PLACES:
        value = _decoded(metadata.get(name))
        if isinstance(value, Mapping):
            outer.append((name, cast("Mapping[str, object]", value)))
    for place, values in outer:
        yield place, values
        for name in _BELOW:
            value = _decoded(values.get(name))
            if isinstance(value, Mapping):
                yield _named(place, name), cast("Mapping[str, object]", value)


def _named(place: str, key: str) -> str:
    return ".".join(part for part in (place, key) if part)


def _decoded(value: object) -> object:
    """Metadata of .safetensors are texts: lists and dicts are JSON in them."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return cast(object, json.loads(value))
        except (ValueError, RecursionError):
            return value
    return value
