"""Corrected labels, against measuring data that said so from the beginning."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics

from core.arrays import Takes
from core.corrections import (
    Corrections,
    Truth,
    corrected,
    recall,
    remember,
    save_changes,
    save_corrected,
    truth_of,
    written_as,
)
from core.errors import ArrayError, DataError, ExportError
from core.evaluations import Evaluation
from core.labelled import LabelledData, LabelledImage, align, read_labelled
from tests.core.evaluated import of_classes, of_several, of_values, random_scores
from tests.core.labelled.making import folders, read

NAMES = ("ant", "bee", "cow", "dog")
_sk = cast(Any, metrics)


@pytest.fixture
def classes() -> Evaluation:
    truth, scores = random_scores(60, 4, seed=3, sure=1.0)
    return of_classes(truth, scores, NAMES)


def made(data: LabelledData, *changes: tuple[int, Truth]) -> Corrections:
    corrections = Corrections()
    for place, truth in changes:
        corrections = corrections.having(place, truth, data)
    return corrections


def test_measures_are_those_of_data_that_says_so(classes: Evaluation) -> None:
    truth, said = classes.truth.copy(), np.asarray(classes.scores).argmax(axis=1)
    wrong = np.flatnonzero(truth != said)[:5]
    changes: list[tuple[int, Truth]] = [(int(place), (NAMES[int(said[place])],)) for place in wrong]
    found = corrected(classes, made(classes.data, *changes))
    truth[wrong] = said[wrong]
    assert found.measures.values["accuracy"] == pytest.approx(_sk.accuracy_score(truth, said), abs=1e-12)
    assert found.truth.tolist() == truth.tolist()
    assert f"{len(changes)} labels are corrected" in " ".join(found.data.notes)
    again = of_classes(truth, np.asarray(classes.scores), NAMES)
    assert found.measures.values == again.measures.values
    assert (found.measures.confusion == again.measures.confusion).all()


def test_what_is_left_out_is_measured_no_more(classes: Evaluation) -> None:
    gone = [0, 7, 8]
    found = corrected(classes, made(classes.data, *((place, None) for place in gone)))
    keep = np.setdiff1d(np.arange(60), gone)
    said = np.asarray(classes.scores).argmax(axis=1)
    assert found.count == 57
    assert found.measures.values["accuracy"] == pytest.approx((said == classes.truth)[keep].mean(), abs=1e-12)
    assert [found.source(row).name for row in range(57)] == [classes.source(int(row)).name for row in keep]
    assert [name for name, why in found.skipped if why.startswith("You")] == [classes.source(row).name for row in gone]


def test_nothing_is_left(classes: Evaluation) -> None:
    with pytest.raises(DataError, match="leave all images out"):
        corrected(classes, made(classes.data, *((place, None) for place in range(60))))


def test_several_labels(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    truth, scores = random.random((40, 3)) < 0.4, random.random((40, 3)).astype(np.float32)
    evaluation = of_several(truth, scores, ("x", "y", "z"))
    found = corrected(evaluation, made(evaluation.data, (2, ("x", "z")), (5, ())))
    truth[2], truth[5] = (True, False, True), False
    assert found.measures.values["exact_match"] == ((scores >= 0.5) == truth).all(axis=1).mean()
    assert found.true_labels.tolist() == truth.tolist()
    assert evaluation.true_labels.tolist() != truth.tolist()
    save_corrected(tmp_path / "t.csv", evaluation.data, made(evaluation.data, (2, ("x", "z")), (5, ())))
    again = read(tmp_path / "t.csv", wanted="labels")
    assert again.kind == "several"
    assert [set(image.labels) for image in again.images] == [
        {name for name, there in zip("xyz", row, strict=True) if there} for row in truth
    ]


def test_values(tmp_path: Path) -> None:
    truth, said = np.array([1.0, 2.5, 4.0]), np.array([1.5, 2.5, 9.0])
    evaluation = of_values(truth, said)
    corrections = made(evaluation.data, (2, 8.25))
    found = corrected(evaluation, corrections)
    assert found.measures.values["mae"] == pytest.approx(_sk.mean_absolute_error([1.0, 2.5, 8.25], said))
    save_corrected(tmp_path / "t.csv", evaluation.data, corrections)
    again = read(tmp_path / "t.csv")
    assert (again.kind, [image.value for image in again.images]) == ("values", [1.0, 2.5, 8.25])


def test_taking_a_correction_back_by_saying_what_the_data_says(classes: Evaluation) -> None:
    corrections = made(classes.data, (4, None), (4, classes.data.images[4].labels))
    assert not len(corrections)
    assert corrected(classes, corrections) is classes


def test_the_table_is_read_again(tmp_path: Path) -> None:
    root = folders(tmp_path / "photos, and more", {"ant": 3, "bee": 2})
    data = read(root)
    corrections = made(data, (0, ("cow",)), (4, None))
    count = save_corrected(tmp_path / "fixed.csv", data, corrections)
    again = read(tmp_path / "fixed.csv")
    assert count == len(again.images) == 4
    assert [image.labels for image in again.images] == [("cow",), ("ant",), ("ant",), ("bee",)]
    assert all(image.source.path is not None and image.source.path.is_file() for image in again.images)
    rows = list(csv.reader((tmp_path / "fixed.csv").read_text("utf-8").splitlines()))
    assert rows[0] == ["path", "label"]
    assert not Path(rows[1][0]).is_absolute()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    save_corrected(elsewhere / "fixed.csv", data, corrections)
    assert len(read(elsewhere / "fixed.csv").images) == 4
    assert sorted(path.name for path in root.rglob("*.png")) == ["0.png", "0.png", "1.png", "1.png", "2.png"]


def test_only_the_changes(classes: Evaluation, tmp_path: Path) -> None:
    said = classes.data.images[1].labels[0]
    assert save_changes(tmp_path / "c.csv", classes.data, made(classes.data, (1, ("bee",)), (0, None))) == 2
    rows = list(csv.DictReader((tmp_path / "c.csv").read_text("utf-8").splitlines()))
    assert [row["is"] for row in rows] == ["", "bee"]
    assert rows[1]["was"] == said
    assert rows[1]["image"] == classes.source(1).name


def test_rows_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("width;height;kind\n1,5;2;ant\n2,5;3;bee\n4;5,25;ant\n", "utf-8")
    data = rows_of(tmp_path / "t.csv", 2)
    corrections = made(data, (0, ("bee",)), (1, None))
    assert save_corrected(tmp_path / "fixed.csv", data, corrections) == 2
    assert (tmp_path / "fixed.csv").read_text("utf-8") == "width;height;kind\n1,5;2;bee\n4;5,25;ant\n"
    again = rows_of(tmp_path / "fixed.csv", 2)
    assert [image.labels for image in again.images] == [("bee",), ("ant",)]


@pytest.mark.parametrize("truth", [np.array([0, 1, 1]), np.array(["ant", "bee", "bee"]), np.array([0.5, 1.25, 2.0])])
def test_rows_of_an_archive(tmp_path: Path, truth: NDArray[Any]) -> None:
    values = np.arange(6, dtype=np.float32).reshape(3, 2)
    np.savez(tmp_path / "t.npz", X=values, y=truth)
    data = rows_of(tmp_path / "t.npz", 2)
    said: Truth = 7.5 if data.kind == "values" else data.images[0].labels
    corrections = made(data, (2, said), (1, None))
    assert save_corrected(tmp_path / "fixed.npz", data, corrections) == 2
    with np.load(tmp_path / "fixed.npz", allow_pickle=False) as archive:
        assert archive["X"].tolist() == values[[0, 2]].tolist()
        assert archive["y"].dtype.kind == truth.dtype.kind
    again = rows_of(tmp_path / "fixed.npz", 2)
    assert [truth_of(image) for image in again.images] == [truth_of(data.images[0]), said]
    with pytest.raises(DataError, match="does not end in"):
        save_corrected(tmp_path / "fixed.csv", data, corrections)
    (tmp_path / "t.npz").unlink()
    with pytest.raises(ArrayError, match="cannot be read any more"):
        save_corrected(tmp_path / "fixed.npz", data, corrections)


def test_an_archive_with_a_column_for_each_label(tmp_path: Path) -> None:
    truth = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]], np.uint8)
    np.savez(tmp_path / "t.npz", X=np.zeros((3, 2), np.float32), y=truth)
    data = rows_of(tmp_path / "t.npz", 2)
    assert data.kind == "several"
    save_corrected(tmp_path / "fixed.npz", data, made(data, (0, ("2", "1")), (2, None)))
    with np.load(tmp_path / "fixed.npz", allow_pickle=False) as archive:
        assert archive["y"].tolist() == [[0, 1, 1, 0], [0, 1, 0, 0]]
        assert archive["y"].dtype == np.uint8
    with pytest.raises(DataError, match="which column it is"):
        save_corrected(tmp_path / "fixed.npz", data, made(data, (0, ("tree",))))


def test_a_folder_that_is_not_there(classes: Evaluation, tmp_path: Path) -> None:
    with pytest.raises(ExportError):
        save_corrected(tmp_path / "nowhere" / "t.csv", classes.data, Corrections())


def rows_of(path: Path, features: int) -> LabelledData:
    steps = read_labelled(path, takes=Takes(pictures=False, features=features))
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def test_corrections_are_there_the_next_time(classes: Evaluation, tmp_path: Path) -> None:
    data = classes.data
    corrections = made(data, (3, ("dog",)), (9, None))
    corrections = corrections if len(corrections) == 2 else made(data, (3, ("ant",)), (9, None))
    remember(data, corrections, tmp_path / "kept")
    assert dict(recall(data, tmp_path / "kept").changed) == dict(corrections.changed)
    # Another part, or other labels by now: not the same any more.
    assert not len(recall(replace(data, split="test"), tmp_path / "kept"))
    images = [replace(image, labels=("cow",)) if place == 3 else image for place, image in enumerate(data.images)]
    images = images if data.images[3].labels != ("cow",) else [*images[:3], LabelledImage(images[3].source, ("bee",))]
    assert 3 not in recall(replace(data, images=tuple(images)), tmp_path / "kept").changed
    remember(data, Corrections(), tmp_path / "kept")
    assert not len(recall(data, tmp_path / "kept"))


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"corrections": [1]}', '{"corrections": {"/nowhere/0.png": {"was": 1}}}']
)
def test_a_damaged_file_of_corrections_is_none(classes: Evaluation, tmp_path: Path, text: str) -> None:
    remember(classes.data, made(classes.data, (0, None)), tmp_path)
    next(tmp_path.glob("*.json")).write_text(text, encoding="utf-8")
    assert not len(recall(classes.data, tmp_path))


def test_a_class_is_written_as_the_data_does(tmp_path: Path) -> None:
    data = read(folders(tmp_path / "photos", {"Ant": 1, "kitty": 1}))
    alignment = align(data, ("ant", "cat", "cow"), {"kitty": 1})
    assert [written_as(alignment, ("ant", "cat", "cow"), index) for index in range(3)] == ["Ant", "kitty", "cow"]


def test_a_class_whose_label_was_left_out() -> None:
    truth, scores = random_scores(20, 2)
    evaluation = of_classes(truth, scores, ("ant", "bee"))
    rows = tuple(replace(row, index=-1, label="") if row.written == "bee" else row for row in evaluation.alignment.rows)
    evaluation = replace(evaluation, alignment=replace(evaluation.alignment, rows=rows))
    places = np.flatnonzero(truth == 0)
    evaluation = replace(
        evaluation, places=places, truth=truth[places], scores=scores[places], predicted=scores[places].argmax(axis=1)
    )
    found = corrected(evaluation, made(evaluation.data, (int(places[0]), ("bee",))))
    assert found.truth.tolist() == [1] + [0] * (len(places) - 1)


def test_a_label_that_another_model_has_is_left_out(classes: Evaluation) -> None:
    said = np.asarray(classes.scores).argmax(axis=1)
    found = corrected(classes, made(classes.data, (3, ("zebra",)), (5, (NAMES[int(said[5])],)), (9, None)))
    truth = classes.truth.copy()
    truth[5] = said[5]
    keep = np.setdiff1d(np.arange(60), [3, 9])
    assert found.measures.values["accuracy"] == pytest.approx(_sk.accuracy_score(truth[keep], said[keep]), abs=1e-12)
    reasons = ["Its label 'zebra' is none of the model's classes.", "You left it out."]
    assert list(found.skipped[-2:]) == list(zip([classes.source(3).name, classes.source(9).name], reasons, strict=True))
