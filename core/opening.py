"""From what a person asked for to a classifier on the CPU: which file, architecture, labels and preprocessing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.architectures.input_form import InputForm
from core.building import Built, assumed, build, with_channels
from core.catalogue import (
    PretrainedEntry,
    assumed_preprocessing,
    published,
)
from core.checkpoints import Checkpoint
from core.classifier import Classifier
from core.descriptions import ClassifierInfo, DeviceInfo, ModelSpec
from core.errors import WeightsError
from core.hub import fetch_pretrained
from core.jobs import Context
from core.matching import hints_of
from core.naming import choose_names
from core.preprocessing import Preprocessing
from core.sidecars import Sidecar, read_sidecar
from core.trust import Consent

BUILTIN = Path(__file__).resolve().parent.parent / "resources" / "builtin" / "model.safetensors"
BUILTIN_NAME = "Built-in: CIFAR-10"
BUILTIN_NOTE = "A demonstration: it knows ten kinds of things, and guesses on all others."


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
    naming = choose_names(spec, built.num_classes, checkpoint.metadata, sidecar, is_published=known is not None)
    notices.extend(naming.notices)
    preprocessing, preprocessing_source = _preprocessing(spec, built, known, sidecar)
    builtin = spec.kind == "builtin"
    info = ClassifierInfo(
        # With the Python file that was found beside the weights, so that another of its classes can be chosen.
        spec=replace(spec, architecture_file=spec.architecture_file or built.source),
        name=BUILTIN_NAME if builtin else entry.id if entry is not None else Path(spec.weights).name,
        note=BUILTIN_NOTE if builtin else sidecar.note if sidecar is not None else "",
        architecture=built.architecture,
        matches=built.matches,
        labels=naming.labels,
        labels_source=naming.source,
        folders=naming.folders,
        preprocessing=preprocessing,
        preprocessing_source=preprocessing_source,
        device=DeviceInfo("cpu", "CPU"),
        checkpoint=checkpoint.summary,
        modified_ns=checkpoint.modified_ns,
        notices=tuple(notices),
        ambiguous=built.ambiguous,
        refuses=_refusal(built.form),
        features=built.form.features if built.form is not None else 0,
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
