"""What the worker thread does: opens classifiers, keeps the current one, answers images.

Only jobs call it, one at a time, so it needs no locks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from core.catalogue import PretrainedEntry, architecture, assumed_preprocessing, imagenet_labels, pretrained, published
from core.checkpoints import Checkpoint, open_checkpoint
from core.classifier import Classifier
from core.descriptions import ClassifierInfo, DeviceInfo, Match, ModelSpec, Notice
from core.devices import choose_device, list_devices
from core.errors import DeviceError, LabelsError, MatchError, UsageError
from core.hub import pretrained_path
from core.images import Decoder, ImageSource
from core.jobs import Context, Steps
from core.labels import fit_labels, numbered, read_labels
from core.matching import assemble, rank
from core.preprocessing import Preprocessing
from core.sidecars import Sidecar, read_sidecar
from core.stream import Stream

BUILTIN = Path(__file__).resolve().parent.parent / "resources" / "builtin" / "model.safetensors"
BUILTIN_NAME = "Built-in: CIFAR-10"
BUILTIN_NOTE = "A demonstration: it knows ten kinds of things, and guesses on all others."

_KEPT_BYTES = 1_500_000_000
_IMAGENET = 1000

Key = tuple[ModelSpec, int, int]


class Engine:
    """Holds the current classifier, and those used a moment ago."""

    def __init__(self) -> None:
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
        path, entry = _locate(context, spec)
        yield
        classifier = self._recall(spec, path)
        if classifier is None:
            context.progress(0, 0, "Reading the weights")
            checkpoint = open_checkpoint(path)
            yield
            classifier = _assemble(context, spec, checkpoint, entry, read_sidecar(path))
            yield
        notices = _place(classifier, chosen, wanted=device)
        context.progress(0, 0, "Warming up")
        _warm_up(classifier)
        # Only now, when nothing can fail any more: until here the previous one was in use.
        context.check()
        self._keep(classifier)
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
            for result in results:
                context.emit(result)
            if results:
                done += len(results)
                context.progress(done, len(sources))
            if classifier.info.device != device or classifier.batch_limit != limit:
                _say_step_down(context, classifier, device)
                device, limit = classifier.info.device, classifier.batch_limit
            yield
        return done

    def close(self) -> None:
        """Let the decoding threads go."""
        if self._stream is not None:
            self._stream.close()

    def _recall(self, spec: ModelSpec, path: Path) -> Classifier | None:
        """A classifier used before, if its file has not changed since."""
        key = _key(spec, path)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def _keep(self, classifier: Classifier) -> None:
        """Keep a classifier for coming back to, and forget the oldest beyond the memory bound."""
        info = classifier.info
        self._kept[_key(info.spec, Path(info.checkpoint.file))] = classifier
        self._kept.move_to_end(next(reversed(self._kept)))
        while len(self._kept) > 1 and sum(kept.bytes for kept in self._kept.values()) > _KEPT_BYTES:
            self._kept.popitem(last=False)


def _key(spec: ModelSpec, path: Path) -> Key:
    files = [path, *([Path(spec.labels)] if spec.labels else [])]
    try:
        states = [file.stat() for file in files]
    except OSError:
        return (spec, 0, 0)
    return (spec, sum(state.st_mtime_ns for state in states), sum(state.st_size for state in states))


def _locate(context: Context, spec: ModelSpec) -> tuple[Path, PretrainedEntry | None]:
    if spec.kind == "builtin":
        return BUILTIN, None
    if spec.kind == "file":
        return Path(spec.weights), None
    entry = next((found for found in pretrained() if found.id == spec.weights), None)
    if entry is None:
        raise UsageError(
            f"There are no published weights {spec.weights!r}.",
            "torchvision's list does not have them.",
            "Choose others, or a weights file.",
        )
    text = f"Downloading {entry.id}"
    context.progress(0, entry.bytes, text)
    return pretrained_path(entry, lambda done, total: context.progress(done, total, text), context.check), entry


def _assemble(
    context: Context, spec: ModelSpec, checkpoint: Checkpoint, entry: PretrainedEntry | None, sidecar: Sidecar | None
) -> Classifier:
    """Network, labels and preprocessing for a checkpoint."""
    notices: list[str] = [sidecar.problem] if sidecar is not None and sidecar.problem else []
    matches = rank(checkpoint)
    chosen = _choose_architecture(spec, matches, entry, sidecar)
    context.progress(0, 0, f"Building {chosen or 'the network'}")
    network = assemble(checkpoint, chosen)
    match = next((found for found in matches if found.architecture == chosen), None)
    if match is None:
        raise MatchError(
            f"The weights fit {chosen}, but not a head that gives classes.",
            "The size of the last layer cannot be told.",
            "Choose another architecture.",
        )
    known = entry or published(checkpoint.summary.sha256)
    labels, labels_source = _labels(spec, checkpoint, match, known, sidecar, notices)
    preprocessing, preprocessing_source = _preprocessing(spec, match, known, sidecar)
    builtin = spec.kind == "builtin"
    info = ClassifierInfo(
        spec=spec,
        name=BUILTIN_NAME if builtin else entry.id if entry is not None else Path(spec.weights).name,
        note=BUILTIN_NOTE if builtin else "",
        architecture=chosen,
        matches=matches,
        labels=labels,
        labels_source=labels_source,
        preprocessing=preprocessing,
        preprocessing_source=preprocessing_source,
        device=DeviceInfo("cpu", "CPU"),
        checkpoint=checkpoint.summary,
        modified_ns=checkpoint.modified_ns,
        notices=tuple(notices),
    )
    return Classifier(network, info)


def _choose_architecture(
    spec: ModelSpec, matches: tuple[Match, ...], entry: PretrainedEntry | None, sidecar: Sidecar | None
) -> str:
    """What a person chose, else what fits; a sidecar or a name in the file only decides among what fits."""
    if spec.architecture:
        return architecture(spec.architecture).id
    if entry is not None:
        return entry.architecture
    fitting = [match.architecture for match in matches]
    if sidecar is not None and sidecar.architecture in fitting:
        return sidecar.architecture
    if fitting:
        return fitting[0]
    return ""


def _labels(
    spec: ModelSpec,
    checkpoint: Checkpoint,
    match: Match,
    known: PretrainedEntry | None,
    sidecar: Sidecar | None,
    notices: list[str],
) -> tuple[tuple[str, ...], str]:
    """Class names and where they came from: a person's file, the checkpoint, a sidecar, ImageNet, numbers."""
    count = match.num_classes
    if spec.labels:
        labels = read_labels(Path(spec.labels))
        fit_labels(labels, count)
        return labels, Path(spec.labels).name
    inside = checkpoint.metadata.get("class_names")
    candidates: list[tuple[tuple[str, ...], str]] = []
    if isinstance(inside, list | tuple):
        candidates.append((tuple(str(name) for name in inside), "the weights file"))
    if sidecar is not None and sidecar.labels:
        candidates.append((sidecar.labels, Path(sidecar.labels_file or sidecar.file).name))
    for labels, source in candidates:
        try:
            fit_labels(labels, count)
        except LabelsError as error:
            notices.append(f"The class names in {source} are not used: {error.why or error.what}")
            continue
        return labels, source
    if known is not None and known.num_classes == count == _IMAGENET:
        return imagenet_labels(), "torchvision (ImageNet)"
    if count == _IMAGENET:
        return imagenet_labels(), "ImageNet's, assumed from 1,000 classes"
    return numbered(count), "numbers: the model brings no names"


