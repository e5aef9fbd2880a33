"""A hardening that was really trained has its place in the history and in its model's report."""

from __future__ import annotations

import shutil
from pathlib import Path

from inspector.history import History
from inspector.records import Arm, Moment, Target, TargetKind
from inspector.report import compose, render
from inspector.settings import Settings
from tests.harden.conftest import Done
from tests.history.make_run import run_of


def test_the_history_has_its_arms_and_the_report_of_its_model_tells_of_it(
    done: Done, model: Path, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path / "home")  # other tests harden in the fixture's home too
    shutil.copytree(done.run.folder, settings.hardenings / done.run.run_id)
    with History(tmp_path / "history.duckdb") as history:
        assert history.ingest_studies(settings) == 1
        found = history.sql(
            "SELECT arm, moment, harmful_hits, harmful_n, n_unjudged, task_rate, rho, mean_drift, "
            "target_digest, p_harmful FROM hardenings ORDER BY arm, moment"
        ).named_rows()
    told = {(row["arm"], row["moment"]): row for row in found}
    for scores in done.result.scores:
        row = told[scores.arm.value, scores.moment.value]
        assert (row["harmful_hits"], row["harmful_n"], row["n_unjudged"], row["task_rate"]) == (
            *(scores.harmful.n_hits, scores.harmful.n, scores.n_unjudged, scores.task.rate),
        )
        assert row["rho"] == 0.5
        assert row["target_digest"] == done.result.target.digest
        assert (row["mean_drift"] is not None) is (scores.moment is Moment.TUNED)
    assert told["hardened", "tuned"]["p_harmful"] == done.result.p_harmful

    inspection = run_of(Target(TargetKind.LOCAL, str(model)), settings)
    section = compose(inspection).hardenings
    [line] = section.lines
    assert line.result == done.result
    tuned = done.result.scores_of(Arm.HARDENED, Moment.TUNED)
    said = f"{tuned.harmful.n_hits} of {tuned.harmful.n}"
    assert section.tables[0].rows[3][1].startswith(said)
    assert said in render(inspection, "md").decode()
    other = run_of(Target(TargetKind.LOCAL, str(_another(model, tmp_path))), settings, "other")
    assert compose(other).hardenings.lines == ()


def _another(model: Path, folder: Path) -> Path:
    """The same model with another byte in its configuration."""
    copy = folder / "another"
    copy.mkdir()
    for path in model.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    (copy / "config.json").write_text((copy / "config.json").read_text() + "\n")
    return copy
