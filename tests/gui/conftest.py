"""The window with a fake workbench behind it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.jobs import Listener
from core.workbench import Workbench
from gui.app import App
from gui.main_window import MainWindow
from gui.session import Session
from tests.gui.fake_workbench import FakeWorkbench

_NOISE = r"This plugin does not support (propagateSizeHints\(\)|raise\(\)|grabbing the keyboard)"
"""Said by Qt's offscreen platform about itself."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.qt_log_ignore(_NOISE, extend=True))


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    """Asked for just before Qt starts: a desktop's own style and scale must not reach the tests."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    for name in ("QT_SCALE_FACTOR", "QT_STYLE_OVERRIDE", "QT_QPA_PLATFORMTHEME"):
        os.environ.pop(name, None)
    return ["whatsit"]


@dataclass
class Opened:
    """A window that a test can act on."""

    app: App
    fake: FakeWorkbench
    bot: QtBot

    @property
    def window(self) -> MainWindow:
        return self.app.window

    @property
    def session(self) -> Session:
        assert self.app.session is not None
        return self.app.session

    def until(self, ready: Callable[[], object], timeout: int = 8000) -> None:
        self.bot.waitUntil(lambda: bool(ready()), timeout=timeout)

    def wait_ready(self) -> None:
        """Until the model can answer."""
        self.until(lambda: self.session.models.info is not None)

    def wait_answered(self, count: int) -> None:
        self.until(lambda: self.window.results.answered == count)

    def show_photos(self, *paths: Path) -> None:
        """Drop files and wait for their answers."""
        count = self.window.results.rowCount()
        self.drop(files(*paths))
        self.wait_answered(count + len(paths))

    def drop(self, mime: QMimeData) -> bool:
        """Drag something over the window and let go; whether it was taken."""
        place, copy, button = QPointF(200, 200), Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
        none = Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(place.toPoint(), copy, mime, button, none)
        QApplication.sendEvent(self.window, enter)
        if not enter.isAccepted():
            return False
        event = QDropEvent(place, copy, mime, button, none)
        QApplication.sendEvent(self.window, event)
        return event.isAccepted()


MakeApp = Callable[..., Opened]


@pytest.fixture
def make_app(qtbot: QtBot, tmp_path: Path) -> Iterator[MakeApp]:
    """Open a window: ``prepare`` gets the fake workbench before anything is asked of it."""
    made: list[Opened] = []

    def make(
        arguments: tuple[Path, ...] = (),
        weights: str = "",
        prepare: Callable[[FakeWorkbench], object] | None = None,
        settings: Path | None = None,
    ) -> Opened:
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        fakes: list[FakeWorkbench] = []

        def make_workbench(listener: Listener) -> Workbench:
            fake = FakeWorkbench(listener)
            if prepare is not None:
                prepare(fake)
            fakes.append(fake)
            return fake

        target = settings or tmp_path / "settings" / "whatsit.ini"
        app = App(application, arguments, weights, settings=target, make_workbench=make_workbench)
        qtbot.addWidget(app.window)
        app.show()
        qtbot.waitUntil(lambda: app.session is not None, timeout=8000)
        opened = Opened(app, fakes[0], qtbot)
        made.append(opened)
        return opened

    yield make
    for opened in made:
        opened.fake.ready.set()
        opened.fake.go.set()
        opened.fake.sight.set()
        opened.window.close()
        assert opened.app.close()


@pytest.fixture
def opened(make_app: MakeApp) -> Opened:
    """A window whose model is ready."""
    made = make_app()
    made.wait_ready()
    return made


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Five photos, whose names differ in length, and so their answers."""
    folder = tmp_path / "photos"
    folder.mkdir()
    made: list[Path] = []
    for number in range(5):
        path = folder / f"photo{'x' * number}.jpg"
        Image.new("RGB", (64 + number, 48), (40 * number, 90, 160)).save(path)
        made.append(path)
    return made


def files(*paths: Path) -> QMimeData:
    """What a file manager drags."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime
