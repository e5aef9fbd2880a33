"""Target and Artifact: what is inspected, and its pinned bytes."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from inspector.errors import TargetError
from inspector.records.provenance import HubFacts


class TargetKind(StrEnum):
    """Where a target lives."""

    DEMO = "demo"
    HUB = "hub"
    LOCAL = "local"


HUB_ID = re.compile(r"^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$")

_SPECIMEN = re.compile(r"^([a-z0-9][a-z0-9-]*)?$")


@dataclass(frozen=True)
class Target:
    """What the user asks about.

    location: "" for the demo model or the name of a specimen kept beside it, `org/name`
    for the Hub, an absolute path for a local folder.
    revision: branch, tag or commit for the Hub; None elsewhere (None on the Hub means `main`).
    uploaded_as: name of the file that a local folder was uploaded as; None where it was not. What
    it is called changes nothing of what it is: it does not count for equality, nor for digests.
    """

    kind: TargetKind
    location: str = ""
    revision: str | None = None
    uploaded_as: str | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.kind is TargetKind.HUB and not HUB_ID.match(self.location):
            raise TargetError(
                f"The Hub id {self.location!r} is not of the form org/name; "
                "give hf:org/name or hf:org/name@revision."
            )
        if self.kind is TargetKind.DEMO and not _SPECIMEN.match(self.location):
            raise TargetError(
                f"The specimen name {self.location!r} must be small letters, digits and hyphens; "
                "give demo:NAME, for example demo:planted."
            )
        if self.kind is TargetKind.LOCAL and not Path(self.location).is_absolute():
            raise TargetError(f"The local target {self.location!r} must be an absolute path.")

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read `demo`, `demo:NAME`, `hf:org/name[@revision]` or the path of a folder or GGUF file.

        Raises TargetError with the allowed forms when the text is none of them.
        """
        text = text.strip()
        if text == "demo":
            return cls(TargetKind.DEMO)
        if text.startswith("demo:"):
            if not text[5:].strip():
                raise TargetError(
                    "The target 'demo:' names no specimen; give demo, demo:NAME (`python "
                    "-m inspector specimens list` shows the names), or another model as "
                    "hf:org/name or a folder."
                )
            return cls(TargetKind.DEMO, text[5:])
        if text.startswith("hf:"):
            location, _, revision = text[3:].partition("@")
            return cls(TargetKind.HUB, location, revision or None)
        with contextlib.suppress(OSError, RuntimeError):  # too long a name; a user that is none
            path = Path(text).expanduser()
            if text and path.exists():
                return cls(TargetKind.LOCAL, str(path.resolve()))
        raise TargetError(
            f"The target {text!r} is neither 'demo', nor demo:NAME, nor hf:org/name[@revision], "
            "nor an existing folder or .gguf file; check the spelling or put hf: before a Hub id."
        )

    @property
    def title(self) -> str:
        """What a person calls it: an upload by its file's name, anything else as it is written."""
        if self.uploaded_as is None:
            return str(self)
        return f"upload {self.uploaded_as} ({Path(self.location).name[:8]})"

    def __str__(self) -> str:
        match self.kind:
            case TargetKind.DEMO:
                return f"demo:{self.location}" if self.location else "demo"
            case TargetKind.HUB:
                return f"hf:{self.location}" + (f"@{self.revision}" if self.revision else "")
            case TargetKind.LOCAL:
                return self.location


class ArtifactKind(StrEnum):
    """A whole model, or a PEFT adapter that needs its base."""

    MODEL = "model"
    ADAPTER = "adapter"


@dataclass(frozen=True)
class FileDigest:
    """One file of an artifact: path relative to its folder, with forward slashes."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Artifact:
    """The pinned local snapshot of a Target.

    folder: absolute path of the snapshot. commit: the Hub commit, None for local targets.
    gguf_file: name of the weight file when the weights are GGUF, else None (safetensors).
    base: the base an adapter config or model card declares, None if none is declared.
    skipped: names in the Hub repo that were left there (pickles, code): never on this disk.
    hub: what the Hub said about the repo, None for local targets.
    """

    target: Target
    kind: ArtifactKind
    folder: str
    files: tuple[FileDigest, ...]
    commit: str | None = None
    gguf_file: str | None = None
    base: Target | None = None
    skipped: tuple[str, ...] = ()
    hub: HubFacts | None = None

    @property
    def digest(self) -> str:
        """SHA-256 over the sorted (path, sha256) list: equal digests mean equal bytes."""
        return digest_of(f"{f.path}\0{f.sha256}" for f in sorted(self.files, key=lambda f: f.path))

    @property
    def size_bytes(self) -> int:
        return sum(f.size_bytes for f in self.files)


def digest_of(parts: Iterable[str]) -> str:
    """SHA-256, in hex, of text parts kept apart by newlines."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(part.encode())
        sha.update(b"\n")
    return sha.hexdigest()
