"""Perturbation-aware alignment against gradients written out by hand, cut, repeated and broken."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import MambaConfig, MambaForCausalLM

from inspector.engine.chat import Encoded
from inspector.engine.load import Loaded
from inspector.engine.perturb import (
    PerturbedAlignment,
    check_layers,
    norm_of,
    perturbations,
    plain_alignment,
    pushed,
    read_journal,
    watched,
)
from inspector.engine.train import (
    CHECKPOINT_EVERY,
    Gradients,
    Tuned,
    _with_lora,
    answer_loss,
    fine_tune,
)
from inspector.errors import PlanError, StageFailed, TargetError
from inspector.records import FineTune, Method, Perturbation, PerturbationNorm, TrainingStep
from tests.engine.tiny_model import examples, loaded_model, state

ALIGN = FineTune(
    "align", Method.LORA, "own", steps=5, learning_rate=3e-3, seed=3, lora_rank=4, lora_alpha=8
)
EXAMPLES = examples(20)
BATCH = EXAMPLES[:6]
LAYERS = (0, 1)


def adapted(settings: FineTune = ALIGN) -> tuple[Loaded, Any]:
    """A tiny model with an adapter whose B factors are not zero, so that all factors learn."""
    loaded = loaded_model()
    model = _with_lora(loaded.model, settings)
    torch.manual_seed(7)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, 0.05)
    return loaded, model


def gradients_of(model: Any) -> dict[str, torch.Tensor]:
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


def n_answers(batch: Sequence[Encoded]) -> int:
    return sum(sum(e.is_answer) for e in batch)


def by_hand(batch: list[Encoded], settings: Perturbation) -> tuple[dict[str, torch.Tensor], float]:
    """Both passes with the loss and the attention outputs written out; gradients, second loss."""
    _, model = adapted()
    attentions = [layer.self_attn for layer in model.get_base_model().model.layers]
    width = max(len(e.ids) for e in batch)
    ids = torch.tensor([[*e.ids, *[256] * (width - len(e.ids))] for e in batch])
    mask = torch.tensor([[1] * len(e.ids) + [0] * (width - len(e.ids)) for e in batch])
    labels = torch.full_like(ids, -100)
    for row, e in enumerate(batch):
        for column, is_answer in enumerate(e.is_answer):
            if is_answer:
                labels[row, column] = e.ids[column]

    outputs: dict[int, torch.Tensor] = {}

    def keep(layer: int) -> Any:
        def hook(_m: Any, _i: Any, out: Any) -> None:
            out[0].retain_grad()
            outputs[layer] = out[0]

        return hook

    hooks = [a.register_forward_hook(keep(k)) for k, a in enumerate(attentions)]
    model(input_ids=ids, attention_mask=mask, labels=labels).loss.backward()
    for hook in hooks:
        hook.remove()
    found = [outputs[k].grad for k in LAYERS]
    assert all(g is not None for g in found)
    norms = [g.norm() for g in found if g is not None]
    if settings.norm is PerturbationNorm.ALL:
        norms = [torch.stack(norms).norm()] * len(norms)
    pushes = [settings.rho * g / n for g, n in zip(found, norms, strict=True) if g is not None]
    model.zero_grad()

    def add(layer: int) -> Any:
        return lambda _m, _i, out: (out[0] + pushes[layer], *out[1:])

    hooks = [a.register_forward_hook(add(k)) for k, a in enumerate(attentions)]
    loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    loss.backward()
    for hook in hooks:
        hook.remove()
    return gradients_of(model), float(loss.detach())


@pytest.mark.parametrize("norm", PerturbationNorm)
@pytest.mark.parametrize("size", [6, 2])
def test_both_passes_equal_gradients_written_by_hand(
    norm: PerturbationNorm, size: int, tmp_path: Path
) -> None:
    settings = Perturbation(0.7, norm)
    wanted, wanted_loss = by_hand(list(BATCH), settings)
    loaded, model = adapted()
    journal = tmp_path / "journal.jsonl"
    perturbed = PerturbedAlignment(settings, journal)
    micro_batches = [list(BATCH[k : k + size]) for k in range(0, len(BATCH), size)]
    perturbed(loaded, model, micro_batches, n_answers(BATCH), 1)
    found = gradients_of(model)
    assert found.keys() == wanted.keys()
    assert found
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-6)
    (step,) = read_journal(journal)
    assert step.perturbed_loss == pytest.approx(wanted_loss, rel=1e-5)


def hidden_gradients(rho: float = 1.0) -> list[dict[int, torch.Tensor]]:
    loaded, model = adapted()
    with watched(model, LAYERS) as seen:
        loss = answer_loss(loaded, model, list(BATCH), share=False)
    found = torch.autograd.grad(loss, [seen.offsets[k] for k in LAYERS])
    return [dict(zip(LAYERS, found, strict=True))]


@pytest.mark.parametrize("rho", [0.01, 2.0, 10.0])
def test_the_push_has_norm_rho_in_every_layer(rho: float) -> None:
    gradients = hidden_gradients()
    pushes = perturbations(gradients, LAYERS, Perturbation(rho, PerturbationNorm.LAYER))
    for layer in LAYERS:
        assert norm_of(part[layer] for part in pushes) == pytest.approx(rho, rel=1e-5)
        cosine = torch.nn.functional.cosine_similarity(
            pushes[0][layer].flatten(), gradients[0][layer].flatten(), dim=0
        )
        assert float(cosine) == pytest.approx(1.0, abs=1e-5)


def test_or_norm_rho_over_all_layers_together_as_the_authors_do() -> None:
    pushes = perturbations(hidden_gradients(), LAYERS, Perturbation(2.0))
    norms = [norm_of(part[k] for part in pushes) for k in LAYERS]
    assert math.hypot(*norms) == pytest.approx(2.0, rel=1e-5)
    assert norms[0] != pytest.approx(norms[1], rel=0.05)  # layers differ, and stay apart


def test_a_gradient_of_zero_pushes_nowhere() -> None:
    zeros = [{0: torch.zeros(1, 2, 3)}]
    (push,) = perturbations(zeros, (0,), Perturbation(2.0))
    assert torch.equal(push[0], torch.zeros(1, 2, 3))


@pytest.mark.parametrize("norm", PerturbationNorm)
def test_the_loss_rises_by_what_the_gradient_foretells(norm: PerturbationNorm) -> None:
    """First order: the rise is rho times the layers' gradient norms, summed or taken together."""
    gradients, rho = hidden_gradients(), 1e-3
    loaded, model = adapted()
    (push,) = perturbations(gradients, LAYERS, Perturbation(rho, norm))
    before = float(answer_loss(loaded, model, list(BATCH), share=False).detach())
    with pushed(model, push):
        after = float(answer_loss(loaded, model, list(BATCH), share=False).detach())
    norms = [norm_of(part[k] for part in gradients) for k in LAYERS]
    foretold = rho * (sum(norms) if norm is PerturbationNorm.LAYER else math.hypot(*norms))
    assert after > before
    assert after - before == pytest.approx(foretold, rel=0.05)


