"""Reading pickles without running them.

A pickle is a program: it may name any function of Python and have it called.  This machine understands the
program and builds only dicts, lists, plain values, places of tensors, and placeholders.  It imports nothing
and calls nothing that a file names, so nothing in a file has to be forbidden to be harmless.

The opcodes are those of protocols 0 to 5, as ``pickletools`` describes them.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import pickle
import struct
from collections.abc import Callable
from typing import BinaryIO, cast

from core.checkpoints.danger import COMPUTED
from core.checkpoints.pickle_calls import Budget, as_key, call, storage
from core.checkpoints.values import BrokenFile, Global, Inert, Placed, Storage, as_tuple

MAX_STEPS = 5_000_000
"""Opcodes in one file; each makes at most one small object.  A network's weights take some ten a tensor."""
MAX_OBJECTS = 1_000_000
"""Containers, tensors and placeholders in one file: a byte makes one that takes two hundred."""
MAX_LINE = 64 * 1024
MAX_NAME = 500
"""Letters of a name in Python; a longer one could be part of a million names."""
MAX_JOINED = 200
"""Letters of a name that is put together; longer ones could be doubled again and again."""
MAX_NUMBER_BYTES = 64

_MOST_KEPT = 64 * 1024
"""Bytes that a file holds as such are read up to here; of longer ones, the place is known."""

_STOP = pickle.STOP[0]
_RENAMED = {"__builtin__": "builtins", "copy_reg": "copyreg"}
"""Names of Python 2, which protocol 2 still writes."""
_Steps = dict[bytes, Callable[[], object]]
_GETATTR = Global("builtins", "getattr")
_STORAGE_IN = Global("torch.storage", "_load_from_bytes")


class _Mark:
    pass


_MARK = _Mark()


