"""Python files as people write them, for tests."""

SIMPLE = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class SimpleCNN(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, kernel_size=3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(32 * 7 * 7, num_classes)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        return self.fc(torch.flatten(x, 1))


class SimpleMLP(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super(SimpleMLP, self).__init__()
        self.fc1 = nn.Linear(input_size, hidden_size)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(hidden_size, output_size)

    def forward(self, x):
        return self.fc2(self.relu(self.fc1(x)))


class SimpleModel(nn.Module):
    def __init__(self, outputs=2):
        super().__init__()
        self.first = nn.Linear(10, 5)
        self.second = nn.Linear(5, outputs)

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))


class CustomLayer(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.linear = nn.Linear(in_features, out_features)

    def forward(self, x):
        return torch.sigmoid(self.linear(x))


class ModelWithCustomLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(10, 20)
        self.custom = CustomLayer(20, 20)
        self.fc2 = nn.Linear(20, 1)

    def forward(self, x):
        return self.fc2(self.custom(torch.relu(self.fc1(x))))
"""

CHALLENGE = """
from torch import nn
import torch.nn.functional as F


class Network(nn.Module):
    def __init__(self, input_size, output_size, hidden_layers, drop_p=0.5):
        super().__init__()
        self.hidden_layers = nn.ModuleList([nn.Linear(input_size, hidden_layers[0])])
        pairs = zip(hidden_layers[:-1], hidden_layers[1:])
        self.hidden_layers.extend([nn.Linear(before, after) for before, after in pairs])
        self.output = nn.Linear(hidden_layers[-1], output_size)
        self.dropout = nn.Dropout(p=drop_p)

    def forward(self, x):
        for layer in self.hidden_layers:
            x = self.dropout(F.relu(layer(x)))
        return F.log_softmax(self.output(x), dim=1)
"""

RESNET = """
import torch.nn as nn
from torchvision import models


def build_model(num_classes, pretrained=True):
    model = models.resnet18(pretrained=pretrained)
    model.fc = nn.Linear(model.fc.in_features, num_classes)
    return model


class ResNet18Cifar(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.model = models.resnet18(weights=models.ResNet18_Weights.DEFAULT)
        for parameter in self.model.parameters():
            parameter.requires_grad = False
        self.model.fc = nn.Sequential(nn.Dropout(0.3), nn.Linear(512, num_classes))
        self.cuda()

    def forward(self, x):
        return self.model(x)
"""

SCRIPT = """
import argparse
import no_such_plotting_package as plt
from no_such_logger import log
import torch
from torch import nn, optim
from torch.utils.data import DataLoader

print("a line on standard output")
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, required=True)
args = parser.parse_args()
open({marker!r}, "w").write("ran")
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
WIDTH = 12
settings = {{}}
settings["depth"] = 3


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        print("building")
        self.layers = nn.Sequential(*[nn.Linear(WIDTH, WIDTH) for _ in range(settings["depth"])])
        self.out = nn.Linear(WIDTH, 4).to(device)

    def forward(self, x):
        print(x.shape)
        return self.out(self.layers(x.to(device)))


model = Net().to(device)
loader = DataLoader([1, 2, 3])
optimizer = optim.SGD(model.parameters(), lr=args.lr)
for epoch in range(10):
    for batch in loader:
        loss = model(batch)
        loss.backward()
        optimizer.step()
raise SystemExit(3)
"""

RES_BLOCKS = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class BasicBlock(nn.Module):
    def __init__(self, inside, outside, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.bn = nn.BatchNorm2d(outside)
        self.shortcut = nn.Sequential()
        if stride != 1 or inside != outside:
            self.shortcut = nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, block, num_blocks, num_classes=10):
        super().__init__()
        self.inside = 16
        self.stem = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.layer1 = self._make(block, 16, num_blocks[0], 1)
        self.layer2 = self._make(block, 32, num_blocks[1], 2)
        self.linear = nn.Linear(32, num_classes)

    def _make(self, block, outside, count, stride):
        layers = []
        for step in [stride] + [1] * (count - 1):
            layers.append(block(self.inside, outside, step))
            self.inside = outside
        return nn.Sequential(*layers)

    def forward(self, x):
        x = self.layer2(self.layer1(F.relu(self.stem(x))))
        return self.linear(F.avg_pool2d(x, x.shape[-1]).flatten(1))


def ResNet6(num_classes=10):
    return ResNet(BasicBlock, [2, 2], num_classes)


def ResNet10():
    return ResNet(BasicBlock, [4, 4])


def test():
    net = ResNet6()
    y = net(torch.randn(1, 3, 32, 32))
    print(y.size())
"""

CONFIGURED = """
import torch
from torch import nn


class ConvNet(nn.Module):
    def __init__(self, in_channels, channels, image_size, num_classes, kernel=3, batch_norm=False, act="relu", heads=2):
        super().__init__()
        layers, size = [], image_size
        for width in channels:
            layers.append(nn.Conv2d(in_channels, width, kernel, padding=kernel // 2))
            if batch_norm:
                layers.append(nn.BatchNorm2d(width))
            layers.append({"relu": nn.ReLU(), "gelu": nn.GELU()}[act])
            layers.append(nn.MaxPool2d(2))
            in_channels, size = width, size // 2
        self.features = nn.Sequential(*layers)
        self.heads = heads
        self.head = nn.Linear(in_channels * size * size, num_classes)

    def forward(self, x):
        return self.head(self.features(x).flatten(1)) / self.heads


class Asking(nn.Module):
    def __init__(self, width, nhead, act, drop_p):
        super().__init__()
        self.inside = nn.Linear(16, width)
        self.attention = nn.MultiheadAttention(width, nhead, batch_first=True)
        self.act = nn.ReLU() if act == "relu" else nn.Tanh() if act == "tanh" else nn.GELU()
        self.dropout = nn.Dropout(drop_p)
        self.out = nn.Linear(width, 3)

    def forward(self, x):
        x = self.inside(x)[:, None]
        return self.out(self.dropout(self.act(self.attention(x, x, x)[0][:, 0])))
"""

TABLE = """
from torch import nn

SIZES = {"small": [8, "M"], "middle": [8, "M", 12, "M"], "large": [8, 8, "M", 12, "M"]}


class VGG(nn.Module):
    def __init__(self, size, num_classes):
        super().__init__()
        layers, channels = [], 3
        for width in SIZES[size]:
            if width == "M":
                layers.append(nn.MaxPool2d(2))
            else:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
                channels = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(channels, num_classes)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class Configured(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.fc = nn.Linear(config["inside"], config["outside"])

    def forward(self, x):
        return self.fc(x)
"""
