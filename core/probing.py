"""Finds out how a model's training pictures were prepared: tries recipes on labelled images, and ranks them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from core.classifier import Classifier
from core.descriptions import ClassifierInfo
from core.errors import DataError, WhatsitError
from core.images import DecodedImage, Decoder
from core.labelled import Alignment, LabelledData, LabelledImage, align
from core.measures.library import Floats, Indices, paired_t_test, sign_test
from core.predictions import Prediction
from core.preprocessing import Preprocessing
from core.probes import OWN, Probe, Recipe, Tried, details, scales, shapes, unlike
from core.tensors import to_tensor

Progress = Callable[[int, int, str], None]

MOST_IMAGES = 120
"""More than a handful tells little more, and every recipe is tried on all of them."""
_FIRST_IMAGES = 40
_KEPT = 8
_CHANCE = 0.05
_FAR = 0.001
_MATERIAL = 0.02
"""By how much the true class's probability, in the geometric mean, must differ to count."""
_BATCH = 16


@dataclass(frozen=True)
class _Outcome:
    """How the model did with one recipe, an image each; the first images only, where it was given up."""

    recipe: Recipe
    right: Indices
    answers: Indices
    likelihood: Floats

    @property
    def order(self) -> tuple[int, float]:
        """The better, the larger."""
        return int(self.right.sum()), float(self.likelihood.mean())


