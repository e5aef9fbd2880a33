"""How fast the scanners read a model, against plain SHA-256 of the same bytes in the same run.

Comes in: a folder with room for one gigabyte. Goes out: seconds of each scanner, the speed of all
as a share of SHA-256's, and the peak memory of the process. Every inspection hashes every byte
anyway, so the share says how much scanning adds to that.

The model is made up: a Llama in bfloat16 whose weights are one block of normal numbers again and
again. It lies in the page cache when it is measured, so the disk plays no part; a slower disk makes
both figures alike.
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from inspector.fetch.local import artifact_of, digest_files
from inspector.records import Artifact, Target, TargetKind
from inspector.scan import SCANNERS, Scanner, scan

GIB = 1 << 30
_VOCABULARY = 32_000
_BLOCK = 1 << 22  # numbers drawn; the file repeats them
_ROUNDS = 3  # the fastest counts: the machine has other things to do


@dataclass(frozen=True)
class Work:
    """One kind of reading and how long it took; share: of SHA-256's speed."""

    name: str
    elapsed_s: float
    bytes_per_s: float
    share: float


@dataclass(frozen=True)
class ScanBench:
    """works: SHA-256, all scanners, then each scanner. n_findings: none is expected."""

    n_bytes: int
    works: tuple[Work, ...]
    n_findings: int
    peak_memory_bytes: int

    def table(self) -> str:
        """The result as lines of text."""
        lines = [
            f"{self.n_bytes / GIB:.2f} GiB of safetensors (bfloat16) from the page cache, "
            f"fastest of {_ROUNDS}; {self.n_findings} findings",
            f"{'work':<24}{'seconds':>9}{'GB/s':>8}{'of SHA-256':>12}",
        ]
        lines += [
            f"{w.name:<24}{w.elapsed_s:>9.2f}{w.bytes_per_s / 1e9:>8.2f}{w.share:>12.0%}"
            for w in self.works
        ]
        return "\n".join([*lines, f"peak memory {self.peak_memory_bytes / 1e6:.0f} MB"])


def bench_scan(
    n_bytes: int = GIB, folder: Path | None = None, hidden_size: int = 2048
) -> ScanBench:
    """Make a model of about `n_bytes` in a temporary folder (within `folder`), read it, delete it.

    hidden_size: a multiple of 64; smaller ones for models much smaller than a gigabyte. Raises
    OSError where there is no room.
    """
    with tempfile.TemporaryDirectory(dir=folder) as place:
        root = Path(place).resolve()
        _write_model(root, n_bytes, hidden_size)
        target = Target(TargetKind.LOCAL, str(root))
        artifact = artifact_of(root, target, lambda *_: None, local_paths=False)
        paths = [f.path for f in artifact.files]
        size = artifact.size_bytes
        hashing = _fastest(lambda: digest_files(root, paths, lambda *_: None))
        everything = _fastest(lambda: scan(artifact, None))
        alone = [
            (type(s).__name__, _fastest(partial(_scan_alone, s, artifact), 1)) for s in SCANNERS
        ]
        alone.sort(key=lambda item: -item[1])
        works = (("SHA-256", hashing), ("all scanners", everything), *alone)
        return ScanBench(
            n_bytes=size,
            works=tuple(
                Work(name, took, size / took, hashing / took)
                for name, took in works
                if took > 0.001
            ),
            n_findings=len(scan(artifact, None)),
            peak_memory_bytes=1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        )


def _scan_alone(scanner: Scanner, artifact: Artifact) -> None:
    list(scanner.scan(artifact, None))


def _fastest(work: Callable[[], object], rounds: int = _ROUNDS) -> float:
    """Seconds of the fastest round."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def _write_model(folder: Path, n_bytes: int, hidden: int) -> None:
    between = hidden * 43 // 16
    per_layer = 4 * hidden**2 + 3 * hidden * between + 2 * hidden
    rest = n_bytes // 2 - _VOCABULARY * hidden
    n_layers = max(1, round(rest / per_layer))
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": hidden,
        "intermediate_size": between,
        "num_hidden_layers": n_layers,
        "num_attention_heads": hidden // 64,
        "num_key_value_heads": hidden // 64,
        "vocab_size": _VOCABULARY,
        "tie_word_embeddings": True,
        "dtype": "bfloat16",
    }
    tokenizer = {"version": "1.0", "model": {"type": "BPE", "vocab": {}, "merges": []}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    numbers = np.random.default_rng(0).normal(scale=0.02, size=_BLOCK).astype(np.float32)
    block = (numbers.view(np.uint32) >> 16).astype(np.uint16).tobytes()
    header, end = _header(n_layers, hidden, between)
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for start in range(0, end, len(block)):
            file.write(block[: end - start])


def _header(n_layers: int, hidden: int, between: int) -> tuple[bytes, int]:
    """The header, and the number of bytes of data that it describes."""
    shapes: dict[str, list[int]] = {"model.embed_tokens.weight": [_VOCABULARY, hidden]}
    for n in range(n_layers):
        layer = f"model.layers.{n}."
        shapes |= {f"{layer}self_attn.{x}_proj.weight": [hidden, hidden] for x in "qkvo"}
        shapes |= {f"{layer}mlp.{x}_proj.weight": [between, hidden] for x in ("gate", "up")}
        shapes[f"{layer}mlp.down_proj.weight"] = [hidden, between]
        shapes |= {f"{layer}{x}_layernorm.weight": [hidden] for x in ("input", "post_attention")}
    shapes["model.norm.weight"] = [hidden]
    fields: dict[str, Any] = {}
    end = 0
    for name, shape in shapes.items():
        begin, end = end, end + 2 * int(np.prod(shape))
        fields[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
    return json.dumps(fields).encode(), end
