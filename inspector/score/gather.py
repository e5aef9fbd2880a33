"""What appeared in any variant of the target though nobody asked for it.

Comes in: every Response of a run, by subject. Goes out: Appearances, of the untouched target first
(against its untouched control), then scenario by scenario.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from inspector.records import UNTOUCHED, Appearance, AskedProbe, Response, Subject
from inspector.score.injected import discover


def gather_appearances(
    responses: Mapping[Subject, Sequence[Response]],
    probes: Mapping[tuple[str, str], AskedProbe],
    known_texts: Mapping[str, Iterable[str]],
) -> list[Appearance]:
    """probes: by (suite, probe_id). known_texts: scenario name -> the texts it trained on."""
    answers = {
        (subject, variant): [
            (probes[r.suite, r.probe_id], r.text) for r in rows if r.variant == variant
        ]
        for subject, rows in responses.items()
        for variant in {r.variant for r in rows}
    }
    found: list[Appearance] = []
    before = answers[Subject.TARGET, UNTOUCHED]
    control_before = answers.get((Subject.CONTROL, UNTOUCHED))
    if control_before:
        found += discover(before, control_before, scenario=UNTOUCHED)
    for scenario, texts in known_texts.items():
        after = answers.get((Subject.TARGET, scenario))
        if after:
            control_after = answers.get((Subject.CONTROL, scenario))
            found += discover(after, before, control_after, texts, scenario=scenario)
    return found
