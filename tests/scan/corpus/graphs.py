"""Graphs of ONNX, TensorFlow and Keras that reach for code or files, and ordinary ones.

They are written field by field (`message`): no such library is needed, and none would write most of
them. Field numbers: the readers in `inspector/scan/` name their sources.
"""

from __future__ import annotations

import json

from tests.scan.corpus.disguises import DEFLATED, tarred, zipped
from tests.scan.corpus.pickles import benign, hostile

KERAS, GRAPH, UNREADABLE = "CODE-KERAS", "CODE-GRAPH", "CODE-GRAPH-UNREADABLE"
PATH, CUSTOM = "CODE-ONNX-PATH", "CODE-ONNX-OPERATOR"


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def message(*fields: tuple[int, int | str | bytes]) -> bytes:
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            content = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(content)) + content
    return out


def node(op: str, domain: str = "", attribute: bytes | None = None) -> bytes:
    more = [(5, attribute)] if attribute is not None else []
    return message((1, "x"), (2, "y"), (4, op), *more, *([(7, domain)] if domain else []))


def weights(location: str) -> bytes:
    """A tensor whose values lie in another file."""
    place = message((1, "location"), (2, location))
    return message((1, 4), (2, 1), (8, "w"), (13, place), (14, 1))


def onnx(
    *nodes: bytes, tensors: tuple[bytes, ...] = (), functions: tuple[bytes, ...] = ()
) -> bytes:
    graph = message(*[(1, n) for n in nodes], (2, "g"), *[(5, t) for t in tensors])
    return message((1, 8), (2, "pytorch"), (7, graph), *[(25, f) for f in functions])


def function(name: str, domain: str, *nodes: bytes) -> bytes:
    return message((1, name), *[(7, n) for n in nodes], (10, domain))


def tensorflow_node(op: str) -> bytes:
    return message((1, "n"), (2, op))


def saved_model(*ops: str, in_a_function: bool = False) -> bytes:
    nodes = [tensorflow_node(op) for op in ops]
    if in_a_function:
        graph = message((2, message((1, message(*[(3, n) for n in nodes])))))
    else:
        graph = message(*[(1, n) for n in nodes])
    return message((1, 1), (2, message((2, graph))))


def described(*layers: dict[str, object]) -> bytes:
    config = {"name": "sequential", "layers": list(layers)}
    return json.dumps({"module": "keras", "class_name": "Sequential", "config": config}).encode()


def keras(*layers: dict[str, object]) -> bytes:
    """A .keras archive."""
    return zipped({"metadata.json": b"{}", "config.json": described(*layers)})


def hdf5(description: bytes, n_before: int = 88) -> bytes:
    """Text between bytes, as HDF5 keeps an attribute."""
    noise = bytes(range(256)) * 40
    return b"\x89HDF\r\n\x1a\n" + bytes(n_before) + b"model_config\0" + description + b"\0" + noise


def named(module: str, name: str) -> dict[str, object]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


DENSE: dict[str, object] = {
    "module": "keras.layers",
    "class_name": "Dense",
    "config": {"units": 4, "activation": "relu", "kernel_initializer": named("builtins", "zeros")},
    "registered_name": None,
}
OLD_LAMBDA: dict[str, object] = {
    "class_name": "Lambda",
    "config": {"function": ["4wEAAAA=", None, None], "function_type": "lambda"},
}
LAMBDA: dict[str, object] = {
    "module": "keras.layers",
    "class_name": "Lambda",
    "config": {"function": {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}},
}
ESCAPED = described(OLD_LAMBDA).replace(b'"Lambda"', b'"\\u004cambda"')
TENSORFLOW_CALL = {"class_name": "TFOpLambda", "config": {"function": "io.write_file"}}
LONG = json.dumps({"history": ["x" * 100] * 200, "class_name": "Lambda"}).encode()

CASES = (
    hostile("onnx-reads-above", "model.onnx", onnx(tensors=(weights("../../key.pem"),)), PATH),
    hostile("onnx-reads-root", "onnx/m.onnx", onnx(tensors=(weights("/etc/passwd"),)), PATH),
    hostile(
        "onnx-python", "model.onnx", onnx(node("PyOp", "ai.onnx.contrib")), CUSTOM, at="medium"
    ),
    hostile("onnx-custom", "model.onnx", onnx(node("Sum2", "my.domain")), CUSTOM, at="medium"),
    hostile(
        "onnx-custom-in-a-branch",
        "model.onnx",
        onnx(node("If", "", message((1, "then"), (6, message((1, node("Sum2", "my.domain"))))))),
        CUSTOM,
        at="medium",
    ),
    hostile("onnx-cut", "model.onnx", onnx(tensors=(weights("a.data"),))[:-5], UNREADABLE),
    hostile("onnx-of-text", "model.onnx", b"hello world, this is no graph", UNREADABLE),
    hostile("saved-model-writes", "saved_model.pb", saved_model("Const", "WriteFile"), GRAPH),
    hostile(
        "saved-model-calls-python",
        "tf/saved_model.pb",
        saved_model("EagerPyFunc", in_a_function=True),
        GRAPH,
    ),
    hostile("frozen-graph-reads", "g.pb", message((1, tensorflow_node("ReadFile"))), GRAPH),
    hostile("saved-model-of-noise", "saved_model.pb", b"\xff" * 50, UNREADABLE),
    hostile("keras-lambda", "model.keras", keras(DENSE, LAMBDA), KERAS),
    hostile("keras-module", "model.keras", keras(named("os", "system")), KERAS),
    hostile("keras-download", "m.keras", keras(named("keras.utils", "get_file")), KERAS),
    hostile("keras-in-tar", "m.tar", tarred({"m.keras": keras(LAMBDA)}), KERAS),
    hostile("h5-lambda", "model.h5", hdf5(described(OLD_LAMBDA)), KERAS),
    hostile("h5-lambda-escaped", "model.h5", hdf5(ESCAPED), KERAS),
    hostile("h5-long", "model.h5", hdf5(LONG), KERAS),
    hostile("h5-under-another-name", "model.dat", hdf5(described(OLD_LAMBDA)), KERAS),
    hostile("h5-at-an-edge", "a.h5", hdf5(described(OLD_LAMBDA), 4 * 2**20 - 25), KERAS),
    hostile("h5-tensorflow-call", "a.h5", hdf5(json.dumps(TENSORFLOW_CALL).encode()), KERAS),
    hostile("h5-in-zip", "a.zip", zipped({"a.h5": hdf5(described(LAMBDA))}, DEFLATED), KERAS),
    hostile("keras-metadata", "keras_metadata.pb", message((1, described(OLD_LAMBDA))), KERAS),
    benign(
        "onnx-export",
        "onnx/model.onnx",
        onnx(node("MatMul"), node("Gelu", "com.microsoft"), tensors=(weights("model.onnx_data"),)),
    ),
    benign(
        "onnx-with-functions",
        "model.onnx",
        onnx(node("f", "pkg.torch"), functions=(function("f", "pkg.torch", node("Add")),)),
    ),
    benign("saved-model", "saved_model.pb", saved_model("Const", "SaveV2", "RestoreV2")),
    benign("other-pb", "labels.pb", b"labels of another program\n"),
    benign("keras", "model.keras", keras(DENSE)),
    benign("h5", "tf_model.h5", hdf5(described(DENSE))),
    benign("h5-of-numbers", "data.h5", hdf5(b"")),
)
