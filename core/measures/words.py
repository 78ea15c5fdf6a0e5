"""What each measure is called, and what it says, for a person who has not met it before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """One measure in words.

    Attributes:
        title: what it is called.
        meaning: one or two sentences.
        share: whether it is shown in percent.
    """

    title: str
    meaning: str
    share: bool = False


METRICS: Mapping[str, Metric] = {
    "accuracy": Metric("Accuracy", "The share of images that are answered rightly.", True),
    "exact_match": Metric("Exact match", "The share of images of which every label is right.", True),
    "hamming_loss": Metric("Hamming loss", "The share of all yes-or-no answers that are wrong. Lower is better.", True),
    "balanced_accuracy": Metric(
        "Balanced accuracy", "Accuracy as if each class had as many images: the mean of the recalls.", True
    ),
    "accuracy_restricted": Metric(
        "Accuracy among these classes", "As if the model could only say the classes that the data has.", True
    ),
    "precision_macro": Metric(
        "Precision, macro", "When it says a class, how often that is right. Mean over classes.", True
    ),
    "recall_macro": Metric("Recall, macro", "How many images of a class it finds. Mean over classes.", True),
    "f1_macro": Metric(
        "F1, macro", "Precision and recall in one number, their harmonic mean. Mean over classes.", True
    ),
    "precision_weighted": Metric("Precision, weighted", "Precision; classes count as they have images.", True),
    "recall_weighted": Metric("Recall, weighted", "Recall; classes count as they have images.", True),
    "f1_weighted": Metric("F1, weighted", "F1; classes count as they have images.", True),
    "precision_micro": Metric("Precision, micro", "Precision over all answers, whatever their class.", True),
    "recall_micro": Metric("Recall, micro", "Recall over all answers, whatever their class.", True),
    "f1_micro": Metric("F1, micro", "F1 over all answers, whatever their class.", True),
    "roc_auc_macro_ovr": Metric(
        "ROC AUC, macro",
        "How well scores put a class's images before all others: 1 always, 0.5 as by chance. Mean over classes.",
    ),
    "average_precision_macro": Metric(
        "Average precision, macro", "The area under the curve of precision over recall, 0 to 1. Mean over classes."
    ),
    "log_loss": Metric("Log loss", "How surprised the model is by the truth: 0 is perfect, sure mistakes cost most."),
    "ece": Metric(
        "Calibration error (ECE)",
        "How far its certainty is from how often it is right. At 5 %, answers of 90 % are right 85 to 95 times in 100.",
        True,
    ),
    "brier": Metric("Brier score", "The squared distance of the scores from the truth: 0 is perfect, 2 the worst."),
    "r2": Metric("R²", "How much of the variation is explained: 1 all, 0 no more than the mean does."),
    "rmse": Metric("RMSE", "The root of the mean squared error, in the units of the values; large errors count most."),
    "mae": Metric("Mean absolute error", "How far off a value is in the mean, in the units of the values."),
    "mse": Metric("Mean squared error", "RMSE squared."),
}
_TOP = re.compile(r"top_(\d+)_accuracy")
_NUMBERS = {"1": "one", "2": "two", "3": "three", "4": "four", "5": "five"}


def metric(name: str) -> Metric:
    """In words; one that is not known here by its own name."""
    if found := _TOP.fullmatch(name):
        most = _NUMBERS.get(found[1], found[1])
        return Metric(f"Top-{found[1]} accuracy", f"How often the true class is among the {most} best.", True)
    return METRICS.get(name, Metric(name.replace("_", " "), ""))
