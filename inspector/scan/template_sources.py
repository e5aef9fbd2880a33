"""Where a repo keeps its chat templates.

Comes in: an artifact. Goes out: every template with its name and place, what could not be read, and
the special tokens that templates print. transformers reads `chat_template.jinja`, else
`chat_template.json`, else the entry of tokenizer_config.json; others read the GGUF file's metadata,
so what one program renders need not be what another does.

Source: transformers 5.23, `PreTrainedTokenizerBase` and `ProcessorMixin`; the GGUF specification,
`tokenizer.chat_template` and `tokenizer.chat_template.NAME`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from inspector.records import Artifact
from inspector.scan.bounded_json import Unreadable, read_json
from inspector.scan.gguf_header import read_gguf

MAX_TEMPLATE_BYTES = 300_000  # the longest real ones have about 30,000
MAX_TEMPLATES = 40
MAX_CONFIG_BYTES = 10_000_000
CONFIGS = (
    *("tokenizer_config.json", "chat_template.json", "chat_templates.json"),
    *("processor_config.json", "preprocessor_config.json"),
)
TOKENS = ("bos_token", "eos_token", "pad_token", "unk_token")
GGUF_KEY = "tokenizer.chat_template"


@dataclass(frozen=True)
class Template:
    """One template. name: `default`, or what the repo calls it. source: None where it cannot be
    read, for the reason in problem."""

    location: str
    name: str
    source: str | None
    problem: str = ""


def templates(artifact: Artifact) -> Iterator[Template]:
    """Every chat template of an artifact."""
    folder = Path(artifact.folder)
    for file in artifact.files:
        path = PurePosixPath(file.path)
        name = path.name.lower()
        if name.endswith((".jinja", ".jinja2", ".j2")):
            yield _from_file(file.path, folder / file.path)
        elif name in CONFIGS:
            yield from _from_config(file.path, folder / file.path)
        elif name.endswith(".gguf"):
            metadata = read_gguf(folder / file.path).metadata
            for key, value in metadata.items():
                if key.startswith(GGUF_KEY) and isinstance(value, str):
                    called = key.removeprefix(GGUF_KEY).strip(".") or "default"
                    yield _checked(f"{file.path}", called, value)


def special_tokens(artifact: Artifact) -> dict[str, str]:
    """The tokens that a template can print, as the tokenizer's configuration names them."""
    found = dict.fromkeys(TOKENS, "") | {"bos_token": "<s>", "eos_token": "</s>"}
    for file in artifact.files:
        if file.path in ("special_tokens_map.json", "tokenizer_config.json"):
            try:
                data = read_json(Path(artifact.folder) / file.path, MAX_CONFIG_BYTES).data
            except Unreadable:
                continue  # another scanner reports it
            for key in TOKENS:
                value = data.get(key) if isinstance(data, dict) else None
                value = value.get("content") if isinstance(value, dict) else value
                if isinstance(value, str):
                    found[key] = value
    return found


def _from_file(location: str, path: Path) -> Template:
    stem = path.name.partition(".")[0]
    name = "default" if stem == "chat_template" else stem
    if path.stat().st_size > MAX_TEMPLATE_BYTES:
        return _checked(location, name, "", path.stat().st_size)
    try:
        return _checked(location, name, path.read_bytes().decode("utf-8"))
    except UnicodeDecodeError as error:
        return Template(location, name, None, f"not UTF-8: {error}")


def _from_config(location: str, path: Path) -> Iterator[Template]:
    try:
        data = read_json(path, MAX_CONFIG_BYTES).data
    except Unreadable as error:
        yield Template(location, "default", None, str(error))
        return
    entry = data.get("chat_template") if isinstance(data, dict) else None
    for name, source in _named(entry):
        if isinstance(source, str):
            yield _checked(location, name, source)
        else:
            yield Template(location, name, None, f"a {type(source).__name__} instead of a text")


def _named(entry: Any) -> Iterator[tuple[str, Any]]:
    """One text, a list of {name, template}, or a dictionary of texts."""
    if isinstance(entry, list):
        for item in entry:
            if isinstance(item, dict):
                yield str(item.get("name", "default")), item.get("template")
            else:
                yield "default", item
    elif isinstance(entry, dict):
        yield from ((str(name), source) for name, source in entry.items())
    elif entry is not None:
        yield "default", entry


def _checked(location: str, name: str, source: str, n_bytes: int = 0) -> Template:
    n_bytes = n_bytes or len(source.encode("utf-8", "surrogatepass"))
    if n_bytes > MAX_TEMPLATE_BYTES:
        problem = f"{n_bytes:,} bytes; at most {MAX_TEMPLATE_BYTES:,} are read"
        return Template(location, name, None, problem)
    return Template(location, name, source)
