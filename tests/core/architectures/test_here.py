"""A network that asks for a GPU computes where it is, and nothing of torch's is changed by that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from core.architectures.custom import Anywhere
from core.building import build
from core.checkpoints import open_checkpoint
from core.descriptions import ModelSpec
from core.trust import GivenFor

SOURCE = """
import torch
from torch import nn

device = torch.device("cuda")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3).cuda()
        self.fc = nn.Linear(6, 4).to(device)

    def forward(self, x):
        x = x.cuda().to(device, non_blocking=True)
        scale = torch.full((6,), 1.5, device="cuda:0")
        zeros = torch.zeros(len(x), 4).to(device="cuda")
        x = self.conv(x).relu().mean((2, 3)).type(torch.cuda.FloatTensor) * scale
        return self.fc(x).cuda(non_blocking=True) + zeros.to(x)
"""


class Plain(nn.Module):
    """The same without a word of devices."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 6, 3), nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.conv(x).relu().mean((2, 3)) * 1.5)


def test_it_answers_as_the_same_network_without_a_gpu(tmp_path: Path) -> None:
    plain = Plain().eval()
    torch.save(plain.state_dict(), tmp_path / "w.pth")
    (tmp_path / "net.py").write_text(SOURCE, encoding="utf-8")
    spec = ModelSpec("file", str(tmp_path / "w.pth"), architecture_file=str(tmp_path / "net.py"))
    before = {name: getattr(torch.Tensor, name) for name in ("cuda", "to", "type")}
    built = build(spec, open_checkpoint(tmp_path / "w.pth"), (), [GivenFor([tmp_path / "net.py"])])
    assert any("asks for a GPU" in notice for notice in built.notices)
    batch = torch.randn(2, 3, 40, 30)
    with torch.inference_mode():
        torch.testing.assert_close(built.network(batch), plain(batch), rtol=0, atol=0)
    assert before == {name: getattr(torch.Tensor, name) for name in before}


def test_without_a_word_of_a_gpu_nothing_is_put_around_it(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Conv2d(3, 6, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4))
    torch.save(network.state_dict(), tmp_path / "w.pth")
    text = "from torch import nn\n\n\ndef net():\n    return nn.Sequential(\n"
    text += "        nn.Conv2d(3, 6, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4))\n"
    (tmp_path / "net.py").write_text(text, encoding="utf-8")
    spec = ModelSpec("file", str(tmp_path / "w.pth"), architecture_file=str(tmp_path / "net.py"))
    built = build(spec, open_checkpoint(tmp_path / "w.pth"), (), [GivenFor([tmp_path / "net.py"])])
    assert not any(isinstance(module, Anywhere) for module in built.network.modules())
    assert not any("GPU" in notice for notice in built.notices)


WAYS: dict[str, Callable[[Tensor], Tensor]] = {
    "cuda": lambda x: x.cuda(0),
    "to": lambda x: x.to("cuda:1"),
    "to a device": lambda x: x.to(torch.device("mps")),
    "to with a type": lambda x: x.to("cuda", torch.float64).float(),
    "a new tensor": lambda x: x + torch.arange(3.0, device="cuda"),
    "a type of old": lambda x: x.type("torch.cuda.FloatTensor"),
    "numbers": lambda x: torch.tensor([1.0, 2.0, 3.0], device=torch.device("cuda", 0)) + x,
}


@pytest.mark.parametrize("ask", WAYS.values(), ids=WAYS)
def test_whatever_it_asks_for_is_where_the_input_is(ask: Callable[[Tensor], Tensor]) -> None:
    class Asks(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return ask(x)

    network = Anywhere(Asks())
    assert not network.asked
    for device in ("cpu", "meta"):
        assert network(torch.zeros(2, 3, device=device)).device.type == device
    assert network.asked


def test_what_is_on_the_cpu_is_brought_to_the_input() -> None:
    class Asks(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.zeros(3).cuda() + torch.zeros(3).to("cuda") + x

    assert Anywhere(Asks())(torch.zeros(3, device="meta")).device.type == "meta"


def test_what_asks_for_the_cpu_gets_it() -> None:
    class Asks(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.cpu() + torch.zeros(3, device="cpu")

    network = Anywhere(Asks())
    assert network(torch.zeros(3)).device.type == "cpu"
    assert not network.asked
