"""Risk: a YAML file whose loader imports a class, or calls a function, that the file names.

Comes in: an artifact. Goes out: findings about YAML files, in archives too: tags of PyYAML's unsafe
loaders (`!!python/object/apply:…`), and the `_target_` of recipes that Hydra instantiates. Only the
parser's events are read, so nothing is built; it resolves tag prefixes and escapes as loaders do.

Sources: PyYAML's documentation ("YAML tags and Python types"); hydra.utils.instantiate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from inspector.records import Artifact, Finding, Severity
from inspector.scan.archives import LIMIT, Member, Walk
from inspector.scan.opcodes import Import
from inspector.scan.plain_imports import PLAIN
from inspector.scan.rule import Rule

RECIPE = Rule(
    "CODE-RECIPE",
    Severity.HIGH,
    "A YAML file names code that its loader would import or call",
    "Do not load it with that program before you have read what it names.",
)

SUFFIXES = (".yaml", ".yml")
MAX_BYTES = 2_000_000  # recipes and settings have a few kilobytes
PYTHON = "tag:yaml.org,2002:python/"
VALUES = {
    *("none", "bool", "str", "unicode", "bytes", "int", "long", "float", "complex"),
    *("list", "tuple", "dict"),
}
TARGET = "_target_"  # in JSON recipes too
# Libraries that recipes of published models name, and what none of them needs to reach.
LIBRARIES = {
    *("torch", "torchvision", "torchaudio", "torchtune", "torchmetrics", "transformers", "peft"),
    *("diffusers", "lightning", "pytorch_lightning", "lightning_fabric", "nemo", "megatron"),
    *("omegaconf", "sentence_transformers", "timm", "trl", "accelerate", "datasets", "tokenizers"),
}
REACHES = {
    *("os", "sys", "subprocess", "builtins", "importlib", "shutil", "posix", "runpy", "pickle"),
    *("eval", "exec", "system", "popen", "load_module", "_load_from_bytes", "hub", "getattr"),
}


class Recipes:
    """Every YAML file, packed or not."""

    rules = (RECIPE,)

    def scan(self, artifact: Artifact, _base: Artifact | None) -> Iterable[Finding]:
        for file in artifact.files:
            with (Path(artifact.folder) / file.path).open("rb") as stream:
                for found in Walk(_is_wanted).members(file.path, stream, file.size_bytes):
                    if isinstance(found, Finding):
                        yield from [found] if found.rule_id == LIMIT.rule_id else []
                    elif not found.is_container and _is_wanted(found.location):
                        yield from RECIPE.found_each(found.location, _named(found))


def _is_wanted(location: str, _head: bytes = b"", _size_bytes: int = 0) -> bool:
    return location.lower().endswith(SUFFIXES)


def _named(member: Member) -> list[str]:
    """What the file would import, in words; that it is too long to be read, if so."""
    if member.size_bytes > MAX_BYTES:
        return [f"{member.size_bytes:,} bytes of YAML; at most {MAX_BYTES:,} are read"]
    member.file.seek(0)
    data = member.file.read()
    named: list[str] = []
    for loader in (getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader):
        try:
            for words in _imports(data, loader):
                named += [words] if words not in named else []
            break
        except yaml.YAMLError:
            continue  # the two parsers differ in what they refuse; what neither reads, nobody loads
    return named


def _imports(data: bytes, loader: Any) -> Iterator[str]:
    for tag, key, value in _nodes(data, loader):
        if tag.startswith(PYTHON) and (words := _imported(tag.removeprefix(PYTHON))):
            yield words
        if key == TARGET and is_foreign(value):
            yield f"{TARGET}: {value}"


def is_foreign(target: str) -> bool:
    """Whether a recipe's target lies outside of the usual libraries, or leads out of them."""
    parts = target.split(".")
    return parts[0] not in LIBRARIES or bool(REACHES & set(parts))


def _imported(name: str) -> str | None:
    """In words; None for values and classes of plain data. name: `object/apply:module.Class`."""
    kind, _, place = name.partition(":")
    if not place and kind in VALUES:
        return None
    module, _, attribute = place.rpartition(".")
    return None if Import(module, attribute) in PLAIN else f"!!python/{name}"


def _nodes(data: bytes, loader: Any) -> Iterator[tuple[str, str | None, str]]:
    """(tag, key, value) of each node; the key of a scalar that is a value in a mapping."""
    inside: list[list[Any]] = []  # of each open collection: [is a mapping, the waiting key]
    anchors: dict[str, str] = {}
    for event in yaml.parse(data, Loader=loader):
        if isinstance(event, yaml.CollectionEndEvent):
            inside.pop()
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        text = event.value if isinstance(event, yaml.ScalarEvent) else ""
        if isinstance(event, yaml.AliasEvent):
            text = anchors.get(event.anchor, "")
        elif event.anchor:
            anchors[event.anchor] = text
        key = None
        if inside and inside[-1][0]:
            key, inside[-1][1] = inside[-1][1], None
            if key is None:
                inside[-1][1] = text
        yield getattr(event, "tag", None) or "", key, text
        if isinstance(event, yaml.CollectionStartEvent):
            inside.append([isinstance(event, yaml.MappingStartEvent), None])
