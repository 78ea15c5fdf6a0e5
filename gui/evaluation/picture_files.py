"""Pictures as pixels, and as files: PNG, SVG and PDF."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSizeF
from PySide6.QtGui import QImage, QImageWriter, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgRenderer

from core.errors import ExportError
from core.export import write_bytes
from core.plots import Picture

_TITLES = re.compile(r"<title>[^<]*</title>")
_SHARPER = 2
"""Pixels of a saved picture, to one of its own units."""
_PER_INCH = 96
_DOTS = 1200


def painted(picture: Picture, width: int, height: int) -> QImage:
    """A picture in so many pixels."""
    image = QImage(max(1, width), max(1, height), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _renderer(picture).render(painter, QRectF(0, 0, image.width(), image.height()))
    painter.end()
    return image


def save_picture(path: Path, picture: Picture) -> None:
    """Write a picture in the form that its file's ending names, whole or not at all.

    Raises:
        ExportError: the ending is another one, or the file cannot be written; an older file is untouched then.
    """
    make = {".png": _to_png, ".svg": _to_svg, ".pdf": _to_pdf}.get(path.suffix.lower())
    if make is None:
        raise ExportError(
            f"The picture cannot be saved as {path.name}.",
            f"The ending of the name says which format, and {path.suffix or 'no ending'!r} is none.",
            "Choose a name that ends in .png, .svg or .pdf.",
        )
    write_bytes(path, make(picture))


def _renderer(picture: Picture) -> QSvgRenderer:
    # What the places say is for a pointer in a browser, and takes time to read here.
    return QSvgRenderer(QByteArray(_TITLES.sub("", picture.svg).encode()))


def _to_svg(picture: Picture) -> bytes:
    return picture.svg.encode()


def _to_png(picture: Picture) -> bytes:
    image = painted(picture, round(picture.width * _SHARPER), round(picture.height * _SHARPER))
    dots = round(_SHARPER * _PER_INCH / 0.0254)
    image.setDotsPerMeterX(dots)
    image.setDotsPerMeterY(dots)
    # Opaque: what shows through would depend on where it is put.
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    image.setText("Title", picture.title)
    buffer = _buffer()
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(buffer.data().data())


def _to_pdf(picture: Picture) -> bytes:
    buffer = _buffer()
    writer = QPdfWriter(buffer)
    writer.setTitle(picture.title)
    writer.setCreator("Whatsit")
    writer.setResolution(_DOTS)
    points = QSizeF(picture.width * 72 / _PER_INCH, picture.height * 72 / _PER_INCH)
    writer.setPageSize(QPageSize(points, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    painter = QPainter(writer)
    _renderer(picture).render(painter, QRectF(0, 0, writer.width(), writer.height()))
    painter.end()
    return bytes(buffer.data().data())


def _buffer() -> QBuffer:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return buffer
