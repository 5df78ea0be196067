"""Reading a pickle without unpickling it: nothing it names is imported, nothing it asks is run.

A pickle is a program for a small stack machine. Some of its instructions push plain values and
build lists and dictionaries; others import any object by name and call it. Here the first kind is
carried out and the second only noted down: ``os.system("...")`` becomes a :class:`Record` that
says so and does nothing.
"""

import pickletools
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO, cast

# Three times what the largest vectors in use need (three million words, four instructions each).
_MAX_INSTRUCTIONS = 40_000_000
_MAX_ARGUMENT_BYTES = 1 << 16

_FEW_INSTRUCTIONS = 100_000
_INSTRUCTIONS_A_BYTE = 8
"""Four instructions keep a word and its number, which gzip never makes shorter than two bytes."""


class NotInertError(Exception):
    """The pickle is damaged, or uses an instruction that plain data does not need."""


class Other:
    """Stands for every string that nobody asked to keep."""


OTHER = Other()


@dataclass(frozen=True, slots=True)
class Global:
    """The name of a class or function that was not imported."""

    module: object
    name: object


@dataclass(slots=True)
class Record:
    """A call that was not made: ``function(*arguments)``, then ``state`` given to the result."""

    function: object
    arguments: object
    state: object = None


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that were left in the stream."""

    offset: int
    length: int


@dataclass
class _Machine:
    """The state of the stack machine."""

    keep: Collection[str]
    stack: list[Any] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    # The pickler numbers remembered objects 0, 1, 2, ...: a list takes a third of a dict's space.
    memo: list[Any] = field(default_factory=list)

    def pop(self) -> Any:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise NotInertError("stack underflow")
        return self.stack.pop()

    def pop_to_mark(self) -> list[Any]:
        if not self.marks:
            raise NotInertError("no mark")
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def top(self, kind: type[Any]) -> Any:
        if not self.stack or type(self.stack[-1]) is not kind:
            raise NotInertError(f"{kind.__name__} expected")
        return self.stack[-1]


def read_inert(stream: BinaryIO, keep: Collection[str], size: int) -> object:
    """Return what the pickle at the beginning of a stream describes.

    Strings not in ``keep`` become ``OTHER``, and bytes stay in the stream as :class:`Blob`, so that
    a file with millions of words needs little memory. Dictionaries keep only string keys. Sets
    become lists. Objects are :class:`Record`.

    Args:
        stream: the pickle.
        keep: see there.
        size: bytes of the file as it is on disk. One that was compressed may hold no more
            instructions than words of a language could be compressed to, since each can take up to
            70 bytes of memory.

    Raises:
        NotInertError: see there.
    """
    machine = _Machine(keep)
    bounded = _BoundedStream(stream)
    for _ in range(min(_MAX_INSTRUCTIONS, _FEW_INSTRUCTIONS + _INSTRUCTIONS_A_BYTE * size)):
        name, argument = _next_instruction(bounded)
        if name == "STOP":
            return machine.pop()
        action = _ACTIONS.get(name)
        if action is None:
            raise NotInertError(f"instruction {name}")
        action(machine, argument)
    raise NotInertError("too many instructions")


class _BoundedStream:
    """Refuses to hand out more than plain data needs, whatever length the pickle claims."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        if size > _MAX_ARGUMENT_BYTES:
            raise NotInertError("a value is too long")
        return self._stream.read(size)

    def readline(self) -> bytes:
        return self._stream.readline(_MAX_ARGUMENT_BYTES)

    def skip(self, size: int) -> Blob:
        offset = self._stream.tell()
        # A position too large for the operating system would be an OverflowError.
        if size > 1 << 40:
            raise NotInertError("a value is too long")
        self._stream.seek(offset + size)
        return Blob(offset, size)


_INSTRUCTIONS = {instruction.code: instruction for instruction in pickletools.opcodes}
_BYTES_LENGTH = {"SHORT_BINBYTES": 1, "BINBYTES": 4, "BINBYTES8": 8}


def _next_instruction(stream: _BoundedStream) -> tuple[str, Any]:
    """Read one instruction with its argument, as ``pickletools.genops`` does, but leave bytes."""
    code = stream.read(1)
    instruction = _INSTRUCTIONS.get(code.decode("latin-1"))
    if instruction is None:
        raise NotInertError("not a pickle, or cut short")
    name = instruction.name
    if name in _BYTES_LENGTH:
        length = int.from_bytes(stream.read(_BYTES_LENGTH[name]), "little")
        return name, stream.skip(length)
    if instruction.arg is None:
        return name, None
    try:
        return name, instruction.arg.reader(cast("IO[bytes]", stream))
    except (ValueError, EOFError) as error:
        raise NotInertError("cut short or damaged") from error


