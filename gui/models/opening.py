"""A model on its way, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from gui.widgets import wording

if TYPE_CHECKING:
    from core.descriptions import ModelSpec


@dataclass(frozen=True, slots=True)
class Opening:
    """A model on its way.

    Attributes:
        spec: which.
        text: what the worker says it does; empty at first.
        done, total: how far that is; ``total`` is 0 where nobody knows.
    """

    spec: ModelSpec
    text: str = ""
    done: int = 0
    total: int = 0

    def words(self, *, first: bool) -> str:
        """What is said of it.

        Args:
            first: whether there is no other model yet.
        """
        if self.spec.kind == "builtin" and first:
            return "Getting the built-in model ready …"
        name = PurePath(self.spec.weights).name if self.spec.kind == "file" else self.spec.weights
        name = name or "The built-in model"
        text = self.text if name in self.text else f"{name}: {(self.text or 'opening').lower()}"
        text = text.replace(name, wording.shortened(name))
        if self.total > 1_000_000:
            return f"{text}: {wording.size(self.done)} of {wording.size(self.total)}"
        return f"{text} …"
