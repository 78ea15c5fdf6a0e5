"""From a network's outputs to scores, as Python."""

from __future__ import annotations

from core.recipes import Recipe
from core.scripting.quoting import INDENT, quoted

_SCORES = {
    "softmax": ("scores = torch.softmax(outputs, dim=1)",),
    "log_softmax": ("scores = outputs.exp()  # the network ends in log_softmax",),
    "probabilities": ("scores = outputs  # the network ends in softmax: they are probabilities already",),
    "sigmoid": ("scores = torch.sigmoid(outputs)  # each class by itself",),
    "shares": ("scores = outputs / outputs.sum(dim=1, keepdim=True)  # the network ends in a sigmoid: shares of the sum",),
    "binary": (
        "second = torch.sigmoid(outputs)  # one number: the probability of the second of two classes",
        "scores = torch.cat([1 - second, second], dim=1)",
    ),
    "binary_probability": (
        "# One number, a probability already: that of the second of two classes.",
        "scores = torch.cat([1 - outputs, outputs], dim=1)",
    ),
}  # fmt: skip


def spell_scores(activation: str, recipe: Recipe, crops: int) -> list[str]:
    """Lines that define ``classify(network, path)``, which gives one score a class.

    Args:
        activation: what makes scores of the network's outputs.
        recipe: which of its outputs is the answer, and how many images it takes at a time.
        crops: of an image.
    """
    picked = _picked(recipe)
    lines = ["batch = prepare(path).to(DEVICE)"]
    if recipe.batch > 1 or (recipe.batch and crops > 1):
        several = f"image.expand({recipe.batch}, *image.shape[1:])" if recipe.batch > 1 else "image"
        lines += ["parts = []", f"for image in batch.split(1):  # the program takes {recipe.batch} at a time"]
        lines += [INDENT + line for line in (f"outputs = network({several})", *picked, "parts.append(outputs[:1])")]
        lines.append("outputs = torch.cat(parts)")
    else:
        lines += ["outputs = network(batch)", *picked]
    shape = ".reshape(len(batch), -1)" if recipe.reshaped else ""
    if lines[-1] == "outputs = network(batch)":
        lines[-1] += f"{shape}.float()"
    else:
        lines.append(f"outputs = outputs{shape}.float()")
    lines += _SCORES[activation]
    lines.append("return scores.mean(dim=0).cpu()" if crops > 1 else "return scores[0].cpu()")
    mean = ", the mean of all crops" if crops > 1 else ""
    return [
        "@torch.inference_mode()",
        "def classify(network, path):",
        f'{INDENT}"""The score of each class, in the order of LABELS{mean}."""',
        *(INDENT + line for line in lines),
    ]


def _picked(recipe: Recipe) -> list[str]:
    """Lines that leave the answer of several outputs."""
    output = recipe.output
    if isinstance(output, int):
        return [f"outputs = outputs[{output}]"]
    if output is not None:
        attribute = f"outputs.{output}" if output.isidentifier() else "outputs"
        return [f"outputs = outputs[{quoted(output)}] if isinstance(outputs, dict) else {attribute}"]
    if recipe.way not in ("torchscript", "exported_program"):
        return []
    return [
        "if isinstance(outputs, (list, tuple)):",
        "    outputs = outputs[0]",
        "elif isinstance(outputs, dict):",
        "    outputs = next(iter(outputs.values()))",
    ]
