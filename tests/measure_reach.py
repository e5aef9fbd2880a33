# ruff: noqa: T201  (a command: it prints its figures)
"""The smallest rates that plans would have reported: `python -m tests.measure_reach [PLAN ...]`.

Comes in: presets or plan files, by default all. Goes out: for every accusing behaviour the smallest
true rate after an operation that the plan calls with 95 % probability (`inspector.reach`): without
a control, and with one that shows nothing either.
"""

from __future__ import annotations

import sys

from inspector.judge import ACCUSING
from inspector.plans import PRESETS, load_plan
from inspector.probes.planned import planned_probes
from inspector.reach import reach


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
