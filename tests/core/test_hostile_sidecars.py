"""Files beside the weights, or named with them, that would cost time or memory, or never end."""

from __future__ import annotations

import os
import sys
import tracemalloc
from pathlib import Path

import pytest

from core.architectures.custom import source
from core.errors import LabelsError, UsageError
from core.labels import parse_labels, read_labels
from core.sidecars import parse_json, read_sidecar


@pytest.mark.parametrize("text", ["cat\n" * 1_500_000, "a," * 3_000_000, '"' * 5_000_001])
def test_class_names_of_many_megabytes_are_refused_before_they_are_taken_apart(text: str, tmp_path: Path) -> None:
    tracemalloc.start()
    with pytest.raises(LabelsError, match="longer than 4 MB"):
        parse_labels(text, ".csv")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10_000_000
    (tmp_path / "labels.txt").write_text(text)
    sidecar = read_sidecar(tmp_path / "w.pth")
    assert sidecar is not None
    assert "longer than 4 MB" in sidecar.problem


def test_a_configuration_of_many_megabytes_is_not_parsed() -> None:
    assert parse_json('{"a": [' + "[]," * 3_000_000 + "1]}") is None


def test_an_index_of_many_digits_is_cut_in_the_message() -> None:
    with pytest.raises(LabelsError) as caught:
        parse_labels('{"0": "a", "' + "9" * 4000 + '": "b"}')
    assert len(str(caught.value)) < 400


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_a_pipe_in_place_of_code_does_not_wait(tmp_path: Path) -> None:
    pipe = tmp_path / "net.py"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match="a device or a pipe"):
        source.read_text(pipe)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux makes files up as they are read")
def test_no_more_is_read_than_a_file_has(tmp_path: Path) -> None:
    """Some of what lies in /proc has no bytes and never ends."""
    link = tmp_path / "labels.txt"
    link.symlink_to("/proc/self/status")
    with pytest.raises(LabelsError):
        read_labels(link)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("x = " + "-" * 200_000 + "1", "too deep in one another"),
        ("x = 1\n" * 20_000, "more than any network's code"),
        ("def f():\n" + " import a\n" * 5000, "more than any network's code"),
    ],
)
def test_code_that_nobody_writes_is_not_taken_apart(code: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(code)
    with pytest.raises(UsageError, match=why):
        source.read_text(path)
