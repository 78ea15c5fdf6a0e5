"""A ``Preprocessing`` as the torchvision transforms that do the same, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from core.preprocessing import Colour, Preprocessing
from core.scripting.quoting import INDENT, numbers

_MODES = {"nearest": "NEAREST", "bilinear": "BILINEAR", "bicubic": "BICUBIC", "lanczos": "LANCZOS"}
_F = "transforms.functional"


@dataclass(frozen=True)
class Preparing:
    """Python that prepares an image file.

    Attributes:
        imports: the import lines that it needs.
        lines: define ``prepare(path)``, which gives one or several inputs as a batch.
    """

    imports: tuple[str, ...]
    lines: tuple[str, ...]


def spell_preparing(preprocessing: Preprocessing, mode: str = "", suffix: str = "") -> Preparing:
    """How an image becomes a network's input.

    Args:
        preprocessing: the values.
        mode: Pillow's name for how the image at hand stores its pixels, if there is one: values of 32 bits need
            more than others.
        suffix: of its file's name, with the dot.
    """
    imports = {"import torch", "from PIL import Image", "from torchvision import transforms", "import numpy as np"}
    steps = [*_seeing(preprocessing), *_cutting(preprocessing)]
    values = list(_values(preprocessing))
    helpers = [*_to_rgb(mode), *_resizing(preprocessing)]
    if preprocessing.exif or preprocessing.invert:
        imports.add("from PIL import Image, ImageOps")
        imports.discard("from PIL import Image")
    if preprocessing.interpolation != "bilinear" and preprocessing.resize != "none":
        imports.add("from torchvision.transforms import InterpolationMode")
    if preprocessing.crops == 1:
        imports.discard("import torch")
        tables = _compose("TRANSFORM", [*steps, *values])
        last = "return TRANSFORM(image).unsqueeze(0)"
    else:
        tables = [*_compose("CUT", steps), *_compose("TRANSFORM", values)]
        last = "return torch.stack([TRANSFORM(crop) for crop in CUT(image)])"
    if suffix.lower() in (".heic", ".heif"):
        imports.add("from pillow_heif import register_heif_opener")
        tables = ["register_heif_opener()  # Pillow alone cannot read .heic", *tables]
    body = ["image = Image.open(path)"]
    if preprocessing.exif:
        body.append("image = ImageOps.exif_transpose(image)  # upright, as the camera noted")
    body += [*_opaque(preprocessing.background), "image = to_rgb(image)", last]
    what = "the network's input" if preprocessing.crops == 1 else f"{preprocessing.crops} inputs, one for each crop"
    prepare = [
        "def prepare(path):",
        f'{INDENT}"""An image file as {what}, in a batch."""',
        *(INDENT + line for line in body),
    ]
    return Preparing(tuple(sorted(imports)), (*helpers, *tables, "", "", *prepare))


def _to_rgb(mode: str) -> Iterator[str]:
    yield "def to_rgb(image):"
    yield f'{INDENT}"""Three channels of 8 bits; convert("RGB") alone would clip what has more bits."""'
    lines = (
        'if image.mode.startswith("I;16"):',
        "    # The high byte of each value.",
        "    image = Image.fromarray((np.asarray(image) // 256).astype(np.uint8))",
        'elif image.mode in ("I", "F"):',
        '    raise ValueError("this image has 32 bits a value: save it with 8 or 16 first")',
    )
    if mode in ("I", "F"):
        lines = (
            'if image.mode in ("I", "F"):',
            "    # 32 bits: what looks like 0..1, 0..255 or 0..65535 is taken for that, all else is stretched.",
            "    values = np.nan_to_num(np.asarray(image, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)",
            "    low, high = values.min(), values.max()",
            '    if image.mode == "F" and 0 <= low and high <= 1:',
            "        values = values * 255",
            "    elif 0 <= low and 255 < high <= 65535:",
            "        values = values // 256",
            "    elif not (0 <= low and high <= 255):",
            "        values = (values - low) * (255 / (high - low)) if high > low else values * 0",
            "    image = Image.fromarray(np.clip(np.round(values), 0, 255).astype(np.uint8))",
            'elif image.mode.startswith("I;16"):',
            "    # Of 16 bits the high byte.",
            "    image = Image.fromarray((np.asarray(image) // 256).astype(np.uint8))",
        )
    yield from (INDENT + line for line in lines)
    yield from (f'{INDENT}return image.convert("RGB")', "", "")


def _opaque(background: Colour | None) -> Iterator[str]:
    if background is None:
        return
    yield 'if image.has_transparency_data and not image.mode.startswith("I"):'
    yield f'{INDENT}layer = Image.new("RGBA", image.size, {(*background, 255)})'
    yield f'{INDENT}layer.alpha_composite(image.convert("RGBA"))'
    yield f"{INDENT}image = layer"


def _seeing(preprocessing: Preprocessing) -> Iterator[str]:
    if preprocessing.channels in ("grey", "grey3"):
        yield f"transforms.Grayscale({1 if preprocessing.channels == 'grey' else 3})"


def _cutting(preprocessing: Preprocessing) -> Iterator[str]:
    """Resizing and cropping, as entries of a ``Compose``."""
    crop = preprocessing.crop
    if _keeps_ratio(preprocessing):
        yield "resize"
    elif preprocessing.resize != "none":
        yield from _plain_resize(preprocessing)
    if preprocessing.resize == "pad" and (crop is None or preprocessing.crops > 1):
        # `resize` has filled it already where a colour was given; what is left to add is black.
        yield f"transforms.CenterCrop({preprocessing.size})"
    if crop is not None:
        many = {1: "CenterCrop", 5: "FiveCrop", 10: "TenCrop"}[preprocessing.crops]
        yield f"transforms.{many}({crop[0] if crop[0] == crop[1] and many == 'CenterCrop' else crop})"


def _keeps_ratio(preprocessing: Preprocessing) -> bool:
    """Whether no transform of torchvision's does the resizing: timm's ``ResizeKeepRatio`` does."""
    high, wide = preprocessing.size
    return preprocessing.resize == "pad" or (preprocessing.resize == "shorter" and high != wide)


def _plain_resize(preprocessing: Preprocessing) -> Iterator[str]:
    size: object = preprocessing.size if preprocessing.resize == "exact" else preprocessing.size[0]
    options = _options(preprocessing)
    if preprocessing.antialias:
        yield f"transforms.Resize({size}{options})"
    else:
        # Pillow always antialiases; tensors need not.
        yield "transforms.PILToTensor()"
        yield f"transforms.Resize({size}{options}, antialias=False)"
        yield "transforms.ToPILImage()"


def _options(preprocessing: Preprocessing) -> str:
    if preprocessing.interpolation == "bilinear":
        return ""
    return f", interpolation=InterpolationMode.{_MODES[preprocessing.interpolation]}"


def _resizing(preprocessing: Preprocessing) -> Iterator[str]:
    """A function for resizing that keeps the proportions in a way that no transform of torchvision's has."""
    if not _keeps_ratio(preprocessing):
        return
    high, wide = preprocessing.size
    fits = preprocessing.resize == "pad"
    what = "As large as fits into" if fits else "Just large enough to cover"
    yield "def resize(image):"
    yield f'{INDENT}"""{what} {wide} x {high} pixels, the proportions kept."""'
    yield f"{INDENT}ratio = {'max' if fits else 'min'}(image.height / {high}, image.width / {wide})"
    yield f"{INDENT}size = [max(1, round(image.height / ratio)), max(1, round(image.width / ratio))]"
    yield f"{INDENT}if size != [image.height, image.width]:"
    if preprocessing.antialias:
        yield f"{INDENT * 2}image = {_F}.resize(image, size{_options(preprocessing)})"
    else:
        tensor = f"{_F}.pil_to_tensor(image)"
        resized = f"{_F}.resize({tensor}, size{_options(preprocessing)}, antialias=False)"
        yield f"{INDENT * 2}image = {_F}.to_pil_image({resized})"
    if fits and any(preprocessing.fill):
        high, wide = preprocessing.crop if preprocessing.crop and preprocessing.crops == 1 else preprocessing.size
        yield f"{INDENT}missing = max(0, {wide} - image.width), max(0, {high} - image.height)"
        yield f"{INDENT}left, top = missing[0] // 2, missing[1] // 2"
        yield f"{INDENT}border = [left, top, missing[0] - left, missing[1] - top]"
        yield f"{INDENT}image = {_F}.pad(image, border, fill={_fill(preprocessing)})"
    yield from (f"{INDENT}return image", "", "")


