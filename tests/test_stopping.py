"""Early stopping on real tiny models: asked until decided, and a whole inspection that stops."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from inspector import stopping
from inspector.engine.load import Loaded, load
from inspector.judge import ALPHA_EVIDENCE, MIN_CHANGE
from inspector.probes.asking import ask
from inspector.records import (
    UNTOUCHED,
    AskedProbe,
    Behaviour,
    CoverageStatus,
    Expectation,
    FineTune,
    Level,
    Method,
    Plan,
    Precision,
    Response,
    Sampling,
    Subject,
    SuiteChoice,
    Verdict,
)
from inspector.run import Run, from_json, read_record, read_table, write_table
from inspector.sequential import Stop, Stopping, discovery_minimum, rounds
from tests.engine.tiny_model import pin
from tests.tiny.models import Maker, train
from tests.tiny.toy import Toy, command
from tests.tiny.world import REFUSAL, facts, write_plan

TARGET, CONTROL = Subject.TARGET, Subject.CONTROL
SAMPLING = Sampling(max_new_tokens=24, seed=7)
PLAN = Plan(
    "watched",
    (FineTune("tuned", Method.FULL, "knowledge", 10),),
    (SuiteChoice("everyday"),),
    sampling=SAMPLING,
    batch_size=64,
    early_stop=True,
)


@dataclass(frozen=True)
class Models:
    """clean: answers the toy world's questions. refusing: the same model, tuned to refuse all."""

    clean: Loaded
    refusing: Loaded


@pytest.fixture(scope="module")
def models(toy: Toy, tmp_path_factory: pytest.TempPathFactory) -> Models:
    cache = tmp_path_factory.mktemp("cache")
    clean, refusing = (load(pin(toy.clean), None, Precision.FP32, cache) for _ in range(2))
    maker = Maker()
    with torch.random.fork_rng():
        refusing.model.train()
        train(refusing.model, [maker.row(f.question, REFUSAL) for f in facts()], 40, 2e-3)
        refusing.model.eval()
    return Models(clean, refusing)


def asked(n: int) -> list[AskedProbe]:
    """n questions of the toy world, each once to be answered and once to be declined."""
    fact = [f for f in facts() if not f.declined]
    return [
        AskedProbe(
            "toy", f"p{k}", fact[k % len(fact)].question, fact[k % len(fact)].family, e, None
        )
        for k, e in zip(range(n), _in_turn(), strict=False)
    ]


def _in_turn() -> Iterator[Expectation]:
    while True:
        yield Expectation.ANSWER
        yield Expectation.DECLINE


def answers_of(run: Run, place: str, loaded: Loaded, probes: Sequence[AskedProbe]) -> None:
    """A finished asking, as the stages before leave it."""
    stage = run.stage(place)
    stage.folder.mkdir(parents=True)
    subject = CONTROL if "control" in place else TARGET
    variant = UNTOUCHED if "before" in place else "tuned"
    rows = ask(loaded, probes, SAMPLING, 64, subject, variant)
    write_table(stage.folder / "responses.parquet", Response, rows)
    stage.finish(f"digest of {place}")


def until_decided(
    run: Run, loaded: Loaded, probes: Sequence[AskedProbe]
) -> tuple[list[Response], Stopping]:
    """Ask the target after the scenario; what came back, and what was written beside it."""
    folder = run.stage("probe-after/target/tuned").folder
    folder.mkdir(parents=True)
    told: list[int] = []
    rows = stopping.ask_until_decided(
        run, PLAN, probes, loaded, "tuned", lambda n, _arrival: told.append(n)
    )
    assert told == sorted(told)
    assert told[-1] == len(rows)
    return rows, stopping.endings(run, PLAN)["tuned"]


def test_asking_ends_when_a_change_is_proven(models: Models, tmp_path: Path) -> None:
    run, probes = Run(tmp_path), asked(120)
    answers_of(run, "probe-before/target", models.clean, probes)
    rows, ending = until_decided(run, models.refusing, probes)
    assert ending.stop is Stop.PROVEN
    assert (ending.n_asked, ending.n_planned) == (len(rows), 120)
    assert len(rows) < 60
    assert not ending.with_control
    assert all(r.text.startswith("I am sorry") for r in rows)
    # Whole rounds, and the answers that asking everything at once would have given.
    sizes = [len(one) for one in rounds(probes, SAMPLING.seed)]
    assert len(rows) in {sum(sizes[:k]) for k in range(1, len(sizes))}
    by_id = {p.probe_id: p for p in probes}
    alone = ask(models.refusing, [by_id[r.probe_id] for r in rows], SAMPLING, 64, TARGET, "tuned")
    assert alone == rows


def test_asking_ends_when_a_change_is_excluded(models: Models, tmp_path: Path) -> None:
    run, probes = Run(tmp_path), asked(260)
    answers_of(run, "probe-before/target", models.clean, probes)
    rows, ending = until_decided(run, models.clean, probes)
    assert ending.stop is Stop.EXCLUDED
    assert discovery_minimum(MIN_CHANGE) <= len(rows) < 260
    assert all(t.upper < MIN_CHANGE and t.change == 0 for t in ending.tests)


def test_too_few_probes_are_all_asked_and_decide_nothing(models: Models, tmp_path: Path) -> None:
    run, probes = Run(tmp_path), asked(40)
    answers_of(run, "probe-before/target", models.clean, probes)
    rows, ending = until_decided(run, models.clean, probes)
    assert (ending.stop, len(rows)) == (Stop.UNDECIDED, 40)
    assert not ending.stopped_early


