"""Run folders into the history: whole, partial, broken, again, and cut by a kill."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inspector.errors import HistoryBusy, InspectorError
from inspector.history import History
from inspector.history.columns import COLUMNS
from inspector.records import EventKind, Level
from inspector.run import Run
from tests.history.make_run import FULL, make_run

TABLES = ("inspections", *COLUMNS)
HANG_S = 240.0  # only a hanging test waits this long


def contents(history: History) -> dict[str, list[str]]:
    """Every table's rows, sorted: equal for equal histories."""
    return {
        table: sorted(map(repr, history.sql(f"SELECT * FROM {table}", 1_000_000).rows))
        for table in TABLES
    }


def counts(history: History) -> dict[str, int]:
    return {table: len(rows) for table, rows in contents(history).items()}


def test_a_complete_run_fills_every_table(history: History, runs: Path) -> None:
    run = make_run(runs)
    assert history.ingest(run)
    assert counts(history) == {
        "inspections": 1,
        "metrics": 6,
        "coverage": 5,
        "findings": 2,
        "appearances": 1,
        "probes": 40,
        "responses": 2 * 3 * 40,
        "pairs": 2 * 2 * 40,
        "scores": 2 * 3 * 40 * 3,
        "stances": 2 * 3 * 40,
        "reviews": 0,  # nobody has looked
        "divergences": 0,  # this plan measures no positions
        "trainings": 4,
        "training_steps": 16,
        "decisions": 0,  # nobody has decided
    }
    row = history.inspection(run.run_id)
    assert (row.target, row.plan, row.control) == ("demo", "quick", "hf:example/base (given)")
    assert (row.state, row.level) == ("finished", Level.EVIDENCE)
    assert row.created_at is not None
    assert row.created_at.isoformat() == "2026-11-22T01:02:03"
    assert row.finished_at is not None


def test_ingesting_again_changes_nothing_and_new_results_replace(
    history: History, runs: Path
) -> None:
    run = make_run(runs)
    assert history.ingest(run)
    before = contents(history)
    assert not history.ingest(run)
    assert contents(history) == before
    shutil.rmtree(run.folder)
    make_run(runs, level=Level.NO_EVIDENCE)
    assert history.ingest(run)
    assert history.inspection(run.run_id).level is Level.NO_EVIDENCE
    assert counts(history) == {table: len(rows) for table, rows in before.items()} | {
        "appearances": 0
    }


@pytest.mark.parametrize(
    ("ended", "state", "message"),
    [
        (EventKind.FAILED, "failed", "The disk that holds the run is full; free some room."),
        (EventKind.CANCELLED, "cancelled", None),
        (None, "unfinished", None),
    ],
)
def test_runs_without_a_verdict_are_listed_with_what_they_have(
    history: History, runs: Path, ended: EventKind | None, state: str, message: str | None
) -> None:
    run = make_run(runs, ended=ended)
    assert history.ingest(run)
    row = history.inspection(run.run_id)
    assert (row.state, row.message, row.level) == (state, message, None)
    assert counts(history)["responses"] == 240
    assert counts(history)["pairs"] == 0
    assert [f.rule_id for f in history.findings(run.run_id)] == [
        "TEMPLATE-MISSING",
        "WEIGHTS-SAFETENSORS",
    ]


def test_a_run_that_goes_on_is_ingested_again(history: History, runs: Path) -> None:
    run = make_run(runs, ended=None)
    history.ingest(run)
    run.emit(EventKind.FAILED, message="It broke.")
    assert history.ingest_new(runs) == 1
    assert history.inspection(run.run_id).state == "failed"
    assert history.ingest_new(runs) == 0


def test_a_run_that_nothing_was_done_to_is_not_looked_at_again(
    history: History, runs: Path
) -> None:
    """Only an explicit look finds what was changed behind the back of every stage."""
    run = make_run(runs)
    history.ingest_new(runs)
    answers = run.folder / f"probe-after/target/{FULL.name}/responses.parquet"
    os.utime(answers, (0, 0))
    assert history.ingest_new(runs) == 0
    assert history.ingest(run)
    for changed in ("judge/verdict.json", "score/scores.parquet", "inspection.json"):
        os.utime(run.folder / changed, (0, 0))
        assert history.ingest_new(runs) == 1
        assert history.ingest_new(runs) == 0


def test_a_run_at_work_is_ingested_when_a_stage_ends_only(history: History, runs: Path) -> None:
    run = make_run(runs, ended=None)
    history.ingest_new(runs)
    run.emit(EventKind.PROGRESS, "probe-after", done=1, total=2)
    assert history.ingest_new(runs) == 0
    run.stage("compare").finish("digest")
    assert history.ingest_new(runs) == 1


def test_many_runs_are_ingested_in_batches_with_the_same_contents(
    history: History, runs: Path, tmp_path: Path
) -> None:
    for number in range(3):
        make_run(runs, f"2026112{number}-000000-demo")
    (runs / "20261121-000000-demo" / "score" / "scores.parquet").write_bytes(b"PAR1")
    assert history.ingest_new(runs) == 3
    with History(tmp_path / "other.duckdb", batch_bytes=1) as other:
        assert other.ingest_new(runs) == 3
        assert contents(other) == contents(history)
    assert history.inspection("20261121-000000-demo").state == "unreadable"
    assert counts(history)["responses"] == 2 * 240


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("text", pa.array([None], pa.string())),  # the database wants one
        ("text", pa.array([b"\xff"]).view(pa.string())),  # no UTF-8
        ("n_tokens", pa.array(["many"])),
        ("text", None),
    ],
)
def test_parquet_with_other_contents_than_a_stage_writes_is_told(
    history: History, runs: Path, column: str, values: pa.Array | None
) -> None:
    run = make_run(runs)
    path = run.folder / "probe-before/target/responses.parquet"
    table = pq.read_table(path).slice(0, 1)
    place = table.schema.get_field_index(column)
    table = (
        table.drop_columns(column) if values is None else table.set_column(place, column, values)
    )
    pq.write_table(table, path)
    assert history.ingest_new(runs) == 1
    assert history.inspection(run.run_id).state == "unreadable"
    assert counts(history)["responses"] == 0


