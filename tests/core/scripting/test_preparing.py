"""Preprocessing written as transforms makes the very tensors that the network gets here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from core.images import Decoder, ImageSource
from core.preprocessing import PRESETS, Preprocessing
from core.scripting.preparing import spell_preparing
from core.tensors import to_tensor
from tests.core.pictures import encoded, exif, quarters, scene, turned

VARIANTS = {
    **PRESETS,
    "exact, not square": Preprocessing(resize="exact", size=(40, 70), crop=None, interpolation="nearest"),
    "covers, not square": Preprocessing(size=(64, 80), crop=(60, 72), interpolation="bicubic"),
    "padded": Preprocessing(resize="pad", size=(64, 80), crop=None),
    "padded in a colour": Preprocessing(resize="pad", size=(64, 80), crop=None, fill=(200, 30, 99)),
    "padded, grey": replace(PRESETS["mnist"], resize="pad", fill=(200, 30, 99)),
    "padded and cut": Preprocessing(resize="pad", size=(64, 64), crop=(50, 90), fill=(1, 2, 3)),
    "cut without resizing": Preprocessing(resize="none", crop=(200, 30)),
    "not antialiased": Preprocessing(size=(50, 50), crop=(40, 40), antialias=False),
    "not antialiased, padded": Preprocessing(
        resize="pad", size=(50, 60), crop=None, antialias=False, interpolation="bicubic"
    ),
    "five crops": Preprocessing(size=(60, 60), crop=(40, 48), crops=5),
    "ten crops, padded": Preprocessing(resize="pad", size=(60, 70), crop=(40, 40), crops=10, fill=(7, 8, 9)),
    "inverted": replace(PRESETS["mnist"], invert=True),
    "as OpenCV reads": Preprocessing(channels="bgr", range="0..255", mean=(104.0, 117.0, 123.0), std=(1.0,) * 3),
    "from -1 to 1": Preprocessing(range="-1..1", mean=(0.0,) * 3, std=(1.0,) * 3),
    "grey on three channels": Preprocessing(channels="grey3", resize="pad", fill=(10, 200, 90)),
    "on white, lying": Preprocessing(background=(255, 255, 255), exif=False),
    "as a row": replace(PRESETS["mnist"], flatten=True),
    "lanczos": Preprocessing(size=(48, 48), crop=(48, 48), interpolation="lanczos"),
}  # fmt: skip
RUN = """
import json, sys, warnings

import torch

warnings.simplefilter("ignore")
made = []
for code, image in json.load(open("jobs.json", encoding="utf-8")):
    place = {}
    exec(code, place)
    made.append(place["prepare"](image))
torch.save(made, "made.pt")
"""


def pictures(folder: Path) -> list[Path]:
    photo = scene(150, 110)
    (folder / "lying.jpg").write_bytes(encoded(turned(quarters(131, 90), 6), "JPEG", exif=exif(6)))
    clear = photo.copy()
    clear.putalpha(Image.linear_gradient("L").resize(photo.size))
    clear.save(folder / "clear.png")
    photo.quantize(32).save(folder / "palette.png", transparency=3)
    clear.convert("LA").save(folder / "grey_clear.png")
    photo.convert("CMYK").save(folder / "print.jpg")
    ramp = np.linspace(0, 65535, 90 * 120).reshape(90, 120)
    Image.fromarray(ramp.astype(np.uint16)).save(folder / "sixteen.png")
    Image.fromarray((ramp * 3 - 9000).astype(np.int32)).save(folder / "integers.tif")
    Image.fromarray((ramp / 65535).astype(np.float32)).save(folder / "fractions.tif")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, Tensor, Tensor]]]:
    """For each variant and picture: its name, ours, and what the written code makes of it elsewhere."""
    folder, elsewhere = tmp_path_factory.mktemp("pictures"), tmp_path_factory.mktemp("elsewhere")
    jobs: list[tuple[str, str]] = []
    ours: list[tuple[str, str, Tensor]] = []
    decoder = Decoder()
    for path in pictures(folder):
        image = decoder.decode(ImageSource(path.name, path))
        for name, variant in VARIANTS.items():
            written = spell_preparing(variant, image.pixels.mode, path.suffix)
            jobs.append(("\n".join((*written.imports, *written.lines)), str(path)))
            tensor = to_tensor(image, variant)
            ours.append((name, path.name, tensor if variant.crops > 1 else tensor.unsqueeze(0)))
    (elsewhere / "run.py").write_text(RUN, encoding="utf-8")
    (elsewhere / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "run.py"],
        cwd=elsewhere, env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    theirs: list[Tensor] = torch.load(elsewhere / "made.pt", weights_only=True)
    found: dict[str, list[tuple[str, Tensor, Tensor]]] = {name: [] for name in VARIANTS}
    for (name, picture, mine), other in zip(ours, theirs, strict=True):
        found[name].append((picture, mine, other))
    return found


@pytest.mark.parametrize("name", VARIANTS)
def test_the_same_tensors(name: str, made: dict[str, list[tuple[str, Tensor, Tensor]]]) -> None:
    assert len(made[name]) == 8
    for picture, ours, theirs in made[name]:
        assert ours.shape == theirs.shape, picture
        difference = (theirs - ours).abs()
        if VARIANTS[name].antialias:
            assert difference.max() <= 1e-6, picture
        else:
            # torchvision's plain resizing rounds otherwise for tensors that lie otherwise in memory: one step of
            # 8 bits, here and there.
            scale = 255 * min(VARIANTS[name].std) / (2 if VARIANTS[name].range == "-1..1" else 1)
            assert difference.max() <= 1.001 / scale, picture
            assert (difference > 1e-6).float().mean() < 1e-3, picture