def choose_images(data: LabelledData, alignment: Alignment, most: int = MOST_IMAGES) -> tuple[LabelledImage, ...]:
    """Images of the model's classes, as many of each as there is room for.

    Raises:
        DataError: no label is one of the model's classes.
    """
    if not alignment.indices:
        raise DataError(
            "The images cannot be used to find the preprocessing.",
            alignment.problem,
            "Use folders that are named as the model's classes are.",
        )
    by_class: dict[int, list[LabelledImage]] = {}
    for image in data.images:
        index = alignment.indices.get(image.labels[0], -1) if len(image.labels) == 1 else -1
        if index >= 0:
            by_class.setdefault(index, []).append(image)
    each = max(1, most // max(1, len(by_class)))
    spread = [images[:: max(1, len(images) // each)][:each] for images in by_class.values()]
    # One of each class in turn, so that the first few show many classes.
    turns = [image for turn in range(each) for images in spread for image in images[turn : turn + 1]]
    return tuple(turns[:most])


class Probing:
    """Tries recipes for one classifier on the same images; steps of a job."""

    def __init__(
        self, classifier: Classifier, decoder: Decoder, progress: Progress, own: Preprocessing | None = None
    ) -> None:
        """Args: own: how the model's files, or what is usual for it, have images prepared."""
        self._classifier = classifier
        self._own = own
        self._decoder = decoder
        self._progress = progress
        self._images: list[DecodedImage] = []
        self._truth: Indices = np.zeros(0, np.int64)
        self._skipped: list[tuple[str, str]] = []
        self._done = self._total = 0

    def run(self, data: LabelledData) -> Generator[None, None, Probe]:
        """Try recipes on some of the images; every yield is between two batches.

        First every scale with the resizing in use, and every resizing with the scale in use, on some of the images;
        the same again around the best of these; then the few that lead on all; last the details of the best.

        Raises:
            DataError: no label is one of the model's classes, or none of the images can be read; or the model gives
                values, not classes.
        """
        info = self._classifier.info
        if info.activation == "regression":
            raise DataError(
                "The model gives values, not classes.",
                "How well a preparation does is told by classes that are answered rightly.",
                "Choose the preprocessing that the weights were trained with.",
            )
        alignment = align(data, info.labels)
        yield from self._load(choose_images(data, alignment), alignment)
        base, few = info.preprocessing, min(_FIRST_IMAGES, len(self._truth))
        brought = [Recipe(OWN, self._own)] if self._own is not None else []
        first = unlike([Recipe("as it is now", base), *brought, *scales(base), *self._shapes(info, base)])
        self._total = len(first) * few
        tried = yield from self._try_all(first, few, give_up=True)
        # A scale is best judged with the right shape, and a shape with the right scale: so once more around the best.
        lead = max(tried, key=lambda one: one.order).recipe
        around = [*scales(lead.preprocessing), *self._shapes(info, lead.preprocessing)]
        fresh = [one for one in unlike(around) if one.preprocessing not in _values(tried)]
        fresh = [Recipe(_spelled(one, lead), one.preprocessing) for one in fresh]
        self._total += len(fresh) * few
        tried += yield from self._try_all(fresh, few, give_up=True)
        kept = _not_far_behind(tried)
        second = unlike([Recipe("as it is now", base), *(one.recipe for one in kept[:_KEPT])])
        self._total += len(second) * len(self._truth)
        finals = yield from self._try_all(second, len(self._truth))
        best = max(finals, key=lambda one: one.order).recipe
        last = [one for one in _named(best, details(best.preprocessing)) if one.preprocessing not in _values(finals)]
        self._total += len(last) * len(self._truth)
        finals += yield from self._try_all(last, len(self._truth))
        return self._ranked(finals, dropped=len(tried) - len(kept[:_KEPT]))

    def _shapes(self, info: ClassifierInfo, base: Preprocessing) -> tuple[Recipe, ...]:
        match = next((one for one in info.matches if one.architecture == info.architecture), None)
        high, wide = base.crop or base.size
        fixed = match.input_size if match is not None else 0
        if high != wide:
            return ()
        return shapes(base, fixed or high, any_size=not fixed)

    def _load(self, images: Sequence[LabelledImage], alignment: Alignment) -> Generator[None, None, None]:
        truth: list[int] = []
        for number, image in enumerate(images):
            self._progress(number, len(images), "Reading the images")
            try:
                self._images.append(self._decoder.decode(image.source))
            except WhatsitError as error:
                self._skipped.append((image.source.name, str(error)))
            else:
                truth.append(alignment.indices[image.labels[0]])
            yield
        if not truth:
            raise DataError("None of the images can be read.", self._skipped[0][1], "Choose other images.")
        self._truth = np.asarray(truth, np.int64)

    def _try_all(
        self, recipes: Sequence[Recipe], count: int, *, give_up: bool = False
    ) -> Generator[None, None, list[_Outcome]]:
        found: list[_Outcome] = []
        for recipe in recipes:
            lead = max(found, key=lambda one: one.order, default=None) if give_up else None
            outcome = yield from self._try(recipe, count, lead)
            if outcome is not None:
                found.append(outcome)
        return found

    def _try(self, recipe: Recipe, count: int, lead: _Outcome | None) -> Generator[None, None, _Outcome | None]:
        """How the model does with a recipe; ``None`` where it does not take what the recipe makes.

        It is given up as soon as it is far behind another: large images take most of the time, and seldom lead.
        """
        shares: list[Prediction] = []
        for start in range(0, count, _BATCH):
            part = self._images[start : min(start + _BATCH, count)]
            try:
                tensors = [to_tensor(image, recipe.preprocessing) for image in part]
                answers = self._answers(tensors)
            except WhatsitError:
                # Not every network takes every size: that recipe is not how it was trained.
                self._done += count - start
                return None
            if answers is None:
                self._done += count - start
                return None
            shares += answers
            self._done += len(part)
            self._progress(self._done, self._total, f"Trying {recipe.name}")
            yield
            if lead is not None and len(shares) < count and _chance(lead, self._outcome(recipe, shares)) < _FAR:
                self._done += count - len(shares)
                break
        return self._outcome(recipe, shares)

    def _outcome(self, recipe: Recipe, shares: Sequence[Prediction]) -> _Outcome:
        rows = np.asarray([prediction.probabilities for prediction in shares], np.float64)
        truth = self._truth[: len(shares)]
        best = rows.argmax(axis=1)
        own = np.maximum(rows[np.arange(len(shares)), truth], np.finfo(np.float32).tiny)
        return _Outcome(recipe, (best == truth).astype(np.int64), best, np.log(own))

    def _answers(self, tensors: list[torch.Tensor]) -> list[Prediction] | None:
        answers: list[Prediction] = []
        same = len({tensor.shape for tensor in tensors}) == 1
        for batch in [tensors] if same else [[tensor] for tensor in tensors]:
            for answer in self._classifier.predict(torch.stack(batch), [0.0] * len(batch), lambda: 0.0):
                if isinstance(answer, WhatsitError):
                    return None
                answers.append(answer)
        return answers

    def _ranked(self, outcomes: list[_Outcome], dropped: int) -> Probe:
        order = sorted(outcomes, key=lambda one: one.order, reverse=True)
        best = order[0]
        tried = tuple(
            Tried(
                name=one.recipe.name,
                preprocessing=one.recipe.preprocessing,
                right=int(one.right.sum()),
                likelihood=float(one.likelihood.mean()),
                differs=int((one.answers != best.answers).sum()),
                chance=_chance(best, one),
            )
            for one in order
        )
        ties = next((place for place, one in enumerate(tried) if one.chance < _CHANCE), len(tried))
        return Probe(len(self._truth), tried, ties, dropped, tuple(self._skipped), len(set(self._truth.tolist())))


def _chance(best: _Outcome, other: _Outcome) -> float:
    """How likely two recipes of one quality are as far apart, by images that one alone gets right and by confidence.

    The smaller of two tests' values, doubled as two were made (Bonferroni).
    """
    if best is other:
        return 1.0
    count = min(len(best.right), len(other.right))
    of_best, of_other = best.likelihood[:count], other.likelihood[:count]
    by = of_best - of_other
    only_best = int((best.right[:count] > other.right[:count]).sum())
    only_other = int((best.right[:count] < other.right[:count]).sum())
    counted = sign_test(only_other, only_best + only_other) if only_best + only_other else 1.0
    # A little more confidence is no sign: inputs on a larger scale give it to many networks.
    apart = abs(np.exp(of_best.mean()) - np.exp(of_other.mean())) >= _MATERIAL
    sure = paired_t_test(of_other, of_best) if apart and len(by) > 1 and np.ptp(by) > 0 else 1.0
    return min(1.0, 2 * min(counted, sure))


def _not_far_behind(outcomes: list[_Outcome]) -> list[_Outcome]:
    """Those that may still be the best, best first."""
    order = sorted(outcomes, key=lambda one: one.order, reverse=True)
    return [one for one in order if _chance(order[0], one) >= _FAR] or order[:1]


def _spelled(recipe: Recipe, lead: Recipe) -> str:
    """A name that says both: what is changed, and of what."""
    return recipe.name if lead.name.startswith("as ") else f"{recipe.name}, {lead.name}"


def _named(best: Recipe, changed: Sequence[Recipe]) -> list[Recipe]:
    return [Recipe(f"{best.name}, {one.name}", one.preprocessing) for one in changed]


def _values(outcomes: Sequence[_Outcome]) -> set[Preprocessing]:
    return {one.recipe.preprocessing for one in outcomes}
