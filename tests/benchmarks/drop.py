"""From a dropped photo to its painted answer, against decoding, transform and forward pass of a plain script."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import torch
from PIL import Image
from torch import nn
from torchvision.models import get_model
from torchvision.transforms import v2

from tests.benchmarks.window import Opened, open_window
from tests.core.making import write_photo

ARCHITECTURE = "resnet50"
PHOTOS = 24
SIZE = (1600, 1200)

_TRANSFORM = v2.Compose(
    [
        v2.Resize(256, antialias=True),
        v2.CenterCrop(224),
        v2.PILToTensor(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ]
)


def _plain(network: nn.Module, photo: Path) -> float:
    """Seconds that a script takes for one photo, while the window rests."""
    begin = time.perf_counter()
    with Image.open(photo) as image, torch.inference_mode():
        batch = _TRANSFORM(image.convert("RGB"))[None]
        torch.softmax(network(batch), dim=1).topk(5)
    return time.perf_counter() - begin


def _dropped(opened: Opened, photo: Path) -> float:
    """Seconds from letting the photo go to the answer on screen."""
    opened.hover([photo])
    opened.rest()
    begin = time.perf_counter()
    opened.let_go()
    opened.until(lambda: opened.shows_answer_of(photo))
    opened.paint()
    return time.perf_counter() - begin


def _pair(opened: Opened, network: nn.Module, photo: Path) -> tuple[float, float]:
    ours = _dropped(opened, photo)
    opened.rest()
    return ours, _plain(network, photo)


def measure() -> str:
    """Median of the ratio, pair by pair (goal: under 1.15)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        network = get_model(ARCHITECTURE, weights=None).eval()
        torch.save(network.state_dict(), folder / "weights.pth")
        photos = [write_photo(folder / f"{number}.jpg", SIZE, seed=number) for number in range(PHOTOS + 4)]
        with open_window(folder, folder / "weights.pth") as opened:
            pairs = [_pair(opened, network, photo) for photo in photos][4:]
    ratio = statistics.median(ours / plain for ours, plain in pairs)
    ours, plain = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
    return f"a warm drop {ratio:.2f} x a plain script ({ARCHITECTURE}; {ours:.0f} ms against {plain:.0f} ms); goal 1.15"
