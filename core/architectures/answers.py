"""What a network gives for a batch: the rows of numbers among it, or what it is instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from torch import Tensor

from core.errors import MatchError

_NAMES = ("logits", "out", "output", "outputs", "pred", "preds", "prediction", "scores", "cls", "x")
_BOXES = ("boxes", "pred_boxes", "bboxes", "bbox", "masks", "keypoints")
_CLASSIFIER = "Whatsit shows what classifiers say of pictures, and values: choose the weights of such a network."


def outputs_of(
    outputs: object, batch: int, headless: Callable[[int], bool] = bool
) -> tuple[int | str | None, Tensor] | None:
    """The answer among what a network gives, and its index or key (``None`` where there is one output only).

    The answer is the first tensor with a row of numbers for each image; rows may be of the shape (N, K, 1, 1), and
    single numbers (N,).  Where that is features, the first shorter one that is none is the answer.

    Args:
        outputs: what the network gave.
        batch: for how many images.
        headless: whether an answer of so many numbers in all is known to come from no last layer.

    Returns:
        ``None`` if there is none, or if they are the scores of boxes.
    """
    pairs = _named(outputs)
    if any(key in _BOXES for key, _ in pairs):
        return None
    rows = [(key, value) for key, value in pairs if isinstance(value, Tensor) and _is_rows(value, batch)]
    if not rows:
        return None
    first = rows[0]
    if len(rows) > 1 and first[0] not in _NAMES and headless(first[1].numel()):
        shorter = (each for each in rows[1:] if each[1].numel() < first[1].numel() and not headless(each[1].numel()))
        return next(shorter, first)
    return first


def _is_rows(value: Tensor, batch: int) -> bool:
    """Whether a tensor is a row of numbers for each image."""
    if not value.is_floating_point() or value.dim() == 0 or value.shape[0] != batch:
        return False
    return all(side == 1 for side in value.shape[2:]) and (value.dim() < 2 or value.shape[1] > 0)


def rows_of(outputs: object) -> int:
    """How many rows a network gave in all."""
    for _, value in _named(outputs):
        if isinstance(value, Tensor) and value.dim() == 2:
            return value.shape[0]
    return 0


def described(outputs: object, batch: int) -> str:
    """What an answer is that holds no row of numbers for each image, to follow "The network answers with".

    Args:
        outputs: what the network gave.
        batch: for how many images.
    """
    pairs = _named(outputs)
    keys = [str(key) for key, value in pairs if key is not None and value is not None]
    if isinstance(outputs, list | tuple):
        items = cast("Sequence[object]", outputs)
        maps = [cast("Mapping[object, object]", item) for item in items if isinstance(item, Mapping)]
        keys = [str(key) for key in maps[0]] if maps else keys
    if any(key in _BOXES for key in keys):
        return f"detections ({', '.join(keys[:4])}), as an object detector does"
    value = next((value for _, value in pairs if isinstance(value, Tensor)), None)
    if value is None:
        kind: type[object] = type(cast(object, outputs))
        return f"a {kind.__name__}" + (f" of {', '.join(keys[:4])}" if keys else "")
    return _tensor(value, batch)


def no_scores(answer: str) -> MatchError:
    """The error for a network whose answer is none.

    Args:
        answer: see ``described``.
    """
    return MatchError(f"The network answers with {answer}.", "That is no class scores and no values.", _CLASSIFIER)


def _tensor(value: Tensor, batch: int) -> str:
    shape = tuple(value.shape)
    if not value.is_floating_point():
        return "whole numbers, such as the number of the best class: its scores are lost on the way (argmax)"
    if not shape:
        return "a single number for all images together, as a loss is"
    if shape[0] != batch:
        rows, odd = divmod(shape[0], batch)
        if odd or not rows or len(shape) != 2:
            return f"numbers of the shape {shape} for {batch} images"
        return f"{rows} rows of {shape[1]} numbers for one image, as a detector or a network for sequences does"
    if len(shape) == 4:
        kind = f"{shape[1]} {'map' if shape[1] == 1 else 'maps'} of numbers for an image"
        return f"{kind}, as networks for segmentation or new images do, or one whose head is missing"
    if len(shape) == 3:
        return f"{shape[1]} rows of {shape[2]} numbers for one image, as a detector or a network without its head does"
    return f"numbers of the shape {shape} for {batch} images"


def _named(outputs: object) -> list[tuple[int | str | None, object]]:
    if isinstance(outputs, Tensor):
        return [(None, outputs)]
    if isinstance(outputs, Mapping):
        pairs = list(cast("Mapping[object, object]", outputs).items())
        pairs.sort(key=lambda pair: _NAMES.index(str(pair[0])) if str(pair[0]) in _NAMES else len(_NAMES))
        return [(str(key), value) for key, value in pairs]
    if isinstance(outputs, tuple) and hasattr(cast(object, outputs), "logits"):
        return [("logits", cast(Any, outputs).logits)]
    if isinstance(outputs, list | tuple):
        return [(index, value) for index, value in enumerate(cast("Sequence[object]", outputs))]
    return [("logits", getattr(outputs, "logits", None))]
