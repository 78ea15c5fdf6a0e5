"""What a person can choose from, and how it is searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a list.

    Attributes:
        key: what the picker's signal carries; empty for a section's heading.
        title: what a person reads.
        detail: quieter, beside it.
        current: whether this is what is chosen now.
    """

    key: str
    title: str
    detail: str = ""
    current: bool = False

    @property
    def heading(self) -> bool:
        """Whether this only parts the list."""
        return not self.key


def filtered(choices: Sequence[Choice], text: str) -> list[Choice]:
    """The choices that hold every word of a search, under those headings that still have any.

    Underscores and blanks count as nothing, so that ``resnet 50`` and ``resnet_50`` find ``resnet50``.
    """
    words = [_bare(word) for word in text.split()]
    found: list[Choice] = []
    heading: Choice | None = None
    for choice in choices:
        if choice.heading:
            heading = choice
        elif all(word in _bare(choice.title + choice.detail) for word in words):
            if heading is not None:
                found.append(heading)
                heading = None
            found.append(choice)
    return found


def _bare(text: str) -> str:
    return text.casefold().replace("_", "").replace(" ", "").replace("-", "")