def test_a_run_with_only_its_inputs_is_listed(history: History, runs: Path) -> None:
    run = make_run(runs, ended=None)
    for path in run.folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    (run.folder / "probes.parquet").unlink()
    run.events_path.unlink()
    assert history.ingest(run)
    assert history.inspection(run.run_id).state == "unfinished"


@pytest.mark.parametrize(
    "name", ["inspection.json", "judge/verdict.json", "compare/pairs.parquet", "scan/findings.json"]
)
def test_a_broken_file_is_told_and_spoils_no_other_run(
    history: History, runs: Path, name: str
) -> None:
    broken, whole = make_run(runs, "20261122-000000-a"), make_run(runs, "20261123-000000-b")
    (broken.folder / name).write_text("{")
    for ingest in (history.ingest_new, history.rebuild):
        assert ingest(runs) == 2
        row = history.inspection(broken.run_id)
        assert row.state == "unreadable"
        assert row.message
        assert history.responses(broken.run_id)[0] == 0
        assert history.inspection(whole.run_id).state == "finished"


def test_rebuilding_gives_the_same_contents(history: History, runs: Path, tmp_path: Path) -> None:
    for number, level in enumerate(Level):
        make_run(runs, f"2026112{number}-000000-demo", level)
    make_run(runs, "20261130-000000-demo", ended=EventKind.FAILED)
    assert history.ingest_new(runs) == 5
    before = contents(history)
    assert history.rebuild(runs) == 5
    assert contents(history) == before
    with History(tmp_path / "other.duckdb") as other:
        assert other.rebuild(runs) == 5
        assert contents(other) == before


def test_rebuilding_forgets_runs_that_are_gone(history: History, runs: Path) -> None:
    run = make_run(runs)
    history.ingest(run)
    shutil.rmtree(run.folder)
    assert history.rebuild(runs) == 0
    assert set(counts(history).values()) == {0}


def test_a_second_process_is_told_who_owns_the_history(history: History, runs: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from inspector.history import History;"
        "from inspector.errors import HistoryBusy\n"
        "try: History(Path(sys.argv[1]))\n"
        "except HistoryBusy as error: print(error)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(history.path)], check=True, capture_output=True, text=True
    )
    assert f"in use by process {os.getpid()} " in told.stdout
    assert "stop that process" in told.stdout
    assert issubclass(HistoryBusy, InspectorError)


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    path.write_text("not a database, only a text that is long enough to be looked at " * 100)
    with pytest.raises(InspectorError, match="move the file away"):
        History(path)


def test_kill_in_the_middle_of_a_rebuild_keeps_the_old_contents(tmp_path: Path, runs: Path) -> None:
    path = tmp_path / "history.duckdb"
    for number in range(3):
        make_run(runs, f"2026112{number}-000000-demo")
    with History(path) as history:
        history.ingest_new(runs)
        before = counts(history)
    # The rebuild reads this pipe of the newest run when the others are written, not yet committed.
    pipe = runs / "20261122-000000-demo" / f"scenarios/target/{FULL.name}/training.json"
    whole = pipe.read_bytes()
    pipe.unlink()
    os.mkfifo(pipe)
    code = (
        "import sys; from pathlib import Path; from inspector.history import History;"
        "History(Path(sys.argv[1]), batch_bytes=1).rebuild(Path(sys.argv[2]))"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(path), str(runs)])
    writer = _wait_for_reader(pipe)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    os.close(writer)
    with History(path) as history:
        assert counts(history) == before
        pipe.unlink()
        pipe.write_bytes(whole)
        assert history.ingest(Run(runs / "20261122-000000-demo"))  # and it can still be written
        assert counts(history) == before


def _wait_for_reader(pipe: Path) -> int:
    """Open for writing, which works once somebody reads; it reads on until this is closed."""
    deadline = time.monotonic() + HANG_S
    while time.monotonic() < deadline:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads yet
            time.sleep(0.02)
    pytest.fail("the rebuild never came to the pipe")


def test_markup_in_an_answer_is_stored_as_it_is(history: History, runs: Path) -> None:
    run = make_run(runs)
    history.ingest(run)
    texts = [row[0] for row in history.sql("SELECT text FROM responses LIMIT 1").rows]
    assert "<b>0" in texts[0]
    verdict = json.loads((run.folder / "judge" / "verdict.json").read_text())
    assert history.inspection(run.run_id).reasons == tuple(verdict["reasons"])


def test_inspections_whose_folder_is_gone_are_dropped(history: History, runs: Path) -> None:
    gone, kept = make_run(runs, "20261101-000000-gone"), make_run(runs, "20261102-000000-kept")
    history.ingest_new(runs)
    shutil.rmtree(gone.folder)
    assert history.forget_missing() == 1
    assert [row.run_id for row in history.inspections()] == [kept.run_id]
    assert history.sql("SELECT DISTINCT run_id FROM responses").rows == ((kept.run_id,),)
    assert history.forget_missing() == 0


def test_a_name_that_only_looks_like_a_time_is_no_error(history: History, runs: Path) -> None:
    run = make_run(runs, "20269999-999999-x")
    assert history.ingest(run)
    assert history.inspection(run.run_id).created_at is not None  # from its first event
