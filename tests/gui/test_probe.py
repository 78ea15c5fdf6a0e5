"""The window that finds a model's preprocessing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from core.errors import DataError
from core.preprocessing import PRESETS
from core.probes import Probe, Tried
from gui.probe_view import ProbeView
from tests.gui.conftest import Opened

HALF, PLAIN, CIFAR = PRESETS["half"], PRESETS["none"], PRESETS["cifar10"]


def found(ties: int = 1) -> Probe:
    tried = (
        Tried("-1 to 1", HALF, 18, -0.2, 0, 1.0),
        Tried("as it is now", CIFAR, 17, -0.4, 2, 0.4 if ties > 1 else 0.01),
        Tried("0 to 1", PLAIN, 6, -3.0, 13, 0.0001),
    )
    return Probe(20, tried, ties, 4, (("broken.jpg", "It is no picture."),), 2)


def view_of(opened: Opened) -> ProbeView:
    opened.window.actions_by_name["find_preprocessing"].trigger()
    return next(iter(opened.window.findChildren(ProbeView)))


def cells(view: ProbeView) -> list[list[str]]:
    model = view.table.model()
    return [
        [str(model.index(row, column).data()) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_a_folder_is_probed_and_the_winner_adopted(opened: Opened, tmp_path: Path) -> None:
    opened.fake.probes[tmp_path] = found()
    view = view_of(opened)
    view.choose.click()
    dialog = next(iter(view.findChildren(QFileDialog)))
    dialog.filesSelected.emit([str(tmp_path)])
    opened.until(lambda: view.table.isVisible())
    assert cells(view) == [
        ["-1 to 1", "18 of 20", "81.9 %", "best"],
        ["as it is now", "17 of 20", "67.0 %", ""],
        ["0 to 1", "6 of 20", "5.0 %", ""],
    ]
    assert "18 of 20 images are answered rightly with -1 to 1" in view.line.text()
    assert "4 other ways were given up" in view.line.text()
    assert "broken.jpg" in view.line.text()
    view.use.click()
    opened.until(lambda: opened.fake.dresses and opened.fake.dresses[-1].preprocessing == HALF)
    opened.until(lambda: cells(view)[0][3] == "in use, best")


def test_ties_are_told(opened: Opened, tmp_path: Path) -> None:
    opened.fake.probes[tmp_path] = found(ties=2)
    view = view_of(opened)
    opened.session.probing.probe(tmp_path)
    opened.until(lambda: view.table.isVisible())
    assert [row[3] for row in cells(view)] == ["best", "a tie with it", ""]
    assert "1 other cannot be told from it" in view.line.text()


def test_what_cannot_be_used_is_said_in_its_place(opened: Opened, tmp_path: Path) -> None:
    opened.fake.probes[tmp_path] = DataError("There are no class folders.", "It is empty.", "Choose another.")
    view = view_of(opened)
    opened.session.probing.probe(tmp_path)
    opened.until(lambda: "no class folders" in view.line.text())
    assert not view.table.isVisible()
    assert view.choose.isVisible()


def test_it_can_be_cancelled(opened: Opened, tmp_path: Path) -> None:
    view = view_of(opened)
    opened.session.probing.probe(tmp_path)
    opened.until(lambda: view.cancel.isVisible())
    view.cancel.click()
    opened.until(lambda: view.choose.isVisible())
    assert not opened.session.probing.busy


def test_closing_it_ends_the_probe(opened: Opened, tmp_path: Path) -> None:
    view = view_of(opened)
    opened.session.probing.probe(tmp_path)
    opened.until(lambda: view.cancel.isVisible())
    view.close()
    opened.until(lambda: not opened.session.probing.busy)


def test_another_model_closes_it(opened: Opened, tmp_path: Path) -> None:
    view_of(opened)
    spec = replace(opened.session.models.info.spec, kind="file", weights=str(tmp_path / "a.pth"))  # type: ignore[union-attr]
    opened.session.models.open(spec)
    opened.until(lambda: not opened.window.findChildren(ProbeView))


def test_what_the_model_brings_is_named_among_ties() -> None:
    own = Tried("as the model brings it", PLAIN, 18, -0.2, 0, 0.9)
    best, *others = found(ties=2).tried
    probe = Probe(20, (best, own, *others), 2, 4, (), 2)
    assert probe.verdict().endswith("1 other cannot be told from it. What the model brings is among them.")
    assert "More images" in found(ties=2).verdict()
