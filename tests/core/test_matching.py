"""A weights file is recognised, and answers as the network that it was saved from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torchvision import models

from core import matching
from core.architectures import blueprint
from core.catalogue import PretrainedEntry, pretrained
from core.checkpoints import Checkpoint, open_checkpoint
from core.descriptions import CheckpointSummary
from core.errors import MatchError, UsageError
from core.matching import assemble, publication, rank, transforms_input
from tests.core.weights import network, save, save_safe, scores


def checkpoint_of(tensors: dict[str, Tensor], **metadata: object) -> Checkpoint:
    summary = CheckpointSummary("x.pth", "state_dict", (), "", len(tensors), 0, 0, "0" * 64)
    return Checkpoint(summary, tensors, metadata, 0)


@pytest.mark.parametrize("architecture", models.list_models(module=models))
def test_every_architecture_takes_its_weights_with_another_head(architecture: str) -> None:
    """With shapes only: the large ones would take gigabytes."""
    shell = blueprint(architecture, 7)
    tensors = {name: torch.empty_like(tensor, device="meta") for name, tensor in shell.state_dict().items()}
    checkpoint = checkpoint_of(tensors)
    match = rank(checkpoint)[0]
    assert (match.architecture, match.num_classes, match.input_channels) == (architecture, 7, 3)
    assert f"all {len(tensors)} names and shapes fit" in match.evidence
    made = assemble(checkpoint, architecture)
    assert not made.training
    for name, tensor in made.state_dict().items():
        assert tensor.shape == tensors[name].shape
    # What a network computes by itself stays real.
    assert all(not buffer.is_meta for name, buffer in made.named_buffers() if name.endswith(("index", "coords_table")))


@pytest.mark.parametrize(
    ("architecture", "side"),
    [
        ("resnet18", 64),
        ("mobilenet_v3_small", 64),
        ("shufflenet_v2_x0_5", 64),
        ("squeezenet1_1", 64),
        ("mnasnet0_5", 64),
        ("regnet_y_400mf", 64),
        ("densenet121", 64),
        ("googlenet", 64),
        ("inception_v3", 96),
        ("efficientnet_b0", 64),
        ("swin_v2_t", 64),
        ("convnext_tiny", 64),
        ("maxvit_t", 224),
    ],
)
def test_a_file_answers_as_the_network_it_was_saved_from(architecture: str, side: int, tmp_path: Path) -> None:
    plain = network(architecture)
    state = {name: tensor.contiguous() for name, tensor in plain.state_dict().items()}
    expected = scores(plain, side)
    assert (expected[0] - expected[1]).abs().max() > 1e-3
    for path in (save(state, tmp_path / "weights.pth"), save_safe(state, tmp_path / "weights.safetensors")):
        checkpoint = open_checkpoint(path)
        match = rank(checkpoint)[0]
        assert (match.architecture, match.num_classes) == (architecture, 7)
        made = assemble(checkpoint, match.architecture)
        assert not any(module.training for module in made.modules())
        torch.testing.assert_close(scores(made, side), expected, rtol=0, atol=1e-6)


def test_a_vision_transformer_of_another_input_size_is_built_for_it(tmp_path: Path) -> None:
    plain = network("vit_b_32", image_size=64)
    checkpoint = open_checkpoint(save(plain.state_dict(), tmp_path / "vit.pth"))
    (match,) = rank(checkpoint)
    assert (match.architecture, match.input_size) == ("vit_b_32", 64)
    torch.testing.assert_close(scores(assemble(checkpoint, "vit_b_32"), 64), scores(plain, 64), rtol=0, atol=1e-6)


def test_vgg_trained_on_several_devices_and_stored_in_half_precision(tmp_path: Path) -> None:
    plain = network("vgg11").half().float()
    half = {name.replace("features.", "features.module."): tensor.half() for name, tensor in plain.state_dict().items()}
    checkpoint = open_checkpoint(save({"arch": "vgg11", "state_dict": half}, tmp_path / "model_best.pth.tar"))
    assert checkpoint.tensors["features.0.weight"].dtype == torch.float16
    made = assemble(checkpoint, rank(checkpoint)[0].architecture)
    assert {parameter.dtype for parameter in made.parameters()} == {torch.float32}
    torch.testing.assert_close(scores(made, 64), scores(plain, 64), rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_become_float32(dtype: torch.dtype, tmp_path: Path) -> None:
    plain = network("shufflenet_v2_x0_5").to(dtype)
    made = assemble(open_checkpoint(save(plain.state_dict(), tmp_path / "w.pth")), "shufflenet_v2_x0_5")
    torch.testing.assert_close(scores(made, 64), scores(plain.float(), 64), rtol=0, atol=1e-6)


def test_names_of_older_versions_are_read(tmp_path: Path) -> None:
    dense = network("densenet121")
    old = {
        name.replace("norm1", "norm.1").replace("conv1", "conv.1").replace("norm2", "norm.2").replace("conv2", "conv.2")
        if "denselayer" in name
        else name: tensor
        for name, tensor in dense.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    made = assemble(open_checkpoint(save(old, tmp_path / "densenet.pth")), "densenet121")
    torch.testing.assert_close(scores(made, 64), scores(dense, 64), rtol=0, atol=1e-6)

    vit = network("vit_b_32", image_size=64)
    renamed = {
        name.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2."): tensor
        for name, tensor in vit.state_dict().items()
    }
    assert "encoder.layers.encoder_layer_0.mlp.linear_1.weight" in renamed
    made = assemble(open_checkpoint(save(renamed, tmp_path / "vit.pth")), "vit_b_32")
    torch.testing.assert_close(scores(made, 64), scores(vit, 64), rtol=0, atol=1e-6)


def test_a_copy_of_a_published_file_is_told_by_its_hash_and_other_sizes_need_none() -> None:
    asked: list[str] = []

    def finish() -> str:
        asked.append("sha256")
        return "11ad3fa6" + "0" * 56

    about = CheckpointSummary("x.pth", "state_dict", (), "", 0, 0, 102_540_417, "")
    found = publication(Checkpoint(about, {}, {}, 0, finish=finish))
    assert found is not None
    assert found.id == "resnet50/IMAGENET1K_V2"
    assert asked == ["sha256"]
    assert publication(Checkpoint(replace(about, bytes=about.bytes + 50_000), {}, {}, 0, finish=finish)) is None
    assert publication(Checkpoint(about, {}, {}, 0, finish=lambda: "0" * 64)) is None
    assert asked == ["sha256"]


class TestTransformInput:
    """torchvision sets ``transform_input`` together with its published weights; no tensor shows it."""

    @pytest.fixture
    def googlenet(self) -> dict[str, Tensor]:
        return network("googlenet", num_classes=1000, aux_logits=False).state_dict()

    def plain(self, state: dict[str, Tensor], transform_input: bool) -> Tensor:
        """As torchvision's own builder does it, with ``transform_input=True`` for published weights."""
        built = models.googlenet(init_weights=False, aux_logits=False, transform_input=transform_input).eval()
        built.load_state_dict(state)
        return scores(built, 64)

    def test_is_off_where_nothing_is_known_and_the_evidence_says_so(self, googlenet: dict[str, Tensor]) -> None:
        checkpoint = checkpoint_of(googlenet)
        assert "transform_input off" in rank(checkpoint)[0].evidence
        torch.testing.assert_close(scores(assemble(checkpoint, "googlenet"), 64), self.plain(googlenet, False))

    def test_is_on_for_the_published_file(self, googlenet: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch) -> None:
        entry = next(entry for entry in pretrained() if entry.architecture == "googlenet")

        def known(checkpoint: Checkpoint) -> PretrainedEntry | None:
            return entry if checkpoint.summary.sha256 == "0" * 64 else None

        monkeypatch.setattr(matching, "publication", known)
        checkpoint = checkpoint_of(googlenet)
        assert transforms_input(checkpoint)
        assert "transform_input on" in rank(checkpoint)[0].evidence
        expected = self.plain(googlenet, True)
        assert not torch.allclose(expected, self.plain(googlenet, False))
        torch.testing.assert_close(scores(assemble(checkpoint, "googlenet"), 64), expected)

    def test_is_on_where_the_file_says_so(self, googlenet: dict[str, Tensor]) -> None:
        assert transforms_input(checkpoint_of(googlenet, hyper_parameters={"transform_input": True}))
        assert not transforms_input(checkpoint_of(googlenet, hyper_parameters={"transform_input": False}))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    path = tmp_path_factory.mktemp("weights") / "w.pth"
    return open_checkpoint(save(network("shufflenet_v2_x0_5").state_dict(), path))


