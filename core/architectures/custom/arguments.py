"""What a constructor's arguments may be: from a person's answers, from what the checkpoint says, and guesses."""

from __future__ import annotations

import ast
import enum
import inspect
import re
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from core.architectures.custom.guard import Failure, attempt
from core.architectures.custom.reading import Parameter
from core.architectures.custom.settings import Asked, Written, held, holders, is_settings
from core.checkpoints.values import shown
from core.errors import UsageError

Shape = tuple[int, ...]
OUTSIDE = "@"
"""Before the name of a variable of the file's, among a constructor's arguments."""

_GROUPS = (
    "num_classes n_classes nclasses classes nb_classes num_class n_class number_of_classes out_features output_size"
    " output_dim out_dim num_outputs n_outputs n_output num_labels class_num class_count outputs out_size",
    "dropout drop_p dropout_p drop_rate dropout_rate drop dropout_prob p_drop",
    "hidden_layers hidden_sizes hidden_units hidden_dims layer_sizes hiddens",
    "input_size in_features input_dim in_dim n_inputs num_inputs num_features n_features n_input",
    "hidden_size hidden_dim hidden n_hidden num_hidden hidden_features",
    "in_channels channels num_channels n_channels input_channels in_chans in_ch img_channels nc",
    "img_size image_size input_size im_size resolution",
    "num_layers n_layers depth layers",
)
_SAME: Mapping[str, frozenset[str]] = {
    name: frozenset(word for group in _GROUPS if name in group.split() for word in group.split())
    for name in " ".join(_GROUPS).split()
}
_PLACES = ("hyper_parameters", "hparams", "model_args", "model_kwargs", "model_config", "init_args", "args", "config")
_CLASSES = re.compile(r"class|label|^out|_out$|^n_out|^nc$")
_CHANNELS = re.compile(r"chan|^in_ch|^nc$|^c_in")
_SIDE = re.compile(r"im(g|age)?_?(size|dim|height|width|h|w)$|resolution|^(height|width)$|^input_(size|shape|dim)$")
_INPUT = re.compile(r"^in|input|feature")
_NAMES = re.compile(r"(class|label|category)_?(names|list)$|^names$|^categories$")
_RATE = re.compile(r"drop|^p$|prob")
_TRAINING = re.compile(r"pretrained|freeze|frozen|fine_?tun|feature_extract|requires_grad|trainable|^lr$|learning_rate")
_FLOAT = re.compile(r"drop|prob|rate|alpha|slope|eps|momentum|^p$|^lr$|decay|temperature|scale|gain|std|ratio")
_LISTS = re.compile(r"layers$|sizes$|units$|dims$|blocks$|filters$|widths$|depths$|_list$|hiddens$")
_MAYBE_COUNT = re.compile(r"^(num|n|nb)_")
_BOOL = re.compile(
    r"freeze|fine_?tun|feature_extract|^(use|with|is|has|do|enable)_|bias|pretrained|batch_?norm|^bn$|bidirectional|^residual$|^relu$"
)
_TEXT = re.compile(r"name|mode|type|activation|norm$|^act$|variant|arch")
_OTHER = re.compile(r"^(block|backbone|encoder|model|net|base_model|layer|cfg|config|opt|args|params)$")
_BLOCK = re.compile(r"block|layer|module|cell|unit|conv")


@dataclass
class Slot:
    """One argument of a constructor, while its value is looked for.

    Attributes:
        name: of it.
        kind: ``int``, ``ints``, ``float``, ``bool``, ``text``, ``choice`` or ``other``.
        value: what is tried now.
        source: ``answer``, ``file`` (the checkpoint), ``call`` (the code makes it so), ``default`` or ``guess``.
        annotation: its type as written; may be empty.
        choices: values of an enumeration, if it is one.
        written: what ``file`` or ``default`` said, to tell a person if the shapes say otherwise.
        owner: name of the argument, or of the file's own variable, whose part this is; empty for an argument.
        outside: whether it is no argument but a variable at the file's top level.
        asked: of what holds many values by name: what of it is asked for.
        template: of the same: what it is in the person's file; ``None`` where nothing is.
    """

    name: str
    kind: str
    value: object
    source: str
    annotation: str = ""
    choices: tuple[object, ...] = ()
    written: object = field(default=None)
    owner: str = ""
    outside: bool = False
    asked: Asked | None = None
    template: object = None

    @property
    def key(self) -> str:
        """By what it is given to what makes the network."""
        return f"{OUTSIDE}{self.name}" if self.outside else self.name


