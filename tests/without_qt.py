"""For ``pytest -p no:pytest-qt -p tests.without_qt``: the settings of pytest-qt, where that cannot be loaded."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    for name in ("qt_api", "qt_log_level_fail", "qt_log_ignore", "qt_log_extend", "qt_default_raising"):
        parser.addini(name, "")
