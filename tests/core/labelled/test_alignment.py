from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalogue import imagenet_labels
from core.labelled import Alignment, LabelledData, align
from core.tables import imagenet_ids


def aligned(written: list[str], names: list[str], chosen: dict[str, int] | None = None) -> Alignment:
    return align(LabelledData("", "folders", "classes", (), tuple(written)), names, chosen)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("cat", "cat"),
        ("Cat", "cat"),
        ("great_white-shark", "Great White Shark"),
        ("001.Black_footed_Albatross", "Black footed Albatross"),
        ("cat", "3 cat"),
        ("tinca tinca", "tench, Tinca tinca"),
        ("tench, Tinca tinca", "tench"),
        ("Ko\u0308ter", "K\u00f6ter"),
        ("STRASSE", "Straße"),
        ("FireTruck", "fire_truck"),
        ("golden retriever", "GoldenRetriever"),
        ("car", "automobile"),
        ("plane", "airplane"),
        ("TVmonitor", "tv"),
        ("Cats", "cat"),
        ("horse", "Horses"),
        ("fire_trucks", "fire truck"),
        ("butterfly", "butterflies"),
        ("boxes", "box"),
    ],
)
def test_names_that_are_the_same(written: str, name: str) -> None:
    assert aligned([written], ["other", name, "third"]).indices == {written: 1}


@pytest.mark.parametrize(
    ("written", "name"),
    [("cat", "dog"), ("cat", "caterpillar"), ("car", "cat"), ("1", "cat"), ("1.0", "10"), ("as", "a")],
)
def test_names_that_are_not(written: str, name: str) -> None:
    assert aligned([written], [name]).indices == {}


def test_a_plural_takes_no_class_from_its_own_name() -> None:
    assert aligned(["cats", "cat"], ["cat", "dog"]).indices == {"cat": 0}
    assert aligned(["cats", "cat"], ["cats", "cat"]).indices == {"cats": 0, "cat": 1}


def test_order_decides_nothing() -> None:
    names = ["plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    for seed in range(5):
        mixed = list(names)
        random.Random(seed).shuffle(mixed)
        assert aligned(mixed, names).indices == {name: names.index(name) for name in names}


def test_a_subset_and_what_is_absent() -> None:
    found = aligned(["dog", "cat"], ["ant", "cat", "dog"])
    assert found.indices == {"dog": 2, "cat": 1}
    assert found.absent == (0,)


def test_two_labels_for_one_class_are_a_question() -> None:
    found = aligned(["Cat", "CAT"], ["cat", "dog"])
    assert found.indices == {}
    assert {row.nearest for row in found.rows} == {"cat"}


def test_a_name_that_two_classes_have_decides_nothing() -> None:
    assert aligned(["crane"], ["crane", "crane"]).indices == {}


def test_a_person_decides() -> None:
    names = ["cat", "dog"]
    assert aligned(["Mieze", "dog"], names, {"Mieze": 0}).indices == {"Mieze": 0, "dog": 1}
    assert aligned(["cat", "dog"], names, {"cat": -1}).indices == {"dog": 1}
    assert aligned(["cat"], names, {"cat": 7}).indices == {"cat": 0}


def test_folders_named_by_index() -> None:
    names = [f"name {i}" for i in range(12)]
    assert aligned(["10", "2"], names).indices == {"10": 10, "2": 2}
    assert aligned(["10", "cat"], names).indices == {}


def test_numbers_counted_from_one() -> None:
    names = [f"flower {i}" for i in range(102)]
    found = aligned([str(i + 1) for i in range(102)], names)
    assert found.indices == {str(i + 1): i for i in range(102)}
    assert {row.how for row in found.rows} == {"its number, counted from 1"}
    # One of two classes is no proof.
    assert aligned(["1"], ["a", "b"]).indices == {"1": 1}


def test_numbers_are_names_where_the_model_has_numbers_for_names() -> None:
    names = sorted(str(i + 1) for i in range(12))
    for written in (["2.0", "10.0"], ["2", "10"], ["02", "10"]):
        assert list(aligned(written, names).indices.values()) == [names.index("2"), names.index("10")]
    assert aligned(["0.0", "2.0"], names).indices == {"2.0": names.index("2")}


def test_imagenets_ids() -> None:
    names = list(imagenet_labels())
    ids = imagenet_ids()
    assert (names[ids.index("n01440764")], names[ids.index("n02504458")]) == ("tench", "African elephant")
    mixed = [ids[i] for i in (999, 0, 386)]
    assert aligned(mixed, names).indices == dict(zip(mixed, (999, 0, 386), strict=True))
    assert aligned(mixed, ["a", "b"]).indices == {}


def test_a_near_name_is_offered_and_not_taken() -> None:
    row = aligned(["automobil"], ["automobile", "truck"]).rows[0]
    assert (row.index, row.nearest) == (-1, "automobile")


def test_nothing_fits_is_said() -> None:
    assert "no names, only numbers" in aligned(["cat"], ["0", "1"]).problem
    assert "one of the model's class names" in aligned(["cat"], ["x", "y"]).problem


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=8, unique=True), st.lists(st.text(max_size=12), max_size=8))
def test_any_names(written: list[str], names: list[str]) -> None:
    found = aligned(written, names)
    taken = list(found.indices.values())
    assert len(set(taken)) == len(taken)
    assert all(0 <= index < len(names) for index in taken)
    for text, index in found.indices.items():
        assert text != names[index] or found.indices[text] == names.index(text)
