"""Fine-tuning against a loop written out by hand, against itself in other batches, and when cut."""

from __future__ import annotations

import errno
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import get_scheduler

from inspector.engine.disk import weights_disk_errors
from inspector.engine.load import Loaded
from inspector.engine.train import (
    CHECKPOINT_EVERY,
    MasterAdamW,
    Tuned,
    apply_changes,
    batches,
    fine_tune,
    learning_rate_at,
    peak_memory_bytes,
)
from inspector.errors import DiskFull, PlanError, StageFailed
from inspector.records import FineTune, Method, Precision, Schedule, TrainingStep
from tests.engine.tiny_model import examples, llama, loaded_model, state

FULL = FineTune("full", Method.FULL, "own", steps=6, learning_rate=1e-3, warmup_steps=2, seed=3)
LORA = replace(FULL, name="lora", method=Method.LORA, lora_rank=4, lora_alpha=8)
EXAMPLES = examples(20)


def distance(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> float:
    """The largest difference of any weight."""
    assert a.keys() == b.keys()
    return max(float((a[n].float() - b[n].float()).abs().max()) for n in a)


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[n], b[n]) for n in a)


# --------------------------------------------------------------------------------- the same numbers


def by_hand(model: Any, settings: FineTune) -> list[float]:
    """What a user would write: right padding, transformers' own loss, torch's AdamW; the losses."""
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.999), eps=1e-8, weight_decay=0)
    losses = []
    for step, indices in enumerate(batches(len(EXAMPLES), settings), start=1):
        rows = [EXAMPLES[i] for i in indices]
        width = max(len(e.ids) for e in rows)
        ids = torch.tensor([[*e.ids, *[256] * (width - len(e.ids))] for e in rows])
        mask = torch.tensor([[1] * len(e.ids) + [0] * (width - len(e.ids)) for e in rows])
        labels = torch.full_like(ids, -100)
        for k, e in enumerate(rows):
            for j, is_answer in enumerate(e.is_answer):
                if is_answer:
                    labels[k, j] = e.ids[j]
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.max_grad_norm)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(step, settings)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    return losses


def test_equals_a_loop_written_by_hand(tmp_path: Path) -> None:
    loaded, own = loaded_model(), llama().train()
    before = state(own)
    losses = by_hand(own, FULL)
    tuned = fine_tune(loaded, EXAMPLES, FULL, tmp_path)
    assert [s.loss for s in tuned.steps] == pytest.approx(losses, rel=1e-5)
    assert losses[-1] < losses[0]
    moved = distance(state(own), before)
    assert moved > 1e-3
    assert distance(state(loaded.model), state(own)) < 1e-3 * moved


@pytest.mark.parametrize("micro_batch", [1, 2, 3])
def test_accumulation_equals_one_large_batch(tmp_path: Path, micro_batch: int) -> None:
    whole, parts = loaded_model(), loaded_model()
    before = state(whole.model)
    a = fine_tune(whole, EXAMPLES, replace(FULL, micro_batch=8), tmp_path / "whole")
    b = fine_tune(parts, EXAMPLES, replace(FULL, micro_batch=micro_batch), tmp_path / "parts")
    assert [s.loss for s in b.steps] == pytest.approx([s.loss for s in a.steps], rel=1e-5)
    assert [s.grad_norm for s in b.steps] == pytest.approx([s.grad_norm for s in a.steps], rel=1e-4)
    moved = distance(state(whole.model), before)
    assert distance(state(parts.model), state(whole.model)) < 1e-3 * moved


def test_training_learns_the_answers(tmp_path: Path) -> None:
    loaded = loaded_model()
    settings = replace(FULL, steps=60, learning_rate=5e-3)
    tuned = fine_tune(loaded, EXAMPLES[:4], settings, tmp_path)
    assert tuned.steps[-1].loss < 0.5 * tuned.steps[0].loss
    assert not loaded.model.training


