"""What takes long says how far it is, on standard error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core import commands
from core.commands import base
from tests.core.making import write_photo


def test_a_long_evaluation_says_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for number in range(6):
        write_photo(tmp_path / "data" / "cat" / f"{number}.png", (40, 40), number)
    data = str(tmp_path / "data")
    assert commands.run(["evaluate", data, "--batch-size", "2"]) == 0
    assert "of 6 images" not in capsys.readouterr().err
    monkeypatch.setattr(base, "_SILENT_S", 0.0)
    write_photo(tmp_path / "data" / "cat" / "0.png", (41, 40))
    assert commands.run(["evaluate", data, "--batch-size", "2"]) == 0
    said = capsys.readouterr()
    assert re.search(r"^[1-5] of 6 images \.\.\.$", said.err, re.MULTILINE)
    assert "of 6 images" not in said.out
