"""From a checkpoint to a network that answers, whichever way leads there; code runs only with a person's word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor, nn

from core.architectures.custom import (
    Anywhere,
    Choice,
    CustomFit,
    LoadedSource,
    build_custom,
    choose,
    code_beside,
    is_telling,
    load_source,
    named_in,
    rank_classes,
    source_beside,
    spell_source,
    trust_request,
)
from core.architectures.input_form import Answering, InputForm, find_input
from core.architectures.rivals import answers_otherwise, function_of, in_words
from core.architectures.running import is_worth_a_try
from core.catalogue import architecture as entry_of
from core.checkpoints import Checkpoint
from core.checkpoints.identify import QUANTISED
from core.checkpoints.values import shown
from core.constructions import Construction, Source
from core.descriptions import Match, ModelSpec
from core.errors import MatchError, NoClassifierError, QuestionsError
from core.foreign import recognise
from core.matching import assemble, construction_of, decide, rank
from core.preprocessing import PRESETS, Preprocessing
from core.programs import load_program
from core.rebuilding import own_classes, rebuild, settings_that_differ, wrapped_in
from core.trust import Consent, demand

_SMALL = 96
_ULTRALYTICS = "ultralytics.nn.tasks.Classification"


@dataclass(frozen=True)
class Built:
    """A network and how it came about.

    Attributes:
        network: in eval mode, on the CPU, in float32; gives (N, outputs) numbers, as the weights were trained to.
        architecture: id; for a network of a person's own the class's name, for a program ``TorchScript`` or such.
        matches: what fits, best first; the first of ``architecture`` describes it.
        outputs: how many numbers it gives for an image.
        form: the input that was found by trying; ``None`` where the architecture tells.
        ambiguous: whether others fit as well and would answer otherwise.
        notices: what a person should know, each one sentence.
        source: path of the Python file that it was built from; empty where there is none.
        beside: path of a Python file in the weights' folder that was not used, and may build another network from them.
        code: the sha256 of that file, and of those of its folder that it imports; empty where there is none.
        construction: how plain Python makes it again; ``None`` where nothing tells.
        ends_in: ``softmax``, ``log_softmax`` or ``sigmoid`` where the network itself ends so; else empty.
        assembled: whether it was built from an architecture's recipe, and so ends in its bare head.
    """

    network: nn.Module
    architecture: str
    matches: tuple[Match, ...]
    outputs: int
    form: InputForm | None = None
    ambiguous: bool = False
    notices: tuple[str, ...] = ()
    source: str = ""
    beside: str = ""
    code: str = ""
    construction: Construction | None = None
    ends_in: str = ""
    assembled: bool = False


def build(spec: ModelSpec, checkpoint: Checkpoint, hints: Iterable[str], consents: Iterable[Consent]) -> Built:
    """The network of a checkpoint.

    Args:
        spec: what a person chose.
        checkpoint: the weights.
        hints: architectures that the file or what lies beside it names, the most believable first; they only
            decide among what fits.
        consents: who may have agreed that code runs.

    Raises:
        MatchError: nothing fits.
        NoClassifierError: it is no image classifier; says what it is.
        QuestionsError: a network of a person's own wants arguments that nothing tells.
        TrustError: code would have to run, and nobody agreed.
        UsageError: there is no such architecture, or the Python file cannot be used.
    """
    if spec.architecture_file:
        return _from_source(Path(spec.architecture_file), spec, checkpoint, consents)
    matches = rank(checkpoint)
    if spec.architecture:
        return _known(entry_of(spec.architecture).id, checkpoint, matches, ambiguous=False)
    best, ambiguous = decide(matches, hints)
    other = no_classifier(checkpoint, matches)
    if other is not None:
        raise other
    if checkpoint.module is not None and (whole := _whole(spec, checkpoint, best, matches, consents)) is not None:
        return whole
    if best is not None and best.num_classes:
        return _or_beside(_known(best.architecture, checkpoint, matches, ambiguous=ambiguous), best, checkpoint)
    if checkpoint.program is not None:
        name = {"torchscript": "TorchScript"}.get(checkpoint.about.container, "torch.export")
        program = load_program(checkpoint, *consents)
        batch = program.input_shape[0] if program.input_shape else 0
        size = program.input_shape[2:] if len(program.input_shape) == 4 else ()
        sizes = [(size[0], size[1])] if len(size) == 2 and all(size) else []
        built = _tried(program, name, "a program that brings its own code", sizes)
        way = "torchscript" if checkpoint.about.container == "torchscript" else "exported_program"
        return _told(built, Construction(way, batch=batch))
    beside = source_beside(checkpoint, own_classes(checkpoint))
    if beside is not None:
        return _from_source(beside, spec, checkpoint, consents)
    raise _fits_nothing(checkpoint)


def _or_beside(built: Built, best: Match, checkpoint: Checkpoint) -> Built:
    """With a word on the Python file beside the weights, where something of the network is only assumed."""
    guessed = best.variant or checkpoint.about.note
    path = code_beside(checkpoint, best.architecture) if guessed and checkpoint.program is None else None
    if path is None:
        return built
    name = shown(path.name, 60)
    notices = (
        f"{name} lies beside these weights, and its network may answer otherwise.",
        f"{best.architecture} was built, which rests on a guess: {guessed}. The file runs only if it is chosen "
        f"(on the command line, --architecture-file {name}) and trusted.",
    )
    return replace(built, notices=(*built.notices, *notices), beside=str(path))


def _whole(
    spec: ModelSpec,
    checkpoint: Checkpoint,
    best: Match | None,
    matches: tuple[Match, ...],
    consents: Iterable[Consent],
) -> Built | None:
    """A network that was saved whole; ``None`` where it must be built in another way.

    What it was saved with is believed before what its tensors fit: they do not show strides and activations.
    """
    if own_classes(checkpoint):
        if best is None or not best.num_classes:
            return None
        built = _known(best.architecture, checkpoint, matches, ambiguous=False)
        differing = settings_that_differ(checkpoint, built.network)
        if not differing:
            return built
        beside = source_beside(checkpoint, own_classes(checkpoint))
        if beside is not None:
            return _from_source(beside, spec, checkpoint, consents)
        more = f" and {len(differing) - 2} more" if len(differing) > 2 else ""
        notice = f"It was saved with other settings than {best.architecture}'s: {'; '.join(differing[:2])}{more}."
        return replace(built, notices=(*built.notices, notice), ambiguous=True)
    try:
        network = rebuild(checkpoint)
    except MatchError:
        if best is None:
            raise
        return None
    construction = _pickled(checkpoint)
    if best is None or best.num_classes < 2:
        built = _tried(network, _class_of(checkpoint), "rebuilt from the classes that it was pickled with")
        return _told(built, construction)
    ends_in = find_input(network, best.input_channels, best.input_size).ends_in if is_worth_a_try(network) else ""
    return Built(network, best.architecture, matches, best.num_classes, ends_in=ends_in, construction=construction)


def no_classifier(checkpoint: Checkpoint, matches: tuple[Match, ...]) -> NoClassifierError | None:
    """What a file is that is no image classifier, whatever code its network may be built with; ``None`` if it may be.

    Args:
        checkpoint: read from it.
        matches: what fits, from ``rank``.
    """
    if any(match.num_classes for match in matches):
        return None
    path = Path(checkpoint.about.file)
    if checkpoint.program is None and checkpoint.quantised:
        what, remedy, why = QUANTISED
        return NoClassifierError(f"{shown(path.name)} is {what}.", why, remedy)
    if matches and checkpoint.program is None:
        try:
            assemble(checkpoint, matches[0].architecture)
        except MatchError as error:
            return NoClassifierError(error.what, error.why, error.remedy)
    if matches:
        return None
    shapes = {key: tuple(value.shape) for key, value in checkpoint.tensors.items()}
    foreign = recognise(shapes, checkpoint.classes[0][1] if checkpoint.module is not None else "")
    if foreign is None:
        return None
    tell = ", ".join(shown(key, 50) for key in foreign.evidence[:2])
    return NoClassifierError(f"{shown(path.name)} is {foreign.what}.", f"Names such as {tell} tell.", foreign.remedy)


def _fits_nothing(checkpoint: Checkpoint) -> MatchError:
    """The error that says what is nearest, or whose code is needed."""
    name = shown(Path(checkpoint.about.file).name)
    classes = own_classes(checkpoint)
    if classes and classes[0].startswith(_ULTRALYTICS):
        return MatchError(
            f"{name} is a classifier of Ultralytics that was saved whole.",
            f"It is made of {shown(classes[0], 60)}: how these compute is in the Python package ultralytics.",
            f"Where that is installed, run `yolo export model={name} format=torchscript`, and open what it writes.",
        )
    if classes:
        named = ", ".join(shown(each, 40) for each in classes[:3]) + (" and others" if len(classes) > 3 else "")
        return MatchError(
            f"{name} is a network that was saved whole, of classes that are not here.",
            f"It is made of {named}: how these compute is in the Python file that defines them, not in this file.",
            "Choose that Python file, or drop it on the window; on the command line, add --architecture-file FILE.py.",
        )
    try:
        assemble(checkpoint, "")
    except MatchError as error:
        return error
    return MatchError(f"{name} fits no architecture.", "", "Choose the Python file that defines its network.")


def assumed(form: InputForm) -> Preprocessing:
    """What to assume for a network whose input was found by trying, and of which nothing else is known.

    Large or any sizes: ImageNet's.  Small images: brought to exactly that size, from -1 to 1, but 28 x 28 grey as
    MNIST is.  Rows: the image's numbers as one row.
    """
    if form.kind == "vector":
        # Never used: such a network answers no image.
        return PRESETS["none"]
    size = (form.height, form.width)
    if form.kind == "image" and form.channels == 3 and (form.any or min(size) > _SMALL):
        side = 224 if form.any else form.height
        base = PRESETS["imagenet"]
        if form.any or size == (224, 224):
            return base
        return replace(base, resize="exact" if size[0] != size[1] else "shorter", size=size, crop=(side, size[1]))
    grey = form.channels == 1
    base = PRESETS["mnist"] if grey and size == (28, 28) else PRESETS["half"]
    if form.any:
        size = (224, 224)
    return replace(
        with_channels(base, form.channels), resize="exact", size=size, crop=None, flatten=form.kind == "flat"
    )


def with_channels(preprocessing: Preprocessing, channels: int) -> Preprocessing:
    """The same for a network that takes another number of channels.

    Raises:
        MatchError: neither 1 nor 3, which photos do not have.
    """
    if channels in (0, len(preprocessing.mean)):
        return preprocessing
    if channels == 1:
        mean, std = (_average(values) for values in (preprocessing.mean, preprocessing.std))
        return replace(preprocessing, channels="grey", mean=(mean,), std=(std,))
    if channels == 3:
        return replace(preprocessing, channels="rgb", mean=preprocessing.mean * 3, std=preprocessing.std * 3)
    raise MatchError(
        f"The network takes {channels} channels.",
        "Photos have three (red, green and blue), or one in grey.",
        "It was made for another kind of picture, such as from a satellite or a scanner.",
    )


def _average(values: tuple[float, ...]) -> float:
    return values[0] if len(set(values)) == 1 else sum(values) / len(values)


def _told(built: Built, construction: Construction) -> Built:
    """With how it was made, and which of its outputs is the answer."""
    form = built.form
    if form is not None:
        construction = replace(
            construction,
            output=form.output,
            reshaped=form.output_shape != (form.outputs,),
            squeezed=form.squeezed,
        )
    return replace(built, construction=construction)


def _pickled(checkpoint: Checkpoint, source: Source | None = None) -> Construction:
    return Construction(
        "module",
        source=source,
        classes=tuple(dict.fromkeys(name for _, name in checkpoint.classes)),
        inside=wrapped_in(checkpoint),
    )


def _known(architecture: str, checkpoint: Checkpoint, matches: tuple[Match, ...], *, ambiguous: bool) -> Built:
    network = assemble(checkpoint, architecture)
    match = next((found for found in matches if found.architecture == architecture), None)
    if match is None or not match.num_classes:
        raise MatchError(
            f"The weights fit {architecture}, but have no head that gives classes.",
            "They end in features: the last layer is missing.",
            "Choose weights with their head, such as those of a fine-tuned network.",
        )
    construction = construction_of(checkpoint, architecture, network)
    if checkpoint.module is not None:
        pickled = _pickled(checkpoint)
        construction = replace(construction, classes=pickled.classes, inside=pickled.inside)
    built = Built(network, architecture, matches, match.num_classes, None, ambiguous, assembled=True)
    return replace(built, construction=construction)


def _tried(network: nn.Module, name: str, evidence: str, sizes: Sequence[tuple[int, int]] = ()) -> Built:
    """A network of which nothing but itself is known: its input and its answer are found by trying."""
    form = find_input(network, sizes=sizes)
    found = Match(name, form.outputs, form.channels, f"{evidence}; {form.evidence}", form.height)
    network = Answering(network, form).eval()
    return Built(network, name, (found,), form.outputs, form, ends_in=form.ends_in)


def _from_source(path: Path, spec: ModelSpec, checkpoint: Checkpoint, consents: Iterable[Consent]) -> Built:
    """A network of a person's own file."""
    request = trust_request(path)
    demand(request, *consents)
    loaded = load_source(path, trusted=request.sha256)
    fits, choice, tensors = _best_fits(loaded, spec, checkpoint)
    chosen = choice.fit
    told = spell_source(chosen, loaded)
    construction = _pickled(checkpoint, told)
    network = _as_pickled(checkpoint, loaded, chosen)
    if network is None:
        network = _built_as(path, chosen, fits, tensors)
        construction = replace(construction, way="source", tensors=tuple(network.state_dict()))
    anywhere = Anywhere(network) if loaded.names_devices else None
    try:
        found = _tried(anywhere or network, chosen.name, f"{path.name}: {chosen.evidence}", loaded.sizes)
    except MatchError as error:
        if choice.rivals and not choice.reason:
            # A base that is there for others alone: it has no forward pass of its own.
            return _from_source(path, replace(spec, architecture=choice.rivals[0].name), checkpoint, consents)
        raise _with_defaults(error, chosen) from error
    built = _told(found, construction)
    rivals = [fit for fit in choice.rivals if answers_otherwise(fit, tensors, loaded, built.network, found.form)]
    # All classes of the file can be chosen; those that do not fit say why.
    others = tuple(
        Match(fit.name, 0, 0, f"{path.name}: {fit.evidence}", function=function_of(fit, choice, rivals))
        for fit in fits
        if fit is not chosen
    )
    return replace(
        built,
        matches=(replace(built.matches[0], function=chosen.name), *others),
        ambiguous=bool(rivals) and not choice.reason,
        notices=(
            *chosen.notes,
            *((_ASKS_FOR_A_GPU,) if anywhere and anywhere.asked else ()),
            *(in_words(choice, rivals) if rivals else ()),
        ),
        source=str(path.absolute()),
        code=request.sha256,
    )


