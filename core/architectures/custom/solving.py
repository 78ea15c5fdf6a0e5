"""Finding the arguments with which a constructor makes tensors of a checkpoint's names and shapes.

A number that a shape shows is not searched for but solved: the network is built with two further values of the
argument, what moves in its names and shapes is compared, and the relation, nearly always a straight line, gives
the value that the checkpoint's shape asks for.  Where there is no straight line (an image's side, squared and
rounded) the value is found by halving.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from core.architectures.custom.arguments import Slot, alternatives, is_rate, is_training, literal
from core.architectures.custom.parts import values
from core.architectures.custom.trying import Agreement, Builder, Shapes, compare, measure, renamed
from core.checkpoints.values import shown
from core.questions import Question

_ROUNDS = 5
_MOST_COMBINATIONS = 48
_LARGEST = 200_000
_LONGEST = 16
_MOST_PARTS = 40
_SAID = {"file": "the file says", "default": "the default is", "call": "the code makes it with"}
_USUAL = (224, 32, 28, 64, 96, 128, 256, 299, 48, 150, 100, 384, 512)

Quantity = tuple[str, int]
Key = tuple[int, int]
"""An unknown: the number of its slot, and its place in a list (-1 where the slot is a number)."""


@dataclass(frozen=True)
class Solution:
    """Arguments, and how well they fit.

    Attributes:
        slots: the arguments.
        agreement: of the network that they make with the checkpoint; ``None`` if they make none.
        notes: what was assumed, one sentence each.
        questions: what must be asked.
    """

    slots: tuple[Slot, ...]
    agreement: Agreement | None
    notes: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether every name and shape agrees."""
        return self.agreement is not None and self.agreement.exact

    @property
    def share(self) -> float:
        """Of names and shapes that agree; -1 if nothing could be built."""
        return -1.0 if self.agreement is None else self.agreement.share


