"""A classifier as plain PyTorch: a script or a notebook that gives the same scores without Whatsit."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Literal

from core import VERSION
from core.architectures.custom.slicing import bound
from core.catalogue import imagenet_labels, pretrained
from core.descriptions import ClassifierInfo
from core.errors import ScriptError
from core.labels import numbered
from core.outputs import title
from core.scripting.building import Loading, spell_loading
from core.scripting.notebooks import Section, to_file, to_notebook
from core.scripting.preparing import Preparing, spell_preparing
from core.scripting.quoting import INDENT, WIDTH, named_list, quoted, remark
from core.scripting.reading import SAVE_IT
from core.scripting.scoring import spell_scores

__all__ = ["Form", "write_script"]

Form = Literal["py", "ipynb"]

_STANDARD = ("argparse", "collections", "importlib", "pathlib", "re", "sys")
_OURS = frozenset(
    ("WEIGHTS", "IMAGE", "NETWORK_FILE", "DEVICE", "TOP_K", "LABELS", "TRANSFORM", "CUT", "load_network", "import_file",
     "prepare", "classify", "to_rgb", "resize", "network", "scores", "score", "index", "path")
)  # fmt: skip
"""Names of the script's own, which a person's code in it must leave alone."""


def write_script(info: ClassifierInfo, image: str = "", form: Form = "py", mode: str = "") -> str:
    """A script, or a notebook, that classifies pictures as a classifier does.

    The weights file is opened once more, to see that plain PyTorch finds in it what the script says.

    Args:
        info: the classifier.
        image: path of the picture to classify; empty for a name to fill in.
        form: ``py`` or ``ipynb``.
        mode: how Pillow says that the picture stores its pixels, such as ``RGB``; empty where nobody knows.

    Raises:
        ScriptError: plain PyTorch cannot do the same; says why, and what to do.
    """
    construction = info.construction
    if info.refuses:
        raise ScriptError("This model has no script.", info.refuses, "Scripts are written for models that take photos.")
    if construction is None or construction.obstacle:
        why = construction.obstacle if construction is not None else "how its network was made is not known"
        raise ScriptError("This model cannot be written as a plain script.", f"The reason: {why}.", SAVE_IT)
    url = next(
        (each.url for each in pretrained() if info.spec.kind == "pretrained" and each.id == info.spec.weights), ""
    )
    loading = spell_loading(info.checkpoint, construction, url)
    preparing = spell_preparing(info.preprocessing, mode, _suffix(image))
    scoring = spell_scores(info.activation, construction, info.preprocessing.crops)
    sections = _sections(info, loading, preparing, scoring, image, url, form)
    return to_file(_about(info, loading), sections) if form == "py" else to_notebook(_heading(info, loading), sections)


def _sections(
    info: ClassifierInfo, loading: Loading, preparing: Preparing, scoring: list[str], image: str, url: str, form: Form
) -> list[Section]:
    imports = {"import torch", *loading.imports, *preparing.imports}
    labels, needed = _labels(info.labels)
    imports |= needed
    if form == "py":
        imports.add("import sys")
    sections: list[Section] = []
    if loading.code:
        sections.append(_own_code(loading))
    sections.append(Section("", tuple(_sorted_imports(imports))))
    sections.append(Section("## Where the files are", tuple(_constants(info, loading, image, url))))
    sections.append(Section("", tuple(labels)))
    if form == "ipynb":
        sections.append(_upload(loading, info.checkpoint.file if not url else "", image))
    sections.append(Section("## The network and its weights", loading.lines))
    sections.append(Section("## The picture as the network's input, as in training", preparing.lines))
    sections.append(Section("## From outputs to scores", tuple(scoring)))
    sections.append(Section("## The answer", tuple(_answer(info.activation, form))))
    return sections


def _own_code(loading: Loading) -> Section:
    tree = ast.parse(loading.code)
    taken = {
        name
        for node in tree.body
        if not isinstance(node, ast.Import | ast.ImportFrom)
        for name in bound(node)
    } & _OURS  # fmt: skip
    if taken:
        why = f"Its code uses the name {sorted(taken)[0]}, which the script needs for itself."
        raise ScriptError("This network's code cannot be part of a script.", why, SAVE_IT)
    lines = (f"# The network, from {remark(_name(loading.file), 60)}.", *loading.code.splitlines())
    return Section("## The network's own code", lines)


def _constants(info: ClassifierInfo, loading: Loading, image: str, url: str) -> list[str]:
    lines = ["# Change these to where the files are on your computer."]
    if url:
        lines += ["# The weights are downloaded once, to PyTorch's own cache.", f"WEIGHTS = {quoted(url)}"]
    else:
        lines.append(f"WEIGHTS = {quoted(str(Path(info.checkpoint.file).absolute()))}")
    if loading.file and not loading.code:
        lines.append(f"NETWORK_FILE = {quoted(loading.file)}")
    lines.append(f"IMAGE = {quoted(image or 'photo.jpg')}")
    if loading.stays:
        lines.append('DEVICE = "cpu"  # such a program stays on the device that it was made for')
    else:
        lines.append("# On a GPU the last digits of the scores may differ.")
        lines.append(
            'DEVICE = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"'
        )
    return lines if info.activation == "regression" else [*lines, "TOP_K = 5"]


def _labels(labels: tuple[str, ...]) -> tuple[list[str], set[str]]:
    """Lines that define ``LABELS``, and the imports that they need."""
    if labels == imagenet_labels():
        line = 'LABELS = ResNet50_Weights.IMAGENET1K_V1.meta["categories"]  # ImageNet\'s 1,000'
        return [line], {"from torchvision.models import ResNet50_Weights"}
    if labels == numbered(len(labels)):
        return [f"LABELS = [str(index) for index in range({len(labels)})]  # the model brings no names"], set()
    return named_list("LABELS", [quoted(label) for label in labels]), set()


def _upload(loading: Loading, weights: str, image: str) -> Section:
    """A cell that finds files which were uploaded beside a hosted notebook."""
    files = {"WEIGHTS": weights, "NETWORK_FILE": "" if loading.code else loading.file, "IMAGE": image or "photo.jpg"}
    files = {name: _name(path) for name, path in files.items() if path}
    lines = ["from pathlib import Path", ""]
    for name, file in files.items():
        lines += [f"if not Path({name}).exists():", f"{INDENT}{name} = {quoted(file)}"]
    listed = ", ".join(f"`{remark(file, 80)}`" for file in files.values())
    text = f"In a hosted notebook, upload {listed} first (in Colab: the folder on the left), to be found by name."
    return Section(text, tuple(lines))


def _answer(activation: str, form: Form) -> list[str]:
    paths = "sys.argv[1:] or [IMAGE]" if form == "py" else "[IMAGE]"
    lines = [
        "network = load_network()",
        f"for path in {paths}:",
        "    scores = classify(network, path)",
        "    print(path)",
    ]
    if activation == "regression":
        lines += ["    for label, value in zip(LABELS, scores):", '        print(f"  {value:12.6g}  {label}")']
    else:
        lines += [
            "    for score, index in zip(*scores.topk(min(TOP_K, len(LABELS)))):",
            '        print(f"  {score:8.2%}  {LABELS[index]}")',
        ]
    return lines if form == "ipynb" else ['if __name__ == "__main__":', *(INDENT + line for line in lines)]


def _sorted_imports(imports: Iterable[str]) -> list[str]:
    def is_standard(line: str) -> bool:
        return line.split()[1].partition(".")[0] in _STANDARD

    def order(line: str) -> tuple[bool, str]:
        return line.startswith("from"), line.split()[1].lower()

    standard = sorted((line for line in imports if is_standard(line)), key=order)
    others = sorted((line for line in imports if not is_standard(line)), key=order)
    return [*standard, *([""] if standard else []), *others]


def _about(info: ClassifierInfo, loading: Loading) -> list[str]:
    return [
        f"What {remark(info.name, 80)} makes of a picture, in plain PyTorch: the same scores as Whatsit {VERSION}.",
        "",
        *(line for fact in _facts(info, loading) for line in textwrap.wrap(fact, WIDTH, subsequent_indent=INDENT)),
        "",
        f"Needs: {_packages(info, loading)}",
    ]


def _heading(info: ClassifierInfo, loading: Loading) -> list[str]:
    facts = [f"- {line}" for line in _facts(info, loading)]
    return [
        f"# {remark(info.name, 80)}",
        "",
        f"A classifier in plain PyTorch, with the same scores as Whatsit {VERSION}.",
        "",
        *facts,
        "",
        f"Where something is missing, run `%{_packages(info, loading)}` in a cell first.",
    ]


def _facts(info: ClassifierInfo, loading: Loading) -> list[str]:
    sets = f" ({info.checkpoint.sets[0]})" if len(info.checkpoint.sets) > 1 else ""
    facts = [
        f"Network: {remark(info.architecture, 80)}, {len(info.labels)} classes, output: {title(info.activation)}",
        f"Weights{remark(sets)}: sha256 {info.checkpoint.sha256}",
        f"Pictures: {info.preprocessing.describe()} ({remark(info.preprocessing_source, 80)})",
        f"Class names: {remark(info.labels_source, 80)}",
        *(f"Note: {remark(notice, 200)}" for notice in info.notices[:4]),
    ]
    if info.ambiguous:
        facts.append("Note: the weights would fit other architectures, too, which would answer otherwise")
    if loading.runs_code:
        facts.append("Careful: reading this file runs code that is in it; only for files whose maker you trust")
    return facts


def _packages(info: ClassifierInfo, loading: Loading) -> str:
    wanted = ["torch", "torchvision", "pillow"]
    wanted += ["timm"] if "import timm" in loading.imports or loading.needs_timm else []
    wanted += ["safetensors"] if info.checkpoint.container == "safetensors" else []
    return f"pip install {' '.join(wanted)}"


def _suffix(image: str) -> str:
    return PurePosixPath(_name(image)).suffix


def _name(path: str) -> str:
    """The last part of a path of any system."""
    return PureWindowsPath(path).name if "\\" in path and "/" not in path else PurePosixPath(path).name
