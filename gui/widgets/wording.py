"""Numbers as a person reads them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from core.showing import isolated, printable

if TYPE_CHECKING:
    from core.descriptions import ClassifierInfo, DeviceInfo
    from core.predictions import ImageResult, NamedValue, Prediction

DASH = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
MINUS = "\N{MINUS SIGN}"
_FEW = 3
_FEW_NAMES = 16
_AVERAGED = frozenset({"ema", "swa", "averaged", "average"})
"""Words in the names of weights that are the average of many steps."""


def percent(score: float) -> str:
    """A probability 0..1 with one decimal; never rounded to certainty, such as ``>99.9 %``."""
    if score != score:
        return DASH
    if 0 < score < 0.0005:
        return "<0.1 %"
    if 0.9995 <= score < 1:
        return ">99.9 %"
    return f"{100 * score:.1f} %"


def value(number: float) -> str:
    """A regression's value with six digits, such as ``1,234.56``."""
    if number != number or math.isinf(number):
        return DASH
    size = abs(number)
    if size and not 1e-4 <= size < 1e9:
        return f"{number:.5g}".replace("-", MINUS)
    digits = max(0, 5 - math.floor(math.log10(size))) if size else 0
    text = f"{number:,.{min(digits, 6)}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", MINUS)


def value_name(named: NamedValue, count: int) -> str:
    """What one of so many values is called, where the model brings no name, too."""
    if named.label != str(named.index):
        return named.label
    return "Value" if count == 1 else f"Output {named.index}"


def corrections(count: int) -> str:
    """Such as ``1 correction``."""
    return "1 correction" if count == 1 else f"{count:,} corrections"


