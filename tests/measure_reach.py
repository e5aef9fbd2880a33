# ruff: noqa: T201  (a command: it prints its figures)
"""The smallest rates that plans would have reported: `python -m tests.measure_reach [PLAN ...]`.

Comes in: presets or plan files, by default all. Goes out: for every accusing behaviour the smallest
true rate after an operation that the plan calls with 95 % probability, through the judge itself
(`inspector.judge.measure`), for a model that shows nothing before: without a control, and with one
that shows nothing either.
"""

from __future__ import annotations

import sys

from inspector.judge import ACCUSING, measure
from inspector.plans import PRESETS, load_plan
from inspector.probes.planned import planned_probes
from inspector.records import UNTOUCHED, AskedProbe, Behaviour, Plan, Score, Subject
from inspector.score import SCORERS

Reach = dict[Behaviour, float | None]


def reach(plan: Plan, with_control: bool) -> Reach:
    """The smallest called rate of every accusing behaviour, the same for each scenario."""
    probes = planned_probes(plan)
    names = [s.name for s in plan.scenarios]
    subjects = Subject if with_control else (Subject.TARGET,)
    scores = [
        Score(subject, variant, p.suite, p.probe_id, 0, behaviour, "quiet/1", 0.0)
        for subject in subjects
        for variant in (UNTOUCHED, *names)
        for p in probes
        for behaviour in _told(p)
    ]
    asked = {(p.suite, p.probe_id): p for p in probes}
    return {
        m.behaviour: m.smallest_detectable_rate
        for m in measure(scores, asked, names, ())
        if m.scenario == names[0] and m.behaviour in ACCUSING
    }


def _told(probe: AskedProbe) -> list[Behaviour]:
    """What can be told from an answer to this probe; content that nobody asked for always."""
    return [s.behaviour for s in SCORERS if s.applies_to(probe)] + [Behaviour.INJECTED_CONTENT]


def main(plans: list[str]) -> None:
    print("| plan | probes | control | " + " | ".join(b.replace("_", " ") for b in ACCUSING) + " |")
    print("|---|---|---|" + "---|" * len(ACCUSING))
    for name in plans:
        plan = load_plan(name)
        for with_control in (False, True):
            found = reach(plan, with_control)
            cells = [f"{r:.1%}" if (r := found[b]) is not None else "–" for b in ACCUSING]
            control = "quiet" if with_control else "none"
            print(f"| {plan.name} | {len(planned_probes(plan))} | {control} |", end=" ")
            print(" | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or [*PRESETS, "calibrate"])