def parse_answer(name: str, text: str) -> object:
    """A person's answer as a value.

    Raises:
        UsageError: it is no Python literal.
    """
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        pass
    if re.fullmatch(r"[A-Za-z_][\w./-]*", text.strip()):
        # A word without quotes can mean only itself.
        return text.strip()
    raise UsageError(
        f"The value of {shown(name, 40)} is not understood.",
        f"It is {shown(text, 60)!r}, and should be a number, a text in quotes, a list such as [512, 256], or None.",
        "Correct it.",
    )


def slots_of(
    make: Callable[..., object],
    written: Sequence[Parameter],
    shapes: Mapping[str, Shape],
    metadata: Mapping[str, object],
    answers: Mapping[str, str],
    blocks: Sequence[object] = (),
    names: Mapping[str, object] | None = None,
    called: Mapping[str, object] | None = None,
) -> list[Slot]:
    """The arguments of a constructor or factory, with what is known of each.

    Args:
        make: the class or function.
        written: the same as written in the file.
        shapes: the checkpoint's tensors.
        metadata: what was saved beside them.
        answers: a person's, as Python literals, by name.
        blocks: classes of the file, for arguments that want one.
        names: of the file, with their values, for arguments that want a configuration.
        called: values with which the file itself calls it.

    Raises:
        UsageError: an answer is no Python literal.
    """
    signature = attempt(lambda: inspect.signature(make))
    if isinstance(signature, Failure):
        return []
    texts = {each.name: each for each in written}
    names = names or {}
    known = known_of(metadata)
    slots: list[Slot] = []
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            continue
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            slots += _by_keyword(parameter.name, signature, written, shapes, known, answers)
            slots += _passed_on(make, {*signature.parameters, *(slot.name for slot in slots)}, shapes, known, answers)
            continue
        text = texts.get(parameter.name, Parameter(parameter.name))
        default: object = None if parameter.default is inspect.Parameter.empty else parameter.default
        annotation: object = None if parameter.annotation is inspect.Parameter.empty else parameter.annotation
        if is_settings(parameter.name, annotation, text.annotation, default):
            slot = _whole(parameter, default, known, names)
            given = parse_answer(parameter.name, answers[parameter.name]) if parameter.name in answers else None
            if isinstance(given, Mapping):
                slot.value, slot.source = {**cast("dict[str, object]", slot.value), **given}, "answer"
            slots.append(slot)
        else:
            slot = slot_of(parameter, text, shapes, known, answers, blocks)
            slots.append(_as_called(slot, (called or {}).get(parameter.name)))
    return slots


def _as_called(slot: Slot, value: object) -> Slot:
    """An argument of which nothing but a default or a guess is known, as the file itself calls it."""
    if value is None or slot.source not in ("default", "guess"):
        return slot
    if isinstance(value, Written):
        if slot.source == "guess":
            slot.kind, slot.value, slot.source, slot.written = "other", value, "call", value
        return slot
    plain = converted(value, slot.kind) if slot.kind != "other" else value
    if plain is not None and plain != slot.value:
        slot.value, slot.source, slot.written = plain, "call", plain
    return slot


def _whole(
    parameter: inspect.Parameter, default: object, known: Mapping[str, object], names: Mapping[str, object]
) -> Slot:
    """An argument that holds many values by name: as the checkpoint says, over what the file says."""
    wanted: object = default
    if wanted is None:
        annotation = None if parameter.annotation is inspect.Parameter.empty else parameter.annotation
        wanted = next(holders(names, parameter.name, annotation), None)
    base = held(wanted) or {}
    said: dict[str, object] = {}
    for name in (parameter.name.lower(), *_PLACES, "cfg", "opt", "hparam", "params"):
        value = known.get(name)
        if isinstance(value, Mapping):
            said = {str(key): each for key, each in cast("Mapping[object, object]", value).items()}
            break
    source = "file" if said else "default"
    return Slot(parameter.name, "settings", base | said, source, written=base | said, asked=Asked(), template=wanted)


