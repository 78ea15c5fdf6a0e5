"""Augmentation on whole batches, as tensors.

The stored pictures are small and soft (32 x 32, enlarged), the pictures that people drop are large
and sharp.  So each batch varies not only place, size and colour but also the sharpness and the share
of the frame that the object fills.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

_SCENES, _SHARPENED, _GRAINY, _BARRED = 0.25, 0.5, 0.25, 0.2
"""Shares of the pictures: placed within a scene, sharpened or blurred, grainy, and with bars."""
_BARS = (124 / 255, 116 / 255, 104 / 255)
"""Colour of the bars that a wide or high photo gets when it is brought to a square; the preprocessing has the same."""
_BICUBIC = 0.9
"""Share of the batches that are enlarged as the preprocessing enlarges: that is what is measured."""
_GREY = (0.299, 0.587, 0.114)


def _uniform(count: int, low: float, high: float) -> Tensor:
    return torch.empty(count).uniform_(low, high)


def _placements(count: int, zoom: Tensor, shift: float) -> Tensor:
    """Inverse affine maps, (count, 2, 3), from output to input coordinates in -1..1."""
    angle = _uniform(count, -12.0, 12.0).mul_(math.pi / 180) * (torch.rand(count) < 0.5)
    # Wide and high photos are brought to a square: their objects arrive up to half as wide, or as high, as they are.
    aspect = torch.exp(_uniform(count, -0.2, 0.2) * torch.where(torch.rand(count) < 0.4, 2.5, 1.0))
    flip = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    across, down = 1 / (zoom * aspect.sqrt()), aspect.sqrt() / zoom
    cosine, sine = torch.cos(angle), torch.sin(angle)
    move_x, move_y = (_uniform(count, -shift, shift) for _ in range(2))
    return torch.stack(
        [
            torch.stack([flip * across * cosine, -across * sine, move_x], dim=1),
            torch.stack([flip * down * sine, down * cosine, move_y], dim=1),
        ],
        dim=1,
    )


def _sample(images: Tensor, maps: Tensor, size: int, padding: str) -> Tensor:
    mode = "bicubic" if torch.rand(()) < _BICUBIC else "bilinear"
    grid = functional.affine_grid(maps, [len(images), 3, size, size], align_corners=False)
    return functional.grid_sample(images, grid, mode=mode, padding_mode=padding, align_corners=False)


def _within_a_scene(images: Tensor, size: int) -> Tensor:
    """Place each picture, smaller than the frame, on a blurred or sharp piece of another picture."""
    count = len(images)
    behind = _sample(
        images[torch.randperm(count)], _placements(count, _uniform(count, 0.6, 3.5), 0.5), size, "reflection"
    )
    zoom = _uniform(count, 0.4, 0.95)
    maps = _placements(count, zoom, 0.0)
    room = (1 / zoom - 1).unsqueeze(1) * 0.7
    maps[:, :, 2] = _uniform(count * 2, -1.0, 1.0).view(count, 2) * room
    grid = functional.affine_grid(maps, [count, 3, size, size], align_corners=False)
    inside = ((1.04 - grid.abs().amax(dim=3)) * 12).clamp_(0, 1).unsqueeze(1)
    front = functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return front * inside + behind * (1 - inside)


def _sharpness(images: Tensor) -> Tensor:
    """Between blurred (-0.8) and strongly sharpened (+1.8), by an unsharp mask of 3 x 3."""
    amount = _uniform(len(images), -0.8, 1.8).view(-1, 1, 1, 1)
    soft = functional.avg_pool2d(functional.pad(images, [1, 1, 1, 1], mode="replicate"), 3, stride=1)
    return images + amount * (images - soft)


def _grain(images: Tensor) -> Tensor:
    """Noise of single pixels, as sharp photos have detail of single pixels; deviation up to 0.06."""
    return images + torch.randn_like(images) * _uniform(len(images), 0.0, 0.06).view(-1, 1, 1, 1)


def _colour(images: Tensor) -> Tensor:
    count = len(images)

    def factor(spread: float) -> Tensor:
        return _uniform(count, 1 - spread, 1 + spread).view(-1, 1, 1, 1)

    grey = (images * torch.tensor(_GREY).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    saturation = factor(0.4)
    saturation[torch.rand(count) < 0.05] = 0.0
    images = grey + (images - grey) * saturation
    middle = images.mean(dim=(1, 2, 3), keepdim=True)
    images = (images - middle) * factor(0.3) + middle * factor(0.3)
    cast = 1 + 0.06 * torch.randn(count, 3, 1, 1)
    return (images * cast).clamp_(0, 1)


def _erase(images: Tensor, share: float) -> Tensor:
    """Cover a random square of the chosen pictures with its mean colour (DeVries and Taylor, 2017)."""
    count, _, height, width = images.shape
    side = _uniform(count, 0.15, 0.4) * (torch.rand(count) < share)
    centre = torch.rand(count, 2)
    rows = (torch.arange(height) / height).view(1, -1)
    columns = (torch.arange(width) / width).view(1, -1)
    in_rows = (rows - centre[:, :1]).abs() < side.view(-1, 1) / 2
    in_columns = (columns - centre[:, 1:]).abs() < side.view(-1, 1) / 2
    hole = (in_rows.unsqueeze(2) & in_columns.unsqueeze(1)).unsqueeze(1)
    return torch.where(hole, images.mean(dim=(2, 3), keepdim=True), images)


def _bars(images: Tensor, ratio: Tensor, chosen: Tensor) -> Tensor:
    """Cover the edges above and below, or left and right, as if the picture were so many times as wide as high."""
    size = images.shape[2]
    place = ((torch.arange(size) + 0.5) / size * 2 - 1).abs()
    outside = (place > 1 / ratio.unsqueeze(1)) & chosen.unsqueeze(1)
    lying = (torch.rand(len(images)) < 0.7).view(-1, 1, 1, 1)
    covered = torch.where(lying, outside[:, None, :, None], outside[:, None, None, :])
    return torch.where(covered, torch.tensor(_BARS).view(1, 3, 1, 1), images)


def augment(pixels: Tensor, size: int, strength: float) -> Tensor:
    """Vary a batch.

    Args:
        pixels: uint8, (N, 3, h, w).
        size: side of the result in pixels.
        strength: 0 keeps the pictures nearly as they are, 1 is the full range.

    Returns:
        float32, (N, 3, size, size), 0..1.
    """
    images = pixels.float().div_(255)
    count = len(images)
    # What large photos differ in grows only a little weaker towards the end: sharpness, and space around the object.
    kept = min(1.0, 0.5 + 1.25 * strength)
    scenes = int(count * _SCENES * kept)
    barred, ratio = torch.rand(count) < _BARRED, _uniform(count, 1.2, 1.8)
    zoom = torch.exp(_uniform(count - scenes, -0.1, 0.3 * strength + 0.02))
    # The object of a wide photo fills its height, not the square's.
    zoom = torch.where(barred[scenes:], zoom / ratio[scenes:], zoom)
    plain = _sample(images[scenes:], _placements(count - scenes, zoom, 0.16), size, "reflection")
    images = torch.cat([_within_a_scene(images[:scenes], size), plain]) if scenes else plain
    chosen = torch.rand(count) < _SHARPENED * kept
    images = torch.where(chosen.view(-1, 1, 1, 1), _sharpness(images), images)
    grainy = torch.rand(count) < _GRAINY * kept
    images = torch.where(grainy.view(-1, 1, 1, 1), _grain(images), images).clamp_(0, 1)
    chosen = torch.rand(count) < 0.8 * strength
    images = torch.where(chosen.view(-1, 1, 1, 1), _colour(images), images)
    return _bars(_erase(images, 0.4 * strength), ratio, barred)


def mix(images: Tensor, targets: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """CutMix (Yun et al., 2019): put a rectangle of one picture into another, and mix their targets.

    Args:
        images: (N, 3, H, W).
        targets: class shares, (N, classes), each row summing to 1.
        share: probability that the batch is mixed at all.
    """
    if torch.rand(()) >= share:
        return images, targets
    _, _, height, width = images.shape
    order = torch.randperm(len(images))
    side = math.sqrt(1 - float(torch.distributions.Beta(1.0, 1.0).sample()))
    high, wide = round(height * side), round(width * side)
    top = int(torch.randint(0, height - high + 1, ()))
    left = int(torch.randint(0, width - wide + 1, ()))
    images = images.clone()
    images[:, :, top : top + high, left : left + wide] = images[order, :, top : top + high, left : left + wide]
    covered = high * wide / (height * width)
    return images, targets * (1 - covered) + targets[order] * covered
