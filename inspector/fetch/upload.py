"""A zip archive, or loose files -> a folder of this machine, and from then on a target like others.

Comes in: named streams, from a browser or from this disk. Goes out: a local Target that remembers
the file's name.

    UPLOADS/DIGEST/      the files; DIGEST is that of their artifact: the same files, the same place
    UPLOADS/DIGEST.json  Upload, written last
    UPLOADS/.arriving/   the one on its way, under UPLOADS/.lock; what a killed process left here
                         goes when the next one comes

An archive may come from a stranger. It is refused as a whole, and nothing of it stays, when a name
leads out of the folder, two names are one on a case-blind disk, an entry is no regular file, or
more bytes come out than allowed, whatever its directory claims. Sources: PKWARE APPNOTE 6.3.10;
"zip slip" (CWE-22), decompression bombs (CWE-409).
"""

from __future__ import annotations

import hashlib
import shutil
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from filelock import FileLock

from inspector.errors import TargetError
from inspector.fetch.local import digest_files, examine, list_files
from inspector.files import disk_errors
from inspector.records import Target, TargetKind, digest_of
from inspector.run import now, read_record, write_record
from inspector.settings import Settings
from inspector.zips import BadZip, check_directory, leads_out

MAX_FILES = 1_000
MAX_PART_BYTES = 200  # of one part of a path; file systems end at 255
CHUNK_BYTES = 2**20
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
IS_ENCRYPTED = 0x0001
DAMAGE = (BadZip, zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError)
# What macOS, git and the Hub's client keep for themselves: nothing is loaded from there.
BOOKKEEPING = {"__MACOSX", ".DS_Store", ".git", ".cache"}


@dataclass(frozen=True)
class Upload:
    """file_name: as it was called where it came from. received_at: UTC, ISO 8601."""

    file_name: str
    received_at: str


@dataclass(frozen=True)
class _Member:
    """One file to take in. claimed_bytes: what the archive says it will be; not to be believed."""

    path: PurePosixPath
    claimed_bytes: int
    open: Callable[[], AbstractContextManager[BinaryIO]]


def receive(files: Sequence[tuple[str, BinaryIO]], settings: Settings) -> Target:
    """Take in one zip archive, or loose files; give the target they make.

    files: names and seekable streams. Raises TargetError where they are refused or are no model or
    adapter, DiskFull where they do not fit; nothing of them stays then.
    """
    name = _shown_name([name for name, _ in files])
    zips = [(n, stream) for n, stream in files if n.lower().endswith(".zip")]
    if zips and len(files) > 1:
        raise TargetError("A zip archive came with other files; give one zip, or loose files.")
    try:
        members = _members(zips[0][1]) if zips else [_loose(n, stream) for n, stream in files]
        return _keep(name, _without_top(_checked(name, members)), settings)
    except DAMAGE as error:
        raise TargetError(
            f"The archive {name} is damaged or no ordinary zip ({error}); pack it again."
        ) from error


def target_of(text: str, settings: Settings) -> Target:
    """What `Target.parse` reads, with two more: a .zip file of this machine, taken in as an upload,
    and the folder of an earlier upload, with the name that it came under."""
    if not text.strip():
        raise TargetError("No model is chosen; give demo, hf:org/name[@revision], or a folder.")
    target = Target.parse(text)
    path = Path(target.location)
    if target.kind is not TargetKind.LOCAL:
        return target
    if path.is_file() and path.suffix.lower() == ".zip":
        with path.open("rb") as file:
            return receive([(path.name, file)], settings)
    record = path.with_name(f"{path.name}.json")
    if path.parent == settings.uploads.resolve() and record.is_file():
        return _target(path, read_record(record, Upload))
    return target


def _target(folder: Path, upload: Upload) -> Target:
    return Target(TargetKind.LOCAL, str(folder), uploaded_as=upload.file_name)


def _shown_name(names: Sequence[str]) -> str:
    """One name for what came, fit to be shown; of loose files the weights' own."""
    if not names:
        raise TargetError("Nothing was uploaded; give one zip archive, or a model's files.")
    weights = (n for n in names if n.lower().endswith((".safetensors", ".gguf")))
    name = PurePosixPath(next(weights, names[0]).replace("\\", "/")).name
    return "".join(c if c.isprintable() else "?" for c in name)[:MAX_PART_BYTES] or "upload"


def _loose(name: str, stream: BinaryIO) -> _Member:
    size_bytes = stream.seek(0, 2)
    stream.seek(0)
    return _Member(PurePosixPath(name), size_bytes, lambda: nullcontext(stream))


def _members(stream: BinaryIO) -> list[_Member]:
    """The files of an archive by its directory, which is read only if it is not too long."""
    check_directory(stream, stream.seek(0, 2))
    archive = zipfile.ZipFile(stream)
    members = []
    for entry in archive.infolist():
        path = PurePosixPath(entry.orig_filename)
        _check_name(entry.orig_filename)
        _check_entry(entry)
        if not entry.is_dir() and not BOOKKEEPING & set(path.parts):
            members.append(_Member(path, entry.file_size, partial(_open, archive, entry)))
    return members