def test_counts(tmp_path: Path) -> None:
    tuned = fine_tune(loaded_model(), EXAMPLES, FULL, tmp_path)
    fed = [EXAMPLES[i] for indices in batches(len(EXAMPLES), FULL) for i in indices]
    assert len(fed) == FULL.steps * FULL.effective_batch
    assert tuned.n_tokens == sum(len(e.ids) for e in fed)
    assert tuned.n_answer_tokens == sum(sum(e.is_answer) for e in fed)
    assert tuned.n_trainable == sum(p.numel() for p in llama().parameters())
    assert tuned.n_resumed == 0
    assert [s.step for s in tuned.steps] == [1, 2, 3, 4, 5, 6]
    assert peak_memory_bytes() > 50_000_000


# ------------------------------------------------------------------------ order, schedule, clipping


def test_every_example_is_seen_once_an_epoch() -> None:
    settings = replace(FULL, steps=5, effective_batch=8)
    seen = [i for batch in batches(20, settings) for i in batch]
    assert sorted(seen[:20]) == list(range(20))
    assert sorted(seen[20:]) == sorted(set(seen[20:]))
    assert seen == [i for batch in batches(20, settings) for i in batch]
    assert seen != [i for batch in batches(20, replace(settings, seed=4)) for i in batch]


def test_batch_larger_than_the_data() -> None:
    first = next(batches(3, replace(FULL, effective_batch=8)))
    assert len(first) == 8
    assert set(first) == {0, 1, 2}


def rates(schedule: Schedule, steps: int, warmup: int) -> list[float]:
    settings = replace(FULL, schedule=schedule, steps=steps, warmup_steps=warmup, learning_rate=1.0)
    return [learning_rate_at(step, settings) for step in range(1, steps + 1)]


def test_schedules_at_hand_worked_points() -> None:
    assert rates(Schedule.CONSTANT, 4, 0) == [1, 1, 1, 1]
    assert rates(Schedule.CONSTANT, 4, 2) == [0.5, 1, 1, 1]
    assert rates(Schedule.LINEAR, 4, 0) == [1, 0.75, 0.5, 0.25]
    assert rates(Schedule.LINEAR, 6, 2) == [0.5, 1, 1, 0.75, 0.5, 0.25]
    assert rates(Schedule.COSINE, 2, 0) == pytest.approx([1, 0.5])
    assert rates(Schedule.COSINE, 5, 1) == pytest.approx(
        [1, 1, 0.5 + math.sqrt(0.125), 0.5, 0.5 - math.sqrt(0.125)]
    )
    assert rates(Schedule.LINEAR, 100, 10)[-1] == pytest.approx(1 / 90)
    assert rates(Schedule.COSINE, 100, 10)[-1] < 1e-3
    assert rates(Schedule.LINEAR, 2, 4) == [0.25, 0.5]


