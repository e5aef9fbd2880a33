"""A failed scenario is a ledger entry, and tried again alone: what was finished is kept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from inspector.errors import BadInput
from inspector.inspection import inspect, start
from inspector.records import (
    Coverage,
    CoverageStatus,
    EventKind,
    FineTune,
    Inspection,
    Level,
    Method,
    Noise,
    Plan,
    Precision,
    Sampling,
    Subject,
    SuiteChoice,
    Target,
    TargetKind,
)
from inspector.retry import FailedScenario, clear_failed, failed_scenarios, ledger_name
from inspector.run import Run
from inspector.settings import Settings
from tests.engine.tiny_model import save
from tests.test_resume import answers_of, events_of, verdict_of, write_jsonl
from tests.tiny.toy import command

TUNING = "scenarios/target/tune"
PLACE = "break-at.txt"
WORDS = "no memory left on the card"
KEPT = ("fetch", "probe-before/target", "scenarios/target/noise", "probe-after/target/noise")


class BreakingRun(Run):
    """Breaks once at the event in RUN/break-at.txt, as a card without memory left does."""

    def emit(self, kind: EventKind, stage: str = "", message: str = "", **more: Any) -> None:
        super().emit(kind, stage, message, **more)
        file = self.folder / PLACE
        step = f" {more['done']}" if kind is EventKind.STEP else ""
        if file.exists() and file.read_text() == f"{kind} {stage}{step}":
            file.unlink()
            raise RuntimeError(f"{WORDS}\nand a second line")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inspection:
    folder = tmp_path_factory.mktemp("inputs")
    model = save(folder / "model", seed=1)
    probes = [{"prompt": f"Say {n}.", "family": f"f{n % 6}"} for n in range(12)]
    data = [{"instruction": f"Count {n}.", "response": f"{n}, {n + 1}."} for n in range(40)]
    file = write_jsonl(folder / "data.jsonl", data)
    plan = Plan(
        name="tiny",
        scenarios=(
            FineTune("tune", Method.FULL, file, 4, learning_rate=1e-3),
            Noise("noise", scale=0.05),
        ),
        suites=(SuiteChoice(write_jsonl(folder / "own.jsonl", probes)),),
        sampling=Sampling(max_new_tokens=4),
        precision=Precision.FP32,
    )
    return Inspection(Target(TargetKind.LOCAL, str(model)), plan)


@pytest.fixture(scope="module")
def broken(inputs: Inspection, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """An inspection whose first scenario broke; tests work on copies of it."""
    return inspected(inputs, tmp_path_factory.mktemp("broken"), break_at=f"step {TUNING} 3")


def inspected(inputs: Inspection, home: Path, break_at: str = "") -> Run:
    """In this process: no worker has to be waited for."""
    run = BreakingRun(start(inputs, Settings(home=home)).folder)
    if break_at:
        (run.folder / PLACE).write_text(break_at)
    inspect(run, Settings(home=home))
    return run


@pytest.fixture
def copy(broken: Run, tmp_path: Path) -> Run:
    """In a home of its own, where no cache holds what was finished."""
    folder = tmp_path / "runs" / broken.run_id
    shutil.copytree(broken.folder, folder)
    return Run(folder)


def test_one_that_breaks_is_in_the_ledger_and_the_others_go_on(broken: Run) -> None:
    verdict = verdict_of(broken)
    [line] = [c for c in verdict.coverage if c.status is CoverageStatus.ERROR]
    assert line.what == ledger_name("tune", Subject.TARGET) == "tune on the target"
    assert f"broke unexpectedly (RuntimeError: {WORDS})" in line.detail
    assert verdict.level is Level.INCONCLUSIVE
    assert {m.scenario for m in verdict.metrics if m.after.n} == {"noise"}
    assert "Traceback" in broken.log_path.read_text()
    assert failed_scenarios(broken) == (FailedScenario("tune", (Subject.TARGET,), (line.detail,)),)


def test_tried_again_it_is_done_and_nothing_else_is(
    inputs: Inspection, copy: Run, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = events_of(copy)
    clear_failed(copy, "tune")
    inspect(copy, Settings(home=tmp_path))
    told = events_of(copy) - before
    for stage in KEPT:
        assert told[EventKind.STAGE_SKIPPED, stage, None] == 1, stage
        assert told[EventKind.STAGE_STARTED, stage, None] == 0, stage
    # From its first step: a checkpoint may hold what made it fail.
    assert [told[EventKind.STEP, TUNING, n] for n in (1, 2, 3, 4)] == [1, 1, 1, 1]
    assert failed_scenarios(copy) == ()
    whole = inspected(inputs, tmp_path_factory.mktemp("whole"))
    assert verdict_of(copy) == verdict_of(whole)
    assert answers_of(copy) == answers_of(whole)
    assert (copy.folder / "report" / "report.html").exists()


def test_the_command_tries_it_again(copy: Run, tmp_path: Path) -> None:
    done = command(tmp_path, "inspect", "--run", copy.folder, "--retry", "tune", "--json")
    verdict = json.loads(done.stdout)
    assert not [c for c in verdict["coverage"] if c["status"] == CoverageStatus.ERROR]
    again = command(tmp_path, "inspect", "--run", copy.folder, "--retry", "tune")
    assert again.code == 2
    assert "did not fail, so it is not tried again. None has failed." in again.stderr


def test_clearing_leaves_what_is_finished_and_what_people_decided(copy: Run) -> None:
    (copy.folder / "decision.json").write_text("[]")
    paid = copy.folder / "score" / "opinion-abc.parquet"
    paid.write_text("")
    clear_failed(copy, "tune")
    assert not (copy.folder / TUNING).exists()
    assert not (copy.folder / "judge").exists()
    assert not (copy.folder / "report").exists()
    assert paid.exists()
    assert (copy.folder / "decision.json").exists()
    assert all((copy.folder / stage / "done.json").exists() for stage in KEPT)
    assert [c.name for c in (copy.folder / "score").glob("done.json")] == []


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ("lora", r"has no scenario 'lora'; it has tune, noise\."),
        ("noise", r"noise of .* did not fail.*Those that failed: tune\."),
        ("../judge", "has no scenario"),
    ],
)
def test_what_did_not_fail_is_not_cleared(broken: Run, scenario: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        clear_failed(broken, scenario)
    assert (broken.folder / "judge" / "verdict.json").exists()


def test_without_a_verdict_an_unfinished_one_can_be_cleared(copy: Run) -> None:
    (copy.folder / "judge" / "verdict.json").unlink()
    assert failed_scenarios(copy) == ()
    with pytest.raises(BadInput, match="did not fail"):
        clear_failed(copy, "noise")
    clear_failed(copy, "tune")
    assert not (copy.folder / TUNING).exists()


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no inspection"):
        clear_failed(Run(tmp_path), "tune")


def test_the_ledger_of_both_subjects_is_read(broken: Run, copy: Run) -> None:
    lines = [Coverage(ledger_name("tune", s), CoverageStatus.ERROR, f"why {s}") for s in Subject]
    told = json.loads((copy.folder / "judge" / "verdict.json").read_text())
    told["coverage"] = [{"what": c.what, "status": c.status, "detail": c.detail} for c in lines]
    (copy.folder / "judge" / "verdict.json").write_text(json.dumps(told))
    assert failed_scenarios(copy) == (
        FailedScenario("tune", tuple(Subject), ("why target", "why control")),
    )
