"""An evaluation as one HTML file to hand on, and as a table of predictions."""

from core.reporting.page import save_report, to_html
from core.reporting.table import save_left_out, save_predictions

__all__ = ["save_left_out", "save_predictions", "save_report", "to_html"]
