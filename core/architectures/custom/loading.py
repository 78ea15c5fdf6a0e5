"""Running what a person's networks need of their Python file, once it is trusted.

Each file becomes a module of its own under a private name.  Its import statements go through an ``__import__`` of
its own, which finds the person's other files first, now and when a function imports later: ``sys.path`` stays as
it is, and two files called ``utils.py`` of two folders never meet.  No byte code is written.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import hashlib
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from core.architectures.custom.arguments import OUTSIDE
from core.architectures.custom.calling import computed, given_to, sizes_in, used_by, written_for
from core.architectures.custom.guard import Failure, Said, attempt, conditions
from core.architectures.custom.lightning import stand_in
from core.architectures.custom.reading import SourceClass, SourceFile, source_of
from core.architectures.custom.settings import Sized, is_holder
from core.architectures.custom.slicing import bound, needed, trains
from core.architectures.custom.source import Bundle, Place, Text, submodule
from core.checkpoints.values import shown
from core.errors import TrustError, UsageError
from core.questions import TrustRequest

_PREFIX = "_whatsit_custom"
_DATA = re.compile(r"data|(^|_)(ds|set|train|val|test|loader)(_|$|\d)|set$|loader|class|label")
"""What variables are called that hold a data set, or what is known of one."""
_USUAL_COUNT = 10
_UNREAD_TYPES = __future__.annotations.compiler_flag


@dataclass(frozen=True)
class LoadedSource:
    """A person's file, loaded.

    Attributes:
        source: what was read of it.
        modules: of each of the person's files that ran so far.
        said: what it printed.
        failures: what could not be defined, and why, by name.
    """

    source: SourceFile
    bundle: Bundle
    modules: Modules
    said: Said
    failures: Mapping[str, str] = field(default_factory=dict[str, str])

    def maker(self, item: SourceClass) -> Callable[..., object] | None:
        """What makes a network when it is called; ``None`` if it could not be defined."""
        main = self.modules.main
        if item.kind == "instance":
            return lambda: self.modules.evaluate(item.name)
        made = vars(main).get(item.name)
        return made if callable(made) else None

    def call(self, item: SourceClass, arguments: Mapping[str, object]) -> object:
        """What a class, function or statement makes of arguments, and of other values of the file's own variables.

        Args:
            item: that could be defined.
            arguments: by name; the file's own variables as ``OUTSIDE`` and their name.
        """
        outside = {name[len(OUTSIDE) :]: value for name, value in arguments.items() if name.startswith(OUTSIDE)}
        self.modules.preset(outside)
        if item.kind == "instance":
            return self.modules.evaluate(item.name, outside)
        make = vars(self.modules.main)[item.name]
        own = {name: value for name, value in arguments.items() if not name.startswith(OUTSIDE)}
        return make(**{name: computed(value, vars(self.modules.main)) for name, value in own.items()})

    def used_by(self, item: SourceClass) -> tuple[str, ...]:
        """Names at the file's top level that its code uses, in the order of the file."""
        return used_by(self.bundle.main.tree, item.name)

    def written_for(self, item: SourceClass) -> Mapping[str, object]:
        """Arguments with which the file itself calls a class or function; see ``calling.written_for``."""
        return written_for(self.bundle.main.tree, vars(self.modules.main), item)

    @property
    def names_devices(self) -> bool:
        """Whether its code speaks of a GPU."""
        return any(word in text.data for text in self.bundle.texts.values() for word in (b"cuda", b"mps", b"xpu"))

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Pairs of numbers in the chosen file that may be the height and width of an image."""
        return sizes_in(self.bundle.main.data.decode("utf-8", "replace"))

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know of how it was loaded, one sentence each."""
        packages = " and ".join(sorted(self.modules.stood_in))
        if not packages:
            return ()
        are = "are" if " and " in packages else "is"
        return (f"{packages} {are} not installed: the network was built without what these do in training.",)

    def explain(self, error: BaseException) -> str:
        """An error of the person's code in words: where, and what."""
        return self.modules.explain(error)


def trust_request(path: Path) -> TrustRequest:
    """What to ask a person before a Python file may run; nothing runs.

    Raises:
        UsageError: it cannot be read, or is no Python.
    """
    return _request(path, Bundle(path))


