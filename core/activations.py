"""Makes scores of a network's numbers; see ``core/outputs/kinds.py`` for the kinds."""

from __future__ import annotations

import torch
from torch import Tensor

from core.errors import MatchError
from core.outputs import title

_SLACK = 2e-3
"""Half precision and rounding bring probabilities so far outside of 0..1."""
_SUM_SLACK = 2e-2
"""The same of the sum of a thousand of them."""


def activated(outputs: Tensor, kind: str) -> Tensor:
    """The scores that belong to a network's numbers.

    Args:
        outputs: (N, outputs), float32; one output for ``binary`` and ``binary_probability``.
        kind: one of ``core.outputs.KINDS``.

    Returns:
        (N, classes) probabilities 0..1, float32, on the same device; for ``regression`` the (N, outputs) values.
        A row that holds NaN or infinity has some in the result; minus infinity as a logit is a probability of 0.

    Raises:
        MatchError: what should be probabilities already, or their logarithms, is not.
    """
    # A sigmoid would hide that a network has diverged.
    outputs = outputs.masked_fill(outputs.isposinf(), torch.nan)
    match kind:
        case "softmax":
            return torch.softmax(outputs, dim=1)
        case "sigmoid":
            return torch.sigmoid(outputs)
        case "binary":
            return _two(torch.sigmoid(outputs), torch.sigmoid(-outputs))
        case "regression":
            return outputs
        case "log_softmax":
            return _proved(outputs.exp(), outputs, kind)
        case "binary_probability":
            second = _proved(outputs, outputs, kind)
            return _two(second, 1 - second)
        case _:
            return _proved(outputs, outputs, kind)


def _two(second: Tensor, first: Tensor) -> Tensor:
    return torch.cat([first, second], dim=1)


def _proved(probabilities: Tensor, outputs: Tensor, kind: str) -> Tensor:
    """Probabilities that are some."""
    if bool(((probabilities < -_SLACK) | (probabilities > 1 + _SLACK)).any()):
        low, high = float(outputs.min()), float(outputs.max())
        raise MatchError(
            f"The network's numbers cannot be read as {title(kind)}.",
            f"They should be {'0 at most' if kind == 'log_softmax' else 'from 0 to 1'}, and reach from "
            f"{low:.4g} to {high:.4g}.",
            "Choose another kind of output, or the one that is recognised.",
        )
    totals = probabilities.sum(dim=1)
    if kind in ("log_softmax", "probabilities") and bool(((totals - 1).abs() > _SUM_SLACK).any()):
        raise MatchError(
            f"The network's numbers cannot be read as {title(kind)}.",
            f"The probabilities of an image should sum to 1, and sum to {float(totals.nan_to_num().max()):.4g}.",
            "Choose another kind of output, or the one that is recognised.",
        )
    return probabilities.clamp(0, 1)
