"""Weights files open: every container, wrapper and prefix, with what lies beside the tensors."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import hashlib
import logging
import os
import pathlib
import re
import types
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.checkpoints import Checkpoint, open_checkpoint, storages
from core.errors import UsageError, WeightsError
from core.matching import rank
from tests.core.checkpoints.making import saved, small_state
from tests.core.weights import StateDict, network, save, save_safe

ARCHITECTURE = "shufflenet_v2_x0_5"


@pytest.fixture(scope="module")
def raw() -> StateDict:
    """A small network's state dict."""
    return dict(network(ARCHITECTURE).state_dict())


@pytest.fixture(scope="module")
def averaged() -> StateDict:
    """Another one of the same shapes."""
    return dict(network(ARCHITECTURE, seed=1).state_dict())


def prefixed(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in state.items()}


def opened(value: object, tmp_path: Path, *, legacy: bool = False) -> Checkpoint:
    return open_checkpoint(save(value, tmp_path / "w.pth", legacy=legacy))


def holds(checkpoint: Checkpoint, state: Mapping[str, Tensor]) -> bool:
    return checkpoint.tensors.keys() == state.keys() and all(
        torch.equal(checkpoint.tensors[name], tensor) for name, tensor in state.items()
    )


@pytest.mark.parametrize(
    "wrapper", ["", "state_dict", "model", "model_state_dict", "net", "params", "weights", "network", "module"]
)
@pytest.mark.parametrize("legacy", [False, True])
def test_wrappers(wrapper: str, legacy: bool, raw: StateDict, tmp_path: Path) -> None:
    value: object = {wrapper: raw, "epoch": 7} if wrapper else raw
    checkpoint = opened(value, tmp_path, legacy=legacy)
    assert checkpoint.summary.unwrapped == ((wrapper,) if wrapper else ())
    assert checkpoint.summary.prefix == ""
    assert checkpoint.summary.container == "state_dict"
    assert holds(checkpoint, raw)
    assert checkpoint.metadata == ({"epoch": 7} if wrapper else {})


@pytest.mark.parametrize(
    "prefix",
    [
        "module.",
        "model.",
        "net.",
        "backbone.",
        "_orig_mod.",
        "module._orig_mod.",
        "_orig_mod.module.",
        "model.net.",
        "classifier.",
        "anything.at.all.",
    ],
)
def test_prefixes(prefix: str, raw: StateDict, tmp_path: Path) -> None:
    checkpoint = opened({"state_dict": prefixed(prefix, raw)}, tmp_path)
    assert checkpoint.summary.prefix == prefix
    assert checkpoint.summary.unwrapped == ("state_dict",)
    assert holds(checkpoint, raw)
    assert rank(checkpoint)[0].architecture == ARCHITECTURE


MIDDLE: list[tuple[Callable[[str], str], str]] = [
    (lambda name: name.replace("stage2.", "stage2.module."), ""),
    (lambda name: name.replace("stage3.", "stage3._orig_mod."), ""),
    (lambda name: "module." + name.replace("conv5.", "conv5.module."), "module."),
]


@pytest.mark.parametrize(("rename", "prefix"), MIDDLE)
def test_wrappers_in_the_middle_of_names(
    rename: Callable[[str], str], prefix: str, raw: StateDict, tmp_path: Path
) -> None:
    checkpoint = opened({rename(name): tensor for name, tensor in raw.items()}, tmp_path)
    assert checkpoint.summary.prefix == prefix
    assert holds(checkpoint, raw)


def test_parts_in_dictionaries_of_their_own(raw: StateDict, tmp_path: Path) -> None:
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in raw.items():
        first, _, rest = name.partition(".")
        parts.setdefault(first, {})[rest] = tensor
    assert holds(opened(parts, tmp_path), raw)


