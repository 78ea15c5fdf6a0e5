"""Nothing in a file runs, nothing in it takes memory that it does not have, and the message is clear."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import struct
import tracemalloc
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import cast

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save as save_safetensors
from torch import Tensor
from torch._utils import _rebuild_tensor_v2  # pyright: ignore[reportPrivateUsage, reportUnknownVariableType]

from core.checkpoints import open_checkpoint
from core.errors import UnsafeError, WeightsError
from tests.core.checkpoints.making import Runs, bare_archive, hostile_pickles, legacy_file, saved, small_state
from tests.core.weights import network, save

HOSTILE = list(hostile_pickles(Path("x")))


@pytest.mark.parametrize("name", HOSTILE)
def test_no_pickle_runs_code(name: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    data = hostile_pickles(canary)[name]
    plain = tmp_path / "plain.pth"
    plain.write_bytes(data)
    files = [plain, bare_archive(data, tmp_path / "zip.pth"), legacy_file(data, tmp_path / "legacy.pth")]
    for path in files:
        with pytest.raises(WeightsError) as caught:
            open_checkpoint(path)
        assert caught.value.what == f"{path.name} is not safe."
        assert "Nothing was run." in caught.value.why
        assert not canary.exists()
    # The pickle does run where nobody takes care: this test would notice.
    with contextlib.suppress(pickle.UnpicklingError, TypeError):
        pickle.loads(data)  # noqa: S301
    assert canary.exists()


@pytest.mark.parametrize("legacy", [False, True])
def test_code_beside_good_weights_does_not_run(tmp_path: Path, legacy: bool) -> None:
    canary = tmp_path / "canary"
    path = tmp_path / "w.pth"
    path.write_bytes(saved({"state_dict": small_state(), "note": Runs(canary)}, legacy=legacy))
    with pytest.raises(WeightsError, match=r"builtins\.exec"):
        open_checkpoint(path)
    assert not canary.exists()


class Custom:
    """A class that nobody imports: here it would fail to load."""

    def __init__(self) -> None:
        self.canary = "set"

    def __setstate__(self, state: object) -> None:
        raise AssertionError("a file's class was used")


def test_objects_of_unknown_classes_stay_placeholders(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(saved({"state_dict": small_state(), "settings": Custom()}))
    checkpoint = open_checkpoint(path)
    assert checkpoint.metadata["settings"] == {"canary": "set"}
    assert checkpoint.tensors.keys() == small_state().keys()


def doubled(levels: int) -> bytes:
    """A tuple of two of a tuple of two of ...: 2 ** levels values in a few bytes."""
    return b"\x80\x02N\x85" + b"q\x00h\x00\x86" * levels + b"."


def nested(levels: int) -> bytes:
    return b"\x80\x02" + b"]" * levels + b"a" * (levels - 1) + b"."


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(doubled(200), id="memo doubling"),
        pytest.param(nested(300_000), id="deep nesting"),
        pytest.param(b"\x80\x02" + b")\x85" * 200_000 + b"}" + b"\x86.", id="deep tuples"),
        pytest.param(b"\x80\x02}" + b")" + b"\x85" * 200_000 + b"K\x01s.", id="a deep key"),
        pytest.param(b"\x80\x02X\xff\xff\xff\xff.", id="a text of 4 GB"),
        pytest.param(b"\x80\x04\x8d" + b"\xff" * 8 + b".", id="a text of 16 EB"),
        pytest.param(b"\x80\x02\x8b\xff\xff\xff\x7f.", id="a number of 2 GB"),
        pytest.param(b"I" + b"9" * 60_000 + b"\n.", id="a long number"),
        pytest.param(b"\x80\x02r\xff\xff\xff\xff.", id="a memo without a value"),
        pytest.param(b"\x80\x02N" + b"r\xff\xff\xff\xff" + b".", id="a memo far away"),
        pytest.param(b"\x80\x02\x82\x01.", id="an extension"),
        pytest.param(b"\x80\x05\x97.", id="a buffer from elsewhere"),
        pytest.param(b"\x80\x02(((((", id="marks only"),
        pytest.param(b"\x80\x02" + b"(" * 1000 + b"1" * 1001 + b".", id="one mark too few"),
        pytest.param(b".", id="no value"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_strange_pickles_are_refused(data: bytes, tmp_path: Path) -> None:
    for path in (bare_archive(data, tmp_path / "zip.pth"), legacy_file(data, tmp_path / "legacy.pth")):
        with pytest.raises(WeightsError):
            open_checkpoint(path)


def test_several_pickles_in_one(tmp_path: Path) -> None:
    """Only the first is read by anybody; a second has no business there, and what it asks for is said."""
    canary = tmp_path / "canary"
    first = pickle.dumps({"a": 1}, 2)
    for name, second in hostile_pickles(canary).items():
        if "damaged" not in name:
            with pytest.raises(UnsafeError):
                open_checkpoint(bare_archive(first + second, tmp_path / "w.pth"))
    for second in (first, b"junk", b"."):
        with pytest.raises(WeightsError, match="damaged"):
            open_checkpoint(bare_archive(first + second, tmp_path / "w.pth"))
    assert not canary.exists()


def frames(data: bytes, split: int) -> bytes:
    """A pickle in frames that end in the middle of an instruction, or claim more than there is."""
    return b"\x80\x04\x95" + struct.pack("<Q", split) + data[2:]


@pytest.mark.parametrize("split", [0, 1, 7, 2**40])
def test_frames_hide_nothing(split: int, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    data = hostile_pickles(canary)["REDUCE"]
    with pytest.raises(UnsafeError) as caught:
        open_checkpoint(bare_archive(frames(data, split), tmp_path / "w.pth"))
    assert caught.value.blocked == ("posix.system",)
    assert not canary.exists()


COMPUTED = [
    # The name is put together, or comes from a call: it is no name then, and nothing is looked up.
    b"\x80\x04" + b"cposixpath\njoin\n" + b"\x8c\x02os\x85R" + b"\x8c\x06system" + b"\x93.",
    b"\x80\x04" + b"]" + b"\x8c\x06system" + b"\x93.",
    b"\x80\x04" + b"N" + b"N" + b"\x93.",
    b"\x80\x04" + b"C\x05posix" + b"\x8c\x06system" + b"\x93.",
]


@pytest.mark.parametrize("data", COMPUTED)
def test_names_that_are_computed(data: bytes, tmp_path: Path) -> None:
    for path in (bare_archive(data, tmp_path / "zip.pth"), legacy_file(data, tmp_path / "legacy.pth")):
        assert "a name that is computed" in blocked(path)


def blocked(path: Path) -> tuple[str, ...]:
    """The names for which a file is refused."""
    with pytest.raises(UnsafeError) as caught:
        open_checkpoint(path)
    return caught.value.blocked


def test_what_a_name_leads_to_is_named(tmp_path: Path) -> None:
    """``getattr(getattr(torch.serialization, "os"), "system")``: two harmless names and two harmless calls."""
    getattr_of = b"cbuiltins\ngetattr\n"
    canary = tmp_path / "canary"
    module = b"cimportlib\nimport_module\n\x8c\x13torch.serialization\x85R"
    call = b"\x8c\x02os\x86R" + b"\x8c\x06system\x86R" + f"V touch '{canary}'\n".encode() + b"\x85R."
    for start in (b"ctorch\nserialization\n", module):
        data = b"\x80\x04" + getattr_of + getattr_of + start + call
        names = blocked(bare_archive(data, tmp_path / "w.pth"))
        assert names == ("importlib.import_module",) if start is module else "torch.serialization.os.system" in names
    assert not canary.exists()
    # It is no invention: with the module it runs.
    pickle.loads(data)  # noqa: S301
    assert canary.exists()


def test_names_cannot_be_doubled_again_and_again(tmp_path: Path) -> None:
    step = b"cbuiltins\ngetattr\nctorch\nx\n\x8c\xfe" + b"a" * 254 + b"\x86R0"
    data = b"\x80\x04" + step * 3 + b"N."
    assert blocked(bare_archive(data, tmp_path / "w.pth")) == ("a name that is computed",)


@pytest.mark.parametrize("name", [name for name in HOSTILE if "damaged" not in name and "memo" not in name])
def test_a_hostile_file_can_still_be_described(name: str, tmp_path: Path) -> None:
    """Weights beside the code: everything is shown, and what would have run is named."""
    canary = tmp_path / "canary"
    weights = saved({"state_dict": small_state()}, legacy=True)
    data = hostile_pickles(canary)[name]
    body = data[:-1]
    # Into the dictionary beside the weights, as one more value.
    start = weights.index(b"\x80\x02}", len(weights) // 100 + 30)
    end = weights.index(b"s.", start)
    path = tmp_path / "w.pth"
    path.write_bytes(weights[: end + 1] + _named("note") + body + b"s" + weights[end + 1 :])
    with pytest.raises(UnsafeError) as caught:
        open_checkpoint(path)
    checkpoint = open_checkpoint(path, refuse_unsafe=False)
    assert checkpoint.summary.blocked == caught.value.blocked != ()
    assert checkpoint.tensors.keys() == small_state().keys()
    assert not canary.exists()
    with contextlib.suppress(Exception):
        torch.load(path, weights_only=False)
    assert canary.exists()


def _named(text: str) -> bytes:
    return b"X" + struct.pack("<I", len(text)) + text.encode()


def copied_often() -> bytes:
    """A set of a list of 1,000 numbers, 30,000 times."""
    numbers = b"](" + b"".join(b"K" + bytes([n % 256]) for n in range(1000)) + b"eq\x00"
    return b"\x80\x02cbuiltins\nset\nq\x01" + numbers + b"0](" + b"h\x01h\x00\x85R" * 30_000 + b"e."


def test_copying_is_bounded(tmp_path: Path) -> None:
    path = bare_archive(copied_often(), tmp_path / "w.pth")
    tracemalloc.start()
    try:
        with pytest.raises(WeightsError, match="without tensors"):
            open_checkpoint(path)
        # As many sets as asked for would take 250 MB.
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


def tensor_pickle(offset: int, shape: tuple[int, ...], stride: tuple[int, ...], numel: int, count: int = 1) -> bytes:
    """``{"0": tensor, ...}`` with any description of the tensor."""

    class Claim:
        def __reduce__(self) -> tuple[object, ...]:
            return (cast(object, _rebuild_tensor_v2), (Ref(), offset, shape, stride, False, OrderedDict[str, object]()))

    class Ref:
        pass

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj: object) -> object:
            return ("storage", torch.FloatStorage, "0", "cpu", numel) if isinstance(obj, Ref) else None

    buffer = io.BytesIO()
    Pickler(buffer, 2).dump({str(index): Claim() for index in range(count)})
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(tensor_pickle(0, (2, 3), (3, 1), 6), "fewer numbers", id="more numbers than there are"),
        pytest.param(tensor_pickle(0, (10**6, 10**6), (10**6, 1), 10**12), "fewer numbers", id="terabytes"),
        pytest.param(tensor_pickle(2, (2, 2), (2, 1), 4), "beyond", id="an offset beyond the end"),
        pytest.param(tensor_pickle(0, (2, 2), (9, 1), 4), "beyond", id="a stride beyond the end"),
        pytest.param(tensor_pickle(-1, (2, 2), (2, 1), 4), "wrongly", id="a negative offset"),
        pytest.param(tensor_pickle(0, (-2, -2), (2, 1), 4), "wrongly", id="negative sides"),
        pytest.param(tensor_pickle(0, (2, 2), (2,), 4), "wrongly", id="fewer strides than sides"),
        pytest.param(tensor_pickle(0, (1,) * 99, (1,) * 99, 4), "wrongly", id="99 dimensions"),
        pytest.param(tensor_pickle(0, (2**40,), (0,), 4), "repeated", id="one number repeated for terabytes"),
        pytest.param(tensor_pickle(0, (16, 16), (1, 16), 256, 2000), "memory", id="the same numbers 2,000 times"),
    ],
)
def test_tensors_cannot_claim_what_is_not_there(data: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=reason):
        open_checkpoint(
            bare_archive(data, tmp_path / "w.pth", **{"data/0": bytes(256 * 4 if reason == "memory" else 16)})
        )


@pytest.mark.filterwarnings("ignore:torch.ao.quantization:DeprecationWarning", "ignore:.*quantize.*:UserWarning")
def test_quantised_tensors_with_wrong_strides_are_not_built(tmp_path: Path) -> None:
    good = saved({"state_dict": small_state(), "q": torch.quantize_per_tensor(torch.ones(4, 4), 0.1, 0, torch.qint8)})
    path = tmp_path / "w.pth"
    path.write_bytes(good)
    assert open_checkpoint(path).tensors.keys() == small_state().keys()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(
    offset=st.integers(-2, 40),
    shape=st.lists(st.integers(-1, 7), max_size=4),
    stride=st.lists(st.integers(-2, 9), max_size=4),
)
def test_views_are_torchs_own_or_refused(offset: int, shape: list[int], stride: list[int], tmp_path: Path) -> None:
    """Whatever is claimed: either the very view that torch makes of these numbers, or an error."""
    numbers = torch.arange(32.0)
    path = bare_archive(
        tensor_pickle(offset, tuple(shape), tuple(stride), 32),
        tmp_path / "w.pth",
        **{"data/0": numbers.numpy().tobytes()},
    )
    try:
        found = open_checkpoint(path).tensors["0"]
    except WeightsError:
        return
    assert torch.equal(found, torch.as_strided(numbers, shape, stride, offset))


def numbers_of(tensor: Tensor) -> object:
    return cast(object, tensor.tolist())  # pyright: ignore[reportUnknownMemberType]


def test_tensors_may_be_views_of_the_same_numbers(tmp_path: Path) -> None:
    numbers = {"data/0": struct.pack("<4f", 1, 2, 3, 4)}
    plain = bare_archive(tensor_pickle(0, (2, 2), (2, 1), 4), tmp_path / "plain.pth", **numbers)
    assert numbers_of(open_checkpoint(plain).tensors["0"]) == [[1, 2], [3, 4]]
    turned = bare_archive(tensor_pickle(0, (2, 2), (1, 2), 4, 2), tmp_path / "turned.pth", **numbers)
    tensors = open_checkpoint(turned).tensors
    assert numbers_of(tensors["0"]) == numbers_of(tensors["1"]) == [[1, 3], [2, 4]]
    part = bare_archive(tensor_pickle(1, (2,), (2,), 4), tmp_path / "part.pth", **numbers)
    assert numbers_of(open_checkpoint(part).tensors["0"]) == [2, 4]


class TestArchives:
    """Archives on which two programs might disagree are refused."""

    @pytest.fixture
    def good(self) -> bytes:
        return saved(small_state())

    def refused(self, data: bytes, tmp_path: Path) -> str:
        path = tmp_path / "w.pth"
        path.write_bytes(data)
        with pytest.raises(WeightsError) as caught:
            open_checkpoint(path)
        return str(caught.value)

    def test_the_good_one_opens(self, good: bytes, tmp_path: Path) -> None:
        path = tmp_path / "w.pth"
        path.write_bytes(good)
        assert numbers_of(open_checkpoint(path).tensors["a.weight"]) == [[0, 1, 2], [3, 4, 5]]

    def test_a_member_twice(self, tmp_path: Path) -> None:
        path = tmp_path / "twice.pth"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a/data.pkl", pickle.dumps({}))
            with pytest.warns(UserWarning, match="Duplicate name"):
                archive.writestr("a/data.pkl", pickle.dumps({}))
        assert "two members" in self.refused(path.read_bytes(), tmp_path)

    def test_something_after_the_end(self, good: bytes, tmp_path: Path) -> None:
        assert "after its end" in self.refused(good + b"junk", tmp_path)
        assert "not where it says" in self.refused(good + good, tmp_path)

    def test_something_before_the_beginning(self, good: bytes, tmp_path: Path) -> None:
        assert "not where it says" in self.refused(b"PK\x03\x04junk" + good, tmp_path)

    def test_a_wrong_checksum_of_what_describes_the_rest(self, good: bytes, tmp_path: Path) -> None:
        place = good.index(b"a.weight")
        assert "damaged" in self.refused(good[:place] + b"A" + good[place + 1 :], tmp_path)

    def test_names_that_differ(self, good: bytes, tmp_path: Path) -> None:
        place = good.index(b"/data/0")
        assert "two descriptions" in self.refused(good[:place] + b"/data/7" + good[place + 7 :], tmp_path)

    def test_members_in_several_folders(self, tmp_path: Path) -> None:
        path = tmp_path / "w.pth"
        for others in (("b/data.pkl",), ("../../evil",), ("/etc/x", "c/d")):
            with zipfile.ZipFile(path, "w") as archive:
                for name in ("a/data.pkl", "a/version", *others):
                    archive.writestr(name, b"\x80\x02}.")
            assert "not in one folder" in self.refused(path.read_bytes(), tmp_path)

    def test_two_ends(self, good: bytes, tmp_path: Path) -> None:
        """A second end record in the comment of the first: some programs read the one, some the other."""
        other = good[good.rindex(b"PK\x05\x06") :]
        commented = good[:-2] + struct.pack("<H", len(other)) + other
        assert "not where it says" in self.refused(commented, tmp_path)

    def test_a_member_that_is_described_twice_otherwise(self, good: bytes, tmp_path: Path) -> None:
        place = good.index(b"PK\x03\x04") + 8
        assert "two descriptions" in self.refused(good[:place] + b"\x08\x00" + good[place + 2 :], tmp_path)

    def test_a_directory_that_claims_too_much(self, good: bytes, tmp_path: Path) -> None:
        place = good.rindex(b"PK\x05\x06")
        for count in (0, 1, 8, 10):
            changed = good[: place + 8] + struct.pack("<2H", count, count) + good[place + 12 :]
            assert "two tables of contents" in self.refused(changed, tmp_path)

    def test_encrypted_members(self, good: bytes, tmp_path: Path) -> None:
        place = good.index(b"PK\x01\x02") + 8
        flags = struct.pack("<H", struct.unpack("<H", good[place : place + 2])[0] | 1)
        assert "packed again" in self.refused(good[:place] + flags + good[place + 2 :], tmp_path)

    def test_members_that_overlap(self, good: bytes, tmp_path: Path) -> None:
        with zipfile.ZipFile(io.BytesIO(good)) as archive:
            name = next(name for name in archive.namelist() if name.endswith("/data/1")).encode()
        entry = good.rindex(name) - 46
        longer = struct.pack("<LL", 1 << 20, 1 << 20)
        assert "overlaps" in self.refused(good[: entry + 20] + longer + good[entry + 28 :], tmp_path)

    def test_compressed_members(self, tmp_path: Path) -> None:
        path = tmp_path / "packed.pth"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a/data.pkl", pickle.dumps({}) + bytes(10_000_000))
        assert "packed again by another program" in self.refused(path.read_bytes(), tmp_path)

    def test_cut_anywhere(self, good: bytes, tmp_path: Path) -> None:
        for end in range(4, len(good), 97):
            assert "cut off" in self.refused(good[:end], tmp_path)


class TestSafetensors:
    """The rules of the format are kept."""

    def refused(self, header: object, data: bytes, tmp_path: Path) -> str:
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        path = tmp_path / "w.safetensors"
        path.write_bytes(struct.pack("<Q", len(text)) + text + data)
        with pytest.raises(WeightsError) as caught:
            open_checkpoint(path)
        return str(caught.value)

    def entry(self, begin: int, end: int, shape: list[int], dtype: str = "F32") -> dict[str, object]:
        return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}

    def test_overlapping_tensors(self, tmp_path: Path) -> None:
        header = {"a": self.entry(0, 8, [2]), "b": self.entry(4, 12, [2])}
        assert "overlap" in self.refused(header, bytes(12), tmp_path)

    def test_a_gap(self, tmp_path: Path) -> None:
        header = {"a": self.entry(0, 8, [2]), "b": self.entry(12, 20, [2])}
        assert "gap" in self.refused(header, bytes(20), tmp_path)

    def test_a_name_twice(self, tmp_path: Path) -> None:
        one = json.dumps(self.entry(0, 4, [1]))
        assert "twice" in self.refused(f'{{"a":{one},"a":{one}}}'.encode(), bytes(4), tmp_path)

    def test_a_shape_that_does_not_fit(self, tmp_path: Path) -> None:
        assert "shape" in self.refused({"a": self.entry(0, 8, [3])}, bytes(8), tmp_path)
        assert "shape" in self.refused({"a": self.entry(0, 8, [2**40, 2**40])}, bytes(8), tmp_path)

    def test_numbers_that_are_none(self, tmp_path: Path) -> None:
        assert "not described" in self.refused({"a": self.entry(-8, 0, [2])}, bytes(8), tmp_path)
        assert "not described" in self.refused(
            {"a": {"dtype": "F32", "shape": "x", "data_offsets": [0, 8]}}, b"", tmp_path
        )
        assert "not described" in self.refused({"a": None}, b"", tmp_path)
        assert "not described" in self.refused({"a": self.entry(True, 8, [2])}, bytes(8), tmp_path)

    def test_an_unknown_type(self, tmp_path: Path) -> None:
        assert "unknown type" in self.refused({"a": self.entry(0, 8, [2], "F37")}, bytes(8), tmp_path)

    def test_a_header_that_is_none(self, tmp_path: Path) -> None:
        assert "cannot be read" in self.refused(b'{"a":', b"", tmp_path)
        assert "cannot be read" in self.refused(b'{"a":' * 50_000, b"", tmp_path)
        assert "cannot be read" in self.refused(b'{"\xff":1}', b"", tmp_path)

    def test_a_huge_header(self, tmp_path: Path) -> None:
        path = tmp_path / "w.safetensors"
        path.write_bytes(struct.pack("<Q", 2**39) + b'{"a"')
        with pytest.raises(WeightsError, match="header claims"):
            open_checkpoint(path)

    def test_junk_after_the_end(self, tmp_path: Path) -> None:
        assert "after its end" in self.refused({"a": self.entry(0, 8, [2])}, bytes(9), tmp_path)

    def test_cut_off(self, tmp_path: Path) -> None:
        assert "cut off" in self.refused({"a": self.entry(0, 8, [2])}, bytes(7), tmp_path)


def test_many_networks_in_one_dict_are_all_found(tmp_path: Path) -> None:
    own = network("squeezenet1_1").state_dict()
    places = [f"{outer}.{inner}." for outer in "pqrst" for inner in "uvwxyz"]
    state = {place + name: tensor.view_as(tensor) for place in places for name, tensor in own.items()}
    checkpoint = open_checkpoint(save(state, tmp_path / "w.pth"))
    assert len(checkpoint.summary.sets) == 30
    assert checkpoint.tensors.keys() == own.keys()
    assert len(checkpoint.summary.left_out) == 29 * len(own)


def test_a_name_that_never_ends_costs_no_time(tmp_path: Path) -> None:
    """Where something beside a network is looked at for a loss's name."""
    state = {f"model.{name}": tensor for name, tensor in network("squeezenet1_1").state_dict().items()}
    checkpoint = open_checkpoint(save({**state, "a_" * 200_000 + "x": torch.ones(1)}, tmp_path / "w.pth"))
    assert len(checkpoint.tensors) == len(state) + 1


