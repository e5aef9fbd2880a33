"""Risk: an adapter that does nearly all of its work in a few places.

Comes in: an adapter. Goes out: for each module the size and the spectrum of its change, and a
finding where modules stand far apart from their peers: the same kind of module in other layers.
Ordinary training spreads its change; an edit that was put into a model by hand sits in one place.

A product B A of rank r is never multiplied out: with B = Q1 R1 and A^T = Q2 R2 its singular values
are those of the r x r matrix R1 R2^T (Golub and Van Loan, Matrix Computations, section 5.2). Robust
z-score: 0.6745 (x - median) / MAD (Iglewicz and Hoaglin 1993, chapter 3), here of log10 norms.

Such statistics told planted adapters from clean ones well in one family of models and hardly in
others (arXiv 2605.30189): an outlier asks for a look, and no outlier says little.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from inspector.records import Artifact, ArtifactKind, Finding, Severity
from inspector.records.adapters import ModuleChange
from inspector.scan.adapter_shape import scale_of
from inspector.scan.adapter_tensors import (
    FLOAT_TYPES,
    WEIGHTS,
    AdapterFile,
    Factors,
    adapter_config,
    read_adapter,
    values,
)
from inspector.scan.rule import Rule, first_few

OUTLIER = Rule(
    "ADAPTER-OUTLIER",
    Severity.MEDIUM,
    "A few modules of the adapter change far more than their peers",
    "Ask the author how these layers were made, and look at what the adapter does there.",
)
SPIKE = Rule(
    "ADAPTER-SPIKE",
    Severity.MEDIUM,
    "A few modules of the adapter change in one direction only, unlike their peers",
    "Ask the author how these layers were made: a fact edited in by hand has this shape.",
)
IDLE = Rule(
    "ADAPTER-IDLE",
    Severity.INFO,
    "The adapter changes nothing",
    "As it is, its base answers alone; ask the author for a trained one.",
)

MIN_PEERS = 6  # fewer modules of a kind say nothing about what is usual
MIN_Z = 6.0
MIN_RATIO = 4.0  # norm over the peers' median
MIN_SPREAD = 0.03  # of log10 norms (7 %): below, differences are no news
SPIKE_SHARE, USUAL_SHARE = 0.999, 0.75  # of the energy in one direction: here, and in the peers
_LAYER = re.compile(r"(?:^|\.)(\d+)\.")


class AdapterWeights:
    """Every module's change against its peers'."""

    rules = (OUTLIER, SPIKE, IDLE)

    def scan(self, artifact: Artifact, _base: Artifact | None) -> Iterable[Finding]:
        changes = module_changes(artifact)
        if changes and not any(c.norm for c in changes):
            yield IDLE.found(WEIGHTS, f"the change of all {len(changes)} modules is zero")
            return
        for kind, peers in _by_kind(changes).items():
            if len(peers) >= MIN_PEERS:
                yield from _compare(kind, peers)


def module_changes(artifact: Artifact) -> tuple[ModuleChange, ...]:
    """The numbers of every LoRA module, by name; none for other adapters and for models.

    Modules whose values are not finite, or of a type that numpy cannot read, are left out: the
    scanners of weight values and of shapes report those. Raises OSError.
    """
    config = adapter_config(artifact)
    if artifact.kind is not ArtifactKind.ADAPTER or _is_other(config.get("peft_type", "LORA")):
        return ()
    adapter = read_adapter(artifact)
    changes = []
    for factors in adapter.factors:
        if factors.is_sound and {factors.a.dtype, factors.b.dtype} <= FLOAT_TYPES:
            found = _measure(adapter, factors, scale_of(config, factors.rank) or 1.0)
            changes += [found] if found is not None else []
    scored: list[ModuleChange] = []
    for peers in _by_kind(changes).values():
        scored += _scored(peers) if len(peers) >= MIN_PEERS else peers
    return tuple(sorted(scored, key=lambda c: c.module))


def _is_other(peft_type: object) -> bool:
    return str(peft_type).upper() != "LORA"


def _measure(adapter: AdapterFile, factors: Factors, scale: float) -> ModuleChange | None:
    a, b = values(adapter.path, factors.a), values(adapter.path, factors.b)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return None
    small = _upper(b) @ _upper(a.T).T  # at most r x r
    spectrum = abs(scale) * np.linalg.svd(small.astype(np.float64), compute_uv=False)
    energy = float(np.square(spectrum).sum())
    layer = _LAYER.search(factors.module)
    return ModuleChange(
        module=factors.module,
        kind=factors.module.rpartition(".")[2],
        layer=int(layer[1]) if layer else None,
        rank=factors.rank,
        norm=float(np.sqrt(energy)),
        largest=float(spectrum[0]),
        top_share=float(spectrum[0] ** 2 / energy) if energy else 0.0,
        z_norm=None,
    )


def _upper(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """R of the QR decomposition."""
    upper: NDArray[np.float32] = np.linalg.qr(matrix, mode="r")  # type: ignore[assignment]
    return upper


def _by_kind(changes: Iterable[ModuleChange]) -> dict[str, list[ModuleChange]]:
    kinds: dict[str, list[ModuleChange]] = defaultdict(list)
    for change in changes:
        kinds[change.kind].append(change)
    return kinds


def _scored(peers: Sequence[ModuleChange]) -> list[ModuleChange]:
    """The same with their z-scores; those that change nothing have none."""
    logs = [float(np.log10(p.norm)) if p.norm else None for p in peers]
    there = np.array([x for x in logs if x is not None])
    if len(there) < MIN_PEERS:
        return list(peers)
    middle = float(np.median(there))
    spread = max(float(np.median(np.abs(there - middle))), 0.6745 * MIN_SPREAD)
    return [
        replace(p, z_norm=None if x is None else 0.6745 * (x - middle) / spread)
        for p, x in zip(peers, logs, strict=True)
    ]


def _compare(kind: str, peers: Sequence[ModuleChange]) -> Iterator[Finding]:
    middle = float(np.median([p.norm for p in peers]))
    if middle:
        apart = [p for p in peers if (p.z_norm or 0) >= MIN_Z and p.norm >= MIN_RATIO * middle]
        shown = [f"{p.module} (norm {p.norm:.3g}, z {p.z_norm:.0f})" for p in apart]
    else:  # more than half of the kind is zero
        apart = [p for p in peers if p.norm]
        shown = [f"{p.module} (norm {p.norm:.3g})" for p in apart]
    if apart:
        beside = f"the median of the {len(peers)} {kind} modules is {middle:.3g}"
        yield OUTLIER.found(WEIGHTS, f"{first_few(shown)}; {beside}")
    shares = [p.top_share for p in peers if p.norm and p.rank > 1]
    usual = float(np.median(shares)) if shares else 1.0
    spikes = [p for p in peers if p.rank > 1 and p.norm and p.top_share >= SPIKE_SHARE]
    if spikes and usual <= USUAL_SHARE and len(spikes) <= len(peers) / 4:
        shown = [f"{p.module} ({p.top_share:.2%} in one direction)" for p in spikes]
        beside = f"the median of the {len(peers)} {kind} modules is {usual:.0%}"
        yield SPIKE.found(WEIGHTS, f"{first_few(shown)}; {beside}")
