"""Risk: a Keras model whose description carries code, or names functions that act on files.

Comes in: an open file: `config.json` of a .keras archive, an HDF5 file, `keras_metadata.pb`. Goes
out: (rule, evidence). The description is JSON text inside of whatever holds it (HDF5 does not pack
its attributes), so it is looked for as text, and no HDF5 library is needed.

Sources: Keras 3's `serialize_keras_object` (class_name, module, config, registered_name); Keras 2's
Lambda layer (marshalled bytecode in `function`). Loading imports `module` and takes a name from it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from inspector.records import Severity
from inspector.scan.rule import Rule
from inspector.scan.wire import BadMessage

CARRIES = Rule(
    "CODE-KERAS",
    Severity.HIGH,
    "A Keras model carries code, or names code to import",
    "Do not load it; ask the author for a model of built-in layers, and keep safe_mode on.",
)

HDF5 = b"\x89HDF\r\n\x1a\n"
LIBRARIES = {"keras", "tf_keras", "tensorflow", "keras_hub", "keras_nlp", "keras_cv", "builtins"}
CODE_CLASSES = {"Lambda", "__lambda__"}
# Of the libraries' own and Python's functions, those that do more than compute.
ACTING = {
    *("eval", "exec", "compile", "__import__", "getattr", "setattr", "open", "input", "breakpoint"),
    *("get_file", "load_model", "load_weights", "model_from_json", "enable_unsafe_deserialization"),
    *("py_func", "py_function", "numpy_function", "read_file", "write_file", "system", "popen"),
}
MAX_BYTES = 32 * 2**20  # of one description: the largest have a few megabytes
N_PROBE = 4_096  # characters by which a description is told from bytes that begin like one
N_LITERAL = 8  # characters that may be missing of a word or an escape where a text is cut
N_BEGIN = 66
MAX_TRIES, MAX_READ_BYTES = 1_000_000, 2**30
CHUNK = 4 * 2**20
_BEGIN = re.compile(rb'\{\s{0,64}"')


def look_at_keras(file: BinaryIO, size_bytes: int) -> Iterator[tuple[Rule, str]]:
    """What the JSON texts in the file say, each once. Raises BadMessage where they are too many."""
    said: set[str] = set()
    for data in _texts(file, size_bytes):
        for words in _remarks(data):
            if words not in said:
                said.add(words)
                yield CARRIES, words


def _texts(file: BinaryIO, size_bytes: int) -> Iterator[Any]:
    """Every JSON object in the file that is not within another."""
    done = n_tries = n_read = 0
    for position in range(0, size_bytes, CHUNK):
        file.seek(position)
        chunk = file.read(CHUNK + N_BEGIN)  # what begins at the edge is whole in one of the two
        for begin in _BEGIN.finditer(chunk):
            start = position + begin.start()
            if start < done:
                continue
            n_tries += 1
            data, n_text = _parse(file, start, N_PROBE)
            if n_text < 0:
                n_read += MAX_BYTES
                data, n_text = _parse(file, start, MAX_BYTES)
            if n_tries > MAX_TRIES or n_read > MAX_READ_BYTES:
                raise BadMessage("more in it looks like a description than is read")
            if n_text > 0:
                yield data
            done = start + max(n_text, 1)


def _parse(file: BinaryIO, start: int, n_bytes: int) -> tuple[Any, int]:
    """(data, bytes that it took); 0 bytes where there is no JSON, -1 where it may go on."""
    file.seek(start)
    text = file.read(n_bytes).decode("latin-1")  # a character a byte; names of classes are ASCII
    try:
        return json.JSONDecoder().raw_decode(text)
    except RecursionError as error:
        raise BadMessage("a description nested too deeply to be parsed") from error
    except json.JSONDecodeError as error:
        goes_on = error.pos >= len(text) - N_LITERAL or error.msg.startswith("Unterminated")
        return None, -1 if goes_on and len(text) == n_bytes else 0


def _remarks(data: Any) -> Iterator[str]:
    """What is said of each object at any depth; no recursion."""
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
            yield from _remark(value)


def _remark(entry: dict[str, Any]) -> Iterator[str]:
    name, module, config = entry.get("class_name"), entry.get("module"), entry.get("config")
    if not isinstance(name, str):
        return
    if name in CODE_CLASSES:
        yield "a Lambda layer: a function of the author's, as bytecode or by its name"
    if isinstance(module, str) and module.partition(".")[0] not in {*LIBRARIES, ""}:
        yield f"it imports {module}.{config if name == 'function' else name}"
    function = config.get("function") if isinstance(config, dict) else config
    calls = function if name in ("function", "TFOpLambda") else None
    if isinstance(calls, str) and calls.rpartition(".")[2] in ACTING:
        yield f"it calls {calls}"
