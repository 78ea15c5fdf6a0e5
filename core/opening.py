"""From what a person asked for to a classifier on the CPU: which file, architecture, labels and preprocessing."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from core.catalogue import (
    PretrainedEntry,
    architecture,
    assumed_preprocessing,
    imagenet_labels,
    published,
)
from core.checkpoints import Checkpoint
from core.classifier import Classifier
from core.descriptions import ClassifierInfo, DeviceInfo, Match, ModelSpec
from core.errors import LabelsError, MatchError, WeightsError
from core.hub import fetch_pretrained
from core.jobs import Context
from core.labels import fit_labels, numbered, read_labels
from core.matching import assemble, check_channels, decide, hints_of, rank
from core.preprocessing import Preprocessing
from core.sidecars import Sidecar, read_sidecar

BUILTIN = Path(__file__).resolve().parent.parent / "resources" / "builtin" / "model.safetensors"
BUILTIN_NAME = "Built-in: CIFAR-10"
BUILTIN_NOTE = "A demonstration: it knows ten kinds of things, and guesses on all others."

_IMAGENET = 1000


def locate(context: Context, spec: ModelSpec) -> tuple[Path, PretrainedEntry | None]:
    """The weights file, downloaded first where it is a published one that is not here yet.

    Returns:
        The file, and its entry where it is a published one.

    Raises:
        DownloadError: it cannot be fetched.
        UsageError: there are no such published weights.
    """
    if spec.kind == "builtin":
        return BUILTIN, None
    if spec.kind == "file":
        return Path(spec.weights), None
    return fetch_pretrained(spec.weights, context.progress, context.check)


def build_classifier(
    context: Context, spec: ModelSpec, checkpoint: Checkpoint, entry: PretrainedEntry | None
) -> Classifier:
    """Network, labels and preprocessing for a checkpoint, on the CPU.

    Raises:
        LabelsError: the label file that a person chose cannot be read, or has another count than the head.
        MatchError: the weights do not fit the architecture, or none.
        UsageError: there is no such architecture.
    """
    if entry is not None and not checkpoint.summary.sha256.startswith(entry.sha256_prefix):
        raise WeightsError(
            f"{Path(checkpoint.summary.file).name} is not what torchvision published.",
            "Its hash differs: the file was damaged or replaced.",
            f"Remove {checkpoint.summary.file} and choose these weights again.",
        )
    sidecar = read_sidecar(Path(checkpoint.summary.file))
    notices: list[str] = [sidecar.problem] if sidecar is not None and sidecar.problem else []
    matches = rank(checkpoint)
    chosen = _choose_architecture(spec, checkpoint, matches, entry, sidecar)
    context.progress(0, 0, f"Building {chosen or 'the network'}")
    network = assemble(checkpoint, chosen)
    match = next((found for found in matches if found.architecture == chosen), None)
    if match is None:
        raise MatchError(
            f"The weights fit {chosen}, but not a head that gives classes.",
            "The size of the last layer cannot be told.",
            "Choose another architecture.",
        )
    check_channels(match)
    known = entry or published(checkpoint.summary.sha256)
    labels, labels_source = _labels(spec, checkpoint, match, known, sidecar, notices)
    preprocessing, preprocessing_source = _preprocessing(spec, match, known, sidecar)
    builtin = spec.kind == "builtin"
    info = ClassifierInfo(
        spec=spec,
        name=BUILTIN_NAME if builtin else entry.id if entry is not None else Path(spec.weights).name,
        note=BUILTIN_NOTE if builtin else sidecar.note if sidecar is not None else "",
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
    spec: ModelSpec,
    checkpoint: Checkpoint,
    matches: tuple[Match, ...],
    entry: PretrainedEntry | None,
    sidecar: Sidecar | None,
) -> str:
    """What a person chose, else what fits; a sidecar or a name in the file only decides among what fits."""
    if spec.architecture:
        return architecture(spec.architecture).id
    if entry is not None:
        return entry.architecture
    beside = sidecar.architecture if sidecar is not None else ""
    match, _ = decide(matches, hints_of(checkpoint, beside))
    return match.architecture if match is not None else ""


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
    if known is not None:
        # Its hash says which file this is; what lies beside it may belong to another.
        candidates.append((imagenet_labels(), "torchvision (ImageNet)"))
    if isinstance(inside, list | tuple):
        candidates.append((tuple(str(name) for name in cast("list[object]", inside)), "the weights file"))
    if sidecar is not None and sidecar.labels:
        candidates.append((sidecar.labels, Path(sidecar.labels_file or sidecar.file).name))
    for labels, source in candidates:
        try:
            fit_labels(labels, count)
        except LabelsError as error:
            notices.append(f"The class names in {source} are not used: {error.why or error.what}")
            continue
        return labels, source
    if count == _IMAGENET:
        return imagenet_labels(), "ImageNet's, assumed from 1,000 classes"
    return numbered(count), "numbers: the model brings no names"


def _preprocessing(
    spec: ModelSpec, match: Match, known: PretrainedEntry | None, sidecar: Sidecar | None
) -> tuple[Preprocessing, str]:
    """Preprocessing and where it came from: a person, a sidecar, known weights, the architecture's usual one."""
    if spec.preprocessing is not None:
        return spec.preprocessing, "chosen by you"
    if known is not None:
        return known.preprocessing, f"torchvision {known.id}"
    if sidecar is not None and sidecar.preprocessing is not None and sidecar.fits(match.num_classes):
        return sidecar.preprocessing, Path(sidecar.preprocessing_file or sidecar.file).name
    assumed = assumed_preprocessing(
        match.architecture,
        match.input_size,
        input_channels=match.input_channels,
        small_images=match.small_images,
    )
    return assumed, f"assumed: usual for {match.architecture}"
