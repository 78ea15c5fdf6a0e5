"""How plain PyTorch reads the network's tensors from a weights file, tried on the file itself.

The file is opened as the script will open it (with ``weights_only=True``, its numbers left where they are), so that
what the script says of keys and names is true of this file.
"""

from __future__ import annotations

import argparse
import pathlib
import pickle
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from core.checkpoints.readers import MAGIC
from core.constructions import Construction
from core.descriptions import CheckpointSummary
from core.errors import ScriptError
from core.scripting.quoting import named_list, quoted, remark

TRUST = "# This runs code that is in the file: only for files whose maker you trust."
SAVE_IT = "Use “Save the model as” in the window, open the .safetensors that it writes, and copy that one's script."

_RENAMES = (
    *((rf"\b{name}\.", "", "a wrapper's") for name in ("module", "_orig_mod", "_fsdp_wrapped_module")),
    (r"\b_checkpoint_wrapped_module\.", "", "a wrapper's"),
    (r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2.", "an older DenseNet's names"),
    (r"\.mlp\.linear_1\.", ".mlp.0.", "an older Vision Transformer's names"),
    (r"\.mlp\.linear_2\.", ".mlp.3.", ""),
)
_BROKEN = (AttributeError, EOFError, ImportError, IndexError, KeyError, OSError, RuntimeError, TypeError, ValueError)
"""What PyTorch's readers raise on files that they do not take, beside their own error."""

Thing = Callable[..., object] | tuple[Callable[..., object], str]
_scalar = cast("Callable[..., object]", np._core.multiarray.scalar)  # pyright: ignore


@dataclass(frozen=True)
class _Safe:
    """A name that plain PyTorch refuses, and what allows it: as Python, and as it is."""

    imports: str
    code: str
    things: tuple[Thing, ...]


_HARMLESS: Mapping[str, _Safe] = {
    "argparse.Namespace": _Safe("import argparse", "argparse.Namespace", (argparse.Namespace,)),
    "pathlib.PosixPath": _Safe("import pathlib", "pathlib.PosixPath", (pathlib.PosixPath,)),
    "numpy.dtype": _Safe(
        "import numpy as np",
        "np.dtype, np.dtypes.Float64DType, np.dtypes.Float32DType, np.dtypes.Int64DType",
        (np.dtype, np.dtypes.Float64DType, np.dtypes.Float32DType, np.dtypes.Int64DType),
    ),
    "numpy._core.multiarray.scalar": _Safe("import numpy as np", "np._core.multiarray.scalar", (_scalar,)),
    "numpy.core.multiarray.scalar": _Safe(
        "import numpy as np",
        '(np._core.multiarray.scalar, "numpy.core.multiarray.scalar")',
        ((_scalar, "numpy.core.multiarray.scalar"),),
    ),
}
"""What training scripts save beside the tensors and that does nothing when it is read."""


_NEEDED = {"re.sub": "import re", "OrderedDict": "from collections import OrderedDict"}


@dataclass(frozen=True)
class Reading:
    """Python that reads the tensors and gives them to the network.

    Attributes:
        imports: the import lines that it needs.
        lines: from ``WEIGHTS`` to the network in ``network`` with its weights.
        runs_code: whether reading the file may run code that is in it.
    """

    imports: tuple[str, ...]
    lines: tuple[str, ...]
    runs_code: bool = False


@dataclass(frozen=True)
class _Opened:
    """Lines that leave the tensors in ``tensors``, and the names that they then have."""

    imports: tuple[str, ...]
    lines: tuple[str, ...]
    names: tuple[str, ...]
    runs_code: bool = False


def spell_reading(about: CheckpointSummary, construction: Construction, url: str = "") -> Reading:
    """How the tensors of a weights file get into a network that is there already.

    Args:
        about: the file.
        construction: how its network was made; with the names of its tensors.
        url: where the file is published, if the script is to download it.

    Raises:
        ScriptError: plain PyTorch cannot read it so.
    """
    opened = _open(about, construction, url)
    imports, lines = set(opened.imports), list(opened.lines)
    fitted = _fitted(opened.names, construction, about.prefix)
    if fitted is None:
        raise _unsaid("The names in the file are not the network's, and no simple rule makes them so.")
    lines += fitted
    imports |= {line for mark, line in _NEEDED.items() if any(mark in each for each in fitted)}
    return Reading(tuple(sorted(imports)), tuple(lines), opened.runs_code)


def _unsaid(why: str) -> ScriptError:
    return ScriptError("This model cannot be written as a plain script.", why, SAVE_IT)


def _open(about: CheckpointSummary, construction: Construction, url: str) -> _Opened:
    if about.container == "safetensors":
        with safe_open(about.file, framework="pt") as file:  # pyright: ignore[reportUnknownVariableType]
            names = tuple(cast("Iterable[str]", file.keys()))  # pyright: ignore[reportUnknownMemberType]
        return _Opened(("from safetensors.torch import load_file",), ("tensors = load_file(WEIGHTS)",), names)
    whole = tuple(about.prefix + name for name in construction.tensors)
    if about.container == "torchscript":
        line = 'tensors = torch.jit.load(WEIGHTS, map_location="cpu").state_dict()'
        return _Opened((), (TRUST, line), whole, runs_code=True)
    if about.container == "exported_program":
        return _Opened((), (TRUST, "tensors = torch.export.load(WEIGHTS).state_dict"), whole, runs_code=True)
    if about.container == "module":
        lines = [TRUST, 'whole = torch.load(WEIGHTS, map_location="cpu", weights_only=False)']
        inside = "".join(f".{name}" for name in construction.inside)
        lines.append(f"tensors = whole{keys(about.unwrapped)}{inside}.state_dict()")
        return _Opened((), tuple(lines), construction.tensors, runs_code=True)
    return _open_pickle(about, url)


def keys(path: Sequence[str]) -> str:
    """Keys as Python, such as ``["model"][0]``."""
    return "".join(f"[{key if key.isdecimal() else quoted(key)}]" for key in path)


def _open_pickle(about: CheckpointSummary, url: str) -> _Opened:
    with Path(about.file).open("rb") as file:
        head = file.read(len(MAGIC))
    if head.startswith(b"\x80") and head != MAGIC:
        raise _unsaid("Its tensors were pickled without torch.save, which plain PyTorch does not read safely.")
    root, safe = _tried(Path(about.file))
    load = 'torch.load(WEIGHTS, map_location="cpu", weights_only=True)'
    if url:
        load = 'torch.hub.load_state_dict_from_url(WEIGHTS, map_location="cpu", check_hash=True, weights_only=True)'
    place = "tensors" if not about.unwrapped else "checkpoint"
    lines = [f"{place} = {load}"]
    imports: list[str] = []
    if safe:
        imports = [_HARMLESS[name].imports for name in safe]
        lines = [
            *named_list("harmless", [_HARMLESS[name].code for name in safe]),
            "with torch.serialization.safe_globals(harmless):  # saved beside the weights",
            f"    {lines[0]}",
        ]
    inside, code = _walked(root, about.unwrapped)
    if about.unwrapped:
        lines.append(f"tensors = checkpoint{code}")
    names = {name: value for name, value in inside.items() if isinstance(name, str)}
    plain = tuple(name for name, value in names.items() if isinstance(value, Tensor))
    parts = {name: cast("Mapping[object, object]", value) for name, value in names.items() if isinstance(value, dict)}
    if len(plain) < len(parts) and not plain:
        joined = [
            f"{first}.{second}"
            for first, part in parts.items()
            for second, value in part.items()
            if isinstance(second, str) and isinstance(value, Tensor)
        ]
        lines.append(
            'tensors = {f"{first}.{name}": tensor for first, part in tensors.items() for name, tensor in part.items()}'
        )
        plain = tuple(joined)
    return _Opened(tuple(imports), tuple(lines), plain)


def _tried(path: Path) -> tuple[object, tuple[str, ...]]:
    """What plain PyTorch finds in a file, and the harmless names that it must be told of for that."""
    try:
        wanted = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except (ValueError, RuntimeError):
        # Of files from before PyTorch 1.6 nothing is told.
        wanted = list(_HARMLESS)
    safe = tuple(name for name in _HARMLESS if name in wanted)
    stranger = next((name for name in wanted if name not in _HARMLESS), "")
    if not stranger:
        for names in ((), safe) if safe else ((),):
            try:
                with torch.serialization.safe_globals([thing for each in names for thing in _HARMLESS[each].things]):
                    return _loaded(path), names
            except (pickle.UnpicklingError, *_BROKEN) as error:
                stranger = remark(str(error).strip().partition("\n")[0])
    raise _unsaid(f"Plain PyTorch refuses to read the file without running what is in it ({remark(stranger)}).")


def _loaded(path: Path) -> object:
    """The file's values, with tensors that have no numbers."""
    load = cast("Callable[..., object]", torch.load)
    with path.open("rb") as file:
        is_zip = file.read(2) == b"PK"
    # Mapped, so that the numbers are never read; nothing looks at them.
    return load(path, map_location="meta", weights_only=True, mmap=is_zip)


def _walked(root: object, path: Sequence[str]) -> tuple[Mapping[object, object], str]:
    """The dict that some keys lead to, and the keys as Python."""
    value, code = root, ""
    for key in path:
        if isinstance(value, list | tuple) and key.isdecimal():
            value, code = cast("Sequence[object]", value)[int(key)], f"{code}[{key}]"
        elif isinstance(value, dict):
            items = cast("dict[object, object]", value)
            own: object = next((each for each in items if str(each) == key), key)
            value, code = items.get(own), f"{code}[{quoted(own) if isinstance(own, str) else repr(own)}]"
    if not isinstance(value, dict):
        raise _unsaid("Its tensors are not where plain PyTorch would find them.")
    return cast("dict[object, object]", value), code


def _fitted(names: Sequence[str], construction: Construction, prefix: str) -> list[str] | None:
    """Lines that rename the tensors, leave out what is too many, and load them; ``None`` if no rule fits."""
    wanted = frozenset(construction.tensors)
    for rename in _renamings(names, construction, prefix):
        found = [rename.apply(name) for name in names]
        missing = wanted.difference(found)
        if any(name not in construction.computed and not name.endswith("num_batches_tracked") for name in missing):
            continue
        left = sum(name in wanted for name in found)
        if left > len(wanted) - len(missing):
            # Two names became one.
            continue
        lines = list(rename.lines(filtered=left < len(found)))
        lines += _counted(construction)
        if missing:
            lines.append("# Not in the file, and computed by the network itself: " + _few(sorted(missing)))
        return [*lines, f"network.load_state_dict(tensors{', strict=False' if missing else ''})"]
    return None


def _counted(construction: Construction) -> list[str]:
    """MNASNet asks for the version that it was saved with, which plain dicts do not keep."""
    if not any('"mnasnet' in line and "get_model" in line for line in construction.lines):
        return []
    return [
        "tensors = OrderedDict(tensors)  # MNASNet asks for its version, which a plain dict does not keep",
        "tensors._metadata = network.state_dict()._metadata",
    ]


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return remark(", ".join(names[:2]), 80) + more


@dataclass(frozen=True)
class _Renaming:
    """From a file's names to a network's: a beginning is taken off or put on, and some parts are replaced."""

    remove: str = ""
    add: str = ""
    replaced: tuple[tuple[str, str, str], ...] = ()

    def apply(self, name: str) -> str:
        name = self.add + name.removeprefix(self.remove)
        for pattern, text, _ in self.replaced:
            name = re.sub(pattern, text, name)
        return name

    def lines(self, *, filtered: bool) -> Iterator[str]:
        """Args: filtered: whether there are tensors beside the network's."""
        name = f"name.removeprefix({quoted(self.remove)})" if self.remove else "name"
        name = f"{quoted(self.add)} + {name}" if self.add else name
        if name != "name":
            yield f"tensors = {{{name}: tensor for name, tensor in tensors.items()}}"
        for pattern, text, why in self.replaced:
            # Raw, as these patterns are written here and hold no quotes.
            comment = f"  # {why}" if why else ""
            made = f're.sub(r"{pattern}", r"{text}", name): tensor'
            yield f"tensors = {{{made} for name, tensor in tensors.items()}}{comment}"
        if filtered:
            yield "wanted = network.state_dict()  # what else is in the file is not the network's"
            yield "tensors = {name: tensor for name, tensor in tensors.items() if name in wanted}"


def _renamings(names: Sequence[str], construction: Construction, prefix: str) -> Iterator[_Renaming]:
    """Ways to rename, the simplest first."""
    longest = max(construction.tensors, key=len, default="")
    ends = dict.fromkeys(name.removesuffix(longest) for name in names if longest and name.endswith(longest))
    beginnings = list(dict.fromkeys(("", prefix, *ends)))
    yield from map(_Renaming, beginnings)
    for remove in beginnings:
        plain = [_Renaming(remove).apply(name) for name in names]
        used = tuple(pattern for pattern in _RENAMES if any(re.search(pattern[0], name) for name in plain))
        if used:
            yield _Renaming(remove, replaced=used)
    for name in names[:1]:
        yield from (_Renaming(add=own.removesuffix(name)) for own in construction.tensors if own.endswith(f".{name}"))
