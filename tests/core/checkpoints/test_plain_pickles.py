"""Weights that ``pickle.dump`` wrote: the reference is what ``pickle.load`` gives back."""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.checkpoints import open_checkpoint, plain_pickles
from core.checkpoints.readers import read_legacy
from core.checkpoints.values import Contents
from core.errors import UnsafeError, WeightsError
from core.matching import assemble, rank
from tests.core.checkpoints.making import Runs
from tests.core.weights import network, scores


def arrays(state: dict[str, Tensor]) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in state.items()}


def by_columns(state: dict[str, Tensor]) -> dict[str, np.ndarray]:
    # NumPy makes a list of one of a single number.
    return {name: np.array(each, order="F") for name, each in arrays(state).items()}


FORMS: dict[str, Callable[[dict[str, Tensor]], object]] = {
    "tensors": dict,
    "parameters": lambda state: {
        name: nn.Parameter(each, requires_grad=each.is_floating_point()) if each.is_floating_point() else each
        for name, each in state.items()
    },
    "arrays": arrays,
    "arrays by columns": by_columns,
    "a checkpoint": lambda state: {"epoch": 3, "acc": np.float64(0.5), "state_dict": state},
}


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("form", FORMS)
def test_opens_as_what_was_pickled(form: str, protocol: int, tmp_path: Path) -> None:
    plain = network("squeezenet1_1", 5)
    path = tmp_path / "w.pkl"
    path.write_bytes(pickle.dumps(FORMS[form](plain.state_dict()), protocol))
    checkpoint = open_checkpoint(path)
    assert checkpoint.about.container == "state_dict"
    assert checkpoint.about.blocked == ()
    assert rank(checkpoint)[0].architecture == "squeezenet1_1"
    torch.testing.assert_close(scores(assemble(checkpoint, "squeezenet1_1"), 64), scores(plain, 64))
    if form == "a checkpoint":
        assert (checkpoint.metadata["epoch"], checkpoint.metadata["acc"]) == (3, 0.5)


def test_types_and_views(tmp_path: Path) -> None:
    whole = torch.arange(24.0).reshape(4, 6)
    state = {
        "view": whole[1:3, ::2],
        "same": whole,
        "half": torch.randn(3).half(),
        "long": torch.arange(5),
        "none": torch.zeros(0, 3),
    }
    path = tmp_path / "w.pkl"
    path.write_bytes(pickle.dumps(state))
    found = open_checkpoint(path).tensors
    assert found.keys() == state.keys()
    for name, tensor in state.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


def test_arrays_of_other_types(tmp_path: Path) -> None:
    state = {
        "double": np.linspace(0, 1, 7).reshape(7, 1),
        "half": np.ones((2, 3), np.float16),
        "bytes": np.arange(4, dtype=np.uint8),
        "whole": np.arange(4),
    }
    path = tmp_path / "w.pkl"
    path.write_bytes(pickle.dumps(state))
    for name, tensor in open_checkpoint(path).tensors.items():
        np.testing.assert_array_equal(tensor.numpy(), state[name])
        assert tensor.numpy().dtype == state[name].dtype


def test_a_network_that_was_pickled_whole(tmp_path: Path) -> None:
    plain = network("squeezenet1_1", 5)
    path = tmp_path / "w.pkl"
    path.write_bytes(pickle.dumps(plain))
    checkpoint = open_checkpoint(path)
    assert checkpoint.about.container == "module"
    torch.testing.assert_close(scores(assemble(checkpoint, "squeezenet1_1"), 64), scores(plain, 64))


def test_an_old_protocol_is_named(tmp_path: Path) -> None:
    path = tmp_path / "w.pkl"
    path.write_bytes(pickle.dumps(arrays(nn.Linear(3, 2).state_dict()), 2))
    with pytest.raises(WeightsError, match="is a Python pickle of NumPy arrays, in a form from before Python 3"):
        open_checkpoint(path)


def test_tensors_in_an_old_protocol_cannot_be_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "w.pkl"
    path.write_bytes(pickle.dumps(nn.Linear(3, 2).state_dict(), 2))
    with pytest.raises(UnsafeError, match="_load_from_bytes"):
        open_checkpoint(path)


def test_numbers_of_another_byte_order_are_no_tensors(tmp_path: Path) -> None:
    path = tmp_path / "w.pkl"
    path.write_bytes(pickle.dumps({name: np.ones(3, ">f4") for name in "abc"}))
    with pytest.raises(WeightsError, match="Python pickle"):
        open_checkpoint(path)


