"""What networks a person's Python file defines, told from its text; nothing runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.architectures.custom.slicing import needed
from core.architectures.custom.source import Bundle, Text
from core.checkpoints.values import shown

_MAKERS = ("torch.nn.", "torchvision.models.", "timm.create_model", "timm.models.", "segmentation_models_pytorch.")
_MODULES = ("torch.nn.", "torchvision.models.", "timm.models.", "pytorch_lightning.", "lightning.", "timm.layers.")
_FUNCTIONAL = ("torch.nn.functional", "torch.nn.init", "torch.nn.utils", "torch.nn.Parameter", "torch.nn.parameter")
_LOSS = ("Loss", "Criterion")
_RISKS: Mapping[str, str] = {
    "subprocess": "start other programs",
    "os": "change files and settings of the computer",
    "shutil": "copy and delete files",
    "socket": "use the network",
    "requests": "use the network",
    "urllib": "use the network",
    "ctypes": "call the system directly",
    "pickle": "run code that other files bring",
}
_MOST_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Parameter:
    """A constructor's or function's parameter, as written.

    Attributes:
        name: of it.
        annotation: such as ``int``; may be empty.
        default: as written; ``None`` if a value must be given.
        choices: texts that the code compares it with.
        within: name of the ``**kwargs`` in which the code looks it up; empty for a parameter.
    """

    name: str
    annotation: str = ""
    default: str | None = None
    choices: tuple[str, ...] = ()
    within: str = ""


@dataclass(frozen=True, slots=True)
class SourceClass:
    """Something in a file that gives a network.

    Attributes:
        name: in the file.
        kind: ``class``, ``function`` (returns a network) or ``instance`` (a network that the file makes itself).
        line: where it stands, from 1.
        parameters: what it is made from, but for ``self``, ``*args`` and ``**kwargs``.
        loss: whether its name is a loss's rather than a network's.
    """

    name: str
    kind: str
    line: int
    parameters: tuple[Parameter, ...] = ()
    loss: bool = False


@dataclass(frozen=True)
class SourceFile:
    """What a Python file defines.

    Attributes:
        path: the file.
        classes: networks in it, in its order: its own, and those that it imports from its own folder.
        local: further files, which it imports from its own folder.
        contents: what is in it, in plain words, one line each, for the question whether to trust it.
        notices: what a person should know of how it is read, one sentence each.
    """

    path: Path
    classes: tuple[SourceClass, ...]
    local: tuple[Path, ...]
    contents: tuple[str, ...]
    notices: tuple[str, ...] = field(default=())


def read_source(path: Path) -> SourceFile:
    """Read a Python file or a notebook without running it.

    Raises:
        UsageError: it cannot be read, or is no Python.
    """
    return replace(source_of(Bundle(path)), path=path)


def source_of(bundle: Bundle) -> SourceFile:
    """What the chosen file of a bundle defines."""
    classes = networks(bundle)
    local = tuple(each for each in bundle.texts if each != bundle.main.path)
    trains = needed(bundle.main.tree, [each.name for each in classes if each.kind != "instance"]).trains
    notices = (
        [f"Only what its networks need is run; its training ({bundle.main.where(trains)}) is not."] if trains else []
    )
    return SourceFile(bundle.main.path, classes, local, _contents(bundle, classes), tuple(notices))


def networks(bundle: Bundle) -> tuple[SourceClass, ...]:
    """What gives a network in the chosen file."""
    reader = _Reader(bundle)
    return tuple(reader.read(bundle.main))


def _contents(bundle: Bundle, classes: tuple[SourceClass, ...]) -> tuple[str, ...]:
    lines = [f"Python code, {_count(bundle.main)} lines, which can do whatever you can do on this computer."]
    names = [shown(each.name, 40) for each in classes]
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    lines.append(f"Networks: {', '.join(names[:_MOST_SHOWN])}{more}." if names else "No network that could be found.")
    for text in bundle.texts.values():
        if text is not bundle.main:
            lines.append(f"It imports {shown(text.path.name)} from its folder, {_count(text)} lines.")
    packages = sorted({name for text in bundle.texts.values() for name in _packages(bundle, text)})
    if packages:
        lines.append(f"It uses {', '.join(shown(name, 40) for name in packages[:20])}.")
    can = dict.fromkeys(_RISKS[name] for name in packages if name in _RISKS)
    if can:
        lines.append(f"With these it could {', '.join(can)}.")
    return tuple(lines)


def _count(text: Text) -> int:
    return len(text.cells) or text.data.count(b"\n") + 1


def _packages(bundle: Bundle, text: Text) -> Iterator[str]:
    for node in text.imports:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if not bundle.resolve(text.path, alias.name, 0):
                    yield alias.name.partition(".")[0]
        elif node.module and not node.level and not bundle.resolve(text.path, node.module, 0):
            yield node.module.partition(".")[0]


class _Reader:
    """Follows names through a bundle's files."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._names: dict[Path, dict[str, str]] = {}
        self._open: set[tuple[Path, str]] = set()

    def read(self, text: Text) -> Iterator[SourceClass]:
        """What gives a network in a file."""
        for node in text.tree.body:
            if isinstance(node, ast.ClassDef):
                if self._is_network(text, node):
                    yield SourceClass(
                        node.name, "class", node.lineno, self._constructor(text, node), node.name.endswith(_LOSS)
                    )
            elif isinstance(node, ast.FunctionDef):
                if self._is_factory(text, node):
                    yield SourceClass(node.name, "function", node.lineno, _parameters(node, 0, text.tree))
            elif isinstance(node, ast.ImportFrom):
                yield from self._imported(text, node)
        yield from self._instances(text)

    def _imported(self, text: Text, node: ast.ImportFrom) -> Iterator[SourceClass]:
        for alias in node.names:
            places = self._bundle.resolve(text.path, node.module or "", node.level)
            other = self._bundle.texts.get(places[-1].path) if places else None
            if other is None or other is text:
                continue
            for found in self._definitions(other):
                if alias.name == "*" or found.name == alias.name:
                    name = found.name if alias.name == "*" else alias.asname or alias.name
                    yield SourceClass(name, found.kind, node.lineno, found.parameters, found.loss)

    def _definitions(self, text: Text) -> Iterator[SourceClass]:
        marker = (text.path, "")
        if marker in self._open:
            return
        self._open.add(marker)
        yield from (found for found in self.read(text) if found.kind != "instance")
        self._open.discard(marker)

    def _instances(self, text: Text) -> Iterator[SourceClass]:
        """Networks that a file makes at its top level; the last making of each name."""
        found: dict[str, int] = {}
        for node in text.tree.body:
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                if isinstance(node.value, ast.Call) and self._makes(text, node.value):
                    found[name] = node.lineno
        for name, line in found.items():
            yield SourceClass(name, "instance", line)

    def _is_network(self, text: Text, node: ast.ClassDef) -> bool:
        return any(self._is_module(text, base) for base in node.bases)

    def _is_module(self, text: Text, base: ast.expr) -> bool:
        """Whether a base class is ``nn.Module`` or derived from it, as far as the text tells."""
        name = self._full_name(text, base)
        if name.startswith(_FUNCTIONAL):
            return False
        if name.startswith(_MODULES):
            return True
        local = self._local(text, base)
        if local is None:
            return name.rpartition(".")[2] in ("Module", "LightningModule")
        other, definition = local
        marker = (other.path, definition.name)
        if not isinstance(definition, ast.ClassDef) or marker in self._open:
            return False
        self._open.add(marker)
        try:
            return self._is_network(other, definition)
        finally:
            self._open.discard(marker)

    def _is_factory(self, text: Text, node: ast.FunctionDef) -> bool:
        """Whether a function returns a network that it makes."""
        marker = (text.path, node.name)
        if marker in self._open:
            return False
        self._open.add(marker)
        try:
            made: set[str] = set()
            for statement in ast.walk(node):
                value = statement.value if isinstance(statement, ast.Assign) else None
                if isinstance(statement, ast.Assign) and isinstance(value, ast.Call) and self._makes(text, value):
                    made |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
            own = {
                each.name for each in ast.walk(node) if isinstance(each, ast.ClassDef) and self._is_network(text, each)
            }
            backs = [
                each
                for back in ast.walk(node)
                if isinstance(back, ast.Return) and back.value is not None
                # `return model, input_size` is a habit of PyTorch's own tutorials.
                for each in (back.value.elts if isinstance(back.value, ast.Tuple) else [back.value])
            ]
            made |= {
                target.id
                for statement in ast.walk(node)
                if isinstance(statement, ast.Assign)
                and getattr(getattr(statement.value, "func", None), "id", "") in own
                for target in statement.targets
                if isinstance(target, ast.Name)
            }
            return any(
                (isinstance(back, ast.Name) and back.id in made)
                or (isinstance(back, ast.Call) and (self._makes(text, back) or getattr(back.func, "id", "") in own))
                for back in backs
            )
        finally:
            self._open.discard(marker)

    def _makes(self, text: Text, call: ast.Call) -> bool:
        """Whether a call gives a network; ``Net().to(device)`` does, too."""
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
            kept = call.func.attr in ("to", "cuda", "cpu", "eval", "train", "float")
            return kept and self._makes(text, call.func.value)
        table = _looked_up_in(call.func)
        if table is not None:
            return f"{self._full_name(text, table)}.".startswith(_MAKERS)
        local = self._local(text, call.func)
        if local is not None:
            other, node = local
            if isinstance(node, ast.ClassDef):
                return self._is_network(other, node) and not node.name.endswith(_LOSS)
            return self._is_factory(other, node)
        name = self._full_name(text, call.func)
        return name.startswith(_MAKERS) and not name.startswith(_FUNCTIONAL) and not name.endswith(_LOSS)

    def _constructor(self, text: Text, node: ast.ClassDef, depth: int = 0) -> tuple[Parameter, ...]:
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                return _parameters(item, 1, text.tree)
        for base in node.bases if depth < 8 else ():
            local = self._local(text, base)
            if local is not None and isinstance(local[1], ast.ClassDef):
                return self._constructor(local[0], local[1], depth + 1)
        return ()

    def _local(self, text: Text, value: ast.expr, depth: int = 0) -> tuple[Text, ast.ClassDef | ast.FunctionDef] | None:
        """The class or function of the bundle that an expression names."""
        full = self._full_name(text, value)
        if not full or depth > 8:
            return None
        module, _, name = full.rpartition(".")
        other = text
        if module:
            places = self._bundle.resolve(text.path, module.lstrip("."), len(module) - len(module.lstrip(".")))
            found = self._bundle.texts.get(places[-1].path) if places else None
            if found is None:
                return None
            other = found
        for node in other.tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
                return other, node
        again = ast.Name(name, ast.Load())
        return self._local(other, again, depth + 1) if other is not text else None

    def _full_name(self, text: Text, value: ast.expr) -> str:
        """An expression's dotted name with its imports spelled out; empty if it has none."""
        parts: list[str] = []
        while isinstance(value, ast.Attribute):
            parts.append(value.attr)
            value = value.value
        if not isinstance(value, ast.Name):
            return ""
        first = self._imports(text).get(value.id, value.id)
        return ".".join([first, *reversed(parts)])

    def _imports(self, text: Text) -> Mapping[str, str]:
        if text.path not in self._names:
            names: dict[str, str] = {}
            for node in text.imports:
                for alias in node.names:
                    if isinstance(node, ast.Import):
                        names[alias.asname or alias.name.partition(".")[0]] = (
                            alias.name if alias.asname else alias.name.partition(".")[0]
                        )
                    elif alias.name == "*" and (node.module or "").startswith("torch.nn"):
                        names |= {each: f"torch.nn.{each}" for each in ("Module", "Sequential", "Linear")}
                    else:
                        stem = "." * node.level + (node.module or "")
                        dot = "" if stem.endswith(".") or not stem else "."
                        names[alias.asname or alias.name] = f"{stem}{dot}{alias.name}"
            self._names[text.path] = names
        return self._names[text.path]


