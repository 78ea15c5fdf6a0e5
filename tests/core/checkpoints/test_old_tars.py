"""Files of PyTorch before 0.1.10: tar archives, read in place; the reference is torch's own reader."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest
import torch
from torch import Tensor

from core.checkpoints import open_checkpoint
from core.errors import UnsafeError, WeightsError
from core.matching import rank
from tests.core.weights import network


def old_tar(state: Mapping[str, Tensor], *, root: object = None, views: bool = False) -> dict[str, bytes]:
    """The three members, as ``torch.save`` of 2016 wrote them."""
    storages, tensors = io.BytesIO(), io.BytesIO()
    pickle.dump(len(state), storages, 2)
    pickle.dump(len(state), tensors, 2)
    parts: list[tuple[int, int, int, int]] = []
    for number, tensor in enumerate(state.values()):
        pickle.dump((number, "cpu", torch.FloatStorage), storages, 2)
        storages.write(struct.pack("<q", tensor.numel()) + tensor.detach().numpy().tobytes())
        holder = number
        if views:
            holder = 1000 + number
            parts.append((holder, number, 0, tensor.numel()))
        pickle.dump((5000 + number, holder, torch.FloatTensor), tensors, 2)
        tensors.write(struct.pack("<ii", tensor.dim(), 0))
        tensors.write(struct.pack(f"<{tensor.dim()}q", *tensor.shape))
        tensors.write(struct.pack(f"<{tensor.dim()}q", *tensor.stride()))
        tensors.write(struct.pack("<q", 0))
    pickle.dump(parts, storages, 2)

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj: object) -> object:
            numbers = {id(tensor): 5000 + number for number, tensor in enumerate(state.values())}
            return str(numbers[id(obj)]) if isinstance(obj, Tensor) else None

    pickled = io.BytesIO()
    Pickler(pickled, 2).dump(OrderedDict(state) if root is None else root)
    return {"sys_info": pickle.dumps({}), "pickle": pickled.getvalue(), "tensors": tensors.getvalue()} | {
        "storages": storages.getvalue()
    }


def one_storage(state: Mapping[str, Tensor]) -> dict[str, bytes]:
    """The three members with all numbers in one storage, of which each tensor's is a part."""
    members = old_tar(state, views=True)
    storages, parts, start = io.BytesIO(), list[tuple[int, int, int, int]](), 0
    pickle.dump(1, storages, 2)
    pickle.dump((0, "cpu", torch.FloatStorage), storages, 2)
    for number, tensor in enumerate(state.values()):
        parts.append((1000 + number, 0, start, tensor.numel()))
        start += tensor.numel()
    storages.write(struct.pack("<q", start) + b"".join(tensor.numpy().tobytes() for tensor in state.values()))
    pickle.dump(parts, storages, 2)
    return {**members, "storages": storages.getvalue()}


def archive(members: Mapping[str, bytes], path: Path, *others: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:", format=tarfile.PAX_FORMAT) as made:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
        for info in others:
            made.addfile(info)
    return path


def floats(architecture: str = "squeezenet1_1") -> dict[str, Tensor]:
    return {name: tensor for name, tensor in network(architecture).state_dict().items()}


@pytest.mark.parametrize("views", [False, True])
def test_the_same_tensors_as_torch_reads(views: bool, tmp_path: Path) -> None:
    members_agree(old_tar(floats(), views=views), tmp_path / "w.pth")


def test_parts_of_one_storage_are_what_torch_reads(tmp_path: Path) -> None:
    members_agree(one_storage(floats()), tmp_path / "w.pth")


def members_agree(members: Mapping[str, bytes], path: Path) -> None:
    archive(members, path)
    checkpoint = open_checkpoint(path)
    reference = cast("dict[str, Tensor]", torch.load(path, weights_only=False))
    assert checkpoint.summary.container == "state_dict"
    assert checkpoint.tensors.keys() == reference.keys()
    assert all(torch.equal(checkpoint.tensors[name], tensor) for name, tensor in reference.items())
    assert rank(checkpoint)[0].architecture == "squeezenet1_1"


def link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_nothing_outside_is_touched(tmp_path: Path) -> None:
    """Members that climb out, and links, are neither unpacked nor followed."""
    outside = tmp_path / "outside"
    others = [
        tarfile.TarInfo("../outside"),
        tarfile.TarInfo(str(outside)),
        link("a", "../outside", tarfile.SYMTYPE),
        link("b", "/etc/passwd", tarfile.LNKTYPE),
    ]
    (tmp_path / "in").mkdir()
    path = archive(old_tar(floats()), tmp_path / "in" / "w.pth", *others)
    assert len(open_checkpoint(path).tensors) == len(floats())
    assert not outside.exists()
    assert [each.name for each in (tmp_path / "in").iterdir()] == ["w.pth"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_a_member_that_is_a_link_is_none(kind: bytes, tmp_path: Path) -> None:
    members = old_tar(floats())
    storages = tmp_path / "storages"
    storages.write_bytes(members.pop("storages"))
    with pytest.raises(WeightsError, match="is a tar archive"):
        open_checkpoint(archive(members, tmp_path / "w.pth", link("storages", str(storages), kind)))


def test_code_in_any_of_its_pickles_is_named(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    call = b"cposix\nsystem\n(S'touch " + str(canary).encode() + b"'\ntR."
    for name in ("pickle", "tensors", "storages"):
        with pytest.raises(UnsafeError) as caught:
            open_checkpoint(archive({**old_tar(floats()), name: call}, tmp_path / "w.pth"))
        assert caught.value.blocked == ("posix.system",)
    # Also where the numbers before it are damaged.
    with pytest.raises(UnsafeError, match=r"posix\.system"):
        open_checkpoint(archive({**old_tar(floats()), "storages": b"", "pickle": call}, tmp_path / "w.pth"))
    assert not canary.exists()


def number(value: int) -> bytes:
    return pickle.dumps(value, 2)


BROKEN: list[tuple[str, bytes]] = [
    ("storages", number(10**12)),
    ("storages", number(-1)),
    ("storages", number(1) + pickle.dumps((0, "cpu", torch.FloatStorage), 2) + struct.pack("<q", 2**40)),
    ("storages", number(1) + pickle.dumps((0, "cpu", torch.FloatStorage), 2) + struct.pack("<q", -1)),
    ("storages", number(0) + pickle.dumps([(1, 2, 3, 4)], 2)),
    ("storages", b""),
    ("tensors", number(10**9)),
    ("tensors", number(1) + pickle.dumps((5000, 0, None), 2) + struct.pack("<ii", 2**31 - 1, 0)),
    ("tensors", number(1) + pickle.dumps((5000, 0, None), 2) + struct.pack("<iiqqq", 1, 0, 2**40, 1, 0)),
    ("tensors", number(1) + pickle.dumps((5000, 77, None), 2) + struct.pack("<iiqqq", 1, 0, 1, 1, 0)),
    ("pickle", b"\x80\x02]"),
]


@pytest.mark.parametrize(("name", "data"), BROKEN)
def test_claims_are_checked(name: str, data: bytes, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"cannot be read as weights|is cut off"):
        open_checkpoint(archive({**old_tar(floats()), name: data}, tmp_path / "w.pth"))


def test_cut_anywhere(tmp_path: Path) -> None:
    data = archive(old_tar({"a.weight": torch.ones(2, 3)}), tmp_path / "w.pth").read_bytes()
    path = tmp_path / "cut.pth"
    for end in range(300, 2600, 100):
        path.write_bytes(data[:end])
        with pytest.raises(WeightsError):
            open_checkpoint(path)
