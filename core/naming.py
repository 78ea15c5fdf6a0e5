"""Which class names a model gets: chosen, in its file, beside it, or ImageNet's; readable ones over folder names."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from core.catalogue import imagenet_labels
from core.descriptions import ModelSpec
from core.errors import LabelsError
from core.labels import (
    READABLE_KEYS,
    WORDNET,
    Labels,
    Named,
    NameTable,
    fit_labels,
    fit_table,
    numbered,
    read_table,
    readable_names,
    table_from,
)
from core.outputs import class_names
from core.sidecars import Sidecar

IMAGENET = "imagenet"
"""In place of a label file's path: ImageNet's names."""

UNNAMED = "numbers: the model brings no names"
"""Where class names came from that are none."""

_INSIDE = "the weights file"
_TIMM_SETS = {
    11_221: ("imagenet21k_miil_synsets.txt", "ImageNet-21k's (as MIIL cut it)"),
    11_821: ("imagenet12k_synsets.txt", "ImageNet-12k's"),
    21_841: ("imagenet22k_synsets.txt", "ImageNet-22k's"),
    21_842: ("imagenet22k_ms_synsets.txt", "ImageNet-22k's (in Microsoft's order)"),
    21_843: ("imagenet21k_goog_synsets.txt", "ImageNet-21k's (in Google's order)"),
}
"""Heads that timm knows by their size (``timm/data/imagenet_info.py``), with its file of their WordNet ids."""
_TIMM_WORDS = "imagenet_synset_to_lemma.txt"


@dataclass(frozen=True)
class Naming:
    """Class names and where they came from.

    Attributes:
        labels: one a class, in head order.
        source: such as ``config.json``.
        folders: the names that the network was trained with, where readable ones took their place; else empty.
        notices: what a person should know, one sentence each.
    """

    labels: Labels
    source: str
    folders: Labels = ()
    notices: tuple[str, ...] = ()


def choose_names(
    spec: ModelSpec,
    count: int,
    metadata: Mapping[str, object],
    sidecar: Sidecar | None,
    *,
    is_published: bool = False,
    assume: bool = True,
    kind: str = "softmax",
) -> Naming:
    """Class names for a head.

    In the order of belief: a person's own, a person's file, what is known of published weights, the weights file,
    what lies beside it, ImageNet's for a head of its size, numbers.  Names of folders give way to readable ones
    that the weights file, a file beside it or the chosen one has for them.

    Args:
        spec: what a person chose.
        count: size of the head.
        metadata: what was saved beside the tensors, ``class_names`` among it.
        sidecar: what lies beside the weights.
        is_published: whether its hash says that these are torchvision's own weights.
        assume: whether to take ImageNet's names by the count alone.
        kind: of output, as in ``core.outputs``: a single name is that of the second of two classes, and values are
            not given ImageNet's names.

    Raises:
        LabelsError: what a person chose cannot be read, or has another count than the head.
    """
    metadata, sidecar = _completed(kind, metadata, sidecar)
    if spec.names:
        names = class_names(kind, spec.names)
        fit_labels(names, count)
        return Naming(names, "you", _trained_with(count, metadata, sidecar).names)
    if spec.labels:
        return _chosen(spec.labels, count, metadata, sidecar, kind)
    if is_published:
        # Its hash says which file this is; what lies beside it may belong to another.
        return Naming(imagenet_labels(), "torchvision (ImageNet)")
    notices: list[str] = []
    for known in _known(count, metadata, sidecar, notices):
        return _readable(known, metadata, sidecar, tuple(notices))
    if folders := _folders_alone(sidecar):
        notices.append(folders)
    assumed = imagenet_names(count) if assume and kind != "regression" else None
    if assumed is not None:
        labels, source = assumed
        return Naming(labels, f"{source}, assumed from {count:,} classes", notices=tuple(notices))
    return Naming(numbered(count), UNNAMED, notices=tuple(notices))


def imagenet_names(count: int) -> tuple[Labels, str] | None:
    """ImageNet's names for a head of one of its sizes, and what they are called; ``None`` for another size.

    Beyond 1,000 and 1,001 classes (a background class first, as TensorFlow had it) they are timm's, where timm is
    installed: this project has no table of its own for these.
    """
    if count == len(imagenet_labels()):
        return imagenet_labels(), "ImageNet's"
    if count == len(imagenet_labels()) + 1:
        return ("background", *imagenet_labels()), "ImageNet's after a background class"
    if count in _TIMM_SETS:
        file, called = _TIMM_SETS[count]
        ids, words = _timm_lines(file), _wordnet_words()
        if len(ids) == count and words:
            return _told_shortly(ids, words), called
    return None


def _completed(
    kind: str, metadata: Mapping[str, object], sidecar: Sidecar | None
) -> tuple[Mapping[str, object], Sidecar | None]:
    """What brings names, with both classes named where there is one name for two."""
    inside = metadata.get("class_names")
    if isinstance(inside, list | tuple):
        names = [str(name) for name in cast("Sequence[object]", inside)]
        metadata = {**metadata, "class_names": class_names(kind, names)}
    if sidecar is not None:
        found = tuple(replace(each, table=_named_both(kind, each.table)) for each in sidecar.names.found)
        beside = replace(sidecar.names, found=found)
        sidecar = replace(sidecar, labels=class_names(kind, sidecar.labels), names=beside)
    return metadata, sidecar


def _named_both(kind: str, table: NameTable) -> NameTable:
    return replace(table, names=class_names(kind, table.names))


@dataclass(frozen=True)
class _Known:
    """Names that fit the head, as the file that brings them has them."""

    names: Labels = ()
    source: str = ""
    folders: Labels = ()
    note: str = ""


def _chosen(path: str, count: int, metadata: Mapping[str, object], sidecar: Sidecar | None, kind: str) -> Naming:
    """Names from a file that a person chose, or ImageNet's."""
    if path == IMAGENET and not Path(path).exists():
        found = imagenet_names(count)
        if found is not None:
            return Naming(found[0], f"{found[1]}, chosen by you")
        fit_labels(imagenet_labels(), count)
    known = _trained_with(count, metadata, sidecar)
    named = fit_table(_named_both(kind, read_table(Path(path))), count, known.names)
    over = f", over the folder names in {known.source}" if named.folders else ""
    return Naming(named.names, f"{Path(path).name}{over}", named.folders, _said(named, Path(path).name))


