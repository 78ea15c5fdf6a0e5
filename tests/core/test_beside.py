"""A second model is measured beside the one in use, which stays as it is, whatever becomes of the second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import torch
from PIL import Image
from torchvision.models import get_model
from torchvision.transforms.functional import to_tensor

from core import engine as engine_module
from core.comparing import compare_evaluations
from core.descriptions import ClassifierInfo, ModelSpec
from core.engine import Engine
from core.errors import Cancelled, DataError, UsageError, WeightsError
from core.evaluations import Evaluation
from core.images import Decoder, ImageSource
from core.jobs import Context, Emitted, JobEvent, Steps
from core.labelled import Alignment, EvaluationRequest, LabelledData
from core.predictions import ImageResult
from core.preprocessing import PRESETS
from tests.core.making import run_steps, write_photo

FIRST, SECOND = ("cat", "dog", "bird"), ("dog", "bird", "cat")
ARCHITECTURE = "shufflenet_v2_x0_5"


class Bench:
    """An engine whose jobs run here and now, with two small models and their data."""

    def __init__(self, folder: Path) -> None:
        self.engine = Engine()
        self.events: list[JobEvent] = []
        self.context = Context(1, self.events.append)
        self.data = folder / "data"
        for number in range(24):
            write_photo(self.data / FIRST[number % 3] / f"{number}.png", (64, 64), number)
        self.first, self.second = (_save(folder / f"{names[0]}.pth", names) for names in (FIRST, SECOND))
        self.info = self.run(self.engine.open(self.context, self.first, "cpu"))

    def run(self, steps: Steps) -> object:
        return run_steps(steps)

    @property
    def request(self) -> EvaluationRequest:
        return EvaluationRequest(str(self.data))

    def evaluate(self) -> Evaluation:
        found = self.run(self.engine.evaluate(self.context, self.request, Decoder()))
        assert isinstance(found, Evaluation)
        return found

    def beside(self, spec: ModelSpec, request: EvaluationRequest | None = None) -> Evaluation:
        found = self.run(self.engine.evaluate_other(self.context, spec, "cpu", request or self.request, Decoder()))
        assert isinstance(found, Evaluation)
        return found

    def survey(
        self, spec: ModelSpec, request: EvaluationRequest, names: tuple[str, ...] = FIRST
    ) -> tuple[ClassifierInfo, Alignment]:
        found = self.run(self.engine.survey_other(self.context, spec, "cpu", request, names))
        info, _, alignment = cast("tuple[ClassifierInfo, LabelledData, Alignment]", found)
        return info, alignment

    def answers(self) -> list[list[float]]:
        """What the current classifier says of three photos, which nothing beside it may change."""
        sources = [ImageSource(path.name, path) for path in sorted(self.data.rglob("*.png"))[:3]]
        self.events.clear()
        self.run(self.engine.classify(self.context, sources, Decoder(), 0))
        found = [event.value for event in self.events if isinstance(event, Emitted)]
        results = [each.prediction for each in found if isinstance(each, ImageResult)]
        assert all(each is not None and each.labels == FIRST for each in results)
        return [list(each.probabilities) for each in results if each is not None]

    def rows_answered(self) -> int:
        return sum(isinstance(event, Emitted) and isinstance(event.value, tuple) for event in self.events)


def _save(path: Path, names: tuple[str, ...]) -> ModelSpec:
    torch.manual_seed(ord(path.name[0]))  # pyright: ignore[reportUnknownMemberType]
    state = get_model(ARCHITECTURE, weights=None, num_classes=len(names)).state_dict()
    # So that the classes are told apart at all.
    state["fc.weight"] = 5 * torch.randn(state["fc.weight"].shape)
    torch.save({"state_dict": state, "class_to_idx": {name: index for index, name in enumerate(names)}}, path)
    return ModelSpec("file", str(path), preprocessing=PRESETS["none"])


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    bench = Bench(tmp_path)
    yield bench
    bench.engine.close()


def test_a_second_model_answers_as_the_plain_network_does(bench: Bench) -> None:
    before, first = bench.answers(), bench.evaluate()
    second = bench.beside(bench.second)
    network = get_model(ARCHITECTURE, weights=None, num_classes=3).eval()
    network.load_state_dict(torch.load(bench.second.weights, weights_only=True)["state_dict"])
    for row in range(second.count):
        path = second.source(row).path
        assert path is not None
        with torch.inference_mode(), Image.open(path) as image:
            expected = torch.softmax(network(to_tensor(image.convert("RGB"))[None]), dim=1)[0]
        assert second.scores[row] == pytest.approx(expected.numpy(), abs=1e-5)
    assert second.labels == SECOND
    compared = compare_evaluations(first, second)
    assert len(compared.rows) == 24
    said = [[each.labels[int(each.scores[row].argmax())] for row in range(24)] for each in (first, second)]
    true = [first.data.images[row].labels[0] for row in range(24)]
    only = [row for row in range(24) if said[1][row] == true[row] != said[0][row]]
    assert only
    assert sorted(compared.places("only_second").tolist()) == only
    assert bench.answers() == before
    assert bench.evaluate().provenance == first.provenance


def test_the_current_model_can_be_dressed_afterwards(bench: Bench) -> None:
    bench.beside(bench.second)
    names = ("Katze", "Hund", "Vogel")
    info = bench.run(bench.engine.dress(bench.context, replace(bench.first, names=names), "cpu", None, Decoder()))
    assert isinstance(info, ClassifierInfo)
    assert (info.labels, info.checkpoint.file) == (names, bench.first.weights)


def test_what_fails_changes_nothing(bench: Bench, tmp_path: Path) -> None:
    before = bench.answers()
    with pytest.raises(WeightsError):
        bench.beside(ModelSpec("file", str(tmp_path / "no.pth")))
    (tmp_path / "teapots" / "teapot").mkdir(parents=True)
    write_photo(tmp_path / "teapots" / "teapot" / "a.png", (32, 32))
    with pytest.raises(DataError, match="cannot be measured"):
        bench.beside(bench.second, EvaluationRequest(str(tmp_path / "teapots")))
    assert bench.answers() == before


def test_what_is_cancelled_changes_nothing_and_goes_on_later(bench: Bench) -> None:
    before = bench.answers()
    bench.events.clear()
    steps = bench.engine.evaluate_other(
        bench.context, bench.second, "cpu", replace(bench.request, batch_size=4), Decoder()
    )
    while bench.rows_answered() < 9:
        awaited = next(steps)
        if awaited is not None:
            awaited.exception(timeout=20)
    with pytest.raises(Cancelled):
        steps.throw(Cancelled())
    done = bench.rows_answered() - 1
    assert bench.answers() == before
    bench.events.clear()
    assert bench.beside(bench.second).count == 24
    # One event has the data and its alignment.
    assert bench.rows_answered() - 1 == 24 - done
    assert bench.answers() == before


def test_the_same_network_in_another_dress(bench: Bench) -> None:
    before = bench.answers()
    other = bench.beside(replace(bench.first, preprocessing=PRESETS["half"]))
    assert other.provenance.preprocessing == PRESETS["half"]
    assert bench.answers() == before


def test_a_full_memory_keeps_the_current_one(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    before = bench.answers()
    monkeypatch.setattr(engine_module, "_KEPT_BYTES", 0)
    assert bench.beside(bench.second).labels == SECOND
    assert bench.answers() == before
    names = ("x", "y", "z")
    info = bench.run(bench.engine.dress(bench.context, replace(bench.first, names=names), "cpu", None, Decoder()))
    assert isinstance(info, ClassifierInfo)
    assert info.checkpoint.file == bench.first.weights


def test_choices_are_by_the_first_models_numbers(bench: Bench) -> None:
    (bench.data / "kitty").mkdir()
    write_photo(bench.data / "kitty" / "a.png", (64, 64))
    request = replace(bench.request, chosen=(("kitty", FIRST.index("cat")), ("cat", FIRST.index("cat"))))
    info, alignment = bench.survey(bench.second, request)
    assert info.labels == SECOND
    assert alignment.indices == {"bird": 1, "cat": 2, "dog": 0, "kitty": 2}
    _, alignment = bench.survey(bench.second, bench.request)
    assert "kitty" not in alignment.indices


def test_there_must_be_one_in_use() -> None:
    engine = Engine()
    context = Context(1, lambda _event: None)
    with pytest.raises(UsageError):
        run_steps(engine.evaluate_other(context, ModelSpec(), "cpu", EvaluationRequest("."), Decoder()))
    engine.close()
