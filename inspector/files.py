"""Writing files so that a crash, a kill or a full disk never leaves half of one.

Comes in: a path and its content. Goes out: the whole file, or the old one and a clear error.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from inspector.errors import DiskFull


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn 'no space left' into one clear sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(path.parent if path.parent.exists() else "/").free
            raise DiskFull(
                f"The disk that holds {path.parent} is full ({free / 1e6:.0f} MB left); free some "
                "room and continue with --resume: everything finished so far is kept."
            ) from error
        raise


def write_atomic(path: Path, data: str | bytes) -> None:
    """Write beside the path, flush to the disk, then rename over it: readers see all or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with disk_errors(path):
        try:
            with temporary.open("wb") as file:
                file.write(data.encode() if isinstance(data, str) else data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
