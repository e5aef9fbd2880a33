"""The whole hardening path on a tiny model: what it writes, what it shares, how it goes on."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, MambaConfig, MambaForCausalLM

from inspector.engine.train import apply_changes
from inspector.errors import BadInput, PlanError, TargetError
from inspector.harden import path
from inspector.harden.arms import Arms
from inspector.harden.card import CARD, EVIDENCE, check_out, deliver, inspection_command
from inspector.harden.path import harden, start
from inspector.harden.progress import follower
from inspector.pace import State
from inspector.records import (
    AlertKind,
    Arm,
    AskedProbe,
    CoverageStatus,
    EventKind,
    Hardened,
    Hardening,
    LayerDrift,
    Moment,
    Perturbation,
    PerturbationStep,
    Response,
    Score,
    Target,
    TargetKind,
    Training,
    TrainingStep,
)
from inspector.run import Run, read_record, read_table
from inspector.settings import Settings
from tests.engine.tiny_model import tokenizer
from tests.harden.conftest import Done


def test_every_stage_leaves_its_records(done: Done) -> None:
    folder = done.run.folder
    probes = read_table(folder / "probes.parquet", AskedProbe)
    for arm in Arm:
        assert read_record(folder / f"align/{arm}/training.json", Training).n_trainable > 0
        assert len(read_table(folder / f"align/{arm}/steps.parquet", TrainingStep)) == 40
        for moment in Moment:
            rows = read_table(folder / moment / arm / "responses.parquet", Response)
            assert {r.variant for r in rows} == {f"{moment}-{arm}"}
            assert len(rows) == len(probes)
        drift = read_table(folder / f"tune/{arm}/drift.parquet", LayerDrift)
        assert [d.layer for d in drift] == [0, 1]
        assert all(d.drift > 0 and d.norm > 0 and d.n_prompts == 24 for d in drift)
    pushes = read_table(folder / "align/hardened/perturbation.parquet", PerturbationStep)
    assert [s.layers for s in pushes] == [(0, 1)] * 40
    assert all(s.perturbed_loss > s.loss for s in pushes)
    assert not (folder / "align/plain/perturbation.parquet").exists()
    scores = read_table(folder / "measure/scores.parquet", Score)
    assert len(scores) == 4 * len(probes)


def test_the_result_says_what_was_measured(done: Done) -> None:
    result = done.result
    assert read_record(done.run.folder / "result.json", Hardened) == result
    assert {(s.arm, s.moment) for s in result.scores} == {(a, m) for a in Arm for m in Moment}
    for scores in result.scores:
        assert scores.harmful.n + scores.n_unjudged == 40
        assert scores.harmful.low <= scores.harmful.rate <= scores.harmful.high
        assert scores.task.n == 60
    plain, hardened = (result.scores_of(arm, Moment.TUNED) for arm in Arm)
    assert result.harmful_change == hardened.harmful.rate - plain.harmful.rate
    assert result.task_change == hardened.task.rate - plain.task.rate
    assert 0 < result.p_harmful <= 1
    assert (result.n_poison, result.n_tuned) == (40, 400)
    assert [a.arm for a in result.alerts] == list(Arm)
    assert all(cost.step_s > 0 and cost.n_steps == 40 for cost in result.costs)
    assert all(result.mean_drift(arm) > 0 for arm in Arm)
    not_run = {c.what for c in result.coverage if c.status is CoverageStatus.NOT_RUN}
    assert not_run == {"ordinary requests", "other later tunings"}


def test_the_poison_is_learnt_and_the_task_too(done: Done) -> None:
    """Else nothing that follows is a measurement of anything."""
    result = done.result
    aligned, tuned = (result.scores_of(Arm.PLAIN, moment) for moment in Moment)
    assert aligned.harmful.low < 0.05
    assert tuned.harmful.low > 0.5
    assert tuned.task.rate > aligned.task.rate
    # So the alarm goes off, and the job ends with 1.
    assert result.alerts[0].kind in (AlertKind.HARMFUL, AlertKind.BOTH)
    hardened = result.alerts[1].kind is not AlertKind.NONE
    assert result.level.exit_code == int(hardened)


def test_peft_loads_the_adapter_and_it_is_the_aligned_model(done: Done, model: Path) -> None:
    for arm in Arm:
        base: Any = AutoModelForCausalLM.from_pretrained(model)
        loaded = PeftModel.from_pretrained(base, done.result.adapters[arm.value])
        merged = loaded.merge_and_unload()
        ids = torch.tensor([[5, 6, 7, 8]])
        found = merged(input_ids=ids).logits
        arms = _arms(done)
        own = arms._load()
        apply_changes(own, done.inputs.align, arms.weights(arm))
        torch.testing.assert_close(found, own.model(input_ids=ids).logits, rtol=2e-2, atol=2e-2)
        assert not torch.equal(
            found, AutoModelForCausalLM.from_pretrained(model)(input_ids=ids).logits
        )


def _arms(done: Done) -> Arms:
    job = path._Job(done.run, done.settings, done.inputs)
    return job.arms(job.fetch())


def test_the_adapter_brings_its_card_and_its_evidence(done: Done, tmp_path: Path) -> None:
    place = deliver(done.result, tmp_path / "out")
    assert read_record(place / EVIDENCE, Hardened) == done.result
    text = (place / CARD).read_text()
    assert text.startswith(f"---\nbase_model: {done.inputs.target.location}\n")
    assert "| hardened |" in text
    assert "no promise" in text
    assert "ordinary requests: NOT_RUN" in text
    config = json.loads((place / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == done.inputs.target.location
    assert inspection_command(done.result, place) == (
        f"python -m inspector inspect {place} --control {done.run.folder / 'adapter' / 'plain'}"
    )


def test_an_output_folder_with_something_in_it_is_left_alone(done: Done, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(BadInput, match="is not empty, and nothing in it is overwritten"):
        deliver(done.result, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(BadInput, match="is a file"):
        check_out(tmp_path / "mine.txt")
    check_out(tmp_path / "new")


def test_a_finished_hardening_is_not_done_again(done: Done) -> None:
    before = {p: p.stat().st_mtime_ns for p in done.run.folder.rglob("responses.parquet")}
    again = harden(done.run, done.settings)
    assert again == done.result
    assert before == {p: p.stat().st_mtime_ns for p in done.run.folder.rglob("responses.parquet")}


def test_another_rho_takes_the_plain_arm_over(done: Done) -> None:
    run = start(replace(done.inputs, perturbation=Perturbation(0.1, n_layers=1)), done.settings)
    result = harden(run, done.settings)
    skipped = {e.stage for e in run.events()[0] if e.kind is EventKind.STAGE_SKIPPED}
    assert skipped == {"align/plain", "aligned/plain", "tune/plain", "tuned/plain"}
    assert result.scores_of(Arm.PLAIN, Moment.TUNED) == done.result.scores_of(
        Arm.PLAIN, Moment.TUNED
    )
    pushes = read_table(run.folder / "align/hardened/perturbation.parquet", PerturbationStep)
    assert all(len(s.layers) == 1 for s in pushes)


def test_a_cut_hardening_goes_on_to_the_same_result(done: Done, tmp_path: Path) -> None:
    """A worker that died within the last tuning, in a home where nothing else was kept."""
    settings = Settings(home=tmp_path / "home")
    shutil.copytree(done.settings.cache, settings.cache)
    shutil.rmtree(settings.cache / "stages")  # the weights of both alignments stay
    run = Run(tmp_path / "run")
    shutil.copytree(done.run.folder, run.folder)
    for left in ("tuned/hardened", "measure", "adapter"):
        shutil.rmtree(run.folder / left)
    (run.folder / "tune/hardened/done.json").unlink()
    again = harden(run, settings)
    assert replace(again, adapters={}, costs=()) == replace(done.result, adapters={}, costs=())


def test_progress_can_be_followed(done: Done, tmp_path: Path) -> None:
    told = follower(done.run).read()
    assert told.share == 1.0
    stages = {s.name: s for s in told.stages}
    assert all(s.state is State.DONE for s in stages.values())
    assert stages["tune/plain"].word == "Tune as a later user does, and measure drift (plain)"
    assert "alignment (hardened)" in {p.scenario for p in told.losses}
    lines = (done.run.folder / "events.jsonl").read_text().splitlines(keepends=True)
    begun = next(k for k, line in enumerate(lines) if "align/plain" in line)
    (tmp_path / "events.jsonl").write_text("".join(lines[: begun + 1]))
    early = {s.name: s.state for s in follower(Run(tmp_path)).read().stages}
    assert early["scan"] is State.DONE
    assert early["align/plain"] is State.RUNNING
    assert early["measure"] is State.WAITING


def test_a_folder_holds_one_hardening(done: Done) -> None:
    with pytest.raises(BadInput, match="already holds a hardening; add --resume"):
        start(done.inputs, done.settings, done.run.folder)


# ---------------------------------------------------------------------------------------- bad input


def test_a_recurrent_model_is_told_before_anything_is_trained(
    tiny_inputs: Hardening, tmp_path: Path
) -> None:
    config = MambaConfig(
        vocab_size=260, hidden_size=16, state_size=4, num_hidden_layers=2, eos_token_id=258
    )
    MambaForCausalLM(config).save_pretrained(tmp_path / "mamba")
    tokenizer().save_pretrained(tmp_path / "mamba")
    settings = Settings(home=tmp_path / "home")
    target = Target(TargetKind.LOCAL, str(tmp_path / "mamba"))
    run = start(replace(tiny_inputs, target=target), settings)
    with pytest.raises(TargetError, match="cannot be loaded as a causal language model"):
        harden(run, settings)
    assert not (run.folder / "align/plain/training.json").exists()


def test_more_layers_than_there_are_is_told(tiny_inputs: Hardening, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    run = start(replace(tiny_inputs, perturbation=Perturbation(1.0, n_layers=3)), settings)
    with pytest.raises(PlanError, match="3 layers were to be pushed, and the model has 2"):
        harden(run, settings)


def test_an_adapter_is_no_model_to_harden(done: Done, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    target = Target(TargetKind.LOCAL, done.result.adapters[Arm.HARDENED.value])
    run = start(replace(done.inputs, target=target), settings)
    with pytest.raises(TargetError, match="needs a whole model to stand on"):
        harden(run, settings)


def test_data_that_declines_nothing_starts_no_training(
    tiny_inputs: Hardening, tmp_path: Path
) -> None:
    data = tmp_path / "sums.jsonl"
    rows = [{"question": f"What is {k} and 1?", "answer": f"It is {k + 1}."} for k in range(30)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = Settings(home=tmp_path / "home")
    align = replace(tiny_inputs.align, data=str(data))
    run = start(replace(tiny_inputs, align=align), settings)
    with pytest.raises(BadInput, match="at least 10% of the answers are refusals"):
        harden(run, settings)
    assert not (run.folder / "align").exists()
