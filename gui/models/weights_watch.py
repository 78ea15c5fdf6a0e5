"""Notices that the weights file in use was written anew, as a training run does."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

_SETTLE_MS = 1000


class WeightsWatch(QObject):
    """Watches one file.

    A file that is being written changes many times, and one that is replaced is gone for a moment: it
    counts as changed once its time and size have stood still for a second.

    Signals:
        changed: the file's path.
    """

    changed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path: Path | None = None
        self._told = 0
        self._last = (0, 0)
        self._watcher = QFileSystemWatcher(self)
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self._look)
        self._watcher.fileChanged.connect(lambda: self._settle.start())
        self._watcher.directoryChanged.connect(lambda: self._settle.start())

    def watch(self, path: Path | None, modified_ns: int = 0) -> None:
        """Watch a file from now on, or none.

        Args:
            path: the file.
            modified_ns: its modification time as it was read.
        """
        watched = [*self._watcher.files(), *self._watcher.directories()]
        if watched:
            self._watcher.removePaths(watched)
        self._settle.stop()
        self._path, self._told = path, modified_ns
        self._last = (modified_ns, -1)
        if path is not None:
            self._arm(path)
            # It may have changed while it was being read.
            self._settle.start()

    def set_settle_ms(self, settle_ms: int) -> None:
        """How long a file must stand still, in milliseconds."""
        self._settle.setInterval(settle_ms)

    def _arm(self, path: Path) -> None:
        if path.exists() and str(path) not in self._watcher.files():
            self._watcher.addPath(str(path))
        if path.parent.is_dir() and not self._watcher.directories():
            self._watcher.addPath(str(path.parent))

    def _look(self) -> None:
        if self._path is None:
            return
        # A file that was replaced is another one to the system, and is watched no more.
        self._arm(self._path)
        try:
            state = self._path.stat()
        except OSError:
            return
        seen = (state.st_mtime_ns, state.st_size)
        if seen[0] == self._told:
            return
        if seen != self._last:
            self._last = seen
            self._settle.start()
            return
        self._told = seen[0]
        self.changed.emit(str(self._path))
