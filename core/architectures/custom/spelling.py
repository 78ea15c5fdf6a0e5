"""A network of a person's own as Python that a person can read: the call that makes it, and what it needs."""

from __future__ import annotations

import ast
import dataclasses
import enum
import sys
from collections.abc import Iterator, Mapping, Sequence

from core.architectures.custom.arguments import Slot
from core.architectures.custom.calling import used_by
from core.architectures.custom.loading import LoadedSource
from core.architectures.custom.ranking import CustomFit, is_telling
from core.architectures.custom.settings import Sized, Written
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
    slots = fit.solution.slots
    for slot in slots:
        if slot.owner or (slot.asked is None and not is_telling(slot)):
            continue
        if slot.asked is not None:
            code = _settings(slot, [each for each in slots if each.owner == slot.key], vars(loaded.modules.main), names)
            if code == slot.name and slot.outside:
                continue
        else:
            code = None if slot.outside else _code(slot, vars(loaded.modules.main), names)
        if code is None:
            unsaid = slot.name
        else:
            arguments.append(f"{slot.name}={code}")
    place = "" if fit.builder.place is None else f"[{fit.builder.place}]"
    not_there = (
        name for name in used_by(main.tree, fit.name) if isinstance(vars(loaded.modules.main).get(name), Sized)
    )
    unsaid = unsaid or next(not_there, "")
    if any(".parse_args(" in ast.unparse(each) for each in needed(main.tree, names).kept):
        # It would read the command line of the script, which is another one's.
        unsaid = unsaid or "parse_args"
    others = {text.parent for text in loaded.bundle.texts if text != main.path}
    return Source(
        path=str(main.path),
        call=fit.name if fit.kind == "instance" else f"{fit.name}({', '.join(arguments)}){place}",
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


def _settings(slot: Slot, parts: Sequence[Slot], names: Mapping[str, object], used: list[str]) -> str | None:
    """What holds many values, as Python; ``None`` if it cannot be written down."""
    changed = [part for part in parts if part.value != part.written]
    there = next((name for name, value in names.items() if value is slot.template is not None), "")
    if slot.outside:
        # The code finds it by itself, as it is.
        return slot.name if not changed else None
    given = {part.name[len(slot.name) + 1 :]: part.value for part in (parts if slot.source != "default" else changed)}
    try:
        plain = all(ast.literal_eval(repr(value)) == value for value in given.values())
    except (ValueError, SyntaxError):
        plain = False
    if not plain or any("." in name for name in given):
        return None
    if there and dataclasses.is_dataclass(slot.template):
        used.append(there)
        return f"{there}({', '.join(f'{name}={value!r}' for name, value in given.items())})"
    if there and not given:
        used.append(there)
        return there
    values = {part.name[len(slot.name) + 1 :]: part.value for part in parts}
    if slot.asked is None or slot.asked.ways == {"item"}:
        return repr(values)
    return f"type('Settings', (), {values!r})" if slot.asked.ways == {"attribute"} else None


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
