"""Named starting points, each with the numbers that its source states."""

from __future__ import annotations

from collections.abc import Mapping

from core.preprocessing.values import Preprocessing

_UNIT: tuple[float, ...] = (1.0, 1.0, 1.0)
_ZERO: tuple[float, ...] = (0.0, 0.0, 0.0)
_HALF: tuple[float, ...] = (0.5, 0.5, 0.5)

PRESETS: Mapping[str, Preprocessing] = {
    "imagenet": Preprocessing(),
    "cifar10": Preprocessing(size=(32, 32), crop=(32, 32), mean=(0.4914, 0.4822, 0.4465), std=(0.2470, 0.2435, 0.2616)),
    "cifar100": Preprocessing(
        size=(32, 32), crop=(32, 32), mean=(0.5071, 0.4865, 0.4409), std=(0.2673, 0.2564, 0.2762)
    ),
    "half": Preprocessing(mean=_HALF, std=_HALF),
    "half32": Preprocessing(resize="exact", size=(32, 32), crop=None, mean=_HALF, std=_HALF),
    "mnist": Preprocessing(channels="grey", resize="exact", size=(28, 28), crop=None, mean=(0.1307,), std=(0.3081,)),
    "fashion_mnist": Preprocessing(
        channels="grey", resize="exact", size=(28, 28), crop=None, mean=(0.2860,), std=(0.3530,)
    ),
    "clip": Preprocessing(
        size=(224, 224),
        interpolation="bicubic",
        mean=(0.48145466, 0.4578275, 0.40821073),
        std=(0.26862954, 0.26130258, 0.27577711),
    ),
    "siglip": Preprocessing(resize="exact", size=(224, 224), interpolation="bicubic", crop=None, mean=_HALF, std=_HALF),
    "inception": Preprocessing(size=(341, 341), interpolation="bicubic", crop=(299, 299), mean=_HALF, std=_HALF),
    "caffe": Preprocessing(channels="bgr", range="0..255", mean=(103.939, 116.779, 123.68), std=_UNIT),
    "keras": Preprocessing(
        resize="exact", size=(224, 224), antialias=False, crop=None, range="-1..1", mean=_ZERO, std=_UNIT
    ),
    "none": Preprocessing(resize="none", crop=None, mean=_ZERO, std=_UNIT),
}
"""What a list offers, in its order.

- ``imagenet``: torchvision's ``ImageClassification(crop_size=224)`` (``torchvision/transforms/_presets.py``), which is
  that of its V1 weights and of ``pytorch/examples/imagenet``.
- ``cifar10``: mean and standard deviation of the pixels of CIFAR-10's training images, rounded to four digits.
- ``cifar100``: the same of CIFAR-100's.
- ``half``: sizes as ``imagenet``, and the ``Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))`` of PyTorch's CIFAR-10
  tutorial.
- ``half32``: ``Resize((32, 32))`` and the tutorial's 0.5/0.5, for networks of 32 x 32 pixels.
- ``mnist``: ``pytorch/examples/mnist``.  Its digits are white on black: photos of ink on paper want ``invert``.
- ``fashion_mnist``: mean and standard deviation of Fashion-MNIST's training images.
- ``clip``: ``_transform`` of ``openai/CLIP`` (``clip/clip.py``): bicubic, shorter side 224.
- ``siglip``: ``preprocessor_config.json`` of ``google/siglip-base-patch16-224``: exactly 224 x 224, bicubic, 0.5/0.5.
- ``inception``: timm's ``inception_v3``: 299 of floor(299 / 0.875) = 341, bicubic, 0.5/0.5.
- ``caffe``: blue, green, red from 0 to 255 less the means of ``VGG_ILSVRC_16_layers`` (Simonyan and Zisserman, 2014),
  which is ``preprocess_input(mode="caffe")`` of ``keras.applications``; sizes as ``imagenet``.
- ``keras``: ``preprocess_input(mode="tf")`` of ``keras.applications`` (x / 127.5 - 1) after
  ``image_dataset_from_directory(image_size=(224, 224))``: exactly that size, bilinear, not antialiased.
- ``none``: only scales pixels to 0..1.
"""

PRESET_NAMES: Mapping[str, str] = {
    "imagenet": "ImageNet",
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "half": "0.5/0.5",
    "half32": "0.5/0.5 at 32",
    "mnist": "MNIST",
    "fashion_mnist": "Fashion-MNIST",
    "clip": "CLIP",
    "siglip": "SigLIP",
    "inception": "Inception",
    "caffe": "Caffe",
    "keras": "Keras, -1 to 1",
    "none": "As it is",
}
"""What a person knows each preset by."""


def preset_of(value: Preprocessing) -> str:
    """The id of the preset with exactly these values; empty where there is none."""
    return next((name for name, preset in PRESETS.items() if preset == value), "")