def load_source(path: Path, *, trusted: str) -> LoadedSource:
    """Load a Python file's networks: what they need of it runs, and nothing else.

    Args:
        path: a .py file or a notebook.
        trusted: the sha256 that a person agreed to, as in ``trust_request``; it covers the files of its folder
            that it imports.  What runs is what was hashed: the bytes are read once.

    Raises:
        TrustError: the files have another sha256.
        UsageError: it cannot be read, is no Python, has no network, or fails.
    """
    bundle = Bundle(path)
    request = _request(path, bundle)
    if request.sha256 != trusted:
        raise TrustError(
            f"{shown(path.name)} is not the code that you agreed to.",
            "It, or a file that it imports, has changed since.",
            "Look at what is in it now, and agree again if you trust it.",
            request=request,
        )
    source = replace(source_of(bundle), path=path)
    if not source.classes:
        raise UsageError(
            f"No network was found in {shown(path.name)}.",
            "It has no class that is derived from torch.nn.Module, and no function that returns one.",
            "Choose the Python file in which the network's class is written; weights of a known network need none.",
        )
    said = Said()
    roots = [item.name for item in source.classes if item.kind != "instance"]
    # What a network is given may be called so in the same file.
    roots += [name for node in bundle.main.tree.body if not trains(node) for name in bound(node) if is_holder(name)]
    roots += given_to(bundle.main.tree, {item.name for item in source.classes})
    modules = Modules(bundle, roots, said)
    with conditions(said):
        modules.run()
    loaded = LoadedSource(source, bundle, modules, said, modules.failures(bundle.main))
    if all(loaded.maker(item) is None for item in source.classes):
        item = source.classes[0]
        why = loaded.failures.get(item.name) or next(iter(loaded.failures.values()), "It is not there after loading.")
        raise UsageError(
            f"{shown(path.name)} cannot be loaded.",
            f"{item.name} could not be defined: {why}",
            "Correct that line, or install what is missing into the Python that runs Whatsit.",
        )
    return loaded


def _request(path: Path, bundle: Bundle) -> TrustRequest:
    also = tuple(str(each) for each in bundle.texts if each != bundle.main.path)
    return TrustRequest(str(path), "python", sha256_of(bundle), source_of(bundle).contents, also)


def sha256_of(bundle: Bundle) -> str:
    """The sha256 that stands for a file and all that it imports from its folder.

    Of a single file it is the file's own.  Of several it is that of a line for each, in order: the file's sha256,
    two blanks, and its path from the chosen file's folder with forward slashes.
    """
    digests = [(hashlib.sha256(text.data).hexdigest(), each) for each, text in bundle.texts.items()]
    if len(digests) == 1:
        return digests[0][0]
    folder = bundle.main.path.parent
    lines = [f"{digest}  {os.path.relpath(each, folder).replace(os.sep, '/')}\n" for digest, each in digests]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


