"""Several networks of a person's file that fit the same weights: do they answer alike, and what a person is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from core.architectures.custom import Anywhere, Choice, CustomFit, LoadedSource, build_custom
from core.architectures.custom.guard import Failure, attempt
from core.architectures.input_form import Answering, InputForm, find_input
from core.checkpoints.values import shown
from core.errors import MatchError, QuestionsError

_FEW = 3


def answers_otherwise(
    fit: CustomFit, tensors: Mapping[str, Tensor], loaded: LoadedSource, network: nn.Module, form: InputForm | None
) -> bool:
    """Whether another network of a file gives other answers with the same weights; one that gives none is no rival.

    Args:
        fit: of the other network, exact.
        tensors: the checkpoint's.
        loaded: the file.
        network: the one that was built.
        form: the input that it takes.
    """
    try:
        other = build_custom(fit, tensors)
        found = find_input(other, sizes=loaded.sizes)
    except (MatchError, QuestionsError):
        return False
    if form is None or _shape(found) != _shape(form):
        return True
    batch = torch.rand(_shape(form), generator=torch.Generator().manual_seed(0))
    answering = Answering(Anywhere(other) if loaded.names_devices else other, found).eval()

    def both() -> bool:
        with torch.inference_mode():
            return torch.allclose(network(batch), answering(batch), rtol=1e-4, atol=1e-6)

    alike = attempt(both)
    return isinstance(alike, Failure) or not alike


def function_of(fit: CustomFit, choice: Choice, rivals: Sequence[CustomFit]) -> str:
    """``Match.function`` of another network of a file: its own, or the chosen one's; empty where that is not known."""
    if fit in rivals:
        return fit.name
    return choice.fit.name if fit in choice.rivals else ""


def in_words(choice: Choice, rivals: Sequence[CustomFit]) -> tuple[str]:
    """What a person should know of other networks of the same file that fit, too."""
    names = ", ".join(shown(fit.name, 40) for fit in rivals[:_FEW])
    several = "" if len(rivals) > 1 else "s"
    fit = f"{names} fit{several} these weights as well, and answer{several} otherwise"
    if choice.reason:
        return (f"{choice.reason} {fit}.",)
    return (f"{fit}: choose under Architecture the one that was trained.",)


def _shape(form: InputForm) -> tuple[int, ...]:
    return (2, form.channels, form.height, form.width) if form.kind == "image" else (2, form.features)
