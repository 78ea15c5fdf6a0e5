"""Names in any script on a screen that is read from left to right, and numbers with their nouns."""

from __future__ import annotations

import unicodedata

_RIGHT_TO_LEFT = ("R", "AL", "RLE", "RLO", "RLI")
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the order of what follows: from a file, they could make a line say something else."""
_MARK = "\N{LEFT-TO-RIGHT MARK}"
_START, _END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"


def printable(text: str) -> str:
    """Text of a file on one line: what a terminal would obey, and what would turn a line round, is replaced."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in _OVERRIDES else c
        for c in text
    )


def width(text: str) -> int:
    """Columns that a text takes in a terminal: two for wide characters, none for combining ones.

    After Unicode's own tables (UAX 11); of a sequence joined to one emoji, each part is counted.
    """
    return sum(_columns(character) for character in text)


def padded(text: str, columns: int) -> str:
    """Text with blanks after it, so many columns wide in a terminal; a longer one is left as it is.

    A name that is written from right to left stays in its place: without the marks around it, a terminal would
    take the number after it for a part of it, and show it on its left.
    """
    marked = f"{_MARK}{text}{_MARK}" if is_right_to_left(text) else text
    return marked + " " * max(0, columns - width(text))


def isolated(text: str) -> str:
    """A name for use inside a sentence: one that is written from right to left does not turn what is around it."""
    return f"{_START}{text}{_END}" if is_right_to_left(text) else text


def is_right_to_left(text: str) -> bool:
    """Whether any part of it is written from right to left."""
    return any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text)


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf") or unicodedata.combining(character):
        return 0
    if "\u1160" <= character <= "\u11ff":
        # Vowels and finals of Hangul stand inside the syllable that a leading consonant began.
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def counted(count: int, noun: str) -> str:
    """A number with its noun, such as ``1 tensor`` and ``1,000 tensors``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
