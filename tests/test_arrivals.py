"""Answers arrive through the events, whole, and stand beside the untouched model's."""

from pathlib import Path

import pytest

from inspector.arrivals import Arrival, Beside, arrival_of, beside_untouched, teller
from inspector.records import UNTOUCHED, Event, EventKind, Response, StopReason, Subject
from inspector.run import Run, write_table

ARRIVAL = Arrival(Subject.TARGET, "tune", "own", "p1", 0, "Why?", "Because\n<b>so</b> \u202e")


def response(subject: Subject, probe_id: str, text: str, sample: int = 0) -> Response:
    end = StopReason.END_OF_TURN
    return Response(subject, UNTOUCHED, "own", probe_id, sample, text, 3, 3, end, 0.0, 1.0, None)


def test_what_is_told_is_read_back_whole(tmp_path: Path) -> None:
    run = Run(tmp_path)
    tell = teller(run, "probe-after/target/tune", 8)
    tell(3, None)
    tell(4, ARRIVAL)
    events, _ = run.events()
    assert [(e.kind, e.stage, e.done, e.total) for e in events] == [
        (EventKind.PROGRESS, "probe-after/target/tune", done, 8) for done in (3, 4)
    ]
    assert [arrival_of(e) for e in events] == [None, ARRIVAL]


@pytest.mark.parametrize(
    "data",
    [
        None,
        {"prompt": "Why?", "text": "Because"},  # as older versions told it
        {"subject": "stranger", "variant": "v", "suite": "s", "probe_id": "p", "prompt": "q"},
        {"loss": 2.0},
    ],
)
def test_other_events_tell_of_no_answer(data: dict[str, float | int | str | None] | None) -> None:
    assert arrival_of(Event("2026-11-22T01:00:00+00:00", EventKind.PROGRESS, data=data)) is None


def test_each_stands_beside_the_same_subjects_answer_to_the_same_probe(tmp_path: Path) -> None:
    for subject in Subject:
        rows = [
            response(subject, "p1", f"{subject} p1"),
            response(subject, "p1", f"{subject} p1, again", sample=1),
            response(subject, "p2", f"{subject} p2"),
        ]
        write_table(tmp_path / "probe-before" / subject / "responses.parquet", Response, rows)
    control = Arrival(Subject.CONTROL, "tune", "own", "p1", 1, "Why?", "Because")
    unknown = Arrival(Subject.TARGET, "tune", "own", "p9", 0, "Who?", "Me")
    untouched = Arrival(Subject.TARGET, UNTOUCHED, "own", "p2", 0, "Why?", "Because")
    assert beside_untouched(Run(tmp_path), [ARRIVAL, control, unknown, untouched]) == [
        Beside(ARRIVAL, "target p1"),
        Beside(control, "control p1, again"),
        Beside(unknown, None),
        Beside(untouched, None),
    ]


def test_before_the_first_asking_has_ended_nothing_stands_beside(tmp_path: Path) -> None:
    assert beside_untouched(Run(tmp_path), [ARRIVAL]) == [Beside(ARRIVAL, None)]
