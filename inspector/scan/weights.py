"""Risk: weight files that are not what they claim: cut, overlapping, misfitting, naming others.

Comes in: an artifact. Goes out: findings about headers, indexes and the configuration that they
must fit. What the values are like is `values`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from inspector.records import Artifact, ArtifactKind, Finding, Severity
from inspector.scan.configs import configs
from inspector.scan.gguf_header import GgufHeader, read_gguf
from inspector.scan.gguf_parts import join_parts
from inspector.scan.rule import Rule
from inspector.scan.safetensors_header import (
    HIDDEN,
    MALFORMED,
    ODD,
    OVERSIZED,
    TRUNCATED,
    Header,
    Tensor,
    read_header,
)
from inspector.scan.shapes import (
    DTYPE,
    DTYPE_DECLARED,
    MISSING,
    SHAPE,
    UNEXPECTED,
    check_gguf,
    check_model,
    is_packed,
    says_quantized,
    tied_head,
)
from inspector.scan.shards import (
    AMBIGUOUS,
    INDEX,
    SHARDS,
    UNLISTED,
    check_indexes,
    shard_names,
)
from inspector.scan.values import BLOCK_BYTES, blocks

TIED = Rule(
    "WEIGHTS-TIED",
    Severity.MEDIUM,
    "The output layer is declared to be the embedding, and is stored with other values",
    "Ask the author which one is meant: some loaders use the stored one, others leave it out.",
)

MODEL_WEIGHTS = "model.safetensors"
MODEL_INDEX = "model.safetensors.index.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
CONFIG = "config.json"
QUANTIZERS = {"quantize_config.json", "quant_config.json"}  # of AutoGPTQ and AWQ, before 2024


class Weights:
    """Headers of all safetensors and GGUF files, the index, and the configuration."""

    rules = (
        TRUNCATED,
        MALFORMED,
        OVERSIZED,
        HIDDEN,
        ODD,
        INDEX,
        SHARDS,
        UNLISTED,
        AMBIGUOUS,
        SHAPE,
        MISSING,
        UNEXPECTED,
        TIED,
        DTYPE,
        DTYPE_DECLARED,
    )

    def scan(self, artifact: Artifact, _base: Artifact | None) -> Iterable[Finding]:
        folder = Path(artifact.folder)
        headers: dict[str, Header] = {}
        tables: dict[str, GgufHeader] = {}
        for file in artifact.files:
            if file.path.lower().endswith(".safetensors"):
                header = headers[file.path] = read_header(folder / file.path)
                yield from (rule.found(file.path, said) for rule, said in header.problems)
            elif file.path.lower().endswith(".gguf"):
                table = read_gguf(folder / file.path)
                yield from (rule.found(file.path, said) for rule, said in table.problems)
                if not any(rule.severity is Severity.CRITICAL for rule, _ in table.problems):
                    tables[file.path] = table
        for path, joined, problems in join_parts(tables):
            checked = check_gguf(joined) if joined is not None else ()
            yield from (rule.found(path, said) for rule, said in (*problems, *checked))
        yield from check_indexes(artifact, headers)
        if artifact.kind is ArtifactKind.MODEL:
            yield from _check_config(artifact, headers)
        for name in sorted({MODEL_WEIGHTS, MODEL_INDEX} & {f.path for f in artifact.files}):
            if artifact.kind is ArtifactKind.ADAPTER:
                yield AMBIGUOUS.found(name, "a whole model lies beside the adapter")


def loaded_files(artifact: Artifact) -> list[str]:
    """The safetensors files that transformers and peft take, sorted; none if the index is none."""
    names = {f.path for f in artifact.files}
    wanted = ADAPTER_WEIGHTS if artifact.kind is ArtifactKind.ADAPTER else MODEL_WEIGHTS
    if wanted in names:
        return [wanted]
    if artifact.kind is ArtifactKind.MODEL and MODEL_INDEX in names:
        try:
            shards = set(shard_names(Path(artifact.folder) / MODEL_INDEX).values())
        except ValueError:
            return []
        return sorted(s for s in shards & names if s.lower().endswith(".safetensors"))
    return []


def _check_config(artifact: Artifact, headers: dict[str, Header]) -> Iterator[Finding]:
    config = next((c.data for c in configs(artifact) if c.location == CONFIG), None)
    homes = {t.name: (path, t) for path in loaded_files(artifact) for t in headers[path].tensors}
    if not isinstance(config, dict) or not homes:
        return  # an unreadable configuration or a broken header has a finding of its own
    tensors = {name: tensor for name, (_, tensor) in homes.items()}
    declared = says_quantized(config) or any(f.path in QUANTIZERS for f in artifact.files)
    problems = check_model(config, tensors, declared and is_packed(tensors))
    yield from (rule.found(CONFIG, said) for rule, said in problems)
    if tied := tied_head(config, tensors):
        embedding, head = (homes[name] for name in tied)
        if not _same(Path(artifact.folder), embedding, head):
            yield TIED.found(head[0], f"{tied[1]!r} and {tied[0]!r} differ")


def _same(folder: Path, one: tuple[str, Tensor], other: tuple[str, Tensor]) -> bool:
    if (one[1].dtype, one[1].shape) != (other[1].dtype, other[1].shape):
        return False
    buffers = np.empty((2, BLOCK_BYTES), np.uint8)
    with (
        (folder / one[0]).open("rb", buffering=0) as first,
        (folder / other[0]).open("rb", buffering=0) as second,
    ):
        pairs = zip(
            blocks(first, one[1], buffers[0]), blocks(second, other[1], buffers[1]), strict=True
        )
        return all(np.array_equal(a, b) for a, b in pairs)
