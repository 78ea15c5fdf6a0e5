"""Files that are no images, each with words that say what they are."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import tarfile
import wave
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ImageError
from core.images import kinds
from core.images.reading import read_bytes


def zipped(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, b"x" * 100)
    return target.getvalue()


def tarred() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return target.getvalue()


def sound() -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\x01\x02" * 100)
    return target.getvalue()


def safetensors() -> bytes:
    header = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return len(header).to_bytes(8, "little") + header + b"\x00\x00\x80?"


CASES = {
    "empty": (b"", "an empty file"),
    "zeros": (bytes(5000), "only zeros"),
    "text": (b"Dear all,\nno photo today.\n", "a text file"),
    "text with umlauts": ("Grüße aus Köln\n".encode() * 400, "a text file"),
    "text in utf-16": ("no photo".encode("utf-16"), "a text file"),
    "json": (b'{"error": "not found"}', "a text file"),
    "web page": (b"<!DOCTYPE html>\n<html><body>404</body></html>", "a web page"),
    "web page after space": (b"\xef\xbb\xbf\n  <html lang='en'>", "a web page"),
    "web page after a comment": (b"<!-- saved --><HTML>", "a web page"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
    "svg as xml": (b'<?xml version="1.0"?>\n<svg width="3"/>', "an SVG drawing"),
    "xml": (b'<?xml version="1.0"?><annotation/>', "an XML text"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "a PostScript drawing"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "a Git LFS pointer"),
    "mp4": (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "a video"),
    "quicktime": (b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00qt  ", "a video"),
    "matroska": (b"\x1aE\xdf\xa3\x01\x00\x00\x00", "a video"),
    "avi": (b"RIFF\x00\x10\x00\x00AVI LIST", "a video"),
    "wav": (sound(), "a sound file"),
    "m4a": (b"\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00", "a sound file"),
    "mp3": (b"ID3\x04\x00\x00\x00\x00\x00\x00", "a sound file"),
    "raw photo": (b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01", "a camera's raw photo"),
    "jpeg xl": (b"\xff\x0a\xfa\x1f", "a JPEG XL image"),
    "weights": (zipped("archive/data.pkl", "archive/data/0"), "a weights file of PyTorch"),
    "old weights": (pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2), "a Python pickle"),
    "pickle": (pickle.dumps({"a": 1}, protocol=2), "a Python pickle"),
    "new pickle": (pickle.dumps({"a": list(range(300))}, protocol=5), "a Python pickle"),
    "safetensors": (safetensors(), "a safetensors file"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file"),
    "numpy": (b"\x93NUMPY\x01\x00v\x00", "a NumPy array"),
    "gguf": (b"GGUF\x03\x00\x00\x00", "a GGUF file"),
    "office": (zipped("[Content_Types].xml", "word/document.xml"), "an Office document"),
    "old office": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "an old Office document"),
    "zip": (zipped("photos/1.jpg"), "an archive"),
    "tar": (tarred(), "an archive"),
    "gzip": (gzip.compress(b"abc"), "an archive"),
    "program": (b"MZ\x90\x00\x03\x00\x00\x00" + bytes(60), "a program"),
    "elf": (b"\x7fELF\x02\x01\x01\x00", "a program"),
    "database": (b"SQLite format 3\x00\x10\x00", "a database"),
    "start of a jpeg": (b"\xff\xd8", "the beginning of a JPEG"),
    "start of a png": (b"\x89PNG\r\n\x1a\n", "the beginning of a PNG"),
    "start of a webp": (b"RIFF\x00\x10\x00\x00WEBP", "the beginning of a WebP"),
    "start of a tiff": (b"II*\x00\x08\x00", "the beginning of a TIFF"),
    "start of a heic": (b"\x00\x00\x00\x18ftypheic\x00\x00", "a HEIC photo"),
    "two bytes": (b"\x80\x81", "none of the kinds of image"),
    "noise": (bytes(range(128, 256)) * 8, "none of the kinds of image"),
}


@pytest.mark.parametrize(("data", "words"), CASES.values(), ids=CASES.keys())
def test_the_message_says_what_the_file_is(data: bytes, words: str) -> None:
    with pytest.raises(ImageError, match=words) as caught:
        read_bytes(data, "cat.jpg")
    assert caught.value.what.startswith("cat.jpg")
    assert caught.value.remedy.endswith(".")


@given(st.binary(max_size=200))
def test_any_bytes_get_a_word(data: bytes) -> None:
    kind = kinds.recognise(data) or kinds.guess(data)
    assert kind.what
    assert kind.remedy


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1))
def test_text_is_never_taken_for_an_unknown_kind(text: str) -> None:
    data = text.encode()
    if kinds.recognise(data) is None and data.strip(b"\x00"):
        assert kinds.guess(data).what in ("a text file", "a program")
