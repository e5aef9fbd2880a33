"""Pickles that would run code, written opcode by opcode, and pickles of plain data.

The payload is always of the kind of `echo`; most are the bypasses that published scanners missed at
some time: calls off their lists, names put together in the memo, streams that go on or break off.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import pathlib
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np

from inspector.records import Severity
from tests.fetch.tiny_files import write_model
from tests.scan.corpus import Case

CODE, SUSPICIOUS, UNREADABLE = "PICKLE-CODE", "PICKLE-SUSPICIOUS", "PICKLE-UNREADABLE"
DISGUISED = "PICKLE-DISGUISED"
ECHO = "echo inspected"
SYSTEM = b"cposix\nsystem\n(S'echo inspected'\ntR."  # protocol 0


def call(module: str, name: str, *arguments: object, protocol: int = 4) -> bytes:
    """The pickle of a call, without the function being imported here."""
    packed = pickle.dumps(arguments, protocol)[:-1]  # leaves the tuple on the stack, and no STOP
    body = packed[2:] if protocol >= 2 else packed
    if protocol >= 4:
        body = body[9:] if body[:1] == b"\x95" else body  # the frame would have another length
        names = short(module) + short(name) + b"\x93"
    else:
        names = f"c{module}\n{name}\n".encode()
    # the memo indices of `packed` stay valid: the names are not put into the memo
    return (b"\x80" + bytes([protocol]) if protocol >= 2 else b"") + names + body + b"R."


def short(text: str) -> bytes:
    """SHORT_BINUNICODE."""
    return b"\x8c" + bytes([len(text)]) + text.encode()


def beside(name: str, content: bytes | Callable[[], bytes]) -> Callable[[Path], None]:
    """A sound model with one more file."""

    def build(folder: Path) -> None:
        write_model(folder)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content())

    return build


def hostile(
    name: str, file: str, content: bytes | Callable[[], bytes], *rules: str, at: str = "high"
) -> Case:
    return Case(name, beside(file, content), rules or (CODE,), Severity(at))


def benign(name: str, file: str, content: bytes | Callable[[], bytes]) -> Case:
    return Case(name, beside(file, content))


P4 = b"\x80\x04"
NEWOBJ_EX = P4 + b"csubprocess\nPopen\n" + short(ECHO) + b"\x85}" + short("shell") + b"\x88s\x92."
FROM_MEMO = (  # names pushed, memoized and dropped; fetched in order behind two decoys
    P4
    + short("system") + b"\x940" + short("posix") + b"\x940"
    + b"h\x01h\x00\x93" + short(ECHO) + b"\x85R."
)  # fmt: skip
MEMO_OVERWRITTEN = (  # entry 0 holds a harmless module when it is written first
    b"\x80\x02" + b"X\x0b\x00\x00\x00collectionsq\x000"
    + b"X\x05\x00\x00\x00posixq\x000" + b"X\x06\x00\x00\x00systemq\x010"
    + b"h\x00h\x01\x93X\x04\x00\x00\x00echo\x85R."
)  # fmt: skip
MEMO_BY_DUP = (  # the memo gets a duplicate, whose opcode has no argument to read the name from
    P4
    + short("posix")
    + b"2q\x0500"
    + b"h\x05"
    + short("system")
    + b"\x93"
    + short(ECHO)
    + b"\x85R."
)
GETATTR = (  # getattr(__import__("os"), "system")("echo inspected")
    b"cbuiltins\ngetattr\n(cbuiltins\n__import__\n(S'os'\ntRS'system'\ntR(S'echo inspected'\ntR."
)
CHAIN = b"c_io\nopen\n(S'/dev/null'\nS'r'\ntR0cbuiltins\ngetattr\n(c_io\nTextIOWrapper\nS'mro'\ntR."
BUILD_ON_CLASS = b"\x80\x02ccollections\nOrderedDict\n(N}X\x03\x00\x00\x00popK\x01stb."
CALL_OF_COMPUTED = b"\x80\x02ccollections\ndefaultdict\n)R)R."

MARSHALLED = (
    b"ctypes\nFunctionType\n(cmarshal\nloads\n(S'no real code'\ntRcbuiltins\nglobals\n(tRtR(tR."
)
PADDED = P4 + b"N0" * 60_000 + SYSTEM  # longer than the opcodes that some scanners look at
COMPUTED_NAME = P4 + short("posix") + b"cbuiltins\nstr\n" + short("system") + b"\x85R\x93)R."
FRAMED = P4 + b"\x95\xff\xff\xff\xff\xff\xff\xff\x7f" + SYSTEM

LEGACY_HEAD = [pickle.dumps(n, 2) for n in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]

KNOWN_CALLS: tuple[tuple[str, str, tuple[object, ...]], ...] = (
    ("timeit", "timeit", ("1", "1")),
    ("pydoc", "pipepager", ("text", "cat")),
    ("torch.hub", "load", ("nobody/nothing", "model")),
    ("numpy.testing._private.utils", "runstring", ("1", {})),
    ("subprocess", "check_output", (["echo"],)),
    ("builtins", "eval", ("1",)),
    ("builtins", "exec", ("1",)),
    ("runpy", "run_path", ("nothing.py",)),
    ("importlib", "import_module", ("this",)),
    ("webbrowser", "open", ("about:blank",)),
    ("cProfile", "run", ("1",)),
    ("pip", "main", (["--version"],)),
    ("ctypes", "CDLL", ("nothing.so",)),
    ("functools", "partial", (print, "x")),
    ("operator", "methodcaller", ("system", ECHO)),
    ("_io", "FileIO", ("/dev/null",)),
    ("pkgutil", "resolve_name", ("os:system",)),
    ("torch.serialization", "load", ("nothing.pt",)),
    ("numpy.f2py.crackfortran", "myeval", ("1",)),
    ("torch.storage", "_load_from_bytes", (pickle.dumps(1),)),
    ("torch.utils.collect_env", "run", ("echo",)),
    ("torch._inductor.codecache", "compile_file", ("", "", ["echo"])),
    ("torch.jit.unsupported_tensor_ops", "execWrapper", ("1", {}, {})),
    ("logging.config", "dictConfig", ({"version": 1},)),
    ("multiprocessing.util", "spawnv_passfds", (b"/bin/echo", [b"echo"], [])),
    ("asyncio.unix_events", "_UnixSubprocessTransport._start", ()),
    ("code", "InteractiveInterpreter.runcode", ()),
    ("site", "addsitedir", ("nothing",)),
    ("zipimport", "zipimporter", ("nothing.zip",)),
)
UNKNOWN_CALLS: tuple[tuple[str, str, tuple[object, ...]], ...] = (
    ("some_package.models", "Encoder", ()),
    ("numpy.testing", "rundocs", ("nothing.py",)),
    ("collections", "_sys.getsizeof", (1,)),
    ("joblib.numpy_pickle", "load", ("nothing.joblib",)),
    ("transformers.dynamic_module_utils", "get_class_in_module", ("A", "a.py")),
)


def known(module: str, name: str, arguments: tuple[object, ...]) -> Case:
    return hostile(f"calls-{module}.{name}", "optimizer.pkl", call(module, name, *arguments))


def unknown(module: str, name: str, arguments: tuple[object, ...]) -> Case:
    content = call(module, name, *arguments)
    return hostile(f"unknown-{module}.{name}", "model.pkl", content, SUSPICIOUS)


def pickled(value: object, protocol: int) -> Callable[[], bytes]:
    return lambda: pickle.dumps(value, protocol)


def training_args() -> bytes:
    """What transformers' trainer leaves behind, in its form, without importing it."""
    return (
        b"\x80\x02ctransformers.training_args\nTrainingArguments\n)\x81}("
        b"X\x0a\x00\x00\x00output_dirX\x03\x00\x00\x00out"
        b"X\x0d\x00\x00\x00save_strategyctransformers.trainer_utils\nSaveStrategy\n"
        b"X\x05\x00\x00\x00steps\x85RX\x06\x00\x00\x00devicectorch\ndevice\n"
        b"X\x03\x00\x00\x00cpu\x85Rub."
    )


