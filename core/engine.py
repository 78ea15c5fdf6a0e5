"""What the worker thread does: opens classifiers, keeps the current one, answers images.

Only jobs call it, one at a time, so it needs no locks.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import torch

from core.architectures.custom import read_source
from core.checkpoints import open_checkpoint
from core.classifier import CPU, Classifier
from core.descriptions import DeviceInfo, ModelSpec, Notice
from core.devices import choose_device, list_devices
from core.errors import DeviceError, UsageError, WhatsitError
from core.images import Decoder, ImageSource
from core.inspecting import inspect_file
from core.jobs import Context, Steps
from core.opening import build_classifier, locate
from core.packing import save_model
from core.sidecars import sidecar_files
from core.stream import Stream
from core.trust import Consent

_KEPT_BYTES = 1_500_000_000

Key = tuple[ModelSpec, tuple[tuple[int, int], ...]]


class Engine:
    """Holds the current classifier, and those used a moment ago."""

    def __init__(self, consents: Sequence[Consent] = ()) -> None:
        """Args: consents: who may have agreed that code which came with a file runs."""
        self._consents = tuple(consents)
        self._current: Classifier | None = None
        self._kept: OrderedDict[Key, Classifier] = OrderedDict()
        self._stream: Stream | None = None

    def devices(self, context: Context) -> Steps:
        """Job: finishes with ``tuple[DeviceInfo, ...]``."""
        context.check()
        yield
        return list_devices()

    def open(self, context: Context, spec: ModelSpec, device: str) -> Steps:
        """Job: make a classifier current; finishes with its ``ClassifierInfo``."""
        chosen = choose_device(device)
        path, entry = locate(context, spec)
        yield
        # Before the file is read: one that is written to meanwhile must not pass for what was read.
        key = _key(spec, path)
        classifier = self._kept.get(key)
        if classifier is None:
            context.progress(0, 0, "Reading the weights")
            checkpoint = open_checkpoint(path, spec.tensors)
            yield
            classifier = build_classifier(context, spec, checkpoint, entry, self._consents)
            classifier.make_room = functools.partial(self._make_room, classifier)
            yield
        context.progress(0, 0, "Warming up")
        notices = _settle(classifier, chosen, wanted=device)
        # Only now, when nothing can fail any more: until here the previous one was in use.
        context.check()
        self._keep(key, classifier)
        self._current = classifier
        return replace(classifier.info, notices=(*classifier.info.notices, *notices))

    def classify(self, context: Context, sources: Sequence[ImageSource], decoder: Decoder, batch_size: int) -> Steps:
        """Job: emit an ``ImageResult`` an image, and a ``ClassifierInfo`` with its ``Notice`` on a step down."""
        classifier = self._current
        if classifier is None:
            raise UsageError("No model is open yet.", "Images need one to be answered.", "Open a model first.")
        if self._stream is None:
            self._stream = Stream(decoder)
        done, device, limit = 0, classifier.info.device, classifier.batch_limit
        for results in self._stream.answer(classifier, sources, batch_size):
            if isinstance(results, Future):
                yield results
                continue
            for result in results:
                context.emit(result)
            done += len(results)
            context.progress(done, len(sources))
            if classifier.info.device != device or classifier.batch_limit != limit:
                _say_step_down(context, classifier, device)
                device, limit = classifier.info.device, classifier.batch_limit
            yield
        return done

    def inspect(self, context: Context, path: Path) -> Steps:
        """Job: find out what a weights file is, running nothing in it; finishes with an ``Inspection``."""
        context.progress(0, 0, "Reading the weights")
        yield
        return inspect_file(path)

    def save(self, context: Context, path: Path) -> Steps:
        """Job: write the current classifier to files; finishes with the ``tuple[Path, ...]`` that were written."""
        classifier = self._current
        if classifier is None:
            raise UsageError("No model is open yet.", "There is nothing to save.", "Open a model first.")
        context.progress(0, 0, "Saving the model")
        yield
        return save_model(path, classifier.info, classifier.tensors)

    def close(self) -> None:
        """Let the decoding threads go."""
        if self._stream is not None:
            self._stream.close()

    def _make_room(self, wanting: Classifier, device: str) -> bool:
        """Forget the classifiers that are kept on a device for coming back to, except the one that wants room."""
        crowded = [
            key
            for key, kept in self._kept.items()
            if kept is not wanting and kept is not self._current and kept.info.device.id == device
        ]
        for key in crowded:
            del self._kept[key]
        return bool(crowded)

    def _keep(self, key: Key, classifier: Classifier) -> None:
        """Keep a classifier for coming back to, and forget the oldest beyond the memory bound."""
        self._kept[key] = classifier
        self._kept.move_to_end(key)
        while len(self._kept) > 1 and sum(kept.bytes for kept in self._kept.values()) > _KEPT_BYTES:
            self._kept.popitem(last=False)


def _key(spec: ModelSpec, path: Path) -> Key:
    """What must be the same for a classifier to be used again: the request, and all files that it rests on."""
    chosen = [Path(spec.labels)] if spec.labels else []
    if spec.architecture_file:
        chosen += [Path(spec.architecture_file), *_imported(Path(spec.architecture_file))]
    files = [path, *sidecar_files(path), *chosen]
    states: list[tuple[int, int]] = []
    for file in files:
        try:
            status = file.stat()
        except (OSError, ValueError):
            states.append((0, 0))
        else:
            states.append((status.st_mtime_ns, status.st_size))
    return spec, tuple(states)


def _imported(source: Path) -> tuple[Path, ...]:
    """The files of its own folder that a Python file imports; none where it cannot be read, which opening will say."""
    try:
        return read_source(source).local
    except UsageError:
        return ()


def _settle(classifier: Classifier, device: DeviceInfo, wanted: str) -> list[str]:
    """Move to a device and warm up there; with ``auto``, one that cannot do it gives way to the CPU, and says so.

    Raises:
        DeviceError: a device that a person chose cannot do it.
        MatchError: no device can: the network does not take what the preprocessing makes.
    """
    try:
        if classifier.info.device.id != device.id:
            classifier.move(device)
        classifier.describe(replace(classifier.info, device=device))
        _warm_up(classifier)
    except (WhatsitError, RuntimeError) as error:
        if device.id == CPU:
            raise
        classifier.move(list_devices()[-1])
        # Fails again, with its own reason, where the device is not to blame.
        _warm_up(classifier)
        why = str(error).splitlines()[0]
        if wanted != "auto":
            raise DeviceError(
                f"{device.name} cannot compute this network.",
                f"It stopped with: {why}",
                "Choose the CPU, or install a build of PyTorch that is made for this device.",
                detail=str(error),
            ) from error
        return [f"{device.name} cannot compute this network, so the CPU is used instead. It stopped with: {why}"]
    if classifier.info.device.id != device.id:
        return [f"{device.name} ran out of memory, so the CPU is used instead."]
    return []


def _warm_up(classifier: Classifier) -> None:
    """One forward pass of nothing, so that the first image is answered as fast as the rest."""
    preprocessing = classifier.info.preprocessing
    if classifier.info.refuses:
        classifier.predict(torch.zeros(1, classifier.info.features), [0.0], lambda: 0.0)
        return
    height, width = preprocessing.crop or preprocessing.size
    if preprocessing.crop is None and preprocessing.resize in ("none", "shorter"):
        height = width = min(height, width, 224)
    batch = torch.zeros(1, len(preprocessing.mean), height, width)
    classifier.predict(batch.flatten(1) if preprocessing.flatten else batch, [0.0], lambda: 0.0)


def _say_step_down(context: Context, classifier: Classifier, before: DeviceInfo) -> None:
    if classifier.info.device != before:
        context.emit(Notice(f"{before.name} ran out of memory, so the CPU answers from here on."))
        context.emit(classifier.info)
    elif classifier.batch_limit:
        context.emit(
            Notice(f"{before.name} ran short of memory, so at most {classifier.batch_limit} image(s) go at a time.")
        )