class PickleReader:
    """Reads one pickle after the other from a stream.

    Attributes:
        globals: names in Python that the pickles asked for.
        storages: element type of each storage that they mention, by its key.
    """

    def __init__(
        self,
        stream: BinaryIO,
        size: int,
        persistent: Callable[[object], object] = storage,
        *,
        end: int = 0,
        storage_in: Callable[[Placed], object] | None = None,
    ) -> None:
        """Take a stream.

        Args:
            stream: stands where the pickle begins.
            size: how many bytes it holds from here, at most.
            persistent: what a persistent id means.
            end: where the stream ends, for bytes to be left where they are, as ``Placed``; 0 to read them.
            storage_in: the storage that lies in bytes.
        """
        self.globals: set[str] = set()
        self.storages: dict[str, str] = {}
        self._stream = stream
        self._left = size
        self._meaning = persistent
        self._end = end
        self._storage_in = storage_in
        self._steps = 0
        self._objects_left = MAX_OBJECTS
        self._stack: list[object] = []
        self._memo: dict[int, object] = {}
        self._budget = Budget(size)
        self._steps_by_code = {
            code[0]: step
            for table in (self._plain(), self._texts(), self._containers(), self._objects())
            for code, step in table.items()
        }

    def read(self) -> object:
        """The value of the next pickle.

        Raises:
            BrokenFile: it is none, or it asks for more than any weights file needs.
        """
        try:
            return self._run()
        except BrokenFile as error:
            error.globals = frozenset(self.globals)
            raise
        except IndexError as error:
            broken = BrokenFile("its pickle takes more values than it has")
            broken.globals = frozenset(self.globals)
            raise broken from error
        except (struct.error, ValueError, OverflowError, TypeError, KeyError) as error:
            broken = BrokenFile(f"its pickle makes no sense ({type(error).__name__})")
            broken.globals = frozenset(self.globals)
            raise broken from error
        finally:
            # Another may read the same file next: what this one remembers must not be held beside that.
            self._stack.clear()
            self._memo.clear()

    def _run(self) -> object:
        steps = self._steps_by_code
        while True:
            code = self._take(1)[0]
            if code == _STOP:
                return self._pop()
            step = steps.get(code)
            if step is None:
                raise BrokenFile(f"byte {code} means nothing in a pickle")
            self._steps += 1
            if self._steps > MAX_STEPS:
                raise BrokenFile(f"it has more than {MAX_STEPS:,} pickle instructions")
            step()

    def _plain(self) -> _Steps:
        push, take = self._push, self._take
        return {
            pickle.PROTO: lambda: take(1),
            pickle.FRAME: lambda: take(8),
            pickle.NONE: lambda: push(None),
            pickle.NEWTRUE: lambda: push(True),
            pickle.NEWFALSE: lambda: push(False),
            pickle.INT: self._integer_line,
            pickle.LONG: self._integer_line,
            pickle.BININT: lambda: self._number("<i"),
            pickle.BININT1: lambda: push(take(1)[0]),
            pickle.BININT2: lambda: self._number("<H"),
            pickle.LONG1: lambda: self._long("<B"),
            pickle.LONG4: lambda: self._long("<i"),
            pickle.FLOAT: lambda: push(float(self._line())),
            pickle.BINFLOAT: lambda: self._number(">d"),
        }

    def _texts(self) -> _Steps:
        push, sized = self._push, self._sized
        return {
            pickle.STRING: self._text_line,
            pickle.BINSTRING: lambda: push(_text(sized("<i"))),
            pickle.SHORT_BINSTRING: lambda: push(_text(sized("<B"))),
            pickle.UNICODE: lambda: push(self._line().encode().decode("raw-unicode-escape")),
            pickle.BINUNICODE: lambda: push(_text(sized("<I"))),
            pickle.SHORT_BINUNICODE: lambda: push(_text(sized("<B"))),
            pickle.BINUNICODE8: lambda: push(_text(sized("<Q"))),
            pickle.BINBYTES: lambda: push(self._bytes("<I")),
            pickle.SHORT_BINBYTES: lambda: push(self._bytes("<B")),
            pickle.BINBYTES8: lambda: push(self._bytes("<Q")),
            pickle.BYTEARRAY8: lambda: push(self._bytes("<Q")),
        }

    def _containers(self) -> _Steps:
        push = self._push
        return {
            pickle.EMPTY_TUPLE: lambda: push(()),
            pickle.EMPTY_LIST: lambda: self._made([]),
            pickle.EMPTY_DICT: lambda: self._made({}),
            pickle.EMPTY_SET: lambda: self._made(set[object]()),
            pickle.TUPLE: lambda: push(tuple(self._pop_to_mark())),
            pickle.TUPLE1: lambda: self._tuple(1),
            pickle.TUPLE2: lambda: self._tuple(2),
            pickle.TUPLE3: lambda: self._tuple(3),
            pickle.LIST: lambda: self._made(self._pop_to_mark()),
            pickle.DICT: self._dict_from_mark,
            pickle.FROZENSET: lambda: self._made(frozenset(as_key(value) for value in self._pop_to_mark())),
            pickle.APPEND: self._append_one,
            pickle.APPENDS: self._append_many,
            pickle.SETITEM: self._set_one,
            pickle.SETITEMS: self._set_many,
            pickle.ADDITEMS: self._add,
        }

    def _objects(self) -> _Steps:
        push, take, line = self._push, self._take, self._line
        return {
            pickle.MARK: lambda: push(_MARK),
            pickle.POP: self._stack.pop,
            pickle.POP_MARK: self._pop_to_mark,
            pickle.DUP: lambda: push(self._top()),
            pickle.PUT: lambda: self._remember(int(line()[:20])),
            pickle.BINPUT: lambda: self._remember(take(1)[0]),
            pickle.LONG_BINPUT: lambda: self._remember(struct.unpack("<I", take(4))[0]),
            pickle.MEMOIZE: lambda: self._remember(len(self._memo)),
            pickle.GET: lambda: self._recall(int(line()[:20])),
            pickle.BINGET: lambda: self._recall(take(1)[0]),
            pickle.LONG_BINGET: lambda: self._recall(struct.unpack("<I", take(4))[0]),
            pickle.GLOBAL: lambda: self._find(line(), line()),
            pickle.STACK_GLOBAL: self._stack_global,
            pickle.REDUCE: self._reduce,
            pickle.NEWOBJ: self._reduce,
            pickle.NEWOBJ_EX: self._new_with_names,
            pickle.OBJ: self._object,
            pickle.INST: self._instance,
            pickle.BUILD: self._build,
            pickle.PERSID: lambda: self._persistent(line()),
            pickle.BINPERSID: lambda: self._persistent(self._pop()),
            pickle.EXT1: self._refuse,
            pickle.EXT2: self._refuse,
            pickle.EXT4: self._refuse,
            pickle.NEXT_BUFFER: self._refuse,
            pickle.READONLY_BUFFER: self._refuse,
        }

    def _take(self, count: int) -> bytes:
        if not 0 <= count <= self._left:
            raise BrokenFile("it ends in the middle")
        data = self._stream.read(count)
        if len(data) != count:
            raise BrokenFile("it ends in the middle")
        self._left -= count
        return data

    def _line(self) -> str:
        data = self._stream.readline(min(MAX_LINE, self._left))
        if not data.endswith(b"\n"):
            raise BrokenFile("it ends in the middle, or has a line that never ends")
        self._left -= len(data)
        return data[:-1].decode("utf-8", "backslashreplace")

    def _sized(self, form: str) -> bytes:
        (count,) = struct.unpack(form, self._take(struct.calcsize(form)))
        return self._take(count)

    def _bytes(self, form: str) -> bytes:
        if not self._end:
            return self._sized(form)
        (count,) = struct.unpack(form, self._take(struct.calcsize(form)))
        start = self._stream.tell()
        if start + count > self._end:
            raise BrokenFile("it ends in the middle")
        found = Placed(self._take(count) if count <= _MOST_KEPT else b"")
        found.start, found.length = start, count
        self._stream.seek(start + count)
        return found

    def _push(self, value: object) -> None:
        self._stack.append(value)

    def _made(self, value: object) -> None:
        """Push what takes far more memory than its instruction."""
        self._objects_left -= 1
        if self._objects_left < 0:
            raise BrokenFile(f"it has more than {MAX_OBJECTS:,} objects")
        self._stack.append(value)

    def _pop(self) -> object:
        value = self._stack.pop()
        if value is _MARK:
            raise BrokenFile("its pickle takes more values than it has")
        return value

    def _pop_to_mark(self) -> list[object]:
        stack = self._stack
        position = len(stack) - 1
        while stack[position] is not _MARK:
            position -= 1
            if position < 0:
                raise BrokenFile("its pickle takes more values than it has")
        values = stack[position + 1 :]
        del stack[position:]
        return values

    def _top(self) -> object:
        if not self._stack or self._stack[-1] is _MARK:
            raise BrokenFile("its pickle takes more values than it has")
        return self._stack[-1]

    def _find(self, module: object, name: object) -> None:
        if not isinstance(module, str) or not isinstance(name, str) or len(module) + len(name) > MAX_NAME:
            self.globals.add(COMPUTED)
            self._made(Inert(Global("computed", "name")))
            return
        found = Global(_RENAMED.get(module, module), name)
        self.globals.add(str(found))
        self._push(found)

    def _call(self, function: object, args: object) -> None:
        parts = as_tuple(args)
        if function == _GETATTR and len(parts) > 1 and isinstance(parts[0], Global) and isinstance(parts[1], str):
            # What a name leads to is a name, too: `getattr(torch.serialization, "os")`.
            short = len(parts[0].name) + len(parts[1]) < MAX_JOINED
            self._find(parts[0].module, f"{parts[0].name}.{parts[1]}" if short else None)
            return
        if function == _STORAGE_IN and self._storage_in is not None:
            if len(parts) != 1 or not isinstance(parts[0], Placed):
                raise BrokenFile("a tensor in it is stored in a form that nobody knows")
            self._push(self._storage_in(parts[0]))
            return
        self._made(call(function, args, self._budget))

    def _store(self, target: object, values: list[object]) -> None:
        pairs = target.pairs if isinstance(target, Inert) else target
        if not isinstance(pairs, dict) or len(values) % 2:
            raise BrokenFile("its pickle stores a pair in what is no dictionary")
        held = cast("dict[object, object]", pairs)
        for position in range(0, len(values), 2):
            held[as_key(values[position])] = values[position + 1]

    def _extend(self, target: object, values: list[object]) -> None:
        items = target.items if isinstance(target, Inert) else target
        if not isinstance(items, list):
            raise BrokenFile("its pickle appends to what is no list")
        cast("list[object]", items).extend(values)

    def _build(self) -> None:
        state = self._pop()
        target = self._top()
        if isinstance(target, Inert):
            target.state = state

    def _add(self) -> None:
        values = self._pop_to_mark()
        target = self._top()
        if isinstance(target, set):
            cast("set[object]", target).update(as_key(value) for value in values)
        else:
            self._extend(target, values)

    def _persistent(self, name: object) -> None:
        found = self._meaning(name)
        if isinstance(found, Storage):
            self.storages[found.key] = found.dtype
        self._made(found)

    def _remember(self, number: int) -> None:
        self._memo[number] = self._top()

    def _recall(self, number: int) -> None:
        if number not in self._memo:
            raise BrokenFile("its pickle recalls what it never stored")
        self._push(self._memo[number])

    def _instance(self) -> None:
        module, name = self._line(), self._line()
        args = tuple(self._pop_to_mark())
        self._find(module, name)
        self._call(self._pop(), args)

    def _object(self) -> None:
        values = self._pop_to_mark()
        self._call(values[0], tuple(values[1:]))

    def _new_with_names(self) -> None:
        names, args, cls = self._pop(), self._pop(), self._pop()
        self._made(Inert(cls, (args, names)))

    def _reduce(self) -> None:
        args, function = self._pop(), self._pop()
        self._call(function, args)

    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        self._find(module, name)

    def _set_one(self) -> None:
        value, key = self._pop(), self._pop()
        self._store(self._top(), [key, value])

    def _set_many(self) -> None:
        values = self._pop_to_mark()
        self._store(self._top(), values)

    def _append_many(self) -> None:
        values = self._pop_to_mark()
        self._extend(self._top(), values)

    def _append_one(self) -> None:
        value = self._pop()
        self._extend(self._top(), [value])

    def _tuple(self, count: int) -> None:
        values = [self._pop() for _ in range(count)]
        self._push(tuple(reversed(values)))

    def _dict_from_mark(self) -> None:
        values = self._pop_to_mark()
        made: dict[object, object] = {}
        self._store(made, values)
        self._made(made)

    def _number(self, form: str) -> None:
        self._push(struct.unpack(form, self._take(struct.calcsize(form)))[0])

    def _long(self, form: str) -> None:
        (count,) = struct.unpack(form, self._take(struct.calcsize(form)))
        if not 0 <= count <= MAX_NUMBER_BYTES:
            raise BrokenFile(f"a number in it claims {count:,} bytes")
        self._push(int.from_bytes(self._take(count), "little", signed=True))

    def _integer_line(self) -> None:
        line = self._line()
        if len(line) > MAX_NUMBER_BYTES:
            raise BrokenFile("a number in it is too long")
        self._push({"00": False, "01": True}[line] if line in ("00", "01") else int(line.rstrip("L")))

    def _text_line(self) -> None:
        quoted = self._line()
        if len(quoted) < 2 or quoted[0] != quoted[-1] or quoted[0] not in "'\"":
            raise BrokenFile("a text in it has no quotes")
        self._push(codecs.escape_decode(quoted[1:-1].encode())[0].decode("utf-8", "backslashreplace"))

    def _refuse(self) -> None:
        raise BrokenFile("it was pickled for a program that keeps parts of it elsewhere")


def read_pickle(data: bytes) -> tuple[object, frozenset[str]]:
    """The value of a pickle that fills ``data``, and the names in Python that it asks for.

    Raises:
        BrokenFile: it is none, or something follows it; what a second pickle asks for is known, too, then.
    """
    stream = io.BytesIO(data)
    reader = PickleReader(stream, len(data))
    value = reader.read()
    if stream.tell() < len(data):
        # PyTorch writes one.  Whoever hides another behind it means no good: say what it asks for.
        with contextlib.suppress(BrokenFile):
            while stream.tell() < len(data):
                reader.read()
        broken = BrokenFile("something follows its pickle")
        broken.globals = frozenset(reader.globals)
        raise broken
    return value, frozenset(reader.globals)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
