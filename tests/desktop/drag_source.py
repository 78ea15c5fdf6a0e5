"""A second program to drag from: a small window whose press of the mouse starts a drag of what it was given.

python drag_source.py FILE...            drags file URLs
python drag_source.py --link URL         drags a link, as a browser does
python drag_source.py --pixels FILE      drags image data without any URL
"""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDrag, QImage, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel

TITLE = "drag source"


def mime(arguments: list[str]) -> QMimeData:
    """What the drag carries."""
    data = QMimeData()
    match arguments:
        case ["--link", url]:
            data.setUrls([QUrl(url)])
            data.setText(url)
        case ["--pixels", file]:
            data.setImageData(QImage(file))
        case _:
            data.setUrls([QUrl.fromLocalFile(str(Path(file).resolve())) for file in arguments])
    return data


class Source(QLabel):
    """The window to press on."""

    def __init__(self, arguments: list[str]) -> None:
        super().__init__("drag me")
        self.setWindowTitle(TITLE)
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.setWindowFlag(Qt.WindowType.WindowStaysOnTopHint)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.resize(80, 60)
        self.move(QPoint(0, 0))
        self._arguments = arguments

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Start the drag; it runs until the mouse is released."""
        event.accept()
        drag = QDrag(self)
        drag.setMimeData(mime(self._arguments))
        drag.exec(Qt.DropAction.CopyAction)


if __name__ == "__main__":
    application = QApplication(sys.argv[:1])
    source = Source(sys.argv[1:])
    source.show()
    sys.exit(application.exec())
