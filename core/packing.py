"""A classifier as files that say all about it: one .safetensors, and the config beside it that others read, too."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import torch
from safetensors.torch import save
from torch import Tensor

from core import VERSION
from core.architectures.custom import trust_request
from core.catalogue import architectures
from core.checkpoints import GELU, LAYER_NORM_EPS, TANH
from core.descriptions import ClassifierInfo
from core.errors import ExportError
from core.export import write_bytes
from core.fingerprints import fingerprint
from core.outputs import problem_type
from core.preprocessing import to_dict
from core.preprocessing.configs import to_timm

_TIMM = "timm/"
_WRAPPER = "network."
"""What modules here call the network that they are put around."""


def save_model(path: Path, info: ClassifierInfo, tensors: Mapping[str, Tensor]) -> tuple[Path, ...]:
    """Write a classifier so that it opens again with nothing to choose.

    Of a network of a person's own the Python files go with it; opening these is asked about, as ever.

    The config has timm's fields (``architecture``, ``num_classes``, ``label_names``, and ``pretrained_cfg`` where
    timm can say how images are prepared), Hugging Face's (``id2label``, ``label2id``, ``problem_type``) and, as
    ``preprocessing``, the exact values in Whatsit's own form.

    Args:
        path: the weights file to write; its suffix becomes ``.safetensors``.
        info: what the classifier is.
        tensors: the network's state dict.

    Returns:
        The weights file, its config (``config.json``, or, where that name is taken by another model's,
        ``<stem>.json``), and the Python files that were written beside them.

    Raises:
        ExportError: they cannot be written, and nothing is replaced by half; or the tensors alone would not open
            again as the same network.
    """
    path = path.with_suffix(".safetensors")
    config = _config_path(path)
    code = {} if _is_known(info.architecture) else _code_of(path.parent, info)
    data = save(_stored(_without_wrappers(tensors)), {"format": "pt", **_answers(info)})
    write_bytes(path, data)
    write_bytes(config, (json.dumps(describe(info, path.name), indent=2, ensure_ascii=False) + "\n").encode("utf-8"))
    for place, text in code.items():
        write_bytes(place, text)
    return path, config, *code


def _is_known(architecture: str) -> bool:
    return any(entry.id == architecture for entry in architectures())


def _without_wrappers(tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """By the names of the network itself, without what is put around it here."""
    while tensors and all(name.startswith(_WRAPPER) for name in tensors):
        tensors = {name.removeprefix(_WRAPPER): tensor for name, tensor in tensors.items()}
    return tensors


def _answers(info: ClassifierInfo) -> dict[str, str]:
    """What the tensors do not say: a person's answers about a network's constructor, and numbers in its layers.

    As checkpoints say it: texts without quotes.
    """
    found: dict[str, str] = {}
    if info.checkpoint.layer_norm_eps:
        found[LAYER_NORM_EPS] = repr(info.checkpoint.layer_norm_eps)
    if info.checkpoint.tanh_gelu:
        found[GELU] = TANH
    for name, text in info.spec.arguments:
        try:
            value: object = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            value = text
        found[name] = value if isinstance(value, str) else text
    return found


def _code_of(folder: Path, info: ClassifierInfo) -> dict[Path, bytes]:
    """The Python files that a network of a person's own needs, by where they are to be written.

    Raises:
        ExportError: there are none, they do not lie together, or others of these names are there.
    """
    name = Path(info.checkpoint.file).name
    if info.checkpoint.container not in ("state_dict", "safetensors") or not info.spec.architecture_file:
        raise ExportError(
            f"{name} cannot be saved as tensors alone.",
            "How its network computes is in that file, and in no architecture that is known here.",
            f"Keep or copy {name} itself.",
        )
    source = Path(info.spec.architecture_file)
    code: dict[Path, bytes] = {}
    for file in (source, *map(Path, trust_request(source).also)):
        if not file.is_relative_to(source.parent):
            raise ExportError(
                f"The Python files of {info.architecture} do not lie in one folder.",
                f"{file} is outside of {source.parent}.",
                "Save the weights, and copy the files yourself.",
            )
        target = folder / file.relative_to(source.parent)
        text = file.read_bytes()
        if not target.exists():
            code[target] = text
        elif target.read_bytes() != text:
            raise ExportError(
                f"{target.name} is another file in that folder.",
                f"The network's own {target.name} has to lie beside its weights.",
                "Choose another folder.",
            )
    return code


def describe(info: ClassifierInfo, file: str) -> dict[str, object]:
    """What the config says.

    Args:
        info: what the classifier is.
        file: name of the weights file that it lies beside.
    """
    timm = to_timm(info.preprocessing)
    return {
        "architecture": info.architecture.removeprefix(_TIMM),
        # Of the head, which with one output has two classes.
        "num_classes": info.outputs or len(info.labels),
        **({} if info.labels_source.startswith("number") else _names(info.labels)),
        "problem_type": problem_type(info.activation),
        **({} if timm is None else {"pretrained_cfg": timm, **_model_args(info, timm)}),
        "preprocessing": to_dict(info.preprocessing),
        "whatsit": {
            "version": VERSION,
            "weights": file,
            "architecture": info.architecture,
            "made_from": {"file": Path(info.checkpoint.file).name, "sha256": info.checkpoint.sha256},
            "labels": info.labels_source,
            "preprocessing": info.preprocessing_source,
            "activation": info.activation,
            "activation_source": info.activation_source,
            "preprocessing_assumed": info.preprocessing_assumed,
        },
    }


def _names(labels: tuple[str, ...]) -> dict[str, object]:
    return {
        "label_names": list(labels),
        "id2label": {str(index): name for index, name in enumerate(labels)},
        "label2id": {name: index for index, name in reversed(list(enumerate(labels)))},
    }


def _model_args(info: ClassifierInfo, cfg: Mapping[str, object]) -> dict[str, object]:
    """What timm's ``create_model`` has to be told of a network that is built otherwise than usual."""
    if not info.architecture.startswith(_TIMM) or not _is_known(info.architecture):
        return {}
    known, size = fingerprint(info.architecture), cast("list[int]", cfg["input_size"])[-1]
    match = next((found for found in info.matches if found.architecture == info.architecture), None)
    told: dict[str, object] = dict(match.options) if match is not None else {}
    if known.step and size != known.usual_input:
        told["img_size"] = size
    return {"model_args": told} if told else {}


def _config_path(weights: Path) -> Path:
    """``config.json``, unless that is another model's."""
    usual = weights.with_name("config.json")
    if not usual.exists() or usual.with_suffix(".safetensors") == weights:
        return usual
    try:
        config: object = json.loads(usual.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return weights.with_suffix(".json")
    own = cast("dict[str, object]", config).get("whatsit") if isinstance(config, dict) else None
    is_ours = isinstance(own, dict) and cast("dict[str, object]", own).get("weights") == weights.name
    return usual if is_ours else weights.with_suffix(".json")


def _stored(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of their own, in the smallest element type that keeps every value."""
    floats = [tensor for tensor in tensors.values() if tensor.dtype == torch.float32]
    smallest = next((kind for kind in (torch.float16, torch.bfloat16) if _is_lossless(floats, kind)), torch.float32)
    stored: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        kind = smallest if tensor.dtype == torch.float32 else tensor.dtype
        stored[name] = tensor.detach().to("cpu", kind, copy=True).contiguous()
    return stored


def _is_lossless(tensors: list[Tensor], kind: torch.dtype) -> bool:
    return all(torch.equal(tensor.to(kind).to(tensor.dtype), tensor) for tensor in tensors)
