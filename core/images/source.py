"""Where an image comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, slots=True)
class ImageSource:
    """Where an image comes from: the first of ``data``, ``path`` and ``url`` that is set.

    Attributes:
        name: as shown to a person and as written to results; forward slashes.
        path: a file.
        data: the bytes of an image file, such as the clipboard's.
        url: an http or https link.
    """

    name: str
    path: Path | None = None
    data: bytes | None = field(default=None, repr=False)
    url: str = ""

    @property
    def short_name(self) -> str:
        """The last part of the name, for messages."""
        return PurePosixPath(self.name).name or self.name or "The image"
