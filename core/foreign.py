"""Networks that are no image classifiers, told by the names and shapes of their tensors."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]

_CLASSIFIERS = "Whatsit shows image classifiers: choose the weights of one."
_TRAIN_A_HEAD = "Train a last layer on it with your classes, save the whole, and choose that."


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a file's network is instead of an image classifier.

    Attributes:
        what: such as ``an object detector (Faster R-CNN)``, to follow "It is".
        evidence: the names that tell, as written.
        remedy: one sentence.
    """

    what: str
    evidence: tuple[str, ...]
    remedy: str = _CLASSIFIERS


def _having(*patterns: str) -> Callable[[Shapes], tuple[str, ...]]:
    """Finds a name for every one of the patterns, or nothing."""
    compiled = [re.compile(pattern) for pattern in patterns]

    def find(shapes: Shapes) -> tuple[str, ...]:
        found = [next((name for name in shapes if pattern.search(name)), "") for pattern in compiled]
        return tuple(found) if all(found) else ()

    return find


def _generator(shapes: Shapes) -> tuple[str, ...]:
    """A network of transposed convolutions, each of which takes what the one before it gives: noise becomes an image.

    A transposed convolution has its inputs first.
    """
    weights = [(name, shape) for name, shape in shapes.items() if len(shape) >= 2 and _is_weight(name)]
    convolutions = [shape for _, shape in weights if len(shape) == 4]
    if len(convolutions) < 2 or len(convolutions) < len(weights) - 1 or convolutions[-1][1] not in (1, 3):
        return ()
    chained = all(first[1] == second[0] for first, second in itertools.pairwise(convolutions))
    plain = all(first[0] == second[1] for first, second in itertools.pairwise(convolutions))
    return (weights[0][0], weights[-1][0]) if chained and not plain else ()


def _yolo(shapes: Shapes) -> tuple[str, ...]:
    """Ultralytics' and Darknet's detectors: a detection head of 1 x 1 convolutions at three scales."""
    heads = [
        name for name in shapes if re.search(r"(^|\.)\d+\.(m|cv2|cv3|one2one_cv2)\.\d+(\.\d+)?(\.conv)?\.weight$", name)
    ]
    scales = {re.sub(r"^(?:.*\.)?\d+\.(?:m|cv2|cv3|one2one_cv2)\.(\d+).*$", r"\1", name) for name in heads}
    anchors = [name for name in shapes if name.endswith((".anchors", ".anchor_grid", ".dfl.conv.weight"))]
    return (anchors[0], *heads[:1]) if anchors and len(scales) >= 2 else ()


def _segmentation(shapes: Shapes) -> tuple[str, ...]:
    """torchvision's FCN, DeepLab and LR-ASPP: a head of convolutions on a backbone."""
    heads = [
        name
        for name, shape in shapes.items()
        if re.search(r"(^|\.)(aux_)?classifier\.(\d+|low_classifier|high_classifier)\.weight$", name)
        and len(shape) == 4
    ]
    return tuple(heads[:2]) if heads and any(re.search(r"(^|\.)backbone\.", name) for name in shapes) else ()


def _unet(shapes: Shapes) -> tuple[str, ...]:
    """Up and down again, and out through a 1 x 1 convolution."""
    up = [name for name in shapes if re.search(r"(^|\.)(up_?conv|up|ups|up_?\d+|decoder\d*|dec_?\d+)\.", name)]
    down = [
        name for name in shapes if re.search(r"(^|\.)(down_?conv|down|downs|down_?\d+|encoder\d*|enc_?\d+|inc)\.", name)
    ]
    last = [name for name, shape in shapes.items() if len(shape) == 4 and name.endswith(".weight")][-1:]
    linear = [name for name, shape in shapes.items() if len(shape) == 2 and name.endswith(".weight")]
    return (down[0], up[0], *last) if up and down and last and not linear else ()


def _autoencoder(shapes: Shapes) -> tuple[str, ...]:
    """An encoder and a decoder that leads back to what came in."""
    encoder = [name for name in shapes if re.search(r"(^|\.)(encoder|enc)\w*\.", name)]
    decoder = [name for name in shapes if re.search(r"(^|\.)(decoder|dec)\w*\.", name)]
    if not encoder or not decoder:
        return ()
    first = next((shapes[name] for name in encoder if len(shapes[name]) >= 2), ())
    last = next((shapes[name] for name in reversed(decoder) if len(shapes[name]) >= 2), ())
    # A transposed convolution has its outputs second.
    returns = bool(first) and bool(last) and first[1] in last[:2]
    return (encoder[0], decoder[-1]) if returns else ()


