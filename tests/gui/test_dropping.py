from __future__ import annotations

import base64
import io
import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from PySide6.QtCore import QByteArray, QMimeData, QUrl
from PySide6.QtGui import QColor, QImage

from core.images import Decoder
from gui.photos.dropping import from_paths, hover_text, looks_like_weights, read
from tests.gui.conftest import files


def png(colour: tuple[int, int, int] = (200, 30, 30)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (6, 4), colour).save(data, "PNG")
    return data.getvalue()


def text_of(text: str) -> QMimeData:
    mime = QMimeData()
    mime.setText(text)
    return mime


def test_files_and_folders_are_paths(tmp_path: Path) -> None:
    photo = tmp_path / "a photo.jpg"
    photo.touch()
    dropped = read(files(photo, tmp_path))
    assert dropped.paths == (photo, tmp_path)
    assert dropped.weights is None
    assert hover_text(files(photo)) == "Drop to see what it is"
    assert hover_text(files(tmp_path)) == "Drop to see all its photos"
    assert hover_text(files(photo, tmp_path)) == "Drop 2 items"


def test_a_file_goes_before_pixels_and_links(tmp_path: Path) -> None:
    mime = files(tmp_path / "real.jpg")
    mime.setData("image/png", QByteArray(png()))
    mime.setHtml('<img src="https://example.org/other.png">')
    assert read(mime).paths == (tmp_path / "real.jpg",)


def test_pixels_from_a_browser_are_taken_as_they_came() -> None:
    mime = QMimeData()
    mime.setData("image/png", QByteArray(png()))
    mime.setHtml('<a href="https://example.org/page"><img src="https://example.org/pics/cat%20one.png"></a>')
    mime.setUrls([QUrl("https://example.org/page")])
    (source,) = read(mime).sources
    assert source.data == png()
    assert source.name == "cat one.png"
    assert source.url == ""


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("alpha", [False, True])
def test_pixels_of_the_clipboard_survive(alpha: bool) -> None:
    kind = QImage.Format.Format_ARGB32 if alpha else QImage.Format.Format_RGB32
    image = QImage(5, 3, kind)
    image.fill(QColor(10, 20, 30, 128 if alpha else 255))
    mime = QMimeData()
    mime.setImageData(image)
    (source,) = read(mime).sources
    decoded = Decoder().decode(source)
    assert (decoded.width, decoded.height) == (5, 3)
    assert decoded.pixels.convert("RGBA").getpixel((0, 0)) == (10, 20, 30, 128 if alpha else 255)


def test_the_picture_goes_before_the_link_around_it() -> None:
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/page.html")])
    mime.setHtml('<a href="https://example.org/page.html"><img alt="x" src="//cdn.example.org/dog.jpg"></a>')
    (source,) = read(mime).sources
    assert source.url == "https://cdn.example.org/dog.jpg"
    assert source.name == "dog.jpg"
    assert hover_text(mime) == "Drop to fetch this picture"


def test_a_plain_link_is_fetched() -> None:
    mime = QMimeData()
    mime.setUrls([QUrl("http://127.0.0.1:9/pic.png")])
    assert read(mime).sources[0].url == "http://127.0.0.1:9/pic.png"
    assert read(text_of(" https://example.org/x.webp \n")).sources[0].url == "https://example.org/x.webp"


def test_a_picture_inside_the_page_is_unpacked() -> None:
    mime = QMimeData()
    mime.setHtml(f'<img src="data:image/png;base64,{base64.b64encode(png()).decode()}">')
    (source,) = read(mime).sources
    assert source.data == png()


@pytest.mark.parametrize(
    "link", ["ftp://example.org/a.png", "file-that-is-not.jpg", "javascript:alert(1)", "two words"]
)
def test_other_text_is_nothing(link: str) -> None:
    assert not read(text_of(link))
    assert hover_text(text_of(link)) == ""


def test_a_path_as_text_is_a_file(tmp_path: Path) -> None:
    photo = tmp_path / "copied path.jpg"
    photo.touch()
    assert read(text_of(f'"{photo}"')).paths == (photo,)
    assert not read(text_of(str(tmp_path / "missing.jpg")))


@pytest.mark.parametrize("name", ["m.pth", "M.PT", "m.safetensors", "best.ckpt", "epoch.pth.tar", "keras.h5"])
def test_weights_are_known_by_their_name(tmp_path: Path, name: str) -> None:
    weights = tmp_path / name
    weights.write_bytes(b"x")
    assert read(files(weights)).weights == weights
    assert read(files(weights)).paths == ()