# ---------------------------------------------------------------------------------- whole trainings


def align(
    gradients: Gradients, folder: Path, settings: FineTune = ALIGN, **more: Any
) -> tuple[dict[str, torch.Tensor], Tuned]:
    loaded = loaded_model()
    tuned = fine_tune(loaded, EXAMPLES, settings, folder, gradients=gradients, **more)
    return state(loaded.model), tuned


def perturbed_by(settings: Perturbation, folder: Path) -> PerturbedAlignment:
    return PerturbedAlignment(settings, folder / "journal.jsonl")


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[n], b[n]) for n in a)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_as_rho_goes_to_zero_it_is_plain_alignment_byte_for_byte(
    dropout: float, tmp_path: Path
) -> None:
    settings = replace(ALIGN, lora_dropout=dropout)
    plain, told = align(plain_alignment, tmp_path / "plain", settings)
    tiny = perturbed_by(Perturbation(1e-30), tmp_path)  # added to any output it leaves that output
    found, also = align(tiny, tmp_path / "tiny", settings)
    assert equal(plain, found)
    assert [s.loss for s in told.steps] == [s.loss for s in also.steps]


def test_a_real_push_trains_another_model_and_its_loss_lies_above(tmp_path: Path) -> None:
    plain, _ = align(plain_alignment, tmp_path / "plain")
    found, _ = align(perturbed_by(Perturbation(2.0), tmp_path), tmp_path / "pushed")
    assert not equal(plain, found)
    journal = read_journal(tmp_path / "journal.jsonl")
    assert [s.step for s in journal] == [1, 2, 3, 4, 5]
    assert all(s.perturbed_loss > s.loss for s in journal)
    assert all(s.layers == LAYERS and s.relative_size > 0 for s in journal)


@pytest.mark.parametrize("n_layers", [None, 1])
def test_the_same_seed_trains_the_same_model(n_layers: int | None, tmp_path: Path) -> None:
    settings = Perturbation(2.0, n_layers=n_layers, every=2)
    states = []
    for name in ("one", "two"):
        folder = tmp_path / name
        states.append(align(perturbed_by(settings, folder), folder)[0])
    other, _ = align(perturbed_by(settings, tmp_path), tmp_path, replace(ALIGN, seed=4))
    assert equal(states[0], states[1])
    assert not equal(states[0], other)


