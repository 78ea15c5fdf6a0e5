"""What to say, and what to offer, when a model cannot be opened, or is open with something to know of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtGui import QKeySequence

from core.descriptions import ClassifierInfo, ModelSpec
from core.errors import DeviceError, MatchError, NoClassifierError, TrustError, UnsafeError
from gui.widgets.error_view import Notice, Words, words_for

READABLE = (MatchError, NoClassifierError, TrustError, UnsafeError)
"""What is wrong with files that can be read all the same, and so be looked at."""


def refusal(
    error: BaseException,
    report: str,
    refused: ModelSpec,
    info: ClassifierInfo | None,
    choose_file: Callable[[], object],
    open_bare: Callable[[], object],
    look: Callable[[], object],
) -> Notice:
    """The notice for a model that failed to open.

    Args:
        error: why.
        report: of a bug; else empty.
        refused: what was asked for.
        info: the classifier in use.
        choose_file: asks for the Python file of a network.
        open_bare: opens the same weights without the choices that they were remembered with.
        look: shows what is in the file.
    """
    words = _with_former(words_for(error, report), info)
    inside = "Look inside" if refused.kind == "file" and isinstance(error, READABLE) else ""
    bare = ModelSpec(refused.kind, refused.weights)
    if isinstance(error, MatchError) and refused == bare and refused.kind == "file":
        return Notice("model", words, "Choose its Python file …", choose_file, inside, look)
    just_chosen = info is not None and info.spec.weights == refused.weights and info.spec != refused
    if report or just_chosen or refused.kind != "file" or refused == bare or isinstance(error, DeviceError):
        return Notice("bug" if report else "model", words, "", None, inside, look)
    # Choices that a file was remembered with may be what it does not fit any more.
    return Notice("model", words, "Open with what fits", open_bare, inside, look)


def untrusted(
    error: TrustError, info: ClassifierInfo | None, ask: Callable[[], object], look: Callable[[], object]
) -> Notice:
    """The notice that stays when a person does not want code to run.

    Args:
        error: what would run.
        info: the classifier in use.
        ask: asks once more.
        look: shows what is in the file.
    """
    words = Words(error.what, f"It runs only if you trust it: {error.why[:1].lower()}{error.why[1:]}")
    words = _with_former(words, info)
    return Notice("model", words, "Read what is in it …", ask, "Look inside", look)


def _with_former(words: Words, info: ClassifierInfo | None) -> Words:
    """With the model that goes on answering."""
    if info is None:
        return words
    return replace(words, more=f"{words.more} {info.name} stays in use, as it was.".lstrip())


def changed_on_disk(path: str, reload: Callable[[], object]) -> Notice:
    """The notice that the weights file in use was written anew."""
    what, more = f"{Path(path).name} has changed on disk.", "The answers are still those of the version before."
    return Notice("reload", Words(what, more), "Reload", reload)


def notes(info: ClassifierInfo, choose_output: Callable[[], object], use_code: Callable[[Path], object]) -> Notice:
    """The notice of what a person should know of the model in use.

    Args:
        info: it; with one notice or more.
        choose_output: lets a person say what the network's numbers are.
        use_code: builds the network from a Python file, which asks before it runs.
    """
    first, *others = info.notices
    if info.code_beside:
        code = Path(info.code_beside)
        return Notice("notes", Words(first, " ".join(others)), f"Build it from {code.name} …", lambda: use_code(code))
    # One number may be two classes or a value, which nothing but its training tells.
    if info.outputs != 1 or not info.activation_source.startswith("assumed"):
        return Notice("notes", Words(first, " ".join(others)))
    key = QKeySequence("Ctrl+U").toString(QKeySequence.SequenceFormat.NativeText)
    more = " ".join((*others, f"If it is meant otherwise, choose what it is ({key})."))
    return Notice("notes", Words(first, more), "Choose what it is …", choose_output)
