"""A saved classifier opens again with nothing to choose, and others can read what lies beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load
from torchvision.models import get_model

from core.descriptions import ClassifierInfo, ModelSpec
from core.engine import Engine
from core.errors import ExportError
from core.images import Decoder, ImageSource
from core.jobs import Context, Emitted, JobEvent
from core.naming import UNNAMED
from core.packing import describe, save_model
from core.predictions import ImageResult
from core.preprocessing import Preprocessing
from core.trust import GivenFor
from tests.core.checkpoints.test_dialects import hugging_vit_of_torchvision
from tests.core.making import run_steps, write_photo

NAMES = ("zebra", "Ant", "bee", "Käfer", "bee")
ODD = Preprocessing(resize="pad", size=(80, 80), crop=(64, 64), interpolation="bicubic", mean=(0.1, 0.2, 0.3))


def opened(engine: Engine, spec: ModelSpec) -> ClassifierInfo:
    info = run_steps(engine.open(Context(1, lambda _: None), spec, "cpu"))
    assert isinstance(info, ClassifierInfo)
    return info


def scores(engine: Engine, photo: Path) -> list[float]:
    events: list[JobEvent] = []
    run_steps(engine.classify(Context(1, events.append), [ImageSource("a", photo)], Decoder(), 1))
    (result,) = [e.value for e in events if isinstance(e, Emitted) and isinstance(e.value, ImageResult)]
    assert result.prediction is not None
    return list(result.prediction.probabilities)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    folder = tmp_path / "from"
    folder.mkdir()
    torch.manual_seed(3)  # pyright: ignore[reportUnknownMemberType]
    state = get_model("squeezenet1_1", weights=None, num_classes=len(NAMES)).state_dict()
    torch.save({"model": state, "epoch": 7}, folder / "run.pth")
    (folder / "names.txt").write_text("\n".join(NAMES), encoding="utf-8")
    return folder / "run.pth"


def test_what_was_saved_opens_alike_with_nothing_chosen(weights: Path, tmp_path: Path) -> None:
    spec = ModelSpec("file", str(weights), labels=str(weights.with_name("names.txt")), preprocessing=ODD)
    photo, engine = write_photo(tmp_path / "a.jpg", (90, 70)), Engine()
    before = opened(engine, spec)
    expected = scores(engine, photo)
    (tmp_path / "to").mkdir()
    paths = run_steps(engine.save(Context(1, lambda _: None), tmp_path / "to" / "mine.pth"))
    assert paths == (tmp_path / "to" / "mine.safetensors", tmp_path / "to" / "config.json")
    after = opened(engine, ModelSpec("file", str(tmp_path / "to" / "mine.safetensors")))
    assert (after.labels, after.preprocessing, after.architecture) == (NAMES, ODD, before.architecture)
    assert (after.labels_source, after.preprocessing_source, after.notices) == ("config.json", "config.json", ())
    assert scores(engine, photo) == expected
    engine.close()


def test_what_was_assumed_stays_assumed_however_often_it_is_saved(weights: Path, tmp_path: Path) -> None:
    engine = Engine()
    first = opened(engine, ModelSpec("file", str(weights)))
    assert first.preprocessing_assumed
    for folder in (tmp_path / "to", tmp_path / "again"):
        folder.mkdir()
        run_steps(engine.save(Context(1, lambda _: None), folder / "mine.safetensors"))
        after = opened(engine, ModelSpec("file", str(folder / "mine.safetensors")))
        assert (after.preprocessing, after.preprocessing_assumed) == (first.preprocessing, True)
        assert after.preprocessing_source == "assumed: as it was when config.json was saved"
    run_steps(engine.dress(Context(1, lambda _: None), replace(after.spec, preprocessing=ODD), "cpu", None, Decoder()))
    run_steps(engine.save(Context(1, lambda _: None), tmp_path / "to" / "mine.safetensors"))
    chosen = opened(engine, ModelSpec("file", str(tmp_path / "to" / "mine.safetensors")))
    assert (chosen.preprocessing, chosen.preprocessing_source) == (ODD, "config.json")
    assert not chosen.preprocessing_assumed
    engine.close()


def info_of(weights: Path) -> ClassifierInfo:
    engine = Engine()
    info = opened(engine, ModelSpec("file", str(weights), labels=str(weights.with_name("names.txt"))))
    engine.close()
    return info


def test_the_config_has_the_fields_that_timm_and_hugging_face_read(weights: Path) -> None:
    info = replace(info_of(weights), architecture="timm/resnet18")
    config = json.loads(json.dumps(describe(info, "a.safetensors")))
    assert config["architecture"] == "resnet18"
    assert config["num_classes"] == 5
    assert config["label_names"] == list(NAMES)
    assert config["id2label"] == {str(index): name for index, name in enumerate(NAMES)}
    # Where a name stands twice, the first index is its own.
    assert config["label2id"] == {"zebra": 0, "Ant": 1, "bee": 2, "Käfer": 3}
    cfg = config["pretrained_cfg"]
    assert cfg["input_size"] == [3, 224, 224]
    assert cfg["crop_pct"] == pytest.approx(224 / 256, abs=1e-5)
    assert (cfg["crop_mode"], cfg["interpolation"]) == ("center", "bilinear")


def test_numbers_in_place_of_names_are_not_saved_as_names(weights: Path) -> None:
    numbers = tuple(str(index) for index in range(5))
    info = replace(info_of(weights), labels=numbers, labels_source=UNNAMED)
    config = describe(info, "a.safetensors")
    assert config.keys().isdisjoint({"label_names", "id2label", "label2id"})
    assert config["num_classes"] == 5


def test_weights_are_stored_small_only_where_nothing_is_lost(weights: Path, tmp_path: Path) -> None:
    info = info_of(weights)
    exact = {"w": torch.rand(3, 4).half().float(), "steps": torch.tensor(70_000)}
    save_model(tmp_path / "exact.safetensors", info, exact)
    stored = load((tmp_path / "exact.safetensors").read_bytes())
    assert (stored["w"].dtype, stored["steps"].dtype) == (torch.float16, torch.int64)
    assert torch.equal(stored["w"].float(), exact["w"])
    fine = {"w": torch.tensor([1 / 3]), "tied": torch.ones(2)}
    fine["again"] = fine["tied"]
    save_model(tmp_path / "fine.safetensors", info, fine)
    again = load((tmp_path / "fine.safetensors").read_bytes())
    assert all(torch.equal(again[name], value) for name, value in fine.items())


def test_another_models_config_is_left_alone(weights: Path, tmp_path: Path) -> None:
    info, tensors = info_of(weights), {"w": torch.ones(1)}
    (tmp_path / "config.json").write_text('{"architecture": "resnet50"}', encoding="utf-8")
    assert save_model(tmp_path / "a.safetensors", info, tensors)[1].name == "a.json"
    assert (tmp_path / "config.json").read_text(encoding="utf-8") == '{"architecture": "resnet50"}'
    folder = tmp_path / "new"
    folder.mkdir()
    assert save_model(folder / "a.safetensors", info, tensors)[1].name == "config.json"
    assert save_model(folder / "a.safetensors", info, tensors)[1].name == "config.json"
    assert save_model(folder / "b.safetensors", info, tensors)[1].name == "b.json"


def test_a_folder_that_is_not_there_is_said(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="folder does not exist"):
        save_model(tmp_path / "nowhere" / "a.safetensors", info_of(weights), {"w": torch.ones(1)})


class TestNetworksOfOnesOwn:
    """Saved with the Python file that makes them; what cannot be told by tensors is not pretended to be."""

    SOURCE = """
