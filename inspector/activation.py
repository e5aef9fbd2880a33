"""What the looks of a fine-tuning left behind, for views: curves, and the answers at one step.

Comes in: a run folder. Goes out: the records in it, read; nothing is measured here
(`inspector/looks.py` does that).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inspector.records import (
    ActivationCurve,
    AskedProbe,
    FineTune,
    Inspection,
    Response,
    Subject,
)
from inspector.run import from_json, read_record, read_table


@dataclass(frozen=True)
class StepAnswer:
    """One answer at one step, and the question: both untrusted texts."""

    prompt: str
    text: str


def read_curves(folder: Path) -> list[ActivationCurve]:
    """All curves of a run; none where its plan has no looks, or it is not scored yet."""
    path = folder / "score" / "activation.json"
    return from_json(list[ActivationCurve], path.read_bytes()) if path.exists() else []


def read_answers(folder: Path, subject: Subject, scenario: str, step: int) -> list[StepAnswer]:
    """A subject's answers at a step of a scenario, in the order of asking; [] where there are none.

    Step 0 is before the tuning, the scenario's last step after it: of those only the answers to the
    probes of the looks.
    """
    plan = read_record(folder / "inspection.json", Inspection).plan
    tuned = next(
        (s for s in plan.scenarios if isinstance(s, FineTune) and s.name == scenario), None
    )
    if tuned is None:
        return []
    prompts = {
        (p.suite, p.probe_id): p.prompt for p in read_table(folder / "probes.parquet", AskedProbe)
    }
    return [
        StepAnswer(prompts.get((r.suite, r.probe_id), ""), r.text)
        for r in answers_at(folder, subject, tuned, step)
    ]


def answers_at(folder: Path, subject: Subject, scenario: FineTune, step: int) -> list[Response]:
    """The responses themselves; [] where a stage of them, or of the first look, is not finished."""
    during = folder / "probe-during" / subject / scenario.name
    first = _finished(during / str(scenario.look_steps[0])) if scenario.look_steps else []
    if step not in (0, scenario.steps):
        return _finished(during / str(step)) if step in scenario.look_steps else []
    place = f"probe-after/{subject}/{scenario.name}" if step else f"probe-before/{subject}"
    asked = {(r.suite, r.probe_id, r.sample_index) for r in first}
    return [r for r in _finished(folder / place) if (r.suite, r.probe_id, r.sample_index) in asked]


def _finished(stage: Path) -> list[Response]:
    # The marker stands for a whole answering: a file alone may be an earlier attempt's.
    path = stage / "responses.parquet"
    return read_table(path, Response) if (stage / "done.json").exists() and path.exists() else []
