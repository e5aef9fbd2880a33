"""How large a target is, from what lies on this machine already: nothing is fetched or loaded.

Comes in: a Target. Goes out: its parameters and bytes, read from the headers of its weight files;
None where nothing of it is here yet. An adapter counts as the base it is merged into.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from inspector.errors import InspectorError
from inspector.fetch.base import declared_base
from inspector.fetch.demo import FILE_NAME, PACKAGE
from inspector.fetch.local import ADAPTER_CONFIG
from inspector.fetch.preview import Preview
from inspector.records import Artifact, ArtifactKind, Target, TargetKind
from inspector.scan.gguf_header import read_gguf
from inspector.scan.safetensors_header import read_header
from inspector.settings import Settings

_COMMIT = re.compile(r"[0-9a-f]{40}")  # not those that are still arriving
_MAX_BASES = 3  # an adapter's base is a model; more in a row is a loop


@dataclass(frozen=True)
class ModelSize:
    """n_parameters: of the model that is loaded. fetch_bytes: what must still be downloaded.

    is_gguf: its weights are dequantized first, and kept so. has_base: whether its files name a base
    that an inspection could take as control; None where that is not known yet.
    """

    n_parameters: int
    fetch_bytes: int = 0
    is_gguf: bool = False
    has_base: bool | None = None


def size_of(target: Target, settings: Settings) -> ModelSize | None:
    """The size of a target that is on this machine; None for one that is not, or is no model."""
    try:
        return _size(target, settings, _MAX_BASES)
    except (OSError, InspectorError):
        return None


def size_of_preview(found: Preview) -> ModelSize | None:
    """The size of a whole model on the Hub; None where the Hub does not tell, or of an adapter.

    An adapter's own count says nothing of its base, which is what is loaded.
    """
    count = found.listing.n_parameters if found.listing else None
    if found.kind is not ArtifactKind.MODEL or not count:
        return None
    is_gguf = "GGUF" in found.formats
    return ModelSize(count, found.n_bytes_read or 0, is_gguf, found.base is not None)


def size_of_artifact(artifact: Artifact, base: Artifact | None) -> ModelSize | None:
    """The size of what an inspection has pinned, where its files are still there."""
    whole = base if artifact.kind is ArtifactKind.ADAPTER and base is not None else artifact
    try:
        return _size_in(Path(whole.folder), whole.gguf_file)
    except OSError:
        return None


def _size(target: Target, settings: Settings, n_left: int) -> ModelSize | None:
    match target.kind:
        case TargetKind.DEMO:
            spec = importlib.util.find_spec(PACKAGE)
            folders = list(spec.submodule_search_locations or ()) if spec is not None else []
            size = next((s for f in folders if (s := _size_in(Path(f), FILE_NAME))), None)
            # A specimen is an adapter on the demo model, which itself declares no base.
            return size and replace(size, has_base=bool(target.location))
        case TargetKind.HUB:
            folder = _snapshot(target, settings)
        case TargetKind.LOCAL:
            folder = Path(target.location)
    if folder is None:
        return None
    if folder.is_file():
        size = _size_in(folder.parent, folder.name)
        return size and replace(size, has_base=False)
    is_adapter = (folder / ADAPTER_CONFIG).is_file()
    kind = ArtifactKind.ADAPTER if is_adapter else ArtifactKind.MODEL
    base = declared_base(folder, kind, local_paths=target.kind is TargetKind.LOCAL)
    if is_adapter:
        whole = _size(base, settings, n_left - 1) if base and n_left else None
        return whole and replace(whole, has_base=True)
    ggufs = sorted(p.name for p in folder.glob("*.gguf"))
    size = _size_in(folder, ggufs[0] if len(ggufs) == 1 else None)
    return size and replace(size, has_base=base is not None)


def _snapshot(target: Target, settings: Settings) -> Path | None:
    """The newest snapshot of a Hub model here, or that of the commit asked for."""
    place = settings.snapshots / f"models--{target.location.replace('/', '--')}"
    folders = [p for p in place.glob("*") if _COMMIT.fullmatch(p.name) and p.is_dir()]
    exact = [p for p in folders if p.name == target.revision]
    return max(exact or folders, key=lambda p: p.stat().st_mtime, default=None)


def _size_in(folder: Path, gguf_file: str | None) -> ModelSize | None:
    files = [folder / gguf_file] if gguf_file else sorted(folder.glob("model*.safetensors"))
    known = [(str(p), p.stat().st_mtime_ns) for p in files if p.is_file()]
    n_parameters = sum(_parameters_in(path, changed_at) for path, changed_at in known)
    return ModelSize(n_parameters, is_gguf=gguf_file is not None) if n_parameters else None


@lru_cache(maxsize=256)
def _parameters_in(path: str, _changed_at: int) -> int:
    file = Path(path)
    tensors = read_gguf(file).tensors if file.suffix == ".gguf" else read_header(file).tensors
    return sum(tensor.n_elements for tensor in tensors)
