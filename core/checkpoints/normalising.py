"""Networks that normalise their input themselves: a mean and a std beside the tensors of a known network.

Such are ``nn.Sequential(Normalize(mean, std), network)`` and wrappers like it, common where attacks on networks are
studied (``normalizer.mean``, ``normalize.std``, ``mu`` and ``sigma``).  What they do, (x - mean) / std on numbers from
0 to 1, is what preprocessing does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.checkpoints.values import TensorRef

_NUMBERS = (1, 3)
"""So many: one for all channels, or one for each colour."""
_MEAN = re.compile(r"(.*\.)?_?(mean|means|mu)", re.DOTALL)
_STD = {"mean": "std", "means": "stds", "mu": "sigma"}
_LEAVES = {*_STD, *_STD.values()}
_PLACE = re.compile(
    r"(?:.*\.)?(?:(?!de)\w{0,40}norm\w{0,40}|\w{0,40}preproc\w{0,40}|transforms?|0|pre|input\w{0,20}|module|model|)",
    re.IGNORECASE | re.DOTALL,
)
"""What the module is called; a module of the answer, such as a scaler of targets, is no such."""


def normalisation_of(refs: Mapping[str, TensorRef]) -> tuple[str, str] | None:
    """The names of a mean and a std that images are normalised with; ``None`` where there are none, or several.

    Args:
        refs: tensors, by their names as written.
    """
    likely = [name for name in refs if name.rpartition(".")[2].removeprefix("_") in _LEAVES]
    if len(likely) != 2:
        return None
    for name in likely:
        found = _MEAN.fullmatch(name)
        if found is None or not _PLACE.fullmatch((found[1] or "").removesuffix(".")):
            continue
        std = name[: found.start(2)] + _STD[found[2]]
        if std in likely and refs[name].numel == refs[std].numel and _is_normal(refs[name]) and _is_normal(refs[std]):
            return name, std
    return None


def _is_normal(ref: TensorRef) -> bool:
    return ref.numel in _NUMBERS and ref.dtype in ("float32", "float64", "float16", "bfloat16")
