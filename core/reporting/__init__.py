"""An evaluation as one HTML file to hand on, and as a table of predictions."""

from core.reporting.comparison import save_comparison, step_written
from core.reporting.page import save_report, to_html
from core.reporting.table import save_predictions

__all__ = ["save_comparison", "save_predictions", "save_report", "step_written", "to_html"]