def random_state() -> bytes:
    """As trainers keep the states of Python's and numpy's generators."""
    state = np.random.RandomState(1).get_state()
    return pickle.dumps({"python": (3, tuple(range(8)), None), "numpy": state}, 4)


PLAIN_VALUES: dict[str, object] = {
    "numbers-and-text": {"lr": 1e-4, "steps": 10, "big": 10**40, "name": "été", "none": None},
    "containers": [{1, 2}, frozenset({3}), (4, 5), bytearray(b"6"), slice(7), range(8), 9j],
    "ordered": collections.OrderedDict(a=1, b=collections.OrderedDict(c=2)),
    "defaultdict": collections.defaultdict(list, {"a": [1]}),
    "counter-and-deque": [collections.Counter("banana"), collections.deque([1, 2], 3)],
    "bytes": {"a": b"\x00\xff" * 40},
    "dates": [datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), datetime.timedelta(1)],
    "exact-numbers": [decimal.Decimal("0.1"), fractions.Fraction(1, 3)],
    "paths": pathlib.PurePosixPath("runs/1"),
    "vocabulary": {f"word{i}": i for i in range(3_000)},
    "shared-and-recursive": (lambda shared: [shared, shared, {"again": shared}])(["x"]),
    "long-text": "os.system is a function; eval and exec are others. " * 50,
    "array": np.arange(12, dtype=np.float32).reshape(3, 4),
    "scalar-and-dtype": [np.float64(1.5), np.dtype("int16"), np.bool_(True)],
    "arrays": {"w": np.ones((2, 2)), "ids": np.arange(4), "names": np.array(["a", "bc"])},
}

