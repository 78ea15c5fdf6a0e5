"""A network with its preprocessing, labels and device, ready to answer."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import platform
from array import array
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace

import torch
from torch import Tensor, nn

from core import VERSION
from core.activations import activated
from core.architectures.answers import described
from core.descriptions import ClassifierInfo, DeviceInfo, Provenance
from core.devices import is_out_of_memory, release_memory
from core.errors import DeviceError, InputError, MatchError, WhatsitError
from core.predictions import Prediction, prediction
from core.tables import TIMM_PREFIX

CPU = "cpu"


class Seat:
    """Where a network sits, and how much fits there: shared by all classifiers that are dressings of it.

    Attributes:
        device: where it is.
        batch_limit: the largest batch that did not run out of memory, counted in views; 0 while none has.
        make_room: called with the id of a device whose memory is full, before anything slower; frees what
            others keep there, and says whether there was anything.
    """

    def __init__(self, device: DeviceInfo) -> None:
        self.device = device
        self.batch_limit = 0
        self.make_room: Callable[[str], bool] = lambda _: False


class Classifier:
    """Answers batches, and steps down when the device's memory is full.

    Attributes:
        seat: the network's place.
    """

    def __init__(self, network: nn.Module, info: ClassifierInfo) -> None:
        self.seat = Seat(info.device)
        self._network = network
        self._info = info
        self._provenance = provenance_of(info)

    @property
    def info(self) -> ClassifierInfo:
        """What the window shows of it; changes when the network moves, such as down to the CPU."""
        if self._info.device != self.seat.device:
            self.describe(replace(self._info, device=self.seat.device))
        return self._info

    @property
    def nothing(self) -> Tensor:
        """Zeros, in the form in which the preprocessing brings an image, or as a row."""
        if self.info.refuses:
            return torch.zeros(1, self.info.features)
        preprocessing = self.info.preprocessing
        height, width = preprocessing.crop or preprocessing.size
        if preprocessing.crop is None and preprocessing.resize in ("none", "shorter"):
            height = width = min(height, width, 224)
        batch = torch.zeros(1, len(preprocessing.mean), height, width)
        if preprocessing.flatten:
            return batch.flatten(1)
        return batch.expand(preprocessing.crops, -1, -1, -1)[None] if preprocessing.crops > 1 else batch

    def warm_up(self) -> None:
        """One forward pass of nothing, so that the first image is answered as fast as the rest.

        Raises:
            MatchError: the network does not take what the preprocessing makes, or does not answer with such outputs.
        """
        info, preprocessing = self.info, self.info.preprocessing
        if info.refuses and not info.features:
            return
        try:
            self.predict(self.nothing, [0.0], lambda: 0.0)
        except InputError:
            # Images may come in their own sizes, and which of them the network takes is known only then.
            if info.refuses or preprocessing.resize != "none" or preprocessing.crop is not None:
                raise

    def dressed(self, info: ClassifierInfo) -> Classifier:
        """The same network with other labels or preprocessing; this one stays as it is.

        Args:
            info: all about it but the device, which is where the network is.
        """
        made = copy(self)
        made.describe(replace(info, device=self.seat.device))
        return made

    @property
    def bytes(self) -> int:
        """Memory that the weights take."""
        held = [*self._network.parameters(), *self._network.buffers()]
        return sum(tensor.numel() * tensor.element_size() for tensor in held)

    @property
    def provenance(self) -> Provenance:
        """What every answer rests on."""
        return self._provenance

    @property
    def tensors(self) -> Mapping[str, Tensor]:
        """The network's tensors, by name, where they are."""
        return self._network.state_dict()

    def move(self, device: DeviceInfo) -> None:
        """Go to another device.

        Raises:
            DeviceError: its memory is too small; the network stays where it was.
        """
        try:
            self._network.to(device.id)
        except (RuntimeError, MemoryError) as error:
            # A module moves tensor by tensor, so half of it may be there by now.
            self._network.to(self.info.device.id)
            release_memory()
            if not is_out_of_memory(error):
                raise
            if self.seat.make_room(device.id):
                release_memory()
                self.move(device)
                return
            raise DeviceError(
                f"The network does not fit into the memory of {device.name}.",
                "Its weights need more than is free there.",
                "Choose the CPU, or close other programs that use the device.",
            ) from error
        self.seat.batch_limit = 0
        self.describe(replace(self.info, device=device))

    def describe(self, info: ClassifierInfo) -> None:
        """Take over new labels, preprocessing or device."""
        self._info, self.seat.device = info, info.device
        self._provenance = provenance_of(info)

    def predict(
        self, batch: Tensor, preparation_s: list[float], clock: Callable[[], float]
    ) -> list[Prediction | WhatsitError]:
        """The class scores of a batch, or its values.

        Args:
            batch: float32, (N, C, H, W), or (N, features) with ``flatten``; preprocessed.  With several crops
                (N, views, C, H, W): an image's scores are the mean of its views'.
            preparation_s: seconds that each image's preprocessing took; part of its prediction's time.
            clock: seconds, rising, such as ``time.perf_counter``.

        Returns:
            A prediction an image, or the reason why there is none.

        Raises:
            DeviceError: out of memory, even on the CPU, one image at a time.
            MatchError: the network takes no such input, or answers with something that is no row of
                class scores an image.
        """
        start = clock()
        views = batch.shape[1] if batch.dim() == 5 else 1
        probabilities = self._probabilities(batch.flatten(0, 1) if views > 1 else batch)
        if views > 1:
            probabilities = probabilities.view(len(batch), views, -1).mean(1)
        share = (clock() - start) / len(batch)
        answers: list[Prediction | WhatsitError] = []
        for row, spent in zip(probabilities, preparation_s, strict=True):
            if not bool(torch.isfinite(row).all()):
                answers.append(_not_finite())
                continue
            # Through bytes: a copy without a Python float for each class.
            scores = array("f")
            scores.frombytes(row.numpy().tobytes())
            answers.append(prediction(scores, self.info.labels, spent + share, self._provenance))
        return answers

    def _probabilities(self, batch: Tensor) -> Tensor:
        """The batch's scores, (N, classes) on the CPU; smaller batches, then the CPU, if need be."""
        size = min(len(batch), self.seat.batch_limit or len(batch))
        while True:
            try:
                return torch.cat([self._forward(part) for part in torch.split(batch, size)])
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise _refused(batch, error, self._network) from error
            except (IndexError, ValueError, TypeError, AssertionError) as error:
                raise _refused(batch, error, self._network) from error
            has_room = self.seat.make_room(self.info.device.id)
            release_memory()
            if has_room:
                continue
            if size > 1:
                size = self.seat.batch_limit = max(1, size // 2)
            elif self.info.device.id != CPU:
                self._network.to(CPU)
                self.describe(replace(self.info, device=DeviceInfo(CPU, "CPU")))
                size = self.seat.batch_limit = 1
            else:
                raise DeviceError(
                    "There is not enough memory to answer even one image.",
                    "The network's forward pass ran out of it on the CPU.",
                    "Close other programs, or choose a smaller input size or architecture.",
                )

    @torch.inference_mode()
    def _forward(self, part: Tensor) -> Tensor:
        output: object = self._network(part.to(self.info.device.id))
        count = self.info.outputs or len(self.info.labels)
        if not isinstance(output, Tensor) or output.shape != (len(part), count):
            raise MatchError(
                "The network's output is no list of class scores.",
                f"For an image it should be {count} numbers. It answers with {described(output, len(part))}.",
                "Choose the architecture that the weights were trained with.",
            )
        return activated(output.float(), self.info.activation).cpu()


def provenance_of(info: ClassifierInfo) -> Provenance:
    """What the answers of a classifier rest on."""
    return Provenance(
        weights=info.checkpoint.file,
        sha256=info.checkpoint.sha256,
        architecture=info.architecture,
        preprocessing=info.preprocessing,
        labels=info.labels_source,
        device=info.device.id,
        precision="float32",
        version=VERSION,
        tensors=info.checkpoint.sets[0] if info.checkpoint.sets else ".".join(info.checkpoint.unwrapped),
        activation=info.activation,
        activation_source=info.activation_source,
        preprocessing_source=info.preprocessing_source,
        preprocessing_assumed=info.preprocessing_assumed,
        evidence=next((match.evidence for match in info.matches if match.architecture == info.architecture), ""),
        source=info.spec.architecture_file,
        libraries=_libraries(info.architecture.startswith(TIMM_PREFIX)),
    )


@functools.cache
def _libraries(timm: bool) -> tuple[tuple[str, str], ...]:
    """Name and version of what has a part in an answer."""
    names = ("torch", "torchvision", "pillow", *(("timm",) if timm else ()))
    found = [("python", platform.python_version())]
    for name in names:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found.append((name, importlib.metadata.version(name)))
    return tuple(found)


_CHANNELS = {1: ("grey", "one channel"), 3: ("rgb", "three channels")}


def _refused(batch: Tensor, error: Exception, network: nn.Module) -> InputError:
    if batch.dim() == 2:
        form = f"{batch.shape[1]} numbers in a row"
    else:
        channels = "channel" if batch.shape[1] == 1 else "channels"
        form = f"{batch.shape[3]} x {batch.shape[2]} pixels with {batch.shape[1]} {channels}"
    return InputError(
        f"The network does not take an input of {form}.",
        f"It stopped with: {str(error).splitlines()[0] if str(error) else type(error).__name__}.",
        _other_channels(batch, network) or "Choose the preprocessing that the weights were trained with.",
        detail=str(error),
    )


def _other_channels(batch: Tensor, network: nn.Module) -> str:
    """The remedy where the first convolution takes another number of channels than it was given; else empty."""
    first = next((module for module in network.modules() if isinstance(module, nn.Conv2d)), None)
    if first is None or batch.dim() != 4 or first.in_channels not in _CHANNELS or batch.shape[1] == first.in_channels:
        return ""
    name, words = _CHANNELS[first.in_channels]
    return f"It takes {words}: choose {name} as the channels in the preprocessing (`--channels {name}`)."


def _not_finite() -> WhatsitError:
    return MatchError(
        "The network has no answer to this image.",
        "Its outputs are not numbers (NaN or infinite): weights that were damaged or diverged in training do this.",
        "Try another image; if all fail alike, use another checkpoint of the training.",
    )