class Modules:
    """The modules of a bundle, each made when it is first imported.

    Attributes:
        main: of the chosen file.
        stood_in: packages that are not installed, and that something smaller stands in for.
    """

    def __init__(self, bundle: Bundle, roots: Sequence[str], said: Said) -> None:
        self.stood_in: set[str] = set()
        self._bundle = bundle
        self._said = said
        self._roots = _asked_of(bundle)
        self._roots.setdefault(bundle.main.path, set()).update(roots)
        self._made: dict[Path, ModuleType] = {}
        self._own: dict[str, object] = {}
        self._failures: dict[Path, dict[str, str]] = {}
        self.main = self._module(bundle.main.path)

    def run(self) -> None:
        """Run what is needed of the chosen file."""
        self._run(self._bundle.main, self.main)

    def failures(self, text: Text) -> dict[str, str]:
        """Why names of a file have no value."""
        return self._failures.setdefault(text.path, {})

    def preset(self, outside: Mapping[str, object]) -> None:
        """Give some of the chosen file's variables other values, and all others their own again."""
        vars(self.main).update(self._own)
        self._own = {name: vars(self.main)[name] for name in outside if name in vars(self.main)}
        vars(self.main).update(outside)

    def evaluate(self, name: str, outside: Mapping[str, object] | None = None) -> object:
        """The value that a chosen file's top-level statements give a name, made anew.

        Args:
            name: of it.
            outside: variables of the file that have other values than it gives them.
        """
        text = self._bundle.main
        module = ModuleType(self.main.__name__)
        vars(module).update(vars(self.main))
        vars(module).pop(name, None)
        for statement in _single(needed(text.tree, [name]).kept):
            if isinstance(statement, ast.FunctionDef | ast.ClassDef) or (
                outside and set(bound(statement)) & {*outside}
            ):
                continue
            if isinstance(statement, ast.Import | ast.ImportFrom):
                # Whether one that is missing is needed shows when its name is used.
                outcome = attempt(lambda kept=statement: _execute(text, kept, module))
                if isinstance(outcome, Failure):
                    self._note_failure(text, statement, outcome)
                continue
            _execute(text, statement, module)
        return vars(module)[name]

    def _note_failure(self, text: Text, statement: ast.stmt, failure: Failure) -> None:
        why = self.explain(failure.error)
        for name in bound(statement):
            self.failures(text).setdefault(name, why)

    def explain(self, error: BaseException) -> str:
        """Where an error came from in the person's files, and what it says; one sentence."""
        where = ""
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            text = self._bundle.texts.get(Path(frame.filename))
            if text is not None:
                file = "" if text is self._bundle.main else f"{shown(text.path.name)}, "
                where = f"{file}{text.where(frame.lineno or 1)}: "
                break
        if isinstance(error, ModuleNotFoundError) and error.name:
            package = shown(error.name.partition(".")[0], 40)
            return f"{where}it needs the Python package {package}, which is not installed."
        if isinstance(error, NameError) and error.name:
            for failures in self._failures.values():
                if error.name in failures:
                    return failures[error.name]
            left_out = self._left_out(error.name)
            if left_out:
                return f"{where}{shown(error.name, 40)} is missing, as {left_out} trains or reads data and is not run."
        if isinstance(error, SystemExit | KeyboardInterrupt):
            return f"{where}it ends the program ({type(error).__name__})."
        said = attempt(lambda: str(error))
        line = shown(said.strip().partition("\n")[0], 200) if isinstance(said, str) else ""
        return f"{where}{type(error).__name__}{': ' if line else ''}{line.rstrip('.')}."

    def _left_out(self, name: str) -> str:
        text = self._bundle.main
        lines = [node.lineno for node in text.tree.body if name in bound(node) and trains(node)]
        return text.where(lines[0]) if lines else ""

    def _module(self, path: Path) -> ModuleType:
        digest = hashlib.sha256(str(path).encode("utf-8", "surrogatepass")).hexdigest()[:12]
        module = ModuleType(f"{_PREFIX}_{digest}_{path.stem if path.stem.isidentifier() else 'file'}")
        module.__file__ = str(path)
        vars(module)["__builtins__"] = self._builtins(path)
        self._made[path] = module
        # Dataclasses, and all that look a class's module up by its name, find it there.
        sys.modules[module.__name__] = module
        return module

    def _builtins(self, path: Path) -> dict[str, object]:
        def importing(
            name: str,
            _globals: object = None,
            _locals: object = None,
            fromlist: Sequence[str] | None = (),
            level: int = 0,
        ) -> ModuleType:
            return self._import(path, name, tuple(fromlist or ()), level)

        def printing(*values: object, **options: object) -> None:
            if options.get("file") not in (None, sys.stdout, sys.stderr):
                builtins.print(*values, **options)  # pyright: ignore[reportCallIssue, reportArgumentType]
                return
            self._said.write(" ".join(str(value) for value in values) + "\n")

        def nothing(*_: object, **__: object) -> None:
            pass

        def asking(*_: object) -> str:
            raise EOFError("it asks a person to type something, which cannot be done here")

        own: dict[str, object] = dict(vars(builtins))

        def opening(file: Any, mode: str = "r", *args: Any, **options: Any) -> object:  # noqa: ANN401
            # Written for a run from the project's folder, as configurations are read.
            if isinstance(file, str | Path) and not Path(file).is_absolute() and set(mode) <= set("rbt"):
                file = next((above / file for above in list(path.parents)[:3] if (above / file).is_file()), file)
            return builtins.open(file, mode, *args, **options)  # noqa: PTH123

        own |= {"__import__": importing, "open": opening, "print": printing, "input": asking, "breakpoint": nothing}
        return own

    def _import(self, importer: Path, name: str, names: tuple[str, ...], level: int) -> ModuleType:
        chain = self._bundle.resolve(importer, name, level)
        if not chain:
            if level:
                raise ModuleNotFoundError(f"there is no file for the module {'.' * level}{name}", name=name)
            try:
                return __import__(name, None, None, names, 0)
            except ModuleNotFoundError as error:
                return self._stood_in(name, names, error)
        modules = [self._load(place) for place in chain]
        for part, above, below in zip(name.split(".")[1:], modules, modules[1:], strict=False):
            setattr(above, part, below)
        if not names:
            return modules[0]
        for each in names:
            place = submodule(chain[-1], each)
            if place is not None and not hasattr(modules[-1], each):
                setattr(modules[-1], each, self._load(place))
        return modules[-1]

    def _stood_in(self, name: str, names: tuple[str, ...], error: ModuleNotFoundError) -> ModuleType:
        """A stand-in for a package that is not installed.

        Raises:
            ModuleNotFoundError: there is none for it, or another is missing.
        """
        package = name.partition(".")[0]
        missing = sys.modules.get(package) is None and (error.name or "").partition(".")[0] == package
        found = stand_in(name if names else package) if missing else None
        if found is None:
            raise error
        self.stood_in.add(package)
        return found

    def _load(self, place: Place) -> ModuleType:
        module = self._made.get(place.path)
        if module is not None:
            return module
        text = self._bundle.texts.get(place.path)
        if text is None and place.path.suffix == ".py":
            raise ImportError(f"{place.path.name} is not among the files that were looked at and trusted")
        module = self._module(place.path)
        if text is not None:
            self._run(text, module)
        return module

    def _run(self, text: Text, module: ModuleType) -> None:
        """Run what is needed of a file; a statement that fails leaves its names out, with the reason."""
        for name in self._data_of(text):
            vars(module).setdefault(name, Sized(_USUAL_COUNT))
        for statement in _single(needed(text.tree, self._roots.get(text.path, ())).kept):
            outcome = attempt(lambda kept=statement: _execute(text, kept, module))
            if isinstance(outcome, Failure) and isinstance(statement, ast.ClassDef | ast.FunctionDef):
                # Types that are only written down need not be there.
                again = attempt(lambda kept=statement: _execute(text, kept, module, _UNREAD_TYPES))
                outcome = outcome if isinstance(again, Failure) else again
            if isinstance(outcome, Failure):
                self._note_failure(text, statement, outcome)

    def _data_of(self, text: Text) -> Iterator[str]:
        """Variables that only statements give a value to that read data or train, which do not run."""
        names = {name for node in text.tree.body if trains(node) for name in bound(node)}
        return (name for name in names if _DATA.search(name.lower()))


