"""Sidecars against expectations worked out by hand from the trainers' own sources."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.outputs import Said
from core.preprocessing import IMAGENET_MEAN, IMAGENET_STD, PRESETS, Preprocessing, to_dict
from core.preprocessing.configs import parse_preprocessing
from core.sidecars import Sidecar, read_sidecar
from tests.core.sidecar_samples import CENTRE, HALF, TIMM, TIMM_VALUES, VIT, put


def found(weights: Path) -> Sidecar:
    sidecar = read_sidecar(weights)
    assert sidecar is not None
    return sidecar


# timm.


def timm(**changes: object) -> Preprocessing | None:
    return parse_preprocessing({"pretrained_cfg": {**TIMM_VALUES, **changes}})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # 224 / 0.95 = 235.8
        ({}, CENTRE),
        # 224 / 0.875 = 256; 224 / 0.9 = 248.9; 224 / 0.97 = 230.9
        ({"crop_pct": 0.875}, replace(CENTRE, size=(256, 256))),
        ({"crop_pct": 0.9}, replace(CENTRE, size=(248, 248))),
        ({"crop_pct": 0.97}, replace(CENTRE, size=(230, 230))),
        ({"crop_pct": 1.0}, replace(CENTRE, size=(224, 224))),
        ({"crop_pct": None}, replace(CENTRE, size=(256, 256))),
        # The test values win: 288 / 1.0, 288 / 0.95 = 303.2, 224 / 1.0
        ({"test_input_size": [3, 288, 288], "test_crop_pct": 1.0}, replace(CENTRE, size=(288, 288), crop=(288, 288))),
        ({"test_input_size": [3, 288, 288]}, replace(CENTRE, size=(303, 303), crop=(288, 288))),
        ({"test_crop_pct": 1.0}, replace(CENTRE, size=(224, 224))),
        ({"interpolation": "bilinear"}, replace(CENTRE, interpolation="bilinear")),
        ({"interpolation": ""}, CENTRE),
        ({"crop_mode": None}, CENTRE),
        ({"crop_mode": "squash"}, replace(CENTRE, resize="exact")),
        # The fill is the mean on a scale to 255: 123.7, 116.3, 103.5
        ({"crop_mode": "border"}, replace(CENTRE, resize="pad", fill=(124, 116, 104))),
        ({"mean": [0.5, 0.5, 0.5], "std": [0.5] * 3}, replace(CENTRE, mean=(0.5,) * 3, std=(0.5,) * 3)),
        ({"mean": None, "std": None}, CENTRE),
        # Where the sides differ, both are covered:
        # 192 / 0.95 = 202.1, 256 / 0.95 = 269.5
        (
            {"input_size": [3, 192, 256]},
            replace(CENTRE, size=(202, 269), crop=(192, 256)),
        ),
        (
            {"input_size": [3, 192, 256], "crop_mode": "squash"},
            replace(CENTRE, resize="exact", size=(202, 269), crop=(192, 256)),
        ),
        (
            {"input_size": [1, 28, 28], "crop_pct": 1, "mean": [0.1307], "std": [0.3081]},
            Preprocessing(
                channels="grey",
                size=(28, 28),
                crop=(28, 28),
                interpolation="bicubic",
                mean=(0.1307,),
                std=(0.3081,),
            ),
        ),
    ],
)
def test_timm(changes: dict[str, object], expected: Preprocessing) -> None:
    assert timm(**changes) == expected


def test_timm_with_one_channel_and_three_means_takes_their_average() -> None:
    value = timm(input_size=[1, 28, 28], mean=[0.4, 0.5, 0.6], std=[0.1, 0.2, 0.3])
    assert value is not None
    assert value.mean == pytest.approx((0.5,))
    assert value.std == pytest.approx((0.2,))


def test_timms_border_of_a_grey_network_is_filled_with_its_mean() -> None:
    value = timm(input_size=[1, 28, 28], mean=[0.5], std=[0.5], crop_mode="border")
    assert value is not None
    assert value.fill == (128, 128, 128)


def test_timms_older_flat_form() -> None:
    assert parse_preprocessing({**TIMM_VALUES, "architecture": "resnet50", "num_classes": 3}) == CENTRE


def test_timm_in_full(tmp_path: Path) -> None:
    sidecar = found(put(tmp_path, config__json=TIMM))
    assert sidecar == Sidecar(
        file=str(tmp_path / "config.json"),
        architecture="resnet50",
        labels=("cat", "dog", "tench"),
        preprocessing=CENTRE,
        num_classes=3,
        labels_file=str(tmp_path / "config.json"),
        preprocessing_file=str(tmp_path / "config.json"),
    )
    assert sidecar.fits(3)
    assert not sidecar.fits(1000)


def test_timms_descriptions_are_the_names_of_wordnet_ids(tmp_path: Path) -> None:
    config = {**TIMM, "label_names": ["n1", "n2", "n3"], "label_descriptions": {"n1": "cat", "n2": "dog"}}
    assert found(put(tmp_path, config__json=config)).labels == ("cat", "dog", "n3")


def test_timms_names_may_be_a_dictionary(tmp_path: Path) -> None:
    config = {**TIMM, "label_names": {"0": "cat", "2": "tench", "1": "dog"}}
    assert found(put(tmp_path, config__json=config)).labels == ("cat", "dog", "tench")


# Hugging Face.


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"size": 224, "resample": 2}, VIT),
        ({"size": {"height": 224, "width": 224}, "resample": 2}, VIT),
        ({"size": {"height": 240, "width": 320}}, replace(VIT, size=(240, 320))),
        ({"size": [240, 320]}, replace(VIT, size=(240, 320))),
        ({"size": 224, "resample": 3}, replace(VIT, interpolation="bicubic")),
        ({"size": 224, "resample": 0}, replace(VIT, interpolation="nearest")),
        ({"size": 224, "resample": 1}, replace(VIT, interpolation="lanczos")),
        ({"size": {"shortest_edge": 256}}, replace(VIT, resize="shorter", size=(256, 256))),
        (
            {"size": {"shortest_edge": 224}, "do_center_crop": True, "crop_size": {"height": 224, "width": 224}},
            replace(VIT, resize="shorter", crop=(224, 224)),
        ),
        ({"size": 256, "do_center_crop": True, "crop_size": 224}, replace(VIT, size=(256, 256), crop=(224, 224))),
        ({"size": 256, "do_center_crop": False, "crop_size": 224}, replace(VIT, size=(256, 256))),
        (
            {
                "size": 224,
                "feature_extractor_type": "CLIPFeatureExtractor",
                "do_center_crop": True,
                "crop_size": 224,
            },
            replace(VIT, resize="shorter", crop=(224, 224)),
        ),
        ({"do_resize": False, "size": 224}, replace(VIT, resize="none", size=(256, 256))),
        # 224 / 0.875 = 256
        (
            {"size": {"shortest_edge": 224}, "crop_pct": 0.875, "image_processor_type": "ConvNextImageProcessor"},
            replace(VIT, resize="shorter", size=(256, 256), crop=(224, 224)),
        ),
        (
            {"size": {"shortest_edge": 224}, "crop_pct": None, "image_processor_type": "ConvNextImageProcessor"},
            replace(VIT, resize="shorter", size=(256, 256), crop=(224, 224)),
        ),
        (
            {"size": 384, "crop_pct": 0.95, "feature_extractor_type": "ConvNextFeatureExtractor"},
            replace(VIT, size=(384, 384)),
        ),
        # 224 / 0.9 = 248.9
        (
            {
                "size": {"shortest_edge": 224},
                "crop_pct": 0.9,
                "image_processor_type": "PoolFormerImageProcessor",
                "do_center_crop": True,
                "crop_size": {"height": 224, "width": 224},
            },
            replace(VIT, resize="shorter", size=(248, 248), crop=(224, 224)),
        ),
        # 224 * 256 / 224
        (
            {
                "size": {"shortest_edge": 224},
                "image_processor_type": "LevitImageProcessor",
                "do_center_crop": True,
                "crop_size": 224,
            },
            replace(VIT, resize="shorter", size=(256, 256), crop=(224, 224)),
        ),
        ({"size": 224, "do_normalize": False}, replace(VIT, mean=(0.0,) * 3, std=(1.0,) * 3)),
        ({"size": 224, "do_rescale": True, "rescale_factor": 0.00392156862745098}, VIT),
        # A pixel p becomes p / 127.5: twice of ours, so that mean and std halve.
        (
            {"size": 224, "rescale_factor": 2 / 255},
            replace(VIT, mean=(0.25,) * 3, std=(0.25,) * 3),
        ),
        (
            {"size": 224, "do_rescale": False, "image_mean": [127.5] * 3, "image_std": [127.5] * 3},
            replace(VIT, range="0..255", mean=(127.5,) * 3, std=(127.5,) * 3),
        ),
        (
            {"size": 224, "do_rescale": False, "do_normalize": False},
            replace(VIT, range="0..255", mean=(0.0,) * 3, std=(1.0,) * 3),
        ),
        # A pixel p becomes p / 127.5 - 1.
        (
            {"size": 224, "rescale_factor": 2 / 255, "rescale_offset": True, "do_normalize": False},
            replace(VIT, range="-1..1", mean=(0.0,) * 3, std=(1.0,) * 3),
        ),
        # It is normalised, and divided by the std again: (x - 0.5) / 0.5 / 0.5.
        (
            {"size": 224, "image_processor_type": "EfficientNetImageProcessor", "include_top": True},
            replace(VIT, std=(0.25,) * 3),
        ),
        ({"size": 224, "image_processor_type": "EfficientNetImageProcessor", "include_top": False}, VIT),
        ({"size": 224, "do_convert_rgb": True}, VIT),
        ({"size": 224, "do_flip_channel_order": True}, replace(VIT, channels="bgr")),
        ({"size": 224, "do_grayscale": True}, replace(VIT, channels="grey3")),
        ({"size": 224, "image_mean": 0.5, "image_std": [0.5]}, VIT),
        ({"size": 224, "image_mean": None, "image_std": None}, replace(VIT, mean=IMAGENET_MEAN, std=IMAGENET_STD)),
    ],
)
def test_hugging_face_image_processors(config: dict[str, object], expected: Preprocessing) -> None:
    value = parse_preprocessing({"do_normalize": True, **HALF, **config})
    assert value is not None
    assert replace(value, mean=expected.mean, std=expected.std) == expected
    assert value.mean == pytest.approx(expected.mean)
    assert value.std == pytest.approx(expected.std)


def test_hugging_faces_mobilevit_takes_blue_first_and_normalises_nothing() -> None:
    config = {
        "feature_extractor_type": "MobileViTFeatureExtractor",
        "size": 288, "crop_size": 256, "do_center_crop": True, "do_resize": True, "resample": 2,
    }  # fmt: skip
    assert parse_preprocessing(config) == Preprocessing(
        channels="bgr", size=(288, 288), crop=(256, 256), mean=(0.0,) * 3, std=(1.0,) * 3
    )


def test_timms_configuration_in_hugging_faces_wrapper() -> None:
    config = {"image_processor_type": "TimmWrapperImageProcessor", "pretrained_cfg": TIMM_VALUES}
    assert parse_preprocessing(config) == CENTRE


def test_a_hugging_face_folder(tmp_path: Path) -> None:
    config = {
        "architectures": ["ViTForImageClassification"],
        "model_type": "vit",
        "id2label": {"1": "dog", "0": "cat"},
        "label2id": {"cat": 0, "dog": 1},
    }
    weights = put(tmp_path, config__json=config, preprocessor_config__json={"size": 224, "resample": 2, **HALF})
    assert found(weights) == Sidecar(
        file=str(tmp_path / "config.json"),
        labels=("cat", "dog"),
        preprocessing=VIT,
        num_classes=2,
        labels_file=str(tmp_path / "config.json"),
        preprocessing_file=str(tmp_path / "preprocessor_config.json"),
    )


def test_placeholder_names_are_no_names(tmp_path: Path) -> None:
    sidecar = found(put(tmp_path, config__json={"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}))
    assert (sidecar.labels, sidecar.labels_file, sidecar.num_classes) == ((), "", 2)


def test_several_labels_an_image_are_said(tmp_path: Path) -> None:
    config = {"id2label": {"0": "cat", "1": "dog"}, "problem_type": "multi_label_classification"}
    said = found(put(tmp_path, config__json=config)).output
    assert said == Said("several", "config.json: problem_type multi_label_classification")


@pytest.mark.parametrize(
    ("config", "output"),
    [
        ({"id2label": {"0": "a", "1": "b"}, "problem_type": "single_label_classification"}, "single"),
        ({"id2label": {"0": "age"}, "problem_type": "regression"}, "regression"),
        ({"id2label": {"0": "hot dog"}, "problem_type": None}, "binary"),
        ({"num_labels": 1}, "binary"),
        ({"num_classes": 1, "architecture": "resnet18"}, ""),
        ({"id2label": {"0": "a", "1": "b"}}, ""),
        ({"num_classes": 3, "whatsit": {"activation": "log_softmax"}, "problem_type": "regression"}, "log_softmax"),
        ({"num_classes": 3, "whatsit": {"activation": ["softmax"]}}, ""),
        ({"num_classes": 3, "problem_type": "something else"}, ""),
    ],
)
def test_what_a_configuration_says_of_the_outputs(tmp_path: Path, config: dict[str, object], output: str) -> None:
    said = found(put(tmp_path, config__json=config)).output
    assert (said.what if said is not None else "") == output


# Names only.


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("index_to_name__json", {"0": "cat", "1": "dog"}),
        ("index_to_name__json", {"0": ["n01", "cat"], "1": ["n02", "dog"]}),
        ("index_to_name__json", {"object_type_names": ["cat", "dog"]}),
        ("labels__txt", "cat\ndog\n"),
        ("labels__txt", "0 cat\n1 dog\n"),
        ("classes__txt", "cat\r\ndog\r\n"),
        ("model__json", {"labels": ["cat", "dog"]}),
        ("model__json", {"class_to_idx": {"dog": 1, "cat": 0}}),
    ],
)
def test_names_beside_the_weights(name: str, content: object, tmp_path: Path) -> None:
    path = str(tmp_path / name.replace("__", "."))
    sidecar = found(put(tmp_path, **{name: content}))
    assert sidecar == Sidecar(file=path, labels=("cat", "dog"), num_classes=2, labels_file=path)


def test_nothing_beside_the_weights(tmp_path: Path) -> None:
    assert read_sidecar(tmp_path / "model.pth") is None
    (tmp_path / "labels.txt").mkdir()
    (tmp_path / "config.json").mkdir()
    assert read_sidecar(tmp_path / "model.pth") is None


def test_a_config_that_says_nothing_is_nothing(tmp_path: Path) -> None:
    assert read_sidecar(put(tmp_path, config__json={"name": "my-web-app", "version": 3})) is None


def test_the_file_of_the_same_name_goes_first(tmp_path: Path) -> None:
    weights = put(
        tmp_path,
        model__json={"architecture": "resnet18", "labels": ["a", "b", "c"], "note": " Mind the gap. "},
        config__json=TIMM,
        labels__txt="x\ny\nz\n",
    )
    assert found(weights) == Sidecar(
        file=str(tmp_path / "model.json"),
        architecture="resnet18",
        labels=("a", "b", "c"),
        preprocessing=CENTRE,
        note="Mind the gap.",
        num_classes=3,
        labels_file=str(tmp_path / "model.json"),
        preprocessing_file=str(tmp_path / "config.json"),
    )


def test_a_config_with_another_number_of_classes_is_another_models(tmp_path: Path) -> None:
    weights = put(tmp_path, model__json={"labels": ["a", "b"]}, config__json=TIMM)
    sidecar = found(weights)
    assert (sidecar.labels, sidecar.architecture, sidecar.preprocessing) == (("a", "b"), "", None)


def test_weights_named_config_are_not_read_twice(tmp_path: Path) -> None:
    put(tmp_path, config__json="[1]")
    assert found(tmp_path / "config.pth").problem.count("config.json") == 1


def test_our_own_preprocessing_in_a_sidecar(tmp_path: Path) -> None:
    config = {"architecture": "x", "preprocessing": to_dict(PRESETS["mnist"])}
    assert found(put(tmp_path, model__json=config)).preprocessing == PRESETS["mnist"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"config__json": "{"}, "config.json beside the weights is not used: it is no JSON object"),
        ({"config__json": "[1, 2]"}, "no JSON object"),
        ({"config__json": "[" * 100_000}, "no JSON object"),
        ({"config__json": "\x00\x01"}, "not a text file"),
        ({"config__json": {**TIMM, "label_names": {"0": "a", "2": "b"}}}, "index 1 is missing"),
        ({"config__json": {"crop_mode": "spiral"}}, "the crop mode 'spiral' is not known"),
        ({"labels__txt": "a\n\nb\n"}, "line 2 is empty"),
        ({"index_to_name__json": '{"0": "a", "2": "b"}'}, "index 1 is missing"),
    ],
)
def test_what_cannot_be_used_is_said_and_stops_nothing(files: dict[str, object], words: str, tmp_path: Path) -> None:
    assert words in found(put(tmp_path, **files)).problem


def test_one_bad_part_leaves_the_others(tmp_path: Path) -> None:
    config = {**TIMM, "pretrained_cfg": {"input_size": "large"}}
    sidecar = found(put(tmp_path, config__json=config))
    assert sidecar.labels == ("cat", "dog", "tench")
    assert sidecar.preprocessing is None
    assert "input_size is no list of numbers" in sidecar.problem


def test_bad_names_give_way_to_the_next_file(tmp_path: Path) -> None:
    weights = put(tmp_path, labels__txt="a\n\nb", classes__txt="a\nb")
    sidecar = found(weights)
    assert sidecar.labels == ("a", "b")
    assert "line 2 is empty" in sidecar.problem


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
KEYS = st.sampled_from(
    ["architecture", "num_classes", "label_names", "pretrained_cfg", "input_size", "crop_pct", "crop_mode", "mean",
     "std", "interpolation", "id2label", "size", "crop_size", "image_mean", "do_center_crop", "resample",
     "rescale_factor", "preprocessing", "note", "label_descriptions", "image_processor_type", "resize"]
)  # fmt: skip


@given(st.dictionaries(KEYS, JSON | st.dictionaries(KEYS, JSON)))
def test_no_config_stops_the_weights(tmp_path_factory: pytest.TempPathFactory, config: dict[str, object]) -> None:
    folder = tmp_path_factory.getbasetemp()
    sidecar = read_sidecar(put(folder, config__json=config))
    assert sidecar is None or isinstance(sidecar.problem, str)


@given(st.binary(max_size=200))
def test_no_bytes_stop_the_weights(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name in ("config.json", "preprocessor_config.json", "index_to_name.json", "labels.txt"):
        (folder / name).write_bytes(data)
    read_sidecar(folder / "model.pth")


def test_empty_values_in_timms_form_are_left_out_values() -> None:
    assert timm(crop_pct=0, mean=[], std=[]) == replace(CENTRE, size=(256, 256))


def test_of_two_preprocessings_the_first_counts(tmp_path: Path) -> None:
    sidecar = found(put(tmp_path, config__json=TIMM, preprocessor_config__json={"size": 9, **HALF}))
    assert (sidecar.preprocessing, sidecar.preprocessing_file) == (CENTRE, str(tmp_path / "config.json"))
