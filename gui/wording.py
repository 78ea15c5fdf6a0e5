"""Numbers as a person reads them."""

from __future__ import annotations

import math
from pathlib import PurePath
from typing import TYPE_CHECKING

from core.showing import isolated

if TYPE_CHECKING:
    from core.descriptions import ClassifierInfo, DeviceInfo
    from core.predictions import ImageResult

DASH = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
MINUS = "\N{MINUS SIGN}"


def percent(score: float) -> str:
    """A probability 0..1 with one decimal; never rounded to certainty, such as ``>99.9 %``."""
    if score != score:
        return DASH
    if 0 < score < 0.0005:
        return "<0.1 %"
    if 0.9995 <= score < 1:
        return ">99.9 %"
    return f"{100 * score:.1f} %"


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
    return PurePath(path).name or path


def device(info: DeviceInfo) -> str:
    """What a person calls a device."""
    return "CPU" if info.id == "cpu" else info.name or info.id


def device_of(device_id: str, info: ClassifierInfo | None) -> str:
    """What a person calls the device with this id."""
    if info is not None and info.device.id == device_id:
        return device(info.device)
    return "CPU" if device_id == "cpu" else device_id


def answer(result: ImageResult) -> str:
    """One line: the best class and its score, or what went wrong."""
    if result.prediction is not None:
        best = result.prediction.top(1)[0]
        return f"{isolated(best.title)}, {percent(best.score)}"
    return result.error.what if result.error is not None else ""


def scores(result: ImageResult, k: int) -> str:
    """For the clipboard: the best ``k`` classes, one a line, name and percentage parted by a tab."""
    if result.prediction is None:
        return str(result.error or "")
    return "\n".join(f"{best.title}\t{percent(best.score)}" for best in result.prediction.top(k))
