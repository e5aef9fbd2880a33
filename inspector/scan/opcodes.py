"""What a pickle would import and call, told by walking its opcodes on an abstract stack.

Comes in: a seekable file. Goes out: a Reading: every import, what no ordinary pickle does, and why
the walk ended early if it did. Nothing is loaded: values are known here only where they are strings
(a name may be put together from the memo) or imports; everything else is opaque. The walk follows
one pickle after another, as a loader that is called again would.

Source: `pickletools`, whose tables say what each opcode takes from the stack and puts there.
"""

from __future__ import annotations

import codecs
import io
import pickletools
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

MAX_OPCODES = 1_000_000  # a checkpoint of 20,000 tensors has as many; also bounds memory
MAX_ARGUMENT_BYTES = 64 * 2**20
MAX_LINE_BYTES = 100_000  # of protocol 0, whose arguments end with the line
MAX_PROTOCOL = 5
N_HEAD = 65_536  # bytes by which content is told
N_CERTAIN = 4  # opcodes after a protocol mark that no other format has by chance

CALLS = {"REDUCE", "BUILD", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"}
PUTS = {"PUT", "BINPUT", "LONG_BINPUT"}
GETS = {"GET", "BINGET", "LONG_BINGET"}
STRINGS = {
    *("STRING", "BINSTRING", "SHORT_BINSTRING"),
    *("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
}
NUMBERS = {"INT", "LONG", "FLOAT", *PUTS, *GETS}
CODES = {opcode.code: opcode for opcode in pickletools.opcodes}
DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True)
class Import:
    """One (module, name) that loading would import."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class _Mark:
    """The stack's mark."""


class Unreadable(Exception):
    """Why the walk cannot go on. is_cut: the bytes end (or a limit does) inside an opcode."""

    def __init__(self, why: str, is_cut: bool = False) -> None:
        super().__init__(why)
        self.is_cut = is_cut


@dataclass
class Reading:
    """What a walk saw.

    oddities: what no ordinary pickle does, in words. problem: why the walk ended early, None if it
    did not. is_cut: the problem is that the bytes, or what may be read of them, end too early.
    n_stops: pickles read to their end. end: the byte after the last that belongs to a pickle.
    """

    imports: list[Import] = field(default_factory=list)
    oddities: list[str] = field(default_factory=list)
    problem: str | None = None
    is_cut: bool = False
    has_mark: bool = False
    n_opcodes: int = 0
    n_calls: int = 0
    n_stops: int = 0
    end: int = 0

    @property
    def acts(self) -> bool:
        """Whether loading would import or call anything at all."""
        return bool(self.imports or self.n_calls or self.oddities)

    @property
    def is_pickle(self) -> bool:
        """Whether these bytes are a pickle rather than something that happens to begin like one.

        Protocols 0 and 1 have no mark: they count once they do something that code would do.
        """
        if self.has_mark:
            whole = self.n_stops > 0 or self.n_opcodes >= N_CERTAIN or self.imports != []
            return whole or (self.is_cut and self.n_opcodes >= 2)
        return self.n_calls > 0 or (self.n_stops > 0 and self.acts)


def read(file: BinaryIO, size_bytes: int, max_opcodes: int = MAX_OPCODES) -> Reading:
    """Walks the pickles at the file's beginning; size_bytes: of the whole content.

    What follows the last whole pickle and does nothing, raw tensor data for example, is no problem.
    """
    window = _Window(file, size_bytes)
    total = Reading()
    while window.position < size_bytes and total.problem is None:
        one = _read_one(window, max_opcodes - total.n_opcodes)
        if total.n_stops and one.problem is not None and not one.acts and not one.has_mark:
            break
        total.imports += [i for i in one.imports if i not in total.imports]
        total.oddities += [o for o in one.oddities if o not in total.oddities]
        total.problem, total.is_cut = one.problem, one.is_cut
        total.has_mark = total.has_mark or one.has_mark
        total.n_opcodes += one.n_opcodes
        total.n_calls += one.n_calls
        total.n_stops += one.n_stops
        total.end = window.position if one.problem is None else size_bytes
    if size_bytes == 0:
        total.problem, total.is_cut = "the file is empty", True
    return total


def looks_like_pickle(head: bytes, size_bytes: int) -> bool | None:
    """Whether content that begins with `head` is a pickle; None where `head` is too short to tell.

    size_bytes: of the whole content.
    """
    reading = _read_one(_Window(io.BytesIO(head), size_bytes, len(head)), max_opcodes=2_000)
    if reading.is_pickle:
        return True
    if reading.is_cut and len(head) < size_bytes:
        return None
    return reading.is_cut and reading.n_opcodes >= 2_000  # no other format runs on for so long


class _Window:
    """A file for `genops` whose reads are bounded. n_there: bytes that can be had of size_bytes."""

    def __init__(self, file: BinaryIO, size_bytes: int, n_there: int | None = None) -> None:
        self._file = file
        self._size_bytes = size_bytes
        self._n_there = size_bytes if n_there is None else n_there
        self.position = 0

    def tell(self) -> int:
        return self.position

    def read(self, n: int) -> bytes:
        if n < 0 or self.position + n > self._size_bytes:
            raise Unreadable(f"an opcode at byte {self.position:,} goes on after the end", True)
        if n > MAX_ARGUMENT_BYTES:
            raise Unreadable(f"one argument has {n:,} bytes; {MAX_ARGUMENT_BYTES:,} are read", True)
        if self.position + n > self._n_there:
            raise Unreadable("the bytes at hand end", True)
        self._file.seek(self.position)
        data = self._file.read(n)
        self.position += len(data)
        return data

    def readline(self) -> bytes:
        self._file.seek(self.position)
        line = self._file.readline(MAX_LINE_BYTES)
        if not line.endswith(b"\n"):
            is_cut = self.position + len(line) >= self._n_there
            raise Unreadable(f"a line at byte {self.position:,} does not end", is_cut)
        self.position += len(line)
        return line


def _read_one(window: _Window, max_opcodes: int) -> Reading:
    """Walks one pickle from the window's position to its STOP.

    Without the reader's warnings of odd escapes: weights that look like text are full of them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return _walk(window, max_opcodes)


def _walk(window: _Window, max_opcodes: int) -> Reading:
    reading = Reading()
    machine = _Machine(reading)
    start = window.position
    try:
        for opcode, argument in _opcodes(window):
            if reading.n_opcodes >= max_opcodes:
                raise Unreadable(f"more than {max_opcodes:,} opcodes", True)
            reading.n_opcodes += 1
            if opcode.name == "PROTO":
                protocol: int = argument
                if protocol > MAX_PROTOCOL:
                    raise Unreadable(f"protocol {protocol}")
                reading.has_mark = reading.has_mark or (protocol >= 2 and reading.n_opcodes == 1)
            machine.step(opcode, argument)
        reading.n_stops = 1
    except Unreadable as error:
        reading.problem, reading.is_cut = str(error), error.is_cut
    except (ValueError, OverflowError, UnicodeError) as error:
        reading.problem = f"{error} (opcode {reading.n_opcodes + 1:,} after byte {start:,})"
    return reading


def _opcodes(window: _Window) -> Iterator[tuple[pickletools.OpcodeInfo, Any]]:
    """What `pickletools.genops` gives, and what the unpickler in C takes and genops does not."""
    name = ""
    while name != "STOP":
        start = window.position
        code = window.read(1).decode("latin-1")
        opcode = CODES.get(code)
        if opcode is None:
            raise ValueError(f"at position {start}, opcode {code!r} unknown")
        name, argument = opcode.name, None
        if opcode.arg is not None:
            try:
                argument = opcode.arg.reader(cast(BinaryIO, window))
            except ValueError:
                window.position = start + 1
                argument = _as_c_reads(name, window)
        yield opcode, argument


def _as_c_reads(name: str, window: _Window) -> Any:
    """The argument of a line as CPython's `_pickle.c` reads it (`strtol` with base 0, up to a NUL
    byte; texts in the loader's encoding). Raises ValueError where that fails too."""
    if name == "STRING":
        line = window.readline()[:-1]
        if len(line) < 2 or line[0] != line[-1] or line[:1] not in (b"'", b'"'):
            raise ValueError("a text without quotes")
        return codecs.escape_decode(line[1:-1])[0].decode("latin-1")
    if name not in NUMBERS or name.startswith(("BIN", "LONG_")):
        raise ValueError(f"the argument of {name} cannot be read")
    digits, nul, _ = window.readline().partition(b"\0")
    text = digits.decode("ascii").strip().removesuffix("L" if name == "LONG" else "")
    if name == "FLOAT":
        return float(text or "nan")
    return int(text, 0) if text or not nul else 0


class _Machine:
    """The abstract stack and memo. Values: a string, an Import, a _Mark, or None (opaque)."""

    def __init__(self, reading: Reading) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._reading = reading

    def step(self, opcode: pickletools.OpcodeInfo, argument: Any) -> None:
        name = opcode.name
        if name == "MEMOIZE" or name in PUTS:
            key = len(self._memo) if name == "MEMOIZE" else int(argument)
            self._memo[key] = self._top()
        elif name in GETS:
            if int(argument) not in self._memo:
                raise Unreadable(f"the memo has no entry {argument}")
            self._stack.append(self._memo[int(argument)])
        elif name == "MARK":
            self._stack.append(_Mark())
        elif name == "DUP":
            self._stack.append(self._top())
        elif name == "POP":  # the only opcode that may take a mark away as if it were a value
            if not self._stack:
                raise Unreadable("POP from an empty stack")
            self._stack.pop()
        else:
            taken = self._take(opcode)
            self._note(name, argument, taken)
            if name in STRINGS:
                self._stack.append(argument)
            elif name in ("GLOBAL", "STACK_GLOBAL"):
                self._stack.append(self._named(name, argument, taken))
            else:
                self._stack.extend(None for _ in opcode.stack_after)

    def _top(self) -> Any:
        if not self._stack or isinstance(self._stack[-1], _Mark):
            raise Unreadable("an opcode needs a value that is not there")
        return self._stack[-1]

    def _take(self, opcode: pickletools.OpcodeInfo) -> list[Any]:
        """What the opcode takes from the stack, bottom first."""
        before = opcode.stack_before
        taken: list[Any] = []
        n_below = len(before)
        if pickletools.markobject in before:
            n_below = before.index(pickletools.markobject)
            while True:
                if not self._stack:
                    raise Unreadable(f"{opcode.name} without a mark")
                value = self._stack.pop()
                if isinstance(value, _Mark):
                    break
                taken.append(value)
        for _ in range(n_below):
            taken.append(self._top())
            self._stack.pop()
        return taken[::-1]

    def _note(self, name: str, argument: Any, taken: list[Any]) -> None:
        """Writes down what the opcode would import or call."""
        reading = self._reading
        if name == "INST":
            self._named(name, argument, taken)
        if name in ("EXT1", "EXT2", "EXT4"):
            self._odd(f"takes number {argument} of the process's own extension registry ({name})")
        if name in CALLS:
            reading.n_calls += 1
        if name in ("REDUCE", "NEWOBJ", "NEWOBJ_EX", "OBJ"):
            if not taken:
                raise Unreadable(f"{name} without anything to call")
            if not isinstance(taken[0], Import):
                self._odd(f"calls something that was computed ({name})")
        elif name == "BUILD" and isinstance(taken[0], Import):
            self._odd(f"changes {taken[0]} itself (BUILD)")

    def _named(self, name: str, argument: Any, taken: list[Any]) -> Import | None:
        """The import of GLOBAL, INST or STACK_GLOBAL; None where its name is computed."""
        if name == "STACK_GLOBAL":
            module, attribute = taken
        else:
            module, _, attribute = argument.partition(" ")
        if not isinstance(module, str) or not isinstance(attribute, str):
            self._odd("imports by a name that is computed (STACK_GLOBAL)")
            return None
        if not DOTTED.fullmatch(module) or not DOTTED.fullmatch(attribute):
            if not self._reading.has_mark:  # text without a mark may look like this
                raise Unreadable(f"{module!r} {attribute!r} is no name of an import")
            self._odd(f"imports by the odd name {module!r} {attribute!r}")
        found = Import(module, attribute)
        if found not in self._reading.imports:
            self._reading.imports.append(found)
        return found

    def _odd(self, what: str) -> None:
        if what not in self._reading.oddities:
            self._reading.oddities.append(what)
