"""Shapes and words as SVG, and what each place of a picture stands for."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from html import escape as _escape

from core.plots.palette import Palette
from core.showing import isolated, printable
from core.showing import width as _columns

_COLUMN = 0.58
"""Width of one column of text, in parts of its size; a little more than most fonts have."""
_MARKS = ("\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}")


@dataclass(frozen=True, slots=True)
class Cell:
    """Images of some classes that were taken for some classes; an empty tuple stands for all."""

    true: tuple[int, ...] = ()
    predicted: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class OfClass:
    """One class's measure: ``precision``, ``recall`` or ``f1``; empty for the class as a whole."""

    index: int
    measure: str = ""


@dataclass(frozen=True, slots=True)
class Between:
    """Images whose number is above ``low`` and at most ``high``; right, wrong or (``None``) all of them."""

    low: float
    high: float
    right: bool | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """A point of a class's curve: images with at least this score; ``index`` -1 is the mean of all classes."""

    index: int
    score: float


@dataclass(frozen=True, slots=True)
class Row:
    """One image, by its row."""

    row: int


Stands = Cell | OfClass | Between | Threshold | Row


@dataclass(frozen=True, slots=True)
class HitArea:
    """A place in a picture.

    Attributes:
        x, y, width, height: in the picture's units, from its top left corner.
        stands: what it stands for.
        text: the same in words.
    """

    x: float
    y: float
    width: float
    height: float
    stands: Stands
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and its places.

    Attributes:
        title: what it shows.
        svg: a document; no links, no scripts, nothing from outside.
        width, height: in its own units, pixels at 100 %.
        areas: what can be clicked; of two that overlap the later one counts.
    """

    title: str
    svg: str = field(repr=False)
    width: float
    height: float
    areas: tuple[HitArea, ...] = field(repr=False)

    def at(self, x: float, y: float) -> HitArea | None:
        """What is at a place, in the picture's units."""
        inside = (a for a in reversed(self.areas) if a.x <= x < a.x + a.width and a.y <= y < a.y + a.height)
        return next(inside, None)


