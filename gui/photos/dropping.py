"""What was dropped or pasted: files, folders, pictures from a browser, links, a weights file."""

from __future__ import annotations

import base64
import binascii
import itertools
import mimetypes
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from PySide6.QtCore import QBuffer, QByteArray, QEvent, QIODevice, QMimeData, QObject, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QImage, QImageWriter

from core.arrays import is_array_file
from core.images import ImageSource

WEIGHTS_SUFFIXES = frozenset(
    {".pth", ".pt", ".safetensors", ".ckpt", ".bin", ".th", ".pts", ".ptl", ".pt2", ".pkl"}
    | {".onnx", ".h5", ".keras", ".tflite", ".gguf"}
)
"""Files meant as a model, those that are refused with a better word than "not an image" among them."""

_NAMES_SUFFIXES = frozenset({".txt", ".json", ".yaml", ".yml", ".names"})
"""Files that may hold class names; they are no images."""
_MOST_IN_MODEL_FOLDER = 200
_PART = re.compile(r"-\d{5}-of-\d{5}\.\w+$")
"""How Hugging Face names the files that one network's weights are spread over."""
_RAW_FORMATS = ("image/png", "image/jpeg", "image/webp", "image/tiff", "image/gif", "image/bmp", "image/avif")
_LONGEST_TEXT = 4096
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Dropped:
    """What came out of a drop or of the clipboard.

    Attributes:
        paths: image files and folders.
        sources: pictures that are no files: bytes and links.
        weights: a weights file to open as the model.
        more_weights: further ones, which are not opened.
        architecture_file: a Python file that says how a network is built.
        labels: a file of class names.
    """

    paths: tuple[Path, ...] = ()
    sources: tuple[ImageSource, ...] = ()
    weights: Path | None = None
    architecture_file: Path | None = None
    labels: Path | None = None
    more_weights: tuple[Path, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.paths or self.sources or self.weights or self.architecture_file or self.labels)


def read(mime: QMimeData) -> Dropped:
    """Take what a drop or the clipboard brings.

    Files go first, as they are the pictures themselves; then pixels, which need no network; then links.
    """
    if paths := _local_paths(mime):
        return from_paths(paths)
    name = _name_of(mime)
    if (data := _pixels(mime)) is not None:
        return Dropped(sources=(ImageSource(name or f"Picture {next(_numbers)}", data=data),))
    for link in (*_shown_links(mime), *_links(mime)):
        if (source := _from_link(link)) is not None:
            return Dropped(sources=(source,))
    path = _path_in_text(mime)
    return from_paths([path]) if path is not None else Dropped()


def from_paths(paths: Iterable[Path]) -> Dropped:
    """Sort paths into images, a weights file, a Python file and class names; of several of one kind the first counts.

    A folder that holds a model and nothing else to look at, as those of Hugging Face do, is that model.
    """
    images: list[Path] = []
    weights: list[Path] = []
    sources: list[Path] = []
    names: list[Path] = []
    for path in paths:
        suffix = path.suffix.lower()
        if suffix == ".py":
            sources.append(path)
        elif (model := path if looks_like_weights(path) else _model_in(path)) is not None:
            weights.append(model)
        else:
            (names if suffix in _NAMES_SUFFIXES else images).append(path)
    if weights:
        # What lies beside the weights is read with them, for all that it says.
        names = [path for path in names if path.parent != weights[0].parent]
    elif images:
        # Among photos it is a mistake, which its own place in the filmstrip tells.
        images, names = [*images, *names], []
    return Dropped(
        tuple(images),
        weights=weights[0] if weights else None,
        architecture_file=sources[0] if sources else None,
        labels=names[0] if names else None,
        more_weights=tuple(weights[1:]),
    )


def _model_in(folder: Path) -> Path | None:
    """The weights file of a folder that holds no images and no folders; ``None`` where it is not one alone."""
    try:
        if not folder.is_dir():
            return None
        found = list(itertools.islice(folder.iterdir(), _MOST_IN_MODEL_FOLDER + 1))
    except OSError:
        return None
    inside = [path for path in found if not path.name.startswith(".")]
    weights = [path for path in inside if path.suffix.lower() in WEIGHTS_SUFFIXES]
    if not weights or len(found) > _MOST_IN_MODEL_FOLDER or any(_may_be_looked_at(path) for path in inside):
        return None
    safe = [path for path in weights if path.suffix.lower() == ".safetensors"]
    parts = sorted(path for path in safe or weights if _PART.search(path.name))
    if len(parts) > 1 and len(parts) == len(safe or weights):
        # None of them is a model; opening the first says that it is a part, and of how many.
        return parts[0]
    alone = weights if len(weights) == 1 else safe
    return alone[0] if len(alone) == 1 and alone[0].is_file() else None


def _may_be_looked_at(path: Path) -> bool:
    return (mimetypes.guess_type(path.name)[0] or "").startswith("image/") or path.is_dir()


def looks_like_weights(path: Path) -> bool:
    """Whether a file is meant as a model, by its suffix and, where that is no help, by its first bytes."""
    suffix = path.suffix.lower()
    if suffix in WEIGHTS_SUFFIXES:
        return not path.is_dir()
    if path.name.lower().endswith(".pth.tar"):
        return True
    if suffix not in ("", ".tar", ".model", ".weights", ".pytorch", ".dat"):
        return False
    try:
        # Opening a pipe would wait for somebody to write into it.
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            head = file.read(512)
    except (OSError, ValueError):
        return False
    zipped = head.startswith(b"PK\x03\x04") and b"data.pkl" in head
    return zipped or head[:2] in (b"\x80\x02", b"\x80\x04") or head[8:10] == b'{"'


