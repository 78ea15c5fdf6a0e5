"""torchvision's classifiers, built without filling weights that the next step replaces."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torchvision import models

from core.architectures.calls import Calls, unfilled
from core.catalogue import architecture as entry_of

AUXILIARY = ("googlenet", "inception_v3")


class Unfilled(Calls):
    """Makes every ``torch.empty``, what layers make their weights from, a shell on the meta device, and fills none.

    All else stays real: buffers that a constructor computes, and the tensors with which RegNet computes its
    widths (a plain ``torch.device("meta")`` breaks those).
    """

    def answer(self, func: Callable[..., object], args: tuple[object, ...], options: dict[str, object]) -> object:
        """A shell, where memory is asked for, and the same shell, where it is to be filled."""
        shell = unfilled(func, args, options)
        if shell is not None:
            return shell
        if func is torch.empty and options.get("device") is None:
            options["device"] = "meta"
        return func(*args, **options)


def blueprint(architecture: str, num_classes: int, *, input_size: int = 0, transform_input: bool = False) -> nn.Module:
    """A network in eval mode whose weights are still to be assigned: most of them have no memory yet.

    GoogLeNet and Inception come without their auxiliary heads, which only training uses.

    Args:
        architecture: id, such as ``resnet50``.
        num_classes: size of the head.
        input_size: pixels a side, for Vision Transformers, whose weights depend on it; 0 for the usual.
        transform_input: for GoogLeNet and Inception: the network itself changes ImageNet's mean and std to
            0.5, as torchvision's published weights need.

    Raises:
        UsageError: there is no such architecture.
        ValueError: it cannot be built with these sizes.
    """
    entry = entry_of(architecture)
    options: dict[str, object] = {}
    if architecture in AUXILIARY:
        options = {"aux_logits": False, "init_weights": False, "transform_input": transform_input}
    elif entry.family == "Vision Transformer" and input_size:
        options = {"image_size": input_size}
    with Unfilled():
        network = models.get_model(architecture, weights=None, num_classes=num_classes, **options)
    return network.eval().requires_grad_(False)