def duration(seconds: float) -> str:
    """Such as ``12 ms`` or ``1.4 s``."""
    if seconds < 0.0095:
        return f"{1000 * seconds:.1f} ms"
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def size(count: int) -> str:
    """Bytes in decimal units, such as ``98 MB``."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            number = count / factor
            return f"{number:.0f} {unit}" if number >= 10 else f"{number:.1f} {unit}"
    return f"{count} bytes"


def shape(sides: tuple[int, ...]) -> str:
    """Such as ``64 x 3 x 7 x 7``."""
    return f" {TIMES} ".join(str(side) for side in sides) or "one number"


def numel(sides: tuple[int, ...]) -> int:
    """How many numbers a tensor of this shape holds."""
    return math.prod(sides)


def file_name(path: str) -> str:
    """The last part of a path."""
    return printable(PurePath(path).name or path)


def shortened(name: str, longest: int = 40) -> str:
    """A long name without its middle: its end often tells more than that."""
    half = longest // 2
    return name if len(name) <= longest else f"{name[: half - 1]}\N{HORIZONTAL ELLIPSIS}{name[-half:]}"


def device(info: DeviceInfo) -> str:
    """What a person calls a device."""
    return "CPU" if info.id == "cpu" else info.name or info.id


def device_of(device_id: str, info: ClassifierInfo | None) -> str:
    """What a person calls the device with this id."""
    if info is not None and info.device.id == device_id:
        return device(info.device)
    return "CPU" if device_id == "cpu" else device_id


def brief(prediction: Prediction) -> tuple[str, str]:
    """Two short lines: the class and its score, the labels that are there and theirs, or a value and its name."""
    if prediction.is_regression:
        first = prediction.named_values()[0]
        return value(first.value), value_name(first, len(prediction.values))
    best = prediction.top(1)[0]
    if not prediction.over_labels:
        return best.title, percent(best.score)
    found = prediction.found()
    if not found:
        return "no label", f"{best.title} {percent(best.score)}"
    labels = ", ".join(each.title for each in found[:_FEW]) + (" …" if len(found) > _FEW else "")
    numbers = ", ".join(percent(each.score) for each in found)
    return labels, numbers if len(found) < _FEW else f"{len(found):,} labels"


def said(prediction: Prediction) -> str:
    """One line: the best class and its score, all labels that are there, or the values."""
    if prediction.is_regression:
        values = prediction.named_values()
        parts = [f"{value_name(each, len(values))} {value(each.value)}" for each in values[:_FEW]]
        return ", ".join(parts) + (" …" if len(values) > _FEW else "")
    best = prediction.top(1)[0]
    if not prediction.over_labels:
        return f"{isolated(best.title)}, {percent(best.score)}"
    found = prediction.found()
    if not found:
        return f"no label reaches 50 % ({isolated(best.title)}, {percent(best.score)})"
    parts = [f"{isolated(each.title)} {percent(each.score)}" for each in found[:_FEW]]
    return ", ".join(parts) + (f" and {len(found) - _FEW} more" if len(found) > _FEW else "")


def reached(prediction: Prediction) -> str:
    """How many labels are there; empty where one class is right."""
    if not prediction.over_labels:
        return ""
    count, labels = len(prediction.found()), len(prediction.labels)
    if not count:
        return "No label reaches 50 %"
    return f"{count:,} of {labels:,} labels {'reaches' if count == 1 else 'reach'} 50 %"


def answer(result: ImageResult) -> str:
    """One line: what the model says, or what went wrong."""
    if result.prediction is not None:
        return said(result.prediction)
    return result.error.what if result.error is not None else ""


def scores(result: ImageResult, k: int) -> str:
    """For the clipboard: the best ``k`` classes, or all values, one a line, name and number parted by a tab."""
    if result.prediction is None:
        return str(result.error or "")
    rows = [f"{best.title}\t{percent(best.score)}" for best in result.prediction.top(k)]
    rows += [f"{each.label}\t{each.value:.7g}" for each in result.prediction.named_values()]
    return "\n".join(rows)


def of_set(name: str, names: Sequence[str]) -> str:
    """What a set of a file's weights is, in plain words; empty where its name does not tell.

    Args:
        name: the key in the file, such as ``state_dict_ema``.
        names: of all sets in the file.
    """
    # In mmengine's files this one is not the average, and ``state_dict`` is; elsewhere it is.
    if "ema_state_dict" in names:
        return ""
    averaged = {each for each in names if _AVERAGED & set(re.split(r"[_\W]+", each.lower()))}
    if name in averaged:
        return "averaged over the training"
    return "as the last step left them" if averaged else ""


def invitation(info: ClassifierInfo) -> str:
    """What a model waits for."""
    if not info.refuses:
        return _introduction(info)
    if not info.features:
        return info.refuses
    return f"Ready. This network takes rows of {info.features:,} numbers: drop a .npy, .npz or .csv file with them."


def _introduction(info: ClassifierInfo) -> str:
    """What a model that waits for its first photo knows."""
    labels = info.labels
    if info.activation == "regression":
        values = "a value" if len(labels) == 1 else f"{len(labels):,} values"
        return f"Ready. This model gives {values} for a photo, no class."
    if len(labels) > _FEW_NAMES:
        return f"Ready. This model knows {len(labels):,} kinds of things."
    if all(label == str(index) for index, label in enumerate(labels)):
        return f"Ready. This model tells {len(labels)} kinds of things apart, and brings no names for them."
    *first, last = map(isolated, labels)
    return f"Ready. This model knows {', '.join(first)} and {last}." if first else f"Ready. This model knows {last}."


def saved(path: str, count: int, waiting: int) -> tuple[str, str]:
    """What was saved, and what was not yet there to be.

    Args:
        path: the file; empty for the clipboard.
        count: of answers.
        waiting: how many images have none yet.
    """
    answers = "1 answer" if count == 1 else f"{count:,} answers"
    more = f"{waiting:,} photos are not answered yet, and are not in it." if waiting > 0 else ""
    return f"{answers} saved in {path}." if path else f"{answers} copied as CSV.", more


def left(opened: PurePath, others: Sequence[PurePath]) -> tuple[str, str]:
    """Of several weights files which one is opened, and what became of the others."""
    names = ", ".join(path.name for path in others[:3])
    more = f" and {len(others) - 3:,} more" if len(others) > 3 else ""
    what = f"{opened.name} is opened, the first of {len(others) + 1:,} weights files."
    return what, f"One model is used at a time. Drop another by itself to open it: {names}{more}."


def beside(paths: Sequence[PurePath]) -> str:
    """What the files beside saved weights are for: the first says what is assumed, others make the network."""
    said = f"{paths[0].name} beside it holds all that it assumes."
    makers = ", ".join(path.name for path in paths[1:])
    return f"{said} {makers} beside it makes the network." if makers else said
