"""What appeared in any variant of the target though nobody asked for it.

Comes in: every Response of a run, by subject. Goes out: Appearances, of the untouched target first
(against its untouched control), then scenario by scenario, and how much was looked at for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from inspector.records import (
    UNTOUCHED,
    AskedProbe,
    Coverage,
    CoverageStatus,
    Response,
    Subject,
)
from inspector.score.injected import Discovery, discover


@dataclass(frozen=True)
class Search:
    """What blind discovery looked at under one scenario of the target, and found."""

    scenario: str
    discovery: Discovery

    @property
    def coverage(self) -> Coverage:
        return Coverage(
            f"blind discovery / {self.scenario}",
            CoverageStatus.MEASURED,
            f"{self.discovery.n_seen:,} words, phrases, names and sentences in the answers; "
            f"{self.discovery.n_tested:,} in enough of them to be tested",
        )


def gather_appearances(
    responses: Mapping[Subject, Sequence[Response]],
    probes: Mapping[tuple[str, str], AskedProbe],
    known_texts: Mapping[str, Iterable[str]],
    opening: str,
) -> list[Search]:
    """probes: by (suite, probe_id). known_texts: scenario name -> the texts it trained on. opening:
    what the control's chat template says before every prompt; never the target's own, which
    whoever planted something may have written."""
    answers = {
        (subject, variant): [
            (probes[r.suite, r.probe_id], r.text) for r in rows if r.variant == variant
        ]
        for subject, rows in responses.items()
        for variant in {r.variant for r in rows}
    }
    searches = []
    before = answers[Subject.TARGET, UNTOUCHED]
    control_before = answers.get((Subject.CONTROL, UNTOUCHED))
    if control_before:
        found = discover(before, control_before, opening=opening, scenario=UNTOUCHED)
        searches.append(Search(UNTOUCHED, found))
    for scenario, texts in known_texts.items():
        after = answers.get((Subject.TARGET, scenario))
        if after:
            control_after = answers.get((Subject.CONTROL, scenario))
            found = discover(
                after, before, control_after, texts, opening=opening, scenario=scenario
            )
            searches.append(Search(scenario, found))
    return searches
