"""Why weights do not fit, in a person's words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from core.checkpoints.values import shown
from core.errors import MatchError
from core.fingerprints import CLASSES, Fit, Shape, channels, describe, fingerprint, nearest

_FIRST_FEW = 3
_DETAIL = 200

_TITLES = (
    (r"resnet(\d+)", r"ResNet-\1"),
    (r"resnext(\d+)_(\d+)x(\d+)d", r"ResNeXt-\1 \2x\3d"),
    (r"wide_resnet(\d+)_2", r"Wide ResNet-\1-2"),
    (r"densenet(\d+)", r"DenseNet-\1"),
    (r"vgg(\d+)(_bn)?", r"VGG-\1\2"),
    (r"vit_([bslh])_(\d+)", r"ViT-\1/\2"),
    (r"googlenet", "GoogLeNet"),
    (r"alexnet", "AlexNet"),
    (r"inception_v3", "Inception v3"),
)


def title(architecture: str) -> str:
    """What a person calls an architecture: ``ResNet-18`` for ``resnet18``; the id where nothing else is usual."""
    for pattern, words in _TITLES:
        found = re.fullmatch(pattern, architecture)
        if found is not None:
            name = re.sub(r"ViT-(\w)", lambda each: f"ViT-{each[1].upper()}", found.expand(words))
            return name.replace("_bn", " with batch normalisation")
    return architecture


def misfit(shapes: Mapping[str, Shape], fit: Fit) -> MatchError:
    """The error for weights that do not fit the architecture that a person chose."""
    best = next(iter(nearest(shapes, 1)), None)
    if best is None or best.architecture == fit.architecture:
        remedy = "Choose the architecture that the weights were trained with; none that is known here fits better."
    elif best.complete and best.num_classes:
        changes = describe(best)
        evidence = f"all {best.total} names and shapes fit" + (f", with {' and '.join(changes)}" if changes else "")
        remedy = f"Choose {best.architecture}: {evidence}."
    else:
        remedy = f"The nearest is {best.architecture}: {best.fitting} of {best.total} names and shapes fit."
    lines = _differences(fit)
    return MatchError(
        f"The weights do not fit {fit.architecture}.",
        f"{fit.total - fit.fitting} of {fit.total} names or shapes differ: {_few(lines)}.",
        remedy,
        detail="\n".join(lines[:_DETAIL]),
    )


def no_head(file: str, fit: Fit) -> MatchError:
    """The error for weights that are an architecture's without its last layer."""
    known = fingerprint(fit.architecture)
    if not known.head:
        return MatchError(
            f"{_name(file)} is {title(fit.architecture)}, which gives features and no classes.",
            "It is a part of other networks, and has no last layer that tells classes apart.",
            "Choose weights of a classifier.",
        )
    return MatchError(
        f"{_name(file)} is {title(fit.architecture)} without its last layer.",
        f"{', '.join(known.heads)} is missing, so it gives features and no classes.",
        "Choose the weights of the whole classifier, saved with their last layer.",
    )


def fits_nothing(file: str, shapes: Mapping[str, Shape]) -> MatchError:
    """The error for weights that fit no architecture; it names the nearest and what differs."""
    name = _name(file)
    close = nearest(shapes, 5)
    if not close or 4 * close[0].fitting < close[0].total:
        relative = next((words for fit in close if (words := _same_plan(fit, shapes))), "")
        if relative:
            return MatchError(f"{name} fits no architecture exactly.", relative, _CHANGED)
        some = ", ".join(shown(key, 40) for key in list(shapes)[:_FIRST_FEW])
        return MatchError(
            f"{name} fits no architecture that is known here.",
            f"It has {_tensors(len(shapes))}: {some}{' and more' if len(shapes) > _FIRST_FEW else ''}.",
            "If it is a network of your own, choose the Python file that defines it, too.",
        )
    best = close[0]
    if best.headless:
        return no_head(file, best)
    lines = _differences(best)
    words = in_words(best)
    return MatchError(
        f"{name} fits no architecture exactly.",
        f"The nearest is {title(best.architecture)}{f' with {words}' if words else ''}:"
        f" {best.total - best.fitting} of {best.total} names or shapes of {best.architecture} differ: {_few(lines)}.",
        _CHANGED,
        detail="\n".join(lines[:_DETAIL]),
    )


_CHANGED = "It is a changed network: choose the Python file that defines it, or save one of torchvision's or timm's."


def in_words(fit: Fit) -> str:
    """What differs in a network, in a few words, such as ``a 5 x 5 first convolution``; empty where none fit."""
    known = fingerprint(fit.architecture)
    found = list(describe(fit))
    explained: set[str] = set()
    for name, shape, wanted in fit.different:
        if name in known.stem and len(shape) == len(wanted) == 4 and shape[2:] != wanted[2:]:
            found.append(f"a {shape[2]} x {shape[3]} first convolution")
            explained.add(name)
    for module in known.heads:
        touched = {name for name in _touched(fit) if name == module or name.startswith(f"{module}.")}
        if touched:
            found.append("another head")
            explained |= touched
    rest = [name for name in _touched(fit) if name not in explained]
    missing = [name for name in fit.missing if name in rest]
    added = [name for name in fit.unexpected if name in rest]
    if added:
        found.append(f"{_tensors(len(added), 'more ')} in {_places(added)}")
    if missing:
        found.append(f"{_tensors(len(missing), 'fewer ')} in {_places(missing)}")
    sized = len(rest) - len(missing) - len(added)
    if sized:
        found.append(f"other sizes in {_tensors(sized)}")
    return " and ".join(found)


def _same_plan(fit: Fit, shapes: Mapping[str, Shape]) -> str:
    """A sentence where the names are an architecture's and only the sizes are others; else empty."""
    if fit.missing or fit.unexpected or len(shapes) < 8:
        return ""
    return (
        f"It has the layers of {title(fit.architecture)} under the same names, with other sizes:"
        f" {_few(_differences(fit))}."
    )


def _touched(fit: Fit) -> list[str]:
    return [*(name for name, _, _ in fit.different), *fit.missing, *fit.unexpected]


def _tensors(count: int, more: str = "") -> str:
    return f"{count} {more}tensor{'' if count == 1 else 's'}"


def _places(names: Sequence[str]) -> str:
    modules = list(dict.fromkeys(name.rpartition(".")[0] or name for name in names))
    more = f" and {len(modules) - _FIRST_FEW} more" if len(modules) > _FIRST_FEW else ""
    return ", ".join(shown(module, 40) for module in modules[:_FIRST_FEW]) + more


def _name(file: str) -> str:
    return shown(file.replace("\\", "/").rpartition("/")[2])


def _few(lines: list[str]) -> str:
    more = f", and {len(lines) - _FIRST_FEW} more" if len(lines) > _FIRST_FEW else ""
    return "; ".join(lines[:_FIRST_FEW]) + more


def _differences(fit: Fit) -> list[str]:
    """Each difference in words, the telling ones first."""
    return [
        *(f"{shown(name)} is {_sides(found)} and should be {_sides(wanted)}" for name, found, wanted in fit.different),
        *(f"{shown(name)} is missing" for name in fit.missing),
        *(f"{shown(name)} is not part of it" for name in fit.unexpected),
    ]


def _sides(shape: Shape) -> str:
    return " x ".join(_side(size) for size in shape) or "one number"


def _side(size: int) -> str:
    if size == CLASSES:
        return "classes"
    if size > 0:
        return str(size)
    times = channels(size)
    return "positions" if not times else "3" if times == 1 else f"{3 * times}"
