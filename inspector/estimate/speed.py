"""How fast this machine trains and answers: from its own earlier runs, else `bench`, else a guess.

Comes in: the home. Goes out: Speeds, in tokens a second times parameters, which is nearly the same
for models of different sizes (a token costs about 2 operations a parameter to answer, 6 to train:
Kaplan et al. 2020, arXiv 2001.08361, section 2.1).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq

from inspector.errors import InspectorError
from inspector.estimate.size import size_of_artifact
from inspector.hardware import has_bf16, n_cores, processor
from inspector.records import Artifact, EventKind, Inspection, Method, Precision, Subject, Training
from inspector.run import Run, list_runs, read_record
from inspector.settings import Settings

MAX_RUNS = 12  # the newest that came to a verdict: older ones say less about today

_TARGET = Subject.TARGET


class Basis(StrEnum):
    """What speeds rest on, the best first."""

    RUNS = "runs"
    BENCH = "bench"
    GUESS = "guess"


@dataclass(frozen=True)
class Speeds:
    """Parameter-tokens a second: tokens/s of a model times its parameters.

    within: the factor within which estimates from this basis usually stay (docs/estimate.md).
    words: what they rest on, a sentence.
    """

    full: float
    lora: float
    answer: float
    basis: Basis
    within: float
    words: str

    def training(self, method: Method) -> float:
        return self.full if method is Method.FULL else self.lora


@dataclass(frozen=True)
class BenchedSpeeds:
    """What `bench` measured: HOME/bench.json. Speeds in tokens/s of a model of n_parameters."""

    processor: str
    precision: Precision
    n_parameters: int
    full_tokens_per_s: float
    lora_tokens_per_s: float
    answer_tokens_per_s: float


@dataclass(frozen=True)
class _Guess:
    """A core's speeds on the demo model, in tokens/s (README, "The demo inspection in numbers")."""

    full: float
    lora: float
    answer: float


_DEMO_PARAMETERS = 134_515_008
_PER_CORE = {
    Precision.BF16: _Guess(130, 186, 180),
    Precision.FP32: _Guess(60, 70, 72),
}


def speeds_here(settings: Settings, precision: Precision = Precision.AUTO) -> Speeds:
    """The best that is known of this machine in this number format."""
    guess = _guessed(precision)
    return _from_runs(settings, precision, guess) or _from_bench(settings, precision) or guess


def number_format(precision: Precision) -> Precision:
    """What AUTO will most likely choose here."""
    if precision is not Precision.AUTO:
        return precision
    return Precision.BF16 if has_bf16() else Precision.FP32


def _guessed(precision: Precision) -> Speeds:
    per_core = _PER_CORE[number_format(precision)]
    scale = n_cores() * _DEMO_PARAMETERS
    cores = f"{n_cores()} core" + ("s" if n_cores() > 1 else "")
    return Speeds(
        per_core.full * scale,
        per_core.lora * scale,
        per_core.answer * scale,
        Basis.GUESS,
        2.5,
        f"Not measured on this machine yet: reckoned from its {cores} with the speed of other "
        "machines. Earlier inspections, or the command “python -m inspector bench”, make it "
        "better.",
    )


def _from_bench(settings: Settings, precision: Precision) -> Speeds | None:
    try:
        found = read_record(settings.bench, BenchedSpeeds)
    except (OSError, InspectorError):
        return None
    wrong_format = precision not in (Precision.AUTO, found.precision)
    if found.processor != processor() or wrong_format:
        return None
    n = found.n_parameters
    return Speeds(
        found.full_tokens_per_s * n,
        found.lora_tokens_per_s * n,
        found.answer_tokens_per_s * n,
        Basis.BENCH,
        1.6,
        "From the speed that `bench` measured on this machine.",
    )


# --------------------------------------------------------------------------------------------------
# Earlier runs
# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Measured:
    """One run's speeds, in parameter-tokens a second."""

    full: tuple[float, ...] = ()
    lora: tuple[float, ...] = ()
    answer: tuple[float, ...] = ()


def _from_runs(settings: Settings, precision: Precision, guess: Speeds) -> Speeds | None:
    finished = (r for r in list_runs(settings.runs) if _verdict(r.folder).exists())
    found = [
        _measured(r.folder, _verdict(r.folder).stat().st_mtime_ns, precision)
        for r in islice(finished, MAX_RUNS)
    ]
    n_runs = sum(m != _Measured() for m in found)
    if not n_runs:
        return None
    full, lora, answer = (
        _middle(getattr(m, kind) for m in found) for kind in ("full", "lora", "answer")
    )
    # What no run did is as much faster or slower than the guess as what they did.
    pairs = ((full, guess.full), (lora, guess.lora), (answer, guess.answer))
    scale = median(seen / expected for seen, expected in pairs if seen)
    runs = "1 earlier inspection" if n_runs == 1 else f"{n_runs} earlier inspections"
    return Speeds(
        full or scale * guess.full,
        lora or scale * guess.lora,
        answer or scale * guess.answer,
        Basis.RUNS,
        1.4,
        f"From the speed of {runs} on this machine.",
    )


def _middle(values: Iterable[tuple[float, ...]]) -> float:
    """The median of all, 0.0 where there are none."""
    return median([v for each in values for v in each] or [0.0])


def _verdict(folder: Path) -> Path:
    return folder / "judge" / "verdict.json"


@lru_cache(maxsize=64)
def _measured(folder: Path, _ended_at: int, precision: Precision) -> _Measured:
    """A finished run's speeds; none where it ran elsewhere or in another number format.

    A run whose files are not as they should be tells nothing: no estimate is lost by that.
    """
    try:
        return _read(Run(folder), precision)
    except (OSError, InspectorError, ValueError, KeyError):  # pyarrow's errors are ValueErrors
        return _Measured()


def _read(run: Run, precision: Precision) -> _Measured:
    where = json.loads((run.folder / "machine.json").read_text())
    wanted = read_record(run.folder / "inspection.json", Inspection).plan.precision
    if where["processor"] != processor() or precision not in (wanted, where["precision"]):
        return _Measured()
    base = run.folder / "fetch" / "base.json"
    size = size_of_artifact(
        read_record(run.folder / "fetch" / "target.json", Artifact),
        read_record(base, Artifact) if base.exists() else None,
    )
    if size is None:
        return _Measured()
    trainings = [
        read_record(path, Training)
        for path in sorted(run.folder.glob(f"scenarios/{_TARGET}/*/training.json"))
    ]
    speeds = {
        method: tuple(
            t.tokens_per_s * size.n_parameters for t in trainings if t.scenario.method is method
        )
        for method in Method
    }
    answers = tuple(speed * size.n_parameters for speed in _answering(run))
    return _Measured(speeds[Method.FULL], speeds[Method.LORA], answers)


def _answering(run: Run) -> list[float]:
    """Tokens/s of each asking after an operation that this run did itself: no loading in it."""
    begun: dict[str, datetime] = {}
    speeds = []
    for event in run.events()[0]:
        if not event.stage.startswith(f"probe-after/{_TARGET}/"):
            continue
        at = datetime.fromisoformat(event.at)
        if event.kind is EventKind.STAGE_STARTED:
            begun[event.stage] = at
        elif event.kind is EventKind.STAGE_FINISHED and event.stage in begun:
            seconds = (at - begun.pop(event.stage)).total_seconds()
            rows = pq.read_table(
                run.folder / event.stage / "responses.parquet", columns=["n_tokens"]
            )
            n_tokens = sum(rows["n_tokens"].to_pylist())
            if seconds > 0 and n_tokens:
                speeds.append(n_tokens / seconds)
    return speeds
