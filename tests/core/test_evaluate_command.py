"""``evaluate``: the figures of a plain script, and every bad input said."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load
from sklearn import metrics
from torchvision.models import get_model
from torchvision.transforms import v2

from core import commands
from core.classifier import Classifier
from core.images import ImageSource
from core.opening import BUILTIN
from core.predictions import ImageResult
from core.stream import Stream
from tests.core.making import write_photo
from tests.core.saying import Evaluate

PHOTOS = Path(__file__).resolve().parents[1] / "photos"
sk = cast(Any, metrics)
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Photos of five of the ten classes, some in the folder of another, each in three sizes."""
    root, random = tmp_path / "data", np.random.default_rng(3)
    for number, name in enumerate(CLASSES[:5]):
        for label, count in ((name, 4), (CLASSES[(number + 1) % 5], 1)):
            folder = root / label.upper()
            folder.mkdir(parents=True, exist_ok=True)
            with Image.open(PHOTOS / f"{name}.jpg") as image:
                for copy in range(count):
                    noisy = np.asarray(image, np.float64) + random.normal(0, 30 * copy, (*image.size[::-1], 3))
                    made = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
                    made.resize((40 + 9 * copy, 40)).save(folder / f"{name}-{copy}.png")
    return root


def plain(data: Path) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Truths and scores as a script without Whatsit has them."""
    network = get_model("mobilenet_v2", weights=None, num_classes=10).eval()
    network.load_state_dict({name: value.float() for name, value in load(BUILTIN.read_bytes()).items()})
    config = json.loads((BUILTIN.parent / "config.json").read_text("utf-8"))["pretrained_cfg"]
    side = config["input_size"][1]
    rows, truths = list[torch.Tensor](), list[int]()
    norm = v2.Normalize(config["mean"], config["std"])
    for folder in sorted(data.iterdir()):
        for file in sorted(folder.iterdir()):
            with Image.open(file) as image:
                if config["crop_mode"] == "border":
                    ratio = max(image.width / side, image.height / side)
                    small = image.resize(
                        (max(1, round(image.width / ratio)), max(1, round(image.height / ratio))),
                        Image.Resampling.BICUBIC,
                    )
                    fill = tuple(round(255 * value) for value in config["mean"])
                    square = Image.new("RGB", (side, side), fill)
                    square.paste(small, ((side - small.width) // 2, (side - small.height) // 2))
                else:
                    square = image.resize((side, side), Image.Resampling.BICUBIC)
                rows.append(norm(v2.functional.pil_to_tensor(square).float() / 255))
            truths.append(CLASSES.index(folder.name.lower()))
    with torch.inference_mode():
        scores = torch.softmax(network(torch.stack(rows)), dim=1)
    return np.asarray(truths), scores.numpy()


def test_the_figures_of_a_plain_script(evaluate: Evaluate, data: Path) -> None:
    said = evaluate(data, "--format", "json")
    assert said.status == 0
    truth, scores = plain(data)
    predicted, present = scores.argmax(1), np.unique(truth)
    found = said.record["metrics"]
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, predicted))
    assert found["f1_macro"] == pytest.approx(
        sk.f1_score(truth, predicted, labels=present, average="macro", zero_division=0)
    )
    assert found["log_loss"] == pytest.approx(sk.log_loss(truth, scores, labels=range(10)), abs=1e-4)
    assert said.record["confusion"] == sk.confusion_matrix(truth, predicted, labels=range(10)).tolist()
    assert said.record["count"] == len(truth)
    assert said.record["labels"] == list(CLASSES)
    assert said.record["skipped"] == []
    assert said.record["provenance"]["sha256"]
    assert "is taken for 'bird': same name but for case and spelling" in said.err


def test_a_second_run_infers_nothing(evaluate: Evaluate, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = evaluate(data, "--format", "json").record

    def none(
        _self: Stream, _classifier: Classifier, sources: Sequence[ImageSource], _size: int = 0
    ) -> Iterator[list[ImageResult]]:
        assert not sources, "an image is answered again"
        return iter(())

    monkeypatch.setattr(Stream, "answer", none)
    second = evaluate(data, "--format", "json").record
    assert second["metrics"] == first["metrics"]


def test_a_run_that_was_cut_off_goes_on(evaluate: Evaluate, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, seen = Stream.answer, list[int]()

    def cut(
        self: Stream, classifier: Classifier, sources: Sequence[ImageSource], batch_size: int = 0
    ) -> Iterator[object]:
        seen.append(len(sources))
        for number, results in enumerate(answer(self, classifier, sources, batch_size)):
            if isinstance(results, list) and len(seen) == 1 and number > 4:
                raise KeyboardInterrupt
            yield results

    monkeypatch.setattr(Stream, "answer", cut)
    assert evaluate(data, "--batch-size", 2).status == 130
    said = evaluate(data, "--format", "json")
    assert said.status == 0
    assert seen[0] == 25
    assert 0 < seen[1] < 25
    truth, scores = plain(data)
    assert said.record["metrics"]["accuracy"] == pytest.approx((scores.argmax(1) == truth).mean())


def test_fail_under(evaluate: Evaluate, data: Path) -> None:
    assert evaluate(data, "--fail-under", "accuracy=0.01", "--fail-under", "log_loss=50").status == 0
    said = evaluate(data, "--fail-under", "accuracy=0.999")
    assert said.status == 1
    assert "accuracy is" in said.err
    assert "at least 0.999" in said.err
    assert evaluate(data, "--fail-under", "brier=0.0001").status == 1
    assert evaluate(data, "--fail-under", "accuracy=1%", "--fail-under", "accuracy_restricted=1%").status == 0
    assert "undefined" in evaluate(data, "--fail-under", "top_99_accuracy=0.5", "--top-k", 99).err
    for wrong in (
        *("beauty=1", "accuracy", "accuracy=x", "accuracy=90", "accuracy=nan", "ece=5%%", "rmse=1", "brier=3", "=1"),
        *("top_3_accuracy=0.5", "exact_match=0.5"),
    ):
        said = evaluate(data, "--fail-under", wrong)
        assert said.status == 2, wrong
        assert "Traceback" not in said.err
        # What cannot be asked of any such model is said before its images are answered.
        assert not said.out or wrong[:3] in ("top", "exa")


def test_among_the_best_k(evaluate: Evaluate, data: Path) -> None:
    said = evaluate(data, "--format", "json", "--top-k", 3, "--fail-under", "top_3_accuracy=0")
    assert said.status == 0
    truth, scores = plain(data)
    expected = sk.top_k_accuracy_score(truth, scores, k=3, labels=range(10))
    assert said.record["metrics"]["top_3_accuracy"] == pytest.approx(expected)
    assert evaluate(data, "--format", "json", "--top-k", 10).record["metrics"]["top_10_accuracy"] is None


def test_what_has_no_partner_is_told(evaluate: Evaluate, data: Path) -> None:
    write_photo(data / "unicorn" / "a.png")
    (data / "bat").mkdir()
    (data / "dog").mkdir()
    said = evaluate(data, "--format", "json")
    assert said.status == 0
    assert "The label 'unicorn' (1 image) is none of the model's classes." in said.err
    assert "The label 'bat' (0 images)" in said.err
    assert "The label 'dog' has no images." in said.err
    assert "4 of the model's 10 classes have no label here: 'frog', 'horse', 'ship', 'truck'." in said.err
    assert [Path(each["image"]).parent.name for each in said.record["skipped"]] == ["unicorn"]
    said = evaluate(data, "--format", "json", "--align", "unicorn=horse", "--align", "BIRD=-")
    assert said.record["per_class"][7]["count"] == 1
    assert said.record["per_class"][2]["count"] == 0
    assert evaluate(data, "--align", "unicorn=goat").status == 2


def test_images_that_cannot_be_read_are_told(evaluate: Evaluate, data: Path) -> None:
    (data / "BIRD" / "broken.jpg").write_bytes(b"nothing")
    said = evaluate(data, "--format", "json")
    assert said.status == 1
    assert said.record["count"] == 25
    assert [Path(each["image"]).name for each in said.record["skipped"]] == ["broken.jpg"]


def test_names_that_match_nothing(evaluate: Evaluate, tmp_path: Path) -> None:
    write_photo(tmp_path / "d" / "unicorn" / "a.png")
    said = evaluate(tmp_path / "d")
    assert (said.status, said.out) == (2, "")
    assert "unicorn" in said.err
    assert "airplane" in said.err


@pytest.mark.parametrize("text", ["path,label\n", "a,b\n1,2\n", "path,label\nx.jpg\n"])
def test_tables_that_make_no_sense(evaluate: Evaluate, tmp_path: Path, text: str) -> None:
    (tmp_path / "d.csv").write_text(text, encoding="utf-8")
    said = evaluate(tmp_path / "d.csv")
    assert (said.status, said.out) == (2, "")
    assert "d.csv cannot be used" in said.err


def test_a_table_gives_what_folders_give(evaluate: Evaluate, data: Path, tmp_path: Path) -> None:
    files = sorted(data.rglob("*.png"))
    lines = [f"{file.relative_to(tmp_path).as_posix()};{file.parent.name.title()}" for file in files]
    (tmp_path / "d.csv").write_text("file;class\n" + "\n".join(lines), encoding="cp1252")
    one, other = (evaluate(where, "--format", "json").record for where in (data, tmp_path / "d.csv"))
    assert other["metrics"] == one["metrics"]


def test_the_table_on_a_terminal(evaluate: Evaluate, data: Path) -> None:
    said = evaluate(data)
    assert "25 images" in said.out
    assert "95 %" in said.out
    assert "bird" in said.out


def test_a_report_and_a_table_of_predictions(evaluate: Evaluate, data: Path, tmp_path: Path) -> None:
    report, table = tmp_path / "r.html", tmp_path / "p.csv"
    said = evaluate(data, "--format", "json", "--report", report, "--predictions", table)
    assert said.status == 0
    assert str(report) in said.err
    assert said.record["count"] == 25
    truth, scores = plain(data)
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = np.asarray([[float(row[f"score: {name}"]) for name in CLASSES] for row in rows])
    assert np.abs(found - scores).max() < 1e-3
    assert [row["true"] for row in rows] == [CLASSES[index] for index in truth]
    page = report.read_text(encoding="utf-8")
    assert f"{100 * (scores.argmax(1) == truth).mean():.1f} %" in page
    said = evaluate(data, "--report", tmp_path / "no" / "r.html")
    assert (said.status, said.out) == (2, "")
    assert "was not written" not in said.err
    assert "There is no such folder" in said.err


def test_pictures_in_a_folder(evaluate: Evaluate, data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    said = evaluate(data, "--pictures", folder)
    assert said.status == 0
    assert f"6 pictures are in {folder}" in said.err
    names = {"confusion", "classes", "roc", "pr", "reliability", "scores"}
    assert {path.name for path in folder.iterdir()} == {f"{name}.svg" for name in names}
    for path in folder.iterdir():
        root = ElementTree.fromstring(path.read_text("utf-8"))
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
    truth, scores = plain(data)
    right = int((scores.argmax(1) == truth).sum())
    assert f"{right} of 25 images are right" in (folder / "confusion.svg").read_text("utf-8")
    # Once more into the same folder; then into one that is none, and below one that is not there.
    assert evaluate(data, "--pictures", folder).status == 0
    (tmp_path / "file").write_text("mine")
    said = evaluate(data, "--pictures", tmp_path / "file")
    assert (said.status, said.out) == (2, "")
    assert "is no folder" in said.err
    assert (tmp_path / "file").read_text() == "mine"
    said = evaluate(data, "--pictures", tmp_path / "no" / "pictures")
    assert (said.status, said.out) == (2, "")
    assert "There is no such folder" in said.err


def test_a_regression_from_weights_to_report(
    evaluate: Evaluate, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]
    weights = tmp_path / "value.pth"
    torch.save(get_model("shufflenet_v2_x0_5", weights=None, num_classes=1).state_dict(), weights)
    files, truth = sorted(data.rglob("*.png")), np.random.default_rng(0).normal(0, 1, 25)
    lines = [f"{file.relative_to(tmp_path).as_posix()},{value}" for file, value in zip(files, truth, strict=True)]
    (tmp_path / "d.csv").write_text("path,value\n" + "\n".join(lines), encoding="utf-8")
    model = ("--weights", weights, "--activation", "regression")
    report, table = tmp_path / "r.html", tmp_path / "p.csv"
    said = evaluate(tmp_path / "d.csv", *model, "--format", "json", "--report", report, "--predictions", table)
    assert said.status == 0
    commands.run([*map(str, ("classify", *files, *model, "--format", "json"))])
    values = [row["predictions"][0]["value"] for row in json.loads(capsys.readouterr().out)]
    with table.open(encoding="utf-8", newline="") as file:
        assert [float(row["predicted"]) for row in csv.DictReader(file)] == pytest.approx(values, abs=1e-4)
    assert said.record["metrics"]["mae"] == pytest.approx(sk.mean_absolute_error(truth, values), abs=1e-4)
    assert said.record["metrics"]["r2"] == pytest.approx(sk.r2_score(truth, values), abs=1e-3)
    assert "Predicted against true values" in report.read_text(encoding="utf-8")


def test_changed_code_and_changed_photos_are_answered_anew(evaluate: Evaluate, data: Path, tmp_path: Path) -> None:
    """The same weights in other code, and another photo under the same name, are other answers."""
    code = tmp_path / "net.py"
    text = "from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    text += (
        "        self.fc = nn.Linear(3, 10)\n    def forward(self, x):\n        return SIGN * self.fc(x.mean((2, 3)))\n"
    )
    code.write_text(text.replace("SIGN", "1"))
    torch.save({"fc.weight": torch.randn(10, 3), "fc.bias": torch.zeros(10)}, tmp_path / "net.pth")
    (tmp_path / "names.txt").write_text("\n".join(CLASSES))
    options = ("--weights", tmp_path / "net.pth", "--architecture-file", code, "--labels", tmp_path / "names.txt")
    options += ("--preprocessing", "half", "--resize", "32x32", "--trust", "--format", "json")

    def loss() -> float:
        said = evaluate(data, *options)
        assert said.status == 0, said.err
        return said.record["metrics"]["log_loss"]

    first = loss()
    assert loss() == first
    code.write_text(text.replace("SIGN", "-1"))
    second = loss()
    assert second != pytest.approx(first)
    write_photo(next((data / "CAT").iterdir()))
    assert loss() != pytest.approx(second)
