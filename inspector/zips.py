"""The directory of a zip archive, read as loosely as torch reads it and checked strictly.

Comes in: a seekable file. Goes out: its entries, and what two readers of it could see differently:
names, methods or bytes that the local headers and the central directory do not agree on.

Source: PKWARE APPNOTE 6.3.10, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.14 and
4.3.15 (zip64), 4.3.16 (end record). Members are opened by picklescan's RelaxedZipFile, which like
torch ignores checksums, flags and local names.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, cast

LOCAL, DIRECTORY, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
END_64, LOCATOR = b"PK\x06\x06", b"PK\x06\x07"
N_END, N_LOCATOR = 22, 20  # bytes of the end record (without its comment) and the zip64 locator
MAX_COMMENT_BYTES = 65_535
MAX_DIRECTORY_BYTES = 16 * 2**20  # about 150,000 entries
MAX_DESCRIPTOR_BYTES = 24  # what may follow an entry's data (4.3.9)
HAS_DESCRIPTOR, IS_ENCRYPTED = 0x0008, 0x0001
BOMB_RATIO, BOMB_BYTES = 200, 2**30  # deflate reaches 1,032; ordinary weights stay below 2

_END_FIELDS = struct.Struct("<4s4H2LH")
_END_64_FIELDS = struct.Struct("<4sQ2H2L4Q")
_LOCAL_FIELDS = struct.Struct("<4s5H3L2H")


class BadZip(Exception):
    """Why an archive cannot be opened."""


def end_of(file: BinaryIO, size_bytes: int) -> int | None:
    """Where the end record is that makes a zip reader accept this file, whatever it begins with.

    None where there is none, or no directory before it: four bytes alone stand in many texts.
    """
    found = _find_end(file, size_bytes)
    if found is None:
        return None
    at, record = found
    for start in (at - _END_FIELDS.unpack(record)[5], at - N_LOCATOR):
        if start >= 0:
            file.seek(start)
            if file.read(4) in (DIRECTORY, LOCATOR):
                return at
    return None


def check_directory(file: BinaryIO, size_bytes: int) -> None:
    """Raises BadZip where the archive's directory, which readers hold in memory, is too long."""
    end = _find_end(file, size_bytes)
    if end is None:
        raise BadZip("a zip archive without an end record")
    at, record = end
    n_directory = _END_FIELDS.unpack(record)[5]
    file.seek(max(0, at - N_LOCATOR - _END_64_FIELDS.size))
    wide = file.read(_END_64_FIELDS.size + N_LOCATOR)
    if wide[-N_LOCATOR:].startswith(LOCATOR):  # then zipfile believes the zip64 record
        if len(wide) < _END_64_FIELDS.size + N_LOCATOR or not wide.startswith(END_64):
            raise BadZip("a zip archive whose zip64 record is not where it belongs")
        n_directory = _END_64_FIELDS.unpack(wide[:-N_LOCATOR])[8]
    if n_directory > MAX_DIRECTORY_BYTES:
        raise BadZip(f"a directory of {n_directory:,} bytes; at most {MAX_DIRECTORY_BYTES:,}")


def open_zip(file: BinaryIO, size_bytes: int) -> zipfile.ZipFile:
    """The archive as torch would read it, its directory read; raises BadZip."""
    from picklescan.relaxed_zipfile import RelaxedZipFile

    check_directory(file, size_bytes)
    try:
        return cast(zipfile.ZipFile, RelaxedZipFile(file))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise BadZip(f"{error}") from error


def contradictions(file: BinaryIO, archive: zipfile.ZipFile) -> Iterator[str]:
    """What readers of this archive could see differently, in words."""
    if END in archive.comment:
        yield "its comment holds a second end record"
    names: set[str] = set()
    position = 0
    for entry in sorted(archive.infolist(), key=lambda e: e.header_offset):
        name = entry.orig_filename
        if entry.filename in names:
            yield f"two entries are named {name!r}"
        names.add(entry.filename)
        if leads_out(name):
            yield f"an entry is named {name!r}"
        if entry.file_size > BOMB_BYTES and entry.file_size > BOMB_RATIO * entry.compress_size:
            yield f"{name!r} grows from {entry.compress_size:,} to {entry.file_size:,} bytes"
        file.seek(entry.header_offset)
        raw = file.read(_LOCAL_FIELDS.size)
        if len(raw) < _LOCAL_FIELDS.size or not raw.startswith(LOCAL):
            yield f"there is no local header for {name!r}"
            return
        fields = _LOCAL_FIELDS.unpack(raw)
        flags, method, packed, unpacked, n_name, n_extra = fields[2], fields[3], *fields[7:11]
        if file.read(n_name) != _raw_name(entry):
            yield f"{name!r} has another name in its local header"
        if method != entry.compress_type:
            yield f"{name!r} has another compression method in its local header"
        sizes = (entry.compress_size, entry.file_size)
        is_stated = not flags & HAS_DESCRIPTOR and 0xFFFFFFFF not in (packed, unpacked)
        if is_stated and (packed, unpacked) != sizes:
            yield f"{name!r} has another size in its local header"
        gap = entry.header_offset - position
        if gap < 0:
            yield f"{name!r} overlaps the entry before it"
        elif gap > (MAX_DESCRIPTOR_BYTES if position else 0):
            yield f"{gap:,} bytes before {name!r} are in no entry"
        position = entry.header_offset + _LOCAL_FIELDS.size + n_name + n_extra + sizes[0]
    gap = archive.start_dir - position
    if gap > (MAX_DESCRIPTOR_BYTES if position else 0):
        yield f"{gap:,} bytes before its directory are in no entry"


def start_of(file: BinaryIO, entry: zipfile.ZipInfo) -> int:
    """Where the entry's data begins, after a local header that `open` has found there."""
    file.seek(entry.header_offset)
    n_name, n_extra = _LOCAL_FIELDS.unpack(file.read(_LOCAL_FIELDS.size))[-2:]
    return entry.header_offset + _LOCAL_FIELDS.size + int(n_name) + int(n_extra)


def leads_out(name: str) -> bool:
    """Whether unpacking under this name would write outside the folder."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return ".." in parts or (bool(parts) and (parts[0] == "/" or parts[0].endswith(":")))


def _raw_name(entry: zipfile.ZipInfo) -> bytes:
    """The name as the directory's bytes have it."""
    is_utf8 = entry.flag_bits & 0x0800
    return entry.orig_filename.encode("utf-8" if is_utf8 else "cp437", "replace")


def _find_end(file: BinaryIO, size_bytes: int) -> tuple[int, bytes] | None:
    """(position, bytes) of the end record, as zipfile finds it."""
    start = max(0, size_bytes - N_END - MAX_COMMENT_BYTES)
    file.seek(start)
    tail = file.read(size_bytes - start)
    at = tail.rfind(END)
    if at < 0 or len(tail) < at + N_END:
        return None
    return start + at, tail[at : at + N_END]
