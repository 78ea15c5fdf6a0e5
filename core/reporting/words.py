"""What a person calls each measure, and how its numbers are written."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from core.measures.intervals import Interval
from core.plots.axes import as_number, percent

TITLES: Mapping[str, tuple[str, str]] = {
    "accuracy": ("Accuracy", "share of the images that are answered rightly"),
    "balanced_accuracy": ("Balanced accuracy", "mean recall: each class counts the same"),
    "accuracy_restricted": ("Accuracy, restricted", "if only classes that occur in the data may be answered"),
    "precision_macro": ("Precision, macro", "share of what is said to be of a class that is; mean over classes"),
    "precision_weighted": ("Precision, weighted", "the same, classes weighted by their images"),
    "precision_micro": ("Precision, micro", "the same, over all answers together"),
    "recall_macro": ("Recall, macro", "share of a class's images that are found; mean over classes"),
    "recall_weighted": ("Recall, weighted", "the same, classes weighted by their images"),
    "recall_micro": ("Recall, micro", "the same, over all images together"),
    "f1_macro": ("F1, macro", "harmonic mean of precision and recall; mean over classes"),
    "f1_weighted": ("F1, weighted", "the same, classes weighted by their images"),
    "f1_micro": ("F1, micro", "the same, over all images together"),
    "roc_auc_macro_ovr": ("ROC AUC, macro", "one class against the rest; 0.5 is guessing"),
    "average_precision_macro": ("Average precision, macro", "area below the precision-recall curve, in steps"),
    "log_loss": ("Log loss", "minus the logarithm of the true class's score; smaller is better"),
    "ece": ("Calibration error (ECE)", "how far confidence and accuracy are apart, in 15 bins; smaller is better"),
    "brier": ("Brier score", "squared error of the scores, 0 to 2; smaller is better"),
    "exact_match": ("Exact match", "share of the images with all labels right, and none too many"),
    "hamming_loss": ("Hamming loss", "share of all single labels that are wrong; smaller is better"),
    "mse": ("Mean squared error", "smaller is better"),
    "rmse": ("Root mean squared error", "in the values' own unit; smaller is better"),
    "mae": ("Mean absolute error", "in the values' own unit; smaller is better"),
    "r2": ("R²", "share of the variance that is explained; 1 is perfect"),
}
"""Title and meaning by name of the measure."""

HEADLINES = ("accuracy", "balanced_accuracy", "f1_macro", "exact_match", "rmse", "mae", "r2")
"""Measures that are told first, in large type; up to three of them."""

_SHARES = ("accuracy", "precision", "recall", "f1", "exact", "hamming", "top_", "balanced", "ece")


_TOP = re.compile(r"top_(\d+)_accuracy")


def title_of(name: str) -> str:
    """What a person calls a measure."""
    return _told(name)[0]


def meaning_of(name: str) -> str:
    """What a measure says."""
    return _told(name)[1]


def _told(name: str) -> tuple[str, str]:
    if found := _TOP.fullmatch(name):
        return f"Top-{found[1]} accuracy", f"the true class is among the best {found[1]}"
    return TITLES.get(name, (name, ""))


def written(name: str, value: float | None) -> str:
    """A measure's value; shares in per cent."""
    if value is None or not math.isfinite(value):
        return "undefined"
    if name.startswith(_SHARES):
        return percent(value, 1)
    return f"{value:.4f}" if abs(value) < 10 else as_number(value)


def between(name: str, interval: Interval | None) -> str:
    """A 95 % interval; empty where there is none."""
    if interval is None or not all(map(math.isfinite, interval)):
        return ""
    low, high = (written(name, end) for end in interval)
    return f"{low} to {high}"