def _preprocessing(
    spec: ModelSpec, match: Match, known: PretrainedEntry | None, sidecar: Sidecar | None
) -> tuple[Preprocessing, str]:
    """Preprocessing and where it came from: a person, a sidecar, known weights, the architecture's usual one."""
    if spec.preprocessing is not None:
        return spec.preprocessing, "chosen by you"
    if sidecar is not None and sidecar.preprocessing is not None and sidecar.fits(match.num_classes):
        return sidecar.preprocessing, Path(sidecar.preprocessing_file or sidecar.file).name
    if known is not None:
        return known.preprocessing, f"torchvision {known.id}"
    assumed = assumed_preprocessing(match.architecture, match.input_size)
    return assumed, f"assumed: usual for {match.architecture}"


def _place(classifier: Classifier, device: DeviceInfo, wanted: str) -> list[str]:
    """Move to the device; with ``auto``, a device that is too small gives way to the CPU, and says so."""
    if classifier.info.device.id == device.id:
        classifier.describe(replace(classifier.info, device=device))
        return []
    try:
        classifier.move(device)
    except DeviceError as error:
        if wanted != "auto":
            raise
        classifier.describe(replace(classifier.info, device=list_devices()[-1]))
        return [f"{error.what} The CPU is used instead."]
    return []


def _warm_up(classifier: Classifier) -> None:
    """One forward pass of nothing, so that the first image is answered as fast as the rest."""
    preprocessing = classifier.info.preprocessing
    height, width = preprocessing.crop or preprocessing.size
    if preprocessing.crop is None and preprocessing.resize in ("none", "shorter"):
        height = width = min(height, width, 224)
    classifier.predict(torch.zeros(1, len(preprocessing.mean), height, width), [0.0], lambda: 0.0)


def _say_step_down(context: Context, classifier: Classifier, before: DeviceInfo) -> None:
    if classifier.info.device != before:
        context.emit(Notice(f"{before.name} ran out of memory, so the CPU answers from here on."))
        context.emit(classifier.info)
    elif classifier.batch_limit:
        context.emit(
            Notice(f"{before.name} ran short of memory, so at most {classifier.batch_limit} image(s) go at a time.")
        )
