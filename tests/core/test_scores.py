from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from core.errors import ExportError
from core.scores import ANSWERED, PENDING, ScoreStore


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