def test_weights_hover_says_model(tmp_path: Path) -> None:
    assert hover_text(files(tmp_path / "m.safetensors")) == "Drop to use this model"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"PK\x03\x04" + b"\0" * 26 + b"archive/data.pkl", True),
        (b"\x80\x02}q\x00.", True),
        (b"\x10\0\0\0\0\0\0\0" + b'{"__metadata__"', True),
        (b"PK\x03\x04 word/document.xml", False),
        (b"just text", False),
        (b"", False),
    ],
)
def test_weights_without_a_name_are_known_by_their_bytes(tmp_path: Path, head: bytes, expected: bool) -> None:
    weights = tmp_path / "checkpoint"
    weights.write_bytes(head)
    assert looks_like_weights(weights) is expected


def test_a_folder_is_never_weights(tmp_path: Path) -> None:
    folder = tmp_path / "runs.pt"
    folder.mkdir()
    assert from_paths([folder]).paths == (folder,)


def test_images_and_weights_together(tmp_path: Path) -> None:
    dropped = from_paths([tmp_path / "a.jpg", tmp_path / "m.pth", tmp_path / "n.pth"])
    assert dropped.paths == (tmp_path / "a.jpg",)
    assert dropped.weights == tmp_path / "m.pth"


@given(st.text(max_size=200), st.text(max_size=200))
@example("~:", "")
def test_no_text_and_no_html_breaks_it(text: str, html: str) -> None:
    mime = text_of(text)
    mime.setHtml(f"<img src='{html}'>{html}")
    read(mime)
    hover_text(mime)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert from_paths([tmp_path / "pipe"]).paths == (tmp_path / "pipe",)


def test_a_name_that_is_too_long_is_no_weights_file() -> None:
    assert not looks_like_weights(Path("x" * 5000))


class TestModelsInFolders:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        made = tmp_path / "resnet.d"
        made.mkdir()
        for name in ("model.safetensors", "config.json", "README.md", ".gitattributes"):
            (made / name).write_bytes(b"x")
        return made

    def test_a_folder_of_a_model_is_that_model(self, folder: Path) -> None:
        dropped = from_paths([folder])
        assert (dropped.weights, dropped.paths) == (folder / "model.safetensors", ())

    @pytest.mark.parametrize("kind", ["model-{}.safetensors", "pytorch_model-{}.bin"])
    def test_of_a_model_in_parts_the_first_is_opened_and_says_so(self, tmp_path: Path, kind: str) -> None:
        for part in ("00002-of-00002", "00001-of-00002"):
            (tmp_path / kind.format(part)).write_bytes(b"x")
        (tmp_path / "config.json").write_text("{}")
        assert from_paths([tmp_path]).weights == tmp_path / kind.format("00001-of-00002")

    def test_of_several_files_the_safetensors_is_taken(self, folder: Path) -> None:
        for name in ("pytorch_model.bin", "training_args.bin"):
            (folder / name).write_bytes(b"x")
        assert from_paths([folder]).weights == folder / "model.safetensors"

    @pytest.mark.parametrize("other", ["photo.jpg", "b.safetensors", "train/"])
    def test_a_folder_with_anything_else_to_choose_is_walked_for_photos(self, folder: Path, other: str) -> None:
        path = folder / other
        path.mkdir() if other.endswith("/") else path.write_bytes(b"x")
        dropped = from_paths([folder])
        assert (dropped.weights, dropped.paths) == (None, (folder,))

    def test_a_folder_of_very_many_files_is_not_read_here(self, folder: Path) -> None:
        for number in range(200):
            (folder / f"{number}.md").touch()
        assert from_paths([folder]).weights is None


class TestClassNames:
    def test_beside_the_weights_they_are_read_with_them(self, tmp_path: Path) -> None:
        dropped = from_paths([tmp_path / "m.safetensors", tmp_path / "config.json", tmp_path / "labels.txt"])
        assert (dropped.weights, dropped.paths, dropped.labels) == (tmp_path / "m.safetensors", (), None)

    def test_from_elsewhere_they_go_with_the_weights(self, tmp_path: Path) -> None:
        names = tmp_path / "elsewhere" / "classes.txt"
        assert from_paths([names, tmp_path / "m.pth"]).labels == names

    def test_alone_they_are_for_the_model_in_use(self, tmp_path: Path) -> None:
        names = tmp_path / "names.yaml"
        assert from_paths([names]).labels == names
        assert hover_text(files(names)) == "Drop to use these class names"

    def test_among_photos_they_are_none(self, tmp_path: Path) -> None:
        photo, notes = tmp_path / "a.jpg", tmp_path / "notes.txt"
        dropped = from_paths([notes, photo])
        assert (dropped.paths, dropped.labels) == ((photo, notes), None)
