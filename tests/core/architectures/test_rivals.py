"""Several networks of one file that fit the same weights: the one that was trained answers, or a person is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.building import build
from core.checkpoints import open_checkpoint
from core.descriptions import ModelSpec
from core.errors import MatchError
from tests.core.architectures.opening import plain, write
from tests.core.architectures.test_habits import HEAD, Agreed, assert_answers, opened

TWO = HEAD + (
    "class Base(nn.Module):\n"
    "    def __init__(self, classes=3):\n"
    "        super().__init__()\n"
    "        self.conv, self.fc = nn.Conv2d(3, 6, 3), nn.Linear(6, classes)\n"
    "    def forward(self, x):\n"
    "        return self.fc(F.relu(self.conv(x)).mean((2, 3)))\n"
    "class Sharp_Net(Base):\n"
    "    def forward(self, x):\n"
    "        return self.fc(torch.tanh(self.conv(x)).mean((2, 3)))\n"
)
TRAINED = (
    "def train(model):\n    return model.train()\n"
    "def main():\n    train({made}())\n"
    "if __name__ == '__main__':\n    main()\n"
)


def _arch(name: str) -> dict[str, object]:
    return {"arch": name}


def _model_name(name: str) -> dict[str, object]:
    return {"model_name": f"models.{name}"}


def _hyper_parameters(name: str) -> dict[str, object]:
    return {"hyper_parameters": {"model": name.lower()}}


def _args(name: str) -> dict[str, object]:
    return {"args": {"arch": name.lower().replace("_", "-")}}


@pytest.mark.parametrize("beside", [_arch, _model_name, _hyper_parameters, _args])
@pytest.mark.parametrize("name", ["Base", "Sharp_Net"])
def test_the_weights_file_names_it(name: str, beside: Callable[[str], dict[str, object]], tmp_path: Path) -> None:
    # What the code makes counts for less.
    text = TWO + TRAINED.format(made="Base" if name != "Base" else "Sharp_Net")
    network = plain(TWO, name)
    built = opened(tmp_path, text, {"state_dict": network.state_dict(), **beside(name)})
    assert built.architecture == name
    assert not built.ambiguous
    assert_answers(built, network, 3, 40, 40)
    assert any("as the weights file names it" in notice and "otherwise" in notice for notice in built.notices)


@pytest.mark.parametrize("name", ["Base", "Sharp_Net"])
@pytest.mark.parametrize(
    "code",
    [
        TRAINED,
        "import fire\ndef train(epochs=3):\n    net = {made}()\nif __name__ == '__main__':\n    fire.Fire(train)\n",
        "class Lit:\n    def __init__(self):\n        self.net = {made}()\n",
        TRAINED + "def never():\n    return [Base(), Sharp_Net()]\n",
    ],
    ids=["main", "fire", "wrapper", "others never"],
)
def test_the_code_makes_it(name: str, code: str, tmp_path: Path) -> None:
    network = plain(TWO, name)
    built = opened(tmp_path, TWO + code.format(made=name), network.state_dict())
    assert_answers(built, network, 3, 40, 40)
    assert (built.architecture, built.ambiguous) == (name, False)
    other = next(match for match in built.matches if match.architecture != name)
    assert [built.matches[0].function, other.function] == [name, other.architecture]


def test_the_training_script_beside_makes_it(tmp_path: Path) -> None:
    write(tmp_path, "from net import Sharp_Net\nmodel = Sharp_Net().cuda()\n", "train.py")
    write(tmp_path, "from other import Base\nmodel = Base()\n", "another.py")
    network = plain(TWO, "Sharp_Net")
    built = opened(tmp_path, TWO, network.state_dict())
    assert (built.architecture, built.ambiguous) == ("Sharp_Net", False)
    assert_answers(built, network, 3, 40, 40)


@pytest.mark.parametrize(
    "code", ["", "def main():\n    for net in (Base(), Sharp_Net()):\n        net.train()\nmain()\n"]
)
def test_where_nothing_tells_it_is_ambiguous_and_either_can_be_chosen(code: str, tmp_path: Path) -> None:
    base = plain(TWO, "Base")
    built = opened(tmp_path, TWO + code, base.state_dict())
    assert built.ambiguous
    assert built.architecture == "Sharp_Net"
    assert any("Base fits these weights as well, and answers otherwise" in notice for notice in built.notices)
    spec = ModelSpec("file", str(tmp_path / "weights.pth"), architecture_file=str(tmp_path / "net.py"))
    chosen = build(replace(spec, architecture="Base"), open_checkpoint(Path(spec.weights)), (), (Agreed(),))
    assert not chosen.ambiguous
    assert_answers(chosen, base, 3, 40, 40)


def test_one_that_only_trains_otherwise_is_no_rival(tmp_path: Path) -> None:
    text = HEAD + TWO.removeprefix(HEAD).partition("class Sharp")[0]
    text += "class Trained(Base):\n    def training_step(self, batch):\n        return self(batch).sum()\n"
    network = plain(text, "Base")
    built = opened(tmp_path, text, network.state_dict())
    assert not built.ambiguous
    assert not any("otherwise" in notice for notice in built.notices)
    assert len({match.function for match in built.matches}) == 1
    assert_answers(built, network, 3, 40, 40)


@pytest.mark.parametrize("made", [TRAINED.format(made="Sharp_Net"), ""])
def test_a_base_without_a_forward_pass_is_none_either(made: str, tmp_path: Path) -> None:
    text = TWO.replace(
        "        return self.fc(F.relu(self.conv(x)).mean((2, 3)))\n", "        raise NotImplementedError\n"
    )
    network = plain(text, "Sharp_Net")
    built = opened(tmp_path, text + made, network.state_dict())
    assert (built.architecture, built.ambiguous) == ("Sharp_Net", False)
    assert_answers(built, network, 3, 40, 40)


@pytest.mark.parametrize("named", [False, True])
def test_one_that_takes_nothing_gives_way_unless_it_is_meant(named: bool, tmp_path: Path) -> None:
    text = TWO.replace("torch.tanh(self.conv(x))", "torch.tanh(self.conv(x, nobody=1))")
    network = plain(text, "Base")
    saved = {"state_dict": network.state_dict(), **({"arch": "Sharp_Net"} if named else {})}
    if named:
        with pytest.raises(MatchError, match="nobody"):
            opened(tmp_path, text, saved)
    else:
        assert_answers(opened(tmp_path, text, saved), network, 3, 40, 40)


def test_two_classes_that_inherit_from_nothing(tmp_path: Path) -> None:
    text = TWO.replace("class Sharp_Net(Base)", "class Sharp_Net(nn.Module)").replace(
        "    def forward(self, x):\n        return self.fc(torch.tanh",
        "    def __init__(self, classes=3):\n        super().__init__()\n"
        "        self.conv, self.fc = nn.Conv2d(3, 6, 3), nn.Linear(6, classes)\n"
        "    def forward(self, x):\n        return self.fc(torch.tanh",
    )
    network = plain(text, "Sharp_Net")
    told = opened(tmp_path, text + TRAINED.format(made="Sharp_Net"), network.state_dict())
    assert_answers(told, network, 3, 40, 40)
    assert opened(tmp_path, text, network.state_dict()).ambiguous