def _with_defaults(error: MatchError, chosen: CustomFit) -> MatchError:
    """The error for a network that takes no input, with the arguments that may be why."""
    unproved = [slot.name for slot in chosen.solution.slots if slot.kind in ("int", "text") and not is_telling(slot)]
    if not unproved or chosen.kind == "instance":
        return error
    names = ", ".join(shown(name, 40) for name in unproved[:4])
    more = f" If it was made with other values of {names} than the code's defaults, give them, on the command line with"
    return MatchError(error.what, error.why, f"{error.remedy}{more} --argument NAME=VALUE.", detail=error.detail)


def _best_fits(
    loaded: LoadedSource, spec: ModelSpec, checkpoint: Checkpoint
) -> tuple[tuple[CustomFit, ...], Choice, Mapping[str, Tensor]]:
    """The networks of a file, the chosen one, and the tensors under those names that it fits best."""
    names = [checkpoint.tensors]
    if checkpoint.written:
        # Its author's network has its author's names, where a note says that others were laid over them.
        names.insert(0 if checkpoint.about.note else 1, checkpoint.written)
    pickled = _class_of(checkpoint)
    inside = named_in(checkpoint.metadata, [item.name for item in loaded.source.classes])
    named = {inside: "the weights file names it", pickled: "", spec.architecture: ""}
    named = {name: named[name] for name in (spec.architecture, pickled, inside) if name}
    hint = next(iter(named), "")
    found: list[tuple[tuple[CustomFit, ...], Choice, Mapping[str, Tensor]]] = []
    for tensors in names:
        fits = rank_classes(loaded, tensors, checkpoint.metadata, hint, dict(spec.arguments))
        choice = choose(fits, loaded, named, spec.architecture)
        found.append((fits, choice, tensors))
        if choice.fit.exact:
            break
    return max(found, key=lambda each: (each[1].fit.exact, each[1].fit.share))


