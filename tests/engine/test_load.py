"""Only pinned bytes are loaded: models, adapters on their base, GGUF files; and then offline."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from tokenizers.processors import TemplateProcessing
from transformers import AutoModelForCausalLM

from inspector.engine.chat import encode_prompt, render
from inspector.engine.load import PLAIN_TEMPLATE, check_unchanged, load
from inspector.engine.measure import linear_shapes, machine, matmul_flops, matmul_seconds
from inspector.errors import TargetError
from inspector.records import ArtifactKind, Message, Precision
from tests.engine.tiny_model import CHATML, llama, pin, save, state, tokenizer

IDS = torch.tensor([[72, 101, 108, 108, 111, 258, 10]])


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        out: torch.Tensor = model(input_ids=IDS).logits
    return out


# ------------------------------------------------------------------------------------- whole models


def test_safetensors_model_as_it_was_saved(tmp_path: Path) -> None:
    artifact = pin(save(tmp_path / "model", seed=4))
    loaded = load(artifact, None, Precision.FP32, tmp_path / "cache")
    expected = state(llama(seed=4))
    found = state(loaded.model)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[n], expected[n]) for n in expected)
    assert not loaded.model.training
    assert loaded.tokenizer.chat_template == CHATML
    assert not loaded.plain_template
    assert loaded.stop_ids == {258}


def test_bf16_is_one_rounding_of_the_stored_weights(tmp_path: Path) -> None:
    artifact = pin(save(tmp_path / "model"))
    found = state(load(artifact, None, Precision.BF16, tmp_path / "cache").model)
    assert all(torch.equal(found[n], w.bfloat16()) for n, w in state(llama()).items())


def test_every_stop_token_of_the_generation_config_ends_a_turn(tmp_path: Path) -> None:
    folder = save(tmp_path / "model")
    made = llama()
    made.generation_config.eos_token_id = [258, 10]
    made.generation_config.save_pretrained(folder)
    assert load(pin(folder), None, Precision.FP32, tmp_path).stop_ids == {258, 10}


def test_without_a_chat_template_the_plain_one_stands_in(tmp_path: Path) -> None:
    loaded = load(pin(save(tmp_path / "model", template=None)), None, Precision.FP32, tmp_path)
    assert loaded.plain_template
    assert loaded.tokenizer.chat_template == PLAIN_TEMPLATE
    assert render(loaded.tokenizer, [Message("user", "Hi")], True) == "User: Hi\nAssistant:"


def test_plain_template_keeps_the_opening_token_of_a_base_model(tmp_path: Path) -> None:
    folder = save(tmp_path / "model", template=None)
    tok = tokenizer(None)
    tok.bos_token = "<s>"
    tok.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 259)]
    )
    tok.save_pretrained(folder)
    loaded = load(pin(folder), None, Precision.FP32, tmp_path)
    ids = encode_prompt(loaded.tokenizer, "Hi")
    assert ids[0] == 259
    assert 259 not in ids[1:]


def test_a_tokenizer_that_never_ends_is_refused(tmp_path: Path) -> None:
    folder = save(tmp_path / "model")
    tok = tokenizer()
    tok.eos_token = None
    tok.save_pretrained(folder)
    with pytest.raises(TargetError, match="names no end-of-sequence token"):
        load(pin(folder), None, Precision.FP32, tmp_path)


# ------------------------------------------------------------------------------------ refused bytes


def test_bytes_that_changed_after_the_fetch_are_refused(tmp_path: Path) -> None:
    folder = save(tmp_path / "model")
    artifact = pin(folder)
    check_unchanged(artifact)
    save(folder, seed=1)
    with pytest.raises(TargetError, match=r"model\.safetensors changed after it was fetched"):
        load(artifact, None, Precision.FP32, tmp_path)


def test_a_file_that_went_away_is_refused(tmp_path: Path) -> None:
    folder = save(tmp_path / "model")
    artifact = pin(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(TargetError, match=r"tokenizer\.json changed .* now missing"):
        load(artifact, None, Precision.FP32, tmp_path)


def test_truncated_weights_are_a_target_error(tmp_path: Path) -> None:
    folder = save(tmp_path / "model")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(TargetError, match="cannot be loaded as a causal language model"):
        load(pin(folder), None, Precision.FP32, tmp_path)


def test_a_model_without_tokenizer_is_a_target_error(tmp_path: Path) -> None:
    folder = save(tmp_path / "model")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    with pytest.raises(TargetError, match="tokenizer"):
        load(pin(folder), None, Precision.FP32, tmp_path)


# ----------------------------------------------------------------------------------------- adapters


def save_adapter(folder: Path, base: Path, hidden: int = 32) -> Path:
    torch.manual_seed(9)
    adapted = get_peft_model(
        llama(hidden=hidden),
        LoraConfig(
            r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM"
        ),
    )
    adapted.peft_config["default"].base_model_name_or_path = str(base)
    adapted.save_pretrained(str(folder))
    return folder


def test_adapter_is_merged_into_its_base(tmp_path: Path) -> None:
    base = save(tmp_path / "base")
    adapter = save_adapter(tmp_path / "adapter", base)
    pinned = pin(adapter, ArtifactKind.ADAPTER)
    loaded = load(pinned, pin(base), Precision.FP32, tmp_path)
    expected = logits(PeftModel.from_pretrained(llama(), adapter).eval())
    found = logits(loaded.model)
    assert torch.allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(found, logits(llama()), atol=0.1)
    assert not any("lora" in name for name, _ in loaded.model.named_modules())
    assert loaded.tokenizer.chat_template == CHATML


def test_adapter_brings_its_own_tokenizer(tmp_path: Path) -> None:
    base = save(tmp_path / "base")
    adapter = save_adapter(tmp_path / "adapter", base)
    tokenizer(PLAIN_TEMPLATE).save_pretrained(adapter)
    pinned = pin(adapter, ArtifactKind.ADAPTER)
    loaded = load(pinned, pin(base), Precision.FP32, tmp_path)
    assert loaded.tokenizer.chat_template == PLAIN_TEMPLATE


def test_adapter_alone_cannot_be_loaded(tmp_path: Path) -> None:
    adapter = save_adapter(tmp_path / "adapter", save(tmp_path / "base"))
    with pytest.raises(TargetError, match="cannot be loaded without its base"):
        load(pin(adapter, ArtifactKind.ADAPTER), None, Precision.FP32, tmp_path)


def test_adapter_of_another_size_does_not_fit(tmp_path: Path) -> None:
    base = save(tmp_path / "base")
    adapter = save_adapter(tmp_path / "adapter", base, hidden=64)
    with pytest.raises(TargetError, match="does not fit its base"):
        load(pin(adapter, ArtifactKind.ADAPTER), pin(base), Precision.FP32, tmp_path)


def test_base_that_changed_is_refused(tmp_path: Path) -> None:
    base = save(tmp_path / "base")
    adapter = save_adapter(tmp_path / "adapter", base)
    pinned = pin(base)
    save(base, seed=1)
    with pytest.raises(TargetError, match="changed after it was fetched"):
        load(pin(adapter, ArtifactKind.ADAPTER), pinned, Precision.FP32, tmp_path)


@pytest.mark.parametrize("change", ["missing", "renamed", "additional"])
def test_adapter_that_would_be_applied_in_part_only_is_refused(tmp_path: Path, change: str) -> None:
    """peft only warns about weights it lacks, and says nothing about weights it does not use."""
    base = save(tmp_path / "base")
    adapter = save_adapter(tmp_path / "adapter", base)
    weights = load_file(adapter / "adapter_model.safetensors")
    name = next(n for n in weights if "lora_B" in n)
    if change == "additional":
        weights[name.replace("layers.0", "layers.7")] = weights[name].clone()
    else:
        taken = weights.pop(name)
        if change == "renamed":
            weights[name.replace("layers.0", "layers.7")] = taken
    save_file(weights, adapter / "adapter_model.safetensors")
    with pytest.raises(TargetError, match="does not fit its base"):
        load(pin(adapter, ArtifactKind.ADAPTER), pin(base), Precision.FP32, tmp_path)


# --------------------------------------------------------------------------------------------- GGUF


def write_gguf(path: Path, hidden: int = 32) -> None:
    """A llama.cpp file by the gguf package: Q8_0 where llama.cpp would quantize, else fp32."""
    draw = np.random.default_rng(0)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(256)
    writer.add_embedding_length(hidden)
    writer.add_block_count(2)
    writer.add_feed_forward_length(2 * hidden)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(261)
    tokens = [t for t, _ in sorted(tokenizer().get_vocab().items(), key=lambda item: item[1])]
    tokens.append("he")
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * 256 + [3] * 4 + [1])
    writer.add_token_merges(["h e"])
    writer.add_eos_token_id(258)
    writer.add_pad_token_id(256)
    writer.add_chat_template(CHATML)

    def add(name: str, *shape: int) -> None:
        values = draw.normal(0, 0.3, shape).astype(np.float32)
        if len(shape) == 1:
            writer.add_tensor(name, values)
        else:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quantize(values, kind), raw_dtype=kind)

    add("token_embd.weight", 261, hidden)
    add("output.weight", 261, hidden)
    add("output_norm.weight", hidden)
    for k in range(2):
        for name, rows, columns in (
            ("attn_q", hidden, hidden),
            ("attn_k", hidden // 2, hidden),
            ("attn_v", hidden // 2, hidden),
            ("attn_output", hidden, hidden),
            ("ffn_gate", 2 * hidden, hidden),
            ("ffn_up", 2 * hidden, hidden),
            ("ffn_down", hidden, 2 * hidden),
        ):
            add(f"blk.{k}.{name}.weight", rows, columns)
        add(f"blk.{k}.attn_norm.weight", hidden)
        add(f"blk.{k}.ffn_norm.weight", hidden)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_gguf_is_dequantized_as_transformers_does_and_kept(tmp_path: Path) -> None:
    folder, cache = tmp_path / "model", tmp_path / "cache"
    folder.mkdir()
    write_gguf(folder / "tiny.gguf")
    artifact = pin(folder, gguf_file="tiny.gguf")
    loaded = load(artifact, None, Precision.FP32, cache)
    own: Any = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file="tiny.gguf", dtype=torch.float32
    )
    expected, found = state(own), state(loaded.model)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[n], expected[n]) for n in expected)
    assert torch.equal(logits(loaded.model), logits(own.eval()))
    assert loaded.tokenizer.chat_template == CHATML
    assert loaded.tokenizer.eos_token_id == 258
    assert loaded.tokenizer.decode(encode_prompt(loaded.tokenizer, "the hen")).endswith(
        "<|im_start|>user\nthe hen<|im_end|>\n<|im_start|>assistant\n"
    )

    kept = sorted(cache.rglob("model.safetensors"))
    assert len(kept) == 1
    written = kept[0].stat().st_mtime_ns
    again = load(artifact, None, Precision.FP32, cache)
    assert kept[0].stat().st_mtime_ns == written
    assert torch.equal(logits(again.model), logits(loaded.model))


def test_a_half_made_cache_entry_is_not_used(tmp_path: Path) -> None:
    folder, cache = tmp_path / "model", tmp_path / "cache"
    folder.mkdir()
    write_gguf(folder / "tiny.gguf")
    artifact = pin(folder, gguf_file="tiny.gguf")
    load(artifact, None, Precision.FP32, cache)
    [entry] = (cache / "dequantized").iterdir()
    entry.rename(entry.with_name(f".{entry.name}.1"))
    loaded = load(artifact, None, Precision.FP32, cache)
    assert (entry / "done").exists()
    assert loaded.model.config.hidden_size == 32


def test_the_same_gguf_with_another_template_is_another_model(tmp_path: Path) -> None:
    """Regression: the cache went by the GGUF file alone, and gave one model another's template."""
    other = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    templates = []
    for name, template in (("a", None), ("b", other)):
        folder = tmp_path / name
        folder.mkdir()
        write_gguf(folder / "tiny.gguf")
        if template is not None:
            config = {"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": template}
            (folder / "tokenizer_config.json").write_text(json.dumps(config))
        artifact = pin(folder, gguf_file="tiny.gguf")
        loaded = load(artifact, None, Precision.FP32, tmp_path / "cache")
        templates.append(loaded.tokenizer.chat_template)
    assert templates[0] == CHATML
    assert len(list((tmp_path / "cache" / "dequantized").iterdir())) == 2


