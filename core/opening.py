"""From what a person asked for to a network, and to what it is dressed in: labels, preprocessing, and their sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from core.architectures.input_form import InputForm
from core.building import Built, assumed, build, with_channels
from core.catalogue import (
    PretrainedEntry,
    assumed_preprocessing,
    imagenet_labels,
    published,
)
from core.checkpoints import Checkpoint
from core.descriptions import ClassifierInfo, DeviceInfo, ModelSpec
from core.errors import LabelsError, WeightsError
from core.hub import fetch_pretrained
from core.jobs import Context
from core.labels import fit_labels, numbered, read_labels
from core.matching import hints_of
from core.preprocessing import Preprocessing
from core.sidecars import Sidecar, read_sidecar
from core.trust import Consent

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


@dataclass(frozen=True)
class Assembly:
    """A network that was built, and all that is known of how to dress it.

    Attributes:
        built: the network, on the CPU at first.
        checkpoint: what was read from the weights file, without its tensors.
        entry: where they are published ones that were asked for by name.
        sidecar: what lies beside the file.
        spec: what was asked for, with the Python file that was found beside the weights, so that another of its
            classes can be chosen.
    """

    built: Built
    checkpoint: Checkpoint
    entry: PretrainedEntry | None
    sidecar: Sidecar | None
    spec: ModelSpec


def build_network(
    context: Context,
    spec: ModelSpec,
    checkpoint: Checkpoint,
    entry: PretrainedEntry | None,
    consents: Sequence[Consent] = (),
) -> Assembly:
    """The network of a checkpoint, on the CPU.

    Args:
        context: of the job.
        spec: what a person chose.
        checkpoint: the weights.
        entry: where they are published ones that were asked for by name.
        consents: who may have agreed that code runs.

    Raises:
        MatchError: the weights do not fit the architecture, or none.
        QuestionsError: a network of a person's own wants arguments that nothing tells.
        TrustError: code would have to run, and nobody agreed.
        UsageError: there is no such architecture, or the Python file cannot be used.
    """
    if entry is not None and not checkpoint.summary.sha256.startswith(entry.sha256_prefix):
        raise WeightsError(
            f"{Path(checkpoint.about.file).name} is not what torchvision published.",
            "Its hash differs: the file was damaged or replaced.",
            f"Remove {checkpoint.about.file} and choose these weights again.",
        )
    sidecar = read_sidecar(Path(checkpoint.about.file))
    context.progress(0, 0, "Building the network")
    chosen = replace(spec, architecture=entry.architecture) if entry is not None and not spec.architecture else spec
    hints = hints_of(checkpoint, sidecar.architecture if sidecar is not None else "")
    built = build(chosen, checkpoint, hints, consents)
    # From here on the sha256 is needed: it had all the time until now.
    bare = replace(checkpoint, about=checkpoint.summary, tensors={}, module=None, program=None, finish=None)
    found = replace(spec, architecture_file=spec.architecture_file or built.source)
    return Assembly(built, bare, entry, sidecar, found)


def dress(assembly: Assembly, spec: ModelSpec) -> ClassifierInfo:
    """All that a person chose of a network, or that is known of it, but how it is built; reads a label file at most.

    Args:
        assembly: the network.
        spec: what a person chose.

    Returns:
        The description of the classifier, on the CPU.

    Raises:
        LabelsError: the label file that a person chose cannot be read, or has another count than the head.
        MatchError: the network takes another number of channels than photos have.
    """
    built, checkpoint, sidecar = assembly.built, assembly.checkpoint, assembly.sidecar
    notices = [sidecar.problem] if sidecar is not None and sidecar.problem else []
    notices.extend(built.notices)
    known = assembly.entry or published(checkpoint.summary.sha256)
    labels, labels_source = _labels(spec, checkpoint, built.num_classes, known, sidecar, notices)
    preprocessing, preprocessing_source = _preprocessing(spec, built, known, sidecar)
    builtin = spec.kind == "builtin"
    entry = assembly.entry
    return ClassifierInfo(
        spec=replace(spec, architecture_file=assembly.spec.architecture_file),
        name=BUILTIN_NAME if builtin else entry.id if entry is not None else Path(spec.weights).name,
        note=BUILTIN_NOTE if builtin else sidecar.note if sidecar is not None else "",
        architecture=built.architecture,
        matches=built.matches,
        labels=labels,
        labels_source=labels_source,
        preprocessing=preprocessing,
        preprocessing_source=preprocessing_source,
        device=DeviceInfo("cpu", "CPU"),
        checkpoint=checkpoint.summary,
        modified_ns=checkpoint.modified_ns,
        notices=tuple(notices),
        ambiguous=built.ambiguous,
        refuses=_refusal(built.form),
    )


def _refusal(form: InputForm | None) -> str:
    if form is None or form.kind != "vector":
        return ""
    return f"The network takes rows of {form.features} numbers, not images."


def _labels(
    spec: ModelSpec,
    checkpoint: Checkpoint,
    count: int,
    known: PretrainedEntry | None,
    sidecar: Sidecar | None,
    notices: list[str],
) -> tuple[tuple[str, ...], str]:
    """Class names and where they came from: a person's file, the checkpoint, a sidecar, ImageNet, numbers."""
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
    spec: ModelSpec, built: Built, known: PretrainedEntry | None, sidecar: Sidecar | None
) -> tuple[Preprocessing, str]:
    """Preprocessing and where it came from: a person, a sidecar, known weights, the network's usual one."""
    if spec.preprocessing is not None:
        return spec.preprocessing, "chosen by you"
    if known is not None:
        return known.preprocessing, f"torchvision {known.id}"
    if sidecar is not None and sidecar.preprocessing is not None and sidecar.fits(built.num_classes):
        return sidecar.preprocessing, Path(sidecar.preprocessing_file or sidecar.file).name
    if built.form is not None:
        return assumed(built.form), "assumed: the input that the network takes, found by trying"
    match = next(found for found in built.matches if found.architecture == built.architecture)
    usual = assumed_preprocessing(match.architecture, match.input_size)
    return with_channels(usual, match.input_channels), f"assumed: usual for {match.architecture}"
