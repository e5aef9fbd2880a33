"""Two inspections side by side, of one Target or of two.

Comes in: two runs that pinned their targets. Goes out: a Comparison: which inputs are the same,
each behaviour's share in both with the difference and its interval, what only one of them found.
"""

from __future__ import annotations

import math

from inspector.labels import rate_groups
from inspector.recheck.changes import what_changed
from inspector.recheck.deployed import inspected
from inspector.records import (
    UNTOUCHED,
    Appearance,
    Artifact,
    Behaviour,
    Inspection,
    Rate,
    Verdict,
    digest_of,
)
from inspector.records.recheck import Comparison, Fact, RateApart
from inspector.run import Run, read_record


def compare_inspections(a: Run, b: Run) -> Comparison:
    """b against a. Raises BadInput where one never pinned its target."""
    inspected(a)  # says so of the first one too
    before, after = _verdict(a), _verdict(b)
    old, new = _phrases(before), _phrases(after)
    return Comparison(
        facts=_facts(a, b, before, after),
        change=what_changed(a, b),
        rates=_rates(before, after),
        appearances_new=tuple(found for key, found in new.items() if key not in old),
        appearances_gone=tuple(found for key, found in old.items() if key not in new),
    )


def difference(a: Rate, b: Rate) -> tuple[float, float, float]:
    """b minus a, with the low and the high end of its 95 % interval.

    Newcombe 1998 (Statistics in Medicine 17, 873-890), method 10, from the Wilson limits of both.
    For independent answers; for the same probes asked twice it is wider than it need be. Not in
    `stats`, whose scipy takes a second to import: a page waits for this.
    """
    apart = b.rate - a.rate
    low = apart - math.hypot(b.rate - b.low, a.high - a.rate)
    high = apart + math.hypot(b.high - b.rate, a.rate - a.low)
    return apart, low, high


def _verdict(run: Run) -> Verdict | None:
    path = run.folder / "judge" / "verdict.json"
    return read_record(path, Verdict) if path.exists() else None


def _facts(a: Run, b: Run, *verdicts: Verdict | None) -> tuple[Fact, ...]:
    inputs = [read_record(run.folder / "inspection.json", Inspection) for run in (a, b)]
    targets = [inspected(run) for run in (a, b)]
    controls = [_control(run) for run in (a, b)]
    versions = [verdict.versions if verdict else {} for verdict in verdicts]
    told: list[tuple[str, list[str | None]]] = [
        ("Target", [str(i.target) for i in inputs]),
        ("Commit", [target.commit for target in targets]),
        ("Digest of the target's files", [target.digest for target in targets]),
        ("Plan", [i.plan.name for i in inputs]),
        ("Digest of the plan's settings", [digest_of([repr(i.plan)]) for i in inputs]),
        ("Control", [v.control if v else i.control for v, i in zip(verdicts, inputs, strict=True)]),
        ("Digest of the control's files", [c.digest if c else None for c in controls]),
        ("Verdict", [v.level.value if v else None for v in verdicts]),
    ]
    names = sorted({name for each in versions for name in each})
    told += [(f"Version of {name}", [each.get(name) for each in versions]) for name in names]
    return tuple(Fact(what, *both) for what, both in told)


def _control(run: Run) -> Artifact | None:
    path = run.folder / "fetch" / "control.json"
    return read_record(path, Artifact) if path.exists() else None


def _phrases(verdict: Verdict | None) -> dict[str, Appearance]:
    """The same phrase after several operations is one."""
    return {found.phrase.casefold(): found for found in (verdict.appearances if verdict else ())}


def _rates(a: Verdict | None, b: Verdict | None) -> tuple[RateApart, ...]:
    old, new = _shares(a), _shares(b)
    return tuple(_apart(*key, old.get(key), new.get(key)) for key in {**old, **new})


def _shares(verdict: Verdict | None) -> dict[tuple[Behaviour, str], Rate]:
    """By behaviour and scenario; `untouched` is the share before any of them."""
    shares: dict[tuple[Behaviour, str], Rate] = {}
    for metric in verdict.metrics if verdict else ():
        groups = rate_groups(metric)
        if (before := groups.get("before")) is not None:
            shares.setdefault((metric.behaviour, UNTOUCHED), before)
        if (after := groups.get("after")) is not None:
            shares[metric.behaviour, metric.scenario] = after
    return {key: rate for key, rate in shares.items() if rate.n}


def _apart(behaviour: Behaviour, scenario: str, a: Rate | None, b: Rate | None) -> RateApart:
    if a is None or b is None:
        return RateApart(behaviour, scenario, a, b, None, None, None)
    return RateApart(behaviour, scenario, a, b, *difference(a, b))
