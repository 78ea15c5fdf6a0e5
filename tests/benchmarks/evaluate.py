"""Labelled photos through ``evaluate``, against a plain script with a DataLoader; each in a process of its own."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.models import get_model

from core.measures import measure_classes

ROOT = Path(__file__).resolve().parents[2]
GOAL = 1.0
PHOTOS, ROUNDS = 200, 3
IMAGES, CLASSES = 50_000, 1_000

_PLAIN = """
import sys
import torch
from sklearn.metrics import accuracy_score
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.models import get_model
from torchvision.transforms import v2
if __name__ == "__main__":
    network = get_model("resnet18", num_classes=10).eval()
    network.load_state_dict(torch.load(sys.argv[2], weights_only=True))
    recipe = [v2.Resize(256), v2.CenterCrop(224), v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True)]
    recipe.append(v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    truth, answers = [], []
    with torch.inference_mode():
        for batch, labels in DataLoader(ImageFolder(sys.argv[1], v2.Compose(recipe)), 32, num_workers=2):
            answers.append(torch.softmax(network(batch), dim=1))
            truth.append(labels)
    print(accuracy_score(torch.cat(truth), torch.cat(answers).argmax(1)))
"""


def _make(folder: Path) -> tuple[Path, Path, Path]:
    """Photos in class folders, weights, and class names."""
    random = np.random.default_rng(0)
    for number in range(PHOTOS):
        path = folder / "photos" / str(number % 10) / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        small = Image.fromarray(random.integers(0, 255, (12, 16, 3), np.uint8))
        small.resize((640, 480), Image.Resampling.BICUBIC).save(path)
    torch.save(get_model("resnet18", num_classes=10).state_dict(), folder / "resnet18.pth")
    (folder / "names.txt").write_text("\n".join(map(str, range(10))), "utf-8")
    return folder / "photos", folder / "resnet18.pth", folder / "names.txt"


def _seconds(command: Sequence[object], cache: Path) -> float:
    # What importing torch sets here, such as when its threads start, is not for others.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("KMP_", "TORCH"))}
    environment |= {"XDG_CACHE_HOME": str(cache), "LOCALAPPDATA": str(cache)}
    begin = time.perf_counter()
    subprocess.run([sys.executable, *map(str, command)], check=True, cwd=ROOT, env=environment, capture_output=True)
    return time.perf_counter() - begin


def measure() -> str:
    """Median of the ratio of photos a second, start of the processes and all; and how long measuring alone takes."""
    pairs: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos, weights, names = _make(folder)
        script = folder / "plain.py"
        script.write_text(_PLAIN, "utf-8")
        ours = ("main.py", "evaluate", photos, "--weights", weights, "--labels", names, "--preprocessing", "imagenet")
        for number in range(ROUNDS):
            # Scores of an earlier round would be taken from there.
            cache = folder / f"cache {number}"
            pairs.append((_seconds((script, photos, weights), cache), _seconds(ours, cache)))
    ratio = statistics.median(plain / mine for plain, mine in pairs)
    plain, mine = (PHOTOS / statistics.median(times) for times in zip(*pairs, strict=True))
    random = np.random.default_rng(0)
    scores = random.random((IMAGES, CLASSES), np.float32)
    scores /= scores.sum(axis=1, keepdims=True)
    truth = random.integers(0, CLASSES, IMAGES)
    begin = time.perf_counter()
    measure_classes(truth, scores)
    return (
        f"{ratio:.2f} x as many photos a second as a plain script (goal {GOAL:g} x): {mine:.1f} and {plain:.1f}; "
        f"measures of {IMAGES:,} images of {CLASSES:,} classes in {time.perf_counter() - begin:.1f} s"
    )
