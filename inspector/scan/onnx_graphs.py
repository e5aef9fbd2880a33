"""Risk: an ONNX graph that reads files elsewhere, or needs operators that are code from elsewhere.

Comes in: an open .onnx file. Goes out: (rule, evidence). The graph is read as bytes; weights are
stepped over, and nothing is run.

Source: onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3): field numbers of
ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto, FunctionProto; external data.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from inspector.records import Severity
from inspector.scan.rule import Rule, first_few
from inspector.scan.wire import BadMessage, Field, Message
from inspector.zips import leads_out

PATH = Rule(
    "CODE-ONNX-PATH",
    Severity.HIGH,
    "An ONNX model reads a file outside of its folder",
    "Do not load it: what it reads becomes part of the model, and may leave in its answers.",
)
CUSTOM_OP = Rule(
    "CODE-ONNX-OPERATOR",
    Severity.MEDIUM,
    "An ONNX model needs operators of somebody's own",
    "It runs only with a library of compiled code; ask the author why, and inspect that library.",
)

# The standard's domains, and those that onnxruntime brings.
DOMAINS = {
    *("", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training"),
    *("com.microsoft", "com.microsoft.nchwc", "com.microsoft.experimental", "com.microsoft.dml"),
    *("com.ms.internal.nhwc", "org.pytorch.aten"),
}
PYTHON_OPS = {"PyOp", "PyCustomOp", "PythonOp", "PythonOpGrad"}
MAX_DEPTH = 32  # graphs within nodes within graphs

_GRAPH, _FUNCTION = 7, 25  # of a model
_NODE, _INITIALIZER, _SPARSE = 1, 5, 15  # of a graph
_FUNCTION_NAME, _FUNCTION_NODE, _FUNCTION_DOMAIN = 1, 7, 10
_OP_TYPE, _ATTRIBUTE, _DOMAIN = 4, 5, 7  # of a node
_TENSOR, _SUBGRAPH, _TENSORS, _SUBGRAPHS = 5, 6, 10, 11  # of an attribute
_EXTERNAL = 13  # of a tensor: a list of keys (1) and values (2)


def look_at_onnx(file: BinaryIO, size_bytes: int) -> Iterator[tuple[Rule, str]]:
    """Raises BadMessage where it is no ONNX model."""
    graph = _Graph(Message(file))
    graph.read(size_bytes)
    outside = sorted(path for path in graph.paths if leads_out(path))
    if outside:
        yield PATH, first_few([repr(path) for path in outside])
    foreign = sorted(
        f"{domain}.{op}" if domain else op
        for domain, op in graph.ops - graph.functions
        if domain not in DOMAINS or op in PYTHON_OPS
    )
    if foreign:
        yield CUSTOM_OP, first_few(foreign)


class _Graph:
    """What a model names. ops and functions: (domain, name). paths: of external data."""

    def __init__(self, message: Message) -> None:
        self._message = message
        self.ops: set[tuple[str, str]] = set()
        self.functions: set[tuple[str, str]] = set()
        self.paths: set[str] = set()

    def read(self, size_bytes: int) -> None:
        n_graphs = 0
        for field in self._message.fields(0, size_bytes):
            if field.number == _GRAPH:
                n_graphs += 1
                self._read_graph(field, 0)
            elif field.number == _FUNCTION:
                self._read_function(field)
        if not n_graphs:
            raise BadMessage("no graph in it")

    def _read_graph(self, graph: Field, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise BadMessage(f"graphs nested more than {MAX_DEPTH} deep")
        for field in self._message.fields(graph.begin, graph.end):
            if field.number == _NODE:
                self._read_node(field, depth)
            elif field.number == _INITIALIZER:
                self._read_tensor(field)
            elif field.number == _SPARSE:  # values and indices, a tensor each
                for part in self._message.fields(field.begin, field.end):
                    if part.number in (1, 2):
                        self._read_tensor(part)

    def _read_function(self, function: Field) -> None:
        name = domain = ""
        for field in self._message.fields(function.begin, function.end):
            if field.number == _FUNCTION_NAME:
                name = self._message.text(field)
            elif field.number == _FUNCTION_DOMAIN:
                domain = self._message.text(field)
            elif field.number == _FUNCTION_NODE:
                self._read_node(field, 0)
        self.functions.add((domain, name))

    def _read_node(self, node: Field, depth: int) -> None:
        name = domain = ""
        for field in self._message.fields(node.begin, node.end):
            if field.number == _OP_TYPE:
                name = self._message.text(field)
            elif field.number == _DOMAIN:
                domain = self._message.text(field)
            elif field.number == _ATTRIBUTE:
                self._read_attribute(field, depth)
        self.ops.add((domain, name))

    def _read_attribute(self, attribute: Field, depth: int) -> None:
        for field in self._message.fields(attribute.begin, attribute.end):
            if field.number in (_TENSOR, _TENSORS) and field.end:
                self._read_tensor(field)
            elif field.number in (_SUBGRAPH, _SUBGRAPHS) and field.end:
                self._read_graph(field, depth + 1)

    def _read_tensor(self, tensor: Field) -> None:
        for field in self._message.fields(tensor.begin, tensor.end):
            if field.number == _EXTERNAL:
                entry = {
                    part.number: self._message.text(part)
                    for part in self._message.fields(field.begin, field.end)
                }
                if entry.get(1) == "location":
                    self.paths.add(entry.get(2, ""))
