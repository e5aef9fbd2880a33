"""The history's speed is measured on a home that is made, indexed, drawn and deleted again."""

from __future__ import annotations

from pathlib import Path

from inspector.bench.history import bench_history
from inspector.bench.home import make_home
from inspector.history import Filter, History
from inspector.records import Inspection, Level, Pair, Response, Verdict
from inspector.run import list_runs, read_record, read_table


def test_a_made_home_is_read_by_the_records_own_readers(tmp_path: Path) -> None:
    made = make_home(tmp_path, 41, 41 * 20)
    assert (made.n_inspections, made.n_responses) == (41, 820)
    run, failed, *rest = list_runs(tmp_path / "runs")
    assert len(rest) == 39
    inspection = read_record(run.folder / "inspection.json", Inspection)
    verdict = read_record(run.folder / "judge" / "verdict.json", Verdict)
    assert (inspection.plan, inspection.target) == (verdict.plan, verdict.target.target)
    answers = read_table(run.folder / "probe-before/target/responses.parquet", Response)
    pairs = read_table(run.folder / "compare/pairs.parquet", Pair)
    assert pairs[0].before_text == answers[0].text
    assert all(150 < len(answer.text) < 900 for answer in answers)
    with History(tmp_path / "history.duckdb") as history:
        assert history.ingest_new(tmp_path / "runs") == 41
        assert history.sql("SELECT count(*) FROM responses").rows == ((820,),)
        states = dict(history.sql("SELECT state, count(*) FROM inspections GROUP BY 1").rows)
        assert states == {"finished": 40, "failed": 1}
        assert history.inspection(failed.run_id).state == "failed"
        assert history.count_inspections(which=Filter(levels=(Level.EVIDENCE,))) == 9


def test_the_same_seed_makes_the_same_home(tmp_path: Path) -> None:
    texts = []
    for name in ("a", "b"):
        make_home(tmp_path / name, 1, 20)
        [run] = list_runs(tmp_path / name / "runs")
        rows = read_table(run.folder / "probe-before/control/responses.parquet", Response)
        texts.append([row.text for row in rows])
    assert texts[0] == texts[1]


def test_a_small_home_is_measured_and_deleted(tmp_path: Path) -> None:
    done = bench_history(2, 40, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert (done.made.n_inspections, done.made.n_responses) == (2, 40)
    assert done.works[0].name == "ingest"
    assert all(w.elapsed_s > 0 and w.peak_memory_bytes > 0 for w in done.works)
    names = {page.page.partition("?")[0] for page in done.pages}
    assert {"", "behaviour", "responses", "history"} <= names
    assert [page for page in done.pages if page.wrong] == []
    assert done.server_peak_bytes > 0
    assert "answers a second" in done.table()
