"""Configurations as trainers write them, and the preprocessing that they mean."""

from __future__ import annotations

import json
from pathlib import Path

from core.preprocessing import Preprocessing

TIMM_VALUES: dict[str, object] = {
    "input_size": [3, 224, 224],
    "interpolation": "bicubic",
    "crop_pct": 0.95,
    "crop_mode": "center",
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
    "num_classes": 1000,
}
TIMM: dict[str, object] = {
    "architecture": "resnet50",
    "num_classes": 3,
    "num_features": 2048,
    "label_names": ["cat", "dog", "tench"],
    "pretrained_cfg": TIMM_VALUES,
}
CENTRE = Preprocessing(size=(235, 235), crop=(224, 224), interpolation="bicubic")

HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
VIT = Preprocessing(
    resize="exact", size=(224, 224), crop=None, interpolation="bilinear", mean=(0.5,) * 3, std=(0.5,) * 3
)  # fmt: skip


def put(folder: Path, **files: object) -> Path:
    """Write files beside ``model.pth`` (``__`` stands for the dot); returns the weights' path."""
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder / "model.pth"
