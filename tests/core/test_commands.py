"""The command line: its contract, its exit codes, and results alone on standard output."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

import pytest
import torch
from torchvision.models import get_model, list_models

from core import commands
from core.preprocessing import PRESETS, parse_overrides, to_dict
from tests.core.making import Printed, write_image, write_photo

ROOT = Path(__file__).resolve().parents[2]


class Score(TypedDict):
    label: str
    index: int
    score: float


class Record(TypedDict):
    image: str
    predictions: list[Score]
    error: str | None


class Said(Printed):
    """With a list of records as JSON."""

    @property
    def records(self) -> list[Record]:
        return json.loads(self.out)


Run = Callable[..., Said]


@pytest.fixture
def whatsit(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a headless command in this process."""

    def run(*arguments: object) -> Said:
        status = commands.run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Said(status, captured.out, captured.err)

    return run


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights with three classes, whose scores are far enough apart to be told apart."""
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]
    path = tmp_path_factory.mktemp("weights") / "three.pth"
    state = get_model("shufflenet_v2_x0_5", weights=None, num_classes=3).state_dict()
    state["fc.weight"] *= 100
    torch.save({"state_dict": state, "class_to_idx": {"ant": 0, "bee": 1, "cat": 2}}, path)
    return path


def test_json_is_a_list_in_the_order_given(whatsit: Run, weights: Path, tmp_path: Path) -> None:
    images = [write_photo(tmp_path / name, seed=seed) for seed, name in enumerate(["z.png", "a.jpg", "m.webp"])]
    said = whatsit("classify", *images, "--weights", weights, "--format", "json")
    assert said.status == 0
    assert [record["image"] for record in said.records] == [str(image) for image in images]
    for record in said.records:
        assert record["error"] is None
        scores = [found["score"] for found in record["predictions"]]
        assert scores == sorted(scores, reverse=True)
        assert sum(scores) == pytest.approx(1, abs=1e-6)
        assert {(found["index"], found["label"]) for found in record["predictions"]} == {
            (0, "ant"),
            (1, "bee"),
            (2, "cat"),
        }


@pytest.mark.parametrize(("k", "count"), [("1", 1), ("2", 2), ("5", 3), ("0", 3), ("1000", 3)])
def test_k_is_never_more_than_there_are_classes(
    whatsit: Run, weights: Path, tmp_path: Path, k: str, count: int
) -> None:
    image = write_image(tmp_path / "a.png", size=(300, 300))
    said = whatsit("classify", image, "--weights", weights, "--format", "json", "--top-k", k)
    assert len(said.records[0]["predictions"]) == count


def test_jsonl_is_a_line_each_and_csv_a_row_a_class(whatsit: Run, weights: Path, tmp_path: Path) -> None:
    images = [write_image(tmp_path / f"{number}.png", size=(250, 250)) for number in range(3)]
    lines = whatsit("classify", *images, "--weights", weights, "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["image"] for line in lines] == [str(image) for image in images]
    rows = list(csv.DictReader(io.StringIO(whatsit("classify", *images, "--weights", weights, "--format", "csv").out)))
    assert len(rows) == 9
    assert {"filename", "index", "label", "prob"} <= set(rows[0])


def test_a_table_is_for_reading(whatsit: Run, weights: Path, tmp_path: Path) -> None:
    said = whatsit("classify", write_image(tmp_path / "a.png", size=(250, 250)), "--weights", weights)
    assert said.out.splitlines()[0] == str(tmp_path / "a.png")
    assert "%" in said.out.splitlines()[1]
    assert "shufflenet_v2_x0_5" in said.err


def test_values_stand_in_place_of_scores(whatsit: Run, weights: Path, tmp_path: Path) -> None:
    """Logits of three classes, read as three values: the network's own numbers."""
    image = write_image(tmp_path / "a.png", size=(250, 250))
    asked = ("classify", image, "--weights", weights, "--activation", "regression", "--top-k", 1)
    said = whatsit(*asked, "--format", "json")
    assert said.status == 0
    found = json.loads(said.out)[0]["predictions"]
    assert [set(each) for each in found] == [{"label", "index", "value"}] * 3
    assert [(each["index"], each["label"]) for each in found] == [(0, "ant"), (1, "bee"), (2, "cat")]
    rows = list(csv.DictReader(io.StringIO(whatsit(*asked, "--format", "csv").out)))
    assert [float(row["value"]) for row in rows] == [each["value"] for each in found]
    assert "prob" not in rows[0]
    table = whatsit(*asked).out
    assert "%" not in table
    assert [float(line.split()[1]) for line in table.splitlines()[1:]] == [
        pytest.approx(each["value"], rel=1e-5) for each in found
    ]


