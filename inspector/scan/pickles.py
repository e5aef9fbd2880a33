"""Risk: pickles, which run whatever code their author put in when they are loaded.

Comes in: an artifact. Goes out: one finding per pickle, told by its name or by its first bytes, and
by name alone for files that were left on the Hub. No pickle is ever loaded: `pickletools` only
lists opcodes, `zipfile` only lists names.
"""

from __future__ import annotations

import pickletools
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

from inspector.records import Artifact, ArtifactKind, Finding, Severity
from inspector.scan.rule import Rule

WEIGHTS = Rule(
    "PICKLE-WEIGHTS",
    Severity.CRITICAL,
    "The weights are a pickle",
    "Do not load them; ask the author for safetensors.",
)
DISGUISED = Rule(
    "PICKLE-DISGUISED",
    Severity.CRITICAL,
    "A pickle under a harmless file name",
    "Do not load anything from this source: there is no good reason to rename a pickle.",
)
PRESENT = Rule(
    "PICKLE-PRESENT",
    Severity.HIGH,
    "A pickle lies beside the weights",
    "The inspector does not load it; other programs may prefer it over safetensors, so delete it.",
)

SUFFIXES = (
    *(".bin", ".pt", ".pth", ".pt2", ".ckpt", ".pkl", ".pickle", ".joblib", ".dill"),
    *(".nemo", ".mar"),  # archives that hold pickles
)
LOADED = {
    ArtifactKind.MODEL: re.compile(r"model(-\d+-of-\d+)?\.safetensors"),
    ArtifactKind.ADAPTER: re.compile(r"adapter_model\.safetensors"),
}
N_START_BYTES = 4096


class Pickles:
    """Pickles in the folder, and pickles the Hub repo holds."""

    rules = (WEIGHTS, DISGUISED, PRESENT)

    def scan(self, artifact: Artifact, _base: Artifact | None) -> Iterable[Finding]:
        loaded = LOADED[artifact.kind]
        has_others = artifact.gguf_file is not None or any(
            loaded.fullmatch(f.path) for f in artifact.files
        )
        for file in artifact.files:
            by_name = file.path.lower().endswith(SUFFIXES)
            by_content = is_pickle(Path(artifact.folder) / file.path)
            if not by_name and by_content:
                yield DISGUISED.found(file.path, "starts like a pickle")
            elif by_name and not has_others:
                yield WEIGHTS.found(file.path, "no safetensors weights beside it")
            elif by_name:
                told = "starts like a pickle" if by_content else "told by its name"
                yield PRESENT.found(file.path, f"in the folder, {told}")
        for name in artifact.skipped:
            if name.lower().endswith(SUFFIXES):
                yield PRESENT.found(name, "left on the Hub, told by its name")


def is_pickle(path: Path) -> bool:
    """Whether the first bytes are a pickle of protocol 2 to 5, or a zip archive that holds one.

    Protocols 0 and 1 have no mark of their own; they are told by name only.
    """
    with path.open("rb") as file:
        start = file.read(N_START_BYTES)
    if start.startswith(b"PK\x03\x04"):
        return _holds_pickle(path)
    if len(start) < 2 or start[0] != 0x80 or start[1] not in (2, 3, 4, 5):
        return False
    # These two bytes also begin a safetensors file with a 640-byte header: read on.
    try:
        for n_opcodes, (opcode, _, _) in enumerate(pickletools.genops(start), 1):
            if n_opcodes == 4 or opcode.name == "STOP":
                return True
    except ValueError as error:
        # an opcode that goes on after the bytes read here is one all the same; an unknown is not
        return len(start) == N_START_BYTES and "unknown" not in str(error)
    return False


def _holds_pickle(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(n.lower().endswith((".pkl", ".pickle")) for n in archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return False
