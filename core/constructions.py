"""How a network was made from a weights file: all that plain Python needs to make it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Way = Literal["library", "source", "module", "torchscript", "exported_program"]


@dataclass(frozen=True, slots=True)
class Source:
    """A person's Python file that a network is made from.

    Attributes:
        path: of the file.
        call: what makes the network, such as ``SimpleCNN(num_classes=10)``, with names of the file.
        names: of the file that ``call`` needs.
        folders: where the other files of the person's lie that it imports; empty if it imports none.
        code: what the network needs of the file, where importing all of it would do more (train, read data); empty
            where it can be imported.
        unsaid: an argument whose value cannot be written down; empty if there is none.
    """

    path: str
    call: str
    names: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    code: str = ""
    unsaid: str = ""


@dataclass(frozen=True, slots=True)
class Construction:
    """How a network was made.

    Attributes:
        way: ``library`` (torchvision or timm builds it, then it gets the file's tensors), ``source`` (a person's
            Python file does), ``module`` (it was pickled whole), ``torchscript`` or ``exported_program``.
        lines: for ``library``, Python that leaves the network without its weights in ``network``.
        imports: the import lines that ``lines`` need.
        source: for ``source``, and for a ``module`` of a person's classes.
        tensors: names in the network's state dict.
        computed: those of them that the network computes by itself, and a file may lack.
        classes: dotted names of the classes that a pickled network is made of, the outermost first.
        inside: attributes that lead from a pickled network to the one that answers, such as ``module``.
        output: which of several outputs is the answer: an index, a key, or ``None`` where there is one only.
        reshaped: whether the answer must be brought to rows of numbers.
        squeezed: whether the network takes grey images without their channel, as N x height x width.
        batch: how many images a program takes at a time; 0 for any number.
        obstacle: why plain Python cannot make it, one sentence; empty where it can.
    """

    way: Way
    lines: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    source: Source | None = None
    tensors: tuple[str, ...] = ()
    computed: frozenset[str] = frozenset()
    classes: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    output: int | str | None = None
    reshaped: bool = False
    squeezed: bool = False
    batch: int = 0
    obstacle: str = ""