class Canvas:
    """Collects what a picture is made of; units are pixels at 100 %."""

    def __init__(self, width: float, height: float, palette: Palette, title: str) -> None:
        self.width, self.height = width, height
        self.palette = palette
        self._title = title
        self._parts: list[str] = []
        self._areas: list[HitArea] = []

    def rect(
        self, x: float, y: float, width: float, height: float, fill: str, *, opacity: float = 1, title: str = ""
    ) -> None:
        """A filled rectangle; its ``title`` shows where the pointer rests."""
        self._add("rect", f'x="{n(x)}" y="{n(y)}" width="{n(width)}" height="{n(height)}"', fill, opacity, title)

    def dot(self, x: float, y: float, radius: float, fill: str, *, opacity: float = 1, title: str = "") -> None:
        """A filled circle."""
        self._add("circle", f'cx="{n(x)}" cy="{n(y)}" r="{n(radius)}"', fill, opacity, title)

    def line(
        self, x1: float, y1: float, x2: float, y2: float, stroke: str, *, width: float = 1, dash: str = ""
    ) -> None:
        """A straight line."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(
            f'<line x1="{n(x1)}" y1="{n(y1)}" x2="{n(x2)}" y2="{n(y2)}" stroke="{stroke}" '
            f'stroke-width="{n(width)}"{dashed}/>'
        )

    def curve(
        self, points: list[tuple[float, float]], stroke: str, *, width: float = 2, dash: str = "", title: str = ""
    ) -> None:
        """Straight lines from point to point."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        places = " ".join(f"{n(x)},{n(y)}" for x, y in points)
        self._parts.append(
            f'<polyline fill="none" stroke="{stroke}" stroke-width="{n(width)}" stroke-linejoin="round"{dashed} '
            f'points="{places}"><title>{safe(title)}</title></polyline>'
        )

    def cells(
        self, x: float, y: float, side: float, runs: list[tuple[int, int, int]], stroke: str, alpha: float
    ) -> None:
        """Many squares of one colour in one path: (row, column, how many) in a grid of squares ``side`` wide."""
        path = "".join(f"M{column} {row + 0.5:g}h{count}" for row, column, count in runs)
        self._parts.append(
            f'<path transform="translate({n(x)} {n(y)}) scale({side:.5g})" stroke="{stroke}" '
            f'stroke-opacity="{n(alpha)}" stroke-width="1" fill="none" d="{path}"/>'
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 12,
        anchor: str = "start",
        fill: str = "",
        bold: bool = False,
        turn: int = 0,
        most: float = 0,
    ) -> None:
        """Words on a base line.

        Args:
            x, y: where the base line begins, has its middle, or ends, as ``anchor`` says.
            text: any text.
            size: of the font.
            anchor: ``start``, ``middle`` or ``end``.
            fill: colour; the palette's ``text`` if not given.
            bold: whether it stands out.
            turn: degrees, clockwise.
            most: how wide it may be; a longer one is cut, and told in full where the pointer rests.
        """
        shown = cut(text, most, size) if most else text
        whole = f"<title>{safe(text)}</title>" if most and shown != printable(text) else ""
        turned = f' transform="rotate({turn} {n(x)} {n(y)})"' if turn else ""
        weight = ' font-weight="600"' if bold else ""
        self._parts.append(
            f'<text x="{n(x)}" y="{n(y)}" font-size="{n(size)}" text-anchor="{anchor}" '
            f'fill="{fill or self.palette.text}"{weight}{turned}>{safe(shown)}{whole}</text>'
        )

    def hit(self, x: float, y: float, width: float, height: float, stands: Stands, text: str) -> None:
        """Say what a place stands for; names in the text come from ``named``."""
        self._areas.append(HitArea(x, y, width, height, stands, text))

    def picture(self) -> Picture:
        """What was drawn."""
        ground = self.palette.window
        behind = f'<rect width="{n(self.width)}" height="{n(self.height)}" fill="{ground}"/>' if ground else ""
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{n(self.width)}" height="{n(self.height)}" '
            f'viewBox="0 0 {n(self.width)} {n(self.height)}" role="img" aria-label="{safe(self._title)}" '
            f'font-family="{safe(self.palette.font)}"><title>{safe(self._title)}</title>{behind}'
            f"{''.join(self._parts)}</svg>"
        )
        return Picture(printable(self._title), svg, self.width, self.height, tuple(self._areas))

    def _add(self, kind: str, place: str, fill: str, opacity: float, title: str) -> None:
        faint = f' fill-opacity="{n(opacity)}"' if opacity < 1 else ""
        end = f"><title>{safe(title)}</title></{kind}>" if title else "/>"
        self._parts.append(f'<{kind} {place} fill="{fill}"{faint}{end}')


def n(number: float) -> str:
    """A number, short: a hundredth of a pixel is enough."""
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def safe(text: str) -> str:
    """Any text as XML and HTML can hold it: no markup, no control characters, nothing that turns a line round.

    The marks that ``named`` puts around a name stay: what they hold together ends with its own element at the latest.
    """
    return _escape("".join(c if c in _MARKS else _harmless(c) for c in text))


def _harmless(character: str) -> str:
    unknown = unicodedata.category(character) == "Cn"
    return "\N{REPLACEMENT CHARACTER}" if unknown else printable(character)


def named(text: str) -> str:
    """A name for use inside a sentence."""
    return isolated(printable(text))


def wide(text: str, size: float) -> float:
    """About how wide a text is."""
    return _columns(text) * _COLUMN * size


def cut(text: str, most: float, size: float) -> str:
    """A text that is about ``most`` wide; what is left out is in its middle, as names often differ at their ends."""
    text = printable(text)
    if wide(text, size) <= most:
        return text
    room = most / (_COLUMN * size) - 1
    end = _fitting(text[::-1], room * 0.4)[::-1]
    start = _fitting(text, room - _columns(end))
    return f"{start.rstrip()}…{end.lstrip()}"


def _fitting(text: str, columns: float) -> str:
    """As much of a text, from its start, as fits."""
    taken = 0
    for place, character in enumerate(text):
        taken += _columns(character)
        if taken > columns:
            return text[:place]
    return text