def test_files_that_were_not_pinned_are_not_read(tmp_path: Path) -> None:
    """Regression: an adapter config put there after the scan redirected the loading."""
    folder = save(tmp_path / "model")
    artifact = pin(folder)
    config = {"peft_type": "LORA", "base_model_name_or_path": "org/elsewhere"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    loaded = load(artifact, None, Precision.FP32, tmp_path / "cache")
    own = load_file(folder / "model.safetensors")
    assert torch.equal(state(loaded.model)["model.norm.weight"], own["model.norm.weight"])


def test_damaged_gguf_is_a_target_error(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    write_gguf(folder / "tiny.gguf")
    data = (folder / "tiny.gguf").read_bytes()
    (folder / "tiny.gguf").write_bytes(data[: len(data) // 3])
    with pytest.raises(TargetError, match="cannot be loaded as a causal language model"):
        load(pin(folder, gguf_file="tiny.gguf"), None, Precision.FP32, tmp_path / "cache")


# ------------------------------------------------------------------------------- offline, measuring

OFFLINE = """
from huggingface_hub import HfApi, constants
from huggingface_hub.errors import OfflineModeIsEnabled
import os
from inspector.engine.load import go_offline
assert not constants.HF_HUB_OFFLINE
go_offline()
try:
    HfApi(endpoint="http://127.0.0.1:9").model_info("some/model")
except OfflineModeIsEnabled:
    print("offline", os.environ["HF_HUB_OFFLINE"])
"""


def test_offline_means_no_request_at_all() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", OFFLINE], capture_output=True, text=True, check=False
    )
    assert done.stdout == "offline 1\n", done.stderr


def test_the_machine_resolves_auto_and_obeys_the_rest() -> None:
    found = machine(Precision.AUTO)
    assert found.precision in (Precision.BF16, Precision.FP32)
    faster = found.bf16_flops > 1.2 * found.fp32_flops
    assert found.precision is (Precision.BF16 if faster else Precision.FP32)
    assert found.n_threads == torch.get_num_threads()
    assert machine(Precision.FP32).precision is Precision.FP32
    assert machine(Precision.BF16).precision is Precision.BF16


def test_products_are_measured_on_the_models_own_shapes() -> None:
    shapes = linear_shapes(llama())
    assert sum(shapes.values()) == 2 * 7 + 1
    assert shapes[32, 260] == 1
    assert shapes[64, 32] == 2
    assert matmul_flops([(8, 16, 32)], Precision.FP32, seconds=0.01) > 0
    assert matmul_seconds({(8, 16, 32): 3}, Precision.BF16, rounds=2) > 0
