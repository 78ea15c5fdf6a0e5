"""timm's models are recognised by their tensors alone, and answer as timm's own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import timm
import timm.data
import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.transforms import CenterCrop, InterpolationMode, Normalize, Resize

from core.architectures import blueprint
from core.architectures.timm import Unset
from core.catalogue import architecture, architectures, assumed_preprocessing
from core.checkpoints import Checkpoint, open_checkpoint
from core.descriptions import CheckpointSummary, Match
from core.errors import MatchError, UsageError
from core.fingerprints import Shape, channels, exact_fits, fingerprint, identifiers
from core.matching import assemble, decide, hints_of, rank
from core.tables import TIMM, TWINS, functions, timm_table, twins
from tests.core.test_variants import answers, randomised
from tests.core.weights import save, save_safe

THEIRS: Any = timm
"""timm's own functions, which are typed in part only."""

SAMPLE = {
    "cait_xxs24_224": 224,
    "coat_lite_tiny": 224,
    "convit_tiny": 224,
    "convnext_atto": 64,
    "convnextv2_atto": 64,
    "crossvit_tiny_240": 240,
    "cs3darknet_s": 64,
    "deit_tiny_distilled_patch16_224": 224,
    "deit_tiny_patch16_224": 224,
    "dla46_c": 64,
    "edgenext_xx_small": 64,
    "efficientformerv2_s0": 224,
    "efficientnet_lite0": 64,
    "efficientvit_b0": 64,
    "efficientvit_m0": 224,
    "eva02_tiny_patch14_224": 224,
    "fasternet_t0": 64,
    "fastvit_t8": 64,
    "ghostnet_050": 64,
    "gmlp_ti16_224": 224,
    "hgnetv2_b0": 64,
    "inception_next_atto": 64,
    "lcnet_035": 64,
    "levit_128s": 224,
    "mambaout_femto": 64,
    "mobilenetv3_small_050": 64,
    "mobilenetv4_conv_small_035": 64,
    "mobileone_s0": 64,
    "mobilevit_xxs": 64,
    "nf_regnet_b0": 64,
    "pit_ti_224": 224,
    "poolformer_s12": 64,
    "pvt_v2_b0": 64,
    "regnetx_002": 64,
    "repghostnet_050": 64,
    "repvit_m0_9": 64,
    "resnet10t": 64,
    "rexnet_100": 64,
    "starnet_s050": 64,
    "tf_efficientnet_lite0": 64,
    "tinynet_e": 64,
    "xcit_nano_12_p16_224": 224,
}
"""One or more of most families, small enough to be tried, with pixels a side that they take."""


def checkpoint_of(tensors: Mapping[str, Tensor], **metadata: object) -> Checkpoint:
    summary = CheckpointSummary("x.pth", "state_dict", (), "", len(tensors), 0, 0, "0" * 64)
    return Checkpoint(summary, tensors, metadata, 0)


def plain(name: str, **options: object) -> nn.Module:
    """As timm makes it, with weights that all matter."""
    with torch.no_grad(), Unset():
        made = THEIRS.create_model(name, pretrained=False, num_classes=7, **options)
    return randomised(made)


def empty(name: str, **options: object) -> dict[str, Tensor]:
    """Its tensors without their numbers."""
    with torch.device("meta"):
        made = THEIRS.create_model(name, pretrained=False, **options)
    return dict(made.state_dict())


