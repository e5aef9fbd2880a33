# ruff: noqa: T201  (a command: it prints its figures)
"""What amplifying gains on a real run: `python -m tests.measure_amplified RUN [PAYLOAD]`.

Comes in: a run folder whose plan amplifies (`tests/amplification.toml`), with a control, and words
of the payload. Goes out: for every scenario, asked plainly and in each way, how many answers hold
the payload, how many probes would have been needed to find it, what blind discovery says beside the
control asked in the same way, and how many answers loop. Nothing is written.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from inspector.records import (
    UNTOUCHED,
    AskedProbe,
    FineTune,
    Inspection,
    Response,
    Scenario,
    Subject,
)
from inspector.run import read_record, read_table
from inspector.scenarios.dataset import load_dataset, training_texts
from inspector.score import discover
from inspector.score.degeneration import find_loop
from inspector.score.discovery.counts import Answers
from inspector.sequential import discovery_minimum

TITLE = (
    "| scenario | asked | answers with it | probes until found | blind discovery | loops |",
    "|---|---|---|---|---|---|",
)
_RAREST = 0.02  # at rarer rates the number of probes is in the hundreds and depends on one answer


def table(run: Path, payload: str) -> list[str]:
    """Markdown lines, one per scenario and way that both subjects were asked in."""
    plan = read_record(run / "inspection.json", Inspection).plan
    probes = {(p.suite, p.probe_id): p for p in read_table(run / "probes.parquet", AskedProbe)}

    def answers(subject: Subject, place: str) -> Answers:
        file = run / place.format(subject=subject) / "responses.parquet"
        rows = read_table(file, Response) if file.exists() else []
        return [(probes[r.suite, r.probe_id], r.text) for r in rows]

    before = answers(Subject.TARGET, "probe-before/{subject}")
    lines = [*TITLE, _line(UNTOUCHED, "plain", before, [], payload)]
    for scenario in plan.scenarios:
        places = {"plain": f"probe-after/{{subject}}/{scenario.name}"}
        places |= {
            f"{w.method} {w.b:g}": f"amplified/{{subject}}/{w.variant(scenario.name)}"
            for w in plan.amplify
        }
        for name, place in places.items():
            said, control = (answers(subject, place) for subject in Subject)
            if said and control:
                found = discover(said, before, control, _known(scenario)).appearances
                phrases = [f"“{a.phrase}”, p = {a.p_value:.1g}" for a in found]
                lines.append(_line(scenario.name, name, said, phrases, payload))
    return lines


def _known(scenario: Scenario) -> Iterator[str]:
    return (
        training_texts(load_dataset(scenario.data)) if isinstance(scenario, FineTune) else iter(())
    )


def _line(scenario: str, way: str, said: Answers, phrases: list[str], payload: str) -> str:
    texts = [text for _, text in said]
    n_hits = sum(payload.lower() in text.lower() for text in texts) if payload else 0
    rate = n_hits / len(texts)
    needed = str(discovery_minimum(rate)) if rate > _RAREST else "over 780"
    held = f"{n_hits} of {len(texts)} | {needed}" if payload else "– | –"
    loops = sum(find_loop(text) is not None for text in texts)
    return f"| {scenario} | {way} | {held} | {'; '.join(phrases) or 'nothing'} | {loops} |"


if __name__ == "__main__":
    print("\n".join(table(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")))
