"""Frozen values that say what a file is, what it matches, where it runs and where a result came from."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from core.arrays import Takes
from core.constructions import Construction
from core.preprocessing import Preprocessing


@dataclass(frozen=True, slots=True)
class CheckpointSummary:
    """What was read from a weights file.

    Attributes:
        file: the path as given.
        container: ``state_dict``, ``safetensors``, ``module`` (a network that was pickled whole), ``torchscript``
            or ``exported_program``.
        unwrapped: wrapper keys taken off, outermost first, such as ``("state_dict",)``.
        prefix: what stood before every name, as written, such as ``module.``; may be empty.
        tensors: how many tensors the state dict holds.
        parameters: how many numbers they hold together.
        bytes: the file's size.
        sha256: of the whole file, hexadecimal.
        left_out: names, as written, of tensors beside the network's that were not used, such as a loss's.
        sets: all sets of tensors in the file that may be a network's, as dotted keys (``state_dict_ema``),
            the one in use first; a dot stands for the file as a whole.
        blocked: names in Python that the file asks for and that could run code; sorted, mostly empty.
        note: what the file calls otherwise than its architecture does, such as its head; mostly empty.
        layer_norm_eps: what the network's layer normalisations add to the variance, where its architecture's add
            another number; else 0.
        tanh_gelu: whether the network's GELUs are approximated with the hyperbolic tangent, where its architecture's
            are exact.
    """

    file: str
    container: str
    unwrapped: tuple[str, ...]
    prefix: str
    tensors: int
    parameters: int
    bytes: int
    sha256: str
    left_out: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    note: str = ""
    layer_norm_eps: float = 0.0
    tanh_gelu: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """An architecture that fits a checkpoint.

    Attributes:
        architecture: id, such as ``resnet50``.
        num_classes: size of the head.
        input_channels: channels of the first convolution (3 for colour).
        evidence: one line for a person, such as ``all 320 names and shapes fit``.
        input_size: pixels a side that the network takes; 0 where it takes any.
        source: ``torchvision`` or ``timm``.
        variant: what is changed in the architecture and what is assumed about it, such as ``grey input``; mostly
            empty.
        small_images: whether its first convolution was changed for small images, such as CIFAR's of 32 x 32.
        function: the same for all matches that compute the same from these weights: the id of the first of them.
        ambiguous: whether another match computes something else from the same weights.
        options: what its constructor is told beside numbers of classes and sizes, as (name, value).
    """

    architecture: str
    num_classes: int
    input_channels: int
    evidence: str
    input_size: int = 0
    source: str = "torchvision"
    variant: str = ""
    small_images: bool = False
    function: str = ""
    ambiguous: bool = False
    options: tuple[tuple[str, str | bool | int], ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """Something that can compute.

    Attributes:
        id: ``cpu``, ``cuda:0``, ``mps``.
        name: what a person knows it by, such as ``NVIDIA H200``.
        memory_bytes: its own memory; 0 where it shares the machine's.
    """

    id: str
    name: str
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know that is no error, such as a step down to the CPU; one sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """All that a result depends on, so that it can be repeated.

    Attributes:
        weights: the weights file's name or path.
        sha256: of that file, hexadecimal.
        architecture: id.
        preprocessing: the values used.
        labels: where the class names came from.
        device: id.
        precision: element type of the forward pass, such as ``float32``.
        version: of Whatsit.
        tensors: which tensors of the file were used, such as ``state_dict`` or ``ema``.
        activation: what made scores of the network's numbers; one of ``core.outputs.KINDS``.
        activation_source: how that is known.
        preprocessing_source: where the values came from.
        preprocessing_assumed: whether some of it is only what is usual, as nothing told.
        evidence: why the architecture, one line.
        source: path of the person's Python file that the network was built from; empty where there is none.
        libraries: (name, version) of what computed, such as ``torch``.
        raw: whether a row of numbers went in as it was: ``preprocessing`` was not applied then.
    """

    weights: str
    sha256: str
    architecture: str
    preprocessing: Preprocessing
    labels: str
    device: str
    precision: str
    version: str
    tensors: str = ""
    activation: str = "softmax"
    activation_source: str = ""
    preprocessing_source: str = ""
    preprocessing_assumed: bool = False
    evidence: str = ""
    source: str = ""
    libraries: tuple[tuple[str, str], ...] = ()
    raw: bool = False


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """All that is needed to open a classifier again; kept in the list of recent models.

    Attributes:
        kind: ``builtin``, ``file`` or ``pretrained``.
        weights: a path for ``file``; ``resnet50/IMAGENET1K_V2`` for ``pretrained``; empty for ``builtin``.
        architecture: id chosen by a person; empty to match by names and shapes.
        labels: path of a label file chosen by a person, or ``imagenet`` for ImageNet's names; empty to use what
            travels with the weights.
        preprocessing: chosen by a person; ``None`` to use what travels with the weights, or the default.
        architecture_file: path of a person's Python file that defines the architecture; may be empty.
        arguments: constructor arguments that a person gave, as (name, Python literal).
        tensors: dotted keys of the set of tensors that a person chose, one of ``CheckpointSummary.sets``;
            empty to choose by evidence.
        activation: kind of output chosen by a person, one of ``core.outputs.KINDS``; empty as it is recognised.
        names: class names that a person wrote, in head order; they go before ``labels``.  Empty where there are none.
    """

    kind: str = "builtin"
    weights: str = ""
    architecture: str = ""
    labels: str = ""
    preprocessing: Preprocessing | None = None
    architecture_file: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    tensors: str = ""
    activation: str = ""
    names: tuple[str, ...] = ()

    @property
    def network(self) -> ModelSpec:
        """The part that decides which network is built; what it is only dressed in is left to the model."""
        bare: dict[str, Any] = {entry.name: entry.default for entry in fields(self) if entry.name in _DRESSING}
        return replace(self, **bare)


_DRESSING = frozenset(("labels", "names", "preprocessing", "activation"))
"""What a network is dressed in: a change of these builds nothing anew."""


@dataclass(frozen=True, slots=True)
class ClassifierInfo:
    """The classifier in use, for the window and for reports.

    Attributes:
        spec: what was asked for.
        name: short name for a title, such as ``Built-in: CIFAR-10``.
        note: one line that a person must know, such as that this is a demonstration; may be empty.
        architecture: id.
        matches: architectures that fit, best first.
        labels: class names in head order.
        labels_source: where they came from, such as ``config.json``, or ``numbers, no names found``.
        folders: what the classes were called in training, in head order, where ``labels`` are readable names or a
            person's in their place; else empty.
        preprocessing: the values in use.
        preprocessing_source: where they came from, such as ``config.json`` or ``assumed: usual for resnet50``.
        device: where it runs.
        checkpoint: the file behind it.
        modified_ns: the weights file's modification time when it was read, for noticing changes.
        notices: things a person should know about this load (a label count that does not fit, a step
            down to the CPU), each one sentence.
        ambiguous: whether other architectures fit as well, and would answer otherwise.
        refuses: why it cannot answer images, one sentence; empty where it can.
        construction: how plain Python makes the network again; ``None`` where nothing tells.
        activation: what the network's numbers are; one of ``core.outputs.KINDS``.
        activation_source: how that is known, such as ``the network ends in a softmax`` or ``chosen by you``.
        outputs: how many numbers the network gives for an image; 0 for as many as there are labels.
        features: numbers in a row that it takes as they are; 0 where it takes none.
        preprocessing_assumed: whether some of the preprocessing is only what is usual, as nothing told.
        code_beside: path of a Python file beside the weights that was not used, and may build another network from
            them; empty where there is none.
        code: the sha256 of the person's Python file behind the network, and of what it imports; empty without one.
    """

    spec: ModelSpec
    name: str
    note: str
    architecture: str
    matches: tuple[Match, ...]
    labels: tuple[str, ...]
    labels_source: str
    preprocessing: Preprocessing
    preprocessing_source: str
    device: DeviceInfo
    checkpoint: CheckpointSummary
    modified_ns: int
    notices: tuple[str, ...] = field(default=())
    ambiguous: bool = False
    refuses: str = ""
    construction: Construction | None = None
    activation: str = "softmax"
    activation_source: str = ""
    outputs: int = 0
    folders: tuple[str, ...] = ()
    features: int = 0
    preprocessing_assumed: bool = False
    code_beside: str = ""
    code: str = ""

    @property
    def takes(self) -> Takes:
        """What it takes, for reading files of numbers."""
        return Takes(self.features, not self.refuses, grey=self.preprocessing.channels == "grey")

    def describe_rows(self) -> str:
        """One short line for a person: which rows of numbers go in; empty where none do."""
        return f"{self.features:,} numbers a row, as they are (float32, not prepared)" if self.features else ""

    def describe_input(self) -> str:
        """One short line for a person: how pictures are prepared, and that rows of numbers are not."""
        rows = self.describe_rows()
        if self.refuses:
            return rows or "no pictures"
        prepared = self.preprocessing.describe()
        return f"{prepared}; or {rows}" if rows else prepared


@dataclass(frozen=True, slots=True)
class Seen:
    """What a network gets to see of an image.

    Attributes:
        width, height: of each picture, in pixels.
        pictures: one, or as many as there are crops; a byte each of red, green and blue a pixel, rows from the top,
            without gaps.  Mean and std are undone, all else is as the network gets it: in BGR what is blue looks red.
        crops: left, top, width and height of what each picture shows, in pixels of the upright image; beyond its
            edges where it was padded.
        low, high: least and greatest of the numbers that enter the network.
        clipped: share 0..1 of these that are cut off in the pictures, as they lie outside of what one can show.
    """

    width: int
    height: int
    pictures: tuple[bytes, ...] = field(repr=False)
    crops: tuple[tuple[float, float, float, float], ...]
    low: float
    high: float
    clipped: float = 0.0


@dataclass(frozen=True, slots=True)
class TensorRow:
    """One tensor of a weights file.

    Attributes:
        name: without wrappers and prefix.
        shape: its sides; empty for a single number.
        dtype: torch's name of its element type, such as ``float32``.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a weights file is, found out without running anything in it.

    Attributes:
        file: the path as given.
        container: ``state_dict``, ``safetensors``, ``module``, ``torchscript`` or ``exported_program``; empty
            where the file is none of these.
        error: what the file is instead, or why it cannot be read; empty where all is well.
        sha256: of the whole file, hexadecimal.
        bytes: its size.
        unwrapped, prefix, sets, left_out, blocked: see ``CheckpointSummary``.
        matches: architectures that fit, best first, with their evidence.
        architecture: id of the one that would be used; empty where none fits.
        ambiguous: whether others fit as well and would answer otherwise.
        num_classes, input_channels: from names and shapes, also without a match; 0 where they cannot be told.
        class_names: in head order; empty where the file and its sidecars bring none.
        labels_source: where they came from.
        preprocessing: what images are prepared with; ``None`` where nothing says.
        preprocessing_source: where that came from.
        preprocessing_assumed: whether some of it is only what is usual, as nothing told.
        needs_trust: whether code in the file would have to run before it can answer.
        parameters: how many numbers its tensors hold.
        tensors: of the network.
        modules: (name, class) of each module, for a pickled network.
        metadata: what was saved beside the tensors, as (name, text).
    """

    file: str
    container: str = ""
    error: str = ""
    sha256: str = ""
    bytes: int = 0
    unwrapped: tuple[str, ...] = ()
    prefix: str = ""
    sets: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    matches: tuple[Match, ...] = ()
    architecture: str = ""
    ambiguous: bool = False
    num_classes: int = 0
    input_channels: int = 0
    class_names: tuple[str, ...] = ()
    labels_source: str = ""
    preprocessing: Preprocessing | None = None
    preprocessing_source: str = ""
    preprocessing_assumed: bool = False
    needs_trust: bool = False
    parameters: int = 0
    tensors: tuple[TensorRow, ...] = ()
    modules: tuple[tuple[str, str], ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
