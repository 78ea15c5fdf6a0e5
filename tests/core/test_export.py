from __future__ import annotations

import csv
import io
import json
import os
from array import array
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.descriptions import Provenance
from core.errors import ExportError, ImageError
from core.export import COLUMNS, save_results, to_csv, to_json, to_jsonl, to_records, write_text
from core.images import ImageSource
from core.predictions import ImageResult, Prediction
from core.preprocessing import Preprocessing

PROVENANCE = Provenance("w", "0" * 64, "resnet18", Preprocessing(), "labels.txt", "cpu", "float32", "0.1.0")
LABELS = ("cat", 'dog, "big"', "tench\nTinca", "=1+1")


def answered(name: str = "a.jpg", *scores: float) -> ImageResult:
    scores = scores or (0.125, 0.5, 0.25, 0.125)
    return ImageResult(ImageSource(name), Prediction(array("f", scores), LABELS, 0.1, PROVENANCE), None, 4, 3)


def failed(name: str = "b.jpg") -> ImageResult:
    return ImageResult(ImageSource(name), None, ImageError("b.jpg is cut off.", "It ends early.", "Copy it again."))


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_records_are_what_the_command_line_promises() -> None:
    assert to_records([answered(), failed()], 2) == [
        {
            "image": "a.jpg",
            "predictions": [
                {"label": 'dog, "big"', "index": 1, "score": 0.5},
                {"label": "tench\nTinca", "index": 2, "score": 0.25},
            ],
            "error": None,
        },
        {"image": "b.jpg", "predictions": [], "error": "b.jpg is cut off. It ends early. Copy it again."},
    ]


@pytest.mark.parametrize(("k", "count"), [(0, 4), (1, 1), (4, 4), (99, 4)])
def test_k(k: int, count: int) -> None:
    (record,) = json.loads(to_json([answered()], k))
    assert len(record["predictions"]) == count
    assert len(table(to_csv([answered()], k))) == count


def test_csv_has_a_line_an_image_and_class() -> None:
    rows = table(to_csv([answered(), failed()], 2))
    assert tuple(rows[0]) == COLUMNS
    assert COLUMNS[:4] == ("filename", "index", "label", "prob")
    assert [tuple(row.values()) for row in rows] == [
        ("a.jpg", "1", 'dog, "big"', "0.5", "1", ""),
        ("a.jpg", "2", "tench\nTinca", "0.25", "2", ""),
        ("b.jpg", "", "", "", "", "b.jpg is cut off. It ends early. Copy it again."),
    ]


def test_no_name_is_changed() -> None:
    rows = table(to_csv([answered("=cmd.jpg"), answered("a,b.jpg"), answered("sub/ü\n.jpg")], 0))
    assert [row["filename"] for row in rows[::4]] == ["=cmd.jpg", "a,b.jpg", "sub/ü\n.jpg"]
    assert {row["label"] for row in rows} == set(LABELS)


def test_scores_are_written_in_full() -> None:
    third = array("f", [1 / 3])[0]
    (row,) = table(to_csv([answered("a", 1 / 3, 0, 0, 0)], 1))
    (record,) = json.loads(to_json([answered("a", 1 / 3, 0, 0, 0)], 1))
    assert float(row["prob"]) == record["predictions"][0]["score"] == third


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_never_makes_invalid_json(odd: float) -> None:
    def refuse(text: str) -> object:
        raise AssertionError(text)

    results = [answered("a", odd, odd, odd, odd)]
    for text in (to_json(results, 0), f"[{to_jsonl(results, 0)}]"):
        (record,) = json.loads(text, parse_constant=refuse)
        assert {score["score"] for score in record["predictions"]} == {None}
    assert {row["prob"] for row in table(to_csv(results, 0))} == {""}


def test_a_result_with_neither_answer_nor_error_says_so() -> None:
    (record,) = to_records([ImageResult(ImageSource("a"), None, None)], 1)
    assert record["error"] == "There is no answer."


NAMES = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(NAMES, max_size=4))
def test_any_name_comes_back_from_every_format(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    results = [answered(name) for name in names]
    folder = tmp_path_factory.getbasetemp()
    for end in (".json", ".jsonl", ".csv"):
        save_results(folder / f"any{end}", results, 1)
    assert [item["image"] for item in json.loads((folder / "any.json").read_bytes())] == names
    lines = (folder / "any.jsonl").read_bytes().decode().split("\n")[:-1]
    assert [json.loads(line)["image"] for line in lines] == names
    with (folder / "any.csv").open(encoding="utf-8", newline="") as file:
        assert [row["filename"] for row in csv.DictReader(file)] == names


def test_a_file_name_that_is_no_text_is_written_with_escapes(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    for end in (".json", ".csv"):
        save_results(tmp_path / f"a{end}", [answered(name)], 1)
    (record,) = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert record["image"] == name
    assert "caf\\udce9.jpg" in (tmp_path / "a.csv").read_text(encoding="utf-8")


# Files.


@pytest.mark.parametrize(("name", "make"), [("a.csv", to_csv), ("a.JSON", to_json), ("a.jsonl", to_jsonl)])
def test_the_ending_says_the_format(
    name: str, make: Callable[[Iterable[ImageResult], int], str], tmp_path: Path
) -> None:
    save_results(tmp_path / name, [answered(), failed()], 2)
    assert (tmp_path / name).read_bytes().decode() == make([answered(), failed()], 2)


@pytest.mark.parametrize("name", ["a.xlsx", "a", "csv"])
def test_another_ending_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"ends in \.csv, \.json, \.jsonl"):
        save_results(tmp_path / name, [], 1)
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old and longer")
    path.chmod(0o640)
    write_text(path, "new\n")
    assert path.read_bytes() == b"new\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "x")
    (tmp_path / "b.txt").touch()
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    write_text(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


def test_until_the_new_file_is_whole_the_old_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fsync(_: int) -> None:
        assert path.read_text() == "old"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(ExportError, match="The disk is full"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interruption_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(KeyboardInterrupt):
        write_text(tmp_path / "a.txt", "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no such device")
def test_a_full_device() -> None:
    with pytest.raises(ExportError, match="The disk is full"):
        write_text(Path("/dev/full"), "x")


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="the system has no such device")
def test_a_device_is_written_to_not_replaced() -> None:
    write_text(Path("/dev/null"), "x")
    assert not Path("/dev/null").is_file()


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="Its folder does not exist"):
        write_text(tmp_path / "gone" / "a.csv", "x")


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(ExportError, match="Its folder is a file"):
        write_text(tmp_path / "a" / "b.csv", "x")


def test_a_folder_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(ExportError, match="a folder of that name"):
        write_text(tmp_path / "a.csv", "x")


@pytest.mark.parametrize(("name", "words"), [("x" * 300 + ".csv", "too long"), ("a\x00b.csv", "null")])
def test_an_impossible_name(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=words):
        write_text(tmp_path / name, "x")


def test_links_in_a_circle(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.symlink_to(path)
    with pytest.raises(ExportError):
        write_text(path, "x")


def test_no_permission(private_file: Path) -> None:
    with pytest.raises(ExportError, match="You may not write there"):
        write_text(private_file.with_name("a.csv"), "x")
    with pytest.raises(ExportError, match="You may not write there"):
        write_text(private_file, "x")


def test_a_write_protected_file_is_left_alone(private_file: Path) -> None:
    # The folder lets everybody write: only the file itself is protected.
    with pytest.raises(ExportError, match="You may not write there"):
        write_text(private_file.parent / "open" / "protected.csv", "x")