CASES = (
    *(
        hostile(
            f"os-system-protocol-{p}",
            "pytorch_model.bin",
            call("posix", "system", ECHO, protocol=p),
        )
        for p in range(6)
    ),
    *(known(*c) for c in KNOWN_CALLS),
    *(unknown(*c) for c in UNKNOWN_CALLS),
    hostile(
        "cut-after-the-call", "model.ckpt", call("posix", "system", ECHO)[:-1], CODE, UNREADABLE
    ),
    hostile(
        "cut-before-the-call", "model.ckpt", call("posix", "system", ECHO)[:-3], CODE, UNREADABLE
    ),
    hostile("broken-after-the-call", "a.pkl", SYSTEM[:-1] + b"\xff\xff.", CODE, UNREADABLE),
    hostile("newobj-ex", "a.pkl", NEWOBJ_EX),
    hostile("inst", "a.pkl", b"(S'echo inspected'\niposix\nsystem\n."),
    hostile("obj", "a.pkl", b"(cposix\nsystem\nS'echo inspected'\no."),
    hostile("names-from-the-memo", "a.pkl", FROM_MEMO),
    hostile("memo-overwritten", "a.pkl", MEMO_OVERWRITTEN),
    hostile("memo-by-dup", "a.pkl", MEMO_BY_DUP),
    hostile("getattr-of-import", "a.pkl", GETATTR),
    hostile("io-and-getattr-chain", "a.pkl", CHAIN),
    hostile("state-set-on-a-class", "a.pkl", BUILD_ON_CLASS, SUSPICIOUS),
    hostile("call-of-what-was-computed", "a.pkl", CALL_OF_COMPUTED, SUSPICIOUS),
    hostile("extension-registry-1", "a.pkl", b"\x80\x02\x82\x01)R."),
    hostile("extension-registry-4", "a.pkl", b"\x80\x02\x84\x01\x00\x00\x00)R."),
    hostile("marshalled-function", "a.pkl", MARSHALLED),
    hostile("padded", "a.pkl", PADDED),
    hostile("frame-too-long", "a.pkl", FRAMED),
    hostile("second-pickle", "a.pkl", pickle.dumps({"a": 1}) + SYSTEM),
    hostile("second-pickle-of-five", "a.pkl", b"".join(LEGACY_HEAD) + SYSTEM),
    hostile("pickle-in-a-pickle", "a.pkl", call("pickle", "loads", SYSTEM)),
    hostile("computed-module-name", "a.pkl", COMPUTED_NAME),
    hostile("not-ascii-name", "a.pkl", "cp\u00f6six\nsystem\n(tR.".encode(), UNREADABLE),
    # numbers and texts that CPython's unpickler in C takes and `pickletools` does not
    hostile("number-in-hex", "vocab.txt", b"I0x1\n0" + SYSTEM, DISGUISED, CODE),
    hostile("number-up-to-a-nul", "vocab.txt", b"I5\0junk\n0" + SYSTEM, DISGUISED, CODE),
    hostile("long-in-hex", "vocab.txt", b"L0x1L\n0" + SYSTEM, DISGUISED, CODE),
    hostile("text-of-another-encoding", "vocab.txt", b"S'\xe9'\n0" + SYSTEM, DISGUISED, CODE),
    hostile("module-with-a-dash", "notes.txt", b"\x80\x02cmy-code\nf\n)R.", DISGUISED, SUSPICIOUS),
    hostile("import-and-no-more", "notes.txt", b"\x80\x02ccode\nf\n\xff", DISGUISED, UNREADABLE),
    hostile("empty", "optimizer.pt", b"", UNREADABLE),
    hostile("noise", "optimizer.pt", np.random.default_rng(0).bytes(500), UNREADABLE),
    hostile("protocol-of-the-future", "a.pkl", b"\x80\x09N.", UNREADABLE),
    *(
        benign(f"{name}-protocol-{protocol}", "extra.pkl", pickled(value, protocol))
        for name, value in PLAIN_VALUES.items()
        for protocol in (0, 2, 4)
    ),
    benign("training-args", "training_args.bin", training_args),
    benign("random-state", "rng_state.pth", random_state),
    benign("several-in-one-file", "log.pkl", b"".join(pickle.dumps(n) for n in range(5))),
)
