"""Small files that ask for much: the memory that opening takes stays a small multiple of the file."""

from __future__ import annotations

import io
import json
import struct
import tracemalloc
from pathlib import Path
from typing import cast

import pytest

from core.checkpoints import open_checkpoint, pickles
from core.checkpoints.values import BrokenFile
from core.errors import WeightsError, shown
from tests.core.checkpoints.making import bare_archive
from tests.core.checkpoints.test_old_tars import archive

LONG = 300_000
"""Letters of a text that is written once and used many times."""
MOST = 60_000_000
"""Bytes; without care each of these files takes hundreds of millions."""


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def keep(value: bytes, number: int) -> bytes:
    """Store a value in the memo, and take it off the stack."""
    return value + b"r" + struct.pack("<I", number) + b"0"


def again(number: int) -> bytes:
    return b"j" + struct.pack("<I", number)


def call(name: str, *args: bytes) -> bytes:
    module, _, function = name.rpartition(".")
    return f"c{module}\n{function}\n".encode() + b"(" + b"".join(args) + b"tR"


def tensor() -> bytes:
    """Four numbers, those of the archive's only storage."""
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + b"K\x04tQ"
    return call("torch._utils._rebuild_tensor_v2", storage, b"K\0", b"K\x04\x85", b"K\x01\x85", b"\x89", b"}")


def table(*pairs: tuple[bytes, bytes]) -> bytes:
    return b"}(" + b"".join(key + value for key, value in pairs) + b"u"


def weights(count: int) -> bytes:
    return table(*((text(f"layer{index}.weight"), tensor()) for index in range(count)))


def module(parameters: bytes = b"}", modules: bytes = b"}") -> bytes:
    state = table((text("_parameters"), parameters), (text("_buffers"), b"}"), (text("_modules"), modules))
    return b"ctorch.nn.modules.container\nSequential\n)\x81" + state + b"b"


def number(value: int) -> bytes:
    data = value.to_bytes(16, "little")
    return b"\x8a\x10" + data


def beside(value: bytes, *before: bytes) -> bytes:
    """Good weights with a value beside them."""
    return b"".join(before) + weights(10) + text("note") + value + b"s"


SHARED = keep(text("A" * LONG), 1)
LEAF = keep(module(table((text("weight"), tensor()))), 2)
WIDE = keep(module(modules=table(*((text(str(index)), again(2)) for index in range(3000)))), 3)
INNER = keep(weights(1500), 7)
NAMES = keep(
    b"cnumpy.core.multiarray\n_reconstruct\n)R(K\1K\1"
    + call("numpy.dtype", text("U1"))
    + b"\x89B"
    + struct.pack("<I", 400_000)
    + b"a\0\0\0" * 100_000
    + b"tb",
    4,
)

PICKLES = {
    "a long text in many keys": SHARED
    + table(*((b"(" + again(1) * 15 + number(index) + b"t", weights(2)) for index in range(100))),
    "a long text in the members of a set": beside(
        b"\x8f(" + b"".join(b"(" + again(1) * 15 + number(index) + b"t" for index in range(100)) + b"\x90", SHARED
    ),
    "a long text in many names of Python": SHARED
    + b"]("
    + b"".join(again(1) + text(f"n{index}") + b"\x93" for index in range(1000))
    + b"e",
    "a long text in a device": SHARED + call("torch.device", *(again(1) for _ in range(500))),
    "a long text encoded often": SHARED
    + b"]("
    + b"".join(call("_codecs.encode", again(1), text("latin1")) for _ in range(500))
    + b"e",
    "a long text in a list beside weights": beside(b"](" + again(1) * 50_000 + b"e", SHARED),
    "a long name of many modules": SHARED + LEAF + WIDE + module(modules=table((again(1), again(3)))),
    "a long name of many tensors": SHARED + INNER + table((again(1), again(7))),
    "tensors that many dictionaries share": INNER + table(*((text(f"n{index}"), again(7)) for index in range(1500))),
    "tensors that many modules share": keep(module(weights(1500)), 2)
    + module(modules=table(*((text(str(index)), again(2)) for index in range(1500)))),
    "modules that many networks share": LEAF
    + WIDE
    + table(*((text(f"m{index}"), module(modules=table((text("x"), again(3))))) for index in range(300))),
    "names that many lists share": beside(b"](" + again(4) * 500 + b"e", NAMES),
}


