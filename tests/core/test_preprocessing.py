from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import PreprocessingError
from core.preprocessing import (
    CHANNELS,
    CROPS,
    IMAGENET_MEAN,
    IMAGENET_STD,
    INTERPOLATIONS,
    OVERRIDES,
    PRESET_NAMES,
    PRESETS,
    RANGES,
    RESIZES,
    Channels,
    Crops,
    Preprocessing,
    from_dict,
    parse_overrides,
    preset_of,
    to_dict,
)

SIDES = st.tuples(st.integers(1, 8192), st.integers(1, 8192))
COLOURS = st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
MEANS = st.floats(-10, 10)
STDS = st.floats(1e-9, 10)


@st.composite
def preprocessings(draw: st.DrawFn) -> Preprocessing:
    channels: Channels = draw(st.sampled_from(["rgb", "bgr", "grey", "grey3"]))
    count = 1 if channels == "grey" else 3
    size, crop = draw(SIDES), draw(st.none() | SIDES)
    fits = crop is not None and all(want <= have for want, have in zip(crop, size, strict=True))
    crops: Crops = draw(st.sampled_from([1, 5, 10])) if fits else 1
    antialias = draw(st.booleans())
    return Preprocessing(
        exif=draw(st.booleans()),
        background=draw(st.none() | COLOURS),
        channels=channels,
        resize=draw(st.sampled_from(["shorter", "exact", "pad", "none"])),
        size=size,
        interpolation=draw(st.sampled_from(["nearest", "bilinear", "bicubic", *(["lanczos"] if antialias else [])])),
        antialias=antialias,
        crop=crop,
        crops=crops,
        invert=draw(st.booleans()),
        range=draw(st.sampled_from(["0..1", "0..255", "-1..1"])),
        mean=tuple(draw(st.lists(MEANS, min_size=count, max_size=count))),
        std=tuple(draw(st.lists(STDS, min_size=count, max_size=count))),
        fill=draw(COLOURS),
    )


@given(preprocessings())
def test_rows_need_a_fixed_size(value: Preprocessing) -> None:
    if value.crop is None and value.resize in ("none", "shorter"):
        with pytest.raises(PreprocessingError, match="flatten is not usable"):
            replace(value, flatten=True)
        return
    value = replace(value, crops=1)
    flat = replace(value, flatten=True)
    assert from_dict(json.loads(json.dumps(to_dict(flat)))) == flat
    assert flat.describe() == f"{value.describe()}, as one row"
    # A single change leaves the rest as it is.
    assert parse_overrides(flat, {"interpolation": "nearest"}).flatten


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"crops": 5, "crop": None}, "crops is not usable.*need the size of a crop"),
        ({"crops": 10, "flatten": True}, "crops is not usable.*one view"),
        ({"crops": 5, "size": (200, 256)}, "crops is not usable.*smaller crop"),
        ({"crops": 2}, "crops is not usable.*1, 5, 10"),
        ({"antialias": False, "interpolation": "lanczos"}, "lanczos always antialiases"),
        ({"mean": (123.675, 116.28, 103.53)}, "values from 0 to 1.*choose the range 0..255"),
        ({"range": "-1..1", "std": (58.4, 57.1, 57.4)}, "values from -1 to 1"),
        ({"range": "0..255", "mean": (0.0, 0.0, 9999.0)}, "values from 0 to 255"),
    ],
)
def test_what_does_not_go_together_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(PreprocessingError, match=words) as caught:
        replace(Preprocessing(), **changes)
    assert caught.value.remedy


def test_crops_of_images_that_keep_their_size_may_be_of_any_size() -> None:
    assert Preprocessing(resize="none", size=(8, 8), crops=10).crops == 10


def test_what_a_mean_may_be_depends_on_the_range() -> None:
    caffe = Preprocessing(range="0..255", mean=(103.939, 116.779, 123.68), std=(1.0, 1.0, 1.0))
    assert caffe.describe().endswith("mean 103.9,116.8,123.7 std 1,1,1 on 0 to 255")


@pytest.mark.parametrize("wrong", [1, "true", None])
def test_a_truth_value_is_nothing_else(wrong: object) -> None:
    for name in ("exif", "flatten", "antialias", "invert"):
        with pytest.raises(PreprocessingError, match=f"{name} is {wrong!r}"):
            from_dict({name: wrong})


@given(preprocessings())
def test_what_is_written_is_read_back(value: Preprocessing) -> None:
    assert from_dict(to_dict(value)) == value
    assert from_dict(json.loads(json.dumps(to_dict(value)))) == value


