"""An evaluation as one HTML file to hand on, as pictures, and as a table of predictions."""

from core.reporting.comparison import save_comparison, step_written
from core.reporting.page import save_report, to_html
from core.reporting.pictures import save_pictures
from core.reporting.table import save_left_out, save_predictions

__all__ = [
    "save_comparison",
    "save_left_out",
    "save_pictures",
    "save_predictions",
    "save_report",
    "step_written",
    "to_html",
]