def test_several_labels_need_not_share_100_percent(whatsit: Run, weights: Path, tmp_path: Path) -> None:
    image = write_image(tmp_path / "a.png", size=(250, 250))
    asked = ("classify", image, "--weights", weights, "--format", "json")
    values = json.loads(whatsit(*asked, "--activation", "regression").out)[0]["predictions"]
    said = whatsit(*asked, "--activation", "sigmoid")
    expected = torch.sigmoid(torch.tensor([each["value"] for each in values]))
    scores = {each["index"]: each["score"] for each in said.records[0]["predictions"]}
    assert [scores[index] for index in range(3)] == pytest.approx([float(score) for score in expected], abs=1e-6)
    assert list(scores.values()) == sorted(scores.values(), reverse=True)
    assert "sigmoid (chosen by you)" in said.err


def test_an_output_that_cannot_be_is_refused_at_once(whatsit: Run, weights: Path, tmp_path: Path) -> None:
    image = write_image(tmp_path / "a.png", size=(40, 40))
    said = whatsit("classify", image, "--weights", weights, "--activation", "binary")
    assert (said.status, said.out) == (2, "")
    assert "cannot be read as binary" in said.err
    assert "softmax" in said.err


def test_a_folder_is_walked_in_sorted_order_and_named_as_given(
    whatsit: Run, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b/2.png", "b/10.png", "a/x.jpg", "c.png"):
        write_image(tmp_path / "in" / name, size=(40, 40))
    (tmp_path / "in" / "notes.txt").write_text("no image", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    said = whatsit("classify", "in", "--weights", weights, "--format", "json")
    assert [record["image"] for record in said.records] == ["in/a/x.jpg", "in/b/10.png", "in/b/2.png", "in/c.png"]


def test_a_failing_image_has_its_error_and_the_rest_their_answers(whatsit: Run, weights: Path, tmp_path: Path) -> None:
    good = write_image(tmp_path / "good.png", size=(40, 40))
    (tmp_path / "text.jpg").write_text("this is a shopping list", encoding="utf-8")
    said = whatsit(
        "classify", tmp_path / "text.jpg", good, tmp_path / "none.png", "--weights", weights, "--format", "json"
    )
    assert said.status == 1
    assert [record["error"] is None for record in said.records] == [False, True, False]
    assert [len(record["predictions"]) for record in said.records] == [0, 3, 0]
    assert "text.jpg" in said.err
    assert "Traceback" not in said.err


def test_a_folder_without_images_fails_in_its_place(whatsit: Run, weights: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    good = write_image(tmp_path / "good.png", size=(40, 40))
    said = whatsit("classify", tmp_path / "empty", good, tmp_path / "empty", "--weights", weights, "--format", "json")
    assert said.status == 1
    assert [record["error"] is None for record in said.records] == [False, True, False]
    assert said.records[0]["image"] == str(tmp_path / "empty")


def test_output_goes_to_a_file_and_standard_output_stays_empty(whatsit: Run, weights: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    image = write_image(tmp_path / "a.png", size=(40, 40))
    said = whatsit("classify", image, "--weights", weights, "--format", "json", "--output", target)
    assert (said.status, said.out) == (0, "")
    assert json.loads(target.read_text(encoding="utf-8"))[0]["image"] == str(image)


def test_the_same_preprocessing_in_two_ways_gives_the_same_scores(whatsit: Run, weights: Path, tmp_path: Path) -> None:
    image = write_photo(tmp_path / "a.png", (500, 300))
    base = ("classify", image, "--weights", weights, "--format", "json")
    named = whatsit(*base, "--preprocessing", "half", "--resize", "100x80", "--crop", "none")
    spelt = whatsit(*base, "--resize", "100x80", "--crop", "none", "--mean", "0.5,0.5,0.5", "--std", "0.5,0.5,0.5")
    plain = whatsit(*base)
    scores = [
        {each["label"]: each["score"] for each in said.records[0]["predictions"]} for said in (named, spelt, plain)
    ]
    # Two passes of torch's may differ in the last digit.
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)
    assert scores[0] != pytest.approx(scores[2], abs=1e-6)


def test_every_value_of_the_preprocessing_can_be_changed(whatsit: Run, weights: Path, tmp_path: Path) -> None:
    image = write_photo(tmp_path / "a.png", (50, 30))
    options = {
        "resize": "pad:100", "crop": "96", "crops": "10", "interpolation": "bicubic", "antialias": "off",
        "channels": "grey3", "invert": "on", "range": "-1..1", "mean": "-0.1,0,0.1", "std": "0.5", "exif": "off",
        "background": "9,8,7", "fill": "1,2,3", "flatten": "off",
    }  # fmt: skip
    given = [part for name, value in options.items() for part in (f"--{name}", value)]
    said = whatsit("classify", image, "--weights", weights, *given, "--format", "json")
    assert (said.status, len(said.records[0]["predictions"])) == (0, 3)
    expected = parse_overrides(PRESETS["imagenet"], options)
    assert f"{expected.describe()} (chosen by you)" in said.err
    assert set(options) == set(to_dict(expected)) - {"size"}
    assert "but for what was given here: assumed: usual for shufflenet_v2_x0_5" in said.err


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("torchvision/resnet50/imagenet1k_v2", "shorter side 232, centre 224, ImageNet"),
        ("timm/resnet50", "shorter side 288, centre 288, bicubic, ImageNet"),
    ],
)
def test_the_preprocessing_of_published_weights_by_name(
    whatsit: Run, weights: Path, tmp_path: Path, named: str, words: str
) -> None:
    said = whatsit("classify", write_image(tmp_path / "a.png"), "--weights", weights, "--preprocessing", named)
    assert f"{words} mean and std (chosen by you)" in said.err


def test_where_the_preprocessing_comes_from_is_said(whatsit: Run, weights: Path, tmp_path: Path) -> None:
    said = whatsit("classify", write_image(tmp_path / "a.png"), "--weights", weights)
    assert "ImageNet mean and std (assumed: usual for shufflenet_v2_x0_5)" in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--weights", "missing.pth"], "missing.pth"),
        (["--architecture", "resnet18"], "resnet18"),
        (["--architecture", "resnet"], "resnet18"),
        (["--labels", "missing.txt"], "missing.txt"),
        (["--preprocessing", "imagenot"], "imagenot"),
        (["--preprocessing", "resnet50"], "resnet50/IMAGENET1K_V2"),
        (["--resize", "large"], "large"),
        (["--crops", "3"], "one of 1, 5, 10"),
        (["--crops", "5", "--crop", "none"], "5 crops need the size of a crop"),
        (["--range", "-2..2"], "one of 0..1, 0..255, -1..1"),
        (["--mean", "123.675,116.28,103.53"], "or choose the range 0..255"),
        (["--flatten", "on", "--crop", "none"], "flatten"),
        (["--antialias", "off", "--interpolation", "lanczos"], "lanczos"),
        (["--device", "cuda:9"], "cuda:9"),
        (["--top-k", "-1"], "-1"),
        (["--format", "xml"], "xml"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_what_cannot_be_attempted_is_one_message_and_2(
    whatsit: Run, weights: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    image = write_image(tmp_path / "a.png", size=(40, 40))
    given = arguments if "--weights" in arguments else ["--weights", str(weights), *arguments]
    said = whatsit("classify", image, *given)
    assert (said.status, said.out) == (2, "")
    assert words in said.err
    assert "Traceback" not in said.err


def test_architectures_are_torchvisions_classifiers(whatsit: Run) -> None:
    import torchvision

    said = whatsit("architectures", "--format", "json")
    rows: list[dict[str, str]] = json.loads(said.out)
    ours = [row["id"] for row in rows if row["source"] == "torchvision"]
    assert sorted(ours) == sorted(list_models(module=torchvision.models))
    assert all(set(row) == {"id", "source", "family"} for row in rows)
    assert len(whatsit("architectures").out.splitlines()) == len(rows)


def run_main(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **environment},
    )


def test_the_built_in_model_answers_from_the_shell_without_qt(tmp_path: Path) -> None:
    # A module that cannot be imported stands in for a machine without Qt.
    (tmp_path / "PySide6").mkdir()
    (tmp_path / "PySide6" / "__init__.py").write_text("raise ImportError('no Qt here')", encoding="utf-8")
    image = write_photo(tmp_path / "ä photo.png")
    done = run_main("classify", str(image), "--format", "jsonl", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    record: Record = json.loads(done.stdout)
    assert record["image"] == str(image)
    assert len(record["predictions"]) == 5


def test_a_reader_that_has_seen_enough_ends_the_command_quietly(weights: Path, tmp_path: Path) -> None:
    image = write_image(tmp_path / "a.png", size=(40, 40))
    command = f'"{sys.executable}" "{ROOT / "main.py"}" classify {" ".join([str(image)] * 300)} --weights "{weights}"'
    done = subprocess.run(
        ["bash", "-c", f"{command} --format jsonl | head -n 1"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_help_and_version_answer_without_importing_torch() -> None:
    for arguments in (("--help",), ("--version",), ("classify", "--help")):
        done = run_main(*arguments)
        assert done.returncode == 0
        assert "whatsit" in done.stdout
