"""Risk: an adapter on another base than the one it was made for.

Comes in: an adapter and its base as fetched, or None. Goes out: findings where no base is declared,
where it could not be had, where it is another one or at another revision, or where the declaration
would let it change. Source: PEFT's `base_model_name_or_path` and `revision`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from inspector.records import Artifact, ArtifactKind, Finding, Severity, Target, TargetKind
from inspector.scan.configs import configs
from inspector.scan.rule import Rule

CONFIG = "adapter_config.json"
COMMIT = re.compile(r"[0-9a-f]{40}")

UNDECLARED = Rule(
    "ADAPTER-BASE-UNDECLARED",
    Severity.CRITICAL,
    "The adapter does not say which base it belongs to",
    "Set base_model_name_or_path in adapter_config.json to the base it was trained on.",
)
MISSING = Rule(
    "ADAPTER-BASE-MISSING",
    Severity.CRITICAL,
    "The adapter's base cannot be had",
    "Give the base as a Hub id or an existing folder in adapter_config.json.",
)
MISMATCH = Rule(
    "ADAPTER-BASE-MISMATCH",
    Severity.CRITICAL,
    "The base is not the one that the adapter declares",
    "Inspect the adapter on the base and revision that its adapter_config.json names.",
)
UNPINNED = Rule(
    "ADAPTER-BASE-UNPINNED",
    Severity.LOW,
    "The adapter does not pin its base to a commit",
    "Set revision in adapter_config.json to a full commit, so that the base cannot change.",
)


class AdapterBase:
    """An adapter's declaration compared with the base that was fetched for it."""

    rules = (UNDECLARED, MISSING, MISMATCH, UNPINNED)

    def scan(self, artifact: Artifact, base: Artifact | None) -> Iterable[Finding]:
        if artifact.kind is not ArtifactKind.ADAPTER:
            return
        declared = next((c.data for c in configs(artifact) if c.location == CONFIG), None)
        declared = declared if isinstance(declared, dict) else {}
        name = declared.get("base_model_name_or_path")
        if not name:
            yield UNDECLARED.found(CONFIG, f"base_model_name_or_path is {name!r}")
        elif artifact.base is None or base is None:
            yield MISSING.found(CONFIG, f"base_model_name_or_path is {name!r}")
        elif problem := _mismatch(artifact.base, base):
            yield MISMATCH.found(CONFIG, problem)
        elif artifact.base.kind is TargetKind.HUB and not _is_commit(artifact.base.revision):
            yield UNPINNED.found(
                CONFIG, f"{artifact.base} is at commit {base.commit} today, and may move"
            )
        elif artifact.base.kind is not TargetKind.HUB and declared.get("revision"):
            yield UNPINNED.found(
                CONFIG,
                f"revision {declared['revision']!r} is declared, but the base is {base.target}, "
                "whose revision is not known",
            )


def _mismatch(declared: Target, base: Artifact) -> str | None:
    """Why the fetched base is not the declared one, None if it is."""
    if base.kind is ArtifactKind.ADAPTER:
        return f"the base {base.target} is an adapter itself"
    if (declared.kind, declared.location) != (base.target.kind, base.target.location):
        return f"declared is {declared}, given is {base.target}"
    if _is_commit(declared.revision):
        if base.commit != declared.revision:
            return f"declared is {declared}, given is commit {base.commit}"
    elif declared.revision != base.target.revision:
        return f"declared is {declared}, given is {base.target}"
    return None


def _is_commit(revision: str | None) -> bool:
    return revision is not None and COMMIT.fullmatch(revision) is not None