class Solver:
    """Finds the arguments of one class or function."""

    def __init__(
        self, builder: Builder, file: Shapes, parts: Callable[[Slot, Sequence[Slot]], list[Slot]] | None = None
    ) -> None:
        """Args:
        builder: of the class or function.
        file: the checkpoint's tensors.
        parts: slots for what was asked of a slot that holds many values, and that the given ones have not yet.
        """
        self._builder = builder
        self._file = file
        self._parts = parts
        self._plateaus: dict[str, tuple[int, int]] = {}

    def first_look(self, slots: Sequence[Slot]) -> Solution:
        """How the arguments fit as they are, with guesses changed only where the constructor fails."""
        own = [replace(slot) for slot in slots]
        self._look_into(own)
        if self._shapes(own) is None:
            self._repair(own)
            self._look_into(own)
        return self._judged(own)

    def _look_into(self, slots: list[Slot]) -> None:
        """Add what the code asks for of each argument that holds many values, until it asks for nothing more."""
        for _ in range(_MOST_PARTS):
            made = self._shapes(slots)
            added: list[Slot] = []
            for slot in [each for each in slots if each.asked is not None]:
                if slot.asked is not None and made is not None:
                    # What is missing and does no harm has a value of the code's own.
                    slot.asked.missing = ""
                added += self._parts(slot, slots) if self._parts is not None else []
            if not added:
                return
            slots += added
            if made is None and self._shapes(slots) is None:
                before = [(slot.kind, slot.value) for slot in slots]
                if not any(slot.asked is not None and slot.asked.missing for slot in slots):
                    self._repair(slots)
                for slot, (kind, value) in zip(slots, before, strict=True):
                    if self._shapes(slots) is None:
                        slot.kind, slot.value = kind, value

    def solve(self, first: Solution) -> Solution:
        """The arguments that fit best."""
        best = first
        for own in self._combinations(first.slots):
            if best.exact or self._builder.spent:
                break
            found = self._judged(self._numbers(own))
            if found.share > best.share:
                best = found
        return self._explained(best)

    def _shapes(self, slots: Sequence[Slot]) -> Shapes | None:
        return self._builder.shapes(values(slots))

    def _judged(self, slots: Sequence[Slot]) -> Solution:
        shapes = self._shapes(slots)
        return Solution(tuple(slots), None if shapes is None else compare(shapes, self._file))

    def _repair(self, slots: list[Slot]) -> None:
        """Change guesses until the constructor works; one argument at a time, then two."""
        guesses = [slot for slot in slots if slot.source == "guess"]
        for count in (1, 2):
            for chosen in itertools.combinations(guesses, count):
                before = [(slot.kind, slot.value) for slot in chosen]
                options = [list(_options(slot)) for slot in chosen]
                for tried in itertools.product(*options):
                    for slot, (kind, value) in zip(chosen, tried, strict=True):
                        slot.kind, slot.value = kind, value
                    if self._builder.spent or self._shapes(slots) is not None:
                        return
                for slot, (kind, value) in zip(chosen, before, strict=True):
                    slot.kind, slot.value = kind, value

    def _combinations(self, slots: Sequence[Slot]) -> Iterator[list[Slot]]:
        """The arguments with each choice of truth values and enumerations, the given ones first."""
        free = [index for index, slot in enumerate(slots) if slot.source != "answer" and slot.choices]
        free = [index for index in free if slots[index].kind in ("bool", "text", "choice")]
        for chosen in itertools.islice(_nearest_first([slots[index] for index in free]), _MOST_COMBINATIONS):
            own = [replace(slot) for slot in slots]
            for index, value in zip(free, chosen, strict=True):
                own[index].value = value
            if self._shapes(own) is None and chosen != tuple(slots[index].value for index in free):
                continue
            yield own

    def _numbers(self, slots: list[Slot]) -> list[Slot]:
        """Solve the numbers, all at once, in a few rounds."""
        self._lengths(slots)
        best, best_share = [replace(slot) for slot in slots], self._judged(slots).share
        for _ in range(_ROUNDS):
            found = self._round(slots)
            if not found:
                break
            for key, value in found.items():
                _set(slots, key, value)
            judged = self._judged(slots)
            if judged.share < 0:
                self._one_by_one(slots, best, found)
                judged = self._judged(slots)
            if judged.share > best_share:
                best, best_share = [replace(slot) for slot in slots], judged.share
            if judged.exact:
                break
        return best

    def _one_by_one(self, slots: list[Slot], before: Sequence[Slot], found: Mapping[Key, int]) -> None:
        """Take over only those of a round's values that the constructor works with."""
        for index, slot in enumerate(before):
            slots[index] = replace(slot)
        for key, value in found.items():
            old = _get(slots, key)
            _set(slots, key, value)
            if self._shapes(slots) is None:
                _set(slots, key, old)

    def _round(self, slots: list[Slot]) -> dict[Key, int]:
        """A better value for each unknown that the shapes tell one for."""
        shapes = self._shapes(slots)
        if shapes is None:
            return {}
        agreement = compare(shapes, self._file)
        target = measure({renamed(name, agreement): shape for name, shape in self._file.items()})
        base = measure(shapes)
        moves = {key: self._moves(slots, key, base) for key in _unknowns(slots)}
        movers: defaultdict[Quantity, int] = defaultdict(int)
        for moved in moves.values():
            for quantity in moved:
                movers[quantity] += 1
        found: dict[Key, int] = {}
        for key, moved in moves.items():
            value = self._voted(slots, key, {q: line for q, line in moved.items() if q in target}, base, target, movers)
            if value is not None and value != _get(slots, key):
                found[key] = value
        return found

    def _moves(self, slots: list[Slot], key: Key, base: Mapping[Quantity, int]) -> dict[Quantity, float | None]:
        """What an unknown moves: the slope of each quantity, ``None`` where it is no straight line."""
        start = _get(slots, key)
        steps = (1, start, 8) if start <= 8 else (start, 8, 1)
        # Twice as much, and half, suit code that wants one number to be a multiple of another.
        offsets = [times * step for step in steps if step for times in (1, 2)]
        offsets += [3 * start, -start // 2, -start // 4] if start >= 4 else []
        measured: list[tuple[int, dict[Quantity, int]]] = []
        for offset in dict.fromkeys(offset for offset in offsets if offset):
            _set(slots, key, start + offset)
            shapes = self._shapes(slots)
            if shapes is not None:
                measured.append((offset, measure(shapes)))
            if len(measured) == 2:
                moved = dict(_slopes(base, *measured[0], *measured[1]))
                if moved:
                    _set(slots, key, start)
                    return moved
                measured.pop(0)
        _set(slots, key, start)
        return {}

    def _voted(
        self,
        slots: list[Slot],
        key: Key,
        moved: Mapping[Quantity, float | None],
        base: Mapping[Quantity, int],
        target: Mapping[Quantity, int],
        movers: Mapping[Quantity, int],
    ) -> int | None:
        """The value on which most of what moves with this unknown alone agrees, else most of all that moves."""
        start = _get(slots, key)
        for alone in (True, False):
            votes: Counter[int] = Counter()
            for quantity, slope in moved.items():
                if slope and (movers[quantity] == 1) == alone:
                    value = start + (target[quantity] - base[quantity]) / slope
                    if value.is_integer() and 0 <= value <= _LARGEST:
                        votes[int(value)] += 1
            if votes:
                return votes.most_common(1)[0][0]
        bent = [quantity for quantity, slope in moved.items() if slope is None]
        bent.sort(key=lambda quantity: movers[quantity])
        if bent and target[bent[0]] != base[bent[0]]:
            return self._halved(slots, key, bent[0], target[bent[0]])
        return None

    def _halved(self, slots: list[Slot], key: Key, quantity: Quantity, wanted: int) -> int | None:
        """The value with which a quantity that only grows is as wanted."""
        start = _get(slots, key)

        def at(value: int) -> int:
            _set(slots, key, value)
            shapes = self._shapes(slots)
            _set(slots, key, start)
            return -1 if shapes is None else measure(shapes).get(quantity, -1)

        low, high = _first(at, wanted), _first(at, wanted + 1)
        if low is None or at(low) != wanted:
            return None
        top = low if high is None else high - 1
        if key[1] < 0 and top > low:
            self._plateaus[slots[key[0]].name] = (low, top)
        return next((side for side in _USUAL if low <= side <= top), low)

    def _lengths(self, slots: list[Slot]) -> None:
        """How many numbers each list has: as many as give the checkpoint's count of tensors."""
        lists = [slot for slot in slots if slot.kind == "ints" and slot.source != "answer" and _items(slot.value)]
        guessed = [slot for slot in lists if slot.source == "guess"]
        if len(guessed) > 1:
            # Lists side by side are mostly read together, and the shortest ends that.
            self._length_of(slots, guessed)
        for slot in lists:
            self._length_of(slots, [slot])

    def _length_of(self, slots: list[Slot], lists: Sequence[Slot]) -> None:
        """The length that some lists have together."""
        given = [list(cast("Sequence[int]", slot.value)) for slot in lists]
        scores: list[tuple[float, int, list[list[int]]]] = []
        for length in dict.fromkeys((len(given[0]), *range(1, _LONGEST + 1))):
            tried = [(numbers + [numbers[-1]] * length)[:length] for numbers in given]
            for slot, numbers in zip(lists, tried, strict=True):
                slot.value = numbers
            shapes = self._shapes(slots)
            if shapes is not None:
                names = compare(shapes, self._file)
                scores.append((len(names.missing) + len(names.unexpected), len(scores), tried))
                if not names.missing and not names.unexpected:
                    break
        for slot, numbers in zip(lists, min(scores)[2] if scores else given, strict=True):
            slot.value = numbers

    def _explained(self, solution: Solution) -> Solution:
        """With what was assumed, and what must be asked."""
        notes: list[str] = []
        questions: list[Question] = []
        for index, slot in enumerate(solution.slots):
            name = shown(slot.name, 40)
            if slot.kind == "sized" and slot.value != slot.written:
                notes.append(f"{name} is data that is not read: it has {slot.value} classes, as the shapes tell.")
            elif slot.asked is not None or slot.kind == "sized":
                continue
            elif slot.source in _SAID and slot.written is not None and slot.value != slot.written:
                said = _SAID[slot.source]
                notes.append(f"{name} is {literal(slot.value)}, as the shapes tell; {said} {literal(slot.written)}.")
            elif slot.source == "call":
                notes.append(f"{name} is {literal(slot.value)}, as the code itself makes it.")
            if slot.source != "guess":
                continue
            if not solution.exact or not self._shown(solution, index):
                self._unseen(slot, solution, notes, questions)
            elif slot.name in self._plateaus:
                low, high = self._plateaus[slot.name]
                notes.append(f"{name} may be {low} to {high}; {literal(slot.value)} is used.")
        return replace(solution, notes=tuple(notes), questions=tuple(questions))

    def _unseen(self, slot: Slot, solution: Solution, notes: list[str], questions: list[Question]) -> None:
        if slot.kind == "float" and is_rate(slot.name):
            notes.append(f"{shown(slot.name, 40)} is taken as 0: it matters in training only.")
            return
        if is_training(slot.name) and solution.exact:
            notes.append(f"{shown(slot.name, 40)} is taken as {literal(slot.value)}: it matters in training only.")
            return
        if slot.kind == "text" and slot.choices:
            why = f"No weight shows it; the code knows {', '.join(literal(each) for each in slot.choices)}."
        elif solution.exact:
            why = "No weight shows it, and the file does not say."
        else:
            why = "It could not be found from the weights."
        # A value with which nothing could be built is no suggestion, and neither is a number that would fit as well
        # as any other: taken without a thought, it would only answer worse.
        any_fits = solution.exact and slot.kind in ("int", "float", "bool")
        unknown = slot.value in ("", None) or solution.agreement is None or any_fits
        suggestion = "" if unknown else literal(slot.value)
        questions.append(Question(slot.name, slot.annotation, suggestion, why))

    def _shown(self, solution: Solution, index: int) -> bool:
        """Whether a guess is proved by the shapes: with other values they would differ."""
        slots = [replace(slot) for slot in solution.slots]
        slot = slots[index]
        if slot.kind in ("ints", "names") or (slot.kind == "choice" and len(slot.choices) == 1):
            return True
        others: list[object] = [each for each in slot.choices if each != slot.value]
        if slot.kind == "int":
            start = cast(int, slot.value)
            others = [start + 1, 2 * start, start + 8]
        if slot.kind not in ("int", "bool", "text", "choice") or not others:
            return False
        different = 0
        for value in others:
            slot.value = value
            judged = self._judged(slots)
            if judged.exact and slot.kind != "int":
                return False
            different += judged.agreement is not None and not judged.exact
        return different > 0 or slot.kind != "int"


def _options(slot: Slot) -> Iterator[tuple[str, object]]:
    if slot.choices:
        yield from ((slot.kind, value) for value in slot.choices)
    else:
        yield from alternatives(slot)


def _nearest_first(slots: Sequence[Slot]) -> Iterator[tuple[object, ...]]:
    """All choices, those first that change the fewest arguments."""
    lists = [[slot.value, *(each for each in slot.choices if each != slot.value)] for slot in slots]
    for changes in range(len(lists) + 1):
        for which in itertools.combinations(range(len(lists)), changes):
            tried = [each[1:] if index in which else each[:1] for index, each in enumerate(lists)]
            yield from itertools.product(*tried)


def _unknowns(slots: Sequence[Slot]) -> Iterator[Key]:
    for index, slot in enumerate(slots):
        if slot.source == "answer":
            continue
        number = slot.kind in ("int", "sized") and isinstance(slot.value, int) and not isinstance(slot.value, bool)
        if number or slot.kind == "names":
            yield index, -1
        elif slot.kind == "ints":
            yield from ((index, place) for place, item in enumerate(_items(slot.value)) if isinstance(item, int))


def _items(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else ()


def _get(slots: Sequence[Slot], key: Key) -> int:
    value = slots[key[0]].value
    if slots[key[0]].kind == "names":
        return len(_items(value))
    return cast("Sequence[int]", value)[key[1]] if key[1] >= 0 else cast(int, value)


def _set(slots: Sequence[Slot], key: Key, value: int) -> None:
    slot = slots[key[0]]
    if key[1] < 0:
        slot.value = [str(number) for number in range(value)] if slot.kind == "names" else value
        return
    given = cast("Sequence[int]", slot.value)
    items = [*given[: key[1]], value, *given[key[1] + 1 :]]
    slot.value = items if type(given) is list else tuple(items)


def _slopes(
    base: Mapping[Quantity, int], near: int, once: Mapping[Quantity, int], far: int, twice: Mapping[Quantity, int]
) -> Iterator[tuple[Quantity, float | None]]:
    for quantity, zero in base.items():
        if quantity in once and quantity in twice and (zero != once[quantity] or zero != twice[quantity]):
            first, second = once[quantity] - zero, twice[quantity] - zero
            yield quantity, first / near if first * far == second * near else None


def _first(at: Callable[[int], int], wanted: int) -> int | None:
    """The smallest value from 1 on at which a quantity that only grows has reached something."""
    high = 1
    while at(high) < wanted:
        high *= 2
        if high > _LARGEST:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at(middle) < wanted else (low, middle)
    return high
