"""From what a person asked for to a classifier on the CPU: which file, architecture, labels and preprocessing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from core.architectures.input_form import InputForm
from core.building import Built, build
from core.catalogue import PretrainedEntry, imagenet_labels, published
from core.checkpoints import Checkpoint
from core.classifier import Classifier
from core.descriptions import ClassifierInfo, DeviceInfo, ModelSpec
from core.errors import LabelsError, WeightsError
from core.hub import fetch_pretrained
from core.jobs import Context
from core.labels import fit_labels, numbered, read_labels
from core.matching import hints_of
from core.preparing import Takes, prepare, takes_of_form, takes_of_match
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


def build_classifier(
    context: Context,
    spec: ModelSpec,
    checkpoint: Checkpoint,
    entry: PretrainedEntry | None,
    consents: Sequence[Consent] = (),
) -> Classifier:
    """Network, labels and preprocessing for a checkpoint, on the CPU.

    Args:
        context: of the job.
        spec: what a person chose.
        checkpoint: the weights.
        entry: where they are published ones that were asked for by name.
        consents: who may have agreed that code runs.

    Raises:
        LabelsError: the label file that a person chose cannot be read, or has another count than the head.
        MatchError: the weights do not fit the architecture, or none.
        QuestionsError: a network of a person's own wants arguments that nothing tells.
        TrustError: code would have to run, and nobody agreed.
        UsageError: there is no such architecture, or the Python file cannot be used.
    """
    _check_published(checkpoint, entry)
    sidecar = read_sidecar(Path(checkpoint.about.file))
    notices: list[str] = [sidecar.problem] if sidecar is not None and sidecar.problem else []
    context.progress(0, 0, "Building the network")
    chosen = replace(spec, architecture=entry.architecture) if entry is not None and not spec.architecture else spec
    hints = hints_of(checkpoint, sidecar.architecture if sidecar is not None else "")
    built = build(chosen, checkpoint, hints, consents)
    notices.extend(built.notices)
    # From here on the sha256 is needed: it had all the time until now.
    known = entry or published(checkpoint.summary.sha256)
    labels, labels_source = _labels(spec, checkpoint, built.num_classes, known, sidecar, notices)
    prepared = prepare(
        _takes(built), checkpoint.metadata, sidecar, known, spec.preprocessing, by_name=entry is not None
    )
    notices.extend(prepared.notices)
    builtin = spec.kind == "builtin"
    info = ClassifierInfo(
        # With the Python file that was found beside the weights, so that another of its classes can be chosen.
        spec=replace(spec, architecture_file=spec.architecture_file or built.source),
        name=BUILTIN_NAME if builtin else entry.id if entry is not None else Path(spec.weights).name,
        note=BUILTIN_NOTE if builtin else sidecar.note if sidecar is not None else "",
        architecture=built.architecture,
        matches=built.matches,
        labels=labels,
        labels_source=labels_source,
        preprocessing=prepared.preprocessing,
        preprocessing_source=prepared.source,
        preprocessing_assumed=prepared.assumed,
        device=DeviceInfo("cpu", "CPU"),
        checkpoint=checkpoint.summary,
        modified_ns=checkpoint.modified_ns,
        notices=tuple(notices),
        ambiguous=built.ambiguous,
        refuses=_refusal(built.form),
    )
    return Classifier(built.network, info)


def _check_published(checkpoint: Checkpoint, entry: PretrainedEntry | None) -> None:
    if entry is not None and not checkpoint.summary.sha256.startswith(entry.sha256_prefix):
        raise WeightsError(
            f"{Path(checkpoint.about.file).name} is not what torchvision published.",
            "Its hash differs: the file was damaged or replaced.",
            f"Remove {checkpoint.about.file} and choose these weights again.",
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


def _takes(built: Built) -> Takes:
    """The input of the network that was built."""
    if built.form is not None:
        return takes_of_form(built.form, built.num_classes)
    match = next(found for found in built.matches if found.architecture == built.architecture)
    # The head may be larger than the match's where a network of one output is shown as two classes.
    return replace(takes_of_match(match), num_classes=built.num_classes)
