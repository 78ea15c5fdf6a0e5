"""What the page is made of: sections and tables."""

from __future__ import annotations

from collections.abc import Sequence

from core.plots.canvas import safe

_OPEN = 40


def section(title: str, body: str, caption: str = "") -> str:
    """A part of the page under a title, with a quiet line below it.  Args: body: HTML, as it is."""
    told = f'<p class="quiet">{safe(caption)}</p>' if caption else ""
    return f"<section><h2>{safe(title)}</h2>{told}{body}</section>\n"


def table_of(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table; columns in ``numbers`` stand to the right."""

    def line(cells: Sequence[str], tag: str) -> str:
        made = (
            f"<{tag}{' class=n' if place in numbers else ''}><bdi>{safe(cell)}</bdi></{tag}>"
            for place, cell in enumerate(cells)
        )
        return f"<tr>{''.join(made)}</tr>"

    body = "".join(line(row, "td") for row in rows)
    return f'<div class="wide"><table><thead>{line(head, "th")}</thead><tbody>{body}</tbody></table></div>'


def folded(table: str, count: int, what: str) -> str:
    """A long table opens on a click."""
    if count <= _OPEN:
        return table
    return f"<details><summary>All {count:,} {safe(what)}</summary>{table}</details>"
