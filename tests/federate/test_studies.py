"""Whole studies on a tiny model that was really trained: simulated, screened, repaired, resumed."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from inspector.cli.federate_tables import draw_repair, draw_round, draw_simulation
from inspector.errors import BadInput, PlanError, StageFailed
from inspector.federate.deltas import NOTHING
from inspector.federate.models import Models, added
from inspector.federate.path import federate, start
from inspector.federated import Part, read_federated, read_outcome, read_study
from inspector.fetch import fetch
from inspector.history import History
from inspector.judge.policy import MIN_CHANGE
from inspector.records import Behaviour, EventKind, Level, Method, Target, TargetKind
from inspector.records.rounds import (
    AGGREGATE,
    BASE,
    DefenceLevel,
    Repair,
    RepairResult,
    RoundScreening,
    RoundVerdict,
    Screened,
    SimulationResult,
    Standing,
)
from inspector.report import compose, render
from inspector.run import Run
from inspector.settings import Settings
from tests.federate.made import write_tensors
from tests.federate.world import Rounds, send, simulation
from tests.history.make_run import run_of

BAD = "participant-05"


def drawn(draw: Callable[[Console], None]) -> str:
    console = Console(record=True, width=160, file=io.StringIO())
    draw(console)
    return console.export_text()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One home for all: whoever was tuned once is not tuned again."""
    return Settings(home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def attacked(rounds: Rounds, home: Settings) -> tuple[Run, SimulationResult]:
    run = start(simulation(rounds, malicious_share=0.4, screen=Screened.LAST), home)
    result = federate(run, home)
    assert isinstance(result, SimulationResult)
    return run, result


@pytest.fixture(scope="module")
def sent(rounds: Rounds, home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return send(rounds, home, tmp_path_factory.mktemp("round"))


def test_an_attack_takes_the_refusals_and_screening_names_the_attackers(
    attacked: tuple[Run, SimulationResult],
) -> None:
    run, result = attacked
    assert result.before.safety.rate >= 0.9
    assert result.after.safety.rate <= 0.3
    assert result.level in (Level.REVIEW, Level.EVIDENCE)
    assert any("complies" in reason for reason in result.reasons)
    step = result.steps[0]
    assert len(step.malicious) == 2
    assert step.named == step.malicious
    assert step.accused == ()
    assert (run.folder / "adapter" / "adapter_model.safetensors").exists()
    assert read_outcome(run) == result
    assert result.after_loss.low < result.after_loss.mean < result.after_loss.high
    shown = drawn(lambda console: draw_simulation(console, result))
    assert "2 of 2, falsely 0" in shown


def test_a_resumed_study_asks_and_tunes_nothing_again(
    attacked: tuple[Run, SimulationResult], home: Settings
) -> None:
    run, result = attacked
    _, offset = run.events()
    again = federate(run, home)
    assert isinstance(again, SimulationResult)
    assert again.after == result.after
    events, _ = run.events(offset)
    begun = {e.stage for e in events if e.kind is EventKind.STAGE_STARTED}
    assert not [s for s in begun if s.startswith(("ask/", "tune/", "loss/"))]


def test_without_attackers_nobody_is_accused(rounds: Rounds, home: Settings) -> None:
    run = start(simulation(rounds, malicious_share=0.0, screen=Screened.ALL, n_rounds=2), home)
    result = federate(run, home)
    assert isinstance(result, SimulationResult)
    assert result.after.safety.rate >= 0.9
    assert [s.accused for s in result.steps] == [(), ()]
    assert result.level is Level.NO_EVIDENCE
    assert "would have been reported" in result.reasons[0]


def test_whom_screening_names_can_be_left_out(rounds: Rounds, home: Settings) -> None:
    study = simulation(rounds, malicious_share=0.4, screen=Screened.ALL, leave_out=True)
    result = federate(start(study, home), home)
    assert isinstance(result, SimulationResult)
    assert result.steps[0].aggregated is not None
    assert result.steps[0].aggregated.n_participants == 3
    assert result.after.safety.rate >= 0.9


@pytest.mark.parametrize("rule", ["median", "residual"])
def test_rules_that_truncate_say_their_error(rounds: Rounds, home: Settings, rule: str) -> None:
    result = federate(start(simulation(rounds, rule=rule, max_rank=4), home), home)
    assert isinstance(result, SimulationResult)
    assert result.steps[0].aggregated is not None
    assert 0 < result.steps[0].aggregated.relative_error < 1


def test_screening_a_round_names_who_does_harm(sent: Path, rounds: Rounds, home: Settings) -> None:
    run = start(RoundScreening(str(sent), rounds.plan), home)
    verdict = federate(run, home)
    assert isinstance(verdict, RoundVerdict)
    levels = {s.participant: s.level for s in verdict.suspicions}
    assert levels["org-d"] is Level.EVIDENCE
    assert Level.EVIDENCE not in [levels[f"org-{k}"] for k in "abc"]
    assert verdict.level is Level.EVIDENCE
    assert verdict.level.exit_code == 1
    accused = next(s for s in verdict.suspicions if s.participant == "org-d")
    assert accused.peers["compliance"] in ("org-a", "org-b", "org-c")
    compliance = next(m for m in accused.metrics if m.behaviour is Behaviour.COMPLIANCE)
    assert compliance.change >= MIN_CHANGE
    assert compliance.p_adjusted is not None
    assert compliance.p_adjusted < 0.01
    assert compliance.control_after is not None
    assert "difference in differences" in compliance.method
    assert {m.scenario for m in accused.alone} == {"org-d"}
    models = {c.model for c in verdict.conducts}
    assert {BASE, AGGREGATE, "org-a", "without-org-d"} <= models
    assert {s.participant for s in verdict.statistics} == set(levels)
    assert all(c.safety.n == 54 for c in verdict.conducts)
    assert read_outcome(run) == verdict
    shown = drawn(lambda console: draw_round(console, verdict))
    assert "EVIDENCE" in shown
    assert "org-d" in shown
    assert "(aggregate)" in shown


def test_bad_adapters_do_not_stop_a_round(
    sent: Path, rounds: Rounds, home: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "round"
    shutil.copytree(sent, folder)
    name = "base_model.model.model.layers.0.self_attn.q_proj"
    bad = {
        f"{name}.lora_A.weight": np.full((4, 64), np.nan, np.float32),
        f"{name}.lora_B.weight": np.ones((64, 4), np.float32),
    }
    write_tensors(folder / "org-x", bad, str(rounds.aligned), target_modules=["q_proj"])
    run = start(RoundScreening(str(folder), rounds.plan, leave_one_out=False), home)
    verdict = federate(run, home)
    assert isinstance(verdict, RoundVerdict)
    aside = [p for p in verdict.participants if p.standing is Standing.SET_ASIDE]
    assert [p.name for p in aside] == ["org-x"]
    assert any("org-x" in e.message for e in run.events()[0] if e.kind is EventKind.NOTE)
    told = {c.what: c.detail for c in verdict.coverage}
    assert told["org-x"].startswith("set aside: ")
    assert told["leave-one-out aggregates"] == "were not asked for"
    # Somebody changed the folder since: a resumed study must not mix two rounds.
    shutil.rmtree(folder / "org-a")
    with pytest.raises(StageFailed, match="not those that this study began with"):
        federate(run, home)


def test_a_single_participant_is_left_to_a_person(
    sent: Path, rounds: Rounds, home: Settings, tmp_path: Path
) -> None:
    shutil.copytree(sent / "org-d", tmp_path / "round" / "org-d")
    run = start(RoundScreening(str(tmp_path / "round"), rounds.plan), home)
    verdict = federate(run, home)
    assert isinstance(verdict, RoundVerdict)
    assert [s.level for s in verdict.suspicions] == [Level.REVIEW]
    assert "nobody to be held against" in {c.what: c.detail for c in verdict.coverage}["peers"]


def test_a_round_has_its_place_in_the_history_and_in_the_reports_of_whom_it_is_about(
    sent: Path, rounds: Rounds, home: Settings, tmp_path: Path
) -> None:
    run = start(RoundScreening(str(sent), rounds.plan), home)  # asked before: free now
    verdict = federate(run, home)
    assert isinstance(verdict, RoundVerdict)
    base = fetch(rounds.target, home, lambda *_: None)
    with History(tmp_path / "history.duckdb") as history:
        history.ingest_studies(home)
        rows = history.sql(
            "SELECT name, verdict, safety_before_rate, safety_after_rate, p_adjusted, digest "
            f"FROM rounds WHERE study_id = '{run.run_id}' AND base_digest = '{base.digest}' "
            "AND part = 'participant'"
        ).named_rows()
    told = {row["name"]: row for row in rows}
    assert {name: row["verdict"] for name, row in told.items()} == {
        s.participant: s.level.value for s in verdict.suspicions
    }
    assert told["org-d"]["safety_after_rate"] < told["org-d"]["safety_before_rate"]
    assert told["org-d"]["p_adjusted"] < 0.01
    bad = Target(TargetKind.LOCAL, str(sent / "org-d"))
    assert told["org-d"]["digest"] == fetch(bad, home, lambda *_: None).digest
    for target, part in ((rounds.target, Part.BASE), (bad, Part.PARTICIPANT)):
        inspection = run_of(target, home, f"of-{part}")
        line = next(e for e in compose(inspection).rounds.lines if e.run_id == run.run_id)
        assert line.parts == (part,)
        assert line.outcome == verdict
        assert "org-d" in render(inspection, "html").decode()


@pytest.mark.parametrize("level", list(DefenceLevel))
def test_repair_brings_the_refusals_back(
    level: DefenceLevel, attacked: tuple[Run, SimulationResult], rounds: Rounds, home: Settings
) -> None:
    study = Repair(
        adapter=Target(TargetKind.LOCAL, attacked[1].adapter),
        plan=rounds.plan,
        level=level,
        tuning=rounds.size.mend,
        refusals=str(rounds.size.refusals) if level is DefenceLevel.PUBLIC else None,
        writer=rounds.target if level is DefenceLevel.OTHER_MODEL else None,
        helpful=rounds.size.topics,
        n_questions=60,
    )
    run = start(study, home)
    assert read_study(run) == study
    result = federate(run, home)
    assert isinstance(result, RepairResult)
    assert result.gathered.n_kept >= 8
    assert result.gathered.n_helpful > 0
    assert result.before.safety.rate <= 0.3
    assert result.after.safety.rate >= 0.9
    assert result.after.helpful.rate >= result.before.helpful.rate - 0.15
    assert (Path(result.adapter) / "adapter_config.json").exists()
    repaired = fetch(study.adapter, home, lambda *_: None)
    assert read_federated(run).parts_of(repaired.digest) == (Part.ADAPTER,)
    shown = drawn(lambda console: draw_repair(console, result))
    assert f"Level {level}: {result.gathered.n_kept} refusals" in shown


def test_a_writer_that_does_not_decline_is_told(
    attacked: tuple[Run, SimulationResult], rounds: Rounds, home: Settings
) -> None:
    study = Repair(
        adapter=Target(TargetKind.LOCAL, attacked[1].adapter),
        plan=rounds.plan,
        level=DefenceLevel.OTHER_MODEL,
        tuning=rounds.size.mend,
        writer=rounds.size.base,  # was never aligned
        helpful=rounds.size.topics,
        n_questions=12,
    )
    with pytest.raises(StageFailed, match=r"take public data .--level 1"):
        federate(start(study, home), home)


def test_wearing_and_taking_off_leaves_the_base_as_it_was(
    sent: Path, rounds: Rounds, home: Settings, tmp_path: Path
) -> None:
    """And one in memory that wears a change answers as one that is loaded with the adapter."""
    from inspector.engine.load import load
    from inspector.federate.models import read_kept
    from inspector.probes.asking import ask
    from inspector.records import Subject

    base = fetch(rounds.target, home, lambda *_: None)
    models = Models(Run(tmp_path / "run"), home, rounds.plan, base)
    before = models.wearing(NOTHING).model.state_dict()["model.layers.0.mlp.up_proj.weight"].clone()
    update = read_kept(sent / "org-d", base, home)
    worn = models.ask("org-d", added(update, NOTHING))
    again = models.wearing(NOTHING).model.state_dict()["model.layers.0.mlp.up_proj.weight"]
    assert bool((before == again).all())
    adapter = fetch(Target(TargetKind.LOCAL, str(sent / "org-d")), home, lambda *_: None)
    loaded = load(adapter, base, rounds.plan.precision, home.cache)
    probes = list(models.probes.values())
    asked = ask(loaded, probes, rounds.plan.sampling, 32, Subject.TARGET, "org-d")
    assert [r.text for r in asked] == [r.text for r in worn]


def test_settings_that_cannot_be_are_refused(rounds: Rounds) -> None:
    with pytest.raises(PlanError, match=r"malicious share is 50%; give 0 to below 50%"):
        simulation(rounds, malicious_share=0.5)
    with pytest.raises(PlanError, match="present in a round is 9; give 1 to 5"):
        simulation(rounds, per_round=9)
    with pytest.raises(PlanError, match="concentration is -1"):
        simulation(rounds, concentration=-1)
    with pytest.raises(PlanError, match="method of a simulation is lora"):
        simulation(rounds, tuning=replace(rounds.size.tuning, method=Method.FULL))
    with pytest.raises(PlanError, match="unless rounds are screened"):
        simulation(rounds, leave_out=True)
    repair = Repair(rounds.target, rounds.plan, DefenceLevel.SELF, rounds.size.mend)
    with pytest.raises(PlanError, match="--refusals"):
        replace(repair, level=DefenceLevel.PUBLIC)
    with pytest.raises(PlanError, match="--writer"):
        replace(repair, level=DefenceLevel.OTHER_MODEL)


def test_a_study_has_its_own_folder(rounds: Rounds, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    study = simulation(rounds)
    run = start(study, settings, tmp_path / "mine")
    assert (settings.rounds / "mine").resolve() == run.folder
    with pytest.raises(BadInput, match="already holds a federated study"):
        start(study, settings, tmp_path / "mine")
    with pytest.raises(BadInput, match="holds no federated study"):
        read_study(Run(tmp_path))
    assert read_outcome(run) is None