def _fill(preprocessing: Preprocessing) -> object:
    if preprocessing.channels not in ("grey", "grey3"):
        return preprocessing.fill
    grey = Image.new("RGB", (1, 1), preprocessing.fill).convert("L").getpixel((0, 0))
    return grey if preprocessing.channels == "grey" else (grey,) * 3


def _values(preprocessing: Preprocessing) -> Iterator[str]:
    """From pixels to numbers, as entries of a ``Compose``."""
    if preprocessing.invert:
        yield "ImageOps.invert"
    if preprocessing.range == "0..1":
        yield "transforms.ToTensor()"
    else:
        scale = "" if preprocessing.range == "0..255" else " / 127.5 - 1"
        yield "transforms.PILToTensor()"
        yield f"transforms.Lambda(lambda values: values.float(){scale})"
    if preprocessing.channels == "bgr":
        yield "transforms.Lambda(lambda tensor: tensor.flip(0))"
    if set(preprocessing.mean) != {0.0} or set(preprocessing.std) != {1.0}:
        yield f"transforms.Normalize({numbers(preprocessing.mean)}, {numbers(preprocessing.std)})"
    if preprocessing.flatten:
        yield "transforms.Lambda(lambda tensor: tensor.flatten())"


def _compose(name: str, steps: list[str]) -> list[str]:
    return [f"{name} = transforms.Compose([", *(f"{INDENT}{step}," for step in steps), "])"]
