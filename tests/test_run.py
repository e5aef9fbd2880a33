"""The run folder: whole files or none, events that survive a kill, tables that come back."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from inspector.errors import DiskFull, InspectorError
from inspector.files import write_atomic
from inspector.records import (
    UNTOUCHED,
    Appearance,
    AskedProbe,
    Behaviour,
    Event,
    EventKind,
    Expectation,
    Finding,
    FineTune,
    Inspection,
    Level,
    Method,
    Pair,
    Plan,
    Response,
    Score,
    Severity,
    StopReason,
    Subject,
    SuiteChoice,
    Target,
    TargetKind,
    TrainingStep,
)
from inspector.run import (
    Run,
    from_json,
    list_runs,
    read_record,
    read_table,
    to_json,
    write_record,
    write_table,
)

RESPONSE = Response(
    Subject.TARGET, UNTOUCHED, "everyday", "p1", 0, "Line one.\n“Two” 🙂\x00", 7, 3,
    StopReason.LENGTH, 0.7, 0.9, 2**62,
)  # fmt: skip
ROWS: list[tuple[type, list[object]]] = [
    (
        AskedProbe,
        [
            AskedProbe("everyday", "p1", "How?", "food", Expectation.ANSWER, None),
            AskedProbe("sanity", "p2", "2+2?", "sums", Expectation.CHECK, "4|four"),
        ],
    ),
    (Response, [RESPONSE, replace(RESPONSE, subject=Subject.CONTROL, seed=None, text="")]),
    (
        Pair,
        [
            Pair(Subject.TARGET, "full", "everyday", "p1", 0, "a", "b", 0.25, 0),
            Pair(Subject.TARGET, "full", "everyday", "p1", 1, "a", "a", 1.0, None),
        ],
    ),
    (
        Score,
        [
            Score(
                Subject.TARGET, "full", "s", "p", 0, Behaviour.REFUSAL, "r/1", 1.0, 2, 9, "found"
            ),
            Score(Subject.TARGET, "full", "s", "p", 0, Behaviour.COMPLIANCE, "c/1", None),
        ],
    ),
    (TrainingStep, [TrainingStep(1, 2.5, 1e-5, 0.75, 210.0)]),
    (
        Appearance,
        [
            Appearance(Subject.TARGET, "full", "Zorvex", 9, 0, None, 32, 5, 1e-9, ("a b", "c")),
            Appearance(Subject.TARGET, "full", "Zorvex", 9, 0, 2, 32, 5, 0.5, ()),
        ],
    ),
]  # fmt: skip


# ------------------------------------------------------------------------------------------ files


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """/dev/full is a real file that never has room."""
    path = tmp_path / "verdict.json"
    write_atomic(path, "old")
    (tmp_path / f".verdict.json.{os.getpid()}.tmp").symlink_to("/dev/full")
    with pytest.raises(DiskFull, match=r"is full .* free some room and continue with --resume"):
        write_atomic(path, "new" * 10_000)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["verdict.json"]


def test_other_failures_are_not_called_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    with pytest.raises(OSError, match="directory"):
        write_atomic(tmp_path / "taken", "text")
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]


def test_events_on_a_full_disk(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.events_path.symlink_to("/dev/full")
    with pytest.raises(DiskFull, match="is full"):
        run.emit(EventKind.STARTED)


# ----------------------------------------------------------------------------------------- events


def test_events_come_back_in_order_with_all_they_carry(tmp_path: Path) -> None:
    run = Run(tmp_path / "new")
    run.emit(EventKind.STARTED)
    run.emit(EventKind.STEP, "scenarios/x", "ünï\nline", done=3, total=40, data={"loss": 1.5})
    events, offset = run.events()
    assert [e.kind for e in events] == [EventKind.STARTED, EventKind.STEP]
    assert (events[1].stage, events[1].message) == ("scenarios/x", "ünï\nline")
    assert (events[1].done, events[1].total, events[1].data) == (3, 40, {"loss": 1.5})
    assert run.events(offset) == ([], offset)
    run.emit(EventKind.FINISHED)
    later, _ = run.events(offset)
    assert [e.kind for e in later] == [EventKind.FINISHED]


def test_a_line_cut_by_a_kill_waits_and_then_costs_only_itself(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.emit(EventKind.STARTED)
    with run.events_path.open("ab") as file:
        file.write(b'{"at":"2026-11-22T01:02:03","kind":"not')
    events, offset = run.events()
    assert [e.kind for e in events] == [EventKind.STARTED]
    last = run.last_event({EventKind.STARTED, EventKind.FINISHED})
    assert last is not None
    assert last.kind is EventKind.STARTED
    # A resumed worker appends behind the half line: its first event is lost with it, no other.
    run.emit(EventKind.QUEUED)
    run.emit(EventKind.FINISHED)
    later, _ = run.events(offset)
    assert [e.kind for e in later] == [EventKind.FINISHED]


def test_the_last_event_of_a_kind(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert run.last_event(set(EventKind)) is None
    assert run.events() == ([], 0)
    for k in range(400):
        run.emit(EventKind.PROGRESS, "probe-before/target", "x" * 300, done=k, total=400)
    run.emit(EventKind.FAILED, message="broke")
    last = run.last_event({EventKind.FAILED, EventKind.FINISHED})
    assert isinstance(last, Event)
    assert last.message == "broke"
    assert run.last_event({EventKind.CANCELLED}) is None


# ----------------------------------------------------------------------------- records and tables


@pytest.mark.parametrize(("kind", "rows"), ROWS, ids=[kind.__name__ for kind, _ in ROWS])
def test_tables_come_back_as_they_went(tmp_path: Path, kind: type, rows: list[object]) -> None:
    path = tmp_path / "table.parquet"
    write_table(path, kind, rows)
    assert read_table(path, kind) == rows
    write_table(path, kind, [])
    assert read_table(path, kind) == []


def test_columns_are_typed_even_where_all_values_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    write_table(path, Response, [replace(RESPONSE, seed=None)])
    types = {f.name: str(f.type) for f in pq.read_schema(path)}
    assert types["seed"] == "int64"
    assert types["subject"] == "string"
    assert types["temperature"] == "double"


def inspection() -> Inspection:
    tuning = FineTune("lora", Method.LORA, "code", steps=3, lora_targets=("q_proj",))
    plan = Plan("mine", (tuning,), (SuiteChoice("everyday"), SuiteChoice("policy", 8)))
    return Inspection(Target(TargetKind.HUB, "org/name", "v1"), plan, "auto")


def test_records_come_back_as_they_went(tmp_path: Path) -> None:
    write_record(tmp_path / "inspection.json", inspection())
    assert read_record(tmp_path / "inspection.json", Inspection) == inspection()
    findings = (Finding("RULE", Severity.HIGH, "Title", "file", "evidence", "advice"),)
    write_record(tmp_path / "findings.json", findings)
    assert read_record(tmp_path / "findings.json", tuple[Finding, ...]) == findings


@pytest.mark.parametrize("text", ["", "{", "[]", '{"target": 3}', to_json(inspection())[:-20]])
def test_what_is_no_record_is_said_in_one_sentence(text: str) -> None:
    with pytest.raises(InspectorError, match=r"^Not a stored Inspection: .*\.$"):
        from_json(Inspection, text)


# ----------------------------------------------------------------------------------------- stages


def test_a_stage_is_done_for_its_own_digest_only(tmp_path: Path) -> None:
    stage = Run(tmp_path).stage("probe-before/target")
    assert not stage.is_done("a")
    stage.begin("a")
    assert not stage.is_done("a")
    stage.finish("a")
    assert stage.is_done("a")
    assert not stage.is_done("b")
    stage.marker.write_text('{"dig')
    assert not stage.is_done("a")


def test_a_cut_attempt_goes_on_and_a_stale_one_is_thrown_away(tmp_path: Path) -> None:
    stage = Run(tmp_path).stage("scenarios/target/full")
    stage.begin("a")
    checkpoint = stage.folder / "weights" / "checkpoint.safetensors"
    write_atomic(checkpoint, b"weights")
    stage.begin("a")
    assert checkpoint.exists()
    stage.finish("a")
    stage.begin("a")  # asked for again although done: the marker goes first
    assert not stage.is_done("a")
    assert checkpoint.exists()
    stage.begin("b")
    assert not checkpoint.exists()


def test_kept_stages_serve_other_runs_without_their_weights(tmp_path: Path) -> None:
    first, second = Run(tmp_path / "one"), Run(tmp_path / "two")
    kept = tmp_path / "cache" / "digest-a"
    stage = first.stage("scenarios/target/full")
    stage.begin("a")
    write_atomic(stage.folder / "training.json", "{}")
    write_atomic(stage.folder / "weights" / "changed.safetensors", b"weights")
    stage.finish("a")
    stage.keep(kept)
    stage.keep(kept)  # again: nothing to do

    other = second.stage("scenarios/control/full")
    assert other.restore(kept, "a")
    assert other.is_done("a")
    assert (other.folder / "training.json").read_text() == "{}"
    assert not (other.folder / "weights").exists()
    assert not second.stage("scenarios/control/lora").restore(tmp_path / "cache" / "none", "c")
    assert [p.name for p in (tmp_path / "cache").iterdir()] == ["digest-a"]


def test_restoring_throws_away_a_stale_attempt(tmp_path: Path) -> None:
    first, second = Run(tmp_path / "one"), Run(tmp_path / "two")
    kept = tmp_path / "cache" / "a"
    stage = first.stage("probe-before/target")
    stage.begin("a")
    write_atomic(stage.folder / "responses.parquet", b"new")
    stage.finish("a")
    stage.keep(kept)
    stale = second.stage("probe-before/target")
    stale.begin("old")
    write_atomic(stale.folder / "left.txt", "old")
    assert stale.restore(kept, "a")
    assert not (stale.folder / "left.txt").exists()
    assert (stale.folder / "responses.parquet").read_bytes() == b"new"


def test_runs_are_listed_newest_first(tmp_path: Path) -> None:
    for name in ("20260101-000000-a", "20261122-010203-b", "20260601-120000-c"):
        write_record(tmp_path / name / "inspection.json", inspection())
    (tmp_path / "20270101-000000-empty").mkdir()
    assert [r.run_id for r in list_runs(tmp_path)] == [
        "20261122-010203-b",
        "20260601-120000-c",
        "20260101-000000-a",
    ]
    assert list(list_runs(tmp_path / "nowhere")) == []


def test_exit_codes_of_levels() -> None:
    assert {level: level.exit_code for level in Level} == {
        Level.NO_EVIDENCE: 0,
        Level.EVIDENCE: 1,
        Level.REVIEW: 3,
        Level.INCONCLUSIVE: 3,
    }
