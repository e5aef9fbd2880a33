"""Answers, scores and questions as a run folder holds them now.

Comes in: a run folder at any stage. Goes out: records; empty lists where a stage has not written.
"""

from __future__ import annotations

from pathlib import Path

from inspector.records import UNTOUCHED, AskedProbe, Response, Score, Subject
from inspector.run import read_table


def read_answers(folder: Path, subject: Subject, variant: str) -> list[Response]:
    """The answers of a subject under a variant: `untouched`, or a scenario's name."""
    place = f"probe-after/{subject}/{variant}"
    if variant == UNTOUCHED:
        place = f"probe-before/{subject}"
    path = folder / place / "responses.parquet"
    return read_table(path, Response) if path.exists() else []


def read_scores(folder: Path) -> list[Score]:
    """The scores that count."""
    path = folder / "score" / "scores.parquet"
    return read_table(path, Score) if path.exists() else []


def read_asked(folder: Path) -> dict[tuple[str, str], AskedProbe]:
    """The questions, by suite and probe id."""
    path = folder / "probes.parquet"
    asked = read_table(path, AskedProbe) if path.exists() else []
    return {(p.suite, p.probe_id): p for p in asked}
