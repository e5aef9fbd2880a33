"""A full disk while weights are written, told in one sentence.

Comes in: the path being written. Goes out: DiskFull where there was no room left.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inspector.files import disk_errors


@contextmanager
def weights_disk_errors(path: Path) -> Iterator[None]:
    """`disk_errors` for safetensors too, whose own error has the errno only in its text."""
    with disk_errors(path):
        try:
            yield
        except Exception as error:
            if f"os error {errno.ENOSPC}" in str(error):
                raise OSError(errno.ENOSPC, "No space left on device") from error
            raise
