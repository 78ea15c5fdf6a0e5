"""What scripts are made of: quoted text, names in files, what cannot be said; and the command."""

from __future__ import annotations

import ast
import json
import pickle
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torchvision.models import ResNet50_Weights, get_model

from core import commands
from core.catalogue import imagenet_labels
from core.checkpoints import Checkpoint, open_checkpoint
from core.classifier import provenance_of
from core.commands.base import Session
from core.constructions import Construction
from core.descriptions import CheckpointSummary, ClassifierInfo, ModelSpec
from core.errors import ScriptError
from core.matching import assemble, construction_of
from core.provenance import facts, to_json
from core.scripting import write_script
from core.scripting.building import spell_loading
from core.scripting.quoting import named_list, quoted, remark
from core.scripting.reading import spell_reading
from tests.core import networks
from tests.core.making import classifier_info, write_photo
from tests.core.weights import network

Run = Callable[..., tuple[int, str, str]]


@given(st.text(st.characters(codec=None)))
def test_any_text_is_quoted(text: str) -> None:
    assert ast.literal_eval(quoted(text)) == text
    assert "\n" not in quoted(text)
    quoted(text).encode("utf-8")


@given(st.lists(st.text(st.characters(codec=None)), max_size=40))
def test_any_names_are_listed(names: list[str]) -> None:
    code = "\n".join(named_list("LABELS", [quoted(name) for name in names]))
    assert ast.literal_eval(code.removeprefix("LABELS = ")) == names


@given(st.text(st.characters(codec=None)))
def test_any_text_is_safe_in_a_comment_and_a_docstring(text: str) -> None:
    assert ast.parse(f"# {remark(text)}\n").body == []
    (statement,) = ast.parse(f'"""About {remark(text)}."""\n').body
    assert isinstance(statement, ast.Expr)


def test_imagenets_names_are_torchvisions() -> None:
    """So a script may take them from there."""
    assert tuple(ResNet50_Weights.IMAGENET1K_V1.meta["categories"]) == imagenet_labels()


def _named(path: Path, state: dict[str, Tensor], **about: object) -> CheckpointSummary:
    torch.save(state, path)
    summary = CheckpointSummary(str(path), "state_dict", (), "", len(state), 0, 0, "0" * 64)
    return replace(summary, **cast("dict[str, Any]", about))


def _read(path: Path, lines: tuple[str, ...], imports: tuple[str, ...], net: nn.Module) -> nn.Module:
    """Run the lines of a script that load a network's weights."""
    place: dict[str, object] = {"torch": torch, "WEIGHTS": str(path), "network": net}
    # What is tested is code.
    exec("\n".join((*imports, *lines)), place)  # noqa: S102
    return net


def _dense(fill: float) -> nn.Module:
    """A little network with the names of an old and a new DenseNet's."""
    layer = nn.Sequential(OrderedDict(norm1=nn.BatchNorm2d(2), conv1=nn.Conv2d(2, 2, 1)))
    net = nn.Sequential(OrderedDict(features=nn.Sequential(OrderedDict(denselayer1=layer)), classifier=nn.Linear(2, 2)))
    for tensor in net.state_dict().values():
        tensor.fill_(fill)
    return net


RENAMES: dict[str, Callable[[str], str]] = {
    "as they are": lambda name: name,
    "behind a wrapper": lambda name: f"module.{name}",
    "below others": lambda name: f"student.backbone.{name}",
    "of an old DenseNet": lambda name: re.sub(r"(norm|conv)1", r"\1.1", name),
    "with a wrapper in the middle": lambda name: f"module.{name}".replace("features", "features.module"),
}