def _parameters(node: ast.FunctionDef, skip: int, tree: ast.Module) -> tuple[Parameter, ...]:
    positional = [*node.args.posonlyargs, *node.args.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(node.args.defaults)) + list(node.args.defaults)
    pairs = list(zip(positional, defaults, strict=True))[skip:]
    pairs += list(zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True))
    named = tuple(
        Parameter(
            arg.arg,
            ast.unparse(arg.annotation) if arg.annotation else "",
            None if default is None else ast.unparse(default),
            tuple(dict.fromkeys(_choices(node, arg.arg, tree))),
        )
        for arg, default in pairs
    )
    return (*named, *(_looked_up(node) if node.args.kwarg else ()))


def _looked_up(node: ast.FunctionDef) -> Iterator[Parameter]:
    """What a function looks up in its ``**kwargs``, each once."""
    name = node.args.kwarg.arg if node.args.kwarg else ""
    seen: set[str] = set()
    for found in ast.walk(node):
        key: ast.expr | None = None
        default: str | None = None
        if isinstance(found, ast.Subscript) and getattr(found.value, "id", "") == name:
            key = found.slice
        elif isinstance(found, ast.Call) and found.args and ast.unparse(found.func) in (f"{name}.get", f"{name}.pop"):
            key = found.args[0]
            default = ast.unparse(found.args[1]) if len(found.args) > 1 else None
            if default is None and ast.unparse(found.func) == f"{name}.get":
                default = "None"
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value not in seen:
            seen.add(key.value)
            yield Parameter(key.value, default=default, within=name)


