"""Configurations that make a loader run code, and ordinary ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inspector.records import Severity
from tests.fetch.tiny_files import write_adapter, write_json, write_model
from tests.scan.corpus import Case
from tests.scan.corpus.pickles import beside

AUTO_MAP, KERNEL, CLASS = "CODE-AUTO-MAP", "KERNEL-NAMED", "CODE-CLASS-NAMED"
ST = "sentence_transformers.models"


def config(**entries: Any) -> Callable[[Path], None]:
    """A model whose config.json has these entries too."""

    def build(folder: Path) -> None:
        write_model(folder, **entries)

    return build


def other(name: str, data: object) -> Callable[[Path], None]:
    """A sound model with one more JSON file."""
    return beside(name, json.dumps(data).encode())


def adapter(auto_mapping: object) -> Callable[[Path], None]:
    """An adapter with this auto_mapping, on the base beside it."""

    def build(folder: Path) -> None:
        write_adapter(folder, "../base")
        path = folder / "adapter_config.json"
        write_json(path, json.loads(path.read_bytes()) | {"auto_mapping": auto_mapping})

    return build


def base(folder: Path) -> None:
    write_model(folder)


def modules(*types: str) -> Callable[[Path], None]:
    """As sentence-transformers lists its modules."""
    return other("modules.json", [{"idx": i, "type": t} for i, t in enumerate(types)])


CASES = (
    Case("auto-map", config(auto_map={"AutoModel": "modeling.Model"}), (AUTO_MAP,)),
    Case("auto-map-of-another-repo", config(auto_map={"AutoModel": "a/b--m.Model"}), (AUTO_MAP,)),
    Case("auto-map-nested", config(text_config={"auto_map": {"AutoConfig": "c.C"}}), (AUTO_MAP,)),
    Case(
        "auto-map-of-the-tokenizer",
        other("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["tok.T", None]}}),
        (AUTO_MAP,),
    ),
    Case(
        "auto-map-of-the-processor",
        other("preprocessor_config.json", {"auto_map": {"AutoProcessor": "p.P"}}),
        (AUTO_MAP,),
    ),
    Case(
        "auto-map-of-a-version",
        other("config.5.0.0.json", {"auto_map": {"AutoModel": "m.M"}}),
        (AUTO_MAP,),
    ),
    Case(
        "custom-pipelines",
        config(custom_pipelines={"talk": {"impl": "talk.Pipeline", "pt": ["AutoModel"]}}),
        ("CODE-CUSTOM-PIPELINE",),
    ),
    Case(
        "custom-generate",
        other("generation_config.json", {"custom_generate": "user/loop"}),
        ("CODE-CUSTOM-PIPELINE",),
    ),
    Case("trust-set", config(trust_remote_code=True), ("CODE-TRUST-SET",)),
    Case(
        "trust-asked",
        beside("README.md", b"Load it with `from_pretrained(name, trust_remote_code=True)`.\n"),
        ("CODE-TRUST-ASKED",),
        Severity.MEDIUM,
    ),
    Case("kernel", config(attn_implementation="user/kernel"), (KERNEL,)),
    Case("kernel-underscore", config(_attn_implementation="user/kernel@v1:run"), (KERNEL,)),
    Case("kernel-internal", config(_attn_implementation_internal="user/kernel"), (KERNEL,)),
    Case("kernel-paged", config(text_config={"_attn_implementation": "paged|a/b"}), (KERNEL,)),
    Case("kernel-by-part", config(attn_implementation={"vision": "a/b", "": "sdpa"}), (KERNEL,)),
    Case("kernel-of-experts", config(experts_implementation="user/kernel"), (KERNEL,)),
    Case("kernel-config", config(kernel_config={"RMSNorm": "user/kernel:Norm"}), (KERNEL,)),
    Case(
        "kernel-in-generation",
        other("generation_config.json", {"_attn_implementation": "user/kernel"}),
        (KERNEL,),
    ),
    Case("modules-of-elsewhere", modules(f"{ST}.Transformer", "os_like.Thing"), (CLASS,)),
    Case("modules-of-the-repo", modules("custom_st.Transformer"), (CLASS,)),
    Case(
        "activation-of-elsewhere",
        other("2_Dense/config.json", {"activation_function": "subprocess.Popen"}),
        (CLASS,),
    ),
    Case(
        "diffusers-component",
        other("model_index.json", {"_class_name": "Pipe", "unet": ["my_unet", "UNet"]}),
        (CLASS,),
    ),
    Case(
        "diffusers-pipeline",
        other("model_index.json", {"_class_name": ["my_pipeline", "Pipe"]}),
        (CLASS,),
    ),
    Case(
        "adapter-names-a-library",
        adapter({"base_model_class": "X", "parent_library": "transformers_modules.user.code"}),
        ("CODE-AUTO-MAPPING",),
        build_base=base,
    ),
    Case(
        "config-in-utf-16",
        beside("generation_config.json", '{"auto_map": {"a": "b.C"}}'.encode("utf-16")),
        ("CONFIG-UNREADABLE",),
    ),
    Case("sdpa", config(_attn_implementation="sdpa")),
    Case("flash-by-part", config(attn_implementation={"text": "flash_attention_2", "": "eager"})),
    Case("empty-auto-map", config(auto_map={}, custom_pipelines=None, trust_remote_code=False)),
    Case("gelu", config(activation_function="gelu_new", hidden_act="silu")),
    Case("modules-of-the-library", modules(f"{ST}.Transformer", f"{ST}.Pooling")),
    Case(
        "activation-of-torch",
        other("2_Dense/config.json", {"activation_function": "torch.nn.modules.activation.Tanh"}),
    ),
    Case(
        "diffusers-index",
        other(
            "model_index.json",
            {"_class_name": "Pipe", "vae": ["diffusers", "VAE"], "image": [None, None]},
        ),
    ),
    Case(
        "card-that-warns",
        beside("README.md", b"---\nlicense: mit\n---\nIt never needs trust_remote_code.\n"),
    ),
    Case("paths-with-slashes", config(_name_or_path="org/base", vision_tower="org/tower")),
)
