"""A batch is answered as torch would answer it, however little memory there is."""

from __future__ import annotations

import time

import pytest
import torch
from torch import Tensor, nn

from core.classifier import Classifier
from core.descriptions import DeviceInfo
from core.errors import DeviceError, MatchError
from core.predictions import Prediction
from tests.core.making import classifier_info


class MeanColour(nn.Module):
    """Scores an image by its mean colour; may be made to run out of memory."""

    def __init__(self, most: int = 1000, cramped: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))
        self.most = most
        self.cramped = cramped
        self.batches: list[int] = []

    def forward(self, images: Tensor) -> Tensor:
        self.batches.append(len(images))
        if self.cramped or len(images) > self.most:
            raise RuntimeError("MPS backend out of memory (MPS allocated: 9.05 GB)")
        return images.mean(dim=(2, 3)) * self.weight * 4

    def to(self, device: str) -> MeanColour:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The CPU has room."""
        self.cramped = self.cramped and device != "cpu"
        return super().to(device)


def answer(classifier: Classifier, batch: Tensor) -> list[Prediction]:
    answers = classifier.predict(batch, [0.0] * len(batch), time.perf_counter)
    predictions = [found for found in answers if isinstance(found, Prediction)]
    assert len(predictions) == len(batch)
    return predictions


def test_scores_are_the_softmax_of_the_outputs() -> None:
    batch = torch.rand(5, 3, 4, 4)
    predictions = answer(Classifier(MeanColour().eval(), classifier_info()), batch)
    expected = torch.softmax(batch.mean(dim=(2, 3)) * 4, dim=1)
    for prediction, row in zip(predictions, expected, strict=True):
        assert list(prediction.probabilities) == pytest.approx([float(score) for score in row], abs=1e-7)
        best = prediction.top(1)[0]
        assert (best.index, best.label) == (int(row.argmax()), ("red", "green", "blue")[int(row.argmax())])


def test_the_scores_of_an_image_are_the_mean_of_those_of_its_views() -> None:
    batch = torch.rand(4, 10, 3, 4, 4)
    network = MeanColour(most=15)
    classifier = Classifier(network, classifier_info())
    predictions = answer(classifier, batch)
    outputs = batch.mean(dim=(3, 4)) * 4
    expected = torch.softmax(outputs, dim=2).mean(1)
    for prediction, row in zip(predictions, expected, strict=True):
        assert list(prediction.probabilities) == pytest.approx([float(score) for score in row], abs=1e-6)
    # The mean of probabilities, which is another one than that of the outputs.
    assert (expected - torch.softmax(outputs.mean(1), dim=1)).abs().max() > 1e-4
    # A full memory counts views: 40, 20 and then 10 of them.
    assert (classifier.seat.batch_limit, max(network.batches[-4:])) == (10, 10)


def test_an_image_one_view_of_which_has_no_answer_has_none() -> None:
    batch = torch.rand(2, 5, 3, 4, 4)
    batch[1, 3] = float("inf")
    answers = Classifier(MeanColour(), classifier_info()).predict(batch, [0.0] * 2, time.perf_counter)
    assert [isinstance(found, Prediction) for found in answers] == [True, False]


def test_the_time_of_a_prediction_is_its_preparation_and_its_share_of_the_pass() -> None:
    ticks = iter([10.0, 12.0])
    classifier = Classifier(MeanColour(), classifier_info())
    answers = classifier.predict(torch.rand(2, 3, 4, 4), [0.5, 0.25], lambda: next(ticks))
    assert [found.elapsed_s for found in answers if isinstance(found, Prediction)] == [1.5, 1.25]


def test_a_full_memory_makes_batches_smaller_and_changes_no_score() -> None:
    batch = torch.rand(8, 3, 4, 4)
    network = MeanColour(most=3)
    classifier = Classifier(network, classifier_info())
    expected = answer(Classifier(MeanColour(), classifier_info()), batch)
    found = answer(classifier, batch)
    assert [list(p.probabilities) for p in found] == [list(p.probabilities) for p in expected]
    assert classifier.seat.batch_limit == 2
    assert max(network.batches[-4:]) == 2
    network.batches.clear()
    answer(classifier, batch)
    assert network.batches == [2, 2, 2, 2]


def test_a_device_too_small_for_one_image_gives_way_to_the_cpu() -> None:
    network = MeanColour(cramped=True)
    classifier = Classifier(network, classifier_info(device="cpu:0"))
    predictions = answer(classifier, torch.rand(3, 3, 4, 4))
    assert classifier.info.device == DeviceInfo("cpu", "CPU")
    assert {prediction.provenance.device for prediction in predictions} == {"cpu"}


def test_a_full_device_is_asked_to_make_room_before_anything_is_made_smaller() -> None:
    network = MeanColour(most=3)
    classifier = Classifier(network, classifier_info())
    asked: list[str] = []

    def make_room(device: str) -> bool:
        asked.append(device)
        network.most = 8
        return len(asked) == 1

    classifier.seat.make_room = make_room
    answer(classifier, torch.rand(8, 3, 4, 4))
    assert asked == ["cpu"]
    assert (network.batches, classifier.seat.batch_limit) == ([8, 8], 0)


def test_a_network_that_finds_no_place_is_moved_again_once_there_is_room() -> None:
    class Moving(MeanColour):
        def to(self, device: str) -> MeanColour:
            if device == "cpu:0" and self.cramped:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
            return self

    target = DeviceInfo("cpu:0", "Example")
    with pytest.raises(DeviceError, match="does not fit into the memory of Example"):
        Classifier(Moving(cramped=True), classifier_info()).move(target)
    network = Moving(cramped=True)
    classifier = Classifier(network, classifier_info())

    def make_room(device: str) -> bool:
        network.cramped = False
        return device == "cpu:0"

    classifier.seat.make_room = make_room
    classifier.move(target)
    assert classifier.info.device == target


def test_a_cpu_too_small_for_one_image_says_so() -> None:
    class Hungry(MeanColour):
        def forward(self, images: Tensor) -> Tensor:
            raise RuntimeError(f"not enough memory: you tried to allocate {len(images)} TB")

    with pytest.raises(DeviceError, match="not enough memory to answer even one image"):
        answer(Classifier(Hungry(), classifier_info()), torch.rand(2, 3, 4, 4))


def test_only_the_image_whose_outputs_are_not_numbers_has_no_answer() -> None:
    batch = torch.rand(3, 3, 4, 4)
    batch[1, 0, 0, 0] = float("nan")
    answers = Classifier(MeanColour(), classifier_info()).predict(batch, [0.0] * 3, time.perf_counter)
    assert [isinstance(found, Prediction) for found in answers] == [True, False, True]
    assert "not numbers" in str(answers[1])


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (nn.Flatten(), "no list of class scores"),
        (nn.Sequential(nn.Flatten(), nn.Linear(7, 3)), "does not take an input of 4 x 4 pixels with 3 channel"),
        (nn.Conv2d(1, 3, 1), r"It takes one channel: choose grey .*--channels grey"),
    ],
)
def test_a_network_that_does_not_fit_its_input_or_its_labels_is_refused(network: nn.Module, words: str) -> None:
    with pytest.raises(MatchError, match=words):
        answer(Classifier(network, classifier_info()), torch.rand(2, 3, 4, 4))


def test_rows_are_answered_and_refused_as_rows() -> None:
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]
    network = nn.Linear(784, 3).eval()
    batch = torch.rand(2, 784)
    predictions = answer(Classifier(network, classifier_info()), batch)
    with torch.inference_mode():
        expected = torch.softmax(network(batch), dim=1)
    assert [list(each.probabilities) for each in predictions] == [pytest.approx(list(row)) for row in expected.numpy()]
    with pytest.raises(MatchError, match="does not take an input of 100 numbers in a row"):
        answer(Classifier(network, classifier_info()), torch.rand(2, 100))


def test_a_bug_in_a_network_is_no_full_memory() -> None:
    class Broken(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            raise KeyError(len(images))

    with pytest.raises(KeyError):
        answer(Classifier(Broken(), classifier_info()), torch.rand(2, 3, 4, 4))


def test_a_prediction_carries_what_it_depends_on() -> None:
    info = classifier_info()
    provenance = answer(Classifier(MeanColour(), info), torch.rand(1, 3, 4, 4))[0].provenance
    assert (provenance.weights, provenance.sha256) == (info.checkpoint.file, info.checkpoint.sha256)
    assert (provenance.architecture, provenance.preprocessing) == (info.architecture, info.preprocessing)
    assert provenance.version
