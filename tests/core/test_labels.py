from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LabelsError, PreprocessingError
from core.labels import fit_labels, labels_from, numbered, parse_labels, read_labels, read_text

CATS = ("cat", "dog", "tench, Tinca tinca")


def written(folder: Path, data: bytes, name: str = "labels.txt") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "data",
    [
        b"cat\ndog\ntench, Tinca tinca",
        b"cat\ndog\ntench, Tinca tinca\n",
        b"cat\r\ndog\r\ntench, Tinca tinca\r\n\r\n\r\n",
        b"cat\rdog\rtench, Tinca tinca\r",
        b"\xef\xbb\xbfcat\ndog\ntench, Tinca tinca\n",
        "cat\ndog\ntench, Tinca tinca\n".encode("utf-16"),
        b"\xfe\xff" + "cat\ndog\ntench, Tinca tinca\n".encode("utf-16-be"),
        b"  cat \n\tdog\ntench, Tinca tinca   \n",
        b"0 cat\n1 dog\n2 tench, Tinca tinca\n",
        b"0,cat\n1,dog\n2,tench, Tinca tinca\n",
        b"0: cat\n1: dog\n2: tench, Tinca tinca\n",
        b"0\tcat\n1\tdog\n2\ttench, Tinca tinca\n",
        b'["cat", "dog", "tench, Tinca tinca"]',
        b'{"0": "cat", "1": "dog", "2": "tench, Tinca tinca"}',
        b'{"2": "tench, Tinca tinca", "0": "cat", "1": "dog"}',
        b'{"cat": 0, "dog": 1, "tench, Tinca tinca": 2}',
        b'{"tench, Tinca tinca": "2", "cat": "0", "dog": "1"}',
        b'{"0": ["n01", "cat"], "1": ["n02", "dog"], "2": ["n03", "tench, Tinca tinca"]}',
        b'[["n01", "cat"], ["n02", "dog"], ["n03", "tench, Tinca tinca"]]',
        b'{"object_type_names": ["cat", "dog", "tench, Tinca tinca"]}',
        b'{"class_to_idx": {"cat": 0, "dog": 1, "tench, Tinca tinca": 2}, "epoch": 3}',
        b'{"classes": ["cat", "dog", "tench, Tinca tinca"]}',
        b'{"id2label": {"0": "cat", "1": "dog", "2": "tench, Tinca tinca"}}',
        b"{0: 'cat',\n 1: 'dog',\n 2: 'tench, Tinca tinca'}",
        b'\xef\xbb\xbf  ["cat", "dog", "tench, Tinca tinca"]',
    ],
)
def test_the_usual_forms(data: bytes, tmp_path: Path) -> None:
    assert read_labels(written(tmp_path, data)) == CATS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0\n1\n2\n", ("0", "1", "2")),
        ("0 zero\n1 one\n3 three", ("0 zero", "1 one", "3 three")),
        ("1 one\n2 two", ("1 one", "2 two")),
        ("n01440764 tench\nn01443537 goldfish", ("tench", "goldfish")),
        ('{"1": "cat", "2": "dog"}', ("cat", "dog")),
        ('{"0": 0, "1": 1, "10": 2, "2": 3}', ("0", "1", "10", "2")),
        ('{"0": "1", "1": "0"}', ("1", "0")),
        ('[1, 2.5, "x"]', ("1", "2.5", "x")),
        ("cat\ncat\n", ("cat", "cat")),
        ('["cat", "cat"]', ("cat", "cat")),
        ('{"0": "cat", "1": "cat"}', ("cat", "cat")),
        ("Käse\nBär", ("Käse", "Bär")),
        ("a\x0bb\nc d", ("a\x0bb", "c d")),
    ],
)
def test_odd_but_right(text: str, expected: tuple[str, ...]) -> None:
    assert parse_labels(text) == expected


