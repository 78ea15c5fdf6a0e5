"""Vision Transformers that were fine-tuned on the average of their patches; the reference is timm's own network."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from core.checkpoints import open_checkpoint
from core.matching import assemble, construction_of, decide, hints_of, rank
from tests.core.test_variants import answers, randomised
from tests.core.weights import save

timm = pytest.importorskip("timm")

CASES: dict[str, tuple[str, dict[str, object]]] = {
    "with a class token": ("vit_tiny_patch16_224", {}),
    "without a class token": ("vit_tiny_patch16_224", {"class_token": False}),
    "of another size": ("vit_tiny_patch16_224", {"img_size": 96}),
    "grey, without a class token": ("vit_tiny_patch16_224", {"in_chans": 1, "class_token": False}),
    "without a position for the class": ("deit3_small_patch16_224", {"class_token": False}),
}


def made(name: str, options: dict[str, object]) -> nn.Module:
    return randomised(timm.create_model(name, num_classes=5, global_pool="avg", **options))


def as_saved_by_mae(state: dict[str, Tensor]) -> dict[str, object]:
    return {"model": state, "epoch": 99, "optimizer": {"state": {}, "param_groups": []}, "scaler": {"scale": 65536.0}}


@pytest.mark.parametrize("case", CASES)
def test_answers_as_timms(case: str, tmp_path: Path) -> None:
    name, options = CASES[case]
    plain = made(name, options)
    checkpoint = open_checkpoint(save(as_saved_by_mae(plain.state_dict()), tmp_path / "w.pth"))
    best, _ = decide(rank(checkpoint), hints_of(checkpoint))
    assert best is not None
    channels = int(str(options.get("in_chans", 3)))
    size = int(str(options.get("img_size", 224)))
    assert best.architecture in (f"timm/{name}", "timm/deit_tiny_patch16_224")
    assert (best.num_classes, best.input_channels, best.input_size) == (5, channels, size)
    assert "average of its patches" in best.variant
    assert checkpoint.about.unwrapped == ("model",)
    network = assemble(checkpoint, best.architecture)
    torch.testing.assert_close(answers(network, size, channels), answers(plain, size, channels), rtol=1e-5, atol=1e-6)
    # The lines that a script is written with build the same.
    built: dict[str, object] = {}
    construction = construction_of(checkpoint, best.architecture, network)
    exec("\n".join((*construction.imports, *construction.lines)), built)  # noqa: S102
    again = built["network"]
    assert isinstance(again, nn.Module)
    again.load_state_dict(plain.state_dict())
    torch.testing.assert_close(
        answers(again.eval(), size, channels), answers(plain, size, channels), rtol=1e-5, atol=1e-6
    )


def test_a_head_of_several_layers(tmp_path: Path) -> None:
    plain = made("vit_tiny_patch16_224", {})
    plain.head = nn.Sequential(nn.Linear(192, 64), nn.ReLU(), nn.Linear(64, 4))
    randomised(plain)
    checkpoint = open_checkpoint(save(plain.state_dict(), tmp_path / "w.pth"))
    best = rank(checkpoint)[0]
    assert best.num_classes == 4
    torch.testing.assert_close(
        answers(assemble(checkpoint, best.architecture), 224), answers(plain, 224), rtol=1e-5, atol=1e-6
    )


def test_only_a_part_of_the_normalisation_is_nothing_known(tmp_path: Path) -> None:
    state = made("vit_tiny_patch16_224", {}).state_dict()
    del state["fc_norm.bias"]
    assert not rank(open_checkpoint(save(state, tmp_path / "w.pth")))


def test_both_normalisations_are_nothing_known(tmp_path: Path) -> None:
    state = made("vit_tiny_patch16_224", {}).state_dict()
    state |= {"norm.weight": torch.ones(192), "norm.bias": torch.zeros(192)}
    assert not rank(open_checkpoint(save(state, tmp_path / "w.pth")))
