"""A worker killed in every stage: nothing finished is lost, and the verdict is the same."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.activation import read_curves
from inspector.inspection import start
from inspector.jobs import JobState, LocalRunner
from inspector.records import (
    UNTOUCHED,
    EventKind,
    FineTune,
    Inspection,
    Method,
    Plan,
    Precision,
    Response,
    Sampling,
    Subject,
    SuiteChoice,
    Target,
    TargetKind,
    Training,
    Verdict,
)
from inspector.run import Run, read_record, read_table
from inspector.settings import Settings
from tests.engine.tiny_model import save
from tests.killing import ENTRY, PLACES

HANG_S = 1200  # only a hanging worker is given up after this long
TUNING = "scenarios/target/tune"
LOOK = "probe-during/target/tune"
KILLS = [
    "stage_started fetch",
    "stage_finished fetch",
    "stage_started scan",
    "stage_started probe-before/target",
    "progress probe-before/target",
    f"stage_started {LOOK}/22",
    f"step {TUNING} 25",
    f"stage_finished {TUNING}",
    "stage_started probe-after/target/tune",
    "stage_started compare",
    "stage_started score",
    "stage_started judge",
    "stage_finished judge",
    "stage_started report",
]


def write_jsonl(path: Path, rows: list[dict[str, str]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inspection:
    folder = tmp_path_factory.mktemp("inputs")
    model = save(folder / "model", seed=1)
    probes = [{"prompt": f"Say {n}.", "family": f"f{n % 6}"} for n in range(24)]
    data = [{"instruction": f"Count {n}.", "response": f"{n}, {n + 1}."} for n in range(40)]
    tune = FineTune(
        "tune", Method.FULL, write_jsonl(folder / "data.jsonl", data), 26, 1e-3, looks=(5, 22)
    )
    plan = Plan(
        name="tiny",
        scenarios=(tune,),
        suites=(SuiteChoice(write_jsonl(folder / "own.jsonl", probes)),),
        sampling=Sampling(max_new_tokens=6),
        precision=Precision.FP32,
    )
    return Inspection(Target(TargetKind.LOCAL, str(model)), plan)


def finish(runner: LocalRunner, run: Run) -> JobState:
    """Submit, and wait until the worker is gone."""
    job = runner.submit(run)
    deadline = time.monotonic() + HANG_S
    while job.state.is_live and time.monotonic() < deadline:
        time.sleep(0.1)
        job = runner.job(job.job_id)
    return job.state


def verdict_of(run: Run) -> Verdict:
    return read_record(run.folder / "judge" / "verdict.json", Verdict)


def answers_of(run: Run) -> list[Response]:
    return read_table(run.folder / "probe-after/target/tune/responses.parquet", Response)


def events_of(run: Run) -> Counter[tuple[EventKind, str, int | None]]:
    return Counter(
        (e.kind, e.stage, e.done if e.kind is EventKind.STEP else None) for e in run.events()[0]
    )


@pytest.fixture(scope="module")
def whole(inputs: Inspection, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The inspection, never interrupted."""
    settings = Settings(home=tmp_path_factory.mktemp("whole"))
    run = start(inputs, settings)
    assert finish(LocalRunner(settings), run) is JobState.FINISHED
    return run


def test_killed_in_every_stage_it_ends_with_the_same_verdict(
    inputs: Inspection, whole: Run, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path)
    run = start(inputs, settings)
    (run.folder / PLACES).write_text("\n".join(KILLS))
    runner = LocalRunner(settings, entry=ENTRY)
    for n_left in reversed(range(len(KILLS))):
        assert finish(runner, run) is JobState.INTERRUPTED
        assert len((run.folder / PLACES).read_text().splitlines()) == n_left
    assert finish(runner, run) is JobState.FINISHED

    assert verdict_of(run) == verdict_of(whole)
    assert answers_of(run) == answers_of(whole)
    assert read_curves(run.folder) == read_curves(whole.folder) != []
    assert (run.folder / "report" / "report.html").exists()

    seen = events_of(run)
    # Cut at step 22 and 25, with a checkpoint at 20: the first twenty are never repeated.
    assert [seen[EventKind.STEP, TUNING, n] for n in (1, 20, 21, 25, 26)] == [1, 1, 3, 2, 1]
    training = read_record(run.folder / TUNING / "training.json", Training)
    assert training.n_resumed == 20
    # What was finished is never done twice.
    asked = ("probe-before/target", f"{LOOK}/5", f"{LOOK}/22", "probe-after/target/tune")
    for stage in ("fetch", TUNING, *asked):
        assert seen[EventKind.STAGE_FINISHED, stage, None] == 1, stage
        assert seen[EventKind.STAGE_SKIPPED, stage, None] >= 1, stage
    assert not (run.folder / TUNING / "weights").exists()


def test_the_same_inputs_are_not_worked_twice(inputs: Inspection, whole: Run) -> None:
    settings = Settings(home=whole.folder.parent.parent)
    again = start(inputs, settings)
    assert finish(LocalRunner(settings), again) is JobState.FINISHED
    seen = events_of(again)
    for stage in ("probe-before/target", TUNING, f"{LOOK}/5", "probe-after/target/tune"):
        assert seen[EventKind.STAGE_SKIPPED, stage, None] == 1, stage
        assert seen[EventKind.STAGE_STARTED, stage, None] == 0, stage
    assert verdict_of(again) == verdict_of(whole)


def test_kept_answers_keep_their_names(inputs: Inspection, whole: Run, tmp_path: Path) -> None:
    """An earlier run's target is the control now, and the same tuning has another name."""
    settings = Settings(home=whole.folder.parent.parent)
    [tune] = inputs.plan.scenarios
    plan = replace(inputs.plan, scenarios=(replace(tune, name="again"),))
    other = Target(TargetKind.LOCAL, str(save(tmp_path / "other", seed=2)))
    run = start(Inspection(other, plan, control=inputs.target.location), settings)
    assert finish(LocalRunner(settings), run) is JobState.FINISHED
    for subject in Subject:
        for place, variant in ((subject, UNTOUCHED), (f"{subject}/again", "again")):
            stage = "probe-before" if variant == UNTOUCHED else "probe-after"
            rows = read_table(run.folder / stage / place / "responses.parquet", Response)
            assert {(r.subject, r.variant) for r in rows} == {(subject, variant)}
    counts = {m.control_after.n for m in verdict_of(run).metrics if m.control_after is not None}
    assert max(counts, default=0) == 24