def test_text_that_is_not_utf8_is_read_as_windows_writes_it(tmp_path: Path) -> None:
    assert read_labels(written(tmp_path, "Käse\nBär\n".encode("cp1252"))) == ("Käse", "Bär")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no names in it"),
        ("\n\n", "no names in it"),
        ("cat\n\ndog\n", "line 2 is empty"),
        ("\ncat\n", "line 1 is empty"),
        ("[]", "no names in it"),
        ("{}", "no names in it"),
        ('{"0": "cat", "2": "dog"}', "index 1 is missing"),
        (json.dumps({str(number): f"name {number}" for number in range(1, 11)}), "index 0 is missing"),
        ('{"0": "cat", "1": "dog", "0": "cow"}', "'0' occurs twice"),
        ('{"cat": 0, "dog": 5}', "2 names for the indices up to 5, and index 1 is missing"),
        ('{"cat": 0, "dog": 0}', "index 0 occurs twice, for 'cat' and 'dog'"),
        ('{"cat": -1, "dog": 0}', "index 1 is missing"),
        ('{"cat": 0.5, "dog": 1}', "neither leads"),
        ('{"cat": "pet", "dog": "pet"}', "neither leads"),
        ('{"cat": true}', "neither leads"),
        ('["cat", null]', "None is no name"),
        ('["cat", true]', "True is no name"),
        ('["cat", []]', "is no name"),
        ('["cat", " "]', "is no name"),
        ('{"": 0}', "is no name"),
        ('["cat", {"name": "dog"}]', "is no name"),
        ('["cat", "dog"', "begins like JSON"),
        ("{cat: 0}", "begins like JSON"),
        ("[" * 100_000, "begins like JSON"),
        ("{" + "9" * 4_000_000, "begins like JSON"),
        ("{" + "9" * 5_000_000, "longer than 4 MB"),
    ],
)
def test_what_cannot_be_used_is_said(text: str, words: str) -> None:
    with pytest.raises(LabelsError, match=words) as caught:
        parse_labels(text)
    assert caught.value.remedy


def test_long_things_are_shown_short() -> None:
    with pytest.raises(LabelsError) as caught:
        labels_from([{"name": "x" * 1000}])
    assert len(caught.value.why) < 100


def test_a_number_is_no_label_file() -> None:
    with pytest.raises(LabelsError, match="neither a list nor an object"):
        labels_from(3)


def test_the_message_names_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, b'{"a": 0, "b": 2, "c": 3}', "classes.json")
    with pytest.raises(
        LabelsError, match=r"^classes\.json cannot be used for class names\. The reason: it has 3 names"
    ):
        read_labels(path)


@given(st.binary(max_size=300))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(data)
    with contextlib.suppress(LabelsError):
        labels = read_labels(path)
        assert labels
        assert all(labels)


NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1).map(str.strip).filter(bool)


@given(st.lists(NAMES, min_size=1))
def test_every_form_gives_the_same_names(names: list[str]) -> None:
    expected = tuple(names)
    assert labels_from(json.loads(json.dumps(names))) == expected
    assert labels_from({str(index): name for index, name in enumerate(names)}) == expected
    numbered_lines = "\n".join(f"{index} {name}" for index, name in enumerate(names))
    assert parse_labels(numbered_lines) == expected


@given(st.lists(NAMES, min_size=1, unique=True))
def test_names_to_numbers(names: list[str]) -> None:
    assert labels_from({name: index for index, name in enumerate(names)}) == tuple(names)


def test_numbers_stand_in_for_names() -> None:
    assert numbered(3) == ("0", "1", "2")
    assert numbered(0) == ()


def test_fitting_labels() -> None:
    fit_labels(CATS, 3)
    with pytest.raises(LabelsError, match="There are 3 names, and the model tells 10 classes apart"):
        fit_labels(CATS, 10)
    with pytest.raises(LabelsError, match="heading or a background class"):
        fit_labels(CATS, 2)


# Files.


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match=r"labels\.txt does not exist"):
        read_labels(tmp_path / "labels.txt")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="It is a folder"):
        read_labels(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_pipe_does_not_keep_anybody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "labels.txt")
    with pytest.raises(LabelsError, match="not an ordinary file"):
        read_labels(tmp_path / "labels.txt")


def test_no_permission(private_file: Path) -> None:
    with pytest.raises(LabelsError, match="refuses permission"):
        read_labels(private_file)


def test_an_impossible_name(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="cannot be read"):
        read_labels(tmp_path / "a\x00b")


@pytest.mark.parametrize("data", [b"\x80\x02}q\x00.", b"PK\x03\x04\x14\x00\x00\x00", bytes(100)])
def test_a_file_that_is_no_text(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="not a text file"):
        read_labels(written(tmp_path, data))


def test_a_file_that_is_far_too_large(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    with path.open("wb") as file:
        file.truncate(33 * 1024 * 1024)
    with pytest.raises(LabelsError, match="larger than 32 MB"):
        read_labels(path)


def test_read_text_raises_the_family_that_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(PreprocessingError):
        read_text(tmp_path / "gone", PreprocessingError)