@given(preprocessings())
def test_everything_can_be_described(value: Preprocessing) -> None:
    assert value.describe()
    assert "\n" not in value.describe()


def test_what_is_not_said_has_its_default() -> None:
    assert from_dict({}) == Preprocessing()
    assert from_dict({"crop": None}) == Preprocessing(crop=None)
    assert from_dict({"resize": "exact", "size": [32, 64]}) == Preprocessing(resize="exact", size=(32, 64))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*to_dict(Preprocessing()), "other"]), JSON))
def test_any_json_is_read_or_refused(data: dict[str, object]) -> None:
    try:
        value = from_dict(data)
    except PreprocessingError:
        return
    assert from_dict(to_dict(value)) == value


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"colour": 1}, "unknown entry 'colour'"),
        ({"exif": "no"}, "exif"),
        ({"channels": "cmyk"}, "channels"),
        ({"channels": ["rgb"]}, "channels"),
        ({"resize": "bigger"}, "resize"),
        ({"interpolation": 2}, "interpolation"),
        ({"size": 224}, "size is not a list"),
        ({"size": [224]}, "size is not 2 whole"),
        ({"size": [224.5, 224]}, "size is not 2 whole"),
        ({"size": [0, 224]}, "size"),
        ({"size": [9000, 224]}, "8192"),
        ({"crop": [1, 2, 3]}, "crop"),
        ({"crop": [-1, 2]}, "crop"),
        ({"mean": [0.1, 0.2]}, "mean"),
        ({"mean": ["a", 0.1, 0.1]}, "no number"),
        ({"mean": [True, 0.1, 0.1]}, "no number"),
        ({"mean": [float("nan"), 0.1, 0.1]}, "finite"),
        ({"mean": [10**400, 0, 0]}, "too large"),
        ({"std": [0.1, 0.0, 0.1]}, "above 0"),
        ({"std": [0.1, float("inf"), 0.1]}, "finite"),
        ({"background": [1, 2]}, "background"),
        ({"background": [1, 2, 256]}, "0 to 255"),
        ({"fill": [1, 2, -1]}, "0 to 255"),
        ({"fill": None}, "fill"),
        ({"channels": "grey"}, "1 finite number"),
        ({"crops": True}, "crops"),
        ({"crops": "5"}, "crops"),
        ({"crops": [5]}, "crops"),
        ({"crops": 3}, "one of 1, 5, 10"),
        ({"range": 255}, "range"),
        ({"range": "0-255"}, "one of 0..1, 0..255, -1..1"),
    ],
)
def test_what_makes_no_sense_is_refused(data: dict[str, object], words: str) -> None:
    with pytest.raises(PreprocessingError, match=words) as caught:
        from_dict(data)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (PRESETS["imagenet"], "shorter side 256, centre 224, ImageNet mean and std"),
        (PRESETS["half"], "shorter side 256, centre 224, -1 to 1"),
        (PRESETS["none"], "size kept, 0 to 1"),
        (PRESETS["mnist"], "exactly 28 x 28, grey, mean 0.1307 std 0.3081"),
        (PRESETS["clip"], "shorter side 224, centre 224, bicubic, mean 0.4815,0.4578,0.4082 std 0.2686,0.2613,0.2758"),
        (Preprocessing(resize="exact", size=(240, 320), crop=None), "exactly 320 x 240, ImageNet mean and std"),
        (Preprocessing(resize="pad", size=(64, 64), crop=(32, 48)), "padded to 64, centre 48 x 32"),
        (Preprocessing(resize="pad", size=(64, 32)), "padded to 32 x 64"),
        (Preprocessing(size=(256, 128)), "covering 128 x 256"),
        (Preprocessing(channels="bgr", exif=False), "BGR, ImageNet mean and std, EXIF ignored"),
        (Preprocessing(background=(255, 255, 255)), "transparency on 255,255,255"),
        (Preprocessing(crops=5), "shorter side 256, five crops of 224, ImageNet mean and std"),
        (Preprocessing(crops=10, crop=(64, 48)), "ten crops of 48 x 64, "),
        (Preprocessing(antialias=False, invert=True), "centre 224, not antialiased, inverted, ImageNet mean and std"),
        (Preprocessing(channels="grey3"), "grey on three channels, ImageNet"),
        (Preprocessing(resize="pad", fill=(9, 8, 7)), "padded to 256 with 9,8,7"),
        (PRESETS["keras"], "exactly 224 x 224, not antialiased, -1 to 1"),
        (Preprocessing(range="0..255", mean=(0.0,) * 3, std=(1.0,) * 3), "centre 224, 0 to 255"),
        (Preprocessing(range="-1..1"), "ImageNet mean and std on -1 to 1"),
    ],
)
def test_descriptions(value: Preprocessing, words: str) -> None:
    assert words in value.describe()


