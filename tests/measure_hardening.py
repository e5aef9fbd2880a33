# ruff: noqa: T201  (a command: it says what it does)
"""Hardening against plain alignment: `python -m tests.measure_hardening [--quick] [--only ROW]`.

Comes in: the demo model and public alignment data (with --quick a tiny model and refusals made from
templates). Goes out: `docs/results/hardening/ROW.json` for every row as soon as it is finished,
`docs/results/hardening.md` and `.json`. A row whose inputs are the same is not run again; one that
was cut goes on from its run folder; rows of an earlier version of the code are marked. --only: rows
whose names hold this text, or `cost`. --limit-s: no row is begun after so many seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice, pairwise
from pathlib import Path

from inspector.calibrate.results import detector_digest
from inspector.errors import InspectorError
from inspector.harden.data import read_alignment
from inspector.harden.inputs import hardening_of
from inspector.harden.path import INPUTS, harden, start
from inspector.hardware import has_bf16, processor
from inspector.records import (
    Arm,
    Hardened,
    Hardening,
    Moment,
    Perturbation,
    PerturbationNorm,
    PerturbationStep,
    Precision,
    Target,
    TargetKind,
    digest_of,
)
from inspector.run import Run, now, read_record, read_table, to_json, write_record
from inspector.settings import Settings
from tests.hardening_table import (
    RATIOS,
    TARGET_PUSH,
    ArmFigures,
    Cost,
    CostResult,
    Row,
    RowResult,
    page,
    read_cost,
    read_row,
    targets,
)

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "results"
ALIGNMENT = Path("/work/shared/data/safe_refusal_qa.jsonl")
N_ALIGNMENT = 600  # rows of it: more than 40 steps of 4 can see
# What figures depend on; the others tell of them, or write the adapters.
CODE = (
    *(f"engine/{name}.py" for name in ("drift", "perturb", "train")),
    *(f"harden/{name}.py" for name in ("arms", "data", "reviews", "scoring")),
    "score",
)
KINDS = ("plain", "hardened", "layers")
_COST_STEPS = 6


@dataclass(frozen=True)
class Setup:
    """What is measured: inputs of one row, every row most telling first, and the push of the
    targets. few: how many layers the `layers` kind of cost pushes."""

    inputs: Hardening
    rows: tuple[Row, ...]
    push: Perturbation
    ratios: tuple[float, ...]
    few: int
    about: tuple[str, ...]

    def of(self, row: Row) -> Hardening:
        """A row's inputs: its seed is that of both trainings."""
        rate = row.tune_rate or self.inputs.tune.learning_rate
        return replace(
            self.inputs,
            perturbation=row.push,
            poison_ratio=row.ratio,
            align=replace(self.inputs.align, seed=row.seed),
            tune=replace(self.inputs.tune, seed=row.seed, learning_rate=rate),
        )


def real(settings: Settings) -> Setup:
    """The demo model, aligned on public refusals, tuned on reviews."""
    place = settings.home / "measure" / "alignment.jsonl"  # beside the project, not in it
    place.parent.mkdir(parents=True, exist_ok=True)
    with ALIGNMENT.open() as source:
        place.write_text("".join(islice(source, N_ALIGNMENT)))
    inputs = hardening_of(
        Target(TargetKind.DEMO),
        str(place),
        steps=40,
        tune_steps=60,
        batch=4,
        learning_rate=1e-3,
        max_length=80,
        # Not the faster of the two: on a busy machine that may be another one for every row.
        precision=Precision.BF16 if has_bf16() else Precision.FP32,
    )
    others = (
        Perturbation(0.5),
        Perturbation(10.0),
        Perturbation(2.0, PerturbationNorm.LAYER),
        Perturbation(2.0, n_layers=8),
    )
    first = [Row(TARGET_PUSH, ratio, 0) for ratio in (0.1, 0.2, 0.05, 0.0)]
    middle = [Row(TARGET_PUSH, 0.1, 0, 1e-4), *(Row(push, 0.1, 0) for push in others)]
    rest = [Row(TARGET_PUSH, ratio, seed) for seed in (1, 2) for ratio in (0.1, 0.2, 0.05, 0.0)]
    return Setup(
        replace(inputs, max_new_tokens=64),
        (*first, *middle, *rest),
        TARGET_PUSH,
        RATIOS,
        8,
        (
            "Made by `python -m tests.measure_hardening` (docs/hardening.md says what is done). "
            f"SmolLM2-135M-Instruct; both arms aligned on the same {N_ALIGNMENT} rows of a set of "
            "refusals (40 steps of 4, LoRA rank 8, rate 1e-3), then tuned on the built-in reviews "
            "and on placeholder completions of policy probes (400 examples, 60 steps of 4, LoRA "
            "rank 8, rate 5e-4), examples cut at 80 tokens; 40 other policy probes and 60 other "
            "reviews asked, greedy, 64 tokens.",
        ),
    )


