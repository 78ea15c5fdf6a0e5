"""A plain script that answers photos, in a process of its own: ``python -m tests.benchmarks.script ARCHITECTURE``.

It reads a path a line, and writes the seconds that its photo took.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import torch
from PIL import Image
from torchvision.models import get_model
from torchvision.transforms import v2

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def running(architecture: str) -> Generator[Callable[[Path], float]]:
    """Start it; gives a function from a photo to its seconds.

    In the window's own process the script would share torch's threads with it, and be slowed down by that.
    """
    command = (sys.executable, "-m", "tests.benchmarks.script", architecture)
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def seconds(photo: Path) -> float:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{photo}\n")
            process.stdin.flush()
            return float(process.stdout.readline())

        yield seconds
        assert process.stdin is not None
        process.stdin.close()


def main() -> None:
    """Answer photos until there are no more."""
    network = get_model(sys.argv[1], weights=None).eval()
    transform = v2.Compose(
        [
            v2.Resize(256, antialias=True),
            v2.CenterCrop(224),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    for line in sys.stdin:
        begin = time.perf_counter()
        with Image.open(line.rstrip("\n")) as image, torch.inference_mode():
            batch = transform(image.convert("RGB"))[None]
            torch.softmax(network(batch), dim=1).topk(5)
        print(time.perf_counter() - begin, flush=True)


if __name__ == "__main__":
    main()
