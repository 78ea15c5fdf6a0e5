"""Building a network to see its names and shapes, and comparing these with a checkpoint's."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from torch import Tensor, nn

from core.architectures.custom.guard import Building, Failure, Said, attempt, conditions

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]
_UNKNOWN: Shape = (-1,)
"""Shape of a lazy layer's tensor, which takes whatever the file holds."""
_COUNTER = ".num_batches_tracked"


@dataclass(frozen=True)
class Agreement:
    """How a network's tensors compare with a checkpoint's.

    Attributes:
        total: names that either side has.
        missing: names that the network has and the file has not.
        unexpected: names that the file has and the network has not.
        different: name, shape in the file, shape in the network.
        add: what is put before every name of the file.
        remove: what is taken off every name of the file.
    """

    total: int = 1
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    different: tuple[tuple[str, Shape, Shape], ...] = ()
    add: str = ""
    remove: str = ""

    @property
    def exact(self) -> bool:
        """Whether every name and shape agrees."""
        return not (self.missing or self.unexpected or self.different)

    @property
    def share(self) -> float:
        """Names and shapes that agree, of all, from 0 to 1."""
        return 1 - (len(self.missing) + len(self.unexpected) + len(self.different)) / max(1, self.total)


def compare(network: Shapes, file: Shapes) -> Agreement:
    """The best way to lay a file's names over a network's: as they are, or with or without a prefix."""
    best = _compare(network, file, "", "")
    if best.exact or not network or not file:
        return best
    for add in _common(network):
        best = max(best, _compare(network, file, add, ""), key=lambda each: each.share)
    for remove in _common(file):
        best = max(best, _compare(network, file, "", remove), key=lambda each: each.share)
    return best


def renamed(name: str, agreement: Agreement) -> str:
    """A file's name as the network has it."""
    return agreement.add + name.removeprefix(agreement.remove)


def _common(names: Iterable[str]) -> list[str]:
    """Dotted beginnings that all names share."""
    listed = [name for name in names if not name.endswith(_COUNTER)]
    first = listed[0] if listed else ""
    ends = [index + 1 for index, letter in enumerate(first) if letter == "."]
    return [first[:end] for end in ends if all(name.startswith(first[:end]) for name in listed)]


def _compare(network: Shapes, file: Shapes, add: str, remove: str) -> Agreement:
    mine = {add + name.removeprefix(remove): shape for name, shape in file.items()} if add or remove else file
    # Old files lack these counters, and nothing but training reads them.
    missing = tuple(name for name in network if name not in mine and not name.endswith(_COUNTER))
    different = tuple(
        (name, mine[name], shape)
        for name, shape in network.items()
        if name in mine and mine[name] != shape and shape != _UNKNOWN
    )
    unexpected = tuple(name for name in mine if name not in network)
    return Agreement(len(network.keys() | mine.keys()), missing, unexpected, different, add, remove)


def measure(shapes: Shapes) -> dict[tuple[str, int], int]:
    """All numbers that an argument may move: each side of each tensor, and how many tensors a part has."""
    found: dict[tuple[str, int], int] = {}
    counts: Counter[str] = Counter()
    for name, shape in shapes.items():
        for index, side in enumerate(shape):
            found[name, index] = side
        counts[""] += 1
        parts = name.split(".")
        for depth in range(1, min(len(parts), 4)):
            counts[".".join(parts[:depth])] += 1
    for prefix, count in counts.items():
        found[f"{prefix}.*", -1] = count
    return found


@dataclass
class Builder:
    """Builds one class or function with different arguments, within limits.

    Attributes:
        make: the class or function.
        explain: an error of its in words.
        said: where what it prints goes.
        most: builds that are allowed.
        until: when to stop, by ``time.thread_time``: how busy the machine is does not count.
        real: whether weights must have memory, as the constructor computes with them.
        error: why the last build that failed did so; empty if none failed.
        built: how many builds there were.
        place: of the network in what is made, where that is several things; else ``None``.
    """

    make: Callable[..., object]
    explain: Callable[[BaseException], str]
    said: Said
    most: int = 600
    until: float = field(default_factory=lambda: time.thread_time() + 8)
    real: bool = False
    error: str = ""
    built: int = 0
    place: int | None = None
    _seen: dict[str, Shapes | None] = field(default_factory=dict[str, "Shapes | None"])

    @property
    def spent(self) -> bool:
        """Whether no further build is allowed."""
        return self.built >= self.most or time.thread_time() > self.until

    def shapes(self, arguments: Mapping[str, object]) -> Shapes | None:
        """Names and shapes of the network that some arguments make; ``None`` if they make none."""
        key = repr(sorted(arguments.items()))
        if key not in self._seen:
            if self.spent:
                return None
            network = self.network(arguments, real=self.real)
            self._seen[key] = None if network is None else shapes_of(network)
        return self._seen[key]

    def network(self, arguments: Mapping[str, object], *, real: bool = False) -> nn.Module | None:
        """A network with random or missing weights; ``None`` if these arguments make none, and ``error`` says why.

        Args:
            arguments: by name.
            real: give the weights memory at once.
        """
        self.built += 1
        for filled in (True,) if real else (False, True):
            with conditions(self.said), Building(filled=filled):
                made = attempt(lambda: self.make(**arguments))
            if isinstance(made, tuple):
                # `return model, input_size`
                items = cast("tuple[object, ...]", made)
                self.place = next((index for index, each in enumerate(items) if isinstance(each, nn.Module)), None)
                made = items[self.place] if self.place is not None else None
            if isinstance(made, nn.Module):
                if filled and not real:
                    # It computes with its weights: all others of the kind need real ones, too.
                    self.real = True
                return made
            self.error = (
                self.explain(made.error)
                if isinstance(made, Failure)
                else f"It gives a {type(made).__name__} and no network."
            )
            if filled or (isinstance(made, Failure) and not _needs_memory(made.error)):
                break
        return None


def _needs_memory(error: BaseException) -> bool:
    """Whether a failure may come from weights without memory."""
    return isinstance(error, NotImplementedError) or "meta" in str(error).lower()


def shapes_of(network: nn.Module) -> Shapes | None:
    """Names and shapes of a network's tensors."""
    state = attempt(network.state_dict)
    if isinstance(state, Failure):
        return None
    return {name: _shape(tensor) for name, tensor in state.items() if isinstance(tensor, Tensor)}


def _shape(tensor: Tensor) -> Shape:
    lazy = nn.parameter.is_lazy(tensor)
    return _UNKNOWN if lazy else tuple(tensor.shape)
