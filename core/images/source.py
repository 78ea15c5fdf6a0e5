"""Where an image comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from core.arrays import ArrayPlace


@dataclass(frozen=True, slots=True)
class ImageSource:
    """Where an image comes from: the first of ``data``, ``path`` and ``url`` that is set.

    Attributes:
        name: as shown to a person and as written to results; forward slashes.
        path: a file.
        data: the bytes of an image file, such as the clipboard's.
        url: an http or https link.
        place: which row or picture of a file of numbers; ``None`` where the file is an image.
    """

    name: str
    path: Path | None = None
    data: bytes | None = field(default=None, repr=False)
    url: str = ""
    place: ArrayPlace | None = None

    @property
    def is_row(self) -> bool:
        """Whether it is a row of numbers, not a picture."""
        return self.place is not None and self.place.kind == "row"

    @property
    def short_name(self) -> str:
        """The last part of the name, for messages."""
        return PurePosixPath(self.name).name or self.name or "The image"
