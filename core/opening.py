"""From what a person asked for to a network, and to what it is dressed in: labels, preprocessing, and their sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from core.architectures.custom import read_source
from core.architectures.input_form import InputForm
from core.building import Built, build
from core.catalogue import PretrainedEntry
from core.checkpoints import Checkpoint
from core.configuring import TRANSFORMERS, configured, for_size, with_differences
from core.descriptions import ClassifierInfo, DeviceInfo, ModelSpec
from core.errors import MatchError, UsageError, WeightsError
from core.hub import fetch_pretrained
from core.jobs import Context
from core.labels import read_table
from core.matching import hints_of, publication
from core.naming import IMAGENET, UNNAMED, Naming, choose_names
from core.outputs import Evidence, Output, Said, recognise, said_in
from core.preparing import Takes, prepare, takes_of_form, takes_of_match
from core.sidecars import Sidecar, read_sidecar, sidecar_files
from core.trust import Consent

BUILTIN = Path(__file__).resolve().parent.parent / "resources" / "builtin" / "model.safetensors"
BUILTIN_NAME = "Built-in: CIFAR-10"
BUILTIN_NOTE = "A demonstration: it knows ten kinds of things, and guesses on all others."

_FEATURES = 512

States = Mapping[Path, tuple[int, int]]
"""Files, and when each was written and how large it was; zeros for one that is not there."""


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
        known: the published weights that the file is a copy of, however it was asked for.
        sidecar: what lies beside the file.
        spec: what was asked for, with the Python file that was found beside the weights, so that another of its
            classes can be chosen.
        head: name of the last weights that the file has, mostly the head's.
    """

    built: Built
    checkpoint: Checkpoint
    entry: PretrainedEntry | None
    known: PretrainedEntry | None
    sidecar: Sidecar | None
    spec: ModelSpec
    head: str


def build_network(
    context: Context,
    spec: ModelSpec,
    checkpoint: Checkpoint,
    entry: PretrainedEntry | None,
    consents: Sequence[Consent] = (),
) -> Assembly:
    """The network of a checkpoint, on the CPU; ``confirm`` it before it is used.

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
    sidecar = read_sidecar(Path(checkpoint.about.file))
    context.progress(0, 0, "Building the network")
    chosen = replace(spec, architecture=entry.architecture) if entry is not None and not spec.architecture else spec
    hints = hints_of(checkpoint, sidecar.architecture if sidecar is not None else "")
    said = sidecar.layers if sidecar is not None and TRANSFORMERS in checkpoint.about.note else None
    if said is not None and sidecar is not None:
        checkpoint = for_size(configured(checkpoint, said), said, sidecar.preprocessing)
    built = build(chosen, checkpoint, hints, consents)
    built = built if said is None else with_differences(built, said)
    known = entry or publication(checkpoint)
    head = next((name for name in reversed(tuple(checkpoint.tensors)) if name.endswith(".weight")), "")
    bare = replace(checkpoint, tensors={}, module=None, finish=None, written={})
    found = replace(spec, architecture_file=spec.architecture_file or built.source)
    return Assembly(built, bare, entry, known, sidecar, found, head)


def dress(assembly: Assembly, spec: ModelSpec) -> ClassifierInfo:
    """All that a person chose of a network, or that is known of it, but how it is built; reads a label file at most.

    Args:
        assembly: the network.
        spec: what a person chose.

    Returns:
        The description of the classifier, on the CPU.

    Raises:
        LabelsError: the label file that a person chose cannot be read, or has another count than the head.
        MatchError: the network takes another number of channels than photos have, or gives no scores and no values.
    """
    built, checkpoint, sidecar = assembly.built, assembly.checkpoint, assembly.sidecar
    output = _output(spec, assembly)
    naming = choose_names(
        spec, output.shown, checkpoint.metadata, sidecar, is_published=assembly.known is not None, kind=output.kind
    )
    _refuse_features(spec, built, naming)
    prepared = prepare(
        _takes(built, sidecar, checkpoint),
        checkpoint.metadata,
        sidecar,
        assembly.known,
        spec.preprocessing,
        by_name=assembly.entry is not None,
    )
    problem = sidecar.problem if sidecar is not None else ""
    notices = (problem, *built.notices, *naming.notices, output.notice, *prepared.notices)
    builtin, entry = spec.kind == "builtin", assembly.entry
    return ClassifierInfo(
        spec=replace(spec, architecture_file=assembly.spec.architecture_file),
        name=BUILTIN_NAME if builtin else entry.id if entry is not None else Path(spec.weights).name,
        note=BUILTIN_NOTE if builtin else sidecar.note if sidecar is not None else "",
        architecture=built.architecture,
        matches=built.matches,
        labels=naming.labels,
        labels_source=naming.source,
        folders=naming.folders,
        preprocessing=prepared.preprocessing,
        preprocessing_source=prepared.source,
        preprocessing_assumed=prepared.assumed,
        device=DeviceInfo("cpu", "CPU"),
        checkpoint=checkpoint.about,
        modified_ns=checkpoint.modified_ns,
        notices=tuple(filter(None, notices)),
        ambiguous=built.ambiguous,
        refuses=_refusal(built.form),
        construction=built.construction,
        code_beside=built.beside,
        code=built.code,
        activation=output.kind,
        activation_source=output.source,
        outputs=built.outputs,
        features=built.form.features if built.form is not None else 0,
    )


def confirm(assembly: Assembly, checkpoint: Checkpoint) -> Assembly:
    """Wait for the sha256 of the file, which takes longer than all else, and add it to what is known of the network.

    Args:
        assembly: from ``build_network``.
        checkpoint: its weights.

    Raises:
        WeightsError: the file changed while it was read, or is not what was published.
    """
    summary, entry = checkpoint.summary, assembly.entry
    if entry is not None and not summary.sha256.startswith(entry.sha256_prefix):
        raise WeightsError(
            f"{Path(summary.file).name} is not what torchvision published.",
            "Its hash differs: the file was damaged or replaced.",
            f"Remove {summary.file} and choose these weights again.",
        )
    about = replace(assembly.checkpoint.about, sha256=summary.sha256)
    return replace(assembly, checkpoint=replace(assembly.checkpoint, about=about))


def _refusal(form: InputForm | None) -> str:
    if form is None or form.kind != "vector":
        return ""
    return f"The network takes rows of {form.features} numbers, not images."


def _output(spec: ModelSpec, assembly: Assembly) -> Output:
    """What the network's numbers are."""
    built, checkpoint, sidecar = assembly.built, assembly.checkpoint, assembly.sidecar
    beside = sidecar.output if sidecar is not None and _fits(sidecar, built) else None
    if assembly.known is not None:
        beside = Said("single", f"torchvision {assembly.known.id}")
    own = [built.architecture] if not built.assembled else []
    return recognise(
        Evidence(
            outputs=built.outputs,
            ends_in=built.ends_in,
            assembled=built.assembled,
            beside=beside,
            inside=said_in(checkpoint.metadata, checkpoint.about.left_out),
            names=(*own, assembly.head, Path(checkpoint.about.file).name),
            class_names=_name_count(spec, checkpoint, sidecar),
            takes_rows=built.form is not None and built.form.kind == "vector",
        ),
        spec.activation,
    )


