"""Which preprocessing images get for a checkpoint, and how that is known: found where it can be, else assumed and said.

Believed in this order: what the checkpoint says of itself; what lies beside it; what its hash says about a published
file; and, as an assumption, what is usual for the architecture, at the size that the weights show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from core.architectures.input_form import InputForm
from core.building import assumed, with_channels
from core.catalogue import PretrainedEntry, architecture, assumed_preprocessing
from core.descriptions import Match
from core.errors import PreprocessingError, UsageError
from core.preprocessing import Preprocessing
from core.preprocessing.saved import Saved, on_a_scale, saved_preprocessing
from core.sidecars import Sidecar

_CHOSEN = "chosen by you"
_NO_SCALE = "The normalisation in the weights file is not used: its mean and std are none that images could have."
_REPLACED = "The network's own normalisation, which is in its weights file, is not applied: you chose another."


@dataclass(frozen=True)
class Prepared:
    """Preprocessing, and what it rests on.

    Attributes:
        preprocessing: the values.
        source: where they came from, in a few words.
        assumed: whether some of them are what is usual, as nothing told.
        notices: what a person should know, each one sentence.
    """

    preprocessing: Preprocessing
    source: str
    assumed: bool = False
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Takes:
    """The input that a network is known to take.

    Attributes:
        usual: what is assumed where nothing tells.
        channels: 0 where they are not known.
        size: height and width in pixels; ``None`` where it takes any.
        num_classes: how many classes it tells apart.
        normalisation: mean and std that are in its weights file because it normalises by itself, which it does not
            here; ``None`` if there are none.
    """

    usual: Prepared
    channels: int
    size: tuple[int, int] | None
    num_classes: int
    normalisation: tuple[tuple[float, ...], tuple[float, ...]] | None = None


def takes_of_match(match: Match, example: tuple[int, int] | None = None) -> Takes:
    """What a network of a known architecture takes.

    Args:
        match: it.
        example: height and width of the image that a program was made with, where the file is one.

    Raises:
        MatchError: another number of channels than photos have.
        UsageError: there is no such architecture.
    """
    usual = assumed_preprocessing(match.architecture, match.input_size, small_images=match.small_images)
    usual = with_channels(usual, match.input_channels)
    source = f"assumed: usual for {match.architecture}"
    if match.small_images:
        source = f"assumed: CIFAR-10's, as this {match.architecture} is made for small images"
    elif match.input_size and match.input_size != architecture(match.architecture).input_size:
        source += f", at the {match.input_size} pixels that its weights take"
    size = (match.input_size, match.input_size) if match.input_size else None
    if example is not None and size is None:
        usual, source = _at(usual, example), f"{source}, {_as_exported(example)}"
    return Takes(Prepared(usual, source, assumed=True), match.input_channels, size, match.num_classes)


def takes_of_form(form: InputForm, num_classes: int, example: tuple[int, int] | None = None) -> Takes:
    """What a network takes whose input was found by trying; ``example`` as for ``takes_of_match``."""
    size = None if form.any or form.kind == "vector" else (form.height, form.width)
    at = f"the size that the network takes, {form.width} x {form.height}, and otherwise " if size is not None else ""
    source = f"assumed: {at}a default, as nothing tells"
    usual = assumed(form)
    if example is not None and form.any:
        usual, source = _at(usual, example), f"{source}, {_as_exported(example)}"
    return Takes(Prepared(usual, source, assumed=True), form.channels, size, num_classes)


def _at(usual: Preprocessing, size: tuple[int, int]) -> Preprocessing:
    """The same for images of another size."""
    if size == (usual.crop or usual.size):
        return usual
    return replace(usual, resize="shorter" if size[0] == size[1] else "exact", size=size, crop=size)


def _as_exported(size: tuple[int, int]) -> str:
    return f"at the {size[1]} x {size[0]} pixels that the program was exported with"


def prepare(
    takes: Takes,
    metadata: Mapping[str, object],
    sidecar: Sidecar | None = None,
    known: PretrainedEntry | None = None,
    chosen: Preprocessing | None = None,
    *,
    by_name: bool = False,
) -> Prepared:
    """The preprocessing to use.

    Args:
        takes: the network's input.
        metadata: of the checkpoint.
        sidecar: what lies beside it.
        known: the published weights that it is a copy of.
        chosen: by a person, who is always believed.
        by_name: whether a person asked for these published weights, which no file beside them then changes.
    """
    if chosen is not None:
        differs = takes.normalisation is not None and (chosen.mean, chosen.std) != takes.normalisation
        return Prepared(chosen, _CHOSEN, notices=(_REPLACED,) if differs else ())
    prepared = _found(takes, metadata, sidecar, known, by_name=by_name)
    return prepared if takes.normalisation is None else _normalised(prepared, *takes.normalisation)


def _normalised(prepared: Prepared, mean: tuple[float, ...], std: tuple[float, ...]) -> Prepared:
    """With the network's own mean and std, whatever else says."""
    value = prepared.preprocessing
    try:
        scale = on_a_scale(*(list(each * len(value.mean) if len(each) == 1 else each) for each in (mean, std)))
        changed = replace(value, **scale)
    except (PreprocessingError, ValueError):
        scale, changed = {}, value
    if not scale:
        return replace(prepared, notices=(*prepared.notices, _NO_SCALE))
    return replace(prepared, preprocessing=changed, source=f"{prepared.source}; mean and std from the weights file")


