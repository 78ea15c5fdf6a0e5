"""A photo made ready for painting, away from the window's thread."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

from core.images import Preview
from core.jobs import Finished, JobEvent

_LARGEST_BY_ITSELF = 2400
"""A photo with a longer side than this, in pixels, gets smaller copies; one without is scaled in no time."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An upright photo in several sizes, so that any zoom paints from few pixels.

    Attributes:
        width, height: of the photo itself, in pixels.
        levels: RGB32, the largest first, each half of the one before.
        whole: whether there is nothing sharper to come.
    """

    width: int
    height: int
    levels: tuple[QImage, ...]
    whole: bool = True

    @property
    def bytes(self) -> int:
        """Memory that the levels take."""
        return sum(level.sizeInBytes() for level in self.levels)

    def level_for(self, width: float) -> QImage:
        """The smallest level that is at least ``width`` pixels wide; the largest where none is."""
        fitting = [level for level in self.levels if level.width() >= width]
        return fitting[-1] if fitting else self.levels[0]


def from_preview(preview: Preview) -> Picture:
    """Make the levels; some 40 ms for 12 megapixels, so not in the window's thread."""
    packed = QImage(preview.rgb, preview.width, preview.height, 3 * preview.width, QImage.Format.Format_RGB888)
    # The conversion copies, so the bytes may go.
    levels = [packed.convertToFormat(QImage.Format.Format_RGB32)]
    while max(levels[-1].width(), levels[-1].height()) > _LARGEST_BY_ITSELF:
        half = QSize(levels[-1].width() // 2, levels[-1].height() // 2)
        levels.append(
            levels[-1].scaled(half, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
        )
    return Picture(preview.full_width, preview.full_height, tuple(levels), preview.whole)


def from_thumbnail(thumbnail: bytes, width: int, height: int) -> Picture | None:
    """A stand-in until the photo itself is there; ``None`` where there is no thumbnail."""
    image = QImage.fromData(thumbnail)
    if image.isNull() or width <= 0 or height <= 0:
        return None
    return Picture(width, height, (image.convertToFormat(QImage.Format.Format_RGB32),))


def prepare(event: JobEvent) -> JobEvent:
    """For the bridge: a finished ``Preview`` becomes a ``Picture``, on the worker's thread."""
    if isinstance(event, Finished) and isinstance(event.value, Preview):
        return replace(event, value=from_preview(event.value))
    return event
