"""Text from files and people as Python: quoted, wrapped, and safe in comments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from core.errors import shown

WIDTH = 112
INDENT = "    "


def quoted(text: str) -> str:
    """A text as a Python literal in double quotes where that is easy to read; whatever is in it."""
    literal = repr(text)
    return f'"{literal[1:-1]}"' if literal[0] == "'" and '"' not in literal and "\\'" not in literal else literal


def remark(text: str, longest: int = 150) -> str:
    """A text for a comment, a docstring or a heading: one line, and nothing that would end these."""
    return shown(text, longest).replace("\\", "/").replace('"""', "'''").replace("`", "'")


def numbers(values: Iterable[float]) -> str:
    """Such as ``[0.485, 0.456, 0.406]``."""
    return f"[{', '.join(repr(float(value)) for value in values)}]"


def named_list(name: str, items: Sequence[str]) -> list[str]:
    """Lines that give a name a list, as many items a line as fit."""
    whole = f"{name} = [{', '.join(items)}]"
    if len(whole) <= WIDTH:
        return [whole]
    return [f"{name} = [", *(f"{INDENT}{line}" for line in _filled(items)), "]"]


def _filled(items: Iterable[str]) -> Iterator[str]:
    line = ""
    for item in items:
        if line and len(line) + len(item) + 2 > WIDTH - len(INDENT):
            yield line
            line = ""
        line += f"{' ' if line else ''}{item},"
    if line:
        yield line


def indented(lines: Iterable[str]) -> list[str]:
    """Lines one step further to the right; empty ones stay empty."""
    return [f"{INDENT}{line}" if line else "" for line in lines]