from torch import nn
import torch
from layers import Head


class Net(nn.Module):
    def __init__(self, activation, classes=3):
        super().__init__()
        self.act = {"relu": torch.relu, "tanh": torch.tanh}[activation]
        self.conv = nn.Conv2d(3, 6, 3)
        self.head = Head(6, classes)

    def forward(self, x):
        return self.head(self.act(self.conv(x)).mean((2, 3)))
"""
    LAYERS = "from torch import nn\n\n\nclass Head(nn.Linear):\n    pass\n"

    @pytest.fixture
    def own(self, tmp_path: Path) -> Path:
        folder = tmp_path / "from"
        folder.mkdir()
        (folder / "net.py").write_text(self.SOURCE, encoding="utf-8")
        (folder / "layers.py").write_text(self.LAYERS, encoding="utf-8")
        torch.manual_seed(3)  # pyright: ignore[reportUnknownMemberType]
        state = {f"conv.{name}": value for name, value in torch.nn.Conv2d(3, 6, 3).state_dict().items()}
        state |= {f"head.{name}": value for name, value in torch.nn.Linear(6, 4).state_dict().items()}
        torch.save(state, folder / "w.pth")
        return folder

    def test_it_opens_again_with_the_file_beside_it(self, own: Path, tmp_path: Path) -> None:
        to = tmp_path / "to"
        to.mkdir()
        engine, photo = Engine([GivenFor([own / "net.py", to / "net.py"])]), write_photo(tmp_path / "a.jpg", (90, 70))
        opened(engine, ModelSpec("file", str(own / "w.pth"), arguments=(("activation", "'tanh'"),)))
        expected = scores(engine, photo)
        written = run_steps(engine.save(Context(1, lambda _: None), to / "mine.safetensors"))
        assert written == (to / "mine.safetensors", to / "config.json", to / "net.py", to / "layers.py")
        assert (to / "net.py").read_text(encoding="utf-8") == self.SOURCE
        assert set(load((to / "mine.safetensors").read_bytes())) == {
            "conv.weight",
            "conv.bias",
            "head.weight",
            "head.bias",
        }
        # Nothing is asked: what was answered is in the file.
        again = opened(engine, ModelSpec("file", str(to / "mine.safetensors")))
        assert again.architecture == "Net"
        assert scores(engine, photo) == pytest.approx(expected, abs=1e-6)
        engine.close()

    def test_a_file_of_the_same_name_is_not_replaced(self, own: Path, tmp_path: Path) -> None:
        to = tmp_path / "to"
        to.mkdir()
        (to / "layers.py").write_text("mine", encoding="utf-8")
        engine = Engine([GivenFor([own / "net.py"])])
        opened(engine, ModelSpec("file", str(own / "w.pth"), arguments=(("activation", "relu"),)))
        with pytest.raises(ExportError, match=r"layers\.py is another file"):
            run_steps(engine.save(Context(1, lambda _: None), to / "mine.safetensors"))
        assert [each.name for each in to.iterdir()] == ["layers.py"]
        engine.close()

    def test_what_tensors_do_not_show_is_not_saved_as_such(self, tmp_path: Path) -> None:
        layers = (torch.nn.Conv2d(3, 4, 3, stride=2), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
        torch.save(torch.nn.Sequential(*layers, torch.nn.Linear(4, 3)), tmp_path / "whole.pth")
        engine = Engine()
        opened(engine, ModelSpec("file", str(tmp_path / "whole.pth")))
        with pytest.raises(ExportError, match=r"whole\.pth cannot be saved as tensors alone"):
            run_steps(engine.save(Context(1, lambda _: None), tmp_path / "mine.safetensors"))
        assert not (tmp_path / "mine.safetensors").exists()
        engine.close()


def test_a_network_of_hugging_faces_keeps_its_numbers(tmp_path: Path) -> None:
    state = get_model("vit_b_32", weights=None, num_classes=3).state_dict()
    torch.save(hugging_vit_of_torchvision(state), tmp_path / "run.pth")
    photo, engine = write_photo(tmp_path / "a.jpg", (90, 70)), Engine()
    before = opened(engine, ModelSpec("file", str(tmp_path / "run.pth")))
    expected = scores(engine, photo)
    (tmp_path / "to").mkdir()
    run_steps(engine.save(Context(1, lambda _: None), tmp_path / "to" / "model.safetensors"))
    after = opened(engine, ModelSpec("file", str(tmp_path / "to" / "model.safetensors")))
    assert before.checkpoint.layer_norm_eps == after.checkpoint.layer_norm_eps == 1e-12
    assert scores(engine, photo) == expected
    engine.close()


def test_timm_builds_what_was_saved_for_another_size(tmp_path: Path) -> None:
    timm = pytest.importorskip("timm")
    plain = timm.create_model("vit_tiny_patch16_224", num_classes=3, img_size=64)
    torch.save(plain.state_dict(), tmp_path / "run.pth")
    (tmp_path / "to").mkdir()
    engine = Engine()
    opened(engine, ModelSpec("file", str(tmp_path / "run.pth")))
    run_steps(engine.save(Context(1, lambda _: None), tmp_path / "to" / "model.safetensors"))
    engine.close()
    again = timm.create_model(f"local-dir:{tmp_path / 'to'}", pretrained=True)
    image = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(again.eval()(image), plain.eval()(image), rtol=1e-3, atol=1e-4)
