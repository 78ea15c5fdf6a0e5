"""Rows and pictures in files of numbers, against what NumPy, pandas' conventions and Pillow make of them."""

from __future__ import annotations

import contextlib
import io
import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from core.arrays import ArrayPlace, Takes
from core.arrays.contents import Contents, look, read_row
from core.errors import ArrayError
from core.images import Decoder, ImageSource, walk
from tests.core.array_files import npy, npz, put

VECTOR = Takes(10, pictures=False)
X: NDArray[np.float64] = np.random.default_rng(0).normal(size=(6, 10))


def table(values: NDArray[Any], mark: str = ",", header: str = "") -> str:
    lines = [mark.join(repr(float(value)) for value in row) for row in values]
    return "\n".join([header, *lines] if header else lines) + "\n"


def rows(path: Path, features: int = 10, takes: Takes = VECTOR) -> NDArray[np.float32]:
    """All rows of a file, each read by itself."""
    sources = list(walk([path], takes))
    assert all(source.is_row for source in sources)
    places = [source.place for source in sources if source.place is not None]
    return np.stack([read_row(path, place, "row", features).values for place in places])


def fails(path: Path, words: str, index: int = 0, features: int = 10) -> ArrayError:
    with pytest.raises(ArrayError, match=words) as caught:
        read_row(path, ArrayPlace("row", index), f"{path.name} #{index + 1}", features)
    assert caught.value.remedy
    return caught.value


# Rows.


@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "int16", "uint8", "bool", ">f4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_of_numpy(tmp_path: Path, kind: str, order: str) -> None:
    values = np.asarray(np.round(np.abs(X) * 3), dtype=kind, order="F" if order == "F" else "C")
    assert np.array_equal(rows(npy(tmp_path, values)), values.astype("float32"))
    assert np.array_equal(rows(npz(tmp_path, X=values)), values.astype("float32"))


def test_one_row_alone(tmp_path: Path) -> None:
    path = npy(tmp_path, X[0])
    assert look(path, VECTOR) == Contents("row", 1, alone=True)
    assert [source.name for source in walk([path])] == [path.as_posix()]
    assert np.array_equal(rows(path), X[:1].astype("float32"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", table(X)),
        ("a.csv", table(X, header="a,b,c,d,e,f,g,h,i,j")),
        ("a.csv", table(X, header="0,1,2,3,4,5,6,7,8,9")),
        ("a.csv", "# a,b,c,d,e,f,g,h,i,j\n" + table(X)),
        ("a.csv", "\ufeff" + table(X).replace("\n", "\r\n")),
        ("a.csv", table(X, ";")),
        ("a.csv", table(X, ";").replace(".", ",")),
        ("a.csv", table(X, "\t")),
        ("a.csv", table(X, " ")),
        ("a.csv", table(X).replace("\n", "\n\n")),
        ("a.tsv", table(X, "\t", "a\tb\tc\td\te\tf\tg\th\ti\tj")),
    ],
)
def test_rows_of_a_table(tmp_path: Path, name: str, text: str) -> None:
    path = put(tmp_path, name, text)
    assert np.array_equal(rows(path), X.astype("float32"))
    first = next(iter(walk([path], VECTOR)))
    assert first.name == f"{path.as_posix()} #1"
    assert read_row(path, ArrayPlace("row"), "x", 10).note == ""


def with_columns(first: str, *columns: Callable[[int], str], last: bool = False, width: int = 10) -> str:
    """The table with columns before or after the numbers."""
    lines = [first] if first else []
    for number, row in enumerate(X[:, :width]):
        more = [column(number) for column in columns]
        cells = [repr(float(value)) for value in row]
        lines.append(",".join([*cells, *more] if last else [*more, *cells]))
    return "\n".join(lines)


TEN = "a,b,c,d,e,f,g,h,i,j"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (with_columns("", str), r"column 1 is left out"),
        (with_columns("", lambda n: str(n + 1)), r"column 1 is left out"),
        (with_columns(f",{TEN}", lambda n: str(7 * n)), r"column 1 is left out"),
        (with_columns(TEN, lambda n: str(7 * n)), r"column 1 is left out"),
        (with_columns(f"Unnamed: 0,{TEN}", str), r"column 1 \(Unnamed: 0\) is left out"),
        (with_columns(f"{TEN},label", lambda n: str(n % 2), last=True), r"column 11 \(label\) is left out"),
        (with_columns(f"{TEN},species", lambda _: "setosa", last=True), r"column 11 \(species\) is left out"),
        (with_columns("", lambda _: "setosa", last=True), r"column 11 is left out"),
        (
            with_columns(f"id,target,{TEN}", str, lambda n: str(n % 2)),
            r"columns 1 \(id\) and 2 \(target\) are left out",
        ),
    ],
)
def test_a_label_or_an_index_is_left_out_and_that_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = put(tmp_path, "a.csv", text)
    assert np.array_equal(rows(path), X.astype("float32"))
    assert re.search(said, read_row(path, ArrayPlace("row"), "x", 10).note)


