"""Building networks; one file a source, and what people change in them."""

from __future__ import annotations

from torch import nn

from core.architectures import timm, torchvision
from core.architectures.variants import apply_head, apply_stem, change_channels
from core.fingerprints import Fit, fingerprint
from core.tables import TIMM_PREFIX

__all__ = ["blueprint", "build"]


def blueprint(architecture: str, num_classes: int, *, input_size: int = 0, transform_input: bool = False) -> nn.Module:
    """A network in eval mode whose weights are still to be assigned.

    Args:
        architecture: id, such as ``resnet50`` (torchvision's) or ``timm/resnet50``.
        num_classes: size of the head.
        input_size: pixels a side, for networks whose weights depend on it; 0 for the usual.
        transform_input: see ``core.architectures.torchvision.blueprint``.

    Raises:
        UsageError: there is no such architecture, or it is timm's and timm is not installed.
        ValueError: it cannot be built with these sizes.
    """
    if architecture.startswith(TIMM_PREFIX):
        return timm.blueprint(architecture.removeprefix(TIMM_PREFIX), num_classes, input_size=input_size)
    return torchvision.blueprint(architecture, num_classes, input_size=input_size, transform_input=transform_input)


def build(fit: Fit, *, transform_input: bool = False) -> nn.Module:
    """The network that tensors fit, with the changes that they show, in eval mode; weights are still to be assigned.

    Args:
        fit: with every name and shape in its place.
        transform_input: see ``core.architectures.torchvision.blueprint``.

    Raises:
        MatchError: it cannot be changed so.
        UsageError: it is timm's and timm is not installed.
        ValueError: it cannot be built with these sizes.
    """
    known = fingerprint(fit.architecture)
    classes = fit.num_classes if fit.head is None else 2
    channels = fit.input_channels or 3
    if fit.architecture.startswith(TIMM_PREFIX):
        # A size is given only where it is another: not every constructor takes its usual one.
        size = fit.input_size if known.step and fit.input_size != known.usual_input else 0
        name = fit.architecture.removeprefix(TIMM_PREFIX)
        changes = dict[str, object](fit.options)
        network = timm.blueprint(name, classes, input_channels=channels, input_size=size, **changes)
    else:
        network = torchvision.blueprint(
            fit.architecture, classes, input_size=fit.input_size, transform_input=transform_input and channels == 3
        )
        if channels != 3:
            change_channels(network, known.stem[0].removesuffix(".weight"), channels)
    if fit.stem is not None:
        apply_stem(network, fit.stem)
    if fit.head is not None:
        apply_head(network, fit.head)
    return network
