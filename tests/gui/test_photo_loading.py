"""The photo on screen comes in two steps: what the screen shows of it, then all its pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage

from gui.photos.picture import Picture
from tests.core.making import write_photo
from tests.gui.conftest import Opened, files

SIZE = (2400, 1800)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    return write_photo(tmp_path / "large.png", SIZE)


def pixels(image: QImage) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    image = image.convertToFormat(QImage.Format.Format_RGBX8888)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[..., :3].copy()


def whole(opened: Opened) -> bool:
    picture = opened.window.photo.picture
    return picture is not None and picture.whole


def at_first(opened: Opened, act: Callable[[Picture], object]) -> None:
    """Do something as soon as the next photo is shown, before anything sharper can come."""
    seen: list[Picture] = []

    def see(picture: Picture, _sharper: bool) -> None:
        seen.append(picture)
        if len(seen) == 1:
            act(picture)

    opened.session.photos.shown.connect(see)


def test_a_photo_is_shown_at_the_size_of_its_place_first(opened: Opened, large: Path) -> None:
    view, first = opened.window.photo, list[tuple[Picture, float]]()
    at_first(opened, lambda picture: first.append((picture, view.zoom)))
    opened.drop(files(large))
    opened.until(lambda: whole(opened))
    ((picture, zoom),) = first
    assert not picture.whole
    assert (picture.width, picture.height) == SIZE
    assert zoom * SIZE[0] <= picture.levels[0].width() < SIZE[0]
    assert view.picture is not None
    with Image.open(large) as image:
        assert (pixels(view.picture.levels[0]) == np.asarray(image)).all()


def test_what_is_seen_stays_when_all_pixels_come(opened: Opened, large: Path) -> None:
    view, before = opened.window.photo, list[QImage]()
    at_first(opened, lambda _: before.append(view.grab().toImage()))
    opened.drop(files(large))
    opened.until(lambda: whole(opened))
    assert view.grab().toImage() == before[0]


def test_zoom_and_place_stay_when_all_pixels_come(opened: Opened, large: Path) -> None:
    view, corner, before = opened.window.photo, QPointF(10, 10), list[QPointF]()

    def zoom(_picture: Picture) -> None:
        view.actual_size()
        before.append(view.photo_point(corner))

    at_first(opened, zoom)
    opened.drop(files(large))
    opened.until(lambda: whole(opened))
    assert view.zoom == 1
    assert view.photo_point(corner) == before[0]


def test_a_photo_that_fits_comes_at_once(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(photos[0])
    opened.until(lambda: whole(opened))
    assert opened.window.photo.picture is not None
    assert opened.window.photo.picture.levels[0].width() == 64


def test_a_photo_that_is_gone_by_then_stays_on_screen(opened: Opened, large: Path) -> None:
    opened.drop(files(large))
    opened.until(lambda: opened.window.photo.picture is not None)
    opened.wait_answered(1)
    opened.fake.decoder.clear()
    large.unlink()
    opened.until(lambda: opened.fake.previews == [False, True])
    opened.fake.wait_idle()
    opened.bot.wait(50)
    assert opened.window.stage.currentWidget() is opened.window.photo
    assert opened.window.photo.picture is not None
    assert not whole(opened)


def test_a_photo_that_is_passed_by_is_not_made_ready_for_zooming(
    opened: Opened, large: Path, photos: list[Path]
) -> None:
    opened.drop(files(large, photos[0]))
    opened.until(lambda: opened.window.photo.picture is not None)
    opened.session.images.go_to(1)
    opened.bot.wait(400)
    assert opened.fake.previews == [False, False]
    opened.session.images.go_to(0)
    assert not whole(opened)
    opened.until(lambda: whole(opened))


def test_the_answer_goes_before_the_pixels_that_only_zooming_needs(opened: Opened, large: Path) -> None:
    opened.fake.go.clear()
    opened.drop(files(large))
    opened.until(lambda: opened.window.photo.picture is not None)
    opened.bot.wait(700)
    assert opened.fake.previews == [False]
    opened.fake.go.set()
    opened.until(lambda: whole(opened))
    assert opened.window.results.answered == 1