@pytest.mark.parametrize("kind", RENAMES)
def test_names_in_the_file_become_the_networks(kind: str, tmp_path: Path) -> None:
    state = _dense(3).state_dict()
    about = _named(tmp_path / "w.pth", {RENAMES[kind](name): tensor for name, tensor in state.items()})
    reading = spell_reading(about, Construction("library", tensors=tuple(state)))
    fresh = _read(tmp_path / "w.pth", reading.lines, reading.imports, _dense(1))
    assert all(torch.equal(fresh.state_dict()[name], tensor) for name, tensor in state.items())


def test_tensors_of_several_dicts_and_beside_the_networks(tmp_path: Path) -> None:
    state = network("shufflenet_v2_x0_5", 3).state_dict()
    parts: dict[str, dict[str, Tensor]] = {"loss": {"weight": torch.ones(3)}}
    for name, tensor in state.items():
        first, _, rest = name.partition(".")
        if not rest.endswith("num_batches_tracked"):
            parts.setdefault(first, {})[rest] = tensor
    torch.save({"epoch": 2, "best": [{"net": parts}]}, tmp_path / "w.pth")
    about = CheckpointSummary(str(tmp_path / "w.pth"), "state_dict", ("best", "0", "net"), "", 0, 0, 0, "0" * 64)
    reading = spell_reading(about, Construction("library", tensors=tuple(state)))
    fresh = _read(tmp_path / "w.pth", reading.lines, reading.imports, network("shufflenet_v2_x0_5", 3, seed=9))
    own = fresh.state_dict()
    assert all(torch.equal(own[name], state[name]) for name in state if not name.endswith("num_batches_tracked"))


def test_names_that_no_rule_explains_are_refused(tmp_path: Path) -> None:
    about = _named(tmp_path / "w.pth", {"a.weight": torch.ones(2), "b.weight": torch.ones(2)})
    with pytest.raises(ScriptError, match=r"no simple rule.*Save the model as"):
        spell_reading(about, Construction("library", tensors=("c.weight", "d.weight")))


def test_what_plain_pytorch_would_have_to_run_is_refused(tmp_path: Path) -> None:
    torch.save({"state_dict": {"a.weight": torch.ones(2)}, "hook": print}, tmp_path / "w.pth")
    about = CheckpointSummary(str(tmp_path / "w.pth"), "state_dict", ("state_dict",), "", 1, 0, 0, "0" * 64)
    with pytest.raises(ScriptError, match="without running"):
        spell_reading(about, Construction("library", tensors=("a.weight",)))


def test_what_was_pickled_without_torch_save_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.pkl").write_bytes(pickle.dumps({"a.weight": torch.ones(2)}))
    about = CheckpointSummary(str(tmp_path / "w.pkl"), "state_dict", (), "", 1, 0, 0, "0" * 64)
    with pytest.raises(ScriptError, match=r"pickled without torch\.save.*Save the model as"):
        spell_reading(about, Construction("library", tensors=("a.weight",)))


def test_a_whole_network_of_classes_that_nobody_has_is_refused() -> None:
    about = CheckpointSummary("w.pth", "module", (), "", 1, 0, 0, "0" * 64)
    with pytest.raises(ScriptError, match=r"mynets\.Net"):
        spell_loading(about, Construction("module", classes=("mynets.Net", "torch.nn.modules.linear.Linear")))


def test_vectors_and_unknown_networks_have_no_script() -> None:
    info = classifier_info()
    with pytest.raises(ScriptError, match="not known"):
        write_script(info)
    with pytest.raises(ScriptError, match="rows of 10"):
        write_script(replace(info, refuses="The network takes rows of 10 numbers, not images."))


@pytest.mark.parametrize(
    ("head", "side"),
    [
        (nn.Linear(512, 4), 64),
        (nn.Sequential(nn.Linear(512, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 4)), 64),
        (nn.Sequential(nn.Dropout(), nn.Linear(512, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 4)), 64),
    ],
)
def test_changed_heads_are_spelled(head: nn.Module, side: int, tmp_path: Path) -> None:
    net: Any = network("resnet18", 4)
    net.fc = head
    net.eval()
    torch.save(net.state_dict(), tmp_path / "w.pth")
    assert torch.allclose(*_answers(tmp_path / "w.pth", "resnet18", side, net), atol=1e-5)


