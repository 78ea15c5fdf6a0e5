"""The colours and the font of pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace

SYSTEM_FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif"


@dataclass(frozen=True, slots=True)
class Palette:
    """What a picture is coloured with; any colour of SVG, so ``var(--text)`` follows the page that it is in.

    Attributes:
        window: behind everything; empty draws no ground.
        line, track: hairlines; the empty part of a bar.
        text, muted: what counts; what is quiet.
        accent: what is right, and all that is no mistake.
        error: mistakes.
        font: families, as CSS has them.
    """

    window: str
    line: str
    track: str
    text: str
    muted: str
    accent: str
    error: str
    font: str = SYSTEM_FONT


LIGHT = Palette("#f8f8f6", "#e2e2de", "#e4e5e8", "#1b1c1f", "#64666c", "#3b57d6", "#b3261e")
"""The window's colours in daylight."""
DARK = Palette("#17181b", "#2f3136", "#303339", "#f1f1f2", "#9ea1a8", "#8fa4ff", "#ff8f85")
"""The window's colours at night."""
PAPER = replace(LIGHT, window="#ffffff")
"""Of pictures in files, which are put on white pages."""
