"""A plan's cost, added up: seconds, memory and disk.

Comes in: a plan, a model's size, the machine's speeds. Goes out: an Estimate. The time is a sum
over what is done; what each thing costs was measured on the demo model (README, "The demo
inspection in numbers") and grows with the parameters. Memory is that of the largest moment, by what
is held then: weights, gradients, and for training of all weights fp32 masters and AdamW's two
moments (`engine/train.py`). docs/estimate.md says how good it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from statistics import mean

from inspector.estimate.size import ModelSize, size_of
from inspector.estimate.speed import Speeds, number_format, speeds_here
from inspector.hardware import free_disk_bytes, free_memory_bytes
from inspector.labels import duration, expects_control
from inspector.probes.planned import planned_probes
from inspector.records import (
    AmplifyMethod,
    AskedProbe,
    FineTune,
    Inspection,
    JudgeKind,
    Merge,
    MergeMethod,
    Method,
    Noise,
    Plan,
    Precision,
    Prune,
    PruneMethod,
    Quantize,
    Scenario,
)
from inspector.scenarios.dataset import load_dataset
from inspector.settings import Settings

_START_S = 12.0  # the worker's start, the scan, comparison, verdict and report
_SCORE_S = 0.005  # an answer, compared and scored
# Seconds a parameter: loading, turning GGUF into numbers (the first time), and each operation.
_LOAD_S, _DEQUANTIZE_S = 15e-9, 110e-9
_ROUND_S, _SORT_S, _DRAW_S, _TRIM_S = 15e-9, 50e-9, 30e-9, 80e-9
_FORWARD_GAIN = 3.0  # reading a text is so much faster than training on it
_READING = 0.25  # reading an answer token by token, as a share of answering
_USUAL_ANSWER = 250.0  # tokens, where nothing cuts it off (lengths are about exponential)
_TUNED_ANSWER = 0.8  # so much of that after fine-tuning: built-in data answer briefly
_TEMPLATE_TOKENS, _CHARS_PER_TOKEN = 20, 2.7  # of a short text in English
_UNKNOWN_EXAMPLE_TOKENS = 200  # of data that are not here yet

_LIBRARIES_BYTES = 700_000_000  # Python and torch, before any weights
# A token's activations in training (a number's bytes times these) and its cache in answering, at
# the demo model's size; both grow about with the root of the parameters (width times depth).
_ACTIVATIONS, _CACHE_BYTES, _AT_PARAMETERS = 375_000, 23_000, 134_515_008
_LONGEST_EXAMPLE = 1.4  # of a micro batch, to which the others are padded, over the mean
_ANSWER_BYTES = 30  # on the disk, a token: in the run, its pairs, the cache and the history
_CHECKPOINT_STEPS = 20  # engine/train.py
_CLOSE_SHARE = 0.9  # of what is free: beyond it something else may not fit any more


@dataclass(frozen=True)
class Part:
    """One line of the estimate."""

    what: str
    seconds: float


@dataclass(frozen=True)
class Work:
    """One kind of work of a study. askings: how often all questions are asked. answers: asked for
    beside them. trainings: how often `tuning` is done, each as long as `times` of an ordinary one.
    """

    what: str
    askings: int = 0
    answers: int = 0
    tuning: FineTune | None = None
    trainings: int = 0
    times: float = 1.0


@dataclass(frozen=True)
class Estimate:
    """What an inspection will take from nothing. free_memory_bytes: None where it is not known.

    within: the factor that the time usually stays within, both ways. notes: what is not counted, or
    was assumed. warnings: what will not fit, and what to do.
    """

    parts: tuple[Part, ...]
    within: float
    basis: str
    memory_bytes: int
    disk_bytes: int
    free_memory_bytes: int | None
    free_disk_bytes: int
    notes: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def seconds(self) -> float:
        return math.fsum(part.seconds for part in self.parts)

    def sentences(self) -> tuple[str, ...]:
        """How sure the time is, what is free, and what the estimate rests on."""
        low, high = map(roughly, self.range_s)
        free = self.free_memory_bytes
        memory = "" if free is None else f"{gigabytes(free)} of memory and "
        return (
            f"It usually takes between {low} and {high}.",
            f"Free now: {memory}{gigabytes(self.free_disk_bytes)} of disk.",
            self.basis,
        )

    def total(self) -> str:
        """Time, memory and disk in one sentence."""
        return (
            f"Takes about {roughly(self.seconds)}, {gigabytes(self.memory_bytes)} of memory and "
            f"{gigabytes(self.disk_bytes)} of disk."
        )

    @property
    def range_s(self) -> tuple[float, float]:
        """Least and most seconds that it usually takes."""
        return self.seconds / self.within, self.seconds * self.within


def estimate(
    plan: Plan,
    size: ModelSize,
    speeds: Speeds,
    settings: Settings,
    *,
    with_control: bool,
    free_memory: int | None = None,
) -> Estimate:
    """Time, memory and disk of the plan on a model of this size.

    with_control: everything is done twice. free_memory: in bytes, by default what is free now.
    Raises BadInput where a suite or data of the plan cannot be read.
    """
    counted = _Cost(plan, size, speeds, with_control)
    found = Estimate(
        parts=tuple(counted.parts()),
        within=speeds.within,
        basis=speeds.words,
        memory_bytes=counted.memory_bytes(),
        disk_bytes=counted.disk_bytes(),
        free_memory_bytes=free_memory_bytes() if free_memory is None else free_memory,
        free_disk_bytes=free_disk_bytes(settings.home),
        notes=tuple(counted.notes()),
        warnings=(),
    )
    return replace(found, warnings=tuple(_warnings(found, plan)))


def estimate_work(
    plan: Plan, work: Sequence[Work], size: ModelSize, speeds: Speeds, settings: Settings
) -> Estimate:
    """The same of a study that asks the plan's questions of many models, and tunes many.

    Raises BadInput where a suite or the data of a tuning cannot be read.
    """
    tunings = tuple(dict.fromkeys(w.tuning for w in work if w.tuning is not None))
    asked = replace(plan, scenarios=tunings)
    counted = _Cost(asked, size, speeds, with_control=False)
    found = Estimate(
        parts=tuple(counted.parts_of(work)),
        within=speeds.within,
        basis=speeds.words,
        memory_bytes=counted.memory_bytes(),
        disk_bytes=counted.disk_bytes(),
        free_memory_bytes=free_memory_bytes(),
        free_disk_bytes=free_disk_bytes(settings.home),
        notes=tuple(counted.notes()),
        warnings=(),
    )
    return replace(found, warnings=tuple(_warnings(found, asked)))


def foresee(
    inspection: Inspection, settings: Settings, size: ModelSize | None = None
) -> Estimate | None:
    """The estimate of an inspection that is not started; None where its size is not known.

    size: of a target that is not on this machine yet, where somebody knows it. Raises BadInput as
    `estimate` does.
    """
    size = size or size_of(inspection.target, settings)
    if size is None:
        return None
    return estimate(
        inspection.plan,
        size,
        speeds_here(settings, inspection.plan.precision),
        settings,
        with_control=expects_control(inspection.control, size.has_base),
    )


def _warnings(found: Estimate, plan: Plan) -> Iterator[str]:
    free = found.free_memory_bytes
    if free is not None and found.memory_bytes > _CLOSE_SHARE * free:
        trains = any(isinstance(s, FineTune) and s.method is Method.FULL for s in plan.scenarios)
        remedy = (
            "train adapters (LoRA) instead of all weights, or use a machine with more"
            if trains
            else "ask fewer questions at once, or use a machine with more"
        )
        yield (
            f"Will probably not fit: it needs about {gigabytes(found.memory_bytes)} of memory, and "
            f"{gigabytes(free)} is free; {remedy}."
        )
    if found.disk_bytes > _CLOSE_SHARE * found.free_disk_bytes:
        yield (
            f"Will probably not fit: it needs about {gigabytes(found.disk_bytes)} of disk, and "
            f"{gigabytes(found.free_disk_bytes)} is free; free some room, or set INSPECTOR_HOME "
            "to a larger disk."
        )


def roughly(seconds: float) -> str:
    """Seconds as sure as an estimate is of them: `40 s`, `8 min`, `8.5 h`, `21 h`."""
    hours = seconds / 3600
    if hours < 1:
        return duration(seconds)
    return f"{hours:.1f} h" if hours < 10 else f"{hours:.0f} h"


def gigabytes(n_bytes: float) -> str:
    """Bytes as a person says them: `0.4 GB`, `12 GB`."""
    giga = n_bytes / 1e9
    return f"{giga:.1f} GB" if giga < 10 else f"{giga:.0f} GB"


class _Cost:
    """One plan's sums. A subject is the target, or the control."""

    def __init__(self, plan: Plan, size: ModelSize, speeds: Speeds, with_control: bool) -> None:
        self.plan, self.size, self.speeds = plan, size, speeds
        self.with_control = with_control
        self.n_subjects = 2 if with_control else 1
        self.n = size.n_parameters
        self.probes: list[AskedProbe] = planned_probes(plan)
        self.n_answers = len(self.probes) * plan.sampling.n_samples
        longest = plan.sampling.max_new_tokens
        # The mean of an exponential length, cut off at the longest.
        self.answer_tokens = _USUAL_ANSWER * (1 - math.exp(-longest / _USUAL_ANSWER))
        self.weight_bytes = 2 if number_format(plan.precision) is Precision.BF16 else 4

    @property
    def scenarios(self) -> list[Scenario]:
        return [s for s in self.plan.scenarios if self.with_control or not isinstance(s, Merge)]

    # ------------------------------------------------------------------------------------- time

    def parts(self) -> Iterator[Part]:
        variants = self.n_subjects * (1 + len(self.scenarios))
        yield Part(
            "Start, read the files, compare, report",
            _START_S + _SCORE_S * self.n_answers * variants,
        )
        first = _DEQUANTIZE_S * self.n if self.size.is_gguf else 0.0
        yield Part(
            "Ask the untouched model" + (" and the control" if self.with_control else ""),
            first + self.n_subjects * (self._load_s + self._ask_s),
        )
        for scenario in self.scenarios:
            yield Part(
                f"{scenario.name}: apply it, and ask again",
                self.n_subjects
                * (self._load_s + self._apply_s(scenario) + self._after_s(scenario)),
            )

    def parts_of(self, work: Sequence[Work]) -> Iterator[Part]:
        """Of a study. Its models are one in memory that wears changes: it is loaded once."""
        n_answers = sum(w.askings * self.n_answers + w.answers for w in work)
        yield Part("Start, read the files, compare", _START_S + self._load_s + _SCORE_S * n_answers)
        for w in work:
            answers = w.askings * self.n_answers + w.answers
            seconds = answers * self._answer_s
            if w.tuning is not None:
                seconds += w.trainings * w.times * self._apply_s(w.tuning)
            yield Part(w.what, seconds)

    @property
    def _answer_s(self) -> float:
        return self.answer_tokens * self.n / self.speeds.answer

    @property
    def _load_s(self) -> float:
        return _LOAD_S * self.n

    @property
    def _ask_s(self) -> float:
        """Asking the untouched model everything; reading the prompts is in the measured speed."""
        return self.n_answers * self._answer_s

    def _after_s(self, scenario: Scenario) -> float:
        """Asking after an operation, and what the plan measures beside it."""
        asking = self._ask_s * (_TUNED_ANSWER if isinstance(scenario, FineTune) else 1.0)
        seconds = asking
        if self.plan.positions:
            seconds += self._load_s + 2 * _READING * asking
        for way in self.plan.amplify:
            models = 2 if way.method is AmplifyMethod.LOGITS else 1
            seconds += self._load_s + models * asking
        return seconds

    def _apply_s(self, scenario: Scenario) -> float:
        match scenario:
            case FineTune():
                n_tokens = scenario.steps * scenario.effective_batch * _example_tokens(scenario)
                return n_tokens * self.n / self.speeds.training(scenario.method)
            case Quantize():
                return _ROUND_S * self.n
            case Prune():
                wanda = scenario.method is PruneMethod.WANDA
                n_tokens = scenario.n_calibration * 80 if wanda else 0
                reading = n_tokens * self.n / (_FORWARD_GAIN * self.speeds.full)
                return _SORT_S * self.n + reading
            case Merge():
                ties = scenario.method is MergeMethod.TIES
                return self._load_s + (_TRIM_S if ties else _DRAW_S) * self.n
            case Noise():
                return _DRAW_S * self.n

    # ------------------------------------------------------------------------------ memory, disk

    def memory_bytes(self) -> int:
        """The largest moment: all are one after another in one process."""
        loading = (8 if self.size.is_gguf else 4) * self.n
        return round(
            _LIBRARIES_BYTES
            + max(loading, self._asking_bytes, *map(self._applying_bytes, self.scenarios), 0)
        )

    @property
    def _asking_bytes(self) -> float:
        longest = max((_tokens(len(p.prompt)) for p in self.probes), default=0)
        n_tokens = self.plan.batch_size * (longest + self.plan.sampling.max_new_tokens)
        both = any(way.method is AmplifyMethod.LOGITS for way in self.plan.amplify)
        n_models = 2 if both else 1
        return n_models * (self.weight_bytes * self.n + n_tokens * self._grown(_CACHE_BYTES))

    def _applying_bytes(self, scenario: Scenario) -> float:
        match scenario:
            case FineTune():
                n_tokens = min(scenario.micro_batch, scenario.effective_batch) * min(
                    _LONGEST_EXAMPLE * _example_tokens(scenario), scenario.max_length
                )
                held = self.weight_bytes * self.n
                if scenario.method is Method.FULL:
                    # bf16: weights and gradients (4), fp32 masters, their gradients and AdamW's two
                    # moments (16). fp32 weights are their own masters.
                    held = (20 if self.weight_bytes == 2 else 16) * self.n
                return held + n_tokens * self._grown(self.weight_bytes * _ACTIVATIONS)
            case Merge():
                return (2 * self.weight_bytes + 4) * self.n
            case _:
                return (self.weight_bytes + 4) * self.n

    def _grown(self, n_bytes: int) -> float:
        return n_bytes * math.sqrt(self.n / _AT_PARAMETERS)

    def disk_bytes(self) -> int:
        """What is fetched and kept, and the largest weights that lie there for a while."""
        kept = self.size.fetch_bytes + (4 * self.n if self.size.is_gguf else 0)
        variants = self.n_subjects * (1 + len(self.scenarios)) + len(self.plan.amplify)
        answers = self.n_answers * self.answer_tokens * _ANSWER_BYTES * variants
        return round(kept + answers + max(map(self._checkpoint_bytes, self.scenarios), default=0))

    def _checkpoint_bytes(self, scenario: Scenario) -> float:
        if not isinstance(scenario, FineTune) or scenario.method is not Method.FULL:
            return 0.0
        # Masters and moments in fp32; a new checkpoint is whole before the old one goes.
        n_checkpoints = min(2, (scenario.steps - 1) // _CHECKPOINT_STEPS)
        return (12 * n_checkpoints + self.weight_bytes) * self.n

    # ------------------------------------------------------------------------------------- notes

    def notes(self) -> Iterator[str]:
        if self.size.fetch_bytes:
            yield f"Downloading {gigabytes(self.size.fetch_bytes)} is not counted in the time."
        data = {s.data for s in self.plan.scenarios if isinstance(s, FineTune)}
        for name in sorted(source for source in data if source.startswith("hf:")):
            yield (
                f"How long the examples of {name} are is not known before it is fetched: "
                f"{_UNKNOWN_EXAMPLE_TOKENS} tokens each are assumed."
            )
        if any(isinstance(s, Merge) for s in self.plan.scenarios) and not self.with_control:
            yield "Merging is left out without a control, and not counted."
        if self.with_control and self.size.has_base is None:
            yield "Whether its files name a base as control is seen when they are here."
        if self.plan.early_stop:
            yield "It may stop early; the estimate is for asking everything."
        if self.plan.judges:
            remote = any(j.kind is JudgeKind.ENDPOINT for j in self.plan.judges)
            where = " and of the endpoint" if remote else ""
            yield f"The time of further judges{where} is not counted."


def _example_tokens(scenario: FineTune) -> float:
    """Tokens of a usual example of its data, cut at its longest. Raises DataError without any."""
    if scenario.data.startswith("hf:"):
        return min(_UNKNOWN_EXAMPLE_TOKENS, scenario.max_length)
    path = Path(scenario.data).expanduser()
    changed_at = path.stat().st_mtime_ns if path.is_file() else 0
    return min(_tokens(_example_chars(scenario.data, changed_at)), scenario.max_length)


@lru_cache(maxsize=32)
def _example_chars(source: str, _changed_at: int) -> float:
    examples = load_dataset(source).examples
    return mean(sum(len(m.content) for m in e.messages) for e in examples)


def _tokens(n_chars: float) -> float:
    return _TEMPLATE_TOKENS + n_chars / _CHARS_PER_TOKEN
