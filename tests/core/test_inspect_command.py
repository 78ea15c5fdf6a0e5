"""`inspect`: a contract that other programs read, and nothing runs."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torchvision.models import get_model

from core import commands
from tests.core import networks

KEYS = {
    "file", "container", "unwrapped", "prefix", "architecture", "ambiguous", "matches", "num_classes",
    "input_channels", "class_names", "preprocessing", "needs_trust", "blocked", "sha256", "error",
}  # fmt: skip


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    state = get_model("shufflenet_v2_x0_5", weights=None, num_classes=3).state_dict()
    named = {f"module.{name}": tensor for name, tensor in state.items()}
    torch.save({"state_dict": named, "class_to_idx": {"ant": 0, "bee": 1, "cat": 2}, "epoch": 4}, tmp_path / "w.pth")
    return tmp_path / "w.pth"


def inspect(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = commands.run(["inspect", *map(str, arguments)])
    said = capsys.readouterr()
    return status, said.out, said.err


def record(line: str) -> dict[str, object]:
    return cast("dict[str, object]", json.loads(line))


def test_jsonl_is_an_object_a_line_in_order(capsys: pytest.CaptureFixture[str], weights: Path, tmp_path: Path) -> None:
    (tmp_path / "page.pth").write_text("<!doctype html><html></html>", encoding="utf-8")
    status, out, err = inspect(capsys, weights, tmp_path / "page.pth", tmp_path / "none.pth", "--format", "jsonl")
    first, page, none = map(record, out.splitlines())
    assert status == 1
    assert first.keys() >= KEYS
    assert [row["file"] for row in (first, page, none)] == [
        str(weights),
        str(tmp_path / "page.pth"),
        str(tmp_path / "none.pth"),
    ]
    assert (first["container"], first["unwrapped"], first["prefix"]) == ("state_dict", ["state_dict"], "module.")
    assert (first["architecture"], first["num_classes"], first["input_channels"]) == ("shufflenet_v2_x0_5", 3, 3)
    assert (first["class_names"], first["needs_trust"], first["blocked"]) == (["ant", "bee", "cat"], False, [])
    assert first["error"] is None
    assert page["container"] is None
    assert "web page" in str(page["error"])
    assert "none.pth" in str(none["error"])
    assert "Traceback" not in err


def test_json_is_a_list_and_a_table_is_for_reading(capsys: pytest.CaptureFixture[str], weights: Path) -> None:
    status, out, _ = inspect(capsys, weights, "--format", "json")
    assert status == 0
    assert [row["architecture"] for row in json.loads(out)] == ["shufflenet_v2_x0_5"]
    status, out, _ = inspect(capsys, weights)
    assert status == 0
    assert "shufflenet_v2_x0_5" in out
    assert "ant, bee, cat" in out


def test_a_network_of_ones_own_is_described_without_running_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    weights, _ = networks.write(tmp_path, "SimpleCNN", 10)
    _, out, _ = inspect(capsys, weights, "--format", "jsonl")
    found = record(out)
    assert (found["architecture"], found["num_classes"], found["input_channels"]) == (None, 10, 3)


class Bomb:
    """Runs a command when it is unpickled, by a reader that unpickles."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, ...]:
        return cast(Any, os).system, (f"touch {self.canary}",)


def test_a_file_that_would_run_code_is_described_and_runs_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    canary = tmp_path / "ran"
    state = get_model("squeezenet1_1", weights=None, num_classes=3).state_dict()
    torch.save({"state_dict": state, "extra": Bomb(canary)}, tmp_path / "bad.pth")
    status, out, _ = inspect(capsys, tmp_path / "bad.pth", "--format", "jsonl")
    found = record(out)
    assert status == 1
    assert any("system" in name for name in cast("list[str]", found["blocked"]))
    assert found["needs_trust"] is True
    assert "not safe" in str(found["error"])
    assert not canary.exists()


def test_trust_is_asked_for_on_the_command_line_and_given_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from tests.core.making import write_photo

    weights, _ = networks.write(tmp_path, "SimpleCNN", 10)
    photo, source = write_photo(tmp_path / "a.jpg"), weights.with_name("nets.py")
    ask = ["classify", str(photo), "--weights", str(weights), "--architecture-file", str(source), "--format", "json"]
    status = commands.run(ask)
    said = capsys.readouterr()
    assert (status, said.out) == (2, "")
    assert "--trust" in said.err
    status = commands.run([*ask, "--trust"])
    said = capsys.readouterr()
    assert status == 0
    assert len(json.loads(said.out)[0]["predictions"]) == 5


class TestFilesThatAreNoClassifiers:
    """Named with an error, whatever else is told of them."""

    def error_of(self, capsys: pytest.CaptureFixture[str], path: Path) -> dict[str, object]:
        status, out, err = inspect(capsys, path, "--format", "jsonl")
        found = record(out)
        assert status == 1
        assert str(found["error"]) in err
        return found

    def test_a_quantised_network(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch's own, that these are on their way out
            values = torch.quantize_per_tensor(torch.randn(4, 4), 0.1, 0, torch.qint8)
            state = {"conv.weight": torch.zeros(4, 3, 3, 3), "fc.scale": torch.ones(()), "fc._packed": (values, None)}
            torch.save(state, tmp_path / "q.pth")
        assert "q.pth is a quantised network" in str(self.error_of(capsys, tmp_path / "q.pth")["error"])

    def test_a_network_without_its_head(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        state = get_model("shufflenet_v2_x0_5", weights=None).state_dict()
        body = {name: tensor for name, tensor in state.items() if not name.startswith("fc.")}
        torch.save(body, tmp_path / "body.pth")
        found = self.error_of(capsys, tmp_path / "body.pth")
        assert (found["architecture"], found["num_classes"]) == ("shufflenet_v2_x0_5", None)
        assert "without its last layer" in str(found["error"])


def test_a_table_has_nothing_that_a_terminal_would_obey(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m\u202e.pth"
    names = ["\x1b]0;title\x07red", "two\nlines", "\x9b2J", "\u202egniht"]
    torch.save({"state_dict": {"fc.weight": torch.zeros(4, 3)}, "classes": names, "\x1b[2Jkey": 1}, path)
    _, out, err = inspect(capsys, path)
    assert "red" in out
    assert not [letter for letter in out + err if letter != "\n" and not letter.isprintable()]


def test_a_prefix_is_what_all_names_have(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """And not what a few blocks within a network share with an architecture's first layers."""
    block = {f"0.4.0.{name}": torch.zeros(2) for name in ("bn1.weight", "bn1.bias", "bn2.weight", "bn2.bias")}
    block |= {"0.4.0.conv1.weight": torch.zeros(64, 64, 3, 3), "0.4.0.conv2.weight": torch.zeros(2, 2, 3, 3)}
    rest = {f"1.{number}.weight": torch.zeros(2, 2) for number in range(20)}
    torch.save({"0.0.weight": torch.zeros(64, 3, 7, 7), **block, **rest}, tmp_path / "w.pth")
    _, out, _ = inspect(capsys, tmp_path / "w.pth", "--format", "jsonl")
    assert (record(out)["prefix"], record(out)["input_channels"]) == ("", 3)
