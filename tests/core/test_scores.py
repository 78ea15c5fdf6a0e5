from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.errors import ExportError
from core.scores import ANSWERED, PENDING, ScoreStore, claimed, tidy


def test_scores_that_are_gone_are_nobodys_answers(tmp_path: Path) -> None:
    store = ScoreStore(tmp_path / "e", 4, 3)
    store.answer(1, np.array([0.1, 0.2, 0.7], np.float32))
    store.flush()
    again = ScoreStore(tmp_path / "e", 4, 3)
    assert again.state.tolist() == [PENDING, ANSWERED, PENDING, PENDING]
    del store, again
    (tmp_path / "e" / "scores.f32").unlink()
    assert not ScoreStore(tmp_path / "e", 4, 3).state.any()


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="the system cannot reserve space")
def test_a_full_disk_is_said_before_anything_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: int, _start: int, _size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(ExportError, match="No space left"):
        ScoreStore(tmp_path / "e", 4, 3)


def test_two_at_once_have_a_folder_each(tmp_path: Path) -> None:
    with claimed(tmp_path, "e") as first:
        with claimed(tmp_path, "e") as second:
            assert first != second
            tidy(tmp_path, second)
            assert first.exists()
        with claimed(tmp_path, "e") as third:
            assert third == second
    with claimed(tmp_path, "e") as again:
        assert again == first


def test_what_a_process_that_was_ended_had_is_free(tmp_path: Path) -> None:
    script = f"""
import os, pathlib
from core.scores import claimed
with claimed(pathlib.Path({str(tmp_path)!r}), "e") as folder:
    print(folder, flush=True)
    os._exit(9)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    with claimed(tmp_path, "e") as folder:
        assert ended.stdout.strip() == str(folder)


def test_the_last_used_evaluations_stay(tmp_path: Path) -> None:
    for number in range(12):
        with claimed(tmp_path, str(number)) as folder:
            ScoreStore(folder, 4, 3)
        os.utime(folder, (number, number))
    with claimed(tmp_path, "0") as used:
        pass
    with claimed(tmp_path, "new") as folder:
        tidy(tmp_path, folder)
    there = {entry.name for entry in tmp_path.iterdir()}
    assert there == {"new", used.name, *map(str, range(6, 12))}


def test_large_evaluations_leave_sooner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.scores._KEPT_BYTES", 3000)
    for number in range(4):
        with claimed(tmp_path, str(number)) as folder:
            ScoreStore(folder, 100, 3)
        os.utime(folder, (number, number))
    with claimed(tmp_path, "new") as folder:
        tidy(tmp_path, folder)
    assert {entry.name for entry in tmp_path.iterdir()} == {"new", "3", "2"}


@pytest.mark.skipif(os.name != "posix", reason="folders are protected in another way")
def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "evaluations").write_text("in the way")
    with pytest.raises(ExportError, match="XDG_CACHE_HOME"), claimed(tmp_path / "evaluations", "e"):
        pass


def test_a_disk_that_fills_up_on_the_way_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ScoreStore(tmp_path / "e", 4, 3)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(ExportError, match="No space left"):
        store.fail(1, "It is cut off.")