@pytest.mark.parametrize(
    "text",
    [
        # One number too many, and nothing says which.
        with_columns("", lambda n: str(n % 3)),
        with_columns(f"age,{TEN}", str),
        # Two could be meant.
        with_columns(f"id,label,{TEN[:-2]}", str, lambda n: str(n % 2), width=9),
        table(X[:, :9]),
    ],
)
def test_nothing_is_left_out_by_guessing(tmp_path: Path, text: str) -> None:
    path = put(tmp_path, "a.csv", text)
    error = fails(path, r"a\.csv #1 has \d+ numbers, and the network takes 10")
    assert "exactly 10 numbers" in error.why


def test_a_wrong_length_names_both_shapes(tmp_path: Path) -> None:
    error = fails(npy(tmp_path, X[:, :8]), "has 8 numbers, and the network takes 10")
    assert "6 x 8" in error.why
    assert "N x 10" in error.why
    assert "array[:, 1:]" in fails(npy(tmp_path, np.zeros((2, 11))), "has 11 numbers").remedy


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("red", r"has a text among its numbers\. Column 3 \(c\) is 'red'"),
        ("", r"is not complete\. Column 3 \(c\) is empty"),
        ("nan", r"a value that is no number\. Column 3 \(c\) is nan"),
        ("inf", r"a value that is no number\. Column 3 \(c\) is inf"),
        ("1e39", r"Number 3 of 10 is 1e\+39"),
        ("1_000", r"has a text among its numbers"),
    ],
)
def test_a_bad_cell_spoils_its_own_row_alone(tmp_path: Path, cell: str, words: str) -> None:
    lines = table(X, header=TEN).splitlines()
    cells = lines[2].split(",")
    lines[2] = ",".join([*cells[:2], cell, *cells[3:]])
    path = put(tmp_path, "a.csv", "\n".join(lines))
    fails(path, words, index=1)
    for index in (0, 2):
        assert np.array_equal(read_row(path, ArrayPlace("row", index), "x", 10).values, X[index].astype("float32"))


def test_a_row_with_fewer_cells(tmp_path: Path) -> None:
    fails(put(tmp_path, "a.csv", table(X) + "1,2,3\n"), "It has 3 cells, and the other rows have 10", index=6)


def test_numbers_that_are_none_in_an_array(tmp_path: Path) -> None:
    values = X.copy()
    values[2, 4] = np.nan
    path = npy(tmp_path, values)
    fails(path, r"a\.npy #3 has a value that is no number\. Number 5 of 10 is nan", index=2)
    assert len(read_row(path, ArrayPlace("row", 1), "x", 10).values) == 10


@pytest.mark.parametrize(
    ("arrays", "member", "count"),
    [
        ({"X": X, "y": np.arange(6)}, "X", 6),
        ({"x_train": X, "x_test": X[:2], "y_test": np.arange(2)}, "x_test", 2),
        ({"weights": np.zeros((3, 3)), "measured": X}, "measured", 6),
        ({"data": X, "target": np.arange(10)}, "data", 6),
        ({"features": X[:, :4], "rows": X}, "rows", 6),
        ({"arr_0": X, "arr_1": X[:1]}, "arr_0", 6),
    ],
)
def test_the_array_that_is_meant(tmp_path: Path, arrays: dict[str, NDArray[Any]], member: str, count: int) -> None:
    path = npz(tmp_path, **arrays)
    assert look(path, VECTOR) == Contents("row", count, member, several=True)
    assert next(walk([path], VECTOR)).short_name == f"a.npz {member} #1"


def test_of_several_arrays_that_could_be_meant_none_is_guessed(tmp_path: Path) -> None:
    with pytest.raises(ArrayError, match=r"They are a \(6 x 10\), b \(2 x 10\), and nothing tells"):
        look(npz(tmp_path, a=X, b=X[:2]), VECTOR)


# What cannot be read.


class Canary:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_pickled_objects_are_refused_without_unpickling(tmp_path: Path) -> None:
    canary = tmp_path / "ran"
    value = np.array([Canary(canary)], dtype=object)
    for path in (npy(tmp_path, value), npz(tmp_path, X=value)):
        with pytest.raises(ArrayError, match=r"pickled Python objects, which could run code\. Nothing was run"):
            look(path)
    (tmp_path / "bare.npy").write_bytes(pickle.dumps(Canary(canary)))
    with pytest.raises(ArrayError, match="no NumPy file"):
        look(tmp_path / "bare.npy")
    # The numbers beside it can be had all the same.
    assert look(npz(tmp_path, X=X, names=value)).member == "X"
    assert not canary.exists()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.array(["a", "b"]), "Its elements are texts"),
        (np.zeros(3, complex), "complex numbers"),
        (np.zeros(3, [("a", "f4")]), "records with named fields"),
        (np.zeros((2, 5, 4, 5)), "Its shape is 2 x 5 x 4 x 5"),
        (np.float64(3), "a single number"),
        (np.zeros((0, 10)), "Its shape is 0 x 10"),
        (np.zeros((2, 2, 2, 2, 2)), "Its shape is 2 x 2 x 2 x 2 x 2"),
    ],
)
def test_arrays_of_something_else(tmp_path: Path, value: NDArray[Any], words: str) -> None:
    with pytest.raises(ArrayError, match=words):
        look(npy(tmp_path, value), VECTOR)


