"""Habits that no linter holds."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
    path.relative_to(ROOT) for folder in ("core", "gui", "resources", "tests") for path in (ROOT / folder).rglob("*.py")
)
MOST_LINES, MOST_LINES_IN_A_FUNCTION = 450, 60


def test_the_files_are_found() -> None:
    assert {Path("core/errors.py"), Path("gui/starting/display.py"), Path("tests/test_house.py")} <= set(FILES)


@pytest.mark.parametrize("path", [*FILES, Path("main.py")], ids=str)
def test_a_file_can_be_read_in_one_go(path: Path) -> None:
    text = (ROOT / path).read_text("utf-8")
    if path.parts[0] != "tests":
        assert text.count("\n") <= MOST_LINES
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= MOST_LINES_IN_A_FUNCTION
    }
    assert long == {}
