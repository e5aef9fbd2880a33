"""Risk: model files of other frameworks that run code, or reach for files, when they are loaded.

Comes in: an artifact. Goes out: findings about Keras, TensorFlow and ONNX files, in archives too.
Each format has a reader of its own; a file that should be a graph and cannot be read is a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from inspector.records import Artifact, Finding, Severity
from inspector.scan.archives import LIMIT, Member, Walk
from inspector.scan.keras_models import CARRIES, HDF5, look_at_keras
from inspector.scan.onnx_graphs import CUSTOM_OP, PATH, look_at_onnx
from inspector.scan.rule import Rule
from inspector.scan.tensorflow_graphs import ACTS, look_at_graph, look_at_saved_model
from inspector.scan.wire import BadMessage

UNREADABLE = Rule(
    "CODE-GRAPH-UNREADABLE",
    Severity.HIGH,
    "A model graph cannot be read",
    "Do not load it: what it does was not looked at.",
)

Look = Callable[[BinaryIO, int], Iterator[tuple[Rule, str]]]


class Graphs:
    """Keras by content and name, TensorFlow and ONNX by name."""

    rules = (CARRIES, ACTS, PATH, CUSTOM_OP, UNREADABLE)

    def scan(self, artifact: Artifact, _base: Artifact | None) -> Iterable[Finding]:
        for file in artifact.files:
            with (Path(artifact.folder) / file.path).open("rb") as stream:
                for found in Walk(_is_wanted).members(file.path, stream, file.size_bytes):
                    if isinstance(found, Member) and not found.is_container:
                        yield from _look(found)
                    elif isinstance(found, Finding) and found.rule_id == LIMIT.rule_id:
                        yield found


def _is_wanted(location: str, head: bytes, _size_bytes: int) -> bool:
    return bool(_readers(location, head))


def _look(member: Member) -> Iterator[Finding]:
    member.file.seek(0)
    for look in _readers(member.location, member.file.read(len(HDF5))):
        try:
            for rule, said in look(member.file, member.size_bytes):
                yield rule.found(member.location, said)
        except BadMessage as error:
            # Other programs use the suffix .pb as well.
            if look is not look_at_graph:
                yield UNREADABLE.found(member.location, str(error))


def _readers(location: str, head: bytes) -> tuple[Look, ...]:
    """Who reads a file of this name and beginning."""
    place = location.lower().replace("!", "/")
    name = place.rpartition("/")[2]
    if head.startswith(HDF5) or name.endswith((".h5", ".hdf5")):
        return (look_at_keras,)
    if name == "config.json" and ".keras/" in place:
        return (look_at_keras,)
    if name.endswith(".onnx"):
        return (look_at_onnx,)
    if name == "saved_model.pb":
        return (look_at_saved_model, look_at_keras)
    if name == "keras_metadata.pb":
        return (look_at_keras,)
    return (look_at_graph,) if name.endswith(".pb") else ()
