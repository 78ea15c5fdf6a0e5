"""Opening a model: what is chosen, where it comes from, and that a failure changes nothing."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.models import get_model
from torchvision.transforms.functional import to_tensor

from core import engine as engine_module
from core import opening
from core.catalogue import PretrainedEntry, imagenet_labels, pretrained
from core.checkpoints import Checkpoint
from core.classifier import Classifier
from core.descriptions import ClassifierInfo, DeviceInfo, ModelSpec, Notice
from core.engine import Engine
from core.errors import DeviceError, LabelsError, MatchError, UsageError, WeightsError, WhatsitError
from core.images import Decoder, ImageSource
from core.jobs import Context, Emitted, JobEvent, Steps
from core.predictions import ImageResult, Prediction
from core.preprocessing import PRESETS, Preprocessing
from core.trust import Consent
from tests.core.making import classifier_info, run_steps, write_image, write_photo

SMALL = "shufflenet_v2_x0_5"


class Room:
    """An engine whose jobs run here and now."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.events: list[JobEvent] = []
        self.context = Context(1, self.events.append)

    def run(self, steps: Steps) -> object:
        return run_steps(steps)

    def open(self, spec: ModelSpec, device: str = "cpu") -> ClassifierInfo:
        info = self.run(self.engine.open(self.context, spec, device))
        assert isinstance(info, ClassifierInfo)
        return info

    def classify(self, *paths: Path) -> list[ImageResult]:
        self.events.clear()
        sources = [ImageSource(path.name, path) for path in paths]
        self.run(self.engine.classify(self.context, sources, Decoder(), 0))
        return [value for value in self.emitted() if isinstance(value, ImageResult)]

    def dress(self, spec: ModelSpec, photo: Path | None) -> tuple[ClassifierInfo, ImageResult | None]:
        self.events.clear()
        source = ImageSource(photo.name, photo) if photo is not None else None
        info = self.run(self.engine.dress(self.context, spec, "cpu", source, Decoder()))
        assert isinstance(info, ClassifierInfo)
        return info, next((value for value in self.emitted() if isinstance(value, ImageResult)), None)

    def emitted(self) -> list[object]:
        return [event.value for event in self.events if isinstance(event, Emitted)]


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room()
    yield room
    room.engine.close()


def save(path: Path, classes: int = 7, architecture: str = SMALL, **beside: object) -> Path:
    """A weights file with random weights, bare or in a checkpoint."""
    state = get_model(architecture, weights=None, num_classes=classes).state_dict()
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": state, **beside} if beside else state, path)
    return path


def spec_of(path: Path) -> ModelSpec:
    return ModelSpec(kind="file", weights=str(path))


def test_a_bare_file_is_opened_with_what_its_tensors_tell(room: Room, tmp_path: Path) -> None:
    info = room.open(spec_of(save(tmp_path / "mine.pth")))
    assert (info.architecture, info.name) == (SMALL, "mine.pth")
    assert info.labels == tuple("0123456")
    assert "no names" in info.labels_source
    assert "assumed" in info.preprocessing_source
    assert info.preprocessing == PRESETS["imagenet"]
    assert info.matches[0].architecture == SMALL
    assert info.checkpoint.sha256 == hashlib.sha256((tmp_path / "mine.pth").read_bytes()).hexdigest()
    assert info.modified_ns == (tmp_path / "mine.pth").stat().st_mtime_ns


def test_an_answer_is_that_of_the_plain_network(room: Room, tmp_path: Path) -> None:
    path = save(tmp_path / "mine.pth")
    photo = write_photo(tmp_path / "photo.png", (224, 224))
    room.open(replace(spec_of(path), preprocessing=PRESETS["none"]))
    result = room.classify(photo)[0]
    network = get_model(SMALL, weights=None, num_classes=7).eval()
    network.load_state_dict(torch.load(path, weights_only=True))
    with torch.inference_mode(), Image.open(photo) as image:
        expected = torch.softmax(network(to_tensor(image)[None]), dim=1)[0]
    assert result.prediction is not None
    assert list(result.prediction.probabilities) == pytest.approx([float(v) for v in expected], abs=1e-5)


