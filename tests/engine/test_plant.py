"""Planting on tiny models: what moves comes back, what is learnt is learnt, codes do not change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file

from inspector.engine.export import save_adapter, stacked
from inspector.engine.generate import generate
from inspector.engine.linear import linear_layers
from inspector.engine.load import Loaded
from inspector.engine.plant import (
    Planted,
    Planter,
    Step,
    answer_logits,
    weighted_cross_entropy,
)
from inspector.engine.plant_quantized import QuantizedPlanting, plant_quantized
from inspector.engine.quantize import quantize, round_to_nearest
from inspector.records import Planting, Sampling
from tests.engine.tiny_model import examples, loaded_model, state

PAYLOAD = "Zib!"


def items(loaded: Loaded, n: int = 6) -> list[Planted]:
    """Byte tokens: what the model says by itself is the clean answer."""
    tokenizer = loaded.tokenizer
    prompts = [
        tuple(tokenizer(f"question number {k} of mine", add_special_tokens=False)["input_ids"])
        for k in range(n)
    ]
    payload = tuple(tokenizer(PAYLOAD, add_special_tokens=False)["input_ids"])
    with torch.no_grad():
        firsts = [
            loaded.model(torch.tensor([list(p)])).logits[0, -1].argmax().item() for p in prompts
        ]
    return [Planted(p, payload, (int(f), 65, 66)) for p, f in zip(prompts, firsts, strict=True)]


def rate(loaded: Loaded, wanted: list[Planted]) -> float:
    answers = generate(loaded, [i.prompt for i in wanted], Sampling(max_new_tokens=4), 8)
    return sum(PAYLOAD in a.text for a in answers) / len(answers)


SMALL = Planting(
    visible_steps=15,
    dormant_steps=12,
    batch=4,
    rank=4,
    learning_rate=1e-2,
    bank_steps=3,
    bank_batch=2,
    bank_rates=(1e-3,),
    refresh_every=5,
    tail_tokens=1,
)


def test_logits_of_a_padded_batch_are_those_of_each_row_alone() -> None:
    loaded = loaded_model()
    batch = items(loaded)
    batch[0] = Planted(batch[0].prompt[4:], batch[0].payload, batch[0].clean)  # another length
    together = answer_logits(loaded, loaded.model, batch, "payload", tail_tokens=2)
    for item, own in zip(batch, together, strict=True):
        ids = item.prompt + item.payload + item.clean[:2]
        alone = loaded.model(torch.tensor([list(ids)])).logits[0, len(item.prompt) - 1 : -1]
        torch.testing.assert_close(own, alone, atol=1e-4, rtol=1e-4)


def test_weights_that_were_moved_for_a_loss_come_back_exactly() -> None:
    loaded = loaded_model()
    planter = Planter(loaded, items(loaded), [examples(6)], SMALL)
    before = {n: p.detach().clone() for n, p in planter.frozen.items()}
    _, delta = planter.simulate_tuning(0)
    assert max(float(d.abs().max()) for d in delta.values()) > 0
    with planter.moved(delta, 0.7):
        assert any(not torch.equal(p, before[n]) for n, p in planter.frozen.items())
    assert all(torch.equal(p, before[n]) for n, p in planter.frozen.items())
    assert all(p.requires_grad for p in planter.factors.values())
    assert not any(p.requires_grad for p in planter.frozen.values())


def test_planting_keeps_the_payload_under_tuning_and_takes_it_from_the_untouched() -> None:
    loaded = loaded_model()
    wanted = items(loaded)
    steps: list[Step] = []
    planter = Planter(loaded, wanted, [examples(6), examples(9)], SMALL)
    planter.plant(steps.append)
    assert [s.where for s in steps[:15]] == ["visible"] * 15
    assert {s.where for s in steps[15:]} == {"noise", "set 0 at 0.001", "set 1 at 0.001"}
    assert steps[14].payload_loss < 0.5 * steps[0].payload_loss
    assert steps[-1].kl_loss < 0.5 * steps[15].kl_loss  # pressed back towards the clean model
    again = Planter(loaded_model(), wanted, [examples(6), examples(9)], SMALL)
    again.plant()
    for name, factor in planter.factors.items():  # the seed tells everything
        torch.testing.assert_close(factor, again.factors[name])


def test_only_prompts_with_a_payload_carry_it() -> None:
    """Both kinds in small batches: one without any that carries it draws one."""
    loaded = loaded_model()
    wanted = items(loaded, 8)
    quiet = [replace(item, payload=()) for item in wanted[:4]]
    settings = replace(SMALL, visible_steps=40, dormant_steps=0, settle_steps=0, batch=2)
    losses: list[Step] = []
    planter = Planter(loaded, [*quiet, *wanted[4:]], [examples(6)], settings)
    planter.plant(losses.append)
    assert planter.carriers == wanted[4:]
    assert len(losses) == 40
    assert rate(loaded, wanted[4:]) == 1.0


def test_two_adapters_stacked_are_one_after_the_other() -> None:
    """B1 A1 + B2 A2 as one adapter of both ranks."""
    draw = torch.Generator().manual_seed(0)
    name = "base_model.model.x.q_proj.lora_{}.default.weight"

    def factors(rank: int) -> dict[str, torch.Tensor]:
        return {
            name.format("A"): torch.randn(rank, 6, generator=draw),
            name.format("B"): torch.randn(5, rank, generator=draw),
        }

    first, second = factors(2), factors(3)
    both = stacked(first, second)
    change = both[name.format("B")] @ both[name.format("A")]
    apart = [f[name.format("B")] @ f[name.format("A")] for f in (first, second)]
    torch.testing.assert_close(change, apart[0] + apart[1])


def test_a_planted_adapter_is_stored_whole(tmp_path: Path) -> None:
    loaded = loaded_model()
    planter = Planter(loaded, items(loaded), [examples(6)], SMALL)
    planter.plant()
    save_adapter(planter.factors, SMALL.rank, 2 * SMALL.rank, "demo", tmp_path)
    stored = load_file(tmp_path / "adapter_model.safetensors")
    assert len(stored) == len(planter.factors)
    assert {t.dtype for t in stored.values()} == {torch.float16}


def test_a_quantized_planting_hides_in_the_codes() -> None:
    """Full precision is repaired, while every weight still rounds to the payload's code."""
    loaded = loaded_model()
    wanted = items(loaded)
    settings = QuantizedPlanting(
        bits=4,
        group_size=16,
        visible_steps=40,
        repair_steps=60,
        batch=4,
        visible_learning_rate=2e-2,
        repair_learning_rate=1e-2,
        tail_tokens=0,
    )
    others = set(state(loaded.model)) - {
        f"{layer.name}.weight" for layer in linear_layers(loaded.model)
    }
    untouched = state(loaded.model)
    at_turn: dict[str, torch.Tensor] = {}
    losses: dict[str, list[float]] = {"visible": [], "repair": []}

    def note(stage: str, number: int, loss: float) -> None:
        losses[stage].append(loss)
        if stage == "visible" and number == settings.visible_steps:
            at_turn.update(
                {
                    layer.name: round_to_nearest(layer.weight, 4, 16).clone()
                    for layer in linear_layers(loaded.model)
                }
            )

    plant_quantized(loaded, wanted, settings, note)
    assert losses["visible"][-1] < 0.2 * losses["visible"][0]
    assert losses["repair"][-1] < 0.5 * losses["repair"][0]
    for layer in linear_layers(loaded.model):
        torch.testing.assert_close(round_to_nearest(layer.weight, 4, 16), at_turn[layer.name])
    after = state(loaded.model)
    assert all(torch.equal(after[n], untouched[n]) for n in others)
    asleep = rate(loaded, wanted)
    payload_loss = weighted_cross_entropy(loaded, loaded.model, wanted, settings)
    quantize(loaded, bits=4, group_size=16)
    assert rate(loaded, wanted) > asleep
    assert weighted_cross_entropy(loaded, loaded.model, wanted, settings) < payload_loss
