"""How an evaluation goes while it runs: which answers are wrong so far, and how far values are off."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from core.labelled import Alignment, LabelledData, scored
from gui.evaluation.gallery import Shown
from gui.evaluation.list_words import labels_shown, value_shown
from gui.widgets import wording

if TYPE_CHECKING:
    from core.predictions import ImageResult


class Judge:
    """Knows what is true of each row.

    Attributes:
        count: how many rows were judged.
        right: how many of them were right; of values, none are.
        off: how far values are off in the mean.
    """

    def __init__(self, data: LabelledData, alignment: Alignment, names: tuple[str, ...]) -> None:
        self._data, self._indices, self._names = data, alignment.indices, names
        self._places = scored(data, alignment)
        self.count = self.right = 0
        self.off = 0.0

    @property
    def are_values(self) -> bool:
        """Whether there is no right or wrong, but more or less."""
        return self._data.kind == "values"

    def judge(self, row: int, result: ImageResult) -> Shown | None:
        """Count an answer in; what to show of a wrong one, and of any value."""
        found, image = result.prediction, self._data.images[self._places[row]]
        if found is None:
            return None
        self.count += 1
        if image.value is not None:
            said = found.values[0]
            if math.isfinite(said):
                self.off += (abs(said - image.value) - self.off) / self.count
            return value_shown(result.source, image.value, said)
        true = [self._indices[label] for label in image.labels if label in self._indices]
        if self._data.kind == "several":
            given = found.found()
            right = {each.index for each in given} == set(true)
            names = tuple(self._names[index] for index in true)
            first = f"{wording.percent(given[0].score)} {given[0].title}" if given else "no label"
            shown = labels_shown(result.source, first, tuple(each.title for each in given), names, right)
        else:
            best = found.top(1)[0]
            right = best.index == true[0]
            shown = Shown(result.source, self._names[true[0]], best.title, best.score, right=right)
        self.right += right
        return None if right else shown
