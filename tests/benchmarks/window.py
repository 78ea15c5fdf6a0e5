"""The real window with the real engine, in this process, for measuring."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QEventLoop, QMimeData, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from gui.app import App
from gui.main_window import MainWindow
from gui.session import Session

TIMEOUT_S = 300.0
REST_S = 0.6
_PLACE = QPointF(200, 200)
_COPY, _BUTTON, _KEY = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class Opened:
    """A window with a model in it."""

    def __init__(self, application: QApplication, app: App) -> None:
        self._application = application
        self._app = app
        self._held = QMimeData()

    @property
    def window(self) -> MainWindow:
        """The window itself."""
        return self._app.window

    @property
    def session(self) -> Session:
        """What is behind it."""
        session = self._app.session
        assert session is not None
        return session

    @property
    def answered(self) -> int:
        """How many images have their answer."""
        return self._app.window.results.answered

    def until(self, ready: Callable[[], bool]) -> None:
        """Run the event loop, which sleeps between events, until something is true."""
        deadline = time.monotonic() + TIMEOUT_S
        while not ready():
            if time.monotonic() > deadline:
                raise TimeoutError("the window did not get there")
            self._application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)

    def run(self, seconds: float) -> None:
        """Run the event loop for a while."""
        over: list[None] = []
        QTimer.singleShot(int(seconds * 1000), lambda: over.append(None))
        self.until(lambda: bool(over))

    def hover(self, paths: Sequence[Path]) -> None:
        """Hold files over the window, as the window system would; Qt delivers a drop only after this."""
        self._held = QMimeData()
        self._held.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        QApplication.sendEvent(self._app.window, QDragEnterEvent(_PLACE.toPoint(), _COPY, self._held, _BUTTON, _KEY))
        self.paint()

    def let_go(self) -> None:
        """Drop what is held."""
        QApplication.sendEvent(self._app.window, QDropEvent(_PLACE, _COPY, self._held, _BUTTON, _KEY))

    def drop(self, paths: Sequence[Path]) -> None:
        """Drop files on the window."""
        self.hover(paths)
        self.let_go()

    def open_architectures(self) -> None:
        """Click on the picker of architectures, and paint its list."""
        picker = self._app.window.model_bar.architecture
        picker.click()
        if picker.list is None:
            raise RuntimeError("the list did not open")
        self.paint()
        picker.list.grab()
        picker.list.close()

    def shows_answer_of(self, photo: Path) -> bool:
        """Whether the photo is the one shown, with its prediction."""
        session = self._app.session
        entry = session.images.current if session is not None else None
        if entry is None or entry.source.path != photo or entry.answered is None:
            return False
        if entry.answered.prediction is None:
            raise RuntimeError(f"no answer: {entry.answered.error}")
        return True

    def rest(self) -> None:
        """Let the window finish what it left for later, so that nothing measured next shares the processors with it."""
        deadline = time.monotonic() + REST_S
        while time.monotonic() < deadline:
            self._application.processEvents()
            time.sleep(0.01)

    def paint(self) -> None:
        """Let the event loop paint what has changed."""
        self._application.processEvents()
        QApplication.sendPostedEvents()


@contextmanager
def open_window(folder: Path, weights: Path | None = None) -> Generator[Opened]:
    """Open the window and wait until its model is ready.

    Args:
        folder: for the settings.
        weights: a weights file; ``None`` for the built-in model.
    """
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        application = QApplication(["whatsit"])
    app = App(application, (), str(weights or ""), settings=folder / "settings.ini")
    opened = Opened(application, app)
    app.show()
    opened.until(lambda: app.session is not None and app.session.models.info is not None)
    yield opened
    app.window.close()
    app.close()