def _trained_with(count: int, metadata: Mapping[str, object], sidecar: Sidecar | None) -> _Known:
    """The names that the model was trained with, by whatever fits; empty where nothing does."""
    known = next(_known(count, metadata, sidecar, []), _Known())
    return _Known(known.folders or known.names, known.source)


def _known(count: int, metadata: Mapping[str, object], sidecar: Sidecar | None, notices: list[str]) -> Iterator[_Known]:
    """Names that fit, the most believable first; adds to ``notices`` why others do not."""
    inside = metadata.get("class_names")
    if isinstance(inside, list | tuple) and inside:
        names = tuple(str(name) for name in cast("Sequence[object]", inside))
        if _fits(NameTable(names), count, _INSIDE, notices) is not None:
            yield _Known(names, _INSIDE)
    if sidecar is None:
        return
    tables = [(found.file, found.table) for found in sidecar.names.found]
    if sidecar.labels and sidecar.labels_file not in [file for file, _ in tables]:
        source = Path(sidecar.labels_file or sidecar.file).name
        if _fits(NameTable(sidecar.labels), count, source, notices) is not None:
            yield _Known(sidecar.labels, source, sidecar.folders)
    for file, table in tables:
        source = Path(file).name
        named = _fits(table, count, source, notices)
        if named is not None:
            yield _Known(named.names, source, note=named.note)


def _fits(table: NameTable, count: int, source: str, notices: list[str]) -> Named | None:
    try:
        return fit_table(table, count)
    except LabelsError as error:
        notices.append(f"The class names in {source} are not used: {error.why or error.what}")
        return None


def _readable(
    known: _Known, metadata: Mapping[str, object], sidecar: Sidecar | None, notices: tuple[str, ...]
) -> Naming:
    """Known names, or readable ones in their place."""
    said = _said(Named(known.names, note=known.note), known.source)
    plain = Naming(known.names, known.source, known.folders, (*notices, *said))
    if known.folders:
        return plain
    for readable, source in _readable_tables(known.names, metadata, sidecar):
        named = readable_names(known.names, readable)
        if named is None:
            continue
        over = "its folder names" if source == known.source else f"the folder names in {known.source}"
        return Naming(named.names, f"{source}, over {over}", named.folders, (*notices, *_said(named, source)))
    return plain


def _readable_tables(
    names: Labels, metadata: Mapping[str, object], sidecar: Sidecar | None
) -> Iterator[tuple[Mapping[str, str], str]]:
    for key in READABLE_KEYS:
        value = metadata.get(key)
        if isinstance(value, dict):
            yield table_from({key: cast(object, value)}).readable, _INSIDE
    for found in sidecar.names.readable if sidecar is not None else ():
        yield found.table.readable, Path(found.file).name
    if names and all(WORDNET.fullmatch(name) for name in names):
        words = _wordnet_words()
        ids = tuple(name for name in names if name in words)
        yield dict(zip(ids, _told_shortly(ids, words), strict=True)), "WordNet (timm's table)"


def _folders_alone(sidecar: Sidecar | None) -> str:
    """That a file names folders, and nothing says in which order the model has them; empty where there is none."""
    for found in sidecar.names.readable if sidecar is not None else ():
        if not found.labels:
            return (
                f"{Path(found.file).name} beside the weights names folders, and is not used: nothing tells in which"
                " order the model has them (class_to_idx)."
            )
    return ""


def _said(named: Named, source: str) -> tuple[str, ...]:
    return (f"{source}: {named.note}",) if named.note else ()


@functools.cache
def _wordnet_words() -> Mapping[str, str]:
    """WordNet's words for the ids that ImageNet's folders have, from timm's table; empty where timm is not there."""
    pairs = (line.partition("\t") for line in _timm_lines(_TIMM_WORDS))
    return {wordnet_id: words.strip() for wordnet_id, _, words in pairs if words.strip()}


def _timm_lines(file: str) -> tuple[str, ...]:
    """The lines of one of timm's tables, read without importing timm; empty where there is none."""
    spec = importlib.util.find_spec("timm")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        try:
            return tuple(Path(folder, "data", "_info", file).read_text(encoding="utf-8").splitlines())
        except (OSError, ValueError):
            continue
    return ()


def _told_shortly(ids: Sequence[str], words: Mapping[str, str]) -> Labels:
    """The first of the words for each id, or all where that alone would name two of them."""
    firsts = [words.get(wordnet_id, wordnet_id).partition(",")[0] for wordnet_id in ids]
    counts: dict[str, int] = {}
    for first in firsts:
        counts[first] = counts.get(first, 0) + 1
    return tuple(
        first if counts[first] == 1 else words.get(wordnet_id, wordnet_id)
        for first, wordnet_id in zip(firsts, ids, strict=True)
    )
