"""From a network's outputs to scores, as Python."""

from __future__ import annotations

from collections.abc import Mapping

from core.constructions import Construction
from core.scripting.quoting import INDENT, quoted

_SCORES: Mapping[str, tuple[str, ...]] = {
    "softmax": ("scores = torch.softmax(outputs, dim=1)",),
    "sigmoid": ("scores = torch.sigmoid(outputs)  # several labels at once, each with a probability of its own",),
    "binary": (
        "# One logit: that of the second of two classes.",
        "scores = torch.cat([torch.sigmoid(-outputs), torch.sigmoid(outputs)], dim=1)",
    ),
    "probabilities": ("scores = outputs.clamp(0, 1)  # the network ends in a softmax itself",),
    "binary_probability": (
        "# One number from 0 to 1: the probability of the second of two classes.",
        "scores = torch.cat([1 - outputs, outputs], dim=1).clamp(0, 1)",
    ),
    "multilabel_probabilities": ("scores = outputs.clamp(0, 1)  # the network ends in a sigmoid itself",),
    "log_softmax": ("scores = outputs.exp().clamp(0, 1)  # the network gives logarithms of probabilities",),
    "regression": ("scores = outputs  # values, no classes",),
}
"""By ``core.outputs.KINDS``, what ``core/activations.py`` does."""


def spell_scores(activation: str, construction: Construction, crops: int) -> list[str]:
    """Lines that define ``classify(network, path)``, which gives one score a class.

    Args:
        activation: what the network's numbers are; one of ``core.outputs.KINDS``.
        construction: which of its outputs is the answer, and how many images it takes at a time.
        crops: of an image.
    """
    picked = _picked(construction)
    lines = ["batch = prepare(path).to(DEVICE)"]
    if construction.batch > 1 or (construction.batch and crops > 1):
        several = f"image.expand({construction.batch}, *image.shape[1:])" if construction.batch > 1 else "image"
        lines += ["parts = []", f"for image in batch.split(1):  # the program takes {construction.batch} at a time"]
        lines += [INDENT + line for line in (f"outputs = network({several})", *picked, "parts.append(outputs[:1])")]
        lines.append("outputs = torch.cat(parts)")
    else:
        given = "batch[:, 0]" if construction.squeezed else "batch"
        lines += [f"outputs = network({given})", *picked]
    shape = ".reshape(len(batch), -1)" if construction.reshaped else ""
    if lines[-1].startswith("outputs = network("):
        lines[-1] += f"{shape}.float()"
    else:
        lines.append(f"outputs = outputs{shape}.float()")
    lines += _SCORES[activation]
    lines.append("return scores.mean(dim=0).cpu()" if crops > 1 else "return scores[0].cpu()")
    mean = ", the mean of all crops" if crops > 1 else ""
    what = "values" if activation == "regression" else "score of each class, from 0 to 1"
    return [
        "@torch.inference_mode()",
        "def classify(network, path):",
        f'{INDENT}"""The {what}, in the order of LABELS{mean}."""',
        *(INDENT + line for line in lines),
    ]


def _picked(construction: Construction) -> list[str]:
    """Lines that leave the answer of several outputs."""
    output = construction.output
    if isinstance(output, int):
        return [f"outputs = outputs[{output}]"]
    if output is not None:
        attribute = f"outputs.{output}" if output.isidentifier() else "outputs"
        return [f"outputs = outputs[{quoted(output)}] if isinstance(outputs, dict) else {attribute}"]
    if construction.way not in ("torchscript", "exported_program"):
        return []
    return [
        "if isinstance(outputs, (list, tuple)):",
        "    outputs = outputs[0]",
        "elif isinstance(outputs, dict):",
        "    outputs = next(iter(outputs.values()))",
    ]
