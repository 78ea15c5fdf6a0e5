"""How the network is built and gets its weights, as Python."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from core.constructions import Construction, Source
from core.descriptions import CheckpointSummary
from core.errors import ScriptError
from core.scripting.quoting import indented, quoted, remark
from core.scripting.reading import SAVE_IT, TRUST, keys, spell_reading

_LIBRARIES = ("torch", "torchvision", "timm", "collections", "builtins")
_IMPORT_FILE = (
    "def import_file(path):",
    '    """A Python file as a module. All of it runs: only for files whose maker you trust."""',
    '    spec = importlib.util.spec_from_file_location("{name}", path)',
    "    module = importlib.util.module_from_spec(spec)",
    "    sys.modules[spec.name] = module",
    "    spec.loader.exec_module(module)",
    "    return module",
    "",
    "",
)


@dataclass(frozen=True)
class Loading:
    """Python that makes the network.

    Attributes:
        imports: the import lines that it needs.
        lines: define ``load_network()``.
        file: path of a person's Python file that it needs; empty if it needs none.
        code: what it needs of that file, where importing all of it would do more; else empty.
        runs_code: whether reading the weights may run code that is in them.
        needs_timm: whether timm must be there, although nothing of it is named.
        stays: whether it stays on the device that it was made for.
    """

    imports: tuple[str, ...]
    lines: tuple[str, ...]
    file: str = ""
    code: str = ""
    runs_code: bool = False
    needs_timm: bool = False
    stays: bool = False


def spell_loading(about: CheckpointSummary, construction: Construction, url: str = "") -> Loading:
    """How the network of a weights file is made.

    Args:
        about: the file.
        construction: how it was made.
        url: where the file is published, if the script is to download it.

    Raises:
        ScriptError: plain PyTorch cannot make it.
    """
    imports: set[str] = set(construction.imports)
    source, runs_code = construction.source, False
    before: list[str] = []
    lines: list[str] = []
    if source is not None:
        before, lines, needed = _source(source)
        imports |= needed
    if about.container == "module":
        lines += _known_classes(construction)
        if source is not None and lines:
            imports.add("import sys")
    if construction.way == "torchscript":
        runs_code = True
        lines += [TRUST, "network = torch.jit.load(WEIGHTS, map_location=DEVICE)"]
        lines += [
            'if hasattr(network, "training"):  # a frozen program has no modes',
            "    network.eval()",
            "return network",
        ]
    elif construction.way == "exported_program":
        runs_code = True
        lines += [TRUST, "return torch.export.load(WEIGHTS).module()"]
    elif construction.way == "module":
        runs_code = True
        lines += [TRUST, 'network = torch.load(WEIGHTS, map_location="cpu", weights_only=False)']
        inside = keys(about.unwrapped) + "".join(f".{name}" for name in construction.inside)
        lines += [f"network = network{inside}"] if inside else []
        lines.append("return network.float().eval().to(DEVICE)")
    else:
        lines += [f"network = {_called(source)}"] if source is not None else construction.lines
        reading = spell_reading(about, construction, url)
        imports |= set(reading.imports)
        runs_code = reading.runs_code
        lines += [*reading.lines, f"return network{'.float()' if source is not None else ''}.eval().to(DEVICE)"]
    return Loading(
        tuple(sorted(imports)),
        (*before, "def load_network():", *indented(lines)),
        source.path if source is not None else "",
        source.code if source is not None else "",
        runs_code,
        any(name.startswith("timm.") for name in construction.classes),
        construction.way == "exported_program",
    )


def _source(source: Source) -> tuple[list[str], list[str], set[str]]:
    """Lines before ``load_network``, the first lines in it, and imports, for a person's Python file."""
    if source.unsaid:
        why = f"The value of its argument {remark(source.unsaid, 40)} cannot be written down."
        raise ScriptError("This network cannot be written as a plain script.", why, SAVE_IT)
    if source.code:
        if not source.folders:
            return [], [], set()
        raise ScriptError(
            "This network cannot be written as a plain script.",
            "Importing its Python file would do more than define it, and it needs other files beside that one.",
            SAVE_IT,
        )
    before = [line.replace("{name}", _module_name(source)) for line in _IMPORT_FILE]
    imports = {"import importlib.util", "import sys"}
    if source.folders:
        before.insert(2, "    sys.path.insert(0, str(Path(path).parent))  # where the other files that it imports are")
        imports.add("from pathlib import Path")
    first = ["source = import_file(NETWORK_FILE)"]
    first += [f"{name} = source.{name}" for name in source.names[1:]]
    return before, first, imports


def _module_name(source: Source) -> str:
    stem = PurePath(source.path).stem
    return stem if stem.isidentifier() and stem.isascii() else "network_file"


def _called(source: Source) -> str:
    return source.call if source.code else f"source.{source.call}"


def _known_classes(construction: Construction) -> list[str]:
    """Lines that put a person's classes where a pickle looks for them.

    Raises:
        ScriptError: it wants classes that nobody has.
    """
    strangers = [name for name in construction.classes if name.partition(".")[0] not in _LIBRARIES]
    if not strangers:
        return []
    source = construction.source
    if source is None:
        raise ScriptError(
            "This model cannot be written as a plain script.",
            f"It was saved whole, of the class {remark(strangers[0], 60)}, without which PyTorch cannot read the file.",
            SAVE_IT,
        )
    lines = ["# Where the weights file looks for its classes."]
    here = "sys.modules[__name__]" if source.code else "source"
    for module in dict.fromkeys(name.rpartition(".")[0] for name in strangers):
        names = [name.rpartition(".")[2] for name in strangers if name.rpartition(".")[0] == module]
        if module != "__main__":
            lines.append(f"sys.modules[{quoted(module)}] = {here}")
        elif not source.code:
            lines += [f'sys.modules["__main__"].{name} = source.{name}' for name in names]
    return lines if len(lines) > 1 else []