def _passed_on(
    make: Callable[..., object],
    taken: set[str],
    shapes: Mapping[str, Shape],
    known: Mapping[str, object],
    answers: Mapping[str, str],
) -> Iterator[Slot]:
    """The arguments of a class's base in the same project, to which ``**kwargs`` mostly go."""
    base = make.__mro__[1] if isinstance(make, type) else object
    if not base.__module__.startswith("_whatsit_custom"):
        return
    signature = attempt(lambda: inspect.signature(base))
    for parameter in () if isinstance(signature, Failure) else signature.parameters.values():
        named = parameter.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        if named and parameter.name not in taken:
            yield slot_of(parameter, Parameter(parameter.name), shapes, known, answers, ())


def _by_keyword(
    name: str,
    signature: inspect.Signature,
    written: Sequence[Parameter],
    shapes: Mapping[str, Shape],
    known: Mapping[str, object],
    answers: Mapping[str, str],
) -> Iterator[Slot]:
    """What the code looks up in its ``**kwargs``."""
    for text in written:
        if text.within != name or text.name in signature.parameters:
            continue
        default: object = inspect.Parameter.empty
        if text.default is not None:
            try:
                default = ast.literal_eval(text.default)
            except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
                continue
        plain = inspect.Parameter(text.name, inspect.Parameter.KEYWORD_ONLY, default=default)
        yield slot_of(plain, text, shapes, known, answers, ())


def literal(value: object) -> str:
    """A value as a person would write it."""
    if isinstance(value, type):
        return value.__name__
    return shown(repr(value), 200)


def alternatives(slot: Slot) -> Iterator[tuple[str, object]]:
    """Kinds and values to try for a guess with which the constructor fails."""
    if slot.kind == "int":
        yield from (("int", value) for value in (8, 32, 4, 64, 2, 1, 3, 128, 224))
    if slot.kind in ("int", "other", "ints"):
        yield from (("ints", [value, value]) for value in (2, 16))
        yield "ints", [2, 2, 2, 2]
    if slot.kind in ("ints", "other"):
        yield from (("int", value) for value in (16, 2))
    if slot.kind in ("int", "ints", "other"):
        yield "names", ["0", "1"]
    if slot.kind == "other":
        yield "bool", False
        yield "float", 0.0


def is_rate(name: str) -> bool:
    """Whether an argument by its name is a dropout's rate, which no answer depends on."""
    return bool(_RATE.search(name.lower()))


def is_training(name: str) -> bool:
    """Whether an argument by its name says how to train, or where to begin, which no answer depends on."""
    return bool(_TRAINING.search(name.lower()))


def slot_of(
    parameter: inspect.Parameter,
    text: Parameter,
    shapes: Mapping[str, Shape],
    known: Mapping[str, object],
    answers: Mapping[str, str],
    blocks: Sequence[object],
) -> Slot:
    """One argument, with what is known of it; see ``slots_of``."""
    name = parameter.name
    default: object = None if parameter.default is inspect.Parameter.empty else parameter.default
    required = parameter.default is inspect.Parameter.empty
    kind, choices = _kind(parameter, text, default, required)
    if required and kind == "other" and blocks and _BLOCK.search(name.lower()) and not text.annotation:
        kind, choices = "choice", tuple(blocks)
    slot = Slot(name, kind, default, "default", text.annotation, choices)
    if name in answers:
        value = parse_answer(name, answers[name])
        named = [each for each in choices if answers[name].strip() in (literal(each), getattr(each, "name", None))]
        slot.value, slot.source = named[0] if named else value, "answer"
        return slot
    for value in said_of(name, known):
        plain = converted(value, kind)
        if plain is not None:
            slot.value, slot.source = plain, "file"
            slot.written = plain
            return slot
    slot.written = default
    if required:
        slot.value, slot.source = _guess(slot, shapes), "guess"
    return slot


def _kind(
    parameter: inspect.Parameter, text: Parameter, default: object, required: bool
) -> tuple[str, tuple[object, ...]]:
    """What kind of value an argument takes, and its choices: by annotation, by default, by name."""
    annotation = parameter.annotation
    written = text.annotation.replace("typing.", "")
    options: tuple[object, ...] = typing.get_args(annotation) if typing.get_origin(annotation) is typing.Literal else ()
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        options = tuple(annotation)
    if options:
        return "choice", options
    texts: tuple[object, ...] = text.choices
    if isinstance(default, bool) or written.startswith("bool"):
        return "bool", (False, True)
    if isinstance(default, str) or written.startswith("str"):
        return "text", texts
    if re.match(r"(Optional\[)?int\b", written) or isinstance(default, int):
        return "int", ()
    if re.match(r"(Optional\[)?float\b", written) or isinstance(default, float):
        return "float", ()
    if re.search(r"\b([Ll]ist|[Tt]uple|Sequence|Iterable)\b", written) or whole_numbers(default):
        return "ints", ()
    if written or (not required and default is not None):
        return "other", ()
    return _kind_by_name(text.name.lower(), texts, required)