def _name_count(spec: ModelSpec, checkpoint: Checkpoint, sidecar: Sidecar | None) -> int:
    """How many class names there are, before it is known how many there should be."""
    if spec.names:
        return len(spec.names)
    if spec.labels and spec.labels != IMAGENET:
        return len(read_table(Path(spec.labels)).names)
    inside = checkpoint.metadata.get("class_names")
    if isinstance(inside, list | tuple):
        return len(cast("list[object]", inside))
    return len(sidecar.labels) if sidecar is not None else 0


def _fits(sidecar: Sidecar, built: Built) -> bool:
    """Whether what lies beside can speak of this network; one output may be counted as its two classes."""
    return sidecar.fits(built.outputs) or (built.outputs == 1 and sidecar.fits(2))


def _refuse_features(spec: ModelSpec, built: Built, naming: Naming) -> None:
    """Many numbers that come from no last layer, and that nothing names, are features.

    Raises:
        MatchError: they are.
    """
    headless = built.form is not None and built.form.headless
    if headless and built.outputs >= _FEATURES and naming.source == UNNAMED and not spec.activation:
        raise MatchError(
            f"The network gives {len(naming.labels):,} features of an image, and no class scores.",
            "They come from no last layer: its head is missing.",
            "Choose weights with their head. If these are classes after all, give their names, or say which kind of "
            "output they are.",
        )


def _takes(built: Built, sidecar: Sidecar | None, checkpoint: Checkpoint) -> Takes:
    """The input of the network that was built; of a program with the size of its example.

    What the file's network does to its input by itself is left to the preprocessing of one that was assembled here.
    """
    example = checkpoint.program.image_size if checkpoint.program is not None else None
    # One output may be counted as the two classes that it tells apart.
    two = built.outputs == 1 and sidecar is not None and sidecar.num_classes == 2
    classes = 2 if two else built.outputs
    if built.form is not None:
        return takes_of_form(built.form, classes, example)
    match = next(found for found in built.matches if found.architecture == built.architecture)
    inside = checkpoint.normalisation if built.assembled else None
    return replace(takes_of_match(match, example), num_classes=classes, normalisation=inside)


def resting_on(spec: ModelSpec, path: Path) -> list[Path]:
    """All files that decide how a network is built and what is known of it."""
    return [path, *sidecar_files(path), *sources_of(spec)]


def sources_of(spec: ModelSpec) -> list[Path]:
    """The Python file of a person's own network, and those of its folder that it imports."""
    if not spec.architecture_file:
        return []
    return [Path(spec.architecture_file), *_imported(Path(spec.architecture_file))]


def states_of(files: Iterable[Path]) -> States:
    """Files as they are now."""
    states: dict[Path, tuple[int, int]] = {}
    for file in files:
        try:
            status = file.stat()
        except (OSError, ValueError):
            states[file] = (0, 0)
        else:
            states[file] = (status.st_mtime_ns, status.st_size)
    return states


def _imported(source: Path) -> tuple[Path, ...]:
    """The files of its own folder that a Python file imports; none where it cannot be read, which opening will say."""
    try:
        return read_source(source).local
    except UsageError:
        return ()