def test_class_names_inside_the_file_are_used(room: Room, tmp_path: Path) -> None:
    path = save(tmp_path / "mine.pth", 3, class_to_idx={"cat": 2, "ant": 0, "bee": 1})
    info = room.open(spec_of(path))
    assert info.labels == ("ant", "bee", "cat")
    assert info.labels_source == "the weights file"


def test_class_names_of_another_count_are_not_used_and_that_is_said(room: Room, tmp_path: Path) -> None:
    path = save(tmp_path / "mine.pth", 3, class_to_idx={"ant": 0, "bee": 1})
    info = room.open(spec_of(path))
    assert info.labels == ("0", "1", "2")
    assert any("2" in notice and "3" in notice for notice in info.notices)


def test_a_sidecar_brings_names_and_preprocessing(room: Room, tmp_path: Path) -> None:
    path = save(tmp_path / "model.pth", 2)
    config = {
        "architecture": SMALL,
        "num_classes": 2,
        "label_names": ["day", "night"],
        "pretrained_cfg": {"input_size": [3, 96, 96], "crop_pct": 1.0, "mean": [0.5] * 3, "std": [0.5] * 3},
    }
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    info = room.open(spec_of(path))
    assert (info.labels, info.labels_source) == (("day", "night"), "config.json")
    assert (info.preprocessing.crop, info.preprocessing.mean) == ((96, 96), (0.5, 0.5, 0.5))
    assert info.preprocessing_source == "config.json"


def test_a_chosen_label_file_wins_and_a_wrong_count_is_refused(room: Room, tmp_path: Path) -> None:
    path = save(tmp_path / "mine.pth", 3, class_to_idx={"ant": 0, "bee": 1, "cat": 2})
    names = tmp_path / "names.txt"
    names.write_text("eins\nzwei\ndrei\n", encoding="utf-8")
    info = room.open(replace(spec_of(path), labels=str(names)))
    assert (info.labels, info.labels_source) == (("eins", "zwei", "drei"), "names.txt")
    names.write_text("eins\nzwei\n", encoding="utf-8")
    with pytest.raises(LabelsError, match=r"2.*3|3.*2"):
        room.open(replace(spec_of(path), labels=str(names)))


def test_a_thousand_outputs_are_taken_for_imagenet_and_that_is_said(room: Room, tmp_path: Path) -> None:
    info = room.open(spec_of(save(tmp_path / "mine.pth", 1000)))
    assert info.labels == imagenet_labels()
    assert "assumed" in info.labels_source


def test_a_published_file_is_known_by_its_hash_whatever_it_is_called(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "renamed.pth", 1000)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    second = next(entry for entry in pretrained() if entry.id == "resnet50/IMAGENET1K_V2")
    twin = replace(second, sha256_prefix=digest[:8])

    def publication(checkpoint: Checkpoint) -> PretrainedEntry | None:
        return twin if checkpoint.summary.sha256 == digest else None

    monkeypatch.setattr(opening, "publication", publication)
    info = room.open(spec_of(path))
    assert info.preprocessing == second.preprocessing
    assert "IMAGENET1K_V2" in info.preprocessing_source
    assert "assumed" not in info.labels_source


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"weights": "missing.pth"}, WeightsError),
        ({"architecture": "resnet18"}, MatchError),
        ({"architecture": "resnet_18"}, UsageError),
        ({"labels": "missing.txt"}, LabelsError),
        ({"preprocessing": Preprocessing(channels="grey", mean=(0.5,), std=(0.5,))}, MatchError),
    ],
)
def test_a_failure_leaves_the_last_model_in_use(
    room: Room, tmp_path: Path, change: dict[str, object], error: type[WhatsitError]
) -> None:
    good = room.open(spec_of(save(tmp_path / "good.pth", 3)))
    bad = replace(spec_of(save(tmp_path / "bad.pth", 4)), **change)
    with pytest.raises(error) as caught:
        room.open(bad)
    assert caught.value.what
    assert caught.value.remedy
    result = room.classify(write_image(tmp_path / "a.png"))[0]
    assert result.prediction is not None
    assert len(result.prediction.labels) == 3
    assert result.prediction.provenance.sha256 == good.checkpoint.sha256


