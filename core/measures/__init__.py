"""How good predictions are: numbers from scores and truths, by scikit-learn's definitions.

Nothing here knows what a network or an image is.
"""

from core.measures.classification import ClassMeasures, Measures, image_losses, measure_classes
from core.measures.comparison import Change, Comparison, compare, compare_values
from core.measures.curves import Bin, Curve, pr_curve, reliability, roc_curve
from core.measures.labels import measure_several
from core.measures.values import measure_values
from core.measures.verdicts import Verdict, chance, p_words, verdict

__all__ = [
    "Bin",
    "Change",
    "ClassMeasures",
    "Comparison",
    "Curve",
    "Measures",
    "Verdict",
    "chance",
    "compare",
    "compare_values",
    "image_losses",
    "measure_classes",
    "measure_several",
    "measure_values",
    "p_words",
    "pr_curve",
    "reliability",
    "roc_curve",
    "verdict",
]
