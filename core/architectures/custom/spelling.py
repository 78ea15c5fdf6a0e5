"""A network of a person's own as Python that a person can read: the call that makes it, and what it needs."""

from __future__ import annotations

import ast
import enum
import sys
from collections.abc import Iterator, Mapping, Sequence

from core.architectures.custom.arguments import Slot
from core.architectures.custom.loading import LoadedSource
from core.architectures.custom.ranking import CustomFit, is_telling
from core.architectures.custom.settings import Written
from core.architectures.custom.slicing import is_main, needed
from core.architectures.custom.source import Text, decoded
from core.constructions import Source

_EVERYWHERE = frozenset({"torch", "torchvision", "timm", "numpy", "PIL", *sys.stdlib_module_names})
_HARMLESS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Pass)


def spell_source(fit: CustomFit, loaded: LoadedSource) -> Source:
    """How plain Python makes the network of a fit.

    Args:
        fit: the one that was built.
        loaded: the file that it is from.
    """
    main = loaded.bundle.main
    names = [fit.name]
    arguments: list[str] = []
    unsaid = ""
    for slot in fit.solution.slots:
        if not is_telling(slot):
            continue
        code = _code(slot, vars(loaded.modules.main), names)
        if code is None:
            unsaid = slot.name
        else:
            arguments.append(f"{slot.name}={code}")
    others = {text.parent for text in loaded.bundle.texts if text != main.path}
    return Source(
        path=str(main.path),
        call=fit.name if fit.kind == "instance" else f"{fit.name}({', '.join(arguments)})",
        names=tuple(dict.fromkeys(names)),
        # What they import is found from the chosen file's folder, as it is when that file is run.
        folders=(str(main.path.parent),) if others else (),
        code=_slice(main, names) if _does_more(main, names) else "",
        unsaid=unsaid,
    )


def _code(slot: Slot, names: Mapping[str, object], used: list[str]) -> str | None:
    """A value as Python; ``None`` if it cannot be written down."""
    value = slot.value
    if isinstance(value, Written):
        used.extend(node.id for node in ast.walk(ast.parse(value.text)) if isinstance(node, ast.Name))
        return value.text
    named = value if isinstance(value, type) else type(value)
    if isinstance(value, type | enum.Enum):
        if names.get(named.__name__) is not named:
            return None
        used.append(named.__name__)
        return named.__name__ if isinstance(value, type) else f"{named.__name__}.{value.name}"
    text = repr(value)
    try:
        return text if ast.literal_eval(text) == value else None
    except (ValueError, SyntaxError):
        return None


def _does_more(text: Text, names: Sequence[str]) -> bool:
    """Whether importing a file would run what its network does not need, or is no file that can be imported."""
    if text.path.suffix != ".py":
        return True
    kept = needed(text.tree, names).kept
    return any(not _is_harmless(statement) for statement in text.tree.body if statement not in kept)


def _is_harmless(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return all(package in _EVERYWHERE for package in _packages(statement))
    if isinstance(statement, _HARMLESS):
        return True
    if isinstance(statement, ast.If) and is_main(statement.test):
        return not statement.orelse
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr):
        return not any(isinstance(node, ast.Call | ast.Await) for node in ast.walk(statement))
    return False


def _packages(statement: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(statement, ast.ImportFrom):
        yield (statement.module or "").partition(".")[0] if not statement.level else "torch"
    else:
        yield from (alias.name.partition(".")[0] for alias in statement.names)


def _slice(text: Text, names: Sequence[str]) -> str:
    """What some names need of a file, with its comments where whole statements are kept."""
    lines = decoded(text.path, text.data).splitlines() if text.path.suffix == ".py" else []
    parts: list[str] = []
    for statement in needed(text.tree, names).kept:
        whole = lines and statement in text.tree.body and statement.col_offset == 0
        decorators: Sequence[ast.expr] = getattr(statement, "decorator_list", ())
        first = min([statement.lineno, *(each.lineno for each in decorators)])
        while first > 1 and lines and lines[first - 2].startswith("#"):
            # What is written above it speaks of it.
            first -= 1
        last = statement.end_lineno or first
        shares = any(each is not statement and each.lineno <= last and first <= (each.end_lineno or 0)
                     for each in text.tree.body)  # fmt: skip
        parts.append("\n".join(lines[first - 1 : last]) if whole and not shares else ast.unparse(statement))
    return "".join(
        f"\n\n{part}\n" if part.startswith(("class ", "def ", "@", "async ")) else f"{part}\n" for part in parts
    ).strip("\n")