class Inside:
    """A tensor's numbers, whose bytes hold something else."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __reduce__(self) -> tuple[object, tuple[bytes]]:
        return cast(object, torch.storage._load_from_bytes), (self.data,)  # pyright: ignore


def legacy(value: object) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


class TestHostile:
    def state(self) -> dict[str, object]:
        return dict(nn.Linear(3, 2).state_dict())

    def test_code_beside_the_tensors(self, tmp_path: Path) -> None:
        canary, path = tmp_path / "canary", tmp_path / "w.pkl"
        path.write_bytes(pickle.dumps({**self.state(), "x": Runs(canary)}))
        with pytest.raises(UnsafeError):
            open_checkpoint(path)
        assert not canary.exists()

    def test_code_within_a_tensor(self, tmp_path: Path) -> None:
        canary, path = tmp_path / "canary", tmp_path / "w.pkl"
        path.write_bytes(pickle.dumps({**self.state(), "x": Inside(legacy(Runs(canary)))}))
        with pytest.raises(WeightsError):
            open_checkpoint(path)
        assert not canary.exists()

    def test_code_within_a_tensor_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "w.pkl"
        path.write_bytes(pickle.dumps({**self.state(), "x": Inside(legacy(Runs(tmp_path / "canary")))}))
        with pytest.raises(UnsafeError, match=r"builtins\.exec"):
            open_checkpoint(path)

    @pytest.mark.parametrize("data", [b"", b"no PyTorch file", legacy({"a": 1}), legacy(torch.ones(3))[:-4]])
    def test_what_is_no_storage(self, data: bytes, tmp_path: Path) -> None:
        path = tmp_path / "w.pkl"
        path.write_bytes(pickle.dumps({**self.state(), "x": Inside(data)}))
        with pytest.raises(WeightsError):
            open_checkpoint(path)

    def test_cut_off_anywhere(self, tmp_path: Path) -> None:
        data = pickle.dumps(self.state())
        path = tmp_path / "w.pkl"
        for length in range(1, len(data) - 1, 7):
            path.write_bytes(data[:length])
            with pytest.raises(WeightsError):
                open_checkpoint(path)

    @pytest.mark.parametrize("kind", ["in an archive", "behind many bytes", "in a damaged file"])
    def test_code_within_bytes_that_are_not_understood(self, kind: str, tmp_path: Path) -> None:
        evil = Runs(tmp_path / "canary")
        archive = io.BytesIO()
        torch.save(evil, archive)
        data = {
            "in an archive": archive.getvalue(),
            "behind many bytes": legacy(["x" * 10_000, evil]),
            "in a damaged file": legacy(evil)[:-4],
        }[kind]
        path = tmp_path / "w.pkl"
        path.write_bytes(pickle.dumps({**self.state(), "x": Inside(data)}))
        with pytest.raises(UnsafeError, match=r"_load_from_bytes|builtins\.exec"):
            open_checkpoint(path)

    def test_bytes_that_are_used_often_are_read_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        data = legacy(torch.ones(4).untyped_storage())
        again = b"h\0h\1\x85R"
        path = tmp_path / "w.pkl"
        path.write_bytes(
            b"\x80\4ctorch.storage\n_load_from_bytes\nq\0"
            + (b"0B" + struct.pack("<I", len(data)) + data)
            + (b"q\x010](" + again * 500 + b"e.")
        )
        starts: list[int] = []

        def counted(file: BinaryIO, size: int, start: int, most: int) -> Contents:
            starts.append(start)
            return read_legacy(file, size, start, most)

        monkeypatch.setattr(plain_pickles, "read_legacy", counted)
        with pytest.raises(WeightsError):
            open_checkpoint(path)
        assert len(starts) == 1

    def test_more_tensors_than_any_network_has(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(plain_pickles, "_MAX_STORAGES", 1)
        path = tmp_path / "w.pkl"
        path.write_bytes(pickle.dumps(self.state()))
        with pytest.raises(WeightsError, match="more tensors than any network has"):
            open_checkpoint(path)

    def test_something_behind_it(self, tmp_path: Path) -> None:
        path = tmp_path / "w.pkl"
        path.write_bytes(pickle.dumps(self.state()) + pickle.dumps([1]))
        with pytest.raises(WeightsError, match="something follows its pickle"):
            open_checkpoint(path)

    def test_code_behind_it_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "w.pkl"
        path.write_bytes(pickle.dumps(self.state()) + pickle.dumps([1]) + pickle.dumps(Runs(tmp_path / "canary")))
        with pytest.raises(UnsafeError, match=r"builtins\.exec"):
            open_checkpoint(path)

    def test_bytes_that_claim_terabytes(self, tmp_path: Path) -> None:
        path = tmp_path / "w.pkl"
        path.write_bytes(b"\x80\x04\x8e" + (1 << 60).to_bytes(8, "little") + b"x")
        with pytest.raises(WeightsError, match="cut off"):
            open_checkpoint(path)

    def test_an_array_that_claims_more_than_it_has(self, tmp_path: Path) -> None:
        data = pickle.dumps({"a": np.ones(4, np.float32), "b": np.ones((2, 2), np.float32)})
        assert data.count(b"K\x04\x85") == 1
        path = tmp_path / "w.pkl"
        path.write_bytes(data.replace(b"K\x04\x85", b"K\xff\x85"))
        with pytest.raises(WeightsError, match="fewer numbers"):
            open_checkpoint(path)
