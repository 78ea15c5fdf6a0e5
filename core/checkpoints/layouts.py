"""Known networks whose parts people put under other names: numbered children, and a body with its head beside it.

Two habits are common enough to be told by names and shapes.  ``nn.Sequential(*network.children())`` numbers the parts
of a ResNet (fastai's bodies are made so), and many training frameworks keep a body under one name and the layers
behind it under another (``backbone.layer4...`` and ``head.fc.weight``: Lightning, mmpretrain, course work).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.fingerprints import changed_fits

Shape = tuple[int, ...]
Names = dict[str, str]

_NUMBERED = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4"}
"""Children of torchvision's ResNets by their position, without the head; those between have no tensors."""
_FIRST_BLOCK = re.compile(r"(.*\.)?4\.0\.conv1\.weight$")
_HEADS = re.compile(
    r"((new_)?fc\d?|fc_layers|classifier|linear1?|last_(linear|layer)|heads?|out|output|logits|final|final_layer|dense"
    r"|cls|cls_head|top)\."
)
"""What people call the layers behind a body whose names they leave as they are."""
_FEWEST = 8
_MOST_BESIDE = 100
"""More tensors than this beside a body are no head."""


@dataclass(frozen=True)
class Layout:
    """Other names for the tensors of a known network.

    Attributes:
        names: names as written, by those that the architecture has.
        note: what is named otherwise, and what that leaves open, in a person's words.
    """

    names: Mapping[str, str]
    note: str


def renamed(shapes: Mapping[str, Shape]) -> Layout | None:
    """The names with which tensors fit an architecture, if one of the habits explains them; else ``None``.

    Args:
        shapes: by the names as written; of a network that fits nothing under these.
    """
    for prefix, body in _bodies(shapes):
        inside = {name: shapes[raw] for name, raw in body.items()}
        without = next((fit for fit in changed_fits(inside) if fit.headless and fit.head is not None), None)
        taken = set(body.values())
        beside = [raw for raw in shapes if raw not in taken]
        if without is None or without.head is None or len(beside) > _MOST_BESIDE:
            continue
        where, head = _head(beside, without.head.module)
        names = body | head
        fits = changed_fits({name: shapes[raw] for name, raw in names.items()})
        if fits and (not beside or any(fit.num_classes for fit in fits)):
            below = f" below '{prefix[:-1]}'" if prefix else ""
            note = f"its parts are numbered{below}" if _is_numbered(body) else ""
            if beside:
                note += (
                    f"{' and ' if note else ''}its head is called '{where}' (assumed: the features go right into it)"
                )
            return Layout(names, note)
    return None


def _is_numbered(body: Names) -> bool:
    return not body["conv1.weight"].endswith("conv1.weight") if "conv1.weight" in body else False


def _bodies(shapes: Mapping[str, Shape]) -> Iterator[tuple[str, Names]]:
    """Tensors that may be a network without its head: what stands before their names, and names as written."""
    first = next((found for name in shapes if (found := _FIRST_BLOCK.match(name))), None)
    if first is not None:
        prefix = first[1] or ""
        body: Names = {}
        for raw in shapes:
            number, _, rest = raw.removeprefix(prefix).partition(".")
            if raw.startswith(prefix) and number in _NUMBERED:
                body[f"{_NUMBERED[number]}.{rest}"] = raw
        yield prefix, body
    beside: Names = {raw: raw for raw in shapes if not _HEADS.match(raw)}
    if _FEWEST < len(beside) < len(shapes):
        yield "", beside
    middle = sorted(shapes)[len(shapes) // 2]
    for end in [index + 1 for index, letter in enumerate(middle) if letter == "."][:4]:
        prefix = middle[:end]
        body = {raw.removeprefix(prefix): raw for raw in shapes if raw.startswith(prefix)}
        if max(_FEWEST, len(shapes) // 2) < len(body) < len(shapes):
            yield prefix, body


def _head(beside: Sequence[str], module: str) -> tuple[str, Names]:
    """The layers beside a body: what they are called together, and names as written by those of a head.

    Args:
        beside: names as written.
        module: the head's in the architecture.
    """
    modules = [name.rpartition(".")[0].split(".") for name in beside]
    shared = len(_common(modules))
    where = ".".join(modules[0][:shared]) if modules else ""
    cut = len(where) + 1 if where else 0
    return where or ", ".join(dict.fromkeys(parts[0] for parts in modules)), {
        f"{module}.{raw[cut:]}": raw for raw in beside
    }


def _common(modules: Sequence[Sequence[str]]) -> list[str]:
    """The parts with which all of some dotted names begin."""
    shared = itertools.takewhile(lambda parts: len(set(parts)) == 1, zip(*modules, strict=False))
    return [parts[0] for parts in shared]
