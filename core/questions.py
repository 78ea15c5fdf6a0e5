"""What a person is asked before a model can be opened: whether code may run, and values that nothing else tells."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrustRequest:
    """What a person is asked before code that came with a file may run.

    Attributes:
        file: the path as given.
        kind: ``module`` (a pickled network), ``torchscript``, ``exported_program`` or ``python``.
        sha256: of the file, hexadecimal; for a Python file of it and all in ``also``, in order.
        contents: what is in the file, in plain words, one line each.
        also: paths of further files that the word covers: what a Python file imports from its own folder.
    """

    file: str
    kind: str
    sha256: str
    contents: tuple[str, ...]
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A constructor's argument that neither the weights nor the checkpoint answer.

    Attributes:
        name: of the argument, such as ``hidden_size``.
        annotation: its type as written, such as ``int``; may be empty.
        suggestion: a value to begin with, as a Python literal; may be empty.
        why: what is known about it, one sentence; may be empty.
    """

    name: str
    annotation: str = ""
    suggestion: str = ""
    why: str = ""
