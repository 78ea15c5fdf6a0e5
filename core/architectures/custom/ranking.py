"""The networks of a person's file in the order in which they fit a checkpoint, and the one that is built."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from core.architectures.custom.arguments import Slot, literal, slots_of
from core.architectures.custom.guard import Failure, Said, attempt, conditions
from core.architectures.custom.loading import LoadedSource
from core.architectures.custom.parts import outside_slots, parts_of, values
from core.architectures.custom.reading import SourceClass
from core.architectures.custom.solving import Solution, Solver
from core.architectures.custom.trying import Agreement, Builder, Shapes, renamed
from core.checkpoints.values import shown
from core.errors import MatchError, QuestionsError
from core.questions import Question
from core.showing import counted

_FIRST_FEW = 3
_DETAIL = 200
_SECONDS = 8.0
_SECONDS_IN_ALL = 20.0


@dataclass(frozen=True)
class CustomFit:
    """How a class or function of a person's file fits a checkpoint.

    Attributes:
        name: of the class or function.
        kind: ``class``, ``function`` or ``instance``.
        arguments: what it is made with, as (name, Python literal).
        exact: whether every name and shape agrees.
        share: of names and shapes that agree, from 0 to 1; -1 where nothing could be built.
        evidence: one line for a person.
        differences: each one in words, the telling ones first.
        notes: what was assumed of the arguments, one sentence each.
        questions: what must be asked before it can be built.
        error: why nothing could be built; empty if something could.
    """

    name: str
    kind: str
    arguments: tuple[tuple[str, str], ...]
    exact: bool
    share: float
    evidence: str
    differences: tuple[str, ...]
    notes: tuple[str, ...]
    questions: tuple[Question, ...]
    error: str
    builder: Builder
    solution: Solution


@dataclass
class _Candidate:
    item: SourceClass
    builder: Builder
    solver: Solver
    solution: Solution


def rank_classes(
    loaded: LoadedSource,
    tensors: Mapping[str, Tensor],
    metadata: Mapping[str, object],
    hint: str = "",
    answers: Mapping[str, str] | None = None,
) -> tuple[CustomFit, ...]:
    """The networks of a file, those first that a checkpoint fits.

    Arguments are taken from a person's answers, from what the checkpoint says under their name, from the default,
    and where the shapes contradict these, or nothing is said, from the shapes.

    Args:
        loaded: the file.
        tensors: the checkpoint's.
        metadata: plain values beside them, such as ``hyper_parameters``.
        hint: a class's name that goes before others that fit as well, such as that of a pickled network; a
            dotted one counts by its last part.
        answers: values of arguments that a person gave, as Python literals, by name.

    Raises:
        UsageError: an answer is no Python literal.
    """
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    end = time.thread_time() + _SECONDS_IN_ALL
    candidates = [_first_look(loaded, item, shapes, metadata, answers or {}) for item in loaded.source.classes]
    hint = hint.rpartition(".")[2]
    # The most promising first; once one fits exactly, the others are no longer worth the time.
    candidates.sort(key=lambda each: _order(each, hint))
    fitted = any(each.solution.exact for each in candidates)
    first = 1.0 if fitted else -1.0
    for candidate in candidates:
        # One that looked as good at first may fit as well: then a person is told.
        share = candidate.solution.share
        promising = not fitted or candidate.item.name == hint or share >= first
        if promising and not candidate.item.loss and time.thread_time() < end:
            candidate.builder.until = min(end, time.thread_time() + _SECONDS)
            candidate.solution = candidate.solver.solve(candidate.solution)
            first = max(first, share) if candidate.solution.exact and not fitted else first
            fitted |= candidate.solution.exact
        elif candidate.solution.exact:
            candidate.solution = candidate.solver.solve(candidate.solution)
    candidates.sort(key=lambda each: _order(each, hint))
    for candidate in candidates[:_FIRST_FEW] if not fitted else ():
        candidate.builder.until = min(end, time.thread_time() + _SECONDS)
        _look_outside(candidate, loaded)
        if candidate.solution.exact:
            break
    candidates.sort(key=lambda each: _order(each, hint))
    return tuple(_fit(candidate, loaded, len(shapes)) for candidate in candidates)


def build_custom(fit: CustomFit, tensors: Mapping[str, Tensor]) -> nn.Module:
    """The network of a fit with a checkpoint's tensors: in eval mode, on the CPU, in float32.

    Args:
        fit: one that fits exactly.
        tensors: the checkpoint's; shared where their type is float32.

    Raises:
        MatchError: it does not fit, cannot be built, or refuses the tensors.
        QuestionsError: a person must be asked for arguments first.
    """
    if fit.questions:
        names = ", ".join(shown(question.name, 40) for question in fit.questions)
        first = shown(fit.questions[0].name, 40)
        raise QuestionsError(
            f"{shown(fit.name, 40)} cannot be built yet.",
            f"Neither the weights nor the file say: {names}.",
            f"Give the values with which the network was made: on the command line, --argument {first}=VALUE"
            + (", and so on." if len(fit.questions) > 1 else "."),
            architecture=fit.name,
            questions=fit.questions,
        )
    agreement = fit.solution.agreement
    if not fit.exact or agreement is None:
        raise _misfit(fit)
    own = {renamed(name, agreement): tensor for name, tensor in tensors.items()}
    network = _assigned(fit, own, real=fit.builder.real)
    if _unfilled(network):
        # Something that is in no file and was to be computed: with real memory, the constructor does it.
        network = _assigned(fit, own, real=True)
    return network.float().eval().requires_grad_(False)


def _first_look(
    loaded: LoadedSource,
    item: SourceClass,
    shapes: Shapes,
    metadata: Mapping[str, object],
    answers: Mapping[str, str],
) -> _Candidate:
    make = loaded.maker(item)
    builder = Builder(_missing if make is None else _caller(loaded, item), loaded.explain, loaded.said)
    if make is None:
        builder.most = 0
        builder.error = loaded.failures.get(item.name, "It is not there after loading.")
    main = vars(loaded.modules.main)
    blocks = [main[each.name] for each in loaded.source.classes if each.kind == "class" and each.name in main]
    blocks = [block for block in blocks if block is not make]
    slots = (
        []
        if item.kind == "instance" or make is None
        else slots_of(make, item.parameters, shapes, metadata, answers, blocks, main, loaded.written_for(item))
    )
    solver = Solver(builder, shapes, lambda slot, there: parts_of(slot, shapes, metadata, answers, there))
    return _Candidate(item, builder, solver, solver.first_look(slots))


def _look_outside(candidate: _Candidate, loaded: LoadedSource) -> None:
    """Where no argument explains the shapes: the file's own variables may have been others in training."""
    slots = list(candidate.solution.slots)
    slots += outside_slots(vars(loaded.modules.main), loaded.used_by(candidate.item))
    if len(slots) == len(candidate.solution.slots) or candidate.item.loss:
        return
    found = candidate.solver.solve(candidate.solver.first_look(slots))
    if found.exact:
        candidate.solution = found