def _single(statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Imports of several names as one for each, so that one that is missing does not hide the others."""
    for statement in statements:
        if isinstance(statement, ast.ImportFrom) and len(statement.names) > 1:
            for alias in statement.names:
                yield ast.copy_location(ast.ImportFrom(statement.module, [alias], statement.level), statement)
        elif isinstance(statement, ast.Import) and len(statement.names) > 1:
            for alias in statement.names:
                yield ast.copy_location(ast.Import([alias]), statement)
        else:
            yield statement


def _execute(text: Text, statement: ast.stmt, module: ModuleType, flags: int = 0) -> None:
    code: Any = compile(ast.Module([statement], []), str(text.path), "exec", _future(text) | flags, True)
    # What a person trusted, and pointed at to be run.
    exec(code, vars(module))  # noqa: S102


def _future(text: Text) -> int:
    flags = 0
    for node in text.tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                flags |= getattr(getattr(__future__, alias.name, None), "compiler_flag", 0)
    return flags


def _asked_of(bundle: Bundle) -> dict[Path, set[str]]:
    """The names that a person's files import from one another; all of a file that is imported as a whole."""
    asked: dict[Path, set[str]] = {}
    for text in bundle.texts.values():
        for node in text.imports:
            whole = isinstance(node, ast.Import) or any(alias.name == "*" for alias in node.names)
            for alias in node.names:
                if isinstance(node, ast.Import):
                    chain = bundle.resolve(text.path, alias.name, 0)
                else:
                    chain = bundle.resolve(text.path, node.module or "", node.level)
                    below = submodule(chain[-1], alias.name) if chain else None
                    if below is not None:
                        asked.setdefault(below.path, set()).update(_all_of(bundle, below))
                for place in chain:
                    asked.setdefault(place.path, set()).update(_all_of(bundle, place) if whole else {alias.name})
    return asked


def _all_of(bundle: Bundle, place: Place) -> set[str]:
    text = bundle.texts.get(place.path)
    return {name for node in text.tree.body if not trains(node) for name in bound(node)} if text is not None else set()
