"""Where a scenario acts: divergence by token and embedding drift by layer, as one stage.

Comes in: a variant in memory and its answers; then the untouched model. Goes out: the stage's
`divergence.parquet` (Divergence rows), `drift.parquet` (LayerDrift rows) and `coverage.json`.

Two halves, so that one model is in memory at a time: `read_variant` while the variant is loaded,
`compare_with_untouched` when the untouched model has taken its place. Cost: two forward passes over
every prompt and answer, two over the policy and everyday prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from inspector.engine.chat import encode_prompt
from inspector.engine.divergence import Answered, answer_log_probs
from inspector.engine.drift import Drift, Kept, drift_from, keep_outputs
from inspector.engine.load import Loaded
from inspector.engine.offsets import tokenize
from inspector.errors import Incompatible
from inspector.profiles import late_share
from inspector.records import (
    AskedProbe,
    Coverage,
    CoverageStatus,
    Divergence,
    Expectation,
    LayerDrift,
    Response,
    Subject,
)
from inspector.run import write_record, write_table

# Whose prompts the drift is measured on, and how the ledger calls them.
_DRIFT_ON = {Expectation.DECLINE: "policy", Expectation.ANSWER: "everyday"}
_BATCH = 16  # rows at a time: forward passes over whole texts gain nothing from more

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Readings:
    """What was read while the variant was in memory, to be compared with the untouched model.

    drift_groups: for each prompt offered to the drift, its expectation. incompatible: why drift
    could not be measured, "" where it could.
    """

    responses: tuple[Response, ...]
    answered: tuple[Answered, ...]
    after: tuple[tuple[float, ...], ...]
    drift_groups: tuple[Expectation, ...]
    outputs: Kept | None
    incompatible: str


def read_variant(
    variant: Loaded,
    responses: Sequence[Response],
    probes: Mapping[tuple[str, str], AskedProbe],
    on_progress: Progress = lambda *_: None,
) -> Readings:
    """First half: the variant's own view of its answers, and its attention outputs.

    responses: the variant's. probes: by (suite, probe_id). on_progress: answers done of 2 passes.
    """
    tokenizer = variant.tokenizer
    ids = {key: tuple(encode_prompt(tokenizer, probe.prompt)) for key, probe in probes.items()}
    answered = tuple(
        Answered(ids[r.suite, r.probe_id], tokenize(tokenizer, r.text).ids) for r in responses
    )
    after = answer_log_probs(variant, answered, _BATCH, lambda n: on_progress(n, 2 * len(answered)))
    offered = _offered(probes)
    outputs: Kept | None = None
    incompatible = "" if offered else "the plan asks neither policy nor everyday probes"
    if offered:
        try:
            outputs = keep_outputs(variant, [ids[key] for key in offered], _BATCH)
        except Incompatible as error:
            incompatible = str(error)
    return Readings(
        responses=tuple(responses),
        answered=answered,
        after=tuple(map(tuple, after)),
        drift_groups=tuple(probes[key].expectation for key in offered),
        outputs=outputs,
        incompatible=incompatible,
    )


def compare_with_untouched(
    readings: Readings,
    untouched: Loaded,
    subject: Subject,
    scenario: str,
    folder: Path,
    on_progress: Progress = lambda *_: None,
) -> None:
    """Second half: the same under the untouched weights, and the stage's files."""
    n = len(readings.answered)
    before = answer_log_probs(
        untouched, readings.answered, _BATCH, lambda k: on_progress(n + k, 2 * n)
    )
    rows = [
        _divergence(response, subject, scenario, tuple(old), new)
        for response, old, new in zip(readings.responses, before, readings.after, strict=True)
    ]
    layers: list[Drift] = []
    if readings.outputs is not None:
        layers = drift_from(untouched, readings.outputs, readings.drift_groups, _BATCH)
    write_table(folder / "divergence.parquet", Divergence, rows)
    write_table(
        folder / "drift.parquet",
        LayerDrift,
        [
            LayerDrift(
                subject=subject,
                scenario=scenario,
                expectation=Expectation(line.group),
                layer=line.layer,
                drift=line.drift,
                norm=line.norm,
                n_prompts=line.n_prompts,
                n_tokens=line.n_tokens,
            )
            for line in layers
        ],
    )
    write_record(folder / "coverage.json", _ledger(readings, rows, layers, subject, scenario))


def _offered(probes: Mapping[tuple[str, str], AskedProbe]) -> list[tuple[str, str]]:
    """Probes for the drift, policy and everyday in turn: what does not fit is cut fairly."""
    groups = [
        [key for key, probe in probes.items() if probe.expectation is kind] for kind in _DRIFT_ON
    ]
    return [key for key in chain.from_iterable(zip_longest(*groups)) if key is not None]


def _divergence(
    response: Response,
    subject: Subject,
    scenario: str,
    before: tuple[float, ...],
    after: tuple[float, ...],
) -> Divergence:
    ratios = [new - old for old, new in zip(before, after, strict=True)]
    return Divergence(
        subject=subject,
        scenario=scenario,
        suite=response.suite,
        probe_id=response.probe_id,
        sample_index=response.sample_index,
        n_tokens=len(ratios),
        log_ratio=sum(ratios),
        late_share=late_share(ratios),
        before=before,
        after=after,
    )


def _ledger(
    readings: Readings,
    rows: Sequence[Divergence],
    layers: Sequence[Drift],
    subject: Subject,
    scenario: str,
) -> tuple[Coverage, ...]:
    where = f"{scenario} on the {subject}"
    n_tokens = sum(row.n_tokens for row in rows)
    divergence = Coverage(
        f"divergence by token / {where}",
        CoverageStatus.MEASURED if n_tokens else CoverageStatus.INSUFFICIENT,
        f"{len(rows)} answers of {n_tokens} tokens in all, under the weights before and after",
    )
    if readings.outputs is None:
        reason, status = readings.incompatible, CoverageStatus.INCOMPATIBLE
        if not readings.drift_groups:
            status = CoverageStatus.INSUFFICIENT
        return divergence, Coverage(f"embedding drift / {where}", status, reason)
    used = {line.group: line.n_prompts for line in layers}
    said = " and ".join(f"{used.get(kind, 0)} {word}" for kind, word in _DRIFT_ON.items())
    left = len(readings.drift_groups) - len(readings.outputs.prompts)
    return divergence, Coverage(
        f"embedding drift / {where}",
        CoverageStatus.MEASURED if layers else CoverageStatus.INSUFFICIENT,
        f"{len(readings.outputs.layers)} attention layers on {said} prompts"
        + (f"; {left} did not fit in memory" if left else ""),
    )