def hover_text(mime: QMimeData) -> str:
    """What to say while this hovers; empty where it is nothing that can be used.  Reads no file."""
    paths = _local_paths(mime)
    if len(paths) > 1:
        return f"Drop {len(paths)} items"
    if paths:
        if paths[0].suffix.lower() in WEIGHTS_SUFFIXES:
            return "Drop to use this model"
        if paths[0].suffix.lower() == ".py":
            return "Drop to build the network from this file"
        if paths[0].suffix.lower() in _NAMES_SUFFIXES:
            return "Drop to use these class names"
        if is_array_file(paths[0]):
            return "Drop to answer its rows"
        return "Drop to see all its photos" if paths[0].is_dir() else "Drop to see what it is"
    if _has_pixels(mime):
        return "Drop to see what it is"
    if any(_is_link(link) for link in (*_shown_links(mime), *_links(mime))):
        return "Drop to fetch this picture"
    return "Drop to see what it is" if _path_in_text(mime) is not None else ""


def _local_paths(mime: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile() and url.toLocalFile()]


def _has_pixels(mime: QMimeData) -> bool:
    return mime.hasImage() or any(kind in mime.formats() for kind in _RAW_FORMATS)


def _pixels(mime: QMimeData) -> bytes | None:
    """The bytes of an image file: as they came where that is possible, which decodes nothing here."""
    for kind in _RAW_FORMATS:
        if kind in mime.formats() and (raw := mime.data(kind).data()):
            return bytes(raw)
    image: object = mime.imageData() if mime.hasImage() else None
    if not isinstance(image, QImage) or image.isNull():
        return None
    return encode(image)


def encode(image: QImage) -> bytes:
    """Pixels as an image file, quickly: this runs in the window's thread."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    # BMP is a copy of the pixels, but has no transparency.
    writer = QImageWriter(buffer, b"PNG" if image.hasAlphaChannel() else b"BMP")
    # For PNG: do not spend time on compressing.
    writer.setQuality(100)
    writer.write(image)
    return bytes(data.data())


class _Images(HTMLParser):
    """Collects the addresses of the pictures in a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called for each tag."""
        if tag == "img":
            self.found.extend(value for name, value in attrs if name == "src" and value)


def _shown_links(mime: QMimeData) -> list[str]:
    """Addresses of pictures that a browser drags along; a link around the picture leads elsewhere."""
    if not mime.hasHtml():
        return []
    parser = _Images()
    parser.feed(mime.html())
    return ["https:" + link if link.startswith("//") else link for link in parser.found]


def _links(mime: QMimeData) -> list[str]:
    links = [url.toString() for url in mime.urls()]
    text = mime.text().strip() if mime.hasText() else ""
    if text and len(text) < _LONGEST_TEXT and "\n" not in text:
        links.append(text)
    return links


def _is_link(link: str) -> bool:
    return link.lower().startswith(("http://", "https://", "data:image/"))


def _from_link(link: str) -> ImageSource | None:
    if not _is_link(link):
        return None
    if link.lower().startswith("data:"):
        data = _inline(link)
        return ImageSource(f"Picture {next(_numbers)}", data=data) if data else None
    return ImageSource(_last_part(link) or link, url=link)


def _inline(link: str) -> bytes | None:
    """The bytes in a ``data:`` address."""
    head, _, body = link.partition(",")
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return base64.b64decode(unquote(body))
    except (binascii.Error, ValueError):
        return None


def _name_of(mime: QMimeData) -> str:
    """A name for pixels, from the address that came with them."""
    for link in (*_shown_links(mime), *_links(mime)):
        if link.lower().startswith(("http://", "https://")) and "." in _last_part(link):
            return _last_part(link)
    return ""


def _last_part(link: str) -> str:
    try:
        return unquote(PurePosixPath(urlsplit(link).path).name)
    except ValueError:
        return ""


def _path_in_text(mime: QMimeData) -> Path | None:
    """A file's path, copied as text."""
    text = mime.text().strip().strip("\"'") if mime.hasText() else ""
    if not text or len(text) > _LONGEST_TEXT or "\n" in text or "\0" in text:
        return None
    if not text.startswith(("~/", "/")) and ":" not in text[:3]:
        return None
    try:
        path = Path(text).expanduser()
        return path if path.exists() else None
    except (OSError, RuntimeError):
        # It cannot be looked at, or begins with somebody's home whom nobody knows.
        return None


class DropTarget(QObject):
    """Lets a whole window take drops; its children keep out of the way.

    Signals:
        hovered: what to say while something hovers; empty when it went away.
        dropped: a ``Dropped``.
    """

    hovered = Signal(str)
    dropped = Signal(object)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Watches the window that this filter is installed on."""
        if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            self._drop(event)
            return True
        if isinstance(event, QDragEnterEvent | QDragMoveEvent):
            text = hover_text(event.mimeData()) if event.type() == QEvent.Type.DragEnter else None
            if text is None or text:
                _accept(event)
            if text:
                self.hovered.emit(text)
            return True
        if event.type() == QEvent.Type.DragLeave:
            self.hovered.emit("")
            return True
        return super().eventFilter(watched, event)

    def _drop(self, event: QDropEvent) -> None:
        self.hovered.emit("")
        dropped = read(event.mimeData())
        if dropped:
            _accept(event)
            self.dropped.emit(dropped)


def _accept(event: QDropEvent) -> None:
    """Take a copy where the source lets us, whatever it suggests: nobody's file is moved."""
    if event.possibleActions() & Qt.DropAction.CopyAction:
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
    else:
        event.acceptProposedAction()