UNUSUAL: dict[str, object] = {
    "exif": False,
    "background": (1, 2, 3),
    "channels": "grey3",
    "resize": "exact",
    "size": (300, 300),
    "interpolation": "nearest",
    "antialias": False,
    "crop": (96, 96),
    "crops": 10,
    "invert": True,
    "range": "0..255",
    "mean": (0.1, 0.2, 0.3),
    "std": (0.1, 0.2, 0.3),
    "fill": (1, 2, 3),
    "flatten": True,
}


def test_a_description_says_all_that_is_unusual() -> None:
    assert list(UNUSUAL) == [field.name for field in fields(Preprocessing)]
    # Where colour fills something.
    usual = Preprocessing(resize="pad")
    said = {name: replace(usual, **cast(Any, {name: value})).describe() for name, value in UNUSUAL.items()}
    assert len({usual.describe(), *said.values()}) == len(UNUSUAL) + 1


# Single values from a command line.


@pytest.mark.parametrize(
    ("overrides", "changes"),
    [
        ({}, {}),
        ({"resize": "300"}, {"resize": "shorter", "size": (300, 300)}),
        ({"resize": "320x240"}, {"resize": "exact", "size": (240, 320)}),
        ({"resize": "224X224"}, {"resize": "exact", "size": (224, 224)}),
        ({"resize": "pad:224"}, {"resize": "pad", "size": (224, 224)}),
        ({"resize": "pad:320x240"}, {"resize": "pad", "size": (240, 320)}),
        ({"resize": "none"}, {"resize": "none"}),
        ({"crop": "96"}, {"crop": (96, 96)}),
        ({"crop": "320x240"}, {"crop": (240, 320)}),
        ({"crop": "None"}, {"crop": None}),
        ({"mean": "0.1,0.2,0.3"}, {"mean": (0.1, 0.2, 0.3)}),
        ({"mean": "0.1, 0.2, -0.3"}, {"mean": (0.1, 0.2, -0.3)}),
        ({"mean": "0.5", "std": "0.25"}, {"mean": (0.5,) * 3, "std": (0.25,) * 3}),
        ({"interpolation": "bicubic"}, {"interpolation": "bicubic"}),
        ({"channels": "bgr"}, {"channels": "bgr"}),
        ({"channels": "grey"}, {"channels": "grey", "mean": (0.449,), "std": (0.226,)}),
        ({"channels": "grey", "mean": "0.5"}, {"channels": "grey", "mean": (0.5,), "std": (0.226,)}),
        ({"channels": "grey3"}, {"channels": "grey3"}),
        ({"crops": "5"}, {"crops": 5}),
        ({"crops": " 10 ", "crop": "200"}, {"crops": 10, "crop": (200, 200)}),
        ({"antialias": "off"}, {"antialias": False}),
        ({"invert": "on"}, {"invert": True}),
        (
            {"resize": "28x28", "crop": "none", "flatten": "on"},
            {"resize": "exact", "size": (28, 28), "crop": None, "flatten": True},
        ),
        ({"background": "255,128,0"}, {"background": (255, 128, 0)}),
        ({"background": "255, 128, 0"}, {"background": (255, 128, 0)}),
        ({"background": "none"}, {"background": None}),
        ({"background": "255"}, {"background": (255, 255, 255)}),
        ({"fill": "1,2,3"}, {"fill": (1, 2, 3)}),
        ({"range": "0..1"}, {}),
        ({"range": "0..255"}, {"range": "0..255", "mean": (0.0,) * 3, "std": (1.0,) * 3}),
        ({"range": "-1..1", "channels": "grey"}, {"range": "-1..1", "channels": "grey", "mean": (0.0,), "std": (1.0,)}),
        (
            {"range": "0..255", "mean": "123.675,116.28,103.53"},
            {"range": "0..255", "mean": (123.675, 116.28, 103.53), "std": (1.0,) * 3},
        ),
        ({"exif": "off"}, {"exif": False}),
        ({"exif": "ON"}, {"exif": True}),
        ({"resize": " 64 ", "crop": "none", "exif": "off"}, {"size": (64, 64), "crop": None, "exif": False}),
    ],
)
def test_overrides_change_what_they_name(overrides: dict[str, str], changes: dict[str, object]) -> None:
    expected = from_dict({**to_dict(Preprocessing()), **changes})
    assert parse_overrides(Preprocessing(), overrides) == expected


