"""Starts the window: as little as possible before it is painted, everything else after."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSocketNotifier, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from core.errors import DesktopError
from gui import preferences
from gui.main_window import MainWindow
from gui.widgets import theme

if TYPE_CHECKING:
    from core.jobs import Listener
    from core.workbench import Workbench
    from gui.bridge import Bridge
    from gui.session import Session

_log = logging.getLogger(__name__)
_CLOSE_S = 3.5
"""How long threads get to end; the process is gone a little later."""

_SWITCH_S = 0.001

MakeWorkbench = Callable[["Listener"], "Workbench"]


class App(QObject):
    """The window and what drives it.

    Attributes:
        window: shown by ``show``.
        session: ``None`` until the window is painted.

    Signals:
        started: the session is there.
        broke: a bug and its report; from any thread.
    """

    started = Signal()
    broke = Signal(object, str)

    def __init__(
        self,
        application: QApplication,
        arguments: Sequence[Path] = (),
        weights: str = "",
        architecture: str = "",
        settings: Path | None = None,
        make_workbench: MakeWorkbench | None = None,
    ) -> None:
        """Args:
        application: Qt's.
        arguments: images and folders to show.
        weights: a weights file to open; empty for the built-in model.
        architecture: id; empty to match.
        settings: where to keep them; ``None`` for the usual place.
        make_workbench: for tests.
        """
        super().__init__()
        self._arguments = list(arguments)
        self._weights = weights
        self._architecture = architecture
        self._make_workbench = make_workbench
        self._settings = settings or preferences.default_path()
        self.preferences = preferences.load(self._settings)
        self.preferences.home = self._settings.parent
        self.session: Session | None = None
        self._workbench: Workbench | None = None
        self._bridge: Bridge | None = None
        theme.apply(application, theme.is_dark(self.preferences.appearance))
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow_system)
        self.window = MainWindow()
        self.window.restore(self.preferences.geometry)
        self.window.greeting.show_line("Getting the built-in model ready …" if not weights else "Opening the model …")
        self.window.painted.connect(self._start)
        self.broke.connect(self._show_bug, Qt.ConnectionType.QueuedConnection)

    def show(self) -> None:
        """Show the window; the rest follows by itself."""
        self.window.show()

    def close(self) -> bool:
        """Save the settings and end all jobs; whether all threads have ended."""
        self.preferences.geometry = bytes(self.window.saveGeometry().data())
        preferences.save(self._settings, self.preferences)
        if self._bridge is not None:
            self._bridge.close()
        ended = self.session is None or self.session.close()
        return (self._workbench is None or self._workbench.close(_CLOSE_S)) and ended

    def report(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """For ``sys.excepthook``: a bug reaches a person, and the window lives on."""
        import traceback

        text = "".join(traceback.format_exception(kind, error, trace))
        _log.error("a bug:\n%s", text)
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        self.broke.emit(error, text)

    def _start(self) -> None:
        """Everything that the first painting did not need."""
        # How long a worker may keep the window waiting for the interpreter, each time it wants it.
        sys.setswitchinterval(_SWITCH_S)
        self.window.furnish()
        from gui.bridge import Bridge
        from gui.photos.picture import prepare
        from gui.session import Session
        from gui.wiring.window import Wiring

        make = self._make_workbench
        if make is None:
            from core.workbench import Workbench

            make = Workbench
        self._bridge = Bridge(prepare, self)
        self._workbench = make(self._bridge.listen)
        session = Session(self._workbench, self.window.results, self.preferences, self._bridge.listen, self.window)
        self._bridge.happened.connect(session.handle)
        Wiring(self.window, session)
        self.session = session
        session.start(self._arguments, self._weights, self._architecture)
        self.started.emit()

    def _follow_system(self) -> None:
        application = QApplication.instance()
        if isinstance(application, QApplication):
            theme.apply(application, theme.is_dark(self.preferences.appearance))

    def _show_bug(self, error: BaseException, report: str) -> None:
        from gui.widgets.error_view import Notice, words_for

        self.window.furnish()
        self.window.tell(Notice("bug", words_for(error, report)))


def check_bindings() -> None:
    """Refuse a PySide6 that would end the process with a fatal error after some thousand calls.

    PySide6 6.12.0 on Python 3.11 lowers the reference count of None with each call that returns None.

    Raises:
        DesktopError: this one does so.
    """
    probe, calls = QObject(), 64
    before = sys.getrefcount(None)
    for _ in range(calls):
        probe.setObjectName("probe")
    if before - sys.getrefcount(None) < calls // 2:
        return
    from PySide6 import __version__

    raise DesktopError(
        f"The window cannot be used with PySide6 {__version__} on Python {sys.version.split()[0]}.",
        "This PySide6 loses count of Python's objects, and would crash after a short while.",
        'Run `python -m pip install "pyside6-essentials<6.12"`, or use Python 3.12 or newer. '
        "Without a window, `python main.py classify PATH...` works.",
    )


def run(arguments: Sequence[Path] = (), weights: str = "", architecture: str = "") -> int:
    """Open the window and stay until it is closed; returns the exit status.

    Args:
        arguments: images and folders to show.
        weights: a weights file to open; empty for the built-in model.
        architecture: id; empty to match.

    Raises:
        DesktopError: the PySide6 that is installed cannot be used.
    """
    check_bindings()
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        application = QApplication([*sys.argv[:1], "-style", "fusion"])
    application.setApplicationName("Whatsit")
    application.setDesktopFileName("whatsit")
    app = App(application, arguments, weights, architecture)
    sys.excepthook = app.report
    threading.excepthook = lambda args: app.report(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)
    with _closing_on_signals(application):
        app.show()
        status = application.exec()
    # The window is unmapped before anything is waited for.
    application.processEvents()
    if not app.close():
        # A thread sits in a step that nobody can interrupt, such as importing torch.
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


@contextmanager
def _closing_on_signals(application: QApplication) -> Generator[None]:
    """Let Ctrl+C and a polite kill close the window.

    Python looks for signals only between its own steps, of which a window that waits makes none: so each
    signal writes a byte that wakes Qt.
    """

    import signal
    import socket

    def leave(_number: int, _frame: FrameType | None) -> None:
        application.closeAllWindows()

    listening, telling = socket.socketpair()
    with listening, telling:
        telling.setblocking(False)
        notifier = QSocketNotifier(listening.fileno(), QSocketNotifier.Type.Read, application)
        notifier.activated.connect(lambda: listening.recv(64))
        before = signal.set_wakeup_fd(telling.fileno())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, leave)
        yield
        signal.set_wakeup_fd(before)
        notifier.setEnabled(False)