def _open(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> AbstractContextManager[BinaryIO]:
    return cast(AbstractContextManager[BinaryIO], archive.open(entry))


def _check_entry(entry: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = "symlink" if kind == stat.S_IFLNK else "special file"
        raise TargetError(
            f"The archive holds a {what}, {entry.filename!r}; pack the files themselves "
            "(`zip -r` without -y)."
        )
    if entry.flag_bits & IS_ENCRYPTED:
        raise TargetError(f"{entry.filename!r} is encrypted; give an archive without a password.")
    if entry.compress_type not in METHODS:
        raise TargetError(
            f"{entry.filename!r} is packed in an unusual way (method {entry.compress_type}); pack "
            "it again as an ordinary zip."
        )


def _check_name(name: str) -> None:
    """Every name that the archive holds, folders too: none may lead out or hide what it is."""
    parts = PurePosixPath(name).parts
    if leads_out(name) or "\\" in name:
        raise TargetError(
            f"A file is named {name!r}, which leads out of its folder; such uploads are refused."
        )
    if not parts or not name.isprintable():
        raise TargetError(f"A file is named {name!r}, which cannot be shown; rename it.")
    if any(len(part.encode(errors="replace")) > MAX_PART_BYTES for part in parts):
        raise TargetError(f"The name {name[:40]!r}… is too long; rename it.")


def _checked(what: str, members: list[_Member]) -> list[_Member]:
    """Names and numbers, before the first byte is written."""
    if not members:
        raise TargetError(f"The upload {what} holds no file; give a model's or an adapter's files.")
    if len(members) > MAX_FILES:
        raise TargetError(
            f"The upload {what} holds {len(members):,} files and {MAX_FILES:,} are allowed; give "
            "the model's own files only."
        )
    taken: set[str] = set()
    for member in members:
        _check_name(str(member.path))
        key = _key(member.path)
        if key in taken:
            raise TargetError(
                f"Two files are named {str(member.path)!r}, or differ in case only; which one is "
                "meant cannot be told, so rename one."
            )
        taken.add(key)
    for member in members:
        if any(_key(parent) in taken for parent in member.path.parents):
            raise TargetError(f"A file is named like a folder above {str(member.path)!r}.")
    return members


def _key(path: PurePosixPath) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()


def _without_top(members: list[_Member]) -> list[_Member]:
    """A folder that was packed as a whole lies in the archive under its own name: taken off."""
    tops = {m.path.parts[0] for m in members}
    if len(tops) > 1 or any(len(m.path.parts) == 1 for m in members):
        return members
    return [_Member(PurePosixPath(*m.path.parts[1:]), m.claimed_bytes, m.open) for m in members]


def _keep(name: str, members: list[_Member], settings: Settings) -> Target:
    """Write, look at, and move into place; the lock lets one upload in at a time."""
    uploads = settings.uploads.resolve()
    arriving = uploads / ".arriving"
    with disk_errors(arriving):
        uploads.mkdir(parents=True, exist_ok=True)
    with FileLock(uploads / ".lock"):
        shutil.rmtree(arriving, ignore_errors=True)
        try:
            with disk_errors(arriving / "file"):
                digest = _write(members, arriving, settings.max_upload_bytes)
            examine(arriving, f"The upload {name}")
            folder = uploads / digest
            if not _holds(folder, digest):
                shutil.rmtree(folder, ignore_errors=True)
                arriving.replace(folder)
        finally:
            shutil.rmtree(arriving, ignore_errors=True)
        upload = Upload(name, now())
        write_record(folder.with_name(f"{digest}.json"), upload)
    return _target(folder, upload)


def _write(members: list[_Member], folder: Path, max_bytes: int) -> str:
    """The members' bytes, counted as they come; the digest that their artifact will have."""
    if sum(m.claimed_bytes for m in members) > max_bytes:
        raise _too_large(max_bytes)
    left, digests = max_bytes, []
    for member in members:
        path, sha = folder / member.path, hashlib.sha256()
        path.parent.mkdir(parents=True, exist_ok=True)
        with member.open() as source, path.open("xb") as out:
            while chunk := source.read(CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    raise _too_large(max_bytes)
                sha.update(chunk)
                out.write(chunk)
        digests.append((str(member.path), sha.hexdigest()))
    return digest_of(f"{path}\0{sha256}" for path, sha256 in sorted(digests))


def _holds(folder: Path, digest: str) -> bool:
    """Whether the same files lie there already, unchanged."""
    if not folder.is_dir():
        return False
    files = digest_files(folder, list_files(folder), lambda *_: None)
    return digest_of(f"{f.path}\0{f.sha256}" for f in files) == digest


def _too_large(max_bytes: int) -> TargetError:
    return TargetError(
        f"The upload holds more than {max_bytes:,} bytes; a large model goes by its Hub id, or by "
        "the path of its folder on the machine that runs this dashboard."
    )
