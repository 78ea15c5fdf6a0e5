"""Pictures have the window's colours, and Qt draws what they say."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from PySide6.QtCore import QByteArray
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from pytestqt.qtbot import QtBot

from core.plots import DARK, LIGHT, Cell, Palette, confusion_matrix
from gui import theme


@pytest.mark.parametrize(("mine", "window"), [(LIGHT, theme.LIGHT), (DARK, theme.DARK)])
def test_the_colours_of_the_window(mine: Palette, window: theme.Colours) -> None:
    for entry in fields(mine):
        if entry.name != "font":
            assert getattr(mine, entry.name) == getattr(window, entry.name)


@pytest.mark.parametrize("classes", [3, 30, 300])
def test_qt_draws_cells_where_they_are_said_to_be(qtbot: QtBot, classes: int) -> None:
    del qtbot
    matrix = np.diag(np.full(classes, 5))
    matrix[0, classes - 1] = 5
    picture = confusion_matrix(matrix, [f"c{index}" for index in range(classes)], DARK)
    image = QImage(round(picture.width), round(picture.height), QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    renderer = QSvgRenderer(QByteArray(picture.svg.encode()))
    assert renderer.isValid()
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    assert image.pixelColor(1, 1).name() == DARK.window
    seen: dict[bool, QColor] = {}
    for area in picture.areas:
        if isinstance(area.stands, Cell) and area.stands.true and area.stands.predicted and area.x < picture.height:
            colour = image.pixelColor(round(area.x + area.width / 4), round(area.y + area.height / 4))
            seen.setdefault(area.stands.true == area.stands.predicted, colour)
    assert seen[True].blue() > seen[True].red() + 20
    assert seen[False].red() > seen[False].blue() + 20