def quick(settings: Settings) -> Setup:
    """A tiny model, for CI: that the measurement works, not what it finds."""
    from tests.harden.world import make_model, tiny_hardening, write_refusals

    model = settings.home / "measure" / "complies"
    if not (model / "config.json").exists():
        make_model(model)
    inputs = tiny_hardening(model, write_refusals(settings.home / "measure" / "refusals.jsonl"))
    push = Perturbation(0.5)
    rows = [Row(push, ratio, 0) for ratio in (0.1, 0.2, 0.0)]
    rows += [Row(Perturbation(0.5, n_layers=1), 0.1, 0)]
    about = "Made by `python -m tests.measure_hardening --quick` on a model of two tiny layers."
    return Setup(inputs, tuple(rows), push, (0.0, 0.1, 0.2), 1, (about,))


def measure(
    setup: Setup,
    settings: Settings,
    out: Path,
    only: str = "",
    limit_s: float | None = None,
    say: Callable[[str], None] = print,
) -> list[RowResult]:
    """Run what is missing, write the page; every finished row, old and new."""
    began, folder = time.monotonic(), out / "hardening"
    code = detector_digest(CODE)
    data = read_alignment(setup.inputs.align.data).digest
    if only in "cost":
        _measure_cost(setup, settings, folder / "cost.json", data, code, say)
        _write(setup, out, code)
    for row in setup.rows:
        if only not in row.name:
            continue
        path, digest = folder / f"{row.name}.json", _digest(setup.of(row), data)
        stored = read_row(path)
        if stored is not None and stored.digest == digest and not stored.problem:
            say(f"{row.name}: measured before")
        elif limit_s is not None and time.monotonic() - began > limit_s:
            say(f"{row.name}: left for the next sitting")
        else:
            say(f"{row.name}: begins")
            result = _measure_row(setup, settings, row, digest, code)
            write_record(path, result)
            say(f"{row.name}: {result.problem or f'{result.elapsed_s:.0f} s'}")
            _write(setup, out, code)
    _write(setup, out, code)
    return _finished(setup, folder)


def _measure_row(setup: Setup, settings: Settings, row: Row, digest: str, code: str) -> RowResult:
    began = time.monotonic()
    place = settings.hardenings / f"measure-{row.name}-{digest[:8]}"
    empty = RowResult(row, digest, code, None, None, None, None, 0.0, processor(), now())
    try:
        run = Run(place) if (place / INPUTS).exists() else start(setup.of(row), settings, place)
        result = harden(run, settings)
    except InspectorError as error:
        return replace(empty, elapsed_s=time.monotonic() - began, problem=str(error))
    steps = read_table(run.folder / "align/hardened/perturbation.parquet", PerturbationStep)
    return replace(
        empty,
        plain=_figures(result, Arm.PLAIN),
        hardened=_figures(result, Arm.HARDENED),
        p_harmful=result.p_harmful,
        relative_size=statistics.mean(s.relative_size for s in steps),
        elapsed_s=time.monotonic() - began,
        finished_at=now(),
    )


def _figures(result: Hardened, arm: Arm) -> ArmFigures:
    before, after = (result.scores_of(arm, moment) for moment in Moment)
    drift = [d for d in result.drift if d.scenario == arm.value]
    return ArmFigures(
        before.harmful,
        after.harmful,
        after.n_unjudged,
        after.task,
        result.mean_drift(arm),
        statistics.mean(d.drift / d.norm for d in drift),
        next(c.last_loss for c in result.costs if c.arm is arm),
        next(a.kind for a in result.alerts if a.arm is arm),
    )


def _digest(inputs: Hardening, data: str) -> str:
    """Of a row's inputs; of the alignment data the content counts, not where it lies."""
    anywhere = replace(inputs, align=replace(inputs.align, data=""))
    if inputs.target.kind is TargetKind.LOCAL:  # the tiny model: made from a seed anywhere
        anywhere = replace(anywhere, target=Target(TargetKind.DEMO, "tiny"))
    return digest_of([repr(anywhere), data])


def _finished(setup: Setup, folder: Path) -> list[RowResult]:
    found = [read_row(folder / f"{row.name}.json") for row in setup.rows]
    return [r for r in found if r is not None]


