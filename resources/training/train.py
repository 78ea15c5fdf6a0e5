"""Train the built-in model on a folder of class folders.

    python -m resources.training.train FOLDER --output DIR

FOLDER holds one folder per class; every tenth picture of a class (by file name: the 10th, 20th, ...)
is held out and never trained on.  The run continues from ``DIR/last.pth`` when started again, and ends
by writing ``DIR/model.safetensors`` (half precision) and ``DIR/config.json`` with the accuracy that the
stored half-precision weights reach on the held-out pictures, measured through torchvision's own
transforms on the files themselves.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torchvision
from PIL import Image
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn import functional
from torchvision.transforms import v2

from resources.training.augment import augment, mix

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_STRENGTHS = ((0.7, 0.5), (0.88, 0.3), (2.0, 0.15))
"""How strongly pictures are varied until which share of the run."""
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})


@dataclass(frozen=True)
class Split:
    """Class names, and (file, class index) pairs for training and for the held-out check."""

    names: list[str]
    train: list[tuple[Path, int]]
    held_out: list[tuple[Path, int]]


def split(folder: Path) -> Split:
    """Hold out every tenth picture of each class, in file-name order."""
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    chosen = Split(names, [], [])
    for index, name in enumerate(names):
        files = sorted(f for f in (folder / name).iterdir() if f.suffix.lower() in SUFFIXES)
        for number, file in enumerate(files, start=1):
            (chosen.held_out if number % 10 == 0 else chosen.train).append((file, index))
    return chosen


def read_pixels(items: list[tuple[Path, int]], size: int) -> Tensor:
    """Decode all pictures to uint8, (N, 3, size, size)."""
    pixels = np.empty((len(items), size, size, 3), np.uint8)
    for row, (file, _) in enumerate(items):
        with Image.open(file) as image:
            pixels[row] = np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR))
    return torch.as_tensor(pixels).permute(0, 3, 1, 2).contiguous()


def seed(number: int) -> None:
    """Make what follows repeatable."""
    cast(Any, torch).manual_seed(number)


def normalise(images: Tensor) -> Tensor:
    """0..1 to zero mean and unit deviation, in the memory layout that convolutions prefer."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    return ((images - mean) / std).contiguous(memory_format=torch.channels_last)


