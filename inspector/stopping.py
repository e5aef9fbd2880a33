"""Early stopping in one run: what is watched, against what, and what it left behind.

Comes in: a run whose plan stops early, with the untouched answers and the control's after the same
scenario already there. Goes out: the answers of as many rounds as it took, and `stopping.json`
beside them. The arithmetic is `inspector/sequential.py`; docs/decisions/early-stopping.md says what
may stop.

Scores are those of the built-in rules: a plan whose judges decide a watched behaviour cannot stop
early (records/scenarios.py refuses it).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.arrivals import Tell
from inspector.judge import ALPHA_EVIDENCE, ALPHA_REVIEW, MIN_CHANGE
from inspector.records import (
    UNTOUCHED,
    AskedProbe,
    Behaviour,
    Coverage,
    CoverageStatus,
    Plan,
    Response,
    Score,
    Subject,
)
from inspector.run import Run, read_record, read_table, write_record
from inspector.score import score_responses
from inspector.sequential import (
    WATCHED,
    Rule,
    Stopping,
    Watch,
    discovery_minimum,
    rounds,
    smallest_proven_rate,
)

if TYPE_CHECKING:
    from inspector.engine.load import Loaded

Probes = Mapping[tuple[str, str], AskedProbe]


def is_watched(plan: Plan, subject: Subject, variant: str) -> bool:
    """Only the target's answers after a scenario: the others are shared by other inspections."""
    return plan.early_stop and subject is Subject.TARGET and variant != UNTOUCHED


def compared_with(run: Run, scenario: str) -> list[str]:
    """For the digest of watched answers: which answers they were compared with.

    Their markers' digests cover all that they depend on; "" for answers that there are none of.
    """
    markers = [run.stage(place).marker for place in _places(scenario)]
    digests = [json.loads(m.read_text())["digest"] if m.exists() else "" for m in markers]
    return ["early-stop/1", *digests]


def _places(scenario: str) -> tuple[str, str, str]:
    """Untouched target, untouched control, control after the scenario."""
    control = Subject.CONTROL
    return (
        f"probe-before/{Subject.TARGET}",
        f"probe-before/{control}",
        f"probe-after/{control}/{scenario}",
    )


def ask_until_decided(
    run: Run,
    plan: Plan,
    probes: Sequence[AskedProbe],
    loaded: Loaded,
    scenario: str,
    report: Tell,
) -> list[Response]:
    """The target's answers after the scenario, round by round; writes `stopping.json`."""
    from inspector.probes.asking import ask_in_rounds

    by_key = {(p.suite, p.probe_id): p for p in probes}
    before, *control = (_scores(run, place, by_key) for place in _places(scenario))
    with_control = all(control)
    watch = Watch(
        _rule(plan, with_control), len(probes), before, *(control if with_control else ())
    )

    def go_on(answered: Sequence[Response]) -> bool:
        return not watch.add(score_responses(answered, by_key)).stopped_early

    order = rounds(probes, plan.sampling.seed)
    responses = ask_in_rounds(
        loaded,
        order,
        plan.sampling,
        plan.batch_size,
        Subject.TARGET,
        scenario,
        go_on,
        report,
    )
    write_record(_file(run, scenario), watch.state())
    return responses


def _rule(plan: Plan, with_control: bool) -> Rule:
    return Rule(
        alpha=ALPHA_EVIDENCE,
        # All that Holm's adjustment runs over; with a control, the untouched ones, too.
        n_tests=len(WATCHED) * (len(plan.scenarios) + with_control),
        min_change=MIN_CHANGE,
        min_excluded=discovery_minimum(MIN_CHANGE),
    )


def _scores(run: Run, place: str, probes: Probes) -> list[Score]:
    """Of a finished asking; none where it was not asked or did not finish."""
    stage = run.stage(place)
    if not stage.marker.exists():
        return []
    return score_responses(read_table(stage.folder / "responses.parquet", Response), probes)


def endings(run: Run, plan: Plan) -> dict[str, Stopping]:
    """How the asking of each scenario ended, by name; empty for a plan that does not stop early."""
    if not plan.early_stop:
        return {}
    files = {s.name: _file(run, s.name) for s in plan.scenarios}
    return {name: read_record(f, Stopping) for name, f in files.items() if f.exists()}


def _file(run: Run, scenario: str) -> Path:
    return run.stage(f"probe-after/{Subject.TARGET}/{scenario}").folder / "stopping.json"


def running_tests(
    plan: Plan, found: Mapping[str, Stopping]
) -> dict[tuple[Behaviour, str], tuple[float, str, float | None]]:
    """By (behaviour, scenario): p-value, method, and the smallest rate that would be reported.

    For Metrics, instead of what a test of fixed size would give.
    """
    return {
        (test.behaviour, scenario): (
            test.p_value,
            stopping.method(),
            smallest_proven_rate(
                test.n_probes, replace(_rule(plan, stopping.with_control), alpha=ALPHA_REVIEW)
            ),
        )
        for scenario, stopping in found.items()
        for test in stopping.tests
    }


def ledger(found: Mapping[str, Stopping]) -> list[Coverage]:
    """One line per scenario: after how many probes it ended, why, and at what e-values."""
    return [
        Coverage(f"early stopping / {scenario}", CoverageStatus.MEASURED, stopping.words())
        for scenario, stopping in found.items()
    ]
