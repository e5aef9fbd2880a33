"""Models that are not made from the base that they name, and honest children.

Copies that name no base need a control to be found: tests/scan/test_scanning_lineage.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from inspector.records import Severity
from tests.fetch.tiny_files import llama_tensors
from tests.scan.corpus import Case
from tests.scan.weight_files import Arrays, write_llama

SIZE = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "vocab_size": 40}
BASE, OTHER = llama_tensors(0, **SIZE), llama_tensors(1, **SIZE)
RNG = np.random.default_rng(5)
CLAIM = "---\nbase_model: ../base\nlicense: apache-2.0\n---\n"
SILENT = "---\nlicense: apache-2.0\n---\n"


def model(tensors: Arrays, card: str = CLAIM) -> Callable[[Path], None]:
    """A whole model of these tensors, with this card."""

    def build(folder: Path) -> None:
        write_llama(folder, tensors, **SIZE)
        (folder / "README.md").write_text(card)

    return build


def tuned(share: float, part: str = "") -> Arrays:
    """The base, moved by noise of this relative norm where a name holds `part`."""
    return {
        name: (a + share * RNG.normal(size=a.shape)).astype(np.float32) if part in name else a
        for name, a in BASE.items()
    }


def merged_lora() -> Arrays:
    update = {
        n: RNG.normal(size=(a.shape[0], 2)) @ RNG.normal(size=(2, a.shape[1]))
        for n, a in BASE.items()
        if "_proj" in n
    }
    return {n: (a + 0.02 * update.get(n, 0)).astype(np.float32) for n, a in BASE.items()}


def swapped() -> Arrays:
    """Layers 0 and 1 the other way round: odd, but made of nothing else than the base."""
    other = {"layers.0.": "layers.1.", "layers.1.": "layers.0."}
    names = {n: next((n.replace(a, b) for a, b in other.items() if a in n), n) for n in BASE}
    return {names[n]: a for n, a in BASE.items()}


def wider(folder: Path) -> None:
    """Twice as wide as the base that it names."""
    size = SIZE | {"hidden_size": 64}
    write_llama(folder, llama_tensors(0, **size), **size)
    (folder / "README.md").write_text(CLAIM)


base = model(BASE, SILENT)
MEDIUM = Severity.MEDIUM

CASES = (
    Case("shares-nothing", model(OTHER), ("LINEAGE-UNRELATED",), build_base=base),
    Case(
        "one-layer-of-another",
        model({n: OTHER[n] if "layers.1." in n else a for n, a in BASE.items()}),
        ("LINEAGE-REPLACED",),
        MEDIUM,
        build_base=base,
    ),
    Case("another-size", wider, ("LINEAGE-UNRELATED",), build_base=base),
    Case(
        "half-of-another",
        model({n: OTHER[n] if "mlp" in n else a for n, a in BASE.items()}),
        ("LINEAGE-REPLACED",),
        MEDIUM,
        build_base=base,
    ),
    Case("honest-full-tuning", model(tuned(0.05)), build_base=base),
    Case("honest-light-tuning", model(tuned(1e-4)), build_base=base),
    Case("honest-merged-lora", model(merged_lora()), build_base=base),
    Case("honest-embedding-only", model(tuned(0.05, "embed")), build_base=base),
    Case("declared-copy", model(BASE), build_base=base),
    Case("layers-in-another-order", model(swapped()), build_base=base),
)