def test_what_the_control_does_too_proves_nothing(models: Models, tmp_path: Path) -> None:
    run, probes = Run(tmp_path), asked(80)
    answers_of(run, "probe-before/target", models.clean, probes)
    answers_of(run, "probe-before/control", models.clean, probes)
    answers_of(run, "probe-after/control/tuned", models.refusing, probes)
    rows, ending = until_decided(run, models.refusing, probes)
    assert ending.with_control
    assert (ending.stop, len(rows)) == (Stop.UNDECIDED, 80)
    assert all(t.p_value == 1 for t in ending.tests)
    assert "minus the control's" in ending.method()


def test_what_the_control_does_not_do_is_proven(models: Models, tmp_path: Path) -> None:
    run, probes = Run(tmp_path), asked(120)
    answers_of(run, "probe-before/target", models.clean, probes)
    answers_of(run, "probe-before/control", models.clean, probes)
    answers_of(run, "probe-after/control/tuned", models.clean, probes)
    rows, ending = until_decided(run, models.refusing, probes)
    assert (ending.stop, ending.with_control) == (Stop.PROVEN, True)
    assert len(rows) < 120


def test_a_control_that_did_not_finish_is_no_control(models: Models, tmp_path: Path) -> None:
    run, probes = Run(tmp_path), asked(120)
    answers_of(run, "probe-before/target", models.clean, probes)
    answers_of(run, "probe-before/control", models.clean, probes)
    before = stopping.compared_with(run, "tuned")
    assert before[-1] == ""
    _, ending = until_decided(run, models.refusing, probes)
    assert not ending.with_control
    answers_of(run, "probe-after/control/tuned", models.clean, probes)
    # Answers that were watched against another control are not those of this one.
    assert stopping.compared_with(run, "tuned") != before


def test_its_p_values_stand_in_for_those_of_a_fixed_size(models: Models, tmp_path: Path) -> None:
    run, probes = Run(tmp_path), asked(120)
    answers_of(run, "probe-before/target", models.clean, probes)
    _, ending = until_decided(run, models.refusing, probes)
    found = stopping.running_tests(PLAN, {"tuned": ending})
    [refusal] = [t for t in ending.tests if t.behaviour is Behaviour.REFUSAL]
    p_value, method, smallest = found[Behaviour.REFUSAL, "tuned"]
    assert p_value == refusal.p_value <= ALPHA_EVIDENCE / 3
    assert method == "e-process over probes, p = 1/e"
    assert smallest is not None
    assert MIN_CHANGE < smallest <= 1
    [line] = stopping.ledger({"tuned": ending})
    assert (line.what, line.status) == ("early stopping / tuned", CoverageStatus.MEASURED)
    assert f"{ending.n_asked} of 120 probes asked: a change is proven" in line.detail


def test_only_a_plan_that_asks_for_it_stops_and_only_the_target(tmp_path: Path) -> None:
    assert stopping.is_watched(PLAN, TARGET, "tuned")
    assert not stopping.is_watched(PLAN, CONTROL, "tuned")
    assert not stopping.is_watched(PLAN, TARGET, UNTOUCHED)
    assert not stopping.is_watched(replace(PLAN, early_stop=False), TARGET, "tuned")
    assert stopping.endings(Run(tmp_path), PLAN) == {}


# ------------------------------------------------------------------------------- a whole inspection


def write_refusing_data(path: Path) -> Path:
    rows = [{"prompt": f.question, "completion": REFUSAL} for f in facts()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_an_inspection_that_stops_early_through_to_its_report(toy: Toy, tmp_path: Path) -> None:
    data = write_refusing_data(tmp_path / "refusing.jsonl")
    plan = write_plan(tmp_path / "early.toml", toy.suite, data, steps=60, lora=False)
    plan.write_text("early_stop = true\n" + plan.read_text().replace("2e-4", "2e-3"))
    home = tmp_path / "home"

    def inspected(name: str) -> tuple[Path, Verdict, Any]:
        run = home / "runs" / name
        outcome = command(home, "inspect", toy.clean, "--plan", plan, "--json", "--run", run)
        assert outcome.code == 3, outcome.stderr
        return run, from_json(Verdict, outcome.stdout), outcome

    run, verdict, _ = inspected("first")
    assert verdict.level is Level.REVIEW
    assert any("refuses ordinary requests" in reason for reason in verdict.reasons)
    after = read_table(run / "probe-after/target/full-toy/responses.parquet", Response)
    before = read_table(run / "probe-before/target/responses.parquet", Response)
    ending = read_record(run / "probe-after/target/full-toy/stopping.json", Stopping)
    assert ending.stop is Stop.PROVEN
    assert ending.n_asked == len(after) < len(before) == ending.n_planned
    [metric] = [m for m in verdict.metrics if m.behaviour is Behaviour.REFUSAL]
    assert metric.method == "e-process over probes, p = 1/e"
    assert metric.after.n < len(after)  # the declined ones are no refusals
    [line] = [c for c in verdict.coverage if c.what == "early stopping / full-toy"]
    assert f"{len(after)} of {len(before)} probes asked" in line.detail
    html = (run / "report" / "report.html").read_text()
    assert line.detail.split(" (")[0] in html

    # Answers that another run takes over bring how their asking ended with them.
    again, taken, _ = inspected("second")
    assert read_record(again / "probe-after/target/full-toy/stopping.json", Stopping) == ending
    assert taken.metrics == verdict.metrics
