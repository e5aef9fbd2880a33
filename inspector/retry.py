"""A failed scenario tried again alone: what failed is cleared, what was finished is kept.

Comes in: a run folder whose job has ended. Goes out: the scenarios that failed there, by the
verdict's ledger; and the same folder without the failed attempts and without the verdict that was
given in spite of them. Whoever cleared submits the run again: finished stages are skipped by their
markers, cheap ones always run. `Runner.retry` does both, with the queue locked.

A cleared attempt starts from its first step, not from its checkpoint: a checkpoint may hold what
made it fail.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from inspector.errors import BadInput
from inspector.records import CoverageStatus, EventKind, Inspection, Subject, Verdict
from inspector.run import Run, Stage, read_record

# What is concluded from all answers together, in the order of the stages.
_CONCLUSIONS = ("compare", "score", "judge", "report")


@dataclass(frozen=True)
class FailedScenario:
    """A scenario that broke on one subject or both. why: a sentence for each, in their order."""

    name: str
    subjects: tuple[Subject, ...]
    why: tuple[str, ...]


def ledger_name(scenario: str, subject: Subject) -> str:
    """What the ledger calls a scenario as a whole: the name of the line that says that it broke."""
    return f"{scenario} on the {subject}"


def failed_scenarios(run: Run) -> tuple[FailedScenario, ...]:
    """Those that the verdict's ledger says broke, in the plan's order; none without a verdict.

    One that does not apply to the model (INCOMPATIBLE) did not break: it would not apply again.
    """
    path = run.folder / "judge" / "verdict.json"
    if not path.exists():
        return ()
    verdict = read_record(path, Verdict)
    broken = {c.what: c.detail for c in verdict.coverage if c.status is CoverageStatus.ERROR}
    found = []
    for scenario in verdict.plan.scenarios:
        lines = {s: broken.get(ledger_name(scenario.name, s)) for s in Subject}
        why = {subject: detail for subject, detail in lines.items() if detail is not None}
        if why:
            found.append(FailedScenario(scenario.name, tuple(why), tuple(why.values())))
    return tuple(found)


def clear_failed(run: Run, scenario: str) -> None:
    """Throw away the scenario's unfinished stages, and the verdict and report made without them.

    Call it while nobody works on the run. Raises BadInput where the plan has no such scenario, and
    where nothing of it failed.
    """
    names = [s.name for s in _inputs(run).plan.scenarios]
    if scenario not in names:
        raise BadInput(
            f"The plan of {run.run_id} has no scenario {scenario!r}; it has {', '.join(names)}."
        )
    is_concluded = (run.folder / "judge" / "verdict.json").exists()
    broken = {f.name for f in failed_scenarios(run)}
    unfinished = [stage for stage in _stages(run, scenario) if not stage.marker.exists()]
    if scenario not in broken if is_concluded else not unfinished:
        told = f"Those that failed: {', '.join(sorted(broken))}." if broken else "None has failed."
        raise BadInput(
            f"The scenario {scenario} of {run.run_id} did not fail, so it is not tried again. "
            f"{told}"
        )
    for stage in unfinished:
        shutil.rmtree(stage.folder, ignore_errors=True)
    # Markers first: killed in between, no conclusion passes for one about the new attempt.
    for name in _CONCLUSIONS:
        run.stage(name).marker.unlink(missing_ok=True)
    # Tables are written over; what paid judges said in `score` is read again where it still fits.
    for name in ("judge", "report"):
        shutil.rmtree(run.folder / name, ignore_errors=True)
    run.emit(EventKind.NOTE, message=f"The scenario {scenario} is tried again.")


def _inputs(run: Run) -> Inspection:
    path = run.folder / "inspection.json"
    if not path.exists():
        raise BadInput(f"The folder {run.folder} holds no inspection, so nothing can be retried.")
    return read_record(path, Inspection)


def _stages(run: Run, scenario: str) -> list[Stage]:
    """The scenario's own stage folders that there are, of both subjects."""
    own = [
        run.stage(f"{group}/{subject}/{scenario}")
        for subject in Subject
        for group in ("scenarios", "probe-after", "divergence")
    ]
    ways = [way.variant(scenario) for way in _inputs(run).plan.amplify]
    amplified = [run.stage(f"amplified/{subject}/{way}") for subject in Subject for way in ways]
    return [stage for stage in [*own, *amplified] if stage.folder.is_dir()]
