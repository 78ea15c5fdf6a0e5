"""Small things that several tests make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core.descriptions import CheckpointSummary, ClassifierInfo, DeviceInfo, ModelSpec
from core.jobs import Steps
from core.preprocessing import Preprocessing


@dataclass
class Printed:
    """What a command printed and returned."""

    status: int
    out: str
    err: str


PLAIN = Preprocessing(resize="none", crop=None, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def classifier_info(
    labels: tuple[str, ...] = ("red", "green", "blue"),
    preprocessing: Preprocessing = PLAIN,
    device: str = "cpu",
) -> ClassifierInfo:
    """A description of a classifier that needs no file."""
    return ClassifierInfo(
        spec=ModelSpec(kind="file", weights="colours.pth"),
        name="colours.pth",
        note="",
        architecture="mean_colour",
        matches=(),
        labels=labels,
        labels_source="the test",
        preprocessing=preprocessing,
        preprocessing_source="the test",
        device=DeviceInfo(device, device.upper()),
        checkpoint=CheckpointSummary("colours.pth", "state_dict", (), "", 0, 0, 0, "0" * 64),
        modified_ns=0,
    )


def run_steps(steps: Steps) -> object:
    """Do a job here and now; gives what it finishes with."""
    while True:
        try:
            awaited = next(steps)
            if awaited is not None:
                awaited.exception(timeout=20)
        except StopIteration as stop:
            return stop.value


def write_image(path: Path, colour: tuple[int, int, int] = (255, 0, 0), size: tuple[int, int] = (8, 6)) -> Path:
    """A picture of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def write_photo(path: Path, size: tuple[int, int] = (320, 240), seed: int = 0) -> Path:
    """A picture with something to see at every scale: smooth shapes and fine noise."""
    generator = np.random.default_rng(seed)
    coarse = Image.fromarray(generator.integers(0, 255, (12, 16, 3), np.uint8)).resize(size, Image.Resampling.BICUBIC)
    fine = generator.normal(0, 12, (size[1], size[0], 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(np.asarray(coarse) + fine, 0, 255).astype(np.uint8)).save(path)
    return path