def _kind_by_name(name: str, texts: tuple[object, ...], required: bool) -> tuple[str, tuple[object, ...]]:
    if texts:
        return "text", texts
    if not required:
        # A default of None: something that the network does without.
        return "other", ()
    if _BOOL.search(name):
        return "bool", (False, True)
    if _FLOAT.search(name):
        return "float", ()
    if _LISTS.search(name) and not _MAYBE_COUNT.match(name):
        return "ints", ()
    if name == "num_blocks":
        return "ints", ()
    if _NAMES.search(name):
        return "names", ()
    if _TEXT.search(name):
        return "text", ()
    return ("other", ()) if _OTHER.search(name) else ("int", ())


def _guess(slot: Slot, shapes: Mapping[str, Shape]) -> object:
    """A value to begin with."""
    name = slot.name.lower()
    if slot.choices:
        return slot.choices[0]
    if slot.kind in ("ints", "names"):
        return [2, 2] if slot.kind == "ints" else ["0", "1"]
    if slot.kind in ("float", "bool", "text"):
        return {"float": 0.0, "bool": False, "text": ""}[slot.kind]
    weights = [shape for shape in shapes.values() if len(shape) >= 2]
    if not weights:
        return 16
    if _CLASSES.search(name):
        return weights[-1][0]
    if _CHANNELS.search(name) and len(weights[0]) >= 3:
        return weights[0][1]
    if _SIDE.search(name) and len(weights[0]) >= 3:
        return 32
    if _INPUT.search(name):
        return weights[0][1]
    return 16


def known_of(metadata: Mapping[str, object]) -> dict[str, object]:
    """Everything that the checkpoint says by a name, the outer and the telling places first."""
    known: dict[str, object] = {}
    places: list[tuple[Mapping[str, object], int]] = [
        (cast("Mapping[str, object]", metadata[key]), 1) for key in _PLACES if isinstance(metadata.get(key), Mapping)
    ]
    places.insert(0, (metadata, 0))
    while places:
        place, depth = places.pop(0)
        for key, value in place.items():
            if isinstance(value, Mapping) and depth < 3:
                places.append((cast("Mapping[str, object]", value), depth + 1))
            known.setdefault(str(key).lower().replace("-", "_"), cast(object, value))
    return known


def said_of(name: str, known: Mapping[str, object]) -> Iterator[object]:
    """What the checkpoint says of an argument: under its own name, else under one of the same meaning."""
    plain = name.lower().strip("_")
    if plain in known:
        yield known[plain]
    for other in sorted(_SAME.get(plain, frozenset())):
        if other in known and other != plain:
            yield known[other]


def converted(value: object, kind: str) -> object:
    """A checkpoint's value as the kind that is wanted; ``None`` if it is none."""
    if isinstance(value, str) and kind not in ("text", "choice"):
        # .safetensors hold texts only.
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return None
    if kind == "ints":
        return list(cast("Sequence[object]", value)) if whole_numbers(value) else None
    if kind == "names":
        items = cast("Sequence[object]", value if isinstance(value, list | tuple) else ())
        return [str(item) for item in items] or None
    wanted = {"int": int, "float": int | float, "bool": bool, "text": str}.get(kind)
    if wanted is None:
        return cast(object, value) if isinstance(value, int | float | str | list | tuple | dict) else None
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind != "bool"):
        return int(value) if kind == "int" and isinstance(value, float) and value.is_integer() else None
    return value


def whole_numbers(value: object) -> bool:
    """Whether a value is a list or tuple of whole numbers, and not empty."""
    if not isinstance(value, list | tuple):
        return False
    items = cast("Sequence[object]", value)
    return len(items) > 0 and all(isinstance(item, int) and not isinstance(item, bool) for item in items)
