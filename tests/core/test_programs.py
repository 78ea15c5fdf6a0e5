"""TorchScript and torch.export: looked at without running, run only after a word, from the bytes that were hashed."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import timm
import torch
from torch import Tensor, nn

from core.checkpoints import Checkpoint, open_checkpoint
from core.errors import TrustError, UnsafeError, WeightsError
from core.matching import assemble, decide, rank
from core.programs import load_program, trust_request
from core.trust import GivenFor, TrustStore
from tests.core.weights import network, save


class Small(nn.Module):
    """A small network of its own, with names for its classes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, 3)
        self.labels = ["cat", "dog", "owl"]

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(torch.relu(self.norm(self.conv(images))).mean((2, 3)))


@pytest.fixture(autouse=True)
def _old_ways() -> Iterator[None]:
    """PyTorch warns of what these tests use on purpose to make files; reading them must not warn."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit\.(script|trace|save|freeze)\w*` is (deprecated|not supported)")
        warnings.filterwarnings("ignore", "Lite Interpreter is deprecated")
        yield


def images(count: int = 2, side: int = 12) -> Tensor:
    torch.manual_seed(1)  # pyright: ignore[reportUnknownMemberType]
    return torch.randn(count, 3, side, side)


def outputs(net: nn.Module, count: int = 2, side: int = 12) -> Tensor:
    with torch.inference_mode():
        return net(images(count, side))


def small() -> Small:
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]
    return Small().eval()


def scripted(net: nn.Module, path: Path, **extra: str) -> Path:
    torch.jit.save(torch.jit.script(net), path, _extra_files=dict(extra))  # pyright: ignore
    return path


def traced(net: nn.Module, path: Path, **extra: str) -> Path:
    side = 64 if not isinstance(net, Small) else 12
    torch.jit.save(torch.jit.trace(net, images(1, side)), path, _extra_files=dict(extra))  # pyright: ignore
    return path


def frozen(net: nn.Module, path: Path) -> Path:
    torch.jit.save(torch.jit.freeze(torch.jit.script(net)), path)  # pyright: ignore
    return path


def lite(net: nn.Module, path: Path) -> Path:
    torch.jit.script(net)._save_for_lite_interpreter(str(path))  # pyright: ignore
    return path


def exported(net: nn.Module, path: Path, size: int = 1, side: int = 12, extra: dict[str, str] | None = None) -> Path:
    torch.export.save(torch.export.export(net, (images(size, side),)), path, extra_files=extra)
    return path


def repacked(path: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """The same archive with other members, packed as PyTorch does."""
    with zipfile.ZipFile(path) as old:
        members = [(info, old.read(info)) for info in old.infolist()]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as new:
        for info, data in members:
            changed = change(info.filename, data)
            if changed is not None:
                new.writestr(info.filename, changed, info.compress_type)
    path.write_bytes(buffer.getvalue())
    return path


def holds(checkpoint: Checkpoint, state: Mapping[str, Tensor]) -> bool:
    return checkpoint.tensors.keys() == state.keys() and all(
        torch.equal(checkpoint.tensors[name], tensor) for name, tensor in state.items()
    )


MAKERS: list[Callable[[nn.Module, Path], Path]] = [scripted, traced, lite, exported]


@pytest.mark.parametrize("make", MAKERS)
def test_tensors_are_read_without_running(make: Callable[[nn.Module, Path], Path], tmp_path: Path) -> None:
    plain = small()
    checkpoint = open_checkpoint(make(plain, tmp_path / "w.pt"))
    kind = "exported_program" if make is exported else "torchscript"
    assert checkpoint.summary.container == kind
    assert checkpoint.program is not None
    assert checkpoint.program.kind == kind
    assert holds(checkpoint, plain.state_dict())
    classes = dict(checkpoint.classes)
    assert classes[""].endswith("Small")
    assert classes["conv"] == "torch.nn.modules.conv.Conv2d"


@pytest.mark.parametrize("make", [*MAKERS, frozen])
def test_loaded_after_a_word(make: Callable[[nn.Module, Path], Path], tmp_path: Path) -> None:
    plain = small()
    path = make(plain, tmp_path / "w.pt")
    checkpoint = open_checkpoint(path)
    store = TrustStore(tmp_path / "trust.json")
    with pytest.raises(TrustError) as caught:
        load_program(checkpoint, store)
    request = caught.value.request
    assert request == trust_request(checkpoint)
    assert (request.sha256, request.file) == (checkpoint.summary.sha256, str(path))
    assert "--trust" in caught.value.remedy
    store.trust(request)
    loaded = load_program(checkpoint, store)
    torch.testing.assert_close(outputs(loaded, 1), outputs(plain, 1))
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    torch.testing.assert_close(outputs(load_program(checkpoint, GivenFor([path])), 1), outputs(plain, 1))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_program_for_one_batch_size_takes_any(size: int, tmp_path: Path) -> None:
    plain = small()
    path = exported(plain, tmp_path / "w.pt2", size)
    loaded = load_program(open_checkpoint(path), GivenFor([path]))
    assert loaded.input_shape == (size, 3, 12, 12)
    for count in (1, 2, 5):
        torch.testing.assert_close(outputs(loaded, count), outputs(plain, count))


def exported_64(net: nn.Module, path: Path) -> Path:
    return exported(net, path, 1, 64)


KNOWN: list[Callable[[nn.Module, Path], Path]] = [traced, exported_64]


@pytest.mark.parametrize("make", KNOWN)
def test_a_known_architecture_needs_no_trust(make: Callable[[nn.Module, Path], Path], tmp_path: Path) -> None:
    plain = network("squeezenet1_1", 5)
    checkpoint = open_checkpoint(make(plain, tmp_path / "w.pt"))
    assert [match.architecture for match in rank(checkpoint)] == ["squeezenet1_1"]
    assert holds(checkpoint, plain.state_dict())


@pytest.mark.parametrize(
    ("name", "side"), [("convit_tiny", 224), ("eva02_tiny_patch14_224", 224), ("resnetblur18", 64)]
)
def test_buffers_that_a_state_dict_leaves_out_do_not_hide_a_known_architecture(
    name: str, side: int, tmp_path: Path
) -> None:
    net = timm.create_model(name, num_classes=3).eval()
    warnings.filterwarnings("ignore", "Converting a tensor to a Python")
    torch.jit.save(torch.jit.trace(net, images(1, side), check_trace=False), tmp_path / "w.pt")  # pyright: ignore
    checkpoint = open_checkpoint(tmp_path / "w.pt")
    match, ambiguous = decide(rank(checkpoint))
    assert match is not None
    assert (match.architecture, match.num_classes, ambiguous) == (f"timm/{name}", 3, False)
    made = assemble(checkpoint, match.architecture)
    torch.testing.assert_close(outputs(made, 1, side), outputs(net, 1, side), rtol=1e-5, atol=1e-5)


def test_such_a_buffer_in_another_network_is_not_left_out(tmp_path: Path) -> None:
    """No ResNet computes rotary positions: with them it is another network."""
    state = network("resnet18", 3).state_dict()
    checkpoint = open_checkpoint(save({**state, "inv_freq": torch.zeros(4)}, tmp_path / "w.pth"))
    assert rank(checkpoint) == ()


def test_tensors_that_share_numbers_or_lie_otherwise(tmp_path: Path) -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Conv2d(3, 3, 1).to(memory_format=torch.channels_last)
            self.two = nn.Conv2d(3, 3, 1)
            self.two.weight = self.one.weight
            self.register_buffer("extra", torch.ones(2, dtype=torch.bfloat16))

        def forward(self, images: Tensor) -> Tensor:
            return self.two(self.one(images)).mean((2, 3)) + cast(Tensor, self.extra).sum().float()

    plain = Tied().eval()
    assert holds(open_checkpoint(exported(plain, tmp_path / "w.pt2")), plain.state_dict())


def test_class_names_beside_a_program(tmp_path: Path) -> None:
    plain = small()
    assert open_checkpoint(scripted(plain, tmp_path / "a.pt")).metadata["class_names"] == plain.labels
    extra = {"index_to_name.json": '{"0": "a", "1": "b"}'}
    assert open_checkpoint(traced(plain, tmp_path / "b.pt", **extra)).metadata["class_names"] == ["a", "b"]
    assert open_checkpoint(traced(plain, tmp_path / "c.pt", **{"classes.txt": "a\nb\n"})).metadata["class_names"] == [
        "a",
        "b",
    ]
    path = exported(plain, tmp_path / "d.pt2", extra={"labels.json": '["a", "b"]', "note": "hello"})
    metadata = open_checkpoint(path).metadata
    assert (metadata["class_names"], metadata["note"]) == (["a", "b"], "hello")


def test_what_is_in_it_in_plain_words(tmp_path: Path) -> None:
    contents = "\n".join(trust_request(open_checkpoint(scripted(small(), tmp_path / "w.pt"))).contents)
    assert "Its classes: BatchNorm2d, Conv2d, Linear, Small." in contents
    assert "No operation that reads or writes files is named in it." in contents
    contents = "\n".join(trust_request(open_checkpoint(exported(small(), tmp_path / "w.pt2"))).contents)
    assert "conv2d.default" in contents


def test_a_program_that_writes_files(tmp_path: Path) -> None:
    """It does when it runs, which is why it asks; looking at it does not run it."""
    canary = tmp_path / "canary"

    def writing(name: str, data: bytes) -> bytes:
        if not name.endswith("test_programs.py"):
            return data
        code = data.decode().replace("    return ", f'    ops.aten.save(x, "{canary}")\n    return ')
        return code.replace("images: Tensor", "x: Tensor").replace("images", "x").encode()

    path = repacked(scripted(small(), tmp_path / "w.pt"), writing)
    checkpoint = open_checkpoint(path)
    assert any("writes files: it uses aten::save" in line for line in trust_request(checkpoint).contents)
    with pytest.raises(TrustError):
        load_program(checkpoint)
    assert not canary.exists()
    outputs(load_program(checkpoint, GivenFor([path])))
    assert canary.exists()


def test_a_file_that_was_exchanged_is_not_loaded(tmp_path: Path) -> None:
    path = scripted(small(), tmp_path / "w.pt")
    checkpoint = open_checkpoint(path)
    # Its sha256 is known before the file is another one.
    assert checkpoint.summary.sha256
    torch.manual_seed(5)  # pyright: ignore[reportUnknownMemberType]
    scripted(Small().eval(), path)
    with pytest.raises(WeightsError, match="not the file that you trusted"):
        load_program(checkpoint, GivenFor([path]))
    path.unlink()
    with pytest.raises(WeightsError, match="cannot be read"):
        load_program(checkpoint, GivenFor([path]))


def test_a_program_for_phones_only_is_named(tmp_path: Path) -> None:
    path = repacked(lite(small(), tmp_path / "w.ptl"), lambda name, data: None if "/code/" in name else data)
    checkpoint = open_checkpoint(path)
    assert holds(checkpoint, small().state_dict())
    with pytest.raises(WeightsError, match="made for phones"):
        load_program(checkpoint, GivenFor([path]))


def test_a_program_that_cannot_be_loaded(tmp_path: Path) -> None:
    path = repacked(
        scripted(small(), tmp_path / "w.pt"),
        lambda name, data: b"nonsense (" if name.endswith("test_programs.py") else data,
    )
    with pytest.raises(WeightsError, match="cannot be loaded by this version of PyTorch"):
        load_program(open_checkpoint(path), GivenFor([path]))


def test_code_may_be_compressed_but_is_no_bomb(tmp_path: Path) -> None:
    path = repacked(
        scripted(small(), tmp_path / "w.pt"),
        lambda name, data: bytes(100_000_000) if name.endswith("test_programs.py") else data,
    )
    assert path.stat().st_size < 200_000
    with pytest.raises(WeightsError, match="100,000,000 bytes"):
        open_checkpoint(path)


def test_only_code_may_be_compressed(tmp_path: Path) -> None:
    path = scripted(small(), tmp_path / "w.pt")
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in members.items():
            new.writestr(name, data)
    with pytest.raises(WeightsError, match="packed again"):
        open_checkpoint(path)


LAYOUTS: list[tuple[str, str]] = [
    ("w/data/weights/model.pt", "w/models/model.json"),  # PyTorch 2.8
    ("serialized_state_dict.pt", "serialized_exported_program.json"),  # PyTorch 2.1 to 2.7
]


@pytest.mark.parametrize(("weights", "program"), LAYOUTS)
def test_older_layouts_of_torch_export(weights: str, program: str, tmp_path: Path) -> None:
    plain = small()
    state = save(dict(plain.state_dict()), tmp_path / "state.pt").read_bytes()
    path = tmp_path / "w.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(weights, state)
        archive.writestr(program, b"{}")
    checkpoint = open_checkpoint(path)
    assert checkpoint.summary.container == "exported_program"
    assert holds(checkpoint, plain.state_dict())


def weights_config(name: str, data: bytes, change: Callable[[dict[str, object]], object]) -> bytes:
    if not name.endswith("model_weights_config.json"):
        return data
    config = cast("dict[str, dict[str, dict[str, object]]]", json.loads(data))
    change(cast("dict[str, object]", config["config"]["fc.weight"]["tensor_meta"]))
    return json.dumps(config).encode()


CHANGES: list[tuple[Callable[[dict[str, object]], object], str]] = [
    (lambda meta: meta.update(sizes=[{"as_int": 10**6}, {"as_int": 10**6}]), "reaches beyond"),
    (lambda meta: meta.update(strides=[{"as_int": 900}, {"as_int": 1}]), "reaches beyond"),
    (lambda meta: meta.update(sizes=[{"as_int": 2**40}], strides=[{"as_int": 0}]), "repeats its numbers"),
    (lambda meta: meta.update(sizes=[{"as_int": -3}], strides=[{"as_int": 1}]), "wrongly"),
    (lambda meta: meta.update(sizes="x"), "wrongly"),
    (lambda meta: meta.update(storage_offset={"as_expr": "s0"}), "wrongly"),
    (lambda meta: meta.update(dtype=99), "unknown type"),
    (lambda meta: meta.update(dtype=[7]), "unknown type"),
]


@pytest.mark.parametrize(("change", "reason"), CHANGES)
def test_exported_tensors_cannot_claim_what_is_not_there(
    change: Callable[[dict[str, object]], object], reason: str, tmp_path: Path
) -> None:
    path = repacked(exported(small(), tmp_path / "w.pt2"), lambda name, data: weights_config(name, data, change))
    with pytest.raises(WeightsError, match=reason):
        open_checkpoint(path)


def test_pickles_within_an_exported_program_are_looked_at(tmp_path: Path) -> None:
    canary = tmp_path / "canary"

    class Runs:
        def __reduce__(self) -> tuple[object, ...]:
            return (exec, (f"open({str(canary)!r}, 'w').close()",))

    evil = save(Runs(), tmp_path / "evil.pt").read_bytes()
    path = repacked(exported(small(), tmp_path / "w.pt2"), lambda name, data: evil if "sample_inputs" in name else data)
    with pytest.raises(UnsafeError) as caught:
        open_checkpoint(path)
    assert caught.value.blocked == ("builtins.exec",)
    described = open_checkpoint(path, refuse_unsafe=False)
    assert described.summary.blocked == ("builtins.exec",)
    with pytest.raises(UnsafeError):
        load_program(described, GivenFor([path]))
    assert not canary.exists()


def test_a_state_dict_is_no_program(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(save(small().state_dict(), tmp_path / "w.pth"))
    with pytest.raises(ValueError, match="no program"):
        trust_request(replace(checkpoint))
