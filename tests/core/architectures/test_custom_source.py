"""Reading a Python file runs nothing; loading runs what its networks need, and nothing else."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pytest
import torch
from torchvision import models

from core.architectures.custom import build_custom, load_source, rank_classes, read_source, trust_request
from core.errors import TrustError, UsageError, WhatsitError
from tests.core.architectures.opening import assert_same_answers, best, loaded, plain, ranked, write
from tests.core.architectures.samples import RES_BLOCKS, RESNET, SCRIPT, SIMPLE


def test_classes_are_read_with_their_parameters(tmp_path: Path) -> None:
    source = read_source(write(tmp_path, SIMPLE))
    assert [(each.name, each.kind) for each in source.classes] == [
        (name, "class") for name in ("SimpleCNN", "SimpleMLP", "SimpleModel", "CustomLayer", "ModelWithCustomLayer")
    ]
    assert [(each.name, each.default) for each in source.classes[0].parameters] == [("num_classes", "10")]
    assert [each.name for each in source.classes[1].parameters] == ["input_size", "hidden_size", "output_size"]
    assert source.contents[1:] == (
        "Networks: SimpleCNN, SimpleMLP, SimpleModel, CustomLayer, ModelWithCustomLayer.",
        "It uses torch.",
    )


def test_what_returns_or_is_a_network_is_read_too(tmp_path: Path) -> None:
    text = RES_BLOCKS + "\nnet = ResNet6()\nnet2: object = 3\nloss = nn.CrossEntropyLoss()\nclass Plain: pass\n"
    kinds = {each.name: each.kind for each in read_source(write(tmp_path, text)).classes}
    assert kinds == {
        "BasicBlock": "class",
        "ResNet": "class",
        "ResNet6": "function",
        "ResNet10": "function",
        "net": "instance",
    }
    annotated = "def make(width: int = 3, *, deep: bool) -> nn.Module:\n    return nn.Linear(width, 2)\n"
    made = read_source(write(tmp_path, f"from torch import nn\n{annotated}")).classes[0]
    assert [(each.name, each.annotation, each.default) for each in made.parameters] == [
        ("width", "int", "3"),
        ("deep", "bool", None),
    ]


def test_the_question_of_trust_says_what_code_could_do(tmp_path: Path) -> None:
    write(tmp_path, "import subprocess\nWIDTH = 3\n", "helpers.py")
    path = write(tmp_path, "import os, requests\nfrom helpers import WIDTH\n" + SIMPLE)
    request = trust_request(path)
    assert request.also == (str(tmp_path / "helpers.py"),)
    assert "It imports helpers.py from its folder, 3 lines." in request.contents
    assert request.contents[-1] == (
        "With these it could change files and settings of the computer, use the network, start other programs."
    )


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.py", b"class A(:\n", "line 1"),
        ("a.py", b"x = 1\n  y = 2\n", "line 2"),
        ("a.py", b"print 'x'\n", "line 1"),
        ("a.py", b"\x80\x04\x95\x00", "is no Python text"),
        ("a.py", b"# coding: klingon\n", "is no Python text"),
        ("a.py", b"x = '\0'\n", "null bytes"),
        ("a.py", b"#" * 5_000_001, "too large"),
        ("a.py", b"(" * 5000, "nested"),
        ("a.ipynb", b'{"cells": [', "damaged notebook"),
        ("a.ipynb", b'{"cells": [{"cell_type": "markdown", "source": "x"}]}', "has no code"),
        ("a.ipynb", b'{"cells": [{"cell_type": "code", "source": ["a = 1\\n", "b = (\\n"]}]}', "cell 1, line 2"),
    ],
)
def test_what_is_no_python_says_so(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    for reading in (read_source, trust_request):
        with pytest.raises(UsageError) as raised:
            reading(path)
        assert words in str(raised.value)
        assert raised.value.remedy


def test_a_missing_file_and_a_folder_say_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        read_source(tmp_path / "none.py")
    with pytest.raises(UsageError, match="is a folder"):
        read_source(tmp_path)


def test_a_file_without_networks_says_so(tmp_path: Path) -> None:
    path = write(tmp_path, "import torch\n\ndef train(model):\n    return model\n")
    assert read_source(path).classes == ()
    with pytest.raises(UsageError, match="No network was found"):
        loaded(path)


def test_other_encodings_are_read(tmp_path: Path) -> None:
    path = tmp_path / "latin.py"
    path.write_bytes("# coding: latin-1\n# Größe\n".encode("latin-1") + SIMPLE.encode())
    assert len(read_source(path).classes) == 5
    path.write_bytes(b"\xef\xbb\xbf" + SIMPLE.encode())
    assert len(read_source(path).classes) == 5


def test_a_notebook_is_read_cell_by_cell(tmp_path: Path) -> None:
    cells: list[dict[str, object]] = [
        {"cell_type": "markdown", "source": ["# A network"]},
        {"cell_type": "code", "source": ["!pip install x\n", "%matplotlib inline\n", "import torch"]},
        {"cell_type": "code", "source": ["%%bash\n", "rm -rf nothing\n"]},
        {"cell_type": "code", "source": SIMPLE},
        {"cell_type": "code", "source": "model = SimpleCNN()\nfor epoch in range(3):\n    loss.backward()"},
    ]
    path = write(tmp_path, json.dumps({"cells": cells, "nbformat": 4}), "train.ipynb")
    assert read_source(path).notices == ("Only what its networks need is run; its training (cell 5, line 2) is not.",)
    network = plain(SIMPLE, "SimpleCNN", 4)
    assert_same_answers(best(path, network), network, 3, 28, 28)


def test_a_training_script_is_not_run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    marker = tmp_path / "ran"
    path = write(tmp_path, SCRIPT.format(marker=str(marker)), "train.py")
    before = set(sys.modules)
    source = loaded(path)
    state = {f"layers.{index}.{part}": torch.rand(*size) for index in range(3) for part, size in LAYERS}
    state |= {"out.weight": torch.rand(4, 12), "out.bias": torch.rand(4)}
    fit = rank_classes(source, state, {})[0]
    assert (fit.name, fit.exact) == ("Net", True)
    line = path.read_text().splitlines().index("loader = DataLoader([1, 2, 3])") + 1
    assert fit.notes == (f"Only what its networks need is run; its training (line {line}) is not.",)
    network = build_custom(fit, state)
    rows = torch.rand(2, 12)
    expected = rows
    for index in range(3):
        expected = torch.nn.functional.linear(expected, state[f"layers.{index}.weight"], state[f"layers.{index}.bias"])
    expected = torch.nn.functional.linear(expected, state["out.weight"], state["out.bias"])
    torch.testing.assert_close(network(rows), expected)
    assert not marker.exists()
    # Neither building nor answering prints; what was said is kept.
    assert capfd.readouterr() == ("", "")
    assert "building" in source.said.text
    assert "a line on standard output" not in source.said.text
    assert all(name.startswith("_whatsit_custom") for name in set(sys.modules) - before if "train" in name)


LAYERS = (("weight", (12, 12)), ("bias", (12,)))


def test_a_script_that_makes_its_network_without_a_class(tmp_path: Path) -> None:
    text = """
