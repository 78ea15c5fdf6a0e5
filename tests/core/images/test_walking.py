from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import ImageError
from core.images import Decoder, ImageSource, walk
from core.images.reading import readable_suffixes


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def names(*paths: Path) -> list[str]:
    return [source.name for source in walk(paths)]


def test_a_file_is_taken_whatever_its_name(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt")
    path = tmp_path / "notes.txt"
    assert list(walk([path])) == [ImageSource(path.as_posix(), path)]


def test_a_missing_path_is_a_source_too(tmp_path: Path) -> None:
    assert names(tmp_path / "gone.jpg") == [(tmp_path / "gone.jpg").as_posix()]


def test_a_folder_is_walked_sorted_and_through(tmp_path: Path) -> None:
    touch(tmp_path, "b.JPG", "a/2.png", "a/10.png", "c/d/e.heic", "a.webp", "z.txt", "c/readme.md")
    found = [name.removeprefix(f"{tmp_path.as_posix()}/") for name in names(tmp_path)]
    assert found == ["a/10.png", "a/2.png", "a.webp", "b.JPG", "c/d/e.heic"]


def test_names_keep_the_path_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "photos/day/1.jpg")
    monkeypatch.chdir(tmp_path)
    assert names(Path("photos")) == ["photos/day/1.jpg"]
    assert names(Path()) == ["photos/day/1.jpg"]


def test_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, ".hidden.jpg", ".cache/a.jpg", "._b.jpg", "seen.jpg")
    assert [Path(name).name for name in names(tmp_path)] == ["seen.jpg"]


def test_a_hidden_folder_that_was_asked_for_is_walked(tmp_path: Path) -> None:
    touch(tmp_path, ".cache/a.jpg")
    assert len(names(tmp_path / ".cache")) == 1


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.jpg", "b/2.jpg")
    (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a" / "side").symlink_to(tmp_path / "b", target_is_directory=True)
    found = [name.removeprefix(f"{tmp_path.as_posix()}/") for name in names(tmp_path)]
    assert found == ["a/1.jpg", "a/side/2.jpg", "b/2.jpg"]


def test_walking_is_lazy(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.jpg", "b/2.jpg")
    sources = walk([tmp_path])
    next(sources)
    touch(tmp_path, "b/1.jpg")
    assert [Path(source.name).name for source in sources] == ["1.jpg", "2.jpg"]


def test_a_folder_without_images_is_an_error_after_all_others(tmp_path: Path) -> None:
    touch(tmp_path, "empty/readme.txt", "full/1.jpg")
    sources = walk([tmp_path / "empty", tmp_path / "full"])
    assert next(sources).name.endswith("full/1.jpg")
    with pytest.raises(ImageError, match=r"no images in the folder .*empty"):
        next(sources)


def test_several_empty_folders_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with pytest.raises(ImageError, match="and 1 more"):
        names(tmp_path / "a", tmp_path / "b")


def test_a_folder_that_cannot_be_read_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a/1.jpg", "b/2.jpg")
    real = os.scandir

    def scandir(path: Path) -> object:
        if path.name == "a":
            raise PermissionError(13, "no")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    sources = list(walk([tmp_path]))
    assert [Path(source.name).name for source in sources] == ["a", "2.jpg"]
    with pytest.raises(ImageError, match="a is a folder"):
        Decoder().decode(sources[0])


@pytest.mark.parametrize(
    "suffix", [".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif", ".tif", ".tiff", ".bmp", ".gif", ".jp2",
               ".ppm", ".tga", ".ico", ".psd"]
)  # fmt: skip
def test_suffixes_of_images_are_known(suffix: str) -> None:
    assert suffix in readable_suffixes()


@pytest.mark.parametrize("suffix", [".pdf", ".eps", ".mpg", ".h5", ".hdf", ".txt", ".pth", ".wmf", ""])
def test_suffixes_of_other_files_are_not(suffix: str) -> None:
    assert suffix not in readable_suffixes()


def test_importing_images_brings_neither_torch_nor_numpy_nor_pillow() -> None:
    code = (
        "import sys, core.images\n"
        "found = {'torch', 'numpy', 'PIL.Image', 'pillow_heif'} & set(sys.modules)\n"
        "sys.exit(', '.join(found) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_name_that_is_too_long_brings_its_error_when_it_is_decoded() -> None:
    path = Path("x" * 5000)
    (source,) = walk([path])
    assert source.path == path
    with pytest.raises(ImageError):
        Decoder().decode(source)