class TestRefusals:
    """What does not fit is refused with what differs and what to do."""

    def test_another_architecture(self, checkpoint: Checkpoint) -> None:
        with pytest.raises(MatchError) as caught:
            assemble(checkpoint, "shufflenet_v2_x1_0")
        error = caught.value
        assert error.what == "The weights do not fit shufflenet_v2_x1_0."
        assert "stage2.0.branch1.2.weight is 24 x 24 x 1 x 1 and should be 58 x 24 x 1 x 1" in error.why
        assert "more" in error.why
        assert error.remedy == "Choose shufflenet_v2_x0_5: all 338 names and shapes fit."
        assert len(error.detail.splitlines()) > 10

    def test_an_unknown_architecture(self, checkpoint: Checkpoint) -> None:
        with pytest.raises(UsageError):
            assemble(checkpoint, "shufflenet")

    def test_a_near_miss(self, checkpoint: Checkpoint) -> None:
        changed = {**checkpoint.tensors, "conv1.0.weight": torch.zeros(24, 3, 5, 5)}
        assert rank(checkpoint_of(changed)) == ()
        with pytest.raises(MatchError) as caught:
            assemble(checkpoint_of(changed), "")
        assert caught.value.what == "x.pth fits no architecture exactly."
        assert "nearest is shufflenet_v2_x0_5" in caught.value.why
        assert "shufflenet_v2_x0_5 with a 5 x 5 first convolution" in caught.value.why
        assert "conv1.0.weight is 24 x 3 x 5 x 5 and should be 24 x 3 x 3 x 3" in caught.value.why

    def test_another_network(self) -> None:
        with pytest.raises(MatchError) as caught:
            assemble(checkpoint_of({"encoder.weight": torch.zeros(2, 3), "decoder.weight": torch.zeros(3, 2)}), "")
        assert caught.value.what == "x.pth fits no architecture that is known here."
        assert "encoder.weight, decoder.weight" in caught.value.why

        assert "the Python file that defines it" in caught.value.remedy

    def test_parameters_without_statistics(self) -> None:
        kept = {name: each.detach() for name, each in network("shufflenet_v2_x0_5").named_parameters()}
        with pytest.raises(MatchError) as caught:
            assemble(checkpoint_of(kept), "")
        assert caught.value.what == "x.pth is shufflenet_v2_x0_5 without the statistics of its batch normalisation."

    @pytest.mark.parametrize(
        ("file", "name", "expected"),
        [
            ("model-00002-of-00003.safetensors", "a.weight", "is part 2 of 3 of a network's weights."),
            ("x.pth", "levit.encoder.layer.0.attention.attention.query.weight", "transformers (levit),"),
            ("x.pth", "efficientnet.embeddings.convolution.weight", "Hugging Face's transformers (efficientnet),"),
        ],
    )
    def test_what_others_save(self, file: str, name: str, expected: str) -> None:
        made = checkpoint_of({name: torch.zeros(4, 4)})
        with pytest.raises(MatchError) as caught:
            assemble(replace(made, about=replace(made.about, file=file)), "")
        assert expected in caught.value.what

    def test_whole_numbers_in_place_of_weights(self, checkpoint: Checkpoint) -> None:
        packed = {**checkpoint.tensors, "conv1.0.weight": checkpoint.tensors["conv1.0.weight"].to(torch.int8)}
        with pytest.raises(MatchError, match="int8: it is quantised"):
            assemble(checkpoint_of(packed), "shufflenet_v2_x0_5")

    def test_the_checkpoint_stays_as_it_is(self, checkpoint: Checkpoint) -> None:
        first = scores(assemble(checkpoint, "shufflenet_v2_x0_5"), 64)
        again = scores(assemble(checkpoint, "shufflenet_v2_x0_5"), 64)
        assert torch.equal(first, again)
