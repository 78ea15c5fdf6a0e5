"""Which model a command uses: its options, and opening it."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import cast

from core.catalogue import architecture, pretrained
from core.commands.base import Session, count_of, say
from core.descriptions import ClassifierInfo, ModelSpec
from core.errors import UsageError
from core.outputs import KINDS
from core.preprocessing import OVERRIDES, PRESETS, Preprocessing, parse_overrides
from core.recipes import read_preprocessing

BUILTIN = "builtin"
_HELP = {
    "resize": "256 (shorter side), 224x224 (exact), pad:224 or none",
    "crop": "a crop of the centre: 224, 224x192 or none",
    "crops": "1; 5 for corners and centre, 10 for their mirror images as well: scores are averaged",
    "mean": "0.485,0.456,0.406, on the scale of --range",
    "std": "0.229,0.224,0.225, on the scale of --range",
    "range": "0..1, 0..255 or -1..1: values before mean and std, which are 0 and 1 in another range if not given",
    "interpolation": "nearest, bilinear, bicubic or lanczos",
    "antialias": "on (as Pillow and torchvision resize) or off (as OpenCV does)",
    "channels": "rgb, bgr, grey, or grey3 for grey on three channels",
    "invert": "on or off: dark becomes light",
    "exif": "on or off: turn photos upright as the camera noted",
    "background": "R,G,B under transparent pixels, or none to drop the transparency",
    "fill": "R,G,B that pad: fills with",
    "flatten": "on or off: the image as one row of numbers",
}


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that opens a model."""
    parser.add_argument(
        "--weights",
        metavar="FILE",
        help="a weights file, or such as resnet50/IMAGENET1K_V2 (default: built in)",
    )
    parser.add_argument("--architecture", default="", metavar="ID", help="default: what the weights fit")
    parser.add_argument("--architecture-file", default="", metavar="FILE.py[:NAME]", help="a network of your own")
    parser.add_argument(
        "--argument",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what your network is made with, such as hidden=128 or config.width=64",
    )
    parser.add_argument("--tensors", default="", metavar="KEYS", help="which weights of the file, such as model_ema")
    parser.add_argument("--trust", action="store_true", help="the files named here may run code that they bring")
    parser.add_argument(
        "--labels", default="", metavar="FILE", help="class names: text, JSON, YAML or CSV; or imagenet"
    )
    parser.add_argument(
        "--activation",
        choices=("auto", *KINDS),
        default="auto",
        help="what the network's outputs are (default: as recognised)",
    )
    parser.add_argument(
        "--preprocessing",
        metavar="FILE|PRESET",
        help=f"{', '.join(PRESETS)}; resnet50/IMAGENET1K_V2 and so on; timm/NAME; or a file",
    )
    for name in OVERRIDES:
        parser.add_argument(f"--{name}", help=_HELP[name])
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")
    parser.add_argument("--batch-size", type=count_of, default=0, metavar="N", help="default: chosen by speed")


def named_files(options: argparse.Namespace) -> tuple[str, ...]:
    """The files that may run code: those that the command line names, where it says so."""
    if not options.trust:
        return ()
    other: str = getattr(options, "against", "")
    return tuple(file for file in (options.weights, _architecture_file(options)[0], other) if file)


def against(options: argparse.Namespace, weights: str) -> ModelSpec:
    """Another model beside the one that the options name: with preprocessing and outputs of its own.

    Class names, and a network of a person's own with its arguments, are for both.

    Args:
        options: of the command line.
        weights: a weights file, a published model, or ``builtin``.
    """
    spec = _spec(options)
    if weights == BUILTIN:
        return ModelSpec()
    if any(entry.id == weights for entry in pretrained()):
        return ModelSpec(kind="pretrained", weights=weights, labels=spec.labels)
    own = bool(spec.architecture_file)
    return ModelSpec(
        kind="file",
        weights=weights,
        labels=spec.labels,
        architecture=spec.architecture if own else "",
        architecture_file=spec.architecture_file,
        arguments=spec.arguments if own else (),
    )


def _architecture_file(options: argparse.Namespace) -> tuple[str, str]:
    """Path and class name of ``FILE.py[:NAME]``; a colon may be part of the path, too (``C:\\nets.py``)."""
    text: str = options.architecture_file
    head, colon, name = text.rpartition(":")
    return (head, name) if colon and name.isidentifier() and head else (text, "")


def _spec(options: argparse.Namespace) -> ModelSpec:
    weights: str | None = options.weights
    if weights is None:
        spec = ModelSpec()
    else:
        is_published = any(entry.id == weights for entry in pretrained())
        spec = ModelSpec(kind="pretrained" if is_published else "file", weights=weights)
    file, name = _architecture_file(options)
    if file and spec.kind != "file":
        raise UsageError(
            f"{file} says how a network is built, and there are no weights for it.",
            "Without --weights the built-in model is used.",
            "Name its weights file with --weights.",
        )
    if options.architecture and not file:
        architecture(options.architecture)
    return replace(
        spec,
        architecture=name or options.architecture,
        labels=options.labels,
        architecture_file=file,
        arguments=tuple(_argument(text) for text in options.argument),
        tensors=options.tensors,
        activation="" if options.activation == "auto" else options.activation,
    )


def _argument(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(f"--argument {text!r} is not understood.", "It is no NAME=VALUE.", "Write such as hidden=128.")
    return name, value


def _overrides(options: argparse.Namespace) -> dict[str, str]:
    return {name: getattr(options, name) for name in OVERRIDES if getattr(options, name) is not None}


def open_model(session: Session, options: argparse.Namespace) -> ClassifierInfo:
    """Open the model that the options name, with their preprocessing."""
    overrides = _overrides(options)
    spec = _spec(options)
    base: Preprocessing | None = read_preprocessing(options.preprocessing) if options.preprocessing else None
    if base is not None:
        spec = replace(spec, preprocessing=parse_overrides(base, overrides))
    info = cast(ClassifierInfo, session.wait(session.workbench.open(spec, options.device)))
    if overrides and base is None:
        # The overrides change what travels with the weights, and that is known only now.
        say(f"Preprocessing, but for what was given here: {info.preprocessing_source}.")
        spec = replace(spec, preprocessing=parse_overrides(info.preprocessing, overrides))
        info = cast(ClassifierInfo, session.wait(session.workbench.open(spec, options.device)))
    for notice in (info.note, *info.notices):
        if notice:
            say(notice)
    return info