def test_wrappers_in_wrappers_and_in_objects(raw: StateDict, tmp_path: Path) -> None:
    value = {"run": {"results": [{"net": raw}]}, "epoch": 1}
    assert opened(value, tmp_path).summary.unwrapped == ("run", "results", "0", "net")
    assert opened(argparse.Namespace(best=raw), tmp_path).summary.unwrapped == ("best",)


WHICH: list[tuple[Callable[[StateDict, StateDict], object], tuple[str, tuple[str, ...], str]]] = [
    # timm: the averaged weights first.
    (lambda raw, ema: {"state_dict": raw, "state_dict_ema": ema}, ("averaged", ("state_dict_ema",), "")),
    (lambda raw, ema: {"state_dict_ema": ema, "state_dict": raw}, ("averaged", ("state_dict_ema",), "")),
    # Everyone else: the trained ones.
    (
        lambda raw, ema: {"model": raw, "model_ema": {"n_averaged": torch.tensor(9), **prefixed("module.", ema)}},
        ("raw", ("model",), ""),
    ),
    (lambda raw, ema: {"ema_state_dict": ema, "state_dict": raw}, ("raw", ("state_dict",), "")),
    (lambda raw, ema: {"params_ema": ema, "params": raw}, ("raw", ("params",), "")),
    (lambda raw, ema: {"ema": ema, "model": raw}, ("raw", ("model",), "")),
    (lambda raw, ema: {"teacher": ema, "student": raw}, ("raw", ("student",), "")),
    (
        lambda raw, ema: {"state_dict": {**prefixed("ema_model.", ema), **prefixed("model.", raw)}},
        ("raw", ("state_dict",), "model."),
    ),
    # Only averaged weights.
    (
        lambda _, ema: {"model_ema": {"n_averaged": torch.tensor(9), **prefixed("module.", ema)}},
        ("averaged", ("model_ema",), "module."),
    ),
]


@pytest.mark.parametrize(("value", "expected"), WHICH)
def test_which_of_several(
    value: Callable[[StateDict, StateDict], object],
    expected: tuple[str, tuple[str, ...], str],
    raw: StateDict,
    averaged: StateDict,
    tmp_path: Path,
) -> None:
    which, unwrapped, prefix = expected
    checkpoint = opened(value(raw, averaged), tmp_path)
    assert (checkpoint.summary.unwrapped, checkpoint.summary.prefix) == (unwrapped, prefix)
    assert holds(checkpoint, raw if which == "raw" else averaged)


SETS: list[tuple[Callable[[StateDict, StateDict], object], tuple[str, ...]]] = [
    (lambda raw, _: raw, (".",)),
    (lambda raw, _: prefixed("module.", raw), ("module",)),
    (lambda raw, _: {"state_dict": raw, "epoch": 3}, ("state_dict",)),
    (lambda raw, ema: {"state_dict": raw, "state_dict_ema": ema}, ("state_dict_ema", "state_dict")),
    (
        lambda raw, ema: {"model": raw, "model_ema": {"n_averaged": torch.tensor(9), **prefixed("module.", ema)}},
        ("model", "model_ema.module"),
    ),
    (lambda raw, ema: {"ema": {"state": ema, "decay": 0.9}, "net": raw}, ("net", "ema.state")),
    (
        lambda raw, ema: {"state_dict": {**prefixed("ema_model.", ema), **prefixed("model.", raw)}},
        ("state_dict.model", "state_dict.ema_model"),
    ),
    # One set under two names is no choice, nor is what is no network.
    (lambda raw, _: {"state_dict": raw, "model": raw}, ("state_dict",)),
    (lambda raw, _: {"state_dict": raw, "other": small_state()}, ("state_dict",)),
    # Of no known architecture: those with the same names and shapes.
    (
        lambda _, __: {"model": small_state(), "ema": small_state(), "queue": {"a": torch.ones(3), "b": torch.ones(3)}},
        ("model", "ema"),
    ),
]