from torchvision import models
import torch.nn as nn
CLASSES = ["plane", "car", "bird"]
model = models.resnet18(pretrained=True)
for parameter in model.parameters():
    parameter.requires_grad = False
inside = model.fc.in_features
model.fc = nn.Linear(inside, len(CLASSES))
model = model.to("cuda")
model.load_state_dict(missing)
"""
    network = models.resnet18(num_classes=3).eval()
    fit = best(write(tmp_path, text), network)
    assert (fit.name, fit.kind) == ("model", "instance")
    assert_same_answers(fit, network, 3, 32, 32)


def test_two_projects_with_files_of_the_same_names_stay_apart(tmp_path: Path) -> None:
    text = """
from layers import WIDTH, Head
from parts.deep import scale
import parts.deep as deep
from parts import more
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inside = nn.Linear(3, WIDTH)
        self.head = Head(WIDTH)

    def forward(self, x):
        from late import twice
        return twice(self.head(self.inside(x)) * scale) + deep.offset + more.OFFSET
"""
    paths: list[Path] = []
    for folder, width, scale in (("one", 4, 2.0), ("two", 6, 3.0)):
        base = tmp_path / folder
        head = "from torch import nn\nWIDTH = {0}\nclass Head(nn.Linear):\n    def __init__(self, n):\n"
        write(base, head.format(width) + "        super().__init__(n, 2)\n", "layers.py")
        write(base, "", "parts/__init__.py")
        write(base, f"from .values import scale\nfrom . import values\noffset = {width}\n", "parts/deep.py")
        write(base, f"scale = {scale}\n", "parts/values.py")
        write(base, "OFFSET = 100\n", "parts/more.py")
        write(base, f"def twice(x):\n    return x * {scale}\n", "late.py")
        paths.append(write(base, text))
    before, path_before = set(sys.modules), list(sys.path)
    for path, width, scale in zip(paths, (4, 6), (2.0, 3.0), strict=True):
        state = {"inside.weight": torch.rand(width, 3), "inside.bias": torch.rand(width)}
        state |= {"head.weight": torch.rand(2, width), "head.bias": torch.rand(2)}
        fits = ranked(path, state)
        network = build_custom(fits[0], state)
        rows = torch.rand(2, 3)
        inside = torch.nn.functional.linear(rows, state["inside.weight"], state["inside.bias"])
        expected = torch.nn.functional.linear(inside, state["head.weight"], state["head.bias"])
        torch.testing.assert_close(network(rows), expected * scale * scale + width + 100)
        # A class that the file imports from its folder is listed, too.
        assert "Head" in {fit.name for fit in fits}
    assert sys.path == path_before
    assert not {"layers", "parts", "late", "model"} & (set(sys.modules) - before)
    assert not list(tmp_path.rglob("__pycache__"))


def test_what_runs_is_what_was_agreed_to(tmp_path: Path) -> None:
    helper = write(tmp_path, "WIDTH = 4\n", "helper.py")
    text = "from torch import nn\nfrom helper import WIDTH\n\nclass Net(nn.Linear):\n    pass\n"
    path = write(tmp_path, text)
    trusted = trust_request(path).sha256
    load_source(path, trusted=trusted)
    marker = tmp_path / "ran"
    helper.write_text(f"WIDTH = len(open({str(marker)!r}, 'w').write('x') * 'x')\n")
    for wrong in (trusted, "", "0" * 64):
        with pytest.raises(TrustError, match="not the code that you agreed to") as raised:
            load_source(path, trusted=wrong)
        assert raised.value.request == trust_request(path)
    assert not marker.exists()
    # A single file's is its own, as every tool computes it.
    alone = write(tmp_path / "alone", SIMPLE)
    assert trust_request(alone).sha256 == hashlib.sha256(alone.read_bytes()).hexdigest()


def test_a_module_that_appears_later_is_not_run(tmp_path: Path) -> None:
    """What a function would import by a computed name was not looked at, so it is not found."""
    text = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)
        __import__("hid" + "den")
"""
    path = write(tmp_path, text)
    write(tmp_path, "raise AssertionError('ran')\n", "hidden.py")
    fit = ranked(path, {"fc.weight": torch.rand(2, 2), "fc.bias": torch.rand(2)})[0]
    assert "hidden.py is not among the files that were looked at and trusted" in fit.error


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("raise ValueError('no good')", "line 6: ValueError: no good."),
        ("import sys; sys.exit(1)", "line 6: it ends the program (SystemExit)."),
        ("raise KeyboardInterrupt", "line 6: it ends the program (KeyboardInterrupt)."),
        ("import no_such_package_at_all.deep", "line 6: it needs the Python package no_such_package_at_all, which is"),
        ("1 / 0", "line 6: ZeroDivisionError: division by zero."),
        ("undefined_thing()", "line 6: NameError: name 'undefined_thing' is not defined."),
        ("input('name? ')", "asks a person to type"),
        ("import urllib.request; urllib.request.urlopen('http://example.org/x')", "asks for the network"),
        ("import torch; torch.hub.load('someone/models', 'net')", "fetch code from someone/models"),
        ("self.deeper()", "line 9: RecursionError"),
    ],
)
def test_a_constructor_that_fails_says_where(tmp_path: Path, line: str, words: str) -> None:
    text = f"""
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        {line}

    def deeper(self):
        self.deeper()
"""
    fit = ranked(write(tmp_path, text), {"fc.weight": torch.rand(2, 2)})[0]
    assert not fit.exact
    assert words in fit.error
    with pytest.raises(WhatsitError, match=r"Net cannot be built\.") as raised:
        build_custom(fit, {})
    assert words in raised.value.why


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (
            "import no_such_package_at_all as base\nclass Net(base.Module):",
            "line 2: it needs the Python package no_such",
        ),
        (
            "from torch import nn\nimport sys\n@sys.exit\nclass Net(nn.Module):",
            "line 4: it ends the program (SystemExit)",
        ),
        ("from torch import nn\nWIDTH = 1 / 0\nclass Net(nn.Module):\n    w = WIDTH", "line 3: ZeroDivisionError"),
        ("from torch import nn\nclass Net(nn.Module):\n    w = nn.none", "line 4: AttributeError"),
    ],
)
def test_a_file_that_fails_says_where(tmp_path: Path, head: str, words: str) -> None:
    path = write(tmp_path, f"\n{head}\n    pass\n")
    with pytest.raises(UsageError, match=r"model\.py cannot be loaded") as raised:
        loaded(path)
    assert words in raised.value.why


