"""Known networks whose parts people put under other names: numbered children, and a body with its head beside it.

Two habits are common enough to be told by names and shapes.  ``nn.Sequential(*network.children())`` numbers the parts
of a ResNet (fastai's bodies are made so), and many training frameworks keep a body under one name and the layers
behind it under another (``backbone.layer4...`` and ``head.fc.weight``: Lightning, mmpretrain, course work).
Some leave the body its own last layer, and put others behind that: ``nn.Sequential(resnet, nn.Linear(1000, 5))``.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.fingerprints import changed_fits, exact_fits, fingerprint

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
_IMAGENET = 1000
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
    return _extended(shapes)


def _extended(shapes: Mapping[str, Shape]) -> Layout | None:
    """A whole network, last layer and all, with more layers behind it."""
    for prefix, body in _inside(shapes):
        fit = next(iter(exact_fits(_shaped(body, shapes))), None)
        beside = [raw for raw in shapes if not raw.startswith(prefix)]
        heads = fingerprint(fit.architecture).heads if fit is not None else ()
        numbered = prefix[:-1].rpartition(".")[2].isdecimal()
        if fit is None or len(heads) != 1 or len(beside) > _MOST_BESIDE:
            continue
        if not numbered and fit.num_classes != _IMAGENET:
            # Of attributes nothing tells their order, but that ImageNet's classes were left on.
            continue
        own = f"{heads[0]}."
        places = _behind(prefix, beside)
        names = {name.replace(own, f"{own}0.", int(name.startswith(own))): raw for name, raw in body.items()}
        names |= {f"{own}{place}.{raw.rpartition('.')[2]}": raw for raw, place in places.items()}
        if len(names) == len(shapes) and any(each.num_classes for each in changed_fits(_shaped(names, shapes))):
            where = ", ".join(dict.fromkeys(raw.partition(".")[0] for raw in beside))
            behind = f"the layers called '{where}' come behind the {fit.num_classes:,} outputs of '{prefix[:-1]}'"
            return Layout(names, behind if numbered else f"{behind} (assumed: right behind them)")
    return None


def _shaped(names: Names, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    return {name: shapes[raw] for name, raw in names.items()}


def _behind(prefix: str, beside: Sequence[str]) -> dict[str, int]:
    """The places of layers behind a network's own last layer, which is at 0, by the names of their tensors as written.

    Where names are numbers, a place that is left out is room for an activation; between layers of other names there
    always is, and between the network and the first of them there is none.
    """
    modules = list(dict.fromkeys(raw.rpartition(".")[0] for raw in beside))
    numbered = all(module.rpartition(".")[2].isdecimal() for module in modules)
    parents = {module.rpartition(".")[0] for module in modules}
    if not numbered or len(parents) != 1:
        places = {module: 1 + 2 * index for index, module in enumerate(sorted(modules))}
    else:
        parent, (outer, _, own) = next(iter(parents)), prefix[:-1].rpartition(".")
        above, _, last = parent.rpartition(".")
        first = 1
        # nn.Sequential(network, layer), or nn.Sequential(network, nn.Sequential(layer, ...)).
        if own.isdecimal() and parent == outer:
            first = -int(own[:6])
        elif own.isdecimal() and last.isdecimal() and above == outer:
            first = int(last[:6]) - int(own[:6])
        places = {module: first + int(module.rpartition(".")[2][:6]) for module in modules}
    return {raw: places[raw.rpartition(".")[0]] for raw in beside}


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
    yield from _inside(shapes)


def _inside(shapes: Mapping[str, Shape]) -> Iterator[tuple[str, Names]]:
    """Tensors below a name that most of them share, but not all."""
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