def _caller(loaded: LoadedSource, item: SourceClass) -> Callable[..., object]:
    def call(**arguments: object) -> object:
        return loaded.call(item, arguments)

    return call


def _missing(**_: object) -> object:
    raise LookupError("it is not there")


def _order(candidate: _Candidate, hint: str) -> tuple[bool, bool, bool, float, int, int]:
    solution = candidate.solution
    kinds = ("class", "function", "instance")
    return (
        not solution.exact,
        candidate.item.name != hint,
        bool(solution.questions),
        -round(solution.share, 6),
        # What needs fewer assumptions says more: a factory that fits as it is goes before a class with arguments.
        sum(slot.source == "guess" for slot in solution.slots),
        kinds.index(candidate.item.kind),
    )


def _fit(candidate: _Candidate, loaded: LoadedSource, total: int) -> CustomFit:
    solution, item, builder = candidate.solution, candidate.item, candidate.builder
    agreement = solution.agreement
    differences = _differences(agreement) if agreement is not None else ()
    arguments = tuple(
        (slot.name, literal(slot.value)) for slot in solution.slots if is_telling(slot) and slot.asked is None
    )
    made = ", ".join(f"{shown(name, 40)}={value}" for name, value in arguments)
    if agreement is None:
        evidence = f"cannot be built: {builder.error}"
    elif agreement.exact:
        evidence = f"all {total} names and shapes fit{', with ' + made if made else ''}"
    else:
        evidence = f"{len(differences)} of {agreement.total} names or shapes differ: {_few(differences)}"
    questions = solution.questions if solution.exact or agreement is None or solution.share >= 0.5 else ()
    return CustomFit(
        name=item.name,
        kind=item.kind,
        arguments=arguments,
        exact=solution.exact,
        share=solution.share,
        evidence=evidence,
        differences=differences,
        notes=(*loaded.source.notices, *loaded.notices, *solution.notes),
        questions=questions,
        error="" if agreement is not None else builder.error,
        builder=builder,
        solution=solution,
    )


