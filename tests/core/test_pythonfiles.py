"""A Python file and what it imports from its own folder: found, hashed and described without running."""

from __future__ import annotations

import hashlib
import runpy
import sys
from pathlib import Path

import pytest

from core.errors import WhatsitError
from core.pythonfiles import read_python, sha256_of_python

NETWORK = "import torch\nfrom torch import nn\nclass Net(nn.Module):\n    pass\n"


def write(folder: Path, **files: str) -> Path:
    """Files by name, with ``__`` for a slash and ``INIT`` for ``__init__``; the first is returned."""
    paths = [folder / f"{name.replace('__', '/').replace('INIT', '__init__')}.py" for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return paths[0]


def also(path: Path) -> list[str]:
    return [Path(file).relative_to(path.parent).as_posix() for file in sha256_of_python(path)[1]]


def test_a_file_alone_has_its_own_hash(tmp_path: Path) -> None:
    path = write(tmp_path, net=NETWORK, unrelated="x = 1")
    assert sha256_of_python(path) == (hashlib.sha256(path.read_bytes()).hexdigest(), ())


FOUND: list[tuple[str, list[str]]] = [
    ("import layers", ["layers.py"]),
    ("import layers as l, os", ["layers.py"]),
    ("from layers import Block", ["layers.py"]),
    ("def f():\n    if True:\n        import layers", ["layers.py"]),
    ("try:\n    import layers\nexcept ImportError:\n    pass", ["layers.py"]),
    ("import chain", ["chain.py", "layers.py"]),
    ("import pack", ["pack/__init__.py", "pack/inner.py"]),
    ("import pack.other", ["layers.py", "pack/__init__.py", "pack/inner.py", "pack/other.py"]),
    ("from pack import other", ["layers.py", "pack/__init__.py", "pack/inner.py", "pack/other.py"]),
    ("from bare.thing import x", ["bare/thing.py"]),
    ("from bare import thing", ["bare/thing.py"]),
    ("import os, sys, torch.nn", []),
    ("import missing", []),
    ("x = 'import layers'", []),
]


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_what_it_imports_from_its_folder(text: str, expected: list[str], tmp_path: Path) -> None:
    path = write(
        tmp_path / "net",
        net=text,
        layers="import net",
        chain="from layers import *",
        pack__INIT="from .inner import x",
        pack__inner="from . import inner",
        pack__other="from ..nothing import y\nfrom .inner import x\nimport layers",
        bare__thing="x = 1",
        unrelated="",
    )
    write(tmp_path, nothing="y = 2")
    assert also(path) == expected


def test_what_python_itself_imports_is_covered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The independent reference: run it in the usual way, and see what was imported from the folder."""
    path = write(
        tmp_path,
        whole="import part_a\nfrom part_c.deep import z",
        part_a="import part_b.x",
        part_b__INIT="from . import y",
        part_b__x="",
        part_b__y="",
        part_c__deep="z = 1",
    )
    monkeypatch.syspath_prepend(str(tmp_path))  # pyright: ignore[reportUnknownMemberType]
    before = set(sys.modules)
    runpy.run_path(str(path))
    files = {getattr(sys.modules[name], "__file__", None) for name in set(sys.modules) - before}
    imported = {str(file) for file in files if file is not None and str(file).startswith(str(tmp_path))}
    for name in set(sys.modules) - before:
        if name.startswith("part_"):
            del sys.modules[name]
    assert imported == set(sha256_of_python(path)[1])


def test_the_hash_changes_with_anything(tmp_path: Path) -> None:
    path = write(tmp_path, net="import layers", layers="a = 1")
    seen = {sha256_of_python(path)[0]}
    for name, text in (("layers", "a = 2"), ("net", "import layers "), ("layers", "import more"), ("more", "")):
        write(tmp_path, **{name: text})
        seen.add(sha256_of_python(path)[0])
    (tmp_path / "layers.py").unlink()
    seen.add(sha256_of_python(path)[0])
    assert len(seen) == 6
    # Anybody can check it.
    write(tmp_path, net="import layers", layers="a = 1")
    lines = "".join(
        f"{hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()}  {name}\n" for name in ("net.py", "layers.py")
    )
    assert sha256_of_python(path)[0] == hashlib.sha256(lines.encode()).hexdigest()


def test_compiled_code_counts(tmp_path: Path) -> None:
    path = write(tmp_path, net="import fast")
    (tmp_path / "fast.cpython-311-x86_64-linux-gnu.so").write_bytes(b"\x7fELF")
    source = read_python(path)
    assert [Path(file).name for file in source.also] == ["fast.cpython-311-x86_64-linux-gnu.so"]
    assert any("Compiled code" in line for line in source.contents)


def test_what_is_in_it_in_plain_words(tmp_path: Path) -> None:
    path = write(tmp_path, net=NETWORK + "import layers\n", layers="import os\nopen('x')\n")
    source = read_python(path)
    assert source.request.kind == "python"
    assert (source.request.sha256, source.request.also) == (source.sha256, source.also)
    assert source.contents == (
        "It defines the classes Net.",
        "It imports from its own folder: layers.py.",
        "It imports os, torch.",
        "It can reach beyond pictures and numbers: it uses os (the system and its files), open().",
    )
    assert source.sources == {str(path): path.read_bytes(), str(tmp_path / "layers.py"): b"import os\nopen('x')\n"}


def test_nothing_runs(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    text = f"open({str(canary)!r}, 'w').close()"
    read_python(write(tmp_path, net=f"import layers\n{text}", layers=text))
    assert not canary.exists()


@pytest.mark.parametrize("text", ["class Net(", "\0", "(" * 5000, "# -*- coding: no-such -*-\n"])
def test_a_text_that_is_no_python(text: str, tmp_path: Path) -> None:
    source = read_python(write(tmp_path, net=text))
    assert source.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert "no valid Python" in source.contents[0]


def test_bounds(tmp_path: Path) -> None:
    files = {f"m{index}": f"import m{index + 1}" for index in range(600)}
    with pytest.raises(WhatsitError, match="imports too much"):
        read_python(write(tmp_path / "many", **files))
    with pytest.raises(WhatsitError, match="imports too much"):
        read_python(write(tmp_path / "large", net="#" * 9_000_000))


def test_missing(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.py", tmp_path):
        with pytest.raises(WhatsitError, match="cannot be read"):
            read_python(path)
