"""What a weights file is: all that can be told without running anything in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

from core.building import no_classifier
from core.catalogue import PretrainedEntry
from core.checkpoints import Checkpoint, identify, open_checkpoint
from core.checkpoints.values import shown
from core.descriptions import Inspection, Match, ModelSpec, TensorRow
from core.ends import head_size, stem_channels
from core.errors import MatchError, UnsafeError, WhatsitError
from core.matching import decide, hints_of, publication, rank
from core.naming import choose_names
from core.preparing import prepare, takes_of_match
from core.rebuilding import can_rebuild
from core.sidecars import Sidecar, read_sidecar

_LONGEST = 200
_MOST = 200


def inspect_file(path: Path, tensors: str = "") -> Inspection:
    """Look at a weights file.

    Args:
        path: of the file.
        tensors: which of its sets; empty for the one that would be used.

    Returns:
        With ``error`` filled, and whatever else could be found out, for a file that is no classifier's weights.
    """
    try:
        checkpoint = open_checkpoint(path, tensors, refuse_unsafe=False)
    except UnsafeError as error:
        return Inspection(str(path), error=str(error), blocked=error.blocked, needs_trust=True)
    except WhatsitError as error:
        return Inspection(str(path), error=str(error))
    return describe(checkpoint)


def describe(checkpoint: Checkpoint) -> Inspection:
    """All about a checkpoint that was read."""
    summary = checkpoint.about
    shapes = {name: tuple(tensor.shape) for name, tensor in checkpoint.tensors.items()}
    matches = rank(checkpoint)
    sidecar = read_sidecar(Path(summary.file))
    known = publication(checkpoint)
    found = Inspection(
        file=summary.file,
        container=summary.container,
        sha256=checkpoint.summary.sha256,
        bytes=summary.bytes,
        unwrapped=summary.unwrapped,
        prefix=summary.prefix,
        sets=summary.sets,
        left_out=summary.left_out,
        blocked=summary.blocked,
        matches=matches,
        num_classes=head_size(shapes),
        input_channels=stem_channels(shapes),
        parameters=summary.parameters,
        tensors=tuple(
            TensorRow(shown(name, _LONGEST), tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))
            for name, tensor in checkpoint.tensors.items()
        ),
        modules=checkpoint.classes,
        metadata=_texts(checkpoint.metadata),
    )
    if summary.blocked:
        danger = identify.unsafe(Path(summary.file), summary.blocked)
        found = replace(found, error=str(danger or ""), needs_trust=True)
    other = no_classifier(checkpoint, matches)
    if other is not None:
        found = replace(found, error=found.error or str(other), num_classes=0 if matches else found.num_classes)
    best, ambiguous = decide(matches, hints_of(checkpoint, sidecar.architecture if sidecar is not None else ""))
    if best is not None:
        found = replace(
            found,
            architecture=best.architecture,
            ambiguous=ambiguous,
            num_classes=best.num_classes,
            input_channels=best.input_channels or found.input_channels,
        )
        found = _with_preprocessing(found, best, checkpoint, sidecar, known)
    if other is None and (best is None or not best.num_classes):
        found = replace(found, needs_trust=found.needs_trust or _needs_code(checkpoint))
    return _with_labels(found, checkpoint, sidecar, is_published=known is not None)


def _needs_code(checkpoint: Checkpoint) -> bool:
    if checkpoint.program is not None:
        return True
    return checkpoint.module is not None and not can_rebuild(checkpoint)


def _with_preprocessing(
    found: Inspection, best: Match, checkpoint: Checkpoint, sidecar: Sidecar | None, known: PretrainedEntry | None
) -> Inspection:
    try:
        example = checkpoint.program.image_size if checkpoint.program is not None else None
        takes = replace(takes_of_match(best, example), normalisation=checkpoint.normalisation)
        prepared = prepare(takes, checkpoint.metadata, sidecar, known)
    except MatchError:
        # Of channels that photos do not have.
        return found
    return replace(
        found,
        preprocessing=prepared.preprocessing,
        preprocessing_source=prepared.source,
        preprocessing_assumed=prepared.assumed,
    )


def _with_labels(
    found: Inspection, checkpoint: Checkpoint, sidecar: Sidecar | None, *, is_published: bool
) -> Inspection:
    inside = checkpoint.metadata.get("class_names")
    counts = (len(cast("list[object]", inside)) if isinstance(inside, list | tuple) else 0, found.num_classes)
    beside = len(sidecar.labels) if sidecar is not None else 0
    count = next((count for count in (*counts, beside) if count), 0)
    naming = choose_names(ModelSpec(), count, checkpoint.metadata, sidecar, is_published=is_published, assume=False)
    if naming.source.startswith("numbers"):
        return found
    return replace(found, class_names=naming.labels, labels_source=naming.source)


def _one_line(text: str) -> str:
    return " / ".join(line.strip() for line in text.strip().splitlines())


def _texts(metadata: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """What was saved beside the tensors, each in one short line."""
    return tuple(
        (shown(name), shown(_one_line(value) if isinstance(value, str) else json.dumps(value, default=str), _LONGEST))
        for name, value in list(metadata.items())[:_MOST]
    )
