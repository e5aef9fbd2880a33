"""Risk: a second weight file that some loaders take and others do not see.

Comes in: a model. Goes out: a finding for each safetensors file in its root that the usual loader
leaves out, and that holds tensors of the same names with other values. A copy in another float type
(a "variant") has the same values but for rounding, and is none.

Source: transformers 5.23 opens model.safetensors or what its index lists; vLLM and TGI take every
*.safetensors file of a folder without an index.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from inspector.records import Artifact, ArtifactKind, Finding, Severity
from inspector.records.lineage import Kinship
from inspector.scan.kinship import compare
from inspector.scan.rule import Rule, first_few
from inspector.scan.safetensors_header import read_header
from inspector.scan.stored import Stored, is_float, stored_tensors
from inspector.scan.weights import loaded_files

STRAY = Rule(
    "WEIGHTS-STRAY",
    Severity.HIGH,
    "A second weight file gives tensors of the model other values",
    "Remove it, or ask the author what it is for: some loaders take every file they find.",
)


class Strays:
    """Files beside those that the usual loader takes."""

    rules = (STRAY,)

    def scan(self, artifact: Artifact, _base: Artifact | None) -> Iterable[Finding]:
        if artifact.kind is not ArtifactKind.MODEL or artifact.gguf_file is not None:
            return
        beside = [f.path for f in artifact.files if _is_root_file(f.path)]
        taken = set(loaded_files(artifact))
        if not taken or taken >= set(beside):
            return
        ours = stored_tensors(artifact)
        for name in sorted(set(beside) - taken):
            path = Path(artifact.folder) / name
            others = [Stored(path, t) for t in read_header(path).tensors if t.name in ours]
            unlike = [o.name for o in others if not _same(ours[o.name], o)]
            if unlike:
                yield STRAY.found(name, first_few([repr(n) for n in unlike]))


def _is_root_file(path: str) -> bool:
    return "/" not in path and path.lower().endswith(".safetensors")


def _same(one: Stored, other: Stored) -> bool:
    if one.shape != other.shape or not is_float(other.tensor.dtype):
        return False
    return compare(one, other).kinship is Kinship.IDENTICAL
