"""Drift by layer equals the norms of directly compared attention outputs."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import GPT2Config, GPT2LMHeadModel, MambaConfig, MambaForCausalLM

from inspector.engine.chat import encode_prompt
from inspector.engine.drift import attention_layers, drift_from, keep_outputs
from inspector.engine.load import Loaded, load
from inspector.errors import Incompatible
from inspector.records import ArtifactKind, Precision
from tests.engine.tiny_model import loaded_model, pin, save, tokenizer

PROMPTS = ("Who?", "What is the capital of Japan?", "Why so?", "Say what you are made of.")
GROUPS = ("decline", "answer", "decline", "answer")


def prompts() -> list[list[int]]:
    return [encode_prompt(tokenizer(), question) for question in PROMPTS]


def moved(loaded: Loaded, layer: int, scale: float = 1.5) -> Loaded:
    """A copy whose layer `layer` gives `scale` times its attention output."""
    model = copy.deepcopy(loaded.model)
    with torch.no_grad():
        model.model.layers[layer].self_attn.o_proj.weight.mul_(scale)
    return Loaded(model, loaded.tokenizer, loaded.precision, plain_template=False)


def outputs(model: Any, prompt: list[int], start: int) -> torch.Tensor:
    """Each layer's attention output from `start` on, by unbatched hooks: (layers, T, width)."""
    seen: list[torch.Tensor] = []
    hooks = [
        layer.self_attn.register_forward_hook(lambda _m, _i, out: seen.append(out[0][0]))
        for layer in model.model.layers
    ]
    with torch.no_grad():
        model(input_ids=torch.tensor([prompt]))
    for hook in hooks:
        hook.remove()
    return torch.stack(seen)[:, start:].double()


@pytest.mark.parametrize("batch_size", [1, 3, 4])
def test_it_equals_directly_compared_outputs(batch_size: int) -> None:
    untouched, tuned = loaded_model(seed=1), loaded_model(seed=2)
    kept = keep_outputs(tuned, prompts(), batch_size)
    found = drift_from(untouched, kept, GROUPS, batch_size)
    assert [(d.group, d.layer) for d in found] == [
        (group, layer) for group in ("answer", "decline") for layer in (0, 1)
    ]
    opening = kept.start
    assert opening > 20  # the system turn and the user's mark
    assert len({tuple(p[:opening]) for p in prompts()}) == 1
    for line in found:
        rows = [p for p, group in zip(prompts(), GROUPS, strict=True) if group == line.group]
        before = torch.cat([outputs(untouched.model, p, opening)[line.layer] for p in rows])
        after = torch.cat([outputs(tuned.model, p, opening)[line.layer] for p in rows])
        assert line.drift == pytest.approx(float((after - before).norm(dim=-1).mean()), rel=1e-4)
        assert line.norm == pytest.approx(float(before.norm(dim=-1).mean()), rel=1e-4)
        assert (line.n_prompts, line.n_tokens) == (2, len(before))


def test_a_change_shows_from_its_layer_on_and_in_its_size() -> None:
    untouched = loaded_model(seed=1)
    tuned = moved(untouched, layer=1)
    found = drift_from(untouched, keep_outputs(tuned, prompts(), 4), GROUPS, 4)
    for first, second in (found[:2], found[2:]):
        assert first.drift == 0.0
        assert second.drift == pytest.approx(0.5 * second.norm, rel=1e-5)


def test_unchanged_weights_do_not_drift() -> None:
    untouched = loaded_model(seed=1)
    found = drift_from(untouched, keep_outputs(untouched, prompts(), 2), GROUPS, 2)
    assert {d.drift for d in found} == {0.0}
    assert all(d.norm > 0 for d in found)


def test_prompts_beyond_the_memory_allowed_are_left_out_and_counted() -> None:
    untouched = loaded_model(seed=1)
    n_positions = sum(len(p) - keep_outputs(untouched, prompts(), 4).start for p in prompts()[:2])
    kept = keep_outputs(untouched, prompts(), 4, kept_bytes=2 * 32 * 4 * n_positions)
    assert len(kept.prompts) == len(kept.outputs) == 2
    assert {d.n_prompts for d in drift_from(untouched, kept, GROUPS, 4)} == {1}


def test_an_adapter_is_measured_merged(tmp_path: Path) -> None:
    base = pin(save(tmp_path / "base", seed=1))
    plain = load(base, None, Precision.FP32, tmp_path)
    adapted = get_peft_model(copy.deepcopy(plain.model), LoraConfig(r=2, target_modules=["o_proj"]))
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name and ".layers.1." in name:
                parameter.fill_(0.2)
    adapted.save_pretrained(str(tmp_path / "adapter"), save_embedding_layers=False)
    (tmp_path / "adapter" / "README.md").unlink(missing_ok=True)
    adapter = pin(tmp_path / "adapter", kind=ArtifactKind.ADAPTER)
    merged = load(adapter, base, Precision.FP32, tmp_path)
    kept = keep_outputs(merged, prompts(), 4)
    first, second = drift_from(plain, kept, ["decline"] * 4, 4)
    assert first.drift == 0.0
    before = torch.cat([outputs(plain.model, p, kept.start)[1] for p in prompts()])
    after = torch.cat([outputs(merged.model, p, kept.start)[1] for p in prompts()])
    assert second.drift == pytest.approx(float((after - before).norm(dim=-1).mean()), rel=1e-4)
    assert second.drift > 0


def test_other_decoders_have_their_attention_found() -> None:
    config = GPT2Config(vocab_size=260, n_embd=32, n_layer=3, n_head=4, n_positions=256)
    model: Any = GPT2LMHeadModel(config)
    loaded = Loaded(model.eval(), tokenizer(), Precision.FP32, False)
    assert list(attention_layers(loaded.model)) == [0, 1, 2]
    kept = keep_outputs(loaded, prompts(), 4)
    assert kept.outputs[0].shape == (3, len(prompts()[0]) - kept.start, 32)


def test_a_model_without_attention_is_refused_in_a_sentence() -> None:
    config = MambaConfig(vocab_size=260, hidden_size=16, num_hidden_layers=2, state_size=4)
    model: Any = MambaForCausalLM(config)
    loaded = Loaded(model.eval(), tokenizer(), Precision.FP32, False)
    with pytest.raises(Incompatible, match="no attention layers that the inspector knows"):
        keep_outputs(loaded, prompts(), 4)


def test_a_stack_beside_the_decoder_is_refused() -> None:
    class Two(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.text = loaded_model().model
            self.vision = loaded_model().model

    with pytest.raises(Incompatible, match="not one for each numbered layer"):
        attention_layers(Two())
