"""Why weights do not fit, in a person's words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from core.checkpoints.values import shown
from core.errors import MatchError
from core.fingerprints import CLASSES, Fit, Shape, channels, describe, fingerprint, nearest
from core.showing import counted

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
    incomplete = _part(name, shapes) or _of_transformers(name, shapes)
    if incomplete is not None:
        return incomplete
    close = nearest(shapes, 5)
    if not close or 4 * close[0].fitting < close[0].total:
        relative = next((words for fit in close if (words := _same_plan(fit, shapes))), "")
        if relative:
            return MatchError(f"{name} fits no architecture exactly.", relative, _CHANGED)
        some = ", ".join(shown(key, 40) for key in list(shapes)[:_FIRST_FEW])
        return MatchError(
            f"{name} fits no architecture that is known here.",
            f"It has {_tensors(len(shapes))}: {some}{' and more' if len(shapes) > _FIRST_FEW else ''}.",
            "If it is a network of your own, choose the Python file that defines it (on the command line:"
            " --architecture-file FILE.py); else weights of one of torchvision's or timm's classifiers.",
        )
    best = close[0]
    if best.headless:
        return no_head(file, best)
    if best.missing and not best.unexpected and all(each.endswith(_STATISTICS) for each in best.missing):
        return MatchError(
            f"{name} is {title(best.architecture)} without the statistics of its batch normalisation.",
            f"{_few([f'{shown(each)} is missing' for each in best.missing])}."
            " Only the parameters were saved, and without these numbers the network gives other answers.",
            "Save it anew, with torch.save(model.state_dict(), 'weights.pth').",
        )
    lines = _differences(best)
    words = in_words(best)
    return MatchError(
        f"{name} fits no architecture exactly.",
        f"The nearest is {title(best.architecture)}{f' with {words}' if words else ''}:"
        f" {best.total - best.fitting} of {best.total} names or shapes of {best.architecture} differ: {_few(lines)}.",
        _CHANGED,
        detail="\n".join(lines[:_DETAIL]),
    )


def _part(name: str, shapes: Mapping[str, Shape]) -> MatchError | None:
    """The error for one of several files that weights were spread over."""
    found = re.search(r"-(\d{5})-of-(\d{5})\.", name)
    if found is None or found[2] == "00001":
        return None
    return MatchError(
        f"{name} is part {int(found[1])} of {int(found[2])} of a network's weights.",
        f"It has {_tensors(len(shapes))}; the others are in the other files.",
        "Put them into one: save the model again, with a max_shard_size that is larger than all of it.",
    )


def _of_transformers(name: str, shapes: Mapping[str, Shape]) -> MatchError | None:
    """The error for a network of Hugging Face's transformers that is none of those that open."""
    base = next((found[1] for key in shapes if (found := _TRANSFORMERS.match(key))), "")
    if not base:
        return None
    return MatchError(
        f"{name} is a network of Hugging Face's transformers ({shown(base, 40)}), of a kind or size not known here.",
        "ViT, DeiT, BEiT, DINOv2, SigLIP, Swin, ConvNeXt (V2), ResNet, RegNet and EfficientNet of usual sizes open.",
        "Choose a Python file that builds it, or the weights of one of these, or of torchvision's or timm's.",
    )


_STATISTICS = ("running_mean", "running_var")
_TRANSFORMERS = re.compile(
    r"(?:.*?\.)??(\w+)\.(?:embeddings\.(?:patch_embeddings|cls_token|layernorm|norm)\b|embedder\.\w+\.convolution"
    r"|(?:encoder\.)?layers?\.\d+\.(?:attention\.(?:attention|output|self|[qkv]_proj)|self_attn)\.|conv_stem\.(?:first_conv|convolution)"
    r"|embeddings\.(?:convolution|batchnorm)\.|patch_embeddings\.embedding_layer_1\.)"
)
"""How the names of its image networks begin, after that of the family."""
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
    return counted(count, f"{more}tensor")


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