def test_overrides_leave_all_else() -> None:
    base = PRESETS["clip"]
    assert parse_overrides(base, {"resize": "300"}) == replace(base, size=(300, 300))


def test_colour_from_grey_repeats_the_values() -> None:
    value = parse_overrides(PRESETS["mnist"], {"channels": "rgb"})
    assert (value.mean, value.std) == ((0.1307,) * 3, (0.3081,) * 3)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("resize", "big"),
        ("resize", ""),
        ("resize", "-5"),
        ("resize", "1x2x3"),
        ("resize", "224x"),
        ("resize", "pad"),
        ("resize", "pad:"),
        ("resize", "pad:none"),
        ("resize", "0"),
        ("resize", "99999"),
        ("resize", "9" * 5000),
        ("resize", "٣٢"),
        ("crop", "pad:3"),
        ("crop", "22.5"),
        ("mean", "a,b,c"),
        ("mean", "0.1,0.2"),
        ("mean", "nan"),
        ("mean", "123.675,116.28,103.53"),
        ("std", "0"),
        ("std", "58.395,57.12,57.375"),
        ("interpolation", "cubic"),
        ("channels", "cmyk"),
        ("exif", "maybe"),
        ("antialias", "yes"),
        ("invert", ""),
        ("flatten", "1"),
        ("crops", "2"),
        ("crops", "five"),
        ("range", "0-255"),
        ("range", "255"),
        ("background", "white"),
        ("background", "1,2"),
        ("background", "1,2,256"),
        ("background", "1,2,-3"),
        ("background", "1.5,2,3"),
        ("fill", "none"),
    ],
)
def test_overrides_that_are_not_understood_name_the_option(name: str, text: str) -> None:
    with pytest.raises(PreprocessingError, match=rf"The preprocessing's ({name}|size) "):
        parse_overrides(Preprocessing(), {name: text})


def test_numbers_on_the_other_scale_are_told_apart() -> None:
    with pytest.raises(PreprocessingError, match="Divide numbers on a scale to 255 by 255, or choose the range"):
        parse_overrides(Preprocessing(), {"mean": "123.675,116.28,103.53"})


def test_an_override_that_does_not_exist() -> None:
    with pytest.raises(PreprocessingError, match="no 'size' to change; there are resize, crop"):
        parse_overrides(Preprocessing(), {"size": "3"})


@given(
    st.dictionaries(
        st.sampled_from(sorted(OVERRIDES)),
        st.text(max_size=12)
        | st.from_regex(r"(pad:)?[0-9]{1,4}([x,][0-9]{1,4})?", fullmatch=True)
        | st.sampled_from(["on", "off", "none", "5", "0..255", "-1..1", "grey3", "1,2,3"]),
    )
)
def test_any_text_is_understood_or_refused(overrides: dict[str, str]) -> None:
    try:
        value = parse_overrides(Preprocessing(), overrides)
    except PreprocessingError:
        return
    assert from_dict(to_dict(value)) == value


def test_presets_are_what_the_documentation_says() -> None:
    imagenet = PRESETS["imagenet"]
    assert (imagenet.resize, imagenet.size, imagenet.crop) == ("shorter", (256, 256), (224, 224))
    assert (imagenet.interpolation, imagenet.mean, imagenet.std) == ("bilinear", IMAGENET_MEAN, IMAGENET_STD)
    assert (PRESETS["half"].mean, PRESETS["half"].std) == ((0.5,) * 3, (0.5,) * 3)
    assert {"imagenet", "cifar10", "half", "mnist", "clip", "none"} <= set(PRESETS)


def test_every_preset_has_a_name_of_its_own() -> None:
    assert list(PRESET_NAMES) == list(PRESETS)
    assert len(set(PRESET_NAMES.values())) == len(PRESETS) == len(set(PRESETS.values()))
    assert [preset_of(value) for value in PRESETS.values()] == list(PRESETS)
    assert preset_of(Preprocessing(size=(255, 255))) == ""


def test_the_allowed_words() -> None:
    assert RESIZES == ("shorter", "exact", "pad", "none")
    assert INTERPOLATIONS == ("nearest", "bilinear", "bicubic", "lanczos")
    assert CHANNELS == ("rgb", "bgr", "grey", "grey3")
    assert RANGES == ("0..1", "0..255", "-1..1")
    assert CROPS == (1, 5, 10)
