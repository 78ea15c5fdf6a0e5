"""The way from a Python file to a network, and the plain script's way beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from core.architectures.custom import (
    CustomFit,
    LoadedSource,
    build_custom,
    load_source,
    rank_classes,
    trust_request,
)


def write(folder: Path, text: str, name: str = "model.py") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def loaded(path: Path) -> LoadedSource:
    """With a person's word for it."""
    return load_source(path, trusted=trust_request(path).sha256)


def plain(text: str, name: str, *arguments: object, **options: object) -> Any:  # noqa: ANN401
    """A network as a plain script makes it, with weights that all matter; in eval mode."""
    names: dict[str, Any] = {"__name__": "plain"}
    exec(compile(text, "plain.py", "exec", dont_inherit=True), names)  # noqa: S102
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]
    return names[name](*arguments, **options).eval()


def ranked(
    path: Path,
    state: Mapping[str, Tensor],
    metadata: Mapping[str, object] | None = None,
    hint: str = "",
    answers: Mapping[str, str] | None = None,
) -> tuple[CustomFit, ...]:
    return rank_classes(loaded(path), state, metadata or {}, hint, answers)


def best(path: Path, network: nn.Module, metadata: Mapping[str, object] | None = None, **options: Any) -> CustomFit:  # noqa: ANN401
    return ranked(path, network.state_dict(), metadata, **options)[0]


def assert_same_answers(fit: CustomFit, network: nn.Module, *shape: int) -> nn.Module:
    """A fit's network answers as the plain script's does, to two images; the fit's network."""
    built = build_custom(fit, network.state_dict())
    batch = torch.randn(2, *shape, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert torch.equal(built(batch), network(batch))
    assert not built.training
    return built