def header(shape: str) -> bytes:
    """The beginning of an ``.npy`` file that claims a shape."""
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (118 - len(text) - 1) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "its header cannot be read"),
        (b"hello", "its header cannot be read"),
        (header("(1000000000000, 10)") + bytes(40), "it should have 40,000,000,000,128 bytes, and has 168"),
        (header("(-3, 10)"), "its shape is -3 x 10"),
        (header("(2, 10)") + bytes(40), "it should have 208 bytes"),
        (header("().__class__"), "its header cannot be read"),
        (b"\x93NUMPY\x09\x00" + bytes(40), "its format .* is not known|cannot be read"),
    ],
)
def test_damaged_arrays(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "a.npy").write_bytes(data)
    with pytest.raises(ArrayError, match=words):
        look(tmp_path / "a.npy", VECTOR)


def test_an_archive_that_would_fill_the_memory_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("X.npy", "w", force_zip64=True) as out,
    ):
        out.write(header("(40000000, 10)"))
    with pytest.raises(ArrayError, match="at most 250,000"):
        look(path, VECTOR)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X.npy", header("(100, 10000000)"))
    with pytest.raises(ArrayError, match="takes more than 1 GB"):
        read_row(path, ArrayPlace("row", 0, "X"), "x", 10_000_000)


def test_a_file_that_changes_is_read_anew_and_one_that_shrinks_is_said(tmp_path: Path) -> None:
    path = npy(tmp_path, X)
    place = ArrayPlace("row", 5)
    assert np.array_equal(read_row(path, place, "x", 10).values, X[5].astype("float32"))
    npy(tmp_path, X[:2])
    with pytest.raises(ArrayError, match="it has 2 rows now"):
        read_row(path, place, "x", 10)
    path.unlink()
    with pytest.raises(ArrayError, match="does not exist"):
        read_row(path, place, "x", 10)


def test_a_file_that_cannot_be_read_has_its_error_in_its_own_place(tmp_path: Path) -> None:
    good, bad = npy(tmp_path, X, "good.npy"), put(tmp_path, "bad.npy", "hello")
    sources = list(walk([bad, good], VECTOR))
    assert [source.is_row for source in sources] == [False] + [True] * 6
    with pytest.raises(ArrayError, match=r"bad\.npy is damaged"):
        Decoder().decode(sources[0])


def test_rows_are_no_pictures(tmp_path: Path) -> None:
    source = next(iter(walk([npy(tmp_path, X)], VECTOR)))
    with pytest.raises(ArrayError, match=r"a\.npy #1 is a row of numbers"):
        Decoder().decode(source)


def test_a_folder_gives_rows_to_a_network_of_rows_alone(tmp_path: Path) -> None:
    npy(tmp_path, X[:2])
    Image.new("RGB", (4, 4)).save(tmp_path / "b.png")
    names = [source.short_name for source in walk([tmp_path], VECTOR)]
    assert names == ["a.npy #1", "a.npy #2", "b.png"]
    assert [source.short_name for source in walk([tmp_path])] == ["b.png"]


def test_a_long_table_is_read_where_it_is_asked(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", "".join(f"{number},{number + 0.5}\n" for number in range(50_000)))
    sources = list(walk([path]))
    assert len(sources) == 50_000
    assert sources[-1].short_name == "a.csv #50000"
    assert read_row(path, ArrayPlace("row", 49_999), "x", 2).values.tolist() == [49_999.0, 49_999.5]


CELLS = st.text(st.sampled_from("0123456789.-e,;\t \"'#na\n"), max_size=8)


@given(st.lists(CELLS, max_size=12), st.sampled_from([".csv", ".tsv"]), st.integers(0, 4))
def test_any_table_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], suffix: str, features: int
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_text("\n".join(lines), encoding="utf-8")
    with contextlib.suppress(ArrayError):
        for index in range(look(path).count):
            values = read_row(path, ArrayPlace("row", index), "x", features).values
            assert np.isfinite(values).all()
            assert features in (0, len(values))


@given(st.binary(max_size=120), st.sampled_from(["npy", "npz"]), st.booleans())
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str, begins_well: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any.{suffix}"
    start = io.BytesIO()
    np.save(start, np.zeros(3))
    path.write_bytes((start.getvalue()[:20] if begins_well else b"") + data)
    with pytest.raises(ArrayError):
        look(path)


def test_a_png_called_npy_is_no_numpy_file(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.npy")
    (source,) = walk([tmp_path / "a.npy"])
    assert source == ImageSource((tmp_path / "a.npy").as_posix(), tmp_path / "a.npy", place=ArrayPlace(""))
    with pytest.raises(ArrayError, match="no NumPy file"):
        Decoder().decode(source)
