"""Preprocessing that a person names: a preset, that of published weights or of a timm model, or a file."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator
from pathlib import Path

from core.catalogue import architecture, pretrained
from core.errors import PreprocessingError, shown
from core.labels import read_text
from core.preprocessing import PRESETS, Preprocessing
from core.preprocessing.configs import parse_preprocessing
from core.sidecars import parse_json
from core.tables import TIMM_PREFIX, timm_table, torchvision_table

_TORCHVISION = "torchvision/"
_LONGEST = 80


def read_preprocessing(text_or_path: str) -> Preprocessing:
    """Preprocessing by name, or from a file.

    Args:
        text_or_path: a name in ``PRESETS``; ``resnet50/IMAGENET1K_V2`` (``torchvision/`` may stand before it), for
            that of torchvision's published weights; ``timm/NAME`` for that of timm's usual weights of a model; or a
            path of a ``config.json`` (timm), a ``preprocessor_config.json`` (Hugging Face) or a JSON file with what
            ``to_dict`` gives.

    Raises:
        PreprocessingError: there is no such name and no such file, or it describes no preprocessing.
    """
    named = named_preprocessing(text_or_path)
    if named is not None:
        return named
    path = Path(text_or_path)
    if not path.exists():
        raise _unknown(text_or_path)
    config = parse_json(read_text(path, PreprocessingError))
    preprocessing = None if config is None else parse_preprocessing(config)
    if preprocessing is None:
        raise PreprocessingError(
            f"{path.name} describes no preprocessing.",
            "It is no config.json of timm, no preprocessor_config.json of Hugging Face and no file of Whatsit.",
            f"Choose another file, or a preset: {', '.join(PRESETS)}.",
        )
    return preprocessing


def named_preprocessing(name: str) -> Preprocessing | None:
    """Preprocessing by its name alone (see ``read_preprocessing``), in capitals or not; ``None`` for any other text."""
    wanted = name.strip().lower()
    if wanted in PRESETS:
        return PRESETS[wanted]
    if wanted.startswith(TIMM_PREFIX):
        is_known = wanted.removeprefix(TIMM_PREFIX) in timm_table()["architectures"]
        return architecture(wanted).preprocessing if is_known else None
    wanted = wanted.removeprefix(_TORCHVISION)
    return next((entry.preprocessing for entry in pretrained() if entry.id.lower() == wanted), None)


def _unknown(text: str) -> PreprocessingError:
    close = list(_close(text.strip().lower()[:_LONGEST]))
    return PreprocessingError(
        f"There is no preprocessing {shown(text, _LONGEST)!r}.",
        "It is neither a preset nor a file.",
        f"Did you mean {' or '.join(close)}?"
        if close
        else f"Presets are {', '.join(PRESETS)}; there are also those of weights, such as resnet50/IMAGENET1K_V2, and "
        "of models, such as timm/resnet50.",
    )


def _close(wanted: str) -> Iterator[str]:
    """At most three names that may have been meant."""
    if wanted.startswith(TIMM_PREFIX):
        # A tag behind the name says which weights; of each model the table has the usual one.
        base = wanted.removeprefix(TIMM_PREFIX).partition(".")[0]
        for name in difflib.get_close_matches(base, timm_table()["architectures"], 3, 0.6):
            yield TIMM_PREFIX + name
        return
    wanted = wanted.removeprefix(_TORCHVISION)
    models = torchvision_table()["architectures"]
    base = wanted.partition("/")[0]
    found = [base] if base in models else difflib.get_close_matches(wanted, (*PRESETS, *models), 2, 0.75)
    names = (weights for name in found for weights in ([name] if name in PRESETS else _weights(name)))
    yield from itertools.islice(names, 3)


def _weights(name: str) -> list[str]:
    return [f"{name}/{weights}" for weights in torchvision_table()["architectures"][name]["weights"]]