def _found(
    takes: Takes,
    metadata: Mapping[str, object],
    sidecar: Sidecar | None,
    known: PretrainedEntry | None,
    *,
    by_name: bool,
) -> Prepared:
    """What the checkpoint, what lies beside it, or its hash says, or what is usual."""
    published = Prepared(known.preprocessing, f"torchvision {known.id}") if known is not None else None
    if published is not None and by_name:
        return published
    problems: list[str] = []
    saved = _saved(takes, metadata, problems)
    notices = tuple(problems)
    if saved is not None:
        return replace(saved, notices=notices)
    if sidecar is not None and sidecar.preprocessing is not None and sidecar.fits(takes.num_classes):
        name = Path(sidecar.preprocessing_file or sidecar.file).name
        source = f"assumed: as it was when {name} was saved" if sidecar.preprocessing_assumed else name
        return Prepared(sidecar.preprocessing, source, sidecar.preprocessing_assumed, notices)
    return replace(published or takes.usual, notices=notices)


def _saved(takes: Takes, metadata: Mapping[str, object], problems: list[str]) -> Prepared | None:
    usual = takes.usual

    def usual_of(name: str) -> Preprocessing:
        if not name:
            return usual.preprocessing
        try:
            return with_channels(assumed_preprocessing(name), takes.channels)
        except UsageError:
            return usual.preprocessing

    saved = saved_preprocessing(metadata, usual_of, problems)
    if saved is None:
        return None
    fitting = _fitting(takes, saved)
    if fitting is None:
        problems.append(
            f"The preprocessing in the weights file ({saved.place}) is not used: it gives other sizes than the network "
            "takes."
        )
        return None
    source = f"the weights file ({saved.place})"
    if saved.complete:
        return Prepared(fitting, source)
    return Prepared(fitting, f"{source}; the rest {usual.source}", assumed=True)


def _fitting(takes: Takes, saved: Saved) -> Preprocessing | None:
    """The saved values as the network can take them; ``None`` where it cannot."""
    value, usual = with_channels(saved.preprocessing, takes.channels), takes.usual.preprocessing
    if takes.size is None:
        return value
    if value.crop is None and value.resize in ("none", "shorter"):
        # Written for images of one shape; of others the centre is taken.
        resize = value.size if value.resize == "shorter" else takes.size
        value = replace(value, resize="shorter", size=resize, crop=resize)
    if (value.crop or value.size) != takes.size:
        if saved.complete:
            return None
        value = replace(value, resize=usual.resize, size=usual.size, crop=usual.crop, crops=1)
    return replace(value, flatten=usual.flatten, crops=1) if usual.flatten else value
