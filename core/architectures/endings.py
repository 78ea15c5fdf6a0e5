"""How a network ends: in probabilities already, in a last layer, or in features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from core.architectures.calls import Calls

_SIGMOIDS = ("sigmoid", "sigmoid_", "special_expit", "expit", "hardsigmoid")
_ENDINGS: dict[str, str] = {
    "softmax": "softmax",
    "log_softmax": "log_softmax",
    "_softmax": "softmax",
    "_log_softmax": "log_softmax",
    **dict.fromkeys(_SIGMOIDS, "sigmoid"),
}
_SHAPING = frozenset(
    ("squeeze", "view", "reshape", "flatten", "unsqueeze", "contiguous", "float", "to", "clone", "detach", "dropout")
)
_LINEAR = frozenset(("linear", "addmm", "matmul", "mm", "__matmul__", "bmm", "baddbmm", "bilinear", "einsum"))
_FEATURES = frozenset(
    (
        "batch_norm",
        "layer_norm",
        "group_norm",
        "instance_norm",
        "rms_norm",
        "normalize",
        "relu",
        "relu_",
        "gelu",
        "silu",
    )
)


@dataclass(frozen=True)
class Ending:
    """How a forward pass ended.

    Attributes:
        function: ``softmax``, ``log_softmax`` or ``sigmoid`` where it was the last to change a number; else empty.
        layers: how many numbers the last layer with weights gave, and ``None`` where none was seen, as in a program.
        is_head: whether that layer can be a head: a linear one, or a 1 x 1 convolution, with nothing after it
            that heads do not have.
    """

    function: str
    layers: int | None
    is_head: bool

    def headless(self, numbers: int) -> bool:
        """Whether an answer of so many numbers is seen to come from no head."""
        return self.layers is not None and not (self.is_head and self.layers >= numbers)


class LastCalls(Calls):
    """Notes what a network ends in while it runs."""

    def __init__(self) -> None:
        super().__init__()
        self._function = ""
        self._layers: int | None = None
        self._linear = self._is_head = False

    def ending(self, network: nn.Module) -> Ending:
        """What was seen; of a program, which shows no calls, what its code ends in."""
        return Ending(self._function or _program_ending(network), self._layers, self._is_head)

    def answer(self, func: Callable[..., object], args: tuple[object, ...], options: dict[str, object]) -> object:
        """The same, and noted."""
        result = func(*args, **options)
        name = getattr(func, "__name__", "")
        if isinstance(result, Tensor) and result.is_floating_point() and name not in _SHAPING and name != "__get__":
            self._note(name, result, args)
        return result

    def _note(self, name: str, result: Tensor, args: tuple[object, ...]) -> None:
        self._function = _ENDINGS.get(name, "")
        if name in _LINEAR:
            self._layers, self._linear, self._is_head = result.numel(), True, True
        elif name in ("conv1d", "conv2d", "conv3d"):
            weight = args[1] if len(args) > 1 else None
            pointwise = isinstance(weight, Tensor) and all(side == 1 for side in weight.shape[2:])
            self._layers, self._linear, self._is_head = result.numel(), False, pointwise
        elif name in _FEATURES and (self._linear or "relu" not in name):
            # Some networks have a ReLU between a last convolution and the pooling of its maps (SqueezeNet).
            self._is_head = False


def probabilities_in(rows: Tensor, last: str) -> str:
    """Whether rows are probabilities, or their logarithms, already.

    Args:
        rows: (N, outputs), a network's answers.
        last: the function that it ended in.

    Returns:
        ``softmax``, ``log_softmax``, ``sigmoid``, or an empty text.
    """
    if not bool(torch.isfinite(rows).all()):
        # Zeros have no logarithm that is finite, and may be among those of probabilities.
        return last
    one = torch.ones(len(rows))
    if rows.shape[1] > 1:
        if bool((rows >= 0).all()) and torch.allclose(rows.sum(1), one, atol=1e-3):
            return "softmax"
        if bool((rows <= 0).all()) and torch.allclose(rows.exp().sum(1), one, atol=1e-3):
            return "log_softmax"
    return "sigmoid" if last == "sigmoid" else ""


def _program_ending(network: nn.Module) -> str:
    """What the code of a TorchScript or torch.export program ends in; empty where that is nothing known."""
    program = getattr(network, "program", network)
    if isinstance(program, torch.jit.ScriptModule):
        return _script_ending(program)
    if isinstance(program, torch.fx.GraphModule):
        return _graph_ending(program)
    return ""


def _script_ending(program: torch.jit.ScriptModule) -> str:
    graph = cast(Any, program).inlined_graph
    node = next(iter(graph.outputs())).node()
    while (name := str(node.kind()).rpartition("::")[2]) in _SHAPING:
        node = next(iter(node.inputs())).node()
    return _ENDINGS.get(name, "")


def _graph_ending(program: torch.fx.GraphModule) -> str:
    output = next(iter(reversed(program.graph.nodes)))
    node: object = output
    while isinstance(node, torch.fx.Node):
        name = str(getattr(node.target, "__name__", node.target)).partition(".")[0]
        if node is not output and name not in _SHAPING:
            return _ENDINGS.get(name, "")
        inputs = node.all_input_nodes
        node = inputs[0] if inputs else None
    return ""