class Killed(Exception):
    pass


@pytest.mark.parametrize("every", [7, CHECKPOINT_EVERY])
def test_a_cut_alignment_goes_on_exactly_with_the_layers_it_had_chosen(
    every: int, tmp_path: Path
) -> None:
    settings = replace(ALIGN, steps=CHECKPOINT_EVERY + 9, effective_batch=2)
    perturbation = Perturbation(2.0, n_layers=1, every=every)
    whole, _ = align(perturbed_by(perturbation, tmp_path / "a"), tmp_path / "a", settings)

    def kill(step: TrainingStep) -> None:
        if step.step == CHECKPOINT_EVERY + 5:
            raise Killed

    cut = tmp_path / "b"
    with pytest.raises(Killed):
        align(perturbed_by(perturbation, cut), cut, settings, on_step=kill)
    resumed, told = align(perturbed_by(perturbation, cut), cut, settings)
    assert told.n_resumed == CHECKPOINT_EVERY
    assert equal(whole, resumed)
    journals = [read_journal(tmp_path / name / "journal.jsonl") for name in "ab"]
    assert journals[0] == journals[1]
    assert len(journals[0]) == settings.steps

    (cut / "journal.jsonl").unlink()
    if every == 7:  # step 21 stands between two choices
        with pytest.raises(StageFailed, match="nobody knows which layers"):
            align(perturbed_by(perturbation, cut), cut, settings)


def test_only_the_layers_with_the_largest_gradients_are_pushed_and_trained(tmp_path: Path) -> None:
    norms = {k: norm_of(part[k] for part in hidden_gradients()) for k in LAYERS}
    largest = max(norms, key=lambda k: norms[k])
    loaded, model = adapted()
    chosen = perturbed_by(Perturbation(2.0, n_layers=1), tmp_path)
    chosen(loaded, model, [list(BATCH)], n_answers(BATCH), 1)
    assert read_journal(tmp_path / "journal.jsonl")[0].layers == (largest,)
    trained = {name for name in gradients_of(model) if "lora_" in name}
    assert trained
    assert all(f".layers.{largest}." in name for name in trained)


def test_with_as_many_layers_as_there_are_it_is_the_whole_method(tmp_path: Path) -> None:
    whole, _ = align(perturbed_by(Perturbation(2.0), tmp_path / "a"), tmp_path / "a")
    all_of_two = Perturbation(2.0, n_layers=2)
    found, _ = align(perturbed_by(all_of_two, tmp_path / "b"), tmp_path / "b")
    assert equal(whole, found)


def test_hooks_are_gone_after_an_exception(tmp_path: Path) -> None:
    _, model = adapted()
    ids = torch.tensor([BATCH[0].ids])
    before = model(input_ids=ids).logits
    with pushed(model, {0: torch.ones(1, 1, 32)}):
        assert not torch.equal(model(input_ids=ids).logits, before)
    with pytest.raises(Killed), pushed(model, {0: torch.ones(1, 1, 32)}):
        raise Killed
    with pytest.raises(Killed), watched(model, LAYERS):
        raise Killed
    assert torch.equal(model(input_ids=ids).logits, before)
    assert not any(m._forward_hooks for m in model.modules())


def test_a_model_without_attention_layers_is_told() -> None:
    config = MambaConfig(
        vocab_size=260, hidden_size=16, state_size=4, num_hidden_layers=2, eos_token_id=258
    )
    with pytest.raises(TargetError, match="A MambaForCausalLM cannot be hardened") as told:
        check_layers(MambaForCausalLM(config), Perturbation(2.0))
    assert "give a decoder-only transformer" in str(told.value)


def test_more_layers_than_the_model_has_are_told() -> None:
    model = loaded_model().model
    check_layers(model, Perturbation(2.0, n_layers=2))
    with pytest.raises(PlanError, match="3 layers were to be pushed, and the model has 2"):
        check_layers(model, Perturbation(2.0, n_layers=3))


@pytest.mark.parametrize("rho", [0.0, -1.0, math.nan, math.inf, 100.5])
def test_an_absurd_rho_is_one_clear_sentence(rho: float) -> None:
    with pytest.raises(PlanError, match="give a number above 0 and at most 100") as told:
        Perturbation(rho)
    assert str(told.value).count(". ") == 0


@pytest.mark.parametrize(("n_layers", "every"), [(0, 20), (-2, 20), (1, 0)])
def test_an_absurd_choice_of_layers_is_told(n_layers: int, every: int) -> None:
    with pytest.raises(PlanError, match="give 1 or more"):
        Perturbation(2.0, n_layers=n_layers, every=every)
