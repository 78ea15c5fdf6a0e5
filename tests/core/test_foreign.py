"""Each kind of network that is no image classifier is called what it is, and no classifier is called so."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torchvision import models
from torchvision.models import detection, segmentation

from core.architectures import blueprint
from core.catalogue import architectures
from core.foreign import recognise


def shapes_of(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def what(shapes: dict[str, tuple[int, ...]]) -> str:
    found = recognise(shapes)
    return found.what if found is not None else ""


@pytest.mark.parametrize("name", [entry.id for entry in architectures() if "/" not in entry.id])
def test_no_classifier_is_taken_for_something_else(name: str) -> None:
    assert recognise(shapes_of(blueprint(name, 10))) is None


class Unet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inc = nn.Sequential(nn.Conv2d(3, 8, 3))
        self.down1 = nn.Sequential(nn.Conv2d(8, 16, 3))
        self.up1 = nn.Sequential(nn.ConvTranspose2d(16, 8, 2))
        self.outc = nn.Conv2d(8, 2, 1)


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 8))
        self.decoder = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 784))


class EncoderAndHead(nn.Module):
    """A classifier that is written with these words."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
        self.decoder = nn.Linear(8, 10)


class Vae(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc_mu, self.fc_logvar = nn.Linear(784, 40), nn.Linear(40, 2), nn.Linear(40, 2)


class Generator(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(
            nn.ConvTranspose2d(100, 64, 4), nn.BatchNorm2d(64), nn.ReLU(), nn.ConvTranspose2d(64, 16, 4, 2, 1),
            nn.ReLU(), nn.ConvTranspose2d(16, 3, 4, 2, 1), nn.Tanh(),
        )  # fmt: skip


class Discriminator(nn.Sequential):
    """Looks alike, and is a classifier."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(3, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 64, 4, 2, 1), nn.ReLU(), nn.Conv2d(64, 1, 8)
        )


class Words(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wte, self.lm_head = nn.Embedding(100, 8), nn.Linear(8, 100)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: detection.fasterrcnn_mobilenet_v3_large_fpn(weights=None, weights_backbone=None), "detector (R-CNN)"),
        (lambda: detection.ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None), "detector (RetinaNet"),
        (lambda: segmentation.lraspp_mobilenet_v3_large(weights=None, weights_backbone=None), "a segmentation"),
        (lambda: segmentation.fcn_resnet50(weights=None, weights_backbone=None), "a segmentation network"),
        (Unet, "U-Net"),
        (Autoencoder, "an autoencoder"),
        (Vae, "a variational autoencoder"),
        (Words, "a language model"),
        (Generator, "an image generator (GAN)"),
    ],
)
def test_other_networks_are_called_what_they_are(make: type[nn.Module], expected: str) -> None:
    with torch.device("meta"):
        assert expected in what(shapes_of(make()))


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ({"model.24.anchors": (3, 3, 2), "model.24.m.0.weight": (255, 8, 1, 1), "model.24.m.1.weight": (255, 8, 1, 1)},
         "YOLO"),
        ({"model.22.cv2.0.0.conv.weight": (8, 8, 3, 3), "model.22.cv2.1.0.conv.weight": (8, 8, 3, 3),
          "model.22.dfl.conv.weight": (1, 16, 1, 1)}, "YOLO"),
        ({"unet.to_q.lora_down.weight": (4, 320), "unet.to_q.lora_up.weight": (320, 4)}, "LoRA"),
        ({"images": (50, 3, 32, 32), "labels": (50,)}, "a data set"),
        ({"transformer.x.weight": (8, 8), "bbox_embed.layers.0.weight": (8, 8), "class_embed.weight": (92, 8)}, "DETR"),
        ({"22.cv2.0.0.conv.weight": (8, 8, 3, 3), "22.cv2.1.0.conv.weight": (8, 8, 3, 3),
          "22.dfl.conv.weight": (1, 16, 1, 1)}, "YOLO"),
        ({"24.anchors": (3, 3, 2), "24.m.0.weight": (255, 8, 1, 1), "24.m.1.weight": (255, 8, 1, 1)}, "YOLO"),
        ({"embedding.weight": (900, 8), "lstm.weight_ih_l0": (32, 8), "fc.weight": (2, 8)}, "texts"),
        ({"embedding": (900, 8)}, "a few tensors"),
        ({"mean": (3,), "std": (3,)}, "a few tensors"),
        ({"logit_scale": (), "token_embedding.weight": (10, 4)}, "CLIP"),
        ({"encoder_q.fc.weight": (128, 8), "encoder_k.fc.weight": (128, 8), "queue": (128, 8)}, "MoCo"),
        ({"backbone.blocks.0.norm1.weight": (8,), "head.last_layer.weight_v": (64, 8)}, "DINO"),
        ({"mask_token": (1, 1, 8), "decoder_embed.weight": (8, 8), "decoder_pred.weight": (8, 8)}, "masked images"),
    ],
)  # fmt: skip
def test_names_tell(shapes: dict[str, tuple[int, ...]], expected: str) -> None:
    assert expected in what(shapes)


@pytest.mark.parametrize(
    "network", [EncoderAndHead(), Discriminator(), models.squeezenet1_1(weights=None), nn.Linear(10, 2)]
)
def test_what_may_be_a_classifier_is_left_alone(network: nn.Module) -> None:
    assert recognise(shapes_of(network)) is None


@pytest.mark.parametrize(
    ("whole", "expected"),
    [
        ("ultralytics.nn.tasks.DetectionModel", "an object detector"),
        ("ultralytics.nn.tasks.SegmentationModel", "a segmentation network"),
        ("ultralytics.nn.tasks.PoseModel", "poses"),
        ("models.yolo.Model", "an object detector"),
        ("torchvision.models.detection.faster_rcnn.FasterRCNN", "an object detector"),
        ("torchvision.models.segmentation.deeplabv3.DeepLabV3", "another task"),
    ],
)
def test_the_class_of_a_network_that_was_saved_whole_tells(whole: str, expected: str) -> None:
    found = recognise({"conv.weight": (8, 3, 3, 3)}, whole)
    assert found is not None
    assert expected in found.what


@pytest.mark.parametrize("whole", ["ultralytics.nn.tasks.ClassificationModel", "models.yolo.ClassificationModel", ""])
def test_the_class_of_a_classifier_does_not(whole: str) -> None:
    assert recognise({"conv.weight": (8, 3, 3, 3)}, whole) is None


def test_nothing_is_nothing() -> None:
    assert recognise({}) is None