_TELL: tuple[tuple[str, Callable[[Shapes], tuple[str, ...]], str], ...] = (
    (
        "an adapter (LoRA) for another network",
        _having(r"lora_(A|B|down|up)\b"),
        "Merge it into its network, and save that.",
    ),
    ("an object detector (R-CNN)", _having(r"(^|\.)rpn\.", r"roi_heads?\."), _CLASSIFIERS),
    (
        "an object detector (RetinaNet, FCOS or SSD)",
        _having(r"(classification_head|head\.cls)", r"(regression_head|bbox_pred)"),
        _CLASSIFIERS,
    ),
    ("an object detector (DETR)", _having(r"bbox_embed\.", r"class_embed\."), _CLASSIFIERS),
    ("an object detector (YOLO)", _yolo, _CLASSIFIERS),
    ("an object detector (Darknet)", _having(r"module_list\.\d+\.(conv|Conv2d|batch_norm)"), _CLASSIFIERS),
    ("a segmentation network", _segmentation, _CLASSIFIERS),
    ("a segmentation network (Segment Anything)", _having(r"mask_decoder\.", r"image_encoder\."), _CLASSIFIERS),
    (
        "an image and text model (CLIP)",
        _having(r"(^|\.)logit_scale$", r"(text_model|text_projection|token_embedding)"),
        "Use its image tower with a classifier's head.",
    ),
    (
        "part of an image generator (diffusion)",
        _having(r"(time_embed(ding)?|time_mlp)\.", r"(down_blocks|input_blocks|downs)\."),
        _CLASSIFIERS,
    ),
    ("an image generator's autoencoder (VAE)", _having(r"(^|\.)(quant_conv|post_quant_conv)\."), _CLASSIFIERS),
    ("a variational autoencoder", _having(r"(^|\.)(fc_?)?mu\.", r"(^|\.)(fc_?)?(log_?var|sigma|std)\."), _CLASSIFIERS),
    (
        "a language model",
        _having(r"(embed_tokens|(^|\.)wte|tok_embeddings|word_embeddings|token_embd)\b"),
        _CLASSIFIERS,
    ),
    (
        "a speech model",
        _having(r"(feature_extractor\.conv_layers|mel_filters|conv_pre\.|decoder\.token_embedding)"),
        _CLASSIFIERS,
    ),
    (
        "a network for texts or other sequences",
        _having(r"(^|\.)\w*embed(ding)?s?\.weight$", r"\.weight_ih_l0$"),
        _CLASSIFIERS,
    ),
    *(
        (f"a network in training without labels ({name}), which tells no classes", _having(*names), _TRAIN_A_HEAD)
        for name, names in (
            ("MoCo", (r"(^|\.)encoder_q\.", r"(^|\.)encoder_k\.")),
            ("MoCo", (r"(^|\.)base_encoder\.", r"(^|\.)momentum_encoder\.")),
            ("DINO", (r"(^|\.)(head|dino_head)\.last_layer\.", r"(^|\.)(blocks|layer\d)\.\d+\.")),
            ("BYOL", (r"(^|\.)online_(encoder|network|net)\.", r"(^|\.)target_(encoder|network|net)\.")),
            ("masked images", (r"(^|\.)mask_token$", r"(^|\.)(decoder_pred|decoder\.(head|norm|\d)|lm_head)\.")),
        )
    ),
    ("an image generator (GAN)", _generator, _CLASSIFIERS),
    ("an autoencoder", _autoencoder, _CLASSIFIERS),
    ("a segmentation network (U-Net)", _unet, _CLASSIFIERS),
)


def recognise(shapes: Shapes, whole: str = "") -> Foreign | None:
    """What a network is that is no image classifier; ``None`` where it may be one.

    Args:
        shapes: of its tensors, by name, in the file's order.
        whole: the class of the network, with its module, where it was saved whole.
    """
    for pattern, what in _CLASSES:
        if pattern.match(whole):
            return Foreign(what, (whole,))
    if not shapes:
        return None
    for what, find, remedy in _TELL:
        evidence = find(shapes)
        if evidence:
            return Foreign(what, evidence, remedy)
    return _no_layers(shapes)


def _no_layers(shapes: Shapes) -> Foreign | None:
    """Tensors that are no layers: data, or a few loose numbers."""
    layers = [name for name, shape in shapes.items() if len(shape) >= 2 and _is_weight(name)]
    if layers:
        return None
    if _are_data(shapes):
        return Foreign(
            "a data set, or other numbers, and no network's weights", tuple(shapes)[:3], "Choose a weights file."
        )
    if all("." not in name for name in shapes) and not any(name.endswith(("weight", "bias")) for name in shapes):
        return Foreign("a few tensors, and no network's weights", tuple(shapes)[:3], "Choose a weights file.")
    return None


_CLASSES = tuple(
    (re.compile(pattern), what)
    for pattern, what in (
        (r"ultralytics\..*(Segment|SAM|FastSAM)\w*$", "a segmentation network (Ultralytics)"),
        (r"ultralytics\..*Pose\w*$", "a network that finds poses (Ultralytics)"),
        (r"ultralytics\..*(Detection|OBB|World|YOLOE|RTDETR)\w*$", "an object detector (YOLO, Ultralytics)"),
        (r"models\.(yolo|experimental)\.(?!Classification)\w+$", "an object detector (YOLO)"),
        (r"torchvision\.models\.detection\.", "an object detector (torchvision)"),
        (r"torchvision\.models\.(segmentation|optical_flow|video)\.", "a network for another task (torchvision)"),
        (r"segmentation_models_pytorch\.", "a segmentation network"),
        (
            r"transformers\..*For(ObjectDetection|\w*Segmentation|DepthEstimation)$",
            "a detector or segmentation network",
        ),
        (r"transformers\..*For(CausalLM|MaskedLM|SequenceClassification|TokenClassification)$", "a language model"),
        (r"(diffusers|sentence_transformers|spacy|speechbrain|whisper)\.", "a network that takes no photos"),
    )
)
"""Of networks that were saved whole, by the name of the outermost class."""


def _is_weight(name: str) -> bool:
    return name.rpartition(".")[2] in ("weight", "in_proj_weight", "weight_v", "weight_g", "kernel", "weight_orig")


_DATA_NAMES = frozenset(
    {"images", "labels", "data", "targets", "x", "y", "train", "test", "features", "input", "inputs"}
)


def _are_data(shapes: Shapes) -> bool:
    """Whether the names are those of a data set's parts, or the first sides those of its examples."""
    parts: Iterable[str] = (re.split(r"[._]", name.lower())[0] for name in shapes)
    return all(part in _DATA_NAMES for part in parts)
