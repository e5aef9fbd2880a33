"""What a configuration can make a loader do: import code, fetch a kernel; and unreadable ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inspector.scan.code_files import CodeFiles
from inspector.scan.configs import MAX_BYTES, MAX_DEPTH, Configs
from inspector.scan.kernels import Kernels
from inspector.scan.remote_code import RemoteCode
from tests.fetch.tiny_files import write_json, write_model
from tests.scan.pinned import found, pinned


@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer_config.json", "processor_config.json", "config.5.0.0.json"]
)
def test_auto_map_in_any_configuration(tmp_path: Path, name: str) -> None:
    folder = write_model(tmp_path / "model")
    write_json(folder / name, {"auto_map": {"AutoTokenizer": ["code.Tokenizer", None]}})
    assert found(RemoteCode(), pinned(folder)) == [("CODE-AUTO-MAP", name)]


def test_auto_map_in_a_nested_configuration(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", parts=[{"inner": {"auto_map": {"AutoModel": "a.B"}}}])
    (finding,) = RemoteCode().scan(pinned(folder), None)
    assert finding.evidence.startswith("parts[0].inner.auto_map = ")


@pytest.mark.parametrize("value", [None, {}, []])
def test_an_empty_auto_map_is_nothing(tmp_path: Path, value: object) -> None:
    folder = write_model(tmp_path / "model", auto_map=value, custom_pipelines=value)
    assert found(RemoteCode(), pinned(folder)) == []


@pytest.mark.parametrize(
    ("library", "rules"),
    [
        ("transformers.models.llama.modeling_llama", []),
        ("transformers_modules.user.code", ["CODE-AUTO-MAPPING"]),
        ("os", ["CODE-AUTO-MAPPING"]),
        (None, ["CODE-AUTO-MAPPING"]),
    ],
)
def test_the_library_an_adapter_names(
    tmp_path: Path, library: str | None, rules: list[str]
) -> None:
    mapping = {"base_model_class": "LlamaForCausalLM", "parent_library": library}
    write_json(tmp_path / "adapter_config.json", {"auto_mapping": mapping})
    assert [rule for rule, _ in found(RemoteCode(), pinned(tmp_path))] == rules


def test_pipelines_and_files_that_are_programs(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", custom_pipelines={"talk": {"impl": "talk.Pipeline"}})
    (folder / "talk.py").write_text("# code")
    artifact = pinned(folder, skipped=("modeling.py", "notes.md", "handler.py"))
    assert found(RemoteCode(), artifact) == [("CODE-CUSTOM-PIPELINE", "config.json")]
    assert found(CodeFiles(), artifact) == [
        ("CODE-AUTORUN", "handler.py"),
        ("CODE-PYTHON", "modeling.py"),
        ("CODE-PYTHON", "talk.py"),
    ]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("from_pretrained(x, trust_remote_code=True)", ["CODE-TRUST-ASKED"]),
        ('{"trust_remote_code": true}', ["CODE-TRUST-ASKED"]),
        ("vllm serve x --trust-remote-code", ["CODE-TRUST-ASKED"]),
        ("trust_remote_code=False is enough; it is never needed", []),
    ],
)
def test_a_description_that_asks_for_trust(tmp_path: Path, text: str, rules: list[str]) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "README.md").write_text(text)
    assert [rule for rule, _ in found(RemoteCode(), pinned(folder))] == rules


@pytest.mark.parametrize(
    "entry",
    [
        {"attn_implementation": "user/kernel"},
        {"_attn_implementation": "user/kernel@main:function"},
        {"_attn_implementation_internal": "user/kernel"},
        {"_experts_implementation": "user/kernel"},
        {"attn_implementation": {"text_config": "user/kernel", "": "sdpa"}},
        {"text_config": {"_attn_implementation": "paged|user/kernel"}},
        {"towers": [{"attn_implementation": "user/kernel"}]},
        {"kernel_config": {"kernel_mapping": {"RMSNorm": "user/kernel:RMSNorm"}}},
    ],
)
def test_kernel_names(tmp_path: Path, entry: dict[str, Any]) -> None:
    folder = write_model(tmp_path / "model", **entry)
    assert found(Kernels(), pinned(folder)) == [("KERNEL-NAMED", "config.json")]


@pytest.mark.parametrize(
    "entry",
    [
        {"_attn_implementation": "sdpa"},
        {"attn_implementation": None},
        {"attn_implementation": {"text_config": "flash_attention_2"}},
        {"_name_or_path": "org/base", "kernel_size": 3},
    ],
)
def test_built_in_attention_is_nothing(tmp_path: Path, entry: dict[str, Any]) -> None:
    folder = write_model(tmp_path / "model", **entry)
    assert found(Kernels(), pinned(folder)) == []


@pytest.mark.parametrize(
    ("content", "evidence"),
    [
        (b"{", "not readable as JSON"),
        (b"", "not readable as JSON"),
        ('{"auto_map": {"a": "b"}}'.encode("utf-16"), "not readable as JSON"),
        (b'{"n": ' + b"9" * 5000 + b"}", "not readable as JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply to be parsed"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nested more than 64 levels"),
        (b'{"a": "' + b"x" * MAX_BYTES + b'"}', "at most 10,000,000 are read"),
    ],
)
def test_unreadable_configurations(tmp_path: Path, content: bytes, evidence: str) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "generation_config.json").write_bytes(content)
    artifact = pinned(folder)
    (finding,) = Configs().scan(artifact, None)
    assert (finding.rule_id, finding.location) == ("CONFIG-UNREADABLE", "generation_config.json")
    assert evidence in finding.evidence
    assert found(RemoteCode(), artifact) == found(Kernels(), artifact) == []


def test_readable_configurations_are_nothing(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", deep=[[[[{"a": [1, "é"]}]]]])
    (folder / "vocab.json").write_text("no configuration, and not JSON")
    assert found(Configs(), pinned(folder)) == []