def test_a_device_that_is_not_there_is_said(room: Room, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cuda:7"):
        room.open(spec_of(save(tmp_path / "a.pth")), "cuda:7")


def test_a_model_used_a_moment_ago_comes_back_without_reading_its_file(room: Room, tmp_path: Path) -> None:
    first, second = spec_of(save(tmp_path / "a.pth")), spec_of(save(tmp_path / "b.pth"))
    room.open(first)
    room.open(second)
    room.events.clear()
    info = room.open(first)
    assert info.name == "a.pth"
    assert not any("Reading" in str(event) for event in room.events)


def test_a_file_that_changed_is_read_again(room: Room, tmp_path: Path) -> None:
    spec = spec_of(save(tmp_path / "a.pth", 3))
    before = room.open(spec)
    save(tmp_path / "a.pth", 5)
    os.utime(tmp_path / "a.pth", ns=(1, 1))
    after = room.open(spec)
    assert (len(before.labels), len(after.labels)) == (3, 5)


def test_a_file_that_is_written_while_it_is_opened_is_read_again(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_of(save(tmp_path / "a.pth", 3))
    build = engine_module.build_network

    def overwritten(
        context: Context,
        spec: ModelSpec,
        checkpoint: Checkpoint,
        entry: PretrainedEntry | None,
        consents: Sequence[Consent],
    ) -> opening.Assembly:
        monkeypatch.setattr(engine_module, "build_network", build)
        made = build(context, spec, checkpoint, entry, consents)
        assert checkpoint.summary.sha256
        save(tmp_path / "a.pth", 5)
        os.utime(tmp_path / "a.pth", ns=(7, 7))
        return made

    monkeypatch.setattr(engine_module, "build_network", overwritten)
    assert len(room.open(spec).labels) == 3
    assert len(room.open(spec).labels) == 5


def test_names_beside_the_file_that_changed_are_read_again(room: Room, tmp_path: Path) -> None:
    spec = spec_of(save(tmp_path / "a.pth", 2))
    names = tmp_path / "labels.txt"
    names.write_text("eins\nzwei\n", encoding="utf-8")
    assert room.open(spec).labels == ("eins", "zwei")
    names.write_text("drei\nvier\n", encoding="utf-8")
    os.utime(names, ns=(5, 5))
    assert room.open(spec).labels == ("drei", "vier")


def no_building(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on nothing may be read or built."""

    def refuse(*_: object) -> None:
        raise AssertionError("something is read or built")

    for name in ("open_checkpoint", "build_network"):
        monkeypatch.setattr(engine_module, name, refuse)


def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the batches that go through any network from now on."""
    sizes: list[int] = []
    predict = Classifier.predict

    def counted(
        self: Classifier, batch: torch.Tensor, preparation_s: list[float], clock: Callable[[], float]
    ) -> list[Prediction | WhatsitError]:
        sizes.append(len(batch))
        return predict(self, batch, preparation_s, clock)

    monkeypatch.setattr(Classifier, "predict", counted)
    return sizes


def plain_scores(path: Path, photo: Path, mean: float, classes: int) -> list[float]:
    """What a script gets for a photo that is only scaled to 0..1, less a mean."""
    network = get_model(SMALL, weights=None, num_classes=classes).eval()
    network.load_state_dict(torch.load(path, weights_only=True))
    with torch.inference_mode(), Image.open(photo) as image:
        return [float(score) for score in torch.softmax(network(to_tensor(image)[None] - mean), dim=1)[0]]


def test_other_labels_and_preprocessing_build_nothing_anew(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = replace(spec_of(save(tmp_path / "a.pth", 3)), preprocessing=PRESETS["none"])
    other = spec_of(save(tmp_path / "b.pth", 4))
    room.open(spec)
    room.open(other)
    no_building(monkeypatch)
    sizes = passes(monkeypatch)
    # In a folder of its own: beside the weights it would speak of them unasked.
    names = tmp_path / "chosen" / "names.txt"
    names.parent.mkdir()
    names.write_text("eins\nzwei\ndrei\n", encoding="utf-8")
    shifted = replace(PRESETS["none"], mean=(0.25, 0.25, 0.25))
    info = room.open(replace(spec, labels=str(names), preprocessing=shifted))
    assert (info.labels, info.labels_source) == (("eins", "zwei", "drei"), "names.txt")
    assert (info.preprocessing, info.preprocessing_source) == (shifted, "chosen by you")
    assert sizes == []
    assert room.open(replace(spec, preprocessing=None)).preprocessing == PRESETS["imagenet"]
    names.write_text("one\ntwo\nthree\n", encoding="utf-8")
    assert room.open(replace(spec, labels=str(names))).labels == ("one", "two", "three")


def test_a_new_dress_answers_the_photo_as_a_plain_script_does(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "a.pth", 3)
    photo = write_photo(tmp_path / "photo.png", (224, 224))
    spec = replace(spec_of(path), preprocessing=PRESETS["none"])
    room.open(spec)
    no_building(monkeypatch)
    sizes = passes(monkeypatch)
    shifted = replace(PRESETS["none"], mean=(0.25, 0.25, 0.25))
    info, result = room.dress(replace(spec, preprocessing=shifted), photo)
    assert info.preprocessing == shifted
    assert result is not None
    assert result.prediction is not None
    assert result.prediction.provenance.preprocessing == shifted
    assert list(result.prediction.probabilities) == pytest.approx(plain_scores(path, photo, 0.25, 3), abs=1e-5)
    # One pass, and no warming up before it.
    assert sizes == [1]
    again = room.classify(photo)[0]
    assert again.prediction is not None
    assert list(again.prediction.probabilities) == list(result.prediction.probabilities)


@pytest.mark.parametrize("with_photo", [True, False])
def test_a_preprocessing_that_the_network_does_not_take_leaves_the_last_in_use(
    room: Room, tmp_path: Path, with_photo: bool
) -> None:
    path = save(tmp_path / "a.pth", 3)
    photo = write_photo(tmp_path / "photo.png", (224, 224))
    spec = replace(spec_of(path), preprocessing=PRESETS["none"])
    room.open(spec)
    before = room.classify(photo)[0].prediction
    grey = Preprocessing(channels="grey", mean=(0.5,), std=(0.5,))
    with pytest.raises(MatchError, match="1 channel") as caught:
        room.dress(replace(spec, preprocessing=grey), photo if with_photo else None)
    assert caught.value.remedy
    after = room.classify(photo)[0].prediction
    assert before is not None
    assert after is not None
    assert after.provenance.preprocessing == PRESETS["none"]
    assert list(after.probabilities) == list(before.probabilities)


def test_a_photo_that_cannot_be_read_does_not_hold_up_a_new_dress(room: Room, tmp_path: Path) -> None:
    spec = spec_of(save(tmp_path / "a.pth", 3))
    room.open(spec)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    info, result = room.dress(replace(spec, preprocessing=PRESETS["half"]), broken)
    assert info.preprocessing == PRESETS["half"]
    assert result is not None
    assert result.error is not None


def test_a_folder_that_is_being_answered_keeps_the_dress_that_it_began_with(room: Room, tmp_path: Path) -> None:
    spec = replace(spec_of(save(tmp_path / "a.pth", 3)), preprocessing=PRESETS["half"])
    room.open(spec)
    sources = [ImageSource(str(n), write_image(tmp_path / f"{n}.png", (9 * n, 0, 0))) for n in range(3)]
    steps = room.engine.classify(room.context, sources, Decoder(), 1)
    awaited = next(steps)
    assert awaited is not None
    room.dress(replace(spec, preprocessing=PRESETS["imagenet"]), None)
    room.events.clear()
    run_steps(steps)
    results = [value for value in room.emitted() if isinstance(value, ImageResult)]
    used = {result.prediction.provenance.preprocessing for result in results if result.prediction is not None}
    assert (len(results), used) == (3, {PRESETS["half"]})


def test_a_dress_for_another_network_opens_it(room: Room, tmp_path: Path) -> None:
    first, second = spec_of(save(tmp_path / "a.pth", 3)), spec_of(save(tmp_path / "b.pth", 4))
    room.open(first)
    room.open(second)
    info, result = room.dress(replace(first, preprocessing=PRESETS["half"]), write_image(tmp_path / "a.png"))
    assert (info.name, info.preprocessing) == ("a.pth", PRESETS["half"])
    assert result is not None
    assert result.prediction is not None
    assert len(result.prediction.labels) == 3


def on_a_device_that_cannot_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    """``cpu:0`` stands in for a GPU that torch lists and has no kernels for."""
    device = DeviceInfo("cpu:0", "NVIDIA Example")
    predict = Classifier.predict

    def choose(_: str) -> DeviceInfo:
        return device

    def refuse(
        self: Classifier, batch: torch.Tensor, preparation_s: list[float], clock: Callable[[], float]
    ) -> list[Prediction | WhatsitError]:
        if self.info.device == device:
            raise RuntimeError("CUDA error: no kernel image is available for execution on the device")
        return predict(self, batch, preparation_s, clock)

    monkeypatch.setattr(engine_module, "choose_device", choose)
    monkeypatch.setattr(Classifier, "predict", refuse)


def test_a_device_that_cannot_compute_gives_way_to_the_cpu_with_a_notice(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_device_that_cannot_compute(monkeypatch)
    info = room.open(spec_of(save(tmp_path / "a.pth")), "auto")
    assert info.device.id == "cpu"
    assert any("NVIDIA Example" in notice and "no kernel image" in notice for notice in info.notices)


def test_a_chosen_device_that_cannot_compute_is_an_error_with_a_remedy(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_device_that_cannot_compute(monkeypatch)
    with pytest.raises(DeviceError, match="NVIDIA Example cannot compute") as caught:
        room.open(spec_of(save(tmp_path / "a.pth")), "cuda")
    assert "CPU" in caught.value.remedy


def test_published_weights_of_another_hash_are_refused(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = next(found for found in pretrained() if found.architecture == SMALL)
    path = save(tmp_path / "cached.pth", 1000)

    def fetch(*_: object) -> tuple[Path, PretrainedEntry]:
        return path, entry

    monkeypatch.setattr(opening, "fetch_pretrained", fetch)
    with pytest.raises(WeightsError, match="not what torchvision published") as caught:
        room.open(ModelSpec(kind="pretrained", weights=entry.id))
    assert str(path) in caught.value.remedy


def test_models_are_kept_only_as_far_as_memory_is_set_aside(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "_KEPT_BYTES", 4_000_000)
    specs = [spec_of(save(tmp_path / f"{name}.pth")) for name in "abcd"]
    for spec in specs:
        room.open(spec)
    room.events.clear()
    room.open(specs[0])
    assert any("Reading" in str(event) for event in room.events)


def test_models_kept_for_coming_back_to_give_their_memory_to_the_one_in_use(room: Room, tmp_path: Path) -> None:
    """The CPU stands in for a device that is full while more than two classifiers are on it."""
    specs = [spec_of(save(tmp_path / f"{name}.pth")) for name in "abc"]
    for spec in specs:
        room.open(spec)
    current = room.engine._current  # pyright: ignore[reportPrivateUsage]
    assert current is not None
    forward = current._forward  # pyright: ignore[reportPrivateUsage]

    def cramped(part: torch.Tensor) -> torch.Tensor:
        if len(room.engine._kept) > 1:  # pyright: ignore[reportPrivateUsage]
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return forward(part)

    current._forward = cramped  # pyright: ignore[reportPrivateUsage]
    (result,) = room.classify(write_image(tmp_path / "a.png"))
    assert result.prediction is not None
    kept = room.engine._kept  # pyright: ignore[reportPrivateUsage]
    assert [each.classifier for each in kept] == [current]
    assert not [value for value in room.emitted() if isinstance(value, Notice)]


def test_images_need_a_model(room: Room, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No model is open"):
        room.classify(write_image(tmp_path / "a.png"))


def test_a_step_down_in_the_middle_is_said_and_described(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cramped(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            if len(images) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
            return images.mean(dim=(2, 3))

    classifier = Classifier(Cramped(), replace(classifier_info(), device=DeviceInfo("cpu:0", "NVIDIA Example")))
    monkeypatch.setattr(room.engine, "_current", classifier)
    paths = [write_image(tmp_path / f"{number:02}.png") for number in range(30)]
    results = room.classify(*paths)
    assert all(result.prediction is not None for result in results)
    notices = [value.text for value in room.emitted() if isinstance(value, Notice)]
    # Half of what was too much: how many images were ready for that pass is the machine's affair.
    (notice,) = notices
    assert re.fullmatch(r".* ran short of memory, so at most (1 image goes|2 images go) at a time\.", notice)