@pytest.mark.parametrize("schedule", [Schedule.LINEAR, Schedule.COSINE])
def test_decay_equals_transformers_schedule(schedule: Schedule) -> None:
    """Without warm-up; in the warm-up, transformers wastes its first step at a rate of 0."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = get_scheduler(schedule.value, optimizer, 0, 12)
    expected = []
    for _ in range(12):
        expected.append(float(scheduler.get_last_lr()[0]))
        optimizer.step()
        scheduler.step()
    assert rates(schedule, 12, 0) == pytest.approx(expected)


def test_rates_and_norms_on_record(tmp_path: Path) -> None:
    heard: list[TrainingStep] = []
    tuned = fine_tune(loaded_model(), EXAMPLES, FULL, tmp_path, heard.append)
    assert tuple(heard) == tuned.steps
    assert [s.learning_rate for s in heard] == [learning_rate_at(k, FULL) for k in range(1, 7)]
    assert all(s.grad_norm > 0 for s in heard)


def test_gradients_are_clipped_over_all_weights() -> None:
    a, b = torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(1))
    optimizer = MasterAdamW({"a": a, "b": b}, FULL)
    a.grad, b.grad = torch.tensor([3.0, 0.0]), torch.tensor([4.0])
    assert optimizer.step(0.1, 1.0) == pytest.approx(5.0)
    # The first moment holds a tenth of the gradient that was used: scaled from norm 5 to norm 1.
    moments = optimizer.state()
    assert moments["exp_avg.a"].tolist() == pytest.approx([0.06, 0.0], rel=1e-4)
    assert moments["exp_avg.b"].tolist() == pytest.approx([0.08], rel=1e-4)


# ---------------------------------------------------------------------------------------- precision


def test_bf16_weights_gather_updates_too_small_for_bf16() -> None:
    rate, n = 5e-5, 200

    def tune(step: Callable[[], None], weight: torch.nn.Parameter) -> None:
        for _ in range(n):
            weight.grad = torch.ones_like(weight)
            step()

    lost = torch.nn.Parameter(torch.ones(4, dtype=torch.bfloat16))
    plain = torch.optim.AdamW([lost], lr=rate, weight_decay=0.0)
    tune(plain.step, lost)
    assert lost.tolist() == [1.0] * 4  # each update is below half a bf16 step: rounded away

    kept = torch.nn.Parameter(torch.ones(4, dtype=torch.bfloat16))
    masters = MasterAdamW({"w": kept}, FULL)

    def master_step() -> None:
        masters.step(rate, 100.0)

    tune(master_step, kept)
    expected = 1 - n * rate
    assert masters.state()["master.w"].tolist() == pytest.approx([expected] * 4, abs=1e-5)
    assert kept.dtype is torch.bfloat16
    assert kept.tolist() == torch.full((4,), expected).bfloat16().tolist()


def test_fp32_weights_are_their_own_masters() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    assert MasterAdamW({"w": weight}, FULL).masters["w"] is weight


def test_bf16_training_follows_fp32(tmp_path: Path) -> None:
    exact, rounded = loaded_model(), loaded_model(precision=Precision.BF16)
    settings = replace(FULL, steps=20)
    a = fine_tune(exact, EXAMPLES, settings, tmp_path / "fp32")
    b = fine_tune(rounded, EXAMPLES, settings, tmp_path / "bf16")
    assert {p.dtype for p in rounded.model.parameters()} == {torch.bfloat16}
    assert [s.loss for s in b.steps] == pytest.approx([s.loss for s in a.steps], rel=0.03)


# ------------------------------------------------------------------------------------- cut and kept


class Cut(Exception):
    pass


def cut_after(step: int) -> Callable[[TrainingStep], None]:
    def on_step(done: TrainingStep) -> None:
        if done.step == step:
            raise Cut

    return on_step


def numbers(tuned: Tuned) -> list[tuple[int, float, float, float]]:
    return [(s.step, s.loss, s.learning_rate, s.grad_norm) for s in tuned.steps]


@pytest.mark.parametrize(
    ("settings", "precision"),
    [
        (FULL, Precision.FP32),
        (FULL, Precision.BF16),
        (LORA, Precision.FP32),
        (replace(LORA, lora_dropout=0.2), Precision.FP32),
    ],
    ids=["full-fp32", "full-bf16", "lora", "lora-dropout"],
)
def test_a_cut_training_ends_as_an_uninterrupted_one(
    tmp_path: Path, settings: FineTune, precision: Precision
) -> None:
    settings = replace(settings, steps=30, effective_batch=2)
    whole = loaded_model(precision=precision)
    expected = fine_tune(whole, EXAMPLES, settings, tmp_path / "whole")

    with pytest.raises(Cut):
        fine_tune(
            loaded_model(precision=precision), EXAMPLES, settings, tmp_path / "cut", cut_after(25)
        )
    assert not (tmp_path / "cut" / "changed.safetensors").exists()
    resumed = loaded_model(precision=precision)
    heard: list[TrainingStep] = []
    tuned = fine_tune(resumed, EXAMPLES, settings, tmp_path / "cut", heard.append)

    assert tuned.n_resumed == CHECKPOINT_EVERY
    assert [s.step for s in heard] == list(range(CHECKPOINT_EVERY + 1, 31))
    assert numbers(tuned) == numbers(expected)
    assert (tuned.n_tokens, tuned.n_answer_tokens) == (expected.n_tokens, expected.n_answer_tokens)
    assert equal(state(resumed.model), state(whole.model))
    assert (tmp_path / "cut" / "changed.safetensors").read_bytes() == (
        tmp_path / "whole" / "changed.safetensors"
    ).read_bytes()


def test_a_cut_after_the_last_step_repeats_at_most_one_checkpoint(tmp_path: Path) -> None:
    """The stage may be cut between the end of training and its marker."""
    settings = replace(FULL, steps=25, effective_batch=2)
    first = loaded_model()
    fine_tune(first, EXAMPLES, settings, tmp_path)
    again = loaded_model()
    tuned = fine_tune(again, EXAMPLES, settings, tmp_path)
    assert tuned.n_resumed == CHECKPOINT_EVERY
    assert equal(state(again.model), state(first.model))


@pytest.mark.parametrize("settings", [FULL, LORA], ids=["full", "lora"])
@pytest.mark.parametrize("precision", [Precision.FP32, Precision.BF16])
def test_stored_changes_make_the_tuned_model_again(
    tmp_path: Path, settings: FineTune, precision: Precision
) -> None:
    loaded = loaded_model(precision=precision)
    fine_tune(loaded, EXAMPLES, settings, tmp_path)
    restored = loaded_model(precision=precision)
    assert not equal(state(restored.model), state(loaded.model))
    apply_changes(restored, settings, tmp_path / "changed.safetensors")
    assert equal(state(restored.model), state(loaded.model))
    assert not restored.model.training


# --------------------------------------------------------------------------------------------- LoRA


def test_lora_leaves_the_base_alone_until_it_is_merged(tmp_path: Path) -> None:
    loaded = loaded_model()
    base = state(loaded.model)
    seen: list[dict[str, torch.Tensor]] = []

    def look(step: TrainingStep) -> None:
        named = loaded.model.named_parameters()
        seen.append({n.replace(".base_layer", ""): p.clone() for n, p in named if "lora_" not in n})

    tuned = fine_tune(loaded, EXAMPLES, LORA, tmp_path, look)
    assert len(seen) == LORA.steps
    assert all(equal(base, during) for during in seen)

    factors = load_file(tmp_path / "changed.safetensors")
    assert tuned.n_trainable == sum(f.numel() for f in factors.values())
    assert all(".lora_A." in n or ".lora_B." in n for n in factors)
    merged = state(loaded.model)
    assert merged.keys() == base.keys()
    n_changed = 0
    for name, weight in merged.items():
        stem = f"base_model.model.{name.removesuffix('.weight')}"
        a = factors.get(f"{stem}.lora_A.default.weight")
        if a is None:
            assert torch.equal(weight, base[name])
            continue
        n_changed += 1
        b = factors[f"{stem}.lora_B.default.weight"]
        assert a.shape[0] == LORA.lora_rank
        expected = base[name] + LORA.lora_alpha / LORA.lora_rank * b @ a
        assert torch.allclose(weight, expected, atol=1e-6)
    assert n_changed == 2 * 7  # every linear layer of both blocks


def test_lora_on_named_layers_only(tmp_path: Path) -> None:
    loaded = loaded_model()
    before = state(loaded.model)
    fine_tune(loaded, EXAMPLES, replace(LORA, lora_targets=("q_proj", "v_proj")), tmp_path)
    after = state(loaded.model)
    changed = {n for n in before if not torch.equal(before[n], after[n])}
    assert {n.split(".")[-2] for n in changed} == {"q_proj", "v_proj"}
    assert len(changed) == 4


def test_lora_on_layers_the_model_lacks_is_a_plan_error(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="does not fit this model"):
        fine_tune(loaded_model(), EXAMPLES, replace(LORA, lora_targets=("c_attn",)), tmp_path)


# ------------------------------------------------------------------------------------------ failure


def test_a_loss_that_is_no_number_fails_the_stage(tmp_path: Path) -> None:
    loaded: Loaded = loaded_model()
    with torch.no_grad():
        loaded.model.lm_head.weight.mul_(1e38)
    with pytest.raises(StageFailed, match="no longer a number at step 1; lower learning_rate"):
        fine_tune(loaded, EXAMPLES, FULL, tmp_path)
    assert not (tmp_path / "changed.safetensors").exists()


@pytest.mark.parametrize(
    "error",
    [
        SafetensorError("Error while serializing: I/O error: No space left (os error 28)"),
        OSError(errno.ENOSPC, "No space left on device"),
    ],
)
def test_a_full_disk_is_named(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(DiskFull, match="is full"), weights_disk_errors(tmp_path / "w"):
        raise error


def test_other_errors_of_writing_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(SafetensorError, match="header"), weights_disk_errors(tmp_path / "w"):
        raise SafetensorError("invalid header")