def usual(architecture_id: str, num_classes: int = 7) -> dict[str, Shape]:
    """The shapes of an architecture as it is usually built."""
    known = fingerprint(architecture_id)

    def size(code: int) -> int:
        formula = known.formula(code)
        if formula is not None:
            return int(formula.size(known.usual_input // known.step))
        return code if code > 0 else num_classes if code == 0 else 3 * channels(code)

    return {name: tuple(map(size, shape)) for name, shape in known.expected.items()}


@pytest.mark.parametrize(("name", "side"), SAMPLE.items(), ids=SAMPLE)
def test_a_model_is_recognised_and_answers_as_timms_own(name: str, side: int, tmp_path: Path) -> None:
    reference = plain(name)
    state = {key: value.contiguous().clone() for key, value in reference.state_dict().items()}
    checkpoint = open_checkpoint(save_safe(state, tmp_path / "w.safetensors"))
    match, ambiguous = decide(rank(checkpoint), (name,))
    assert match is not None
    assert (match.architecture, match.num_classes, match.source) == (f"timm/{name}", 7, "timm")
    assert not ambiguous
    assert match.input_channels == 3
    made = assemble(checkpoint, match.architecture)
    assert not any(module.training for module in made.modules())
    torch.testing.assert_close(answers(made, side), answers(reference, side), rtol=0, atol=1e-5)


def test_every_architecture_is_recognised_or_said_to_be_ambiguous() -> None:
    """By the shapes of all of torchvision's and timm's: never another one without a word."""
    for name in identifiers():
        shapes = usual(name)
        fits = {fit.architecture: fit for fit in exact_fits(shapes)}
        known = fingerprint(name)
        if not known.head:
            assert name not in fits
            continue
        assert name in fits
        assert fits[name].num_classes == 7
        if known.step:
            assert fits[name].input_size == known.usual_input
        numbers = functions()
        alone = len(fits) == 1
        assert alone or all(other in numbers for other in fits), name


def test_whatever_is_chosen_first_computes_the_same_or_is_said_to_be_ambiguous() -> None:
    for names in functions():
        tensors = {key: torch.empty(shape, device="meta") for key, shape in usual(names).items()}
        first, ambiguous = decide(rank(checkpoint_of(tensors)))
        assert first is not None
        assert ambiguous or functions()[first.architecture] == functions()[names]
        hinted, ambiguous = decide(rank(checkpoint_of(tensors)), (names,))
        assert hinted is not None
        assert (hinted.architecture, ambiguous) == (names, False)


@pytest.fixture(scope="module")
def resnet50() -> dict[str, Tensor]:
    with torch.device("meta"):
        return dict(models.resnet50(weights=None).state_dict())


class TestAmbiguity:
    """Networks with the same tensors and another answer."""

    def test_torchvisions_comes_first_and_the_others_are_named(self, resnet50: dict[str, Tensor]) -> None:
        matches = rank(checkpoint_of(resnet50))
        assert [match.architecture for match in matches[:2]] == ["resnet50", "timm/resnet50"]
        by_id = {match.architecture: match for match in matches}
        assert {"timm/resnetaa50", "timm/resnetblur50"} <= by_id.keys()
        assert by_id["timm/resnet50"].function == "resnet50"
        assert by_id["timm/resnetaa50"].function == "timm/resnetaa50"
        assert all(match.ambiguous for match in matches)
        first, ambiguous = decide(matches)
        assert first is not None
        assert (first.architecture, ambiguous) == ("resnet50", True)

    @pytest.mark.parametrize(
        ("hint", "chosen"),
        [
            ("resnet50", "resnet50"),
            ("ResNet50", "resnet50"),
            ("timm/resnet50", "timm/resnet50"),
            ("resnet50.a1_in1k", "timm/resnet50"),
            ("hf-hub:timm/resnetaa50.a1h_in1k", "timm/resnetaa50"),
            ("resnetblur50", "timm/resnetblur50"),
        ],
    )
    def test_what_is_said_decides(self, hint: str, chosen: str, resnet50: dict[str, Tensor]) -> None:
        first, ambiguous = decide(rank(checkpoint_of(resnet50)), ("", "no such thing", hint))
        assert first is not None
        assert (first.architecture, ambiguous, first.ambiguous) == (chosen, False, False)

    def test_shapes_overrule_what_is_said(self, resnet50: dict[str, Tensor]) -> None:
        first, ambiguous = decide(rank(checkpoint_of(resnet50)), ("resnet18", "vit_b_16"))
        assert first is not None
        assert (first.architecture, ambiguous) == ("resnet50", True)
        assert decide((), ("resnet18",)) == (None, False)

    def test_hints_are_gathered(self, resnet50: dict[str, Tensor]) -> None:
        assert tuple(hints_of(checkpoint_of(resnet50, arch="resnet50"))) == ("resnet50",)
        assert tuple(hints_of(checkpoint_of(resnet50, args={"model": "resnetaa50"}), "resnet50")) == (
            "resnet50",
            "resnetaa50",
        )
        # timm's training script.
        assert next(hints_of(checkpoint_of(resnet50, arch="resnet50", version=2))) == "timm/resnet50"
        assert tuple(hints_of(checkpoint_of(resnet50))) == ()

    def test_networks_that_compute_the_same_are_not_ambiguous(self) -> None:
        with torch.device("meta"):
            matches = rank(checkpoint_of(dict(models.resnet34(weights=None).state_dict())))
        assert [match.architecture for match in matches] == ["resnet34", "timm/resnet34"]
        assert not any(match.ambiguous for match in matches)
        assert {match.function for match in matches} == {"resnet34"}

    def test_the_decision_is_right(self) -> None:
        """Weights of one network in two others: the same answer, and another one."""
        ours = randomised(models.resnet18(weights=None, num_classes=7))
        checkpoint = checkpoint_of(ours.state_dict())
        by_id = {match.architecture: match for match in rank(checkpoint)}
        assert by_id["timm/resnet18"].function != by_id["timm/resnetblur18"].function
        expected = answers(ours, 64)
        torch.testing.assert_close(answers(assemble(checkpoint, "timm/resnet18"), 64), expected, rtol=0, atol=1e-5)
        assert not torch.allclose(answers(assemble(checkpoint, "timm/resnetblur18"), 64), expected, rtol=0, atol=1e-2)

    def test_twins_are_those_of_the_table(self) -> None:
        for name, found in twins().items():
            assert name in functions()
            assert all(functions()[name] == functions()[other] for other in found["same"])
            assert all(functions()[name] != functions()[other] for other in found["other"])
            fits = [fit.architecture for fit in exact_fits(usual(name))]
            assert fits == [name, *found["same"], *found["other"]]


class TestVariants:
    """Changes that timm itself offers, and those that people make."""

    @pytest.mark.parametrize(("name", "count"), [("resnet10t", 1), ("lcnet_035", 4), ("deit_tiny_patch16_224", 1)])
    def test_other_input_channels(self, name: str, count: int) -> None:
        side = 224 if "224" in name else 64
        reference = plain(name, in_chans=count)
        checkpoint = checkpoint_of(reference.state_dict())
        match, _ = decide(rank(checkpoint), (name,))
        assert match is not None
        assert (match.architecture, match.input_channels) == (f"timm/{name}", count)
        made = answers(assemble(checkpoint, match.architecture), side, count)
        torch.testing.assert_close(made, answers(reference, side, count), rtol=0, atol=1e-5)

    @pytest.mark.parametrize(
        ("name", "size"),
        [
            ("deit_tiny_patch16_224", 96),
            ("deit_tiny_patch16_224", 384),
            ("gmlp_ti16_224", 96),
        ],
    )
    def test_other_image_sizes(self, name: str, size: int) -> None:
        reference = plain(name, img_size=size)
        checkpoint = checkpoint_of(reference.state_dict())
        match, _ = decide(rank(checkpoint), (name,))
        assert match is not None
        assert match.architecture == f"timm/{name}"
        assert match.input_size == size
        made = answers(assemble(checkpoint, match.architecture), size)
        torch.testing.assert_close(made, answers(reference, size), rtol=0, atol=1e-5)

    def test_the_model_for_the_size_comes_first(self) -> None:
        for name in ("vit_base_patch16_384", "vit_base_patch16_224"):
            matches = rank(checkpoint_of(empty(name)))
            assert matches[0].input_size == int(name[-3:])
            assert architecture(matches[0].architecture).input_size == int(name[-3:])

    def test_another_head(self) -> None:
        reference = plain("resnet10t")
        head = nn.Sequential(nn.Linear(512, 16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 3))
        reference.fc = randomised(head)
        checkpoint = checkpoint_of(reference.state_dict())
        match, _ = decide(rank(checkpoint))
        assert match is not None
        assert (match.architecture, match.num_classes) == ("timm/resnet10t", 3)
        assert "512 to 16 to 3" in match.variant
        made = answers(assemble(checkpoint, match.architecture), 64)
        torch.testing.assert_close(made, answers(reference, 64), rtol=0, atol=1e-5)

    def test_no_head(self) -> None:
        checkpoint = checkpoint_of(empty("convnext_atto", num_classes=0))
        match = rank(checkpoint)[0]
        assert (match.architecture, match.num_classes) == ("timm/convnext_atto", 0)
        with pytest.raises(MatchError, match="convnext_atto without its last layer"):
            assemble(checkpoint, match.architecture)

    def test_features_alone(self) -> None:
        checkpoint = checkpoint_of(empty("mobilenetv5_300m_enc"))
        assert rank(checkpoint)[0].num_classes == 0
        with pytest.raises(MatchError, match="gives features and no classes"):
            assemble(checkpoint, "timm/mobilenetv5_300m_enc")


def test_timms_training_checkpoints_open(tmp_path: Path) -> None:
    reference = plain("lcnet_035")
    saved = {
        "epoch": 3,
        "arch": "lcnet_035",
        "state_dict": {f"module.{key}": value * 0 for key, value in reference.state_dict().items()},
        "state_dict_ema": reference.state_dict(),
        "version": 2,
    }
    checkpoint = open_checkpoint(save(saved, tmp_path / "model_best.pth.tar"))
    assert checkpoint.summary.unwrapped == ("state_dict_ema",)
    match, ambiguous = decide(rank(checkpoint), hints_of(checkpoint))
    assert match is not None
    assert (match.architecture, ambiguous) == ("timm/lcnet_035", False)
    torch.testing.assert_close(answers(assemble(checkpoint, "timm/lcnet_035"), 64), answers(reference, 64))


def test_buffers_that_older_versions_saved_are_left_out() -> None:
    tensors = empty("swin_tiny_patch4_window7_224", num_classes=7)
    older = {
        **tensors,
        "layers.0.blocks.0.attn.relative_position_index": torch.zeros(49, 49, dtype=torch.int64),
        "layers.0.blocks.1.attn_mask": torch.zeros(64, 49, 49),
    }
    matches = rank(checkpoint_of(older))
    assert "timm/swin_tiny_patch4_window7_224" in {match.architecture for match in matches}
    made = assemble(checkpoint_of(older), "timm/swin_tiny_patch4_window7_224")
    assert all(not buffer.is_meta for _, buffer in made.named_buffers())


def test_all_of_timms_models_are_listed() -> None:
    listed = [entry for entry in architectures() if entry.source == "timm"]
    assert [entry.id for entry in listed] == [f"timm/{name}" for name in timm.list_models()]
    assert architecture("timm/resnet50").family == "ResNet"
    assert len({entry.id for entry in architectures()}) == len(architectures())
    with pytest.raises(UsageError, match="timm/resnet10t"):
        architecture("resnet10t")


SIZES = (
    "resnet50",
    "vit_base_patch16_224",
    "convnext_tiny",
    "tf_efficientnet_b0",
    "beit_base_patch16_224",
    "mixer_b16_224",
)


@pytest.mark.parametrize(
    "name", [*SIZES, "inception_v3", "swinv2_base_window8_256", "cs3darknet_focus_s", "resnetv2_50x1_bit"]
)
def test_preprocessing_is_what_timm_does(name: str) -> None:
    data: Any = timm.data
    config = data.resolve_data_config({}, model=empty_model(name), use_test_size=True)
    steps: list[object] = data.create_transform(**config, is_training=False).transforms
    resize: Any = next(step for step in steps if isinstance(step, Resize))
    crop: Any = next(step for step in steps if isinstance(step, CenterCrop))
    normalise: Any = next(step for step in steps if isinstance(step, Normalize))
    used = assumed_preprocessing(f"timm/{name}")
    assert used.size[0] == resize.size
    assert InterpolationMode(used.interpolation) == resize.interpolation
    assert used.crop == tuple(crop.size)
    assert used.mean == pytest.approx(normalise.mean.tolist())
    assert used.std == pytest.approx(normalise.std.tolist())


def empty_model(name: str) -> nn.Module:
    with torch.device("meta"):
        return THEIRS.create_model(name, pretrained=False)


@pytest.mark.parametrize("mode", ["center", "squash", "border"])
def test_every_way_to_crop_is_in_the_table(mode: str) -> None:
    resizes = {"center": "shorter", "squash": "exact", "border": "pad"}
    found = [name for name, row in timm_table()["architectures"].items() if row.get("crop_mode", "center") == mode]
    for name in found[:3]:
        assert architecture(f"timm/{name}").preprocessing.resize == resizes[mode]
    assert found or mode == "border"


class TestWithoutTimm:
    """timm is optional: its models are recognised without it."""

    def test_recognising_needs_none_and_building_says_what_to_do(self, monkeypatch: pytest.MonkeyPatch) -> None:
        checkpoint = checkpoint_of(empty("lcnet_035"))
        monkeypatch.setitem(sys.modules, "timm", None)
        assert rank(checkpoint)[0].architecture == "timm/lcnet_035"
        with pytest.raises(UsageError) as caught:
            assemble(checkpoint, "timm/lcnet_035")
        assert "python -m pip install timm" in caught.value.remedy

    def test_a_version_that_does_not_know_a_model(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unknown(name: str) -> bool:
            return not name

        monkeypatch.setattr(timm, "is_model", unknown)
        with pytest.raises(UsageError, match="does not know lcnet_035"):
            blueprint("timm/lcnet_035", 3)


def test_the_tables_are_small() -> None:
    assert TIMM.stat().st_size < 1_500_000
    assert TWINS.stat().st_size < 20_000


def test_matches_have_defaults() -> None:
    match = Match("resnet18", 10, 3, "fits")
    assert (match.source, match.variant, match.ambiguous, match.small_images) == ("torchvision", "", False, False)