def test_names_cannot_write_to_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(saved({"epoch\x1b[2J\x1b]0;owned\x07": 1}))
    with pytest.raises(WeightsError) as caught:
        open_checkpoint(path)
    assert "\x1b" not in str(caught.value) + caught.value.detail


SMALL = {
    "zip": saved(small_state()),
    "legacy": saved({"state_dict": small_state(), "epoch": 3}, legacy=True),
    "safetensors": save_safetensors(small_state()),
}


def tried(data: bytes, folder: Path) -> None:
    """Open: a checkpoint or a WeightsError, nothing else."""
    path = folder / "tried.pth"
    path.write_bytes(data)
    with contextlib.suppress(WeightsError):
        open_checkpoint(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(data=st.binary(max_size=400), beginning=st.sampled_from([b"", b"\x80\x02", b"PK\x03\x04", SMALL["legacy"][:60]]))
def test_random_bytes(data: bytes, beginning: bytes, tmp_path: Path) -> None:
    tried(beginning + data, tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=400)
@given(kind=st.sampled_from(list(SMALL)), changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=4))
def test_damaged_files(kind: str, changes: list[tuple[float, int]], tmp_path: Path) -> None:
    data = bytearray(SMALL[kind])
    for where, value in changes:
        data[int(where * (len(data) - 1))] = value
    tried(bytes(data), tmp_path)