def _looked_up_in(function: ast.expr) -> ast.expr | None:
    """The module in which a function is looked up by a name that is a text: ``getattr(models, arch)`` and such."""
    if isinstance(function, ast.Call) and getattr(function.func, "id", "") == "getattr" and function.args:
        return function.args[0]
    if isinstance(function, ast.Subscript):
        place = function.value
        if isinstance(place, ast.Attribute) and place.attr == "__dict__":
            return place.value
        if isinstance(place, ast.Call) and getattr(place.func, "id", "") == "vars" and place.args:
            return place.args[0]
    return None


def _choices(node: ast.FunctionDef, name: str, tree: ast.Module) -> Iterator[str]:
    """Texts that a function compares a parameter with, or looks it up by."""
    for found in ast.walk(node):
        if isinstance(found, ast.Compare) and _mentions(found.left, name):
            for other in found.comparators:
                yield from _texts(other)
        elif isinstance(found, ast.Subscript) and _mentions(found.slice, name):
            for key in _table(found.value, tree):
                yield from _texts(key) if key is not None else ()
        elif isinstance(found, ast.Match) and _mentions(found.subject, name):
            for case in found.cases:
                yield from (text for part in ast.walk(case.pattern) for text in _texts(part))


def _table(value: ast.expr, tree: ast.Module) -> list[ast.expr | None]:
    """The keys of a dict that is written there, or at the top level of the file under that name."""
    if isinstance(value, ast.Name):
        name = value.id
        for node in tree.body:
            if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == name for target in node.targets):
                value = node.value
    return value.keys if isinstance(value, ast.Dict) else []


def _mentions(value: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(value))


def _texts(value: ast.AST) -> Iterator[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.List | ast.Tuple | ast.Set):
        for element in value.elts:
            yield from _texts(element)
    elif isinstance(value, ast.MatchValue):
        yield from _texts(value.value)
