"""What to say, and what to offer, when a model cannot be opened."""

from __future__ import annotations

from collections.abc import Callable

from core.descriptions import ClassifierInfo, ModelSpec
from core.errors import DeviceError, MatchError, NoClassifierError, TrustError, UnsafeError
from gui.widgets.error_view import Notice, Words, words_for

READABLE = (MatchError, NoClassifierError, TrustError, UnsafeError)
"""What is wrong with files that can be read all the same, and so be looked at."""


def wants_trust(error: TrustError) -> Words:
    """What to say where code would have to run: in the window a person can read what it is, and agree."""
    return Words(error.what, f"It runs only if you trust it: {error.why[:1].lower()}{error.why[1:]}")


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
    words = words_for(error, report)
    inside = "Look inside" if refused.kind == "file" and isinstance(error, READABLE) else ""
    bare = ModelSpec(refused.kind, refused.weights)
    if isinstance(error, MatchError) and refused == bare and refused.kind == "file":
        return Notice("model", words, "Choose its Python file …", choose_file, inside, look)
    just_chosen = info is not None and info.spec.weights == refused.weights and info.spec != refused
    if report or just_chosen or refused.kind != "file" or refused == bare or isinstance(error, DeviceError):
        return Notice("bug" if report else "model", words, "", None, inside, look)
    # Choices that a file was remembered with may be what it does not fit any more.
    return Notice("model", words, "Open with what fits", open_bare, inside, look)