class Run:
    """One training run: a network, its averaged copy (EMA) and the optimizer."""

    def __init__(self, options: argparse.Namespace, classes: int, batches: int) -> None:
        seed(options.seed)
        network = torchvision.models.get_model(options.architecture, weights=None, num_classes=classes)
        self.network: nn.Module = network.to(memory_format=torch.channels_last)
        self.average: nn.Module = copy.deepcopy(self.network).eval()
        decayed = [p for p in self.network.parameters() if p.ndim > 1]
        kept = [p for p in self.network.parameters() if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": options.weight_decay}, {"params": kept, "weight_decay": 0.0}]
        self.optimizer = torch.optim.SGD(groups, lr=options.rate, momentum=0.9, nesterov=True)
        self.options, self.batches, self.epoch, self.step = options, batches, 0, 0

    def rate(self) -> float:
        """Linear warm-up over the first two epochs, then a cosine to (almost) zero."""
        warm, total = 2 * self.batches, self.options.epochs * self.batches
        if self.step < warm:
            return self.options.rate * (self.step + 1) / warm
        return self.options.rate * (0.5 + 0.5 * math.cos(math.pi * (self.step - warm) / max(1, total - warm))) + 1e-5

    def learn(self, pixels: Tensor, targets: Tensor) -> float:
        """One step on one batch; gives the loss."""
        progress = self.epoch / self.options.epochs
        # Small pictures at first, weak variation at the end: faster, and closer to what is measured.
        size = self.options.size if progress >= self.options.small_share else self.options.size * 3 // 4
        strength = next(value for end, value in _STRENGTHS if progress < end)
        mixing = self.options.mix_share if strength == _STRENGTHS[0][1] else 0.0
        images, mixed = mix(augment(pixels, size, strength), targets, mixing)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        loss = functional.cross_entropy(self.network(normalise(images)), mixed, label_smoothing=0.05)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        cast(Any, self.optimizer).step()
        self.step += 1
        self._follow()
        return float(loss.detach())

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(0.999, (1 + self.step) / (20 + self.step))
        current = self.network.state_dict()
        for name, value in self.average.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(current[name], 1 - decay)
            else:
                value.copy_(current[name])

    def save(self, path: Path) -> None:
        """Write atomically, so that a cut-off run leaves the last whole state."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
            "step": self.step,
        }
        partial = path.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(path)

    def resume(self, path: Path) -> None:
        """Continue from a state that ``save`` wrote."""
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.step = state["epoch"], state["step"]

    def warm_start(self, path: Path) -> None:
        """Begin a new run with the averaged network of an earlier one; its schedule starts afresh."""
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        self.network.load_state_dict(state["average"])
        self.average.load_state_dict(state["average"])


@torch.inference_mode()
def accuracy(network: nn.Module, pixels: Tensor, labels: Tensor, size: int) -> float:
    """A quick check from stored pixels, for the log alone."""
    right = 0
    for part, truth in zip(torch.split(pixels, 250), torch.split(labels, 250), strict=True):
        images = functional.interpolate(
            part.float() / 255, size=(size, size), mode="bicubic", antialias=True, align_corners=False
        )
        right += int((network(normalise(images.clamp(0, 1))).argmax(dim=1) == truth).sum())
    return right / len(labels)


@torch.inference_mode()
def measure(weights: Path, architecture: str, chosen: Split, size: int) -> dict[str, float]:
    """Accuracy of the stored file on the held-out files, as a plain torchvision script has it."""
    network = torchvision.models.get_model(architecture, weights=None, num_classes=len(chosen.names))
    network.load_state_dict(
        {k: v.float() if v.is_floating_point() else v for k, v in load(weights.read_bytes()).items()}
    )
    network.eval()
    transform = v2.Compose(
        [
            v2.Resize((size, size), v2.InterpolationMode.BICUBIC, antialias=True),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, STD),
        ]
    )
    right = [0] * len(chosen.names)
    count = [0] * len(chosen.names)
    for start in range(0, len(chosen.held_out), 100):
        part = chosen.held_out[start : start + 100]
        batch = torch.stack([transform(Image.open(file).convert("RGB")) for file, _ in part])
        for (_, truth), answer in zip(part, network(batch).argmax(dim=1).tolist(), strict=True):
            count[truth] += 1
            right[truth] += truth == answer
    figures = {"accuracy": sum(right) / sum(count), "images": sum(count)}
    return figures | {f"accuracy_{n}": r / c for n, r, c in zip(chosen.names, right, count, strict=True)}


def write(run: Run, chosen: Split, folder: Path) -> None:
    """Store the averaged network in half precision, with its description beside it."""
    options = run.options
    weights = folder / "model.safetensors"
    state = {k: v.half() if v.is_floating_point() else v for k, v in run.average.state_dict().items()}
    weights.write_bytes(save({k: v.contiguous() for k, v in state.items()}, {"format": "pt"}))
    config = {
        "architecture": options.architecture,
        "num_classes": len(chosen.names),
        "label_names": chosen.names,
        "problem_type": "single_label_classification",
        "pretrained_cfg": {
            "input_size": [3, options.size, options.size],
            "fixed_input_size": False,
            "interpolation": "bicubic",
            "crop_pct": 1.0,
            "crop_mode": "border",
            "mean": list(MEAN),
            "std": list(STD),
        },
        "training": {"epochs": run.epoch, "images": len(chosen.train)},
        "held_out": measure(weights, options.architecture, chosen, options.size),
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(config["held_out"], indent=2))


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="one folder per class")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--architecture", default="mobilenet_v2")
    parser.add_argument("--size", type=int, default=64, help="input side in pixels")
    parser.add_argument("--stored", type=int, default=32, help="side at which pictures are held in memory")
    parser.add_argument("--epochs", type=int, default=27)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--rate", type=float, default=0.15)
    parser.add_argument("--weight-decay", type=float, default=3e-4)
    parser.add_argument("--small-share", type=float, default=0.32, help="share of epochs at 3/4 of the size")
    parser.add_argument("--mix-share", type=float, default=0.2, help="share of batches with CutMix")
    parser.add_argument("--warm-start", type=Path, help="last.pth of an earlier run, to go on from its weights")
    parser.add_argument("--check-every", type=int, default=2, help="epochs between checks on held-out pictures")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def main() -> None:
    """Train, or go on training, then write the model."""
    options = parse()
    options.output.mkdir(parents=True, exist_ok=True)
    chosen = split(options.folder)
    pixels, held_pixels = (read_pixels(items, options.stored) for items in (chosen.train, chosen.held_out))
    labels, held_labels = (torch.tensor([index for _, index in items]) for items in (chosen.train, chosen.held_out))
    batches = len(labels) // options.batch_size
    run, last = Run(options, len(chosen.names), batches), options.output / "last.pth"
    if last.exists():
        run.resume(last)
    elif options.warm_start:
        run.warm_start(options.warm_start)
    while run.epoch < options.epochs:
        start, total = time.monotonic(), 0.0
        seed(options.seed + 1000 + run.epoch)
        order = torch.randperm(len(labels))[: batches * options.batch_size].view(batches, -1)
        run.network.train()
        for rows in order:
            targets = functional.one_hot(labels[rows], len(chosen.names)).float()
            total += run.learn(pixels[rows], targets)
        run.epoch += 1
        run.save(last)
        line = f"epoch {run.epoch}/{options.epochs}  loss {total / batches:.3f}  {time.monotonic() - start:.0f} s"
        if run.epoch % options.check_every == 0 or run.epoch == options.epochs:
            line += f"  held out {accuracy(run.average, held_pixels, held_labels, options.size):.4f}"
        print(line, flush=True)
    write(run, chosen, options.output)


if __name__ == "__main__":
    main()