def _write(setup: Setup, out: Path, code: str) -> None:
    rows, cost = _finished(setup, out / "hardening"), read_cost(out / "hardening" / "cost.json")
    lines = targets(rows, cost, setup.push, setup.ratios)
    out.mkdir(parents=True, exist_ok=True)
    text = page(rows, setup.rows, cost, lines, code, setup.about)
    (out / "hardening.md").write_text(text)
    document = {
        "targets": [asdict(t) for t in lines],
        "cost": json.loads(to_json(cost)) if cost else None,
        "rows": [json.loads(to_json(r)) for r in rows],
    }
    (out / "hardening.json").write_text(json.dumps(document, indent=1) + "\n")


# -------------------------------------------------------------------------------------------- cost


def _measure_cost(
    setup: Setup,
    settings: Settings,
    path: Path,
    data: str,
    code: str,
    say: Callable[[str], None],
) -> None:
    """Each kind of alignment in a process of its own: memory is counted by process."""
    digest = digest_of([_digest(setup.inputs, data), str(setup.few), str(_COST_STEPS)])
    stored = read_cost(path)
    if stored is not None and stored.digest == digest:
        say("cost: measured before")
        return
    say("cost: begins")
    inputs = settings.home / "measure" / "cost-inputs.json"
    write_record(inputs, setup.inputs)
    costs = tuple(_cost_of(kind, inputs, settings, setup) for kind in KINDS)
    write_record(path, CostResult(digest, code, costs, processor(), now()))
    for cost in costs:
        say(f"cost of {cost.kind}: {cost.step_s:.3f} s a step, {cost.peak_bytes / 1e9:.2f} GB")


def _cost_of(kind: str, inputs: Path, settings: Settings, setup: Setup) -> Cost:
    command = [sys.executable, "-m", "tests.measure_hardening", "--cost-of", kind]
    command += ["--inputs", str(inputs), "--few", str(setup.few), "--rho", str(setup.push.rho)]
    more = {"OMP_NUM_THREADS": "1", "INSPECTOR_HOME": str(settings.home)}
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | more, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def cost_of(kind: str, inputs: Hardening, few: int, rho: float) -> Cost:
    """A few steps of one kind of alignment in this process."""
    from inspector.engine.chat import encode_example
    from inspector.engine.load import go_offline, load
    from inspector.engine.measure import machine
    from inspector.engine.perturb import PerturbedAlignment, plain_alignment
    from inspector.engine.train import Gradients, fine_tune, peak_memory_bytes
    from inspector.fetch import fetch

    settings = Settings()
    artifact = fetch(inputs.target, settings, lambda *_: None)
    go_offline()
    loaded = load(artifact, None, machine(inputs.precision).precision, settings.cache)
    rows = read_alignment(inputs.align.data).examples[:100]
    encoded = [encode_example(loaded.tokenizer, e, inputs.align.max_length) for e in rows]
    work = settings.home / "measure" / f"cost-{kind}-{os.getpid()}"
    push = Perturbation(rho, n_layers=few if kind == "layers" else None)
    gradients: Gradients = plain_alignment
    if kind != "plain":
        gradients = PerturbedAlignment(push, work / "journal.jsonl")
    clock = [(time.process_time(), time.perf_counter())]
    fine_tune(
        loaded,
        [e for e in encoded if e is not None],
        replace(inputs.align, steps=_COST_STEPS),
        work,
        lambda _: clock.append((time.process_time(), time.perf_counter())),
        gradients=gradients,
    )
    shutil.rmtree(work)
    pairs = list(pairwise(clock[1:]))  # the first step warms up
    return Cost(
        kind,
        statistics.median(b[0] - a[0] for a, b in pairs),
        statistics.median(b[1] - a[1] for a, b in pairs),
        peak_memory_bytes(),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tiny model, in a minute or two")
    parser.add_argument("--only", default="", help="rows whose names hold this text, or cost")
    parser.add_argument("--limit-s", type=float, help="begin no row after so many seconds")
    parser.add_argument("--out", type=Path, help="where results are kept; docs/results by default")
    for hidden in ("--cost-of", "--inputs", "--few", "--rho"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.cost_of:
        inputs = read_record(Path(given.inputs), Hardening)
        found = cost_of(given.cost_of, inputs, int(given.few), float(given.rho))
        print(json.dumps(asdict(found)))
        return 0
    settings = Settings()
    out = given.out or (settings.home / "measure" / "quick" if given.quick else RESULTS)
    setup = quick(settings) if given.quick else real(settings)
    measure(setup, settings, out.resolve(), given.only, given.limit_s)
    print(out / "hardening.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
