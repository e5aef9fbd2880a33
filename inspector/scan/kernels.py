"""Risk: a configuration that names a compute kernel on the Hub, which a loader would fetch and run.

Comes in: an artifact. Goes out: one finding per entry that names a repo.

Source: transformers 5.23 reads `attn_implementation` and `experts_implementation`, with and without
underscore, from config.json; a value like `user/repo@revision:function` reaches its kernel loader,
the underscore form even when the caller asks for another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from inspector.records import Artifact, Finding, Severity
from inspector.scan.configs import configs, entries, texts
from inspector.scan.rule import Rule

KEYS = re.compile(r"_?\w+_implementation(_internal)?|_?kernel_config")

NAMED = Rule(
    "KERNEL-NAMED",
    Severity.CRITICAL,
    "The configuration names a compute kernel from the Hub",
    "Remove the entry; every built-in name (sdpa, eager, flash_attention_2) has no slash.",
)


class Kernels:
    """Kernel names at any depth of any configuration."""

    rules = (NAMED,)

    def scan(self, artifact: Artifact, _base: Artifact | None) -> Iterable[Finding]:
        for config in configs(artifact):
            for path, key, value in entries(config.data):
                if KEYS.fullmatch(key) and any("/" in text for text in texts(value)):
                    yield NAMED.found(config.location, f"{path} = {value!r}")
