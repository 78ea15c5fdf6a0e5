"""Files that two programs would read differently are refused; tensors that are not read are named."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import torch

from core.checkpoints import open_checkpoint
from core.checkpoints.danger import runs_code
from core.errors import UnsafeError, WeightsError
from tests.core.checkpoints.making import Runs, saved, small_state
from tests.core.weights import save


@pytest.mark.parametrize("second", ["DATA.PKL", "data.pklXhidden"])
def test_a_second_pickle_under_nearly_the_same_name(second: str, tmp_path: Path) -> None:
    """PyTorch's reader of archives does not tell capitals, and many programs end a name at a NUL."""
    path = save(small_state(), tmp_path / "w.pth")
    root = zipfile.ZipFile(path).namelist()[0].partition("/")[0]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"{root}/{second}", saved(Runs(tmp_path / "canary")))
    path.write_bytes(path.read_bytes().replace(b"pklXhidden", b"pkl\0hidden"))
    with pytest.raises(WeightsError, match="two members called"):
        open_checkpoint(path)


def test_an_archive_behind_an_old_file(tmp_path: Path) -> None:
    """``zipfile`` and many scanners read the archive, PyTorch the file before it."""
    path = tmp_path / "w.pth"
    path.write_bytes(saved(small_state(), legacy=True) + saved(small_state()))
    assert zipfile.is_zipfile(path)
    with pytest.raises(WeightsError, match="an archive was added after its end"):
        open_checkpoint(path)


@pytest.mark.parametrize(
    ("tensor", "word"),
    [
        (torch.eye(4).to_sparse(), "sparse"),
        (torch.empty(4, device="meta"), "meta device"),
        (torch.ones(1).expand(2**40), "repeated"),
    ],
)
def test_tensors_that_no_network_has_are_named(tensor: torch.Tensor, word: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="not plain ones") as caught:
        open_checkpoint(save({"a.weight": tensor}, tmp_path / "w.pth"))
    assert word in caught.value.why


@pytest.mark.parametrize(
    "name",
    [
        "collections.OrderedDict.__init__.__globals__",
        "torch.storage.UntypedStorage.from_file",
        "logging.FileHandler",
        "pathlib.PosixPath.unlink",
        "numpy.core.memmap.memmap",
    ],
)
def test_names_that_touch_files_or_the_interpreter_are_told(name: str) -> None:
    assert runs_code(name)
    assert not runs_code("collections.OrderedDict")
    assert not runs_code("pathlib.PosixPath")


MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
CALL = b"\x80\x02cposix\nsystem\nU\x01x\x85R."
DICT, LIST, VERSION = b"\x80\x02}.", b"\x80\x02].", b"\x80\x02M\xe9\x03."


@pytest.mark.parametrize(
    "data",
    [
        MAGIC + CALL + DICT + DICT + LIST,
        MAGIC + VERSION + CALL + DICT + LIST,
        MAGIC + VERSION + DICT + DICT + CALL,
        DICT + CALL,
        b"N." + CALL,
    ],
)
def test_code_in_any_of_several_pickles_is_named(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(data)
    with pytest.raises(UnsafeError) as caught:
        open_checkpoint(path)
    assert caught.value.blocked == ("posix.system",)
