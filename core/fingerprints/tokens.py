"""Vision Transformers whose head takes something else than their class token.

timm builds them with ``global_pool="avg"``: the patches are averaged, and ``fc_norm`` normalises the average, where
``norm`` would have normalised all of them before.  MAE's fine-tuned networks are built so, too (``models_vit.py``),
some of them without a class token.
"""

from __future__ import annotations

from collections.abc import Collection

from core.fingerprints.fits import NewTokens
from core.fingerprints.known import Fingerprint, Shapes
from core.fingerprints.prefixes import crc
from core.tables import TIMM_PREFIX, timm_table

_NORMS = {f"fc_norm.{leaf}": f"norm.{leaf}" for leaf in ("weight", "bias")}
_TOKEN, _POSITIONS, _REGISTER = "cls_token", "pos_embed", "reg_token"
_FAMILY = "Vision Transformer"


def usual_tokens(shapes: Shapes, known: Fingerprint) -> tuple[Shapes, NewTokens | None]:
    """The shapes as if the head took the class token, and what it takes instead; ``None`` if it does take that."""
    if _REGISTER in shapes and _REGISTER not in known.required and takes_tokens(known):
        positions = shapes.get(_POSITIONS, ())
        if shapes[_REGISTER] != known.required[_TOKEN] or len(positions) != 3 or not _has_place(known):
            return shapes, None
        usual = {name: shape for name, shape in shapes.items() if name != _REGISTER}
        usual[_POSITIONS] = (positions[0], positions[1] - 1, positions[2])
        return usual, NewTokens(averaged=False, registers=1)
    if not (_NORMS.keys() <= shapes.keys()) or any(name in shapes for name in _NORMS.values()):
        return shapes, None
    if not takes_tokens(known):
        return shapes, None
    usual = {_NORMS.get(name, name): shape for name, shape in shapes.items()}
    if _TOKEN in usual:
        return usual, NewTokens()
    token, positions = known.required[_TOKEN], usual.get(_POSITIONS, ())
    usual[_TOKEN] = token
    if len(positions) == 3 and _has_place(known):
        usual[_POSITIONS] = (positions[0], positions[1] + 1, positions[2])
    return usual, NewTokens(class_token=False)


def takes_tokens(known: Fingerprint) -> bool:
    """Whether it is one of timm's Vision Transformers, whose head can be told to take something else."""
    if not known.architecture.startswith(TIMM_PREFIX) or not {_TOKEN, *_NORMS.values()} <= known.required.keys():
        return False
    name = known.architecture.removeprefix(TIMM_PREFIX)
    return timm_table()["architectures"][name]["family"] == _FAMILY


def _has_place(known: Fingerprint) -> bool:
    """Whether the class token has a position of its own."""
    formulas = (known.formula(code) for code in known.required.get(_POSITIONS, ()))
    return any(formula is not None and formula.c > 0 for formula in formulas)


def other_keys(names: Collection[str], prefix: str) -> tuple[int, ...]:
    """What is to be added to the key of what is below a prefix to have that of the usual names; none if nothing is.

    Args:
        names: all names.
        prefix: what stands before those that are looked at.
    """
    if prefix + _REGISTER in names:
        return (-crc(_REGISTER),)
    if any(prefix + name not in names for name in _NORMS) or any(prefix + name in names for name in _NORMS.values()):
        return ()
    change = sum(crc(usual) - crc(name) for name, usual in _NORMS.items())
    return (change,) if prefix + _TOKEN in names else (change + crc(_TOKEN),)