@pytest.fixture(autouse=True, scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is read once, for the first file, does not count."""
    data = b"\x80\x04" + weights(10) + b"."
    open_checkpoint(bare_archive(data, tmp_path_factory.mktemp("first") / "w.pth", **{"data/0": bytes(16)}))


def peak(path: Path) -> tuple[int, BaseException | None]:
    """Bytes that opening takes at most, and the error that ends it."""
    error: BaseException | None = None
    tracemalloc.start()
    try:
        _ = open_checkpoint(path).summary
    except WeightsError as caught:
        error = caught
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return most, error


@pytest.mark.parametrize("name", PICKLES)
def test_what_is_written_once_and_used_often_takes_little(name: str, tmp_path: Path) -> None:
    data = b"\x80\x04" + PICKLES[name] + b"."
    path = bare_archive(data, tmp_path / "w.pth", **{"data/0": bytes(16)})
    most, _ = peak(path)
    assert most < MOST + 10 * len(data)


@pytest.mark.parametrize("part", [b"[]", b"{}"])
def test_a_header_of_brackets_takes_little(part: bytes, tmp_path: Path) -> None:
    header = b'{"a":[' + part + b"".join([b"," + part] * 1_500_000) + b"]}"
    path = tmp_path / "w.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    most, error = peak(path)
    assert most < 3 * len(header)
    assert "more parts" in str(error)


def test_metadata_of_brackets_takes_little(tmp_path: Path) -> None:
    header = json.dumps(
        {
            "__metadata__": {"classes": "[" + "[]," * 3_000_000 + "1]"},
            "w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]},
        }
    ).encode()
    path = tmp_path / "w.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(16))
    most, error = peak(path)
    assert error is None or "more parts" in str(error)
    assert most < 10 * len(header)


def same_hash(kind: str) -> bytes:
    """A dictionary, set or list of pairs whose keys Python would give one hash."""
    keys = [number(index * (2**61 - 1)) for index in range(1, 1000)]
    ways = {
        "dictionary": b"}(" + b"".join(key + b"\x85N" for key in keys) + b"u",
        "set": b"\x8f(" + b"".join(key + b"\x85" for key in keys) + b"\x90",
        "set of a list": call("builtins.set", b"](" + b"".join(keys) + b"e"),
        "OrderedDict": call("collections.OrderedDict", b"](" + b"".join(key + b"N\x86" for key in keys) + b"e"),
    }
    return b"\x80\x04" + ways[kind] + b"."


@pytest.mark.parametrize("kind", ["dictionary", "set", "set of a list", "OrderedDict"])
def test_keys_of_one_hash_do_not_meet_in_one_table(kind: str) -> None:
    """Each would be compared with all before it: a megabyte of them would take minutes."""
    data = same_hash(kind)
    found = pickles.PickleReader(io.BytesIO(data), len(data)).read()
    keys = list(cast("dict[object, object]", found))
    assert len(keys) == 999
    assert len({hash(key) for key in keys}) > 900


def test_objects_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte makes a set, which takes two hundred: without a limit, five megabytes would take a gigabyte."""
    monkeypatch.setattr(pickles, "MAX_OBJECTS", 100)
    for made in (b"\x8f", b"}", b"]", b"cfoo\nbar\n)R", b"cfoo\nbar\n)N\x92", b"(l", b"(d", b"(\x91", b"NQ"):
        data = b"\x80\x04" + made * 101 + b"."
        with pytest.raises(BrokenFile, match="more than 100 objects"):
            pickles.PickleReader(io.BytesIO(data), len(data)).read()
        data = b"\x80\x04" + made * 100 + b"."
        pickles.PickleReader(io.BytesIO(data), len(data)).read()


def test_what_a_pickle_remembers_is_let_go_when_it_was_read() -> None:
    # Whether a file is another kind of pickle is told by reading it once more.
    data = b"\x80\2N" + b"".join(b"r" + struct.pack("<I", index) for index in range(50_000)) + b"."
    tracemalloc.start()
    try:
        reader = pickles.PickleReader(io.BytesIO(data), len(data))
        before = tracemalloc.get_traced_memory()[0]
        assert reader.read() is None
        assert tracemalloc.get_traced_memory()[0] - before < 100_000
        assert tracemalloc.get_traced_memory()[1] - before > 1_000_000
    finally:
        tracemalloc.stop()


def test_calls_within_calls_are_not_followed(tmp_path: Path) -> None:
    name = b"ctorch._tensor\n_rebuild_from_type_v2\n"
    data = keep(name, 0) + keep(b")", 1) + b"".join(keep(again(0) + b"N" + again(1) + b"\x87", 1) for _ in range(5000))
    path = bare_archive(b"\x80\x02" + data + again(0) + again(1) + b"R.", tmp_path / "w.pth")
    with pytest.raises(WeightsError, match="without tensors"):
        open_checkpoint(path)


DOUBLED = b"N\x85" + b"r\0\0\0\0" + b"0" + b"".join(keep(again(0) * 2 + b"\x86", 0) for _ in range(60)) + again(0)
DEEP = b")" + b"\x85" * 5000


@pytest.mark.parametrize("key", [DOUBLED, DEEP])
def test_keys_of_storages_are_texts_or_numbers(key: bytes, tmp_path: Path) -> None:
    """What is nested is never written out: sixty doublings would fill any memory."""
    path = tmp_path / "w.pth"
    head = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.\x80\x02}."
    path.write_bytes(head + b"\x80\x02](" + key + b"e.")
    with pytest.raises(WeightsError, match="does not say where its numbers are"):
        open_checkpoint(path)
    nothing = b"\x80\x02K\0."
    one = b"\x80\x02K\1.\x80\x02" + key + text("cpu") + b"ctorch\nFloatStorage\n\x87." + struct.pack("<q", 0)
    for storages, pickled in ((one, b"\x80\x02}."), (nothing, b"\x80\x02](" + key + b"Qe.")):
        archive({"storages": storages + b"\x80\x02].", "tensors": nothing, "pickle": pickled}, path)
        with pytest.raises(WeightsError, match=r"cannot be read|without"):
            open_checkpoint(path)


def test_a_long_text_is_cut_before_it_is_looked_at() -> None:
    tracemalloc.start()
    line = shown("A" * 5_000_000, 30)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert line == "A" * 29 + "…"
    assert most < 10_000_000