@pytest.mark.parametrize(("value", "expected"), SETS)
def test_sets_to_choose_from(
    value: Callable[[StateDict, StateDict], object],
    expected: tuple[str, ...],
    raw: StateDict,
    averaged: StateDict,
    tmp_path: Path,
) -> None:
    made = value(raw, averaged)
    assert opened(made, tmp_path).summary.sets == expected
    for name in expected:
        chosen = open_checkpoint(tmp_path / "w.pth", name)
        assert chosen.summary.sets[0] == name
        assert sorted(chosen.summary.sets) == sorted(expected)
        assert ".".join((*chosen.summary.unwrapped, chosen.summary.prefix)).strip(".") == name.strip(".")


def test_raw_weights_in_place_of_averaged_ones(raw: StateDict, averaged: StateDict, tmp_path: Path) -> None:
    path = save({"state_dict": raw, "state_dict_ema": averaged}, tmp_path / "w.pth")
    assert holds(open_checkpoint(path), averaged)
    assert holds(open_checkpoint(path, "state_dict_ema"), averaged)
    assert holds(open_checkpoint(path, "state_dict"), raw)
    with pytest.raises(UsageError) as caught:
        open_checkpoint(path, "model")
    assert caught.value.why == "It has: state_dict_ema, state_dict."


def test_averaged_networks_that_were_saved_whole(tmp_path: Path) -> None:
    raw, ema = network(ARCHITECTURE), network(ARCHITECTURE, seed=1)
    path = save({"model": raw, "ema": ema, "epoch": 2}, tmp_path / "w.pth")
    checkpoint = open_checkpoint(path)
    assert (checkpoint.summary.container, checkpoint.summary.sets) == ("module", ("model", "ema"))
    assert checkpoint.metadata["epoch"] == 2
    assert holds(checkpoint, raw.state_dict())
    assert holds(open_checkpoint(path, "ema"), ema.state_dict())


class Colour(enum.Enum):
    """An enumeration that nobody imports."""

    RED = 1


@dataclasses.dataclass
class Run:
    """A data class that nobody imports."""

    name: str
    colour: Colour


class Names(collections.UserDict[str, int]):
    """A table of a class of its own."""


