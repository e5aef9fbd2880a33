"""Risk: a TensorFlow graph that calls Python, or reads and writes files when it is run.

Comes in: an open `saved_model.pb`, or another .pb file. Goes out: (rule, evidence). The graph is
read as bytes, and nothing is run.

Sources: saved_model.proto, meta_graph.proto, graph.proto, function.proto of TensorFlow (field
numbers); its list of raw operators (https://www.tensorflow.org/api_docs/python/tf/raw_ops).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from inspector.records import Severity
from inspector.scan.rule import Rule
from inspector.scan.wire import Field, Message

ACTS = Rule(
    "CODE-GRAPH",
    Severity.HIGH,
    "A TensorFlow graph calls Python, or reads or writes files",
    "Do not run it: a model needs none of these operators to answer.",
)

# Saving and restoring have operators of their own, which every saved model holds.
ACTING = {
    *("PyFunc", "PyFuncStateless", "EagerPyFunc", "ReadFile", "WriteFile"),
    *("MatchingFiles", "MatchingFilesDataset", "WholeFileReader", "WholeFileReaderV2"),
}

_META_GRAPH, _GRAPH = 2, 2  # of a saved model; of its meta graph
_NODE, _LIBRARY, _FUNCTION, _FUNCTION_NODE = 1, 2, 1, 3
_OP = 2  # of a node


def look_at_saved_model(file: BinaryIO, size_bytes: int) -> Iterator[tuple[Rule, str]]:
    """Raises BadMessage where it is no saved model."""
    message = Message(file)
    ops: set[str] = set()
    for meta in message.fields(0, size_bytes):
        if meta.number == _META_GRAPH and meta.end:
            for field in message.fields(meta.begin, meta.end):
                if field.number == _GRAPH and field.end:
                    ops |= set(_ops(message, field.begin, field.end))
    yield from _acting(ops)


def look_at_graph(file: BinaryIO, size_bytes: int) -> Iterator[tuple[Rule, str]]:
    """A graph alone ("frozen"). Raises BadMessage where it is none."""
    yield from _acting(set(_ops(Message(file), 0, size_bytes)))


def _acting(ops: set[str]) -> Iterator[tuple[Rule, str]]:
    if found := sorted(ops & ACTING):
        yield ACTS, ", ".join(found)


def _ops(message: Message, begin: int, end: int) -> Iterator[str]:
    """Of a graph's nodes, and of the functions in its library."""
    for field in message.fields(begin, end):
        if field.number == _NODE:
            yield from _op(message, field)
        elif field.number == _LIBRARY:
            for function in message.fields(field.begin, field.end):
                if function.number == _FUNCTION:
                    for part in message.fields(function.begin, function.end):
                        if part.number == _FUNCTION_NODE:
                            yield from _op(message, part)


def _op(message: Message, node: Field) -> Iterator[str]:
    for field in message.fields(node.begin, node.end):
        if field.number == _OP and field.end:
            yield message.text(field)
