"""Risk: a model that is not what it claims to be.

Comes in: an artifact and the one that it names as its base, or one it may secretly come from. Goes
out: a Lineage, layer by layer, and findings: a claimed fine-tune that shares nothing, layers that
were replaced, a "new" model that is a copy under another name.

Tensors are matched by name, then, what is left, by what they hold: a model whose tensors or layers
were renamed or put in another order is found too. Two files at a time are open, a megabyte of each
in memory (`kinship`). GGUF is compared with safetensors under GGUF's names (`gguf_names`), for the
families whose conversion is known. A quantized copy is told by what rounding explains
(`quantized`); a change smaller than that does not show, and the record says how large it may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from statistics import median

import numpy as np

from inspector.records import Artifact, ArtifactKind, Coverage, CoverageStatus, Finding, Severity
from inspector.records.lineage import Change, Kinship, LayerKinship, Lineage
from inspector.scan.adapter_update import adapter_layers
from inspector.scan.gguf_header import read_gguf
from inspector.scan.gguf_names import FAMILIES, in_turns, renamed, taken_apart
from inspector.scan.kinship import Likeness, compare, rank_of_difference
from inspector.scan.layers import EMBEDDING, HEAD, layer_of
from inspector.scan.pairing import Again, Pairs, never, pair_up
from inspector.scan.rule import Rule
from inspector.scan.stored import Stored, packed_tensors, stored_tensors

UNRELATED = Rule(
    "LINEAGE-UNRELATED",
    Severity.HIGH,
    "The model shares nothing with the base that it declares",
    "Do not rely on what is known about that base; ask the author what the model was made from.",
)
REPLACED = Rule(
    "LINEAGE-REPLACED",
    Severity.MEDIUM,
    "Parts of the model do not come from the base that it declares",
    "Ask the author where these layers come from; no tuning changes weights so much.",
)
COPY = Rule(
    "LINEAGE-COPY",
    Severity.MEDIUM,
    "The model's weights are another model's, and it does not say so",
    "Judge it as that other model, under that model's licence; ask the author about the origin.",
)
UNDECLARED = Rule(
    "LINEAGE-UNDECLARED",
    Severity.LOW,
    "The model was made from another model, and does not say so",
    "Ask the author for the base; its licence and its risks are this model's too.",
)
UNCHANGED = Rule(
    "LINEAGE-UNCHANGED",
    Severity.INFO,
    "The weights are those of the declared base",
    "Use the base itself, from its own author.",
)

MAX_RANKS = 48  # differences whose rank is taken, spread evenly: about 30 ms each
FOREIGN = 0.1  # a smaller related share of the parameters makes a whole model unrelated
HALF = 0.5  # a model is derived where at least this share is, and nothing is unrelated


def trace(artifact: Artifact, other: Artifact) -> Lineage:
    """Compare an artifact with its declared base or another model.

    Both must lie on this machine unchanged: results are kept by their digests within the process.
    Raises OSError where a file cannot be read.
    """
    return _trace(artifact, other)


def nothing_to_compare(artifact: Artifact) -> Lineage:
    """The record of an artifact without a base or control."""
    why = (
        "the model declares no base, and no control was given"
        if artifact.base is None
        else (f"the declared base {artifact.base} was not fetched")
    )
    return Lineage("", artifact.base is not None, (artifact.digest, ""), not_compared=why)


@lru_cache(maxsize=4)
def _trace(artifact: Artifact, other: Artifact) -> Lineage:
    against = f"{other.target}" + (f" at commit {other.commit}" if other.commit else "")
    declared = artifact.base is not None and _same_target(artifact, other)
    digests = (artifact.digest, other.digest)

    def not_compared(why: str) -> Lineage:
        return Lineage(against, declared, digests, not_compared=why)

    theirs = stored_tensors(other)
    if other.kind is ArtifactKind.ADAPTER:
        return not_compared("the other one is an adapter, not a whole model")
    if not theirs:
        return not_compared("the other model's tensors cannot be read as numbers here")
    if artifact.kind is ArtifactKind.ADAPTER:
        layers, n_modules, n_alone = adapter_layers(artifact, theirs)
        if not layers:
            return not_compared("the adapter holds no update of a form that is known here")
        return Lineage(
            against,
            declared,
            digests,
            kinship=Kinship.DERIVED,
            change=Change.LOW_RANK,
            layers=layers,
            n_tensors=n_modules,
            n_compared=n_modules - n_alone,
            n_alone=n_alone,
        )
    ours = stored_tensors(artifact)
    if not ours:
        return not_compared("the model's tensors cannot be read as numbers here")
    packed = packed_tensors(artifact) or packed_tensors(other)
    across = (artifact.gguf_file is None) != (other.gguf_file is None)
    again: Again = never
    if across:
        gguf = artifact if artifact.gguf_file is not None else other
        header = read_gguf(Path(gguf.folder) / str(gguf.gguf_file))
        family = header.text("general.architecture")
        if family not in FAMILIES:
            return not_compared(f"how GGUF orders the weights of {family!r} is not known here")
        if gguf is artifact:
            ours, theirs = taken_apart(ours), renamed(theirs, header)
        else:
            ours, theirs = renamed(ours, header), taken_apart(theirs)

        def again(name: str, base: Stored, own: Stored) -> Likeness | None:
            turned = in_turns(name, base if gguf is artifact else own, header)
            if turned is None:
                return None
            return compare(turned, own) if gguf is artifact else compare(base, turned)

    pairs = pair_up(ours, theirs, again)
    found = _whole(against, declared, digests, ours, pairs, in_part=across or bool(packed))
    if found is None:
        return not_compared("no tensor of the one has a counterpart in the other")
    if packed and found.kinship in (Kinship.IDENTICAL, Kinship.DERIVED):
        return not_compared(
            f"{len(packed)} tensors are packed by a quantizer and not unpacked here; the others "
            f"that have a counterpart ({found.n_compared}) are {found.kinship}"
        )
    return found


def _same_target(artifact: Artifact, other: Artifact) -> bool:
    base = artifact.base
    return base is not None and (base.kind, base.location) == (
        other.target.kind,
        other.target.location,
    )


def _whole(
    against: str,
    declared: bool,
    digests: tuple[str, str],
    ours: dict[str, Stored],
    pairs: Pairs,
    in_part: bool,
) -> Lineage | None:
    """in_part: whether what has no counterpart says nothing: the two are stored in other forms.

    None where then nothing is left to compare.
    """
    likes = pairs.likes
    ranks = _ranks([like for like in likes if like.kinship is Kinship.DERIVED])
    total = sum(s.tensor.n_elements for s in ours.values() if s.is_matrix)
    if in_part:
        total = pairs.n_misfit + sum(like.n_elements for like in likes if like.other.is_matrix)
        if not total:
            return None
    total = total or 1
    related = [like for like in likes if like.kinship is not Kinship.UNRELATED]
    rounded = [like for like in related if like.rounded and like.difference]
    of_rounded = sum(like.base_squares for like in rounded)
    share = dict.fromkeys(Kinship, 0.0)
    for like in likes:
        if like.other.is_matrix:
            share[like.kinship] += like.n_elements / total
    layers = _layers(likes, ranks)
    kinship = _overall(share)
    return Lineage(
        against=against,
        declared=declared,
        digests=digests,
        kinship=kinship,
        change=None if kinship is Kinship.UNRELATED else _change(likes, layers),
        layers=layers,
        n_tensors=len(ours),
        n_compared=len(likes),
        n_identical=sum(like.kinship is Kinship.IDENTICAL for like in likes),
        n_renamed=pairs.n_renamed,
        n_alone=len(ours) - len(likes),
        share_identical=share[Kinship.IDENTICAL],
        share_derived=share[Kinship.DERIVED],
        share_unrelated=share[Kinship.UNRELATED],
        rounding=float(np.sqrt(sum(x.rounded for x in rounded) / of_rounded)) if of_rounded else 0,
        rounded_to=tuple(sorted({t for x in rounded for t in x.rounded_to})),
    )


# ---------------------------------------------------------------------------------- what it means


def _ranks(changed: list[Likeness]) -> dict[str, tuple[int, int]]:
    """Rank and side of the sample of some of the changed matrices, by their own name."""
    matrices = [like for like in changed if len(like.other.shape) == 2]
    step = -(-len(matrices) // MAX_RANKS) or 1
    ranks = {like.other.name: rank_of_difference(like) for like in matrices[::step]}
    return {name: rank for name, rank in ranks.items() if rank is not None}


def _layers(likes: list[Likeness], ranks: dict[str, tuple[int, int]]) -> tuple[LayerKinship, ...]:
    groups: dict[str, list[Likeness]] = {}
    for like in likes:
        groups.setdefault(layer_of(like.other.name), []).append(like)
    return tuple(_layer(name, group, ranks) for name, group in groups.items())


def _layer(name: str, group: list[Likeness], ranks: dict[str, tuple[int, int]]) -> LayerKinship:
    changed = [like for like in group if like.kinship is not Kinship.IDENTICAL]
    unrelated = [like for like in changed if like.kinship is Kinship.UNRELATED]
    of_matrices = [like for like in group if like.other.is_matrix]
    if not changed:
        kinship = Kinship.IDENTICAL
    elif not unrelated:
        kinship = Kinship.DERIVED
    else:
        alone = len(unrelated) == len(of_matrices)
        kinship = Kinship.UNRELATED if alone else Kinship.PARTLY
    # Identical tensors were not summed: their share of the norm is left out, and noted as such by
    # n_identical. What is told is how much the changed tensors changed.
    squares = [sum(getattr(like, f) for like in changed) for f in _SUMS]
    base, other, difference, product = squares
    here = [ranks[like.other.name] for like in group if like.other.name in ranks]
    return LayerKinship(
        layer=name,
        kinship=kinship,
        n_tensors=len(group),
        n_identical=len(group) - len(changed),
        relative_norm=(float(np.sqrt(difference / base)) if base else None) if changed else 0.0,
        cosine=(product / float(np.sqrt(base * other)) if base * other else None)
        if changed
        else 1.0,
        rank=round(median(r for r, _ in here)) if here else None,
        side=round(median(side for _, side in here)) if here else 0,
    )


_SUMS = ("base_squares", "other_squares", "difference", "product")


def _overall(share: dict[Kinship, float]) -> Kinship:
    """Of the whole model; parameters without a counterpart of their shape count as unrelated."""
    related = share[Kinship.IDENTICAL] + share[Kinship.DERIVED]
    if share[Kinship.IDENTICAL] > 1 - 1e-9:
        return Kinship.IDENTICAL
    if related < FOREIGN:
        return Kinship.UNRELATED
    return Kinship.DERIVED if related >= HALF and not share[Kinship.UNRELATED] else Kinship.PARTLY


def _change(likes: list[Likeness], layers: tuple[LayerKinship, ...]) -> Change:
    changed = [
        like
        for like in likes
        if like.kinship is not Kinship.IDENTICAL or like.base.shape != like.other.shape
    ]
    if not changed:
        return Change.ROUNDING if any(like.difference for like in likes) else Change.NONE
    where = {layer_of(like.other.name) for like in changed}
    if where <= {EMBEDDING, HEAD}:
        return Change.HEAD
    ranked = [layer for layer in layers if layer.rank is not None]
    if ranked and all(layer.rank is not None and 4 * layer.rank <= layer.side for layer in ranked):
        return Change.LOW_RANK
    blocks = {layer.layer for layer in layers if layer.layer.startswith("layer ")}
    return Change.FULL if blocks <= where else Change.LAYERS


# -------------------------------------------------------------------------------------- findings


class Descent:
    """A model against the base that it declares. What it may be a copy of without saying so is the
    control, which scanners do not see: the scan stage calls `trace` for that."""

    rules = (UNRELATED, REPLACED, COPY, UNDECLARED, UNCHANGED)

    def scan(self, artifact: Artifact, base: Artifact | None) -> Iterable[Finding]:
        if base is None or artifact.kind is ArtifactKind.ADAPTER:
            return ()
        lineage = trace(artifact, base)
        return findings_of(lineage) if lineage.declared else ()


def findings_of(lineage: Lineage) -> tuple[Finding, ...]:
    """What a Lineage gives cause to say; nothing where nothing was compared."""
    return tuple(_findings(lineage))


def _findings(lineage: Lineage) -> Iterator[Finding]:
    numbers = (
        f"against {lineage.against}: {lineage.share_identical:.0%} of the parameters identical, "
        f"{lineage.share_derived:.0%} derived, {lineage.share_unrelated:.0%} unrelated"
    )
    if lineage.n_renamed:
        numbers += f"; {lineage.n_renamed} tensors found under other names"
    numbers += _rounding_words(lineage)
    match lineage.kinship, lineage.declared:
        case Kinship.UNRELATED, True:
            yield UNRELATED.found("", numbers)
        case Kinship.PARTLY, True:
            names = [r.layer for r in lineage.layers if r.kinship in _FOREIGN]
            yield REPLACED.found("", f"{', '.join(names[:6])}; {numbers}")
        case Kinship.IDENTICAL, True:
            yield UNCHANGED.found("", numbers)
        case Kinship.IDENTICAL, False:
            yield COPY.found("", numbers)
        case Kinship.DERIVED | Kinship.PARTLY, False:
            yield UNDECLARED.found("", numbers)


def _rounding_words(lineage: Lineage) -> str:
    """What rounding hides, "" where there was none."""
    if not lineage.rounded_to:
        return ""
    return (
        f"; rounded to {', '.join(lineage.rounded_to)}, which moves weights by about "
        f"{lineage.rounding:.1%} of their size: a change of that size or less does not show"
    )


_FOREIGN = (Kinship.UNRELATED, Kinship.PARTLY)


def coverage_of(lineage: Lineage) -> Coverage:
    """The ledger's line."""
    if lineage.kinship is None:
        return Coverage("lineage", CoverageStatus.NOT_RUN, lineage.not_compared)
    alone = f", {lineage.n_alone} have no counterpart" if lineage.n_alone else ""
    return Coverage(
        "lineage",
        CoverageStatus.MEASURED,
        f"{lineage.n_compared} of {lineage.n_tensors} tensors against {lineage.against}: "
        f"{lineage.kinship}"
        + (f", changed: {lineage.change}" if lineage.change else "")
        + alone
        + _rounding_words(lineage),
    )
