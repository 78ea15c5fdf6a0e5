"""What a training run wrote about its outputs: the kind of task, or the loss that it was trained with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from core.outputs.kinds import KINDS, title

Task = Literal["single", "several", "regression"]
"""One class is right, several labels may be, or there is none: what is said apart from how the network ends."""

_PLACES = ("hyper_parameters", "args", "config", "hparams", "meta")
_TASK_KEYS = ("problem_type", "task", "task_type")
_LOSS_KEY = re.compile(r"(train(ing)?_)?(criterion|loss|objective)(_?(fn|func|function|name|type|cls|class))?")
_INSIDE = ("type", "name", "_target_", "class_path", "class_name")
_LONGEST = 200

_TASKS: Mapping[str, Task] = {
    "singlelabelclassification": "single",
    "multiclass": "single",
    "multiclassclassification": "single",
    "binary": "single",
    "binaryclassification": "single",
    "multilabelclassification": "several",
    "multilabel": "several",
    "regression": "regression",
}

_LOSSES: tuple[tuple[Task, re.Pattern[str]], ...] = (
    (
        "regression",
        re.compile(
            r"(r?mse|mae|l1|l2|smoothl1|huber|logcosh|gaussiannll|poissonnll)(loss)?|meansquarederror|meanabsoluteerror"
        ),
    ),
    (
        "several",
        re.compile(r"(bce|bcewithlogits?|binarycrossentropy(withlogits)?|multilabel(soft)?margin|asymmetric)(loss)?"),
    ),
    ("single", re.compile(r"(ce|nll|xent|multimargin|((soft(target)?|labelsmoothing)?crossentropy))(loss)?")),
)


@dataclass(frozen=True, slots=True)
class Said:
    """What something says of a network's outputs.

    Attributes:
        what: a kind, or one of ``single``, ``several`` and ``regression``.
        by: who says it and how, such as ``config.json: problem_type``.
    """

    what: str
    by: str


def said_beside(file: str, config: Mapping[str, object], labels: int) -> Said | None:
    """What a configuration beside the weights says: Whatsit's own the very kind, Hugging Face's a problem type.

    With one label Hugging Face's pipelines take the sigmoid (``ImageClassificationPipeline.postprocess``), unless
    the problem type is regression.

    Args:
        file: its name.
        config: what is in it.
        labels: how many it speaks of; 0 where it does not.
    """
    kind = _mapping(config.get("whatsit")).get("activation")
    if isinstance(kind, str) and kind in KINDS:
        return Said(kind, f"{file}: {title(kind)}")
    problem = config.get("problem_type")
    if isinstance(problem, str) and (meant := _task(problem)) is not None:
        return Said(meant, f"{file}: problem_type {problem}")
    is_hugging_face = "num_labels" in config or "id2label" in config
    return Said("binary", f"{file}: one label") if is_hugging_face and labels == 1 else None


def said_in(metadata: Mapping[str, object], left_out: Iterable[str] = ()) -> Said | None:
    """What a checkpoint says: a task, else a loss.

    A loss is told by its usual names, in PyTorch's spelling or short (``BCEWithLogitsLoss()``, ``mse``).

    Args:
        metadata: small plain values that were saved beside the tensors.
        left_out: names of tensors that are not the network's: only a binary cross-entropy has a ``pos_weight``.
    """
    places = [metadata, *(_mapping(metadata.get(name)) for name in _PLACES)]
    for place in places:
        for key in _TASK_KEYS:
            value = place.get(key)
            found = _task(value) if isinstance(value, str) else None
            if found is not None:
                return Said(found, f"the weights file: {key} {value}")
    for place in places:
        for key, text in _losses(place):
            found = _task_of_loss(text)
            if found is not None:
                return Said(found, f"the weights file: {key} {_short(text)}")
    weighted = next((name for name in left_out if name.rpartition(".")[2] == "pos_weight"), "")
    return Said("several", f"the weights file: {weighted}, which a binary cross-entropy has") if weighted else None


def _task(text: str) -> Task | None:
    """The task that a word such as ``multi_label_classification`` names."""
    return _TASKS.get(re.sub(r"[\W_]", "", text.lower()))


def _losses(place: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for key, value in place.items():
        if not _LOSS_KEY.fullmatch(key.lower()):
            continue
        inside = _mapping(value)
        for text in (value, *(inside.get(name) for name in _INSIDE)):
            if isinstance(text, str) and len(text) <= _LONGEST:
                yield key, text


def _task_of_loss(text: str) -> Task | None:
    """The task of the loss that a text names; ``None`` where it names none, or several that disagree."""
    words = [word.replace("_", "").lower() for word in re.findall(r"[A-Za-z]\w*", text)]
    found: set[Task] = {name for word in words for name, pattern in _LOSSES if pattern.fullmatch(word)}
    return found.pop() if len(found) == 1 else None


def _short(text: str) -> str:
    """``<class 'torch.nn.modules.loss.MSELoss'>`` without all but the name."""
    words = re.findall(r"[A-Za-z]\w*", text)
    return words[-1] if words and ("." in text or "(" in text) else text


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}