def _built_as(path: Path, chosen: CustomFit, fits: Iterable[CustomFit], tensors: Mapping[str, Tensor]) -> nn.Module:
    """``build_custom``; what it asks a person says which file asks, as that may have been found beside the weights."""
    try:
        return build_custom(chosen, tensors)
    except QuestionsError as error:
        error.source = str(path.absolute())
        raise
    except MatchError as error:
        broken = next((fit for fit in fits if fit.error and fit is not chosen and not chosen.exact), None)
        if broken is None:
            raise
        # Perhaps it is the one that was meant.
        why = f"{error.why} {shown(broken.name, 40)} of the same file cannot be built: {broken.error}"
        raise MatchError(error.what, why, error.remedy, detail=error.detail) from error


def _as_pickled(checkpoint: Checkpoint, loaded: LoadedSource, chosen: CustomFit) -> nn.Module | None:
    """A network that was saved whole, with the settings that it had: no constructor need be guessed at.

    ``None`` where another class was chosen, or something in the file is not allowed and the class fits the tensors.

    Raises:
        MatchError: neither is possible.
    """
    if checkpoint.module is None or chosen.name != _class_of(checkpoint):
        return None
    own = {item.name: maker for item in loaded.source.classes if isinstance(maker := loaded.maker(item), type)}
    try:
        return rebuild(checkpoint, own)
    except MatchError:
        if chosen.exact or chosen.questions:
            return None
        raise


def _class_of(checkpoint: Checkpoint) -> str:
    """Name of the outermost class of a network that was saved whole; else empty."""
    depth = len(wrapped_in(checkpoint))
    inside = checkpoint.classes[depth:] or checkpoint.classes
    return inside[0][1].rpartition(".")[2] if inside else ""


_ASKS_FOR_A_GPU = "Its code asks for a GPU: it computes on the device that is chosen here instead."
