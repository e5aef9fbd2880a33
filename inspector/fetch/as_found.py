"""Any folder or file of this machine -> Artifact, for scanners alone; nothing here can be loaded.

Comes in: an absolute path. Goes out: an Artifact of whatever lies there, also of what `fetch_local`
refuses for good reason: pickles only, a cut file, no tokenizer. Such a place can be scanned, and
its findings say more than a refusal.
"""

from __future__ import annotations

from pathlib import Path

from inspector.errors import TargetError
from inspector.fetch.base import declared_base
from inspector.fetch.local import ADAPTER_CONFIG, Progress, digest_files, list_files
from inspector.records import Artifact, ArtifactKind, Target


def fetch_as_found(target: Target, on_progress: Progress) -> Artifact:
    """The files of a local target with their digests; an adapter is told by its configuration.

    Raises TargetError where nothing is there, a link leads out, or a file cannot be read.
    """
    path = Path(target.location).resolve()
    if path.is_dir():
        folder, names = path, list_files(path)
    elif path.is_file():
        folder, names = path.parent, [path.name]
    else:
        raise TargetError(f"There is no folder or file {path}; check the spelling.")
    if not names:
        raise TargetError(f"The folder {path} is empty; give one that holds files to scan.")
    ggufs = [n for n in names if n.lower().endswith(".gguf") and "/" not in n]
    kind = ArtifactKind.ADAPTER if ADAPTER_CONFIG in names else ArtifactKind.MODEL
    return Artifact(
        target=target,
        kind=kind,
        folder=str(folder),
        files=digest_files(folder, names, on_progress),
        gguf_file=ggufs[0] if len(ggufs) == 1 and kind is ArtifactKind.MODEL else None,
        base=declared_base(folder, kind, local_paths=True) if path.is_dir() else None,
    )
