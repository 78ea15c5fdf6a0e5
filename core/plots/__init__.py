"""Pictures of measures as SVG, and what each place in them stands for.

Pure functions of numbers, names and colours: no window, no files, nothing from outside.
"""

from core.plots.bars import class_bars, worst_and_best
from core.plots.canvas import Between, Cell, HitArea, OfClass, Picture, Row, Stands, Threshold
from core.plots.confusion import ClassOrder, class_order, confused_pairs, confusion_matrix, name_key
from core.plots.curves import NamedCurve, mean_curve, pr_curves, roc_curves
from core.plots.histograms import error_histogram, reliability_diagram, score_histogram
from core.plots.palette import DARK, LIGHT, PAPER, Palette
from core.plots.scatter import value_scatter

__all__ = [
    "DARK",
    "LIGHT",
    "PAPER",
    "Between",
    "Cell",
    "ClassOrder",
    "HitArea",
    "NamedCurve",
    "OfClass",
    "Palette",
    "Picture",
    "Row",
    "Stands",
    "Threshold",
    "class_bars",
    "class_order",
    "confused_pairs",
    "confusion_matrix",
    "error_histogram",
    "mean_curve",
    "name_key",
    "pr_curves",
    "reliability_diagram",
    "roc_curves",
    "score_histogram",
    "value_scatter",
    "worst_and_best",
]