def test_a_transformer_of_another_size_with_another_head_is_spelled() -> None:
    with torch.device("meta"):
        net: Any = get_model("vit_b_32", image_size=64)
        net.heads = nn.Sequential(nn.LayerNorm(768), nn.Linear(768, 4))
    checkpoint = Checkpoint(
        CheckpointSummary("w.pth", "state_dict", (), "", 1, 0, 0, "0" * 64), net.state_dict(), {}, 0
    )
    construction = construction_of(checkpoint, "vit_b_32", assemble(checkpoint, "vit_b_32"))
    with torch.device("meta"):
        made = _built(construction)
    assert "image_size=64" in construction.lines[0]
    assert {name: tensor.shape for name, tensor in made.state_dict().items()} == {
        name: tensor.shape for name, tensor in net.state_dict().items()
    }


def _built(construction: Construction) -> nn.Module:
    place: dict[str, object] = {}
    # What is tested is code.
    exec("\n".join((*construction.imports, *construction.lines)), place)  # noqa: S102
    return cast(nn.Module, place["network"]).eval()


def _answers(path: Path, architecture: str, side: int, net: nn.Module) -> tuple[Tensor, Tensor]:
    """What a network says, and what the one that its construction's lines build says."""
    checkpoint = open_checkpoint(path)
    made = assemble(checkpoint, architecture)
    other = _built(construction_of(checkpoint, architecture, made))
    other.load_state_dict(net.state_dict())
    with torch.inference_mode():
        noise = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))
        return net(noise), other(noise)


@pytest.fixture
def whatsit(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        status = commands.run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_the_command_writes_a_script_or_a_notebook(whatsit: Run, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a photo.jpg")
    status, out, _ = whatsit("script", photo, "--preprocessing", "half", "--resize", "40x30")
    assert status == 0
    ast.parse(out)
    assert f"IMAGE = {quoted(str(photo))}" in out
    assert "transforms.Resize((30, 40))" in out
    status, out, _ = whatsit("script", "--output", tmp_path / "x.ipynb")
    assert (status, out) == (0, "")
    assert json.loads((tmp_path / "x.ipynb").read_text("utf-8"))["nbformat"] == 4


def test_the_command_says_why_there_is_no_script(whatsit: Run, tmp_path: Path) -> None:
    path, _ = networks.write(tmp_path, "SimpleModel")
    status, out, err = whatsit("script", "--weights", path, "--architecture-file", tmp_path / "nets.py", "--trust")
    assert (status, out) == (2, "")
    assert "rows of 10 numbers" in err


def test_results_say_where_they_came_from_where_that_is_wished(whatsit: Run, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "photo.jpg")
    _, plain, _ = whatsit("classify", photo, "--format", "json", "--mean", "0.4")
    status, out, _ = whatsit("classify", photo, "--format", "json", "--mean", "0.4", "--provenance")
    (record,) = json.loads(out)
    said = record.pop("provenance")
    assert status == 0
    assert [record] == json.loads(plain)
    assert said["preprocessing"]["mean"] == [0.4, 0.4, 0.4]
    assert said["libraries"]["torch"] == torch.__version__.partition("+")[0]
    assert len(said["sha256"]) == 64
    assert whatsit("classify", photo, "--provenance")[0] == 2


def test_provenance_in_words_and_as_json() -> None:
    with Session() as session:
        info = cast(ClassifierInfo, session.wait(session.workbench.open(ModelSpec(), "cpu")))
    provenance = provenance_of(info)
    assert dict(facts(provenance))["sha256"] == info.checkpoint.sha256
    assert "Python file" not in dict(facts(provenance))
    assert json.loads(to_json(provenance, "a.jpg"))["image"] == "a.jpg"
