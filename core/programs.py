"""Programs that bring code of their own (TorchScript, torch.export), loaded after a person's word."""

from __future__ import annotations

import hashlib
import io
import logging
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from core.checkpoints import Checkpoint
from core.checkpoints.values import shown
from core.errors import UnsafeError, WeightsError
from core.questions import TrustRequest
from core.trust import Consent, demand

__all__ = ["ProgramNetwork", "load_program", "trust_request"]

_DEPRECATED = r"`torch\.jit\.load` is (deprecated|not supported in Python 3\.14\+)"
_STATE_DICT = "Ask whoever made it for a state dict: torch.save(model.state_dict(), 'weights.pth')."


class ProgramNetwork(nn.Module):
    """A program as a network: (N, C, H, W) -> what the program gives for N images.

    Programs of torch.export are often made for one batch size: batches are cut or filled up to it then.

    Attributes:
        input_shape: what the program takes, such as (1, 3, 224, 224), with 0 for any; empty where it does not say.
    """

    def __init__(self, program: nn.Module, input_shape: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.program = program
        self.input_shape = input_shape

    def forward(self, images: Tensor) -> Tensor:
        """Scores, (N, classes), for images, (N, C, H, W)."""
        size = self.input_shape[0] if self.input_shape else 0
        if size in (0, len(images)):
            return self._scores(images)
        parts: list[Tensor] = []
        for part in images.split(size):  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            part = cast(Tensor, part)
            missing = size - len(part)
            filled = torch.cat([part, part[-1:].expand(missing, *part.shape[1:])]) if missing else part
            parts.append(self._scores(filled)[: len(part)])
        return torch.cat(parts)

    def _scores(self, images: Tensor) -> Tensor:
        found = cast(object, self.program(images))
        if isinstance(found, list | tuple) and found:
            # Several answers, such as those of auxiliary heads: the first is the network's own.
            found = cast("Sequence[object]", found)[0]
        if isinstance(found, dict) and found:
            found = next(iter(cast("dict[object, object]", found).values()))
        if not isinstance(found, Tensor):
            raise TypeError(f"the program gives {type(cast(object, found)).__name__}, not scores")
        return found

    def train(self, mode: bool = True) -> ProgramNetwork:
        """Stays as it is: programs of torch.export cannot be switched, and nothing is trained here."""
        del mode
        return self


def trust_request(checkpoint: Checkpoint) -> TrustRequest:
    """What to ask a person before a program is loaded.

    Raises:
        ValueError: the checkpoint is none of a program.
    """
    if checkpoint.program is None:
        raise ValueError(f"{checkpoint.about.container} holds no program")
    return TrustRequest(
        file=checkpoint.about.file,
        kind=checkpoint.program.kind,
        sha256=checkpoint.summary.sha256,
        contents=checkpoint.program.contents,
    )


def load_program(checkpoint: Checkpoint, *consents: Consent) -> ProgramNetwork:
    """Load a program, which may run code that is in the file.

    The bytes that are loaded are those that were hashed, whatever happens to the file meanwhile.

    Args:
        checkpoint: of a file with a program.
        consents: who may have agreed, such as the trust store.

    Returns:
        The network, on the CPU, in the element types of the file.

    Raises:
        TrustError: nobody agreed.
        UnsafeError: it asks Python for what runs code and no program needs.
        ValueError: the checkpoint is none of a program.
        WeightsError: the file is another one by now, or the program cannot be loaded.
    """
    request = trust_request(checkpoint)
    path = Path(checkpoint.about.file)
    name = shown(path.name)
    program = checkpoint.program
    if checkpoint.summary.blocked:
        # Opened only to be described: nobody is asked to trust what no program needs.
        raise UnsafeError(
            f"{name} is not safe.",
            f"Loading it would ask Python for {shown(checkpoint.summary.blocked[0])}. Nothing was run.",
            "Do not open it with other programs; ask whoever made it for a .safetensors file.",
            blocked=checkpoint.summary.blocked,
        )
    if program is not None and program.obstacle:
        raise WeightsError(f"{name} cannot be run on this computer.", program.obstacle, _STATE_DICT)
    demand(request, *consents)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{name} cannot be read.", f"The system says: {error}.", "Choose it again.") from error
    if hashlib.sha256(data).hexdigest() != request.sha256:
        raise WeightsError(
            f"{name} is not the file that you trusted.",
            "It was changed since it was opened.",
            "Open it again, and look at what is in it now.",
        )
    try:
        network = _torchscript(data) if request.kind == "torchscript" else _exported(data)
    except Exception as error:  # the boundary to a stranger's program, which may raise anything
        raise WeightsError(
            f"{name} cannot be loaded by this version of PyTorch ({torch.__version__}).",
            f"PyTorch says: {shown(str(error).strip().partition(chr(10))[0], 200)}",
            _STATE_DICT,
            detail=str(error)[:20_000],
        ) from error
    return network


def _torchscript(data: bytes) -> ProgramNetwork:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", _DEPRECATED, FutureWarning)
        load = cast("Callable[..., nn.Module]", torch.jit.load)  # pyright: ignore[reportUnknownMemberType]
        program = load(io.BytesIO(data), map_location="cpu")
    if hasattr(program, "training"):
        # A frozen program has no modes.
        program.eval()
    for parameter in program.parameters():
        parameter.requires_grad_(False)
    return ProgramNetwork(program)


def _exported(data: bytes) -> ProgramNetwork:
    # It logs a traceback before it tries an older layout; whatever is wrong is in the error, too.
    logger = logging.getLogger("torch.export")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        exported = torch.export.load(io.BytesIO(data))
    finally:
        logger.setLevel(level)
    shape: tuple[int, ...] = ()
    first = next(iter(exported.graph_signature.user_inputs), None)
    for node in exported.graph.nodes:
        value: object = node.meta.get("val") if node.op == "placeholder" and node.name == first else None
        if isinstance(value, Tensor):
            shape = tuple(side if type(side) is int else 0 for side in value.shape)
    program = exported.module()
    for parameter in program.parameters():
        parameter.requires_grad_(False)
    return ProgramNetwork(program, shape)
