"""A folder or a GGUF file on this machine -> Artifact.

Comes in: an absolute path. Goes out: an Artifact with its kind, its weight form, its declared base
and the SHA-256 of every file. The Hub's snapshots pass through here too, once they are on the disk.

Accepted: a safetensors model (config and tokenizer beside it), a PEFT adapter, a folder with one
GGUF file, a GGUF file. Sources: the safetensors format (8 bytes of header length, JSON header,
data) and the file names that transformers and peft look for.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from inspector.errors import TargetError
from inspector.fetch.base import declared_base
from inspector.records import Artifact, ArtifactKind, FileDigest, HubFacts, Target

Progress = Callable[[int, int], None]

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
MODEL_WEIGHTS = "model.safetensors"
MODEL_INDEX = "model.safetensors.index.json"
# Any one of these groups makes a tokenizer.
TOKENIZERS = (
    {"tokenizer.json"},
    {"tokenizer.model"},
    {"spiece.model"},
    {"sentencepiece.bpe.model"},
    {"vocab.json", "merges.txt"},
    {"vocab.txt"},
)
PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
BOOKKEEPING = {".git", ".cache"}  # of git and of the Hub's own client: nothing loads from there
MAX_HEADER_BYTES = 100_000_000  # the safetensors library's own limit
# Hostile JSON takes 25 times its size as Python objects; the scanners refuse longer headers unread.
MAX_PARSED_HEADER_BYTES = 10_000_000
LFS_POINTER = b"version https://git-lfs"


def fetch_local(target: Target, on_progress: Progress) -> Artifact:
    """The artifact of a local folder or .gguf file, hashed where it lies; nothing is copied."""
    path = Path(target.location).resolve()
    if path.is_dir():
        return artifact_of(path, target, on_progress, local_paths=True)
    if not path.is_file():
        raise TargetError(f"There is no folder or file {path}; check the spelling.")
    if path.suffix.lower() != ".gguf":
        raise TargetError(
            f"The file {path} is not a .gguf file; give a .gguf file, or the folder that holds the "
            "safetensors model or adapter."
        )
    check_gguf(path)
    files = digest_files(path.parent, [path.name], on_progress)
    return Artifact(target, ArtifactKind.MODEL, str(path.parent), files, gguf_file=path.name)


def artifact_of(
    folder: Path,
    target: Target,
    on_progress: Progress,
    *,
    local_paths: bool,
    commit: str | None = None,
    skipped: tuple[str, ...] = (),
    hub: HubFacts | None = None,
) -> Artifact:
    """Look at, check and hash a folder that is complete on the disk.

    folder: resolved. local_paths: see `declared_base`. skipped: names in the repo that were not
    downloaded. hub: what the Hub said about it. Raises TargetError where the folder is not a model
    or adapter that can be inspected.
    """
    paths, kind, gguf_file = examine(folder, f"The folder {folder}")
    return Artifact(
        target=target,
        kind=kind,
        folder=str(folder),
        files=digest_files(folder, paths, on_progress),
        commit=commit,
        gguf_file=gguf_file,
        base=declared_base(folder, kind, local_paths),
        skipped=skipped,
        hub=hub,
    )


def examine(folder: Path, what: str) -> tuple[list[str], ArtifactKind, str | None]:
    """(all files, kind, GGUF file name or None), of headers and names alone: quick at any size.

    what: how to call the place in messages. Raises TargetError as `artifact_of` does.
    """
    paths = list_files(folder)
    kind, gguf_file = decide_kind({p for p in paths if "/" not in p}, what)
    if gguf_file is not None:
        check_gguf(folder / gguf_file)
    elif kind is ArtifactKind.MODEL and MODEL_INDEX in paths:
        _check_shards(folder, paths)
    for path in paths:
        if path.endswith(".safetensors"):
            check_whole(folder / path)
    return paths, kind, gguf_file


def list_files(folder: Path) -> list[str]:
    """Relative paths of all regular files, sorted.

    Raises TargetError for symlinks that lead out of the folder, for anything that is no regular
    file (a pipe would block the reader for ever), and for names that are not text.
    """
    found = []
    for root, directories, names in os.walk(folder):
        directories[:] = sorted(d for d in directories if d not in BOOKKEEPING)
        for name in [*directories, *names]:
            path = Path(root) / name
            if not _is_text(name):
                raise TargetError(
                    f"A name in the folder {folder} is not UTF-8 ({os.fsencode(name)!r}); rename "
                    "or remove it: a name that cannot be written down cannot be reported."
                )
            if path.is_symlink() and not path.resolve().is_relative_to(folder):
                raise TargetError(
                    f"The symlink {path} leads out of the folder, to {path.resolve()}; give a "
                    "folder that holds its files itself (`cp -rL` makes one)."
                )
            if name in names:
                if not path.is_file():
                    raise TargetError(
                        f"{path} is neither a regular file nor a folder; remove it and try again."
                    )
                found.append(path.relative_to(folder).as_posix())
    return sorted(found)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def digest_files(
    folder: Path, paths: Sequence[str], on_progress: Progress
) -> tuple[FileDigest, ...]:
    """SHA-256 of each file, streamed; progress in bytes."""
    try:
        sizes = {path: (folder / path).stat().st_size for path in paths}
        total, done, digests = sum(sizes.values()), 0, []
        for path in paths:
            with (folder / path).open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            digests.append(FileDigest(path, sizes[path], sha256))
            done += sizes[path]
            on_progress(done, total)
    except OSError as error:
        raise TargetError(
            f"The file {error.filename} cannot be read ({error.strerror}); make it readable and "
            "try again."
        ) from error
    return tuple(digests)


def decide_kind(names: Iterable[str], what: str) -> tuple[ArtifactKind, str | None]:
    """What the root-level file names make: (kind, GGUF file name or None for safetensors).

    what: how to call the place in messages. Raises TargetError for all other places.
    """
    names = set(names)
    ggufs = sorted(n for n in names if n.lower().endswith(".gguf"))
    pickles = sorted(n for n in names if n.lower().endswith(PICKLE_SUFFIXES))
    if ADAPTER_CONFIG in names and ADAPTER_WEIGHTS in names:
        return ArtifactKind.ADAPTER, None
    if ADAPTER_CONFIG not in names and names & {MODEL_WEIGHTS, MODEL_INDEX}:
        _require_config_and_tokenizer(names, what)
        return ArtifactKind.MODEL, None
    if ADAPTER_CONFIG not in names and ggufs:
        if len(ggufs) > 1:
            raise TargetError(
                f"{what} holds {len(ggufs)} GGUF files ({', '.join(ggufs[:4])}); give the one you "
                "mean as a local .gguf file."
            )
        return ArtifactKind.MODEL, ggufs[0]
    wanted = ADAPTER_WEIGHTS if ADAPTER_CONFIG in names else MODEL_WEIGHTS
    if pickles:
        raise TargetError(
            f"{what} holds its weights only as pickles ({', '.join(pickles[:4])}), which run code "
            f"when they are loaded; give a version with {wanted}."
        )
    raise TargetError(
        f"{what} holds no weights: {wanted} was looked for"
        + ("" if ADAPTER_CONFIG in names else ", sharded safetensors and a GGUF file too")
        + "; give a safetensors model, a PEFT adapter or a GGUF file."
    )


def _require_config_and_tokenizer(names: set[str], what: str) -> None:
    if "config.json" not in names:
        raise TargetError(
            f"{what} has weights but no config.json; put the model's config beside them."
        )
    if not any(group <= names for group in TOKENIZERS):
        raise TargetError(
            f"{what} has weights but no tokenizer (tokenizer.json, tokenizer.model, or vocab.json "
            "with merges.txt); put the model's tokenizer beside them."
        )


def check_whole(path: Path) -> None:
    """Compare a safetensors file's size with what its header declares; raises TargetError."""
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        n_header = int.from_bytes(start, "little")
        if start == LFS_POINTER[:8]:
            raise TargetError(f"{path} is a Git LFS pointer, not the weights; run `git lfs pull`.")
        if size_bytes < 8 or n_header > MAX_HEADER_BYTES or 8 + n_header > size_bytes:
            raise _not_whole(path, f"at least {8 + n_header:,}", size_bytes)
        if n_header > MAX_PARSED_HEADER_BYTES:
            return
        try:
            header = json.loads(file.read(n_header))
            ends = [t["data_offsets"][1] for name, t in header.items() if name != "__metadata__"]
            expected = 8 + n_header + max(map(int, ends), default=0)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise TargetError(
                f"The file {path} has no readable safetensors header; download or copy it again."
            ) from error
    if expected != size_bytes:
        raise _not_whole(path, f"{expected:,}", size_bytes)


def _not_whole(path: Path, expected: str, size_bytes: int) -> TargetError:
    return TargetError(
        f"The file {path} is not whole: its header declares {expected} bytes and {size_bytes:,} "
        "bytes were found; download or copy it again."
    )


def _check_shards(folder: Path, paths: Sequence[str]) -> None:
    try:
        shards = set(json.loads((folder / MODEL_INDEX).read_bytes())["weight_map"].values())
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise TargetError(
            f"The file {folder / MODEL_INDEX} is not a safetensors index; download or copy it "
            "again."
        ) from error
    missing = sorted(str(s) for s in shards if s not in paths)
    if missing:
        raise TargetError(
            f"{MODEL_INDEX} in {folder} names {len(shards)} weight files and {len(missing)} of "
            f"them are missing ({', '.join(missing[:4])}); download or copy them again."
        )


def check_gguf(path: Path) -> None:
    with path.open("rb") as file:
        magic = file.read(4)
    if magic != b"GGUF":
        raise TargetError(
            f"The file {path} does not start with the GGUF magic bytes; download or copy it again."
        )