def is_telling(slot: Slot) -> bool:
    """Whether an argument's value is another than the one that its file gives it anyway."""
    return slot.source != "default" or slot.value != slot.written


def _misfit(fit: CustomFit) -> MatchError:
    name = shown(fit.name, 40)
    if fit.error:
        return MatchError(
            f"{name} cannot be built.",
            fit.error,
            "Correct the code, or install what is missing into the Python that runs Whatsit.",
        )
    return MatchError(
        f"The weights do not fit {name}.",
        f"{counted(len(fit.differences), 'difference')} in names or shapes: {_few(fit.differences)}.",
        "Choose the file with the network that these weights were trained with, or give its arguments.",
        detail="\n".join(fit.differences[:_DETAIL]),
    )


def _assigned(fit: CustomFit, tensors: Mapping[str, Tensor], *, real: bool) -> nn.Module:
    network = fit.builder.network(values(fit.solution.slots), real=real)
    if network is None:
        raise MatchError(f"{shown(fit.name, 40)} cannot be built.", fit.builder.error, "Correct the code.")
    present = network.state_dict()
    own = {name: _like(tensor, present[name]) for name, tensor in tensors.items()}
    said = Said()

    def assign() -> object:
        with torch.no_grad():
            return network.load_state_dict(own, strict=True, assign=True)

    with conditions(said, loading=True):
        outcome = attempt(assign)
    if isinstance(outcome, Failure):
        raise MatchError(
            f"{shown(fit.name, 40)} does not take the weights.",
            fit.builder.explain(outcome.error),
            "Correct the code, or choose the file with the network that these weights were trained with.",
            detail=str(outcome.error),
        ) from outcome.error
    return network


def _like(tensor: Tensor, present: Tensor) -> Tensor:
    """In the element type of the network; a quantised or whole number is not taken for a fraction."""
    if present.is_floating_point() and not tensor.is_floating_point():
        kind = str(tensor.dtype).removeprefix("torch.")
        raise MatchError(
            "The weights are not plain numbers.",
            f"They hold values of type {kind}, where the network has fractions.",
            "Choose the weights before they were quantised.",
        )
    return tensor.to(present.dtype) if present.dtype != tensor.dtype else tensor


def _unfilled(network: nn.Module) -> bool:
    """Whether anything of a network has no memory, plain attributes included."""
    if any(tensor.is_meta for tensor in (*network.parameters(), *network.buffers())):
        return True
    return any(
        isinstance(value, Tensor) and value.is_meta
        for module in network.modules()
        for held in vars(module).values()
        for value in (cast("Sequence[object]", held) if isinstance(held, list | tuple) else (held,))
    )


def _differences(agreement: Agreement) -> tuple[str, ...]:
    return (
        *(
            f"{shown(name)} is {_sides(found)} and should be {_sides(wanted)}"
            for name, found, wanted in agreement.different
        ),
        *(f"{shown(name)} is missing" for name in agreement.missing),
        *(f"{shown(name)} is not part of it" for name in agreement.unexpected),
    )


def _sides(shape: tuple[int, ...]) -> str:
    return " x ".join(str(side) for side in shape) or "one number"


def _few(lines: Sequence[str]) -> str:
    more = f", and {len(lines) - _FIRST_FEW} more" if len(lines) > _FIRST_FEW else ""
    return "; ".join(lines[:_FIRST_FEW]) + more
