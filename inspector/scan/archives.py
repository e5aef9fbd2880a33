"""Risk: what an archive hides: files inside zip, tar, gzip, bzip2, xz and zlib, inside each other.

Comes in: an open file. Goes out: Members, the file itself first, and findings where an archive
cannot be opened, is too large or too deep to be looked through, or is built so that two readers see
different content. Members are streamed: from a compressed one its beginning is read, and the whole
only where that beginning may be an archive or what the caller looks for; bounded in bytes, members,
depth and time, so that a zip bomb costs no more than the limits.
"""

from __future__ import annotations

import ast
import bz2
import gzip
import io
import lzma
import re
import tarfile
import tempfile
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np

from inspector.records import Finding, Severity
from inspector.scan.rule import Rule
from inspector.zips import (
    IS_ENCRYPTED,
    BadZip,
    contradictions,
    end_of,
    leads_out,
    open_zip,
    start_of,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Stream = io.BufferedIOBase

LIMIT = Rule(
    "ARCHIVE-LIMIT",
    Severity.HIGH,
    "An archive was not looked through to its end",
    "Unpack it yourself in a place of its own and scan the folder, or do not use it.",
)
UNREADABLE = Rule(
    "ARCHIVE-UNREADABLE",
    Severity.HIGH,
    "An archive cannot be opened",
    "What it holds is unknown: unpack it in a place of its own and scan the folder.",
)
TAMPERED = Rule(
    "ARCHIVE-TAMPERED",
    Severity.HIGH,
    "An archive is built to deceive its readers",
    "Do not use it: no ordinary program writes such an archive.",
)

N_HEAD = 65_536  # bytes by which a member is judged before it is read whole
MAX_DEPTH = 4
MAX_MEMBERS = 20_000
MAX_UNPACKED_BYTES = 256 * 2**20  # of one file, over all members unpacked whole
MAX_IN_MEMORY_BYTES = 16 * 2**20  # of one member; more goes to a temporary file
MAX_SECONDS = 120.0

REFUSED = {
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x1f\x9d": "compress (.Z)",
}
NPY = b"\x93NUMPY"
BROKEN = (EOFError, OSError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Member:
    """One file, at any depth. location: `outer.zip!inner/data.pkl`. file: to be read before the
    next member is asked for. is_container: an archive, whose members follow. must_be_read: its
    place says that a loader unpickles it."""

    location: str
    file: BinaryIO
    size_bytes: int
    depth: int = 0
    is_container: bool = False
    must_be_read: bool = False


# (name, head, size in bytes) -> whether the caller wants the whole member
Wanted = Callable[[str, bytes, int], bool]


class _LimitReached(Exception):
    """What was too much, in words."""


class Walk:
    """One walk over one file with its limits. clock: seconds, for the time limit."""

    def __init__(self, wanted: Wanted, clock: Callable[[], float] = time.monotonic) -> None:
        self._wanted = wanted
        self._clock = clock
        self._until = clock() + MAX_SECONDS
        self._n_members = 0
        self._n_left = MAX_UNPACKED_BYTES
        self._damage: str | None = None

    def members(self, location: str, file: BinaryIO, size_bytes: int) -> Iterator[Member | Finding]:
        """The file itself, then what is in it, and findings about the archives on the way."""
        try:
            yield from self._open(Member(location, file, size_bytes))
        except _LimitReached as error:
            yield LIMIT.found(location, str(error))

    def _open(self, member: Member) -> Iterator[Member | Finding]:
        member.file.seek(0)
        head = member.file.read(N_HEAD)
        inside = self._inside(member, head)
        is_container = inside is not None
        yield Member(
            *(member.location, member.file, member.size_bytes, member.depth),
            is_container=is_container,
            must_be_read=member.must_be_read and not is_container,
        )
        if inside is None:
            return
        if member.depth >= MAX_DEPTH:
            raise _LimitReached(f"{member.location}: archives nested more than {MAX_DEPTH} deep")
        try:
            yield from inside
        except BROKEN as error:
            yield UNREADABLE.found(member.location, f"{type(error).__name__}: {error}")
        except (BadZip, NotImplementedError, ValueError) as error:
            yield UNREADABLE.found(member.location, str(error))

    def _inside(self, member: Member, head: bytes) -> Iterator[Member | Finding] | None:
        """What walks through the member, None where it is no archive."""
        refused = next((name for magic, name in REFUSED.items() if head.startswith(magic)), None)
        if refused is not None:
            return iter([UNREADABLE.found(member.location, f"{refused} archives are not opened")])
        if head.startswith(NPY):
            return self._array(member, head)
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return self._zip(member)
        if _is_tar(head):
            return self._tar(member)
        opener = self._decompressor(head)
        if opener is not None:
            return self._compressed(member, opener)
        return self._zip(member) if end_of(member.file, member.size_bytes) is not None else None

    def _zip(self, member: Member) -> Iterator[Member | Finding]:
        with closing(open_zip(member.file, member.size_bytes)) as archive:
            for what in contradictions(member.file, archive):
                yield TAMPERED.found(member.location, what)
            for entry in archive.infolist():
                self._count()
                location = f"{member.location}!{entry.filename}"
                if entry.is_dir():
                    continue
                if entry.flag_bits & IS_ENCRYPTED:
                    yield UNREADABLE.found(location, "it is marked as encrypted")
                try:
                    with cast(Stream, archive.open(entry)) as stream:
                        is_stored = entry.compress_type == zipfile.ZIP_STORED
                        start = start_of(member.file, entry)
                        place = _Slice(member.file, start, entry.file_size) if is_stored else None
                        yield from self._member(
                            location, stream, entry.file_size, member.depth, place
                        )
                except (*BROKEN, NotImplementedError, RuntimeError) as error:
                    yield UNREADABLE.found(location, f"{type(error).__name__}: {error}")

    def _tar(self, member: Member) -> Iterator[Member | Finding]:
        member.file.seek(0)
        with tarfile.open(fileobj=cast(BinaryIO, _Capped(member.file)), mode="r:") as archive:
            for entry in archive:
                self._count()
                location = f"{member.location}!{entry.name}"
                if leads_out(entry.name) or not (entry.isfile() or entry.isdir()):
                    what = entry.linkname or "a device or pipe"
                    yield TAMPERED.found(location, f"an entry leads elsewhere: {what}")
                packed = archive.extractfile(entry) if entry.isfile() else None
                if packed is not None:
                    stream = cast(Stream, packed)
                    is_whole = not entry.issparse()
                    place = _Slice(member.file, entry.offset_data, entry.size) if is_whole else None
                    yield from self._member(location, stream, entry.size, member.depth, place)
            # A zip archive behind the tar is one to a zip reader; one inside it ends before.
            if (end_of(member.file, member.size_bytes) or 0) > archive.offset:
                yield from self._zip(member)

    def _compressed(self, member: Member, opener: Opener) -> Iterator[Member | Finding]:
        member.file.seek(0)
        self._count()
        with closing(opener(member.file)) as stream:
            yield from self._member(f"{member.location}!", stream, None, member.depth)

    def _array(self, member: Member, head: bytes) -> Iterator[Member | Finding]:
        """The pickle behind a .npy header, where the array is one of Python objects."""
        n_length = 2 if head[6:7] == b"\x01" else 4
        start = 8 + n_length + int.from_bytes(head[8 : 8 + n_length], "little")
        if start > min(N_HEAD, member.size_bytes):
            raise ValueError(f"a .npy header of {start:,} bytes")
        if _holds_objects(head[8 + n_length : start]):
            member.file.seek(start)
            n_bytes = member.size_bytes - start
            with io.BufferedReader(_Slice(member.file, start, n_bytes)) as file:
                location = f"{member.location}!objects"
                yield Member(location, file, n_bytes, member.depth + 1, must_be_read=True)

    def _member(
        self,
        location: str,
        stream: Stream,
        size_bytes: int | None,
        depth: int,
        place: _Slice | None = None,
    ) -> Iterator[Member | Finding]:
        """One member and what is in it, where its beginning may be of interest.

        size_bytes: None where only reading to the end would tell. place: where the member lies in
        its archive unpacked, so that it needs no copy.
        """
        head, damage = _read_up_to(stream, N_HEAD)
        if size_bytes is None:
            size_bytes = len(head) if len(head) < N_HEAD else self._n_left
        is_archive = (
            head.startswith((*REFUSED, NPY, b"PK\x03\x04", b"PK\x05\x06"))
            or _is_tar(head)
            or self._decompressor(head) is not None
            or location.lower().endswith((".zip", ".npz"))
        )
        if is_archive or self._wanted(location, head, size_bytes):
            if head.startswith(tuple(REFUSED)):  # named, and read no further
                stream, place = io.BytesIO(), None
            if place is not None:
                file: BinaryIO = io.BufferedReader(place)
            else:
                file = self._copy(head, stream, location)
                damage = damage or self._damage
            with file:
                n_bytes = file.seek(0, io.SEEK_END)
                yield from self._open(Member(location, file, n_bytes, depth + 1))
        if damage is not None:
            yield UNREADABLE.found(location, damage)

    def _copy(self, head: bytes, stream: Stream, location: str) -> BinaryIO:
        """The whole stream in a temporary file, within the limits.

        A stream that breaks gives what it gave before, as a loader may read as far; `_damage` then
        says how it broke. The caller closes the file.
        """
        self._damage = None
        copy = tempfile.SpooledTemporaryFile(MAX_IN_MEMORY_BYTES)  # noqa: SIM115
        piece = head
        while piece:
            self._n_left -= len(piece)
            if self._n_left < 0:
                copy.close()
                raise _LimitReached(
                    f"{location}: more than {MAX_UNPACKED_BYTES:,} bytes are packed in this file"
                )
            self._check_time()
            copy.write(piece)
            piece, self._damage = _read_up_to(stream, N_HEAD)
        return cast(BinaryIO, copy)

    def _decompressor(self, head: bytes) -> Opener | None:
        """What opens content that begins with `head`, None if it is not compressed."""
        for marks, opener in OPENERS.items():
            if head.startswith(marks):
                return opener
        if len(head) > 2 and head[0] & 0x0F == 8 and int.from_bytes(head[:2], "big") % 31 == 0:
            # Two bytes are a weak mark, and text may begin with them: what comes out must do.
            begun, damage = _read_up_to(_Zlib(io.BytesIO(head)), N_HEAD)
            is_sound = damage is None or len(begun) == N_HEAD or len(head) == N_HEAD
            if begun and (is_sound or self._wanted("", begun, N_HEAD)):
                return _Zlib
        return None

    def _count(self) -> None:
        self._n_members += 1
        if self._n_members > MAX_MEMBERS:
            raise _LimitReached(f"more than {MAX_MEMBERS:,} members")
        self._check_time()

    def _check_time(self) -> None:
        if self._clock() > self._until:
            raise _LimitReached(f"looking through it took more than {MAX_SECONDS:.0f} s")


Opener = Callable[[BinaryIO], Stream]


class _Slice(io.RawIOBase):
    """A part of a file as a file of its own. Closing it leaves the file open."""

    def __init__(self, file: BinaryIO, start: int, size_bytes: int) -> None:
        super().__init__()
        self._file, self._start, self._size_bytes = file, start, size_bytes
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size_bytes}
        self._position = max(0, origin[whence] + offset)
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        n = max(0, min(len(view), self._size_bytes - self._position))
        self._file.seek(self._start + self._position)
        piece = self._file.read(n)
        view[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)


class _Capped:
    """A file that refuses huge reads: tarfile reads a header's extension of any size at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.tell, self.seek = file.tell, file.seek

    def read(self, n: int) -> bytes:
        if n > MAX_IN_MEMORY_BYTES:
            raise tarfile.ReadError(f"a header of {n:,} bytes")
        return self._file.read(n)


class _Zlib(io.BytesIO):
    """A zlib stream as a file to read from; joblib writes such files."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._packed = zlib.decompressobj()

    def read1(self, n: int | None = -1) -> bytes:
        while not self._packed.eof:
            # In small steps: what comes before damaged bytes is given out first.
            data = self._packed.unconsumed_tail or self._file.read(64)
            found = self._packed.decompress(data, max(n or 0, 1))
            if found:
                return found
            if not data:
                raise EOFError("the zlib stream ends early")
        return b""


def _gzip(file: BinaryIO) -> Stream:
    return cast(Stream, gzip.GzipFile(fileobj=file))


def _bzip2(file: BinaryIO) -> Stream:
    return cast(Stream, bz2.BZ2File(file))


def _xz(file: BinaryIO) -> Stream:
    return cast(Stream, lzma.LZMAFile(file))


OPENERS: dict[tuple[bytes, ...], Opener] = {
    (b"\x1f\x8b",): _gzip,
    tuple(b"BZh%d1AY&SY" % level for level in range(1, 10)): _bzip2,
    (b"\xfd7zXZ\x00", b"\x5d\x00\x00"): _xz,  # the second is the older .lzma
}


def _is_tar(head: bytes) -> bool:
    """By the checksum of the first header, which old archives without `ustar` have too."""
    try:
        tarfile.TarInfo.frombuf(head[:512], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _holds_objects(header: bytes) -> bool:
    """Whether numpy would unpickle an array of this .npy header; so, too, where nobody can tell."""
    text = re.sub(r"(\d)L\b", r"\1", header.decode("latin-1"))  # as Python 2 wrote numbers
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            described = ast.literal_eval(text.strip())["descr"]
            return bool(np.lib.format.descr_to_dtype(described).hasobject)
    except (ValueError, SyntaxError, TypeError, LookupError, AttributeError):
        return True
    except (RecursionError, MemoryError):  # what `ast` raises for too much depth
        return True


def _read_up_to(stream: Stream, n: int) -> tuple[bytes, str | None]:
    """n bytes, or fewer where the stream ends or breaks before; and how it broke."""
    pieces: list[bytes] = []
    n_left = n
    while n_left:
        try:
            piece = stream.read1(n_left)  # what is left of a broken stream comes first
        except BROKEN as error:
            return b"".join(pieces), f"{type(error).__name__}: {error}"
        if not piece:
            break
        pieces.append(piece)
        n_left -= len(piece)
    return b"".join(pieces), None
