"""From a changed value of the preprocessing to painted pixels and answer, against a plain script's transform and
forward pass."""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from torch import nn
from torchvision.models import get_model
from torchvision.transforms import InterpolationMode, v2

from core.checkpoints import open_checkpoint
from core.opening import BUILTIN
from core.preprocessing import Preprocessing
from gui.entries import Entry
from gui.preprocessing_editor import PreprocessingEditor
from tests.benchmarks.window import Opened, open_window
from tests.core.making import write_photo

ARCHITECTURE = "mobilenet_v2"
SIZE = (1600, 1200)
CHANGES = 44


def _plain(network: nn.Module, image: Image.Image, value: Preprocessing) -> float:
    """Seconds that a script takes for a photo that it has decoded."""
    begin = time.perf_counter()
    exact = value.resize == "exact"
    transform: Any = v2.Compose(
        [
            v2.Resize(value.size if exact else value.size[0], InterpolationMode(value.interpolation), antialias=True),
            v2.CenterCrop(value.crop or value.size),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(value.mean, value.std),
        ]
    )
    with torch.inference_mode():
        torch.softmax(network(transform(image)[None]), dim=1).topk(5)
    return time.perf_counter() - begin


def _changed(opened: Opened, entry: Entry, value: Preprocessing) -> float:
    """Seconds from the key that counts the size up to all that comes of it on screen."""
    seen = opened.window.seen.images
    begin = time.perf_counter()
    QTest.keyClick(entry, Qt.Key.Key_Up)

    def done() -> bool:
        current = opened.session.images.current
        answered = current.answered if current is not None else None
        if answered is None or answered.prediction is None or opened.window.seen.images is seen:
            return False
        return answered.prediction.provenance.preprocessing == value

    opened.until(done)
    opened.paint()
    return time.perf_counter() - begin


def measure() -> str:
    """Medians in the same run (goal: a tenth of a second)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photo = write_photo(folder / "photo.jpg", SIZE)
        network = get_model(ARCHITECTURE, weights=None, num_classes=10).eval()
        network.load_state_dict(open_checkpoint(BUILTIN).tensors)
        with Image.open(photo) as image:
            decoded = image.convert("RGB")
        with open_window(folder) as opened:
            opened.drop([photo])
            opened.until(lambda: opened.shows_answer_of(photo))
            opened.window.actions_by_name["edit_preprocessing"].trigger()
            opened.until(lambda: bool(opened.window.seen.images))
            editor = cast(PreprocessingEditor, opened.window.findChild(PreprocessingEditor))
            entry = cast(Entry, editor.inputs["size"])
            entry.setFocus()
            value = editor.value
            steps = [replace(value, size=(value.size[0] + step,) * 2) for step in range(1, 1 + CHANGES)]
            pairs = [(_changed(opened, entry, step), _plain(network, decoded, step)) for step in steps][4:]
    ratio = statistics.median(ours / plain for ours, plain in pairs)
    ours, plain = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
    slowest = max(ours for ours, _ in pairs) * 1000
    return (
        f"a changed value is on screen after {ours:.0f} ms, {slowest:.0f} ms at most; goal 100"
        f" ({ratio:.2f} x transform and forward pass of a plain script, {plain:.0f} ms)"
    )
