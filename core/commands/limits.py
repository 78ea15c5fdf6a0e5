"""What ``--fail-under`` asks of an evaluation, for training projects that test themselves."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.descriptions import ClassifierInfo
from core.errors import UsageError
from core.labelled import wanted_by

if TYPE_CHECKING:
    # It brings scikit-learn along, which no other command needs.
    from core.evaluations import Evaluation

_LOWER_IS_BETTER = frozenset({"log_loss", "ece", "brier", "mse", "rmse", "mae", "hamming_loss"})
_OF_VALUES = ("mse", "rmse", "mae", "r2")
_ANY_SIZE = frozenset({"log_loss", "mse", "rmse", "mae", "r2"})
_AVERAGES = tuple(f"{name}_{way}" for name in ("precision", "recall", "f1") for way in ("macro", "weighted", "micro"))
_OF_CLASSES = (
    *("accuracy", "balanced_accuracy", "accuracy_restricted", "top_5_accuracy", *_AVERAGES, "roc_auc_macro_ovr"),
    *("average_precision_macro", "log_loss", "ece", "brier"),
)
_OF_LABELS = ("exact_match", "hamming_loss", *_AVERAGES, "roc_auc_macro_ovr", "average_precision_macro")
_TOP = re.compile(r"top_[1-9]\d*_accuracy")


@dataclass(frozen=True, slots=True)
class Limit:
    """One metric and the worst that it may be."""

    metric: str
    bound: float

    def missed(self, evaluation: Evaluation) -> str:
        """What to say where the metric is worse than it must be, or undefined; empty where it is not."""
        values = evaluation.measures.values
        name = self.metric
        if name == "accuracy_restricted" and "accuracy" in values and name not in values:
            # All classes occur in the data: nothing is restricted.
            name = "accuracy"
        if name not in values:
            raise _unknown(self.metric, tuple(values))
        value = values[name]
        lower = name in _LOWER_IS_BETTER
        if value is not None and (value <= self.bound if lower else value >= self.bound):
            return ""
        shown = "undefined" if value is None else f"{value:.6g}"
        return f"{self.metric} is {shown}, and must be {'at most' if lower else 'at least'} {self.bound:g}."


def read_limit(text: str) -> Limit:
    """``METRIC=VALUE``; a share may be written in per cent.

    Raises:
        UsageError: it is something else, or a value that the metric never has.
    """
    name, equals, written = text.partition("=")
    share = written.strip().endswith("%")
    try:
        value = float(written.strip().removesuffix("%")) / (100 if share else 1)
    except ValueError:
        value = math.nan
    if not equals or not math.isfinite(value):
        raise UsageError(
            f"--fail-under {text!r} is not understood.", "It is no METRIC=VALUE.", "Write such as accuracy=0.9."
        )
    name = name.strip()
    known = {*_OF_VALUES, *_OF_CLASSES, *_OF_LABELS}
    if name not in known and not _TOP.fullmatch(name):
        raise _unknown(name, (*_OF_CLASSES, *_OF_LABELS[:2], *_OF_VALUES))
    most = 2 if name == "brier" else 1
    if name not in _ANY_SIZE and not 0 <= value <= most:
        raise UsageError(
            f"--fail-under {text!r} can never be met, or never be missed.",
            f"{name} is between 0 and {most}.",
            "Write such as accuracy=0.9, or accuracy=90%.",
        )
    return Limit(name, value)


def check_limits(limits: Sequence[Limit], info: ClassifierInfo) -> None:
    """Say before the work that a metric is none of the model's.

    Raises:
        UsageError: it is one of values, and the model gives classes, or the other way round.
    """
    gives = "values" if wanted_by(info) == "values" else "classes"
    for limit in limits:
        if (limit.metric in _OF_VALUES) != (gives == "values"):
            named = _OF_VALUES if gives == "values" else (*_OF_CLASSES, *_OF_LABELS[:2])
            raise UsageError(
                f"--fail-under {limit.metric} does not fit {info.name}.",
                f"The model gives {gives}.",
                f"Name one of {', '.join(named)}.",
            )


def _unknown(name: str, known: Sequence[str]) -> UsageError:
    return UsageError(f"There is no metric {name!r}.", f"There are {', '.join(known)}.", "Name one of those.")
