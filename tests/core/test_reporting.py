"""The report holds all of an evaluation, and nothing from elsewhere; the table holds every score."""

from __future__ import annotations

import base64
import csv
import io
import re
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import drawing
from core.comparing import compare_evaluations
from core.errors import Cancelled, ExportError
from core.evaluations import Evaluation
from core.plots import LIGHT
from core.reporting import save_predictions, save_report, to_html
from tests.core.evaluated import of_classes, of_several, of_values, random_scores
from tests.core.making import write_photo

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'\x00\u202eخ\ud800"
WHEN = datetime(2026, 1, 2, 3, 4)
VOID = {"meta", "img", "br"}


class _Page(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> _Page:
    """The page, after checking that it stands by itself and runs nothing."""
    page = _Page()
    page.feed(html)
    page.close()
    assert page.open == []
    for tag, attributes in page.tags:
        assert tag not in ("script", "link", "iframe", "object", "embed", "base", "form", "foreignobject", "image")
        assert not [name for name in attributes if name.startswith("on") or name in ("href", "srcset", "style")]
        assert attributes.get("src", "data:image/jpeg;base64,").startswith("data:image/jpeg;base64,")  # pyright: ignore[reportOptionalMemberAccess]
    assert not re.search(r"https?://|url\(|@import", html)
    html.encode("utf-8")
    return page


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def classes(tmp_path: Path) -> Evaluation:
    truth, scores = random_scores(60, 4, sure=1)
    paths = [write_photo(tmp_path / f"{number}.png", (200, 150), number) for number in range(10)]
    return of_classes(truth, scores, ("cat", HOSTILE, "خنزير", "never said"), paths)


def test_the_page_stands_by_itself(classes: Evaluation) -> None:
    html = to_html(classes, made=WHEN)
    page = read(html)
    told = " ".join(page.text.split())
    assert "2026-01-02 03:04" in told
    assert f"{100 * (classes.predicted == classes.truth).mean():.1f} %" in told
    low, high = classes.measures.intervals["accuracy"]
    assert f"{100 * low:.1f} % to {100 * high:.1f} %" in told
    assert "gone.png" in told
    assert "It has no label." in told
    assert "0" * 64 in told
    assert sum(tag == "svg" for tag, _ in page.tags) == 6
    pictures = [attributes["src"] or "" for tag, attributes in page.tags if tag == "img"]
    for picture in pictures:
        with Image.open(io.BytesIO(base64.b64decode(picture.partition(",")[2]))) as image:
            assert max(image.size) == 128
    wrong = np.flatnonzero(classes.predicted != classes.truth)
    first = wrong[np.argsort(-classes.scores[wrong].max(axis=1), kind="stable")][:24]
    assert len([row for row in first if row < 10]) <= len(pictures) < len(first) + 13
    assert "does not exist" in told
    assert not set("\x00\u202e\ud800") & set(html)


def test_by_day_by_night_and_on_paper(classes: Evaluation) -> None:
    html = to_html(classes)
    assert "prefers-color-scheme:dark" in html
    assert "@media print" in html
    assert "var(--accent)" in html
    assert "default-src 'none'" in html


def test_several_labels() -> None:
    random = np.random.default_rng(0)
    truth = random.random((80, 5)) < 0.4
    scores = np.clip(truth * 0.4 + random.random((80, 5)) * 0.6, 0, 1).astype(np.float32)
    evaluation = of_several(truth, scores, ("a", "b", HOSTILE, "d", "e"))
    assert (drawing.true_labels(evaluation) == truth).all()
    page = read(to_html(evaluation))
    assert "Exact match" in page.text
    assert f"{100 * ((scores >= 0.5) == truth).all(axis=1).mean():.1f} %" in page.text
    assert sum(tag == "svg" for tag, _ in page.tags) == 4


def test_a_regression(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    truth = random.normal(50, 10, 70)
    evaluation = of_values(truth, truth + random.normal(0, 2, 70))
    page = read(to_html(evaluation))
    assert sum(tag == "svg" for tag, _ in page.tags) == 2
    errors = evaluation.scores[:, 0].astype(np.float64) - truth
    assert f"{np.abs(errors).mean():.4f}" in page.text
    save_predictions(tmp_path / "p.csv", evaluation)
    rows = table(tmp_path / "p.csv")
    assert [float(row["error"]) for row in rows[:-1]] == pytest.approx(errors.tolist(), abs=1e-9)


def test_a_perfect_model_and_a_single_image() -> None:
    evaluation = of_classes(np.zeros(1, np.int64), np.asarray([[0.9, 0.1]], np.float32), ("a", "b"))
    page = read(to_html(evaluation))
    assert "There are none." in page.text
    assert "undefined" in page.text


def test_a_thousand_classes_stay_small() -> None:
    # Of a tenth of the classes, and taken for almost any: areas of the others need not be found.
    truth, scores = random_scores(4000, 1000, sure=1)
    html = to_html(of_classes(truth // 10, scores, [f"a name of usual length {index}" for index in range(1000)]))
    read(html)
    assert len(html) < 1_500_000
    assert html.count("<details>") == 2


def test_every_row_of_the_table(classes: Evaluation, tmp_path: Path) -> None:
    save_predictions(tmp_path / "p.csv", classes)
    rows = table(tmp_path / "p.csv")
    assert len(rows) == 61
    for row, truth, scores in zip(rows[:-1], classes.truth, classes.scores, strict=True):
        numbers = [float(text) for name, text in row.items() if name.startswith("score: ")]
        assert numbers == scores.astype(np.float64).tolist()
        assert (row["right"] == "right") == (int(scores.argmax()) == truth)
    assert rows[0]["image"] == classes.source(0).name
    assert rows[-1]["image"] == "gone.png"
    assert rows[-1]["left_out"] == "It has no label."


def test_a_table_of_several_labels(tmp_path: Path) -> None:
    truth = np.asarray([[True, True, False], [False, False, False]])
    scores = np.asarray([[0.9, 0.2, 0.7], [0.1, 0.2, 0.3]], np.float32)
    save_predictions(tmp_path / "p.csv", of_several(truth, scores, ("a", "b", "c")))
    rows = table(tmp_path / "p.csv")
    assert [(row["true"], row["predicted"], row["right"]) for row in rows[:2]] == [
        ("a|b", "a|c", "wrong"),
        ("", "", "right"),
    ]


def test_curves_of_chosen_classes(classes: Evaluation) -> None:
    svg = drawing.draw(classes, "roc", LIGHT, chosen=(2,)).svg
    assert "خنزير" in svg
    assert "never said" not in svg


def test_a_report_can_be_cancelled(classes: Evaluation) -> None:
    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        to_html(classes, check=stop)


def test_what_cannot_be_written_is_said(classes: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "r.html").write_text("old", encoding="utf-8")
    for save in (save_report, save_predictions):
        with pytest.raises(ExportError):
            save(tmp_path / "no" / "r.html", classes)
    save_report(tmp_path / "r.html", classes)
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert not list(tmp_path.glob("*.part"))


def test_another_model_in_the_page(classes: Evaluation) -> None:
    scores = np.roll(classes.scores, 1, axis=1)
    other = replace(classes, model=f"Other {HOSTILE}", scores=scores, predicted=scores.argmax(axis=1))
    html = to_html(classes, compared=compare_evaluations(classes, other), made=WHEN)
    page = read(html)
    told = " ".join(page.text.split())
    right = [each.predicted == classes.truth for each in (classes, other)]
    only = [int((right[place] & ~right[1 - place]).sum()) for place in (0, 1)]
    assert f"A answers {only[0] - only[1]} more of 60 images rightly." in told
    assert f"Only A is right: {only[0]}; Only B is right: {only[1]};" in told
    assert "McNemar" in told
    assert not set("\x00\u202e\ud800") & set(page.text)
    pictures = sum(min(12, count) for count in only)
    assert pictures == html.count('<b dir="auto">A: ') == html.count('<b dir="auto">B: ')


def test_a_report_tells_of_corrections_and_counts_in_words() -> None:
    one = of_classes(np.array([0]), np.array([[0.9, 0.1]], np.float32), ("ant", "bee"))
    data = replace(one.data, notes=("1 label is corrected by a person & so on.",))
    one = replace(one, data=data, alignment=replace(one.alignment, absent=(1,)))
    page = read(to_html(one, made=WHEN))
    assert "1 label is corrected by a person & so on." in page.text
    assert "1 image of" in page.text
    assert "1 of the model's 2 classes has no label in the data." in page.text