def test_what_training_would_have_made_is_missing_with_its_reason(tmp_path: Path) -> None:
    text = """
from torch import nn
from torchvision.datasets import ImageFolder
stream = ImageFolder("pictures")
COUNT = len(stream.classes)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, COUNT)
"""
    fit = ranked(write(tmp_path, text), {"fc.weight": torch.rand(2, 3), "fc.bias": torch.rand(2)})[0]
    assert "stream is missing, as line 4 trains or reads data and is not run" in fit.error


def test_a_network_says_nothing_on_standard_output(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = """
import sys, warnings
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        print("one"); sys.stdout.write("two"); sys.stderr.write("three"); print("four", file=sys.stderr)
        warnings.warn("five")
        self.fc = nn.Linear(2, 2)
    def forward(self, x):
        print("six")
        return self.fc(x)
"""
    state = {"fc.weight": torch.rand(2, 2), "fc.bias": torch.rand(2)}
    source = loaded(write(tmp_path, text))
    build_custom(rank_classes(source, state, {})[0], state)(torch.rand(1, 2))
    assert capfd.readouterr() == ("", "")
    assert "one\ntwothreefour\n" in source.said.text


def test_nothing_of_the_process_is_changed(tmp_path: Path) -> None:
    text = RESNET.replace("self.cuda()", "self.cuda(); torch.set_default_dtype(torch.float64); torch.manual_seed(3)")
    path = write(tmp_path, "import torch\n" + text)
    torch.manual_seed(5)  # pyright: ignore[reportUnknownMemberType]
    expected = torch.rand(3)
    torch.manual_seed(5)  # pyright: ignore[reportUnknownMemberType]
    real = (torch.load, torch.nn.Module.load_state_dict, torch.cuda.is_available, sys.stdout, print)
    fits = ranked(path, {"x": torch.rand(1)})
    torch.manual_seed(5)  # pyright: ignore[reportUnknownMemberType]
    assert {fit.error for fit in fits} == {""}
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_default_dtype() == torch.float32
    assert real == (torch.load, torch.nn.Module.load_state_dict, torch.cuda.is_available, sys.stdout, print)


@pytest.mark.parametrize("name", ["__main__", "__mp_main__", "no_such_package.no_such_module"])
def test_imports_that_lead_nowhere_do_no_harm(name: str, tmp_path: Path) -> None:
    text = f"import {name}\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    pass\n"
    assert [item.name for item in read_source(write(tmp_path, text)).classes] == ["Net"]
