from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from core.labelled import LabelledData, align
from tests.core.array_files import put
from tests.core.labelled.making import folders, pairs, picture, read
from tests.core.saying import Evaluate


def test_a_repeated_row_counts_once(tmp_path: Path) -> None:
    data = read(put(tmp_path, "d.csv", "path,label\na.jpg,cat\n./a.jpg,cat\nb.jpg,dog\n"))
    assert pairs(data) == [("a.jpg", ("cat",)), ("b.jpg", ("dog",))]
    assert data.notes == ("1 rows repeat another row, and count once.",)


def test_an_image_under_two_labels_is_told(tmp_path: Path) -> None:
    path = put(tmp_path, "d.csv", "path,label\na.jpg,cat\na.jpg,dog\nb.jpg,dog\n")
    data = read(path)
    assert len(data.images) == 3
    assert "a.jpg with cat and dog" in data.notes[0]
    assert pairs(read(path, wanted="labels")) == [("a.jpg", ("cat", "dog")), ("b.jpg", ("dog",))]
    assert "a.jpg with 1 and 2.5" in read(put(tmp_path, "e.csv", "path,age\na.jpg,1\na.jpg,2.5\n")).notes[0]


def test_absolute_paths_and_links(tmp_path: Path) -> None:
    there = picture(tmp_path / "elsewhere" / "a.png")
    data = read(put(tmp_path, "d.csv", f"path,label\n{there.as_posix()},cat\nhttps://example.org/b.jpg,dog\n"))
    assert [(image.source.path, image.source.url) for image in data.images] == [
        (there, ""),
        (None, "https://example.org/b.jpg"),
    ]


@pytest.mark.parametrize(
    ("written", "there"),
    [("a", "a.jpg"), ("a.png", "images/a.png"), ("a", "train/a.jpg"), ("data/a.png", "../data/a.png")],
)
def test_paths_that_start_elsewhere(tmp_path: Path, written: str, there: str) -> None:
    folder = tmp_path / "in"
    picture((folder / there).resolve())
    folder.mkdir(exist_ok=True)
    data = read(put(folder, "d.csv", f"path,label\n{written},cat\n"))
    found = data.images[0].source.path
    assert found is not None
    assert found.resolve() == (folder / there).resolve()
    assert len(data.notes) == 1


def test_nothing_is_looked_for_where_paths_are_right(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "images" / "a.png")
    data = read(put(tmp_path, "d.csv", "path,label\na.png,cat\ngone.png,cat\n"))
    assert [image.source.path for image in data.images] == [tmp_path / "a.png", tmp_path / "gone.png"]
    assert data.notes == ()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a permission there")
def test_links_are_followed(tmp_path: Path) -> None:
    folders(tmp_path / "real", {"cat": 2})
    (tmp_path / "d" / "dog").mkdir(parents=True)
    (tmp_path / "d" / "cat").symlink_to(tmp_path / "real" / "cat")
    (tmp_path / "d" / "dog" / "x.png").symlink_to(tmp_path / "real" / "cat" / "0.png")
    assert read(tmp_path / "d").counts() == {"cat": 2, "dog": 1}


def test_missing_files_one_class_and_a_single_image(evaluate: Evaluate, tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    said = evaluate(put(tmp_path, "d.csv", "path,label\na.png,cat\ngone.png,cat\n"), "--format", "json")
    assert said.status == 1
    assert said.record["count"] == 1
    assert "gone.png" in said.record["skipped"][0]["image"]
    found = said.record["metrics"]
    assert found["roc_auc_macro_ovr"] is None
    assert found["accuracy"] in (0.0, 1.0)
    assert said.record["intervals"]["accuracy"][1] - said.record["intervals"]["accuracy"][0] > 0.7
    said = evaluate(put(tmp_path, "e.csv", "path,label\ngone.png,cat\n"))
    assert (said.status, said.out) == (2, "")
    assert "None of the images could be answered" in said.err


def test_names_of_training_count_where_others_are_shown() -> None:
    data = LabelledData("", "folders", "classes", (), ("10", "2", "Rose"))
    found = align(data, ("tulip", "rose", "daisy"), None, ("10", "1", "2"))
    assert found.indices == {"10": 0, "2": 2, "Rose": 1}
    assert [row.how for row in found.rows][:2] == ["same name, as the folder in training had it"] * 2
    assert align(LabelledData("", "csv", "classes", (), ("0.0", "2.0")), ("a", "b", "c")).indices == {
        "0.0": 0,
        "2.0": 2,
    }


def test_very_many_rows_and_labels(tmp_path: Path) -> None:
    """Not timed: what takes a time that grows with the square would end this test by its time limit."""
    count = 100_000
    labels = np.random.default_rng(0).integers(0, 1000, count)
    text = "path,label\n" + "".join(f"img/{number}.jpg,c{label}\n" for number, label in enumerate(labels))
    data = read(put(tmp_path, "d.csv", text))
    assert len(data.images) == count
    assert len(align(data, [f"C{index}" for index in range(1000)]).indices) == 1000
    many = LabelledData("", "csv", "classes", (), tuple(f"x{number}" for number in range(count)))
    assert align(many, ("cat", "dog")).problem
