"""Values of a probe: which recipe a model seems to have been trained with, by how well it does on labelled images."""

from __future__ import annotations

from dataclasses import dataclass

from core.preprocessing import Preprocessing

OWN = "as the model brings it"
"""Name of the recipe that the model's own files give."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One recipe and how the model did with it.

    Attributes:
        name: what is special about it.
        preprocessing: its values.
        right: how many images were answered rightly.
        likelihood: mean natural logarithm of the true class's probability; the nearer to 0 the better.
        differs: on how many images its answer is another than the best recipe's.
        chance: how likely it is that a recipe of the same quality is as far behind as this one, 0..1; 1 for the best.
    """

    name: str
    preprocessing: Preprocessing
    right: int
    likelihood: float
    differs: int
    chance: float


@dataclass(frozen=True, slots=True)
class Probe:
    """What a probe found.

    Attributes:
        images: on how many images every recipe was tried.
        tried: all recipes that were tried on all of them, best first.
        ties: how many of the first cannot be told apart by so few images; 1 where the best stands alone.
        dropped: how many recipes were given up early, being far behind.
        skipped: images that could not be used, each with its reason.
        classes: how many of the model's classes the images show.
    """

    images: int
    tried: tuple[Tried, ...]
    ties: int
    dropped: int
    skipped: tuple[tuple[str, str], ...]
    classes: int

    def verdict(self) -> str:
        """One sentence or two for a person, which claim no more than so few images show."""
        best = self.tried[0]
        score = f"{best.right} of {self.images} images are answered rightly with {best.name}"
        if self.ties > 1:
            others = self.ties - 1
            rest = f"{others} other{'s' if others > 1 else ''}"
            own = any(one.name == OWN for one in self.tried[1 : self.ties])
            more = "What the model brings is among them." if own else "More images tell more."
            return f"{score}; with so few images {rest} cannot be told from it. {more}"
        return f"{score}, and clearly fewer, or with less confidence, with all others."
