"""Photos on their way into the window, and what is seen of them."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QByteArray, QMimeData, QPoint, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QGuiApplication
from PySide6.QtWidgets import QApplication

from core.descriptions import ModelSpec
from gui.widgets.wording import TIMES
from tests.core.web import content, serve
from tests.gui.conftest import MakeApp, Opened, files
from tests.gui.fake_workbench import FakeWorkbench


def hover(opened: Opened, mime: QMimeData) -> bool:
    enter = QDragEnterEvent(
        QPoint(50, 50),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(opened.window, enter)
    return enter.isAccepted()


def jpeg() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (30, 20), (10, 200, 30)).save(data, "JPEG")
    return data.getvalue()


def test_the_empty_window_invites_and_names_what_it_knows(opened: Opened) -> None:
    assert opened.window.stage.currentWidget() is opened.window.drop_zone
    assert "Drop a photo" in opened.window.drop_zone.title
    opened.until(lambda: "airplane" in opened.window.scores.answer.label)
    assert "demonstration" in opened.window.scores.note.text()


def test_the_drop_zone_reacts_while_a_drag_hovers(opened: Opened, photos: list[Path]) -> None:
    zone = opened.window.drop_zone
    assert hover(opened, files(photos[0]))
    assert zone.hovering
    assert zone.title == "Drop to see what it is"
    QApplication.sendEvent(opened.window, QDragLeaveEvent())
    assert not zone.hovering
    assert zone.title == "Drop a photo here"


def test_over_a_photo_the_sign_lies_on_top(opened: Opened, photos: list[Path]) -> None:
    opened.show_photos(photos[0])
    assert not opened.window.overlay.isVisible()
    assert hover(opened, files(photos[1]))
    assert opened.window.overlay.isVisible()
    QApplication.sendEvent(opened.window, QDragLeaveEvent())
    assert not opened.window.overlay.isVisible()


def test_what_cannot_be_used_is_not_taken(opened: Opened) -> None:
    mime = QMimeData()
    mime.setText("a piece of text")
    assert not opened.drop(mime)
    assert not opened.window.drop_zone.hovering
    assert opened.window.results.rowCount() == 0


def test_a_dropped_photo_is_shown_and_answered(opened: Opened, photos: list[Path]) -> None:
    assert opened.drop(files(photos[0]))
    opened.wait_answered(1)
    opened.until(lambda: opened.window.photo.picture is not None)
    assert opened.window.stage.currentWidget() is opened.window.photo
    assert opened.window.scores.answer.number == "50.0 %"
    assert opened.window.scores.time.value == "12 ms on CPU"
    assert not opened.window.filmstrip.isVisible()
    assert photos[0].name in opened.window.windowTitle()
    opened.until(lambda: f"64 {TIMES} 48" in opened.window.footer.about)
    assert opened.fake.asked == [(str(photos[0]),)]


def test_several_photos_make_a_filmstrip(opened: Opened, photos: list[Path]) -> None:
    opened.drop(files(*photos))
    opened.wait_answered(5)
    assert opened.window.filmstrip.isVisible()
    assert opened.session.images.row == 0
    # What a person waits for goes first, by itself.
    assert [len(names) for names in opened.fake.asked] == [1, 4]


def test_a_folder_is_walked(opened: Opened, photos: list[Path]) -> None:
    inner = photos[0].parent / "deeper"
    inner.mkdir()
    Image.new("L", (9, 9)).save(inner / "z.png")
    opened.drop(files(photos[0].parent))
    opened.wait_answered(6)


def test_a_folder_without_images_says_so(opened: Opened, tmp_path: Path) -> None:
    empty = tmp_path / "nothing here"
    empty.mkdir()
    opened.drop(files(empty))
    opened.until(lambda: opened.window.notices.current)
    notice = opened.window.notices.current
    assert notice is not None
    assert "nothing here" in notice.words.as_text()
    assert opened.window.stage.currentWidget() is opened.window.drop_zone


def test_pixels_from_a_browser_are_answered(opened: Opened) -> None:
    mime = QMimeData()
    mime.setData("image/jpeg", QByteArray(jpeg()))
    mime.setHtml('<img src="https://example.org/pics/frog.jpg">')
    assert opened.drop(mime)
    opened.wait_answered(1)
    opened.until(lambda: f"30 {TIMES} 20" in opened.window.footer.about)
    assert opened.window.footer.about.startswith("frog.jpg")


def test_a_link_is_fetched(opened: Opened) -> None:
    with serve() as site:
        site.pages["/pics/ship.jpg"] = content(jpeg())
        mime = QMimeData()
        mime.setText(f"{site.url}/pics/ship.jpg")
        assert opened.drop(mime)
        opened.wait_answered(1)
    entry = opened.session.images.current
    assert entry is not None
    assert entry.best is not None


def test_a_link_that_fails_says_so_in_its_place(opened: Opened) -> None:
    with serve() as site:
        mime = QMimeData()
        mime.setText(f"{site.url}/gone.jpg")
        opened.drop(mime)
        opened.until(lambda: opened.window.stage.currentWidget() is opened.window.error)
    assert "404" in opened.window.error.accessibleDescription()


def test_a_picture_inside_the_page_is_answered(opened: Opened) -> None:
    mime = QMimeData()
    mime.setHtml(f'<img src="data:image/jpeg;base64,{base64.b64encode(jpeg()).decode()}">')
    assert opened.drop(mime)
    opened.wait_answered(1)


def test_a_dropped_weights_file_becomes_the_model(opened: Opened, photos: list[Path], tmp_path: Path) -> None:
    weights = tmp_path / "flowers.pth"
    weights.write_bytes(b"weights")
    opened.show_photos(photos[0])
    opened.drop(files(weights))
    opened.until(lambda: opened.window.model_bar.model.text() == "flowers.pth")
    assert opened.fake.opened[-1][0] == ModelSpec("file", str(weights))
    assert opened.window.results.rowCount() == 1


def test_of_several_weights_files_the_first_is_opened_and_the_others_are_named(opened: Opened, tmp_path: Path) -> None:
    weights = [tmp_path / f"{letter}.pth" for letter in "abcdef"]
    for path in weights:
        path.write_bytes(b"weights")
    opened.drop(files(*weights))
    opened.until(lambda: opened.window.model_bar.model.text() == "a.pth")
    assert [Path(spec.weights).name for spec, _ in opened.fake.opened if spec.weights] == ["a.pth"]
    notice = opened.window.notices.current
    assert notice is not None
    assert notice.words.what == "a.pth is opened, the first of 6 weights files."
    assert notice.words.more.endswith("Drop another by itself to open it: b.pth, c.pth, d.pth and 2 more.")
    opened.drop(files(weights[1]))
    opened.until(lambda: opened.window.model_bar.model.text() == "b.pth")
    assert opened.window.notices.current is None


def test_paste_takes_the_clipboard(opened: Opened) -> None:
    mime = QMimeData()
    mime.setData("image/png", QByteArray(jpeg()))
    QGuiApplication.clipboard().setMimeData(mime)
    opened.window.actions_by_name["paste"].trigger()
    opened.wait_answered(1)


def test_paste_of_nothing_useful_says_so(opened: Opened) -> None:
    QGuiApplication.clipboard().setText("hello")
    opened.window.actions_by_name["paste"].trigger()
    notice = opened.window.notices.current
    assert notice is not None
    assert "no picture" in notice.words.what


def test_the_command_line_names_images_and_weights(make_app: MakeApp, photos: list[Path], tmp_path: Path) -> None:
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(b"weights")
    opened = make_app((photos[0], photos[1], weights))
    opened.wait_answered(2)
    assert [spec.weights for spec, _ in opened.fake.opened] == [str(weights)]


def test_a_bad_file_shows_its_error_in_its_own_place(opened: Opened, photos: list[Path], tmp_path: Path) -> None:
    bad = tmp_path / "letter.jpg"
    bad.write_text("Dear reader")
    opened.drop(files(photos[0], bad, photos[1]))
    opened.wait_answered(3)
    assert opened.window.stage.currentWidget() is opened.window.photo
    opened.session.images.go_to(1)
    opened.until(lambda: opened.window.stage.currentWidget() is opened.window.error)
    assert "text file" in opened.window.error.accessibleDescription()
    assert opened.window.scores.answer.label == "No answer"
    opened.session.images.go_to(2)
    opened.until(lambda: opened.window.stage.currentWidget() is opened.window.photo)
    assert opened.window.scores.answer.number == "50.0 %"
    assert opened.window.notices.current is None


@pytest.mark.parametrize("when", ["loading", "answering"])
def test_photos_are_shown_before_they_are_answered(make_app: MakeApp, photos: list[Path], when: str) -> None:
    def prepare(fake: FakeWorkbench) -> None:
        (fake.ready if when == "loading" else fake.go).clear()

    opened = make_app(prepare=prepare)
    opened.drop(files(photos[0]))
    opened.until(lambda: opened.window.photo.picture is not None)
    assert opened.window.results.answered == 0
    line = opened.window.scores.answer.label
    assert line == ("Getting the built-in model ready …" if when == "loading" else "Looking …")
    opened.fake.ready.set()
    opened.fake.go.set()
    opened.wait_answered(1)