Action = Callable[[_Machine, Any], None]


def _nothing(machine: _Machine, argument: Any) -> None:
    """PROTO and FRAME say how the pickle is laid out, which does not matter here."""


def _push_argument(machine: _Machine, argument: Any) -> None:
    machine.stack.append(argument)


def _push_text(machine: _Machine, argument: str) -> None:
    machine.stack.append(argument if argument in machine.keep else OTHER)


def _push(make: Callable[[], object]) -> Action:
    return lambda machine, argument: machine.stack.append(make())


def _mark(machine: _Machine, argument: Any) -> None:
    machine.marks.append(len(machine.stack))


def _tuple_of(size: int) -> Action:
    def action(machine: _Machine, argument: Any) -> None:
        items = [machine.pop() for _ in range(size)]
        machine.stack.append(tuple(reversed(items)))

    return action


def _tuple(machine: _Machine, argument: Any) -> None:
    items = tuple(machine.pop_to_mark())
    machine.stack.append(items)


def _list(machine: _Machine, argument: Any) -> None:
    items = machine.pop_to_mark()
    machine.stack.append(items)


def _append(machine: _Machine, argument: Any) -> None:
    item = machine.pop()
    machine.top(list).append(item)


def _extend(machine: _Machine, argument: Any) -> None:
    items = machine.pop_to_mark()
    machine.top(list).extend(items)


def _set_item(machine: _Machine, argument: Any) -> None:
    value = machine.pop()
    key = machine.pop()
    _store(machine, [key, value])


def _set_items(machine: _Machine, argument: Any) -> None:
    _store(machine, machine.pop_to_mark())


def _store(machine: _Machine, items: list[Any]) -> None:
    target = machine.top(dict)
    # Only string keys: hashing tuples nested in a hostile pickle could take for ever.
    for key, value in zip(items[::2], items[1::2], strict=False):
        if isinstance(key, str):
            target[key] = value


def _remember(machine: _Machine, argument: Any) -> None:
    """MEMOIZE, and BINPUT with an explicit number."""
    number = len(machine.memo) if argument is None else argument
    if not machine.stack or number > len(machine.memo):
        raise NotInertError("memo out of order")
    machine.memo[number : number + 1] = [machine.stack[-1]]


def _recall(machine: _Machine, argument: int) -> None:
    if argument >= len(machine.memo):
        raise NotInertError("memo out of order")
    machine.stack.append(machine.memo[argument])


def _global(machine: _Machine, argument: str) -> None:
    module, _, name = argument.partition(" ")
    _push_text(machine, module)
    _push_text(machine, name)
    _stack_global(machine, None)


def _stack_global(machine: _Machine, argument: Any) -> None:
    name = machine.pop()
    module = machine.pop()
    machine.stack.append(Global(module, name))


def _call(machine: _Machine, argument: Any) -> None:
    """REDUCE and NEWOBJ: both apply what is below the arguments to them."""
    arguments = machine.pop()
    function = machine.pop()
    machine.stack.append(Record(function, arguments))


def _call_with_keywords(machine: _Machine, argument: Any) -> None:
    keywords = machine.pop()
    arguments = machine.pop()
    function = machine.pop()
    machine.stack.append(Record(function, (arguments, keywords)))


def _build(machine: _Machine, argument: Any) -> None:
    state = machine.pop()
    machine.top(Record).state = state


_ACTIONS: dict[str, Action] = {
    **dict.fromkeys(("PROTO", "FRAME"), _nothing),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"), _push_argument),
    **dict.fromkeys(_BYTES_LENGTH, _push_argument),
    **dict.fromkeys(("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"), _push_text),
    "NONE": _push(lambda: None),
    "NEWTRUE": _push(lambda: True),
    "NEWFALSE": _push(lambda: False),
    "EMPTY_TUPLE": _push(tuple),
    "EMPTY_LIST": _push(list),
    "EMPTY_DICT": _push(dict),
    "EMPTY_SET": _push(list),
    "MARK": _mark,
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "TUPLE": _tuple,
    "FROZENSET": _list,
    "APPEND": _append,
    "APPENDS": _extend,
    "ADDITEMS": _extend,
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    **dict.fromkeys(("MEMOIZE", "BINPUT", "LONG_BINPUT"), _remember),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), _recall),
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    **dict.fromkeys(("REDUCE", "NEWOBJ"), _call),
    "NEWOBJ_EX": _call_with_keywords,
    "BUILD": _build,
}