ODD: list[object] = [
    argparse.Namespace(a=1),
    Run("x", Colour.RED),
    Colour.RED,
    Names(cat=0),
    collections.deque([1, 2]),
    datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC),
    datetime.timedelta(1),
    decimal.Decimal("1.5"),
    fractions.Fraction(1, 3),
    uuid.UUID(int=5),
    pathlib.PurePosixPath("/a/b"),
    range(3),
    slice(1, 2),
    complex(1, 2),
    np.float32(1.5),
    np.bool_(True),
    np.arange(3),
    np.dtype("float32"),
    np.random.default_rng(0),
    {(1, (2, 3)): 4, frozenset({1}): 2, Colour.RED: 5, None: 6, 1.5: 7, b"x": 8},
    {1, 2},
    frozenset({"a"}),
    torch.Generator,
    len,
    nn.ReLU,
    torch.optim.SGD,
    collections.Counter("abc"),
    types.SimpleNamespace(a=1),
    logging.getLogger("x"),
    bytearray(b"abc"),
    2**200,
    ValueError("x"),
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: type(odd).__name__)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_nothing_beside_the_tensors_stands_in_the_way(odd: object, protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.save({"odd": odd, "state_dict": small_state(), "epoch": 3}, path, pickle_protocol=protocol)
    checkpoint = open_checkpoint(path)
    assert holds(checkpoint, small_state())
    assert checkpoint.metadata["epoch"] == 3
    assert checkpoint.summary.blocked == ()


def test_what_fits_wins_over_what_is_usual(raw: StateDict, tmp_path: Path) -> None:
    value = {"state_dict": small_state(), "something": raw}
    assert opened(value, tmp_path).summary.unwrapped == ("something",)


@pytest.mark.parametrize(
    "name", ["criterion.weight", "class_weights", "loss.pos_weight", "pos_weight", "val_confmat.confmat", "ce.weight"]
)
def test_tensors_beside_the_network_are_named(name: str, raw: StateDict, tmp_path: Path) -> None:
    checkpoint = opened({"state_dict": {**prefixed("model.", raw), name: torch.ones(7)}}, tmp_path)
    assert checkpoint.summary.left_out == (name,)
    assert holds(checkpoint, raw)
    assert "1 tensor beside them left out" in rank(checkpoint)[0].evidence


@pytest.mark.parametrize("name", ["temperature", "normalize.mean", "fusion.weight"])
def test_what_may_change_the_answer_is_not_left_out(name: str, raw: StateDict, tmp_path: Path) -> None:
    checkpoint = opened({"state_dict": {**prefixed("model.", raw), name: torch.ones(7)}}, tmp_path)
    assert rank(checkpoint) == ()


def test_a_larger_network_around_a_known_one_is_not_taken_for_it(raw: StateDict, tmp_path: Path) -> None:
    checkpoint = opened(
        {**prefixed("backbone.", raw), "head.weight": torch.ones(3, 7), "head.bias": torch.ones(3)}, tmp_path
    )
    assert rank(checkpoint) == ()
    assert "head.weight" in checkpoint.tensors
    assert not checkpoint.summary.left_out


def test_an_optimizers_state_is_not_read(raw: StateDict, tmp_path: Path) -> None:
    plain = network(ARCHITECTURE).requires_grad_(True)
    optimizer = torch.optim.Adam(plain.parameters())
    for parameter in plain.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()  # pyright: ignore[reportUnknownMemberType]
    value = {
        "model": raw,
        "optimizer": optimizer.state_dict(),
        "optimizer_states": [optimizer.state_dict()],
        "epoch": 2,
    }
    checkpoint = opened(value, tmp_path)
    assert checkpoint.summary.unwrapped == ("model",)
    assert checkpoint.metadata == {"epoch": 2, "optimizer_states": []}


def test_a_network_of_no_known_architecture(tmp_path: Path) -> None:
    value = {"state_dict": prefixed("module.", small_state()), "epoch": 3}
    checkpoint = opened(value, tmp_path)
    assert (checkpoint.summary.unwrapped, checkpoint.summary.prefix) == (("state_dict",), "module.")
    assert holds(checkpoint, small_state())
    assert rank(checkpoint) == ()


def test_safetensors(raw: StateDict, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_safe(prefixed("model.", raw), path, {"format": "pt", "class_names": '["cat", "dog"]'})
    checkpoint = open_checkpoint(path)
    assert (checkpoint.summary.container, checkpoint.summary.prefix) == ("safetensors", "model.")
    assert holds(checkpoint, raw)
    assert checkpoint.metadata["format"] == "pt"
    assert checkpoint.metadata["class_names"] == ["cat", "dog"]


@pytest.mark.parametrize(
    "dtype",
    [
        torch.float16,
        torch.bfloat16,
        torch.float64,
        torch.int8,
        torch.uint8,
        torch.int16,
        torch.int32,
        torch.int64,
        torch.bool,
        torch.complex64,
        torch.float8_e4m3fn,
        torch.float8_e5m2,
        torch.uint16,
    ],
)
def test_element_types(dtype: torch.dtype, tmp_path: Path) -> None:
    state = {
        "a": torch.arange(6).reshape(2, 3).to(dtype),
        "b": torch.tensor(1).to(dtype),
        "c": torch.zeros(0, 3).to(dtype),
    }
    path = tmp_path / "w.safetensors"
    save_safe(state, path)
    for checkpoint in (opened(state, tmp_path), opened(state, tmp_path, legacy=True), open_checkpoint(path)):
        for name, tensor in state.items():
            read = checkpoint.tensors[name]
            assert (read.dtype, read.shape) == (dtype, tensor.shape)
            assert torch.equal(read.reshape(-1).view(torch.uint8), tensor.reshape(-1).view(torch.uint8))


@pytest.mark.parametrize("legacy", [False, True])
def test_views_of_larger_tensors(legacy: bool, tmp_path: Path) -> None:
    base = torch.arange(1000.0)
    state = {
        "turned": base[:6].reshape(2, 3).t(),
        "part": base[10:13],
        "steps": base[100:110:3],
        "parameter": torch.nn.Parameter(base[:4].clone()),
        "tied": base[10:13],
        "images": torch.arange(24.0).reshape(1, 2, 3, 4).to(memory_format=torch.channels_last),
    }
    checkpoint = opened(state, tmp_path, legacy=legacy)
    for name, tensor in state.items():
        assert torch.equal(checkpoint.tensors[name], tensor)
        assert checkpoint.tensors[name].is_contiguous()
        assert not checkpoint.tensors[name].requires_grad
    # Ten numbers do not keep a thousand in memory.
    assert checkpoint.tensors["part"].untyped_storage().nbytes() == 12


def test_tensors_of_all_sizes_and_types_lie_side_by_side(tmp_path: Path) -> None:
    """Enough for large pages; of odd lengths, none, and one that is a small part of a large storage."""
    state = {f"t{count}": torch.arange(count, dtype=torch.uint8) for count in (0, 1, 3, 63, 64, 65)}
    state |= {
        "large": torch.randn(700, 1000),
        "double": torch.randn(3, 5).double(),
        "half": torch.randn(7).half(),
        "part": torch.arange(100_000)[5:8],
        "complex": torch.randn(9, dtype=torch.complex64),
        "none": torch.zeros(0, 4),
    }
    for legacy in (False, True):
        checkpoint = opened(state, tmp_path, legacy=legacy)
        assert checkpoint.tensors.keys() == state.keys()
        for name, tensor in state.items():
            assert checkpoint.tensors[name].dtype == tensor.dtype
            assert torch.equal(checkpoint.tensors[name], tensor)
        # Nothing that is changed shows in a neighbour.
        for tensor in checkpoint.tensors.values():
            tensor.fill_(1)
        assert all(bool((tensor == 1).all()) for tensor in checkpoint.tensors.values())


def large_state() -> StateDict:
    """Enough for several threads to read."""
    return {f"t{number}": torch.randn(300_001 + number) for number in range(16)}


@pytest.mark.parametrize("readers", [1, 4])
def test_large_files_are_read_whole(readers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: readers)
    state = large_state()
    checkpoint = opened(state, tmp_path)
    assert all(torch.equal(checkpoint.tensors[name], tensor) for name, tensor in state.items())


def test_where_nothing_reads_at_a_place_files_are_read_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storages, "_CAN_READ_AT_A_PLACE", False)
    state = large_state()
    checkpoint = opened(state, tmp_path)
    assert all(torch.equal(checkpoint.tensors[name], tensor) for name, tensor in state.items())


@pytest.mark.skipif(not hasattr(os, "preadv"), reason="it reads in turn")
@pytest.mark.parametrize("place", [0.0, 0.5])
def test_a_file_that_is_cut_while_it_is_read_is_said_to_be(
    place: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(large_state(), tmp_path / "w.pth")
    end = int(path.stat().st_size * place)
    plain = os.preadv

    def cut(file: int, parts: list[memoryview], position: int) -> int:
        os.truncate(path, end)
        return plain(file, parts, position)

    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    monkeypatch.setattr(os, "preadv", cut)
    with pytest.raises(WeightsError, match="cut off"):
        open_checkpoint(path)


def test_the_summary_counts(raw: StateDict, tmp_path: Path) -> None:
    path = save({"state_dict": raw}, tmp_path / "w.pth")
    summary = open_checkpoint(path).summary
    assert summary.file == str(path)
    assert summary.tensors == len(raw)
    assert summary.parameters == sum(tensor.numel() for tensor in raw.values())
    assert summary.bytes == path.stat().st_size
    assert summary.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert open_checkpoint(path).modified_ns == path.stat().st_mtime_ns


def test_overwriting_the_file_changes_nothing_that_was_read(raw: StateDict, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_safe(raw, path)
    checkpoint = open_checkpoint(path)
    with path.open("r+b") as file:
        file.truncate(10)
        file.write(bytes(5))
    assert holds(checkpoint, raw)
    path.unlink()
    assert holds(checkpoint, raw)


def test_a_file_that_changes_while_it_is_read_is_refused(
    raw: StateDict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(raw, tmp_path / "w.pth")
    plain = os.fstat

    def then_change(number: int) -> os.stat_result:
        found = plain(number)
        os.utime(path, ns=(1, 1))
        return found

    monkeypatch.setattr(os, "fstat", then_change)
    checkpoint = open_checkpoint(path)
    with pytest.raises(WeightsError, match="changed while it was read"):
        _ = checkpoint.summary


class Settings(dict[str, object]):
    """As Lightning and mmengine have them: a dict of a class of their own."""


def test_metadata_becomes_plain(tmp_path: Path) -> None:
    value = {
        "state_dict": small_state(),
        "epoch": 3,
        "arch": "resnet18",
        "acc": np.float64(93.5),
        "best_acc1": torch.tensor(76.25),
        "count": np.int32(4),
        "args": argparse.Namespace(lr=0.1, data=Path("/data/x"), classes=None, nested=argparse.Namespace(a=(1, 2))),
        "hyper_parameters": Settings(width=2, names={"b", "a"}),
        "history": collections.defaultdict(list, {"loss": [0.5, 0.25]}),
        "device": torch.device("cuda", 1),
        "dtype": torch.float16,
        "size": torch.Size([3, 4]),
        "order": collections.OrderedDict([("x", True)]),
        "blob": b"bytes",
        "big": torch.zeros(1000),
        "when": np.datetime64("2024-01-01"),
    }
    metadata = dict(opened(value, tmp_path).metadata)
    assert metadata == {
        "epoch": 3,
        "arch": "resnet18",
        "acc": 93.5,
        "best_acc1": 76.25,
        "count": 4,
        "args": {"lr": 0.1, "data": "/data/x", "classes": None, "nested": {"a": [1, 2]}},
        "hyper_parameters": {"width": 2, "names": ("a", "b")},
        "history": {"loss": [0.5, 0.25]},
        "device": "cuda:1",
        "dtype": "torch.float16",
        "size": [3, 4],
        "order": {"x": True},
    }
    assert type(metadata["acc"]) is float
    assert type(metadata["count"]) is int


CLASS_NAMES: list[dict[str, object]] = [
    {"class_to_idx": {"dog": 1, "cat": 0}},
    {"class_to_idx": collections.OrderedDict(cat=0, dog=1)},
    {"idx_to_class": {0: "cat", 1: "dog"}},
    {"idx_to_class": {"1": "dog", "0": "cat"}},
    {"classes": ["cat", "dog"]},
    {"classes": ("cat", "dog")},
    {"classes": np.array(["cat", "dog"])},
    {"classes": np.array(["cat", "dog"], dtype=object)},
    {"class_names": ["cat", "dog"]},
    {"names": {0: "cat", 1: "dog"}},
    {"meta": {"CLASSES": ("cat", "dog")}},
    {"meta": {"dataset_meta": {"classes": ("cat", "dog")}}},
    {"hyper_parameters": Settings(class_names=["cat", "dog"])},
    {"args": argparse.Namespace(class_to_idx={"cat": np.int64(0), "dog": np.int64(1)})},
]


@pytest.mark.parametrize("extra", CLASS_NAMES)
@pytest.mark.parametrize("legacy", [False, True])
def test_class_names(extra: dict[str, object], legacy: bool, tmp_path: Path) -> None:
    metadata = opened({"state_dict": small_state(), **extra}, tmp_path, legacy=legacy).metadata
    assert metadata["class_names"] == ["cat", "dog"]


@pytest.mark.parametrize(
    "extra", [{"class_to_idx": {"cat": 1, "dog": 2}}, {"class_to_idx": {}}, {"classes": []}, {"classes": 2}, {}]
)
def test_class_names_that_are_none(extra: dict[str, object], tmp_path: Path) -> None:
    assert "class_names" not in opened({"state_dict": small_state(), **extra}, tmp_path).metadata


def test_twenty_thousand_classes(tmp_path: Path) -> None:
    names = [f"class {index}" for index in range(21_841)]
    value = {"state_dict": small_state(), "class_to_idx": {name: index for index, name in enumerate(names)}}
    assert opened(value, tmp_path).metadata["class_names"] == names


def test_large_arrays_beside_the_tensors_do_no_harm(tmp_path: Path) -> None:
    """More bytes than a text of a weights file has, stored as text as protocol 2 does."""
    value = {"state_dict": small_state(), "embedding": np.full(3_000_000, 0.5), "epoch": 2}
    checkpoint = opened(value, tmp_path)
    assert holds(checkpoint, small_state())
    assert checkpoint.metadata == {"epoch": 2}


def test_a_file_of_pytorch_without_checksums(tmp_path: Path) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        path = save(small_state(), tmp_path / "w.pth")
    finally:
        torch.serialization.set_crc32_options(True)
    assert holds(open_checkpoint(path), small_state())


def test_the_suffix_proves_nothing(tmp_path: Path) -> None:
    for name in ("w.safetensors", "w.jpg", "w", "model_best.pth.tar", "w.ckpt"):
        path = tmp_path / name
        path.write_bytes(saved(small_state()))
        assert open_checkpoint(path).summary.container == "state_dict"
    path = tmp_path / "w.pth"
    save_safe(small_state(), path)
    assert open_checkpoint(path).summary.container == "safetensors"


def test_versions_of_python_2(tmp_path: Path) -> None:
    """Byte strings as keys, and protocol 2, as files of Python 2 have them."""
    data = saved(small_state(), legacy=True)
    old = re.sub(rb"X(.)\x00\x00\x00(a\.weight)", rb"U\1\2", data)
    assert old != data
    path = tmp_path / "w.pth"
    path.write_bytes(old)
    assert holds(open_checkpoint(path), small_state())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("label2idx", {"cat": 0, "ant": 1, "bee": 2}),
        ("class_to_id", {"bee": 2, "cat": 0, "ant": 1}),
        ("idx_to_label", {2: "bee", 0: "cat", 1: "ant"}),
        ("index_to_label", {0: "cat", 1: "ant", 2: "bee"}),
        ("labels_map", {"0": "cat", "1": "ant", "2": "bee"}),
        ("labels", {"cat": 0, "ant": 1, "bee": 2}),
        ("class_mapping", {"cat": 0, "ant": 1, "bee": 2}),
        ("target_names", ["cat", "ant", "bee"]),
        ("dataset", {"class_to_idx": {"cat": 0, "ant": 1, "bee": 2}}),
        ("label_encoder", {"classes_": ["cat", "ant", "bee"]}),
    ],
)
def test_class_names_under_many_keys(key: str, value: object, raw: StateDict, tmp_path: Path) -> None:
    assert opened({"model": raw, key: value}, tmp_path).metadata["class_names"] == ["cat", "ant", "bee"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mapping", {"lr": 3, "epochs": 90}),
        ("label_map", {"cat": True, "ant": False}),
        ("labels", {"cat": 0.5, "ant": 0.5}),
        ("class_dict", {"0": {"name": "cat"}, "1": {"name": "ant"}}),
        ("label_encoder", {"kind": "onehot"}),
    ],
)
def test_what_only_looks_like_class_names(key: str, value: object, raw: StateDict, tmp_path: Path) -> None:
    assert "class_names" not in opened({"model": raw, key: value}, tmp_path).metadata
