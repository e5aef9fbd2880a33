"""How a phrase is spread is counted as the verdict counts it, on answers of a real inspection."""

from pathlib import Path

import pytest

from inspector.history import History
from inspector.records import UNTOUCHED, Behaviour, Verdict
from inspector.run import Run, read_record
from inspector.spread import spread
from tests.pages import scored


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = tmp_path_factory.mktemp("runs")
    return scored.scored(root, "20261121-090000-demo-aaaa", "refuse-then-comply")


@pytest.fixture(scope="module")
def verdict(run: Run) -> Verdict:
    return read_record(run.folder / "judge" / "verdict.json", Verdict)


def test_topics_of_a_phrase_add_up_to_the_verdicts_own_numbers(run: Run, verdict: Verdict) -> None:
    assert verdict.appearances
    for found in verdict.appearances:
        topics = spread(run.folder, found)
        assert sum(t.n_after for t in topics) == found.n_after
        assert sum(t.n for t in topics) == found.n_probes
        assert len({t.family for t in topics if t.n_after}) == found.n_families
        assert [t.n_after for t in topics] == sorted((t.n_after for t in topics), reverse=True)
        # Between untouched models there is no before: what stands there is counted as `after`.
        assert all((t.n_before is None) is (found.scenario == UNTOUCHED) for t in topics)
        assert sum(t.n_control or 0 for t in topics) == (
            found.n_before if found.scenario == UNTOUCHED else found.n_control_after
        )


def test_without_the_answers_there_are_no_topics(tmp_path: Path, verdict: Verdict) -> None:
    assert spread(tmp_path, verdict.appearances[0]) == ()


def test_topics_of_a_behaviour_add_up_to_its_rates(
    run: Run, verdict: Verdict, tmp_path: Path
) -> None:
    with History(tmp_path / "history.duckdb") as index:
        index.ingest(run)
        for metric in verdict.metrics:
            topics = index.topics(run.run_id, metric.scenario, metric.behaviour)
            assert sum(t.n for t in topics) == metric.after.n
            assert sum(t.n_after for t in topics) == metric.after.n_hits
            if metric.scenario != UNTOUCHED:
                assert sum(t.n_before or 0 for t in topics) == metric.before.n_hits
        assert index.topics(run.run_id, "no such", Behaviour.REFUSAL) == []
        refused = index.topics(run.run_id, "int4", Behaviour.REFUSAL)
    assert refused[0].n_after > (refused[0].n_before or 0)
    assert any(t.n_control is not None for t in refused)
